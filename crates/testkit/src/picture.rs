//! Pictures that are judged, and kept for looking when they fail.

use std::path::{Path, PathBuf};

use image::{ExtendedColorType, ImageReader};

use crate::compare::{ByteDifference, compare_bytes};
use crate::fixture::artefacts_dir;
use crate::tolerance::Tolerance;

/// An 8-bit picture, row by row, channels interleaved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// 1 grey, 3 RGB, 4 RGBA.
    pub channels: u8,
    /// `height` x `width` x `channels` bytes.
    pub bytes: Vec<u8>,
}

/// A picture that could not be made, read or written.
#[derive(Debug)]
pub struct PictureError(String);

impl std::fmt::Display for PictureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PictureError {}

impl Picture {
    /// Checks that the number of bytes fits.
    pub fn new(width: u32, height: u32, channels: u8, bytes: Vec<u8>) -> Result<Self, PictureError> {
        let wanted = u64::from(width) * u64::from(height) * u64::from(channels);
        if !matches!(channels, 1 | 3 | 4) || wanted != bytes.len() as u64 {
            return Err(PictureError(format!(
                "{width} x {height} x {channels} is not {} bytes",
                bytes.len()
            )));
        }
        Ok(Self {
            width,
            height,
            channels,
            bytes,
        })
    }

    /// Reads a PNG or JPEG: grey stays grey, anything with alpha becomes RGBA, the rest RGB.
    pub fn read(path: &Path) -> Result<Self, PictureError> {
        let fail = |error: &dyn std::fmt::Display| PictureError(format!("{}: {error}", path.display()));
        let decoded = ImageReader::open(path)
            .map_err(|e| fail(&e))?
            .decode()
            .map_err(|e| fail(&e))?;
        let (width, height) = (decoded.width(), decoded.height());
        let (channels, bytes) = match decoded.color() {
            image::ColorType::L8 | image::ColorType::L16 => (1, decoded.into_luma8().into_raw()),
            color if color.has_alpha() => (4, decoded.into_rgba8().into_raw()),
            _ => (3, decoded.into_rgb8().into_raw()),
        };
        Self::new(width, height, channels, bytes)
    }

    /// Writes a PNG; folders are made.
    pub fn write(&self, path: &Path) -> Result<(), PictureError> {
        let fail = |error: &dyn std::fmt::Display| PictureError(format!("{}: {error}", path.display()));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| fail(&e))?;
        }
        let kind = match self.channels {
            1 => ExtendedColorType::L8,
            3 => ExtendedColorType::Rgb8,
            _ => ExtendedColorType::Rgba8,
        };
        image::save_buffer(path, &self.bytes, self.width, self.height, kind).map_err(|e| fail(&e))
    }
}

