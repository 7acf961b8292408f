//! A code-block of Part 15 (T.814): a cleanup pass that brings most bit-planes at once, then at most one significance
//! propagation and one refinement for the plane below.

mod bits;
mod refine;
mod vlc;

use super::block::{MOST_PLANES, Segment, Shape};
use bits::{Backward, Forward, Runs};
use vlc::{Quad, Table};

/// Cells of the largest code-block.
const CELLS: usize = 4096;
/// Columns of the widest code-block and one more at either side.
const COLUMNS: usize = 1024 + 2;
/// Quads of the widest code-block and one more at either side.
const QUADS: usize = 512 + 2;

/// A decoder of code-blocks, kept for its memory.
#[derive(Debug)]
pub(super) struct Coder {
    /// Sign in bit 31, below it twice the magnitude, halfway through what is not decoded; row by row.
    samples: Box<[u32; CELLS]>,
    /// Codes of this row of quads and of the one above, from the second on.
    quads: [[Quad; QUADS]; 2],
    /// Exponent bounds of this row of quads.
    bounds: [u8; QUADS],
    /// Exponents of the lower samples of this row of quads and of the one above, from the second on.
    exponents: [[u8; COLUMNS]; 2],
    refinement: refine::Refinement,
}

impl Default for Coder {
    fn default() -> Self {
        Self {
            samples: Box::new([0; CELLS]),
            quads: [[Quad::default(); QUADS]; 2],
            bounds: [0; QUADS],
            exponents: [[0; COLUMNS]; 2],
            refinement: refine::Refinement::default(),
        }
    }
}

impl Coder {
    /// Decodes the last set of passes that is there whole. Gives the samples and how many lie from row to row.
    pub(super) fn decode(
        &mut self,
        shape: &Shape,
        segments: &[Segment],
        data: &mut [u8],
    ) -> (&mut [u32], usize) {
        let stride = shape.width.next_multiple_of(2);
        let rows = shape.height.next_multiple_of(2);
        let Some(samples) = self
            .samples
            .get_mut(..stride * rows)
            .filter(|_| shape.all_planes <= MOST_PLANES)
        else {
            return (&mut [], stride);
        };
        samples.fill(0);
        let Some(set) = Set::last(segments, data.len()) else {
            return (&mut self.samples[..stride * rows], stride);
        };
        // Passes that were left out or replaced stand for bit-planes, three each.
        if let Some(plane) = shape.planes.checked_sub(1 + set.before) {
            let (_, rest) = data.split_at_mut(set.start);
            let (cleanup, rest) = rest.split_at_mut(set.cleanup);
            let decoded = self.cleanup(cleanup, shape, plane).is_some();
            if !decoded {
                self.samples[..stride * rows].fill(0);
            } else if let Some(below) = plane.checked_sub(1).filter(|_| set.refinements > 0) {
                let rest = rest.get(..set.refinement).unwrap_or(&[]);
                self.refinement.apply(
                    &mut self.samples[..stride * rows],
                    stride,
                    shape,
                    rest,
                    below,
                    set.refinements > 1,
                );
            }
        }
        (&mut self.samples[..stride * rows], stride)
    }

