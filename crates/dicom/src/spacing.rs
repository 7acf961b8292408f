//! What a pixel measures (PS3.3 10.7): in the patient, at the detector, estimated, calibrated, on film, in a region of
//! an ultrasound image, or nothing.

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use overread_imaging::geometry::{PixelSpacing, Plane, SpacingKind, UltrasoundRegion};

use crate::attributes::Places;
use crate::dataset::{integer, items, number, numbers, text, vector};

/// Most regions of an image that are kept; scanners write fewer than ten.
const MOST_REGIONS: usize = 256;

pub(crate) fn pixel_spacing(places: &Places<'_>, tag: Tag) -> Option<[f64; 2]> {
    vector::<2>(places.group_or_root(tags::PIXEL_MEASURES_SEQUENCE), tag)
        .or_else(|| vector::<2>(places.root, tag))
        .filter(usable)
}

fn usable(spacing: &[f64; 2]) -> bool {
    spacing.iter().all(|v| v.is_finite() && *v > 0.0)
}

/// PS3.3 10.7.1.3: what the spacing means depends on the modality and on which attributes are there.
pub(crate) fn spacing(
    places: &Places<'_>,
    plane: Option<&Plane>,
    modality: &str,
    regions: &[UltrasoundRegion],
    warnings: &mut Vec<String>,
) -> PixelSpacing {
    let root = places.root;
    let (mm, kind) = meaning(places, plane, modality);
    // Regions say what they measure; a spacing beside them that does not is not asked.
    let (mm, kind) = if kind == SpacingKind::Unknown && !regions.is_empty() {
        (None, SpacingKind::None)
    } else {
        (mm, kind)
    };
    if kind == SpacingKind::Unknown {
        warnings.push("Pixel Spacing does not say what it measures: lengths are given in px".to_owned());
    }
    if let Some([row, column]) = mm {
        return PixelSpacing {
            mm,
            kind,
            aspect: row / column,
        };
    }
    // Ultrasound shows the pixels that its screen had, whatever they measure.
    let ratio = numbers(root, tags::PIXEL_ASPECT_RATIO);
    let aspect = match ratio.as_slice() {
        [Some(vertical), Some(horizontal)] if *vertical > 0.0 && *horizontal > 0.0 => vertical / horizontal,
        _ => 1.0,
    };
    let mm = one_scale(regions);
    PixelSpacing {
        mm,
        kind: if mm.is_some() {
            SpacingKind::Region
        } else {
            SpacingKind::None
        },
        aspect,
    }
}

fn meaning(places: &Places<'_>, plane: Option<&Plane>, modality: &str) -> (Option<[f64; 2]>, SpacingKind) {
    let root = places.root;
    let positive = |tag| vector::<2>(root, tag).filter(usable);
    let pixel = pixel_spacing(places, tags::PIXEL_SPACING);
    let imager = positive(tags::IMAGER_PIXEL_SPACING);
    let scanned = positive(tags::NOMINAL_SCANNED_PIXEL_SPACING);
    // A plane in the patient says what the spacing means, unless a detector does.
    if pixel.is_some() && imager.is_none() && plane.is_some() {
        return (pixel, SpacingKind::Patient);
    }
    let calibrated = text(root, tags::PIXEL_SPACING_CALIBRATION_TYPE).is_some();
    let same = |a: [f64; 2], b: [f64; 2]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-6 * a.abs());
    let factor = number(root, tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR).filter(|f| *f >= 1.0);
    match (pixel, imager, scanned) {
        (Some(p), Some(own), _) | (Some(p), None, Some(own)) if !same(p, own) => {
            (Some(p), SpacingKind::Calibrated)
        }
        (_, Some(i), _) => match factor {
            Some(factor) => (Some(i.map(|mm| mm / factor)), SpacingKind::Estimated),
            None => (Some(i), SpacingKind::Detector),
        },
        (_, None, Some(s)) => (Some(s), SpacingKind::Scanned),
        (Some(p), None, None) if calibrated => (Some(p), SpacingKind::Calibrated),
        (Some(p), None, None) if is_cross_sectional(root, modality) => (Some(p), SpacingKind::Patient),
        (Some(p), None, None) => (Some(p), SpacingKind::Unknown),
        (None, None, None) => (None, SpacingKind::None),
    }
}

