//! RT structure sets (PS3.3 A.19): regions of interest and their contours in the patient, and where those lie on an
//! image frame.

use std::collections::HashMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use glam::{DVec2, DVec3};

use crate::dataset::{integer, item, items, numbers, text};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::objects::ImageFrame;
use crate::objects::colour::given;
use crate::objects::kind::{self, Kind};
use crate::objects::reference::InstanceReference;

/// Most points of one structure set: whole-body sets have some millions.
const MOST_POINTS: usize = 1 << 24;
/// Slack of a comparison of positions, mm: decimal strings are rounded.
const SLACK: f64 = 0.01;

/// How the points of a contour belong together (PS3.3 C.8.8.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `CLOSED_PLANAR`.
    Closed,
    /// `CLOSEDPLANAR_XOR`: area that is covered twice is a hole.
    ClosedXor,
    /// `OPEN_PLANAR` and `OPEN_NONPLANAR`.
    Open,
    /// `POINT`.
    Point,
}

/// A contour.
#[derive(Clone, Debug, PartialEq)]
pub struct Contour {
    /// How its points belong together.
    pub shape: Shape,
    /// mm, LPS.
    pub points: Vec<DVec3>,
    /// Images that it was drawn on.
    pub images: Vec<InstanceReference>,
}

/// A region of interest.
#[derive(Clone, Debug, PartialEq)]
pub struct Roi {
    /// ROI Number.
    pub number: i64,
    /// ROI Name; never empty.
    pub name: String,
    /// RT ROI Interpreted Type: `PTV`, `ORGAN`, `EXTERNAL` …; may be empty.
    pub interpreted_type: String,
    /// ROI Generation Algorithm; may be empty.
    pub algorithm: String,
    /// sRGB: ROI Display Color, or one of a fixed row.
    pub colour: [u8; 3],
    /// Referenced Frame of Reference UID.
    pub frame_of_reference: Option<String>,
    /// In the order of the file.
    pub contours: Vec<Contour>,
}

/// A structure set.
#[derive(Clone, Debug, PartialEq)]
pub struct StructureSet {
    /// Structure Set Label; may be empty.
    pub label: String,
    /// In the order of the file.
    pub rois: Vec<Roi>,
    /// Contours left out because their points are no numbers or their type is unknown.
    pub unreadable: usize,
}

/// A contour on an image frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Index into [`StructureSet::rois`].
    pub roi: usize,
    /// How its points belong together.
    pub shape: Shape,
    /// (column, row) px; integers are pixel centres.
    pub points: Vec<DVec2>,
}

/// Reads a structure set.
///
/// # Errors
/// [`DicomError::UnsupportedObject`] for anything else, [`DicomError::TooLarge`].
pub fn read(file: &DicomFile) -> Result<StructureSet, DicomError> {
    let d = &file.dataset;
    let kind = kind::of(d, &file.syntax);
    if kind != Kind::StructureSet {
        return Err(DicomError::UnsupportedObject {
            kind: kind.name(),
            wanted: "structure set",
        });
    }
    // A set of one frame of reference need not say it again for each region.
    let only = item(d, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE)
        .and_then(|f| text(f, tags::FRAME_OF_REFERENCE_UID))
        .or_else(|| text(d, tags::FRAME_OF_REFERENCE_UID));
    let mut set = StructureSet {
        label: super::summary::label(d).unwrap_or_default(),
        rois: Vec::new(),
        unreadable: 0,
    };
    let mut points = 0_usize;
    for (index, roi) in items(d, tags::STRUCTURE_SET_ROI_SEQUENCE).iter().enumerate() {
        let Some(number) = integer(roi, tags::ROI_NUMBER) else {
            continue;
        };
        let drawn = by_number(d, tags::ROI_CONTOUR_SEQUENCE, number);
        let mut contours = Vec::new();
        for c in drawn.map_or(&[][..], |drawn| items(drawn, tags::CONTOUR_SEQUENCE)) {
            match contour(c) {
                Some(contour) => {
                    points = points.saturating_add(contour.points.len());
                    if points > MOST_POINTS {
                        return Err(DicomError::TooLarge(
                            "more than 16 million contour points".to_owned(),
                        ));
                    }
                    contours.push(contour);
                }
                None => set.unreadable = set.unreadable.saturating_add(1),
            }
        }
        set.rois.push(Roi {
            number,
            name: text(roi, tags::ROI_NAME).unwrap_or_else(|| format!("ROI {number}")),
            interpreted_type: by_number(d, tags::RTROI_OBSERVATIONS_SEQUENCE, number)
                .and_then(|o| text(o, tags::RTROI_INTERPRETED_TYPE))
                .unwrap_or_default(),
            algorithm: text(roi, tags::ROI_GENERATION_ALGORITHM).unwrap_or_default(),
            colour: drawn.and_then(colour).unwrap_or_else(|| given(index)),
            frame_of_reference: text(roi, tags::REFERENCED_FRAME_OF_REFERENCE_UID).or_else(|| only.clone()),
            contours,
        });
    }
    Ok(set)
}

