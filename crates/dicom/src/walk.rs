//! A walk over the bytes of a data set before anything parses it: finds the pixel data, checks that every length
//! fits and that nesting stays shallow. Allocates nothing that a header could make large.

mod stalled;

use std::cell::{Cell, RefCell};
use std::ops::Range;

use crate::syntax::Encoding;
pub(crate) use stalled::stalled;

/// Deepest nesting of sequences that is read; real objects stay below twenty.
const DEEPEST: usize = 64;
pub(crate) const UNDEFINED: u32 = u32::MAX;

/// Where the pixel data lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelLocation {
    /// Which attribute holds them.
    pub kind: PixelKind,
    /// Offset of the value (of the first item, when encapsulated).
    pub offset: u64,
    /// Length of the value; `None` when undefined, which means encapsulated.
    pub length: Option<u64>,
    /// OW as written (or implied): matters for big endian bytes.
    pub words: bool,
}

/// Attribute that holds the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PixelKind {
    /// Pixel Data (7FE0,0010).
    Integer,
    /// Float Pixel Data (7FE0,0008).
    Float,
    /// Double Float Pixel Data (7FE0,0009).
    Double,
}

/// What a walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// The data set up to the pixel data (or to its end) lies in the bytes given.
    Complete {
        /// Offset after the last byte to parse: where the pixel data element begins, or the end.
        end: usize,
        /// Pixel data, when there are any.
        pixels: Option<PixelLocation>,
    },
    /// More of the file has to be read.
    NeedMore,
    /// Damaged at an offset; what lies before it can be parsed.
    Damaged {
        /// Offset of the last sound top-level element's end.
        end: usize,
        /// In words.
        reason: &'static str,
    },
}

/// Reads element headers out of bytes.
pub(crate) struct Walker<'a> {
    bytes: &'a [u8],
    base: u64,
    whole: bool,
    encoding: Encoding,
    /// An element was met that is UN and that the dictionary can name or whose length is undefined, that has a
    /// representation nobody knows, or whose nested elements do not hold together. The parser would take some of
    /// their bytes for a length, and make room for it.
    untidy: Cell<bool>,
    /// Offsets of Specific Character Set, at every depth.
    charsets: RefCell<Vec<usize>>,
}

pub(crate) enum Stop {
    More,
    Bad(&'static str),
}

/// One element's header.
pub(crate) struct Element {
    pub(crate) group: u16,
    pub(crate) number: u16,
    pub(crate) vr: [u8; 2],
    pub(crate) length: u32,
    /// Offset of the value.
    pub(crate) value: usize,
}

/// Walks the data set that starts at `bytes[start]`. `base` is the file offset of `bytes[0]`, `whole` says that the
/// file ends where the bytes end. The second value tells whether elements were met that the parser must not see as they
/// are: of unknown representation, or with nested lengths that lie. [`crate::unknown`] puts them right.
pub fn walk(bytes: &[u8], start: usize, base: u64, whole: bool, encoding: Encoding) -> (Walked, bool) {
    let walker = Walker::new(bytes, base, whole, encoding);
    let walked = walker.data_set(start);
    (walked, walker.untidy.get())
}

/// Offsets of every Specific Character Set (0008,0005), those of nested items too.
pub(crate) fn charsets(bytes: &[u8], encoding: Encoding) -> Vec<usize> {
    let walker = Walker::new(bytes, 0, true, encoding);
    walker.data_set(0);
    walker.charsets.into_inner()
}

/// Byte ranges of the sound top-level elements between `start` and `end`.
pub fn elements(bytes: &[u8], start: usize, end: usize, encoding: Encoding) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    each(bytes, start, end, encoding, |_, range| {
        ranges.push(range);
        true
    });
    ranges
}

/// Calls `visit` with tag and byte range of each sound top-level element until it says false.
pub fn each(
    bytes: &[u8],
    start: usize,
    end: usize,
    encoding: Encoding,
    mut visit: impl FnMut((u16, u16), Range<usize>) -> bool,
) {
    let walker = Walker::new(&bytes[..end.min(bytes.len())], 0, true, encoding);
    let mut at = start;
    while let Ok(element) = walker.element(at, encoding) {
        let Ok(Step::Next(next)) = walker.top_level(at) else {
            break;
        };
        if next <= at || !visit((element.group, element.number), at..next) {
            break;
        }
        at = next;
    }
}

/// Representations whose length takes 32 bits, after two bytes that mean nothing.
pub(crate) fn is_long(vr: [u8; 2]) -> bool {
    matches!(
        &vr,
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV"
    )
}

