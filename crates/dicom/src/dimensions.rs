//! What sets a frame apart from another one at the same place: time, cardiac phase, direction, segment and their like.
//!
//! Only what a file says is kept, so that an ordinary slice carries next to nothing.

use std::sync::Arc;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::value::Value;
use dicom_core::{PrimitiveValue, Tag};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;

use crate::attributes::Places;
use crate::dataset::{integer, items, number, numbers, text, texts, vector};
use crate::private::{self, Form};

/// An attribute along which a series can pass over the same places again; in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Segment of a segmentation (0062,000B), by label where it has one.
    Segment,
    /// Complex Image Component (0008,9208) or its letter in Image Type: magnitude, phase, real, imaginary.
    Component,
    /// Convolution Kernel (0018,1210).
    Kernel,
    /// KVP (0018,0060), kV.
    PeakKilovoltage,
    /// Energy Window Vector (0054,0010).
    EnergyWindow,
    /// Detector Vector (0054,0020).
    Detector,
    /// Temporal Position Index or Identifier, or an NM Time Slot (0054,0070).
    TemporalPosition,
    /// Nominal Percentage of Cardiac Phase (0020,9241), %.
    CardiacPhase,
    /// Trigger Time (0018,1060) or Nominal Cardiac Trigger Delay Time (0020,9153), ms.
    TriggerTime,
    /// Diffusion Gradient Orientation (0018,9089), unit vector.
    GradientDirection,
    /// Echo Number (0018,0086).
    EchoNumber,
    /// Inversion Time (0018,0082), ms.
    InversionTime,
    /// Flip Angle (0018,1314), degrees.
    FlipAngle,
    /// Frame Reference Time (0054,1300), ms.
    FrameReferenceTime,
    /// Acquisition Number (0020,0012).
    Acquisition,
    /// Dimension Index Values (0020,9157) that count anything but places, with their names.
    Index,
}

impl Dimension {
    /// All, in the order in which they are tried.
    pub const ALL: [Self; 16] = [
        Self::Segment,
        Self::Component,
        Self::Kernel,
        Self::PeakKilovoltage,
        Self::EnergyWindow,
        Self::Detector,
        Self::TemporalPosition,
        Self::CardiacPhase,
        Self::TriggerTime,
        Self::GradientDirection,
        Self::EchoNumber,
        Self::InversionTime,
        Self::FlipAngle,
        Self::FrameReferenceTime,
        Self::Acquisition,
        Self::Index,
    ];

    /// What a pass at this value is called: the k-th of n.
    pub fn name(self, value: Option<&Coordinate>, k: usize, n: usize) -> String {
        let said = match value {
            None => String::new(),
            Some(Coordinate::Words(words)) => words.to_string(),
            Some(Coordinate::Number(v)) => {
                let v = *v as f64 / 1000.0;
                format!("{v}")
            }
        };
        match self {
            Self::TemporalPosition => format!("time {k} of {n}"),
            _ if said.is_empty() => format!("{} not given", self.word()),
            Self::GradientDirection => format!("direction {k} of {n}"),
            Self::Component | Self::Index => said,
            Self::PeakKilovoltage => format!("{said} kV"),
            Self::CardiacPhase => format!("{said} % of the cardiac cycle"),
            Self::TriggerTime => format!("trigger {said} ms"),
            Self::InversionTime => format!("TI {said} ms"),
            Self::FlipAngle => format!("flip angle {said}°"),
            Self::FrameReferenceTime => format!("at {said} ms"),
            _ => format!("{} {said}", self.word()),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Component => "component",
            Self::Kernel => "kernel",
            Self::PeakKilovoltage => "kV",
            Self::EnergyWindow => "energy window",
            Self::Detector => "detector",
            Self::TemporalPosition => "time",
            Self::CardiacPhase => "cardiac phase",
            Self::TriggerTime => "trigger time",
            Self::GradientDirection => "direction",
            Self::EchoNumber => "echo",
            Self::InversionTime => "inversion time",
            Self::FlipAngle => "flip angle",
            Self::FrameReferenceTime => "reference time",
            Self::Acquisition => "acquisition",
            Self::Index => "dimension index",
        }
    }
}

/// A value along a [`Dimension`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coordinate {
    /// Thousandths of the attribute's unit.
    Number(i64),
    /// Words, or a vector as it is compared.
    Words(Arc<str>),
}

/// The coordinates that a frame's attributes give, by dimension.
pub type Coordinates = Box<[(Dimension, Coordinate)]>;

/// What the files of one kind say once: segment labels, and the vectors of nuclear medicine.
pub(crate) struct Shared {
    segments: Vec<(i64, String)>,
    vectors: Vec<(Dimension, Vec<Option<f64>>)>,
    /// Name of each dimension index; `None` for those that count places.
    indices: Vec<Option<String>>,
}

