//! One decoder layer: four norms, grouped-query attention, gated MLP.

use overread_kernels::Input;
use overread_kernels::attention::{Heads, Precision as Arithmetic, Segment, attend_with};
use overread_kernels::rows::{add_rms_norm, gelu_gate, norm_and_rotate, rms_norm};

use crate::config::{LayerKind, TextConfig};
use crate::decoder::cache::{Cache, Rows};
use crate::decoder::rope::Rotation;
use crate::decoder::span::Span;
use crate::error::Result;
use crate::linear::{Linear, Pass, Then};
use crate::norm::Norm;
use crate::weights::{Precision, Weights};

/// Buffers of a pass, kept between passes.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) input: Input,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    attended: Vec<f32>,
    up: Vec<f32>,
    gate: Vec<f32>,
    branch: Vec<f32>,
    seen: Vec<std::ops::Range<usize>>,
}

#[derive(Debug)]
pub(crate) struct Layer {
    kind: LayerKind,
    arithmetic: Arithmetic,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    q_norm: Norm,
    k_norm: Norm,
    gate: Linear,
    up: Linear,
    down: Linear,
    input_norm: Norm,
    post_attention_norm: Norm,
    pre_feedforward_norm: Norm,
    post_feedforward_norm: Norm,
}

impl Layer {
    pub(crate) fn take(weights: &mut Weights, config: &TextConfig, i: usize) -> Result<Self> {
        let name = |part: &str| format!("text.layers.{i}.{part}");
        let mut norm = |part: &str| Norm::take(weights, &name(part));
        let (q_norm, k_norm) = (norm("self_attn.q_norm")?, norm("self_attn.k_norm")?);
        let input_norm = norm("input_layernorm")?;
        let post_attention_norm = norm("post_attention_layernorm")?;
        let pre_feedforward_norm = norm("pre_feedforward_layernorm")?;
        let post_feedforward_norm = norm("post_feedforward_layernorm")?;
        Ok(Self {
            kind: config.layers[i],
            // Eight-bit weights are for those who want float32's answers in less memory: their attention is not rounded.
            arithmetic: match weights.precision {
                Precision::F32 | Precision::Q8_0 => Arithmetic::F32,
                Precision::Bf16 | Precision::Q4K => Arithmetic::Bf16,
            },
            q: Linear::take(weights, &name("self_attn.q_proj"))?,
            k: Linear::take(weights, &name("self_attn.k_proj"))?,
            v: Linear::take(weights, &name("self_attn.v_proj"))?,
            o: Linear::take(weights, &name("self_attn.o_proj"))?,
            gate: Linear::take(weights, &name("mlp.gate_proj"))?,
            up: Linear::take(weights, &name("mlp.up_proj"))?,
            down: Linear::take(weights, &name("mlp.down_proj"))?,
            q_norm,
            k_norm,
            input_norm,
            post_attention_norm,
            pre_feedforward_norm,
            post_feedforward_norm,
        })
    }

    /// Its maps, for adapters.
    pub(crate) fn linears(&self) -> [&Linear; 7] {
        [
            &self.q, &self.k, &self.v, &self.o, &self.gate, &self.up, &self.down,
        ]
    }

    pub(crate) fn kind(&self) -> LayerKind {
        self.kind
    }

