//! From modality values to the RGB picture that a model's own processor gets.
//!
//! The published recipes disagree with each other, so each is an id of its own.

use crate::range::VolumeRange;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use overread_imaging::colour;
use overread_imaging::frame::Frame;
use overread_imaging::modality::Unit;
use overread_imaging::render;
use overread_imaging::voi::{Voi, VoiFunction};
use sha2::{Digest, Sha256};

/// A preprocessing recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Recipe {
    /// The slice as presented with a window, grey to RGB.
    Display,
    /// The MedGemma 1.5 notebook's CT windows, lossless.
    CtWindows,
    /// The same through JPEG, as the notebook sends it.
    CtWindowsJpeg,
    /// The server code's CT windows with its own rounding.
    CtWindowsServer,
    /// The first technical report's CT windows.
    CtWindowsReport,
    /// Lung, soft tissue and bone.
    CtWindowsLungBone,
    /// Minimum and maximum of the acquisition.
    MrMinmax,
    /// 0.5 to 99.5 percentile of the volume.
    MrPercentile,
    /// The server code's radiograph rule.
    CxrServer,
    /// Pictures as they are.
    Photo,
}

/// An RGB picture, 8 bit, row-major, interleaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbPicture {
    /// px.
    pub width: u32,
    /// px.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// Why a recipe does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// No such id.
    #[error("there is no preprocessing {0}; choose one of {ids}", ids = Recipe::ALL.map(Recipe::id).join(", "))]
    Unknown(String),
    /// CT windows need Hounsfield units.
    #[error("{0} needs Hounsfield units and these images have none; choose display/1")]
    NeedsHounsfield(&'static str),
    /// Grey is needed.
    #[error("{0} needs grey images and these are in colour; choose photo/1")]
    NeedsGrey(&'static str),
    /// Encoding failed.
    #[error("the picture could not be encoded: {0}")]
    Encoding(String),
}

impl Recipe {
    /// All recipes.
    pub const ALL: [Self; 10] = [
        Self::Display,
        Self::CtWindows,
        Self::CtWindowsJpeg,
        Self::CtWindowsServer,
        Self::CtWindowsReport,
        Self::CtWindowsLungBone,
        Self::MrMinmax,
        Self::MrPercentile,
        Self::CxrServer,
        Self::Photo,
    ];

    /// The id, part of every reading.
    pub fn id(self) -> &'static str {
        match self {
            Self::Display => "display/1",
            Self::CtWindows => "ct-windows/1",
            Self::CtWindowsJpeg => "ct-windows-jpeg/1",
            Self::CtWindowsServer => "ct-windows-server/1",
            Self::CtWindowsReport => "ct-windows-report/1",
            Self::CtWindowsLungBone => "ct-windows-lung-bone/1",
            Self::MrMinmax => "mr-minmax/1",
            Self::MrPercentile => "mr-percentile/1",
            Self::CxrServer => "cxr-server/1",
            Self::Photo => "photo/1",
        }
    }

    /// One line for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Display => "The slice as shown, with a named window, grey in all three channels",
            Self::CtWindows => {
                "CT, the MedGemma 1.5 recipe: -1024…1024, -135…215, 0…80 HU in red, green, blue"
            }
            Self::CtWindowsJpeg => {
                "The MedGemma 1.5 recipe through JPEG quality 75, 4:2:0, as its notebook sends it"
            }
            Self::CtWindowsServer => {
                "CT as Google's server code has it: -1024…1024, 135…215, 0…80 HU, rounded to integers first"
            }
            Self::CtWindowsReport => "CT as the first report has it: W/L 2250/-100, 350/40, 80/40",
            Self::CtWindowsLungBone => "CT lung, soft tissue, bone: W/L 1500/-600, 350/50, 1800/400",
            Self::MrMinmax => "MR as Google's server code has it: minimum to maximum of the acquisition",
            Self::MrPercentile => "MR, our own rule: 0.5 to 99.5 percentile of the series",
            Self::CxrServer => {
                "Radiograph as Google's server code has it: window of the file, stretched to full range"
            }
            Self::Photo => "The picture as it is",
        }
    }

    /// Hash of id and rule, for the record.
    pub fn hash(self) -> String {
        let rule = format!("{}\n{}\n{:?}", self.id(), self.description(), self.windows());
        Sha256::digest(rule.as_bytes())
            .iter()
            .take(8)
            .fold(String::new(), |t, b| t + &format!("{b:02x}"))
    }

    /// The recipe with that id.
    ///
    /// # Errors
    /// [`RecipeError::Unknown`].
    pub fn by_id(id: &str) -> Result<Self, RecipeError> {
        Self::ALL
            .into_iter()
            .find(|r| r.id() == id)
            .ok_or_else(|| RecipeError::Unknown(id.to_owned()))
    }

    /// The recipes that fit images of a modality, the default first.
    pub fn fitting(modality: &str, hounsfield: bool, colour: bool, volume: bool) -> Vec<Self> {
        if colour {
            return vec![Self::Photo];
        }
        let ct = [
            Self::CtWindows,
            Self::CtWindowsJpeg,
            Self::CtWindowsServer,
            Self::CtWindowsReport,
            Self::CtWindowsLungBone,
        ];
        match modality {
            _ if hounsfield => {
                let _ = volume;
                ct.into_iter().chain([Self::Display]).collect()
            }
            "MR" => vec![Self::MrPercentile, Self::MrMinmax, Self::Display],
            "CR" | "DX" | "RF" | "MG" => vec![Self::Display, Self::CxrServer],
            _ => vec![Self::Display, Self::MrPercentile],
        }
    }

    /// True when the range of all slices is needed first.
    pub fn needs_range(self) -> bool {
        matches!(self, Self::MrMinmax | Self::MrPercentile)
    }

    /// HU bounds of the three channels.
    fn windows(self) -> Option<[[f32; 2]; 3]> {
        let by = |width: f32, level: f32| [level - width / 2.0, level + width / 2.0];
        match self {
            Self::CtWindows | Self::CtWindowsJpeg => Some([[-1024.0, 1024.0], [-135.0, 215.0], [0.0, 80.0]]),
            Self::CtWindowsServer => Some([[-1024.0, 1024.0], [135.0, 215.0], [0.0, 80.0]]),
            Self::CtWindowsReport => Some([by(2250.0, -100.0), by(350.0, 40.0), by(80.0, 40.0)]),
            Self::CtWindowsLungBone => Some([by(1500.0, -600.0), by(350.0, 50.0), by(1800.0, 400.0)]),
            _ => None,
        }
    }

    /// The picture of one slice. `shown` is for `display/1` (the file's own when absent), `range` for the MR recipes.
    ///
    /// # Errors
    /// [`RecipeError`] when the recipe does not fit the frame.
    pub fn picture(
        self,
        frame: &Frame,
        shown: Option<&Voi>,
        range: Option<VolumeRange>,
    ) -> Result<RgbPicture, RecipeError> {
        let a = &frame.attributes;
        let grey = a.photometric.is_monochrome();
        if !grey && self != Self::Photo && self != Self::Display {
            return Err(RecipeError::NeedsGrey(self.id()));
        }
        if self.windows().is_some() {
            if a.unit != Unit::Hounsfield {
                return Err(RecipeError::NeedsHounsfield(self.id()));
            }
            let picture = self.ct(frame);
            return if self == Self::CtWindowsJpeg {
                through_jpeg(&picture)
            } else {
                Ok(picture)
            };
        }
        if let Some(rgb) = colour::to_rgb8(frame) {
            return Ok(RgbPicture {
                width: a.columns,
                height: a.rows,
                rgb,
            });
        }
        Ok(match self {
            Self::MrMinmax | Self::MrPercentile => {
                let range = range.or_else(|| VolumeRange::of(std::iter::once(frame)));
                let [low, high] = match (self, range) {
                    (Self::MrMinmax, Some(r)) => r.extremes,
                    (_, Some(r)) => r.percentiles,
                    (_, None) => [0.0, 1.0],
                };
                grey_picture(frame, |v| scaled(v, low, high))
            }
            Self::CxrServer => self.radiograph(frame),
            _ => {
                let voi = shown.cloned().unwrap_or_else(|| render::default_voi(frame));
                let values = render::shown_values(frame, &voi);
                RgbPicture {
                    width: a.columns,
                    height: a.rows,
                    rgb: values.into_iter().flat_map(|v| [v; 3]).collect(),
                }
            }
        })
    }

    /// The three bytes of a CT number; `None` where the recipe has no windows. Clip, float32, numpy rounding (half to
    /// even), as the notebook computes. The server rounds to integers first.
    pub fn of_hounsfield(self, hu: f64) -> Option<[u8; 3]> {
        let hu = if self == Self::CtWindowsServer {
            hu.round_ties_even() as f32
        } else {
            hu as f32
        };
        let byte = |[low, high]: [f32; 2]| {
            ((hu.clamp(low, high) - low) / (high - low) * 255.0).round_ties_even() as u8
        };
        Some(self.windows()?.map(byte))
    }

    fn ct(self, frame: &Frame) -> RgbPicture {
        let a = &frame.attributes;
        let rgb = (0..frame.samples.len())
            .filter_map(|i| self.of_hounsfield(a.modality.apply(frame.samples.value(i))))
            .flatten()
            .collect();
        RgbPicture {
            width: a.columns,
            height: a.rows,
            rgb,
        }
    }

    /// The file's first window if both attributes are there, else none; then the full range to 0-255, MONOCHROME1
    /// inverted.
    fn radiograph(self, frame: &Frame) -> RgbPicture {
        let a = &frame.attributes;
        let window = a.vois.iter().find_map(|voi| match voi {
            Voi::Window(w) if w.function != VoiFunction::Sigmoid => Some(w),
            _ => None,
        });
        let clip = |v: f64| match window {
            Some(w) => v.clamp(w.center - w.width / 2.0, w.center + w.width / 2.0),
            None => v,
        };
        let values: Vec<f64> = (0..frame.samples.len())
            .map(|i| clip(a.modality.apply(frame.samples.value(i))))
            .collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let rgb = values
            .into_iter()
            .flat_map(|v| {
                let grey = scaled(v, low, high);
                [if a.inverts() { 255 - grey } else { grey }; 3]
            })
            .collect();
        RgbPicture {
            width: a.columns,
            height: a.rows,
            rgb,
        }
    }
}