    /// The cleanup pass at a bit-plane (T.814 clause 7); nothing where its bytes make no sense.
    fn cleanup(&mut self, data: &mut [u8], shape: &Shape, plane: u32) -> Option<()> {
        let [.., before, last] = data else {
            return None;
        };
        let suffix = usize::from(*last) << 4 | usize::from(*before & 15);
        let prefix = data
            .len()
            .checked_sub(suffix)
            .filter(|_| (2..=4079).contains(&suffix))?;
        // What the length took the place of reads as ones.
        if let [.., before, last] = data {
            *before |= 15;
            *last = 0xFF;
        }
        let (magnitudes, codes) = data.split_at(prefix);
        let mut magnitudes = Forward::new(magnitudes, 0xFF);
        let mut runs = Runs::new(codes);
        let mut backward = Backward::codes(codes);

        let pairs = shape.width.div_ceil(2);
        let stride = pairs * 2;
        // A magnitude needs no more bits than there are planes from this one up; its sign one more.
        let most = (shape.all_planes + 1).saturating_sub(plane);
        self.quads = [[Quad::default(); QUADS]; 2];
        self.exponents = [[0; COLUMNS]; 2];
        for row in 0..shape.height.div_ceil(2) {
            self.quads.swap(0, 1);
            self.exponents.swap(0, 1);
            self.codes(&mut backward, &mut runs, pairs, row == 0);
            let lines = self.samples.get_mut(2 * row * stride..2 * (row + 1) * stride)?;
            let (upper, lower) = lines.split_at_mut(stride);
            let [own, above] = &mut self.exponents;
            let quads = self.quads[0][1..].iter().zip(&self.bounds[1..]);
            let cells = upper
                .as_chunks_mut::<2>()
                .0
                .iter_mut()
                .zip(lower.as_chunks_mut::<2>().0);
            for (q, ((quad, bound), (upper, lower))) in quads.zip(cells).enumerate() {
                let at = 2 * q;
                let significant = quad.significant();
                if significant == 0 {
                    (own[at + 1], own[at + 2]) = (0, 0);
                    continue;
                }
                let mut bound = u32::from(*bound);
                // More than one significant sample: what lies above tells of the size (T.814 7.3.7).
                let near = &above[at..at + 4];
                bound += if significant & (significant - 1) != 0 {
                    u32::from(near[0].max(near[1]).max(near[2]).max(near[3]))
                        .saturating_sub(1)
                        .max(1)
                } else {
                    1
                };
                if bound > most {
                    return None;
                }
                upper[0] = sample(&mut magnitudes, *quad, bound, plane, 0).0;
                (lower[0], own[at + 1]) = sample(&mut magnitudes, *quad, bound, plane, 1);
                upper[1] = sample(&mut magnitudes, *quad, bound, plane, 2).0;
                (lower[1], own[at + 2]) = sample(&mut magnitudes, *quad, bound, plane, 3);
            }
        }
        Some(())
    }

    /// The codes and bounds of a row of quads (T.814 7.3.5, 7.3.6).
    fn codes(&mut self, bits: &mut Backward<'_>, runs: &mut Runs<'_>, pairs: usize, first: bool) {
        let table = vlc::table(first);
        let [own, above] = &mut self.quads;
        own[pairs + 1..].fill(Quad::default());
        let above = if first { None } else { Some(&*above) };
        let mut q = 1;
        while q <= pairs {
            let one = quad(bits, runs, table, context(own, above, q));
            own[q] = one;
            let two = if q < pairs {
                let two = quad(bits, runs, table, context(own, above, q + 1));
                own[q + 1] = two;
                two
            } else {
                Quad::default()
            };
            let bounds = if one.bounded() && two.bounded() {
                both(bits, first, runs)
            } else if one.bounded() {
                (bound(bits), 0)
            } else if two.bounded() {
                (0, bound(bits))
            } else {
                (0, 0)
            };
            self.bounds[q] = bounds.0;
            self.bounds[q + 1] = bounds.1;
            q += 2;
        }
    }
}

/// A sample of a quad and its exponent (T.814 7.3.8), nought where it is insignificant.
#[inline(always)]
fn sample(bits: &mut Forward<'_>, quad: Quad, bound: u32, plane: u32, n: u32) -> (u32, u8) {
    // All ones where significant: without branches, for these could not be foreseen.
    let there = 0_u32.wrapping_sub(quad.significant() >> n & 1);
    let length = (bound - (u32::from(quad.0) >> (12 + n) & 1)) & there;
    let coded = bits.peek() & ((1 << length) - 1);
    bits.pass(length);
    let value = coded as u32 | (u32::from(quad.0) >> (8 + n) & 1) << length;
    let size = ((value | 1).wrapping_add(2) << plane) & 0x7FFF_FFFF;
    let exponent = 32 - (value | 1).leading_zeros();
    ((value << 31 | size) & there, (exponent & there) as u8)
}

/// The set of passes to decode.
struct Set {
    /// Bit-planes that stand before it.
    before: u32,
    start: usize,
    cleanup: usize,
    refinements: u16,
    refinement: usize,
}

