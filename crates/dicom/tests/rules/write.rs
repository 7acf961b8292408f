//! A little DICOM writer for these tests alone (PS3.5 7, annex A; PS3.10 7), which lets a test write what a sound writer
//! would never write: lengths that lie, elements twice or out of order, sequences in every form, pieces in any number.

use dicom_core::Tag;

/// How a data set is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Implicit,
    Explicit,
    Big,
}

/// A value; numbers are turned to the byte order of the file.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
    Longs(Vec<u32>),
    /// Items of stated lengths.
    Items(Vec<Data>),
    /// Sequence and items of undefined length.
    OpenItems(Vec<Data>),
    /// Items of undefined length in a UN element: implicit little endian inside, whatever is around it.
    UnknownItems(Vec<Data>),
    /// Encapsulated: the items' bytes, the offset table first where there is one; with or without the last delimiter.
    Pieces(Vec<Vec<u8>>, bool),
    /// A length that is not that of the bytes.
    Lying(u32, Vec<u8>),
}

/// Elements, written in ascending order unless `unsorted`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    elements: Vec<(Tag, [u8; 2], Value)>,
    unsorted: bool,
}

impl Data {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Puts an element in the place of an earlier one of its tag.
    pub(crate) fn put(mut self, tag: Tag, vr: &str, value: Value) -> Self {
        self.elements.retain(|(other, ..)| *other != tag);
        self.again(tag, vr, value)
    }

    /// Puts an element beside whatever is there.
    pub(crate) fn again(mut self, tag: Tag, vr: &str, value: Value) -> Self {
        let vr = [vr.as_bytes()[0], vr.as_bytes()[1]];
        self.elements.push((tag, vr, value));
        self
    }

    pub(crate) fn without(mut self, tag: Tag) -> Self {
        self.elements.retain(|(other, ..)| *other != tag);
        self
    }

    /// Writes the elements in the order in which they were put.
    pub(crate) fn unsorted(mut self) -> Self {
        self.unsorted = true;
        self
    }

    /// Text, padded to even length.
    pub(crate) fn text(self, tag: Tag, vr: &str, text: &str) -> Self {
        self.bytes(tag, vr, text.as_bytes())
    }

    /// Bytes, padded to even length: NUL for UI and binary, else a space.
    pub(crate) fn bytes(self, tag: Tag, vr: &str, bytes: &[u8]) -> Self {
        let mut bytes = bytes.to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if matches!(vr, "UI" | "OB" | "OW" | "UN") {
                0
            } else {
                b' '
            });
        }
        self.put(tag, vr, Value::Bytes(bytes))
    }

    pub(crate) fn us(self, tag: Tag, values: &[u16]) -> Self {
        self.put(tag, "US", Value::Words(values.to_vec()))
    }

    pub(crate) fn ss(self, tag: Tag, values: &[i16]) -> Self {
        let words = values.iter().map(|v| v.cast_unsigned()).collect();
        self.put(tag, "SS", Value::Words(words))
    }

    pub(crate) fn words(self, tag: Tag, vr: &str, values: &[u16]) -> Self {
        self.put(tag, vr, Value::Words(values.to_vec()))
    }

    pub(crate) fn items(self, tag: Tag, items: Vec<Data>) -> Self {
        self.put(tag, "SQ", Value::Items(items))
    }

    pub(crate) fn encode(&self, form: Form) -> Vec<u8> {
        let mut elements: Vec<_> = self.elements.iter().collect();
        if !self.unsorted {
            elements.sort_by_key(|(tag, ..)| *tag);
        }
        let mut out = Vec::new();
        for (tag, vr, value) in elements {
            element(*tag, *vr, value, form, &mut out);
        }
        out
    }
}

fn element(tag: Tag, vr: [u8; 2], value: &Value, form: Form, out: &mut Vec<u8>) {
    let (length, body) = match value {
        Value::Bytes(bytes) => (bytes.len(), bytes.clone()),
        Value::Words(words) => (
            words.len() * 2,
            words.iter().flat_map(|w| u16_bytes(*w, form)).collect(),
        ),
        Value::Longs(longs) => (
            longs.len() * 4,
            longs.iter().flat_map(|w| u32_bytes(*w, form)).collect(),
        ),
        Value::Items(items) => {
            let body: Vec<u8> = items.iter().flat_map(|i| item(&i.encode(form), form)).collect();
            (body.len(), body)
        }
        Value::OpenItems(items) => (usize::MAX, open_items(items, form)),
        Value::UnknownItems(items) => {
            let mut body = open_items(items, Form::Implicit);
            // The delimiter that ends the element is read in the form of the items (PS3.5 6.2.2).
            if form == Form::Big {
                body = open_items(items, Form::Big);
            }
            (usize::MAX, body)
        }
        Value::Pieces(pieces, delimited) => {
            let mut body: Vec<u8> = pieces.iter().flat_map(|p| item(p, form)).collect();
            if *delimited {
                body.extend(mark(0xE0DD, 0, form));
            }
            (usize::MAX, body)
        }
        Value::Lying(length, bytes) => (*length as usize, bytes.clone()),
    };
    out.extend(u16_bytes(tag.0, form));
    out.extend(u16_bytes(tag.1, form));
    let length = if length == usize::MAX {
        u32::MAX
    } else {
        u32::try_from(length).expect("small")
    };
    if form == Form::Implicit {
        out.extend(u32_bytes(length, form));
    } else if is_long(vr) {
        out.extend(vr);
        out.extend([0, 0]);
        out.extend(u32_bytes(length, form));
    } else {
        out.extend(vr);
        out.extend(u16_bytes(u16::try_from(length & 0xFFFF).expect("masked"), form));
    }
    out.extend(body);
}

