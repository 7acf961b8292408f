//! One line of what an object holds, for a list.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{integer, item, items, number, text};
use crate::file::DicomFile;
use crate::objects::code::Code;
use crate::objects::kind::Kind;
use crate::objects::{document, reference, sr, therapy};
use crate::walk::PixelLocation;

/// Names listed in a line before it says how many more there are.
const MOST_NAMES: usize = 6;
/// Longest name in a line, characters.
const LONGEST_NAME: usize = 48;

/// What its maker called it: label, title, name, or the series description.
pub fn label(d: &InMemDicomObject) -> Option<String> {
    [
        tags::CONTENT_LABEL,
        tags::STRUCTURE_SET_LABEL,
        tags::RT_PLAN_LABEL,
        tags::DOCUMENT_TITLE,
        tags::HANGING_PROTOCOL_NAME,
        tags::SERIES_DESCRIPTION,
    ]
    .into_iter()
    .find_map(|tag| text(d, tag))
}

/// The line: what it is, then what is known of it.
pub fn line(file: &DicomFile, kind: Kind) -> String {
    let d = &file.dataset;
    let name = super::kind::name_of(d, &file.syntax);
    let details: Vec<String> = details(file, kind)
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .collect();
    let line = match (details.is_empty(), integer(d, tags::INSTANCE_NUMBER)) {
        (false, _) => format!("{name}: {}", details.join(", ")),
        (true, Some(number)) => format!("{name} {number}"),
        (true, None) => name,
    };
    match file.damage {
        Some(reason) => format!("{line} (damaged: {reason})"),
        None => line,
    }
}

fn details(file: &DicomFile, kind: Kind) -> Vec<String> {
    let d = &file.dataset;
    match kind {
        Kind::Report | Kind::KeyObjects => report(file),
        Kind::PresentationState => presentation_state(d),
        Kind::Segmentation => segmentation(d),
        Kind::SurfaceSegmentation => vec![
            named(d, tags::SEGMENT_SEQUENCE, tags::SEGMENT_LABEL, "segment"),
            counted(items(d, tags::SURFACE_SEQUENCE).len(), "surface"),
        ],
        Kind::StructureSet => therapy::structure_set(d),
        Kind::Plan => therapy::plan(d),
        Kind::Dose => therapy::dose(d),
        Kind::TreatmentRecord => therapy::record(d),
        Kind::Registration => therapy::registration(d),
        Kind::DeformableRegistration => therapy::deformable(d),
        Kind::Fiducials => {
            let sets = items(d, tags::FIDUCIAL_SET_SEQUENCE);
            let points: usize = sets.iter().map(|s| items(s, tags::FIDUCIAL_SEQUENCE).len()).sum();
            vec![
                label(d).unwrap_or_default(),
                counted(points, "fiducial"),
                counted(sets.len(), "set"),
            ]
        }
        Kind::RealWorldValues => real_world_values(d),
        Kind::Waveform => waveform(d),
        Kind::Document => encapsulated(file),
        Kind::HangingProtocol => vec![
            text(d, tags::HANGING_PROTOCOL_NAME).unwrap_or_default(),
            text(d, tags::HANGING_PROTOCOL_DESCRIPTION).unwrap_or_default(),
        ],
        Kind::Annotations => annotations(d),
        Kind::Tractography => {
            let sets = items(d, tags::TRACK_SET_SEQUENCE);
            let tracks: usize = sets.iter().map(|s| items(s, tags::TRACK_SEQUENCE).len()).sum();
            vec![
                named(d, tags::TRACK_SET_SEQUENCE, tags::TRACK_SET_LABEL, "track set"),
                counted(tracks, "track"),
            ]
        }
        Kind::Video => video(file),
        Kind::Directory => vec![counted(items(d, tags::DIRECTORY_RECORD_SEQUENCE).len(), "record")],
        Kind::RawData | Kind::Spectroscopy | Kind::Other => vec![label(d).unwrap_or_default()],
    }
}

/// `1 segment`, `3 segments`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A name no longer than a line can bear.
pub(super) fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// `2 segments (Liver, Spleen)`.
pub(super) fn named(d: &InMemDicomObject, sequence: Tag, name: Tag, what: &str) -> String {
    let all = items(d, sequence);
    let names: Vec<String> = all
        .iter()
        .filter_map(|i| text(i, name))
        .take(MOST_NAMES)
        .map(|n| short(&n))
        .collect();
    let count = counted(all.len(), what);
    match (names.is_empty(), all.len() > MOST_NAMES) {
        (true, _) => count,
        (false, false) => format!("{count} ({})", names.join(", ")),
        (false, true) => format!("{count} ({} …)", names.join(", ")),
    }
}

