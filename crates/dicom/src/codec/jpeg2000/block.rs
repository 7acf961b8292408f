//! A code-block of Part 1: bit-planes in three passes (T.800 Annex D).
//!
//! One word of flags holds a stripe's column: the significance of the four samples and of all their neighbours, so
//! that a context is one look into a table.

use super::contexts::{Orientation, REFINE, RUN, SIGN_CODING, START, UNIFORM, zero_coding};
use super::mq::{Context, Mq, Raw};

/// Code-block style: arithmetic coding is left out of some passes (T.800 Table A.19).
pub(super) const BYPASS: u8 = 1;
/// Code-block style: contexts begin anew with each pass.
pub(super) const RESET: u8 = 2;
/// Code-block style: each pass ends its codeword segment.
pub(super) const TERMINATE: u8 = 4;
/// Code-block style: contexts do not look into the next stripe.
pub(super) const CAUSAL: u8 = 8;
/// Code-block style: four symbols end each cleanup pass.
pub(super) const SYMBOLS: u8 = 32;

/// Most magnitude bit-planes: with half a step and the sign they fill 32 bits.
pub(super) const MOST_PLANES: u32 = 30;

/// Flags: rows -1 to 4 in steps of three bits, in each the left, own and right column.
const SIGNIFICANT: u32 = 0x3_FFFF;
/// Flags: the four samples themselves.
const OWN: u32 = 0x2490;
/// Flags: the neighbourhood of the first sample without itself.
const AROUND: u32 = 0x1EF;
/// Flags: signs, from the sample above the stripe to that below.
const SIGNS: u32 = 18;
/// Flags: refined before.
const REFINED: u32 = 24;
/// Flags: decoded in this bit-plane.
const VISITED: u32 = 28;

/// Cells of the scratch buffers, a power of two that any code-block fits in.
const CELLS: usize = 4096;
const MASK: usize = CELLS - 1;

/// A codeword segment: how many passes, how many it may have, how many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) passes: u16,
    pub(super) room: u16,
    pub(super) length: usize,
}

/// What of a code-block the headers say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) orientation: Orientation,
    /// Magnitude bit-planes of the subband.
    pub(super) all_planes: u32,
    /// Those from the first that passes were coded for.
    pub(super) planes: u32,
    pub(super) style: u8,
}

/// A decoder of code-blocks, kept for its memory.
#[derive(Debug)]
pub(super) struct Coder {
    flags: Box<[u32; CELLS]>,
    /// Sign in bit 31, below it twice the magnitude, halfway through what is not decoded; stripe by stripe, in it
    /// column by column.
    samples: Box<[u32; CELLS]>,
    /// The same row by row.
    rows: Box<[u32; CELLS]>,
    contexts: [Context; 32],
    width: usize,
    height: usize,
    style: u8,
}

impl Default for Coder {
    fn default() -> Self {
        Self {
            flags: Box::new([0; CELLS]),
            samples: Box::new([0; CELLS]),
            rows: Box::new([0; CELLS]),
            contexts: START,
            width: 0,
            height: 0,
            style: 0,
        }
    }
}

impl Coder {
    /// Decodes the passes that are there. Gives the samples row by row: sign in bit 31, below it twice the magnitude.
    /// A code-block has at most 4096 samples (T.800 Table A.18).
    pub(super) fn decode(&mut self, shape: &Shape, segments: &[Segment], data: &[u8]) -> &mut [u32] {
        let stripes = shape.height.div_ceil(4);
        if shape.width * stripes * 4 > CELLS || shape.planes > MOST_PLANES {
            return &mut [];
        }
        (self.width, self.height, self.style) = (shape.width, shape.height, shape.style);
        self.flags[..((stripes + 2) * (self.width + 2)).min(CELLS)].fill(0);
        self.samples[..self.width * stripes * 4].fill(0);
        self.contexts = START;
        self.passes(shape, segments, data);
        for (stripe, rows) in self.rows.chunks_mut(self.width * 4).take(stripes).enumerate() {
            let columns = self.samples[stripe * self.width * 4..].as_chunks::<4>().0;
            let (first, rest) = rows.split_at_mut(self.width);
            let (second, rest) = rest.split_at_mut(self.width);
            let (third, fourth) = rest.split_at_mut(self.width);
            let rows = first.iter_mut().zip(second).zip(third).zip(fourth);
            for (column, (((a, b), c), d)) in columns.iter().zip(rows) {
                [*a, *b, *c, *d] = *column;
            }
        }
        &mut self.rows[..self.width * self.height]
    }

