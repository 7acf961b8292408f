//! preprocessor_config.json: a picture to the tower's square and its values.

use std::path::Path;

use serde_json::Value;

use crate::config::read_json;
use crate::error::{EngineError, Result};
use crate::image::Picture;

const FILE: &str = "preprocessor_config.json";

/// How a picture becomes the tower's square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Resize {
    /// As the folder's image processor does: Pillow's filter.
    #[default]
    Processor,
    /// Bilinear between pixel centres without antialiasing, cut to 8 bit: `tf.image.resize(…, antialias=False)`, by
    /// which the published evaluations of MedSigLIP were made.
    Plain,
}

/// Pillow's filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Lanczos,
    Bilinear,
    Bicubic,
}

/// The image processor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Processor {
    side: usize,
    resize: Resize,
    filter: Filter,
    factor: f64,
    mean: [f32; 3],
    deviation: [f32; 3],
}

impl Processor {
    /// Reads the folder's file; `side` is what the tower sees, px.
    pub(crate) fn read(folder: &Path, side: usize, resize: Resize) -> Result<Self> {
        let json = if folder.join(FILE).is_file() {
            read_json(folder, FILE)?
        } else {
            // Newer writers keep it inside the processor's own file.
            match read_json(folder, "processor_config.json") {
                Ok(mut json) if json["image_processor"].is_object() => json["image_processor"].take(),
                _ => return Err(EngineError::MissingFile(FILE.to_owned())),
            }
        };
        Self::from_json(&json, side, resize)
    }

    fn from_json(json: &Value, side: usize, resize: Resize) -> Result<Self> {
        let bad = |reason: String| EngineError::BadFile {
            file: FILE.to_owned(),
            reason,
        };
        let on = |key: &str| json[key].as_bool().unwrap_or(true);
        if !on("do_resize") {
            return Err(EngineError::Unsupported(
                "its image processor does not resize".to_owned(),
            ));
        }
        let size = &json["size"];
        for key in ["height", "width"] {
            let found = size[key].as_u64().or_else(|| size.as_u64());
            if found.is_some_and(|found| found != side as u64) || (found.is_none() && !size.is_null()) {
                return Err(bad(format!("it resizes to {size} and the tower sees {side} px")));
            }
        }
        let filter = match json["resample"].as_u64() {
            Some(1) => Filter::Lanczos,
            Some(2) => Filter::Bilinear,
            Some(3) => Filter::Bicubic,
            None if json["resample"].is_null() => Filter::Bicubic,
            _ => {
                return Err(EngineError::Unsupported(format!(
                    "its image filter is {}",
                    json["resample"]
                )));
            }
        };
        let three = |key: &str| -> Result<[f32; 3]> {
            if json[key].is_null() {
                return Ok([0.5; 3]);
            }
            let list: Vec<f32> = json[key]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|v| Some(v.as_f64()? as f32))
                .collect();
            <[f32; 3]>::try_from(list).map_err(|_| bad(format!("{key} is {}", json[key])))
        };
        let (mean, deviation) = if on("do_normalize") {
            (three("image_mean")?, three("image_std")?)
        } else {
            ([0.0; 3], [1.0; 3])
        };
        if deviation.iter().any(|d| !d.is_normal()) || mean.iter().any(|m| !m.is_finite()) {
            return Err(bad("its image_mean or image_std cannot be used".to_owned()));
        }
        let factor = if on("do_rescale") {
            json["rescale_factor"].as_f64().unwrap_or(1.0 / 255.0)
        } else {
            1.0
        };
        Ok(Self {
            side,
            resize,
            filter,
            factor,
            mean,
            deviation,
        })
    }

    /// The picture as the tower's square, 8 bit.
    pub(crate) fn resized(&self, picture: &Picture) -> Picture {
        match (self.resize, self.filter) {
            (Resize::Plain, _) => plain(picture, self.side),
            (_, Filter::Bilinear) => picture.resized(self.side),
            (_, filter) => {
                let mut picture = picture.clone();
                for horizontal in [true, false] {
                    let size = if horizontal { picture.width } else { picture.height };
                    if size != self.side {
                        picture = pass(&picture, self.side, horizontal, filter);
                    }
                }
                picture
            }
        }
    }

    /// Values of a resized picture, planar `[3, H, W]`: rescaled in double, then normalised.
    pub(crate) fn values(&self, picture: &Picture) -> Vec<f32> {
        (0..3)
            .flat_map(|c| picture.rgb.iter().skip(c).step_by(3).map(move |b| (c, *b)))
            .map(|(c, b)| ((f64::from(b) * self.factor) as f32 - self.mean[c]) / self.deviation[c])
            .collect()
    }
}

