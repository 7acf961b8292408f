//! Confidence against truth: expected calibration error, area under the risk-coverage curve, Brier, log loss.

/// An answered case: confidence, right or wrong, and its case for ties.
#[derive(Clone, Debug, PartialEq)]
pub struct Confident<'a> {
    /// 0 to 1.
    pub confidence: f64,
    /// Right.
    pub right: bool,
    /// Case.
    pub case: &'a str,
}

fn gap(group: &[&Confident<'_>], total: usize) -> f64 {
    if group.is_empty() {
        return 0.0;
    }
    let n = group.len() as f64;
    let right = group.iter().filter(|c| c.right).count() as f64 / n;
    let confidence = group.iter().map(|c| c.confidence).sum::<f64>() / n;
    n / total as f64 * (right - confidence).abs()
}

/// ECE over ten bins of equal width; bin i holds (i-1)/10 < c <= i/10, 0 goes into the first.
pub fn ece_equal_width(answers: &[Confident<'_>]) -> Option<f64> {
    if answers.is_empty() {
        return None;
    }
    let bin = |c: f64| (1..=10).find(|i| c <= f64::from(*i) / 10.0).unwrap_or(10);
    Some(
        (1..=10)
            .map(|i| {
                let group: Vec<&Confident<'_>> = answers.iter().filter(|a| bin(a.confidence) == i).collect();
                gap(&group, answers.len())
            })
            .sum(),
    )
}

/// ECE over ten groups of equal size by confidence, then case; the first groups are one larger.
pub fn ece_equal_mass(answers: &[Confident<'_>]) -> Option<f64> {
    if answers.is_empty() {
        return None;
    }
    let mut sorted: Vec<&Confident<'_>> = answers.iter().collect();
    sorted.sort_by(|a, b| {
        a.confidence
            .total_cmp(&b.confidence)
            .then_with(|| a.case.cmp(b.case))
    });
    let (size, larger) = (sorted.len() / 10, sorted.len() % 10);
    let (mut at, mut sum) = (0, 0.0);
    for i in 0..10 {
        let end = at + size + usize::from(i < larger);
        sum += gap(&sorted[at..end], sorted.len());
        at = end;
    }
    Some(sum)
}

/// Area under the risk-coverage curve; cases of equal confidence share their errors evenly.
pub fn aurc(answers: &[Confident<'_>]) -> Option<f64> {
    if answers.is_empty() {
        return None;
    }
    let mut sorted: Vec<&Confident<'_>> = answers.iter().collect();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut at, mut errors, mut sum) = (0, 0.0, 0.0);
    while at < sorted.len() {
        let block = sorted[at..]
            .iter()
            .take_while(|c| c.confidence == sorted[at].confidence)
            .count();
        let wrong = sorted[at..at + block].iter().filter(|c| !c.right).count() as f64;
        for j in 1..=block {
            sum += (errors + wrong * j as f64 / block as f64) / (at + j) as f64;
        }
        errors += wrong;
        at += block;
    }
    Some(sum / sorted.len() as f64)
}