    fn passes(&mut self, shape: &Shape, segments: &[Segment], data: &[u8]) {
        let mut passes = 0_u32;
        let mut rest = data;
        for segment in segments {
            let whole = segment.length <= rest.len();
            let (now, later) = rest.split_at(segment.length.min(rest.len()));
            rest = later;
            // After four bit-planes, significance and refinement come as they are.
            let raw = shape.style & BYPASS != 0 && passes >= 10 && !passes.is_multiple_of(3);
            let (mut mq, mut bits) = (Mq::new(now), Raw::new(now));
            for _ in 0..segment.passes {
                // The first plane has a cleanup pass only.
                let Some(plane) = shape.planes.checked_sub(1 + passes.div_ceil(3)) else {
                    return;
                };
                match (passes % 3, raw) {
                    (0, _) => self.cleanup(&mut mq, plane, shape.orientation),
                    (1, false) => self.propagate(&mut mq, plane, shape.orientation),
                    (1, true) => self.propagate_raw(&mut bits, plane),
                    (_, false) => self.refine(&mut mq, plane),
                    (_, true) => self.refine_raw(&mut bits, plane),
                }
                passes += 1;
                if shape.style & RESET != 0 {
                    self.contexts = START;
                }
                // What follows a cut is noise.
                if !whole && if raw { bits.ran_out() } else { mq.ran_out() } {
                    return;
                }
            }
        }
    }

    /// Significance propagation (T.800 D.3.1).
    fn propagate(&mut self, reader: &mut Mq<'_>, plane: u32, orientation: Orientation) {
        let (width, height) = (self.width, self.height);
        let mut pass = self.pass(*reader, plane, orientation);
        for stripe in 0..height.div_ceil(4) {
            let rows = (height - stripe * 4).min(4) as u32;
            for column in 0..width {
                let (at, cell) = place(stripe, column, width);
                let mut word = pass.flags[at & MASK];
                if word & SIGNIFICANT == 0 {
                    continue;
                }
                if rows == 4 {
                    word = pass.propagate(word, at, cell, 0);
                    word = pass.propagate(word, at, cell, 1);
                    word = pass.propagate(word, at, cell, 2);
                    word = pass.propagate(word, at, cell, 3);
                } else {
                    for row in 0..rows {
                        word = pass.propagate(word, at, cell, row);
                    }
                }
                pass.flags[at & MASK] = word;
            }
        }
        *reader = pass.mq;
    }

    /// Magnitude refinement (T.800 D.3.3).
    fn refine(&mut self, reader: &mut Mq<'_>, plane: u32) {
        let (width, height) = (self.width, self.height);
        let mut pass = self.pass(*reader, plane, Orientation::Ll);
        for stripe in 0..height.div_ceil(4) {
            let rows = (height - stripe * 4).min(4) as u32;
            for column in 0..width {
                let (at, cell) = place(stripe, column, width);
                let mut word = pass.flags[at & MASK];
                if word & OWN == 0 {
                    continue;
                }
                if rows == 4 {
                    word = pass.refine(word, cell, 0);
                    word = pass.refine(word, cell, 1);
                    word = pass.refine(word, cell, 2);
                    word = pass.refine(word, cell, 3);
                } else {
                    for row in 0..rows {
                        word = pass.refine(word, cell, row);
                    }
                }
                pass.flags[at & MASK] = word;
            }
        }
        *reader = pass.mq;
    }

