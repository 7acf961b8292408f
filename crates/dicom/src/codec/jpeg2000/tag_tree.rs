//! Packet header bits and tag trees (T.800 B.10.1, B.10.2).

/// Bits of a packet header: the first in a byte's top; after a byte of ones the next has seven.
#[derive(Debug)]
pub(super) struct HeaderBits<'a> {
    data: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
}

impl<'a> HeaderBits<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self {
            data,
            at,
            byte: 0,
            left: 0,
        }
    }

    /// One bit; nothing where the data end.
    pub(super) fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = *self.data.get(self.at)?;
            self.at += 1;
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left) & 1)
    }

    /// A number of at most 32 bits.
    pub(super) fn number(&mut self, bits: u32) -> Option<u32> {
        (0..bits).try_fold(0_u32, |value, _| Some(value << 1 | self.bit()?))
    }

    /// Where the header ends: at a whole byte, after the one that follows a byte of ones.
    pub(super) fn end(&self) -> usize {
        self.at + usize::from(self.byte == 0xFF)
    }
}

/// One node: a lower bound of its value, or the value itself.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    low: u16,
    known: bool,
}

/// A tag tree over a grid of leaves.
#[derive(Clone, Debug, Default)]
pub(super) struct TagTree {
    /// Columns of each level and where it begins, leaves first.
    levels: Vec<(u32, u32)>,
    nodes: Vec<Node>,
}

impl TagTree {
    pub(super) fn new(across: u32, down: u32) -> Self {
        let (mut levels, mut count) = (Vec::new(), 0_u32);
        let (mut width, mut height) = (across, down);
        loop {
            levels.push((width, count));
            count = count.saturating_add(width.saturating_mul(height));
            if width <= 1 && height <= 1 {
                break;
            }
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
        }
        Self {
            levels,
            nodes: vec![Node::default(); count as usize],
        }
    }

    /// Reads until the value of a leaf is known or not below a threshold; the value if it is below.
    ///
    /// Nothing where the data end.
    pub(super) fn read(
        &mut self,
        bits: &mut HeaderBits<'_>,
        column: u32,
        row: u32,
        threshold: u16,
    ) -> Option<Option<u16>> {
        let mut node = Node::default();
        for (level, (width, start)) in self.levels.iter().enumerate().rev() {
            let at = start + (row >> level) * width + (column >> level);
            let place = self.nodes.get_mut(at as usize)?;
            place.low = place.low.max(node.low);
            while !place.known && place.low < threshold {
                if bits.bit()? == 1 {
                    place.known = true;
                } else {
                    place.low += 1;
                }
            }
            node = *place;
        }
        Some((node.known && node.low < threshold).then_some(node.low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of T.800 B.10.2: values of the first row 1, 3, 2, 3; of the second 2, ...
    #[test]
    fn the_standards_example_reads() {
        // "01111" gives 1 for the first leaf, "001" 3 for the second, "101" 2 for the third.
        let data = [0b0111_1001, 0b1010_0000];
        let mut bits = HeaderBits::new(&data, 0);
        let mut tree = TagTree::new(6, 3);
        assert_eq!(tree.read(&mut bits, 0, 0, 99), Some(Some(1)));
        assert_eq!(tree.read(&mut bits, 1, 0, 99), Some(Some(3)));
        assert_eq!(tree.read(&mut bits, 2, 0, 99), Some(Some(2)));
    }

    #[test]
    fn a_byte_of_ones_is_followed_by_a_stuffed_bit() {
        let mut bits = HeaderBits::new(&[0xFF, 0x7F, 0x01], 0);
        assert_eq!(bits.number(15), Some(0x7FFF));
        assert_eq!(bits.end(), 2);
        assert_eq!(bits.number(8), Some(1));
        assert_eq!(bits.bit(), None);
        let mut bits = HeaderBits::new(&[0xFF, 0x00], 0);
        bits.number(8).expect("read");
        assert_eq!(bits.end(), 2, "the stuffed byte belongs to the header");
    }
}
