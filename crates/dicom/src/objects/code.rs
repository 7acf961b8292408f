//! Coded entries (PS3.3 8): a code value, the scheme it belongs to, and its meaning.

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{item, text};

/// A coded entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Code Value, Long Code Value or URN Code Value.
    pub value: String,
    /// Coding Scheme Designator, e.g. `DCM`, `SCT`, `UCUM`; empty for a URN.
    pub scheme: String,
    /// Code Meaning.
    pub meaning: String,
}

impl Code {
    /// Reads an item of a code sequence; `None` when it says nothing.
    pub fn read(d: &InMemDicomObject) -> Option<Self> {
        let value = [tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE]
            .into_iter()
            .find_map(|tag| text(d, tag))
            .unwrap_or_default();
        let meaning = text(d, tags::CODE_MEANING).unwrap_or_default();
        (!value.is_empty() || !meaning.is_empty()).then(|| Self {
            value,
            scheme: text(d, tags::CODING_SCHEME_DESIGNATOR).unwrap_or_default(),
            meaning,
        })
    }

    /// The first item of a code sequence.
    pub fn first(d: &InMemDicomObject, sequence: Tag) -> Option<Self> {
        item(d, sequence).and_then(Self::read)
    }

    /// A unit of measurement as it is written after a number: UCUM's symbol (PS3.16 CID 82), Hounsfield units as
    /// `HU`, nothing for pure numbers; the meaning where the symbol is of another scheme.
    pub fn unit(&self) -> String {
        if self.scheme != "UCUM" && !self.meaning.is_empty() {
            return self.meaning.clone();
        }
        match self.value.as_str() {
            "1" => String::new(),
            "[hnsf'U]" => "HU".to_owned(),
            "Cel" => "°C".to_owned(),
            "deg" => "°".to_owned(),
            "um" => "µm".to_owned(),
            "mm2" => "mm²".to_owned(),
            "cm2" => "cm²".to_owned(),
            "mm3" => "mm³".to_owned(),
            "cm3" => "cm³".to_owned(),
            "" => self.meaning.clone(),
            // `{counts}`, `{ratio}`: an annotation is no unit but says what is counted.
            other if other.starts_with('{') && other.ends_with('}') => {
                other.trim_matches(['{', '}']).to_owned()
            }
            other => other.to_owned(),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.meaning.as_str(), self.value.as_str()) {
            ("", value) => f.write_str(value),
            (meaning, _) => f.write_str(meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(value: &str, scheme: &str, meaning: &str) -> String {
        let code = Code {
            value: value.to_owned(),
            scheme: scheme.to_owned(),
            meaning: meaning.to_owned(),
        };
        code.unit()
    }

    #[test]
    fn units_are_written_as_people_write_them() {
        assert_eq!(unit("mm", "UCUM", "millimeter"), "mm");
        assert_eq!(unit("[hnsf'U]", "UCUM", "Hounsfield unit"), "HU");
        assert_eq!(unit("1", "UCUM", "no units"), "");
        assert_eq!(unit("{ratio}", "UCUM", "ratio"), "ratio");
        assert_eq!(unit("mm2", "UCUM", "square millimeter"), "mm²");
        assert_eq!(unit("X1", "99LOCAL", "widgets"), "widgets");
        assert_eq!(unit("", "UCUM", "millimeter"), "millimeter");
    }
}
