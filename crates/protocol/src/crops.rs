//! Pan and scan: a wide or tall picture is given whole and in crops, as the published processor cuts them. Off by
//! default there and here; each crop costs as many tokens as a picture.

use serde::{Deserialize, Serialize};

use crate::RgbPicture;

/// Shortest side of a crop, px.
const LEAST: u32 = 256;
/// Most crops along the longer side.
const MOST: u32 = 4;
/// Least ratio of the sides.
const RATIO: f64 = 1.2;

/// A crop of a picture, px from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crop {
    /// Left edge, px.
    pub x: u32,
    /// Top edge, px.
    pub y: u32,
    /// px.
    pub width: u32,
    /// px.
    pub height: u32,
}

/// The crops of a picture of this size, in the order in which they are given; none for one that is nearly square or
/// too small.
pub fn crops(width: u32, height: u32) -> Vec<Crop> {
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let wide = width >= height;
    let (long, short) = if wide { (width, height) } else { (height, width) };
    let ratio = f64::from(long) / f64::from(short);
    if ratio < RATIO {
        return Vec::new();
    }
    let rounded = (ratio + 0.5).floor().min(f64::from(u32::MAX)) as u32;
    let n = rounded.min(long / LEAST).clamp(2, MOST);
    let step = long.div_ceil(n);
    if step.min(short) < LEAST {
        return Vec::new();
    }
    (0..n)
        .map(|i| {
            let at = step * i;
            // The last may be narrower.
            let length = step.min(long.saturating_sub(at));
            if wide {
                Crop {
                    x: at,
                    y: 0,
                    width: length,
                    height,
                }
            } else {
                Crop {
                    x: 0,
                    y: at,
                    width,
                    height: length,
                }
            }
        })
        .collect()
}

/// The pixels of a crop; `None` when it does not lie in the picture.
pub fn cut(picture: &RgbPicture, crop: Crop) -> Option<RgbPicture> {
    let inside = crop.x.checked_add(crop.width)? <= picture.width
        && crop.y.checked_add(crop.height)? <= picture.height;
    if !inside || crop.width == 0 || crop.height == 0 {
        return None;
    }
    let row = picture.width as usize * 3;
    let mut rgb = Vec::with_capacity(crop.width as usize * crop.height as usize * 3);
    for y in crop.y..crop.y + crop.height {
        let from = y as usize * row + crop.x as usize * 3;
        rgb.extend_from_slice(picture.rgb.get(from..from + crop.width as usize * 3)?);
    }
    Some(RgbPicture {
        width: crop.width,
        height: crop.height,
        rgb,
    })
}

/// The picture and its crops, in the order in which a model gets them.
pub fn pan_and_scan(picture: &RgbPicture) -> (Vec<RgbPicture>, Vec<Crop>) {
    let found = crops(picture.width, picture.height);
    let mut all = vec![picture.clone()];
    all.extend(found.iter().filter_map(|crop| cut(picture, *crop)));
    (all, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Width, height, and x, y, width, height of each crop, as transformers' `Gemma3ImageProcessor.pan_and_scan` cuts
    /// them with its defaults.
    #[test]
    fn crops_are_the_processors() {
        let known: &[(u32, u32, &[[u32; 4]])] = &[
            (1024, 512, &[[0, 0, 512, 512], [512, 0, 512, 512]]),
            (1001, 700, &[[0, 0, 501, 700], [501, 0, 500, 700]]),
            (
                500,
                1300,
                &[[0, 0, 500, 434], [0, 434, 500, 434], [0, 868, 500, 432]],
            ),
            (
                9000,
                1000,
                &[
                    [0, 0, 2250, 1000],
                    [2250, 0, 2250, 1000],
                    [4500, 0, 2250, 1000],
                    [6750, 0, 2250, 1000],
                ],
            ),
            (1000, 900, &[]),
            (300, 200, &[]),
            (
                3333,
                800,
                &[
                    [0, 0, 834, 800],
                    [834, 0, 834, 800],
                    [1668, 0, 834, 800],
                    [2502, 0, 831, 800],
                ],
            ),
            (
                257,
                1024,
                &[
                    [0, 0, 257, 256],
                    [0, 256, 257, 256],
                    [0, 512, 257, 256],
                    [0, 768, 257, 256],
                ],
            ),
            (
                2560,
                256,
                &[
                    [0, 0, 640, 256],
                    [640, 0, 640, 256],
                    [1280, 0, 640, 256],
                    [1920, 0, 640, 256],
                ],
            ),
            (1200, 1000, &[[0, 0, 600, 1000], [600, 0, 600, 1000]]),
            (640, 300, &[[0, 0, 320, 300], [320, 0, 320, 300]]),
            (511, 300, &[[0, 0, 256, 300], [256, 0, 255, 300]]),
            (512, 300, &[[0, 0, 256, 300], [256, 0, 256, 300]]),
            (
                2000,
                257,
                &[
                    [0, 0, 500, 257],
                    [500, 0, 500, 257],
                    [1000, 0, 500, 257],
                    [1500, 0, 500, 257],
                ],
            ),
            (897, 640, &[[0, 0, 449, 640], [449, 0, 448, 640]]),
            (
                4000,
                1100,
                &[
                    [0, 0, 1000, 1100],
                    [1000, 0, 1000, 1100],
                    [2000, 0, 1000, 1100],
                    [3000, 0, 1000, 1100],
                ],
            ),
            (700, 701, &[]),
            (720, 600, &[[0, 0, 360, 600], [360, 0, 360, 600]]),
            (3072, 2048, &[[0, 0, 1536, 2048], [1536, 0, 1536, 2048]]),
            (2048, 3072, &[[0, 0, 2048, 1536], [0, 1536, 2048, 1536]]),
            (768, 512, &[[0, 0, 384, 512], [384, 0, 384, 512]]),
        ];
        for (width, height, expected) in known {
            let found: Vec<[u32; 4]> = crops(*width, *height)
                .iter()
                .map(|c| [c.x, c.y, c.width, c.height])
                .collect();
            assert_eq!(found, *expected, "{width} x {height}");
        }
        assert_eq!(crops(0, 5), []);
        assert!(crops(u32::MAX, 1).is_empty());
    }

    #[test]
    fn crops_tile_the_picture() {
        for (w, h) in [(1001, 700), (700, 1001), (3333, 800), (257, 1024), (2560, 256)] {
            let area: u64 = crops(w, h)
                .iter()
                .map(|c| u64::from(c.width) * u64::from(c.height))
                .sum();
            assert!(area == 0 || area == u64::from(w) * u64::from(h), "{w} x {h}");
        }
    }

    #[test]
    fn a_crop_has_the_pixels_of_its_place() {
        let picture = RgbPicture {
            width: 3,
            height: 2,
            rgb: (0..18).collect(),
        };
        let crop = |x, y, width, height| Crop { x, y, width, height };
        let part = cut(&picture, crop(1, 1, 2, 1)).expect("inside");
        assert_eq!(part.rgb, [12, 13, 14, 15, 16, 17]);
        assert_eq!(cut(&picture, crop(2, 0, 2, 1)), None);
        assert_eq!(cut(&picture, crop(u32::MAX, 0, 2, 1)), None);
    }
}
