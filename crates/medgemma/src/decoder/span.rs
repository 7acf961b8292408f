//! Which tokens of a pass see which: positions, image blocks, branches.

use std::ops::Range;

/// Tokens of one pass. Every query sees one unbroken run of the tokens before it: back to the window's edge or the
/// beginning, and on to itself, or to the end of the image it belongs to. A branch sees the trunk and its own tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Absolute positions.
    positions: Vec<usize>,
    /// The first position that a token does not see any more.
    ends: Vec<usize>,
    /// First token of the branch that a token belongs to, counted within the span; `None` for the trunk.
    branches: Option<Vec<usize>>,
}

impl Span {
    /// Tokens of the trunk from position `start` on; `blocks` names the image of each, -1 for text. An image lies in
    /// the span as a whole.
    pub(crate) fn trunk(start: usize, blocks: &[i32]) -> Self {
        let mut ends: Vec<usize> = (start + 1..=start + blocks.len()).collect();
        for i in (1..blocks.len()).rev() {
            if blocks[i - 1] >= 0 && blocks[i - 1] == blocks[i] {
                ends[i - 1] = ends[i];
            }
        }
        Self {
            positions: (start..start + blocks.len()).collect(),
            ends,
            branches: None,
        }
    }

    /// Branches of `lengths` tokens, each beginning at position `start`, one after the other in the span.
    pub(crate) fn branches(start: usize, lengths: &[usize]) -> Self {
        let mut span = Self {
            branches: Some(Vec::new()),
            ..Self::default()
        };
        let mut first = 0;
        for length in lengths {
            for depth in 0..*length {
                span.positions.push(start + depth);
                span.ends.push(start + depth + 1);
                if let Some(branches) = &mut span.branches {
                    branches.push(first);
                }
            }
            first += length;
        }
        span
    }

    /// Tokens.
    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }

    /// Absolute positions.
    pub(crate) fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// Positions that token `t` sees in the trunk. `window` is the number of keys a local query sees, itself included.
    pub(crate) fn sees(&self, t: usize, window: Option<usize>) -> Range<usize> {
        let from = window.map_or(0, |w| (self.positions[t] + 1).saturating_sub(w));
        from..self.ends[t]
    }

    /// Rows of the span itself that a branch's token `t` sees; empty for the trunk.
    pub(crate) fn sees_of_branch(&self, t: usize, window: Option<usize>) -> Range<usize> {
        let Some(branches) = &self.branches else {
            return 0..0;
        };
        let from = window.map_or(0, |w| (t + 1).saturating_sub(w));
        branches[t].max(from)..t + 1
    }

    /// True for branches.
    pub(crate) fn is_branched(&self) -> bool {
        self.branches.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_seen_both_ways_and_text_is_causal() {
        let span = Span::trunk(10, &[-1, 0, 0, 0, 1, 1, -1]);
        let seen: Vec<_> = (0..7).map(|t| span.sees(t, None)).collect();
        assert_eq!(seen, [0..11, 0..14, 0..14, 0..14, 0..16, 0..16, 0..17]);
        assert_eq!(span.sees(1, Some(3)), 9..14);
        assert_eq!(span.sees(6, Some(3)), 14..17);
    }

    #[test]
    fn branches_see_themselves_and_no_other() {
        let span = Span::branches(5, &[2, 3]);
        assert_eq!(span.positions(), [5, 6, 5, 6, 7]);
        let own: Vec<_> = (0..5).map(|t| span.sees_of_branch(t, None)).collect();
        assert_eq!(own, [0..1, 0..2, 2..3, 2..4, 2..5]);
        assert_eq!(span.sees_of_branch(4, Some(2)), 3..5);
        assert_eq!(span.sees(4, Some(4)), 4..8);
    }
}
