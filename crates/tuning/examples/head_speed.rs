//! How long heads take to learn: `cargo run --release -p overread-tuning --example head_speed`, 1000 embeddings of 1152 numbers
//! (MedSigLIP's), 7 labels, 250 more to choose by.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::time::Instant;

use overread_medgemma::Cancel;
use overread_tuning::head::{Cases, Kind, Settings, Truths, fit};
use overread_tuning::random::Draw;

const WIDTH: usize = 1152;
const LABELS: usize = 7;

/// Noise with a little of a label's own direction in it.
fn cases(n: usize, seed: u64) -> Cases {
    let (draw, directions) = (Draw::new(seed), Draw::new(99));
    let classes: Vec<usize> = (0..n).map(|i| draw.below(i as u64, LABELS)).collect();
    let inputs = classes
        .iter()
        .enumerate()
        .map(|(i, class)| {
            let own = directions.of(*class as u64);
            (0..WIDTH as u64)
                .map(|d| (draw.of(i as u64).normal(d) + 0.1 * own.normal(d)) as f32)
                .collect()
        })
        .collect();
    Cases {
        inputs,
        truths: Truths::One(classes),
        patients: (0..n).collect(),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let labels: Vec<String> = (0..LABELS).map(|k| format!("label {k}")).collect();
    let (learned, held) = (cases(1000, 1), cases(250, 2));
    for kind in [Kind::Linear, Kind::Mlp] {
        for validation in [Some(&held), None] {
            let settings = Settings {
                kind,
                ..Settings::default()
            };
            let begun = Instant::now();
            let found = fit(
                &labels,
                &learned,
                validation,
                &settings,
                &|_| {},
                &Cancel::default(),
            )?;
            println!(
                "{}, by {}: {:.2} s, {:?}",
                kind.words(),
                if validation.is_some() {
                    "a validation split"
                } else {
                    "five folds"
                },
                begun.elapsed().as_secs_f64(),
                found.chosen
            );
        }
    }
    Ok(())
}
