//! The bit streams of a code-block of T.814: forward (magnitudes and signs, significance propagation), backward
//! (codes of quads, refinement), and the run lengths of MEL (T.814 clause 7.1).

use crate::codec::jpeg2000::mq::Raw;

/// Bits from the front, the first in a byte's bottom; after a byte of ones the next has seven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forward<'a> {
    data: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    stuffed: bool,
    /// What a byte past the end reads as.
    past: u8,
}

impl<'a> Forward<'a> {
    pub(super) fn new(data: &'a [u8], past: u8) -> Self {
        Self {
            data,
            at: 0,
            held: 0,
            count: 0,
            stuffed: false,
            past,
        }
    }

    /// The next bits, at least 32 of them.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> u64 {
        if self.count < 32 {
            self.fill();
        }
        self.held
    }

    /// Passes over at most 32 bits that were peeked at.
    #[inline(always)]
    pub(super) fn pass(&mut self, bits: u32) {
        self.held >>= bits;
        self.count -= bits;
    }

    pub(super) fn bit(&mut self) -> u32 {
        let bit = (self.peek() & 1) as u32;
        self.pass(1);
        bit
    }

    #[inline(always)]
    fn fill(&mut self) {
        if let Some(four) = self.data.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            let word = u32::from_le_bytes(*four);
            // No byte of ones among them: none is followed by a short one.
            let ones = (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080;
            if ones == 0 && !self.stuffed {
                self.held |= u64::from(word) << self.count;
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        while self.count <= 32 {
            let byte = self.data.get(self.at).copied().unwrap_or(self.past);
            self.at += 1;
            let bits = if self.stuffed { 7 } else { 8 };
            self.held |= u64::from(byte & (0xFF >> (8 - bits))) << self.count;
            self.count += bits;
            self.stuffed = byte == 0xFF;
        }
    }
}

/// Bits from the back, the first in a byte's bottom; before a byte above 0x8F one whose lower seven bits are ones has
/// seven. Past the front all are nought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backward<'a> {
    /// What is not read yet.
    data: &'a [u8],
    held: u64,
    count: u32,
    high: bool,
}

impl<'a> Backward<'a> {
    /// The codes of quads: the upper half of the last byte but one comes first (T.814 7.1.2).
    pub(super) fn codes(data: &'a [u8]) -> Self {
        let (rest, last) = match data {
            [rest @ .., last, _] => (rest, *last),
            _ => (&[][..], 0),
        };
        let first = last >> 4;
        Self {
            data: rest,
            held: u64::from(first),
            count: if first & 7 == 7 { 3 } else { 4 },
            high: last | 0x0F > 0x8F,
        }
        .cut()
    }

    /// Refinement: from the last byte (T.814 7.1.4).
    pub(super) fn refinement(data: &'a [u8]) -> Self {
        Self {
            data,
            held: 0,
            count: 0,
            high: true,
        }
    }

    /// Without bits that do not count.
    fn cut(mut self) -> Self {
        self.held &= (1 << self.count) - 1;
        self
    }

    /// The next bits, at least 32 of them.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> u64 {
        if self.count < 32 {
            self.fill();
        }
        self.held
    }

    /// Passes over at most 32 bits that were peeked at.
    #[inline(always)]
    pub(super) fn pass(&mut self, bits: u32) {
        self.held >>= bits;
        self.count -= bits;
    }

    pub(super) fn bit(&mut self) -> u32 {
        let bit = (self.peek() & 1) as u32;
        self.pass(1);
        bit
    }

    #[inline(always)]
    fn fill(&mut self) {
        if let Some((rest, four)) = self.data.split_last_chunk::<4>() {
            let word = u32::from_be_bytes(*four);
            let ones = (word & 0x7F7F_7F7F).wrapping_add(0x0101_0101) & 0x8080_8080;
            if ones == 0 {
                self.held |= u64::from(word) << self.count;
                self.count += 32;
                self.high = four[0] > 0x8F;
                self.data = rest;
                return;
            }
        }
        while self.count <= 32 {
            let (byte, rest) = match self.data.split_last() {
                Some((byte, rest)) => (*byte, rest),
                None => (0, self.data),
            };
            let bits = if self.high && byte & 0x7F == 0x7F { 7 } else { 8 };
            self.held |= u64::from(byte & (0xFF >> (8 - bits))) << self.count;
            self.count += bits;
            self.high = byte > 0x8F;
            self.data = rest;
        }
    }
}

/// The adaptive run lengths of quads whose neighbours are all insignificant (T.814 7.3.3).
#[derive(Clone, Copy, Debug)]
pub(super) struct Runs<'a> {
    bits: Raw<'a>,
    state: usize,
    run: u32,
    /// The run ends in a one.
    one: bool,
}

impl<'a> Runs<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            bits: Raw::new(data),
            state: 0,
            run: 0,
            one: false,
        }
    }

    /// The next symbol.
    #[inline]
    pub(super) fn symbol(&mut self) -> bool {
        /// Exponents of the run lengths.
        const EXPONENTS: [u8; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];
        if self.run == 0 && !self.one {
            let exponent = EXPONENTS[self.state.min(12)];
            if self.bits.bit() == 1 {
                self.run = 1 << exponent;
                self.state = (self.state + 1).min(12);
            } else {
                for _ in 0..exponent {
                    self.run = self.run << 1 | self.bits.bit();
                }
                self.state = self.state.saturating_sub(1);
                self.one = true;
            }
        }
        if self.run > 0 {
            self.run -= 1;
            false
        } else {
            self.one = false;
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forward_bits_skip_the_stuffed_one() {
        let mut bits = Forward::new(&[0xFF, 0x7F, 0x01, 0, 0, 0, 0, 0], 0xFF);
        let read: Vec<u32> = (0..17).map(|_| bits.bit()).collect();
        assert_eq!(read[..16], [1; 16]);
        assert_eq!(read[16], 0);
    }

    #[test]
    fn both_ways_of_filling_agree() {
        // Without bytes of ones, the long way gives the same: one byte at a time from a shorter slice.
        let data: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(37) & 0x7E).collect();
        let mut long = Forward::new(&data, 0);
        for byte in &data {
            for k in 0..8 {
                assert_eq!(long.bit(), u32::from(byte >> k) & 1);
            }
        }
        let mut back = Backward::refinement(&data);
        for byte in data.iter().rev() {
            for k in 0..8 {
                assert_eq!(back.bit(), u32::from(byte >> k) & 1);
            }
        }
        assert_eq!(back.bit(), 0, "nought past the front");
    }

    #[test]
    fn backward_bits_skip_the_stuffed_one() {
        let mut bits = Backward::refinement(&[0x01, 0x7F, 0x90]);
        // 0x90 whole, seven bits of 0x7F after a byte above 0x8F, then 0x01.
        let read: Vec<u32> = (0..16).map(|_| bits.bit()).collect();
        assert_eq!(read, [0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn runs_follow_the_states() {
        // 1 1 1: three runs of one nought; then 1: a run of two (exponent 1); 0 1: one nought, then a one.
        let mut runs = Runs::new(&[0b1111_0100]);
        let read: Vec<bool> = (0..7).map(|_| runs.symbol()).collect();
        assert_eq!(read, [false, false, false, false, false, false, true]);
    }
}
