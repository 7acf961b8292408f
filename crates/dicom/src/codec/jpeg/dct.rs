//! DCT processes, sequential and progressive, Huffman coded, 8 or 12 bits (T.81 annexes F and G).
//!
//! Blocks of a sequential scan become samples as they are read; those of progressive scans are kept until the last one.

use super::block::{Kept, first_dc, first_pass, next_dc, next_pass, sequential};
use super::colour::put_together;
use super::huffman::{Bits, Table};
use super::stream::{Frame, Next, Process, Scan, Stream};
use super::transform::{Block, Inverse, natural, steps};
use crate::codec::{Cells, Decoded};

/// A component.
pub(super) struct Plane {
    /// Blocks a row, filled up to whole minimum coded units.
    across: usize,
    /// Rows of blocks, filled up likewise.
    down: usize,
    /// Blocks a row and rows of blocks that the component itself has.
    own: (usize, usize),
    /// Block by block; of progressive scans alone.
    coefficients: Vec<Kept>,
    /// `across` * 8 in a row.
    samples: Vec<u16>,
    quantisation: Option<[u16; 64]>,
}

impl Plane {
    /// Samples from one row to the next.
    pub(super) fn width(&self) -> usize {
        self.across * 8
    }

    pub(super) fn samples(&self) -> &[u16] {
        &self.samples
    }

    pub(super) fn into_samples(self) -> Vec<u16> {
        self.samples
    }

    /// The samples of a block, and those right of it in its rows.
    fn lines(&mut self, row: usize, column: usize) -> Option<impl Iterator<Item = &mut [u16]>> {
        let width = self.width();
        let from = row * 8 * width + column * 8;
        let until = (row * 8 + 7) * width + column * 8 + 8;
        Some(self.samples.get_mut(from..until)?.chunks_mut(width))
    }

    /// Samples of all blocks of coefficients.
    fn transform(&mut self, inverse: &Inverse) -> Result<(), String> {
        let table = natural(&self.quantisation.ok_or("a quantisation table is missing")?);
        self.samples = vec![0; self.across * self.down * 64];
        let width = self.width();
        let rows = self.coefficients.chunks_exact(self.across);
        for (blocks, lines) in rows.zip(self.samples.chunks_exact_mut(width * 8)) {
            for (column, coefficients) in blocks.iter().enumerate() {
                let mut block = Block::of(&coefficients.values, &table);
                inverse.put(&mut block, lines[column * 8..].chunks_mut(width));
            }
        }
        Ok(())
    }
}

/// What a scan carries from block to block.
#[derive(Default)]
struct State {
    prediction: [i32; 4],
    /// Blocks still without further coefficients in this band.
    run: i32,
}

pub(super) fn decode(mut stream: Stream<'_>, header_rgb: bool) -> Result<Decoded<Cells>, String> {
    let frame = stream.frame()?.clone();
    // A block takes at least one bit: what claims more pixels than that is no image.
    if frame.samples() > stream.bytes.len().saturating_mul(1024) {
        return Err(format!(
            "{} x {} pixels cannot be in so few bytes",
            frame.columns, frame.rows
        ));
    }
    let units = (
        frame.columns.div_ceil(8 * frame.most_h()),
        frame.rows.div_ceil(8 * frame.most_v()),
    );
    let progressive = frame.process == Process::Progressive;
    let mut planes: Vec<Plane> = frame
        .components
        .iter()
        .map(|c| {
            let (across, down) = (units.0 * c.h, units.1 * c.v);
            let blocks = across * down;
            Plane {
                across,
                down,
                own: (
                    (frame.columns * c.h).div_ceil(frame.most_h()).div_ceil(8),
                    (frame.rows * c.v).div_ceil(frame.most_v()).div_ceil(8),
                ),
                coefficients: vec![Kept::EMPTY; if progressive { blocks } else { 0 }],
                samples: vec![0; if progressive { 0 } else { blocks * 64 }],
                quantisation: None,
            }
        })
        .collect();
    let inverse = Inverse::new(frame.precision);
    while let Next::Scan(scan) = stream.next()? {
        for (index, ..) in &scan.parts {
            let table = frame.components[*index].table;
            if planes[*index].quantisation.is_none() {
                planes[*index].quantisation = stream.quantisation[table];
            }
        }
        stream.at = if progressive {
            progressive_scan(&stream, &frame, &scan, units, &mut planes)?
        } else {
            sequential_scan(&stream, &frame, &scan, units, &mut planes, &inverse)?
        };
    }
    for plane in &mut planes {
        if progressive {
            plane.transform(&inverse)?;
            plane.coefficients = Vec::new();
        } else if plane.quantisation.is_none() {
            return Err("a quantisation table is missing".to_owned());
        }
    }
    Ok(put_together(&frame, planes, header_rgb))
}