impl Filter {
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        let sinc = |x: f64| {
            if x == 0.0 {
                1.0
            } else {
                (x * std::f64::consts::PI).sin() / (x * std::f64::consts::PI)
            }
        };
        // Keys' cubic with a = -0.5.
        const A: f64 = -0.5;
        match self {
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            Self::Lanczos if x < 3.0 => sinc(x) * sinc(x / 3.0),
            Self::Bicubic | Self::Lanczos => 0.0,
        }
    }
}

/// One pass of Pillow's resize: 22-bit fixed point, rounded to 8 bit.
fn pass(from: &Picture, side: usize, horizontal: bool, filter: Filter) -> Picture {
    let size = if horizontal { from.width } else { from.height };
    let scale = size as f64 / side as f64;
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let kernels: Vec<(usize, Vec<i64>)> = (0..side)
        .map(|o| {
            let centre = (o as f64 + 0.5) * scale;
            let low = (centre - support + 0.5).trunc().max(0.0) as usize;
            let high = ((centre + support + 0.5).trunc() as usize).min(size);
            let weights: Vec<f64> = (low..high)
                .map(|j| filter.weight((j as f64 - centre + 0.5) / stretch))
                .collect();
            let sum: f64 = weights.iter().sum();
            let fixed = |w: &f64| (w / sum * f64::from(1 << 22) + 0.5_f64.copysign(*w)).trunc() as i64;
            (low, weights.iter().map(fixed).collect())
        })
        .collect();
    let (width, height) = if horizontal {
        (side, from.height)
    } else {
        (from.width, side)
    };
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (low, weights) = &kernels[if horizontal { x } else { y }];
            let mut sums = [1_i64 << 21; 3];
            for (j, weight) in weights.iter().enumerate() {
                let (sx, sy) = if horizontal { (low + j, y) } else { (x, low + j) };
                let at = (sy * from.width + sx) * 3;
                for (sum, byte) in sums.iter_mut().zip(&from.rgb[at..at + 3]) {
                    *sum += weight * i64::from(*byte);
                }
            }
            rgb.extend(sums.map(|sum| (sum >> 22).clamp(0, 255) as u8));
        }
    }
    Picture { width, height, rgb }
}

