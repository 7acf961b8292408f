//! Rounding weights to blocks. Sixteen rows are searched side by side, a row to a lane: no sum crosses lanes, so
//! what is packed is the same on every machine, however wide its registers are.

#![expect(clippy::needless_range_loop, reason = "a lane is an index of several arrays")]

use super::layout::{self, SPAN, SUPER};
use super::{Format, STRIP};
use crate::rounding::{from_f16, to_f16};

/// A value of each of 16 rows.
type Lanes = [f32; STRIP];

/// Weights beyond this are cut: no block format holds more.
const LARGEST: f32 = 6.0e7;

/// Packs `[16][padded]` values into a zeroed strip.
pub(super) fn strip(format: Format, values: &[f32], strip: &mut [u8]) {
    crate::vectors::wide!(strip_any(format: Format, values: &[f32], strip: &mut [u8]));
}

#[inline(always)]
fn strip_any(format: Format, values: &[f32], strip: &mut [u8]) {
    let padded = values.len() / STRIP;
    if padded == 0 {
        return;
    }
    let mut columns = [[0.0; STRIP]; SUPER];
    for (b, block) in strip.chunks_exact_mut(format.strip_block_bytes()).enumerate() {
        let from = b * format.block();
        if format == Format::Q8_0 {
            for (lane, row) in values.chunks_exact(padded).enumerate() {
                put_q8(block, lane, &row[from..from + SPAN]);
            }
            continue;
        }
        for (lane, row) in values.chunks_exact(padded).enumerate() {
            for (column, v) in columns.iter_mut().zip(&row[from..from + SUPER]) {
                column[lane] = if v.is_nan() {
                    0.0
                } else {
                    v.clamp(-LARGEST, LARGEST)
                };
            }
        }
        if format == Format::Q4K {
            put_q4(block, &columns);
        } else {
            put_q6(block, &columns);
        }
    }
}

/// `Q8_0`: d = max|x| / 127, q = x / d rounded half away from zero, as the reference of the format does.
#[inline(always)]
fn put_q8(block: &mut [u8], lane: usize, values: &[f32]) {
    let top = values.iter().fold(0, |m, v| m.max(v.to_bits() & 0x7FFF_FFFF));
    let scale = f32::from_bits(top) / 127.0;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    block[lane * 2..lane * 2 + 2].copy_from_slice(&to_f16(scale).to_le_bytes());
    for (c, v) in values.iter().enumerate() {
        layout::put_q8(block, c, lane, (v * inverse).round() as i8);
    }
}

/// Nearest integer, ties to even, of what lies between -2^22 and 2^22.
#[inline(always)]
fn nearest(v: f32) -> f32 {
    const MAGIC: f32 = 12_582_912.0;
    (v + MAGIC) - MAGIC
}

/// 1 / v, or zero where there is nothing to divide by.
#[inline(always)]
fn inverse(v: f32) -> f32 {
    if v.abs() > 1e-30 { 1.0 / v } else { 0.0 }
}

#[inline(always)]
fn limit(v: f32, low: f32, high: f32) -> f32 {
    let v = if v > low { v } else { low };
    if v < high { v } else { high }
}

/// Rounds each lane to float16 and back; also the bits.
#[inline(always)]
fn to_half(block: &mut [u8], at: usize, values: &Lanes) -> Lanes {
    let mut out = [0.0; STRIP];
    for lane in 0..STRIP {
        let bits = to_f16(values[lane]);
        block[at + lane * 2..at + lane * 2 + 2].copy_from_slice(&bits.to_le_bytes());
        out[lane] = from_f16(bits);
    }
    out
}

/// The line through 32 values that fits them best: scale, least value (at most zero) and squared error.
struct Line {
    scale: Lanes,
    low: Lanes,
    error: Lanes,
}

