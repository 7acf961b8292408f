//! Data elements, data sets and files.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::uid_from;

/// Group and element of a data element.
pub type Tag = (u16, u16);

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "“{path}” could not be written ({source}); check that the folder exists, is writable and has free space"
)]
pub struct WriteError {
    /// The file.
    pub path: String,
    /// What the system said.
    pub source: std::io::Error,
}

/// How a data set is laid out in bytes (PS3.5 Annex A), all little endian here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferSyntax {
    /// 1.2.840.10008.1.2.1
    ExplicitLittle,
    /// 1.2.840.10008.1.2
    ImplicitLittle,
    /// Any encapsulated syntax by its UID; Pixel Data is then given as fragments.
    Encapsulated(String),
}

impl TransferSyntax {
    /// Its UID.
    pub fn uid(&self) -> &str {
        match self {
            Self::ExplicitLittle => "1.2.840.10008.1.2.1",
            Self::ImplicitLittle => "1.2.840.10008.1.2",
            Self::Encapsulated(uid) => uid,
        }
    }
}

#[derive(Debug, Clone)]
enum Value {
    Bytes(Vec<u8>),
    Sequence(Vec<DataSet>),
    Fragments(Vec<Vec<u8>>),
}

/// Elements in ascending order of their tags; a later value of a tag replaces an earlier one.
#[derive(Debug, Clone, Default)]
pub struct DataSet {
    elements: BTreeMap<Tag, ([u8; 2], Value)>,
}

impl DataSet {
    /// An empty data set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets raw bytes, padded to even length as its VR asks (NUL for UI and binary, space for text).
    pub fn bytes(&mut self, tag: Tag, vr: &str, mut bytes: Vec<u8>) -> &mut Self {
        if bytes.len() % 2 == 1 {
            let text = matches!(
                vr,
                "AE" | "AS"
                    | "CS"
                    | "DA"
                    | "DS"
                    | "DT"
                    | "IS"
                    | "LO"
                    | "LT"
                    | "PN"
                    | "SH"
                    | "ST"
                    | "TM"
                    | "UC"
                    | "UR"
                    | "UT"
            );
            bytes.push(if text { b' ' } else { 0 });
        }
        self.elements.insert(tag, (vr_bytes(vr), Value::Bytes(bytes)));
        self
    }

    /// Sets text; several values are separated by a backslash, as in the file.
    pub fn text(&mut self, tag: Tag, vr: &str, text: &str) -> &mut Self {
        self.bytes(tag, vr, text.as_bytes().to_vec())
    }

    /// Sets decimal strings (DS, at most 16 characters each).
    pub fn decimals(&mut self, tag: Tag, values: &[f64]) -> &mut Self {
        let parts: Vec<String> = values.iter().map(|v| decimal(*v)).collect();
        self.text(tag, "DS", &parts.join("\\"))
    }

