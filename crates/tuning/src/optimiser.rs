//! AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), as torch computes it, with warm-up, schedules and clipping.

use overread_kernels::dense::Real;
use serde::{Deserialize, Serialize};

use crate::parameters::{Gradients, Parameters};

/// How the learning rate falls after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// It does not.
    Constant,
    /// In a straight line to 0.
    Linear,
    /// As half a cosine to 0.
    Cosine,
}

/// Settings of the optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptimiserSettings {
    /// Largest learning rate.
    pub learning_rate: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of their squares.
    pub beta2: f64,
    /// Added to the root of the mean square.
    pub epsilon: f64,
    /// Decoupled weight decay of matrices.
    pub weight_decay: f64,
    /// Gradients of a larger norm are scaled down to it; 0: never.
    pub clip: f64,
    /// How the rate falls.
    pub schedule: Schedule,
    /// Share of the steps in which the rate rises from 0.
    pub warm_up: f64,
}

impl Default for OptimiserSettings {
    /// The published recipe's, where it says something, else torch's.
    fn default() -> Self {
        Self {
            learning_rate: 2e-4,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            clip: 0.3,
            schedule: Schedule::Linear,
            warm_up: 0.03,
        }
    }
}

impl OptimiserSettings {
    /// Learning rate of step `step` (from 0) of `steps`, as transformers' schedules give it.
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        let warm = (self.warm_up * steps as f64).ceil() as usize;
        if step < warm {
            return self.learning_rate * step as f64 / warm as f64;
        }
        let done = (step - warm) as f64 / (steps - warm).max(1) as f64;
        let share = match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Linear => 1.0 - done,
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        };
        self.learning_rate * share.max(0.0)
    }
}

/// Means of gradients and of their squares, a tensor each; `None` for what is not learned.
#[derive(Clone, Debug)]
pub struct AdamW<T> {
    settings: OptimiserSettings,
    pub(crate) moments: Vec<Option<[Vec<T>; 2]>>,
    /// Steps made.
    pub(crate) steps: usize,
}

impl<T: Real> AdamW<T> {
    /// At its beginning.
    pub fn new(settings: OptimiserSettings, parameters: &Parameters<T>) -> Self {
        let zeros = |n| [vec![T::ZERO; n], vec![T::ZERO; n]];
        Self {
            settings,
            moments: parameters
                .iter()
                .map(|(_, p)| p.learned.then(|| zeros(p.values.len())))
                .collect(),
            steps: 0,
        }
    }

    /// Clips the gradients and changes what is learned. Gives the norm of the gradients before.
    pub fn step(&mut self, parameters: &mut Parameters<T>, gradients: &mut Gradients<T>, rate: f64) -> f64 {
        let s = self.settings;
        let norm = gradients.norm();
        if s.clip > 0.0 && norm > s.clip {
            // torch adds 1e-6 so that a norm of 0 divides nothing.
            gradients.scale(T::of(s.clip / (norm + 1e-6)));
        }
        self.steps += 1;
        let correction1 = 1.0 - s.beta1.powi(self.steps as i32);
        let correction2 = (1.0 - s.beta2.powi(self.steps as i32)).sqrt();
        let (b1, b2) = (T::of(s.beta1), T::of(s.beta2));
        let size = T::of(rate / correction1);
        for ((id, parameter), moments) in parameters.iter_mut().zip(&mut self.moments) {
            let (Some([mean, square]), Some(gradient)) = (moments, gradients.get(id)) else {
                continue;
            };
            let keep = if parameter.decays {
                T::of(1.0 - rate * s.weight_decay)
            } else {
                T::ONE
            };
            for (((value, g), m), v) in parameter.values.iter_mut().zip(gradient).zip(mean).zip(square) {
                *m = b1 * *m + (T::ONE - b1) * *g;
                *v = b2 * *v + (T::ONE - b2) * *g * *g;
                let root = v.sqrt() / T::of(correction2) + T::of(s.epsilon);
                *value = *value * keep - size * *m / root;
            }
        }
        norm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_and_fall() {
        let settings = |schedule| OptimiserSettings {
            learning_rate: 1.0,
            schedule,
            warm_up: 0.1,
            ..OptimiserSettings::default()
        };
        let linear = settings(Schedule::Linear);
        let rates: Vec<f64> = [0, 5, 10, 55, 100].map(|i| linear.rate(i, 100)).to_vec();
        assert_eq!(rates, [0.0, 0.5, 1.0, 0.5, 0.0]);
        let cosine = settings(Schedule::Cosine);
        assert!((cosine.rate(55, 100) - 0.5).abs() < 1e-12 && cosine.rate(100, 100) < 1e-12);
        assert_eq!(settings(Schedule::Constant).rate(99, 100), 1.0);
    }

    #[test]
    fn the_first_step_is_the_rate_by_the_sign_and_the_decay() {
        let mut parameters = Parameters::<f64>::default();
        let matrix = parameters.add("m", &[1, 2], vec![1.0, -2.0], true);
        let bias = parameters.add("b", &[1], vec![1.0], true);
        parameters.add("f", &[1], vec![1.0], false);
        let settings = OptimiserSettings {
            weight_decay: 0.1,
            clip: 1.0,
            ..OptimiserSettings::default()
        };
        let mut adam = AdamW::new(settings, &parameters);
        let mut gradients = parameters.gradients();
        gradients
            .get_mut(matrix)
            .expect("learned")
            .copy_from_slice(&[3.0, -4.0]);
        let norm = adam.step(&mut parameters, &mut gradients, 0.01);
        assert_eq!(norm, 5.0);
        let values = parameters.values(matrix);
        assert!((values[0] - (1.0 * 0.999 - 0.01)).abs() < 1e-9, "{values:?}");
        assert!((values[1] - (-2.0 * 0.999 + 0.01)).abs() < 1e-9, "{values:?}");
        assert_eq!(parameters.values(bias), [1.0]);
    }
}
