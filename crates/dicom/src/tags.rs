//! A data set listed: as PS3.18 JSON, and for people.

use std::fmt::Write as _;
use std::path::Path;

use dicom_core::VR;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::{HasLength, Header};
use dicom_core::value::Value;
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;

use crate::error::DicomError;
use crate::file::DicomFile;

/// Binary values longer than this are left out.
const LONGEST_BINARY: u32 = 64;

/// The data set as DICOM JSON (PS3.18 annex F), bulk data left out.
///
/// # Errors
/// When the file cannot be read.
pub fn json(path: &Path) -> Result<serde_json::Value, DicomError> {
    let mut file = DicomFile::open(path)?;
    drop_bulk(&mut file.dataset);
    dicom_json::to_value(&file.dataset).map_err(|error| DicomError::Damaged(error.to_string()))
}

/// The data set as lines: tag, VR, keyword, value.
///
/// # Errors
/// When the file cannot be read.
pub fn lines(path: &Path) -> Result<String, DicomError> {
    DicomFile::open(path).map(lines_of)
}

/// As [`lines`], of an opened file.
pub fn lines_of(mut file: DicomFile) -> String {
    drop_bulk(&mut file.dataset);
    let mut out = String::new();
    let name = format!("# {} ({})\n", file.syntax.name, file.syntax.uid);
    out.push_str(&name);
    write_lines(&file.dataset, 0, &mut out);
    if let Some(reason) = file.damage {
        let _ = writeln!(out, "# damaged: {reason}");
    }
    out
}

fn drop_bulk(object: &mut InMemDicomObject) {
    let bulk: Vec<_> = object
        .iter()
        .filter(|e| is_binary(e.vr()) && e.header().length().get().is_some_and(|n| n > LONGEST_BINARY))
        .map(Header::tag)
        .collect();
    for tag in bulk {
        object.remove_element(tag);
    }
}

fn is_binary(vr: VR) -> bool {
    matches!(vr, VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV | VR::UN)
}

fn write_lines(object: &InMemDicomObject, depth: usize, out: &mut String) {
    for element in object {
        let tag = element.header().tag();
        let keyword = StandardDataDictionary
            .by_tag(tag)
            .map_or("", |entry| entry.alias());
        let indent = "  ".repeat(depth);
        let vr = element.vr().to_string();
        match element.value() {
            Value::Primitive(value) => {
                let text: String = value
                    .to_str()
                    .chars()
                    .map(|c| if c.is_control() { ' ' } else { c })
                    .take(120)
                    .collect();
                let _ = writeln!(out, "{indent}{tag} {vr} {keyword}: {}", text.trim_end());
            }
            Value::Sequence(sequence) => {
                let _ = writeln!(
                    out,
                    "{indent}{tag} {vr} {keyword}: {} items",
                    sequence.items().len()
                );
                for item in sequence.items() {
                    write_lines(item, depth + 1, out);
                }
            }
            Value::PixelSequence(_) => {
                let _ = writeln!(out, "{indent}{tag} {vr} {keyword}: compressed");
            }
        }
    }
}