    /// Sets unsigned 16-bit numbers (US).
    pub fn us(&mut self, tag: Tag, values: &[u16]) -> &mut Self {
        self.bytes(tag, "US", values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Sets signed 16-bit numbers (SS).
    pub fn ss(&mut self, tag: Tag, values: &[i16]) -> &mut Self {
        self.bytes(tag, "SS", values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Sets a sequence (SQ) of items of explicit length.
    pub fn sequence(&mut self, tag: Tag, items: Vec<DataSet>) -> &mut Self {
        self.elements.insert(tag, (*b"SQ", Value::Sequence(items)));
        self
    }

    /// Sets encapsulated Pixel Data: an empty offset table, then these fragments.
    pub fn fragments(&mut self, fragments: Vec<Vec<u8>>) -> &mut Self {
        self.elements
            .insert((0x7FE0, 0x0010), (*b"OB", Value::Fragments(fragments)));
        self
    }

    /// One item of a coded concept (code value, scheme, meaning; PS3.3 8.8).
    pub fn code(value: &str, scheme: &str, meaning: &str) -> Self {
        let mut item = Self::new();
        item.text((0x0008, 0x0100), "SH", value)
            .text((0x0008, 0x0102), "SH", scheme)
            .text((0x0008, 0x0104), "LO", meaning);
        item
    }

    /// Takes an element out.
    pub fn remove(&mut self, tag: Tag) -> &mut Self {
        self.elements.remove(&tag);
        self
    }

    /// Puts every element of `other` in.
    pub fn extend(&mut self, other: DataSet) -> &mut Self {
        self.elements.extend(other.elements);
        self
    }

    fn encode(&self, explicit: bool, out: &mut Vec<u8>) {
        for (tag, (vr, value)) in &self.elements {
            out.extend(tag.0.to_le_bytes());
            out.extend(tag.1.to_le_bytes());
            let mut body = Vec::new();
            let mut undefined = false;
            match value {
                Value::Bytes(bytes) => body.extend_from_slice(bytes),
                Value::Sequence(items) => {
                    for item in items {
                        let mut content = Vec::new();
                        item.encode(explicit, &mut content);
                        put_item(&mut body, &content);
                    }
                }
                Value::Fragments(fragments) => {
                    undefined = true;
                    put_item(&mut body, &[]);
                    for fragment in fragments {
                        let mut even = fragment.clone();
                        even.resize(fragment.len().next_multiple_of(2), 0);
                        put_item(&mut body, &even);
                    }
                    body.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
                }
            }
            let length = if undefined { u32::MAX } else { body.len() as u32 };
            if !explicit {
                out.extend(length.to_le_bytes());
            } else if long_form(*vr) {
                out.extend(vr);
                out.extend([0, 0]);
                out.extend(length.to_le_bytes());
            } else {
                out.extend(vr);
                out.extend((body.len() as u16).to_le_bytes());
            }
            out.append(&mut body);
        }
    }
}

fn put_item(out: &mut Vec<u8>, content: &[u8]) {
    out.extend([0xFE, 0xFF, 0x00, 0xE0]);
    out.extend((content.len() as u32).to_le_bytes());
    out.extend_from_slice(content);
}

fn vr_bytes(vr: &str) -> [u8; 2] {
    match vr.as_bytes() {
        [a, b] => [*a, *b],
        _ => *b"UN",
    }
}

/// VRs with a 32-bit length in explicit syntaxes (PS3.5 Table 7.1-1).
fn long_form(vr: [u8; 2]) -> bool {
    matches!(
        &vr,
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV"
    )
}

/// At most 16 characters, without a trailing ".0".
fn decimal(value: f64) -> String {
    let plain = format!("{value}");
    if plain.len() <= 16 {
        return plain;
    }
    (0..=10)
        .rev()
        .map(|digits| format!("{value:.digits$}"))
        .find(|text| text.len() <= 16)
        .unwrap_or_else(|| format!("{value:.8e}"))
}

/// A whole DICOM file (PS3.10): preamble, file meta information, data set.
#[derive(Debug, Clone)]
pub struct File {
    /// SOP Class UID.
    pub sop_class: String,
    /// SOP Instance UID.
    pub sop_instance: String,
    /// How the data set is encoded.
    pub syntax: TransferSyntax,
    /// The data set; SOP Class and SOP Instance UID are put in when it is encoded.
    pub data: DataSet,
}

impl File {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut meta = DataSet::new();
        meta.bytes((0x0002, 0x0001), "OB", vec![0, 1])
            .text((0x0002, 0x0002), "UI", &self.sop_class)
            .text((0x0002, 0x0003), "UI", &self.sop_instance)
            .text((0x0002, 0x0010), "UI", self.syntax.uid())
            .text(
                (0x0002, 0x0012),
                "UI",
                &uid_from("overread-phantom implementation"),
            )
            .text((0x0002, 0x0013), "SH", "OVERREAD_1");
        let mut rest = Vec::new();
        meta.encode(true, &mut rest);
        let mut length = DataSet::new();
        length.bytes((0x0002, 0x0000), "UL", (rest.len() as u32).to_le_bytes().to_vec());
        let mut out = vec![0u8; 128];
        out.extend(b"DICM");
        length.encode(true, &mut out);
        out.append(&mut rest);
        let mut data = self.data.clone();
        data.text((0x0008, 0x0016), "UI", &self.sop_class)
            .text((0x0008, 0x0018), "UI", &self.sop_instance);
        data.encode(self.syntax != TransferSyntax::ImplicitLittle, &mut out);
        out
    }

    /// Writes the file; an existing one is replaced.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        write_bytes(path, &self.encode())
    }
}

/// Writes bytes to a new or replaced file.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let attempt = || {
        let mut file = std::fs::File::create(path)?;
        file.write_all(bytes)
    };
    attempt().map_err(|source| WriteError {
        path: path.display().to_string(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_strings_keep_to_sixteen_characters() {
        for value in [
            0.1,
            -1.0 / 3.0,
            1e9 / 7.0,
            -123_456_789.123_456,
            0.703_125,
            1e-12,
            5e20,
        ] {
            let text = decimal(value);
            assert!(text.len() <= 16, "{text}");
            let back: f64 = text.parse().unwrap();
            assert!(
                (back - value).abs() <= 1e-6 * value.abs().max(1e-3),
                "{value} {text}"
            );
        }
        assert_eq!(decimal(1.0), "1");
    }

    #[test]
    fn elements_are_sorted_even_and_counted() {
        let mut data = DataSet::new();
        data.us((0x0028, 0x0010), &[7])
            .text((0x0010, 0x0010), "PN", "A^B")
            .text((0x0020, 0x000D), "UI", "1.2.3");
        let file = File {
            sop_class: "1.2".into(),
            sop_instance: "1.3".into(),
            syntax: TransferSyntax::ExplicitLittle,
            data,
        };
        let bytes = file.encode();
        assert_eq!(&bytes[128..132], b"DICM");
        let meta = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
        let data = &bytes[144 + meta..];
        assert_eq!(data[..4], [0x08, 0, 0x16, 0]);
        let name = data.windows(4).position(|w| w == [0x10, 0, 0x10, 0]).unwrap();
        assert_eq!(&data[name + 4..name + 12], b"PN\x04\x00A^B ");
        let uid = data.windows(4).position(|w| w == [0x20, 0, 0x0D, 0]).unwrap();
        assert_eq!(&data[uid + 4..uid + 14], b"UI\x06\x001.2.3\x00");
    }
}