/// The item of a sequence that speaks of a region.
fn by_number(d: &InMemDicomObject, sequence: Tag, number: i64) -> Option<&InMemDicomObject> {
    items(d, sequence)
        .iter()
        .find(|i| integer(i, tags::REFERENCED_ROI_NUMBER) == Some(number))
}

fn colour(d: &InMemDicomObject) -> Option<[u8; 3]> {
    let values: Vec<u8> = numbers(d, tags::ROI_DISPLAY_COLOR)
        .into_iter()
        .flatten()
        .filter(|v| (0.0..=255.0).contains(v))
        .map(|v| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
            {
                v as u8
            }
        })
        .collect();
    <[u8; 3]>::try_from(values).ok()
}

fn contour(d: &InMemDicomObject) -> Option<Contour> {
    let shape = match text(d, tags::CONTOUR_GEOMETRIC_TYPE)?.as_str() {
        "CLOSED_PLANAR" => Shape::Closed,
        "CLOSEDPLANAR_XOR" | "CLOSED_PLANAR_XOR" => Shape::ClosedXor,
        "OPEN_PLANAR" | "OPEN_NONPLANAR" => Shape::Open,
        "POINT" => Shape::Point,
        _ => return None,
    };
    let coordinates: Vec<f64> = numbers(d, tags::CONTOUR_DATA)
        .into_iter()
        .collect::<Option<_>>()?;
    let points: Vec<DVec3> = coordinates
        .chunks_exact(3)
        .map(|p| DVec3::new(p[0], p[1], p[2]))
        .collect();
    (!points.is_empty()).then(|| Contour {
        shape,
        points,
        images: InstanceReference::all(d, tags::CONTOUR_IMAGE_SEQUENCE),
    })
}

impl StructureSet {
    /// Contours on an image frame: those drawn on it, and those of its frame of reference that lie within half a slice
    /// of its plane along their whole length, unless they are drawn on another of the `shown` images (their frames by
    /// SOP Instance UID). Contours across the plane are left out.
    pub fn on(&self, image: &ImageFrame<'_>, shown: &HashMap<&str, usize>) -> Vec<Placed> {
        let Some(plane) = image.plane else {
            return Vec::new();
        };
        let normal = plane.normal();
        let whole_slice = 2.0 * image.reach_mm[0].max(image.reach_mm[1]);
        let mut placed = Vec::new();
        for (roi, region) in self.rois.iter().enumerate() {
            let same_place = image.shares(region.frame_of_reference.as_deref());
            for contour in &region.contours {
                let named = contour.images.iter().any(|i| image.is_named_by(i));
                let on_another = || {
                    let mut images = contour.images.iter();
                    images.any(|i| shown.contains_key(i.sop_instance.as_str()))
                };
                if !named && (!same_place || on_another()) {
                    continue;
                }
                // A contour drawn on this image alone may lie a little off it, but not on the next one.
                let alone = named
                    && contour.images.len() == 1
                    && (contour.images[0].frames.len() == 1
                        || shown.get(image.sop_uid).is_none_or(|frames| *frames == 1));
                let [below, above] = if alone { [whole_slice; 2] } else { image.reach_mm };
                let away = |p: &DVec3| (*p - plane.position).dot(normal);
                let mean = contour.points.iter().map(away).sum::<f64>() / contour.points.len() as f64;
                let is_near = |mm: f64| mm >= -below - SLACK && mm <= above + SLACK;
                if (alone || image.reaches(mean)) && contour.points.iter().all(|p| is_near(away(p))) {
                    placed.push(Placed {
                        roi,
                        shape: contour.shape,
                        points: contour.points.iter().map(|p| plane.to_pixel(*p)).collect(),
                    });
                }
            }
        }
        placed
    }
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;
    use overread_imaging::geometry::Plane;