fn report(file: &DicomFile) -> Vec<String> {
    let Ok(report) = sr::read(file) else {
        return Vec::new();
    };
    let title = if report.title.is_empty() {
        "untitled"
    } else {
        &report.title
    };
    let mut parts = vec![short(title)];
    let images = report.images().len();
    if report.is_key_objects {
        parts.push(counted(images, "instance"));
        return parts;
    }
    parts.push(counted(report.items.len(), "content item"));
    match report.measurements() {
        0 => {}
        n => parts.push(counted(n, "measurement")),
    }
    parts.extend([report.completion, report.verification].map(|flag| flag.to_lowercase()));
    parts
}

fn presentation_state(d: &InMemDicomObject) -> Vec<String> {
    let images = reference::references(d).instances.len();
    let annotations = items(d, tags::GRAPHIC_ANNOTATION_SEQUENCE).len();
    let mut parts = vec![
        [text(d, tags::CONTENT_LABEL), text(d, tags::CONTENT_DESCRIPTION)]
            .into_iter()
            .flatten()
            .map(|t| short(&t))
            .collect::<Vec<_>>()
            .join(" "),
        format!("for {}", counted(images, "instance")),
    ];
    if annotations > 0 {
        parts.push(counted(annotations, "annotation"));
    }
    parts
}

fn segmentation(d: &InMemDicomObject) -> Vec<String> {
    let kind = match text(d, tags::SEGMENTATION_TYPE).as_deref() {
        Some("LABELMAP") => "label map".to_owned(),
        Some(other) => other.to_lowercase(),
        None => String::new(),
    };
    let frames = usize::try_from(integer(d, tags::NUMBER_OF_FRAMES).unwrap_or(1)).unwrap_or(1);
    vec![
        named(d, tags::SEGMENT_SEQUENCE, tags::SEGMENT_LABEL, "segment"),
        kind,
        counted(frames, "frame"),
    ]
}

/// What units stored values are mapped to (PS3.3 C.7.6.16.2.11), each once.
fn real_world_values(d: &InMemDicomObject) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let images = reference::references(d).instances.len();
    let of_series = items(d, tags::REFERENCED_IMAGE_REAL_WORLD_VALUE_MAPPING_SEQUENCE);
    for group in of_series {
        for mapping in items(group, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE) {
            let unit = Code::first(mapping, tags::MEASUREMENT_UNITS_CODE_SEQUENCE);
            let symbol = unit.as_ref().map(|u| u.value.clone()).unwrap_or_default();
            let meaning = unit.map(|u| u.meaning).unwrap_or_default();
            let words = match (symbol.as_str(), meaning.as_str()) {
                ("", meaning) => meaning.to_owned(),
                (symbol, "") => symbol.to_owned(),
                (symbol, meaning) => format!("{} [{symbol}]", short(meaning)),
            };
            if !words.is_empty() && !units.contains(&words) && units.len() < MOST_NAMES {
                units.push(words);
            }
        }
    }
    vec![
        if units.is_empty() {
            "no unit".to_owned()
        } else {
            format!("to {}", units.join(" and "))
        },
        format!("for {}", counted(images, "instance")),
    ]
}

/// `12-lead ECG, 12 channels, 500 Hz, 10.0 s`; a further group of other length or frequency is counted.
fn waveform(d: &InMemDicomObject) -> Vec<String> {
    let class = text(d, tags::SOP_CLASS_UID).unwrap_or_default();
    let name = match class
        .strip_prefix("1.2.840.10008.5.1.4.1.1.9.")
        .unwrap_or_default()
    {
        "1.1" => "12-lead ECG",
        "1.2" => "general ECG",
        "1.3" => "ambulatory ECG",
        "1.4" => "general 32-bit ECG",
        "2.1" => "haemodynamic",
        "3.1" => "cardiac electrophysiology",
        "4.1" => "basic voice audio",
        "4.2" => "general audio",
        "5.1" => "arterial pulse",
        "6.1" | "6.2" => "respiratory",
        "7.1" | "7.2" => "EEG",
        "7.3" => "EMG",
        "7.4" => "EOG",
        "8.1" => "body position",
        _ => "",
    };
    let groups = items(d, tags::WAVEFORM_SEQUENCE);
    let mut parts = vec![name.to_owned()];
    if let Some(first) = groups.first() {
        let channels = integer(first, tags::NUMBER_OF_WAVEFORM_CHANNELS).unwrap_or(0);
        parts.push(counted(usize::try_from(channels).unwrap_or(0), "channel"));
        let frequency = number(first, tags::SAMPLING_FREQUENCY).filter(|f| *f > 0.0);
        if let Some(hertz) = frequency {
            parts.push(format!("{hertz} Hz"));
            if let Some(samples) = number(first, tags::NUMBER_OF_WAVEFORM_SAMPLES) {
                parts.push(format!("{:.1} s", samples / hertz));
            }
        }
    }
    if groups.len() > 1 {
        parts.push(counted(groups.len(), "group"));
    }
    parts
}