impl Shared {
    /// Reads what stands in the root for all frames.
    pub(crate) fn read(root: &InMemDicomObject) -> Self {
        let segments = items(root, tags::SEGMENT_SEQUENCE)
            .iter()
            .filter_map(|s| Some((integer(s, tags::SEGMENT_NUMBER)?, text(s, tags::SEGMENT_LABEL)?)))
            .collect();
        let vectors = [
            (Dimension::EnergyWindow, tags::ENERGY_WINDOW_VECTOR),
            (Dimension::Detector, tags::DETECTOR_VECTOR),
            (Dimension::TemporalPosition, tags::TIME_SLOT_VECTOR),
        ]
        .into_iter()
        .map(|(dimension, tag)| (dimension, numbers(root, tag)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
        let indices = items(root, tags::DIMENSION_INDEX_SEQUENCE)
            .iter()
            .map(index_name)
            .collect();
        Self {
            segments,
            vectors,
            indices,
        }
    }

    /// True when the frames of the file differ in one of the vectors.
    pub(crate) fn varies(&self) -> bool {
        !self.vectors.is_empty()
    }
}

/// The coordinates of a frame, counted from 0.
pub(crate) fn coordinates(places: &Places<'_>, shared: &Shared, frame: usize) -> Coordinates {
    let mut found: Vec<(Dimension, Coordinate)> = Vec::new();
    let mut put = |dimension: Dimension, coordinate: Option<Coordinate>| {
        if let Some(coordinate) = coordinate
            && found.iter().all(|(other, _)| *other != dimension)
        {
            found.push((dimension, coordinate));
        }
    };
    let root = places.root;
    let segment = places
        .group(tags::SEGMENT_IDENTIFICATION_SEQUENCE)
        .and_then(|s| integer(s, tags::REFERENCED_SEGMENT_NUMBER));
    put(Dimension::Segment, segment.map(|n| segment_name(shared, n)));
    put(Dimension::Component, component(places).map(words));
    put(
        Dimension::Kernel,
        text(
            places.group_or_root(tags::CT_RECONSTRUCTION_SEQUENCE),
            tags::CONVOLUTION_KERNEL,
        )
        .map(words),
    );
    let at = |sequence: Tag, tag: Tag| {
        let value = number(places.group_or_root(sequence), tag).or_else(|| number(root, tag));
        value.map(thousandths)
    };
    put(
        Dimension::PeakKilovoltage,
        at(tags::CTX_RAY_DETAILS_SEQUENCE, tags::KVP),
    );
    for (dimension, values) in &shared.vectors {
        put(*dimension, values.get(frame).copied().flatten().map(thousandths));
    }
    put(
        Dimension::TemporalPosition,
        at(tags::FRAME_CONTENT_SEQUENCE, tags::TEMPORAL_POSITION_INDEX)
            .or_else(|| number(root, tags::TEMPORAL_POSITION_IDENTIFIER).map(thousandths)),
    );
    put(
        Dimension::CardiacPhase,
        at(
            tags::CARDIAC_SYNCHRONIZATION_SEQUENCE,
            tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE,
        ),
    );
    put(
        Dimension::TriggerTime,
        at(
            tags::CARDIAC_SYNCHRONIZATION_SEQUENCE,
            tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME,
        )
        .or_else(|| number(root, tags::TRIGGER_TIME).map(thousandths)),
    );
    put(Dimension::GradientDirection, direction(places));
    put(
        Dimension::EchoNumber,
        number(root, tags::ECHO_NUMBERS).map(thousandths),
    );
    put(
        Dimension::InversionTime,
        at(tags::MR_MODIFIER_SEQUENCE, tags::INVERSION_TIMES)
            .or_else(|| number(root, tags::INVERSION_TIME).map(thousandths)),
    );
    put(
        Dimension::FlipAngle,
        at(tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE, tags::FLIP_ANGLE),
    );
    put(
        Dimension::FrameReferenceTime,
        number(root, tags::FRAME_REFERENCE_TIME).map(thousandths),
    );
    put(
        Dimension::Acquisition,
        at(tags::FRAME_CONTENT_SEQUENCE, tags::FRAME_ACQUISITION_NUMBER)
            .or_else(|| number(root, tags::ACQUISITION_NUMBER).map(thousandths)),
    );
    put(Dimension::Index, index_values(places, shared));
    found.sort();
    found.into_boxed_slice()
}

/// Diffusion b-value, s/mm2: the standard's place, else where Siemens, Philips and GE keep it.
pub(crate) fn b_value(places: &Places<'_>) -> Option<f64> {
    let root = places.root;
    let standard = places
        .group(tags::MR_DIFFUSION_SEQUENCE)
        .and_then(|d| number(d, tags::DIFFUSION_B_VALUE))
        .or_else(|| number(root, tags::DIFFUSION_B_VALUE));
    let first = |place, form| private::numbers(root, place, form).first().copied();
    // GE adds 10^9 to mark how the value was made.
    let ge = || first((0x0043, "GEMS_PARM_01", 0x39), Form::Words).map(|b| b % 100_000.0);
    standard
        .or_else(|| first((0x0019, "SIEMENS MR HEADER", 0x0C), Form::Words))
        .or_else(|| first((0x2001, "Philips Imaging DD 001", 0x03), Form::Single))
        .or_else(ge)
        .filter(|b| *b >= 0.0)
}

/// Pointers of a dimension index that count places.
const PLACES: [Tag; 7] = [
    tags::IMAGE_POSITION_PATIENT,
    tags::IN_STACK_POSITION_NUMBER,
    tags::STACK_ID,
    tags::IMAGE_POSITION_VOLUME,
    tags::COLUMN_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX,
    tags::ROW_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX,
    tags::SLICE_LOCATION,
];

fn index_name(item: &InMemDicomObject) -> Option<String> {
    let pointer = item
        .get(tags::DIMENSION_INDEX_POINTER)
        .and_then(|e| match e.value() {
            Value::Primitive(PrimitiveValue::Tags(tags)) => tags.first().copied(),
            _ => None,
        })?;
    if PLACES.contains(&pointer) {
        return None;
    }
    let label = text(item, tags::DIMENSION_DESCRIPTION_LABEL);
    let keyword = || StandardDataDictionary.by_tag(pointer).map(|e| spaced(e.alias()));
    label.or_else(keyword).or_else(|| Some(pointer.to_string()))
}

/// A keyword as words: `EffectiveEchoTime` is "effective echo time".
fn spaced(keyword: &str) -> String {
    let mut words = String::new();
    for (k, letter) in keyword.chars().enumerate() {
        if letter.is_uppercase() && k > 0 {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

fn index_values(places: &Places<'_>, shared: &Shared) -> Option<Coordinate> {
    if shared.indices.iter().all(Option::is_none) {
        return None;
    }
    let values = numbers(
        places.group(tags::FRAME_CONTENT_SEQUENCE)?,
        tags::DIMENSION_INDEX_VALUES,
    );
    let said: Vec<String> = shared
        .indices
        .iter()
        .zip(values)
        .filter_map(|(name, value)| Some(format!("{} {}", name.as_ref()?, value?)))
        .collect();
    (!said.is_empty()).then(|| words(said.join(", ")))
}

fn segment_name(shared: &Shared, number: i64) -> Coordinate {
    let label = shared.segments.iter().find(|(n, _)| *n == number);
    words(match label {
        Some((n, label)) => format!("{n} {label}"),
        None => number.to_string(),
    })
}

/// Magnitude is what is meant where nothing is said.
fn component(places: &Places<'_>) -> Option<String> {
    let frame_type = [
        tags::MR_IMAGE_FRAME_TYPE_SEQUENCE,
        tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
    ]
    .into_iter()
    .find_map(|sequence| places.group(sequence));
    let named = frame_type
        .and_then(|t| text(t, tags::COMPLEX_IMAGE_COMPONENT))
        .or_else(|| text(places.root, tags::COMPLEX_IMAGE_COMPONENT));
    if let Some(named) = named {
        return Some(named.to_lowercase());
    }
    let letters = texts(places.root, tags::IMAGE_TYPE);
    letters.iter().skip(2).find_map(|value| {
        Some(
            match value.as_str() {
                "M" | "MAGNITUDE" => "magnitude",
                "P" | "PHASE" => "phase",
                "R" | "REAL" => "real",
                "I" | "IMAGINARY" => "imaginary",
                _ => return None,
            }
            .to_owned(),
        )
    })
}

fn direction(places: &Places<'_>) -> Option<Coordinate> {
    let vector = places
        .group(tags::MR_DIFFUSION_SEQUENCE)
        .and_then(|d| d.get(tags::DIFFUSION_GRADIENT_DIRECTION_SEQUENCE))
        .and_then(|e| e.items()?.first())
        .and_then(|g| vector::<3>(g, tags::DIFFUSION_GRADIENT_ORIENTATION))
        .or_else(|| vector::<3>(places.root, tags::DIFFUSION_GRADIENT_ORIENTATION))
        .or_else(|| {
            let place = (0x0019, "SIEMENS MR HEADER", 0x0E);
            <[f64; 3]>::try_from(private::numbers(places.root, place, Form::Double)).ok()
        })?;
    // Adding zero turns a negative zero into zero.
    let [x, y, z] = vector.map(|v| (v * 1000.0).round() / 1000.0 + 0.0);
    Some(words(format!("{x:.3} {y:.3} {z:.3}")))
}

fn words(text: impl Into<Arc<str>>) -> Coordinate {
    Coordinate::Words(text.into())
}

pub(crate) fn thousandths(value: f64) -> Coordinate {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "header numbers; a float saturates when cast"
    )]
    Coordinate::Number((value * 1000.0).round() as i64)
}