    use super::*;
    use crate::objects::testing::{self, nest, object, put};

    fn structure_set(data: &str, kind: &str, image: &str) -> InMemDicomObject {
        let mut d = object("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT");
        put(&mut d, tags::STRUCTURE_SET_LABEL, VR::SH, "Plan A");
        let mut roi = InMemDicomObject::new_empty();
        put(&mut roi, tags::ROI_NUMBER, VR::IS, "7");
        put(&mut roi, tags::ROI_NAME, VR::LO, "PTV");
        put(&mut roi, tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, "7.7");
        nest(&mut d, tags::STRUCTURE_SET_ROI_SEQUENCE, vec![roi]);
        let mut contour = InMemDicomObject::new_empty();
        put(&mut contour, tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, kind);
        put(&mut contour, tags::CONTOUR_DATA, VR::DS, data);
        if !image.is_empty() {
            let mut reference = InMemDicomObject::new_empty();
            put(&mut reference, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, image);
            nest(&mut contour, tags::CONTOUR_IMAGE_SEQUENCE, vec![reference]);
        }
        let mut drawn = InMemDicomObject::new_empty();
        put(&mut drawn, tags::REFERENCED_ROI_NUMBER, VR::IS, "7");
        put(&mut drawn, tags::ROI_DISPLAY_COLOR, VR::IS, "255\\128\\0");
        nest(&mut drawn, tags::CONTOUR_SEQUENCE, vec![contour]);
        nest(&mut d, tags::ROI_CONTOUR_SEQUENCE, vec![drawn]);
        let mut seen = InMemDicomObject::new_empty();
        put(&mut seen, tags::REFERENCED_ROI_NUMBER, VR::IS, "7");
        put(&mut seen, tags::RTROI_INTERPRETED_TYPE, VR::CS, "PTV");
        nest(&mut d, tags::RTROI_OBSERVATIONS_SEQUENCE, vec![seen]);
        d
    }

    /// An oblique plane: rows along (3,4,0)/5, columns along (0,0,-1); 2 mm between rows, 0.5 between columns.
    fn oblique() -> Plane {
        Plane {
            position: DVec3::new(100.0, -50.0, 30.0),
            row_direction: DVec3::new(0.6, 0.8, 0.0),
            column_direction: DVec3::NEG_Z,
            row_spacing: 2.0,
            column_spacing: 0.5,
        }
    }

