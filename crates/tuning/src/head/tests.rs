//! What is learned, what is told, and what does no harm.

use std::sync::Mutex;

use overread_medgemma::Cancel;
use proptest::prelude::*;

use super::*;
use crate::random::Draw;

fn labels(k: usize) -> Vec<String> {
    (0..k).map(|i| format!("label {i}")).collect()
}

/// Clouds about `k` corners, `spread` wide; two cases a patient; number `constant` is the same in all.
fn clouds(n: usize, width: usize, k: usize, spread: f64, seed: u64) -> Cases {
    let draw = Draw::new(seed);
    let classes: Vec<usize> = (0..n).map(|i| (i / 2) % k).collect();
    let inputs = classes
        .iter()
        .enumerate()
        .map(|(i, class)| {
            (0..width)
                .map(|d| {
                    let centre = if d % k == *class { 3.0 } else { 0.0 };
                    (centre + spread * draw.of(i as u64).normal(d as u64)) as f32
                })
                .collect()
        })
        .collect();
    Cases {
        inputs,
        truths: Truths::One(classes),
        patients: (0..n).map(|i| i / 2).collect(),
    }
}

/// The same with two lists of labels that are each present or not: by the sign of a number, a fifth not known.
fn lists(n: usize, seed: u64) -> Cases {
    let draw = Draw::new(seed);
    let inputs: Vec<Vec<f32>> = (0..n as u64)
        .map(|i| (0..6).map(|d| draw.of(i).normal(d) as f32).collect())
        .collect();
    let states = inputs
        .iter()
        .enumerate()
        .map(|(i, x)| {
            let first = (!i.is_multiple_of(5)).then_some(x[0] > 0.0);
            vec![first, Some(x[1] + x[2] > 0.0)]
        })
        .collect();
    Cases {
        inputs,
        truths: Truths::Each(states),
        patients: (0..n).collect(),
    }
}

fn settings(kind: Kind) -> Settings {
    Settings {
        kind,
        hidden: 16,
        epochs: 60,
        seed: 3,
        ..Settings::default()
    }
}

fn fitted(learned: &Cases, validation: Option<&Cases>, k: usize, settings: &Settings) -> Result<Fitted> {
    fit(
        &labels(k),
        learned,
        validation,
        settings,
        &|_| {},
        &Cancel::default(),
    )
}

fn best(probabilities: &[f64]) -> usize {
    let order = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    order.map_or(0, |(at, _)| at)
}

/// Share of cases whose likeliest label is the true one.
fn accuracy(head: &Head, cases: &Cases) -> f64 {
    let Truths::One(classes) = &cases.truths else {
        panic!("one label")
    };
    let right = cases
        .inputs
        .iter()
        .zip(classes)
        .filter(|(x, class)| best(&head.probabilities(&head.logits(x).expect("fits"))) == **class)
        .count();
    right as f64 / cases.len() as f64
}

#[test]
fn clouds_that_lie_apart_are_told_apart_by_both_kinds_and_either_way_of_choosing() {
    let (learned, held) = (clouds(120, 9, 3, 0.7, 1), clouds(60, 9, 3, 0.7, 2));
    for kind in [Kind::Linear, Kind::Mlp] {
        for validation in [Some(&held), None] {
            let found = fitted(&learned, validation, 3, &settings(kind)).expect("fits");
            let share = accuracy(&found.head, &clouds(90, 9, 3, 0.7, 5));
            assert!(share > 0.95, "{kind:?} {}: {share}", validation.is_some());
            assert_eq!(found.judged.len(), validation.map_or(120, Cases::len));
            assert_eq!(found.chosen.folds.is_some(), validation.is_none());
            assert!(
                found
                    .judged
                    .iter()
                    .all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-6)
            );
        }
    }
}

