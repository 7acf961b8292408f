//! Cuts through a volume.

use glam::DVec3;
use overread_dicom::DisplaySet;
use overread_imaging::reslice::{Grid, reslice as cut};
use overread_imaging::view::Interpolation;
use overread_imaging::volume::{Volume, VolumeError};
use rayon::prelude::*;
use serde_json::Value;

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;

/// The volume of a display set, decoded in parallel.
///
/// # Errors
/// When its slices are no grid, or one cannot be decoded.
pub fn volume(desk: &Desk, set: &DisplaySet) -> Outcome<Volume> {
    let arrangement = set
        .arrangement
        .as_ref()
        .filter(|_| set.is_volume())
        .ok_or(VolumeError::NotAGrid)?;
    let frames = set
        .frames
        .par_iter()
        .map(|f| desk.frames.get(f))
        .collect::<Outcome<Vec<_>>>()?;
    Ok(Volume::new(frames, arrangement)?)
}

/// `overread reslice`: values on a grid given as JSON, and its height and width.
///
/// # Errors
/// When the grid makes no sense or there is no volume.
pub fn reslice(
    desk: &Desk,
    set: &DisplaySet,
    grid: &Value,
    interpolation: Interpolation,
) -> Outcome<(Vec<f32>, [usize; 2])> {
    let wrong = |key: &str| {
        failure(
            "reslice.grid",
            format!("The grid has no usable {key}."),
            "See docs/formats.md for its keys.",
        )
    };
    let vector = |key: &str| -> Outcome<DVec3> {
        let values: Vec<f64> = grid[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        <[f64; 3]>::try_from(values)
            .map(DVec3::from_array)
            .map_err(|_| wrong(key))
    };
    let side = |key: &str| {
        grid[key]
            .as_u64()
            .filter(|v| (1..=16_384).contains(v))
            .and_then(|v| usize::try_from(v).ok())
            .ok_or_else(|| wrong(key))
    };
    #[expect(clippy::cast_possible_truncation, reason = "the arrays are f32")]
    let grid = Grid {
        origin: vector("origin_mm")?,
        right: vector("right")?.try_normalize().ok_or_else(|| wrong("right"))?,
        down: vector("down")?.try_normalize().ok_or_else(|| wrong("down"))?,
        step: grid["step_mm"]
            .as_f64()
            .filter(|s| *s > 0.0)
            .ok_or_else(|| wrong("step_mm"))?,
        width: side("width")?,
        height: side("height")?,
        outside: grid["outside"].as_f64().unwrap_or(0.0) as f32,
    };
    Ok((
        cut(&volume(desk, set)?, &grid, interpolation),
        [grid.height, grid.width],
    ))
}

/// An f32 array as a .npy file, version 1.0.
pub fn npy(values: &[f32], shape: [usize; 2]) -> Vec<u8> {
    let mut header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
        shape[0], shape[1]
    );
    // The header ends at a multiple of 64 with a newline.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(u16::try_from(header.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(header.bytes());
    out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn npy_headers_are_padded() {
        let bytes = super::npy(&[1.0, 2.0], [1, 2]);
        assert_eq!(bytes.len() % 64, 8);
        assert!(bytes.starts_with(b"\x93NUMPY"));
    }
}
