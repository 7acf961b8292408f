//! Choosing the next token: greedy, or sampled by temperature, top-k and top-p with a seed.

/// How tokens are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: f64,
    /// Most likely tokens considered; 0 is all.
    pub top_k: usize,
    /// Probability mass considered; 1 is all.
    pub top_p: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 64,
            top_p: 0.95,
            seed: 0,
        }
    }
}

/// Draws tokens.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    sampling: Sampling,
    state: u64,
}

impl Sampler {
    pub(crate) fn new(sampling: Sampling) -> Self {
        Self {
            sampling,
            state: sampling.seed,
        }
    }

    pub(crate) fn next(&mut self, logits: &[f32]) -> u32 {
        if self.sampling.temperature <= 0.0 {
            return greedy(logits);
        }
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b)));
        if self.sampling.top_k > 0 {
            order.truncate(self.sampling.top_k);
        }
        let scaled: Vec<f64> = order
            .iter()
            .map(|i| f64::from(logits[*i]) / self.sampling.temperature)
            .collect();
        let probabilities = crate::score::softmax(&scaled);
        let mut mass = 0.0;
        let mut keep = 0;
        for p in &probabilities {
            keep += 1;
            mass += p;
            if mass >= self.sampling.top_p {
                break;
            }
        }
        let mut draw = self.uniform() * mass;
        for (i, p) in probabilities[..keep].iter().enumerate() {
            draw -= p;
            if draw <= 0.0 {
                return order[i] as u32;
            }
        }
        order.first().map_or(0, |i| *i as u32)
    }

    /// SplitMix64, upper 53 bits.
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The first of the largest.
pub(crate) fn greedy(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (i, value) in logits.iter().enumerate() {
        if *value > logits[best] {
            best = i;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let logits = [0.1, 0.5, 0.4, 0.2];
        let sampling = Sampling {
            temperature: 1.0,
            top_k: 3,
            top_p: 1.0,
            seed: 7,
        };
        let draw = |s: Sampling| {
            let mut sampler = Sampler::new(s);
            (0..50).map(|_| sampler.next(&logits)).collect::<Vec<_>>()
        };
        assert_eq!(draw(sampling), draw(sampling));
        assert_ne!(draw(sampling), draw(Sampling { seed: 8, ..sampling }));
        assert!(draw(sampling).iter().all(|t| *t != 0));
    }

    #[test]
    fn zero_temperature_takes_the_largest() {
        assert_eq!(Sampler::new(Sampling::default()).next(&[0.0, 2.0, 2.0]), 1);
    }
}
