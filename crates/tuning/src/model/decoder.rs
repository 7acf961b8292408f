//! The Gemma 3 decoder, forward and backward, over several sequences at once.

use std::ops::Range;

use overread_kernels::dense::Real;

use crate::ops::activation::{gated, gated_backward};
use crate::ops::attention::{Heads, Qkv, Sight, attend, attend_backward};
use crate::ops::linear::Linear;
use crate::ops::norm::RmsNorm;
use crate::ops::rotation::Rotation;
use crate::ops::{Pass, add};
use crate::parameters::Gradients;

/// One layer.
#[derive(Debug)]
pub(crate) struct DecoderLayer {
    /// Sees a window of the tokens before it, with the local rotation.
    pub(crate) local: bool,
    pub(crate) input_norm: RmsNorm,
    pub(crate) q: Linear,
    pub(crate) k: Linear,
    pub(crate) v: Linear,
    pub(crate) q_norm: RmsNorm,
    pub(crate) k_norm: RmsNorm,
    pub(crate) o: Linear,
    pub(crate) post_attention_norm: RmsNorm,
    pub(crate) pre_feedforward_norm: RmsNorm,
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    pub(crate) post_feedforward_norm: RmsNorm,
}

/// Sequences that are read together.
#[derive(Debug)]
pub(crate) struct Sequences<T> {
    pub(crate) ranges: Vec<Range<usize>>,
    /// Keys that each token sees in a global and in a local layer.
    sees: [Vec<Range<usize>>; 2],
    turns: [Rotation<T>; 2],
}

/// How positions become rotations, and how far a local layer sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(crate) theta_global: f64,
    pub(crate) theta_local: f64,
    pub(crate) factor: f64,
    pub(crate) window: usize,
    pub(crate) head_dim: usize,
}

impl<T: Real> Sequences<T> {
    /// `blocks` names the image of each token of each sequence, -1 for text: text is causal, an image is seen both
    /// ways.
    pub(crate) fn new(blocks: &[&[i32]], reach: Reach) -> Self {
        let (mut ranges, mut positions) = (Vec::new(), Vec::new());
        let mut sees = [Vec::new(), Vec::new()];
        let mut first = 0;
        for blocks in blocks {
            let mut ends: Vec<usize> = (1..=blocks.len()).collect();
            for i in (1..blocks.len()).rev() {
                if blocks[i - 1] >= 0 && blocks[i - 1] == blocks[i] {
                    ends[i - 1] = ends[i];
                }
            }
            for (t, end) in ends.into_iter().enumerate() {
                let from = (t + 1).saturating_sub(reach.window);
                sees[0].push(first..first + end);
                sees[1].push(first + from..first + end);
                positions.push(t);
            }
            ranges.push(first..first + blocks.len());
            first += blocks.len();
        }
        let turn = |theta, factor| Rotation::new(&positions, reach.head_dim, theta, factor);
        Self {
            turns: [
                turn(reach.theta_global, reach.factor),
                turn(reach.theta_local, 1.0),
            ],
            ranges,
            sees,
        }
    }

    fn of(&self, local: bool) -> (Sight<'_>, &Rotation<T>) {
        let i = usize::from(local);
        let sight = Sight {
            sequences: &self.ranges,
            sees: &self.sees[i],
        };
        (sight, &self.turns[i])
    }
}

/// What a layer's backward pass needs.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    u: Vec<T>,
    q: Vec<T>,
    k: Vec<T>,
    turned_q: Vec<T>,
    turned_k: Vec<T>,
    v: Vec<T>,
    attended: Vec<T>,
    o: Vec<T>,
    middle: Vec<T>,
    u2: Vec<T>,
    gate: Vec<T>,
    up: Vec<T>,
    down: Vec<T>,
}

impl DecoderLayer {
    /// The maps that a pair can stand beside, in the order of the pass.
    pub(crate) fn linears(&self) -> [&Linear; 7] {
        [
            &self.q, &self.k, &self.v, &self.o, &self.gate, &self.up, &self.down,
        ]
    }

    /// The same, to be changed.
    pub(crate) fn linears_mut(&mut self) -> [&mut Linear; 7] {
        [
            &mut self.q,
            &mut self.k,
            &mut self.v,
            &mut self.o,
            &mut self.gate,
            &mut self.up,
            &mut self.down,
        ]
    }

