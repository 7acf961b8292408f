//! Rotary position embedding (Su et al. 2021), angles in float32 as the reference computes them.

/// cos and sin of some positions, `[T, d / 2]` each.
#[derive(Debug, Default)]
pub(crate) struct Rotation {
    pub(crate) cos: Vec<f32>,
    pub(crate) sin: Vec<f32>,
    inverse: Vec<f32>,
}

impl Rotation {
    /// Frequencies theta^(-2i/d) / factor.
    pub(crate) fn new(head_dim: usize, theta: f64, factor: f64) -> Self {
        Self {
            inverse: (0..head_dim / 2)
                .map(|i| (1.0 / theta.powf(2.0 * i as f64 / head_dim as f64) / factor) as f32)
                .collect(),
            ..Self::default()
        }
    }

    /// Computes the angles of these positions.
    pub(crate) fn turn_to(&mut self, positions: &[usize]) {
        self.cos.clear();
        self.sin.clear();
        for p in positions {
            for f in &self.inverse {
                let (sin, cos) = (*p as f32 * f).sin_cos();
                self.cos.push(cos);
                self.sin.push(sin);
            }
        }
    }
}
