//! Softcopy presentation states (PS3.3 A.33, C.11): how images that they reference are to be shown.
//!
//! Grayscale and colour states are applied whole, except for mask subtraction and compound graphics, which are named
//! in [`PresentationState::warnings`]. The other kinds are read as far as to say that they are not supported.

mod annotation;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use glam::DVec2;
use overread_imaging::attributes::FrameAttributes;
use overread_imaging::colour::{grey_from_p_value, rgb_from_pcs_lab};
use overread_imaging::lut::Lut;
use overread_imaging::modality::ModalityTransform;
use overread_imaging::overlay::{OVERLAY_COLOUR, OverlayPlane};
use overread_imaging::presentation::{
    DisplayedArea, Joined, Presented, SizeMode, Turn, identity_voi, modality_range, through_presentation_lut,
};
use overread_imaging::shutter::{Shutter, ShutterShape};
use overread_imaging::voi::Voi;

use crate::attributes::{modality_transform, windows};
use crate::dataset::{integer, item, items, number, text, texts, vector};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::ImageHeader;
use crate::overlay;
use crate::tables::lut;

/// Most items of a sequence that are read.
const MOST_ITEMS: usize = 4096;
/// Most references to images that are read of one place: more than any study has.
const MOST_REFERENCES: usize = 1_000_000;
/// Colour of graphics that none was recommended for: seen on black and on white.
const GRAPHIC_COLOUR: [u8; 3] = [255, 221, 87];

/// Images that an item speaks of; none means all that the state references.
type References = Vec<Reference>;

/// An image and its frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Referenced SOP Instance UID.
    pub sop_uid: String,
    /// Frame numbers, from 1; empty means all.
    pub frames: Vec<u32>,
}

/// A presentation state.
#[derive(Clone, Debug)]
pub struct PresentationState {
    /// Where the file is.
    pub path: PathBuf,
    /// Study Instance UID.
    pub study_uid: String,
    /// SOP Instance UID.
    pub sop_uid: String,
    /// Content Label.
    pub label: String,
    /// Content Description.
    pub description: String,
    /// Presentation Creation Date as `YYYY-MM-DD`; empty when absent.
    pub created: String,
    /// Why it cannot be applied; `None` when it can.
    pub unsupported: Option<String>,
    /// What of it is not shown, in words.
    pub warnings: Vec<String>,
    references: References,
    colour: bool,
    modality: ModalityTransform,
    vois: Vec<(References, VoiItem)>,
    presentation: PresentationLut,
    areas: Vec<(References, AreaItem)>,
    turn: Turn,
    layers: Vec<Layer>,
    annotations: Vec<annotation::Annotation>,
    shutter: Option<Arc<Shutter>>,
    own_planes: Vec<Arc<OverlayPlane>>,
    activated: Vec<(u16, String)>,
}

/// An item of the Softcopy VOI LUT Sequence, read when it is known what values go in.
#[derive(Clone, Debug)]
struct VoiItem(InMemDicomObject);

#[derive(Clone, Debug, PartialEq)]
enum PresentationLut {
    Identity,
    Inverse,
    Table(Lut),
}

#[derive(Clone, Copy, Debug)]
struct AreaItem {
    corners: [DVec2; 2],
    mode: SizeMode,
    aspect: Option<f64>,
}

/// An item of the Graphic Layer Sequence.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    name: String,
    order: i64,
    colour: Option<[u8; 3]>,
}

/// True for the storage classes of presentation states.
pub fn is_presentation_state(sop_class: &str) -> bool {
    sop_class == uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE
        || sop_class.starts_with("1.2.840.10008.5.1.4.1.1.11.")
}

impl PresentationState {
    /// Opens a file and reads it.
    ///
    /// # Errors
    /// Whatever is wrong with the file; [`DicomError::Missing`] when it is no presentation state or references nothing.
    pub fn open(path: &Path) -> Result<Self, DicomError> {
        Self::read(path, &DicomFile::open(path)?.dataset)
    }

