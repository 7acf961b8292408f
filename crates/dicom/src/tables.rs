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
        bits: used_bits(bits, &entries),
        entries: entries.into(),
        explanation: text(item, tags::LUT_EXPLANATION),
    })
}

/// Bits of the entries. Some writers say 16 of tables that fill 12 or fewer, which would be shown all but black.
fn used_bits(said: u8, entries: &[u16]) -> u8 {
    let most = entries.iter().copied().max().unwrap_or(0);
    if said == 16 && (1..4096).contains(&most) {
        u8::try_from(16 - most.leading_zeros()).unwrap_or(16).max(8)
    } else {
        said
    }
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
    let mut unfolding = Unfolding {
        words,
        narrow,
        count,
        starts: Vec::new(),
        out: Vec::with_capacity(count),
    };
    let mut at = 0;
    while unfolding.out.len() < count && at + 1 < unfolding.words.len() {
        unfolding.starts.push(at);
        at = unfolding.segment(at, true)?;
    }
    let mut out = unfolding.out;
    (out.len() >= count).then(|| {
        out.truncate(count);
        out
    })
}

/// A segmented table on its way to a plain one.
struct Unfolding {
    /// The segments: bytes or 16-bit words.
    words: Vec<u16>,
    narrow: bool,
    count: usize,
    /// Where the segments met so far begin.
    starts: Vec<usize>,
    out: Vec<u16>,
}

impl Unfolding {
    /// Unfolds the segment at a word; gives where the next one begins.
    fn segment(&mut self, at: usize, may_jump: bool) -> Option<usize> {
        let (&opcode, &length) = (self.words.get(at)?, self.words.get(at + 1)?);
        let most = self.count.saturating_sub(self.out.len());
        let whole = usize::from(length);
        match opcode {
            0 => {
                let entries = self.words.get(at + 2..at + 2 + whole)?;
                self.out.extend(entries.iter().take(most));
                Some(at + 2 + whole)
            }
            1 => {
                let (from, to) = (f64::from(*self.out.last()?), f64::from(*self.words.get(at + 2)?));
                for i in 1..=whole.min(most) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "between two 16-bit values"
                    )]
                    self.out
                        .push((from + (to - from) * i as f64 / f64::from(length) + 0.5).floor() as u16);
                }
                Some(at + 3)
            }
            2 if may_jump => {
                let (mut inner, next) = self.target(at + 2)?;
                for _ in 0..length {
                    inner = self.segment(inner, false)?;
                }
                Some(next)
            }
            _ => None,
        }
    }

    /// Where an indirect segment points, and where the next segment begins. The offset counts bytes (PS3.3 C.7.9.2.3);
    /// writers that count words are believed where no segment begins at the byte.
    fn target(&self, at: usize) -> Option<(usize, usize)> {
        let word = |i: usize| self.words.get(at + i).map(|w| usize::from(*w));
        let begins = |offset: &usize| self.starts.contains(offset);
        if self.narrow {
            let offset = word(0)? | (word(1)? << 8) | (word(2)? << 16) | (word(3)? << 24);
            return Some(offset).filter(begins).map(|offset| (offset, at + 4));
        }
        let offset = word(0)? | (word(1)? << 16);
        let bytes = Some(offset / 2)
            .filter(|_| offset.is_multiple_of(2))
            .filter(begins);
        bytes
            .or_else(|| Some(offset).filter(begins))
            .map(|offset| (offset, at + 2))
    }
}
