//! One hidden layer, learned by AdamW in small batches with dropout, and stopped when what is held back gets no better.

use overread_medgemma::Cancel;

use super::cases::Cases;
use super::net::{Net, losses};
use super::{HeadError, Result, Settings};
use crate::optimiser::{AdamW, OptimiserSettings, Schedule};
use crate::parameters::{Id, Parameters};
use crate::random::Draw;

/// Epochs without a lower loss of what is held back after which learning ends.
const PATIENCE: usize = 15;

/// What learning has come to.
pub(super) struct Learned {
    /// Tensors in the order of [`Net::names`].
    pub(super) tensors: Vec<Vec<f32>>,
    /// Epochs that they took.
    pub(super) epochs: usize,
}

/// What is held back: its rows, and standardised.
pub(super) struct Held<'a> {
    pub(super) cases: &'a Cases,
    pub(super) rows: &'a [usize],
    pub(super) x: &'a [f32],
}

/// Learns rows `x` of `cases`; with something held back for at most `settings.epochs` and to the epoch that was best there, else for
/// `epochs`.
///
/// # Errors
/// [`HeadError::Cancelled`], [`HeadError::Settings`] when the loss is no number any more.
pub(super) fn learn(
    net: Net,
    cases: &Cases,
    rows: &[usize],
    x: &[f32],
    held: Option<&Held<'_>>,
    epochs: usize,
    settings: &Settings,
    cancel: &Cancel,
) -> Result<Learned> {
    let draw = Draw::new(settings.seed).named("head");
    let (mut parameters, ids) = first(net, draw);
    let optimiser = OptimiserSettings {
        learning_rate: settings.learning_rate,
        weight_decay: settings.weight_decay,
        clip: 1.0,
        schedule: Schedule::Constant,
        warm_up: 0.0,
        ..OptimiserSettings::default()
    };
    let mut adam = AdamW::new(optimiser, &parameters);
    let tensors = |parameters: &Parameters<f32>| -> Vec<Vec<f32>> {
        ids.iter().map(|id| parameters.values(*id).to_vec()).collect()
    };
    let hidden = net.hidden.unwrap_or(0);
    let mut best = (f64::INFINITY, tensors(&parameters), 0);
    for epoch in 0..epochs {
        let within = draw.of(epoch as u64);
        for (batch, places) in within
            .named("order")
            .order(rows.len())
            .chunks(settings.batch)
            .enumerate()
        {
            if cancel.is_cancelled() {
                return Err(HeadError::Cancelled);
            }
            let some: Vec<f32> = places
                .iter()
                .flat_map(|at| &x[at * net.inputs..(at + 1) * net.inputs])
                .copied()
                .collect();
            let picked: Vec<usize> = places.iter().map(|at| rows[*at]).collect();
            let left_out = within.named("dropout").of(batch as u64);
            let kept = 1.0 / (1.0 - settings.dropout) as f32;
            let keep: Vec<f32> = (0..(places.len() * hidden) as u64)
                .map(|i| {
                    if left_out.unit(i) < settings.dropout {
                        0.0
                    } else {
                        kept
                    }
                })
                .collect();
            let views: Vec<&[f32]> = ids.iter().map(|id| parameters.values(*id)).collect();
            let (loss, slopes) = net.gradients(&views, &some, &cases.truths, &picked, &keep);
            if !loss.is_finite() {
                return Err(HeadError::Settings(
                    "the loss is not a finite number any more: lower the learning rate".to_owned(),
                ));
            }
            let mut gradients = parameters.gradients();
            for (id, slopes) in ids.iter().zip(&slopes) {
                if let Some(to) = gradients.get_mut(*id) {
                    to.copy_from_slice(slopes);
                }
            }
            adam.step(&mut parameters, &mut gradients, settings.learning_rate);
        }
        let Some(held) = held else { continue };
        let views: Vec<&[f32]> = ids.iter().map(|id| parameters.values(*id)).collect();
        let logits = net.logits(&views, held.x, held.rows.len());
        let (loss, _) = losses(&logits, net.labels, &held.cases.truths, held.rows);
        if loss < best.0 {
            best = (loss, tensors(&parameters), epoch + 1);
        } else if epoch + 1 >= best.2 + PATIENCE {
            break;
        }
    }
    if held.is_some() {
        return Ok(Learned {
            tensors: best.1,
            epochs: best.2,
        });
    }
    Ok(Learned {
        tensors: tensors(&parameters),
        epochs,
    })
}

/// First values: uniform within 1 / sqrt(in), as torch's linear maps begin.
fn first(net: Net, draw: Draw) -> (Parameters<f32>, Vec<Id>) {
    let mut parameters = Parameters::default();
    let mut inputs = net.inputs;
    let mut ids = Vec::new();
    for (name, shape) in net.names() {
        if let [_, columns] = shape[..] {
            inputs = columns;
        }
        let bound = 1.0 / (inputs as f64).sqrt();
        let draw = draw.named(name);
        let values = (0..shape.iter().product::<usize>() as u64)
            .map(|i| (bound * (2.0 * draw.unit(i) - 1.0)) as f32)
            .collect();
        ids.push(parameters.add(name, &shape, values, true));
    }
    (parameters, ids)
}