fn encapsulated(file: &DicomFile) -> Vec<String> {
    let d = &file.dataset;
    let Ok(document) = document::read(file) else {
        return vec![label(d).unwrap_or_default(), "nothing in it".to_owned()];
    };
    let name = match document.extension {
        "pdf" => "PDF".to_owned(),
        "xml" => "CDA".to_owned(),
        "stl" | "obj" | "mtl" => document.extension.to_uppercase(),
        _ => document.mime.clone(),
    };
    let title = if document.title.is_empty() {
        label(d).unwrap_or_default()
    } else {
        document.title
    };
    let title = Some(title)
        .filter(|t| !t.eq_ignore_ascii_case(&name))
        .unwrap_or_default();
    vec![name, short(&title), size(document.bytes.len())]
}

/// `950 bytes`, `12.3 kB`, `4.5 MB`.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn annotations(d: &InMemDicomObject) -> Vec<String> {
    let groups = items(d, tags::ANNOTATION_GROUP_SEQUENCE);
    let all: i64 = groups
        .iter()
        .filter_map(|g| integer(g, tags::NUMBER_OF_ANNOTATIONS))
        .filter(|n| *n >= 0)
        .fold(0, i64::saturating_add);
    vec![
        named(
            d,
            tags::ANNOTATION_GROUP_SEQUENCE,
            tags::ANNOTATION_GROUP_LABEL,
            "group",
        ),
        counted(usize::try_from(all).unwrap_or(usize::MAX), "annotation"),
    ]
}

/// Which coding, how many frames, how long: a video's one stream is not decoded here.
fn video(file: &DicomFile) -> Vec<String> {
    let d = &file.dataset;
    let coding = match file
        .syntax
        .uid
        .strip_prefix("1.2.840.10008.1.2.4.")
        .unwrap_or_default()
    {
        "100" | "100.1" => "MPEG-2 main profile at main level",
        "101" | "101.1" => "MPEG-2 main profile at high level",
        "102" | "102.1" => "MPEG-4 AVC/H.264 high profile at level 4.1",
        "103" | "103.1" => "MPEG-4 AVC/H.264 for Blu-ray at level 4.1",
        "104" | "104.1" => "MPEG-4 AVC/H.264 high profile at level 4.2, 2D",
        "105" | "105.1" => "MPEG-4 AVC/H.264 high profile at level 4.2, 3D",
        "106" | "106.1" => "MPEG-4 AVC/H.264 stereo high profile at level 4.2",
        "107" => "HEVC/H.265 main profile at level 5.1",
        "108" => "HEVC/H.265 main 10 profile at level 5.1",
        _ => file.syntax.name,
    };
    let mut parts = vec![coding.to_owned()];
    if let (Some(columns), Some(rows)) = (integer(d, tags::COLUMNS), integer(d, tags::ROWS)) {
        parts.push(format!("{columns} x {rows}"));
    }
    let frames = integer(d, tags::NUMBER_OF_FRAMES)
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(0);
    if frames > 0 {
        parts.push(counted(frames, "frame"));
    }
    // Frame Time in ms, or a rate in frames a second (PS3.3 C.7.6.5).
    let each = number(d, tags::FRAME_TIME)
        .filter(|ms| *ms > 0.0)
        .map(|ms| ms / 1e3)
        .or_else(|| {
            [tags::CINE_RATE, tags::RECOMMENDED_DISPLAY_FRAME_RATE]
                .into_iter()
                .find_map(|tag| number(d, tag).filter(|rate| *rate > 0.0))
                .map(|rate| 1.0 / rate)
        });
    if let (Some(each), true) = (each, frames > 0) {
        parts.push(format!("{:.1} s", each * frames as f64));
    }
    if let Some(PixelLocation { offset, .. }) = file.pixels {
        let bytes = usize::try_from(file.length().saturating_sub(offset)).unwrap_or(usize::MAX);
        parts.push(size(bytes));
    }
    parts.push("not played here".to_owned());
    parts
}

