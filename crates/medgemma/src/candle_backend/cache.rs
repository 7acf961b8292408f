//! Keys and values of what was read: all of it in global layers, the window's reach in local ones.

use candle_core::Tensor;

use crate::config::LayerKind;
use crate::error::Result;

/// Keys (after RoPE) and values of one layer, `[K, n, d]` each.
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerCache {
    held: Option<(Tensor, Tensor)>,
    /// Position of the first key.
    pub(crate) first: usize,
}

/// The cache of all layers; a clone shares the tensors and costs nothing.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    pub(crate) layers: Vec<LayerCache>,
    /// Tokens read so far.
    pub(crate) length: usize,
}

impl Cache {
    pub(crate) fn new(layers: usize) -> Self {
        Self {
            layers: vec![LayerCache::default(); layers],
            length: 0,
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.layers
            .iter()
            .filter_map(|layer| layer.held.as_ref())
            .map(|(k, v)| {
                k.elem_count() * k.dtype().size_in_bytes() + v.elem_count() * v.dtype().size_in_bytes()
            })
            .sum()
    }
}

impl LayerCache {
    /// The keys and values seen by a new span: the old ones and the span's own.
    pub(crate) fn with(&self, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        Ok(match &self.held {
            Some((old_k, old_v)) => (Tensor::cat(&[old_k, k], 1)?, Tensor::cat(&[old_v, v], 1)?),
            None => (k.clone(), v.clone()),
        })
    }

    /// Keys held.
    pub(crate) fn rows(&self) -> usize {
        self.held.as_ref().map_or(0, |(k, _)| k.dims()[1])
    }

    /// Keeps keys and values; a local layer drops what no later query can see.
    pub(crate) fn keep(&mut self, k: Tensor, v: Tensor, kind: LayerKind, window: usize) -> Result<()> {
        let rows = k.dim(1)?;
        let drop = if kind == LayerKind::Local {
            rows.saturating_sub(window.saturating_sub(1))
        } else {
            0
        };
        self.held = match rows - drop {
            _ if drop == 0 => Some((k, v)),
            0 => None,
            // A copy: a view would hold the dropped part in memory.
            left => Some((k.narrow(1, drop, left)?.copy()?, v.narrow(1, drop, left)?.copy()?)),
        };
        self.first += drop;
        Ok(())
    }
}
