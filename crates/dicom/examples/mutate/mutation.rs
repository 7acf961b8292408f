//! What a mutant is made of: a file, and one to four changes to its bytes, all from one number.

/// splitmix64: small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed ^ number.wrapping_mul(0xD134_2543_DE82_EF95));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n`; 0 for 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const SYNTAXES: &[&str] = &[
    "", ".1", ".1.98", ".1.99", ".2", ".4.50", ".4.51", ".4.57", ".4.70", ".4.80", ".4.81", ".4.90", ".4.91",
    ".4.110", ".4.111", ".4.112", ".4.201", ".4.202", ".4.203", ".5", ".8.1", ".4.100", ".9.9",
];
const BYTES: &[u8] = &[0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF];
const WORDS: &[u16] = &[
    0, 1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 64, 127, 128, 255, 256, 257, 511, 512, 513, 1024,
    4095, 4096, 16_384, 32_767, 32_768, 65_534, 65_535,
];
const LENGTHS: &[u32] = &[
    0,
    1,
    2,
    3,
    6,
    8,
    255,
    65_535,
    65_536,
    0x00FF_FFFF,
    0x7FFF_FFFE,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFF0,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
];
/// Elements of group 0028 whose value is one number.
const PIXEL_ELEMENTS: &[u8] = &[0x10, 0x11, 0x00, 0x01, 0x02, 0x03, 0x02, 0x06, 0x10, 0x11];

/// Changes `bytes`; `other` is another file to splice from.
pub(crate) fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) -> Vec<&'static str> {
    // One change in half of them: what reaches a codec goes deep.
    let changes = 1 + random.below(2) * random.below(4);
    (0..changes).map(|_| change(bytes, other, random)).collect()
}

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) -> &'static str {
    if bytes.is_empty() {
        bytes.push(0);
    }
    let at = place(bytes, random);
    match random.below(14) {
        0 | 1 => {
            bytes[at] ^= 1 << random.below(8);
            "a bit"
        }
        2 | 3 => {
            bytes[at] = random.pick(BYTES);
            "a byte"
        }
        4 => {
            bytes.truncate(at);
            "cut"
        }
        5 => {
            let run = 1 + random.below(40);
            let fill = random.pick(BYTES);
            bytes.splice(at..at, std::iter::repeat_n(fill, run));
            "insertion"
        }
        6 => {
            let end = (at + 1 + random.below(40)).min(bytes.len());
            bytes.drain(at..end);
            "deletion"
        }
        7 => {
            let from = place(other, random).min(other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
            "splice"
        }
        8 | 9 => length(bytes, random),
        10 => swap_tags(bytes, random),
        11 => syntax(bytes, random),
        _ => pixel_module(bytes, random),
    }
}

/// Anywhere, in the header, or where the pixel data begin: what is decided by few bytes is changed as often.
fn place(bytes: &[u8], random: &mut Random) -> usize {
    let all = bytes.len();
    match random.below(3) {
        0 => random.below(all),
        1 => random.below(all.min(4096)),
        _ => {
            let pixels = rfind(bytes, &[0xE0, 0x7F, 0x10, 0x00]).unwrap_or(0);
            (pixels + random.below(700)).min(all.saturating_sub(1))
        }
    }
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|w| w == what)
}

/// Offsets that look like the value representation of an element or like an item.
fn marks(bytes: &[u8]) -> Vec<(usize, bool)> {
    const VRS: &[&[u8; 2]] = &[
        b"UL", b"UI", b"CS", b"SH", b"LO", b"DA", b"TM", b"PN", b"SQ", b"US", b"IS", b"DS", b"OB", b"OW",
        b"UN", b"UT", b"SS", b"FD", b"FL", b"OF", b"OD",
    ];
    let mut found = Vec::new();
    let head = bytes.len().min(64 * 1024);
    for at in 4..head.saturating_sub(8) {
        if VRS.iter().any(|vr| bytes[at..].starts_with(*vr)) {
            found.push((at, false));
        } else if bytes[at..].starts_with(&[0xFE, 0xFF, 0x00, 0xE0]) {
            found.push((at, true));
        }
    }
    found
}

fn length(bytes: &mut [u8], random: &mut Random) -> &'static str {
    let marks = marks(bytes);
    if marks.is_empty() {
        return "nothing";
    }
    let (at, item) = random.pick(&marks);
    let long = item
        || matches!(
            &bytes[at..at + 2],
            b"OB" | b"OW" | b"UN" | b"SQ" | b"UT" | b"OF" | b"OD"
        );
    let value = random.pick(LENGTHS);
    if long && let Some(place) = bytes.get_mut(at + 4..at + 8) {
        place.copy_from_slice(&value.to_le_bytes());
    } else if let Some(place) = bytes.get_mut(at + 2..at + 4) {
        place.copy_from_slice(&value.to_le_bytes()[..2]);
    }
    "a length"
}

fn swap_tags(bytes: &mut [u8], random: &mut Random) -> &'static str {
    let marks: Vec<usize> = marks(bytes)
        .iter()
        .filter(|(_, item)| !item)
        .map(|(at, _)| *at - 4)
        .collect();
    if marks.is_empty() {
        return "nothing";
    }
    let (a, b) = (random.pick(&marks), random.pick(&marks));
    for k in 0..4 {
        bytes.swap(a + k, b + k);
    }
    "tags swapped"
}

fn syntax(bytes: &mut Vec<u8>, random: &mut Random) -> &'static str {
    let Some(at) = bytes.windows(6).position(|w| w == [2, 0, 0x10, 0, b'U', b'I']) else {
        return "nothing";
    };
    let mut uid = format!("1.2.840.10008.1.2{}", random.pick(SYNTAXES)).into_bytes();
    if uid.len() % 2 == 1 {
        uid.push(0);
    }
    let Some(length) = bytes
        .get(at + 6..at + 8)
        .map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])))
    else {
        return "nothing";
    };
    let end = (at + 8 + length).min(bytes.len());
    let said = u16::try_from(uid.len()).unwrap_or(0).to_le_bytes();
    bytes.splice(at + 8..end, uid);
    bytes[at + 6..at + 8].copy_from_slice(&said);
    "transfer syntax"
}

fn pixel_module(bytes: &mut [u8], random: &mut Random) -> &'static str {
    let which = random.below(PIXEL_ELEMENTS.len() + 1);
    if which == PIXEL_ELEMENTS.len() {
        if let Some(at) = bytes.windows(4).position(|w| w == [0x28, 0, 0x08, 0]) {
            let digits = random.pick(&[b"0 ", b"1 ", b"2 ", b"7 ", b"99", b"-1", b"1e", b"  "]);
            if let Some(place) = bytes.get_mut(at + 8..at + 10) {
                place.copy_from_slice(digits);
            }
        }
        return "frames";
    }
    // (0028,00xx) sizes and colour, (0028,01xx) bits.
    let low = PIXEL_ELEMENTS[which];
    let high = u8::from((2..6).contains(&which));
    let big = bytes.windows(4).position(|w| w == [0, 0x28, high, low]);
    let little = bytes.windows(4).position(|w| w == [0x28, 0, low, high]);
    if let Some(at) = little.or(big)
        && let Some(place) = bytes.get_mut(at + 8..at + 10)
    {
        let value = random.pick(WORDS);
        place.copy_from_slice(&if little.is_some() {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        });
    }
    "rows, columns, bits or samples"
}
