//! The model as it learns: the engine's tensors, forward and backward over a batch.

mod answered;
mod auxiliary;
mod build;
pub(crate) mod decoder;
pub(crate) mod encoder;
mod example;
pub(crate) mod projector;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use overread_kernels::dense::Real;
use overread_medgemma::config::Config;

pub use auxiliary::Auxiliary;
pub use build::{Held, Tensors};
use example::whole;
pub use example::{Example, Losses, Patches, Seen};

use crate::ops::attention::Heads;
use crate::ops::linear::{Linear, Pair, Weight};
use crate::ops::loss::{Due, cross_entropy, embed, embed_backward};
use crate::ops::norm::RmsNorm;
use crate::ops::{Pass, add};
use crate::parameters::{Gradients, Parameters};
use crate::random::Draw;
use decoder::{DecoderLayer, Reach, Sequences};
use encoder::{EncoderLayer, Look, Tower};
use projector::Projector;

/// How a pass over a batch is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// What dropout leaves out; `None`: nothing.
    pub draw: Option<Draw>,
    /// Examples that are computed together; parts run side by side. 0: all together.
    pub part: usize,
}

/// A model that learns.
#[derive(Debug)]
pub struct Learner<T> {
    /// Every plain tensor, and what is learned of them.
    pub parameters: Parameters<T>,
    config: Config,
    vision: Option<(Tower, Projector)>,
    embedding: Linear,
    embedding_scale: f64,
    layers: Vec<DecoderLayer>,
    norm: RmsNorm,
    head: Linear,
    heads: Heads,
    auxiliary: Option<Auxiliary>,
    /// Only what goes into each layer is kept for the way back; the rest is computed again.
    recompute: bool,
}

impl<T: Real> Learner<T> {
    /// The model's sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Trades time for memory: activations within a layer are computed twice (Chen et al. 2016, arXiv 1604.06174).
    pub fn set_recompute(&mut self, recompute: bool) {
        self.recompute = recompute;
        if let Some((tower, _)) = &mut self.vision {
            tower.recompute = recompute;
        }
    }

    /// Internal names, inputs and outputs of every map that a low-rank pair can stand beside.
    pub fn maps(&self) -> Vec<(String, usize, usize)> {
        self.linears()
            .map(|linear| (linear.name.clone(), linear.inputs, linear.outputs))
            .collect()
    }

    fn linears(&self) -> impl Iterator<Item = &Linear> {
        let decoder = self.layers.iter().flat_map(DecoderLayer::linears);
        let towers = self.vision.iter();
        let tower = towers.flat_map(|(tower, _)| tower.layers.iter().flat_map(EncoderLayer::linears));
        decoder.chain(tower)
    }

    fn map_mut(&mut self, name: &str) -> Option<&mut Linear> {
        let decoder = self.layers.iter_mut().flat_map(DecoderLayer::linears_mut);
        let towers = self.vision.iter_mut();
        let tower = towers.flat_map(|(tower, _)| tower.layers.iter_mut().flat_map(EncoderLayer::linears_mut));
        decoder.chain(tower).find(|linear| linear.name == name)
    }

    /// Puts a low-rank pair beside a map: A `[r, in]` and B `[out, r]`, both learned.
    ///
    /// # Panics
    /// When there is no map of that name or the sizes do not fit.
    pub fn attach(&mut self, name: &str, rank: usize, scale: f64, dropout: f64, a: Vec<T>, b: Vec<T>) {
        let key = Draw::new(0).named(name).below(0, usize::MAX) as u64;
        let (inputs, outputs) = self
            .map_mut(name)
            .map(|linear| (linear.inputs, linear.outputs))
            .unwrap_or_default();
        let a = self
            .parameters
            .add(&format!("{name}.lora_A"), &[rank, inputs], a, true);
        let b = self
            .parameters
            .add(&format!("{name}.lora_B"), &[outputs, rank], b, true);
        if let Some(linear) = self.map_mut(name) {
            linear.pair = Some(Pair {
                a,
                b,
                rank,
                scale,
                dropout,
                key,
            });
        }
        if name.starts_with("vision.")
            && let Some((tower, _)) = &mut self.vision
        {
            tower.learned = true;
        }
    }

