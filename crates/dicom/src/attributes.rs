//! Per-frame attributes: root data set, shared and per-frame functional groups (PS3.3 C.7.6.16), VOI, rescale, padding,
//! palette, plane and spacing, in the types of `imaging`.

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use glam::DVec3;
use overread_imaging::attributes::{FrameAttributes, LossyHistory, Palette};
use overread_imaging::geometry::{Plane, UltrasoundRegion};
use overread_imaging::modality::{ModalityTransform, Unit};
use overread_imaging::profile::ColourProfile;
use overread_imaging::shutter::Shutter;
use overread_imaging::suv::Suv;
use overread_imaging::voi::{Padding, Voi, VoiFunction, Window};

use crate::dataset::{integer, item, items, number, numbers, text, texts, vector};
use crate::dimensions::{Coordinates, Shared, b_value, coordinates};
use crate::error::DicomError;
use crate::missing;
use crate::pixels::PixelLayout;
use crate::profile::profile;
use crate::shutter::shutter;
use crate::spacing::{pixel_spacing, regions, spacing};
use crate::stacking::Stacking;
use crate::suv::suv;
use crate::syntax::Syntax;
use crate::tables::{self, lut};

/// What sets a frame apart for grouping, and how it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameContext {
    /// Attributes for the pipeline.
    pub attributes: Arc<FrameAttributes>,
    /// Echo Time, ms.
    pub echo_time: Option<f64>,
    /// Diffusion b-value, s/mm2.
    pub b_value: Option<f64>,
    /// Stack ID of an enhanced frame.
    pub stack_id: Option<String>,
    /// In-Stack Position Number of an enhanced frame.
    pub in_stack_position: Option<i64>,
    /// What else sets it apart from frames at the same place.
    pub coordinates: Coordinates,
}

/// Where a frame's attributes may stand: its own functional groups, the shared ones, the root.
pub(crate) struct Places<'a> {
    pub(crate) root: &'a InMemDicomObject,
    shared: Option<&'a InMemDicomObject>,
    own: Option<&'a InMemDicomObject>,
}

impl<'a> Places<'a> {
    /// The macro item of a functional group, the frame's own before the shared.
    pub(crate) fn group(&self, sequence: Tag) -> Option<&'a InMemDicomObject> {
        [self.own, self.shared]
            .into_iter()
            .flatten()
            .find_map(|place| item(place, sequence))
    }

    /// The functional group, or the root where classic images keep the same attributes.
    pub(crate) fn group_or_root(&self, sequence: Tag) -> &'a InMemDicomObject {
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
    if own.is_empty() && !fixed.varies() {
        let places = Places {
            root,
            shared,
            own: None,
        };
        let context = fixed.context(&places, layout, 0);
        let contexts = vec![context; layout.frames as usize];
        return Ok(mark_missing(contexts, layout));
    }
    if !own.is_empty() && own.len() != layout.frames as usize {
        warnings.push(format!(
            "{} frames and {} functional groups",
            layout.frames,
            own.len()
        ));
    }
    let contexts = (0..layout.frames as usize)
        .map(|i| {
            fixed.context(
                &Places {
                    root,
                    shared,
                    own: own.get(i),
                },
                layout,
                i,
            )
        })
        .collect();
    Ok(mark_missing(contexts, layout))
}

/// The last frame may lack rows.
fn mark_missing(mut contexts: Vec<FrameContext>, layout: &PixelLayout) -> Vec<FrameContext> {
    if layout.rows_there < layout.rows
        && let Some(last) = contexts.last_mut()
    {
        missing::mark(Arc::make_mut(&mut last.attributes), layout, layout.rows_there);
    }
    contexts
}

