//! A window from the values themselves: the range with the lowest and highest 0.1 % left out.

use crate::frame::Frame;
use crate::modality::Unit;
use crate::voi::Window;

/// The automatic window of a grey frame; `None` for colour or when every pixel is padding.
///
/// Padding is left out, and on CT also what lies outside the reconstruction circle without being declared
/// (below -1536 HU).
pub fn auto_window(frame: &Frame) -> Option<Window> {
    let a = &frame.attributes;
    if !a.photometric.is_monochrome() {
        return None;
    }
    let mut values: Vec<f64> = (0..frame.samples.len())
        .map(|i| frame.samples.value(i))
        .filter(|v| v.is_finite() && !a.padding.is_some_and(|p| p.contains(*v)))
        .map(|v| a.display_modality().apply(v))
        .filter(|v| a.unit != Unit::Hounsfield || *v >= -1536.0)
        .collect();
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let trim = values.len() / 1000;
    let (low, high) = (values[trim], values[values.len() - 1 - trim]);
    // PS3.3 C.11.2.1.2.1 note 4: the window that spans low to high of integers.
    let whole = low.fract() == 0.0 && high.fract() == 0.0;
    let one = if whole { 1.0 } else { 0.0 };
    let mut window = Window::linear((low + high + one) / 2.0, high - low + one);
    if !whole {
        window.function = crate::voi::VoiFunction::LinearExact;
        if window.width <= 0.0 {
            window.width = 1.0;
        }
    }
    Some(window)
}
