//! Embedding, layers, final norm and head.

use std::sync::{Arc, Mutex, PoisonError};

use overread_kernels::rows::rms_norm;
use overread_kernels::{Epilogue, Input};

use crate::adapted::Change;
use crate::config::{LayerKind, TextConfig};
use crate::decoder::cache::{Cache, CacheFormat, Rows};
use crate::decoder::layer::{Buffers, Layer};
use crate::decoder::rope::Rotation;
use crate::decoder::span::Span;
use crate::error::Result;
use crate::linear::{Linear, Pass};
use crate::norm::Norm;
use crate::weights::Weights;

/// Rows of hidden states whose logits are held at once.
const LOGIT_ROWS: usize = 16;

/// Where a pass puts its keys and values.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// Into the cache; hidden states of the last `n` tokens are wanted.
    Keep(usize),
    /// Nowhere: branches that are thrown away. All hidden states are wanted.
    Branches,
}

/// The decoder.
#[derive(Debug)]
pub(crate) struct Decoder {
    config: Arc<TextConfig>,
    embedding: Linear,
    embedding_scale: f32,
    head: Option<Linear>,
    layers: Vec<Layer>,
    norm: Norm,
    /// Buffers of passes that ended, for the next ones.
    buffers: Mutex<Vec<Buffers>>,
}

impl Decoder {
    /// Takes the decoder's weights. With `rounded_scale` the embedding is scaled by sqrt(D) rounded to bfloat16, as the
    /// reference does in bfloat16.
    ///
    /// # Errors
    /// Missing tensors.
    pub(crate) fn take(weights: &mut Weights, config: &TextConfig, rounded_scale: bool) -> Result<Self> {
        let scale = (config.hidden_size as f64).sqrt() as f32;
        Ok(Self {
            config: Arc::new(config.clone()),
            embedding: Linear::take(weights, "text.embed_tokens")?,
            embedding_scale: if rounded_scale {
                half::bf16::from_f32(scale).to_f32()
            } else {
                scale
            },
            head: if config.tied {
                None
            } else {
                Some(Linear::take(weights, "head")?)
            },
            layers: (0..config.layers.len())
                .map(|i| Layer::take(weights, config, i))
                .collect::<Result<_>>()?,
            norm: Norm::take(weights, "text.norm")?,
            buffers: Mutex::default(),
        })
    }

    /// All its maps, for adapters: the embedding, the head where it has weights of its own, and the layers'.
    pub(crate) fn linears(&self) -> impl Iterator<Item = &Linear> {
        let ends = std::iter::once(&self.embedding).chain(&self.head);
        ends.chain(self.layers.iter().flat_map(Layer::linears))
    }

    /// An empty cache.
    pub(crate) fn cache(&self, format: CacheFormat) -> Cache {
        Cache::new(&self.config, format)
    }

    /// Scaled embeddings `[T, D]` of ids; image positions get rows of `features` (in order, not scaled) instead.
    pub(crate) fn embed(&self, pass: Pass<'_>, ids: &[u32], blocks: &[i32], features: &[f32]) -> Vec<f32> {
        let width = self.config.hidden_size;
        let table = match pass.adapter.and_then(|a| a.change("text.embed_tokens")) {
            Some(Change::Replaced(matrix)) => matrix,
            _ => self.embedding.matrix(),
        };
        let mut out = vec![0.0; ids.len() * width];
        let mut images = features.chunks_exact(width);
        for ((row, id), block) in out.chunks_exact_mut(width).zip(ids).zip(blocks) {
            if *block >= 0 {
                if let Some(feature) = images.next() {
                    row.copy_from_slice(feature);
                }
            } else {
                // Rows past the table's strings exist; ids past the table do not and were refused before.
                table.row((*id as usize).min(table.rows() - 1), row);
                for v in row {
                    *v *= self.embedding_scale;
                }
            }
        }
        out
    }

    /// Runs `[T, D]` through all layers; gives the hidden states wanted, not yet normed.
    ///
    /// `watch` sees the last row after the embedding and after each layer but the last, for traces.
    ///
    /// # Errors
    /// Cancelled.
    pub(crate) fn forward(
        &self,
        pass: Pass<'_>,
        mut x: Vec<f32>,
        span: &Span,
        cache: &mut Cache,
        wanted: Wanted,
        mut watch: Option<&mut dyn FnMut(&[f32])>,
    ) -> Result<Vec<f32>> {
        let c = &*self.config;
        let mut local = Rotation::new(c.head_dim, c.rope_theta_local, 1.0);
        let mut global = Rotation::new(c.head_dim, c.rope_theta_global, c.rope_factor);
        local.turn_to(span.positions());
        global.turn_to(span.positions());
        let mut buffers = self.lend();
        let last = self.layers.len().saturating_sub(1);
        for (i, layer) in self.layers.iter().enumerate() {
            if let Some(watch) = watch.as_deref_mut() {
                watch(&x[x.len() - c.hidden_size..]);
            }
            let rotation = match layer.kind() {
                LayerKind::Local => &local,
                LayerKind::Global => &global,
            };
            let mut branch = None;
            let mut rows = span.len();
            match wanted {
                Wanted::Branches => branch = Some(Rows::new(c, cache.format(), cache.length())),
                Wanted::Keep(n) if i == last => rows = n.min(rows),
                Wanted::Keep(_) => {}
            }
            let own = branch.as_mut();
            layer.forward(pass, &mut x, c, i, span, rotation, cache, own, rows, &mut buffers)?;
        }
        if let Wanted::Keep(_) = wanted {
            cache.advance(span.len());
        }
        self.give_back(buffers);
        Ok(x)
    }

    /// The final norm of hidden states `[n, D]`.
    pub(crate) fn finish(&self, pass: Pass<'_>, hidden: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; hidden.len()];
        rms_norm(
            pass.kernels,
            hidden,
            self.norm.scale(pass),
            self.config.rms_norm_eps as f32,
            &mut out,
        );
        out
    }

    /// Hands the logits `[V]` of every normed hidden state `[n, D]` to `each`, with its index.
    ///
    /// # Errors
    /// Cancelled.
    pub(crate) fn logits(
        &self,
        pass: Pass<'_>,
        normed: &[f32],
        each: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<()> {
        let width = self.config.hidden_size;
        let head = self.head.as_ref().unwrap_or(&self.embedding);
        // By its own name, also where it is tied: an embedding that was trained alone leaves the head as it was.
        let change = pass.adapter.and_then(|a| a.change("head"));
        let mut input = Input::default();
        let mut out = Vec::new();
        for (group, rows) in normed.chunks(LOGIT_ROWS * width).enumerate() {
            let n = rows.len() / width;
            input.load(rows, n, width);
            out.resize(n * head.width(), 0.0);
            match change {
                Some(change) => change.multiply(pass, head.matrix(), &mut input, &mut out),
                None => {
                    head.matrix()
                        .multiply(pass.kernels, &mut input, &mut out, Epilogue::None, pass.stop());
                }
            }
            pass.cancel.check()?;
            if let Some(cap) = self.config.final_softcap {
                for v in &mut out {
                    *v = ((f64::from(*v) / cap).tanh() * cap) as f32;
                }
            }
            let vocabulary = out.len() / n.max(1);
            for (i, row) in out.chunks_exact(vocabulary.max(1)).enumerate() {
                each(group * LOGIT_ROWS + i, row);
            }
        }
        Ok(())
    }

    fn lend(&self) -> Buffers {
        let mut kept = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    fn give_back(&self, buffers: Buffers) {
        let mut kept = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < 2 {
            kept.push(buffers);
        }
    }
}
