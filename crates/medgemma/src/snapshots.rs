//! Prefixes that were read and may be read on from: the next question on the same images begins at once.

use std::collections::BTreeSet;

use crate::model::Cache;

/// Bytes of keys and values kept.
const BYTES: usize = 2 << 30;
/// Prefixes kept.
const COUNT: usize = 24;

/// A prefix: its tokens, the pictures they stand for, and what the decoder keeps of them.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) ids: Vec<u32>,
    /// Keys of the pictures within the prefix. All pictures have the same ids, so they must agree too.
    pub(crate) images: Vec<String>,
    /// Hash of the adapter it was read with.
    pub(crate) adapter: Option<String>,
    /// Frozen.
    pub(crate) cache: Cache,
    /// Logits after the last token, where they were wanted.
    pub(crate) last: Vec<f32>,
}

/// The prefixes, the least recently used first.
#[derive(Debug, Default)]
pub(crate) struct Snapshots(Vec<Snapshot>);

impl Snapshots {
    /// The longest prefix of these tokens on these pictures. One that holds all the tokens must know its logits.
    pub(crate) fn nearest(
        &mut self,
        ids: &[u32],
        images: &[String],
        adapter: Option<&str>,
    ) -> Option<Snapshot> {
        let fits = |s: &Snapshot| {
            s.adapter.as_deref() == adapter
                && ids.starts_with(&s.ids)
                && images.starts_with(&s.images)
                && (s.ids.len() < ids.len() || !s.last.is_empty())
        };
        let best = (0..self.0.len())
            .filter(|i| fits(&self.0[*i]))
            .max_by_key(|i| self.0[*i].ids.len())?;
        let used = self.0.remove(best);
        self.0.push(used.clone());
        Some(used)
    }

    /// Keeps a prefix; the least recently used go when there are too many.
    pub(crate) fn keep(&mut self, new: Snapshot) {
        self.0
            .retain(|s| s.ids != new.ids || s.images != new.images || s.adapter != new.adapter);
        self.0.push(new);
        while self.0.len() > 1 && (self.0.len() > COUNT || self.bytes() > BYTES) {
            self.0.remove(0);
        }
    }

    fn bytes(&self) -> usize {
        let mut seen = BTreeSet::new();
        self.0
            .iter()
            .map(|s| s.cache.bytes(&mut seen) + s.last.len() * 4)
            .sum()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
