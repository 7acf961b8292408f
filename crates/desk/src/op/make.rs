//! Small things that the command line needs of the crates below: windows, text files, tags, made patients.

use std::path::Path;

pub use overread_imaging::reslice::BodyPlane;
pub use overread_imaging::view::Interpolation;
use overread_imaging::voi::VoiFunction;
pub use overread_imaging::voi::Window;
use overread_phantom::{Finding, Options};

use crate::Outcome;
use crate::code::{failure, io};

/// `C,W[,FUNCTION]` as a window.
pub fn parse_window(text: &str) -> Option<Window> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let (center, width, function) = match parts.as_slice() {
        [c, w] => (c, w, VoiFunction::Linear),
        [c, w, f] => {
            let function = match f.to_ascii_uppercase().as_str() {
                "LINEAR" => VoiFunction::Linear,
                "LINEAR_EXACT" => VoiFunction::LinearExact,
                "SIGMOID" => VoiFunction::Sigmoid,
                _ => return None,
            };
            (c, w, function)
        }
        _ => return None,
    };
    let (center, width): (f64, f64) = (center.parse().ok()?, width.parse().ok()?);
    (center.is_finite() && width.is_finite() && width > 0.0).then_some(Window {
        center,
        width,
        function,
        explanation: None,
    })
}

/// A text file.
///
/// # Errors
/// When it cannot be read as UTF-8.
pub fn read_text(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| io(&path.display().to_string(), &error))
}

/// Writes a file whole or not at all; its folder must be there.
///
/// # Errors
/// Of the file system.
pub fn write_file(path: &Path, bytes: &[u8]) -> Outcome<()> {
    overread_store::write::atomic(path, bytes).map_err(|error| io(&path.display().to_string(), &error))
}

/// The data set as PS3.18 JSON.
///
/// # Errors
/// When the file cannot be read.
pub fn tags_json(path: &Path) -> Outcome<serde_json::Value> {
    Ok(overread_dicom::tags::json(path)?)
}

/// The data set as lines.
///
/// # Errors
/// When the file cannot be read.
pub fn tags_lines(path: &Path) -> Outcome<String> {
    Ok(overread_dicom::tags::lines(path)?)
}

/// What phantoms are made.
#[derive(Clone, Debug, Default)]
pub struct Phantoms {
    /// Patients.
    pub n: usize,
    /// Decides every byte.
    pub seed: u64,
    /// Lower contrast, more noise, other bodies.
    pub hard: bool,
    /// Short volumes instead of a few slices.
    pub volumes: bool,
    /// What is planted, by label; none at all: the seven usual ones.
    pub findings: Vec<String>,
}

/// Writes phantoms with `truth.csv`.
///
/// # Errors
/// `phantom.failed`: a word that is no finding, a folder that cannot be written.
pub fn phantoms(
    out: &Path,
    wish: &Phantoms,
    progress: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Outcome<()> {
    let failed = |error: &dyn std::fmt::Display| failure("phantom.failed", format!("{error}."), "");
    let options = Options {
        hard: wish.hard,
        ..if wish.volumes {
            Options::volume()
        } else {
            Options::small()
        }
    };
    let findings = wish
        .findings
        .iter()
        .map(|word| word.parse::<Finding>().map_err(|error| failed(&error)))
        .collect::<Outcome<Vec<_>>>()?;
    overread_phantom::write_cases_of(out, wish.n, wish.seed, &options, &findings, progress)
        .map(drop)
        .map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_parsed() {
        assert_eq!(parse_window("-600,1500"), Some(Window::linear(-600.0, 1500.0)));
        assert_eq!(
            parse_window("1,2,sigmoid").map(|w| w.function),
            Some(VoiFunction::Sigmoid)
        );
        for wrong in ["1", "1,0", "a,b", "1,2,CUBIC", "1,2,3,4"] {
            assert_eq!(parse_window(wrong), None, "{wrong}");
        }
    }
}