impl Set {
    /// The last whose cleanup pass is there whole.
    fn last(segments: &[Segment], available: usize) -> Option<Self> {
        let (mut passes, mut start) = (0_u32, 0_usize);
        let mut found: Option<Self> = None;
        for segment in segments {
            let end = start.saturating_add(segment.length);
            if end > available {
                break;
            }
            if segment.room % 3 == 1 {
                // Earlier passes that were left out count with it.
                let before = (passes + u32::from(segment.passes).saturating_sub(1)) / 3;
                if segment.length > 0 {
                    found = Some(Self {
                        before,
                        start,
                        cleanup: segment.length,
                        refinements: 0,
                        refinement: 0,
                    });
                }
            } else if let Some(set) = &mut found
                && set.start.saturating_add(set.cleanup) == start
            {
                set.refinements = segment.passes;
                set.refinement = segment.length;
            }
            passes += u32::from(segment.passes);
            start = end;
        }
        found
    }
}

/// The context of a quad (T.814 equations 1 and 2).
#[inline(always)]
fn context(own: &[Quad; QUADS], above: Option<&[Quad; QUADS]>, q: usize) -> u32 {
    let left = own[q - 1].significant();
    match above {
        None => (left | left >> 1) & 1 | (left >> 1 & 6),
        Some(above) => {
            let (nearest, before, after) = (
                above[q].significant(),
                above[q - 1].significant(),
                above[q + 1].significant(),
            );
            (before >> 3 | nearest >> 1) & 1
                | ((left >> 2 | left >> 3) & 1) << 1
                | ((nearest >> 3 | after >> 1) & 1) << 2
        }
    }
}

/// A quad's code, or that none of its samples is significant.
#[inline(always)]
fn quad(bits: &mut Backward<'_>, runs: &mut Runs<'_>, table: &Table, context: u32) -> Quad {
    if context == 0 && !runs.symbol() {
        return Quad::default();
    }
    let quad = table[(context << 7 | (bits.peek() & 127) as u32) as usize & 1023];
    bits.pass(quad.length());
    quad
}

/// The first part of a bound (T.814 Table 3): value, length.
#[inline(always)]
fn prefix(bits: &mut Backward<'_>) -> u32 {
    let (value, length) = match bits.peek() & 7 {
        0 => (5, 3),
        4 => (3, 3),
        2 | 6 => (2, 2),
        _ => (1, 1),
    };
    bits.pass(length);
    value
}

/// The second part of a bound after a first.
#[inline(always)]
fn suffix(bits: &mut Backward<'_>, prefix: u32) -> u32 {
    let length = match prefix {
        5 => 5,
        3 => 1,
        _ => 0,
    };
    let value = (bits.peek() & ((1 << length) - 1)) as u32;
    bits.pass(length);
    value
}

/// What a third part adds after a second.
#[inline(always)]
fn extension(bits: &mut Backward<'_>, suffix: u32) -> u32 {
    if suffix < 28 {
        return 0;
    }
    let value = (bits.peek() & 15) as u32;
    bits.pass(4);
    4 * value
}

/// The bound of one quad of a pair.
#[inline(always)]
fn bound(bits: &mut Backward<'_>) -> u8 {
    let first = prefix(bits);
    let second = suffix(bits, first);
    (first + second + extension(bits, second)) as u8
}

/// The bounds of both quads of a pair (T.814 7.3.6).
fn both(bits: &mut Backward<'_>, first_row: bool, runs: &mut Runs<'_>) -> (u8, u8) {
    let more = if first_row && runs.symbol() { 2 } else { 0 };
    let one = prefix(bits);
    // In the first row the second bound is at most 2 after a large first one.
    let short = first_row && more == 0 && one > 2;
    let two = if short {
        let bit = (bits.peek() & 1) as u32;
        bits.pass(1);
        1 + bit
    } else {
        prefix(bits)
    };
    let second = suffix(bits, one);
    let fourth = if short { 0 } else { suffix(bits, two) };
    let one = one + second + extension(bits, second) + more;
    let two = two + fourth + extension(bits, fourth) + more;
    (one as u8, two as u8)
}
