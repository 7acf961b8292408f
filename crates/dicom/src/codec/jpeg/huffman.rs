//! Huffman codes and the entropy coded bits of a scan (T.81 annexes C and F).

/// Codes up to this long are looked up at once.
const FAST: u32 = 9;
/// Codes that are this long with the bits of their difference are looked up together with it.
const WHOLE: u32 = 10;

/// A Huffman table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Length and value by the next `FAST` bits; length 0 for longer codes.
    fast: Box<[(u8, u8); 1 << FAST]>,
    /// Code and difference by the next `WHOLE` bits.
    whole: Box<[Whole; 1 << WHOLE]>,
    /// Largest code of each length, shifted to 16 bits, exclusive.
    limits: [u32; 17],
    /// Index of the first value of each length less its first code.
    offsets: [i32; 17],
    values: Vec<u8>,
}

/// A code with the difference that follows it, its category being the lower half of the code's value (T.81 F.1.2.2.1).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Whole {
    pub(super) difference: i16,
    /// What the code stands for.
    pub(super) symbol: u8,
    /// Bits of both; 0 for those that are longer than what is looked up.
    length: u8,
}

impl Table {
    /// `counts` holds the number of codes of each length from 1 to 16.
    pub(super) fn new(counts: &[u8], values: &[u8]) -> Result<Self, String> {
        let mut table = Self {
            fast: Box::new([(0, 0); 1 << FAST]),
            whole: Box::new([Whole::default(); 1 << WHOLE]),
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
                if length <= WHOLE {
                    let from = (code << (WHOLE - length)) as usize;
                    let places = &mut table.whole[from..from + (1 << (WHOLE - length))];
                    fill_whole(places, values[index], length);
                }
                code += 1;
                index += 1;
            }
            table.limits[l] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// Length and value of a code that is longer than those looked up at once; `next` are the next 16 bits.
    #[cold]
    #[inline(never)]
    fn long(&self, next: u32) -> Result<(u8, u8), NoCode> {
        let length = (FAST + 1..=16)
            .find(|length| next < self.limits[*length as usize])
            .ok_or(NoCode)?;
        let index = (next >> (16 - length)) as i32 + self.offsets[length as usize];
        let value = usize::try_from(index)
            .ok()
            .and_then(|index| self.values.get(index));
        Ok((length as u8, *value.ok_or(NoCode)?))
    }
}

/// Entries of one code of `length` bits, by the bits that follow it.
fn fill_whole(places: &mut [Whole], symbol: u8, length: u32) {
    let size = u32::from(symbol & 15);
    let Some(rest) = (WHOLE - length).checked_sub(size) else {
        return;
    };
    for (value, run) in (0_i32..).zip(places.chunks_exact_mut(1 << rest)) {
        run.fill(Whole {
            difference: extended(value, size) as i16,
            symbol,
            length: (length + size) as u8,
        });
    }
}

/// The difference that `size` bits stand for, at most 15: without a leading one they are a negative number (T.81 F.2.2.1).
#[inline(always)]
fn extended(value: i32, size: u32) -> i32 {
    let negative = (value.wrapping_sub((1 << size) >> 1)) >> 31;
    value + (negative & (1 - (1 << size)))
}

/// Bits that are no code of their table: of no size, so that the usual case costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoCode;

impl From<NoCode> for &'static str {
    fn from(_: NoCode) -> Self {
        "a code is not in its table"
    }
}

impl From<NoCode> for String {
    fn from(error: NoCode) -> Self {
        <&str>::from(error).to_owned()
    }
}

/// Bits of a scan: stuffed zeros taken out, stopping at markers. Small and copied, so that a loop keeps it in registers.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the top. Below those that are held there may stand some of the bytes to come.
    cache: u64,
    held: u32,
    /// Bits made up at a marker or the end, so that a broken stream ends instead of hanging.
    missing: u32,
}

/// True when one of eight bytes is 0xFF.
#[inline(always)]
fn has_ff(word: u64) -> bool {
    let inverse = !word;
    inverse.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 != 0
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
    #[inline(always)]
    fn fill(&mut self) {
        if self.held >= 32 {
            return;
        }
        if let Some(chunk) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_be_bytes(*chunk);
            if !has_ff(word) {
                self.cache |= word >> self.held;
                let whole = (63 - self.held) >> 3;
                self.at += whole as usize;
                self.held += whole << 3;
                return;
            }
        }
        *self = self.filled_slowly();
    }

    /// Byte by byte: near a byte of 0xFF, and at the end.
    #[cold]
    #[inline(never)]
    fn filled_slowly(mut self) -> Self {
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
        self
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
        self.held_symbol(table)
    }

    /// The next code's value, of bits that are held.
    #[inline(always)]
    fn held_symbol(&mut self, table: &Table) -> Result<u8, NoCode> {
        let (length, value) = match table.fast[(self.cache >> (64 - FAST)) as usize & ((1 << FAST) - 1)] {
            (0, _) => table.long((self.cache >> 48) as u32)?,
            short => short,
        };
        self.take(length.into());
        Ok(value)
    }

    /// The next code, and the difference after it whose category is the code's lower half.
    #[inline(always)]
    pub(super) fn whole(&mut self, table: &Table) -> Result<Whole, NoCode> {
        self.fill();
        let whole = table.whole[(self.cache >> (64 - WHOLE)) as usize & ((1 << WHOLE) - 1)];
        if whole.length > 0 {
            self.take(whole.length.into());
            return Ok(whole);
        }
        let symbol = self.held_symbol(table)?;
        let difference = self.held_difference(symbol & 15) as i16;
        Ok(Whole {
            difference,
            symbol,
            length: 0,
        })
    }

    /// The next code, and the difference after it whose category it is: of DC coefficients and lossless samples.
    #[inline(always)]
    pub(super) fn coded_difference(&mut self, table: &Table) -> Result<i32, NoCode> {
        self.fill();
        let whole = table.whole[(self.cache >> (64 - WHOLE)) as usize & ((1 << WHOLE) - 1)];
        if whole.length > 0 && whole.symbol < 16 {
            self.take(whole.length.into());
            return Ok(whole.difference.into());
        }
        let size = self.held_symbol(table)?;
        Ok(self.held_difference(size))
    }

    /// A difference of category `size` (T.81 F.2.2.1), of bits that are held.
    #[inline(always)]
    fn held_difference(&mut self, size: u8) -> i32 {
        match u32::from(size) {
            n @ 0..=15 => extended(self.take(n) as i32, n),
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
        // Categories 2, 12 and 16 as codes of two bits: the first looked up with its bits, the second too long for it,
        // the third without any.
        let mut counts = [0_u8; 16];
        counts[1] = 3;
        let table = Table::new(&counts, &[2, 12, 16]).expect("sound");
        let bytes = [0b0001_0010, 0b0100_0000, 0b0000_0001, 0b1000_0000, 0b0000_1000];
        let mut bits = Bits::new(&bytes, 0);
        let read: Vec<i32> = (0..5)
            .map(|_| bits.coded_difference(&table).expect("a code"))
            .collect();
        assert_eq!(read, [-2, 2, -4095, 2048, 32_768]);
    }

    #[test]
    fn a_run_comes_with_its_coefficient() {
        // One code of one bit: three coefficients of 0, then one of four bits.
        let mut counts = [0_u8; 16];
        counts[0] = 1;
        let table = Table::new(&counts, &[0x34]).expect("sound");
        let whole = Bits::new(&[0b0100_1000], 0).whole(&table).expect("a code");
        assert_eq!((whole.symbol, whole.difference), (0x34, 9));
    }
}
