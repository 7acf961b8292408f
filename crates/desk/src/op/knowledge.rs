//! What a model says it knows, held against the images of a question: which words stand beside its answer, and whether
//! its own calibration holds. This is the one place that judges it, for the window, the command line and reports.

use std::path::Path;

use overread_dicom::DisplaySet;
use overread_medgemma::calibration::Calibration;
use overread_medgemma::check::CheckReport;
use overread_phantom::{MANUFACTURER, MANUFACTURER_MODEL_NAME};

use crate::op::plan::Resolved;

/// A calibration file is a few lines.
pub(crate) const CALIBRATION_BYTES: u64 = 1 << 20;

/// What must stand beside an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// A plain warning; empty when none.
    pub(crate) warning: String,
    /// A quiet line; empty when none.
    pub(crate) note: String,
}

/// The images of a question, as a model that was trained on made CT slices alone sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Images {
    /// Made CT slices.
    Known,
    /// Made, but radiographs.
    OtherKind,
    /// Something else, or no image at all.
    Foreign,
}

/// True for an image of this program's own generator: both attributes that it writes into every file say so. Where they
/// were taken out, the image counts as foreign: a warning too many does no harm.
fn is_made(manufacturer: &str, model: &str) -> bool {
    manufacturer == MANUFACTURER && model == MANUFACTURER_MODEL_NAME
}

fn images_of(resolved: &Resolved) -> Images {
    let own = (&resolved.set, &resolved.slices);
    let before = resolved.before.iter().map(|(set, slices)| (set, slices));
    let mut found = None;
    for (set, slices) in before.chain([own]) {
        for slice in slices {
            match (slice_of(set, *slice), found) {
                (Images::Known, None | Some(Images::Known)) => found = Some(Images::Known),
                (Images::Foreign, _) => return Images::Foreign,
                _ => found = Some(Images::OtherKind),
            }
        }
    }
    found.unwrap_or(Images::Foreign)
}

/// One slice, from 1.
fn slice_of(set: &DisplaySet, slice: usize) -> Images {
    let Some(frame) = slice.checked_sub(1).and_then(|k| set.frames.get(k)) else {
        return Images::Foreign;
    };
    let header = &frame.header;
    match is_made(&header.manufacturer, &header.manufacturer_model) {
        true if header.modality == "CT" => Images::Known,
        true => Images::OtherKind,
        false => Images::Foreign,
    }
}

/// What stands beside an answer of the model of `report` about these images.
pub(crate) fn beside(report: &CheckReport, resolved: &Resolved) -> Beside {
    if report.phantoms_only {
        words(images_of(resolved))
    } else {
        Beside {
            warning: report.warning.clone(),
            note: String::new(),
        }
    }
}

fn words(images: Images) -> Beside {
    let warning = |text: &str| Beside {
        warning: text.to_owned(),
        note: String::new(),
    };
    match images {
        Images::Known => Beside {
            warning: String::new(),
            note: "This model knows made phantoms only; these images are of one.".to_owned(),
        },
        Images::OtherKind => warning(
            "This model knows CT slices of made phantoms only. On these images its answer means nothing.",
        ),
        Images::Foreign => {
            warning("This model knows made phantoms only. On this study its answer means nothing.")
        }
    }
}

/// The calibration that lies beside a model's weights, where it may be used on these images: what was fitted on phantoms
/// says nothing of a patient. Whether it is for this very question is the engine's to say.
pub(crate) fn own_calibration(
    model: &Path,
    report: &CheckReport,
    resolved: &Resolved,
) -> Option<Calibration> {
    if report.phantoms_only && images_of(resolved) != Images::Known {
        return None;
    }
    let file = model.join("calibration.json");
    let size = std::fs::metadata(&file).ok()?.len();
    let text = (size <= CALIBRATION_BYTES).then(|| std::fs::read_to_string(&file))?;
    Calibration::read("calibration.json", &text.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_both_attributes_together_tell_a_made_image() {
        assert!(is_made("Overread phantom", "Phantom 1"));
        assert!(!is_made("Overread phantom", ""));
        assert!(!is_made("", "Phantom 1"));
        assert!(!is_made("SIEMENS", "Phantom 1"));
    }

    #[test]
    fn a_warning_or_a_quiet_line_and_never_both() {
        for images in [Images::Known, Images::OtherKind, Images::Foreign] {
            let said = words(images);
            assert_ne!(said.warning.is_empty(), said.note.is_empty(), "{images:?}");
            assert_eq!(said.warning.is_empty(), images == Images::Known, "{images:?}");
        }
    }
}
