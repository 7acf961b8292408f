//! CT windows into red, green and blue.

use overread_imaging::frame::Frame;
use overread_imaging::samples::Samples;

use super::{PreprocessError, rescale};
use crate::picture::RgbPicture;

/// Lower and upper end of three windows, HU.
pub(crate) type Windows = [[f32; 2]; 3];

/// The published MedGemma 1.5 CT notebook: wide, soft tissue, brain.
pub(crate) const OFFICIAL: Windows = [[-1024.0, 1024.0], [-135.0, 215.0], [0.0, 80.0]];
/// The first technical report's W/L 2250/-100, 350/40, 80/40 as ends.
pub(crate) const REPORT: Windows = [[-1225.0, 1025.0], [-135.0, 215.0], [0.0, 80.0]];
/// W/L 1500/-600, 350/50, 1800/400 as ends.
pub(crate) const LUNG_BONE: Windows = [[-1350.0, 150.0], [-125.0, 225.0], [-500.0, 1300.0]];
/// Centre and width of the published server code: the green one lost a minus sign.
pub(crate) const SERVER: [[i32; 2]; 3] = [[0, 2048], [175, 80], [40, 80]];

/// One channel value: clip in double, then single precision in the notebook's order, halves to even.
fn channel(hu: f64, [low, high]: [f32; 2]) -> u8 {
    let x = hu.clamp(f64::from(low), f64::from(high)) as f32;
    ((x - low) / (high - low) * 255.0).round_ties_even() as u8
}

/// The three windows of a frame in HU.
pub(crate) fn windows(frame: &Frame, windows: Windows) -> RgbPicture {
    let a = &frame.attributes;
    let pixels = a.rows as usize * a.columns as usize;
    let rgb = (0..pixels)
        .flat_map(|i| {
            let hu = a.modality.apply(frame.samples.value(i));
            windows.map(|w| channel(hu, w))
        })
        .collect();
    RgbPicture {
        width: a.columns,
        height: a.rows,
        rgb,
    }
}

/// The integer that numpy's cast of a double to a smaller integer keeps: the low bits of the truncated value.
pub(crate) fn wrap(value: f64, samples: &Samples) -> Option<f64> {
    let whole = value.trunc() as i64;
    match samples {
        Samples::U8(_) => Some(f64::from(whole as u8)),
        Samples::I8(_) => Some(f64::from(whole as i8)),
        Samples::U16(_) => Some(f64::from(whole as u16)),
        Samples::I16(_) => Some(f64::from(whole as i16)),
        Samples::U32(_) => Some(f64::from(whole as u32)),
        Samples::I32(_) => Some(f64::from(whole as i32)),
        Samples::F32(_) | Samples::F64(_) => None,
    }
}

/// Refuses what the server code cannot take.
pub(crate) fn server_fits(frame: &Frame) -> Result<(), PreprocessError> {
    let unfit = PreprocessError::NotSmallInteger {
        id: "ct-windows-server/1",
        found: frame.samples.dtype(),
    };
    if matches!(frame.samples, Samples::F32(_) | Samples::F64(_)) {
        return Err(unfit);
    }
    // That code ignores Modality LUTs, so their output never reaches it.
    rescale(frame).map(|_| ()).ok_or(PreprocessError::NotHounsfield {
        id: "ct-windows-server/1",
        what: "given by a table (Modality LUT), which that code does not read".to_owned(),
        instead: "ct-windows/1",
    })
}

/// True when some value of the frame leaves the range of the stored type in the server's arithmetic.
pub(crate) fn server_wraps(frame: &Frame) -> bool {
    (0..frame.samples.len()).any(|i| {
        let stored = frame.samples.value(i);
        let hu = frame.attributes.modality.apply(stored).round_ties_even();
        wrap(hu, &frame.samples) != Some(hu)
    })
}

/// The published server code: HU rounded and cast back to the stored type, then three linear maps in double.
pub(crate) fn server(frame: &Frame) -> Result<RgbPicture, PreprocessError> {
    server_fits(frame)?;
    let a = &frame.attributes;
    let scale = rescale(frame).flatten();
    let pixels = a.rows as usize * a.columns as usize;
    let rgb = (0..pixels)
        .flat_map(|i| {
            let stored = frame.samples.value(i);
            let hu = match scale {
                Some([slope, intercept]) => {
                    wrap((stored * slope + intercept).round_ties_even(), &frame.samples).unwrap_or(stored)
                }
                None => stored,
            };
            SERVER.map(|[center, width]| interpolate(hu, f64::from(center), f64::from(width)))
        })
        .collect();
    Ok(RgbPicture {
        width: a.columns,
        height: a.rows,
        rgb,
    })
}

/// Clip to centre -/+ floor(width/2), linear to 0..255 in double, halves to even.
pub(crate) fn interpolate(value: f64, center: f64, width: f64) -> u8 {
    let half = (width / 2.0).floor();
    let (low, high) = (center - half, center + half);
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return if value >= high { 255 } else { 0 };
    }
    let x = value.clamp(low, high);
    let slope = 255.0 / (high - low);
    (slope * (x - low)).round_ties_even() as u8
}
