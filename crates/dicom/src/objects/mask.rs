//! The pixels of an image frame that segments cover: by place in the patient where both planes and their frame of
//! reference are known, else by the reference to the image that a frame was made from.

use glam::{DVec2, DVec3};
use overread_imaging::geometry::Plane;
use overread_imaging::samples::Samples;

use crate::decode::decode_with;
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::objects::seg::{Coding, SegmentFrame, Segmentation};
use crate::objects::{HALF_WAY, ImageFrame};

/// Cosine of the angle up to which two planes are parallel (about 0.8 degrees).
const PARALLEL: f64 = 0.9999;
/// Slack of a comparison of positions, mm: decimal strings are rounded.
const SLACK: f64 = 0.01;

/// Pixels of an image frame that belong to a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Segment Number.
    pub segment: u16,
    /// True where the segment is; `rows * columns` of the image, row-major.
    pub cells: Vec<bool>,
}

/// How the frames of a segmentation meet an image frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// By planes in the same frame of reference.
    Place,
    /// By the reference to the image.
    Reference,
}

/// Frames (from 0) of a segmentation that belong to an image frame: for each segment the nearest of those within half a
/// slice of either, or those made from it. A label map counts as one segment.
pub fn frames_on(seg: &Segmentation, image: &ImageFrame<'_>) -> Vec<(usize, Meeting)> {
    let mut near: Vec<(usize, f64)> = Vec::new();
    let mut met = Vec::new();
    // A thick frame belongs to all thin slices within it.
    let thick = seg.spacing.or(seg.header.thickness).map_or(0.0, |mm| mm / 2.0);
    let same_place = image.shares(seg.frame_of_reference.as_deref());
    for (index, frame) in seg.frames.iter().enumerate() {
        if let (true, Some(plane), Some(under)) = (same_place, frame.plane, image.plane) {
            near.extend(
                along(&plane, &under)
                    .filter(|mm| image.reaches(*mm) || (*mm > HALF_WAY - thick && *mm <= HALF_WAY + thick))
                    .map(|mm| (index, mm.abs())),
            );
        } else if is_made_from(frame, image)
            && (seg.header.layout.rows, seg.header.layout.columns) == (image.rows, image.columns)
        {
            met.push((index, Meeting::Reference));
        }
    }
    let mut segments: Vec<Option<u16>> = near.iter().map(|(index, _)| seg.frames[*index].segment).collect();
    segments.sort_unstable();
    segments.dedup();
    for segment in segments {
        let of_it = || {
            near.iter()
                .filter(|(index, _)| seg.frames[*index].segment == segment)
        };
        let Some(&(first, least)) = of_it().min_by(|a, b| a.1.total_cmp(&b.1)) else {
            continue;
        };
        // Further frames of one segment at the same place: a segmentation in time, or tiles of one plane.
        let place = seg.frames[first].plane.map(|p| p.position.dot(p.normal()));
        let together: Vec<usize> = of_it()
            .filter(|(index, mm)| {
                let other = seg.frames[*index].plane.map(|p| p.position.dot(p.normal()));
                *mm <= least + SLACK && place.zip(other).is_some_and(|(a, b)| (a - b).abs() <= SLACK)
            })
            .map(|(index, _)| *index)
            .collect();
        // Where time matters, the frame made from this very image is the right one.
        let made: Vec<usize> = together
            .iter()
            .copied()
            .filter(|index| is_made_from(&seg.frames[*index], image))
            .collect();
        let right = if made.is_empty() { together } else { made };
        met.extend(right.into_iter().map(|index| (index, Meeting::Place)));
    }
    met.sort_by_key(|(index, _)| *index);
    met
}

/// Source images that name this one: one of many named by every frame says nothing of where the frame lies.
fn is_made_from(frame: &SegmentFrame, image: &ImageFrame<'_>) -> bool {
    frame.sources.iter().any(|source| image.is_named_by(source))
        && (frame.plane.is_none() || frame.sources.len() <= 4)
}