    /// Reads a data set.
    ///
    /// # Errors
    /// As [`PresentationState::open`].
    pub fn read(path: &Path, d: &InMemDicomObject) -> Result<Self, DicomError> {
        let class = text(d, tags::SOP_CLASS_UID).unwrap_or_default();
        if !is_presentation_state(&class) {
            return Err(DicomError::Missing("the class of a presentation state"));
        }
        let references: References = items(d, tags::REFERENCED_SERIES_SEQUENCE)
            .iter()
            .flat_map(referenced)
            .take(MOST_REFERENCES)
            .collect();
        let unsupported = unsupported(&class);
        if references.is_empty() && unsupported.is_none() {
            return Err(DicomError::Missing("the images that it is for"));
        }
        let mut warnings = Vec::new();
        if !items(d, tags::MASK_SUBTRACTION_SEQUENCE).is_empty() {
            warnings.push("mask subtraction is not supported: the image is shown without it".to_owned());
        }
        let layers = layers(d);
        let annotations = annotation::read(d, &layers, &mut warnings);
        let own_planes = own_planes(d, &mut warnings);
        let shutter = shutter(d, &own_planes);
        Ok(Self {
            path: path.to_path_buf(),
            study_uid: text(d, tags::STUDY_INSTANCE_UID).unwrap_or_default(),
            sop_uid: text(d, tags::SOP_INSTANCE_UID).unwrap_or_default(),
            label: text(d, tags::CONTENT_LABEL).unwrap_or_default(),
            description: text(d, tags::CONTENT_DESCRIPTION).unwrap_or_default(),
            created: crate::header::date(d, tags::PRESENTATION_CREATION_DATE),
            unsupported,
            warnings,
            references,
            colour: class == uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE,
            // A transform that the state does not have is the identity, whatever the image has (PS3.4 N.2).
            modality: modality_transform(d, false).unwrap_or_default(),
            vois: items(d, tags::SOFTCOPY_VOILUT_SEQUENCE)
                .iter()
                .take(MOST_ITEMS)
                .map(|i| (referenced(i), VoiItem(i.clone())))
                .collect(),
            presentation: presentation_lut(d),
            areas: items(d, tags::DISPLAYED_AREA_SELECTION_SEQUENCE)
                .iter()
                .take(MOST_ITEMS)
                .filter_map(|i| Some((referenced(i), area(i)?)))
                .collect(),
            turn: Turn {
                rotation: integer(d, tags::IMAGE_ROTATION).map_or(0, |degrees| {
                    u16::try_from(degrees.rem_euclid(360) / 90 * 90).unwrap_or(0)
                }),
                flipped: text(d, tags::IMAGE_HORIZONTAL_FLIP).as_deref() == Some("Y"),
            },
            activated: overlay::groups()
                .filter_map(|group| Some((group, overlay::activation_layer(d, group)?)))
                .collect(),
            layers,
            annotations,
            shutter,
            own_planes,
        })
    }

    /// True when the state is for this frame of an image.
    pub fn is_for(&self, sop_uid: &str, frame: u32) -> bool {
        speaks_of(&self.references, sop_uid, frame) && !self.references.is_empty()
    }

    /// The state applied to a frame, from 1; `None` when it is not for it, or not supported.
    pub fn presented(&self, header: &ImageHeader, frame: u32) -> Option<Presented> {
        let a = header.attributes(frame)?;
        if self.unsupported.is_some() || !self.is_for(&header.sop_uid, frame) {
            return None;
        }
        let mine = |references: &References| speaks_of(references, &header.sop_uid, frame);
        let area = self
            .areas
            .iter()
            .find(|(references, _)| mine(references))
            .map_or_else(
                || DisplayedArea::whole(a.columns, a.rows, a.spacing.aspect),
                |(_, item)| item.on(a),
            );
        let grey = a.photometric.is_monochrome() && !self.colour;
        let (curves, words) = annotation::placed(&self.annotations, &area, self.turn, mine);
        let joined = grey.then(|| self.voi(a, header.layout.signed, mine));
        let (voi, inputs) = joined.map_or((None, None), |j| (Some(j.voi), j.inputs));
        Some(Presented {
            modality: self.modality.clone(),
            voi,
            inputs,
            inverted: self.presentation == PresentationLut::Inverse && grey,
            area,
            turn: self.turn,
            shutter: self.shutter.as_ref().map(|s| s.over_pixels(a.spacing.aspect)),
            image_overlays: self.image_overlays(),
            own_overlays: self.own_overlays(),
            curves,
            words,
        })
    }