    pub(crate) fn forward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        x: &[T],
        heads: Heads,
        sequences: &Sequences<T>,
    ) -> (Vec<T>, Kept<T>) {
        let (sight, rotation) = sequences.of(self.local);
        let u = self.input_norm.forward(pass, x);
        let (q, k, v) = (
            self.q.forward(pass, &u),
            self.k.forward(pass, &u),
            self.v.forward(pass, &u),
        );
        let mut turned_q = self.q_norm.forward(pass, &q);
        let mut turned_k = self.k_norm.forward(pass, &k);
        rotation.turn(&mut turned_q, heads.heads, false);
        rotation.turn(&mut turned_k, heads.kv_heads, false);
        let qkv = Qkv {
            q: &turned_q,
            k: &turned_k,
            v: &v,
        };
        let attended = attend(heads, qkv, sight, pass.threads);
        let o = self.o.forward(pass, &attended);
        let mut middle = self.post_attention_norm.forward(pass, &o);
        add(&mut middle, x);
        let u2 = self.pre_feedforward_norm.forward(pass, &middle);
        let (gate, up) = (self.gate.forward(pass, &u2), self.up.forward(pass, &u2));
        let down = self.down.forward(pass, &gated(&gate, &up));
        let mut y = self.post_feedforward_norm.forward(pass, &down);
        add(&mut y, &middle);
        let kept = Kept {
            u,
            q,
            k,
            turned_q,
            turned_k,
            v,
            attended,
            o,
            middle,
            u2,
            gate,
            up,
            down,
        };
        (y, kept)
    }

    /// The gradient by `x`.
    pub(crate) fn backward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        x: &[T],
        kept: &Kept<T>,
        dy: Vec<T>,
        heads: Heads,
        sequences: &Sequences<T>,
        gradients: &mut Gradients<T>,
    ) -> Vec<T> {
        let (sight, rotation) = sequences.of(self.local);
        let zeros = |like: &[T]| vec![T::ZERO; like.len()];
        let mut by_down = zeros(&kept.down);
        self.post_feedforward_norm
            .backward(pass, &kept.down, &dy, &mut by_down, gradients);
        let inner = gated(&kept.gate, &kept.up);
        let mut by_inner = zeros(&inner);
        self.down
            .backward(pass, &inner, &by_down, Some(&mut by_inner), gradients);
        let (by_gate, by_up) = gated_backward(&kept.gate, &kept.up, &by_inner);
        let mut by_u2 = zeros(&kept.u2);
        self.gate
            .backward(pass, &kept.u2, &by_gate, Some(&mut by_u2), gradients);
        self.up
            .backward(pass, &kept.u2, &by_up, Some(&mut by_u2), gradients);
        let mut by_middle = dy;
        self.pre_feedforward_norm
            .backward(pass, &kept.middle, &by_u2, &mut by_middle, gradients);
        let mut by_o = zeros(&kept.o);
        self.post_attention_norm
            .backward(pass, &kept.o, &by_middle, &mut by_o, gradients);
        let mut by_attended = zeros(&kept.attended);
        self.o
            .backward(pass, &kept.attended, &by_o, Some(&mut by_attended), gradients);
        let qkv = Qkv {
            q: &kept.turned_q,
            k: &kept.turned_k,
            v: &kept.v,
        };
        let [mut dq, mut dk, dv] =
            attend_backward(heads, qkv, sight, &kept.attended, &by_attended, pass.threads);
        rotation.turn(&mut dq, heads.heads, true);
        rotation.turn(&mut dk, heads.kv_heads, true);
        let (mut by_q, mut by_k) = (zeros(&kept.q), zeros(&kept.k));
        self.q_norm.backward(pass, &kept.q, &dq, &mut by_q, gradients);
        self.k_norm.backward(pass, &kept.k, &dk, &mut by_k, gradients);
        let mut by_u = zeros(&kept.u);
        for (linear, d) in [(&self.q, &by_q), (&self.k, &by_k), (&self.v, &dv)] {
            linear.backward(pass, &kept.u, d, Some(&mut by_u), gradients);
        }
        self.input_norm
            .backward(pass, x, &by_u, &mut by_middle, gradients);
        by_middle
    }
}
