//! Readers of two stages: findings in words, then an answer reasoned from them, with its ablation arms.

use std::collections::BTreeMap;
use std::path::Path;

use overread_evaluation::case_set::{Arm, CaseSet, CaseSpec, ReaderKind, ReaderSpec};

use crate::Outcome;
use crate::op::evaluation::readers;

/// Cases with their places.
type Cases<'a> = Vec<(usize, &'a CaseSpec)>;

/// True for readers with a model on this machine; the others are on record.
pub(crate) fn reads_here(reader: &ReaderSpec) -> bool {
    match reader.kind {
        ReaderKind::Local => true,
        ReaderKind::Pipeline => !reader.model.is_empty(),
        ReaderKind::Recorded | ReaderKind::Person => false,
    }
}

/// The arms of a pipeline, the one that counts last.
pub(crate) fn arms(reader: &ReaderSpec) -> Vec<Arm> {
    let mut arms = reader
        .findings
        .as_ref()
        .map(|f| f.arms.clone())
        .unwrap_or_default();
    if arms.is_empty() {
        arms = vec![Arm::Own, Arm::None];
    }
    arms.sort_by_key(|arm| (*arm == Arm::Own, *arm));
    arms.dedup();
    arms
}

/// Questions that a reader is asked about these cases.
pub(crate) fn questions(set: &CaseSet, reader: &ReaderSpec, cases: &[(usize, &CaseSpec)]) -> usize {
    if reader.kind != ReaderKind::Pipeline {
        return cases.len();
    }
    let arms = arms(reader);
    let local = reader.findings.as_ref().is_some_and(|f| !f.reader.is_empty());
    let needs = arms.iter().any(|arm| matches!(arm, Arm::Own | Arm::Other));
    let first = if local && needs {
        first_stage(set, cases, &arms).len()
    } else {
        0
    };
    first
        + arms
            .iter()
            .map(|arm| second_stage(cases, *arm).len())
            .sum::<usize>()
}

/// Cases whose findings are needed: those asked, and for the arm `other` those whose findings they are given.
pub(crate) fn first_stage<'a>(set: &'a CaseSet, cases: &[(usize, &'a CaseSpec)], arms: &[Arm]) -> Cases<'a> {
    let mut all: BTreeMap<usize, &CaseSpec> = cases.iter().copied().collect();
    if arms.contains(&Arm::Other) {
        let by_id: BTreeMap<&str, usize> = (1..).zip(&set.cases).map(|(n, c)| (c.id.as_str(), n)).collect();
        let others = others(set);
        for (_, case) in cases {
            if let Some(number) = others.get(case.id.as_str()).and_then(|other| by_id.get(other))
                && let Some(other) = set.cases.get(number - 1)
            {
                all.insert(*number, other);
            }
        }
    }
    all.into_iter().collect()
}

/// Cases that an arm can be asked about: the true findings must be known for `truth`.
pub(crate) fn second_stage<'a>(cases: &[(usize, &'a CaseSpec)], arm: Arm) -> Cases<'a> {
    let known = |case: &CaseSpec| arm != Arm::Truth || !case.truth.findings.trim().is_empty();
    cases.iter().copied().filter(|(_, case)| known(case)).collect()
}

/// For each case the next one, in the order of ids, of another patient.
fn others(set: &CaseSet) -> BTreeMap<&str, &str> {
    let patient = |case: &'_ CaseSpec| {
        if case.patient.is_empty() {
            case.id.clone()
        } else {
            case.patient.clone()
        }
    };
    let mut sorted: Vec<&CaseSpec> = set.cases.iter().collect();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    let patients: Vec<String> = sorted.iter().map(|case| patient(case)).collect();
    let n = sorted.len();
    // From the end, twice around: the next of another patient is the neighbour, or the neighbour's own next.
    let mut next: Vec<Option<usize>> = vec![None; n];
    for k in (0..2 * n).rev() {
        let (at, neighbour) = (k % n, (k + 1) % n);
        next[at] = if patients[at] == patients[neighbour] {
            next[neighbour]
        } else {
            Some(neighbour)
        };
    }
    let pairs = next.iter().enumerate();
    pairs
        .filter_map(|(at, other)| Some((sorted[at].id.as_str(), sorted[(*other)?].id.as_str())))
        .collect()
}

