//! Huffman codes and the entropy coded bits of a scan (T.81 annexes C and F).

/// Codes up to this long are looked up at once.
const FAST: u32 = 9;

/// A Huffman table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Length and value by the next `FAST` bits; length 0 for longer codes.
    fast: Vec<(u8, u8)>,
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
            fast: vec![(0, 0); 1 << FAST],
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

/// Bits of a scan: stuffed zeros taken out, stopping at markers.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    cache: u64,
    held: u32,
    /// Bits made up at a marker or the end, so that a broken stream ends instead of hanging.
    missing: u32,
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

    fn fill(&mut self) {
        while self.held <= 48 {
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
            self.cache = (self.cache << 8) | u64::from(byte);
            self.held += 8;
        }
    }

    fn peek16(&mut self) -> u32 {
        if self.held < 16 {
            self.fill();
        }
        ((self.cache >> (self.held - 16)) & 0xFFFF) as u32
    }

    /// `n` bits, at most 16.
    pub(super) fn bits(&mut self, n: u32) -> i32 {
        if n == 0 {
            return 0;
        }
        let value = self.peek16() >> (16 - n);
        self.held -= n;
        value as i32
    }

    /// The next code's value.
    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, String> {
        let next = self.peek16();
        let (length, value) = table.fast[(next >> (16 - FAST)) as usize];
        if length > 0 {
            self.held -= u32::from(length);
            return Ok(value);
        }
        for length in FAST + 1..=16 {
            if next < table.limits[length as usize] {
                self.held -= length;
                let index = (next >> (16 - length)) as i32 + table.offsets[length as usize];
                return usize::try_from(index)
                    .ok()
                    .and_then(|i| table.values.get(i))
                    .copied()
                    .ok_or_else(|| "a code is not in its table".to_owned());
            }
        }
        Err("a code is not in its table".to_owned())
    }

    /// A difference of category `size` (T.81 F.2.2.1).
    pub(super) fn difference(&mut self, size: u8) -> i32 {
        match size {
            0 => 0,
            1..=15 => {
                let value = self.bits(size.into());
                if value < 1 << (size - 1) {
                    value - (1 << size) + 1
                } else {
                    value
                }
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
