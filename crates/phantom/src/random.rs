//! Random numbers that depend on a seed and a name, never on the order of threads or on a clock.

/// One round of the SplitMix64 finaliser: a bijection on 64 bits with good avalanche.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A counter-based generator: value `i` of stream `key` is a pure function of both.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    key: u64,
    counter: u64,
}

impl Random {
    /// The stream called `name` of `seed`; streams of different names are independent.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let key = name
            .bytes()
            .fold(mix(seed), |key, byte| mix(key ^ u64::from(byte)));
        Self { key, counter: 0 }
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.counter += 1;
        mix(self.key ^ mix(self.counter))
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform in [low, high).
    pub(crate) fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    /// Uniform in 0..n (0 for n = 0).
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Standard normal (Box-Muller, one of the pair).
    pub(crate) fn normal(&mut self) -> f32 {
        let u = 1.0 - f64::from(self.unit());
        let v = f64::from(self.unit());
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }

    /// Fisher-Yates in place.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Nearly normal noise with unit variance for cell `index` of `key`: four 16-bit uniforms of one hash, summed.
pub(crate) fn quick_normal(key: u64, index: u64) -> f32 {
    let bits = mix(key ^ index.wrapping_mul(0xD6E8_FEB8_6659_FD93));
    let sum = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
    // The sum of four uniforms on [0, 1) has mean 2 and variance 1/3.
    (sum as f32 / 65536.0 - 2.0 + 2.0 / 65536.0) * 1.732_050_8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_name_and_seed() {
        let draw = |seed, name| Random::new(seed, name).bits();
        assert_eq!(draw(7, "body"), draw(7, "body"));
        assert_ne!(draw(7, "body"), draw(7, "noise"));
        assert_ne!(draw(7, "body"), draw(8, "body"));
    }

    #[test]
    fn moments_are_those_of_the_named_distributions() {
        let mut random = Random::new(1, "moments");
        let n = 20_000;
        let normal: Vec<f32> = (0..n).map(|_| random.normal()).collect();
        let quick: Vec<f32> = (0..n).map(|i| quick_normal(9, i)).collect();
        for values in [normal, quick] {
            let mean = values.iter().sum::<f32>() / n as f32;
            let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n as f32;
            assert!(mean.abs() < 0.03, "mean {mean}");
            assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
        }
        let counts = (0..7000).fold([0; 7], |mut counts, _| {
            counts[random.below(7)] += 1;
            counts
        });
        assert!(counts.iter().all(|&c| (850..1150).contains(&c)), "{counts:?}");
    }
}
