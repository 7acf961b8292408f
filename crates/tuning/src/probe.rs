//! A linear probe: softmax regression on vectors that something else made. It learns in seconds and is the honest thing to
//! beat.

use overread_kernels::dense::{View, multiply};

use crate::ops::attention::softmax;
use crate::optimiser::{AdamW, OptimiserSettings, Schedule};
use crate::parameters::Parameters;
use crate::random::Draw;

/// How a probe is fitted.
#[derive(Clone, Copy, Debug)]
pub struct ProbeSettings {
    /// Steps.
    pub steps: usize,
    /// Cases a step, drawn at random.
    pub batch: usize,
    /// Largest learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Decides which cases come when.
    pub seed: u64,
}

/// Weights `[classes, width + 1]`, the bias last.
#[derive(Clone, Debug)]
pub struct LinearProbe {
    weights: Vec<f32>,
    width: usize,
}

impl LinearProbe {
    /// Fits vectors of one width to their classes. `None` without cases, or where widths differ.
    pub fn fit(
        inputs: &[Vec<f32>],
        truths: &[usize],
        classes: usize,
        settings: ProbeSettings,
    ) -> Option<Self> {
        let width = inputs.first()?.len();
        let sound = inputs.len() == truths.len()
            && inputs.iter().all(|x| x.len() == width)
            && truths.iter().all(|t| *t < classes);
        if !sound {
            return None;
        }
        let row = width + 1;
        let mut parameters = Parameters::<f32>::default();
        let id = parameters.add("probe", &[classes, row], vec![0.0; classes * row], true);
        let optimiser = OptimiserSettings {
            learning_rate: settings.learning_rate,
            weight_decay: settings.weight_decay,
            clip: 0.0,
            schedule: Schedule::Cosine,
            ..OptimiserSettings::default()
        };
        let mut adam = AdamW::new(optimiser, &parameters);
        let draw = Draw::new(settings.seed).named("probe");
        for step in 0..settings.steps {
            let n = settings.batch;
            let picks: Vec<usize> = (0..n as u64)
                .map(|i| draw.of(step as u64).below(i, inputs.len()))
                .collect();
            let batch: Vec<f32> = picks
                .iter()
                .flat_map(|at| inputs[*at].iter().copied().chain([1.0]))
                .collect();
            let mut slopes = vec![0.0; n * classes];
            let w = View::rows(parameters.values(id), row).transposed();
            multiply(
                [n, classes, row],
                &mut slopes,
                classes,
                0.0,
                View::rows(&batch, row),
                w,
                1.0,
                1,
            );
            for (slopes, at) in slopes.chunks_exact_mut(classes).zip(&picks) {
                softmax(slopes);
                slopes[truths[*at]] -= 1.0;
            }
            let mut gradients = parameters.gradients();
            let by = gradients.get_mut(id)?;
            let slopes = View::rows(&slopes, classes).transposed();
            let share = 1.0 / n as f32;
            multiply(
                [classes, row, n],
                by,
                row,
                0.0,
                slopes,
                View::rows(&batch, row),
                share,
                1,
            );
            adam.step(
                &mut parameters,
                &mut gradients,
                optimiser.rate(step, settings.steps),
            );
        }
        Some(Self {
            weights: parameters.values(id).to_vec(),
            width,
        })
    }

    /// One score a class, before any softmax.
    pub fn scores(&self, x: &[f32]) -> Vec<f32> {
        self.weights
            .chunks_exact(self.width + 1)
            .map(|w| w[self.width] + x.iter().zip(w).map(|(a, b)| a * b).sum::<f32>())
            .collect()
    }

    /// The class with the highest score.
    pub fn class(&self, x: &[f32]) -> usize {
        let scores = self.scores(x);
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(class, _)| class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_a_plane_parts_are_parted() {
        let draw = Draw::new(2);
        let inputs: Vec<Vec<f32>> = (0..300)
            .map(|i| (0..3).map(|k| draw.of(i).normal(k) as f32).collect())
            .collect();
        let class = |x: &Vec<f32>| match x[0] + 0.5 * x[2] {
            v if v > 0.4 => 2,
            v if v < -0.4 => 0,
            _ => 1,
        };
        let truths: Vec<usize> = inputs.iter().map(class).collect();
        let settings = ProbeSettings {
            steps: 800,
            batch: 64,
            learning_rate: 0.05,
            weight_decay: 0.0,
            seed: 1,
        };
        let probe = LinearProbe::fit(&inputs, &truths, 3, settings).expect("fits");
        let right = inputs
            .iter()
            .zip(&truths)
            .filter(|(x, t)| probe.class(x) == **t)
            .count();
        assert!(right > 285, "{right}");
        assert!(LinearProbe::fit(&inputs, &truths, 2, settings).is_none());
        assert!(LinearProbe::fit(&[], &[], 2, settings).is_none());
    }
}
