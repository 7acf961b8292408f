//! From named tensors to a model that learns.

use overread_kernels::Matrix;
use overread_kernels::dense::Real;
use overread_medgemma::config::{Config, LayerKind, TextConfig, VisionConfig};

use super::Learner;
use super::decoder::DecoderLayer;
use super::encoder::{EncoderLayer, Tower};
use super::projector::Projector;
use crate::error::Result;
use crate::ops::attention::Heads;
use crate::ops::linear::{Linear, Weight};
use crate::ops::norm::{LayerNorm, RmsNorm};
use crate::parameters::{Id, Parameters};

/// A matrix `[out, in]`.
#[derive(Debug)]
pub enum Held {
    /// Plain numbers, which may be learned.
    Plain(Vec<f32>),
    /// Packed, as the engine holds it; not learned.
    Packed(Matrix),
}

/// Where tensors come from, by internal name. The projector's matrix is wanted `[out, in]`, and RMSNorm scales as
/// `1 + w`.
pub trait Tensors {
    /// A matrix `[out, in]`.
    ///
    /// # Errors
    /// It is not there.
    fn matrix(&mut self, name: &str, out: usize, inputs: usize) -> Result<Held>;

    /// A vector, or rows of positions one after the other.
    ///
    /// # Errors
    /// It is not there.
    fn vector(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>>;

    /// Is this tensor learned?
    fn learned(&self, name: &str) -> bool;
}

struct Builder<'a, T> {
    parameters: Parameters<T>,
    tensors: &'a mut dyn Tensors,
}

