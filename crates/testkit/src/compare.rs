//! Differences between arrays.

/// Two arrays that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnequalShapes {
    /// Length of the actual one.
    pub actual: usize,
    /// Length of the expected one.
    pub expected: usize,
}

impl std::fmt::Display for UnequalShapes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} values were made, {} were expected",
            self.actual, self.expected
        )
    }
}

impl std::error::Error for UnequalShapes {}

/// How two byte arrays differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByteDifference {
    /// Largest absolute difference.
    pub max: u8,
    /// How many values differ.
    pub count: usize,
    /// Mean absolute difference over all values.
    pub mean: f64,
    /// Index of the first of the largest differences.
    pub worst: Option<usize>,
}

/// How two float arrays differ. Equal bits, equal infinities and two NaN are no difference; a NaN against a number is
/// an infinite one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FloatDifference {
    /// Largest absolute difference.
    pub max: f64,
    /// How many values differ at all.
    pub count: usize,
    /// Mean absolute difference over all values.
    pub mean: f64,
    /// Index of the first of the largest differences.
    pub worst: Option<usize>,
    /// Largest magnitude of the expected finite values, to judge relative to.
    pub scale: f64,
}

/// Compares bytes, e.g. grey levels.
pub fn compare_bytes(actual: &[u8], expected: &[u8]) -> Result<ByteDifference, UnequalShapes> {
    same_length(actual.len(), expected.len())?;
    let (mut max, mut count, mut sum, mut worst) = (0, 0, 0u64, None);
    for (index, (a, b)) in actual.iter().zip(expected).enumerate() {
        let difference = a.abs_diff(*b);
        count += usize::from(difference > 0);
        sum += u64::from(difference);
        if difference > max {
            (max, worst) = (difference, Some(index));
        }
    }
    Ok(ByteDifference {
        max,
        count,
        mean: sum as f64 / actual.len().max(1) as f64,
        worst,
    })
}

/// Compares single-precision values in double precision.
pub fn compare_floats(actual: &[f32], expected: &[f32]) -> Result<FloatDifference, UnequalShapes> {
    same_length(actual.len(), expected.len())?;
    let (mut max, mut count, mut sum, mut worst, mut scale) = (0.0f64, 0, 0.0f64, None, 0.0f64);
    for (index, (a, b)) in actual.iter().zip(expected).enumerate() {
        if b.is_finite() {
            scale = scale.max(f64::from(*b).abs());
        }
        if a.partial_cmp(b)
            .map_or(a.is_nan() && b.is_nan(), std::cmp::Ordering::is_eq)
        {
            continue;
        }
        let difference = (f64::from(*a) - f64::from(*b)).abs();
        let difference = if difference.is_nan() {
            f64::INFINITY
        } else {
            difference
        };
        count += 1;
        sum += difference;
        if difference > max {
            (max, worst) = (difference, Some(index));
        }
    }
    Ok(FloatDifference {
        max,
        count,
        mean: sum / actual.len().max(1) as f64,
        worst,
        scale,
    })
}

fn same_length(actual: usize, expected: usize) -> Result<(), UnequalShapes> {
    if actual == expected {
        Ok(())
    } else {
        Err(UnequalShapes { actual, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_measured() {
        let difference = compare_bytes(&[1, 9, 3, 250], &[1, 7, 3, 255]).unwrap();
        assert_eq!(
            (difference.max, difference.count, difference.worst),
            (5, 2, Some(3))
        );
        assert!((difference.mean - 7.0 / 4.0).abs() < 1e-12);
        assert_eq!(
            compare_bytes(&[1], &[]).unwrap_err(),
            UnequalShapes {
                actual: 1,
                expected: 0
            }
        );
    }

    #[test]
    fn special_floats_are_no_loophole() {
        let same = compare_floats(&[f32::NAN, f32::INFINITY, -0.0], &[f32::NAN, f32::INFINITY, 0.0]).unwrap();
        assert_eq!((same.count, same.max.to_bits()), (0, 0));
        assert!(compare_floats(&[f32::NAN], &[1.0]).unwrap().max.is_infinite());
        assert!(
            compare_floats(&[f32::INFINITY], &[f32::NEG_INFINITY])
                .unwrap()
                .max
                .is_infinite()
        );
        let near = compare_floats(&[1.0, -4.5], &[1.25, -4.0]).unwrap();
        assert!((near.max - 0.5).abs() < 1e-12 && near.worst == Some(1) && (near.scale - 4.0).abs() < 1e-12);
    }
}
