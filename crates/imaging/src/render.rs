//! The reference renderer: a few dozen lines of double precision that judge every other way to a picture.
//!
//! Order (PS3.3 C.7.6.3, C.11.1, C.11.2, C.7.6.3.1.2): stored value, padding, modality transform, interpolation,
//! VOI, inversion, rounding. Padding and everything outside the image are background: black whatever the inversion,
//! so that a MONOCHROME1 border does not flash white.

use glam::DVec2;
use rayon::prelude::*;

use crate::attributes::FrameAttributes;
use crate::colour;
use crate::frame::Frame;
use crate::view::{Interpolation, View};
use crate::voi::{Voi, Window, to_display};

/// What a frame is shown by when nobody chose: the file's default, else the automatic window, else all values.
pub fn default_voi(frame: &Frame) -> Voi {
    let a = &frame.attributes;
    if let Some(voi) = a.default_voi.and_then(|i| a.vois.get(i)) {
        return usable(voi);
    }
    Voi::Window(crate::auto_window::auto_window(frame).unwrap_or_else(|| Window::linear(128.0, 256.0)))
}

/// The VOI with its window made computable (see [`Window::usable`]).
pub fn usable(voi: &Voi) -> Voi {
    match voi {
        Voi::Window(window) => Voi::Window(window.usable()),
        Voi::Lut(lut) => Voi::Lut(lut.clone()),
    }
}

/// 8-bit display values of a grey frame, row-major, without padding being singled out: what the formulas make of
/// each stored value. Empty for colour.
pub fn display_values(frame: &Frame, voi: &Voi) -> Vec<u8> {
    let a = &frame.attributes;
    if !a.photometric.is_monochrome() {
        return Vec::new();
    }
    let (voi, inverted) = (usable(voi), a.inverts());
    (0..frame.samples.len())
        .map(|i| {
            to_display(
                voi.apply(a.display_modality().apply(frame.samples.value(i))),
                inverted,
            )
        })
        .collect()
}

/// As [`display_values`], with padding black.
pub fn shown_values(frame: &Frame, voi: &Voi) -> Vec<u8> {
    let mut values = display_values(frame, voi);
    if let Some(padding) = frame.attributes.padding {
        for (i, value) in values.iter_mut().enumerate() {
            if padding.contains(frame.samples.value(i)) {
                *value = 0;
            }
        }
    }
    values
}

/// Draws a frame as a view: RGBA, row-major, top row first, alpha 255.
pub fn render(frame: &Frame, voi: &Voi, view: &View) -> Vec<u8> {
    let voi = usable(voi);
    let rgb = if frame.attributes.photometric.is_monochrome() {
        None
    } else {
        colour::shown_rgb8(frame)
    };
    let width = view.width as usize;
    let mut out = vec![0_u8; width * view.height as usize * 4];
    if width == 0 {
        return out;
    }
    out.par_chunks_exact_mut(width * 4)
        .enumerate()
        .for_each(|(y, row)| {
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let at = view
                    .image_from_output
                    .transform_point2(DVec2::new(x as f64 + 0.5, y as f64 + 0.5));
                let [r, g, b] = match &rgb {
                    Some(rgb) => colour_at(&frame.attributes, rgb, at, view),
                    None => [grey_at(frame, &voi, at, view); 3],
                };
                pixel.copy_from_slice(&[r, g, b, 255]);
            }
        });
    out
}

fn inside(a: &FrameAttributes, at: DVec2) -> bool {
    at.x >= 0.0 && at.y >= 0.0 && at.x < f64::from(a.columns) && at.y < f64::from(a.rows)
}

/// Pixel indices and weights of an image point.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the image"
)]
fn taps(a: &FrameAttributes, at: DVec2, interpolation: Interpolation) -> [(usize, f64); 4] {
    let columns = a.columns as usize;
    let clamp = |v: f64, n: u32| v.clamp(0.0, f64::from(n - 1)) as usize;
    match interpolation {
        Interpolation::Nearest => {
            let index = clamp(at.y.floor(), a.rows) * columns + clamp(at.x.floor(), a.columns);
            [(index, 1.0), (index, 0.0), (index, 0.0), (index, 0.0)]
        }
        Interpolation::Linear => {
            let p = at - DVec2::splat(0.5);
            let (low, part) = (p.floor(), p - p.floor());
            let (x0, x1) = (clamp(low.x, a.columns), clamp(low.x + 1.0, a.columns));
            let (y0, y1) = (clamp(low.y, a.rows), clamp(low.y + 1.0, a.rows));
            [
                (y0 * columns + x0, (1.0 - part.x) * (1.0 - part.y)),
                (y0 * columns + x1, part.x * (1.0 - part.y)),
                (y1 * columns + x0, (1.0 - part.x) * part.y),
                (y1 * columns + x1, part.x * part.y),
            ]
        }
    }
}

fn grey_at(frame: &Frame, voi: &Voi, at: DVec2, view: &View) -> u8 {
    let a = &frame.attributes;
    if !inside(a, at) {
        return 0;
    }
    // The pixel that holds the point decides whether there is anything; its neighbours only contribute values that
    // are not padding, with the weights shared out again.
    let here = taps(a, at, Interpolation::Nearest)[0].0;
    let padded = |stored: f64| a.padding.is_some_and(|p| p.contains(stored));
    if padded(frame.samples.value(here)) {
        return 0;
    }
    let (mut sum, mut weight) = (0.0, 0.0);
    for (index, w) in taps(a, at, view.interpolation) {
        let stored = frame.samples.value(index);
        if w > 0.0 && !padded(stored) {
            sum += a.display_modality().apply(stored) * w;
            weight += w;
        }
    }
    to_display(voi.apply(sum / weight), a.inverts() != view.inverted)
}

fn colour_at(a: &FrameAttributes, rgb: &[u8], at: DVec2, view: &View) -> [u8; 3] {
    if !inside(a, at) {
        return [0; 3];
    }
    let taps = taps(a, at, view.interpolation);
    [0, 1, 2].map(|channel| {
        let y: f64 = taps
            .iter()
            .map(|(i, w)| f64::from(rgb.get(i * 3 + channel).copied().unwrap_or(0)) * w)
            .sum();
        to_display(y, view.inverted)
    })
}