    fn voi(&self, a: &FrameAttributes, signed: bool, mine: impl Fn(&References) -> bool) -> Joined {
        let range = modality_range(&self.modality, a.bits_stored, signed);
        let chosen = self.vois.iter().find(|(references, _)| mine(references));
        let voi = chosen
            .and_then(|(_, VoiItem(place))| {
                let table = item(place, tags::VOILUT_SEQUENCE).and_then(|l| lut(l, range[0] < 0.0));
                table.map(Voi::Lut).or_else(|| windows(place).into_iter().next())
            })
            .unwrap_or_else(|| identity_voi(range));
        match &self.presentation {
            PresentationLut::Table(table) => {
                through_presentation_lut(&voi, table, &self.modality, a.bits_stored, signed)
            }
            PresentationLut::Identity | PresentationLut::Inverse => Joined { voi, inputs: None },
        }
    }

    fn image_overlays(&self) -> Vec<(u16, [u8; 3])> {
        self.in_order(|group| !self.own_planes.iter().any(|plane| plane.group == group))
    }

    fn own_overlays(&self) -> Vec<(Arc<OverlayPlane>, [u8; 3])> {
        self.in_order(|_| true)
            .into_iter()
            .filter_map(|(group, colour)| {
                let plane = self.own_planes.iter().find(|plane| plane.group == group)?;
                Some((Arc::clone(plane), colour))
            })
            .collect()
    }

    /// Activated groups with the colours of their layers, by order of layers.
    fn in_order(&self, wanted: impl Fn(u16) -> bool) -> Vec<(u16, [u8; 3])> {
        let mut groups: Vec<(i64, u16, [u8; 3])> = self
            .activated
            .iter()
            .filter(|(group, _)| wanted(*group))
            .map(|(group, layer)| {
                let layer = self.layers.iter().find(|l| l.name == *layer);
                let colour = layer.and_then(|l| l.colour).unwrap_or(OVERLAY_COLOUR);
                (layer.map_or(i64::MAX, |l| l.order), *group, colour)
            })
            .collect();
        groups.sort_unstable();
        groups
            .into_iter()
            .map(|(_, group, colour)| (group, colour))
            .collect()
    }
}

fn unsupported(class: &str) -> Option<String> {
    let name = match class {
        uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE
        | uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE
        | uids::XAXRF_GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE => return None,
        uids::PSEUDO_COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE => "Pseudo-color",
        uids::BLENDING_SOFTCOPY_PRESENTATION_STATE_STORAGE => "Blending",
        uids::ADVANCED_BLENDING_PRESENTATION_STATE_STORAGE => "Advanced blending",
        _ => "These",
    };
    Some(format!("{name} presentation states are not supported"))
}

/// Images of a Referenced Image Sequence.
pub(super) fn referenced(place: &InMemDicomObject) -> References {
    items(place, tags::REFERENCED_IMAGE_SEQUENCE)
        .iter()
        .take(MOST_REFERENCES)
        .filter_map(|reference| {
            Some(Reference {
                sop_uid: text(reference, tags::REFERENCED_SOP_INSTANCE_UID)?,
                frames: texts(reference, tags::REFERENCED_FRAME_NUMBER)
                    .iter()
                    .filter_map(|number| number.parse().ok())
                    .collect(),
            })
        })
        .collect()
}

fn speaks_of(references: &References, sop_uid: &str, frame: u32) -> bool {
    references.is_empty()
        || references
            .iter()
            .any(|r| r.sop_uid == sop_uid && (r.frames.is_empty() || r.frames.contains(&frame)))
}

fn presentation_lut(d: &InMemDicomObject) -> PresentationLut {
    if let Some(table) = item(d, tags::PRESENTATION_LUT_SEQUENCE).and_then(|l| lut(l, false)) {
        return PresentationLut::Table(table);
    }
    match text(d, tags::PRESENTATION_LUT_SHAPE).as_deref() {
        Some("INVERSE") => PresentationLut::Inverse,
        _ => PresentationLut::Identity,
    }
}

