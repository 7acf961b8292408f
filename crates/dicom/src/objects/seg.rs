//! Segmentations (PS3.3 C.8.20): segments, and for each frame which segment it belongs to, where it lies and which
//! image it was made from.

use std::path::Path;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use overread_imaging::geometry::Plane;

use crate::dataset::{integer, item, items, number, numbers, text};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::ImageHeader;
use crate::objects::code::Code;
use crate::objects::colour::{given, srgb_from_cielab};
use crate::objects::kind::{self, Kind};
use crate::objects::reference::{InstanceReference, whole};

/// Most segments that are listed; numbers have 16 bits, and atlases have some hundreds.
const MOST_SEGMENTS: usize = 4096;

/// How the frames mark their pixels (PS3.3 C.8.20.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// One bit a pixel, one segment a frame.
    Binary,
    /// 0 to `maximum` a pixel, one segment a frame.
    Fractional {
        /// Maximum Fractional Value.
        maximum: u16,
        /// A probability rather than a share of the pixel.
        probability: bool,
    },
    /// The pixel's value is the number of its segment.
    LabelMap,
}

impl Coding {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Fractional {
                probability: true, ..
            } => "fractional, probability",
            Self::Fractional { .. } => "fractional, occupancy",
            Self::LabelMap => "label map",
        }
    }
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Segment Number.
    pub number: u16,
    /// Segment Label; never empty.
    pub label: String,
    /// Segment Description; may be empty.
    pub description: String,
    /// Segmented Property Category.
    pub category: Option<Code>,
    /// Segmented Property Type, e.g. Liver.
    pub property: Option<Code>,
    /// Segment Algorithm Type: `MANUAL`, `SEMIAUTOMATIC`, `AUTOMATIC`; may be empty.
    pub algorithm: String,
    /// sRGB: recommended by the file, or one of a fixed row.
    pub colour: [u8; 3],
    /// The colour is the file's own.
    pub colour_given: bool,
}

/// A frame's place and meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentFrame {
    /// Referenced Segment Number; `None` in a label map, and where the file does not say.
    pub segment: Option<u16>,
    /// Where it lies.
    pub plane: Option<Plane>,
    /// Images that it was made from (Derivation Image macro, PS3.3 C.7.6.16.2.6).
    pub sources: Vec<InstanceReference>,
}

/// A segmentation.
#[derive(Clone, Debug)]
pub struct Segmentation {
    /// Content Label, or the series description; may be empty.
    pub label: String,
    /// How pixels are marked.
    pub coding: Coding,
    /// By number.
    pub segments: Vec<Segment>,
    /// In the order of the file.
    pub frames: Vec<SegmentFrame>,
    /// Frame of Reference UID.
    pub frame_of_reference: Option<String>,
    /// Distance between frames as the file says, mm.
    pub spacing: Option<f64>,
    /// For decoding.
    pub header: ImageHeader,
}

