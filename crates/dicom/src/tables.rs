//! Lookup tables of a header: modality and VOI tables (PS3.3 C.11.1, C.11.2), colour palettes, plain and segmented
//! (PS3.3 C.7.9).

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use overread_imaging::attributes::Palette;
use overread_imaging::lut::Lut;

use crate::dataset::{bytes, numbers, text};

/// A Modality or VOI LUT item: descriptor (0028,3002), data (0028,3006), explanation.
pub(crate) fn lut(item: &InMemDicomObject, signed_input: bool) -> Option<Lut> {
    let descriptor: Vec<i64> = numbers(item, tags::LUT_DESCRIPTOR)
        .into_iter()
        .map(|v| {
            #[expect(clippy::cast_possible_truncation, reason = "16-bit values")]
            v.map(|v| v as i64)
        })
        .collect::<Option<_>>()?;
    let &[count, first, bits] = descriptor.as_slice() else {
        return None;
    };
    let count = usize::try_from(count.rem_euclid(65_536))
        .ok()
        .filter(|n| *n > 0)
        .unwrap_or(65_536);
    let first = if signed_input && first > 32_767 {
        first - 65_536
    } else {
        first
    };
    let bits = u8::try_from(bits)
        .ok()
        .filter(|b| (1..=16).contains(b))
        .unwrap_or(16);
    let entries = table(&bytes(item, tags::LUT_DATA)?, count)?;
    Some(Lut {
        first_mapped: i32::try_from(first).ok()?,
        bits,
        entries: entries.into(),
        explanation: text(item, tags::LUT_EXPLANATION),
    })
}

/// Entries of a table: 16-bit words, or bytes where the data are just as long as the count.
fn table(data: &[u8], count: usize) -> Option<Vec<u16>> {
    if data.len() >= count * 2 {
        Some(
            data.chunks_exact(2)
                .take(count)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
                .collect(),
        )
    } else if data.len() >= count {
        Some(data.iter().take(count).map(|b| u16::from(*b)).collect())
    } else {
        None
    }
}

/// Red, green and blue tables, plain or segmented (PS3.3 C.7.9.2), to 8 bits.
pub(crate) fn palette(root: &InMemDicomObject, signed: bool) -> Option<Palette> {
    let colours = [
        (
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
    ];
    let mut first = 0_i64;
    let mut bits = 16;
    let mut tables = Vec::new();
    for (descriptor, data, segmented) in colours {
        let d: Vec<i64> = numbers(root, descriptor)
            .into_iter()
            .map(|v| {
                #[expect(clippy::cast_possible_truncation, reason = "16-bit values")]
                v.map(|v| v as i64)
            })
            .collect::<Option<_>>()?;
        let &[count, from, width] = d.as_slice() else {
            return None;
        };
        let count = usize::try_from(count.rem_euclid(65_536))
            .ok()
            .filter(|n| *n > 0)
            .unwrap_or(65_536);
        first = if signed && from > 32_767 {
            from - 65_536
        } else {
            from
        };
        bits = width;
        tables.push(match bytes(root, data) {
            Some(data) => table(&data, count)?,
            None => segments(&bytes(root, segmented)?, width <= 8, count)?,
        });
    }
    let length = tables.iter().map(Vec::len).min()?;
    // Descriptors lie about their bits: entries that all fit a byte are bytes.
    let wide = bits > 8 && tables.iter().flatten().any(|v| *v > 255);
    let byte = |v: u16| if wide { (v >> 8) as u8 } else { v.min(255) as u8 };
    let entries: Vec<[u8; 3]> = (0..length)
        .map(|i| [byte(tables[0][i]), byte(tables[1][i]), byte(tables[2][i])])
        .collect();
    Some(Palette {
        first_mapped: i32::try_from(first).ok()?,
        entries: entries.into(),
    })
}

/// Unfolds segments: discrete, linear, indirect.
fn segments(data: &[u8], narrow: bool, count: usize) -> Option<Vec<u16>> {
    let words: Vec<u16> = if narrow {
        data.iter().map(|b| u16::from(*b)).collect()
    } else {
        data.chunks_exact(2)
            .map(|b| u16::from_le_bytes([b[0], b[1]]))
            .collect()
    };
    let mut out = Vec::with_capacity(count);
    let mut at = 0;
    while out.len() < count && at + 1 < words.len() {
        at = segment(&words, at, &mut out, count, true)?;
    }
    (out.len() >= count).then(|| {
        out.truncate(count);
        out
    })
}

fn segment(words: &[u16], at: usize, out: &mut Vec<u16>, most: usize, may_jump: bool) -> Option<usize> {
    let (&opcode, &length) = (words.get(at)?, words.get(at + 1)?);
    let length_usize = usize::from(length);
    match opcode {
        0 => {
            out.extend(
                words
                    .get(at + 2..at + 2 + length_usize)?
                    .iter()
                    .take(most - out.len().min(most)),
            );
            Some(at + 2 + length_usize)
        }
        1 => {
            let (from, to) = (f64::from(*out.last()?), f64::from(*words.get(at + 2)?));
            for i in 1..=length_usize.min(most - out.len().min(most)) {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between two 16-bit values"
                )]
                out.push((from + (to - from) * i as f64 / f64::from(length) + 0.5).floor() as u16);
            }
            Some(at + 3)
        }
        2 if may_jump => {
            let target = usize::from(*words.get(at + 2)?) | (usize::from(*words.get(at + 3)?) << 16);
            let mut inner = target;
            for _ in 0..length {
                inner = segment(words, inner, out, most, false)?;
            }
            Some(at + 4)
        }
        _ => None,
    }
}
