//! Lines about radiotherapy objects and registrations.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{integer, items, number, text};
use crate::objects::summary::{counted, inner, label, named, short};

fn named_label(d: &InMemDicomObject) -> String {
    label(d).map(|l| short(&l)).unwrap_or_default()
}

pub(super) fn structure_set(d: &InMemDicomObject) -> Vec<String> {
    let contours: usize = items(d, tags::ROI_CONTOUR_SEQUENCE)
        .iter()
        .map(|roi| items(roi, tags::CONTOUR_SEQUENCE).len())
        .sum();
    vec![
        named_label(d),
        named(d, tags::STRUCTURE_SET_ROI_SEQUENCE, tags::ROI_NAME, "ROI"),
        counted(contours, "contour"),
    ]
}

/// Label, beams with their kind of radiation, fractions, prescribed dose (PS3.3 C.8.8.10 to C.8.8.14).
pub(super) fn plan(d: &InMemDicomObject) -> Vec<String> {
    let mut parts = vec![named_label(d)];
    let (beams, tag) = match items(d, tags::BEAM_SEQUENCE) {
        [] => (items(d, tags::ION_BEAM_SEQUENCE), tags::ION_BEAM_SEQUENCE),
        beams => (beams, tags::BEAM_SEQUENCE),
    };
    if !beams.is_empty() {
        let radiation = inner(d, tag, tags::RADIATION_TYPE).map(|r| format!("{} ", r.to_lowercase()));
        parts.push(counted(
            beams.len(),
            &format!("{}beam", radiation.unwrap_or_default()),
        ));
    }
    let setups = items(d, tags::APPLICATION_SETUP_SEQUENCE).len();
    if setups > 0 {
        parts.push(counted(setups, "application setup"));
    }
    let fractions: i64 = items(d, tags::FRACTION_GROUP_SEQUENCE)
        .iter()
        .filter_map(|g| integer(g, tags::NUMBER_OF_FRACTIONS_PLANNED))
        .filter(|n| *n > 0)
        .fold(0, i64::saturating_add);
    if fractions > 0 {
        parts.push(counted(
            usize::try_from(fractions).unwrap_or(usize::MAX),
            "fraction",
        ));
    }
    let doses = items(d, tags::DOSE_REFERENCE_SEQUENCE).iter();
    let target = doses
        .filter_map(|r| number(r, tags::TARGET_PRESCRIPTION_DOSE))
        .reduce(f64::max);
    if let Some(dose) = target.filter(|dose| *dose > 0.0) {
        parts.push(format!("{dose} Gy to the target"));
    }
    parts.extend(text(d, tags::APPROVAL_STATUS).map(|status| status.to_lowercase()));
    parts
}

/// What kind of dose, in what units, on which grid (PS3.3 C.8.8.3).
pub(super) fn dose(d: &InMemDicomObject) -> Vec<String> {
    let words = |tag: Tag| text(d, tag).map(|t| t.replace('_', " ").to_lowercase());
    let mut parts = vec![named_label(d)];
    parts.extend(words(tags::DOSE_SUMMATION_TYPE).map(|of| format!("of {of}")));
    parts.extend(words(tags::DOSE_TYPE));
    parts.extend(text(d, tags::DOSE_UNITS).map(|unit| {
        let unit = if unit == "GY" {
            "Gy".to_owned()
        } else {
            unit.to_lowercase()
        };
        format!("in {unit}")
    }));
    if let (Some(columns), Some(rows)) = (integer(d, tags::COLUMNS), integer(d, tags::ROWS)) {
        let planes = integer(d, tags::NUMBER_OF_FRAMES).unwrap_or(1);
        parts.push(format!("{columns} x {rows} x {planes}"));
    }
    let histograms = items(d, tags::DVH_SEQUENCE).len();
    if histograms > 0 {
        parts.push(counted(histograms, "dose-volume histogram"));
    }
    parts
}

pub(super) fn record(d: &InMemDicomObject) -> Vec<String> {
    let beams = items(d, tags::TREATMENT_SESSION_BEAM_SEQUENCE)
        .len()
        .saturating_add(items(d, tags::TREATMENT_SESSION_ION_BEAM_SEQUENCE).len());
    let mut parts = vec![named_label(d)];
    parts.extend(text(d, tags::TREATMENT_DATE).map(|day| crate::objects::moment::date(&day)));
    if beams > 0 {
        parts.push(format!("{} treated", counted(beams, "beam")));
    }
    parts
}

/// How many spaces are brought together, and by what sort of matrix (PS3.3 C.20.2).
pub(super) fn registration(d: &InMemDicomObject) -> Vec<String> {
    let registered = items(d, tags::REGISTRATION_SEQUENCE);
    let mut kinds: Vec<String> = Vec::new();
    for one in registered {
        for matrix in items(one, tags::MATRIX_REGISTRATION_SEQUENCE)
            .iter()
            .flat_map(|m| items(m, tags::MATRIX_SEQUENCE))
        {
            let kind = text(matrix, tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE);
            if let Some(kind) = kind.map(|k| k.replace('_', " ").to_lowercase())
                && !kinds.contains(&kind)
                && kinds.len() < 4
            {
                kinds.push(kind);
            }
        }
    }
    vec![
        named_label(d),
        match registered.len() {
            1 => "1 frame of reference".to_owned(),
            n => format!("{n} frames of reference"),
        },
        kinds.join(" and "),
    ]
}

pub(super) fn deformable(d: &InMemDicomObject) -> Vec<String> {
    let mut parts = vec![named_label(d)];
    for one in items(d, tags::DEFORMABLE_REGISTRATION_SEQUENCE).iter().take(4) {
        for grid in items(one, tags::DEFORMABLE_REGISTRATION_GRID_SEQUENCE) {
            let size = crate::dataset::texts(grid, tags::GRID_DIMENSIONS).join(" x ");
            parts.push(format!("grid of {size} vectors"));
        }
    }
    if parts.len() == 1 {
        parts.push("without a grid".to_owned());
    }
    parts
}
