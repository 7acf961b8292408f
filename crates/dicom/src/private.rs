//! Private elements by their creator (PS3.5 7.8.1), read as what their makers say they are: implicit files and those that
//! passed through other hands give them without a representation, as bare bytes.

use dicom_core::{Tag, VR};
use dicom_object::InMemDicomObject;

use crate::dataset;

/// The representation that the maker gives an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// IS, DS and their like: numbers in words.
    Words,
    /// US.
    Unsigned,
    /// FL.
    Single,
    /// FD.
    Double,
}

/// The tag of a private element.
pub(crate) fn tag(root: &InMemDicomObject, group: u16, creator: &str, element: u8) -> Option<Tag> {
    let named = |block: &u16| {
        let name = dataset::bytes(root, Tag(group, *block)).unwrap_or_default();
        String::from_utf8_lossy(&name).trim_matches(['\0', ' ']) == creator
    };
    (0x10..=0xFF_u16)
        .find(named)
        .map(|block| Tag(group, block << 8 | u16::from(element)))
}

/// The numbers of a private element; empty when it is not there or is not of its form.
pub(crate) fn numbers(
    root: &InMemDicomObject,
    (group, creator, element): (u16, &str, u8),
    form: Form,
) -> Vec<f64> {
    let Some(tag) = tag(root, group, creator, element) else {
        return Vec::new();
    };
    let bare = root
        .get(tag)
        .is_some_and(|e| matches!(e.vr(), VR::UN | VR::OB | VR::OW));
    let values: Option<Vec<f64>> = if bare {
        read(&dataset::bytes(root, tag).unwrap_or_default(), form)
    } else {
        dataset::numbers(root, tag).into_iter().collect()
    };
    values.unwrap_or_default()
}

fn read(bytes: &[u8], form: Form) -> Option<Vec<f64>> {
    let size = match form {
        Form::Words => return words(bytes),
        Form::Unsigned => 2,
        Form::Single => 4,
        Form::Double => 8,
    };
    if !bytes.len().is_multiple_of(size) {
        return None;
    }
    let values: Vec<f64> = bytes
        .chunks_exact(size)
        .map(|b| match form {
            Form::Single => f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
            Form::Double => f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]),
            Form::Words | Form::Unsigned => f64::from(u16::from_le_bytes([b[0], b[1]])),
        })
        .collect();
    values.iter().all(|v| v.is_finite()).then_some(values)
}

fn words(bytes: &[u8]) -> Option<Vec<f64>> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.split('\\')
        .map(|part| part.trim_matches(['\0', ' ']).parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_bytes_are_read_in_their_makers_form() {
        assert_eq!(read(b"1000 ", Form::Words), Some(vec![1000.0]));
        assert_eq!(
            read(b"1000000800\\8\\0\\0", Form::Words).map(|v| v[0]),
            Some(1_000_000_800.0)
        );
        assert_eq!(read(&280_u16.to_le_bytes(), Form::Unsigned), Some(vec![280.0]));
        assert_eq!(read(&700_f32.to_le_bytes(), Form::Single), Some(vec![700.0]));
        assert_eq!(read(&0.5_f64.to_le_bytes(), Form::Double), Some(vec![0.5]));
        assert_eq!(read(b"abc", Form::Single), None, "not of its form");
        assert_eq!(read(&f64::NAN.to_le_bytes(), Form::Double), None);
    }
}