#[test]
fn what_a_plane_cannot_part_a_hidden_layer_does() {
    // Exclusive or: in one class both numbers have the same sign.
    let draw = Draw::new(4);
    let of = |from: u64, n: u64| {
        let inputs: Vec<Vec<f32>> = (from..from + n)
            .map(|i| (0..2).map(|d| draw.of(i).normal(d) as f32).collect())
            .collect();
        let classes = inputs.iter().map(|x| usize::from(x[0] * x[1] > 0.0)).collect();
        Cases {
            inputs,
            truths: Truths::One(classes),
            patients: (0..n as usize).collect(),
        }
    };
    let (learned, held, other) = (of(0, 400), of(1000, 100), of(2000, 200));
    let wide = Settings {
        hidden: 32,
        learning_rate: 1e-2,
        epochs: 200,
        ..settings(Kind::Mlp)
    };
    let mlp = fitted(&learned, Some(&held), 2, &wide).expect("fits");
    let linear = fitted(&learned, Some(&held), 2, &settings(Kind::Linear)).expect("fits");
    let (curved, straight) = (accuracy(&mlp.head, &other), accuracy(&linear.head, &other));
    assert!(curved > 0.9 && straight < 0.65, "{curved} {straight}");
}

#[test]
fn each_label_is_learned_by_itself_and_what_is_not_known_is_left_out() {
    let (learned, held) = (lists(300, 1), lists(100, 2));
    for kind in [Kind::Linear, Kind::Mlp] {
        let found = fitted(&learned, Some(&held), 2, &settings(kind)).expect("fits");
        let other = lists(200, 3);
        let (mut right, mut known) = (0, 0);
        for (at, x) in other.inputs.iter().enumerate() {
            let p = found.head.probabilities(&found.head.logits(x).expect("fits"));
            for (k, p) in p.iter().enumerate() {
                if let Some(present) = other.truths.state(at, k) {
                    known += 1;
                    right += usize::from((*p > 0.5) == present);
                }
            }
        }
        assert!(right * 10 > known * 9, "{kind:?}: {right} of {known}");
    }
}

#[test]
fn a_minimum_is_one_wherever_it_is_looked_for() {
    // At the minimum of a penalised loss the mean slope by a weight is -l2 times the weight, by a bias 0.
    let cases = clouds(60, 4, 3, 2.5, 8);
    let rows: Vec<usize> = (0..60).collect();
    let (mean, deviation) = cases.spread(&rows);
    let x: Vec<f64> = cases.rows(&rows, &mean, &deviation);
    let net = Net {
        inputs: 4,
        hidden: None,
        labels: 3,
    };
    let (mut from_zero, mut from_far) = (Vec::new(), vec![2.0; 15]);
    for point in [&mut from_zero, &mut from_far] {
        linear::minimise(net, &cases, &rows, &x, 0.05, point, &Cancel::default()).expect("goes down");
        let (w, b) = point.split_at(12);
        let (_, slopes) = net.gradients(&[w, b], &x, &cases.truths, &rows, &[]);
        for (slope, w) in slopes[0].iter().zip(w) {
            assert!((slope + 0.05 * w).abs() < 1e-5, "{slope} {w}");
        }
        assert!(slopes[1].iter().all(|slope| slope.abs() < 1e-5));
    }
    for (a, b) in from_zero[..12].iter().zip(&from_far[..12]) {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
}

#[test]
fn the_same_seed_gives_the_same_head_on_any_number_of_threads() {
    let learned = clouds(60, 5, 2, 1.5, 1);
    for kind in [Kind::Linear, Kind::Mlp] {
        let with = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads");
            let settings = Settings {
                seed,
                ..settings(kind)
            };
            pool.install(|| fitted(&learned, None, 2, &settings).expect("fits"))
        };
        assert_eq!(with(1, 3), with(3, 3));
        if kind == Kind::Mlp {
            assert_ne!(with(1, 3).head, with(1, 4).head);
        }
    }
}