    /// Cleanup (T.800 D.3.4).
    fn cleanup(&mut self, reader: &mut Mq<'_>, plane: u32, orientation: Orientation) {
        let (width, height) = (self.width, self.height);
        let symbols = self.style & SYMBOLS != 0;
        let mut pass = self.pass(*reader, plane, orientation);
        for stripe in 0..height.div_ceil(4) {
            let rows = (height - stripe * 4).min(4) as u32;
            for column in 0..width {
                let (at, cell) = place(stripe, column, width);
                let mut word = pass.flags[at & MASK];
                if rows < 4 {
                    for row in 0..rows {
                        word = pass.clean(word, at, cell, row);
                    }
                } else if word & SIGNIFICANT != 0 {
                    word = pass.clean(word, at, cell, 0);
                    word = pass.clean(word, at, cell, 1);
                    word = pass.clean(word, at, cell, 2);
                    word = pass.clean(word, at, cell, 3);
                } else {
                    if pass.mq.decode(&mut pass.contexts[RUN]) == 0 {
                        continue;
                    }
                    let first = pass.mq.decode(&mut pass.contexts[UNIFORM]) << 1;
                    let first = first | pass.mq.decode(&mut pass.contexts[UNIFORM]);
                    word = pass.found(word, at, cell, first);
                    for row in first + 1..4 {
                        word = pass.clean(word, at, cell, row);
                    }
                }
                pass.flags[at & MASK] = word & !(0xF << VISITED);
            }
        }
        if symbols {
            for _ in 0..4 {
                pass.mq.decode(&mut pass.contexts[UNIFORM]);
            }
        }
        *reader = pass.mq;
    }

    fn pass<'a, 'd>(&'a mut self, mq: Mq<'d>, plane: u32, orientation: Orientation) -> Pass<'a, 'd> {
        Pass {
            mq,
            flags: &mut self.flags,
            samples: &mut self.samples,
            contexts: &mut self.contexts,
            table: zero_coding(orientation),
            stride: self.width + 2,
            plane,
            causal: self.style & CAUSAL != 0,
        }
    }

    /// Significance propagation without arithmetic coding (T.800 D.6).
    fn propagate_raw(&mut self, bits: &mut Raw<'_>, plane: u32) {
        let (width, height) = (self.width, self.height);
        let causal = self.style & CAUSAL != 0;
        for stripe in 0..height.div_ceil(4) {
            let rows = (height - stripe * 4).min(4) as u32;
            for column in 0..width {
                let (at, cell) = place(stripe, column, width);
                let mut word = self.flags[at & MASK];
                for row in 0..rows {
                    let around = word >> (3 * row);
                    if around & 0x10 != 0 || around & AROUND == 0 {
                        continue;
                    }
                    if bits.bit() != 0 {
                        let sign = bits.bit();
                        self.samples[(cell + row as usize) & MASK] = (sign << 31) | (3 << plane);
                        word = mark(&mut self.flags, word, at, width + 2, row, sign, causal);
                    }
                    word |= 1 << (VISITED + row);
                }
                self.flags[at & MASK] = word;
            }
        }
    }

    /// Magnitude refinement without arithmetic coding (T.800 D.6).
    fn refine_raw(&mut self, bits: &mut Raw<'_>, plane: u32) {
        let (width, height) = (self.width, self.height);
        for stripe in 0..height.div_ceil(4) {
            let rows = (height - stripe * 4).min(4) as u32;
            for column in 0..width {
                let (at, cell) = place(stripe, column, width);
                let mut word = self.flags[at & MASK];
                for row in 0..rows {
                    if word >> (3 * row) & 0x10 == 0 || word >> (VISITED + row) & 1 != 0 {
                        continue;
                    }
                    let sample = &mut self.samples[(cell + row as usize) & MASK];
                    *sample = refined(*sample, bits.bit(), 1 << plane);
                    word |= 1 << (REFINED + row);
                }
                self.flags[at & MASK] = word;
            }
        }
    }
}

/// A pass with arithmetic coding under way.
struct Pass<'a, 'd> {
    mq: Mq<'d>,
    flags: &'a mut [u32; CELLS],
    samples: &'a mut [u32; CELLS],
    contexts: &'a mut [Context; 32],
    table: &'static [u8; 512],
    stride: usize,
    plane: u32,
    causal: bool,
}

