//! RLE Lossless (PS3.5 annex G): byte planes, each PackBits coded.

use crate::codec::Decoded;
use crate::pixels::PixelLayout;

/// Decodes one frame; the planes are one a byte of each sample, most significant first, samples one after another.
///
/// # Errors
/// In words, when the header does not fit the image or a plane ends early.
pub fn decode(layout: &PixelLayout, bytes: &[u8]) -> Result<Decoded, String> {
    // Single bits are packed before they are compressed: a plane is then an eighth as long.
    let packed = layout.bits_allocated == 1;
    if packed && layout.samples != 1 {
        return Err("single bits in several colours are not known to RLE".to_owned());
    }
    let all = layout.rows as usize * layout.columns as usize;
    let pixels = if packed { all.div_ceil(8) } else { all };
    let bytes_each = usize::from(layout.bits_allocated.div_ceil(8));
    let planes = bytes_each * usize::from(layout.samples);
    let word = |i: usize| {
        bytes
            .get(i * 4..i * 4 + 4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
    };
    let count = word(0).ok_or("its RLE header is cut short")?;
    if count != planes || count > 15 {
        return Err(format!(
            "it has {count} byte planes and its header asks for {planes}"
        ));
    }
    let mut cells = vec![0_u32; pixels * usize::from(layout.samples)];
    for plane in 0..planes {
        let start = word(1 + plane).ok_or("its RLE header is cut short")?;
        let end = if plane + 1 < planes {
            word(2 + plane).unwrap_or(bytes.len())
        } else {
            bytes.len()
        };
        let segment = bytes
            .get(start..end.min(bytes.len()))
            .ok_or("a byte plane lies outside the frame")?;
        let values = unpack(segment, pixels);
        if values.len() < pixels {
            return Err(format!(
                "a byte plane ends after {} of {pixels} pixels",
                values.len()
            ));
        }
        let (sample, byte) = (plane / bytes_each, plane % bytes_each);
        let shift = 8 * (bytes_each - 1 - byte);
        let put = |(cell, value): (&mut u32, u8)| *cell |= u32::from(value) << shift;
        if layout.samples == 1 {
            cells.iter_mut().zip(values).for_each(put);
        } else {
            let own = cells.iter_mut().skip(sample).step_by(usize::from(layout.samples));
            own.zip(values).for_each(put);
        }
    }
    if packed {
        cells = (0..all).map(|i| (cells[i / 8] >> (i % 8)) & 1).collect();
    }
    Ok(Decoded {
        columns: layout.columns,
        rows: layout.rows,
        components: layout.samples,
        cells,
        precision: u8::try_from(layout.bits_allocated).unwrap_or(32),
        signed: false,
        rgb: false,
    })
}

/// PackBits, stopping at `most` bytes.
fn unpack(segment: &[u8], most: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(most.min(segment.len().saturating_mul(64)));
    let mut at = 0;
    while out.len() < most {
        let Some(&n) = segment.get(at) else { break };
        at += 1;
        match n {
            0..=127 => {
                let end = (at + usize::from(n) + 1).min(segment.len());
                out.extend_from_slice(&segment[at..end]);
                at = end;
            }
            128 => {}
            129..=255 => {
                let Some(&value) = segment.get(at) else { break };
                let run = (257 - usize::from(n)).min(most - out.len());
                out.resize(out.len() + run, value);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_and_literals() {
        assert_eq!(super::unpack(&[1, 7, 8, 254, 9, 128], 100), [7, 8, 9, 9, 9]);
        assert_eq!(super::unpack(&[129, 5], 10), [5; 10]);
    }
}
