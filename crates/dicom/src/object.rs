//! DICOM objects that hold no image: what they are, in one line.

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{integer, item, items, text};

/// Kind of object for people, from SOP class and modality.
pub fn kind(d: &InMemDicomObject) -> String {
    let class = text(d, tags::SOP_CLASS_UID).unwrap_or_default();
    let name = match class.strip_prefix("1.2.840.10008.").unwrap_or(&class) {
        c if c.starts_with("5.1.4.1.1.88.59") => "key object selection",
        c if c.starts_with("5.1.4.1.1.88") => "structured report",
        c if c.starts_with("5.1.4.1.1.11") => "presentation state",
        c if c.starts_with("5.1.4.1.1.66.4") || c.starts_with("5.1.4.1.1.66.7") => "segmentation",
        c if c.starts_with("5.1.4.1.1.66") => "registration or spatial object",
        "5.1.4.1.1.481.3" => "radiotherapy structure set",
        "5.1.4.1.1.481.5" => "radiotherapy plan",
        "5.1.4.1.1.481.2" => "radiotherapy dose",
        c if c.starts_with("5.1.4.1.1.104") => "encapsulated document",
        c if c.starts_with("5.1.4.1.1.9.") => "waveform",
        c if c.starts_with("5.1.4.1.1.4.2") => "spectroscopy",
        "1.3.10" => "DICOM directory",
        _ => "",
    };
    if !name.is_empty() {
        return name.to_owned();
    }
    match text(d, tags::MODALITY).as_deref() {
        Some(modality) => format!("{modality} object"),
        None => "DICOM object".to_owned(),
    }
}

/// One line of what it holds.
pub fn summary(d: &InMemDicomObject) -> String {
    let kind = kind(d);
    let detail = match kind.as_str() {
        "structured report" | "key object selection" => {
            let title = item(d, tags::CONCEPT_NAME_CODE_SEQUENCE).and_then(|c| text(c, tags::CODE_MEANING));
            let n = items(d, tags::CONTENT_SEQUENCE).len();
            Some(format!(
                "{}, {n} content items",
                title.unwrap_or_else(|| "untitled".to_owned())
            ))
        }
        "presentation state" => text(d, tags::CONTENT_LABEL),
        "segmentation" => Some(format!("{} segments", items(d, tags::SEGMENT_SEQUENCE).len())),
        "radiotherapy structure set" => {
            let names: Vec<String> = items(d, tags::STRUCTURE_SET_ROI_SEQUENCE)
                .iter()
                .filter_map(|r| text(r, tags::ROI_NAME))
                .take(6)
                .collect();
            Some(names.join(", "))
        }
        "encapsulated document" => {
            text(d, tags::DOCUMENT_TITLE).or_else(|| text(d, tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT))
        }
        "waveform" => Some(format!(
            "{} multiplex groups",
            items(d, tags::WAVEFORM_SEQUENCE).len()
        )),
        "DICOM directory" => Some(format!(
            "{} records",
            items(d, tags::DIRECTORY_RECORD_SEQUENCE).len()
        )),
        _ => text(d, tags::SERIES_DESCRIPTION),
    };
    let number = integer(d, tags::INSTANCE_NUMBER)
        .map(|n| format!(" {n}"))
        .unwrap_or_default();
    match detail.filter(|detail| !detail.is_empty()) {
        Some(detail) => format!("{kind}: {detail}"),
        None => format!("{kind}{number}"),
    }
}
