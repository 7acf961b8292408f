//! Keys and values of what was read: a chain of frozen parts that forks share, and a tail that grows.
//!
//! Local layers keep what their window can still reach, global layers everything. A fork costs nothing: the tail is
//! frozen first, then both sides grow tails of their own, and no key is ever copied.

use std::collections::BTreeSet;
use std::sync::Arc;

use overread_kernels::attention::{Elements, Segment};
use overread_kernels::rounding::to_f16;

use crate::config::{LayerKind, TextConfig};

/// How keys and values are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheFormat {
    /// 4 bytes: the contract of the traces.
    F32,
    /// 2 bytes, for quantised weights.
    F16,
}

/// Rows by which a part of a local layer may outgrow its window before it is cut.
const SLACK: usize = 512;

#[derive(Clone, Debug)]
enum Numbers {
    F32(Vec<f32>),
    F16(Vec<u16>),
}

impl Numbers {
    fn new(format: CacheFormat) -> Self {
        match format {
            CacheFormat::F32 => Self::F32(Vec::new()),
            CacheFormat::F16 => Self::F16(Vec::new()),
        }
    }

    fn elements(&self) -> Elements<'_> {
        match self {
            Self::F32(v) => Elements::F32(v),
            Self::F16(v) => Elements::F16(v),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::F32(v) => v.capacity() * 4,
            Self::F16(v) => v.capacity() * 2,
        }
    }

    /// Lays `heads` runs of `stride` rows out anew: rows `from..from + rows` of each become its first.
    fn lay_out(
        &mut self,
        heads: usize,
        d: usize,
        stride: usize,
        from: usize,
        rows: usize,
        new_stride: usize,
    ) {
        fn go<T: Copy + Default>(
            v: &mut Vec<T>,
            heads: usize,
            d: usize,
            stride: usize,
            from: usize,
            rows: usize,
            new_stride: usize,
        ) {
            if stride == new_stride {
                for h in 0..heads {
                    let start = (h * stride + from) * d;
                    v.copy_within(start..start + rows * d, h * stride * d);
                }
                return;
            }
            let mut new = vec![T::default(); heads * new_stride * d];
            for h in 0..heads {
                let old = &v[(h * stride + from) * d..][..rows * d];
                new[h * new_stride * d..][..rows * d].copy_from_slice(old);
            }
            *v = new;
        }
        match self {
            Self::F32(v) => go(v, heads, d, stride, from, rows, new_stride),
            Self::F16(v) => go(v, heads, d, stride, from, rows, new_stride),
        }
    }

    /// Writes one row of one head.
    fn put(&mut self, at: usize, values: &[f32]) {
        match self {
            Self::F32(v) => v[at..at + values.len()].copy_from_slice(values),
            Self::F16(v) => {
                for (o, x) in v[at..at + values.len()].iter_mut().zip(values) {
                    *o = to_f16(*x);
                }
            }
        }
    }
}

/// Keys and values of one layer for a run of positions, `[K, stride, d]` each.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    heads: usize,
    d: usize,
    /// Position of the first row.
    pub(crate) first: usize,
    /// Rows in use.
    pub(crate) rows: usize,
    stride: usize,
    keys: Numbers,
    values: Numbers,
}

impl Rows {
    pub(crate) fn new(config: &TextConfig, format: CacheFormat, first: usize) -> Self {
        Self {
            heads: config.kv_heads,
            d: config.head_dim,
            first,
            rows: 0,
            stride: 0,
            keys: Numbers::new(format),
            values: Numbers::new(format),
        }
    }

