//! What a pixel measures (PS3.3 10.7): in the patient, at the detector, calibrated, or nothing.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use overread_imaging::geometry::{PixelSpacing, Plane, SpacingKind};

use crate::attributes::Places;
use crate::dataset::{integer, items, number, numbers, text, vector};

pub(crate) fn pixel_spacing(places: &Places<'_>, tag: Tag) -> Option<[f64; 2]> {
    vector::<2>(places.group_or_root(tags::PIXEL_MEASURES_SEQUENCE), tag)
        .or_else(|| vector::<2>(places.root, tag))
        .filter(|s| s.iter().all(|v| *v > 0.0))
}

/// PS3.3 10.7.1.3: what the spacing means depends on the modality and on which attributes are there.
pub(crate) fn spacing(
    places: &Places<'_>,
    plane: Option<&Plane>,
    modality: &str,
    warnings: &mut Vec<String>,
) -> PixelSpacing {
    let root = places.root;
    let pixel = pixel_spacing(places, tags::PIXEL_SPACING);
    let imager = vector::<2>(root, tags::IMAGER_PIXEL_SPACING).filter(|s| s.iter().all(|v| *v > 0.0));
    let projection = matches!(modality, "CR" | "DX" | "MG" | "XA" | "RF" | "IO" | "PX");
    let with = |mm: [f64; 2], kind| PixelSpacing {
        mm: Some(mm),
        kind,
        aspect: mm[0] / mm[1],
    };
    match (pixel, imager) {
        (Some(p), Some(i)) if projection => {
            let same = p.iter().zip(i).all(|(a, b)| (a - b).abs() <= 1e-6 * a.abs());
            with(
                p,
                if same {
                    SpacingKind::Detector
                } else {
                    SpacingKind::Calibrated
                },
            )
        }
        (None, Some(i)) => with(i, SpacingKind::Detector),
        (Some(p), None) if projection => {
            if text(root, tags::PIXEL_SPACING_CALIBRATION_TYPE).is_some() {
                with(p, SpacingKind::Calibrated)
            } else {
                warnings.push("Pixel Spacing of a projection without Imager Pixel Spacing: what it measures is not known".to_owned());
                PixelSpacing {
                    mm: Some(p),
                    kind: SpacingKind::None,
                    aspect: p[0] / p[1],
                }
            }
        }
        (Some(p), _) if plane.is_some() || !projection => with(p, SpacingKind::Patient),
        (Some(p), _) => with(p, SpacingKind::None),
        (None, None) => ultrasound(root).unwrap_or_else(|| {
            let ratio = numbers(root, tags::PIXEL_ASPECT_RATIO);
            let aspect = match ratio.as_slice() {
                [Some(vertical), Some(horizontal)] if *vertical > 0.0 && *horizontal > 0.0 => {
                    vertical / horizontal
                }
                _ => 1.0,
            };
            PixelSpacing {
                mm: None,
                kind: SpacingKind::None,
                aspect,
            }
        }),
    }
}

/// The single region of an ultrasound image that is measured in cm both ways (PS3.3 C.8.5.5); several regions with
/// other scales are left uncalibrated here.
fn ultrasound(root: &InMemDicomObject) -> Option<PixelSpacing> {
    let regions = items(root, tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    let mut scales = regions.iter().filter_map(|region| {
        let cm = |tag| integer(region, tag) == Some(3);
        let both = cm(tags::PHYSICAL_UNITS_X_DIRECTION) && cm(tags::PHYSICAL_UNITS_Y_DIRECTION);
        let x = number(region, tags::PHYSICAL_DELTA_X)?.abs() * 10.0;
        let y = number(region, tags::PHYSICAL_DELTA_Y)?.abs() * 10.0;
        (both && x > 0.0 && y > 0.0).then_some([y, x])
    });
    let first = scales.next()?;
    if regions.len() > 1 {
        return None;
    }
    Some(PixelSpacing {
        mm: Some(first),
        kind: SpacingKind::Calibrated,
        aspect: first[0] / first[1],
    })
}