    /// `x` is `[T, D]`. With `own`, keys and values go there and not into the cache (a branch that is thrown away).
    /// Only the last `wanted` rows of `x` are carried further: the last layer of a prompt needs no others.
    pub(crate) fn forward(
        &self,
        pass: Pass<'_>,
        x: &mut Vec<f32>,
        config: &TextConfig,
        index: usize,
        span: &Span,
        rotation: &Rotation,
        cache: &mut Cache,
        own: Option<&mut Rows>,
        wanted: usize,
        b: &mut Buffers,
    ) -> Result<()> {
        let (width, length) = (config.hidden_size, span.len());
        let (d, eps) = (config.head_dim, config.rms_norm_eps as f32);
        let kernels = pass.kernels;
        rms_norm(
            kernels,
            x,
            self.input_norm.scale(pass),
            eps,
            b.input.fill(length, width),
        );
        self.k.forward(pass, &mut b.input, &mut b.k, Then::Write);
        self.v.forward(pass, &mut b.input, &mut b.v, Then::Write);
        norm_and_rotate(
            kernels,
            &mut b.k,
            config.kv_heads,
            self.k_norm.scale(pass),
            eps,
            &rotation.cos,
            &rotation.sin,
        );
        pass.cancel.check()?;
        let own = match own {
            Some(rows) => {
                rows.append(&b.k, &b.v, 0, 0);
                Some(&*rows)
            }
            None => {
                cache.append(index, &b.k, &b.v);
                None
            }
        };
        if wanted == 0 {
            x.clear();
            return Ok(());
        }
        let skipped = length - wanted;
        if skipped > 0 {
            x.drain(..skipped * width);
            rms_norm(
                kernels,
                x,
                self.input_norm.scale(pass),
                eps,
                b.input.fill(wanted, width),
            );
        }
        self.q.forward(pass, &mut b.input, &mut b.q, Then::Write);
        let half = d / 2;
        norm_and_rotate(
            kernels,
            &mut b.q,
            config.heads,
            self.q_norm.scale(pass),
            eps,
            &rotation.cos[skipped * half..],
            &rotation.sin[skipped * half..],
        );
        self.attend(pass, config, index, span, skipped, cache, own, b);
        pass.cancel.check()?;
        self.o.load(pass, &mut b.input, &b.attended, wanted);
        self.o.forward(pass, &mut b.input, &mut b.branch, Then::Write);
        add_rms_norm(kernels, x, &b.branch, self.post_attention_norm.scale(pass), eps);
        rms_norm(
            kernels,
            x,
            self.pre_feedforward_norm.scale(pass),
            eps,
            b.input.fill(wanted, width),
        );
        self.gate.forward(pass, &mut b.input, &mut b.gate, Then::Write);
        pass.cancel.check()?;
        self.up.forward(pass, &mut b.input, &mut b.up, Then::Write);
        pass.cancel.check()?;
        gelu_gate(kernels, &mut b.gate, &b.up);
        self.down.load(pass, &mut b.input, &b.gate, wanted);
        self.down.forward(pass, &mut b.input, &mut b.branch, Then::Write);
        add_rms_norm(kernels, x, &b.branch, self.post_feedforward_norm.scale(pass), eps);
        pass.cancel.check()
    }

    fn attend(
        &self,
        pass: Pass<'_>,
        config: &TextConfig,
        index: usize,
        span: &Span,
        skipped: usize,
        cache: &Cache,
        own: Option<&Rows>,
        b: &mut Buffers,
    ) {
        let window = (self.kind == LayerKind::Local).then_some(config.sliding_window);
        let trunk: Vec<&Rows> = cache.rows(index).collect();
        let segments: Vec<Segment<'_>> = trunk.iter().copied().chain(own).map(Rows::segment).collect();
        b.seen.clear();
        for t in skipped..span.len() {
            let wanted = span.sees(t, window);
            for rows in &trunk {
                let from = wanted.start.max(rows.first);
                let to = wanted.end.min(rows.first + rows.rows);
                b.seen
                    .push(from.min(to).max(rows.first) - rows.first..to.max(rows.first) - rows.first);
            }
            if own.is_some() {
                b.seen.push(span.sees_of_branch(t, window));
            }
        }
        let shape = Heads {
            heads: config.heads,
            kv_heads: config.kv_heads,
            d: config.head_dim,
        };
        let scale = config.query_pre_attn_scalar.powf(-0.5) as f32;
        b.attended
            .resize((span.len() - skipped) * config.heads * config.head_dim, 0.0);
        attend_with(
            pass.kernels,
            self.arithmetic,
            &b.q,
            shape,
            &segments,
            &b.seen,
            scale,
            &mut b.attended,
            pass.stop(),
        );
    }
}
