//! Values of interest (PS3.3 C.11.2): windows, VOI LUTs and their functions.

use crate::lut::Lut;

/// VOI LUT Function (0028,1056).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum VoiFunction {
    /// PS3.3 C.11.2.1.2.1, with its -0.5 and -1: the default when the attribute is absent.
    #[default]
    Linear,
    /// PS3.3 C.11.2.1.3.2.
    LinearExact,
    /// PS3.3 C.11.2.1.3.1.
    Sigmoid,
}

/// A window in modality values.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Window Center (0028,1050).
    pub center: f64,
    /// Window Width (0028,1051), at least 1 for LINEAR, above 0 for the others.
    pub width: f64,
    /// How centre and width are read.
    pub function: VoiFunction,
    /// Window Center & Width Explanation (0028,1055).
    pub explanation: Option<String>,
}

/// One alternative of presentation that a file or a user offers.
#[derive(Clone, Debug, PartialEq)]
pub enum Voi {
    /// A window.
    Window(Window),
    /// An item of the VOI LUT Sequence (0028,3010).
    Lut(Lut),
}

/// Pixel Padding Value (0028,0120) and Range Limit (0028,0121), in stored values, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Smallest stored value that is padding.
    pub low: i64,
    /// Largest stored value that is padding; equal to `low` without a range limit.
    pub high: i64,
}

impl Padding {
    /// True when the stored value is padding.
    pub fn contains(self, stored: f64) -> bool {
        stored >= self.low as f64 && stored <= self.high as f64
    }
}

impl Window {
    /// A LINEAR window without explanation.
    pub fn linear(center: f64, width: f64) -> Self {
        Self {
            center,
            width,
            function: VoiFunction::Linear,
            explanation: None,
        }
    }

    /// The window as it can be computed: LINEAR needs a width of at least 1 (PS3.3 C.11.2.1.2.1). Fractional data
    /// such as SUV carry smaller widths, which only LINEAR_EXACT can mean; a width of 0 or less, or a number that is
    /// not finite, means nothing and becomes the narrowest window at the centre.
    pub fn usable(&self) -> Self {
        let mut window = self.clone();
        if !window.center.is_finite() {
            window.center = 0.0;
        }
        if !window.width.is_finite() || window.width <= 0.0 {
            window.width = 1.0;
        } else if window.function == VoiFunction::Linear && window.width < 1.0 {
            window.function = VoiFunction::LinearExact;
        }
        window
    }

    /// Display value 0 to 255, not yet rounded, of a modality value; PS3.3 C.11.2.1.2 and C.11.2.1.3 with y from 0 to 255.
    pub fn apply(&self, x: f64) -> f64 {
        let (c, w) = (self.center, self.width);
        match self.function {
            VoiFunction::Linear => {
                let half = (w - 1.0) / 2.0;
                if x <= c - 0.5 - half {
                    0.0
                } else if x > c - 0.5 + half {
                    255.0
                } else {
                    ((x - (c - 0.5)) / (w - 1.0) + 0.5) * 255.0
                }
            }
            VoiFunction::LinearExact => {
                if x <= c - w / 2.0 {
                    0.0
                } else if x > c + w / 2.0 {
                    255.0
                } else {
                    ((x - c) / w + 0.5) * 255.0
                }
            }
            VoiFunction::Sigmoid => 255.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
        }
    }
}

impl Voi {
    /// Display value 0 to 255, not yet rounded, of a modality value. A LUT takes the integer below the value and
    /// scales its entry by 255 / (2^bits - 1).
    pub fn apply(&self, x: f64) -> f64 {
        match self {
            Self::Window(window) => window.apply(x),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "saturates; look_up clamps at both ends"
            )]
            Self::Lut(lut) => {
                let top = f64::from((1_u32 << lut.bits.clamp(1, 16)) - 1);
                f64::from(lut.look_up(x.floor() as i64)) * 255.0 / top
            }
        }
    }
}

/// The 8-bit display value: inversion before rounding, halves up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255"
)]
pub fn to_display(y: f64, inverted: bool) -> u8 {
    let y = if inverted { 255.0 - y } else { y };
    (y + 0.5).floor().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(center: f64, width: f64, function: VoiFunction) -> Window {
        Window {
            center,
            width,
            function,
            explanation: None,
        }
    }

    #[test]
    fn linear_follows_the_standards_half_and_one() {
        let w = window(2048.0, 4096.0, VoiFunction::Linear);
        assert_eq!(to_display(w.apply(0.0), false), 0);
        assert_eq!(to_display(w.apply(4095.0), false), 255);
        assert!((w.apply(2047.5) - 127.5).abs() < 1e-12);
    }

    #[test]
    fn linear_of_width_one_is_a_threshold() {
        let w = window(100.0, 1.0, VoiFunction::Linear);
        assert_eq!(w.apply(99.5), 0.0);
        assert_eq!(w.apply(99.500_001), 255.0);
    }

    #[test]
    fn linear_exact_has_no_half() {
        let w = window(0.0, 100.0, VoiFunction::LinearExact);
        assert_eq!(w.apply(-50.0), 0.0);
        assert!((w.apply(0.0) - 127.5).abs() < 1e-12);
        assert_eq!(w.apply(50.1), 255.0);
    }

    #[test]
    fn sigmoid_is_never_clipped() {
        let w = window(0.0, 100.0, VoiFunction::Sigmoid);
        assert!((w.apply(0.0) - 127.5).abs() < 1e-12);
        assert!(w.apply(60.0) < 255.0 && w.apply(60.0) > 230.0);
    }

    #[test]
    fn fractional_linear_widths_are_read_as_exact() {
        let w = window(0.5, 0.5, VoiFunction::Linear).usable();
        assert_eq!(w.function, VoiFunction::LinearExact);
        assert_eq!(window(0.0, -3.0, VoiFunction::Linear).usable().width, 1.0);
    }

    #[test]
    fn lut_entries_scale_by_their_bits_and_clamp_at_both_ends() {
        let lut = Lut {
            first_mapped: -1,
            bits: 10,
            entries: vec![0, 511, 1023].into(),
            explanation: None,
        };
        let voi = Voi::Lut(lut);
        assert_eq!(to_display(voi.apply(-5.0), false), 0);
        assert_eq!(to_display(voi.apply(0.9), false), 127);
        assert_eq!(to_display(voi.apply(9.0), false), 255);
    }

    #[test]
    fn inversion_comes_before_rounding() {
        assert_eq!(to_display(127.5, true), 128);
        assert_eq!(to_display(127.4, true), 128);
        assert_eq!(to_display(0.0, true), 255);
    }
}
