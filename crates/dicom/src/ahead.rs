//! What the parser is about to read, followed the way it follows it: it makes room for whatever a length says, and goes
//! one call deeper with every sequence and item, so both are looked at before.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use crate::syntax::Encoding;
use crate::walk::{UNDEFINED, Walker, is_known, is_long};

/// Sequences and items that may be open at once: twice the nesting that a walk lets pass, and a few.
const MOST_OPEN: usize = 140;

/// A sequence or an item that was begun.
struct Open {
    item: bool,
    /// Compressed pixels, of an icon.
    pixels: bool,
    end: Option<usize>,
}

/// False when the parser would make room for more than there is, lose its place, or nest too deeply. Whatever else is wrong the parser
/// finds itself: there the answer is true.
pub(crate) fn is_bounded(bytes: &[u8], encoding: Encoding) -> bool {
    let mut reading = Reading {
        bytes,
        encoding,
        at: 0,
        open: Vec::new(),
        items: false,
    };
    loop {
        match reading.step() {
            Some(Next::More) => {}
            Some(Next::TooMuch) => return false,
            None => return true,
        }
    }
}

/// Bytes of one value, where the parser reads numbers.
fn width(vr: VR) -> u32 {
    match vr {
        VR::US | VR::SS | VR::OW => 2,
        VR::UL | VR::SL | VR::FL | VR::OF | VR::OL | VR::AT => 4,
        VR::FD | VR::OD | VR::SV | VR::UV | VR::OV => 8,
        _ => 1,
    }
}

enum Next {
    More,
    TooMuch,
}

struct Reading<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    at: usize,
    open: Vec<Open>,
    /// An item header comes next, not an element.
    items: bool,
}

