//! Colour to RGB (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5): exact coefficients, rounded half up, clamped.

use crate::attributes::{Palette, Photometric};
use crate::frame::Frame;
use crate::samples::Samples;

/// RGB of one full-range YCbCr triple (YBR_FULL, ITU-R BT.601).
pub fn rgb_from_ybr_full(y: f64, cb: f64, cr: f64) -> [u8; 3] {
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    [
        to_byte(y + 1.402 * cr),
        to_byte(y - 0.344_136 * cb - 0.714_136 * cr),
        to_byte(y + 1.772 * cb),
    ]
}

/// RGB of one studio-range YCbCr triple (YBR_PARTIAL_422, YBR_PARTIAL_420).
pub fn rgb_from_ybr_partial(y: f64, cb: f64, cr: f64) -> [u8; 3] {
    rgb_from_ybr_full(
        (y - 16.0) * 255.0 / 219.0,
        (cb - 128.0) * 255.0 / 224.0 + 128.0,
        (cr - 128.0) * 255.0 / 224.0 + 128.0,
    )
}

/// RGB of a palette index, clamped at both ends.
pub fn rgb_from_palette(palette: &Palette, stored: f64) -> [u8; 3] {
    let last = palette.entries.len().saturating_sub(1) as f64;
    let index = (stored - f64::from(palette.first_mapped)).clamp(0.0, last);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the table"
    )]
    palette.entries.get(index as usize).copied().unwrap_or_default()
}

/// The grey of a P-value of 16 bits (PS3.3 C.7.6.11.1, C.10.7.1.1).
pub fn grey_from_p_value(p: f64) -> u8 {
    to_byte(p / 257.0)
}

/// sRGB of a colour of the profile connection space as attributes encode it in three 16-bit words (PS3.3 C.10.7.1.1):
/// L* 0 to 100, a* and b* -128 to 127, white point D50.
pub fn rgb_from_pcs_lab(words: [f64; 3]) -> [u8; 3] {
    let [l, a, b] = words.map(|w| w.clamp(0.0, 65_535.0) / 65_535.0);
    let (l, a, b) = (l * 100.0, a * 255.0 - 128.0, b * 255.0 - 128.0);
    let fy = (l + 16.0) / 116.0;
    let axis = |f: f64| {
        if f > 6.0 / 29.0 {
            f.powi(3)
        } else {
            (f - 4.0 / 29.0) * 108.0 / 841.0
        }
    };
    let (x, y, z) = (
        axis(fy + a / 500.0) * 0.9642,
        axis(fy),
        axis(fy - b / 200.0) * 0.8251,
    );
    // D50 to linear sRGB, Bradford adaptation included.
    let linear = [
        3.133_856_1 * x - 1.616_866_7 * y - 0.490_614_6 * z,
        -0.978_768_4 * x + 1.916_141_5 * y + 0.033_454_0 * z,
        0.071_945_3 * x - 0.228_991_4 * y + 1.405_242_7 * z,
    ];
    linear.map(|v| {
        let v = v.clamp(0.0, 1.0);
        let curved = if v <= 0.003_130_8 {
            v * 12.92
        } else {
            1.055 * v.powf(1.0 / 2.4) - 0.055
        };
        to_byte(curved * 255.0)
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255"
)]
fn to_byte(value: f64) -> u8 {
    (value + 0.5).floor().clamp(0.0, 255.0) as u8
}

/// Interleaved RGB bytes of a colour frame, row-major; `None` for grey. Samples of more than 8 bits keep their upper
/// eight stored bits.
pub fn to_rgb8(frame: &Frame) -> Option<Vec<u8>> {
    let a = &frame.attributes;
    let pixels = a.rows as usize * a.columns as usize;
    if a.photometric == Photometric::PaletteColor {
        let palette = a.palette.as_ref()?;
        return Some(
            (0..pixels.min(frame.samples.len()))
                .flat_map(|i| rgb_from_palette(palette, frame.samples.value(i)))
                .collect(),
        );
    }
    if a.photometric.is_monochrome() || a.samples_per_pixel != 3 || frame.samples.len() < pixels * 3 {
        return None;
    }
    if let (Photometric::Rgb, Samples::U8(bytes)) = (a.photometric, &frame.samples)
        && a.bits_stored == 8
    {
        return Some(bytes.clone());
    }
    let scale = if a.bits_stored > 8 {
        1.0 / f64::from(1_u32 << (a.bits_stored.min(32) - 8).min(31))
    } else {
        1.0
    };
    let at = |i: usize| {
        let value = frame.samples.value(i);
        if scale == 1.0 {
            value
        } else {
            (value * scale).floor()
        }
    };
    Some(
        (0..pixels)
            .flat_map(|i| {
                let [x, y, z] = [at(i * 3), at(i * 3 + 1), at(i * 3 + 2)];
                match a.photometric {
                    Photometric::YbrFull => rgb_from_ybr_full(x, y, z),
                    Photometric::YbrPartial => rgb_from_ybr_partial(x, y, z),
                    _ => [to_byte(x), to_byte(y), to_byte(z)],
                }
            })
            .collect(),
    )
}

/// As [`to_rgb8`], in sRGB: through the frame's colour profile where it has one.
pub fn shown_rgb8(frame: &Frame) -> Option<Vec<u8>> {
    let rgb = to_rgb8(frame)?;
    match &frame.attributes.profile {
        Some(profile) => profile.converter.convert(&rgb).or(Some(rgb)),
        None => Some(rgb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_range_green_takes_the_minus_sign() {
        assert_eq!(rgb_from_ybr_full(100.0, 200.0, 128.0), [100, 75, 228]);
        assert_eq!(rgb_from_ybr_full(255.0, 128.0, 128.0), [255, 255, 255]);
    }

    #[test]
    fn partial_range_spans_sixteen_to_two_hundred_and_thirty_five() {
        assert_eq!(rgb_from_ybr_partial(16.0, 128.0, 128.0), [0, 0, 0]);
        assert_eq!(rgb_from_ybr_partial(235.0, 128.0, 128.0), [255, 255, 255]);
    }

    #[test]
    fn colours_of_attributes_become_srgb() {
        assert_eq!(rgb_from_pcs_lab([65_535.0, 32_896.0, 32_896.0]), [255, 255, 255]);
        assert_eq!(rgb_from_pcs_lab([0.0, 32_896.0, 32_896.0]), [0, 0, 0]);
        // sRGB red is L* 54.29, a* 80.81, b* 69.89 under D50.
        let red = [54.29 / 100.0, (80.81 + 128.0) / 255.0, (69.89 + 128.0) / 255.0].map(|v| v * 65_535.0);
        let [r, g, b] = rgb_from_pcs_lab(red);
        assert!(r >= 254 && g <= 2 && b <= 2, "{r} {g} {b}");
        assert_eq!([0.0, 32_768.0, 65_535.0].map(grey_from_p_value), [0, 128, 255]);
    }

    #[test]
    fn palette_indices_clamp() {
        let palette = Palette {
            first_mapped: 10,
            entries: vec![[1, 2, 3], [4, 5, 6]].into(),
        };
        assert_eq!(rgb_from_palette(&palette, 0.0), [1, 2, 3]);
        assert_eq!(rgb_from_palette(&palette, 99.0), [4, 5, 6]);
    }
}