/// `low` to `high` onto 0 to 255, half to even; a range of nothing is white, as the server has it.
fn scaled(v: f64, low: f64, high: f64) -> u8 {
    if high <= low {
        return 255;
    }
    ((v.clamp(low, high) - low) / (high - low) * 255.0).round_ties_even() as u8
}

fn grey_picture(frame: &Frame, map: impl Fn(f64) -> u8) -> RgbPicture {
    let a = &frame.attributes;
    let rgb = (0..frame.samples.len())
        .flat_map(|i| {
            let stored = frame.samples.value(i);
            let value = if a.padding.is_some_and(|p| p.contains(stored)) {
                0
            } else {
                map(a.display_modality().apply(stored))
            };
            [value; 3]
        })
        .collect();
    RgbPicture {
        width: a.columns,
        height: a.rows,
        rgb,
    }
}

/// JPEG at quality 75 with colour at half the resolution both ways (4:2:0), as Pillow saves by default, and back. The
/// encoder is not Pillow's: single bytes may differ by a few.
fn through_jpeg(picture: &RgbPicture) -> Result<RgbPicture, RecipeError> {
    let failed = |e: image::ImageError| RecipeError::Encoding(e.to_string());
    let mut bytes = Vec::new();
    let side = |px: u32| {
        u16::try_from(px).map_err(|_| RecipeError::Encoding(format!("{px} px are more than a JPEG holds")))
    };
    let mut encoder = Encoder::new(&mut bytes, 75);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(
            &picture.rgb,
            side(picture.width)?,
            side(picture.height)?,
            ColorType::Rgb,
        )
        .map_err(|error| RecipeError::Encoding(error.to_string()))?;
    let decoded = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        .map_err(failed)?
        .to_rgb8();
    Ok(RgbPicture {
        width: picture.width,
        height: picture.height,
        rgb: decoded.into_raw(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The notebook's arithmetic by hand: (0 + 1024) / 2048 * 255 = 127.5, to even 128; (0 + 135) / 350 * 255 = 98.36.
    #[test]
    fn jpeg_halves_the_resolution_of_colour_both_ways() {
        // Red and blue columns one pixel wide: brightness stays, colour is shared by neighbours.
        let rgb: Vec<u8> = (0..64 * 64)
            .flat_map(|i| if i % 2 == 0 { [200, 40, 40] } else { [40, 40, 200] })
            .collect();
        let picture = RgbPicture {
            width: 64,
            height: 64,
            rgb,
        };
        let back = through_jpeg(&picture).expect("a picture");
        let at = |x: usize, c: usize| i32::from(back.rgb[(32 * 64 + x) * 3 + c]);
        for x in 20..40 {
            let (red, next) = (at(x, 0) - at(x, 2), at(x + 1, 0) - at(x + 1, 2));
            assert!((red - next).abs() < 60, "{red} beside {next}: 320 apart before");
        }
    }

    #[test]
    fn ct_windows_are_the_notebooks() {
        let [wide, soft, brain] = Recipe::CtWindows.windows().expect("windows");
        let byte = |v: f32, [low, high]: [f32; 2]| {
            ((v.clamp(low, high) - low) / (high - low) * 255.0).round_ties_even() as u8
        };
        assert_eq!([byte(0.0, wide), byte(0.0, soft), byte(0.0, brain)], [128, 98, 0]);
        assert_eq!(
            [byte(40.0, wide), byte(40.0, soft), byte(40.0, brain)],
            [132, 128, 128]
        );
        assert_eq!(
            [byte(3000.0, wide), byte(-2000.0, soft), byte(81.0, brain)],
            [255, 0, 255]
        );
    }

    #[test]
    fn ids_are_unique_and_found_again() {
        for recipe in Recipe::ALL {
            assert_eq!(Recipe::by_id(recipe.id()), Ok(recipe));
        }
        assert!(Recipe::by_id("ct-windows/2").is_err());
        assert_eq!(Recipe::fitting("CT", true, false, true)[0], Recipe::CtWindows);
    }

    #[test]
    fn a_flat_range_is_white() {
        assert_eq!(scaled(5.0, 5.0, 5.0), 255);
        assert_eq!(scaled(0.5, 0.0, 1.0), 128);
    }
}
