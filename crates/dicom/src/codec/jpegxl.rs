//! JPEG XL by jxl-oxide.

use jxl_oxide::{AllocTracker, JxlImage, PixelFormat};

use crate::codec::Decoded;

/// Decodes one frame; grey or RGB, at the stream's own bit depth.
///
/// # Errors
/// In words, when the stream is damaged or too large.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "samples lie in 0..=1 and are clamped"
)]
pub fn decode(bytes: &[u8], most_samples: usize) -> Result<Decoded, String> {
    // Planes of 32 bits, several times over while it works; what a small image needs at least.
    let most_bytes = most_samples.saturating_mul(16).max(64 << 20);
    let image = JxlImage::builder()
        .alloc_tracker(AllocTracker::with_limit(most_bytes))
        .read(bytes)
        .map_err(|error| error.to_string())?;
    let (columns, rows) = (image.width(), image.height());
    let components = match image.pixel_format() {
        PixelFormat::Gray | PixelFormat::Graya => 1_usize,
        PixelFormat::Rgb | PixelFormat::Rgba => 3,
        other => return Err(format!("its colours are {other:?}")),
    };
    if columns as usize * rows as usize * components > most_samples {
        return Err(format!("it holds {columns} x {rows} pixels"));
    }
    let precision = image.image_header().metadata.bit_depth.bits_per_sample().min(16) as u8;
    let top = f64::from((1_u32 << precision) - 1);
    let render = image.render_frame(0).map_err(|error| error.to_string())?;
    let mut stream = render.stream();
    let channels = stream.channels() as usize;
    let mut samples = vec![0.0_f32; columns as usize * rows as usize * channels];
    stream.write_to_buffer(&mut samples);
    let cells = samples
        .chunks_exact(channels.max(1))
        .flat_map(|pixel| {
            pixel[..components]
                .iter()
                .map(|v| (f64::from(*v) * top).round().clamp(0.0, top) as u32)
        })
        .collect();
    Ok(Decoded {
        columns,
        rows,
        components: components as u8,
        cells,
        precision,
        signed: false,
        rgb: components == 3,
    })
}