/// Distance of two parallel planes, mm; `None` when they are not parallel.
pub fn distance(a: &Plane, b: &Plane) -> Option<f64> {
    along(a, b).map(f64::abs)
}

/// How far a plane lies along the normal of one that it is parallel to, mm.
fn along(a: &Plane, b: &Plane) -> Option<f64> {
    let normal = b.normal();
    (a.normal().dot(normal).abs() >= PARALLEL).then(|| (a.position - b.position).dot(normal))
}

/// Masks of all segments on an image frame, those that are empty there left out. Frames of another grid are taken at
/// the nearest pixel; fractional ones from half of their maximum on.
///
/// # Errors
/// Whatever is wrong with a frame's pixels.
pub fn masks(file: &DicomFile, seg: &Segmentation, image: &ImageFrame<'_>) -> Result<Vec<Mask>, DicomError> {
    let mut found: Vec<Mask> = Vec::new();
    let size = image.rows as usize * image.columns as usize;
    let mut slots: Vec<Option<usize>> = vec![None; 1 << 16];
    let mut known = vec![false; 1 << 16];
    // Value 0 of a label map is the background, also where a segment of that number describes it.
    let is_drawn = |number: u16| number > 0 || seg.coding != Coding::LabelMap;
    for segment in seg.segments.iter().filter(|s| is_drawn(s.number)) {
        known[usize::from(segment.number)] = true;
    }
    for (index, meeting) in frames_on(seg, image) {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let frame = decode_with(file, &seg.header, number)?;
        let place = match meeting {
            Meeting::Place => seg.frames[index].plane.zip(image.plane),
            Meeting::Reference => None,
        };
        let grid = Grid::new(seg, image, place);
        let least = match seg.coding {
            Coding::Fractional { maximum, .. } => f64::from(maximum) / 2.0,
            _ => 1.0,
        };
        let mut mark = |segment: u16, cell: usize| {
            let slot = &mut slots[usize::from(segment)];
            let at = *slot.get_or_insert(found.len());
            if at == found.len() {
                found.push(Mask {
                    segment,
                    cells: vec![false; size],
                });
            }
            found[at].cells[cell] = true;
        };
        for (cell, from) in grid.cells() {
            let value = stored(&frame.samples, from);
            match (seg.coding, seg.frames[index].segment) {
                (Coding::LabelMap, _) => {
                    if let Some(segment) = label(value).filter(|n| known[usize::from(*n)]) {
                        mark(segment, cell);
                    }
                }
                (_, Some(segment)) if value >= least => mark(segment, cell),
                _ => {}
            }
        }
    }
    found.sort_by_key(|m| m.segment);
    Ok(found)
}

fn stored(samples: &Samples, at: usize) -> f64 {
    if at < samples.len() {
        samples.value(at)
    } else {
        0.0
    }
}

fn label(value: f64) -> Option<u16> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    {
        (value >= 0.0 && value <= f64::from(u16::MAX)).then_some(value as u16)
    }
}

/// From pixels of the image to the nearest of the segmentation's.
struct Grid {
    rows: usize,
    columns: usize,
    from_rows: f64,
    from_columns: f64,
    origin: DVec2,
    along_row: DVec2,
    down_column: DVec2,
}

impl Grid {
    fn new(seg: &Segmentation, image: &ImageFrame<'_>, place: Option<(Plane, Plane)>) -> Self {
        let at = |column: f64, row: f64| match place {
            Some((of_seg, of_image)) => {
                let point: DVec3 = of_image.to_patient(DVec2::new(column, row));
                of_seg.to_pixel(point)
            }
            None => DVec2::new(column, row),
        };
        let origin = at(0.0, 0.0);
        Self {
            rows: image.rows as usize,
            columns: image.columns as usize,
            from_rows: f64::from(seg.header.layout.rows),
            from_columns: f64::from(seg.header.layout.columns),
            origin,
            along_row: at(1.0, 0.0) - origin,
            down_column: at(0.0, 1.0) - origin,
        }
    }