/// What all frames of a file share.
struct Fixed {
    palette: Option<Arc<Palette>>,
    supplemental: Option<Arc<Palette>>,
    profile: Option<Arc<ColourProfile>>,
    padding: Option<Padding>,
    lossy: LossyHistory,
    inverse: bool,
    modality: String,
    original: bool,
    stacking: Stacking,
    dimensions: Shared,
    regions: Arc<[UltrasoundRegion]>,
    suv: Option<Arc<Suv>>,
    measured_only: bool,
    shutter: Option<Arc<Shutter>>,
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
                tables::palette(root, layout.signed).ok_or_else(|| no_palette(root))?,
            ))
        } else {
            None
        };
        let coloured = layout.samples == 3 || palette.is_some();
        let profile = coloured.then(|| profile(root, warnings)).flatten().map(Arc::new);
        let grey = text(root, tags::PIXEL_PRESENTATION).as_deref() == Some("MONOCHROME");
        let supplemental = (layout.photometric == "MONOCHROME2" && layout.samples == 1 && !grey)
            .then(|| tables::palette(root, layout.signed))
            .flatten()
            .map(Arc::new);
        let modality = text(root, tags::MODALITY).unwrap_or_default();
        Ok(Self {
            palette,
            supplemental,
            profile,
            padding: padding(root, layout),
            lossy: lossy(root, syntax),
            inverse: text(root, tags::PRESENTATION_LUT_SHAPE).as_deref() == Some("INVERSE"),
            suv: suv(root, &modality).map(Arc::new),
            modality,
            original: texts(root, tags::IMAGE_TYPE)
                .first()
                .is_some_and(|v| v == "ORIGINAL"),
            stacking: Stacking::read(root, layout.frames),
            dimensions: Shared::read(root),
            regions: regions(root),
            measured_only: is_angiography(&text(root, tags::SOP_CLASS_UID).unwrap_or_default()),
            shutter: shutter(root).map(Arc::new),
        })
    }

    /// True when frames differ although they have no functional groups of their own.
    fn varies(&self) -> bool {
        self.stacking.is_stacked() || self.dimensions.varies()
    }

    /// The context of a frame, counted from 0.
    fn context(&self, places: &Places<'_>, layout: &PixelLayout, frame: usize) -> FrameContext {
        let mut warnings = Vec::new();
        let transform = places.group_or_root(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
        let modality = modality_transform(transform, layout.signed).unwrap_or_default();
        let voi = places.group_or_root(tags::FRAME_VOILUT_SEQUENCE);
        let shown = if self.measured_only {
            &ModalityTransform::Identity
        } else {
            &modality
        };
        let vois = vois(voi, places.root, layout, shown);
        let plane = plane(places, &mut warnings).map(|plane| self.stacking.place(plane, frame));
        let spacing = spacing(
            places,
            plane.as_ref(),
            &self.modality,
            &self.regions,
            &mut warnings,
        );
        let attributes = FrameAttributes {
            rows: layout.rows,
            columns: layout.columns,
            samples_per_pixel: layout.samples,
            bits_stored: u8::try_from(layout.bits_stored).unwrap_or(u8::MAX),
            photometric: layout.decoded_photometric(),
            unit: self.unit(transform, places.root, &modality),
            modality,
            measured_only: self.measured_only,
            suv: self.suv.clone(),
            default_voi: (!vois.is_empty()).then_some(0),
            vois,
            padding: self.padding,
            presentation_inverse: self.inverse,
            palette: self.palette.clone(),
            supplemental: self.supplemental.clone(),
            profile: self.profile.clone(),
            spacing,
            regions: Arc::clone(&self.regions),
            shutter: places
                .group(tags::FRAME_DISPLAY_SHUTTER_SEQUENCE)
                .and_then(shutter)
                .map_or_else(|| self.shutter.clone(), |own| Some(Arc::new(own)))
                .map(|shutter| shutter.over_pixels(spacing.aspect)),
            plane,
            lossy: self.lossy.clone(),
            warnings,
        };
        let mr = places.group_or_root(tags::MR_ECHO_SEQUENCE);
        FrameContext {
            attributes: Arc::new(attributes),
            echo_time: number(mr, tags::EFFECTIVE_ECHO_TIME).or_else(|| number(places.root, tags::ECHO_TIME)),
            b_value: b_value(places),
            stack_id: places
                .group(tags::FRAME_CONTENT_SEQUENCE)
                .and_then(|c| text(c, tags::STACK_ID)),
            in_stack_position: places
                .group(tags::FRAME_CONTENT_SEQUENCE)
                .and_then(|c| integer(c, tags::IN_STACK_POSITION_NUMBER)),
            coordinates: coordinates(places, &self.dimensions, frame),
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

/// What a palette image without tables lacks; the well-known palettes (PS3.6 annex B) are named.
fn no_palette(root: &InMemDicomObject) -> DicomError {
    let uid = text(root, tags::PALETTE_COLOR_LOOKUP_TABLE_UID).unwrap_or_default();
    let name = match uid.strip_prefix("1.2.840.10008.1.5.").unwrap_or_default() {
        "1" => "Hot Iron",
        "2" => "PET",
        "3" => "Hot Metal Blue",
        "4" => "PET 20 Step",
        "5" => "Spring",
        "6" => "Summer",
        "7" => "Fall",
        "8" => "Winter",
        _ => return DicomError::Missing("a usable colour palette"),
    };
    DicomError::UnsupportedPixels(format!(
        "they take the colours of the well-known palette {name}, whose tables are not in the file"
    ))
}

/// X-ray angiographic and radiofluoroscopic images, whose modality transform is not for display.
fn is_angiography(class: &str) -> bool {
    matches!(
        class,
        uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE
            | uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE
            | uids::ENHANCED_XA_IMAGE_STORAGE
            | uids::ENHANCED_XRF_IMAGE_STORAGE
    )
}

pub(crate) fn modality_transform(place: &InMemDicomObject, signed: bool) -> Option<ModalityTransform> {
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
    let mut all = windows(place);
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

/// The windows of a place, in its order; pairs that mean nothing are left out.
pub(crate) fn windows(place: &InMemDicomObject) -> Vec<Voi> {
    let function = match text(place, tags::VOILUT_FUNCTION).as_deref() {
        Some("LINEAR_EXACT") => VoiFunction::LinearExact,
        Some("SIGMOID") => VoiFunction::Sigmoid,
        _ => VoiFunction::Linear,
    };
    let explanations = texts(place, tags::WINDOW_CENTER_WIDTH_EXPLANATION);
    let pairs = numbers(place, tags::WINDOW_CENTER)
        .into_iter()
        .zip(numbers(place, tags::WINDOW_WIDTH))
        .enumerate();
    pairs
        .filter_map(|(i, (center, width))| {
            let explanation = explanations.get(i).filter(|e| !e.is_empty()).cloned();
            Some(Voi::Window(Window {
                center: center?,
                width: width.filter(|w| *w > 0.0)?,
                function,
                explanation,
            }))
        })
        .collect()
}

fn padding(root: &InMemDicomObject, layout: &PixelLayout) -> Option<Padding> {
    let fix = |v: i64| {
        let modulus = 1_i64 << layout.bits_allocated.min(32);
        // Written under the other signedness: the same bits mean another number.
        if layout.signed && v >= modulus / 2 {
            v - modulus
        } else if !layout.signed && v < 0 {
            v + modulus
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

fn plane(places: &Places<'_>, warnings: &mut Vec<String>) -> Option<Plane> {
    // Nuclear medicine keeps both with the detector.
    let detector = item(places.root, tags::DETECTOR_INFORMATION_SEQUENCE);
    let position = vector::<3>(
        places.group_or_root(tags::PLANE_POSITION_SEQUENCE),
        tags::IMAGE_POSITION_PATIENT,
    )
    .or_else(|| vector::<3>(detector?, tags::IMAGE_POSITION_PATIENT))?;
    let o = vector::<6>(
        places.group_or_root(tags::PLANE_ORIENTATION_SEQUENCE),
        tags::IMAGE_ORIENTATION_PATIENT,
    )
    .or_else(|| vector::<6>(detector?, tags::IMAGE_ORIENTATION_PATIENT))?;
    let row = DVec3::new(o[0], o[1], o[2]).try_normalize()?;
    let column = DVec3::new(o[3], o[4], o[5]).try_normalize()?;
    // Directions that are not square to each other describe no image plane.
    if row.dot(column).abs() > 0.01 {
        warnings.push("Image Orientation (Patient) is not square: the position is not used".to_owned());
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

#[cfg(test)]
mod tests;
