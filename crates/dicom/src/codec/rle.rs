//! RLE Lossless (PS3.5 annex G): byte planes, each PackBits coded.

use std::ops::{BitOrAssign, Shl};

use crate::codec::{Cells, Decoded};
use crate::pixels::PixelLayout;

/// Decodes one frame; the planes are one a byte of each sample, most significant first, samples one after another.
///
/// # Errors
/// In words, when the header does not fit the image or a plane ends early.
pub fn decode(layout: &PixelLayout, bytes: &[u8]) -> Result<Decoded<Cells>, String> {
    // Single bits are packed before they are compressed: a plane is then an eighth as long.
    let packed = layout.bits_allocated == 1;
    if packed && layout.samples != 1 {
        return Err("single bits in several colours are not known to RLE".to_owned());
    }
    let all = layout.rows as usize * layout.columns as usize;
    let pixels = if packed { all.div_ceil(8) } else { all };
    let bytes_each = usize::from(layout.bits_allocated.div_ceil(8));
    let planes = bytes_each * usize::from(layout.samples);
    let count = word(bytes, 0).ok_or("its RLE header is cut short")?;
    if count != planes || count > 15 {
        return Err(format!(
            "it has {count} byte planes and its header asks for {planes}"
        ));
    }
    let planes = Planes {
        bytes,
        pixels,
        samples: usize::from(layout.samples),
        bytes_each,
    };
    let cells = match bytes_each {
        1 if packed => {
            let bits: Vec<u8> = planes.cells()?;
            Cells::U8((0..all).map(|i| (bits[i / 8] >> (i % 8)) & 1).collect())
        }
        1 => Cells::U8(planes.cells()?),
        2 => Cells::U16(planes.cells()?),
        3 | 4 => Cells::U32(planes.cells()?),
        _ => return Err(format!("cells of {bytes_each} bytes are not known to RLE")),
    };
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

/// A number of the header.
fn word(bytes: &[u8], i: usize) -> Option<usize> {
    let word = bytes.get(i * 4..i * 4 + 4)?;
    Some(u32::from_le_bytes([word[0], word[1], word[2], word[3]]) as usize)
}

/// The byte planes of a frame.
struct Planes<'a> {
    bytes: &'a [u8],
    /// Values in each of them.
    pixels: usize,
    samples: usize,
    bytes_each: usize,
}

impl Planes<'_> {
    /// Cells put together, samples side by side; `T` is as wide as a cell at least.
    fn cells<T>(&self) -> Result<Vec<T>, String>
    where
        T: Copy + Default + From<u8> + Shl<usize, Output = T> + BitOrAssign,
    {
        let mut cells = vec![T::default(); self.pixels * self.samples];
        for plane in 0..self.samples * self.bytes_each {
            let values = self.plane(plane)?;
            let (sample, byte) = (plane / self.bytes_each, plane % self.bytes_each);
            let shift = 8 * (self.bytes_each - 1 - byte);
            let put = |(cell, value): (&mut T, u8)| *cell |= T::from(value) << shift;
            if self.samples == 1 {
                cells.iter_mut().zip(values).for_each(put);
            } else {
                let own = cells.iter_mut().skip(sample).step_by(self.samples);
                own.zip(values).for_each(put);
            }
        }
        Ok(cells)
    }

    fn plane(&self, plane: usize) -> Result<Vec<u8>, String> {
        let (bytes, pixels) = (self.bytes, self.pixels);
        let start = word(bytes, 1 + plane).ok_or("its RLE header is cut short")?;
        let end = if plane + 1 < self.samples * self.bytes_each {
            word(bytes, 2 + plane).unwrap_or(bytes.len())
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
        Ok(values)
    }
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