/// Representations that the standard knows (PS3.5 6.2).
pub(crate) fn is_known(vr: [u8; 2]) -> bool {
    is_long(vr) || dicom_core::VR::from_binary(vr).is_some()
}

enum Step {
    Next(usize),
    Pixels(PixelLocation),
}

impl<'a> Walker<'a> {
    pub(crate) fn new(bytes: &'a [u8], base: u64, whole: bool, encoding: Encoding) -> Self {
        Self {
            bytes,
            base,
            whole,
            encoding,
            untidy: Cell::new(false),
            charsets: RefCell::default(),
        }
    }

    fn data_set(&self, start: usize) -> Walked {
        let mut at = start;
        loop {
            if at >= self.bytes.len() {
                return if self.whole {
                    Walked::Complete {
                        end: self.bytes.len(),
                        pixels: None,
                    }
                } else {
                    Walked::NeedMore
                };
            }
            match self.top_level(at) {
                Ok(Step::Next(next)) => at = next,
                Ok(Step::Pixels(pixels)) => {
                    return Walked::Complete {
                        end: at,
                        pixels: Some(pixels),
                    };
                }
                Err(Stop::More) => {
                    return if self.whole {
                        Walked::Damaged {
                            end: at,
                            reason: "it ends in the middle of an element",
                        }
                    } else {
                        Walked::NeedMore
                    };
                }
                Err(Stop::Bad(reason)) => return Walked::Damaged { end: at, reason },
            }
        }
    }

    fn top_level(&self, at: usize) -> Result<Step, Stop> {
        let element = self.element(at, self.encoding)?;
        if element.group == 0x7FE0 && matches!(element.number, 0x08..=0x10) {
            let kind = match element.number {
                0x08 => PixelKind::Float,
                0x09 => PixelKind::Double,
                _ => PixelKind::Integer,
            };
            return Ok(Step::Pixels(PixelLocation {
                kind,
                offset: self.base + element.value as u64,
                length: (element.length != UNDEFINED).then_some(u64::from(element.length)),
                words: &element.vr != b"OB",
            }));
        }
        if element.group == 0xFFFE {
            // A stray delimiter at the top: step over it. The parser would take what follows for its value.
            self.untidy.set(true);
            return Ok(Step::Next(element.value));
        }
        self.value_end(&element, 0, self.encoding).map(Step::Next)
    }

    fn take(&self, at: usize, n: usize) -> Result<&[u8], Stop> {
        at.checked_add(n)
            .and_then(|end| self.bytes.get(at..end))
            .ok_or(Stop::More)
    }

    fn u16(&self, at: usize, encoding: Encoding) -> Result<u16, Stop> {
        let b = self.take(at, 2)?;
        Ok(match encoding {
            Encoding::ExplicitBig => u16::from_be_bytes([b[0], b[1]]),
            _ => u16::from_le_bytes([b[0], b[1]]),
        })
    }

    fn u32(&self, at: usize, encoding: Encoding) -> Result<u32, Stop> {
        let b = self.take(at, 4)?;
        let b = [b[0], b[1], b[2], b[3]];
        Ok(if encoding == Encoding::ExplicitBig {
            u32::from_be_bytes(b)
        } else {
            u32::from_le_bytes(b)
        })
    }

    pub(crate) fn element(&self, at: usize, encoding: Encoding) -> Result<Element, Stop> {
        let group = self.u16(at, encoding)?;
        let number = self.u16(at + 2, encoding)?;
        if group == 0xFFFE || encoding == Encoding::ImplicitLittle {
            let length = self.u32(at + 4, encoding)?;
            return Ok(Element {
                group,
                number,
                vr: *b"  ",
                length,
                value: at + 8,
            });
        }
        let vr = self.take(at + 4, 2)?;
        let vr = [vr[0], vr[1]];
        if !vr.iter().all(u8::is_ascii_uppercase) {
            return Err(Stop::Bad("an element has no valid value representation"));
        }
        if is_long(vr) {
            Ok(Element {
                group,
                number,
                vr,
                length: self.u32(at + 8, encoding)?,
                value: at + 12,
            })
        } else {
            let length = u32::from(self.u16(at + 6, encoding)?);
            Ok(Element {
                group,
                number,
                vr,
                length,
                value: at + 8,
            })
        }
    }

