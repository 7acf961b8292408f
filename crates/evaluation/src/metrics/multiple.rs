//! Several p values looked at together: what is left of each.

fn order(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}

/// Bonferroni: each times their number, at most 1.
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    p.iter().map(|x| (x * p.len() as f64).min(1.0)).collect()
}

/// Holm's step-down: the smallest times their number, the next times one less, never falling, at most 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let (mut out, mut highest) = (vec![1.0; p.len()], 0.0_f64);
    for (i, k) in order(p).into_iter().enumerate() {
        highest = highest.max(p[k] * (p.len() - i) as f64);
        out[k] = highest.min(1.0);
    }
    out
}

/// Benjamini and Hochberg's step-up, which bounds the share of false discoveries instead.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let (mut out, mut lowest) = (vec![1.0; p.len()], 1.0_f64);
    for (i, k) in order(p).into_iter().enumerate().rev() {
        lowest = lowest.min(p[k] * p.len() as f64 / (i + 1) as f64);
        out[k] = lowest;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: &[f64], want: &[f64]) {
        assert_eq!(got.len(), want.len());
        assert!(
            got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-12),
            "{got:?} {want:?}"
        );
    }

    /// By hand: 0.01·4, then max(0.04, 0.02·3), 0.03·2, 0.04·1.
    #[test]
    fn four_by_hand() {
        let p = [0.04, 0.01, 0.03, 0.02];
        near(&holm(&p), &[0.06, 0.04, 0.06, 0.06]);
        near(&bonferroni(&p), &[0.16, 0.04, 0.12, 0.08]);
        near(&benjamini_hochberg(&p), &[0.04, 0.04, 0.04, 0.04]);
        assert!(holm(&[]).is_empty());
    }
}