    /// The low-rank pairs: name of the map, A and B.
    pub fn pairs(&self) -> Vec<(String, &[T], &[T])> {
        self.linears()
            .filter_map(|linear| Some((linear, linear.pair?)))
            .map(|(linear, pair)| {
                let [a, b] = [pair.a, pair.b].map(|id| self.parameters.values(id));
                (linear.name.clone(), a, b)
            })
            .collect()
    }

    /// Losses of a batch and the gradients of their sum: answers token by token, patches by their share. The parts of a
    /// batch are added in order, so that the result does not depend on threads.
    pub fn gradients(&self, batch: &[&Example], manner: Manner) -> (Losses, Gradients<T>) {
        let one = |(i, part): (usize, &[&Example]), threads| {
            let mut gradients = self.parameters.gradients();
            let manner = Manner {
                draw: manner.draw.map(|draw| draw.of(i as u64)),
                ..manner
            };
            let losses = self.pass(part, manner, threads, Some(&mut gradients));
            (losses, gradients)
        };
        let (mut losses, mut gradients) = (Losses::default(), self.parameters.gradients());
        self.in_parts(batch, manner, one, |(part, slopes)| {
            losses.add(&part);
            gradients.add(&slopes);
        });
        (losses, gradients)
    }

    /// Losses of a batch alone.
    pub fn losses(&self, batch: &[&Example], part: usize) -> Losses {
        let manner = Manner { draw: None, part };
        let one = |(_, part): (usize, &[&Example]), threads| self.pass(part, manner, threads, None);
        let mut losses = Losses::default();
        self.in_parts(batch, manner, one, |part| losses.add(&part));
        losses
    }

    /// Every part's result, taken in the order of the parts.
    fn in_parts<R: Send>(
        &self,
        batch: &[&Example],
        manner: Manner,
        one: impl Fn((usize, &[&Example]), usize) -> R + Sync,
        take: impl FnMut(R) + Send,
    ) {
        let size = if manner.part == 0 {
            batch.len().max(1)
        } else {
            manner.part
        };
        let threads = overread_kernels::threads();
        if batch.len() <= size {
            return batch
                .chunks(size)
                .enumerate()
                .map(|part| one(part, threads))
                .for_each(take);
        }
        // Parts begin in order, so that few results wait: each holds a gradient of everything that is learned.
        let parts: Vec<&[&Example]> = batch.chunks(size).collect();
        let next = AtomicUsize::new(0);
        let waiting = Mutex::new((0, BTreeMap::new(), take));
        let work = || {
            while let i = next.fetch_add(1, Ordering::Relaxed)
                && let Some(part) = parts.get(i)
            {
                let result = one((i, part), 1);
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let (taken, results, take) = &mut *waiting;
                results.insert(i, result);
                while let Some(result) = results.remove(taken) {
                    take(result);
                    *taken += 1;
                }
            }
        };
        rayon::scope(|scope| {
            for _ in 0..threads.min(parts.len()) {
                scope.spawn(|_| work());
            }
        });
    }

    /// Features `[tokens, D]` of pictures, for examples that are seen again and again.
    pub fn features(&self, pictures: &[Arc<Vec<f32>>]) -> Vec<T> {
        let Some((tower, projector)) = &self.vision else {
            return Vec::new();
        };
        let pooled = self.pooled(tower, projector, pictures);
        let pass = self.plain(overread_kernels::threads(), None);
        projector.forward(pass, pooled).0
    }

    /// What the tower makes of pictures, pooled, `[tokens, Dv]`, while the projector still learns.
    pub fn hidden(&self, pictures: &[Arc<Vec<f32>>]) -> Vec<T> {
        match &self.vision {
            Some((tower, projector)) => self.pooled(tower, projector, pictures),
            None => Vec::new(),
        }
    }

    fn pooled(&self, tower: &Tower, projector: &Projector, pictures: &[Arc<Vec<f32>>]) -> Vec<T> {
        // A caller that is one of several threads does not share its products.
        let threads = if rayon::current_thread_index().is_some() {
            1
        } else {
            overread_kernels::threads()
        };
        let looks: Vec<Look<'_>> = pictures.iter().map(|p| whole(p)).collect();
        projector.pool(&tower.forward(self.plain(threads, None), &looks).0)
    }