/// Bilinear between pixel centres, edges repeated, in float32, the fraction cut off.
fn plain(from: &Picture, side: usize) -> Picture {
    let taps = |size: usize| -> Vec<(usize, usize, f32)> {
        let scale = size as f32 / side as f32;
        (0..side)
            .map(|o| {
                let at = (o as f32 + 0.5) * scale - 0.5;
                let low = at.floor();
                let index = |v: f32| (v.max(0.0) as usize).min(size.saturating_sub(1));
                (index(low), index(low + 1.0), at - low)
            })
            .collect()
    };
    let (columns, rows) = (taps(from.width), taps(from.height));
    let mut rgb = Vec::with_capacity(side * side * 3);
    for (y0, y1, fy) in rows {
        for (x0, x1, fx) in &columns {
            for c in 0..3 {
                let value = |x: usize, y: usize| f32::from(from.rgb[(y * from.width + x) * 3 + c]);
                let top = value(*x0, y0) + (value(*x1, y0) - value(*x0, y0)) * fx;
                let bottom = value(*x0, y1) + (value(*x1, y1) - value(*x0, y1)) * fx;
                rgb.push((top + (bottom - top) * fy) as u8);
            }
        }
    }
    Picture {
        width: side,
        height: side,
        rgb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A picture of 5 x 3 px with every channel its own slope.
    fn picture() -> Picture {
        Picture {
            width: 5,
            height: 3,
            rgb: (0..45_u32).map(|i| (i * i * 7 % 251) as u8).collect(),
        }
    }

    fn processor(resample: u64, side: usize) -> Processor {
        Processor::from_json(
            &json!({"resample": resample, "size": {"height": side, "width": side}}),
            side,
            Resize::Processor,
        )
        .expect("reads")
    }

    #[test]
    fn filters_give_pillows_bytes() {
        for (resample, expected) in PILLOW {
            let resized = processor(resample, 4).resized(&picture());
            assert_eq!(resized.rgb, expected, "filter {resample}");
        }
    }

    #[test]
    fn the_plain_way_interpolates_between_centres_and_cuts() {
        let grey = |values: &[u8]| values.iter().flat_map(|v| [*v; 3]).collect::<Vec<u8>>();
        let from = Picture {
            width: 4,
            height: 1,
            rgb: grey(&[0, 81, 160, 240]),
        };
        // Centres of the two halves lie between pixels 0 and 1, and 2 and 3: (0 + 81) / 2 = 40.5, (160 + 240) / 2.
        assert_eq!(plain(&from, 2).rgb, [grey(&[40, 200]), grey(&[40, 200])].concat());
        // Enlarged: edges are repeated.
        let from = Picture {
            width: 2,
            height: 1,
            rgb: grey(&[0, 100]),
        };
        assert_eq!(plain(&from, 4).rgb[..12], grey(&[0, 25, 75, 100])[..]);
    }

    #[test]
    fn values_take_the_folders_mean_and_deviation() {
        let json = json!({"image_mean": [0.5, 0.25, 0.0], "image_std": [0.5, 0.25, 1.0]});
        let processor = Processor::from_json(&json, 1, Resize::Processor).expect("reads");
        let picture = Picture {
            width: 1,
            height: 1,
            rgb: vec![255, 255, 51],
        };
        assert_eq!(processor.values(&picture), [1.0, 3.0, 0.2]);
    }

    #[test]
    fn a_processor_of_another_size_is_refused() {
        let json = json!({"size": {"height": 224, "width": 224}});
        assert!(Processor::from_json(&json, 448, Resize::Processor).is_err());
        let json = json!({"size": {"shortest_edge": 448}});
        assert!(Processor::from_json(&json, 448, Resize::Processor).is_err());
        assert!(Processor::from_json(&json!({"resample": 5}), 448, Resize::Processor).is_err());
    }

    /// Bytes that Pillow 13 gives for `picture()` at 4 x 4.
    const PILLOW: [(u64, [u8; 48]); 3] = [
        (
            1,
            [
                17, 35, 58, 37, 101, 208, 37, 157, 124, 20, 191, 104, 38, 4, 9, 33, 80, 148, 35, 134, 195,
                46, 197, 102, 52, 85, 49, 50, 45, 53, 56, 112, 213, 70, 177, 186, 44, 189, 132, 69, 34, 29,
                77, 116, 159, 66, 152, 255,
            ],
        ),
        (
            2,
            [
                16, 33, 65, 37, 104, 184, 38, 154, 137, 19, 184, 111, 40, 32, 38, 37, 78, 133, 40, 130, 179,
                48, 188, 129, 50, 82, 56, 49, 59, 83, 54, 113, 186, 65, 174, 178, 42, 166, 115, 69, 54, 52,
                76, 110, 157, 63, 146, 242,
            ],
        ),
        (
            3,
            [
                13, 28, 57, 37, 103, 199, 39, 158, 130, 16, 188, 106, 40, 16, 20, 34, 76, 137, 38, 132, 189,
                49, 196, 116, 52, 81, 49, 48, 50, 68, 55, 113, 202, 69, 179, 180, 40, 183, 126, 71, 42, 36,
                79, 113, 159, 63, 148, 255,
            ],
        ),
    ];
}
