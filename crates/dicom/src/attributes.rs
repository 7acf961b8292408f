//! Per-frame attributes: root data set, shared and per-frame functional groups (PS3.3 C.7.6.16), VOI, rescale, padding,
//! palette, plane and spacing, in the types of `imaging`.

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use glam::DVec3;
use overread_imaging::attributes::{FrameAttributes, LossyHistory, Palette};
use overread_imaging::geometry::{PixelSpacing, Plane, SpacingKind};
use overread_imaging::lut::Lut;
use overread_imaging::modality::{ModalityTransform, Unit};
use overread_imaging::voi::{Padding, Voi, VoiFunction, Window};

use crate::dataset::{bytes, integer, item, items, number, numbers, text, texts, vector};
use crate::error::DicomError;
use crate::pixels::PixelLayout;
use crate::syntax::Syntax;

/// What sets a frame apart for grouping, and how it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameContext {
    /// Attributes for the pipeline.
    pub attributes: Arc<FrameAttributes>,
    /// Echo Time, ms.
    pub echo_time: Option<f64>,
    /// Diffusion b-value, s/mm2.
    pub b_value: Option<f64>,
    /// Temporal position index.
    pub temporal_position: Option<i64>,
    /// Stack ID of an enhanced frame.
    pub stack_id: Option<String>,
}

/// Where a frame's attributes may stand: its own functional groups, the shared ones, the root.
struct Places<'a> {
    root: &'a InMemDicomObject,
    shared: Option<&'a InMemDicomObject>,
    own: Option<&'a InMemDicomObject>,
}

impl<'a> Places<'a> {
    /// The macro item of a functional group, the frame's own before the shared.
    fn group(&self, sequence: Tag) -> Option<&'a InMemDicomObject> {
        [self.own, self.shared]
            .into_iter()
            .flatten()
            .find_map(|place| item(place, sequence))
    }

    /// The functional group, or the root where classic images keep the same attributes.
    fn group_or_root(&self, sequence: Tag) -> &'a InMemDicomObject {
        self.group(sequence).unwrap_or(self.root)
    }
}

