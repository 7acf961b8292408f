//! Colours that objects recommend: CIELab of PS3.3 C.10.7.1.1 to sRGB, and a row of colours for those that name none.

/// sRGB of a Recommended Display CIELab Value: L* as 0 to 65535 for 0 to 100, a* and b* as 0 to 65535 for -128 to 127
/// (32896 is 0), white point D50. Colours outside sRGB are clipped.
///
/// Source: PS3.3 C.10.7.1.1; CIE 15 for the inverse of L*a*b*; the matrix is sRGB's adapted to D50 by Bradford
/// (ICC.1 annex E).
pub fn srgb_from_cielab(encoded: [u16; 3]) -> [u8; 3] {
    let part = |v: u16| f64::from(v) / 65535.0;
    let l = part(encoded[0]) * 100.0;
    let a = part(encoded[1]) * 255.0 - 128.0;
    let b = part(encoded[2]) * 255.0 - 128.0;
    let fy = (l + 16.0) / 116.0;
    let inverse = |t: f64| {
        if t > 6.0 / 29.0 {
            t * t * t
        } else {
            3.0 * (6.0_f64 / 29.0).powi(2) * (t - 4.0 / 29.0)
        }
    };
    // D50 white.
    let x = 0.964_22 * inverse(fy + a / 500.0);
    let y = inverse(fy);
    let z = 0.825_21 * inverse(fy - b / 200.0);
    [
        3.133_856_1 * x - 1.616_866_7 * y - 0.490_614_6 * z,
        -0.978_768_4 * x + 1.916_141_5 * y + 0.033_454_0 * z,
        0.071_945_3 * x - 0.228_991_4 * y + 1.405_242_7 * z,
    ]
    .map(encode)
}

/// A linear component as an 8-bit sRGB one (IEC 61966-2-1).
fn encode(linear: f64) -> u8 {
    let v = linear.clamp(0.0, 1.0);
    let v = if v <= 0.003_130_8 {
        12.92 * v
    } else {
        1.055 * v.powf(1.0 / 2.4) - 0.055
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    {
        (v * 255.0).round() as u8
    }
}

/// Colours for parts that name none: far apart, readable on grey, none of them the pure red or green of a warning.
const ROW: [[u8; 3]; 10] = [
    [86, 180, 233],
    [230, 159, 0],
    [204, 121, 167],
    [0, 178, 142],
    [240, 228, 66],
    [148, 120, 230],
    [213, 94, 60],
    [140, 200, 90],
    [70, 130, 220],
    [235, 160, 190],
];

/// A colour for the part at a place, from 0, that names none.
pub fn given(index: usize) -> [u8; 3] {
    ROW[index % ROW.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L* a* b* (D50) of sRGB colours as published with the ICC's sRGB profile.
    #[test]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 16 bits"
    )]
    fn known_colours_come_back() {
        let encoded = |l: f64, a: f64, b: f64| {
            [l / 100.0, (a + 128.0) / 255.0, (b + 128.0) / 255.0].map(|v| (v * 65535.0).round() as u16)
        };
        let near = |lab: [u16; 3], wanted: [u8; 3]| {
            let got = srgb_from_cielab(lab);
            assert!(
                got.iter().zip(wanted).all(|(g, w)| g.abs_diff(w) <= 1),
                "{got:?} {wanted:?}"
            );
        };
        near(encoded(100.0, 0.0, 0.0), [255, 255, 255]);
        near(encoded(0.0, 0.0, 0.0), [0, 0, 0]);
        near(encoded(54.29, 80.81, 69.89), [255, 0, 0]);
        near(encoded(87.82, -79.29, 80.99), [0, 255, 0]);
        near(encoded(29.57, 68.30, -112.03), [0, 0, 255]);
        near(encoded(53.39, 0.0, 0.0), [127, 127, 127]);
    }
}
