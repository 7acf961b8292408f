//! Native pixel cells to stored values: bits packed or not, any High Bit, sign, both byte orders, 4:2:2 and planes.

use overread_imaging::samples::Samples;

use crate::codec::Cells;
use crate::error::DicomError;
use crate::pixels::PixelLayout;
use crate::walk::PixelKind;

/// Stored values of one native frame. `bytes` begin at the frame's first byte; for 1 and 12 bit cells at bit
/// `first_bit` of it. `big_endian` and `words` say how multi-byte cells were written.
///
/// # Errors
/// [`DicomError::Truncated`] when the bytes do not reach.
pub fn unpack(
    layout: &PixelLayout,
    bytes: &[u8],
    first_bit: u32,
    big_endian: bool,
    frame: u32,
) -> Result<Samples, DicomError> {
    let pixels = layout.rows as usize * layout.columns as usize;
    if layout.is_422() && !layout.columns.is_multiple_of(2) {
        return Err(DicomError::UnsupportedPixels(format!(
            "colour shared by two neighbours in rows of {} pixels",
            layout.columns
        )));
    }
    if layout.photometric.ends_with("_420") {
        return Err(DicomError::UnsupportedPixels(
            "uncompressed colour shared by four neighbours".to_owned(),
        ));
    }
    let cells = if layout.is_422() {
        pixels * 2
    } else {
        pixels * usize::from(layout.samples)
    };
    let needed = (cells as u64 * u64::from(layout.bits_allocated) + u64::from(first_bit)).div_ceil(8);
    if (bytes.len() as u64) < needed {
        return Err(DicomError::Truncated {
            frame,
            needed,
            found: bytes.len() as u64,
        });
    }
    let samples = match (layout.location.kind, layout.bits_allocated) {
        (PixelKind::Float, _) => Samples::F32(
            bytes
                .chunks_exact(4)
                .take(cells)
                .map(|b| f32::from_bits(word32(b, big_endian)))
                .collect(),
        ),
        (PixelKind::Double, _) => Samples::F64(
            bytes
                .chunks_exact(8)
                .take(cells)
                .map(|b| {
                    let raw = [b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]];
                    if big_endian {
                        f64::from_be_bytes(raw)
                    } else {
                        f64::from_le_bytes(raw)
                    }
                })
                .collect(),
        ),
        (_, 1) => Samples::U8(
            (0..cells)
                .map(|i| {
                    let bit = i + first_bit as usize;
                    (bytes[bit / 8] >> (bit % 8)) & 1
                })
                .collect(),
        ),
        (_, 8) if layout.bits_stored == 8 && !layout.signed => Samples::U8(bytes[..cells].to_vec()),
        (_, 8) => narrow8(layout, bytes[..cells].iter().map(|b| u32::from(*b))),
        (_, 12) => narrow16(
            layout,
            (0..cells).map(|i| twelve(bytes, i * 12 + first_bit as usize)),
        ),
        (_, 16) => sixteen(layout, &bytes[..cells * 2], big_endian),
        (_, 32) => wide32(
            layout,
            bytes.chunks_exact(4).take(cells).map(|b| word32(b, big_endian)),
        ),
        (_, other) => {
            return Err(DicomError::UnsupportedPixels(format!(
                "{other} bits allocated, uncompressed"
            )));
        }
    };
    let samples = if layout.is_422() {
        spread_422(samples)
    } else {
        samples
    };
    Ok(if layout.planar && layout.samples == 3 && !layout.is_422() {
        interleave(samples, pixels)
    } else {
        samples
    })
}