/// Contexts of all frames; frames of a classic file share one.
///
/// # Errors
/// [`DicomError::Missing`] for a palette image without palette.
pub fn frame_contexts(
    root: &InMemDicomObject,
    layout: &PixelLayout,
    syntax: &Syntax,
    warnings: &mut Vec<String>,
) -> Result<Vec<FrameContext>, DicomError> {
    let shared = item(root, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let own = items(root, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let fixed = Fixed::read(root, layout, syntax, warnings)?;
    if own.is_empty() {
        let context = fixed.context(
            &Places {
                root,
                shared,
                own: None,
            },
            layout,
        );
        return Ok(vec![context; layout.frames as usize]);
    }
    if own.len() != layout.frames as usize {
        warnings.push(format!(
            "{} frames and {} functional groups",
            layout.frames,
            own.len()
        ));
    }
    Ok((0..layout.frames as usize)
        .map(|i| {
            fixed.context(
                &Places {
                    root,
                    shared,
                    own: own.get(i),
                },
                layout,
            )
        })
        .collect())
}

/// What all frames of a file share.
struct Fixed {
    palette: Option<Arc<Palette>>,
    padding: Option<Padding>,
    lossy: LossyHistory,
    inverse: bool,
    modality: String,
    original: bool,
}

impl Fixed {
    fn read(
        root: &InMemDicomObject,
        layout: &PixelLayout,
        syntax: &Syntax,
        warnings: &mut Vec<String>,
    ) -> Result<Self, DicomError> {
        let palette = if layout.photometric == "PALETTE COLOR" {
            Some(Arc::new(
                palette(root, layout.signed).ok_or(DicomError::Missing("a usable colour palette"))?,
            ))
        } else {
            None
        };
        if text(root, tags::ICC_PROFILE).is_some() && layout.samples == 3 {
            warnings.push("the ICC profile was not applied: colours are shown as sRGB".to_owned());
        }
        Ok(Self {
            palette,
            padding: padding(root, layout),
            lossy: lossy(root, syntax),
            inverse: text(root, tags::PRESENTATION_LUT_SHAPE).as_deref() == Some("INVERSE"),
            modality: text(root, tags::MODALITY).unwrap_or_default(),
            original: texts(root, tags::IMAGE_TYPE)
                .first()
                .is_some_and(|v| v == "ORIGINAL"),
        })
    }

    fn context(&self, places: &Places<'_>, layout: &PixelLayout) -> FrameContext {
        let mut warnings = Vec::new();
        let transform = places.group_or_root(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
        let modality = modality_transform(transform, layout.signed).unwrap_or_default();
        let voi = places.group_or_root(tags::FRAME_VOILUT_SEQUENCE);
        let vois = vois(voi, places.root, layout, &modality);
        let plane = plane(places);
        let attributes = FrameAttributes {
            rows: layout.rows,
            columns: layout.columns,
            samples_per_pixel: layout.samples,
            bits_stored: u8::try_from(layout.bits_stored).unwrap_or(u8::MAX),
            photometric: layout.decoded_photometric(),
            unit: self.unit(transform, places.root, &modality),
            modality,
            default_voi: (!vois.is_empty()).then_some(0),
            vois,
            padding: self.padding,
            presentation_inverse: self.inverse,
            palette: self.palette.clone(),
            spacing: spacing(places, plane.as_ref(), &self.modality, &mut warnings),
            plane,
            lossy: self.lossy.clone(),
            warnings,
        };
        let mr = places.group_or_root(tags::MR_ECHO_SEQUENCE);
        FrameContext {
            attributes: Arc::new(attributes),
            echo_time: number(mr, tags::EFFECTIVE_ECHO_TIME).or_else(|| number(places.root, tags::ECHO_TIME)),
            b_value: places
                .group(tags::MR_DIFFUSION_SEQUENCE)
                .and_then(|d| number(d, tags::DIFFUSION_B_VALUE))
                .or_else(|| number(places.root, tags::DIFFUSION_B_VALUE)),
            temporal_position: places
                .group(tags::FRAME_CONTENT_SEQUENCE)
                .and_then(|c| integer(c, tags::TEMPORAL_POSITION_INDEX))
                .or_else(|| integer(places.root, tags::TEMPORAL_POSITION_IDENTIFIER)),
            stack_id: places
                .group(tags::FRAME_CONTENT_SEQUENCE)
                .and_then(|c| text(c, tags::STACK_ID)),
        }
    }

    /// The unit of modality values (PS3.3 C.11.1.1.2): Rescale Type, PET Units, and CT's implied HU.
    fn unit(
        &self,
        transform: &InMemDicomObject,
        root: &InMemDicomObject,
        modality: &ModalityTransform,
    ) -> Unit {
        if let Some(units) = text(root, tags::UNITS).filter(|_| self.modality == "PT") {
            return if units == "BQML" {
                Unit::BecquerelPerMl
            } else {
                Unit::Named(units)
            };
        }
        let written = text(transform, tags::RESCALE_TYPE).or_else(|| {
            item(transform, tags::MODALITY_LUT_SEQUENCE).and_then(|l| text(l, tags::MODALITY_LUT_TYPE))
        });
        match written.as_deref() {
            Some("HU") => Unit::Hounsfield,
            Some("US") => Unit::Unspecified,
            Some(other) => Unit::Named(other.to_owned()),
            None if self.modality == "CT" && self.original && *modality != ModalityTransform::Identity => {
                Unit::Hounsfield
            }
            None => Unit::Unspecified,
        }
    }
}

fn modality_transform(place: &InMemDicomObject, signed: bool) -> Option<ModalityTransform> {
    if let Some(lut) = item(place, tags::MODALITY_LUT_SEQUENCE).and_then(|l| lut(l, signed)) {
        return Some(ModalityTransform::Lut(lut));
    }
    let slope = number(place, tags::RESCALE_SLOPE);
    let intercept = number(place, tags::RESCALE_INTERCEPT);
    if slope.is_none() && intercept.is_none() {
        return None;
    }
    // A slope of 0 would make every pixel the same: it is a writer's way of saying nothing.
    let slope = slope.filter(|s| *s != 0.0).unwrap_or(1.0);
    Some(ModalityTransform::Rescale {
        slope,
        intercept: intercept.unwrap_or(0.0),
    })
}

fn vois(
    place: &InMemDicomObject,
    root: &InMemDicomObject,
    layout: &PixelLayout,
    modality: &ModalityTransform,
) -> Vec<Voi> {
    if layout.samples != 1 || layout.photometric == "PALETTE COLOR" {
        return Vec::new();
    }
    let function = match text(place, tags::VOILUT_FUNCTION).as_deref() {
        Some("LINEAR_EXACT") => VoiFunction::LinearExact,
        Some("SIGMOID") => VoiFunction::Sigmoid,
        _ => VoiFunction::Linear,
    };
    let explanations = texts(place, tags::WINDOW_CENTER_WIDTH_EXPLANATION);
    let windows = numbers(place, tags::WINDOW_CENTER)
        .into_iter()
        .zip(numbers(place, tags::WINDOW_WIDTH))
        .enumerate();
    let mut all: Vec<Voi> = windows
        .filter_map(|(i, (center, width))| {
            let explanation = explanations.get(i).filter(|e| !e.is_empty()).cloned();
            Some(Voi::Window(Window {
                center: center?,
                width: width.filter(|w| *w > 0.0)?,
                function,
                explanation,
            }))
        })
        .collect();
    // After a rescale that reaches below zero the table's first input is signed too (PS3.3 C.11.2.1.1).
    let signed_input = match modality {
        ModalityTransform::Identity => layout.signed,
        ModalityTransform::Rescale { intercept, .. } => layout.signed || *intercept < 0.0,
        ModalityTransform::Lut(_) => false,
    };
    let luts = items(root, tags::VOILUT_SEQUENCE);
    all.extend(luts.iter().filter_map(|l| lut(l, signed_input)).map(Voi::Lut));
    all
}

/// A Modality or VOI LUT item: descriptor (0028,3002), data (0028,3006), explanation.
fn lut(item: &InMemDicomObject, signed_input: bool) -> Option<Lut> {
    let descriptor: Vec<i64> = numbers(item, tags::LUT_DESCRIPTOR)
        .into_iter()
        .map(|v| {
            #[expect(clippy::cast_possible_truncation, reason = "16-bit values")]
            v.map(|v| v as i64)
        })
        .collect::<Option<_>>()?;
    let &[count, first, bits] = descriptor.as_slice() else {
        return None;
    };
    let count = usize::try_from(count.rem_euclid(65_536))
        .ok()
        .filter(|n| *n > 0)
        .unwrap_or(65_536);
    let first = if signed_input && first > 32_767 {
        first - 65_536
    } else {
        first
    };
    let bits = u8::try_from(bits)
        .ok()
        .filter(|b| (1..=16).contains(b))
        .unwrap_or(16);
    let entries = table(&bytes(item, tags::LUT_DATA)?, count)?;
    Some(Lut {
        first_mapped: i32::try_from(first).ok()?,
        bits,
        entries: entries.into(),
        explanation: text(item, tags::LUT_EXPLANATION),
    })
}

/// Entries of a table: 16-bit words, or bytes where the data are just as long as the count.
fn table(data: &[u8], count: usize) -> Option<Vec<u16>> {
    if data.len() >= count * 2 {
        Some(
            data.chunks_exact(2)
                .take(count)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
                .collect(),
        )
    } else if data.len() >= count {
        Some(data.iter().take(count).map(|b| u16::from(*b)).collect())
    } else {
        None
    }
}

fn padding(root: &InMemDicomObject, layout: &PixelLayout) -> Option<Padding> {
    let fix = |v: i64| {
        let modulus = 1_i64 << layout.bits_allocated.min(32);
        if layout.signed && v >= modulus / 2 {
            v - modulus
        } else {
            v
        }
    };
    if layout.samples != 1 || layout.photometric == "PALETTE COLOR" {
        return None;
    }
    let value = fix(integer(root, tags::PIXEL_PADDING_VALUE)?);
    let limit = integer(root, tags::PIXEL_PADDING_RANGE_LIMIT).map_or(value, fix);
    Some(Padding {
        low: value.min(limit),
        high: value.max(limit),
    })
}

fn lossy(root: &InMemDicomObject, syntax: &Syntax) -> LossyHistory {
    LossyHistory {
        lossy: syntax.lossy || text(root, tags::LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01"),
        ratio: numbers(root, tags::LOSSY_IMAGE_COMPRESSION_RATIO)
            .into_iter()
            .flatten()
            .next_back(),
        method: texts(root, tags::LOSSY_IMAGE_COMPRESSION_METHOD)
            .pop()
            .filter(|m| !m.is_empty()),
    }
}

/// Red, green and blue tables, plain or segmented (PS3.3 C.7.9.2), to 8 bits.
fn palette(root: &InMemDicomObject, signed: bool) -> Option<Palette> {
    let colours = [
        (
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
    ];
    let mut first = 0_i64;
    let mut bits = 16;
    let mut tables = Vec::new();
    for (descriptor, data, segmented) in colours {
        let d: Vec<i64> = numbers(root, descriptor)
            .into_iter()
            .map(|v| {
                #[expect(clippy::cast_possible_truncation, reason = "16-bit values")]
                v.map(|v| v as i64)
            })
            .collect::<Option<_>>()?;
        let &[count, from, width] = d.as_slice() else {
            return None;
        };
        let count = usize::try_from(count.rem_euclid(65_536))
            .ok()
            .filter(|n| *n > 0)
            .unwrap_or(65_536);
        first = if signed && from > 32_767 {
            from - 65_536
        } else {
            from
        };
        bits = width;
        tables.push(match bytes(root, data) {
            Some(data) => table(&data, count)?,
            None => segments(&bytes(root, segmented)?, width <= 8, count)?,
        });
    }
    let length = tables.iter().map(Vec::len).min()?;
    // Descriptors lie about their bits: entries that all fit a byte are bytes.
    let wide = bits > 8 && tables.iter().flatten().any(|v| *v > 255);
    #[expect(clippy::cast_possible_truncation, reason = "the upper or only byte")]
    let byte = |v: u16| if wide { (v >> 8) as u8 } else { v.min(255) as u8 };
    let entries: Vec<[u8; 3]> = (0..length)
        .map(|i| [byte(tables[0][i]), byte(tables[1][i]), byte(tables[2][i])])
        .collect();
    Some(Palette {
        first_mapped: i32::try_from(first).ok()?,
        entries: entries.into(),
    })
}

/// Unfolds segments: discrete, linear, indirect.
fn segments(data: &[u8], narrow: bool, count: usize) -> Option<Vec<u16>> {
    let words: Vec<u16> = if narrow {
        data.iter().map(|b| u16::from(*b)).collect()
    } else {
        data.chunks_exact(2)
            .map(|b| u16::from_le_bytes([b[0], b[1]]))
            .collect()
    };
    let mut out = Vec::with_capacity(count);
    let mut at = 0;
    while out.len() < count && at + 1 < words.len() {
        at = segment(&words, at, &mut out, count, true)?;
    }
    (out.len() >= count).then(|| {
        out.truncate(count);
        out
    })
}

fn segment(words: &[u16], at: usize, out: &mut Vec<u16>, most: usize, may_jump: bool) -> Option<usize> {
    let (&opcode, &length) = (words.get(at)?, words.get(at + 1)?);
    let length_usize = usize::from(length);
    match opcode {
        0 => {
            out.extend(
                words
                    .get(at + 2..at + 2 + length_usize)?
                    .iter()
                    .take(most - out.len().min(most)),
            );
            Some(at + 2 + length_usize)
        }
        1 => {
            let (from, to) = (f64::from(*out.last()?), f64::from(*words.get(at + 2)?));
            for i in 1..=length_usize.min(most - out.len().min(most)) {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between two 16-bit values"
                )]
                out.push((from + (to - from) * i as f64 / f64::from(length) + 0.5).floor() as u16);
            }
            Some(at + 3)
        }
        2 if may_jump => {
            let target = usize::from(*words.get(at + 2)?) | (usize::from(*words.get(at + 3)?) << 16);
            let mut inner = target;
            for _ in 0..length {
                inner = segment(words, inner, out, most, false)?;
            }
            Some(at + 4)
        }
        _ => None,
    }
}

fn plane(places: &Places<'_>) -> Option<Plane> {
    let position = vector::<3>(
        places.group_or_root(tags::PLANE_POSITION_SEQUENCE),
        tags::IMAGE_POSITION_PATIENT,
    )?;
    let o = vector::<6>(
        places.group_or_root(tags::PLANE_ORIENTATION_SEQUENCE),
        tags::IMAGE_ORIENTATION_PATIENT,
    )?;
    let row = DVec3::new(o[0], o[1], o[2]).try_normalize()?;
    let column = DVec3::new(o[3], o[4], o[5]).try_normalize()?;
    // Directions that are not square to each other describe no image plane.
    if row.dot(column).abs() > 0.01 {
        return None;
    }
    let [row_spacing, column_spacing] = pixel_spacing(places, tags::PIXEL_SPACING).unwrap_or([1.0, 1.0]);
    Some(Plane {
        position: DVec3::from_array(position),
        row_direction: row,
        column_direction: column,
        row_spacing,
        column_spacing,
    })
}

fn pixel_spacing(places: &Places<'_>, tag: Tag) -> Option<[f64; 2]> {
    vector::<2>(places.group_or_root(tags::PIXEL_MEASURES_SEQUENCE), tag)
        .or_else(|| vector::<2>(places.root, tag))
        .filter(|s| s.iter().all(|v| *v > 0.0))
}

/// PS3.3 10.7.1.3: what the spacing means depends on the modality and on which attributes are there.
fn spacing(
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
    if scales.any(|s| s != first) || regions.len() > 1 {
        return None;
    }
    Some(PixelSpacing {
        mm: Some(first),
        kind: SpacingKind::Calibrated,
        aspect: first[0] / first[1],
    })
}