/// Reads segments and frames of an opened file (not its pixels). `path` is what the header will name.
///
/// # Errors
/// [`DicomError::UnsupportedObject`] for anything else; whatever is wrong with the image part.
pub fn read(path: &Path, file: &DicomFile) -> Result<Segmentation, DicomError> {
    let d = &file.dataset;
    let kind = kind::of(d, &file.syntax);
    if kind != Kind::Segmentation {
        return Err(DicomError::UnsupportedObject {
            kind: kind.name(),
            wanted: "segmentation",
        });
    }
    let header = ImageHeader::read(path, file)?;
    let shared = item(d, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let own = items(d, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let coding = coding(d);
    let palette = header.frames.first().and_then(|f| f.attributes.palette.clone());
    let mut segments: Vec<Segment> = items(d, tags::SEGMENT_SEQUENCE)
        .iter()
        .take(MOST_SEGMENTS)
        .enumerate()
        .filter_map(|(i, s)| {
            let mut segment = segment(i, s)?;
            if let (false, Some(palette)) = (segment.colour_given, &palette) {
                let at = i64::from(segment.number) - i64::from(palette.first_mapped);
                if let Some(colour) = usize::try_from(at).ok().and_then(|at| palette.entries.get(at)) {
                    (segment.colour, segment.colour_given) = (*colour, true);
                }
            }
            Some(segment)
        })
        .collect();
    segments.sort_by_key(|s| s.number);
    segments.dedup_by_key(|s| s.number);
    // Frames that name no segment belong to the only one there is.
    let only = match segments.as_slice() {
        [one] => Some(one.number),
        _ => None,
    };
    let frames = header
        .frames
        .iter()
        .enumerate()
        .map(|(i, context)| {
            let places = [own.get(i), shared];
            SegmentFrame {
                segment: (coding != Coding::LabelMap)
                    .then(|| numbered(places).or(only))
                    .flatten(),
                plane: context.attributes.plane,
                sources: sources(places),
            }
        })
        .collect();
    Ok(Segmentation {
        label: super::summary::label(d).unwrap_or_default(),
        coding,
        segments,
        frames,
        frame_of_reference: text(d, tags::FRAME_OF_REFERENCE_UID),
        spacing: shared
            .and_then(|s| item(s, tags::PIXEL_MEASURES_SEQUENCE))
            .and_then(|m| {
                number(m, tags::SPACING_BETWEEN_SLICES).or_else(|| number(m, tags::SLICE_THICKNESS))
            })
            .filter(|v| *v > 0.0),
        header,
    })
}

fn coding(d: &InMemDicomObject) -> Coding {
    match text(d, tags::SEGMENTATION_TYPE).as_deref() {
        Some("FRACTIONAL") => Coding::Fractional {
            maximum: integer(d, tags::MAXIMUM_FRACTIONAL_VALUE)
                .and_then(|v| u16::try_from(v).ok())
                .filter(|v| *v > 0)
                .unwrap_or(255),
            probability: text(d, tags::SEGMENTATION_FRACTIONAL_TYPE).as_deref() == Some("PROBABILITY"),
        },
        Some("LABELMAP") => Coding::LabelMap,
        _ => Coding::Binary,
    }
}

fn segment(index: usize, d: &InMemDicomObject) -> Option<Segment> {
    let number = u16::try_from(integer(d, tags::SEGMENT_NUMBER)?).ok()?;
    let property = Code::first(d, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE);
    let lab: Vec<u16> = numbers(d, tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE)
        .into_iter()
        .flatten()
        .filter(|v| (0.0..=65535.0).contains(v))
        .map(|v| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "16 bits")]
            {
                v as u16
            }
        })
        .collect();
    let recommended = <[u16; 3]>::try_from(lab).ok().map(srgb_from_cielab);
    Some(Segment {
        number,
        label: text(d, tags::SEGMENT_LABEL)
            .or_else(|| property.as_ref().map(Code::to_string))
            .unwrap_or_else(|| format!("Segment {number}")),
        description: text(d, tags::SEGMENT_DESCRIPTION).unwrap_or_default(),
        category: Code::first(d, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE),
        property,
        algorithm: text(d, tags::SEGMENT_ALGORITHM_TYPE).unwrap_or_default(),
        colour: recommended.unwrap_or_else(|| given(index)),
        colour_given: recommended.is_some(),
    })
}

/// Segment Identification macro (PS3.3 C.8.20.3.1), the frame's own before the shared one.
fn numbered(places: [Option<&InMemDicomObject>; 2]) -> Option<u16> {
    places.into_iter().flatten().find_map(|place| {
        let group = item(place, tags::SEGMENT_IDENTIFICATION_SEQUENCE)?;
        let number = whole(group, tags::REFERENCED_SEGMENT_NUMBER).first().copied()?;
        u16::try_from(number).ok()
    })
}

fn sources(places: [Option<&InMemDicomObject>; 2]) -> Vec<InstanceReference> {
    places
        .into_iter()
        .flatten()
        .map(|place| {
            items(place, tags::DERIVATION_IMAGE_SEQUENCE)
                .iter()
                .flat_map(|derivation| InstanceReference::all(derivation, tags::SOURCE_IMAGE_SEQUENCE))
                .collect::<Vec<_>>()
        })
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}
