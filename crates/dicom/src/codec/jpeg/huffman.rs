//! Huffman codes and the entropy coded bits of a scan (T.81 annexes C and F).

/// Codes up to this long are looked up at once.
const FAST: u32 = 9;

/// A Huffman table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Length and value by the next `FAST` bits; length 0 for longer codes.
    fast: Box<[(u8, u8); 1 << FAST]>,
    /// Largest code of each length, shifted to 16 bits, exclusive.
    limits: [u32; 17],
    /// Index of the first value of each length less its first code.
    offsets: [i32; 17],
    values: Vec<u8>,
}

impl Table {
    /// `counts` holds the number of codes of each length from 1 to 16.
    pub(super) fn new(counts: &[u8], values: &[u8]) -> Result<Self, String> {
        let mut table = Self {
            fast: Box::new([(0, 0); 1 << FAST]),
            limits: [0; 17],
            offsets: [0; 17],
            values: values.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(counts) {
            let l = length as usize;
            table.offsets[l] = index as i32 - code as i32;
            for _ in 0..count {
                if code >= 1 << length {
                    return Err("a Huffman table has more codes than fit".to_owned());
                }
                if length <= FAST {
                    let from = (code << (FAST - length)) as usize;
                    table.fast[from..from + (1 << (FAST - length))].fill((length as u8, values[index]));
                }
                code += 1;
                index += 1;
            }
            table.limits[l] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }
}

/// Bits that are no code of their table: of no size, so that the usual case costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoCode;

impl From<NoCode> for String {
    fn from(_: NoCode) -> Self {
        "a code is not in its table".to_owned()
    }
}

/// Bits of a scan: stuffed zeros taken out, stopping at markers.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the top.
    cache: u64,
    held: u32,
    /// Bits made up at a marker or the end, so that a broken stream ends instead of hanging.
    missing: u32,
}

/// True when one of four bytes is 0xFF.
fn has_ff(word: u32) -> bool {
    let inverse = !word;
    inverse.wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            cache: 0,
            held: 0,
            missing: 0,
        }
    }

    /// Holds 32 bits at least: a code and its difference.
    #[inline]
    fn fill(&mut self) {
        if self.held >= 32 {
            return;
        }
        if let Some(&[a, b, c, d]) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
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
    #[cold]
    fn fill_slowly(&mut self) {
        while self.held <= 56 {
            let byte = match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    0xFF
                }
                (Some(0xFF) | None, _) => {
                    self.missing += 8;
                    0
                }
                (Some(&byte), _) => {
                    self.at += 1;
                    byte
                }
            };
            self.cache |= u64::from(byte) << (56 - self.held);
            self.held += 8;
        }
    }

    /// `n` bits of those that are held.
    #[inline]
    fn take(&mut self, n: u32) -> u32 {
        let value = (self.cache >> 1) >> (63 - n);
        self.cache <<= n;
        self.held -= n;
        value as u32
    }

    /// `n` bits, at most 16.
    #[inline]
    pub(super) fn bits(&mut self, n: u32) -> i32 {
        self.fill();
        self.take(n) as i32
    }

    /// The next code's value.
    #[inline]
    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, NoCode> {
        self.fill();
        let (length, value) = table.fast[(self.cache >> (64 - FAST)) as usize & ((1 << FAST) - 1)];
        if length > 0 {
            self.take(length.into());
            return Ok(value);
        }
        self.long_symbol(table).ok_or(NoCode)
    }

    /// A code that is longer than those looked up at once.
    #[cold]
    fn long_symbol(&mut self, table: &Table) -> Option<u8> {
        let next = (self.cache >> 48) as u32;
        let length = (FAST + 1..=16).find(|length| next < table.limits[*length as usize])?;
        self.take(length);
        let index = (next >> (16 - length)) as i32 + table.offsets[length as usize];
        table.values.get(usize::try_from(index).ok()?).copied()
    }

    /// A difference of category `size` (T.81 F.2.2.1).
    #[inline]
    pub(super) fn difference(&mut self, size: u8) -> i32 {
        match size {
            0..=15 => {
                let n = u32::from(size);
                let value = self.bits(n);
                // Without its leading one it stands for a negative number.
                let negative = (value.wrapping_sub((1 << n) >> 1)) >> 31;
                value + (negative & (1 - (1 << n)))
            }
            _ => 32_768,
        }
    }

    /// True when so many bits were made up that the scan must have ended early.
    pub(super) fn exhausted(&self) -> bool {
        self.missing > 1024
    }

    /// Steps over the next restart marker, when one comes before any other marker.
    pub(super) fn restart(&mut self) -> bool {
        self.cache = 0;
        self.held = 0;
        let mut at = self.at;
        while let Some(pair) = self.bytes.get(at..at + 2) {
            match pair {
                [0xFF, 0xD0..=0xD7] => {
                    self.at = at + 2;
                    self.missing = 0;
                    return true;
                }
                [0xFF, 0x01..=0xFE] => return false,
                _ => at += 1,
            }
        }
        false
    }

    /// Where the bytes after the scan begin: bits read ahead stop at the next marker.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_short_and_long() {
        // One code of length 1 (0), one of length 2 (10), one of length 12 (110000000000).
        let mut counts = [0_u8; 16];
        counts[0] = 1;
        counts[1] = 1;
        counts[11] = 1;
        let table = Table::new(&counts, &[7, 8, 9]).expect("sound");
        let mut bits = Bits::new(&[0b0101_1000, 0b0000_0001, 0], 0);
        let read: Vec<u8> = (0..4).map(|_| bits.symbol(&table).expect("a code")).collect();
        assert_eq!(read, [7, 8, 9, 8]);
    }

    #[test]
    fn stuffed_bytes_and_markers_are_seen_wherever_they_stand() {
        for lead in 0..8 {
            let mut bytes: Vec<u8> = (1..=lead).collect();
            bytes.extend([0xFF, 0, 0x5A, 0xFF, 0xD9, 1, 2, 3, 4]);
            let mut bits = Bits::new(&bytes, 0);
            let read: Vec<i32> = (0..usize::from(lead) + 4).map(|_| bits.bits(8)).collect();
            let expected: Vec<i32> = (1..=i32::from(lead)).chain([0xFF, 0x5A, 0, 0]).collect();
            assert_eq!(read, expected);
            assert_eq!(bits.position(), usize::from(lead) + 3);
        }
    }

    #[test]
    fn a_table_with_too_many_codes_is_refused() {
        assert!(Table::new(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[1, 2, 3]).is_err());
    }

    #[test]
    fn differences_of_both_signs() {
        let mut bits = Bits::new(&[0b0110_1000], 0);
        assert_eq!(bits.difference(2), -2);
        assert_eq!(bits.difference(2), 2);
        assert_eq!(bits.difference(16), 32_768);
    }
}
