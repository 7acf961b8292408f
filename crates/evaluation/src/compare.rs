//! One reading against its truth.

/// How they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The answer is one of the truth's labels.
    Agree,
    /// It is another.
    Disagree,
    /// There is no truth.
    NoTruth,
    /// They cannot be compared, and why.
    NotComparable(String),
}

/// Compares an answer (`None` when there is no valid one) with the truth's labels. `asked` are the labels of the
/// question; empty for an open one. Capitals and outer spaces do not matter, everything else does.
pub fn compare(answer: Option<&str>, truth: &[String], asked: &[String]) -> Agreement {
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    if truth.is_empty() {
        return Agreement::NoTruth;
    }
    let Some(answer) = answer.filter(|a| !a.trim().is_empty()) else {
        return Agreement::NotComparable("there is no valid answer".to_owned());
    };
    if !asked.is_empty()
        && let Some(outside) = truth.iter().find(|t| !asked.iter().any(|a| same(a, t)))
    {
        return Agreement::NotComparable(format!("the truth, {outside}, was not among the answers offered"));
    }
    if truth.iter().any(|t| same(t, answer)) {
        Agreement::Agree
    } else {
        Agreement::Disagree
    }
}

/// Compares a list of yes and no (each asked label with the probability of yes) with the truth's labels: they agree when
/// yes (0.5 and above) was said to the truth's labels and to no other.
pub fn compare_each(asked: &[(&str, f64)], truth: &[String]) -> Agreement {
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    if truth.is_empty() {
        return Agreement::NoTruth;
    }
    if let Some(outside) = truth.iter().find(|t| !asked.iter().any(|(a, _)| same(a, t))) {
        return Agreement::NotComparable(format!("the truth, {outside}, was not asked about"));
    }
    let right = |(label, yes): &(&str, f64)| (*yes >= 0.5) == truth.iter().any(|t| same(t, label));
    if asked.iter().all(right) {
        Agreement::Agree
    } else {
        Agreement::Disagree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_agrees_when_every_line_does() {
        let truth = ["Nodule".to_owned()];
        assert_eq!(
            compare_each(&[("nodule", 0.7), ("effusion", 0.2)], &truth),
            Agreement::Agree
        );
        assert_eq!(
            compare_each(&[("nodule", 0.7), ("effusion", 0.6)], &truth),
            Agreement::Disagree
        );
        assert_eq!(
            compare_each(&[("nodule", 0.4), ("effusion", 0.2)], &truth),
            Agreement::Disagree
        );
        assert_eq!(compare_each(&[("nodule", 0.4)], &[]), Agreement::NoTruth);
        assert!(matches!(
            compare_each(&[("effusion", 0.4)], &truth),
            Agreement::NotComparable(_)
        ));
    }

    #[test]
    fn four_ways() {
        let list = |l: &[&str]| l.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let asked = list(&["normal", "nodule"]);
        assert_eq!(
            compare(Some("Nodule "), &list(&["nodule"]), &asked),
            Agreement::Agree
        );
        assert_eq!(
            compare(Some("normal"), &list(&["nodule"]), &asked),
            Agreement::Disagree
        );
        assert_eq!(compare(Some("normal"), &[], &asked), Agreement::NoTruth);
        assert!(matches!(
            compare(Some("normal"), &list(&["fracture"]), &asked),
            Agreement::NotComparable(_)
        ));
        assert!(matches!(
            compare(None, &list(&["nodule"]), &asked),
            Agreement::NotComparable(_)
        ));
    }
}
