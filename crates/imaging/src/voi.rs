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
