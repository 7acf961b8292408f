//! Lossless process, Huffman coded: 2 to 16 bits, all predictors, point transform, restart intervals (T.81 annex H).

use super::huffman::{Bits, NoCode, Table};
use super::stream::{Frame, Next, Scan, Stream};
use crate::codec::{Cells, Decoded};

pub(super) fn decode(mut stream: Stream<'_>) -> Result<Decoded<Cells>, String> {
    let frame = stream.frame()?.clone();
    // A sample takes at least one bit.
    if frame.samples() > stream.bytes.len().saturating_mul(8) {
        return Err(format!(
            "{} x {} pixels cannot be in so few bytes",
            frame.columns, frame.rows
        ));
    }
    let count = frame.components.len();
    let pixels = frame.rows * frame.columns;
    let mut samples = vec![0_u16; pixels * count];
    let mut done = vec![false; count];
    while let Next::Scan(scan) = stream.next()? {
        let same =
            |c: &super::stream::Component| (c.h, c.v) == (frame.components[0].h, frame.components[0].v);
        if !frame.components.iter().all(same) {
            return Err("its components differ in size".to_owned());
        }
        stream.at = read_scan(&stream, &frame, &scan, &mut samples)?;
        for (index, ..) in &scan.parts {
            done[*index] = true;
        }
    }
    if done.contains(&false) {
        return Err("it ends before all components were there".to_owned());
    }
    Ok(Decoded {
        columns: frame.columns as u32,
        rows: frame.rows as u32,
        components: count as u8,
        cells: Cells::U16(samples),
        precision: frame.precision,
        signed: false,
        rgb: count == 3 && frame.says_rgb(),
    })
}

fn read_scan(stream: &Stream<'_>, frame: &Frame, scan: &Scan, samples: &mut [u16]) -> Result<usize, String> {
    let (predictor, shift) = (scan.start, scan.low);
    if !(1..=7).contains(&predictor) || shift >= frame.precision {
        return Err("a scan header makes no sense".to_owned());
    }
    let tables: Vec<(usize, &Table)> = scan
        .parts
        .iter()
        .map(|(index, dc, _)| Some((*index, stream.dc[*dc].as_ref()?)))
        .collect::<Option<_>>()
        .ok_or("a Huffman table is missing")?;
    let count = frame.components.len();
    let first = 1_i32 << (frame.precision - shift - 1);
    let mut bits = Bits::new(stream.bytes, stream.at);
    let lines = Lines {
        tables: &tables,
        count,
        stride: frame.columns * count,
        first,
    };
    // Intervals that end within a row are rare, and read one by one.
    if !stream.interval.is_multiple_of(frame.columns) {
        return lines
            .by_unit(&mut bits, samples, frame, (predictor, stream.interval))
            .map(|()| {
                lines.raise(samples, shift);
                bits.position()
            });
    }
    let rows = stream.interval / frame.columns;
    for row in 0..frame.rows {
        let mut fresh = row == 0;
        if rows > 0 && row > 0 && row.is_multiple_of(rows) {
            if !bits.restart() {
                return Err("a restart marker is missing".to_owned());
            }
            fresh = true;
        }
        let (above, line) = samples.split_at_mut(row * lines.stride);
        let line = &mut line[..lines.stride];
        if fresh {
            lines.first(&mut bits, line)?;
        } else {
            let above = &above[(row - 1) * lines.stride..];
            match predictor {
                1 => lines.next(&mut bits, above, line, |ra, _, _| ra)?,
                6 => lines.next(&mut bits, above, line, |ra, rb, rc| rb + ((ra - rc) >> 1))?,
                7 => lines.next(&mut bits, above, line, |ra, rb, _| (ra + rb) >> 1)?,
                other => lines.next(&mut bits, above, line, |ra, rb, rc| predict(other, ra, rb, rc))?,
            }
        }
        if bits.exhausted() {
            return Err(format!("it ends in row {} of {}", row + 1, frame.rows));
        }
    }
    lines.raise(samples, shift);
    Ok(bits.position())
}

/// The rows of a scan.
struct Lines<'a> {
    /// Index of each component in a pixel, and its table.
    tables: &'a [(usize, &'a Table)],
    /// Components of the frame.
    count: usize,
    /// Samples in a row.
    stride: usize,
    /// What the first sample is predicted by.
    first: i32,
}

