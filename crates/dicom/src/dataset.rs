//! Reading values out of a parsed data set: tolerant of spaces, NULs, wrong VRs and empty values.

use dicom_core::value::Value;
use dicom_core::{DataElement, Tag};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// The element, when it is there.
pub fn element(object: &InMemDicomObject, tag: Tag) -> Option<&InMemElement> {
    object.get(tag)
}

/// All values as trimmed text; empty when absent.
pub fn texts(object: &InMemDicomObject, tag: Tag) -> Vec<String> {
    let Some(element) = element(object, tag) else {
        return Vec::new();
    };
    match DataElement::value(element) {
        Value::Primitive(value) => value.to_multi_str().iter().map(|text| clean(text)).collect(),
        _ => Vec::new(),
    }
}

/// The first value as trimmed text; `None` when absent or empty.
pub fn text(object: &InMemDicomObject, tag: Tag) -> Option<String> {
    texts(object, tag)
        .into_iter()
        .next()
        .filter(|text| !text.is_empty())
}

/// The whole value as one text (backslashes kept), for UT, LT and LO that hold one value.
pub fn whole_text(object: &InMemDicomObject, tag: Tag) -> Option<String> {
    let joined = texts(object, tag).join("\\");
    (!joined.is_empty()).then_some(joined)
}

/// All values as numbers; `None` for each that is none.
pub fn numbers(object: &InMemDicomObject, tag: Tag) -> Vec<Option<f64>> {
    texts(object, tag).iter().map(|text| parse(text)).collect()
}

/// The first value as a number.
pub fn number(object: &InMemDicomObject, tag: Tag) -> Option<f64> {
    numbers(object, tag).into_iter().next().flatten()
}

/// Exactly `N` numbers, all finite.
pub fn vector<const N: usize>(object: &InMemDicomObject, tag: Tag) -> Option<[f64; N]> {
    let values: Vec<f64> = numbers(object, tag).into_iter().collect::<Option<_>>()?;
    <[f64; N]>::try_from(values).ok()
}

/// The first value as a whole number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be whole and within i64's exact range"
)]
pub fn integer(object: &InMemDicomObject, tag: Tag) -> Option<i64> {
    number(object, tag)
        .filter(|v| v.fract() == 0.0 && v.abs() < 9e15)
        .map(|v| v as i64)
}

/// Items of a sequence; empty when absent.
pub fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    element(object, tag).and_then(|e| e.items()).unwrap_or_default()
}

/// The first item of a sequence.
pub fn item(object: &InMemDicomObject, tag: Tag) -> Option<&InMemDicomObject> {
    items(object, tag).first()
}

/// The value's bytes as stored (little endian words where the value was read as numbers).
pub fn bytes(object: &InMemDicomObject, tag: Tag) -> Option<Vec<u8>> {
    match element(object, tag)?.value() {
        Value::Primitive(value) => Some(value.to_bytes().into_owned()),
        _ => None,
    }
}

fn clean(text: &str) -> String {
    text.trim_matches(|c: char| c == '\0' || c.is_whitespace())
        .to_owned()
}

/// A decimal string, with the comma that some writers use.
fn parse(text: &str) -> Option<f64> {
    text.parse()
        .or_else(|_| text.replace(',', ".").parse())
        .ok()
        .filter(|v: &f64| v.is_finite())
}
