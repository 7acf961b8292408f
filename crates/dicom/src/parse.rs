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
use crate::error::DicomError;
use crate::syntax::Encoding;
use crate::unknown;
use crate::walk::{Walker, each, elements};

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
    let charset = charset(&data, encoding);
    let values = charset
        .as_ref()
        .map(|(_, values)| values.clone())
        .unwrap_or_default();
    let plain = CharacterSet::is_plain(&values);
    if !plain && let Some((place, _)) = &charset {
        // Without the attribute the parser keeps every byte as a Latin-1 character.
        data.to_mut()[place.clone()].fill(b' ');
    }
    let unnamed = untidy && encoding != Encoding::ExplicitLittle;
    if !unnamed && let Ok(dataset) = parse_slice(&data, syntax, encoding) {
        return Ok(if plain { dataset } else { decode(dataset, &values) });
    }
    // Something in it is beyond the parser: take the elements one by one and leave out those that are.
    if let (true, Some((place, _))) = (plain, &charset) {
        data.to_mut()[place.clone()].fill(b' ');
    }
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
        _ => Ok(decode(dataset, &values)),
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

/// Specific Character Set of the data set: where its value lies, and its values.
fn charset(bytes: &[u8], encoding: Encoding) -> Option<(Range<usize>, Vec<String>)> {
    let mut found = None;
    each(bytes, 0, bytes.len(), encoding, |tag, range| {
        if tag == (0x0008, 0x0005) {
            found = Some(range);
        }
        tag < (0x0008, 0x0005)
    });
    let range = found?;
    let element = Walker::new(bytes, 0, true, encoding)
        .element(range.start, encoding)
        .ok()?;
    let value = element.value..range.end;
    let text = String::from_utf8_lossy(&bytes[value.clone()]).into_owned();
    let values = text
        .split('\\')
        .map(|v| {
            v.trim_matches(|c: char| c == '\0' || c.is_whitespace())
                .to_owned()
        })
        .collect();
    Some((value, values))
}

/// Puts text that the parser took as Latin-1 right, and the attribute back.
fn decode(dataset: InMemDicomObject, values: &[String]) -> InMemDicomObject {
    if values.iter().all(String::is_empty) {
        return dataset;
    }
    let mut dataset = decode_with(dataset, &CharacterSet::new(values));
    let value = PrimitiveValue::Strs(values.iter().cloned().collect());
    dataset.put(InMemElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, value));
    dataset
}

fn decode_with(dataset: InMemDicomObject, set: &CharacterSet) -> InMemDicomObject {
    let elements = dataset.into_iter().map(|element| {
        let (tag, vr): (Tag, VR) = (element.tag(), element.vr());
        match element.into_value() {
            Value::Primitive(value) => {
                let text = matches!(vr, VR::SH | VR::LO | VR::ST | VR::PN | VR::LT | VR::UC | VR::UT);
                let value = if text { decode_value(value, vr, set) } else { value };
                DataElement::new(tag, vr, value)
            }
            Value::Sequence(sequence) => {
                let items: Vec<InMemDicomObject> = sequence
                    .into_items()
                    .into_iter()
                    .map(|item| {
                        // An item with a set of its own was read by the parser under that.
                        if item.get(tags::SPECIFIC_CHARACTER_SET).is_some() {
                            item
                        } else {
                            decode_with(item, set)
                        }
                    })
                    .collect();
                DataElement::new(tag, vr, dicom_core::value::DataSetSequence::from(items))
            }
            other @ Value::PixelSequence(_) => DataElement::new(tag, vr, other),
        }
    });
    InMemDicomObject::from_element_iter(elements)
}

fn decode_value(value: PrimitiveValue, vr: VR, set: &CharacterSet) -> PrimitiveValue {
    let joined = match &value {
        PrimitiveValue::Str(text) => text.clone(),
        // The parser splits at every backslash byte, also at those inside a character of two bytes.
        PrimitiveValue::Strs(texts) => texts.join("\\"),
        _ => return value,
    };
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
