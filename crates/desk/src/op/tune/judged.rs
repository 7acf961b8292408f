//! The figures of a head over what it was chosen by, by the same metrics as an evaluation's.

use overread_evaluation::metrics::cluster::clustered;
use overread_evaluation::metrics::delong;
use overread_evaluation::metrics::patients::Patients;
use overread_evaluation::metrics::proportion::{LEVEL, wilson};
use overread_tuning::head::{Cases, Figure, Head, Truths};

/// Figures with intervals: the share of right answers beside that of always naming the most frequent label, or for each label area
/// under the curve and share of right answers. `judged` are probabilities by case.
pub(super) fn figures(head: &Head, judged: &[Vec<f64>], cases: &Cases, learned: &Cases) -> Vec<Figure> {
    let patients = Patients::group(&cases.patients);
    match (&cases.truths, &learned.truths) {
        (Truths::One(truths), Truths::One(before)) => {
            let right: Vec<bool> = judged.iter().zip(truths).map(|(p, t)| best(p) == *t).collect();
            let mut counts = vec![0_usize; head.labels.len()];
            before.iter().for_each(|label| counts[*label] += 1);
            let usual = (0..counts.len())
                .rev()
                .max_by_key(|label| counts[*label])
                .unwrap_or(0);
            let guessed: Vec<bool> = truths.iter().map(|truth| *truth == usual).collect();
            vec![
                share("accuracy", "", &right, &patients),
                share("accuracy of the most frequent label", "", &guessed, &patients),
            ]
        }
        (Truths::Each(states), _) => head
            .labels
            .iter()
            .enumerate()
            .flat_map(|(k, label)| {
                let known: Vec<(usize, bool, f64)> = states
                    .iter()
                    .zip(judged)
                    .enumerate()
                    .filter_map(|(at, (states, p))| Some((at, states[k]?, p[k])))
                    .collect();
                let of: Vec<usize> = known.iter().map(|(at, ..)| cases.patients[*at]).collect();
                let right: Vec<bool> = known
                    .iter()
                    .map(|(_, present, p)| (*p >= 0.5) == *present)
                    .collect();
                let truth: Vec<bool> = known.iter().map(|(_, present, _)| *present).collect();
                let scores: Vec<f64> = known.iter().map(|(.., p)| *p).collect();
                [
                    area(label, &truth, &scores),
                    share("accuracy", label, &right, &Patients::group(&of)),
                ]
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn best(probabilities: &[f64]) -> usize {
    let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or(0, |(at, _)| at)
}

/// A share of cases: Wilson's interval, over the effective number of cases where patients have several.
fn share(name: &str, label: &str, right: &[bool], patients: &Patients) -> Figure {
    let n = right.len();
    let count = right.iter().filter(|right| **right).count();
    let (interval, method) = if patients.single() {
        (wilson(count, n), "Wilson")
    } else {
        let of_patients: Vec<(usize, usize)> = (0..patients.count())
            .map(|patient| {
                let own = patients.cases_of(patient);
                (
                    own.iter().filter(|case| right[**case as usize]).count(),
                    own.len(),
                )
            })
            .collect();
        let clustered = clustered(&of_patients, LEVEL).wilson_effective_n;
        (
            clustered.or_else(|| wilson(count, n)),
            if clustered.is_some() {
                "Wilson over the effective number of cases"
            } else {
                "Wilson"
            },
        )
    };
    Figure {
        name: name.to_owned(),
        label: label.to_owned(),
        estimate: (n > 0).then(|| count as f64 / n as f64),
        interval,
        method: method.to_owned(),
        cases: n,
    }
}

/// Area under the ROC curve with DeLong's interval on the scale of the logit; undefined without cases of both kinds.
fn area(label: &str, truth: &[bool], scores: &[f64]) -> Figure {
    let areas = delong::areas(truth, &[scores]);
    let estimate = areas.as_ref().and_then(|areas| areas.auc.first().copied());
    let variance = areas
        .as_ref()
        .and_then(|areas| areas.covariance.as_ref()?.first()?.first().copied());
    Figure {
        name: "auc".to_owned(),
        label: label.to_owned(),
        estimate,
        interval: estimate
            .zip(variance)
            .and_then(|(auc, variance)| delong::logit_interval(auc, variance)),
        method: "DeLong, logit".to_owned(),
        cases: truth.len(),
    }
}
