//! JPEG 2000 and HTJ2K by a Rust port of OpenJPEG: components as they are, the multiple component transform undone.

use jpeg2k::{DecodeParameters, Image};

use crate::codec::Decoded;

/// Decodes one frame.
///
/// # Errors
/// In words, when the stream is damaged or its components differ in size.
pub fn decode(bytes: &[u8], most_samples: usize) -> Result<Decoded, String> {
    // Looked at before the decoder allocates what the stream claims.
    let claimed = Size::read(bytes).ok_or("it has no sound image size")?;
    if claimed.samples() > most_samples as u64 {
        return Err(format!("it claims {} samples", claimed.samples()));
    }
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

/// The SIZ marker segment (T.800 A.5.1).
struct Size {
    columns: u64,
    rows: u64,
    components: u64,
}

impl Size {
    /// The marker follows SOC at once, in the codestream itself or in a JP2 box.
    fn read(bytes: &[u8]) -> Option<Self> {
        let start = bytes.windows(4).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])?;
        let word = |at: usize| {
            let b = bytes.get(start + at..start + at + 4)?;
            Some(u64::from(u32::from_be_bytes([b[0], b[1], b[2], b[3]])))
        };
        let (right, bottom, left, top) = (word(8)?, word(12)?, word(16)?, word(20)?);
        let (tile_columns, tile_rows) = (word(24)?, word(28)?);
        let count = bytes.get(start + 40..start + 42)?;
        let size = Self {
            columns: right.checked_sub(left)?,
            rows: bottom.checked_sub(top)?,
            components: u64::from(u16::from_be_bytes([count[0], count[1]])),
        };
        let tiles = size.columns.div_ceil(tile_columns.max(1)) * size.rows.div_ceil(tile_rows.max(1));
        let sound = size.columns > 0
            && size.rows > 0
            && (1..=4).contains(&size.components)
            && tile_columns > 0
            && tile_rows > 0
            && tiles <= 65_535;
        sound.then_some(size)
    }

    fn samples(&self) -> u64 {
        self.columns
            .saturating_mul(self.rows)
            .saturating_mul(self.components)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn siz(columns: u32, rows: u32, tile: u32, components: u16) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
        for value in [columns, rows, 0, 0, tile, tile, 0, 0] {
            bytes.extend(value.to_be_bytes());
        }
        bytes.extend(components.to_be_bytes());
        bytes
    }

    #[test]
    fn a_claim_beyond_the_header_is_refused_before_anything_is_allocated() {
        let size = Size::read(&siz(65_000, 65_000, 65_000, 3)).expect("read");
        assert_eq!(size.samples(), 65_000 * 65_000 * 3);
        assert!(decode(&siz(65_000, 65_000, 65_000, 3), 1 << 20).is_err_and(|e| e.contains("claims")));
        assert!(Size::read(&siz(65_000, 65_000, 1, 1)).is_none(), "too many tiles");
        assert!(Size::read(&siz(10, 10, 0, 1)).is_none(), "tiles without size");
    }
}
