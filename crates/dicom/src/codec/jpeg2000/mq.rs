//! The MQ arithmetic decoder (T.800 Annex C) and the raw bits that lazy coding mixes with it (D.6).
//!
//! The two registers A and C are kept as their distance to the next event: while both `A - 0x8000` and `C` stay at
//! or above nought a more probable symbol costs one subtraction. All registers are scaled so that A's leading bit
//! is bit 31.

/// A context: the probability of its less probable symbol in the upper half, its state and expected symbol below.
pub(super) type Context = u32;

/// Probability (Qe), next state after a more and after a less probable symbol, whether the symbols change places:
/// T.800 Table C.2.
const STATES: [(u16, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0AC1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1C01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1C01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0AC1, 31, 28, false),
    (0x09C1, 32, 29, false),
    (0x08A1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02A1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// The context in a state of Table C.2 that expects a symbol.
pub(super) const fn context(state: u8, symbol: u32) -> Context {
    ((STATES[state as usize].0 as u32) << 16) | ((state as u32) << 1) | symbol
}

/// After a more (first half) and a less probable symbol (second half), by state and expected symbol.
static NEXT: [Context; 256] = next();

const fn next() -> [Context; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 94 {
        let (_, more, less, change) = STATES[at / 2];
        let symbol = (at & 1) as u32;
        table[at] = context(more, symbol);
        table[at + 128] = context(less, if change { 1 - symbol } else { symbol });
        at += 1;
    }
    table
}

/// The MQ decoder over one codeword segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mq<'a> {
    data: &'a [u8],
    at: usize,
    a: u32,
    c: u32,
    d: i32,
    /// Shifts until the next byte is needed.
    shifts: u32,
}

impl<'a> Mq<'a> {
    /// INITDEC (T.800 C.3.5). After its end a segment reads as ones.
    pub(super) fn new(data: &'a [u8]) -> Self {
        let mut mq = Self {
            data,
            at: 0,
            a: 0x8000_0000,
            c: 0,
            d: 0,
            shifts: 0,
        };
        mq.c = mq.byte(0) << 16;
        mq.fill();
        mq.c <<= 7;
        mq.shifts -= 7;
        mq.part();
        mq
    }

    /// Whether more was asked for than the segment holds, by more than an encoder leaves out.
    pub(super) fn ran_out(&self) -> bool {
        self.at > self.data.len().saturating_add(3)
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u32 {
        self.data.get(at).map_or(0xFF, |b| u32::from(*b))
    }

    /// BYTEIN (T.800 C.3.4).
    #[inline(always)]
    fn fill(&mut self) {
        let next = self.byte(self.at + 1);
        if self.byte(self.at) == 0xFF {
            if next > 0x8F {
                self.c = self.c.wrapping_add(0xFF00);
                self.shifts = 8;
                // Stays on the marker; what lies past the end is counted all the same.
                if self.at >= self.data.len() {
                    self.at += 1;
                }
            } else {
                self.at += 1;
                self.c = self.c.wrapping_add(next << 9);
                self.shifts = 7;
            }
        } else {
            self.at += 1;
            self.c = self.c.wrapping_add(next << 8);
            self.shifts = 8;
        }
    }

    /// Takes the largest step to the next event out of both registers.
    #[inline(always)]
    fn part(&mut self) {
        let reach = self.a.wrapping_sub(0x8000_0000).min(self.c).min(i32::MAX as u32);
        self.d = reach as i32;
        self.a = self.a.wrapping_sub(reach);
        self.c = self.c.wrapping_sub(reach);
    }

    /// DECODE (T.800 C.3.2).
    #[inline(always)]
    pub(super) fn decode(&mut self, cx: &mut Context) -> u32 {
        let state = *cx;
        self.d -= (state & 0xFFFF_0000) as i32;
        if self.d >= 0 {
            return state & 1;
        }
        self.settle(cx)
    }

    /// The rest of DECODE: exchange and RENORMD (T.800 C.3.2, C.3.3).
    #[inline(always)]
    fn settle(&mut self, cx: &mut Context) -> u32 {
        let state = *cx;
        let probability = state & 0xFFFF_0000;
        let symbol = state & 1;
        let index = (state & 0x7F) as usize;
        self.a = self.a.wrapping_add_signed(self.d);
        let upper = self.c.wrapping_add_signed(self.d);
        let short = self.a < probability;
        let bit;
        // C below Qe: before the subtraction of Qe it was not negative.
        if self.c < self.d.unsigned_abs() {
            self.c = upper.wrapping_add(probability);
            self.a = probability;
            bit = symbol ^ u32::from(!short);
            *cx = NEXT[index + if short { 0 } else { 128 }];
        } else {
            self.c = upper;
            bit = symbol ^ u32::from(short);
            *cx = NEXT[index + if short { 128 } else { 0 }];
        }
        loop {
            if self.shifts == 0 {
                self.fill();
            }
            let shift = self.a.leading_zeros().min(self.shifts);
            self.a <<= shift;
            self.c <<= shift;
            self.shifts -= shift;
            if self.a >= 0x8000_0000 || self.a == 0 {
                break;
            }
        }
        self.part();
        bit
    }
}

/// Bits as they are, the first in a byte's top; after a byte of ones the next has seven (T.800 D.6).
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    data: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
}

impl<'a> Raw<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            byte: 0,
            left: 0,
        }
    }

    /// Whether bits past the segment's end were asked for.
    pub(super) fn ran_out(&self) -> bool {
        self.at > self.data.len()
    }

    #[inline]
    pub(super) fn bit(&mut self) -> u32 {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = self.data.get(self.at).copied().unwrap_or(0xFF);
            self.at += 1;
        }
        self.left -= 1;
        u32::from(self.byte >> self.left) & 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test sequence of T.88 H.2 (the same coder as T.800's): 30 bytes to 256 decisions in one context.
    #[test]
    fn the_standards_test_sequence_decodes() {
        let coded = [
            0x84, 0xC7, 0x3B, 0xFC, 0xE1, 0xA1, 0x43, 0x04, 0x02, 0x20, 0x00, 0x00, 0x41, 0x0D, 0xBB, 0x86,
            0xF4, 0x31, 0x7F, 0xFF, 0x88, 0xFF, 0x37, 0x47, 0x1A, 0xDB, 0x6A, 0xDF, 0xFF, 0xAC,
        ];
        let plain = [
            0x00, 0x02, 0x00, 0x51, 0x00, 0x00, 0x00, 0xC0, 0x03, 0x52, 0x87, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA,
            0x82, 0xC0, 0x20, 0x00, 0xFC, 0xD7, 0x9E, 0xF6, 0xBF, 0x7F, 0xED, 0x90, 0x4F, 0x46, 0xA3, 0xBF,
        ];
        let mut mq = Mq::new(&coded);
        let mut cx = context(0, 0);
        for expected in plain {
            let byte = (0..8).fold(0, |byte, _| byte << 1 | mq.decode(&mut cx));
            assert_eq!(byte, expected);
        }
    }

    #[test]
    fn raw_bits_skip_the_stuffed_one_and_end_in_ones() {
        let mut raw = Raw::new(&[0xFF, 0x7F, 0x00]);
        let bits: Vec<u32> = (0..25).map(|_| raw.bit()).collect();
        assert_eq!(bits[..15], [1; 15]);
        assert_eq!(bits[15..23], [0; 8]);
        assert_eq!(bits[23..], [1; 2]);
        assert!(raw.ran_out());
    }
}
