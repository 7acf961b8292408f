//! The pooling head of the image tower, and the text tower.

use overread_kernels::attention::Precision as Arithmetic;
use overread_kernels::{Input, Matrix};

use super::config::SiglipConfig;
use crate::error::Result;
use crate::linear::{Linear, Pass, Then};
use crate::vision::encoder::{EncoderLayer, LayerNorm, encode};
use crate::weights::Weights;

/// A learned query looks at all patches, then an MLP: `[T, D]` to `[D]`.
#[derive(Debug)]
pub(crate) struct PoolingHead {
    heads: usize,
    /// The query after its projection, scaled, `[D]`.
    query: Vec<f32>,
    /// q, k and v one above the other, `[3 D, D]`.
    projection: Linear,
    out: Linear,
    norm: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

impl PoolingHead {
    pub(crate) fn take(weights: &mut Weights, config: &SiglipConfig) -> Result<Self> {
        let (width, heads) = (config.vision.hidden_size, config.vision.heads);
        let name = "siglip.head.attention.in_proj";
        let matrix = weights.matrix(&format!("{name}_weight"))?;
        let bias = weights.vector(&format!("{name}_bias"))?;
        let probe = weights.vector("siglip.head.probe")?;
        let scale = ((width / heads) as f64).powf(-0.5);
        Ok(Self {
            heads,
            query: project(&matrix, &bias, &probe)
                .into_iter()
                .map(|v| (v * scale) as f32)
                .collect(),
            projection: Linear::new(name, matrix, Some(bias)),
            out: Linear::take_with_bias(weights, "siglip.head.attention.out_proj")?,
            norm: LayerNorm::take(weights, "siglip.head.layernorm", config.vision.layer_norm_eps)?,
            fc1: Linear::take_with_bias(weights, "siglip.head.mlp.fc1")?,
            fc2: Linear::take_with_bias(weights, "siglip.head.mlp.fc2")?,
        })
    }

    /// Its maps, for adapters.
    pub(crate) fn linears(&self) -> impl Iterator<Item = &Linear> {
        [&self.out, &self.fc1, &self.fc2].into_iter()
    }

    /// `hidden` is `[T, D]`, gives `[D]`.
    pub(crate) fn forward(&self, pass: Pass<'_>, hidden: &[f32]) -> Result<Vec<f32>> {
        let width = self.query.len();
        let d = width / self.heads;
        let mut input = Input::default();
        input.load(hidden, hidden.len() / width, width);
        let mut projected = Vec::new();
        self.projection
            .forward(pass, &mut input, &mut projected, Then::Write);
        pass.cancel.check()?;
        let mut attended = vec![0.0_f32; width];
        for (h, (query, out)) in self
            .query
            .chunks_exact(d)
            .zip(attended.chunks_exact_mut(d))
            .enumerate()
        {
            let part = |row: &'_ [f32], which: usize| -> std::ops::Range<usize> {
                debug_assert_eq!(row.len(), 3 * width);
                let from = which * width + h * d;
                from..from + d
            };
            let scores: Vec<f32> = projected
                .chunks_exact(3 * width)
                .map(|row| row[part(row, 1)].iter().zip(query).map(|(k, q)| k * q).sum())
                .collect();
            let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for (row, score) in projected.chunks_exact(3 * width).zip(scores) {
                let weight = (score - top).exp();
                sum += weight;
                for (o, v) in out.iter_mut().zip(&row[part(row, 2)]) {
                    *o += weight * v;
                }
            }
            for o in out {
                *o /= sum;
            }
        }
        input.load(&attended, 1, width);
        let mut x = Vec::new();
        self.out.forward(pass, &mut input, &mut x, Then::Write);
        self.norm.forward(pass, &x, input.fill(1, width));
        let mut wide = Vec::new();
        self.fc1.forward(pass, &mut input, &mut wide, Then::Gelu);
        input.load(&wide, 1, wide.len());
        self.fc2.forward(pass, &mut input, &mut x, Then::Add);
        pass.cancel.check()?;
        Ok(x)
    }
}

/// The first rows of a stacked projection on one vector, in double: as many rows as the vector has numbers.
fn project(matrix: &Matrix, bias: &[f32], vector: &[f32]) -> Vec<f64> {
    let mut row = vec![0.0; matrix.columns()];
    (0..vector.len().min(matrix.rows()))
        .zip(bias)
        .map(|(i, bias)| {
            matrix.row(i, &mut row);
            let sum: f64 = row
                .iter()
                .zip(vector)
                .map(|(w, v)| f64::from(*w) * f64::from(*v))
                .sum();
            sum + f64::from(*bias)
        })
        .collect()
}

/// The text tower: every position is seen, padding too; the last one speaks for the text.
#[derive(Debug)]
pub(crate) struct TextModel {
    heads: usize,
    arithmetic: Arithmetic,
    tokens: Matrix,
    positions: Vec<f32>,
    layers: Vec<EncoderLayer>,
    norm: LayerNorm,
    head: Linear,
}

impl TextModel {
    pub(crate) fn take(weights: &mut Weights, config: &SiglipConfig, arithmetic: Arithmetic) -> Result<Self> {
        let text = &config.text;
        let eps = text.layer_norm_eps;
        Ok(Self {
            heads: text.heads,
            arithmetic,
            tokens: weights.matrix("siglip.text.embeddings.token_embedding.weight")?,
            positions: weights.vector("siglip.text.embeddings.position_embedding.weight")?,
            layers: (0..text.layers)
                .map(|i| EncoderLayer::take(weights, &format!("siglip.text.encoder.layers.{i}"), eps))
                .collect::<Result<_>>()?,
            norm: LayerNorm::take(weights, "siglip.text.final_layer_norm", eps)?,
            head: Linear::take_with_bias(weights, "siglip.text.head")?,
        })
    }

    /// Its maps, for adapters.
    pub(crate) fn linears(&self) -> impl Iterator<Item = &Linear> {
        std::iter::once(&self.head).chain(self.layers.iter().flat_map(EncoderLayer::linears))
    }

    /// `ids` fill all positions and lie inside the vocabulary; gives `[projection size]`.
    pub(crate) fn forward(&self, pass: Pass<'_>, ids: &[u32]) -> Result<Vec<f32>> {
        let width = self.tokens.columns();
        let mut x = vec![0.0; ids.len() * width];
        for (row, id) in x.chunks_exact_mut(width).zip(ids) {
            self.tokens.row(*id as usize, row);
        }
        let replaced = pass.vector("siglip.text.embeddings.position_embedding", "weight");
        for (v, position) in x.iter_mut().zip(replaced.unwrap_or(&self.positions)) {
            *v += position;
        }
        encode(
            pass,
            &self.layers,
            &mut x,
            self.heads,
            self.arithmetic,
            &mut |_| {},
        )?;
        let last = x.len().saturating_sub(width);
        let mut input = Input::default();
        self.norm.forward(pass, &x[last..], input.fill(1, width));
        let mut out = Vec::new();
        self.head.forward(pass, &mut input, &mut out, Then::Write);
        pass.cancel.check()?;
        Ok(out)
    }
}