fn sequential_scan(
    stream: &Stream<'_>,
    frame: &Frame,
    scan: &Scan,
    units: (usize, usize),
    planes: &mut [Plane],
    inverse: &Inverse,
) -> Result<usize, String> {
    let mut tables = Vec::new();
    for (index, dc, ac) in &scan.parts {
        let steps = planes[*index].quantisation.as_ref().map(steps);
        let pair = (needed(stream.dc[*dc].as_ref())?, needed(stream.ac[*ac].as_ref())?);
        tables.push((pair, steps.ok_or("a quantisation table is missing")?));
    }
    let mut block = Block::default();
    read_scan(
        stream,
        frame,
        scan,
        units,
        planes,
        |bits, state, part, plane, (row, column)| {
            let (tables, steps) = &tables[part];
            sequential(bits, *tables, &mut state.prediction[part], steps, &mut block)?;
            let lines = plane.lines(row, column).ok_or("a block lies outside the image")?;
            inverse.put(&mut block, lines);
            Ok(())
        },
    )
}

fn progressive_scan(
    stream: &Stream<'_>,
    frame: &Frame,
    scan: &Scan,
    units: (usize, usize),
    planes: &mut [Plane],
) -> Result<usize, String> {
    let dc = |part: usize| needed(stream.dc[scan.parts[part].1].as_ref());
    let ac = |part: usize| needed(stream.ac[scan.parts[part].2].as_ref());
    read_scan(
        stream,
        frame,
        scan,
        units,
        planes,
        |bits, state, part, plane, (row, column)| {
            let block = plane
                .coefficients
                .get_mut(row * plane.across + column)
                .ok_or("a block lies outside the image")?;
            match (scan.start, scan.high) {
                (0, 0) => first_dc(bits, dc(part)?, &mut state.prediction[part], scan.low, block),
                (0, _) => {
                    next_dc(bits, scan.low, block);
                    Ok(())
                }
                (_, 0) => first_pass(bits, ac(part)?, scan, &mut state.run, block),
                _ => next_pass(bits, ac(part)?, scan, &mut state.run, block),
            }
        },
    )
}

fn needed(table: Option<&Table>) -> Result<&Table, &'static str> {
    table.ok_or("a Huffman table is missing")
}

