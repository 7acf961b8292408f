//! Keys and values of what was read: all of it in global layers, the window's reach in local ones.

use candle_core::Tensor;

use crate::config::LayerKind;
use crate::error::Result;

/// What tokens are to attention: position, image block, branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Absolute positions.
    pub positions: Vec<usize>,
    /// Image a token belongs to, from 0; -1 for text.
    pub blocks: Vec<i32>,
    /// Branch of a token tree; -1 for the trunk, which every branch sees.
    pub branches: Vec<i32>,
}

impl Span {
    /// Trunk tokens from position `start` on.
    pub fn trunk(start: usize, blocks: &[i32]) -> Self {
        Self {
            positions: (start..start + blocks.len()).collect(),
            blocks: blocks.to_vec(),
            branches: vec![-1; blocks.len()],
        }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// True without tokens.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// True when query `q` of this span may see key `k` of `keys`. `window` is the number of keys a local query sees.
    pub(crate) fn sees(&self, q: usize, keys: &Self, k: usize, window: Option<usize>) -> bool {
        let (at, other) = (self.positions[q], keys.positions[k]);
        let branch = keys.branches[k] == -1 || keys.branches[k] == self.branches[q];
        let near = window.is_none_or(|w| at < other + w);
        let order = other <= at || (self.blocks[q] >= 0 && self.blocks[q] == keys.blocks[k]);
        branch && near && order
    }

    fn extend(&mut self, other: &Self) {
        self.positions.extend_from_slice(&other.positions);
        self.blocks.extend_from_slice(&other.blocks);
        self.branches.extend_from_slice(&other.branches);
    }

    fn drop_front(&mut self, n: usize) {
        self.positions.drain(..n);
        self.blocks.drain(..n);
        self.branches.drain(..n);
    }
}

#[derive(Clone, Debug)]
pub(crate) struct LayerCache {
    /// `[K, n, d]` keys (after RoPE) and values.
    pub(crate) keys: Option<(Tensor, Tensor)>,
    pub(crate) span: Span,
}

/// The cache of all layers; a clone shares the tensors and costs nothing.
#[derive(Clone, Debug)]
pub struct Cache {
    pub(crate) layers: Vec<LayerCache>,
    /// Tokens read so far.
    pub length: usize,
}

impl Cache {
    pub(crate) fn new(layers: usize) -> Self {
        Self {
            layers: vec![
                LayerCache {
                    keys: None,
                    span: Span::default()
                };
                layers
            ],
            length: 0,
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.layers
            .iter()
            .filter_map(|layer| layer.keys.as_ref())
            .map(|(k, v)| (k.elem_count() + v.elem_count()) * 4)
            .sum()
    }
}

impl LayerCache {
    /// The keys and values seen by a new span: the old ones and the span's own.
    pub(crate) fn with(&self, k: &Tensor, v: &Tensor, span: &Span) -> Result<(Tensor, Tensor, Span)> {
        let mut all = self.span.clone();
        all.extend(span);
        Ok(match &self.keys {
            Some((old_k, old_v)) => (Tensor::cat(&[old_k, k], 1)?, Tensor::cat(&[old_v, v], 1)?, all),
            None => (k.clone(), v.clone(), all),
        })
    }

    /// Keeps keys and values; a local layer drops what no later query can see.
    pub(crate) fn keep(
        &mut self,
        k: Tensor,
        v: Tensor,
        mut span: Span,
        kind: LayerKind,
        window: usize,
    ) -> Result<()> {
        let reach = window.saturating_sub(1);
        let drop = if kind == LayerKind::Local {
            span.len().saturating_sub(reach)
        } else {
            0
        };
        self.keys = if drop > 0 {
            let left = span.len() - drop;
            span.drop_front(drop);
            if left == 0 {
                None
            } else {
                // A copy: a view would hold the dropped part in memory.
                Some((k.narrow(1, drop, left)?.copy()?, v.narrow(1, drop, left)?.copy()?))
            }
        } else {
            Some((k, v))
        };
        self.span = span;
        Ok(())
    }
}