    /// Appends `[T, K, d]` keys and values. `reach` is the first position that is still wanted (rows before it may go);
    /// `expected` is how many more rows are likely to come.
    pub(crate) fn append(&mut self, keys: &[f32], values: &[f32], reach: usize, expected: usize) {
        let each = self.heads * self.d;
        let count = keys.len() / each;
        if self.rows + count > self.stride {
            let gone = reach.saturating_sub(self.first).min(self.rows);
            let left = self.rows - gone;
            let new = if left + count <= self.stride && gone > 0 {
                self.stride
            } else {
                (left + count + expected).max(self.stride.saturating_mul(5) / 4)
            };
            self.relay(gone, left, new);
        }
        for t in 0..count {
            for h in 0..self.heads {
                let from = (t * self.heads + h) * self.d;
                let at = (h * self.stride + self.rows + t) * self.d;
                self.keys.put(at, &keys[from..from + self.d]);
                self.values.put(at, &values[from..from + self.d]);
            }
        }
        self.rows += count;
    }

    fn relay(&mut self, gone: usize, left: usize, stride: usize) {
        let (heads, d) = (self.heads, self.d);
        self.keys.lay_out(heads, d, self.stride, gone, left, stride);
        self.values.lay_out(heads, d, self.stride, gone, left, stride);
        self.first += gone;
        self.rows = left;
        self.stride = stride;
    }

    /// Gives back what a later query from position `reach` on cannot see, and all spare room.
    fn trim(&mut self, reach: usize) {
        let gone = reach.saturating_sub(self.first).min(self.rows);
        let left = self.rows - gone;
        if gone > 0 || left < self.stride {
            self.relay(gone, left, left);
        }
    }

    /// For the kernels.
    pub(crate) fn segment(&self) -> Segment<'_> {
        Segment {
            keys: self.keys.elements(),
            values: self.values.elements(),
            stride: self.stride,
        }
    }

    fn bytes(&self) -> usize {
        self.keys.bytes() + self.values.bytes()
    }
}

/// One layer: frozen runs, oldest first, and the growing one.
#[derive(Clone, Debug)]
struct Layer {
    frozen: Vec<Arc<Rows>>,
    tail: Rows,
}

/// What was read so far.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    config: Arc<TextConfig>,
    format: CacheFormat,
    layers: Vec<Layer>,
    /// Tokens read.
    length: usize,
    /// Tokens that are still to come, as far as is known.
    expected: usize,
}

impl Cache {
    pub(crate) fn new(config: &Arc<TextConfig>, format: CacheFormat) -> Self {
        let layer = |_| Layer {
            frozen: Vec::new(),
            tail: Rows::new(config, format, 0),
        };
        Self {
            layers: config.layers.iter().map(layer).collect(),
            config: Arc::clone(config),
            format,
            length: 0,
            expected: 0,
        }
    }

    /// Tokens read.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// How keys are held.
    pub(crate) fn format(&self) -> CacheFormat {
        self.format
    }

    /// Says how many tokens will come, so that room is made once.
    pub(crate) fn expect(&mut self, tokens: usize) {
        self.expected = tokens;
    }

    /// Rows of a layer, oldest first.
    pub(crate) fn rows(&self, layer: usize) -> impl Iterator<Item = &Rows> {
        let layer = &self.layers[layer];
        let all = layer.frozen.iter().map(|rows| &**rows);
        all.chain(std::iter::once(&layer.tail))
            .filter(|rows| rows.rows > 0)
    }

    /// First position that a query at `position` can see in a layer.
    fn reach(&self, layer: usize, position: usize) -> usize {
        match self.config.layers[layer] {
            LayerKind::Local => (position + 1).saturating_sub(self.config.sliding_window),
            LayerKind::Global => 0,
        }
    }

    /// Appends a span's keys and values to a layer.
    pub(crate) fn append(&mut self, layer: usize, keys: &[f32], values: &[f32]) {
        let reach = self.reach(layer, self.length);
        let expected = match self.config.layers[layer] {
            LayerKind::Global => self.expected,
            LayerKind::Local => self.expected.min(SLACK),
        };
        let layer = &mut self.layers[layer];
        layer.frozen.retain(|rows| rows.first + rows.rows > reach);
        layer.tail.append(keys, values, reach, expected);
    }