/// 16-bit cells, by far the most common: moved to the top and back down in words of that width, which every processor
/// does for many at a time.
fn sixteen(layout: &PixelLayout, bytes: &[u8], big_endian: bool) -> Samples {
    let up = u32::from(15_u16.saturating_sub(layout.high_bit));
    let down = u32::from(16_u16.saturating_sub(layout.bits_stored)).min(15);
    let cells = bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
    match (layout.signed, big_endian) {
        (true, false) => Samples::I16(cells.map(|b| (i16::from_le_bytes(b) << up) >> down).collect()),
        (true, true) => Samples::I16(cells.map(|b| (i16::from_be_bytes(b) << up) >> down).collect()),
        (false, false) => Samples::U16(cells.map(|b| (u16::from_le_bytes(b) << up) >> down).collect()),
        (false, true) => Samples::U16(cells.map(|b| (u16::from_be_bytes(b) << up) >> down).collect()),
    }
}

fn word32(b: &[u8], big_endian: bool) -> u32 {
    let raw = [b[0], b[1], b[2], b[3]];
    if big_endian {
        u32::from_be_bytes(raw)
    } else {
        u32::from_le_bytes(raw)
    }
}

/// The 12-bit cell at a bit, which begins a byte or its upper half: two cells in three bytes, low nibble first.
fn twelve(bytes: &[u8], bit: usize) -> u32 {
    let at = bit / 8;
    let (a, b) = (bytes[at], bytes.get(at + 1).copied().unwrap_or(0));
    if bit.is_multiple_of(8) {
        u32::from(a) | (u32::from(b & 0x0F) << 8)
    } else {
        u32::from(a >> 4) | (u32::from(b) << 4)
    }
}

/// A cell's stored value: shifted right by HighBit + 1 - BitsStored, masked; sign-extended by the callers.
fn cut(layout: &PixelLayout, cell: u32) -> u32 {
    let shift = u32::from(layout.high_bit + 1 - layout.bits_stored);
    let mask = u32::MAX >> (32 - u32::from(layout.bits_stored.min(32)));
    (cell >> shift) & mask
}

#[expect(
    clippy::cast_possible_wrap,
    reason = "the point is to move the sign bit to the top and back"
)]
fn extend(layout: &PixelLayout, value: u32) -> i32 {
    let unused = 32 - u32::from(layout.bits_stored.min(32));
    ((value << unused) as i32) >> unused
}

/// Values of cells of up to 8 bits.
#[expect(clippy::cast_possible_truncation, reason = "masked to at most 8 bits")]
pub fn narrow8(layout: &PixelLayout, cells: impl Iterator<Item = u32>) -> Samples {
    if layout.signed {
        Samples::I8(cells.map(|c| extend(layout, cut(layout, c)) as i8).collect())
    } else {
        Samples::U8(cells.map(|c| cut(layout, c) as u8).collect())
    }
}

/// Values of cells of up to 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "masked to at most 16 bits")]
pub fn narrow16(layout: &PixelLayout, cells: impl Iterator<Item = u32>) -> Samples {
    if layout.signed {
        Samples::I16(cells.map(|c| extend(layout, cut(layout, c)) as i16).collect())
    } else {
        Samples::U16(cells.map(|c| cut(layout, c) as u16).collect())
    }
}

fn wide32(layout: &PixelLayout, cells: impl Iterator<Item = u32>) -> Samples {
    if layout.signed {
        Samples::I32(cells.map(|c| extend(layout, cut(layout, c))).collect())
    } else {
        Samples::U32(cells.map(|c| cut(layout, c)).collect())
    }
}

/// Values of cells as wide as BitsAllocated.
pub fn narrow(layout: &PixelLayout, cells: impl Iterator<Item = u32>) -> Samples {
    match layout.bits_allocated {
        0..=8 => narrow8(layout, cells),
        9..=16 => narrow16(layout, cells),
        _ => wide32(layout, cells),
    }
}