#[inline(always)]
fn sample(bits: &mut Bits<'_>, table: &Table, prediction: i32) -> Result<u16, NoCode> {
    Ok((prediction.wrapping_add(bits.coded_difference(table)?) & 0xFFFF) as u16)
}

impl Lines<'_> {
    /// A row whose samples are predicted by their left neighbours alone.
    fn first(&self, bits: &mut Bits<'_>, line: &mut [u16]) -> Result<(), NoCode> {
        let mut left = [self.first; 4];
        for pixel in line.chunks_exact_mut(self.count) {
            for (left, (index, table)) in left.iter_mut().zip(self.tables) {
                let value = sample(bits, table, *left)?;
                pixel[*index] = value;
                *left = i32::from(value);
            }
        }
        Ok(())
    }

    /// A row below another.
    #[inline]
    fn next(
        &self,
        bits: &mut Bits<'_>,
        above: &[u16],
        line: &mut [u16],
        predict: impl Fn(i32, i32, i32) -> i32,
    ) -> Result<(), NoCode> {
        if let ([(_, table)], 1) = (self.tables, self.count) {
            let Some(((mut rc, above), (first, line))) = above
                .split_first()
                .map(|(rb, rest)| (i32::from(*rb), rest))
                .zip(line.split_first_mut())
            else {
                return Ok(());
            };
            *first = sample(bits, table, rc)?;
            let mut ra = i32::from(*first);
            for (value, rb) in line.iter_mut().zip(above) {
                let rb = i32::from(*rb);
                *value = sample(bits, table, predict(ra, rb, rc))?;
                (ra, rc) = (i32::from(*value), rb);
            }
            return Ok(());
        }
        let (mut left, mut corner) = ([0_i32; 4], [0_i32; 4]);
        let pixels = line
            .chunks_exact_mut(self.count)
            .zip(above.chunks_exact(self.count));
        for (column, (pixel, above)) in pixels.enumerate() {
            for ((left, corner), (index, table)) in left.iter_mut().zip(&mut corner).zip(self.tables) {
                let rb = i32::from(above[*index]);
                let prediction = if column == 0 {
                    rb
                } else {
                    predict(*left, rb, *corner)
                };
                let value = sample(bits, table, prediction)?;
                pixel[*index] = value;
                (*left, *corner) = (i32::from(value), rb);
            }
        }
        Ok(())
    }

    /// All rows, with restart intervals that end anywhere.
    fn by_unit(
        &self,
        bits: &mut Bits<'_>,
        samples: &mut [u16],
        frame: &Frame,
        (predictor, interval): (u8, usize),
    ) -> Result<(), String> {
        let (count, stride) = (self.count, self.stride);
        // Where prediction began anew: at the scan's start and after each restart marker.
        let (mut fresh_row, mut fresh_unit) = (0, 0);
        for row in 0..frame.rows {
            for column in 0..frame.columns {
                let unit = row * frame.columns + column;
                if unit > 0 && unit.is_multiple_of(interval) {
                    if !bits.restart() {
                        return Err("a restart marker is missing".to_owned());
                    }
                    (fresh_row, fresh_unit) = (row, unit);
                }
                for (index, table) in self.tables {
                    let at = row * stride + column * count + index;
                    let left = |at: usize| i32::from(samples[at - count]);
                    let prediction = if unit == fresh_unit {
                        self.first
                    } else if row == fresh_row {
                        left(at)
                    } else if column == 0 {
                        i32::from(samples[at - stride])
                    } else {
                        let above = at - stride;
                        predict(predictor, left(at), i32::from(samples[above]), left(above))
                    };
                    samples[at] = sample(bits, table, prediction)?;
                }
            }
            if bits.exhausted() {
                return Err(format!("it ends in row {} of {}", row + 1, frame.rows));
            }
        }
        Ok(())
    }

    /// Undoes the point transform.
    fn raise(&self, samples: &mut [u16], shift: u8) {
        if shift == 0 {
            return;
        }
        for (index, _) in self.tables {
            for sample in samples.iter_mut().skip(*index).step_by(self.count) {
                *sample <<= shift;
            }
        }
    }
}

