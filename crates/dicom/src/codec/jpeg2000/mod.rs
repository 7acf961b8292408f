//! JPEG 2000 (ITU-T T.800) and high-throughput JPEG 2000 (T.814), wholly in safe code: components as they are, the
//! multiple component transform undone.
//!
//! Names are the recommendations': a codestream has tiles, a tile components, a component resolutions, these
//! subbands, precincts and code-blocks; packets bring a precinct's code-blocks layer by layer.

mod block;
mod boxes;
mod codestream;
mod colour;
mod contexts;
mod geometry;
mod header;
mod ht;
mod mq;
mod packet;
mod progression;
mod tag_tree;
mod tile;
mod wavelet;

use crate::codec::Decoded;
use codestream::Codestream;
use colour::Way;
use geometry::Rect;
use tile::{Samples, Values, Workshop};

/// Decodes one frame. A stream that breaks off gives what is there; the rest is nought.
///
/// # Errors
/// In words, when the stream is damaged, claims more than `most_samples` samples, or uses what DICOM does not:
/// Part 2, more than four components or 28 bits, palettes.
pub fn decode(bytes: &[u8], most_samples: usize) -> Result<Decoded, String> {
    decode_reduced(bytes, most_samples, 0)
}

/// Decodes one frame without its highest resolutions: each level that is left out halves columns and rows, rounded
/// up. Where the stream has fewer levels than asked, all of them are left out; the result says how large it is.
///
/// # Errors
/// As [`decode`].
pub fn decode_reduced(bytes: &[u8], most_samples: usize, discard_levels: u8) -> Result<Decoded, String> {
    let stream = Codestream::read(boxes::codestream(bytes)?, most_samples)?;
    let image = Image::new(&stream, discard_levels);
    let count = stream.size.components.len();
    let mut cells = vec![0_u32; image.columns * image.rows * count];
    let mut workshop = Workshop::default();
    let (mut found, mut failure) = (false, None);
    for (number, tile) in &stream.tiles {
        match tile::decode(&stream, *number, tile, image.discard, &mut workshop) {
            Ok(Some(samples)) => {
                image.put(&samples, &mut cells);
                found = true;
            }
            Ok(None) => {}
            Err(reason) => failure = Some(reason),
        }
    }
    if let Some(reason) = failure {
        return Err(reason);
    }
    if !found {
        return Err("it breaks off before its first packet".to_owned());
    }
    let first = stream.size.components[0];
    Ok(Decoded {
        columns: u32::try_from(image.columns).unwrap_or(u32::MAX),
        rows: u32::try_from(image.rows).unwrap_or(u32::MAX),
        components: u8::try_from(count).unwrap_or(u8::MAX),
        cells,
        precision: stream
            .size
            .components
            .iter()
            .map(|c| c.precision)
            .max()
            .unwrap_or(first.precision),
        signed: first.signed,
        rgb: stream.parameters.transformed,
    })
}

/// The image that comes out: the grid of the finest component.
struct Image {
    columns: usize,
    rows: usize,
    discard: u8,
    /// Its rectangle in samples of the finest component.
    rect: Rect,
    /// How many samples of the finest component one of each covers, and its way to a cell.
    components: Vec<((u32, u32), Way)>,
}

impl Image {
    fn new(stream: &Codestream<'_>, discard_levels: u8) -> Self {
        let size = &stream.size;
        let step = size.finest();
        let whole = Rect {
            x: (size.from.0, size.to.0),
            y: (size.from.1, size.to.1),
        }
        .component(step);
        let mut discard = discard_levels.min(stream.fewest_levels());
        while discard > 0 && whole.reduced(u32::from(discard)).is_empty() {
            discard -= 1;
        }
        let rect = whole.reduced(u32::from(discard));
        Self {
            columns: rect.width(),
            rows: rect.height(),
            discard,
            rect,
            components: size
                .components
                .iter()
                .map(|c| ((c.step.0 / step.0, c.step.1 / step.1), Way::new(c)))
                .collect(),
        }
    }

