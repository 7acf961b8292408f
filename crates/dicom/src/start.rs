//! Where the data set of a file begins and how it is encoded (PS3.10 7): with or without preamble and meta group, and
//! guessed where the file does not say or says what the bytes deny.

use crate::error::DicomError;
use crate::syntax::{self, Syntax};

/// Why a file without a byte is no DICOM.
pub(crate) const EMPTY: &str = "the file is empty";

/// Where a data set begins, and how it is encoded.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) offset: usize,
    pub(crate) syntax: Syntax,
    pub(crate) has_meta: bool,
}

/// Where the data set begins: after preamble and meta group, after a meta group without preamble, or at once.
pub(crate) fn find(head: &[u8]) -> Result<Start, DicomError> {
    if head.is_empty() {
        return Err(DicomError::NotDicom(EMPTY.to_owned()));
    }
    if head.get(128..132) == Some(b"DICM") {
        return after_meta(head, 132);
    }
    if head.starts_with(&[2, 0]) && head.get(4..12).is_some_and(is_meta_element) {
        return after_meta(head, 0);
    }
    guess(head, 0).ok_or_else(|| {
        DicomError::NotDicom("it has neither the DICM mark nor a data set at its start".to_owned())
    })
}

/// The part after the tag of an element that a meta group may begin with: explicit, or implicit with a short length.
fn is_meta_element(rest: &[u8]) -> bool {
    matches!(rest.get(..2), Some(b"UL" | b"UI" | b"OB" | b"SH" | b"AE"))
        || matches!(rest, [length, 0, 0, 0, ..] if (1..=64).contains(length))
}

/// Steps over the meta group (explicit little endian, though some write it implicit) and takes the transfer syntax from it.
fn after_meta(head: &[u8], mut at: usize) -> Result<Start, DicomError> {
    let mut uid = None;
    while head.get(at..at + 2) == Some(&[2, 0]) {
        let Some(header) = head.get(at..at + 12) else {
            break;
        };
        let number = u16::from_le_bytes([header[2], header[3]]);
        let long = matches!(&header[4..6], b"OB" | b"OW" | b"UN" | b"SQ" | b"UT");
        let (value, length) = if !header[4..6].iter().all(u8::is_ascii_uppercase) {
            (
                at + 8,
                u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize,
            )
        } else if long {
            (
                at + 12,
                u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize,
            )
        } else {
            (at + 8, usize::from(u16::from_le_bytes([header[6], header[7]])))
        };
        let Some(bytes) = value.checked_add(length).and_then(|end| head.get(value..end)) else {
            return Err(DicomError::Damaged(
                "its file meta information is cut short".to_owned(),
            ));
        };
        if number == 0x10 {
            uid = Some(String::from_utf8_lossy(bytes).into_owned());
        }
        at = value + length;
    }
    match uid {
        Some(uid) => {
            let mut syntax = syntax::syntax(&uid);
            // Some writers say explicit and write implicit, or one byte order and write the other: the bytes win.
            if !syntax.deflated
                && let Some(guessed) = guess(head, at)
            {
                syntax.encoding = guessed.syntax.encoding;
            }
            Ok(Start {
                offset: at,
                syntax,
                has_meta: true,
            })
        }
        None => guess(head, at).ok_or_else(|| {
            DicomError::Damaged("it names no transfer syntax and its data set cannot be guessed".to_owned())
        }),
    }
}

/// Guesses the encoding from the first element: a low group, then either a VR or a plausible length.
fn guess(head: &[u8], at: usize) -> Option<Start> {
    let first = head.get(at..at + 8)?;
    let start = |uid: &str| {
        Some(Start {
            offset: at,
            syntax: syntax::syntax(uid),
            has_meta: false,
        })
    };
    let known = |vr: &[u8]| {
        matches!(
            vr,
            b"UL"
                | b"UI"
                | b"CS"
                | b"SH"
                | b"LO"
                | b"DA"
                | b"TM"
                | b"PN"
                | b"SQ"
                | b"US"
                | b"IS"
                | b"DS"
                | b"ST"
                | b"LT"
                | b"AE"
                | b"AS"
                | b"DT"
                | b"UN"
                | b"OB"
                | b"OW"
        )
    };
    let (little, big) = (
        u16::from_le_bytes([first[0], first[1]]),
        u16::from_be_bytes([first[0], first[1]]),
    );
    if known(&first[4..6]) {
        return match (little, big) {
            (2..=0x20, _) => start(syntax::EXPLICIT_LITTLE),
            (_, 2..=0x20) => start(syntax::EXPLICIT_BIG),
            _ => None,
        };
    }
    let length = u32::from_le_bytes([first[4], first[5], first[6], first[7]]);
    let element = u16::from_le_bytes([first[2], first[3]]);
    // Implicit little endian has no mark at all: ask for two elements in ascending order.
    let next = at.checked_add(8 + usize::try_from(length).ok()?)?;
    let second = head.get(next..next + 4)?;
    let second_group = u16::from_le_bytes([second[0], second[1]]);
    let ascending = second_group > little
        || (second_group == little && u16::from_le_bytes([second[2], second[3]]) > element);
    (matches!(little, 2 | 8) && length < 4096 && length % 2 == 0 && ascending && second_group <= 0x7FE0)
        .then(|| start(syntax::IMPLICIT_LITTLE))
        .flatten()
}
