//! What a model that understands nothing reaches: logistic regression on 32 x 32 grey values. If it came near the demo
//! model, the phantoms would give their answers away.

use overread_phantom::LABELS;
use overread_tuning::probe::{LinearProbe, ProbeSettings};

use super::slices::{SIDE, Slice};

const SMALL: usize = 32;

/// Mean of the three windows over blocks of 7 x 7 px, -1 to 1.
fn small(slice: &Slice) -> Vec<f32> {
    let block = SIDE / SMALL;
    let mut out = vec![0.0_f32; SMALL * SMALL];
    for (i, pixel) in slice.rgb.chunks_exact(3).enumerate() {
        let sum: f32 = pixel.iter().map(|b| f32::from(*b)).sum();
        out[i / SIDE / block * SMALL + i % SIDE / block] += sum;
    }
    let share = 1.0 / (127.5 * 3.0 * (block * block) as f32);
    out.iter().map(|v| v * share - 1.0).collect()
}

/// Accuracy on each of the sets of a softmax regression on `learned`, the best of three weight decays each time: generous
/// to it.
pub(super) fn accuracies(learned: &[Slice], sets: [&[Slice]; 2], seed: u64) -> [f64; 2] {
    let inputs: Vec<Vec<f32>> = learned.iter().map(small).collect();
    let truths: Vec<usize> = learned.iter().map(|s| s.finding as usize).collect();
    let held = sets.map(|set| {
        set.iter()
            .map(|s| (small(s), s.finding as usize))
            .collect::<Vec<_>>()
    });
    let mut best = [0.0_f64; 2];
    for weight_decay in [0.0, 0.1, 1.0] {
        let settings = ProbeSettings {
            steps: 1500,
            batch: 128,
            learning_rate: 3e-3,
            weight_decay,
            seed,
        };
        let Some(probe) = LinearProbe::fit(&inputs, &truths, LABELS.len(), settings) else {
            continue;
        };
        for (best, held) in best.iter_mut().zip(&held) {
            let right = held.iter().filter(|(x, truth)| probe.class(x) == *truth).count();
            *best = best.max(right as f64 / held.len().max(1) as f64);
        }
    }
    best
}