    /// Offset after the element's value, with everything nested in it checked.
    pub(crate) fn value_end(
        &self,
        element: &Element,
        depth: usize,
        encoding: Encoding,
    ) -> Result<usize, Stop> {
        if depth > DEEPEST {
            return Err(Stop::Bad("sequences are nested too deeply"));
        }
        if (element.group, element.number) == (0x0008, 0x0005) && element.length != UNDEFINED {
            // Its head takes eight bytes in every encoding, unless its representation is a strange one.
            if encoding == Encoding::ImplicitLittle || !is_long(element.vr) {
                self.charsets.borrow_mut().push(element.value - 8);
            }
        }
        let unknown =
            &element.vr == b"UN" && (element.length == UNDEFINED || element.group.is_multiple_of(2));
        if unknown || !is_known(element.vr) && encoding != Encoding::ImplicitLittle {
            self.untidy.set(true);
        }
        if element.length == UNDEFINED {
            if matches!(&element.vr, b"OB" | b"OW") {
                return self.fragments(element.value);
            }
            // Undefined length: a sequence; in UN the items are implicit little endian (PS3.5 6.2.2 note 2).
            let inner = if &element.vr == b"UN" {
                Encoding::ImplicitLittle
            } else {
                encoding
            };
            return self.items(element.value, None, depth + 1, inner);
        }
        let end = element
            .value
            .checked_add(element.length as usize)
            .ok_or(Stop::Bad("a length overflows"))?;
        if end > self.bytes.len() {
            return Err(if self.whole {
                Stop::Bad("an element is longer than the file")
            } else {
                Stop::More
            });
        }
        let sequence = &element.vr == b"SQ"
            || (encoding == Encoding::ImplicitLittle
                && element.length >= 8
                && self
                    .u32(element.value, encoding)
                    .is_ok_and(|tag| tag == 0xE000_FFFE));
        if sequence {
            match self.items(element.value, Some(end), depth + 1, encoding) {
                // Too deep is refused; other damage stays inside this element, whose own length is sound.
                Err(Stop::Bad(reason)) if reason.contains("nested") => return Err(Stop::Bad(reason)),
                Err(_) => self.untidy.set(true),
                Ok(_) => {}
            }
        }
        Ok(end)
    }

    /// Offset after encapsulated pixel data that stand inside a sequence (a compressed icon).
    fn fragments(&self, mut at: usize) -> Result<usize, Stop> {
        loop {
            let item = self.element(at, Encoding::ExplicitLittle)?;
            match (item.group, item.number) {
                (0xFFFE, 0xE0DD) => return Ok(item.value),
                (0xFFFE, 0xE000) => {
                    let end = item.value.saturating_add(item.length as usize);
                    if end > self.bytes.len() {
                        return Err(if self.whole {
                            Stop::Bad("an item is longer than the file")
                        } else {
                            Stop::More
                        });
                    }
                    at = end;
                }
                _ => return Err(Stop::Bad("compressed pixel data hold something that is no item")),
            }
        }
    }

    /// Walks items until `end` or the sequence delimiter; gives the offset after it.
    fn items(
        &self,
        mut at: usize,
        end: Option<usize>,
        depth: usize,
        encoding: Encoding,
    ) -> Result<usize, Stop> {
        if depth > DEEPEST {
            return Err(Stop::Bad("sequences are nested too deeply"));
        }
        while end.is_none_or(|end| at < end) {
            let item = self.element(at, encoding)?;
            match (item.group, item.number) {
                (0xFFFE, 0xE0DD) => return Ok(item.value),
                (0xFFFE, 0xE000) => {
                    let stop =
                        (item.length != UNDEFINED).then(|| item.value.saturating_add(item.length as usize));
                    if stop.is_some_and(|stop| stop > self.bytes.len()) {
                        return Err(if self.whole {
                            Stop::Bad("an item is longer than the file")
                        } else {
                            Stop::More
                        });
                    }
                    at = self.item_end(item.value, stop, depth, encoding)?;
                }
                _ => return Err(Stop::Bad("a sequence holds something that is no item")),
            }
        }
        Ok(at)
    }

    fn item_end(
        &self,
        mut at: usize,
        stop: Option<usize>,
        depth: usize,
        encoding: Encoding,
    ) -> Result<usize, Stop> {
        while stop.is_none_or(|stop| at < stop) {
            let element = self.element(at, encoding)?;
            if (element.group, element.number) == (0xFFFE, 0xE00D) {
                return Ok(element.value);
            }
            if element.group == 0xFFFE {
                return Err(Stop::Bad("an item ends in the wrong place"));
            }
            at = self.value_end(&element, depth, encoding)?;
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests;