    /// Decides anew what is learned, by internal name.
    pub fn learn_only(&mut self, learned: impl Fn(&str) -> bool) {
        for (_, parameter) in self.parameters.iter_mut() {
            parameter.learned = learned(&parameter.name);
        }
        if let Some((tower, _)) = &mut self.vision {
            tower.learned = self
                .parameters
                .iter()
                .any(|(_, p)| p.learned && p.name.starts_with("vision."));
        }
    }

    fn plain(&self, threads: usize, draw: Option<Draw>) -> Pass<'_, T> {
        Pass {
            parameters: &self.parameters,
            threads,
            draw,
        }
    }

    /// True when something before the decoder's first layer is learned.
    fn learns_inputs(&self) -> bool {
        self.learns(&self.embedding) || self.learns_features()
    }

    fn learns_features(&self) -> bool {
        let learns =
            |(tower, projector): &(Tower, Projector)| tower.learned || self.learns(&projector.matrix);
        self.vision.as_ref().is_some_and(learns)
    }

    /// True when the map's weights, or a pair beside them, are learned.
    fn learns(&self, linear: &Linear) -> bool {
        let whole = matches!(linear.weight, Weight::Plain(id) if self.parameters.is_learned(id));
        whole || linear.pair.is_some()
    }

    fn pass(
        &self,
        batch: &[&Example],
        manner: Manner,
        threads: usize,
        mut gradients: Option<&mut Gradients<T>>,
    ) -> Losses {
        let pass = self.plain(threads, manner.draw);
        let width = self.config.text.hidden_size;
        let mut losses = Losses::default();

        if batch.iter().all(|example| example.answer.is_empty()) {
            self.patches_alone(pass, batch, &mut losses, gradients);
            return losses;
        }

        // What is seen: pictures through tower and projector, features as they are.
        let pictures: Vec<Look<'_>> = batch
            .iter()
            .filter_map(|example| match &example.seen {
                Seen::Pictures(pictures) => Some(pictures.iter().map(|p| whole(p))),
                _ => None,
            })
            .flatten()
            .collect();
        // What was seen before comes first, then what is seen now.
        let width_of_tower = self.config.vision.as_ref().map_or(0, |v| v.hidden_size);
        let mut pooled: Vec<T> = Vec::new();
        for example in batch {
            if let Seen::Pooled(values) = &example.seen {
                pooled.extend(values.iter().map(|v| T::of(f64::from(*v))));
            }
        }
        let seen_before = pooled.len();
        let mut features = Vec::new();
        let (mut projected, mut towards) = (None, None);
        if let Some((tower, projector)) = &self.vision {
            if !pictures.is_empty() {
                let (hidden, kept) = tower.forward(pass, &pictures);
                pooled.extend(projector.pool(&hidden));
                towards = Some((hidden, kept));
            }
            if !pooled.is_empty() {
                let (out, kept) = projector.forward(pass, pooled);
                features = out;
                projected = Some(kept);
            }
        }

        // Embedding, with features in the places of the images.
        let ids: Vec<u32> = batch.iter().flat_map(|e| e.ids.iter().copied()).collect();
        let mut x = embed(pass, &self.embedding, &ids, self.embedding_scale);
        let mut places = Vec::new();
        let mut first = 0;
        let mut before = features.chunks_exact(width).enumerate();
        let mut now = before.clone();
        if let Some(rows) = seen_before.checked_div(width_of_tower)
            && rows > 0
        {
            now.nth(rows - 1);
        }
        for example in batch {
            let mut own = match &example.seen {
                Seen::Features(features) => features.chunks_exact(width),
                _ => [].chunks_exact(width),
            };
            for (i, block) in example.blocks.iter().enumerate() {
                if *block < 0 {
                    continue;
                }
                let row = &mut x[(first + i) * width..][..width];
                let computed = match &example.seen {
                    Seen::Pictures(_) => now.next(),
                    Seen::Pooled(_) => before.next(),
                    Seen::Features(_) | Seen::Nothing => None,
                };
                if let Some((at, feature)) = computed {
                    row.copy_from_slice(feature);
                    places.push((first + i, at));
                } else if let Some(feature) = own.next() {
                    row.iter_mut()
                        .zip(feature)
                        .for_each(|(o, v)| *o = T::of(f64::from(*v)));
                }
            }
            first += example.ids.len();
        }

        // Layers.
        let blocks: Vec<&[i32]> = batch.iter().map(|e| e.blocks.as_slice()).collect();
        let text = &self.config.text;
        let reach = Reach {
            theta_global: text.rope_theta_global,
            theta_local: text.rope_theta_local,
            factor: text.rope_factor,
            window: text.sliding_window,
            head_dim: text.head_dim,
        };
        let sequences = Sequences::new(&blocks, reach);
        let mut kept = Vec::new();
        for layer in &self.layers {
            let (y, layer_kept) = layer.forward(pass, &x, self.heads, &sequences);
            let before = std::mem::replace(&mut x, y);
            if gradients.is_some() {
                kept.push((before, (!self.recompute).then_some(layer_kept)));
            }
        }

        // The rows that are to predict an answer's token.
        let (mut rows, mut due) = (Vec::new(), Vec::new());
        for (example, range) in batch.iter().zip(&sequences.ranges) {
            for at in example.answer.clone().filter(|at| *at > 0) {
                rows.push(range.start + at - 1);
                due.push(Due {
                    token: example.ids[at],
                    weight: example.weight,
                });
            }
        }
        let last: Vec<T> = rows
            .iter()
            .flat_map(|row| x[row * width..][..width].iter().copied())
            .collect();
        let normed = self.norm.forward(pass, &last);
        let softcap = self.config.text.final_softcap;
        let (loss, by_normed) =
            cross_entropy(pass, &self.head, softcap, &normed, &due, gradients.as_deref_mut());
        losses.answer = loss;
        let auxiliary = towards.as_ref().and_then(|(hidden, _)| {
            self.auxiliary_pass(batch, hidden, &mut losses, gradients.as_deref_mut())
        });
        let Some(gradients) = gradients else {
            return losses;
        };

        // And back.
        let mut by_last = vec![T::ZERO; last.len()];
        self.norm
            .backward(pass, &last, &by_normed, &mut by_last, gradients);
        let mut by_x = vec![T::ZERO; x.len()];
        for (row, d) in rows.iter().zip(by_last.chunks_exact(width)) {
            add(&mut by_x[row * width..][..width], d);
        }
        let lowest = if self.learns_inputs() {
            0
        } else {
            self.lowest_learned()
        };
        for (layer, (before, kept)) in self.layers.iter().zip(kept).skip(lowest).rev() {
            let kept = kept.unwrap_or_else(|| layer.forward(pass, &before, self.heads, &sequences).1);
            by_x = layer.backward(pass, &before, &kept, by_x, self.heads, &sequences, gradients);
        }
        let is_image = |i: usize| places.binary_search_by(|(row, _)| row.cmp(&i)).is_ok();
        let blocks: Vec<i32> = blocks.concat();
        embed_backward(
            &self.embedding,
            &ids,
            |i| blocks[i] < 0 && !is_image(i),
            self.embedding_scale,
            &by_x,
            gradients,
        );
        let (Some((tower, projector)), Some(projected), true) =
            (&self.vision, projected, self.learns_features())
        else {
            return losses;
        };
        let mut by_features = vec![T::ZERO; features.len()];
        for (row, at) in &places {
            add(
                &mut by_features[at * width..][..width],
                &by_x[row * width..][..width],
            );
        }
        let by_pooled = projector.backward(pass, &projected, &by_features, gradients);
        if let Some((hidden, kept)) = towards.filter(|_| tower.learned) {
            let mut by_hidden = auxiliary.unwrap_or_else(|| vec![T::ZERO; hidden.len()]);
            projector.pool_backward(&by_pooled[seen_before..], &mut by_hidden);
            tower.backward(pass, kept, &by_hidden, gradients);
        }
        losses
    }

    /// The first layer in which something is learned.
    fn lowest_learned(&self) -> usize {
        let learns = |layer: &DecoderLayer| layer.linears().iter().any(|linear| self.learns(linear));
        self.layers.iter().position(learns).unwrap_or(self.layers.len())
    }
}
