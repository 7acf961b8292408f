//! Rotary position embedding (Su et al. 2021), angles in float32 as the reference and the engine compute them.

use overread_kernels::dense::Real;

/// cos and sin of the positions of a batch, `[tokens, d / 2]` each.
#[derive(Clone, Debug)]
pub(crate) struct Rotation<T> {
    cos: Vec<T>,
    sin: Vec<T>,
    half: usize,
}

impl<T: Real> Rotation<T> {
    /// Frequencies theta^(-2i/d) / factor.
    pub(crate) fn new(positions: &[usize], head_dim: usize, theta: f64, factor: f64) -> Self {
        let half = head_dim / 2;
        let frequencies: Vec<f32> = (0..half)
            .map(|i| (1.0 / theta.powf(2.0 * i as f64 / head_dim as f64) / factor) as f32)
            .collect();
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        for position in positions {
            for frequency in &frequencies {
                let (s, c) = (*position as f32 * frequency).sin_cos();
                cos.push(T::of(f64::from(c)));
                sin.push(T::of(f64::from(s)));
            }
        }
        Self { cos, sin, half }
    }

    /// Turns every head of `x` `[tokens, heads * d]`; `backwards` the other way, which is also the gradient's way.
    pub(crate) fn turn(&self, x: &mut [T], heads: usize, backwards: bool) {
        let (half, d) = (self.half, 2 * self.half);
        for (token, row) in x.chunks_exact_mut(heads * d).enumerate() {
            let cos = &self.cos[token * half..][..half];
            let sin = &self.sin[token * half..][..half];
            for head in row.chunks_exact_mut(d) {
                let (low, high) = head.split_at_mut(half);
                for i in 0..half {
                    let s = if backwards { -sin[i] } else { sin[i] };
                    let (a, b) = (low[i], high[i]);
                    low[i] = a * cos[i] - b * s;
                    high[i] = b * cos[i] + a * s;
                }
            }
        }
    }
}
