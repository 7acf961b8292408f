//! The blocks of GGUF files, put into strips bit for bit.

use super::layout;
use super::{Format, STRIP};

/// Bytes of a block as files hold it; `None` for formats without blocks.
pub(super) fn block_bytes(format: Format) -> Option<usize> {
    match format {
        Format::F32 | Format::Bf16 => None,
        Format::Q8_0 => Some(34),
        Format::Q4K => Some(144),
        Format::Q6K => Some(210),
    }
}

/// Puts one row's block into its lane of a zeroed strip block, four columns at a time.
#[inline(always)]
pub(super) fn put(format: Format, strip_block: &mut [u8], lane: usize, block: &[u8]) {
    match format {
        Format::F32 | Format::Bf16 => {}
        Format::Q8_0 => {
            strip_block[lane * 2..lane * 2 + 2].copy_from_slice(&block[..2]);
            let lines = lines(strip_block, layout::Q8_QUANTS);
            for (line, word) in lines.iter_mut().zip(words(&block[2..])) {
                line[lane] = (word ^ 0x8080_8080).to_le_bytes();
            }
        }
        Format::Q4K => put_q4(strip_block, lane, block),
        Format::Q6K => put_q6(strip_block, lane, block),
    }
}

/// Lines from an offset on, each as four bytes of 16 rows.
#[inline(always)]
fn lines(strip_block: &mut [u8], from: usize) -> &mut [[[u8; 4]; STRIP]] {
    strip_block[from..]
        .as_chunks_mut::<4>()
        .0
        .as_chunks_mut::<STRIP>()
        .0
}

/// Four bytes after four bytes.
#[inline(always)]
fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|four| u32::from_le_bytes(*four))
}

/// Eight words: 32 columns.
#[inline(always)]
fn span(bytes: &[u8]) -> [u32; 8] {
    let mut all = words(bytes);
    std::array::from_fn(|_| all.next().unwrap_or(0))
}

const NIBBLES: u32 = 0x0F0F_0F0F;
const PAIRS: u32 = 0x0303_0303;

#[inline(always)]
fn put_q4(strip_block: &mut [u8], lane: usize, block: &[u8]) {
    strip_block[lane * 2..lane * 2 + 2].copy_from_slice(&block[..2]);
    strip_block[layout::Q4_DMIN + lane * 2..][..2].copy_from_slice(&block[2..4]);
    // Twelve bytes hold eight scales and eight mins of six bits: the first four of each lie whole in the low bits,
    // the high pairs of the last four above them.
    let packed = &block[4..16];
    for j in 0..8 {
        let (scale, min) = if j < 4 {
            (packed[j] & 63, packed[j + 4] & 63)
        } else {
            let low = packed[j + 4];
            (low & 15 | packed[j - 4] >> 6 << 4, low >> 4 | packed[j] >> 6 << 4)
        };
        strip_block[layout::Q4_SCALES + j * STRIP + lane] = scale;
        strip_block[layout::Q4_MINS + j * STRIP + lane] = min;
    }
    let lines = lines(strip_block, layout::Q4_QUANTS);
    // 32 bytes hold two times 32 columns, the first low, the second high.
    for (quants, eight) in block[16..144].chunks_exact(32).zip(lines.chunks_exact_mut(8)) {
        let q = span(quants);
        for j in 0..4 {
            eight[j][lane] = (q[j] & NIBBLES | (q[j + 4] & NIBBLES) << 4).to_le_bytes();
            eight[4 + j][lane] = (q[j] >> 4 & NIBBLES | q[j + 4] & !NIBBLES).to_le_bytes();
        }
    }
}

#[inline(always)]
fn put_q6(strip_block: &mut [u8], lane: usize, block: &[u8]) {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    strip_block[lane * 2..lane * 2 + 2].copy_from_slice(&block[208..210]);
    for (j, scale) in scales.iter().enumerate() {
        strip_block[layout::Q6_SCALES + j * STRIP + lane] = *scale;
    }
    let lines = lines(strip_block, layout::Q6_QUANTS);
    for (j, six) in lines.chunks_exact_mut(6).enumerate() {
        // Each half of 128 columns: four runs of 32; runs 0 and 1 are the low nibbles of 64 bytes, 2 and 3 the high.
        let (half, run) = (j / 4, j % 4);
        let nibbles = span(&low[half * 64 + run % 2 * 32..]).map(|w| w >> (run / 2 * 4) & NIBBLES);
        let pairs = span(&high[half * 32..]).map(|w| w >> (run * 2) & PAIRS);
        for i in 0..4 {
            six[i][lane] = (nibbles[i] | nibbles[i + 4] << 4).to_le_bytes();
        }
        for (line, p) in six[4..].iter_mut().zip(pairs.as_chunks::<4>().0) {
            line[lane] = (p[0] | p[1] << 2 | p[2] << 4 | p[3] << 6).to_le_bytes();
        }
    }
}
