//! Selective answering: what errors are left when only the surer answers are kept.

/// Area under the risk-coverage curve: cases by falling confidence, risk_k the share of errors among the first k, and
/// the mean of all risk_k. Cases of equal confidence share their errors evenly, so that their order does not matter.
/// `None` of nothing.
pub fn aurc(answers: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut seen, mut errors, mut area) = (0_u64, 0.0, 0.0);
    // −0 and 0 are one confidence.
    for tie in sorted.chunk_by(|a, b| (a.0 - b.0).abs() <= 0.0) {
        let wrong = tie.iter().filter(|(_, right)| !right).count() as f64;
        let size = tie.len() as f64;
        for j in 1..=tie.len() {
            seen += 1;
            area += (errors + wrong * j as f64 / size) / seen as f64;
        }
        errors += wrong;
    }
    (seen > 0).then(|| area / seen as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_order_has_the_smaller_area() {
        let good = aurc(&[(0.9, true), (0.5, false)]).unwrap();
        let bad = aurc(&[(0.9, false), (0.5, true)]).unwrap();
        assert!((good - 0.25).abs() < 1e-15 && (bad - 0.75).abs() < 1e-15);
        assert_eq!(aurc(&[]), None);
    }

    #[test]
    fn ties_do_not_depend_on_their_order() {
        let a = aurc(&[(0.5, true), (0.5, false), (0.5, true)]).unwrap();
        let b = aurc(&[(0.5, false), (0.5, true), (0.5, true)]).unwrap();
        // Every place has 1/3 of an error more: risk 1/3 throughout.
        assert!((a - b).abs() < 1e-15 && (a - 1.0 / 3.0).abs() < 1e-15);
    }
}
