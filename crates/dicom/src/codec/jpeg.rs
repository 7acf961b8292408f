//! JPEG by jpeg-decoder: 8-bit DCT processes and lossless up to 16 bits. 12-bit DCT is refused by name.

use jpeg_decoder::{CodingProcess, ColorTransform, Decoder, PixelFormat};

use crate::codec::Decoded;

/// Decodes one frame. `header_rgb` is what the DICOM header says of the colours, used where the stream is silent.
///
/// # Errors
/// In words, when the stream is damaged or of a kind not supported.
pub fn decode(bytes: &[u8], most_samples: usize, header_rgb: bool) -> Result<Decoded, String> {
    let stream = Stream::read(bytes);
    if stream.precision > 8 && !stream.lossless {
        return Err(format!(
            "{}-bit JPEG with discrete cosine transform is not supported yet",
            stream.precision
        ));
    }
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(most_samples.saturating_mul(2));
    decoder.read_info().map_err(|error| error.to_string())?;
    let info = decoder.info().ok_or("it has no frame header")?;
    let colour = info.pixel_format == PixelFormat::RGB24;
    let lossless = info.coding_process == CodingProcess::Lossless;
    // Component ids or the Adobe marker decide; where they are silent, the header does (PS3.5 8.2.1).
    let is_ybr = match stream.says_rgb {
        Some(rgb) => !rgb,
        None => !header_rgb,
    };
    if colour {
        decoder.set_color_transform(if is_ybr && !lossless {
            ColorTransform::YCbCr
        } else {
            ColorTransform::RGB
        });
    }
    let data = decoder.decode().map_err(|error| error.to_string())?;
    let (components, cells): (u8, Vec<u32>) = match info.pixel_format {
        PixelFormat::L8 => (1, data.iter().map(|b| u32::from(*b)).collect()),
        PixelFormat::L16 => (
            1,
            data.chunks_exact(2)
                .map(|b| u32::from(u16::from_ne_bytes([b[0], b[1]])))
                .collect(),
        ),
        PixelFormat::RGB24 => (3, data.iter().map(|b| u32::from(*b)).collect()),
        PixelFormat::CMYK32 => return Err("its colours are CMYK".to_owned()),
    };
    Ok(Decoded {
        columns: info.width.into(),
        rows: info.height.into(),
        components,
        cells,
        precision: stream.precision,
        signed: false,
        rgb: colour && (!lossless || stream.says_rgb == Some(true)),
    })
}

/// What the markers before the scan say.
struct Stream {
    precision: u8,
    lossless: bool,
    /// RGB or YCbCr, when the component ids or the Adobe marker say.
    says_rgb: Option<bool>,
}

impl Stream {
    fn read(bytes: &[u8]) -> Self {
        let mut found = Self {
            precision: 8,
            lossless: false,
            says_rgb: None,
        };
        let mut at = bytes
            .windows(2)
            .position(|w| w == [0xFF, 0xD8])
            .map_or(0, |p| p + 2);
        while let Some(&[0xFF, marker, l1, l0]) =
            bytes.get(at..at + 4).and_then(|b| <&[u8; 4]>::try_from(b).ok())
        {
            if marker == 0xFF {
                at += 1;
                continue;
            }
            let length = usize::from(u16::from_be_bytes([l1, l0])).max(2);
            let body = bytes.get(at + 4..at + 2 + length).unwrap_or_default();
            match marker {
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    found.lossless = matches!(marker, 0xC3 | 0xC7 | 0xCB | 0xCF);
                    found.precision = body.first().copied().unwrap_or(8);
                    let ids: Vec<u8> = body
                        .get(6..)
                        .unwrap_or_default()
                        .chunks_exact(3)
                        .map(|c| c[0])
                        .collect();
                    if ids == *b"RGB" {
                        found.says_rgb = Some(true);
                    }
                }
                0xEE if body.starts_with(b"Adobe") => found.says_rgb = body.get(11).map(|t| *t == 0),
                0xE0 if body.starts_with(b"JFIF") => {
                    found.says_rgb.get_or_insert(false);
                }
                0xDA => break,
                _ => {}
            }
            at += 2 + length;
        }
        found
    }
}
