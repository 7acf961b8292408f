//! A few small pictures with every function, drawn by the reference renderer: what a device is compared with.

use std::sync::Arc;

use glam::{DAffine2, DVec2};
use overread_imaging::attributes::{FrameAttributes, Photometric};
use overread_imaging::frame::Frame;
use overread_imaging::lut::Lut;
use overread_imaging::modality::ModalityTransform;
use overread_imaging::render;
use overread_imaging::samples::Samples;
use overread_imaging::view::{Interpolation, View};
use overread_imaging::voi::{Padding, Voi, VoiFunction, Window};

/// Side of the probe's pictures, px.
const SIDE: u32 = 64;

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is tried.
    pub name: &'static str,
    /// Frame.
    pub frame: Frame,
    /// VOI.
    pub voi: Voi,
    /// View.
    pub view: View,
    /// The reference renderer's RGBA.
    pub expected: Vec<u8>,
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// Largest difference in grey levels.
    pub max_difference: u8,
    /// Cases drawn.
    pub cases: usize,
}

fn attributes(photometric: Photometric, modality: ModalityTransform) -> FrameAttributes {
    FrameAttributes {
        samples_per_pixel: if photometric == Photometric::Rgb { 3 } else { 1 },
        photometric,
        modality,
        ..FrameAttributes::grey(SIDE, SIDE)
    }
}

/// The cases: signed and unsigned data, all functions, tables, inversion, padding, colour, a turned and enlarged view.
pub fn cases() -> Vec<Case> {
    let n = i32::try_from(SIDE * SIDE).unwrap_or(0);
    let signed: Vec<i16> = (0..n).map(|i| i16::try_from(i * 2 - n).unwrap_or(0)).collect();
    let unsigned: Vec<u16> = (0..n)
        .map(|i| u16::try_from((i * 37) % 4096).unwrap_or(0))
        .collect();
    let rgb: Vec<u8> = (0..n * 3)
        .map(|i| u8::try_from(i * 7 % 256).unwrap_or(0))
        .collect();
    let hu = ModalityTransform::Rescale {
        slope: 1.0,
        intercept: -1024.0,
    };
    let window = |center, width, function| {
        Voi::Window(Window {
            center,
            width,
            function,
            explanation: None,
        })
    };
    let turned = View {
        image_from_output: DAffine2::from_scale_angle_translation(
            DVec2::splat(0.37),
            0.4,
            DVec2::new(20.3, 4.7),
        ),
        interpolation: Interpolation::Linear,
        ..View::identity(SIDE, SIDE)
    };
    let same = View::identity(SIDE, SIDE);
    let table = |bits: u8, count: i32| Lut {
        first_mapped: 100,
        bits,
        entries: (0..count)
            .map(|i| u16::try_from((i * i) % (1 << bits)).unwrap_or(0))
            .collect(),
        explanation: None,
    };
    let grey = |modality, samples| (attributes(Photometric::Monochrome2, modality), samples);
    let mut padded = attributes(Photometric::Monochrome1, ModalityTransform::Identity);
    padded.padding = Some(Padding {
        low: -3000,
        high: -2000,
    });
    let list = [
        (
            "LINEAR, signed",
            grey(ModalityTransform::Identity, Samples::I16(signed.clone())),
            window(40.0, 400.0, VoiFunction::Linear),
            same,
        ),
        (
            "LINEAR, rescaled",
            grey(hu.clone(), Samples::U16(unsigned.clone())),
            window(40.0, 400.0, VoiFunction::Linear),
            same,
        ),
        (
            "LINEAR, width 1",
            grey(hu.clone(), Samples::U16(unsigned.clone())),
            window(500.0, 1.0, VoiFunction::Linear),
            same,
        ),
        (
            "LINEAR_EXACT",
            grey(hu.clone(), Samples::U16(unsigned.clone())),
            window(30.5, 333.0, VoiFunction::LinearExact),
            same,
        ),
        (
            "SIGMOID",
            grey(hu.clone(), Samples::U16(unsigned.clone())),
            window(100.0, 900.0, VoiFunction::Sigmoid),
            same,
        ),
        (
            "VOI LUT",
            grey(ModalityTransform::Identity, Samples::U16(unsigned.clone())),
            Voi::Lut(table(12, 3000)),
            same,
        ),
        (
            "Modality LUT",
            grey(
                ModalityTransform::Lut(table(16, 2000)),
                Samples::U16(unsigned.clone()),
            ),
            window(30_000.0, 60_000.0, VoiFunction::Linear),
            same,
        ),
        (
            "MONOCHROME1 with padding",
            (padded.clone(), Samples::I16(signed.clone())),
            window(0.0, 4000.0, VoiFunction::Linear),
            same,
        ),
        (
            "linear interpolation beside padding",
            (padded, Samples::I16(signed)),
            window(0.0, 4000.0, VoiFunction::Linear),
            turned,
        ),
        (
            "turned and enlarged",
            grey(hu, Samples::U16(unsigned)),
            window(500.0, 2500.0, VoiFunction::Linear),
            turned,
        ),
        (
            "colour",
            (
                attributes(Photometric::Rgb, ModalityTransform::Identity),
                Samples::U8(rgb),
            ),
            window(128.0, 256.0, VoiFunction::Linear),
            turned,
        ),
    ];
    list.into_iter()
        .map(|(name, (mut attributes, samples), voi, view)| {
            if attributes.photometric == Photometric::Rgb {
                attributes.bits_stored = 8;
            }
            let frame = Frame {
                attributes: Arc::new(attributes),
                samples,
            };
            let expected = render::render(&frame, &voi, &view);
            Case {
                name,
                frame,
                voi,
                view,
                expected,
            }
        })
        .collect()
}

/// Draws all cases with a renderer and compares.
///
/// # Errors
/// When the device fails.
pub fn probe(renderer: &mut crate::gpu::Renderer) -> Result<ProbeReport, crate::gpu::RenderError> {
    let mut report = ProbeReport {
        max_difference: 0,
        cases: 0,
    };
    for case in cases() {
        let drawn = renderer.render(&case.frame, &case.voi, &case.view)?;
        let worst = drawn
            .iter()
            .zip(&case.expected)
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap_or(0);
        report.max_difference = report.max_difference.max(worst);
        report.cases += 1;
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At the identity view the arithmetic is exact but for ties; elsewhere one grey level is allowed.
    #[test]
    fn this_machines_adapter_agrees_with_the_reference() {
        let mut renderer = match crate::gpu::Renderer::new() {
            Ok(renderer) => renderer,
            Err(error) => {
                println!("skipped: {error}");
                return;
            }
        };
        for case in cases() {
            let drawn = renderer
                .render(&case.frame, &case.voi, &case.view)
                .expect("draws");
            let differences: Vec<u8> = drawn
                .iter()
                .zip(&case.expected)
                .map(|(a, b)| a.abs_diff(*b))
                .collect();
            let worst = differences.iter().copied().max().unwrap_or(0);
            let many = differences.iter().filter(|d| **d > 0).count();
            println!(
                "{} on {}: worst {worst}, {many} values differ",
                case.name,
                renderer.adapter()
            );
            assert!(worst <= 1, "{}: {worst}", case.name);
        }
    }
}