/// Quants by an inverse scale and a least value, then the scale and least value that fit these quants best.
#[inline(always)]
fn fit(x: &[Lanes], sum: &Lanes, squares: &Lanes, inverse_scale: &Lanes, from: &Lanes) -> Line {
    let (mut q1, mut q2, mut qx) = ([0.0; STRIP], [0.0; STRIP], [0.0; STRIP]);
    for v in x {
        for l in 0..STRIP {
            let q = nearest(limit((v[l] - from[l]) * inverse_scale[l], 0.0, 15.0));
            q1[l] += q;
            q2[l] += q * q;
            qx[l] += q * v[l];
        }
    }
    let n = x.len() as f32;
    let mut line = Line {
        scale: [0.0; STRIP],
        low: [0.0; STRIP],
        error: [0.0; STRIP],
    };
    for l in 0..STRIP {
        let under = inverse(n * q2[l] - q1[l] * q1[l]);
        let (scale, low) = (
            (n * qx[l] - q1[l] * sum[l]) * under,
            (q2[l] * sum[l] - q1[l] * qx[l]) * under,
        );
        // All quants alike, or a least value above zero, which the format cannot hold: a line through zero.
        let through = low > 0.0 || under == 0.0;
        line.low[l] = if through { 0.0 } else { low };
        line.scale[l] = if through { qx[l] * inverse(q2[l]) } else { scale };
        line.error[l] = squares[l] - line.scale[l] * qx[l] - line.low[l] * sum[l];
        if line.scale[l] <= 0.0 {
            line.error[l] = f32::INFINITY;
        }
    }
    line
}

/// Scale and min of 32 values: the widths of the range tried one after the other, then the best one refined.
#[inline(always)]
fn line(x: &[Lanes]) -> (Lanes, Lanes) {
    let (mut low, mut high) = ([0.0; STRIP], x[0]);
    let (mut sum, mut squares) = ([0.0; STRIP], [0.0; STRIP]);
    for v in x {
        for l in 0..STRIP {
            low[l] = if v[l] < low[l] { v[l] } else { low[l] };
            high[l] = if v[l] > high[l] { v[l] } else { high[l] };
            sum[l] += v[l];
            squares[l] += v[l] * v[l];
        }
    }
    let mut best = Line {
        scale: [0.0; STRIP],
        low,
        error: [f32::INFINITY; STRIP],
    };
    // From a range cut short by a tenth at each end to one widened by as much, and with a low end kept or raised.
    for step in 0..36 {
        let (steps, raised) = (13.6 + 0.2 * (step % 12) as f32, (step / 12) as f32 * 0.04);
        let (mut from, mut scale) = ([0.0; STRIP], [0.0; STRIP]);
        for l in 0..STRIP {
            let range = high[l] - low[l];
            from[l] = low[l] + raised * range;
            scale[l] = steps * inverse(range * (1.0 - raised));
        }
        keep(&mut best, fit(x, &sum, &squares, &scale, &from));
    }
    for _ in 0..3 {
        let mut scale = [0.0; STRIP];
        for l in 0..STRIP {
            scale[l] = inverse(best.scale[l]);
        }
        let from = best.low;
        keep(&mut best, fit(x, &sum, &squares, &scale, &from));
    }
    let mut min = [0.0; STRIP];
    for l in 0..STRIP {
        min[l] = -best.low[l];
    }
    (best.scale, min)
}

#[inline(always)]
fn keep(best: &mut Line, found: Line) {
    for l in 0..STRIP {
        let better = found.error[l] < best.error[l];
        best.scale[l] = if better { found.scale[l] } else { best.scale[l] };
        best.low[l] = if better { found.low[l] } else { best.low[l] };
        best.error[l] = if better { found.error[l] } else { best.error[l] };
    }
}

