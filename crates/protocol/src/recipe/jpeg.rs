//! What is left of a picture after baseline JPEG at quality 75 with 4:2:0 chroma, as Pillow writes and reads it.
//!
//! Entropy coding loses nothing, so no JPEG file is made: colour conversion, chroma averaging, integer DCT (Loeffler,
//! Ligtenberg and Moschytz, 13-bit constants), quantisation and the way back are the whole loss. The arithmetic is that
//! of the common library's default ("slow integer") path with triangle upsampling, so that the bytes are the same.

use crate::picture::RgbPicture;

/// Quality on the usual scale of 1 to 100.
pub(crate) const QUALITY: u32 = 75;

/// ISO/IEC 10918-1 table K.1.
#[rustfmt::skip]
const LUMA: [u32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// ISO/IEC 10918-1 table K.2.
#[rustfmt::skip]
const CHROMA: [u32; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// One colour plane.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<u8>,
}

impl Plane {
    fn at(&self, x: usize, y: usize) -> u8 {
        self.values[y * self.width + x]
    }
}

/// The picture after the round trip.
pub(crate) fn through(picture: &RgbPicture) -> RgbPicture {
    let (width, height) = (picture.width as usize, picture.height as usize);
    if width == 0 || height == 0 {
        return picture.clone();
    }
    let [luma, blue, red] = to_ycc(&picture.rgb, width, height);
    let luma = coded(&luma, &quantiser(&LUMA));
    let chroma = quantiser(&CHROMA);
    let [blue, red] = [blue, red].map(|plane| upsample(&coded(&downsample(&plane), &chroma), width, height));
    RgbPicture {
        width: picture.width,
        height: picture.height,
        rgb: to_rgb(&luma, &blue, &red),
    }
}

/// The table scaled to [`QUALITY`] (above 50: 200 - 2 x quality per cent), 1 to 255.
fn quantiser(table: &[u32; 64]) -> [i32; 64] {
    let scale = 200 - 2 * QUALITY;
    table.map(|q| ((q * scale + 50) / 100).clamp(1, 255) as i32)
}

/// 16.16 fixed point.
fn fixed(x: f64) -> i32 {
    (x * 65_536.0 + 0.5).floor() as i32
}

/// JFIF colour conversion, rounded in 16.16 fixed point.
fn to_ycc(rgb: &[u8], width: usize, height: usize) -> [Plane; 3] {
    const HALF: i32 = 1 << 15;
    const CENTER: i32 = 128 << 16;
    let y = [fixed(0.299), fixed(0.587), fixed(0.114)];
    let cb = [-fixed(0.168_735_892), -fixed(0.331_264_108), fixed(0.5)];
    let cr = [fixed(0.5), -fixed(0.418_687_589), -fixed(0.081_312_411)];
    let plane = |weights: [i32; 3], offset: i32| Plane {
        width,
        height,
        values: rgb
            .chunks_exact(3)
            .map(|p| {
                let sum: i32 = weights.iter().zip(p).map(|(w, v)| w * i32::from(*v)).sum();
                ((sum + offset) >> 16) as u8
            })
            .collect(),
    };
    [
        plane(y, HALF),
        plane(cb, CENTER + HALF - 1),
        plane(cr, CENTER + HALF - 1),
    ]
}

/// Means of 2 x 2 pixels, rounding up in every other column; an odd edge is repeated.
fn downsample(plane: &Plane) -> Plane {
    let (width, height) = (plane.width.div_ceil(2), plane.height.div_ceil(2));
    // Blocks reach past the edge: their columns are means of repeated pixels with the same alternation.
    let padded = width.next_multiple_of(8);
    let mut values = Vec::with_capacity(padded * height);
    for y in 0..height {
        let rows = [2 * y, (2 * y + 1).min(plane.height - 1)];
        for x in 0..padded {
            let columns = [2 * x, 2 * x + 1].map(|c| c.min(plane.width - 1));
            let sum: u32 = rows
                .iter()
                .flat_map(|r| columns.iter().map(|c| u32::from(plane.at(*c, *r))))
                .sum();
            values.push(((sum + 1 + x as u32 % 2) >> 2) as u8);
        }
    }
    Plane {
        width: padded,
        height,
        values,
    }
}

/// Every 8 x 8 block transformed, quantised and brought back; edges are repeated to whole blocks.
fn coded(plane: &Plane, quantiser: &[i32; 64]) -> Plane {
    let mut out = vec![0_u8; plane.values.len()];
    for top in (0..plane.height).step_by(8) {
        for left in (0..plane.width).step_by(8) {
            let mut block: [i32; 64] = std::array::from_fn(|i| {
                let (x, y) = (
                    (left + i % 8).min(plane.width - 1),
                    (top + i / 8).min(plane.height - 1),
                );
                i32::from(plane.at(x, y)) - 128
            });
            forward(&mut block);
            for (value, step) in block.iter_mut().zip(quantiser) {
                // The forward transform is 8 times too large; halves round away from zero.
                let divisor = step * 8;
                let magnitude = (value.abs() + divisor / 2) / divisor;
                *value = value.signum() * magnitude * step;
            }
            inverse(&mut block);
            for (i, value) in block.iter().enumerate() {
                let (x, y) = (left + i % 8, top + i / 8);
                if x < plane.width && y < plane.height {
                    out[y * plane.width + x] = (value + 128).clamp(0, 255) as u8;
                }
            }
        }
    }
    Plane {
        width: plane.width,
        height: plane.height,
        values: out,
    }
}

const BITS: u32 = 13;
const EXTRA: u32 = 2;
const C_0_298: i32 = 2446;
const C_0_390: i32 = 3196;
const C_0_541: i32 = 4433;
const C_0_765: i32 = 6270;
const C_0_899: i32 = 7373;
const C_1_175: i32 = 9633;
const C_1_501: i32 = 12_299;
const C_1_847: i32 = 15_137;
const C_1_961: i32 = 16_069;
const C_2_053: i32 = 16_819;
const C_2_562: i32 = 20_995;
const C_3_072: i32 = 25_172;

fn descale(x: i32, bits: u32) -> i32 {
    (x + (1 << (bits - 1))) >> bits
}

/// The odd half that both directions share: four inputs, rotated.
fn odd(t: [i32; 4]) -> [i32; 4] {
    let [t0, t1, t2, t3] = t;
    let z5 = (t0 + t2 + t1 + t3) * C_1_175;
    let z1 = -(t0 + t3) * C_0_899;
    let z2 = -(t1 + t2) * C_2_562;
    let z3 = -(t0 + t2) * C_1_961 + z5;
    let z4 = -(t1 + t3) * C_0_390 + z5;
    [
        t0 * C_0_298 + z1 + z3,
        t1 * C_2_053 + z2 + z4,
        t2 * C_3_072 + z2 + z3,
        t3 * C_1_501 + z1 + z4,
    ]
}

fn forward(block: &mut [i32; 64]) {
    for pass in 0..2 {
        let (stride, step) = if pass == 0 { (1, 8) } else { (8, 1) };
        for line in 0..8 {
            let at = |k: usize| line * step + k * stride;
            let v: [i32; 8] = std::array::from_fn(|k| block[at(k)]);
            let sum: [i32; 4] = std::array::from_fn(|k| v[k] + v[7 - k]);
            let difference = [v[3] - v[4], v[2] - v[5], v[1] - v[6], v[0] - v[7]];
            let (t10, t13) = (sum[0] + sum[3], sum[0] - sum[3]);
            let (t11, t12) = (sum[1] + sum[2], sum[1] - sum[2]);
            // The first pass keeps two extra bits, the second takes them off.
            let (even, bits): (fn(i32) -> i32, u32) = if pass == 0 {
                (|x| x << EXTRA, BITS - EXTRA)
            } else {
                (|x| descale(x, EXTRA), BITS + EXTRA)
            };
            block[at(0)] = even(t10 + t11);
            block[at(4)] = even(t10 - t11);
            let z = (t12 + t13) * C_0_541;
            block[at(2)] = descale(z + t13 * C_0_765, bits);
            block[at(6)] = descale(z - t12 * C_1_847, bits);
            for (k, value) in [7, 5, 3, 1].into_iter().zip(odd(difference)) {
                block[at(k)] = descale(value, bits);
            }
        }
    }
}

fn inverse(block: &mut [i32; 64]) {
    for pass in 0..2 {
        let (stride, step) = if pass == 0 { (8, 1) } else { (1, 8) };
        let bits = if pass == 0 { BITS - EXTRA } else { BITS + EXTRA + 3 };
        for line in 0..8 {
            let at = |k: usize| line * step + k * stride;
            let v: [i32; 8] = std::array::from_fn(|k| block[at(k)]);
            let z = (v[2] + v[6]) * C_0_541;
            let (t2, t3) = (z - v[6] * C_1_847, z + v[2] * C_0_765);
            let (t0, t1) = ((v[0] + v[4]) << BITS, (v[0] - v[4]) << BITS);
            let even = [t0 + t3, t1 + t2, t1 - t2, t0 - t3];
            let odd = odd([v[7], v[5], v[3], v[1]]);
            for k in 0..4 {
                block[at(k)] = descale(even[k] + odd[3 - k], bits);
                block[at(7 - k)] = descale(even[k] - odd[3 - k], bits);
            }
        }
    }
}

/// Triangle filter: 3/4 of the nearer and 1/4 of the further chroma value in both directions.
fn upsample(plane: &Plane, width: usize, height: usize) -> Plane {
    let columns = width.div_ceil(2);
    if columns <= 2 {
        // Too narrow for the filter: that library repeats the values.
        let values = (0..width * height)
            .map(|i| plane.at(i % width / 2, i / width / 2))
            .collect();
        return Plane {
            width,
            height,
            values,
        };
    }
    let last = plane.height - 1;
    let mut values = Vec::with_capacity(width * height);
    for y in 0..height {
        let near = y / 2;
        let far = if y % 2 == 0 {
            near.saturating_sub(1)
        } else {
            (near + 1).min(last)
        };
        let sum = |x: usize| u32::from(plane.at(x, near)) * 3 + u32::from(plane.at(x, far));
        for x in 0..width {
            let here = x / 2;
            let left = x % 2 == 0;
            let value = if (left && here == 0) || (!left && here + 1 == columns) {
                (sum(here) * 4 + if left { 8 } else { 7 }) >> 4
            } else if left {
                (sum(here) * 3 + sum(here - 1) + 8) >> 4
            } else {
                (sum(here) * 3 + sum(here + 1) + 7) >> 4
            };
            values.push(value as u8);
        }
    }
    Plane {
        width,
        height,
        values,
    }
}

fn to_rgb(luma: &Plane, blue: &Plane, red: &Plane) -> Vec<u8> {
    const HALF: i32 = 1 << 15;
    let (r_cr, b_cb) = (fixed(1.402), fixed(1.772));
    let (g_cb, g_cr) = (fixed(0.344_14), fixed(0.714_14));
    let clamp = |v: i32| v.clamp(0, 255) as u8;
    luma.values
        .iter()
        .zip(blue.values.iter().zip(&red.values))
        .flat_map(|(y, (cb, cr))| {
            let (y, cb, cr) = (i32::from(*y), i32::from(*cb) - 128, i32::from(*cr) - 128);
            [
                clamp(y + ((r_cr * cr + HALF) >> 16)),
                clamp(y + ((-g_cb * cb - g_cr * cr + HALF) >> 16)),
                clamp(y + ((b_cb * cb + HALF) >> 16)),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256_hex;

    /// A picture with edges, gradients and noise, the same as the one the reference hashes were made of.
    fn picture(width: u32, height: u32) -> RgbPicture {
        let mut state = 12_345_u32;
        let mut rgb = Vec::new();
        for y in 0..height {
            for x in 0..width {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 24) % 32;
                let edge = if (x / 5 + y / 7) % 3 == 0 { 180 } else { 0 };
                rgb.extend([
                    (x * 7 + noise) as u8,
                    (edge + noise) as u8,
                    (y * 11 + x * y / 9) as u8,
                ]);
            }
        }
        RgbPicture { width, height, rgb }
    }

    /// Hashes of what Pillow 13 (libjpeg-turbo 3.2) gives back after saving with its default quality 75 and 4:2:0.
    #[test]
    fn the_bytes_are_those_of_pillow() {
        for (width, height, hash) in [
            (
                64,
                48,
                "c902e71c50ae3b5bbbc1f61c1c93e306440512b1b88cce7988961ec9d6487adf",
            ),
            (
                16,
                16,
                "e0322ae7129980e7a0054023248b55791accfb2584c51b4c2018bfe593da0f08",
            ),
            (
                1,
                1,
                "ea6851c0004e7308dbdb0c568a8ddf4efd491d77ffec3d122886dbbdee29b86a",
            ),
            (
                17,
                9,
                "add66351a2ca39e5712c4c0df26e33dc63a8925af05c05e8f78073adc36190d0",
            ),
            (
                31,
                33,
                "ea1fcc329dd7e0e4efe547c4c7ece4bc52a9ee2b8e14430d47749f02ea891617",
            ),
            (
                50,
                23,
                "5155809ed49fcacc9627c20a5c0b33f6134a6fc5d6da84228bddba3b96531456",
            ),
            (
                8,
                100,
                "2191689b7170bf60342e57fcdebe92b5694836b610a60a420a33c5422aceffe6",
            ),
            (
                97,
                2,
                "578600daa98360e01bccec2fcf8399144a8a519a71aaaa39ebff39c23fff93ad",
            ),
            (
                3,
                65,
                "1e7b72125eceb6abbcedb258819d2ca75729725652493f1500d8a40767f596c9",
            ),
            (
                128,
                128,
                "6ad3769f793b250ce06ca67c9d9bdb50e66044d65c4320a5547dcd445f07077d",
            ),
        ] {
            let picture = picture(width, height);
            assert_eq!(sha256_hex(&through(&picture).rgb), hash, "{width} x {height}");
        }
    }

    #[test]
    fn flat_grey_passes_and_an_empty_picture_is_no_panic() {
        let flat = RgbPicture {
            width: 9,
            height: 5,
            rgb: vec![128; 135],
        };
        assert_eq!(through(&flat), flat);
        let none = RgbPicture {
            width: 0,
            height: 5,
            rgb: Vec::new(),
        };
        assert_eq!(through(&none), none);
    }
}
