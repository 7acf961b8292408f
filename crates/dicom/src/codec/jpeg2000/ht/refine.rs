//! The two refining passes of T.814 (clauses 7.4 and 7.5), for the bit-plane below the cleanup pass.

use super::bits::{Backward, Forward};
use crate::codec::jpeg2000::block::{CAUSAL, Shape};

/// Significant in the cleanup pass.
const CLEANED: u8 = 1;
/// Significant since the propagation pass.
const NEW: u8 = 2;

/// Significance with a border of one sample, kept for its memory.
#[derive(Debug, Default)]
pub(super) struct Refinement {
    state: Vec<u8>,
}

impl Refinement {
    /// Refines samples at a bit-plane; `both` tells that magnitudes are refined after the propagation.
    pub(super) fn apply(
        &mut self,
        samples: &mut [u32],
        stride: usize,
        shape: &Shape,
        data: &[u8],
        plane: u32,
        both: bool,
    ) {
        let across = shape.width + 2;
        self.state.clear();
        self.state.resize(across * (shape.height + 2), 0);
        for (y, row) in samples.chunks(stride).take(shape.height).enumerate() {
            let states = &mut self.state[(y + 1) * across + 1..][..shape.width];
            for (state, sample) in states.iter_mut().zip(row) {
                *state = u8::from(sample & 0x7FFF_FFFF != 0) * CLEANED;
            }
        }
        self.propagate(samples, stride, shape, data, plane);
        if both {
            let mut bits = Backward::refinement(data);
            let half = 1 << plane;
            for top in (0..shape.height).step_by(4) {
                for x in 0..shape.width {
                    for y in top..shape.height.min(top + 4) {
                        if self.state[(y + 1) * across + x + 1] == CLEANED {
                            let sample = &mut samples[y * stride + x];
                            *sample = if bits.bit() == 1 {
                                sample.wrapping_add(half)
                            } else {
                                sample.wrapping_sub(half)
                            };
                        }
                    }
                }
            }
        }
    }

    /// Stripe by stripe, four columns at a time: first who becomes significant, then the signs of those.
    fn propagate(&mut self, samples: &mut [u32], stride: usize, shape: &Shape, data: &[u8], plane: u32) {
        let across = shape.width + 2;
        let causal = shape.style & CAUSAL != 0;
        let mut bits = Forward::new(data, 0);
        for top in (0..shape.height).step_by(4) {
            let bottom = shape.height.min(top + 4);
            for left in (0..shape.width).step_by(4) {
                let right = shape.width.min(left + 4);
                let mut new = [(0, 0); 16];
                let mut count = 0;
                for x in left..right {
                    for y in top..bottom {
                        let at = (y + 1) * across + x + 1;
                        if self.state[at] != 0 {
                            continue;
                        }
                        let row =
                            |from: usize| self.state[from] | self.state[from + 1] | self.state[from + 2];
                        let blind = causal && y == top + 3;
                        let below = if blind { 0 } else { row(at + across - 1) };
                        if row(at - across - 1) | row(at - 1) | below != 0 && bits.bit() == 1 {
                            self.state[at] = NEW;
                            new[count] = (x, y);
                            count += 1;
                        }
                    }
                }
                for (x, y) in &new[..count] {
                    samples[y * stride + x] = bits.bit() << 31 | 3 << plane;
                }
            }
        }
    }
}