/// `Q4K`: eight lines, whose scales and mins are rounded to 6 bits of a common float16; neighbours of the rounded
/// pair are tried, since an error of one is mended by the other.
#[inline(always)]
fn put_q4(block: &mut [u8], columns: &[Lanes; SUPER]) {
    let (mut scales, mut mins) = ([[0.0; STRIP]; 8], [[0.0; STRIP]; 8]);
    let (mut d, mut dmin) = ([0.0; STRIP], [0.0; STRIP]);
    for (j, x) in columns.chunks_exact(SPAN).enumerate() {
        (scales[j], mins[j]) = line(x);
        for l in 0..STRIP {
            d[l] = f32::max(d[l], scales[j][l] / 63.0);
            dmin[l] = f32::max(dmin[l], mins[j][l] / 63.0);
        }
    }
    let d = to_half(block, 0, &d);
    let dmin = to_half(block, layout::Q4_DMIN, &dmin);
    for (j, x) in columns.chunks_exact(SPAN).enumerate() {
        let (mut error, mut scale, mut min) = ([f32::INFINITY; STRIP], [0.0; STRIP], [0.0; STRIP]);
        for step in 0..15 {
            let (up, over) = ((step / 5) as f32 - 1.0, (step % 5) as f32 - 2.0);
            let (mut sc, mut m) = ([0.0; STRIP], [0.0; STRIP]);
            let (mut width, mut least, mut by) = ([0.0; STRIP], [0.0; STRIP], [0.0; STRIP]);
            for l in 0..STRIP {
                sc[l] = nearest(limit(scales[j][l] * inverse(d[l]) + up, 0.0, 63.0));
                m[l] = nearest(limit(mins[j][l] * inverse(dmin[l]) + over, 0.0, 63.0));
                width[l] = d[l] * sc[l];
                least[l] = dmin[l] * m[l];
                by[l] = inverse(width[l]);
            }
            let mut sum = [0.0; STRIP];
            for v in x {
                for l in 0..STRIP {
                    let q = nearest(limit((v[l] + least[l]) * by[l], 0.0, 15.0));
                    let off = v[l] - (width[l] * q - least[l]);
                    sum[l] += off * off;
                }
            }
            for l in 0..STRIP {
                let better = sum[l] < error[l];
                error[l] = if better { sum[l] } else { error[l] };
                scale[l] = if better { sc[l] } else { scale[l] };
                min[l] = if better { m[l] } else { min[l] };
            }
        }
        let mut quants = [[0_u8; STRIP]; SPAN];
        for (q, v) in quants.iter_mut().zip(x) {
            for l in 0..STRIP {
                let by = inverse(d[l] * scale[l]);
                q[l] = whole(limit((v[l] + dmin[l] * min[l]) * by, 0.0, 15.0));
            }
        }
        for l in 0..STRIP {
            block[layout::Q4_SCALES + j * STRIP + l] = whole(scale[l]);
            block[layout::Q4_MINS + j * STRIP + l] = whole(min[l]);
        }
        let nibbles = &mut block[layout::Q4_QUANTS + j * layout::Q4_SPAN..][..layout::Q4_SPAN];
        put_nibbles(nibbles, &quants);
    }
}

/// Nearest integer of what lies between 0 and 255.
#[inline(always)]
fn whole(v: f32) -> u8 {
    // 1.5 * 2^23 leaves the integer in the lowest bits of the sum.
    (v + 12_582_912.0).to_bits() as u8
}

/// Low halves of 32 columns of quants to four lines of nibbles.
#[inline(always)]
fn put_nibbles(lines: &mut [u8], quants: &[[u8; STRIP]; SPAN]) {
    for (j, line) in lines.chunks_exact_mut(layout::LINE).enumerate() {
        for (lane, four) in line.chunks_exact_mut(4).enumerate() {
            for (i, byte) in four.iter_mut().enumerate() {
                *byte = quants[4 * j + i][lane] & 15 | quants[16 + 4 * j + i][lane] << 4;
            }
        }
    }
}

/// Scale of 16 values that are rounded to -32..=31.
#[inline(always)]
fn scale_of_16(x: &[Lanes]) -> Lanes {
    let mut top = [0.0_f32; STRIP];
    for v in x {
        for l in 0..STRIP {
            top[l] = if v[l].abs() > top[l].abs() { v[l] } else { top[l] };
        }
    }
    let (mut score, mut scale) = ([0.0; STRIP], [0.0; STRIP]);
    // The largest value is put near -32, the longer end.
    for step in 0..24 {
        let steps = -(30.6 + 0.15 * step as f32);
        let mut by = [0.0; STRIP];
        for l in 0..STRIP {
            by[l] = steps * inverse(top[l]);
        }
        let (mut q2, mut qx) = ([0.0; STRIP], [0.0; STRIP]);
        for v in x {
            for l in 0..STRIP {
                let q = nearest(limit(v[l] * by[l], -32.0, 31.0));
                q2[l] += q * q;
                qx[l] += q * v[l];
            }
        }
        for l in 0..STRIP {
            let fitted = qx[l] * inverse(q2[l]);
            let better = fitted * qx[l] > score[l];
            score[l] = if better { fitted * qx[l] } else { score[l] };
            scale[l] = if better { fitted } else { scale[l] };
        }
    }
    scale
}

