//! A linear head gives what scikit-learn's logistic regression gives (`reference/logistic.py` recorded it).

use overread_medgemma::Cancel;
use overread_tuning::head::{Cases, Settings, Truths, fit};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Recorded {
    inputs: Vec<Vec<f32>>,
    learned: usize,
    classes: Vec<usize>,
    /// Probabilities of what is held back, by penalty: of one label in three, and of two labels by themselves.
    one: BTreeMap<String, Vec<Vec<f64>>>,
    each: BTreeMap<String, Vec<Vec<f64>>>,
}

/// Largest difference that is none: the weights are kept in single precision.
const CLOSE: f64 = 2e-5;

#[test]
fn a_linear_head_is_scikit_learns_logistic_regression() {
    let recorded: Recorded =
        serde_json::from_str(include_str!("reference/logistic.json")).expect("the recorded values");
    let all = 0..recorded.classes.len();
    let states = |class: usize| vec![Some(class == 0), Some(class != 1)];
    let of = |range: std::ops::Range<usize>, each: bool| {
        let classes = &recorded.classes[range.clone()];
        Cases {
            inputs: recorded.inputs[range.clone()].to_vec(),
            truths: if each {
                Truths::Each(classes.iter().map(|class| states(*class)).collect())
            } else {
                Truths::One(classes.to_vec())
            },
            patients: range.collect(),
        }
    };
    let mut compared = 0;
    for (each, by_penalty) in [(false, &recorded.one), (true, &recorded.each)] {
        let (learned, held) = (of(0..recorded.learned, each), of(recorded.learned..all.end, each));
        let labels: Vec<String> = (0..if each { 2 } else { 3 })
            .map(|k| format!("label {k}"))
            .collect();
        for (l2, expected) in by_penalty {
            let settings = Settings {
                l2: Some(l2.parse().expect("a penalty")),
                ..Settings::default()
            };
            let found = fit(
                &labels,
                &learned,
                Some(&held),
                &settings,
                &|_| {},
                &Cancel::default(),
            )
            .expect("fits");
            for (ours, theirs) in found.judged.iter().flatten().zip(expected.iter().flatten()) {
                assert!(
                    (ours - theirs).abs() < CLOSE,
                    "each {each}, penalty {l2}: {ours} {theirs}"
                );
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 3 * 30 * (3 + 2));
}