/// Modalities whose Pixel Spacing is that of what was imaged, even where the plane is missing; a secondary capture of
/// one of them says nothing.
fn is_cross_sectional(root: &InMemDicomObject, modality: &str) -> bool {
    let class = text(root, tags::SOP_CLASS_UID).unwrap_or_default();
    let captured = class
        .strip_prefix(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    !captured
        && matches!(
            modality,
            "CT" | "MR" | "PT" | "NM" | "ST" | "SM" | "OPT" | "OCT" | "IVOCT"
        )
}

/// The scale that all regions in cm share, [row, column] mm.
fn one_scale(regions: &[UltrasoundRegion]) -> Option<[f64; 2]> {
    let mut scales = regions.iter().filter_map(UltrasoundRegion::millimetres);
    let first = scales.next()?;
    scales.all(|scale| scale == first).then_some(first)
}

/// Regions of an ultrasound image (PS3.3 C.8.5.5.1.1 to C.8.5.5.1.17); those without bounds or scale are left out.
pub(crate) fn regions(root: &InMemDicomObject) -> Arc<[UltrasoundRegion]> {
    let regions = items(root, tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    regions.iter().take(MOST_REGIONS).filter_map(region).collect()
}

fn region(item: &InMemDicomObject) -> Option<UltrasoundRegion> {
    let edge = |tag| integer(item, tag).and_then(|v| u32::try_from(v).ok());
    let unit = |tag| integer(item, tag).and_then(|v| u16::try_from(v).ok());
    let bounds = [
        edge(tags::REGION_LOCATION_MIN_X0)?,
        edge(tags::REGION_LOCATION_MIN_Y0)?,
        edge(tags::REGION_LOCATION_MAX_X1)?,
        edge(tags::REGION_LOCATION_MAX_Y1)?,
    ];
    (bounds[0] <= bounds[2] && bounds[1] <= bounds[3]).then_some(UltrasoundRegion {
        bounds,
        units: [
            unit(tags::PHYSICAL_UNITS_X_DIRECTION)?,
            unit(tags::PHYSICAL_UNITS_Y_DIRECTION)?,
        ],
        delta: [
            number(item, tags::PHYSICAL_DELTA_X)?.abs(),
            number(item, tags::PHYSICAL_DELTA_Y)?.abs(),
        ],
    })
}

#[cfg(test)]
mod tests {
    use overread_imaging::attributes::FrameAttributes;
    use overread_phantom::dicom::{DataSet, Samples, Writer};

    use super::*;
    use crate::file::DicomFile;
    use crate::header::ImageHeader;

    const PIXEL: (u16, u16) = (0x0028, 0x0030);
    const IMAGER: (u16, u16) = (0x0018, 0x1164);
    const SCANNED: (u16, u16) = (0x0018, 0x2010);
    const FACTOR: (u16, u16) = (0x0018, 0x1114);
    const CALIBRATION: (u16, u16) = (0x0028, 0x0A02);
    const CR: &str = "1.2.840.10008.5.1.4.1.1.1";
    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    const SC: &str = "1.2.840.10008.5.1.4.1.1.7";
    const US: &str = "1.2.840.10008.5.1.4.1.1.6.1";

    fn read(writer: &Writer) -> FrameAttributes {
        let file = DicomFile::from_bytes(writer.encode(), None).expect("sound");
        let header = ImageHeader::read(std::path::Path::new("made"), &file).expect("an image");
        (**header.attributes(1).expect("a frame")).clone()
    }

    fn image(class: &str, modality: &str) -> Writer {
        Writer::new("spacing", 2, 2, Samples::U8(vec![0; 4])).kind(class, modality)
    }

    /// Kind and row spacing.
    fn kind(class: &str, modality: &str, texts: &[((u16, u16), &str)]) -> (SpacingKind, Option<f64>) {
        let written = texts.iter().fold(image(class, modality), |w, (tag, value)| {
            w.text(*tag, "DS", value)
        });
        let spacing = read(&written).spacing;
        (spacing.kind, spacing.mm.map(|mm| mm[0]))
    }

    #[test]
    fn projections_keep_what_their_spacing_means_apart() {
        use SpacingKind::{Calibrated, Detector, Estimated, None as Nothing, Unknown};
        for modality in ["CR", "DX", "MG", "XA", "RF", "IO", "PX"] {
            let of = |texts: &[_]| kind(CR, modality, texts);
            assert_eq!(of(&[(IMAGER, "0.2\\0.2")]), (Detector, Some(0.2)));
            assert_eq!(
                of(&[(IMAGER, "0.2\\0.2"), (PIXEL, "0.2\\0.2")]),
                (Detector, Some(0.2))
            );
            assert_eq!(
                of(&[(IMAGER, "0.2\\0.2"), (FACTOR, "1.25")]),
                (Estimated, Some(0.16))
            );
            assert_eq!(
                of(&[(IMAGER, "0.2\\0.2"), (PIXEL, "0.15\\0.15")]),
                (Calibrated, Some(0.15))
            );
            assert_eq!(
                of(&[(PIXEL, "0.15\\0.15"), (CALIBRATION, "FIDUCIAL")]),
                (Calibrated, Some(0.15))
            );
            assert_eq!(of(&[(PIXEL, "0.15\\0.15")]), (Unknown, Some(0.15)));
            assert_eq!(of(&[(PIXEL, "0\\0")]), (Nothing, None));
        }
    }

    #[test]
    fn captures_and_films_are_not_the_patient() {
        assert_eq!(kind(SC, "OT", &[(PIXEL, "0.5\\0.5")]).0, SpacingKind::Unknown);
        assert_eq!(kind(SC, "CT", &[(PIXEL, "0.5\\0.5")]).0, SpacingKind::Unknown);
        assert_eq!(kind(US, "US", &[(PIXEL, "0.5\\0.5")]).0, SpacingKind::Unknown);
        assert_eq!(
            kind(SC, "OT", &[(SCANNED, "0.1\\0.1")]),
            (SpacingKind::Scanned, Some(0.1))
        );
        let both = [(SCANNED, "0.1\\0.1"), (PIXEL, "0.08\\0.08")];
        assert_eq!(kind(SC, "OT", &both), (SpacingKind::Calibrated, Some(0.08)));
        assert_eq!(kind(CT, "CT", &[(PIXEL, "0.5\\0.5")]).0, SpacingKind::Patient);
        // The classes of visible light begin with the same digits.
        let slide = "1.2.840.10008.5.1.4.1.1.77.1.6";
        assert_eq!(kind(slide, "SM", &[(PIXEL, "0.5\\0.5")]).0, SpacingKind::Patient);
        let placed = image(SC, "OT").plane([0.0; 3], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0], [0.5, 0.5]);
        assert_eq!(read(&placed).spacing.kind, SpacingKind::Patient);
    }

    #[test]
    fn an_aspect_ratio_shapes_pixels_and_measures_nothing() {
        let a = read(&image(SC, "OT").text((0x0028, 0x0034), "IS", "4\\3"));
        assert_eq!((a.spacing.kind, a.spacing.mm), (SpacingKind::None, None));
        assert!((a.spacing.aspect - 4.0 / 3.0).abs() < 1e-12);
    }

    fn region_item(bounds: [u32; 4], unit: u16, delta: f64) -> DataSet {
        let mut item = DataSet::new();
        for (element, value) in [0x6018, 0x601A, 0x601C, 0x601E].into_iter().zip(bounds) {
            item.bytes((0x0018, element), "UL", value.to_le_bytes().to_vec());
        }
        item.us((0x0018, 0x6024), &[unit]).us((0x0018, 0x6026), &[unit]);
        for element in [0x602C, 0x602E] {
            item.bytes((0x0018, element), "FD", delta.to_le_bytes().to_vec());
        }
        item
    }

    #[test]
    fn every_ultrasound_region_is_read_and_one_scale_is_passed_on() {
        let sequence = (0x0018, 0x6011);
        let of = |items| read(&image(US, "US").sequence(sequence, items));
        let two = of(vec![
            region_item([0, 0, 1, 1], 3, 0.05),
            region_item([0, 1, 1, 1], 4, 0.01),
        ]);
        assert_eq!(two.regions.len(), 2);
        assert_eq!(two.regions[0].bounds, [0, 0, 1, 1]);
        assert_eq!(
            (two.spacing.kind, two.spacing.mm),
            (SpacingKind::Region, Some([0.5, 0.5]))
        );
        let apart = of(vec![
            region_item([0, 0, 1, 0], 3, 0.05),
            region_item([0, 1, 1, 1], 3, -0.02),
        ]);
        assert_eq!((apart.spacing.kind, apart.spacing.mm), (SpacingKind::None, None));
        assert_eq!(apart.regions[1].delta, [0.02, 0.02]);
        let turned = of(vec![region_item([1, 1, 0, 0], 3, 0.05)]);
        assert!(turned.regions.is_empty(), "bounds that hold nothing");
    }
}
