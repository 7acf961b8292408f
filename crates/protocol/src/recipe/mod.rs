//! The recipes: frame in, RGB out, refusals and warnings in sentences.

pub(crate) mod ct;
mod grey;
mod jpeg;

use overread_imaging::attributes::Photometric;
use overread_imaging::colour;
use overread_imaging::frame::Frame;
use overread_imaging::modality::{ModalityTransform, Unit};
use overread_imaging::render;
use overread_imaging::samples::Samples;
use overread_imaging::voi::Voi;

use crate::picture::RgbPicture;
use crate::preprocess::Preprocess;
use crate::survey::Survey;

/// What a recipe is given.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The slice.
    pub frame: &'a Frame,
    /// Modality (0008,0060) of its series.
    pub modality: &'a str,
    /// The window for `display/1`; the file's default or the automatic one with `None`.
    pub window: Option<&'a Voi>,
    /// All frames of the acquisition, for recipes that need it ([`Preprocess::needs_survey`]).
    pub survey: Option<&'a Survey>,
}

/// Why a recipe does not fit a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreprocessError {
    /// CT windows are in HU.
    #[error("{id} windows Hounsfield units, but these values are {what}; choose {instead}")]
    NotHounsfield {
        /// The recipe.
        id: &'static str,
        /// What they are instead.
        what: String,
        /// A recipe that fits.
        instead: &'static str,
    },
    /// A recipe for grey images met colour.
    #[error("{0} is for grey images, but this one is in colour; choose photo/1")]
    Colour(&'static str),
    /// `photo/1` met grey values deeper than a picture's.
    #[error(
        "photo/1 takes pictures as they are, but this image has {0} bits and needs a window; choose display/1"
    )]
    NeedsWindow(u8),
    /// A rule for MR met another modality.
    #[error("{id} is a rule for MR, but this series is {modality}; choose {instead}")]
    NotMr {
        /// The recipe.
        id: &'static str,
        /// Modality of the series.
        modality: String,
        /// A recipe that fits.
        instead: &'static str,
    },
    /// The radiograph rule met another modality.
    #[error(
        "cxr-server/1 is a rule for radiographs (CR, DX), but this series is {modality}; choose {instead}"
    )]
    NotRadiograph {
        /// Modality of the series.
        modality: String,
        /// A recipe that fits.
        instead: &'static str,
    },
    /// The server code takes 8- and 16-bit integers only.
    #[error("{id} takes stored integers of 8 or 16 bits, but this image holds {found}; choose display/1")]
    NotSmallInteger {
        /// The recipe.
        id: &'static str,
        /// The numpy name of what it holds.
        found: &'static str,
    },
    /// No survey, or an empty one.
    #[error(
        "{0} needs the values of the whole acquisition, which were not gathered; ask again with the series open"
    )]
    NoSurvey(&'static str),
    /// The samples do not fill the image.
    #[error(
        "this image says {rows} x {columns} pixels but holds {held} values; the file is damaged, choose another slice"
    )]
    Incomplete {
        /// Rows.
        rows: u32,
        /// Columns.
        columns: u32,
        /// Values there are.
        held: usize,
    },
}