/// Values of a codec's cells. Those of the width that is wanted are cut where they lie.
pub fn stored(layout: &PixelLayout, cells: Cells) -> Samples {
    let shifts = |bits: u16| {
        let up = u32::from((bits - 1).saturating_sub(layout.high_bit));
        let down = u32::from(bits.saturating_sub(layout.bits_stored)).min(u32::from(bits - 1));
        (up, down)
    };
    match cells {
        Cells::U8(mut cells) if layout.bits_allocated <= 8 && !layout.signed => {
            let (up, down) = shifts(8);
            if (up, down) != (0, 0) {
                cells.iter_mut().for_each(|c| *c = (*c << up) >> down);
            }
            Samples::U8(cells)
        }
        Cells::U16(mut cells) if (9..=16).contains(&layout.bits_allocated) && !layout.signed => {
            let (up, down) = shifts(16);
            if (up, down) != (0, 0) {
                cells.iter_mut().for_each(|c| *c = (*c << up) >> down);
            }
            Samples::U16(cells)
        }
        // Read, not consumed: a vector that is reused in place is filled cell by cell.
        Cells::U16(cells) if (9..=16).contains(&layout.bits_allocated) => {
            let (up, down) = shifts(16);
            Samples::I16(cells.iter().map(|c| (c.cast_signed() << up) >> down).collect())
        }
        Cells::U8(cells) => narrow(layout, cells.iter().map(|c| u32::from(*c))),
        Cells::U16(cells) => narrow(layout, cells.iter().map(|c| u32::from(*c))),
        Cells::U32(cells) => narrow(layout, cells.iter().copied()),
    }
}

/// Applies `f` to whichever vector a `Samples` holds.
macro_rules! map_samples {
    ($samples:expr, $f:expr) => {
        match $samples {
            Samples::U8(v) => Samples::U8($f(v)),
            Samples::I8(v) => Samples::I8($f(v)),
            Samples::U16(v) => Samples::U16($f(v)),
            Samples::I16(v) => Samples::I16($f(v)),
            Samples::U32(v) => Samples::U32($f(v)),
            Samples::I32(v) => Samples::I32($f(v)),
            Samples::F32(v) => Samples::F32($f(v)),
            Samples::F64(v) => Samples::F64($f(v)),
        }
    };
}

/// Y Y Cb Cr to Y Cb Cr, Y Cb Cr (PS3.3 C.7.6.3.1.2): the colour of two neighbours is shared.
fn spread_422(samples: Samples) -> Samples {
    fn spread<T: Copy>(v: Vec<T>) -> Vec<T> {
        v.chunks_exact(4)
            .flat_map(|quad| [quad[0], quad[2], quad[3], quad[1], quad[2], quad[3]])
            .collect()
    }
    map_samples!(samples, spread)
}

