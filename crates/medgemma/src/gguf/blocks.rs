//! Quantised blocks of GGUF to float32, as the format's reference defines them.
//!
//! A block's scale `d` (and minimum `m`) is float16. Plain blocks have 32 weights, K-blocks 256 in sub-blocks of 16 or
//! 32 with their own small scales.

use overread_kernels::rounding::from_f16;

use crate::weights::Stored;

/// Blocks of `stored` as float32: as many as are whole in both. Formats that are no blocks leave `out` alone.
pub(crate) fn widen(stored: Stored, bytes: &[u8], out: &mut [f32]) {
    let blocks = bytes
        .chunks_exact(stored.bytes())
        .zip(out.chunks_exact_mut(stored.block()));
    for (b, o) in blocks {
        match stored {
            Stored::F32 | Stored::F16 | Stored::Bf16 => {}
            Stored::Q8_0 => {
                let d = half(b, 0);
                for (o, q) in o.iter_mut().zip(&b[2..]) {
                    *o = d * f32::from(q.cast_signed());
                }
            }
            Stored::Q4_0 => nibbles(b, 2, o, |q, _| f32::from(q) - 8.0, half(b, 0), 0.0),
            Stored::Q4_1 => nibbles(b, 4, o, |q, _| f32::from(q), half(b, 0), half(b, 2)),
            Stored::Q5_0 => {
                let high = u32::from_le_bytes([b[2], b[3], b[4], b[5]]);
                let value = |q: u8, i: usize| f32::from(q | fifth(high, i)) - 16.0;
                nibbles(b, 6, o, value, half(b, 0), 0.0);
            }
            Stored::Q5_1 => {
                let high = u32::from_le_bytes([b[4], b[5], b[6], b[7]]);
                let value = |q: u8, i: usize| f32::from(q | fifth(high, i));
                nibbles(b, 8, o, value, half(b, 0), half(b, 2));
            }
            Stored::Q2K => q2_k(b, o),
            Stored::Q3K => q3_k(b, o),
            Stored::Q4K => q4_k(b, o),
            Stored::Q5K => q5_k(b, o),
            Stored::Q6K => q6_k(b, o),
        }
    }
}

fn half(b: &[u8], at: usize) -> f32 {
    from_f16(u16::from_le_bytes([b[at], b[at + 1]]))
}

/// The fifth bit of weight `i`, in place.
fn fifth(high: u32, i: usize) -> u8 {
    ((high >> i & 1) as u8) << 4
}

/// 32 weights: low nibbles are the first 16, high nibbles the last.
fn nibbles(b: &[u8], at: usize, out: &mut [f32], value: impl Fn(u8, usize) -> f32, d: f32, m: f32) {
    for (i, q) in b[at..at + 16].iter().enumerate() {
        out[i] = value(q & 15, i) * d + m;
        out[i + 16] = value(q >> 4, i + 16) * d + m;
    }
}

/// Scale and minimum of sub-block `j` of eight: 6 bits each, in 12 bytes.
fn scale_min(s: &[u8], j: usize) -> (f32, f32) {
    let (sc, m) = if j < 4 {
        (s[j] & 63, s[j + 4] & 63)
    } else {
        (s[j + 4] & 15 | s[j - 4] >> 6 << 4, s[j + 4] >> 4 | s[j] >> 6 << 4)
    };
    (f32::from(sc), f32::from(m))
}

/// 16 bytes of 4-bit scales and mins, 64 bytes of 2-bit weights, d, dmin.
fn q2_k(b: &[u8], out: &mut [f32]) {
    let (d, dmin) = (half(b, 80), half(b, 82));
    for (i, o) in out.iter_mut().enumerate() {
        let (part, within) = (i / 128, i % 128);
        let (shift, lane) = (within / 32 * 2, within % 32);
        let q = b[16 + part * 32 + lane] >> shift & 3;
        let s = b[i / 16];
        *o = d * f32::from(s & 15) * f32::from(q) - dmin * f32::from(s >> 4);
    }
}

/// 32 bytes of third bits, 64 of 2-bit weights, 12 of 6-bit scales, d.
fn q3_k(b: &[u8], out: &mut [f32]) {
    let d = half(b, 108);
    let s = &b[96..108];
    for (i, o) in out.iter_mut().enumerate() {
        let (part, within) = (i / 128, i % 128);
        let (group, lane) = (within / 32, within % 32);
        let low = b[32 + part * 32 + lane] >> (group * 2) & 3;
        // The third bit is stored inverted: where it is missing, 4 is taken off.
        let third = b[lane] >> (part * 4 + group) & 1;
        let q = f32::from(low) - if third == 0 { 4.0 } else { 0.0 };
        let j = i / 16;
        let scale = if j < 8 { s[j] & 15 } else { s[j - 8] >> 4 } | (s[8 + j % 4] >> (j / 4 * 2) & 3) << 4;
        *o = d * (f32::from(scale) - 32.0) * q;
    }
}

/// d, dmin, 12 bytes of scales and mins, 128 bytes of nibbles: 64 weights to 32 bytes.
fn q4_k(b: &[u8], out: &mut [f32]) {
    let (d, dmin) = (half(b, 0), half(b, 2));
    for (j, o) in out.chunks_exact_mut(32).enumerate() {
        let (sc, m) = scale_min(&b[4..16], j);
        let (d, m) = (d * sc, dmin * m);
        for (o, q) in o.iter_mut().zip(&b[16 + j / 2 * 32..][..32]) {
            *o = d * f32::from(q >> (j % 2 * 4) & 15) - m;
        }
    }
}

