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

#[cfg(test)]
mod tests {
    use super::*;

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
