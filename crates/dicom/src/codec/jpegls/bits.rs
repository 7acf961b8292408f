//! Entropy coded bits of JPEG-LS (T.87 A.1, A.5.3).

/// Entropy coded bits: after a byte of 0xFF only seven bits of the next count.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the top.
    cache: u64,
    held: u32,
    after_ff: bool,
    /// Bits made up past the end, so that a truncated stream ends instead of hanging.
    missing: u32,
}

/// True when one of four bytes is 0xFF.
fn has_ff(word: u32) -> bool {
    let inverse = !word;
    inverse.wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            cache: 0,
            held: 0,
            after_ff: false,
            missing: 0,
        }
    }

    /// Offset after the bits: reading ahead stops at the next marker, having taken its first byte.
    pub(super) fn position(&self) -> usize {
        self.at - usize::from(self.after_ff)
    }

    /// Steps over the next restart marker, when one comes before any other marker.
    pub(super) fn restart(&mut self) -> bool {
        let mut at = self.position();
        while let Some(pair) = self.bytes.get(at..at + 2) {
            match pair {
                [0xFF, 0xD0..=0xD7] => {
                    *self = Self {
                        at: at + 2,
                        ..Self::new(self.bytes)
                    };
                    return true;
                }
                [0xFF, 0x80..=0xFE] => return false,
                _ => at += 1,
            }
        }
        false
    }

    /// Holds 32 bits at least.
    #[inline]
    fn fill(&mut self) {
        if let Some(&[a, b, c, d]) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk)
            && !self.after_ff
            && self.held <= 32
        {
            let word = u32::from_be_bytes([a, b, c, d]);
            if !has_ff(word) {
                self.cache |= u64::from(word) << (32 - self.held);
                self.held += 32;
                self.at += 4;
                return;
            }
        }
        self.fill_slowly();
    }

    /// Byte by byte: near a byte of 0xFF, and at the end.
    fn fill_slowly(&mut self) {
        while self.held <= 56 {
            let byte = match self.bytes.get(self.at) {
                Some(&byte) if !(self.after_ff && byte >= 0x80) => byte,
                _ => {
                    self.held += 8;
                    self.missing += 8;
                    continue;
                }
            };
            self.at += 1;
            let n = if self.after_ff { 7 } else { 8 };
            self.cache |= u64::from(byte) << (64 - n - self.held);
            self.held += n;
            self.after_ff = byte == 0xFF;
        }
    }

    /// `n` bits, at most 32.
    #[inline]
    pub(super) fn bits(&mut self, n: u32) -> i32 {
        if self.held < n {
            self.fill();
        }
        let value = (self.cache >> 1) >> (63 - n);
        self.cache <<= n;
        self.held -= n;
        value as i32
    }

    pub(super) fn exhausted(&self) -> bool {
        self.missing > 512
    }

    /// Limited-length Golomb code (T.87 A.5.3).
    #[inline]
    pub(super) fn golomb(&mut self, k: u32, limit: u32, qbpp: u32) -> i32 {
        if self.held < 32 {
            self.fill();
        }
        let mut zeros = self.cache.leading_zeros();
        if zeros < self.held {
            self.cache = (self.cache << zeros) << 1;
            self.held -= zeros + 1;
        } else {
            zeros = self.zeros();
            if zeros > 64 {
                return 0;
            }
        }
        if zeros < limit.saturating_sub(qbpp + 1) {
            ((zeros as i32) << k) + self.bits(k)
        } else {
            self.bits(qbpp) + 1
        }
    }

    /// Zeros up to the next one, which is taken too, where they are more than are held.
    #[cold]
    fn zeros(&mut self) -> u32 {
        let mut all = 0;
        loop {
            let zeros = self.cache.leading_zeros();
            if zeros < self.held {
                self.cache = (self.cache << zeros) << 1;
                self.held -= zeros + 1;
                return all + zeros;
            }
            all += self.held;
            (self.cache, self.held) = (0, 0);
            if all > 64 {
                return all;
            }
            self.fill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits as the recommendation reads them: one by one.
    fn plainly(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut after_ff = false;
        for byte in bytes {
            let n = if after_ff { 7 } else { 8 };
            out.extend((0..n).rev().map(|i| byte >> i & 1));
            after_ff = *byte == 0xFF;
        }
        out
    }

    #[test]
    fn any_cut_of_the_bits_gives_the_same_bits() {
        let bytes: Vec<u8> = (0..200_u32)
            .map(|i| match i % 7 {
                0 => 0xFF,
                1 => (i * 13 % 128) as u8,
                _ => (i.wrapping_mul(2_654_435_761) >> 24) as u8 & 0xFE,
            })
            .collect();
        let expected = plainly(&bytes);
        for n in [1, 3, 8, 13, 25, 32] {
            let mut bits = Bits::new(&bytes);
            for part in expected.chunks_exact(n) {
                let value = part.iter().fold(0_u32, |v, bit| v << 1 | u32::from(*bit));
                assert_eq!(bits.bits(n as u32).cast_unsigned(), value);
            }
        }
    }

    #[test]
    fn long_runs_of_zeros_are_counted() {
        let mut bytes = [0_u8; 16];
        bytes[5] = 0b0000_0101;
        bytes[6] = 0b1000_0000;
        let mut bits = Bits::new(&bytes);
        // 45 zeros and a one, then two bits for k.
        assert_eq!(bits.golomb(2, 64, 8), (45 << 2) + 0b01);
        assert_eq!(bits.bits(1), 1);
    }
}