/// Walks a scan's blocks and gives the offset after it. `read` gets the part of the scan that a block belongs to, its
/// plane, and its row and column of blocks there.
fn read_scan(
    stream: &Stream<'_>,
    frame: &Frame,
    scan: &Scan,
    units: (usize, usize),
    planes: &mut [Plane],
    mut read: impl FnMut(&mut Bits<'_>, &mut State, usize, &mut Plane, (usize, usize)) -> Result<(), &'static str>,
) -> Result<usize, String> {
    if scan.end > 63 || scan.start > scan.end || scan.low > 13 {
        return Err("a scan header makes no sense".to_owned());
    }
    let mut bits = Bits::new(stream.bytes, stream.at);
    let mut state = State::default();
    let alone = scan.parts.len() == 1;
    let (across, down) = if alone { planes[scan.parts[0].0].own } else { units };
    // Component and blocks a unit, of each part.
    let parts: Vec<(usize, usize, usize)> = scan
        .parts
        .iter()
        .map(|(index, ..)| {
            let component = frame.components[*index];
            if alone {
                (*index, 1, 1)
            } else {
                (*index, component.h, component.v)
            }
        })
        .collect();
    let mut until_restart = stream.interval;
    for row in 0..down {
        for column in 0..across {
            if stream.interval > 0 {
                if until_restart == 0 {
                    if !bits.restart() {
                        return Err("a restart marker is missing".to_owned());
                    }
                    state = State::default();
                    until_restart = stream.interval;
                }
                until_restart -= 1;
            }
            for (part, (index, h, v)) in parts.iter().enumerate() {
                let plane = &mut planes[*index];
                for y in 0..*v {
                    for x in 0..*h {
                        read(&mut bits, &mut state, part, plane, (row * v + y, column * h + x))?;
                    }
                }
            }
            if bits.exhausted() {
                let unit = row * across + column;
                return Err(format!("it ends after {unit} of {} units", across * down));
            }
        }
    }
    Ok(bits.position())
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    use super::*;
    use crate::codec::jpeg::eight_bit;
    use crate::codec::jpeg::stream::Colours;

    /// Sides that end within a block, and within a unit of several blocks.
    const SIZE: (u16, u16) = (45, 27);

    fn encode(kind: ColorType, sampling: SamplingFactor, progressive: bool, interval: u16) -> Vec<u8> {
        let samples = if kind == ColorType::Luma { 1 } else { 3 };
        let pixels: Vec<u8> = (0..i32::from(SIZE.0) * i32::from(SIZE.1) * samples)
            .map(|i| {
                let (x, y) = (i / samples % i32::from(SIZE.0), i / samples / i32::from(SIZE.0));
                // Colours change slowly, so that the ways to spread them hardly differ.
                (40 + x * 2 + y * 3 + i % samples * 20) as u8
            })
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_sampling_factor(sampling);
        encoder.set_progressive(progressive);
        encoder.set_restart_interval(interval);
        encoder.encode(&pixels, SIZE.0, SIZE.1, kind).expect("encodes");
        bytes
    }

    #[test]
    fn eight_bits_come_out_as_the_other_decoder_has_them() {
        let kinds = [
            (ColorType::Luma, SamplingFactor::F_1_1, 1),
            (ColorType::Rgb, SamplingFactor::F_1_1, 4),
            (ColorType::Rgb, SamplingFactor::F_2_1, 12),
            (ColorType::Rgb, SamplingFactor::F_2_2, 12),
        ];
        for (kind, sampling, most) in kinds {
            for (progressive, interval) in [(false, 0), (false, 2), (true, 0), (true, 3)] {
                let bytes = encode(kind, sampling, progressive, interval);
                let said = format!("{kind:?}, {sampling:?}, {progressive}, {interval}");
                let ours = decode(Stream::new(&bytes).expect("sound"), false).expect(&said);
                let theirs = eight_bit::decode(&bytes, 1 << 16, Colours::Ybr).expect(&said);
                assert_eq!((ours.columns, ours.rows), (45, 27));
                let (ours, theirs) = (ours.cells.to_wide(), theirs.cells.to_wide());
                assert_eq!(ours.len(), theirs.len(), "{said}");
                let off = ours.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(off <= Some(most), "{said}: {off:?}");
            }
        }
    }

    #[test]
    fn a_stream_cut_short_is_an_error() {
        let mut bytes = encode(ColorType::Luma, SamplingFactor::F_1_1, false, 0);
        let scan = bytes.windows(2).position(|w| w == [0xFF, 0xDA]).expect("a scan");
        bytes.truncate(scan + 20);
        // Larger, so that what is made up at the end does not reach.
        let frame = bytes.windows(2).position(|w| w == [0xFF, 0xC0]).expect("a frame");
        bytes[frame + 5] = 1;
        bytes[frame + 7] = 1;
        let error = decode(Stream::new(&bytes).expect("sound"), false);
        assert!(error.is_err_and(|e| e.contains("it ends after")));
    }
}