/// PS3.5 table 7.1-1.
fn is_long(vr: [u8; 2]) -> bool {
    [
        "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV",
    ]
    .iter()
    .any(|long| long.as_bytes() == vr)
}

fn open_items(items: &[Data], form: Form) -> Vec<u8> {
    let mut body = Vec::new();
    for each in items {
        body.extend(mark(0xE000, u32::MAX, form));
        body.extend(each.encode(form));
        body.extend(mark(0xE00D, 0, form));
    }
    body.extend(mark(0xE0DD, 0, form));
    body
}

fn item(bytes: &[u8], form: Form) -> Vec<u8> {
    let mut out = mark(0xE000, u32::try_from(bytes.len()).expect("small"), form);
    out.extend_from_slice(bytes);
    out
}

/// An item, its end or a sequence's end.
pub(crate) fn mark(number: u16, length: u32, form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(u16_bytes(0xFFFE, form));
    out.extend(u16_bytes(number, form));
    out.extend(u32_bytes(length, form));
    out
}

fn u16_bytes(value: u16, form: Form) -> [u8; 2] {
    if form == Form::Big {
        value.to_be_bytes()
    } else {
        value.to_le_bytes()
    }
}

fn u32_bytes(value: u32, form: Form) -> [u8; 4] {
    if form == Form::Big {
        value.to_be_bytes()
    } else {
        value.to_le_bytes()
    }
}

/// A file: what stands in front of a data set, and how that is laid out.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) preamble: bool,
    /// The meta group; `None` for none at all.
    pub(crate) meta: Option<Data>,
    pub(crate) group_length: bool,
    pub(crate) form: Form,
    pub(crate) deflated: bool,
}

pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub(crate) const BIG: &str = "1.2.840.10008.1.2.2";
pub(crate) const RLE: &str = "1.2.840.10008.1.2.5";
pub(crate) const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
pub(crate) const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
pub(crate) const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
pub(crate) const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";
pub(crate) const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";

impl File {
    /// Preamble, meta group, and the data set as the syntax says.
    pub(crate) fn new(syntax: &str) -> Self {
        let meta = Data::new()
            .bytes(Tag(2, 1), "OB", &[0, 1])
            .text(Tag(2, 2), "UI", SECONDARY_CAPTURE)
            .text(Tag(2, 3), "UI", "2.25.7")
            .text(Tag(2, 0x10), "UI", syntax)
            .text(Tag(2, 0x12), "UI", "2.25.1");
        Self {
            preamble: true,
            meta: Some(meta),
            group_length: true,
            form: match syntax {
                IMPLICIT => Form::Implicit,
                BIG => Form::Big,
                _ => Form::Explicit,
            },
            deflated: syntax == DEFLATED,
        }
    }

    /// The bytes of the file around a data set.
    pub(crate) fn around(&self, data: &Data) -> Vec<u8> {
        let mut out = Vec::new();
        if self.preamble {
            out.resize(128, 0);
            out.extend(b"DICM");
        }
        if let Some(meta) = &self.meta {
            let group = meta.encode(Form::Explicit);
            if self.group_length {
                let length = u32::try_from(group.len()).expect("small");
                out.extend(
                    Data::new()
                        .put(Tag(2, 0), "UL", Value::Longs(vec![length]))
                        .encode(Form::Explicit),
                );
            }
            out.extend(group);
        }
        let body = data.encode(self.form);
        if self.deflated {
            use std::io::Write as _;
            let mut encoder = flate2::write::DeflateEncoder::new(out, flate2::Compression::default());
            encoder.write_all(&body).expect("memory");
            return encoder.finish().expect("memory");
        }
        out.extend(body);
        out
    }
}

/// A file of explicit little endian.
pub(crate) fn explicit(data: &Data) -> Vec<u8> {
    File::new(EXPLICIT).around(data)
}