#[test]
fn what_cannot_be_learned_is_told() {
    let learned = clouds(60, 4, 3, 0.5, 1);
    let told = |cases: &Cases, k: usize, settings: &Settings| {
        fitted(cases, None, k, settings)
            .expect_err("is refused")
            .to_string()
    };
    let plain = settings(Kind::Linear);
    let missing = told(&learned, 4, &plain);
    assert!(missing.contains("no case to learn from has label 3"), "{missing}");
    let mut all = lists(30, 1);
    if let Truths::Each(states) = &mut all.truths {
        states.iter_mut().for_each(|states| states[1] = Some(true));
    }
    let every = told(&all, 2, &plain);
    assert!(every.contains("every case to learn from has label 1"), "{every}");
    let mut alone = clouds(60, 4, 2, 0.5, 1);
    alone.truths = Truths::One((0..60).map(|i| usize::from(i < 2)).collect());
    let few = told(&alone, 2, &plain);
    assert!(few.contains("label 1 is known of too few patients"), "{few}");
    let tiny = Cases {
        inputs: learned.inputs[..6].to_vec(),
        truths: Truths::One(vec![0, 1, 2, 0, 1, 2]),
        patients: (0..6).collect(),
    };
    assert!(told(&tiny, 3, &plain).contains("a head needs 10"));
    let mut broken = learned.clone();
    broken.inputs[3][1] = f32::NAN;
    assert!(told(&broken, 3, &plain).contains("no finite number"));
    broken.inputs[3] = vec![1.0];
    assert!(told(&broken, 3, &plain).contains("one width"));
    let wrong = Settings {
        l2: Some(-1.0),
        ..plain
    };
    assert!(told(&learned, 3, &wrong).contains("positive"));
    let empty = Cases {
        inputs: Vec::new(),
        truths: Truths::One(Vec::new()),
        patients: Vec::new(),
    };
    assert!(told(&empty, 2, &plain).contains("there are none"));
}

#[test]
fn learning_stops_when_it_is_told_to() {
    let learned = clouds(60, 4, 3, 0.5, 1);
    for kind in [Kind::Linear, Kind::Mlp] {
        let cancel = Cancel::default();
        cancel.cancel();
        let stopped = fit(&labels(3), &learned, None, &settings(kind), &|_| {}, &cancel);
        assert_eq!(stopped, Err(HeadError::Cancelled));
    }
}

#[test]
fn folds_keep_patients_together() {
    let learned = clouds(50, 3, 2, 1.0, 6);
    let folds = learned.folds(5, &labels(2), Draw::new(1)).expect("folds");
    for pair in folds.chunks(2) {
        assert_eq!(pair[0], pair[1], "two cases of one patient");
    }
    let counts = Mutex::new([0; 5]);
    folds
        .iter()
        .for_each(|fold| counts.lock().expect("free")[*fold] += 1);
    assert_eq!(*counts.lock().expect("free"), [10; 5]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// A number that never differed changes nothing, whatever it is later; neither do scale and place of any number.
    #[test]
    fn constants_and_scales_do_no_harm(value in -1e3_f32..1e3, later in -1e6_f32..1e6, scale in 0.01_f32..100.0, place in -10.0_f32..10.0) {
        let learned = clouds(40, 4, 2, 0.8, 2);
        let plain = fitted(&learned, None, 2, &settings(Kind::Linear)).expect("fits").head;
        let mut wider = learned.clone();
        for x in &mut wider.inputs {
            x[1] = x[1] * scale + place;
            x.push(value);
        }
        let other = fitted(&wider, None, 2, &settings(Kind::Linear)).expect("fits").head;
        for x in &clouds(20, 4, 2, 0.8, 9).inputs {
            let mut moved = x.clone();
            moved[1] = moved[1] * scale + place;
            moved.push(later);
            let before = plain.probabilities(&plain.logits(x).expect("fits"))[0];
            let after = other.probabilities(&other.logits(&moved).expect("fits"))[0];
            prop_assert!((before - after).abs() < 5e-3, "{before} {after}");
        }
    }
}
