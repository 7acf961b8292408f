//! The graphics device of the page: cases to draw, and what it found.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use overread_render::prepare::prepare;
use overread_render::probe;

use crate::wire::app::{DeviceReport, ProbeCase};
use crate::wire::resource::SampleKind;

/// The operation `device_probe`.
pub(crate) fn cases() -> Vec<ProbeCase> {
    probe::cases()
        .into_iter()
        .map(|case| {
            let prepared = prepare(&case.frame, &case.voi, &case.view);
            ProbeCase {
                name: case.name.to_owned(),
                kind: match prepared.kind {
                    0 => SampleKind::U8,
                    1 => SampleKind::I8,
                    2 => SampleKind::U16,
                    3 => SampleKind::I16,
                    4 => SampleKind::U32,
                    5 => SampleKind::I32,
                    6 => SampleKind::F32,
                    _ => SampleKind::Rgba8,
                },
                columns: case.frame.attributes.columns,
                rows: case.frame.attributes.rows,
                samples: STANDARD.encode(&prepared.pixels),
                uniforms: STANDARD.encode(prepared.uniforms.to_bytes()),
                modality_lut: prepared.modality_lut,
                voi_lut: prepared.voi_lut,
                expected: STANDARD.encode(&case.expected),
            }
        })
        .collect()
}

/// The operation `report_device`.
pub(crate) fn report(found: &DeviceReport) {
    match found.max_difference {
        Some(0 | 1) => tracing::info!("the page's device {} agrees with the reference", found.renderer),
        Some(n) => tracing::warn!(
            "the page's device {} differs from the reference by {n}",
            found.renderer
        ),
        None => tracing::warn!("the page's device was not compared: {}", found.renderer),
    }
}
