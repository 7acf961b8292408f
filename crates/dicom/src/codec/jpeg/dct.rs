//! DCT processes, sequential and progressive, Huffman coded, 8 or 12 bits (T.81 annexes F and G).

use super::huffman::{Bits, Table};
use super::stream::{Colours, Frame, Next, Process, Scan, Stream};
use super::transform::{Inverse, ZIGZAG, natural, to_rgb};
use crate::codec::Decoded;

/// A component's coefficients.
struct Plane {
    /// Blocks a row, filled up to whole minimum coded units.
    across: usize,
    /// Blocks a row and rows of blocks that the component itself has.
    own: (usize, usize),
    /// In natural order, block by block.
    coefficients: Vec<i32>,
    quantisation: Option<[u16; 64]>,
}

/// What a scan carries from block to block.
#[derive(Default)]
struct State {
    prediction: [i32; 4],
    /// Blocks still without further coefficients in this band.
    run: i32,
}

pub(super) fn decode(mut stream: Stream<'_>, header_rgb: bool) -> Result<Decoded, String> {
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
    let mut planes: Vec<Plane> = frame
        .components
        .iter()
        .map(|c| Plane {
            across: units.0 * c.h,
            own: (
                (frame.columns * c.h).div_ceil(frame.most_h()).div_ceil(8),
                (frame.rows * c.v).div_ceil(frame.most_v()).div_ceil(8),
            ),
            coefficients: vec![0; units.0 * c.h * units.1 * c.v * 64],
            quantisation: None,
        })
        .collect();
    while let Next::Scan(scan) = stream.next()? {
        for (index, ..) in &scan.parts {
            let table = frame.components[*index].table;
            if planes[*index].quantisation.is_none() {
                planes[*index].quantisation = stream.quantisation[table];
            }
        }
        stream.at = read_scan(&stream, &frame, &scan, units, &mut planes)?;
    }
    let planes = planes
        .iter()
        .map(|plane| samples(plane, frame.precision))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(put_together(&frame, &planes, header_rgb))
}

/// Reads a scan's blocks and gives the offset after it.
fn read_scan(
    stream: &Stream<'_>,
    frame: &Frame,
    scan: &Scan,
    units: (usize, usize),
    planes: &mut [Plane],
) -> Result<usize, String> {
    if scan.end > 63 || scan.start > scan.end || scan.low > 13 {
        return Err("a scan header makes no sense".to_owned());
    }
    let mut bits = Bits::new(stream.bytes, stream.at);
    let mut state = State::default();
    let alone = scan.parts.len() == 1;
    let (across, down) = if alone { planes[scan.parts[0].0].own } else { units };
    for unit in 0..across * down {
        if stream.interval > 0 && unit > 0 && unit.is_multiple_of(stream.interval) {
            if !bits.restart() {
                return Err("a restart marker is missing".to_owned());
            }
            state = State::default();
        }
        let (column, row) = (unit % across, unit / across);
        for (part, (index, dc, ac)) in scan.parts.iter().enumerate() {
            let component = frame.components[*index];
            let (h, v) = if alone { (1, 1) } else { (component.h, component.v) };
            let tables = (stream.dc[*dc].as_ref(), stream.ac[*ac].as_ref());
            for y in 0..v {
                for x in 0..h {
                    let plane = &mut planes[*index];
                    let at = ((row * v + y) * plane.across + column * h + x) * 64;
                    let block = plane
                        .coefficients
                        .get_mut(at..at + 64)
                        .ok_or("a block lies outside the image")?;
                    if frame.process == Process::Progressive {
                        progressive(&mut bits, tables, scan, &mut state, part, block)?;
                    } else {
                        sequential(&mut bits, tables, &mut state.prediction[part], block)?;
                    }
                }
            }
        }
        if bits.exhausted() {
            return Err(format!("it ends after {unit} of {} units", across * down));
        }
    }
    Ok(bits.position())
}

type Tables<'a> = (Option<&'a Table>, Option<&'a Table>);

fn needed(table: Option<&Table>) -> Result<&Table, String> {
    table.ok_or_else(|| "a Huffman table is missing".to_owned())
}

