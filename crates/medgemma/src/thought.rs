//! Thinking models: the thought kept apart from the answer, by token, before decoding drops the marks.

use crate::tokenizer::Tokenizer;

/// Follows the marks `<unused94>` and `<unused95>` while tokens come.
#[derive(Clone, Debug)]
pub(crate) struct Thought {
    marks: Option<(u32, u32)>,
    /// Tokens taken.
    taken: usize,
    /// Index after the opening mark, once it came.
    begun: Option<usize>,
    /// Index of the closing mark, once it came.
    closed: Option<usize>,
}

impl Thought {
    pub(crate) fn of(tokenizer: &Tokenizer) -> Self {
        Self::marked(tokenizer.id("<unused94>").zip(tokenizer.id("<unused95>")))
    }

    fn marked(marks: Option<(u32, u32)>) -> Self {
        Self {
            marks,
            taken: 0,
            begun: None,
            closed: None,
        }
    }

    /// Takes the next token, `first` for the first; true when it belongs to the thought or its marks.
    pub(crate) fn take(&mut self, id: u32, first: bool) -> bool {
        let at = self.taken;
        self.taken += 1;
        let Some((open, close)) = self.marks else {
            return false;
        };
        if first && id == open {
            self.begun = Some(1);
        }
        if id == close && self.closed.is_none() {
            self.closed = Some(at);
            return true;
        }
        self.is_open()
    }

    /// True inside a thought.
    pub(crate) fn is_open(&self) -> bool {
        self.begun.is_some() && self.closed.is_none()
    }

    /// The closing mark, when the thought has used up its tokens.
    pub(crate) fn must_close(&self, most: Option<usize>) -> Option<u32> {
        let (most, (_, close)) = most.zip(self.marks)?;
        let begun = self.begun.filter(|_| self.is_open())?;
        (self.taken - begun >= most).then_some(close)
    }

    /// Index of the answer's first token.
    pub(crate) fn end(&self) -> usize {
        match (self.closed, self.is_open()) {
            (Some(closed), _) => closed + 1,
            (None, true) => self.taken,
            (None, false) => 0,
        }
    }

    /// The thought of `ids`, without the word that the model begins it with; `None` when there was none. A model may
    /// close a thought that it never opened: what stands before the mark is the thought then.
    pub(crate) fn text(&self, tokenizer: &Tokenizer, ids: &[u32]) -> Option<String> {
        let from = self.begun.unwrap_or(0);
        let to = match (self.closed, self.begun) {
            (Some(closed), _) => closed,
            (None, Some(_)) => ids.len(),
            (None, None) => return None,
        };
        let text = tokenizer.decode(ids.get(from..to).unwrap_or_default(), false);
        Some(text.trim_start_matches("thought\n").trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(ids: &[u32]) -> (Thought, Vec<bool>) {
        let mut thought = Thought::marked(Some((94, 95)));
        let inside = ids
            .iter()
            .enumerate()
            .map(|(i, id)| thought.take(*id, i == 0))
            .collect();
        (thought, inside)
    }

    #[test]
    fn the_answer_begins_after_the_mark() {
        let (thought, inside) = follow(&[94, 1, 2, 95, 7, 8]);
        assert_eq!(inside, [true, true, true, true, false, false]);
        assert_eq!((thought.end(), thought.is_open()), (4, false));
    }

    #[test]
    fn an_unfinished_thought_leaves_no_answer() {
        let (thought, _) = follow(&[94, 1, 2]);
        assert!(thought.is_open());
        assert_eq!(thought.end(), 3);
        assert_eq!(thought.must_close(Some(3)), None);
        assert_eq!(thought.must_close(Some(2)), Some(95));
        assert_eq!(thought.must_close(None), None);
    }

    #[test]
    fn without_marks_all_is_answer() {
        let (thought, inside) = follow(&[1, 94, 2]);
        assert_eq!(inside, [false; 3]);
        assert_eq!(thought.end(), 0);
        let (closed, _) = follow(&[1, 95, 2]);
        assert_eq!((closed.end(), closed.is_open()), (2, false));
    }
}
