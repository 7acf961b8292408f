//! McNemar's test on paired answers.

/// Exact and mid-p values for `a` cases that only the first got right and `b` that only the second did.
pub fn mcnemar(a: usize, b: usize) -> [f64; 2] {
    let (m, d) = (a.min(b), a + b);
    if d == 0 {
        return [1.0, 1.0];
    }
    // Binomial terms with probability one half, in logarithms so that large d does not underflow.
    let ln_factorial = |n: usize| statrs::function::gamma::ln_gamma(n as f64 + 1.0);
    let term =
        |k: usize| (ln_factorial(d) - ln_factorial(k) - ln_factorial(d - k) - d as f64 * 2.0_f64.ln()).exp();
    let tail: f64 = (0..=m).map(term).sum();
    let exact = (2.0 * tail).min(1.0);
    let mid = if a == b { 1.0 } else { 2.0 * tail - term(m) };
    [exact, mid]
}

#[cfg(test)]
mod tests {
    use super::mcnemar;

    #[test]
    fn small_tables() {
        assert_eq!(mcnemar(0, 0), [1.0, 1.0]);
        let [exact, mid] = mcnemar(1, 5);
        assert!((exact - 14.0 / 64.0).abs() < 1e-12 && (mid - 8.0 / 64.0).abs() < 1e-12);
        assert_eq!(mcnemar(3, 3), [1.0, 1.0]);
    }
}