fn sequential(
    bits: &mut Bits<'_>,
    tables: Tables<'_>,
    prediction: &mut i32,
    block: &mut [i32],
) -> Result<(), String> {
    let (dc, ac) = (needed(tables.0)?, needed(tables.1)?);
    let size = bits.symbol(dc)?;
    *prediction = prediction.wrapping_add(bits.difference(size));
    block[0] = *prediction;
    let mut k = 1;
    while k < 64 {
        let (run, size) = split(bits.symbol(ac)?);
        if size == 0 {
            if run < 15 {
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        let place = *ZIGZAG.get(k).ok_or("a block has too many coefficients")?;
        block[place] = bits.difference(size);
        k += 1;
    }
    Ok(())
}

fn split(symbol: u8) -> (usize, u8) {
    (usize::from(symbol >> 4), symbol & 15)
}

fn progressive(
    bits: &mut Bits<'_>,
    tables: Tables<'_>,
    scan: &Scan,
    state: &mut State,
    part: usize,
    block: &mut [i32],
) -> Result<(), String> {
    let (start, end) = (usize::from(scan.start), usize::from(scan.end));
    match (start, scan.high) {
        (0, 0) => {
            let size = bits.symbol(needed(tables.0)?)?;
            let prediction = &mut state.prediction[part];
            *prediction = prediction.wrapping_add(bits.difference(size));
            block[0] = prediction.wrapping_shl(scan.low.into());
            Ok(())
        }
        (0, _) => {
            block[0] |= bits.bits(1) << scan.low;
            Ok(())
        }
        (_, 0) => first_pass(
            bits,
            needed(tables.1)?,
            (start, end),
            scan.low,
            &mut state.run,
            block,
        ),
        _ => next_pass(
            bits,
            needed(tables.1)?,
            (start, end),
            scan.low,
            &mut state.run,
            block,
        ),
    }
}

/// First pass over a band of AC coefficients (T.81 G.1.2.2).
fn first_pass(
    bits: &mut Bits<'_>,
    table: &Table,
    (start, end): (usize, usize),
    low: u8,
    blocks: &mut i32,
    block: &mut [i32],
) -> Result<(), String> {
    if *blocks > 0 {
        *blocks -= 1;
        return Ok(());
    }
    let mut k = start;
    while k <= end {
        let (run, size) = split(bits.symbol(table)?);
        if size == 0 {
            if run < 15 {
                *blocks = (1 << run) - 1 + bits.bits(run as u32);
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        if k > end {
            return Err("a block has too many coefficients".to_owned());
        }
        block[ZIGZAG[k]] = bits.difference(size) << low;
        k += 1;
    }
    Ok(())
}

/// A later pass, one bit more of each coefficient (T.81 G.1.2.3).
fn next_pass(
    bits: &mut Bits<'_>,
    table: &Table,
    (start, end): (usize, usize),
    low: u8,
    blocks: &mut i32,
    block: &mut [i32],
) -> Result<(), String> {
    let bit = 1_i32 << low;
    let mut k = start;
    while *blocks == 0 && k <= end {
        let (mut run, size) = split(bits.symbol(table)?);
        let value = match size {
            0 if run < 15 => {
                *blocks = (1 << run) + bits.bits(run as u32);
                break;
            }
            0 => 0,
            1 if bits.bits(1) == 1 => bit,
            1 => -bit,
            _ => return Err("a coefficient grows by more than one bit".to_owned()),
        };
        while k <= end {
            let coefficient = &mut block[ZIGZAG[k]];
            k += 1;
            if *coefficient != 0 {
                refine(bits, coefficient, bit);
            } else if run == 0 {
                *coefficient = value;
                break;
            } else {
                run -= 1;
            }
        }
    }
    if *blocks > 0 {
        for place in &ZIGZAG[k.min(end + 1)..=end] {
            if block[*place] != 0 {
                refine(bits, &mut block[*place], bit);
            }
        }
        *blocks -= 1;
    }
    Ok(())
}

fn refine(bits: &mut Bits<'_>, coefficient: &mut i32, bit: i32) {
    if bits.bits(1) == 1 && coefficient.abs() & bit == 0 {
        *coefficient += if *coefficient > 0 { bit } else { -bit };
    }
}

/// Samples of a component, `across` * 8 in a row.
struct Samples {
    width: usize,
    values: Vec<u16>,
}

fn samples(plane: &Plane, precision: u8) -> Result<Samples, String> {
    let table = plane.quantisation.ok_or("a quantisation table is missing")?;
    let table = natural(&table);
    let inverse = Inverse::new(precision);
    let width = plane.across * 8;
    let mut values = vec![0_u16; plane.coefficients.len()];
    for (index, block) in plane.coefficients.chunks_exact(64).enumerate() {
        let (column, row) = (index % plane.across * 8, index / plane.across * 8);
        let block = inverse.block(block, &table);
        for (y, line) in block.chunks_exact(8).enumerate() {
            let at = (row + y) * width + column;
            values[at..at + 8].copy_from_slice(line);
        }
    }
    Ok(Samples { width, values })
}

/// Components side by side; smaller ones repeated, YCbCr turned to RGB.
fn put_together(frame: &Frame, planes: &[Samples], header_rgb: bool) -> Decoded {
    let (most_h, most_v) = (frame.most_h(), frame.most_v());
    let colour = planes.len() == 3;
    let turn = colour && frame.colours(header_rgb) == Colours::Ybr;
    let mut cells = Vec::with_capacity(frame.samples());
    if let [grey] = planes {
        for line in grey.values.chunks_exact(grey.width).take(frame.rows) {
            cells.extend(line[..frame.columns].iter().map(|v| u32::from(*v)));
        }
    }
    for y in (0..frame.rows).filter(|_| planes.len() > 1) {
        for x in 0..frame.columns {
            let value = |k: usize| {
                let c = frame.components[k];
                planes[k].values[y * c.v / most_v * planes[k].width + x * c.h / most_h]
            };
            if turn {
                cells.extend(to_rgb([value(0), value(1), value(2)], frame.precision));
            } else {
                cells.extend((0..planes.len()).map(|k| u32::from(value(k))));
            }
        }
    }
    Decoded {
        columns: frame.columns as u32,
        rows: frame.rows as u32,
        components: planes.len() as u8,
        cells,
        precision: frame.precision,
        signed: false,
        rgb: colour,
    }
}
