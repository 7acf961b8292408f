//! Where a walk stopped for want of bytes: for a value that can be stepped over, or for something that has to be read.

use super::{Step, UNDEFINED, Walker};
use crate::syntax::Encoding;

/// A top-level element that reaches beyond the bytes at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stalled {
    pub(crate) tag: (u16, u16),
    /// Offset of its header.
    pub(crate) at: usize,
    /// Offset after its value.
    pub(crate) end: u64,
}

/// Where a walk over the first bytes of a data set wants more, when that is for one value of known length that is no
/// sequence.
pub(crate) fn stalled(bytes: &[u8], start: usize, encoding: Encoding) -> Option<Stalled> {
    let walker = Walker::new(bytes, 0, false, encoding);
    let mut at = start;
    while let Ok(Step::Next(next)) = walker.top_level(at) {
        at = next;
    }
    let element = walker.element(at, encoding).ok()?;
    let begins_item = walker
        .element(element.value, encoding)
        .is_ok_and(|inner| (inner.group, inner.number) == (0xFFFE, 0xE000));
    let value =
        element.length != UNDEFINED && &element.vr != b"SQ" && !begins_item && element.group != 0xFFFE;
    value.then(|| Stalled {
        tag: (element.group, element.number),
        at,
        end: element.value as u64 + u64::from(element.length),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_told_from_a_long_sequence() {
        let mut bytes = vec![0x08, 0, 0x60, 0, b'C', b'S', 2, 0, b'C', b'T'];
        let long = [0x09, 0, 0x10, 0x10, b'O', b'B', 0, 0, 0, 0, 0x10, 0, 1, 2];
        bytes.extend(long);
        let found = stalled(&bytes, 0, Encoding::ExplicitLittle).expect("a value");
        assert_eq!(
            (found.tag, found.at, found.end),
            ((9, 0x1010), 10, 22 + (16 << 16))
        );
        bytes.truncate(10);
        bytes.extend([0x09, 0, 0x10, 0x10, b'S', b'Q', 0, 0, 0, 0, 0x10, 0, 1, 2]);
        assert_eq!(stalled(&bytes, 0, Encoding::ExplicitLittle), None);
    }
}
