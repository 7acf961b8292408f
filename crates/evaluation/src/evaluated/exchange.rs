//! An evaluation as input of iMRMC: truth of two classes, and every reader's scores.

use crate::evaluated::bench::Bench;
use crate::evaluated::evaluation::{Column, Evaluation};
use crate::evaluated::filter::Filter;
use crate::evaluated::headline::binary::positive;
use crate::evaluated::said::Said;
use crate::evaluated::truths::Policy;
use crate::metrics::imrmc::{ImrmcError, Observation, Study};

/// Why there is no such file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExchangeError {
    /// More than two classes and none of them named.
    #[error(
        "iMRMC compares two classes: the case set must ask one label of a set, of two labels or with `positive` named"
    )]
    TwoClasses,
    /// Nothing to write.
    #[error("no reader has a valid answer to a case with a truth")]
    NoScores,
    /// A name or a number that the format cannot hold.
    #[error(transparent)]
    Format(#[from] ImrmcError),
}

/// The text of the file. Reading modes: `unaided` and `aided` before and after the reveal, else `alone`. The score is
/// the probability of the positive label; without one the confidence, turned round for another label; without that 1 or 0.
/// Invalid answers have no row.
///
/// # Errors
/// [`ExchangeError`].
pub fn imrmc(of: &Evaluation, filter: &Filter) -> Result<String, ExchangeError> {
    let (positive, _) = positive(of).ok_or(ExchangeError::TwoClasses)?;
    let bench = Bench::new(of, Policy::of(of.set()));
    let selection = of.select(&bench, filter);
    let mut study = Study::default();
    for place in &selection.cases {
        let truth = bench.truths.get(*place as usize).and_then(|t| t.one);
        if let (Some(truth), Some(case)) = (truth, of.case(*place as usize)) {
            study.truth.insert(case.id.clone(), truth as usize == positive);
        }
    }
    for reader in selection.readers.iter().filter_map(|r| of.readers().get(*r)) {
        // What counts of a person is one of the two readings: it has its row there.
        let in_phase = |place: usize| {
            let given = |column: &Column| column.get(place).copied().flatten().is_some();
            given(&reader.before) || given(&reader.after)
        };
        let alone: Column = (0..)
            .zip(&reader.counting)
            .map(|(place, a)| a.filter(|_| !in_phase(place)))
            .collect();
        let columns = [
            (&alone, "alone"),
            (&reader.before, "unaided"),
            (&reader.after, "aided"),
        ];
        for (column, modality) in columns {
            add(of, &bench, column, &selection.cases, &mut |case, said| {
                study.observations.push(Observation {
                    reader: reader.spec.id.clone(),
                    case: case.to_owned(),
                    modality: modality.to_owned(),
                    score: score(said, positive),
                });
            });
        }
    }
    if study.observations.is_empty() {
        return Err(ExchangeError::NoScores);
    }
    let title = format!(
        "{}; positive: {}",
        of.set().name,
        of.labels.get(positive).map_or("", String::as_str)
    );
    Ok(study.write(&title)?)
}

fn add(of: &Evaluation, bench: &Bench, column: &Column, cases: &[u32], put: &mut dyn FnMut(&str, &Said)) {
    for row in bench.rows(of, column, cases) {
        let known = row.truth.one.is_some() && row.said.invalid.is_none() && row.said.label.is_some();
        if let Some(case) = of.case(row.case).filter(|_| known) {
            put(&case.id, row.said);
        }
    }
}

fn score(said: &Said, positive: usize) -> f64 {
    if let Some(p) = said.probabilities.get(positive) {
        return *p;
    }
    let is_positive = said.label.is_some_and(|label| label as usize == positive);
    let confidence = said.confidence.unwrap_or(1.0);
    if is_positive { confidence } else { 1.0 - confidence }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::case_set::{AskedQuestion, CaseSet, CaseSpec, CaseTruth};
    use crate::evaluated::Context;
    use crate::recorded::{Phase, Recorded};

    fn evaluation(labels: &[&str], answers: Vec<Recorded>) -> Evaluation {
        let list = |l: &[&str]| l.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let case = |id: &str, truth: &str| CaseSpec {
            id: id.to_owned(),
            truth: CaseTruth {
                labels: vec![truth.to_owned()],
                ..CaseTruth::default()
            },
            ..CaseSpec::default()
        };
        let set = CaseSet {
            format: crate::case_set::FORMAT.to_owned(),
            name: "two classes".to_owned(),
            question: AskedQuestion {
                labels: list(labels),
                ..AskedQuestion::default()
            },
            cases: vec![case("a", "nodule"), case("b", "normal")],
            ..CaseSet::default()
        };
        Evaluation::new(set, answers, Context::default())
    }

    fn answer(case: &str, label: &str) -> Recorded {
        Recorded {
            case: case.to_owned(),
            reader: "R1".to_owned(),
            label: Some(label.to_owned()),
            ..Recorded::default()
        }
    }

    #[test]
    fn scores_speak_for_the_positive_label() {
        let with = |mut a: Recorded, confidence, phase| {
            (a.confidence, a.phase) = (confidence, phase);
            a
        };
        let mut scored = with(answer("a", "nodule"), Some(0.9), Some(Phase::After));
        scored.probabilities = Some(BTreeMap::from([
            ("nodule".to_owned(), 0.7),
            ("normal".to_owned(), 0.3),
        ]));
        let of = evaluation(
            &["normal", "nodule"],
            vec![
                with(answer("a", "nodule"), Some(0.9), Some(Phase::Before)),
                with(answer("b", "normal"), Some(0.8), Some(Phase::Before)),
                scored,
                Recorded {
                    reader: "R2".to_owned(),
                    ..answer("b", "nodule")
                },
                with(answer("b", "elephant"), None, Some(Phase::After)),
            ],
        );
        let text = imrmc(&of, &Filter::default()).expect("a file");
        let rows: Vec<&str> = text.lines().skip_while(|l| *l != "BEGIN DATA:").skip(1).collect();
        assert_eq!(rows[..2], ["truth,a,truth,1", "truth,b,truth,0"]);
        let mut rest = rows[2..].to_vec();
        rest.sort_unstable();
        assert_eq!(
            rest,
            [
                "R1,a,aided,0.7",
                "R1,a,unaided,0.9",
                "R1,b,unaided,0.19999999999999996",
                "R2,b,alone,1"
            ]
        );
    }

    #[test]
    fn three_classes_need_a_positive_one() {
        let of = evaluation(&["normal", "nodule", "effusion"], vec![answer("a", "nodule")]);
        assert_eq!(imrmc(&of, &Filter::default()), Err(ExchangeError::TwoClasses));
        let of = evaluation(&["normal", "nodule"], vec![]);
        assert_eq!(imrmc(&of, &Filter::default()), Err(ExchangeError::NoScores));
    }
}