/// The findings that an arm is given, by case.
pub(crate) fn given(
    set: &CaseSet,
    cases: &[(usize, &CaseSpec)],
    arm: Arm,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let others = if arm == Arm::Other {
        others(set)
    } else {
        BTreeMap::new()
    };
    let text = |case: &CaseSpec| match arm {
        Arm::Own => own.get(&case.id).cloned(),
        Arm::None => Some(String::new()),
        Arm::Truth => Some(case.truth.findings.clone()),
        Arm::Other => own.get(*others.get(case.id.as_str())?).cloned(),
    };
    cases
        .iter()
        .filter_map(|(_, case)| Some((case.id.clone(), text(case)?)))
        .collect()
}

/// Findings from a file.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn recorded_findings(path: &Path, set: &CaseSet) -> Outcome<BTreeMap<String, String>> {
    let known: std::collections::BTreeSet<&str> = set.cases.iter().map(|c| c.id.as_str()).collect();
    let lines = readers::file(path)?.answers;
    let lines = lines
        .into_iter()
        .filter(|line| known.contains(line.case.as_str()));
    Ok(lines.filter_map(|line| Some((line.case, line.text?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use overread_evaluation::case_set::{FORMAT, FindingsSpec};

    fn set(cases: &[(&str, &str)]) -> CaseSet {
        CaseSet {
            format: FORMAT.to_owned(),
            cases: cases
                .iter()
                .map(|(id, patient)| CaseSpec {
                    id: (*id).to_owned(),
                    patient: (*patient).to_owned(),
                    ..CaseSpec::default()
                })
                .collect(),
            ..CaseSet::default()
        }
    }

    #[test]
    fn the_other_case_is_the_next_of_another_patient() {
        let set = set(&[("c", "2"), ("a", "1"), ("b", "1"), ("d", "")]);
        let others = others(&set);
        assert_eq!(others, [("a", "c"), ("b", "c"), ("c", "d"), ("d", "a")].into());
        let one = super::others(&super::tests::set(&[("a", "1"), ("b", "1")])).len();
        assert_eq!(one, 0, "of one patient there is no other");
        assert!(super::others(&super::tests::set(&[])).is_empty());
    }

    #[test]
    fn what_an_arm_is_given_and_what_is_read_for_it() {
        let mut set = set(&[("a", ""), ("b", ""), ("c", "")]);
        set.cases[0].truth.findings = "true".to_owned();
        let cases: Vec<(usize, &CaseSpec)> = (1..).zip(&set.cases).take(1).collect();
        let own = BTreeMap::from([
            ("a".to_owned(), "of a".to_owned()),
            ("b".to_owned(), "of b".to_owned()),
        ]);
        let of = |arm| given(&set, &cases, arm, &own).remove("a");
        assert_eq!(of(Arm::Own).as_deref(), Some("of a"));
        assert_eq!(of(Arm::Other).as_deref(), Some("of b"));
        assert_eq!(of(Arm::Truth).as_deref(), Some("true"));
        assert_eq!(of(Arm::None).as_deref(), Some(""));
        let numbers = |cases: Cases<'_>| cases.into_iter().map(|(n, _)| n).collect::<Vec<_>>();
        assert_eq!(numbers(first_stage(&set, &cases, &[Arm::Own])), [1]);
        assert_eq!(
            numbers(first_stage(&set, &cases, &[Arm::Own, Arm::Other])),
            [1, 2]
        );
        let all: Vec<(usize, &CaseSpec)> = (1..).zip(&set.cases).collect();
        assert_eq!(
            numbers(second_stage(&all, Arm::Truth)),
            [1],
            "only there it is known"
        );
    }

    #[test]
    fn the_arm_that_counts_comes_last() {
        let mut reader = ReaderSpec::default();
        assert_eq!(arms(&reader), [Arm::None, Arm::Own]);
        reader.findings = Some(FindingsSpec {
            arms: vec![Arm::Own, Arm::Other, Arm::Own, Arm::Truth],
            ..FindingsSpec::default()
        });
        assert_eq!(arms(&reader), [Arm::Truth, Arm::Other, Arm::Own]);
    }
}
