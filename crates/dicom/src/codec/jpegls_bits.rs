//! The entropy coded bits of JPEG-LS (ITU-T T.87 A.1, C.2).

/// Entropy coded bits: after a byte of 0xFF only seven bits of the next count.
pub(super) struct Bits<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) cache: u64,
    pub(super) held: u32,
    pub(super) after_ff: bool,
    /// Bits made up past the end, so that a truncated stream ends instead of hanging.
    pub(super) missing: u32,
}

impl Bits<'_> {
    pub(super) fn fill(&mut self) {
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