/// Colour planes to pixels.
pub fn interleave(samples: Samples, pixels: usize) -> Samples {
    fn weave<T: Copy>(v: Vec<T>, pixels: usize) -> Vec<T> {
        (0..pixels)
            .flat_map(|i| [v[i], v[pixels + i], v[2 * pixels + i]])
            .collect()
    }
    map_samples!(samples, |v| weave(v, pixels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::PixelLocation;

    fn layout(bits_allocated: u16, bits_stored: u16, high_bit: u16, signed: bool) -> PixelLayout {
        PixelLayout {
            rows: 1,
            columns: 2,
            samples: 1,
            planar: false,
            bits_allocated,
            bits_stored,
            high_bit,
            signed,
            photometric: "MONOCHROME2".to_owned(),
            frames: 1,
            rows_there: 1,
            location: PixelLocation {
                kind: PixelKind::Integer,
                offset: 0,
                length: None,
                words: true,
            },
        }
    }

    #[test]
    fn high_bit_shifts_and_sign_extends() {
        let left = layout(16, 12, 15, false);
        assert_eq!(
            unpack(&left, &[0xF0, 0xFF, 0x10, 0x00], 0, false, 1),
            Ok(Samples::U16(vec![4095, 1]))
        );
        let signed = layout(16, 12, 11, true);
        assert_eq!(
            unpack(&signed, &[0xFF, 0x0F, 0x00, 0xF8], 0, false, 1),
            Ok(Samples::I16(vec![-1, -2048]))
        );
    }

    #[test]
    fn sixteen_bits_are_cut_as_the_general_rule_cuts_them() {
        let bytes: Vec<u8> = (0..=255_u8).flat_map(|b| [b.wrapping_mul(37), b]).collect();
        for (stored, high) in [(16, 15), (12, 11), (12, 15), (10, 12), (1, 0), (1, 15)] {
            for signed in [false, true] {
                let layout = layout(16, stored, high, signed);
                let cells = bytes
                    .chunks_exact(2)
                    .map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])));
                assert_eq!(
                    sixteen(&layout, &bytes, false),
                    narrow16(&layout, cells),
                    "{stored} {high} {signed}"
                );
            }
        }
    }

    #[test]
    fn cells_are_cut_alike_whatever_their_width() {
        let wide: Vec<u32> = (0..=0xFFFF).collect();
        let words = Cells::U16((0..=0xFFFF).collect());
        for (stored_bits, high) in [(16, 15), (12, 11), (12, 15), (10, 12), (1, 0), (1, 15)] {
            for signed in [false, true] {
                let layout = layout(16, stored_bits, high, signed);
                assert_eq!(
                    stored(&layout, words.clone()),
                    stored(&layout, Cells::U32(wide.clone())),
                    "{stored_bits} {high} {signed}"
                );
            }
        }
        let bytes = Cells::U8((0..=255).collect());
        for (stored_bits, high) in [(8, 7), (6, 5), (6, 7), (1, 0)] {
            for (allocated, signed) in [(8, false), (8, true), (16, false)] {
                let layout = layout(allocated, stored_bits, high, signed);
                assert_eq!(
                    stored(&layout, bytes.clone()),
                    stored(&layout, Cells::U32((0..=255).collect())),
                    "{stored_bits} {high} {signed}"
                );
            }
        }
    }

    #[test]
    fn big_endian_words_turn() {
        assert_eq!(
            unpack(&layout(16, 16, 15, false), &[1, 2, 3, 4], 0, true, 1),
            Ok(Samples::U16(vec![258, 772]))
        );
    }

    #[test]
    fn single_bits_start_anywhere() {
        assert_eq!(
            unpack(&layout(1, 1, 0, false), &[0b0000_1000], 3, false, 1),
            Ok(Samples::U8(vec![1, 0]))
        );
    }

    #[test]
    fn twelve_bit_cells_share_bytes() {
        assert_eq!(
            unpack(&layout(12, 12, 11, false), &[0x34, 0x62, 0x45], 0, false, 1),
            Ok(Samples::U16(vec![0x234, 0x456]))
        );
        // A frame of an odd number of cells ends in the middle of a byte, where the next one begins.
        assert_eq!(
            unpack(&layout(12, 12, 11, false), &[0x30, 0x62, 0x45, 0x01], 4, false, 1),
            Ok(Samples::U16(vec![0x623, 0x145]))
        );
    }

    #[test]
    fn short_bytes_are_truncation() {
        assert!(matches!(
            unpack(&layout(16, 16, 15, false), &[0, 0, 0], 0, false, 7),
            Err(DicomError::Truncated {
                frame: 7,
                needed: 4,
                found: 3
            })
        ));
    }

    #[test]
    fn colour_422_needs_whole_pairs() {
        let odd = PixelLayout {
            columns: 3,
            samples: 3,
            photometric: "YBR_FULL_422".to_owned(),
            ..layout(8, 8, 7, false)
        };
        let refused = unpack(&odd, &[0; 64], 0, false, 1).expect_err("three columns");
        assert!(refused.to_string().contains("rows of 3 pixels"), "{refused}");
    }

    #[test]
    fn colour_422_shares_its_colour() {
        assert_eq!(
            spread_422(Samples::U8(vec![1, 2, 9, 8])),
            Samples::U8(vec![1, 9, 8, 2, 9, 8])
        );
        assert_eq!(
            interleave(Samples::U8(vec![1, 2, 3, 4, 5, 6]), 2),
            Samples::U8(vec![1, 3, 5, 2, 4, 6])
        );
    }
}