/// `Q6K`: sixteen scales, rounded to 8 bits of a common float16, neighbours tried.
#[inline(always)]
fn put_q6(block: &mut [u8], columns: &[Lanes; SUPER]) {
    let mut scales = [[0.0; STRIP]; 16];
    let mut top = [0.0_f32; STRIP];
    for (j, x) in columns.chunks_exact(16).enumerate() {
        scales[j] = scale_of_16(x);
        for l in 0..STRIP {
            top[l] = if scales[j][l].abs() > top[l].abs() {
                scales[j][l]
            } else {
                top[l]
            };
        }
    }
    let mut d = [0.0; STRIP];
    for l in 0..STRIP {
        d[l] = -top[l] / 128.0;
    }
    let d = to_half(block, 0, &d);
    let mut quants = [[0_u8; STRIP]; SPAN];
    for (j, x) in columns.chunks_exact(16).enumerate() {
        let (mut error, mut scale) = ([f32::INFINITY; STRIP], [0.0; STRIP]);
        for step in 0..5 {
            let (mut sc, mut width, mut by) = ([0.0; STRIP], [0.0; STRIP], [0.0; STRIP]);
            for l in 0..STRIP {
                let up = step as f32 - 2.0;
                sc[l] = nearest(limit(scales[j][l] * inverse(d[l]) + up, -128.0, 127.0));
                width[l] = d[l] * sc[l];
                by[l] = inverse(width[l]);
            }
            let mut sum = [0.0; STRIP];
            for v in x {
                for l in 0..STRIP {
                    let off = v[l] - width[l] * nearest(limit(v[l] * by[l], -32.0, 31.0));
                    sum[l] += off * off;
                }
            }
            for l in 0..STRIP {
                let better = sum[l] < error[l];
                error[l] = if better { sum[l] } else { error[l] };
                scale[l] = if better { sc[l] } else { scale[l] };
            }
        }
        for (q, v) in quants[j % 2 * 16..].iter_mut().zip(x) {
            for l in 0..STRIP {
                q[l] = whole(limit(v[l] * inverse(d[l] * scale[l]), -32.0, 31.0) + 32.0);
            }
        }
        for l in 0..STRIP {
            // In two's complement, as `whole` of a negative number would be.
            block[layout::Q6_SCALES + j * STRIP + l] = whole(scale[l] + 128.0) ^ 0x80;
        }
        if j % 2 == 1 {
            let span = &mut block[layout::Q6_QUANTS + j / 2 * layout::Q6_SPAN..][..layout::Q6_SPAN];
            let (low, high) = span.split_at_mut(layout::Q6_HIGH);
            put_nibbles(low, &quants);
            for (h, line) in high.chunks_exact_mut(layout::LINE).enumerate() {
                for (lane, four) in line.chunks_exact_mut(4).enumerate() {
                    for (i, byte) in four.iter_mut().enumerate() {
                        *byte = (0..4).fold(0, |b, k| b | quants[16 * h + 4 * k + i][lane] >> 4 << (2 * k));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_do_not_depend_on_registers() {
        let padded = 512;
        let values: Vec<f32> = (0..STRIP * padded)
            .map(|i| ((i * 7919 % 1013) as f32 / 506.0 - 1.0) * (1.0 + (i % 7) as f32) * 0.01)
            .collect();
        for format in [Format::Q8_0, Format::Q4K, Format::Q6K] {
            let bytes = padded / format.block() * format.strip_block_bytes();
            let (mut found, mut twin) = (vec![0; bytes], vec![0; bytes]);
            strip(format, &values, &mut found);
            strip_any(format, &values, &mut twin);
            assert!(found == twin, "{}", format.name());
            assert!(found.iter().any(|b| *b != 0));
        }
    }
}