/// Text of the first item of a sequence.
pub(super) fn inner(d: &InMemDicomObject, sequence: Tag, tag: Tag) -> Option<String> {
    item(d, sequence).and_then(|i| text(i, tag))
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;

    use super::*;
    use crate::objects::ObjectHeader;
    use crate::objects::testing::{self, code, nest, object, put, put_u16};

    const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

    fn summary(d: InMemDicomObject) -> String {
        ObjectHeader::read(&testing::file(d)).summary
    }

    #[test]
    fn an_ecg_says_channels_frequency_and_length() {
        let mut d = object(&format!("{STORAGE}9.1.1"), "ECG");
        let mut group = InMemDicomObject::new_empty();
        put_u16(&mut group, tags::NUMBER_OF_WAVEFORM_CHANNELS, &[12]);
        put(&mut group, tags::SAMPLING_FREQUENCY, VR::DS, "500");
        let samples = dicom_core::PrimitiveValue::from(5000_u32);
        group.put(dicom_core::DataElement::new(
            tags::NUMBER_OF_WAVEFORM_SAMPLES,
            VR::UL,
            samples,
        ));
        nest(&mut d, tags::WAVEFORM_SEQUENCE, vec![group]);
        assert_eq!(summary(d), "waveform: 12-lead ECG, 12 channels, 500 Hz, 10.0 s");
    }

    #[test]
    fn a_plan_says_beams_fractions_and_dose() {
        let mut d = object(&format!("{STORAGE}481.5"), "RTPLAN");
        put(&mut d, tags::RT_PLAN_LABEL, VR::SH, "Prostate");
        let mut beam = InMemDicomObject::new_empty();
        put(&mut beam, tags::RADIATION_TYPE, VR::CS, "PHOTON");
        nest(&mut d, tags::BEAM_SEQUENCE, vec![beam.clone(), beam]);
        let mut group = InMemDicomObject::new_empty();
        put(&mut group, tags::NUMBER_OF_FRACTIONS_PLANNED, VR::IS, "39");
        nest(&mut d, tags::FRACTION_GROUP_SEQUENCE, vec![group]);
        let mut dose = InMemDicomObject::new_empty();
        put(&mut dose, tags::TARGET_PRESCRIPTION_DOSE, VR::DS, "78");
        nest(&mut d, tags::DOSE_REFERENCE_SEQUENCE, vec![dose]);
        assert_eq!(
            summary(d),
            "radiotherapy plan: Prostate, 2 photon beams, 39 fractions, 78 Gy to the target"
        );
    }

    #[test]
    fn a_mapping_says_its_unit_and_a_registration_its_matrix() {
        let mut d = object(&format!("{STORAGE}67"), "RWV");
        let mut mapping = InMemDicomObject::new_empty();
        let unit = code("{SUVbw}g/ml", "UCUM", "SUV body weight");
        nest(&mut mapping, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![unit]);
        let mut image = InMemDicomObject::new_empty();
        put(&mut image, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.9");
        let mut group = InMemDicomObject::new_empty();
        nest(&mut group, tags::REFERENCED_SOP_SEQUENCE, vec![image]);
        nest(
            &mut group,
            tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE,
            vec![mapping.clone(), mapping],
        );
        nest(
            &mut d,
            tags::REFERENCED_IMAGE_REAL_WORLD_VALUE_MAPPING_SEQUENCE,
            vec![group],
        );
        assert_eq!(
            summary(d),
            "real world value mapping: to SUV body weight [{SUVbw}g/ml], for 1 instance"
        );
        let mut d = object(&format!("{STORAGE}66.1"), "REG");
        let mut matrix = InMemDicomObject::new_empty();
        put(
            &mut matrix,
            tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE,
            VR::CS,
            "RIGID",
        );
        let mut step = InMemDicomObject::new_empty();
        nest(&mut step, tags::MATRIX_SEQUENCE, vec![matrix]);
        let mut one = InMemDicomObject::new_empty();
        nest(&mut one, tags::MATRIX_REGISTRATION_SEQUENCE, vec![step]);
        nest(&mut d, tags::REGISTRATION_SEQUENCE, vec![one.clone(), one]);
        assert_eq!(summary(d), "spatial registration: 2 frames of reference, rigid");
    }

    #[test]
    fn many_names_are_cut_and_none_is_no_colon() {
        let mut d = object(&format!("{STORAGE}66.4"), "SEG");
        let segments = (1..=8_u16)
            .map(|n| {
                let mut s = InMemDicomObject::new_empty();
                put(&mut s, tags::SEGMENT_LABEL, VR::LO, &format!("S{n}"));
                s
            })
            .collect();
        nest(&mut d, tags::SEGMENT_SEQUENCE, segments);
        put(&mut d, tags::SEGMENTATION_TYPE, VR::CS, "BINARY");
        put(&mut d, tags::NUMBER_OF_FRAMES, VR::IS, "30");
        assert_eq!(
            summary(d),
            "segmentation: 8 segments (S1, S2, S3, S4, S5, S6 …), binary, 30 frames"
        );
        assert_eq!(summary(object(&format!("{STORAGE}66"), "MR")), "raw data");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_234_567), "1.2 MB");
    }
}
