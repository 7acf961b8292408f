//! The bytes of a data set, already walked over, to elements: by the parser of dicom-rs, with what it cannot read put
//! into a form that it can.

use std::borrow::Cow;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_core::header::Header;
use dicom_core::value::Value;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::transfer_syntax::TransferSyntax;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use dicom_transfer_syntax_registry::entries;

use crate::ahead;
use crate::charset::CharacterSet;
use crate::dataset::bytes;
use crate::error::DicomError;
use crate::syntax::Encoding;
use crate::unknown;
use crate::walk::{charsets, each, elements};

/// Where Specific Character Set stands while the parser is at work: a tag that no attribute has.
const ASIDE: Tag = Tag(0x0008, 0x0004);

/// Which top-level elements to parse, by group and number.
pub type Keep = dyn Fn(u16, u16) -> bool + Sync;

/// Parses `bytes[range]`. `untidy` is what the walk said of elements that the parser must not see as they are; `keep` leaves out top-level elements.
///
/// # Errors
/// [`DicomError::Damaged`] when nothing of it can be read.
pub fn parse(
    bytes: &[u8],
    range: Range<usize>,
    encoding: Encoding,
    untidy: bool,
    keep: Option<&Keep>,
) -> Result<InMemDicomObject, DicomError> {
    let syntax: &TransferSyntax = match encoding {
        Encoding::ImplicitLittle => &entries::IMPLICIT_VR_LITTLE_ENDIAN.erased(),
        Encoding::ExplicitLittle => &entries::EXPLICIT_VR_LITTLE_ENDIAN.erased(),
        Encoding::ExplicitBig => &entries::EXPLICIT_VR_BIG_ENDIAN.erased(),
    };
    let mut data: Cow<'_, [u8]> = Cow::Borrowed(&bytes[range]);
    if let Some(keep) = keep {
        data = Cow::Owned(select(&data, encoding, keep));
    }
    if untidy && encoding == Encoding::ExplicitLittle {
        data = Cow::Owned(unknown::name(&data, 0, data.len()));
    }
    // Under another tag the parser keeps every byte of text as a Latin-1 character, and the values of the attribute.
    // Where all bytes are ASCII there is nothing to decode, which is so in most scans.
    let plain = data.iter().all(|b| b.is_ascii() && *b != 0x1B);
    let places = if plain {
        Vec::new()
    } else {
        charsets(&data, encoding)
    };
    let big = usize::from(encoding == Encoding::ExplicitBig);
    for place in &places {
        data.to_mut()[place + 2 + big] = ASIDE.1.to_le_bytes()[0];
    }
    let told = !plain && (!places.is_empty() || data.contains(&0x1B));
    let finish = |dataset| {
        if told {
            decode(dataset, &CharacterSet::default())
        } else {
            dataset
        }
    };
    let unnamed = untidy && encoding != Encoding::ExplicitLittle;
    if !unnamed && let Ok(dataset) = parse_slice(&data, syntax, encoding) {
        return Ok(finish(dataset));
    }
    // Something in it is beyond the parser: take the elements one by one and leave out those that are.
    let mut dataset = InMemDicomObject::new_empty();
    let mut first_error = None;
    for range in elements(&data, 0, data.len(), encoding) {
        let slice = &data[range];
        // Unknown elements of undefined length hide implicit bytes, which the parser would take for explicit ones; and
        // it makes room for whatever a nested length says.
        if unnamed && is_untidy(slice, encoding) {
            continue;
        }
        match parse_slice(slice, syntax, encoding) {
            Ok(part) => {
                for element in part {
                    dataset.put(element);
                }
            }
            Err(reason) => {
                first_error.get_or_insert(reason);
            }
        }
    }
    match first_error {
        Some(reason) if dataset.iter().next().is_none() => Err(DicomError::Damaged(reason)),
        _ => Ok(finish(dataset)),
    }
}