fn area(place: &InMemDicomObject) -> Option<AreaItem> {
    // Column before row, from 1, of pixels; which corner is which follows from the turn.
    let corner = |tag| vector::<2>(place, tag).map(DVec2::from_array);
    let spacing = vector::<2>(place, tags::PRESENTATION_PIXEL_SPACING).filter(|s| s.iter().all(|v| *v > 0.0));
    let ratio =
        vector::<2>(place, tags::PRESENTATION_PIXEL_ASPECT_RATIO).filter(|r| r.iter().all(|v| *v > 0.0));
    let magnification = number(place, tags::PRESENTATION_PIXEL_MAGNIFICATION_RATIO).filter(|v| *v > 0.0);
    let mode = match (
        text(place, tags::PRESENTATION_SIZE_MODE).as_deref(),
        spacing,
        magnification,
    ) {
        (Some("TRUE SIZE"), Some(mm), _) => SizeMode::TrueSize(mm),
        (Some("MAGNIFY"), _, Some(ratio)) => SizeMode::Magnify(ratio),
        _ => SizeMode::ScaleToFit,
    };
    Some(AreaItem {
        corners: [
            corner(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER)?,
            corner(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER)?,
        ],
        mode,
        aspect: spacing
            .or(ratio)
            .map(|[vertical, horizontal]| vertical / horizontal),
    })
}

impl AreaItem {
    fn on(self, a: &FrameAttributes) -> DisplayedArea {
        let [p, q] = self.corners;
        DisplayedArea {
            low: p.min(q) - 1.0,
            high: p.max(q),
            mode: self.mode,
            aspect: self.aspect.unwrap_or(a.spacing.aspect),
        }
    }
}

fn layers(d: &InMemDicomObject) -> Vec<Layer> {
    items(d, tags::GRAPHIC_LAYER_SEQUENCE)
        .iter()
        .take(MOST_ITEMS)
        .map(|layer| Layer {
            name: text(layer, tags::GRAPHIC_LAYER).unwrap_or_default(),
            order: integer(layer, tags::GRAPHIC_LAYER_ORDER).unwrap_or(0),
            colour: vector::<3>(layer, tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIE_LAB_VALUE)
                .map(rgb_from_pcs_lab)
                .or_else(|| {
                    number(layer, tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE)
                        .map(|p| [grey_from_p_value(p); 3])
                }),
        })
        .collect()
}

fn own_planes(d: &InMemDicomObject, warnings: &mut Vec<String>) -> Vec<Arc<OverlayPlane>> {
    let mut planes = Vec::new();
    for group in overlay::groups() {
        match overlay::own_plane(d, group) {
            Ok(plane) => planes.extend(plane.map(Arc::new)),
            Err(error) => warnings.push(format!("overlay {group:04X} is left out: {error}")),
        }
    }
    planes
}

/// The state's shutter, the bitmap of C.7.6.15 included.
fn shutter(d: &InMemDicomObject, planes: &[Arc<OverlayPlane>]) -> Option<Arc<Shutter>> {
    let shapes = crate::shutter::shutter(d);
    let group = integer(d, tags::SHUTTER_OVERLAY_GROUP).and_then(|group| u16::try_from(group).ok());
    let bitmap = planes.iter().find(|plane| Some(plane.group) == group);
    let Some(bitmap) = bitmap else {
        return shapes.map(Arc::new);
    };
    let mut shutter = shapes.unwrap_or_else(|| Shutter {
        shapes: Vec::new(),
        colour: crate::shutter::colour(d),
    });
    shutter.shapes.push(ShutterShape::Bitmap(Arc::clone(bitmap)));
    Some(Arc::new(shutter))
}

/// The colour of a layer's graphics.
pub(super) fn graphic_colour(layer: Option<&Layer>) -> [u8; 3] {
    layer.and_then(|l| l.colour).unwrap_or(GRAPHIC_COLOUR)
}