/// Two pictures that differ by more than is allowed.
#[derive(Debug)]
pub struct Mismatch {
    /// What is wrong, in words and numbers.
    pub text: String,
    /// The numbers, unless the shapes differ.
    pub difference: Option<ByteDifference>,
    /// Where the actual, expected and difference pictures were left.
    pub left: Vec<PathBuf>,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        for path in &self.left {
            write!(f, "\n  {}", path.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Mismatch {}

/// Passes when no value differs by more than `tolerance`. Otherwise `NAME-actual.png`, `NAME-expected.png` and
/// `NAME-difference.png` (differences times 16, at most 255) are left under the artefacts folder; slashes in `name`
/// make folders.
pub fn check_picture(
    name: &str,
    actual: &Picture,
    expected: &Picture,
    tolerance: &Tolerance,
) -> Result<ByteDifference, Box<Mismatch>> {
    check_in(&artefacts_dir(), name, actual, expected, tolerance)
}

fn check_in(
    dir: &Path,
    name: &str,
    actual: &Picture,
    expected: &Picture,
    tolerance: &Tolerance,
) -> Result<ByteDifference, Box<Mismatch>> {
    let shape = |p: &Picture| (p.width, p.height, p.channels);
    let mut left = Vec::new();
    let mut keep = |suffix: &str, picture: &Picture| {
        let path = dir.join(format!("{name}-{suffix}.png"));
        if picture.write(&path).is_ok() {
            left.push(path);
        }
    };
    if shape(actual) != shape(expected) {
        keep("actual", actual);
        keep("expected", expected);
        let text = format!(
            "{name}: {:?} was made, {:?} was expected",
            shape(actual),
            shape(expected)
        );
        return Err(Box::new(Mismatch {
            text,
            difference: None,
            left,
        }));
    }
    let difference = match compare_bytes(&actual.bytes, &expected.bytes) {
        Ok(difference) if tolerance.passes(f64::from(difference.max)) => return Ok(difference),
        Ok(difference) => difference,
        Err(unequal) => {
            let text = format!("{name}: {unequal}");
            return Err(Box::new(Mismatch {
                text,
                difference: None,
                left,
            }));
        }
    };
    let apart = actual
        .bytes
        .iter()
        .zip(&expected.bytes)
        .enumerate()
        .map(|(index, (a, b))| {
            // Alpha stays opaque, or the difference could not be seen.
            if actual.channels == 4 && index % 4 == 3 {
                255
            } else {
                a.abs_diff(*b).saturating_mul(16)
            }
        });
    let apart = Picture {
        bytes: apart.collect(),
        ..actual.clone()
    };
    keep("actual", actual);
    keep("expected", expected);
    keep("difference", &apart);
    let at = difference.worst.unwrap_or(0) / usize::from(actual.channels);
    let (row, column) = (
        at / actual.width.max(1) as usize,
        at % actual.width.max(1) as usize,
    );
    let text = format!(
        "{name}: {} {} {} are allowed ({}), but {} values differ, by up to {} at row {row} column {column}, {:.4} on average",
        tolerance.name,
        tolerance.limit,
        tolerance.unit,
        tolerance.reason,
        difference.count,
        difference.max,
        difference.mean
    );
    Err(Box::new(Mismatch {
        text,
        difference: Some(difference),
        left,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance::GREY_LEVEL;

    fn ramp(offset: u8) -> Picture {
        Picture::new(8, 4, 1, (0..32).map(|i| i * 4 + offset).collect()).unwrap()
    }

    #[test]
    fn a_pass_leaves_nothing_and_a_failure_leaves_three_pictures() {
        let dir = std::env::temp_dir().join(format!("overread-testkit-{}", std::process::id()));
        let passed = check_in(&dir, "a/ramp", &ramp(1), &ramp(0), &GREY_LEVEL).unwrap();
        assert_eq!((passed.max, passed.count), (1, 32));
        assert!(!dir.exists());
        let mut wrong = ramp(0);
        wrong.bytes[9] += 7;
        let mismatch = check_in(&dir, "a/ramp", &wrong, &ramp(0), &GREY_LEVEL).unwrap_err();
        assert_eq!(mismatch.left.len(), 3);
        assert!(
            mismatch.text.contains("row 1 column 1") && mismatch.text.contains("by up to 7"),
            "{mismatch}"
        );
        let seen = Picture::read(&dir.join("a/ramp-difference.png")).unwrap();
        assert_eq!((seen.bytes[9], seen.bytes[10]), (112, 0));
        assert_eq!(Picture::read(&dir.join("a/ramp-actual.png")).unwrap(), wrong);
        let narrow = Picture::new(4, 8, 1, ramp(0).bytes).unwrap();
        assert!(check_in(&dir, "shape", &narrow, &ramp(0), &GREY_LEVEL).is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_number_of_bytes_is_checked() {
        assert!(Picture::new(2, 2, 3, vec![0; 11]).is_err());
        assert!(Picture::new(2, 2, 2, vec![0; 8]).is_err());
        assert!(Picture::read(Path::new("no/such/picture.png")).is_err());
    }
}
