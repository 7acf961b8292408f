//! The blocks of GGUF files, put into strips bit for bit.

use super::layout::{self, SUPER};
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

/// Puts one row's block into its lane of a zeroed strip block.
#[inline(always)]
pub(super) fn put(format: Format, strip_block: &mut [u8], lane: usize, block: &[u8]) {
    match format {
        Format::F32 | Format::Bf16 => {}
        Format::Q8_0 => {
            strip_block[lane * 2..lane * 2 + 2].copy_from_slice(&block[..2]);
            for (c, q) in block[2..34].iter().enumerate() {
                layout::put_q8(strip_block, c, lane, *q as i8);
            }
        }
        Format::Q4K => put_q4(strip_block, lane, block),
        Format::Q6K => put_q6(strip_block, lane, block),
    }
}

fn put_q4(strip_block: &mut [u8], lane: usize, block: &[u8]) {
    strip_block[lane * 2..lane * 2 + 2].copy_from_slice(&block[..2]);
    strip_block[layout::Q4_DMIN + lane * 2..][..2].copy_from_slice(&block[2..4]);
    // Twelve bytes hold eight scales and eight mins of six bits: the first four of each lie whole in the low bits, the
    // high pairs of the last four above them.
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
    for (pair, quants) in block[16..144].chunks_exact(32).enumerate() {
        for (l, q) in quants.iter().enumerate() {
            layout::put_q4(strip_block, pair * 64 + l, lane, q & 15);
            layout::put_q4(strip_block, pair * 64 + 32 + l, lane, q >> 4);
        }
    }
}

fn put_q6(strip_block: &mut [u8], lane: usize, block: &[u8]) {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    strip_block[lane * 2..lane * 2 + 2].copy_from_slice(&block[208..210]);
    for (j, scale) in scales.iter().enumerate() {
        strip_block[layout::Q6_SCALES + j * STRIP + lane] = *scale;
    }
    for c in 0..SUPER {
        // Each half of 128 columns: four runs of 32; runs 0 and 1 are the low nibbles of 64 bytes, 2 and 3 the high.
        let (half, run, l) = (c / 128, c % 128 / 32, c % 32);
        let nibble = low[half * 64 + run % 2 * 32 + l] >> (run / 2 * 4) & 15;
        let pair = high[half * 32 + l] >> (run * 2) & 3;
        layout::put_q6(strip_block, c, lane, nibble | pair << 4);
    }
}
