//! Entropy coded bits of JPEG-LS (T.87 A.1, A.5.3).

/// Entropy coded bits: after a byte of 0xFF only seven bits of the next count.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    cache: u64,
    held: u32,
    after_ff: bool,
    /// Bits made up past the end, so that a truncated stream ends instead of hanging.
    missing: u32,
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

    fn fill(&mut self) {
        while self.held <= 48 {
            let byte = match self.bytes.get(self.at) {
                Some(&byte) if !(self.after_ff && byte >= 0x80) => byte,
                _ => {
                    self.cache <<= 8;
                    self.held += 8;
                    self.missing += 8;
                    continue;
                }
            };
            self.at += 1;
            let n = if self.after_ff { 7 } else { 8 };
            self.cache = (self.cache << n) | u64::from(byte);
            self.held += n;
            self.after_ff = byte == 0xFF;
        }
    }

    pub(super) fn bits(&mut self, n: u32) -> i32 {
        if n == 0 {
            return 0;
        }
        if self.held < n {
            self.fill();
        }
        self.held -= n;
        ((self.cache >> self.held) & ((1 << n) - 1)) as i32
    }

    pub(super) fn exhausted(&self) -> bool {
        self.missing > 512
    }

    /// Limited-length Golomb code (T.87 A.5.3).
    pub(super) fn golomb(&mut self, k: u32, limit: u32, qbpp: u32) -> i32 {
        let mut zeros = 0;
        while self.bits(1) == 0 {
            zeros += 1;
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
}
