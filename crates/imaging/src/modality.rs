//! Stored values to modality values (PS3.3 C.11.1): rescale or Modality LUT, and the unit that results.

use crate::lut::Lut;

/// The modality transform of one frame.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum ModalityTransform {
    /// No rescale attributes and no Modality LUT: modality values are stored values.
    #[default]
    Identity,
    /// modality = stored * slope + intercept, in double precision.
    Rescale {
        /// Rescale Slope (0028,1053), any sign and fraction.
        slope: f64,
        /// Rescale Intercept (0028,1052).
        intercept: f64,
    },
    /// Modality LUT Sequence (0028,3000).
    Lut(Lut),
}

impl ModalityTransform {
    /// The modality value of a stored value.
    pub fn apply(&self, stored: f64) -> f64 {
        match self {
            Self::Identity => stored,
            Self::Rescale { slope, intercept } => stored * slope + intercept,
            #[expect(
                clippy::cast_possible_truncation,
                reason = "stored integers fit i64; look_up clamps"
            )]
            Self::Lut(lut) => f64::from(lut.look_up(stored as i64)),
        }
    }
}

/// Unit of modality values, as it may be printed beside a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Unit {
    /// Hounsfield units: modality CT with Rescale Type HU, or original CT without Rescale Type.
    Hounsfield,
    /// Becquerel per millilitre (PET, Units BQML).
    BecquerelPerMl,
    /// Another Rescale Type, Units or real-world value unit, as written in the file.
    Named(String),
    /// Nothing says what the number means.
    #[default]
    Unspecified,
}

impl Unit {
    /// The short form printed after a number: `HU`, `Bq/ml`, the file's word, or nothing.
    pub fn symbol(&self) -> &str {
        match self {
            Self::Hounsfield => "HU",
            Self::BecquerelPerMl => "Bq/ml",
            Self::Named(name) => name,
            Self::Unspecified => "",
        }
    }
}
