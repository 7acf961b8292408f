//! Every tolerance that a test uses, with its reason.

/// A limit on the largest absolute difference, and why it is that large and no larger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// What is compared.
    pub name: &'static str,
    /// Largest absolute difference that passes, in `unit`.
    pub limit: f64,
    /// The unit.
    pub unit: &'static str,
    /// Why.
    pub reason: &'static str,
}

impl Tolerance {
    /// Does a difference pass? NaN never does.
    pub fn passes(&self, difference: f64) -> bool {
        difference.abs() <= self.limit
    }

    /// Does `actual` agree with `expected`? Equal infinities do; NaN agrees with nothing.
    pub fn agrees(&self, actual: f64, expected: f64) -> bool {
        actual.to_bits() == expected.to_bits() && !actual.is_nan() || self.passes(actual - expected)
    }
}

macro_rules! tolerances {
    ($($(#[$doc:meta])* $constant:ident: $name:literal, $limit:literal, $unit:literal, $reason:literal;)*) => {
        $($(#[$doc])*
        pub const $constant: Tolerance =
            Tolerance { name: $name, limit: $limit, unit: $unit, reason: $reason };)*

        /// The whole table.
        pub const ALL: &[Tolerance] = &[$($constant),*];
    };
}

tolerances! {
    /// Samples after a lossless decoder.
    STORED_VALUES: "stored values, lossless", 0.0, "stored", "lossless means equal";
    /// Colour through a YBR formula without loss.
    LOSSLESS_COLOUR: "RGB from YBR, lossless", 1.0, "grey levels", "the formula's rounding is not fixed by the standard";
    /// Grey JPEG, 8 or 12 bit.
    JPEG_GREY: "samples of a lossy grey JPEG", 1.0, "stored", "inverse transforms of conforming decoders differ by one";
    /// Colour JPEG without subsampling.
    JPEG_COLOUR: "samples of a lossy 4:4:4 JPEG", 3.0, "grey levels", "one level in each of three channels before the colour formula";
    /// HU and other modality values computed from stored ones.
    MODALITY_VALUES: "modality values", 1e-3, "modality", "single precision of a product of up to 65535 with its slope";
    /// A picture by the graphics device against the reference renderer.
    GREY_LEVEL: "displayed grey, device against reference", 1.0, "grey levels", "devices may round a tie either way; more is another formula";
    /// Points through a patient transform and back.
    POSITION: "patient positions", 1e-3, "mm", "decimal strings carry at most 16 characters; a thousandth of a millimetre is below any pixel";
    /// Reslices by linear interpolation.
    RESLICE_LINEAR: "linear reslice", 0.05, "modality", "weights in single precision times a step of up to 4000 between neighbours";
    /// Reslices by the nearest voxel.
    RESLICE_NEAREST: "nearest reslice", 0.0, "modality", "a voxel's value is copied; ties are settled by rule";
    /// The bytes that the model's image processor makes.
    RESIZED_BYTES: "resized picture for the model", 0.0, "grey levels", "the recipe is integer arithmetic";
    /// Output of tower and projector, divided by its largest magnitude.
    IMAGE_FEATURES: "image features, share of the largest", 1e-5, "1", "order of summation in single precision; the reference itself differs by that between single and double";
    /// Scores of next tokens in float32.
    LOGITS: "logits, float32", 2e-4, "1", "an erf instead of a tanh GELU moves them by 0.006 and must be caught";
    /// Log-probabilities of labels in float32.
    LOG_PROBABILITIES: "log-probabilities, float32", 2e-4, "nat", "as the logits they come from, summed over a few tokens in double precision";
    /// Metrics against golden values, relative to max(1, |expected|).
    METRICS: "metrics against golden values", 1e-6, "max(1, |expected|)", "closed forms in double precision; special functions agree to about 1e-9";
    /// Probabilities that should sum to one.
    PROBABILITY_SUM: "sum of probabilities", 1e-6, "1", "a softmax in double precision over at most a hundred labels";
    /// Lengths and areas measured on an image.
    MEASURE: "lengths", 1e-6, "mm", "double precision on coordinates below a metre";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_name_a_reason_and_a_limit() {
        for row in ALL {
            assert!(
                row.limit >= 0.0 && row.reason.len() > 10 && !row.unit.is_empty(),
                "{row:?}"
            );
        }
        let mut names: Vec<_> = ALL.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn nan_and_more_than_the_limit_fail() {
        assert!(GREY_LEVEL.passes(-1.0) && !GREY_LEVEL.passes(1.01) && !GREY_LEVEL.passes(f64::NAN));
        assert!(LOGITS.agrees(f64::NEG_INFINITY, f64::NEG_INFINITY));
        assert!(!LOGITS.agrees(f64::NAN, f64::NAN) && !LOGITS.agrees(f64::INFINITY, 1.0));
    }
}