    /// Every pixel of the image that has one of the segmentation below it: (cell of the image, cell of the frame).
    fn cells(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.rows).flat_map(move |row| {
            (0..self.columns).filter_map(move |column| {
                let at = self.origin + self.along_row * column as f64 + self.down_column * row as f64;
                // Ties go one way, whatever the rounding of the header's decimals.
                let (c, r) = ((at.x + 0.5 + 1e-6).floor(), (at.y + 0.5 + 1e-6).floor());
                let inside = c >= 0.0 && r >= 0.0 && c < self.from_columns && r < self.from_rows;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "inside the grid"
                )]
                inside.then(|| {
                    (
                        row * self.columns + column,
                        r as usize * self.from_columns as usize + c as usize,
                    )
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;

    use super::*;
    use crate::objects::seg;
    use crate::objects::testing::{self, code, nest, object, put, put_u16};

    const ROWS: u32 = 3;
    const COLUMNS: u32 = 5;

    fn group(d: &mut InMemDicomObject, sequence: dicom_core::Tag, fill: impl Fn(&mut InMemDicomObject)) {
        let mut item = InMemDicomObject::new_empty();
        fill(&mut item);
        nest(d, sequence, vec![item]);
    }

    /// Two segments on planes z = 0 and 4 of 3 x 5 pixels, one bit a pixel: 15 bits a frame, so that every frame but
    /// the first begins inside a byte.
    fn segmentation(kind: &str, with_place: bool) -> InMemDicomObject {
        let mut d = object("1.2.840.10008.5.1.4.1.1.66.4", "SEG");
        put(&mut d, tags::CONTENT_LABEL, VR::CS, "TWO");
        put(&mut d, tags::SEGMENTATION_TYPE, VR::CS, kind);
        put(&mut d, tags::FRAME_OF_REFERENCE_UID, VR::UI, "7.7");
        put_u16(&mut d, tags::ROWS, &[3]);
        put_u16(&mut d, tags::COLUMNS, &[5]);
        put_u16(&mut d, tags::BITS_ALLOCATED, &[1]);
        put_u16(&mut d, tags::BITS_STORED, &[1]);
        put_u16(&mut d, tags::HIGH_BIT, &[0]);
        put_u16(&mut d, tags::SAMPLES_PER_PIXEL, &[1]);
        put_u16(&mut d, tags::PIXEL_REPRESENTATION, &[0]);
        put(&mut d, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
        put(&mut d, tags::NUMBER_OF_FRAMES, VR::IS, "4");
        let segments = (1..=2)
            .map(|n: u16| {
                let mut s = InMemDicomObject::new_empty();
                put_u16(&mut s, tags::SEGMENT_NUMBER, &[n]);
                put(
                    &mut s,
                    tags::SEGMENT_LABEL,
                    VR::LO,
                    ["Liver", "Spleen"][usize::from(n) - 1],
                );
                let property = code("10200004", "SCT", "Liver");
                nest(
                    &mut s,
                    tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE,
                    vec![property],
                );
                if n == 1 {
                    put_u16(
                        &mut s,
                        tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE,
                        &[65535, 32896, 32896],
                    );
                }
                s
            })
            .collect();
        nest(&mut d, tags::SEGMENT_SEQUENCE, segments);
        group(&mut d, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, |shared| {
            group(shared, tags::PIXEL_MEASURES_SEQUENCE, |m| {
                put(m, tags::PIXEL_SPACING, VR::DS, "2\\2");
            });
            group(shared, tags::PLANE_ORIENTATION_SEQUENCE, |o| {
                put(o, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
            });
        });
        let frames = (0..4_u16)
            .map(|i| {
                let mut f = InMemDicomObject::new_empty();
                group(&mut f, tags::SEGMENT_IDENTIFICATION_SEQUENCE, |s| {
                    put_u16(s, tags::REFERENCED_SEGMENT_NUMBER, &[i / 2 + 1]);
                });
                if with_place {
                    group(&mut f, tags::PLANE_POSITION_SEQUENCE, |p| {
                        let z = f64::from(i % 2) * 4.0;
                        put(p, tags::IMAGE_POSITION_PATIENT, VR::DS, &format!("10\\20\\{z}"));
                    });
                }
                group(&mut f, tags::DERIVATION_IMAGE_SEQUENCE, |derivation| {
                    group(derivation, tags::SOURCE_IMAGE_SEQUENCE, |source| {
                        let uid = format!("1.5.{}", i % 2);
                        put(source, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &uid);
                    });
                });
                f
            })
            .collect();
        nest(&mut d, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames);
        // Frame i has its pixel number i set, and the last pixel of all.
        let mut bits = vec![0_u8; 8];
        for i in 0..4_usize {
            for pixel in [i, 14] {
                let bit = i * 15 + pixel;
                bits[bit / 8] |= 1 << (bit % 8);
            }
        }
        let pixels = PrimitiveValue::U8(bits.into_iter().collect());
        d.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
        d
    }

    fn plane(z: f64) -> Plane {
        Plane {
            position: DVec3::new(10.0, 20.0, z),
            row_direction: DVec3::X,
            column_direction: DVec3::Y,
            row_spacing: 2.0,
            column_spacing: 2.0,
        }
    }

    fn image(plane: Option<Plane>) -> ImageFrame<'static> {
        ImageFrame {
            sop_uid: "1.5.1",
            frame: 1,
            frame_of_reference: Some("7.7"),
            plane,
            rows: ROWS,
            columns: COLUMNS,
            reach_mm: [2.0; 2],
        }
    }

    fn set(mask: &Mask) -> Vec<usize> {
        let cells = mask.cells.iter().enumerate();
        cells.filter(|(_, is_set)| **is_set).map(|(i, _)| i).collect()
    }

    #[test]
    fn bits_run_on_across_frames_and_segments_keep_apart() {
        let file = testing::file(segmentation("BINARY", true));
        let seg = seg::read(Path::new("a"), &file).expect("a segmentation");
        assert_eq!(seg.label, "TWO");
        assert_eq!(
            (seg.segments[0].label.as_str(), seg.segments[0].colour),
            ("Liver", [255; 3])
        );
        assert!(!seg.segments[1].colour_given);
        // 1.9 mm off z = 4 and 2.1 off nothing: the second frame of each segment.
        let found = masks(&file, &seg, &image(Some(plane(5.9)))).expect("masks");
        let seen: Vec<(u16, Vec<usize>)> = found.iter().map(|m| (m.segment, set(m))).collect();
        assert_eq!(seen, [(1, vec![1, 14]), (2, vec![3, 14])]);
        assert_eq!(masks(&file, &seg, &image(Some(plane(6.1)))).expect("none"), []);
    }

    #[test]
    fn a_label_map_has_a_background() {
        let mut d = segmentation("LABELMAP", true);
        put_u16(&mut d, tags::BITS_ALLOCATED, &[8]);
        put_u16(&mut d, tags::BITS_STORED, &[8]);
        put_u16(&mut d, tags::HIGH_BIT, &[7]);
        let mut background = InMemDicomObject::new_empty();
        put_u16(&mut background, tags::SEGMENT_NUMBER, &[0]);
        let mut liver = InMemDicomObject::new_empty();
        put_u16(&mut liver, tags::SEGMENT_NUMBER, &[2]);
        nest(&mut d, tags::SEGMENT_SEQUENCE, vec![background, liver]);
        // Pixel k of every frame is k modulo 4; nothing is segment 1 or 3.
        let pixels = PrimitiveValue::U8((0..60).map(|i| i % 15 % 4).collect());
        d.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
        let file = testing::file(d);
        let seg = seg::read(Path::new("a"), &file).expect("a segmentation");
        let found = masks(&file, &seg, &image(Some(plane(0.0)))).expect("masks");
        let seen: Vec<(u16, Vec<usize>)> = found.iter().map(|m| (m.segment, set(m))).collect();
        assert_eq!(seen, [(2, vec![2, 6, 10, 14])]);
    }

    #[test]
    fn half_way_between_two_planes_one_is_taken() {
        let file = testing::file(segmentation("BINARY", true));
        let seg = seg::read(Path::new("a"), &file).expect("a segmentation");
        assert_eq!(frames_on(&seg, &image(Some(plane(2.0)))).len(), 2);
    }

    #[test]
    fn a_thick_frame_is_on_every_thin_slice_within_it() {
        let mut d = segmentation("BINARY", true);
        group(&mut d, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, |shared| {
            group(shared, tags::PIXEL_MEASURES_SEQUENCE, |m| {
                put(m, tags::PIXEL_SPACING, VR::DS, "2\\2");
                put(m, tags::SLICE_THICKNESS, VR::DS, "4");
            });
            group(shared, tags::PLANE_ORIENTATION_SEQUENCE, |o| {
                put(o, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
            });
        });
        let seg = seg::read(Path::new("a"), &testing::file(d)).expect("a segmentation");
        let on = |z: f64| {
            let mut thin = image(Some(plane(z)));
            thin.reach_mm = [0.5; 2];
            frames_on(&seg, &thin)
                .into_iter()
                .map(|(index, _)| index)
                .collect::<Vec<_>>()
        };
        let lower = vec![0, 2];
        let upper = vec![1, 3];
        let slices: Vec<Vec<usize>> = (-3..=7).map(|z| on(f64::from(z))).collect();
        let none = Vec::new;
        let around_lower = vec![lower; 4];
        let around_upper = vec![upper; 4];
        assert_eq!(
            slices,
            [vec![none()], around_lower, around_upper, vec![none(); 2]].concat()
        );
    }

    #[test]
    fn another_frame_of_reference_is_another_patient_space() {
        let file = testing::file(segmentation("BINARY", true));
        let seg = seg::read(Path::new("a"), &file).expect("a segmentation");
        let mut elsewhere = image(Some(plane(4.0)));
        elsewhere.frame_of_reference = Some("8.8");
        elsewhere.sop_uid = "9.9";
        assert_eq!(frames_on(&seg, &elsewhere), []);
        elsewhere.frame_of_reference = None;
        assert_eq!(frames_on(&seg, &elsewhere), []);
    }

    #[test]
    fn without_planes_the_reference_decides() {
        let file = testing::file(segmentation("BINARY", false));
        let seg = seg::read(Path::new("a"), &file).expect("a segmentation");
        let found = masks(&file, &seg, &image(None)).expect("masks");
        assert_eq!(found.iter().map(set).collect::<Vec<_>>(), [[1, 14], [3, 14]]);
        let mut larger = image(None);
        larger.rows = 4;
        assert_eq!(masks(&file, &seg, &larger).expect("none"), []);
    }

    #[test]
    fn a_finer_turned_grid_takes_the_nearest_pixel() {
        let file = testing::file(segmentation("BINARY", true));
        let seg = seg::read(Path::new("a"), &file).expect("a segmentation");
        // 1 mm pixels whose columns run along the patient's x: a transposed picture of the same place.
        let turned = Plane {
            row_direction: DVec3::Y,
            column_direction: DVec3::X,
            row_spacing: 1.0,
            column_spacing: 1.0,
            ..plane(0.0)
        };
        let mut finer = image(Some(turned));
        (finer.rows, finer.columns) = (9, 5);
        let found = masks(&file, &seg, &finer).expect("masks");
        // Segment 1 at z = 0: pixels (column, row) (0,0) and (4,2), that is patient (10,20) and (18,24). The normal is
        // turned round, which changes no distance.
        let cells = set(&found[0]);
        assert!(cells.contains(&0) && cells.contains(&(8 * 5 + 4)), "{cells:?}");
        // (18,24) lies at row 8, column 4; half a pixel of 2 mm around it is one row and one column less.
        assert!(
            cells.contains(&(7 * 5 + 3)) && !cells.contains(&(6 * 5 + 3)),
            "{cells:?}"
        );
    }
}
