//! Recipes that give the same grey in all three channels.

use overread_imaging::attributes::Photometric;
use overread_imaging::frame::Frame;
use overread_imaging::samples::Samples;
use overread_imaging::voi::Voi;

use super::PreprocessError;
use super::ct::{interpolate, wrap};

/// Lower end of `mr-percentile/1` as a share of all values.
pub(crate) const LOW: f64 = 0.005;
/// Upper end.
pub(crate) const HIGH: f64 = 0.995;

fn pixels(frame: &Frame) -> std::ops::Range<usize> {
    0..frame.attributes.rows as usize * frame.attributes.columns as usize
}

/// The server's MR rule on stored values with the acquisition's ends.
pub(crate) fn min_max(frame: &Frame, [low, high]: [f64; 2]) -> Vec<u8> {
    let delta = high - low;
    pixels(frame)
        .map(|i| {
            if delta == 0.0 {
                255
            } else {
                ((frame.samples.value(i) - low) / delta * 255.0).round_ties_even() as u8
            }
        })
        .collect()
}

/// Own MR rule on modality values between two percentiles of the acquisition.
pub(crate) fn percentile(frame: &Frame, low: f64, high: f64) -> Vec<u8> {
    let a = &frame.attributes;
    pixels(frame)
        .map(|i| {
            let stored = frame.samples.value(i);
            if a.padding.is_some_and(|p| p.contains(stored)) {
                return 0;
            }
            let x = a.modality.apply(stored);
            let grey = if high > low {
                ((x - low) / (high - low) * 255.0)
                    .clamp(0.0, 255.0)
                    .round_ties_even() as u8
            } else {
                0
            };
            if a.photometric == Photometric::Monochrome1 {
                255 - grey
            } else {
                grey
            }
        })
        .collect()
}

/// Refuses samples that the server's radiograph rule cannot take.
pub(crate) fn small_integer(id: &'static str, frame: &Frame) -> Result<(), PreprocessError> {
    match frame.samples {
        Samples::U8(_) | Samples::I8(_) | Samples::U16(_) | Samples::I16(_) => Ok(()),
        _ => Err(PreprocessError::NotSmallInteger {
            id,
            found: frame.samples.dtype(),
        }),
    }
}

/// The server's radiograph rule.
pub(crate) fn radiograph(frame: &Frame) -> Result<Vec<u8>, PreprocessError> {
    small_integer("cxr-server/1", frame)?;
    let a = &frame.attributes;
    let modality = |i: usize| a.modality.apply(frame.samples.value(i));
    let window = a.vois.iter().find_map(|voi| match voi {
        Voi::Window(window) => Some(window),
        Voi::Lut(_) => None,
    });
    let mut grey: Vec<u8> = if let Some(window) = window {
        pixels(frame)
            .map(|i| interpolate(modality(i), window.center, window.width))
            .collect()
    } else {
        let cast: Vec<f64> = pixels(frame)
            .map(|i| wrap(modality(i), &frame.samples).unwrap_or(0.0))
            .collect();
        stretch(&cast, &frame.samples)
    };
    if a.photometric == Photometric::Monochrome1 {
        for value in &mut grey {
            *value = 255 - *value;
        }
    }
    Ok(grey)
}

/// Signed values shifted by the image's minimum, then the image's range stretched over the unsigned type.
fn stretch(values: &[f64], samples: &Samples) -> Vec<u8> {
    if matches!(samples, Samples::U8(_)) {
        return values.iter().map(|v| *v as u8).collect();
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let top = if matches!(samples, Samples::I8(_)) {
        255.0
    } else {
        65_535.0
    };
    values
        .iter()
        .map(|v| {
            let wide = if high > low {
                ((v - low) * (top / (high - low))).trunc()
            } else {
                top
            };
            (wide / (top / 255.0)).round_ties_even() as u8
        })
        .collect()
}