/// Table H.1: Ra left, Rb above, Rc above left.
fn predict(predictor: u8, ra: i32, rb: i32, rc: i32) -> i32 {
    match predictor {
        1 => ra,
        2 => rb,
        3 => rc,
        4 => ra + rb - rc,
        5 => ra + ((rb - rc) >> 1),
        6 => rb + ((ra - rc) >> 1),
        _ => (ra + rb) >> 1,
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::Cells;
    use crate::codec::jpeg::decode;

    /// Writes a lossless stream: categories 0 to 16 as codes of 5 bits.
    fn encode(
        samples: &[u16],
        columns: usize,
        predictor: u8,
        precision: u8,
        shift: u8,
        interval: usize,
    ) -> Vec<u8> {
        let rows = samples.len() / columns;
        let mut out = vec![0xFF, 0xD8, 0xFF, 0xC3, 0, 11, precision];
        out.extend((rows as u16).to_be_bytes());
        out.extend((columns as u16).to_be_bytes());
        out.extend([1, 1, 0x11, 0]);
        out.extend([
            0xFF,
            0xC4,
            0,
            19 + 17,
            0,
            0,
            0,
            0,
            0,
            17,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ]);
        out.extend(0..17_u8);
        out.extend([0xFF, 0xDD, 0, 4]);
        out.extend((interval as u16).to_be_bytes());
        out.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, predictor, 0, shift]);
        let (mut cache, mut held) = (0_u64, 0_u32);
        let mut put = |out: &mut Vec<u8>, value: u32, n: u32, flush: bool| {
            cache = (cache << n) | u64::from(value);
            held += n;
            if flush && !held.is_multiple_of(8) {
                let fill = 8 - held % 8;
                cache = (cache << fill) | ((1 << fill) - 1);
                held += fill;
            }
            while held >= 8 {
                held -= 8;
                let byte = (cache >> held) as u8;
                out.push(byte);
                if byte == 0xFF {
                    out.push(0);
                }
            }
        };
        let reduced: Vec<i32> = samples.iter().map(|s| i32::from(s >> shift)).collect();
        let (mut fresh_row, mut fresh) = (0, 0);
        for (i, sample) in reduced.iter().enumerate() {
            if interval > 0 && i > 0 && i % interval == 0 {
                put(&mut out, 0, 0, true);
                out.extend([0xFF, 0xD0 + ((i / interval - 1) % 8) as u8]);
                (fresh_row, fresh) = (i / columns, i);
            }
            let (row, column) = (i / columns, i % columns);
            let prediction = if i == fresh {
                1 << (precision - shift - 1)
            } else if row == fresh_row {
                reduced[i - 1]
            } else if column == 0 {
                reduced[i - columns]
            } else {
                super::predict(
                    predictor,
                    reduced[i - 1],
                    reduced[i - columns],
                    reduced[i - columns - 1],
                )
            };
            let mut difference = (sample - prediction) & 0xFFFF;
            if difference > 32_768 {
                difference -= 65_536;
            }
            let size = 32 - difference.unsigned_abs().leading_zeros();
            put(&mut out, size, 5, false);
            if size < 16 {
                let bits = if difference < 0 {
                    difference + (1 << size) - 1
                } else {
                    difference
                };
                put(&mut out, bits as u32, size, false);
            }
        }
        put(&mut out, 0, 0, true);
        out.extend([0xFF, 0xD9]);
        out
    }

    fn picture(n: usize, precision: u8) -> Vec<u16> {
        let mut state = 12_345_u32;
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 8) % (1 << precision)) as u16
            })
            .collect()
    }

    #[test]
    fn every_predictor_gives_the_samples_back() {
        for precision in [8, 12, 16] {
            for predictor in 1..=7 {
                for interval in [0, 13, 26, 5] {
                    let samples = picture(13 * 9, precision);
                    let stream = encode(&samples, 13, predictor, precision, 0, interval);
                    let decoded = decode(&stream, 1 << 16, false).expect("decodes");
                    assert_eq!(
                        decoded.cells,
                        Cells::U16(samples.clone()),
                        "predictor {predictor}, {precision} bits, interval {interval}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_point_transform_drops_low_bits() {
        let samples = picture(64, 12);
        let stream = encode(&samples, 8, 4, 12, 2, 0);
        let expected = samples.iter().map(|s| s & !3).collect();
        assert_eq!(
            decode(&stream, 1 << 16, false).expect("decodes").cells,
            Cells::U16(expected)
        );
    }

    #[test]
    fn a_stream_cut_short_is_an_error() {
        let stream = encode(&picture(64 * 64, 12), 64, 1, 12, 0, 0);
        assert!(decode(&stream[..stream.len() / 2], 1 << 16, false).is_err());
    }
}
