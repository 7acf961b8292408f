//! The graphics device of the page: cases to draw, and what it found.

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
                samples: base64(&prepared.pixels),
                uniforms: base64(&prepared.uniforms.to_bytes()),
                modality_lut: prepared.modality_lut,
                voi_lut: prepared.voi_lut,
                expected: base64(&case.expected),
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

/// RFC 4648, with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = LETTERS[(n >> (18 - 6 * i)) as usize & 63] as char;
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_pads() {
        assert_eq!(super::base64(b"Man"), "TWFu");
        assert_eq!(super::base64(b"Ma"), "TWE=");
        assert_eq!(super::base64(b"M"), "TQ==");
    }
}