    /// Puts a tile's samples in their place; a component with fewer samples repeats them.
    fn put(&self, tile: &[Samples], cells: &mut [u32]) {
        let count = tile.len();
        let Some(finest) = tile
            .iter()
            .zip(&self.components)
            .find(|(_, (ratio, _))| *ratio == (1, 1))
            .map(|(samples, _)| samples.rect)
        else {
            return;
        };
        for (k, (samples, (ratio, way))) in tile.iter().zip(&self.components).enumerate() {
            if samples.rect.is_empty() {
                continue;
            }
            for y in finest.y.0..finest.y.1 {
                let from = (y / ratio.1).clamp(samples.rect.y.0, samples.rect.y.1 - 1) - samples.rect.y.0;
                let start =
                    (y - self.rect.y.0) as usize * self.columns + (finest.x.0 - self.rect.x.0) as usize;
                let row = &mut cells[start * count..][..finest.width() * count];
                let columns = (*ratio != (1, 1)).then(|| {
                    let last = samples.rect.x.1 - 1;
                    let column = |x: u32| (x / ratio.0).clamp(samples.rect.x.0, last) - samples.rect.x.0;
                    (finest.x.0..finest.x.1)
                        .map(|x| column(x) as usize)
                        .collect::<Vec<_>>()
                });
                let columns = columns.as_deref();
                match &samples.values {
                    Values::Whole(plane) => {
                        let line = &plane.cells[from as usize * plane.stride..][..samples.rect.width()];
                        put_row(row, (k, count), line, columns, |value| way.whole(value));
                    }
                    Values::Real(plane) => {
                        let line = &plane.cells[from as usize * plane.stride..][..samples.rect.width()];
                        put_row(row, (k, count), line, columns, |value| way.real(value));
                    }
                }
            }
        }
    }
}

/// Puts a line into every `count`-th cell from the `k`-th on; `columns` tells which sample each cell takes.
fn put_row<T: Copy>(
    row: &mut [u32],
    (k, count): (usize, usize),
    line: &[T],
    columns: Option<&[usize]>,
    cell: impl Fn(T) -> u32,
) {
    match (columns, count) {
        (Some(columns), _) => {
            for (pixel, column) in row.chunks_exact_mut(count).zip(columns) {
                pixel[k] = cell(line[*column]);
            }
        }
        (None, 1) => {
            for (pixel, value) in row.iter_mut().zip(line) {
                *pixel = cell(*value);
            }
        }
        (None, 3) => {
            for (pixel, value) in row.as_chunks_mut::<3>().0.iter_mut().zip(line) {
                pixel[k] = cell(*value);
            }
        }
        (None, _) => {
            for (pixel, value) in row.chunks_exact_mut(count).zip(line) {
                pixel[k] = cell(*value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn siz(columns: u32, rows: u32, tile: u32, components: u16) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0x4F, 0xFF, 0x51];
        bytes.extend((38 + 3 * components).to_be_bytes());
        bytes.extend([0, 0]);
        for value in [columns, rows, 0, 0, tile, tile, 0, 0] {
            bytes.extend(value.to_be_bytes());
        }
        bytes.extend(components.to_be_bytes());
        bytes.extend([7, 1, 1].repeat(usize::from(components)));
        bytes
    }

    #[test]
    fn a_claim_beyond_the_header_is_refused_before_anything_is_allocated() {
        let said = |bytes: &[u8]| decode(bytes, 1 << 20).expect_err("refused");
        assert!(said(&siz(65_000, 65_000, 65_000, 3)).contains("claims"));
        assert!(
            said(&siz(65_000, 65_000, 1, 1)).contains("size"),
            "too many tiles"
        );
        assert!(said(&siz(10, 10, 0, 1)).contains("size"), "tiles without size");
        assert!(said(&siz(10, 10, 10, 5)).contains("5 components"));
        assert!(said(&siz(10, 10, 10, 1)).contains("breaks off"));
    }
}