/// The top-level elements to keep, one after another.
fn select(bytes: &[u8], encoding: Encoding, keep: &Keep) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().min(16 * 1024));
    each(bytes, 0, bytes.len(), encoding, |(group, number), range| {
        if keep(group, number) {
            out.extend_from_slice(&bytes[range]);
        }
        true
    });
    out
}

fn is_untidy(slice: &[u8], encoding: Encoding) -> bool {
    crate::walk::walk(slice, 0, 0, true, encoding).1
}

/// Puts text that the parser took as Latin-1 right, and Specific Character Set back in its place. Items take the set
/// that they name, else that of what they stand in.
fn decode(mut dataset: InMemDicomObject, inherited: &CharacterSet) -> InMemDicomObject {
    let values: Vec<String> = bytes(&dataset, ASIDE)
        .map(|b| String::from_utf8_lossy(&b).into_owned())
        .unwrap_or_default()
        .split('\\')
        .map(|v| {
            v.trim_matches(|c: char| c == '\0' || c.is_whitespace())
                .to_owned()
        })
        .collect();
    let own = dataset.remove_element(ASIDE).then(|| CharacterSet::new(&values));
    let set = own.as_ref().unwrap_or(inherited);
    let elements = dataset.into_iter().map(|element| {
        let (tag, vr): (Tag, VR) = (element.tag(), element.vr());
        match element.into_value() {
            Value::Primitive(value) => {
                let text = matches!(vr, VR::SH | VR::LO | VR::ST | VR::PN | VR::LT | VR::UC | VR::UT);
                let value = if text { decode_value(value, vr, set) } else { value };
                DataElement::new(tag, vr, value)
            }
            Value::Sequence(sequence) => {
                let items = sequence.into_items().into_iter();
                let items: Vec<InMemDicomObject> = items.map(|item| decode(item, set)).collect();
                DataElement::new(tag, vr, dicom_core::value::DataSetSequence::from(items))
            }
            other @ Value::PixelSequence(_) => DataElement::new(tag, vr, other),
        }
    });
    let mut decoded = InMemDicomObject::from_element_iter(elements);
    if own.is_some() {
        let value = PrimitiveValue::Strs(values.into_iter().collect());
        decoded.put(InMemElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, value));
    }
    decoded
}

fn decode_value(value: PrimitiveValue, vr: VR, set: &CharacterSet) -> PrimitiveValue {
    let joined = match &value {
        PrimitiveValue::Str(text) => text.clone(),
        // The parser splits at every backslash byte, also at those inside a character of two bytes.
        PrimitiveValue::Strs(texts) => texts.join("\\"),
        _ => return value,
    };
    if joined.bytes().all(|b| b.is_ascii() && b != 0x1B) {
        return value;
    }
    let Ok(bytes) = joined
        .chars()
        .map(|c| u8::try_from(u32::from(c)))
        .collect::<Result<Vec<u8>, _>>()
    else {
        return value;
    };
    let text = set.decode(&bytes, if vr == VR::PN { b"^=" } else { b"" });
    match value {
        PrimitiveValue::Strs(_) => PrimitiveValue::Strs(text.split('\\').map(str::to_owned).collect()),
        _ => PrimitiveValue::Str(text),
    }
}

/// The parser is not ours: a panic in it is this file's damage, not the desk's.
fn parse_slice(
    slice: &[u8],
    syntax: &TransferSyntax,
    encoding: Encoding,
) -> Result<InMemDicomObject, String> {
    if !ahead::is_bounded(slice, encoding) {
        return Err("a length in it is longer than its bytes".to_owned());
    }
    match catch_unwind(AssertUnwindSafe(|| {
        InMemDicomObject::read_dataset_with_ts(slice, syntax)
    })) {
        Ok(Ok(dataset)) => Ok(dataset),
        Ok(Err(error)) => Err(one_line(&error)),
        Err(_) => Err("the parser gave up on it".to_owned()),
    }
}

/// The innermost cause of an error, on one line.
fn one_line(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string().lines().next().unwrap_or_default().to_owned()
}