    fn image(plane: Plane) -> ImageFrame<'static> {
        ImageFrame {
            sop_uid: "1.5.1",
            frame: 1,
            frame_of_reference: Some("7.7"),
            plane: Some(plane),
            rows: 64,
            columns: 64,
            reach_mm: [1.5; 2],
        }
    }

    #[test]
    fn a_square_in_the_patient_lands_on_its_pixels() {
        // 10 mm along the row (20 px) and 8 mm down (4 px), from the pixel (column 4, row 1), worked out by hand:
        // (100,-50,30) + 2 mm x (0.6,0.8,0) + 2 mm x (0,0,-1) = (101.2,-48.4,28) and so on.
        let data = "101.2\\-48.4\\28\\107.2\\-40.4\\28\\107.2\\-40.4\\20\\101.2\\-48.4\\20";
        let set = read(&testing::file(structure_set(data, "CLOSED_PLANAR", ""))).expect("a set");
        assert_eq!(
            (set.rois[0].name.as_str(), set.rois[0].interpreted_type.as_str()),
            ("PTV", "PTV")
        );
        assert_eq!(set.rois[0].colour, [255, 128, 0]);
        let placed = set.on(&image(oblique()), &HashMap::new());
        assert_eq!(placed.len(), 1);
        let wanted = [(4.0, 1.0), (24.0, 1.0), (24.0, 5.0), (4.0, 5.0)];
        for (point, (column, row)) in placed[0].points.iter().zip(wanted) {
            assert!(
                (*point - DVec2::new(column, row)).length() < 1e-9,
                "{point:?} {column} {row}"
            );
        }
    }

    #[test]
    fn half_a_slice_away_is_the_next_slice() {
        let data = "101.2\\-48.4\\28\\107.2\\-40.4\\28\\107.2\\-40.4\\20";
        let moved = |by: f64| Plane {
            position: oblique().position + oblique().normal() * by,
            ..oblique()
        };
        let none = HashMap::new();
        let loose = read(&testing::file(structure_set(data, "CLOSED_PLANAR", ""))).expect("a set");
        assert_eq!(loose.on(&image(moved(1.4)), &none).len(), 1);
        assert_eq!(loose.on(&image(moved(1.6)), &none).len(), 0);
        // Drawn on this very image it may lie further off, even without a frame of reference.
        let named = read(&testing::file(structure_set(data, "CLOSED_PLANAR", "1.5.1"))).expect("a set");
        let mut unknown = image(moved(1.6));
        unknown.frame_of_reference = None;
        assert_eq!(named.on(&unknown, &none).len(), 1);
        assert_eq!(named.on(&image(moved(3.2)), &none).len(), 0);
        assert_eq!(loose.on(&unknown, &none).len(), 0);
    }

    #[test]
    fn a_contour_is_on_one_slice_and_on_the_one_that_it_names() {
        let data = "101.2\\-48.4\\28\\107.2\\-40.4\\28\\107.2\\-40.4\\20";
        let at = |by: f64| {
            image(Plane {
                position: oblique().position + oblique().normal() * by,
                ..oblique()
            })
        };
        // Half way between two slices 3 mm apart, rounded either way.
        let loose = read(&testing::file(structure_set(data, "CLOSED_PLANAR", ""))).expect("a set");
        for by in [1.5, 1.500_000_1, 1.499_999_9] {
            let on = |by| loose.on(&at(by), &HashMap::new()).len();
            assert_eq!(on(by) + on(by - 3.0), 1, "{by}");
        }
        // It lies on this slice and names another one, which is shown too, or is not.
        let other = read(&testing::file(structure_set(data, "CLOSED_PLANAR", "1.5.2"))).expect("a set");
        assert_eq!(
            other
                .on(&at(0.0), &HashMap::from([("1.5.1", 1), ("1.5.2", 1)]))
                .len(),
            0
        );
        assert_eq!(other.on(&at(0.0), &HashMap::from([("1.5.1", 1)])).len(), 1);
    }

    #[test]
    fn what_is_no_contour_is_counted_and_left_out() {
        let file = |data: &str, kind: &str| testing::file(structure_set(data, kind, ""));
        let bad = read(&file("1\\2\\x", "CLOSED_PLANAR")).expect("a set");
        assert_eq!((bad.unreadable, bad.rois[0].contours.len()), (1, 0));
        let odd = read(&file("1\\2\\3\\4", "POINT")).expect("a set");
        assert_eq!(odd.rois[0].contours[0].points, [DVec3::new(1.0, 2.0, 3.0)]);
        assert_eq!(read(&file("1\\2\\3", "SPHERE")).expect("a set").unreadable, 1);
    }
}