/// Says whether a recipe fits a frame, and what a user should know before it is used (never that it failed silently).
///
/// # Errors
/// [`PreprocessError`], a sentence that names a recipe that fits.
pub fn check(preprocess: Preprocess, frame: &Frame, modality: &str) -> Result<Vec<String>, PreprocessError> {
    let a = &frame.attributes;
    let id = preprocess.id();
    let modality = modality.trim();
    let instead = Preprocess::default_for(modality, frame).id();
    let mut warnings = Vec::new();
    let named = || {
        if modality.is_empty() {
            "of no named modality".to_owned()
        } else {
            modality.to_owned()
        }
    };
    let needed = u64::from(a.rows) * u64::from(a.columns) * u64::from(a.samples_per_pixel);
    if (frame.samples.len() as u64) < needed {
        return Err(PreprocessError::Incomplete {
            rows: a.rows,
            columns: a.columns,
            held: frame.samples.len(),
        });
    }
    if !a.photometric.is_monochrome() && !matches!(preprocess, Preprocess::Display | Preprocess::Photo) {
        return Err(PreprocessError::Colour(id));
    }
    match preprocess {
        Preprocess::Display => {}
        Preprocess::CtWindows
        | Preprocess::CtWindowsJpeg
        | Preprocess::CtWindowsServer
        | Preprocess::CtWindowsReport
        | Preprocess::CtWindowsLungBone => {
            if a.unit != Unit::Hounsfield {
                let what = match a.unit.symbol() {
                    "" => format!("without a unit ({})", named()),
                    unit => format!("in {unit} ({})", named()),
                };
                return Err(PreprocessError::NotHounsfield { id, what, instead });
            }
            if a.photometric == Photometric::Monochrome1 {
                warnings.push(format!("This image is stored inverted (MONOCHROME1); {id} uses its HU values and shows them upright."));
            }
            if preprocess == Preprocess::CtWindowsServer {
                warnings.push(
                    "ct-windows-server/1 repeats a slip in published code: its green channel shows 135 to 215 HU, not -135 to 215. Use it to compare only."
                        .to_owned(),
                );
                ct::server_fits(frame)?;
                if ct::server_wraps(frame) {
                    warnings.push(
                        "ct-windows-server/1 rounds HU back to the stored unsigned type: values below 0 HU wrap round to white here, as they do in that code."
                            .to_owned(),
                    );
                }
            }
        }
        Preprocess::MrMinMax | Preprocess::MrPercentile => {
            if modality != "MR" {
                return Err(PreprocessError::NotMr {
                    id,
                    modality: named(),
                    instead,
                });
            }
            if preprocess == Preprocess::MrPercentile {
                warnings
                    .push("No official MR rule is published; mr-percentile/1 is Overread's own.".to_owned());
            }
        }
        Preprocess::CxrServer => {
            if !matches!(modality, "CR" | "DX") {
                return Err(PreprocessError::NotRadiograph {
                    modality: named(),
                    instead,
                });
            }
            grey::small_integer(id, frame)?;
        }
        Preprocess::Photo => {
            if a.photometric.is_monochrome()
                && (a.bits_stored != 8 || !matches!(frame.samples, Samples::U8(_)))
            {
                return Err(PreprocessError::NeedsWindow(a.bits_stored));
            }
            if a.inverts() {
                return Err(PreprocessError::NeedsWindow(a.bits_stored));
            }
        }
    }
    if a.lossy.lossy && preprocess != Preprocess::Photo {
        warnings.push("The pixels were compressed with loss before they came here.".to_owned());
    }
    Ok(warnings)
}

/// Makes the picture of one slice.
///
/// # Errors
/// As [`check`]; also [`PreprocessError::NoSurvey`].
pub fn to_rgb(preprocess: Preprocess, given: &Given<'_>) -> Result<RgbPicture, PreprocessError> {
    let frame = given.frame;
    check(preprocess, frame, given.modality)?;
    let a = &frame.attributes;
    let (width, height) = (a.columns, a.rows);
    let grey = |values: &[u8]| RgbPicture::from_grey(width, height, values);
    let coloured = || {
        colour::to_rgb8(frame)
            .map(|rgb| RgbPicture { width, height, rgb })
            .ok_or(PreprocessError::Incomplete {
                rows: height,
                columns: width,
                held: frame.samples.len(),
            })
    };
    match preprocess {
        Preprocess::Display | Preprocess::Photo if !a.photometric.is_monochrome() => coloured(),
        Preprocess::Display => {
            let default;
            let voi = match given.window {
                Some(voi) => voi,
                None => {
                    default = render::default_voi(frame);
                    &default
                }
            };
            Ok(grey(&render::shown_values(frame, voi)))
        }
        Preprocess::Photo => match &frame.samples {
            Samples::U8(values) => Ok(grey(values)),
            _ => Err(PreprocessError::NeedsWindow(a.bits_stored)),
        },
        Preprocess::CtWindows => Ok(ct::windows(frame, ct::OFFICIAL)),
        Preprocess::CtWindowsJpeg => Ok(jpeg::through(&ct::windows(frame, ct::OFFICIAL))),
        Preprocess::CtWindowsReport => Ok(ct::windows(frame, ct::REPORT)),
        Preprocess::CtWindowsLungBone => Ok(ct::windows(frame, ct::LUNG_BONE)),
        Preprocess::CtWindowsServer => ct::server(frame),
        Preprocess::MrMinMax => {
            let survey = given.survey.ok_or(PreprocessError::NoSurvey(preprocess.id()))?;
            let range = survey
                .stored_range()
                .ok_or(PreprocessError::NoSurvey(preprocess.id()))?;
            Ok(grey(&grey::min_max(frame, range)))
        }
        Preprocess::MrPercentile => {
            let survey = given.survey.ok_or(PreprocessError::NoSurvey(preprocess.id()))?;
            let ends = survey.percentile(grey::LOW).zip(survey.percentile(grey::HIGH));
            let (low, high) = ends.ok_or(PreprocessError::NoSurvey(preprocess.id()))?;
            Ok(grey(&grey::percentile(frame, low, high)))
        }
        Preprocess::CxrServer => grey::radiograph(frame).map(|values| grey(&values)),
    }
}