impl Reading<'_> {
    /// One header and its value; `None` where the parser ends, well or not.
    fn step(&mut self) -> Option<Next> {
        if self.items {
            return self.item();
        }
        if let Some(Open {
            item: true,
            pixels: true,
            end,
        }) = self.open.last()
        {
            // A fragment: its bytes at once.
            let end = (*end)?;
            return self.value(end);
        }
        let (tag, vr, length, value) = self.header()?;
        self.at = value;
        let undefined = length == UNDEFINED;
        if vr == VR::SQ {
            return self.begin(false, false, length);
        }
        if tag == Tag(0xFFFE, 0xE00D) {
            if self.open.pop().is_some() {
                self.items = true;
                self.close()?;
            }
            return Some(Next::More);
        }
        if undefined {
            return self.begin(false, tag == Tag(0x7FE0, 0x0010), length);
        }
        if !length.is_multiple_of(width(vr)) {
            // The parser leaves what is over for the next header.
            return Some(Next::TooMuch);
        }
        self.value(value.saturating_add(length as usize))
    }

    fn item(&mut self) -> Option<Next> {
        let element = Walker::new(self.bytes, 0, true, self.encoding)
            .element(self.at, self.encoding)
            .ok()?;
        let (group, number, length) = (element.group, element.number, element.length);
        if group != 0xFFFE || self.at + 8 > self.bytes.len() {
            return None;
        }
        self.at += 8;
        match number {
            0xE000 => {
                let pixels = self.open.last()?.pixels;
                self.items = false;
                self.begin(true, pixels, length)
            }
            0xE00D | 0xE0DD => {
                self.open.pop();
                self.items = number == 0xE00D;
                self.close()?;
                Some(Next::More)
            }
            _ => None,
        }
    }

    fn begin(&mut self, item: bool, pixels: bool, length: u32) -> Option<Next> {
        let end = (length != UNDEFINED).then(|| self.at.saturating_add(length as usize));
        self.open.push(Open { item, pixels, end });
        self.items = !item;
        if self.open.len() > MOST_OPEN {
            return Some(Next::TooMuch);
        }
        if length == 0 {
            self.close()?;
        }
        Some(Next::More)
    }

    /// A value that ends at `end`.
    fn value(&mut self, end: usize) -> Option<Next> {
        if end > self.bytes.len() {
            return Some(Next::TooMuch);
        }
        self.at = end;
        self.close()?;
        Some(Next::More)
    }

    /// Closes what ends here; `None` when something should have ended before.
    fn close(&mut self) -> Option<()> {
        while let Some(Open {
            item, end: Some(end), ..
        }) = self.open.last()
        {
            if *end > self.at {
                break;
            }
            if *end < self.at {
                return None;
            }
            self.items = *item;
            self.open.pop();
        }
        Some(())
    }

    /// Tag, representation, length, and where the value begins, as the parser takes them.
    fn header(&self) -> Option<(Tag, VR, u32, usize)> {
        let walker = Walker::new(self.bytes, 0, true, self.encoding);
        let tag = self.bytes.get(self.at..self.at + 4)?;
        let big = self.encoding == Encoding::ExplicitBig;
        let word = |b: &[u8]| {
            let b = [b[0], b[1]];
            if big {
                u16::from_be_bytes(b)
            } else {
                u16::from_le_bytes(b)
            }
        };
        let tag = Tag(word(tag), word(&tag[2..]));
        if tag.0 == 0xFFFE || self.encoding == Encoding::ImplicitLittle {
            let element = walker.element(self.at, self.encoding).ok()?;
            let vr = if tag.0 == 0xFFFE {
                VR::UN
            } else {
                StandardDataDictionary
                    .by_tag(tag)
                    .map_or(VR::UN, |entry| entry.vr().relaxed())
            };
            return Some((tag, vr, element.length, element.value));
        }
        let vr = self.bytes.get(self.at + 4..self.at + 6)?;
        let vr = [vr[0], vr[1]];
        // What nobody knows is taken to have a long length.
        if is_long(vr) || !is_known(vr) {
            let b = self.bytes.get(self.at + 8..self.at + 12)?;
            let b = [b[0], b[1], b[2], b[3]];
            let length = if big {
                u32::from_be_bytes(b)
            } else {
                u32::from_le_bytes(b)
            };
            return Some((tag, VR::from_binary(vr).unwrap_or(VR::UN), length, self.at + 12));
        }
        let length = u32::from(word(self.bytes.get(self.at + 6..self.at + 8)?));
        Some((tag, VR::from_binary(vr)?, length, self.at + 8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_held_against_what_is_there() {
        let sound = [0x10, 0, 0x10, 0, b'P', b'N', 2, 0, b'A', b'B'];
        assert!(is_bounded(&sound, Encoding::ExplicitLittle));
        assert!(!is_bounded(&sound[..9], Encoding::ExplicitLittle));
        let unknown = [0x10, 0, 0x10, 0, b'Q', b'Q', 2, 0, b'A', b'B', b'C', b'D', 0, 0];
        assert!(!is_bounded(&unknown, Encoding::ExplicitLittle));
        assert!(!is_bounded(
            &[0x10, 0, 0x10, 0, 0xF0, 0xFF, 0xFF, 0x7F, 1],
            Encoding::ImplicitLittle
        ));
    }

    #[test]
    fn numbers_have_whole_lengths() {
        let odd = [0x28, 0, 0x10, 0, b'U', b'L', 6, 0, 1, 2, 3, 4, 5, 6];
        assert!(!is_bounded(&odd, Encoding::ExplicitLittle));
    }

    #[test]
    fn items_and_what_is_in_them_are_followed() {
        let mut bytes = vec![0x40, 0, 0x75, 0xA1, b'S', b'Q', 0, 0, 22, 0, 0, 0];
        bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 14, 0, 0, 0]);
        bytes.extend([0x10, 0, 0x10, 0, b'U', b'T', 0, 0, 2, 0, 0, 0, b'A', b'B']);
        bytes.extend([0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 7, 0]);
        assert!(is_bounded(&bytes, Encoding::ExplicitLittle));
        bytes[31] = 0x70;
        assert!(!is_bounded(&bytes, Encoding::ExplicitLittle));
    }

    #[test]
    fn nesting_ends_somewhere() {
        let mut bytes = Vec::new();
        for _ in 0..MOST_OPEN {
            bytes.extend([0x40, 0, 0x75, 0xA1, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
            bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
        }
        assert!(!is_bounded(&bytes, Encoding::ExplicitLittle));
    }
}