    /// Counts a span's tokens as read, after all layers have appended.
    pub(crate) fn advance(&mut self, tokens: usize) {
        self.length += tokens;
        self.expected = self.expected.saturating_sub(tokens);
    }

    /// Freezes the tails, so that clones share everything.
    pub(crate) fn freeze(&mut self) {
        for i in 0..self.layers.len() {
            let reach = self.reach(i, self.length);
            let next = Rows::new(&self.config, self.format, self.length);
            let layer = &mut self.layers[i];
            if layer.tail.rows == 0 {
                continue;
            }
            let mut tail = std::mem::replace(&mut layer.tail, next);
            tail.trim(reach);
            layer.frozen.retain(|rows| rows.first + rows.rows > reach);
            layer.frozen.push(Arc::new(tail));
        }
    }

    /// Bytes of keys and values that `seen` did not count before; shared rows are counted once.
    pub(crate) fn bytes(&self, seen: &mut BTreeSet<usize>) -> usize {
        let mut bytes = 0;
        for layer in &self.layers {
            for rows in &layer.frozen {
                if seen.insert(Arc::as_ptr(rows) as usize) {
                    bytes += rows.bytes();
                }
            }
            bytes += layer.tail.bytes();
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Arc<TextConfig> {
        let json = serde_json::json!({
            "model_type": "gemma3_text", "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
            "head_dim": 2, "hidden_size": 4, "sliding_window": 4,
            "layer_types": ["sliding_attention", "full_attention"]
        });
        Arc::new(
            crate::config::Config::from_json(&json, None)
                .expect("a configuration")
                .text,
        )
    }

    fn feed(cache: &mut Cache, tokens: usize) {
        for layer in 0..2 {
            let rows: Vec<f32> = (0..tokens)
                .flat_map(|t| [(cache.length() + t) as f32; 4])
                .collect();
            cache.append(layer, &rows, &rows);
        }
        cache.advance(tokens);
    }

    fn positions(cache: &Cache, layer: usize) -> Vec<f32> {
        let mut all = Vec::new();
        for rows in cache.rows(layer) {
            let Numbers::F32(keys) = &rows.keys else { continue };
            // The second head tells whether runs were moved rightly.
            for r in 0..rows.rows {
                assert_eq!(keys[(rows.stride + r) * 2], (rows.first + r) as f32);
                all.push(keys[r * 2]);
            }
        }
        all
    }

    #[test]
    fn local_layers_keep_their_window_and_global_layers_all() {
        let mut cache = Cache::new(&config(), CacheFormat::F32);
        for step in [1, 3, 2, 5, 1, 1, 1] {
            feed(&mut cache, step);
        }
        let all: Vec<f32> = (0..14).map(|p| p as f32).collect();
        assert_eq!(positions(&cache, 1), all);
        cache.freeze();
        // The next query stands at 14 and sees 11, 12, 13 and itself.
        assert_eq!(positions(&cache, 0), [11.0, 12.0, 13.0]);
        assert_eq!(positions(&cache, 1), all);
    }

    #[test]
    fn a_fork_goes_its_own_way() {
        let mut cache = Cache::new(&config(), CacheFormat::F32);
        feed(&mut cache, 6);
        cache.freeze();
        let mut fork = cache.clone();
        feed(&mut fork, 3);
        assert_eq!(positions(&cache, 1).len(), 6);
        assert_eq!(positions(&fork, 1).len(), 9);
        let (mut seen, mut other) = (BTreeSet::new(), BTreeSet::new());
        let own = cache.bytes(&mut seen);
        assert!(fork.bytes(&mut seen) < own + fork.bytes(&mut other));
        feed(&mut fork, 40);
        fork.freeze();
        assert_eq!(positions(&fork, 0), [46.0, 47.0, 48.0]);
    }
}
