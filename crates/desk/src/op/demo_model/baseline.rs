//! What a model that understands nothing reaches: logistic regression on 32 x 32 grey values. If it came near the demo
//! model, the phantoms would give their answers away.

use overread_phantom::LABELS;
use overread_tuning::random::Draw;
use overread_tuning::{AdamW, OptimiserSettings, Parameters, Schedule};

use super::slices::{SIDE, Slice};

const SMALL: usize = 32;
const STEPS: usize = 1500;
const BATCH: usize = 128;

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

/// Accuracy on `judged` of a softmax regression on `learned`, the best of three weight decays: generous to it.
pub(super) fn accuracy(learned: &[Slice], judged: &[Slice], seed: u64) -> f64 {
    let inputs: Vec<Vec<f32>> = learned.iter().map(small).collect();
    let held: Vec<Vec<f32>> = judged.iter().map(small).collect();
    [0.0, 0.1, 1.0]
        .into_iter()
        .map(|decay| with_decay(&inputs, learned, &held, judged, decay, seed))
        .fold(0.0, f64::max)
}

fn scores(weights: &[f32], x: &[f32]) -> Vec<f32> {
    weights
        .chunks_exact(x.len() + 1)
        .map(|w| w[x.len()] + x.iter().zip(w).map(|(a, b)| a * b).sum::<f32>())
        .collect()
}

fn with_decay(
    inputs: &[Vec<f32>],
    learned: &[Slice],
    held: &[Vec<f32>],
    judged: &[Slice],
    decay: f64,
    seed: u64,
) -> f64 {
    let (classes, width) = (LABELS.len(), SMALL * SMALL + 1);
    let mut parameters = Parameters::<f32>::default();
    let id = parameters.add("w", &[classes, width], vec![0.0; classes * width], true);
    let settings = OptimiserSettings {
        learning_rate: 3e-3,
        weight_decay: decay,
        clip: 0.0,
        schedule: Schedule::Cosine,
        ..OptimiserSettings::default()
    };
    let mut adam = AdamW::new(settings, &parameters);
    let draw = Draw::new(seed).named("baseline");
    for step in 0..STEPS {
        let mut gradients = parameters.gradients();
        for i in 0..BATCH {
            let at = draw.of(step as u64).below(i as u64, inputs.len());
            let mut shares = scores(parameters.values(id), &inputs[at]);
            let most = shares.iter().copied().fold(f32::MIN, f32::max);
            shares.iter_mut().for_each(|s| *s = (*s - most).exp());
            let sum: f32 = shares.iter().sum();
            let Some(by) = gradients.get_mut(id) else { continue };
            for (class, (share, by)) in shares.iter().zip(by.chunks_exact_mut(width)).enumerate() {
                let slope =
                    (share / sum - f32::from(u8::from(class == learned[at].finding as usize))) / BATCH as f32;
                by.iter_mut().zip(&inputs[at]).for_each(|(g, x)| *g += slope * x);
                by[width - 1] += slope;
            }
        }
        adam.step(&mut parameters, &mut gradients, settings.rate(step, STEPS));
    }
    let right = held.iter().zip(judged).filter(|(x, slice)| {
        let all = scores(parameters.values(id), x);
        let best = all.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.is_some_and(|(class, _)| class == slice.finding as usize)
    });
    right.count() as f64 / judged.len().max(1) as f64
}