impl<T: Real> Builder<'_, T> {
    fn plain(&mut self, name: &str, shape: &[usize], values: Vec<f32>) -> Id {
        let values = values.into_iter().map(|v| T::of(f64::from(v))).collect();
        let learned = self.tensors.learned(name);
        self.parameters.add(name, shape, values, learned)
    }

    fn vector(&mut self, name: &str, shape: &[usize]) -> Result<Id> {
        let values = self.tensors.vector(name, shape)?;
        Ok(self.plain(name, shape, values))
    }

    /// The tensor `full`, as the map `name`.
    fn linear_as(&mut self, name: &str, full: &str, outputs: usize, inputs: usize) -> Result<Linear> {
        let weight = match self.tensors.matrix(full, outputs, inputs)? {
            Held::Plain(values) => Weight::Plain(self.plain(full, &[outputs, inputs], values)),
            Held::Packed(matrix) => Weight::Packed(matrix),
        };
        Ok(Linear {
            name: name.to_owned(),
            inputs,
            outputs,
            weight,
            bias: None,
            pair: None,
        })
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Linear> {
        self.linear_as(name, &format!("{name}.weight"), outputs, inputs)
    }

    fn biased(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Linear> {
        let bias = Some(self.vector(&format!("{name}.bias"), &[outputs])?);
        Ok(Linear {
            bias,
            ..self.linear(name, outputs, inputs)?
        })
    }

    fn rms(&mut self, name: &str, width: usize, eps: f64) -> Result<RmsNorm> {
        let scale = self.vector(&format!("{name}.weight"), &[width])?;
        Ok(RmsNorm { scale, eps })
    }

    fn layer_norm(&mut self, name: &str, width: usize, eps: f64) -> Result<LayerNorm> {
        Ok(LayerNorm {
            weight: self.vector(&format!("{name}.weight"), &[width])?,
            bias: self.vector(&format!("{name}.bias"), &[width])?,
            eps,
        })
    }

    fn decoder_layer(&mut self, c: &TextConfig, i: usize) -> Result<DecoderLayer> {
        let (d, f, eps) = (c.hidden_size, c.intermediate_size, c.rms_norm_eps);
        let (q, kv) = (c.heads * c.head_dim, c.kv_heads * c.head_dim);
        let name = |part: &str| format!("text.layers.{i}.{part}");
        Ok(DecoderLayer {
            local: c.layers[i] == LayerKind::Local,
            input_norm: self.rms(&name("input_layernorm"), d, eps)?,
            q: self.linear(&name("self_attn.q_proj"), q, d)?,
            k: self.linear(&name("self_attn.k_proj"), kv, d)?,
            v: self.linear(&name("self_attn.v_proj"), kv, d)?,
            q_norm: self.rms(&name("self_attn.q_norm"), c.head_dim, eps)?,
            k_norm: self.rms(&name("self_attn.k_norm"), c.head_dim, eps)?,
            o: self.linear(&name("self_attn.o_proj"), d, q)?,
            post_attention_norm: self.rms(&name("post_attention_layernorm"), d, eps)?,
            pre_feedforward_norm: self.rms(&name("pre_feedforward_layernorm"), d, eps)?,
            gate: self.linear(&name("mlp.gate_proj"), f, d)?,
            up: self.linear(&name("mlp.up_proj"), f, d)?,
            down: self.linear(&name("mlp.down_proj"), d, f)?,
            post_feedforward_norm: self.rms(&name("post_feedforward_layernorm"), d, eps)?,
        })
    }

    fn encoder_layer(&mut self, v: &VisionConfig, i: usize) -> Result<EncoderLayer> {
        let (h, f, eps) = (v.hidden_size, v.intermediate_size, v.layer_norm_eps);
        let name = |part: &str| format!("vision.encoder.layers.{i}.{part}");
        Ok(EncoderLayer {
            norm1: self.layer_norm(&name("layer_norm1"), h, eps)?,
            q: self.biased(&name("self_attn.q_proj"), h, h)?,
            k: self.biased(&name("self_attn.k_proj"), h, h)?,
            v: self.biased(&name("self_attn.v_proj"), h, h)?,
            out: self.biased(&name("self_attn.out_proj"), h, h)?,
            norm2: self.layer_norm(&name("layer_norm2"), h, eps)?,
            fc1: self.biased(&name("mlp.fc1"), f, h)?,
            fc2: self.biased(&name("mlp.fc2"), h, f)?,
        })
    }

    fn vision(&mut self, config: &Config, v: &VisionConfig) -> Result<(Tower, Projector)> {
        let (h, p) = (v.hidden_size, v.patch_size);
        let grid = v.image_size / p;
        let patch = self.biased("vision.embeddings.patch_embedding", h, 3 * p * p)?;
        let positions = self.vector("vision.embeddings.position_embedding.weight", &[grid * grid, h])?;
        let layers = (0..v.layers)
            .map(|i| self.encoder_layer(v, i))
            .collect::<Result<_>>()?;
        let post_norm = self.layer_norm("vision.post_layernorm", h, v.layer_norm_eps)?;
        let d = h / v.heads;
        let tower = Tower {
            patch,
            positions,
            layers,
            post_norm,
            heads: Heads {
                heads: v.heads,
                kv_heads: v.heads,
                d,
                scale: (d as f64).powf(-0.5),
            },
            image_size: v.image_size,
            patch_size: p,
            learned: false,
            recompute: false,
        };
        let projector = Projector {
            grid,
            side: config.tokens_per_image.isqrt(),
            norm: self.rms("projector.mm_soft_emb_norm", h, v.layer_norm_eps)?,
            matrix: self.linear_as(
                "projector.mm_input_projection",
                "projector.mm_input_projection_weight",
                config.text.hidden_size,
                h,
            )?,
        };
        Ok((tower, projector))
    }
}

impl<T: Real> Learner<T> {
    /// Takes every tensor that the config asks for.
    ///
    /// # Errors
    /// A tensor that is not there.
    pub fn build(config: &Config, tensors: &mut dyn Tensors) -> Result<Self> {
        let c = &config.text;
        let mut builder = Builder {
            parameters: Parameters::default(),
            tensors,
        };
        let embedding = builder.linear("text.embed_tokens", c.vocab_size, c.hidden_size)?;
        let layers = (0..c.layers.len())
            .map(|i| builder.decoder_layer(c, i))
            .collect::<Result<_>>()?;
        let norm = builder.rms("text.norm", c.hidden_size, c.rms_norm_eps)?;
        let head = if c.tied {
            Linear {
                name: "head".to_owned(),
                weight: match &embedding.weight {
                    Weight::Plain(id) => Weight::Plain(*id),
                    Weight::Packed(matrix) => Weight::Packed(matrix.clone()),
                },
                inputs: c.hidden_size,
                outputs: c.vocab_size,
                bias: None,
                pair: None,
            }
        } else {
            builder.linear("head", c.vocab_size, c.hidden_size)?
        };
        let mut vision = match &config.vision {
            Some(v) => Some(builder.vision(config, v)?),
            None => None,
        };
        let parameters = builder.parameters;
        if let Some((tower, _)) = &mut vision {
            tower.learned = parameters
                .iter()
                .any(|(_, p)| p.learned && p.name.starts_with("vision."));
        }
        Ok(Self {
            heads: Heads {
                heads: c.heads,
                kv_heads: c.kv_heads,
                d: c.head_dim,
                scale: c.query_pre_attn_scalar.powf(-0.5),
            },
            embedding_scale: (c.hidden_size as f64).sqrt(),
            config: config.clone(),
            parameters,
            vision,
            embedding,
            layers,
            norm,
            head,
            auxiliary: None,
            recompute: false,
        })
    }
}
