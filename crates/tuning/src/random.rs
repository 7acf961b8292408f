//! Numbers that depend on what they are for and on nothing else: not on threads, order, or how often they were asked.

/// Names a stream: seed, step, and what it is for, mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(u64);

/// SplitMix64's finaliser (Steele, Lea and Flood 2014).
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

impl Draw {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// A stream within this one.
    #[must_use]
    pub fn of(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number)))
    }

    /// The stream of a name within this one.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        name.bytes().fold(self, |draw, byte| draw.of(u64::from(byte)))
    }

    /// Number `i` of the stream, 0 to 1 without 1.
    pub fn unit(self, i: u64) -> f64 {
        (mix(self.0 ^ i.wrapping_mul(0xD6E8_FEB8_6659_FD93)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `n`.
    pub fn below(self, i: u64, n: usize) -> usize {
        ((self.unit(i) * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Number `i` of a normal distribution of deviation 1 (Box and Muller 1958).
    pub fn normal(self, i: u64) -> f64 {
        let (u, v) = (1.0 - self.unit(2 * i), self.unit(2 * i + 1));
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// An order of `0..n` (Fisher and Yates).
    pub fn order(self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i as u64, i + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = Draw::new(7).named("weights");
        assert_eq!(draw.unit(3), Draw::new(7).named("weights").unit(3));
        assert_ne!(draw.unit(3), draw.unit(4));
        assert_ne!(draw.unit(3), draw.of(1).unit(3));
        let mean: f64 = (0..10_000).map(|i| draw.normal(i)).sum::<f64>() / 1e4;
        let square: f64 = (0..10_000).map(|i| draw.normal(i).powi(2)).sum::<f64>() / 1e4;
        assert!(
            mean.abs() < 0.03 && (square - 1.0).abs() < 0.05,
            "{mean} {square}"
        );
    }

    #[test]
    fn an_order_has_everyone_once() {
        let mut order = Draw::new(1).order(50);
        assert_ne!(order, (0..50).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    }
}