/// The rule of a recipe in full; hashed, so every word counts.
pub(crate) fn text(preprocess: Preprocess) -> String {
    let windows = |w: ct::Windows| {
        format!(
            "modality values in HU as doubles; clip to [lo,hi]; to float32; (x-lo)/(hi-lo)*255 in float32 in that order; \
             round half to even; uint8; R {}..{} G {}..{} B {}..{}",
            w[0][0], w[0][1], w[1][0], w[1][1], w[2][0], w[2][1]
        )
    };
    match preprocess {
        Preprocess::Display => "window (given, else the file's default, else 0.1 % trimmed range) by PS3.3 C.11.2; \
             inversion by PS3.3 C.7.6.3.1.2; round half up; padding black; grey repeated; colour as decoded"
            .to_owned(),
        Preprocess::CtWindows => windows(ct::OFFICIAL),
        Preprocess::CtWindowsReport => windows(ct::REPORT),
        Preprocess::CtWindowsLungBone => windows(ct::LUNG_BONE),
        Preprocess::CtWindowsJpeg => format!(
            "{}; then baseline JPEG and back: quality {}, 4:2:0, integer DCT both ways, triangle upsampling of chroma",
            windows(ct::OFFICIAL),
            jpeg::QUALITY
        ),
        Preprocess::CtWindowsServer => format!(
            "slope and intercept together or neither; round half to even; wrap into the stored integer type; \
             clip to centre -/+ floor(width/2); linear to 0..255 in double; round half to even; R {} G {} B {} (centre/width)",
            ct::SERVER[0].map(|v| v.to_string()).join("/"),
            ct::SERVER[1].map(|v| v.to_string()).join("/"),
            ct::SERVER[2].map(|v| v.to_string()).join("/")
        ),
        Preprocess::MrMinMax => "stored values, padding included; (x-min)/(max-min)*255 of the whole acquisition in double; \
             round half to even; 255 where max = min; grey repeated"
            .to_owned(),
        Preprocess::MrPercentile => format!(
            "modality values without padding and non-finite values; nearest-rank percentiles {} and {} of the whole \
             acquisition; (x-lo)/(hi-lo)*255 in double, clipped; round half to even; 0 where hi = lo; MONOCHROME1 inverted; \
             padding black; grey repeated",
            grey::LOW * 100.0,
            grey::HIGH * 100.0
        ),
        Preprocess::CxrServer => "modality values; with a window in the file its first one: clip to centre -/+ floor(width/2), \
             linear to 0..255 in double, round half to even; without: cast to the stored type, signed shifted by the image's \
             minimum, 16 bits stretched from image minimum and maximum to 0..65535 (truncated), then divided by 257, round half \
             to even; unsigned 8 bits as they are; MONOCHROME1 inverted last; grey repeated"
            .to_owned(),
        Preprocess::Photo => "decoded 8-bit colour, or 8-bit MONOCHROME2 repeated; alpha dropped".to_owned(),
    }
}

/// Rescale Slope and Intercept of a frame as the published code reads them; `None` for a Modality LUT.
pub(crate) fn rescale(frame: &Frame) -> Option<Option<[f64; 2]>> {
    match &frame.attributes.modality {
        ModalityTransform::Identity => Some(None),
        ModalityTransform::Rescale { slope, intercept } => Some(Some([*slope, *intercept])),
        ModalityTransform::Lut(_) => None,
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
