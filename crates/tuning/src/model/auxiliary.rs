//! The auxiliary head: what each patch shows, while the tower learns.

use overread_kernels::dense::Real;

use super::Learner;
use super::example::{Example, Losses, Seen, whole};
use crate::ops::loss::{classes, rows_times};
use crate::ops::{Pass, add};
use crate::parameters::{Gradients, Id};

/// A linear map from a patch's last hidden state to classes, which makes a tower learn where things are. It is thrown
/// away afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Auxiliary {
    weight: Id,
    bias: Id,
    classes: usize,
    /// What a patch counts beside a token.
    pub share: f64,
}

impl<T: Real> Learner<T> {
    /// Adds the auxiliary head.
    pub fn set_auxiliary(&mut self, classes: usize, share: f64) {
        let Some(vision) = &self.config.vision else { return };
        let width = vision.hidden_size;
        let weight = self.parameters.add(
            "auxiliary.weight",
            &[classes, width],
            vec![T::ZERO; classes * width],
            true,
        );
        let bias = self
            .parameters
            .add("auxiliary.bias", &[classes], vec![T::ZERO; classes], true);
        self.auxiliary = Some(Auxiliary {
            weight,
            bias,
            classes,
            share,
        });
    }

    /// What a patch counts beside a token, from now on.
    pub fn set_auxiliary_share(&mut self, share: f64) {
        if let Some(auxiliary) = &mut self.auxiliary {
            auxiliary.share = share;
        }
    }

    /// Tower and auxiliary head without the decoder.
    pub(super) fn patches_alone(
        &self,
        pass: Pass<'_, T>,
        batch: &[&Example],
        losses: &mut Losses,
        mut gradients: Option<&mut Gradients<T>>,
    ) {
        let Some((tower, _)) = &self.vision else { return };
        let mut looks = Vec::new();
        for example in batch {
            let Seen::Pictures(pictures) = &example.seen else {
                continue;
            };
            looks.extend(pictures.iter().map(|p| whole(p)));
            if let Some(own) = &example.patches
                && own.only.is_some()
            {
                looks.truncate(looks.len() + 1 - pictures.len());
                if let Some(last) = looks.last_mut() {
                    last.patches = own.only.as_deref();
                }
            }
        }
        let (hidden, kept) = tower.forward(pass, &looks);
        let by_hidden = self.auxiliary_pass(batch, &hidden, losses, gradients.as_deref_mut());
        if let (Some(by_hidden), Some(gradients), true) = (by_hidden, gradients, tower.learned) {
            tower.backward(pass, kept, &by_hidden, gradients);
        }
    }

    /// Loss of the auxiliary head on the first picture of each example that has classes for its patches; the gradient by
    /// the tower's last hidden states.
    pub(super) fn auxiliary_pass(
        &self,
        batch: &[&Example],
        hidden: &[T],
        losses: &mut Losses,
        gradients: Option<&mut Gradients<T>>,
    ) -> Option<Vec<T>> {
        let auxiliary = self.auxiliary?;
        let (tower, _) = self.vision.as_ref()?;
        let (patches, width) = (tower.patches(), tower.patch.outputs);
        let mut due = Vec::new();
        for example in batch {
            let Seen::Pictures(pictures) = &example.seen else {
                continue;
            };
            let first = due.len();
            let mut length = pictures.len() * patches;
            if let Some(own) = &example.patches {
                due.extend_from_slice(&own.due);
                if own.only.is_some() && example.answer.is_empty() {
                    length = own.due.len();
                }
            }
            due.resize(first + length, [(0, 0.0); 2]);
        }
        let n = auxiliary.classes;
        let weights = self.parameters.values(auxiliary.weight);
        let mut logits = rows_times(hidden, weights, width);
        for row in logits.chunks_exact_mut(n) {
            add(row, self.parameters.values(auxiliary.bias));
        }
        losses.patches = classes(&mut logits, n, &due, auxiliary.share);
        let gradients = gradients?;
        let mut by_hidden = vec![T::ZERO; hidden.len()];
        for ((slopes, row), into) in logits
            .chunks_exact(n)
            .zip(hidden.chunks_exact(width))
            .zip(by_hidden.chunks_exact_mut(width))
        {
            for (class, slope) in slopes.iter().enumerate() {
                let w = &weights[class * width..][..width];
                into.iter_mut().zip(w).for_each(|(i, w)| *i += *slope * *w);
                if let Some(by_weight) = gradients.get_mut(auxiliary.weight) {
                    let g = &mut by_weight[class * width..][..width];
                    g.iter_mut().zip(row).for_each(|(g, v)| *g += *slope * *v);
                }
            }
            if let Some(by_bias) = gradients.get_mut(auxiliary.bias) {
                add(by_bias, slopes);
            }
        }
        Some(by_hidden)
    }
}
