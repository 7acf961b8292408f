//! A frame, a VOI and a view as the shader takes them: texture bytes, tables, uniform block.

use overread_imaging::colour;
use overread_imaging::frame::Frame;
use overread_imaging::modality::ModalityTransform;
use overread_imaging::render::usable;
use overread_imaging::samples::Samples;
use overread_imaging::view::{Interpolation, View};
use overread_imaging::voi::{Voi, VoiFunction};
use overread_shaders::uniforms::PresentUniforms;

/// Input of one draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// Sample kind as the shader numbers it: 0 u8, 1 i8, 2 u16, 3 i16, 4 u32, 5 i32, 6 f32, 7 RGBA.
    pub kind: i32,
    /// Bytes of a pixel.
    pub bytes_per_pixel: u32,
    /// Pixels, little endian, row-major.
    pub pixels: Vec<u8>,
    /// Entries of the modality LUT; empty when none.
    pub modality_lut: Vec<f32>,
    /// Entries of the VOI LUT; empty when none.
    pub voi_lut: Vec<f32>,
    /// The uniform block.
    pub uniforms: PresentUniforms,
}

/// Prepares a draw. Double data are rounded to single, and integers beyond 2^24 lose their last bits: for the screen only.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the shader computes in single precision"
)]
pub fn prepare(frame: &Frame, voi: &Voi, view: &View) -> Prepared {
    let a = &frame.attributes;
    let (kind, bytes_per_pixel, pixels) = match colour::shown_rgb8(frame) {
        Some(rgb) => (
            7,
            4,
            rgb.chunks_exact(3)
                .flat_map(|p| [p[0], p[1], p[2], 255])
                .collect(),
        ),
        None => match &frame.samples {
            Samples::U8(_) => (0, 1, frame.samples.to_le_bytes()),
            Samples::I8(_) => (1, 1, frame.samples.to_le_bytes()),
            Samples::U16(_) => (2, 2, frame.samples.to_le_bytes()),
            Samples::I16(_) => (3, 2, frame.samples.to_le_bytes()),
            Samples::U32(_) => (4, 4, frame.samples.to_le_bytes()),
            Samples::I32(_) => (5, 4, frame.samples.to_le_bytes()),
            Samples::F32(_) => (6, 4, frame.samples.to_le_bytes()),
            Samples::F64(values) => (
                6,
                4,
                values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect(),
            ),
        },
    };
    let mut modality = [1.0, 0.0, view.width as f32, view.height as f32];
    let mut luts = [0; 4];
    let mut modality_lut = Vec::new();
    match a.display_modality() {
        ModalityTransform::Identity => {}
        ModalityTransform::Rescale { slope, intercept } => {
            modality[0] = *slope as f32;
            modality[1] = *intercept as f32;
        }
        ModalityTransform::Lut(lut) => {
            luts[0] = lut.first_mapped;
            luts[1] = i32::try_from(lut.entries.len()).unwrap_or(i32::MAX);
            modality_lut = lut.entries.iter().map(|v| f32::from(*v)).collect();
        }
    }
    let mut voi_lut = Vec::new();
    let voi = match usable(voi) {
        Voi::Window(w) => {
            let function = match w.function {
                VoiFunction::Linear => 0.0,
                VoiFunction::LinearExact => 1.0,
                VoiFunction::Sigmoid => 2.0,
            };
            [w.center as f32, w.width as f32, function, 1.0]
        }
        Voi::Lut(lut) => {
            luts[2] = lut.first_mapped;
            luts[3] = i32::try_from(lut.entries.len()).unwrap_or(i32::MAX);
            voi_lut = lut.entries.iter().map(|v| f32::from(*v)).collect();
            [0.0, 1.0, 3.0, ((1_u32 << lut.bits.clamp(1, 16)) - 1) as f32]
        }
    };
    let m = view.image_from_output;
    let flag = |on: bool| if on { 1.0 } else { 0.0 };
    let inverted = if kind == 7 {
        view.inverted
    } else {
        a.inverts() != view.inverted
    };
    let uniforms = PresentUniforms {
        view_x: [
            m.matrix2.x_axis.x as f32,
            m.matrix2.y_axis.x as f32,
            m.translation.x as f32,
            flag(view.interpolation == Interpolation::Linear),
        ],
        view_y: [
            m.matrix2.x_axis.y as f32,
            m.matrix2.y_axis.y as f32,
            m.translation.y as f32,
            flag(inverted),
        ],
        image: [a.columns.cast_signed(), a.rows.cast_signed(), kind, 0],
        modality,
        voi,
        luts,
        padding: a
            .padding
            .map_or([0.0; 4], |p| [p.low as f32, p.high as f32, 1.0, 0.0]),
    };
    Prepared {
        kind,
        bytes_per_pixel,
        pixels,
        modality_lut,
        voi_lut,
        uniforms,
    }
}
