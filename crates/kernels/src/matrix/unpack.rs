//! Packed weights to what the byte products read: for each 32 columns two rows of float32 and eight registers of
//! bytes, the strips of a tile side by side.
//!
//! | kind | first float32 | second float32 | bytes |
//! |---|---|---|---|
//! | [`Q8`] | `d` | not used | q + 128 |
//! | [`Q4`] | `d sc` | `dmin m` | q |
//! | [`Q6`] | `d sc` of the first 16 columns | `d sc` of the last 16 | q (0..=63, stands for q - 32) |

use super::STRIP;
use super::layout::{self, LINE, half_at};

/// Bytes of a strip's 32 columns, unpacked.
pub(super) const SPAN_BYTES: usize = 64 + 64 + 512;

/// `Q8_0`.
pub(super) const Q8: u8 = 0;
/// `Q4K`.
pub(super) const Q4: u8 = 1;
/// `Q6K`.
pub(super) const Q6: u8 = 2;

/// 32 columns of one strip among `count`.
struct Span<'a> {
    bytes: &'a mut [u8],
    s: usize,
    count: usize,
}

impl Span<'_> {
    /// Line `i`: 0 and 1 are float32, the others groups of four columns.
    #[inline(always)]
    fn line(&mut self, i: usize) -> &mut [u8; LINE] {
        &mut self.bytes.as_chunks_mut::<LINE>().0[i * self.count + self.s]
    }

    #[inline(always)]
    fn floats(&mut self, i: usize, value: impl Fn(usize) -> f32) {
        for (lane, four) in self.line(i).as_chunks_mut::<4>().0.iter_mut().enumerate() {
            *four = value(lane).to_le_bytes();
        }
    }
}

#[inline(always)]
fn spans(out: &mut [u8], s: usize, count: usize) -> impl Iterator<Item = Span<'_>> {
    out.chunks_exact_mut(SPAN_BYTES * count)
        .map(move |bytes| Span { bytes, s, count })
}

/// bfloat16 pairs to float32 lines.
pub(super) fn bf16(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    crate::vectors::wide!(bf16_any(part: &[u8], out: &mut [u8], s: usize, count: usize));
}

#[inline(always)]
fn bf16_any(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    let mut lines = out.as_chunks_mut::<LINE>().0.iter_mut().skip(s).step_by(count);
    for pairs in part.as_chunks::<LINE>().0 {
        let words = pairs.as_chunks::<4>().0;
        if let Some(line) = lines.next() {
            for (o, w) in line.as_chunks_mut::<4>().0.iter_mut().zip(words) {
                *o = (u32::from_le_bytes(*w) << 16).to_le_bytes();
            }
        }
        // An odd number of columns leaves half a pair over.
        if let Some(line) = lines.next() {
            for (o, w) in line.as_chunks_mut::<4>().0.iter_mut().zip(words) {
                *o = (u32::from_le_bytes(*w) & 0xFFFF_0000).to_le_bytes();
            }
        }
    }
}

/// `Q8_0` blocks.
pub(super) fn q8(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    crate::vectors::wide!(q8_any(part: &[u8], out: &mut [u8], s: usize, count: usize));
}

#[inline(always)]
fn q8_any(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    for (block, mut span) in part
        .chunks_exact(layout::Q8_QUANTS + 512)
        .zip(spans(out, s, count))
    {
        span.floats(0, |lane| half_at(block, lane * 2));
        for (i, line) in block[layout::Q8_QUANTS..]
            .as_chunks::<LINE>()
            .0
            .iter()
            .enumerate()
        {
            *span.line(2 + i) = *line;
        }
    }
}

/// `Q4K` super-blocks.
pub(super) fn q4(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    crate::vectors::wide!(q4_any(part: &[u8], out: &mut [u8], s: usize, count: usize));
}

#[inline(always)]
fn q4_any(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    let mut all = spans(out, s, count);
    for block in part.chunks_exact(layout::Q4_QUANTS + 8 * layout::Q4_SPAN) {
        let d: [f32; STRIP] = std::array::from_fn(|lane| half_at(block, lane * 2));
        let dmin: [f32; STRIP] = std::array::from_fn(|lane| half_at(block, layout::Q4_DMIN + lane * 2));
        for (j, mut span) in all.by_ref().take(8).enumerate() {
            let scales = &block[layout::Q4_SCALES + j * STRIP..][..STRIP];
            let mins = &block[layout::Q4_MINS + j * STRIP..][..STRIP];
            span.floats(0, |lane| d[lane] * f32::from(scales[lane]));
            span.floats(1, |lane| dmin[lane] * f32::from(mins[lane]));
            let nibbles = &block[layout::Q4_QUANTS + j * layout::Q4_SPAN..][..layout::Q4_SPAN];
            for (i, line) in nibbles.as_chunks::<LINE>().0.iter().enumerate() {
                *span.line(2 + i) = line.map(|b| b & 15);
                *span.line(6 + i) = line.map(|b| b >> 4);
            }
        }
    }
}

/// `Q6K` super-blocks.
pub(super) fn q6(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    crate::vectors::wide!(q6_any(part: &[u8], out: &mut [u8], s: usize, count: usize));
}

#[inline(always)]
fn q6_any(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    let mut all = spans(out, s, count);
    for block in part.chunks_exact(layout::Q6_QUANTS + 8 * layout::Q6_SPAN) {
        let d: [f32; STRIP] = std::array::from_fn(|lane| half_at(block, lane * 2));
        for (j, mut span) in all.by_ref().take(8).enumerate() {
            for half in 0..2 {
                let scales = &block[layout::Q6_SCALES + (2 * j + half) * STRIP..][..STRIP];
                span.floats(half, |lane| d[lane] * f32::from(scales[lane] as i8));
            }
            let bits = &block[layout::Q6_QUANTS + j * layout::Q6_SPAN..][..layout::Q6_SPAN];
            let lines = bits.as_chunks::<LINE>().0;
            let (first, last) = (&lines[4], &lines[5]);
            *span.line(2) = joined::<0>(&lines[0], first, 0);
            *span.line(3) = joined::<2>(&lines[1], first, 0);
            *span.line(4) = joined::<4>(&lines[2], first, 0);
            *span.line(5) = joined::<6>(&lines[3], first, 0);
            *span.line(6) = joined::<0>(&lines[0], last, 4);
            *span.line(7) = joined::<2>(&lines[1], last, 4);
            *span.line(8) = joined::<4>(&lines[2], last, 4);
            *span.line(9) = joined::<6>(&lines[3], last, 4);
        }
    }
}

/// Quants of six bits from nibbles at a shift and high pairs at another; constants, or the compiler shifts byte by
/// byte.
#[inline(always)]
fn joined<const PAIR: u32>(nibbles: &[u8; LINE], pairs: &[u8; LINE], shift: u32) -> [u8; LINE] {
    std::array::from_fn(|b| nibbles[b] >> shift & 15 | (pairs[b] >> PAIR & 3) << 4)
}
