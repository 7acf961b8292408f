//! JPEG 2000 and HTJ2K by a Rust port of OpenJPEG: components as they are, the multiple component transform undone.

use jpeg2k::{DecodeParameters, Image};

use crate::codec::Decoded;

/// Decodes one frame.
///
/// # Errors
/// In words, when the stream is damaged or its components differ in size.
pub fn decode(bytes: &[u8], most_samples: usize) -> Result<Decoded, String> {
    let image = Image::from_bytes_with(bytes, DecodeParameters::default().strict(false))
        .map_err(|error| error.to_string())?;
    let components = image.components();
    let first = components.first().ok_or("it has no components")?;
    let (columns, rows) = (first.width(), first.height());
    let pixels = columns as usize * rows as usize;
    if components.len() > 4 || pixels * components.len() > most_samples {
        return Err(format!(
            "it holds {} components of {columns} x {rows}",
            components.len()
        ));
    }
    if components
        .iter()
        .any(|c| (c.width(), c.height()) != (columns, rows) || c.data().len() < pixels)
    {
        return Err("its components differ in size".to_owned());
    }
    let count = components.len();
    let mut cells = vec![0_u32; pixels * count];
    for (k, component) in components.iter().enumerate() {
        for (i, value) in component.data().iter().take(pixels).enumerate() {
            cells[i * count + k] = value.cast_unsigned();
        }
    }
    Ok(Decoded {
        columns,
        rows,
        components: u8::try_from(count).unwrap_or(4),
        cells,
        precision: u8::try_from(first.precision()).unwrap_or(32),
        signed: first.is_signed(),
        rgb: uses_component_transform(bytes),
    })
}

/// The multiple component transform of the COD marker: with it, what comes out is RGB whatever the header says.
fn uses_component_transform(bytes: &[u8]) -> bool {
    let start = bytes.windows(2).position(|w| w == [0xFF, 0x4F]).unwrap_or(0);
    let mut at = start + 2;
    while let Some(&[0xFF, marker]) = bytes.get(at..at + 2).and_then(|b| <&[u8; 2]>::try_from(b).ok()) {
        if marker == 0x52 {
            return bytes.get(at + 8) == Some(&1);
        }
        if marker == 0x90 || marker == 0x93 {
            return false;
        }
        let Some(length) = bytes.get(at + 2..at + 4) else {
            return false;
        };
        at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
    false
}