// Each gives the new flags of the sample's column.
impl Pass<'_, '_> {
    #[inline(always)]
    fn propagate(&mut self, word: u32, at: usize, cell: usize, row: u32) -> u32 {
        let around = word >> (3 * row);
        if around & 0x10 != 0 || around & AROUND == 0 {
            return word;
        }
        let cx = usize::from(self.table[(around & 0x1FF) as usize]);
        let word = word | 1 << (VISITED + row);
        if self.mq.decode(&mut self.contexts[cx & 31]) != 0 {
            self.found(word, at, cell, row)
        } else {
            word
        }
    }

    #[inline(always)]
    fn refine(&mut self, word: u32, cell: usize, row: u32) -> u32 {
        let around = word >> (3 * row);
        if around & 0x10 == 0 || word >> (VISITED + row) & 1 != 0 {
            return word;
        }
        let cx = if word >> (REFINED + row) & 1 != 0 {
            REFINE + 2
        } else {
            REFINE + usize::from(around & AROUND != 0)
        };
        let bit = self.mq.decode(&mut self.contexts[cx]);
        let sample = &mut self.samples[(cell + row as usize) & MASK];
        *sample = refined(*sample, bit, 1 << self.plane);
        word | 1 << (REFINED + row)
    }

    #[inline(always)]
    fn clean(&mut self, word: u32, at: usize, cell: usize, row: u32) -> u32 {
        let around = word >> (3 * row);
        if around & 0x10 != 0 || word >> (VISITED + row) & 1 != 0 {
            return word;
        }
        let cx = usize::from(self.table[(around & 0x1FF) as usize]);
        if self.mq.decode(&mut self.contexts[cx & 31]) != 0 {
            self.found(word, at, cell, row)
        } else {
            word
        }
    }

    /// A sample has become significant: its sign (T.800 D.3.2) and its place in all contexts around.
    #[inline(always)]
    fn found(&mut self, word: u32, at: usize, cell: usize, row: u32) -> u32 {
        let left = self.flags[at.wrapping_sub(1) & MASK] >> (SIGNS + 1 + row) & 1;
        let right = self.flags[(at + 1) & MASK] >> (SIGNS + 1 + row) & 1;
        let above = word >> (SIGNS + row) & 1;
        let below = word >> (SIGNS + 2 + row) & 1;
        let index = (word >> (3 * row) & 0xAA) | above | left << 2 | right << 4 | below << 6;
        let coded = SIGN_CODING[(index & 0xFF) as usize];
        let sign = self.mq.decode(&mut self.contexts[usize::from(coded & 31)]) ^ u32::from(coded >> 7);
        self.samples[(cell + row as usize) & MASK] = (sign << 31) | (3 << self.plane);
        mark(self.flags, word, at, self.stride, row, sign, self.causal)
    }
}

/// Where a stripe's column has its flags and its first sample.
#[inline(always)]
fn place(stripe: usize, column: usize, width: usize) -> (usize, usize) {
    (
        (stripe + 1) * (width + 2) + column + 1,
        (stripe * width + column) * 4,
    )
}

/// Half a step up or down: the middle of the half that the bit chose.
#[inline(always)]
fn refined(sample: u32, bit: u32, half: u32) -> u32 {
    if bit != 0 {
        sample.wrapping_add(half)
    } else {
        sample.wrapping_sub(half)
    }
}

/// Tells all neighbours of a sample that has become significant; gives its own column's new flags.
#[inline(always)]
fn mark(
    flags: &mut [u32; CELLS],
    word: u32,
    at: usize,
    stride: usize,
    row: u32,
    sign: u32,
    causal: bool,
) -> u32 {
    flags[at.wrapping_sub(1) & MASK] |= 0x20 << (3 * row);
    flags[(at + 1) & MASK] |= 0x08 << (3 * row);
    if row == 0 && !causal {
        let above = at.wrapping_sub(stride);
        flags[above.wrapping_sub(1) & MASK] |= 1 << 17;
        flags[above & MASK] |= 1 << 16 | sign << (SIGNS + 5);
        flags[above.wrapping_add(1) & MASK] |= 1 << 15;
    }
    if row == 3 {
        let below = at + stride;
        flags[(below - 1) & MASK] |= 1 << 2;
        flags[below & MASK] |= 1 << 1 | sign << SIGNS;
        flags[(below + 1) & MASK] |= 1;
    }
    word | 0x10 << (3 * row) | sign << (SIGNS + 1 + row)
}