/// As `q4_k` with 32 bytes of fifth bits between scales and nibbles.
fn q5_k(b: &[u8], out: &mut [f32]) {
    let (d, dmin) = (half(b, 0), half(b, 2));
    for (j, o) in out.chunks_exact_mut(32).enumerate() {
        let (sc, m) = scale_min(&b[4..16], j);
        let (d, m) = (d * sc, dmin * m);
        let low = &b[48 + j / 2 * 32..][..32];
        for ((o, q), high) in o.iter_mut().zip(low).zip(&b[16..48]) {
            *o = d * f32::from(q >> (j % 2 * 4) & 15 | (high >> j & 1) << 4) - m;
        }
    }
}

/// 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, d.
fn q6_k(b: &[u8], out: &mut [f32]) {
    let d = half(b, 208);
    for (i, o) in out.iter_mut().enumerate() {
        let (part, within) = (i / 128, i % 128);
        let (group, lane) = (within / 32, within % 32);
        let low = b[part * 64 + group % 2 * 32 + lane] >> (group / 2 * 4) & 15;
        let high = b[128 + part * 32 + lane] >> (group * 2) & 3;
        let scale = b[192 + i / 16].cast_signed();
        *o = d * f32::from(scale) * (f32::from(low | high << 4) - 32.0);
    }
}

/// `Q4_0` or `Q5_0` blocks as `Q8_0` blocks: the same scale, the same whole numbers.
pub(crate) fn to_q8_0(stored: Stored, bytes: &[u8]) -> Vec<u8> {
    let count = bytes.len() / stored.bytes();
    let mut out = Vec::with_capacity(count * Stored::Q8_0.bytes());
    for b in bytes.chunks_exact(stored.bytes()) {
        let mut whole = [0_u8; 32];
        let (at, high) = match stored {
            Stored::Q5_0 => (6, Some(u32::from_le_bytes([b[2], b[3], b[4], b[5]]))),
            _ => (2, None),
        };
        let put = |q: u8, i: usize| match high {
            Some(high) => (q | fifth(high, i)).wrapping_sub(16),
            None => q.wrapping_sub(8),
        };
        for (i, q) in b[at..at + 16].iter().enumerate() {
            whole[i] = put(q & 15, i);
            whole[i + 16] = put(q >> 4, i + 16);
        }
        out.extend_from_slice(&b[..2]);
        out.extend_from_slice(&whole);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of fixed bytes with a scale of 1/2 and a minimum of 1/4.
    fn block(stored: Stored) -> Vec<u8> {
        let mut b: Vec<u8> = (0..stored.bytes() as u32)
            .map(|i| (i * i * 73 + i * 41 + 7) as u8)
            .collect();
        let places: &[usize] = match stored {
            Stored::Q4_1 | Stored::Q5_1 | Stored::Q4K | Stored::Q5K => &[0, 2],
            Stored::Q2K => &[80, 82],
            Stored::Q3K => &[108],
            Stored::Q6K => &[208],
            _ => &[0],
        };
        for (at, half) in places.iter().zip([0x3800_u16, 0x3400]) {
            b[*at..at + 2].copy_from_slice(&half.to_le_bytes());
        }
        b
    }

    /// Some weights, their sum, and their sum weighted with their number from 1, by the format's own Python package.
    #[test]
    fn blocks_are_what_the_format_says() {
        let known = [
            (Stored::Q8_0, [9.5, 18.5, -19.5], 256.0, 4624.0),
            (Stored::Q4_0, [-2.5, 3.5, -3.0], -24.0, -599.5),
            (Stored::Q4_1, [2.75, 0.75, 0.25], 110.0, 1566.0),
            (Stored::Q5_0, [-0.5, 4.5, 1.0], 0.0, -274.5),
            (Stored::Q5_1, [8.75, 2.25, 4.25], 254.0, 3775.0),
            (Stored::Q2K, [3.5, 20.5, 1.25], 1346.0, 164555.0),
            (Stored::Q3K, [11.5, 9.0, -13.5], 177.0, -9042.0),
            (Stored::Q4K, [261.75, -3.5, -2.75], 27672.0, 2911764.0),
            (Stored::Q5K, [733.75, -3.5, 46.25], 66936.0, 6380628.0),
            (Stored::Q6K, [199.5, 750.5, 123.0], -8592.0, -410968.0),
        ];
        for (stored, some, sum, weighted) in known {
            let n = stored.block();
            let mut out = vec![0.0; n];
            widen(stored, &block(stored), &mut out);
            assert_eq!([out[1], out[n / 2 + 3], out[n - 1]], some, "{stored:?}");
            let total = |f: fn(usize) -> f64| {
                out.iter()
                    .enumerate()
                    .map(|(i, w)| f(i) * f64::from(*w))
                    .sum::<f64>()
            };
            // Every number here is a multiple of 1/4: the sums are exact.
            assert_eq!(
                (total(|_| 1.0), total(|i| i as f64 + 1.0)),
                (sum, weighted),
                "{stored:?}"
            );
        }
    }

    #[test]
    fn blocks_without_a_minimum_are_kept_whole_as_q8_0() {
        for stored in [Stored::Q4_0, Stored::Q5_0] {
            let b = block(stored);
            let (mut direct, mut by_way) = ([0.0; 32], [0.0; 32]);
            widen(stored, &b, &mut direct);
            widen(Stored::Q8_0, &to_q8_0(stored, &b), &mut by_way);
            assert_eq!(direct, by_way, "{stored:?}");
        }
    }
}
