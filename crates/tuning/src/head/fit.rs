//! Fitting a head: what is chosen by a validation split, or by cross-validation over patients.

use overread_medgemma::Cancel;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cases::Cases;
use super::net::{Net, losses, probabilities};
use super::{Head, HeadError, Kind, Result, linear, mlp};
use crate::random::Draw;

/// Penalties that are tried, the strongest first: each begins where the one before ended.
const L2: [f64; 11] = [100.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0001];
/// Folds of cross-validation.
const FOLDS: usize = 5;
/// Fewest cases that anything is learned from.
const FEWEST: usize = 10;

/// How a head is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What it is made of.
    pub kind: Kind,
    /// Decides first weights, order, dropout and folds.
    pub seed: u64,
    /// Penalty of a linear probe: `l2 / 2 · |weights|²` beside the mean loss. `None`: chosen.
    pub l2: Option<f64>,
    /// Width of the hidden layer of an MLP.
    pub hidden: usize,
    /// Share of hidden values left out in a step.
    pub dropout: f64,
    /// Learning rate of AdamW.
    pub learning_rate: f64,
    /// Its decoupled weight decay.
    pub weight_decay: f64,
    /// Cases a step.
    pub batch: usize,
    /// Most epochs.
    pub epochs: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kind: Kind::Linear,
            seed: 0,
            l2: None,
            hidden: 128,
            dropout: 0.2,
            learning_rate: 1e-3,
            weight_decay: 0.01,
            batch: 32,
            epochs: 200,
        }
    }
}

impl Settings {
    /// # Errors
    /// [`HeadError::Settings`] in words.
    fn check(&self) -> Result<()> {
        let wrong = |reason: &str| Err(HeadError::Settings(reason.to_owned()));
        if self.l2.is_some_and(|l2| !(l2 > 0.0 && l2.is_finite())) {
            return wrong("a penalty is a positive number");
        }
        if !(1..=8192).contains(&self.hidden) {
            return wrong("a hidden layer has 1 to 8192 numbers");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return wrong("dropout lies between 0 and 1, without 1");
        }
        let sound = |v: f64| v >= 0.0 && v.is_finite();
        if !sound(self.learning_rate) || self.learning_rate == 0.0 || !sound(self.weight_decay) {
            return wrong("a learning rate is a positive number, weight decay none below 0");
        }
        if self.batch == 0 || self.epochs == 0 {
            return wrong("learning needs a case a step and an epoch at least");
        }
        Ok(())
    }
}

/// What was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// Penalty of a linear probe.
    pub l2: Option<f64>,
    /// Epochs of an MLP.
    pub epochs: Option<usize>,
    /// Folds of cross-validation; `None`: a validation split chose.
    pub folds: Option<usize>,
    /// Mean loss of what it was chosen by.
    pub loss: f64,
}

/// A head, and how it reads what it was chosen by.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The head.
    pub head: Head,
    /// What was chosen.
    pub chosen: Chosen,
    /// Probabilities of each label for each case of the validation split by the head itself; without one for each case that was
    /// learned, by heads that had not seen its patient.
    pub judged: Vec<Vec<f64>>,
}

/// Fits a head. The same cases, settings and machine give the same head, on any number of cores. `told` hears what is done.
///
/// # Errors
/// [`HeadError`]: cases that do not belong together, labels without cases, settings, stopped.
pub fn fit(
    labels: &[String],
    learned: &Cases,
    validation: Option<&Cases>,
    settings: &Settings,
    told: &(dyn Fn(&str) + Sync),
    cancel: &Cancel,
) -> Result<Fitted> {
    settings.check()?;
    learned.check(labels.len())?;
    if learned.len() < FEWEST {
        return Err(HeadError::Cases(format!(
            "there are {}, and a head needs {FEWEST} at least",
            learned.len()
        )));
    }
    let all: Vec<usize> = (0..learned.len()).collect();
    learned.have_all(&all, labels)?;
    if let Some(validation) = validation {
        validation.check(labels.len())?;
        let same = validation.truths.answer() == learned.truths.answer()
            && validation.inputs[0].len() == learned.inputs[0].len();
        if !same {
            return Err(HeadError::Cases(
                "those to learn from and those to choose by are of different kinds".to_owned(),
            ));
        }
    }
    let work = Work {
        labels,
        settings,
        net: Net {
            inputs: learned.inputs[0].len(),
            hidden: (settings.kind == Kind::Mlp).then_some(settings.hidden),
            labels: labels.len(),
        },
        told,
        cancel,
    };
    match (settings.kind, validation) {
        (Kind::Linear, Some(validation)) => work.linear_by_split(learned, validation, &all),
        (Kind::Linear, None) => work.linear_by_folds(learned, &all),
        (Kind::Mlp, Some(validation)) => work.mlp_by_split(learned, validation, &all),
        (Kind::Mlp, None) => work.mlp_by_folds(learned, &all),
    }
}

/// What every way of fitting needs.
struct Work<'a> {
    labels: &'a [String],
    settings: &'a Settings,
    net: Net,
    told: &'a (dyn Fn(&str) + Sync),
    cancel: &'a Cancel,
}

/// The row of each case of a fold, and of all others.
fn parted(folds: &[usize], fold: usize) -> (Vec<usize>, Vec<usize>) {
    (0..folds.len()).partition(|at| folds[*at] == fold)
}

impl Work<'_> {
    fn penalties(&self) -> Vec<f64> {
        self.settings.l2.map_or_else(|| L2.to_vec(), |l2| vec![l2])
    }

    fn head(&self, spread: (Vec<f32>, Vec<f32>), tensors: Vec<Vec<f32>>, cases: &Cases) -> Head {
        Head {
            kind: self.settings.kind,
            answer: cases.truths.answer(),
            labels: self.labels.to_vec(),
            mean: spread.0,
            deviation: spread.1,
            net: self.net,
            tensors,
        }
    }

    /// The head of a minimum, rounded to single precision as it is kept.
    fn of_point(&self, spread: (Vec<f32>, Vec<f32>), point: &[f64], cases: &Cases) -> Head {
        let (w, b) = point.split_at(self.net.inputs * self.net.labels);
        let rounded = |values: &[f64]| values.iter().map(|v| *v as f32).collect();
        self.head(spread, vec![rounded(w), rounded(b)], cases)
    }

    fn fitted(&self, head: Head, chosen: Chosen, judged: &Cases) -> Result<Fitted> {
        let judged = judged
            .inputs
            .iter()
            .map(|x| Ok(head.probabilities(&head.logits(x)?)))
            .collect::<Result<_>>()?;
        Ok(Fitted { head, chosen, judged })
    }

    fn linear_by_split(&self, learned: &Cases, validation: &Cases, all: &[usize]) -> Result<Fitted> {
        let spread = learned.spread(all);
        let x: Vec<f64> = learned.rows(all, &spread.0, &spread.1);
        let mut point = Vec::new();
        let mut best: Option<(f64, f64, Head)> = None;
        let held: Vec<usize> = (0..validation.len()).collect();
        for l2 in self.penalties() {
            linear::minimise(self.net, learned, all, &x, l2, &mut point, self.cancel)?;
            let head = self.of_point(spread.clone(), &point, learned);
            let mut logits = Vec::new();
            for x in &validation.inputs {
                logits.extend(head.logits(x)?);
            }
            let (loss, _) = losses(&logits, self.net.labels, &validation.truths, &held);
            (self.told)(&format!("penalty {l2}: validation loss {loss:.4}"));
            if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
                best = Some((loss, l2, head));
            }
        }
        let (loss, l2, head) = best.ok_or_else(no_number)?;
        let chosen = Chosen {
            l2: Some(l2),
            loss,
            ..Chosen::default()
        };
        self.fitted(head, chosen, validation)
    }

    fn linear_by_folds(&self, learned: &Cases, all: &[usize]) -> Result<Fitted> {
        let folds = self.folds(learned)?;
        let count = folds.iter().max().map_or(0, |last| last + 1);
        let penalties = self.penalties();
        let (net, k) = (self.net, self.net.labels);
        // Of each fold the logits of what was held back, for each penalty.
        let held: Vec<Vec<Vec<f64>>> = (0..count)
            .into_par_iter()
            .map(|fold| {
                let (back, rest) = parted(&folds, fold);
                let spread = learned.spread(&rest);
                let x: Vec<f64> = learned.rows(&rest, &spread.0, &spread.1);
                let other: Vec<f64> = learned.rows(&back, &spread.0, &spread.1);
                let mut point = Vec::new();
                penalties
                    .iter()
                    .map(|l2| {
                        linear::minimise(net, learned, &rest, &x, *l2, &mut point, self.cancel)?;
                        let (w, b) = point.split_at(net.inputs * k);
                        Ok(net.logits(&[w, b], &other, back.len()))
                    })
                    .collect::<Result<Vec<_>>>()
            })
            .collect::<Result<_>>()?;
        let mut best: Option<(f64, usize)> = None;
        for (at, l2) in penalties.iter().enumerate() {
            let mut loss = 0.0;
            for (fold, logits) in held.iter().enumerate() {
                let (back, _) = parted(&folds, fold);
                let share = back.len() as f64 / learned.len() as f64;
                loss += losses(&logits[at], k, &learned.truths, &back).0 * share;
            }
            (self.told)(&format!("penalty {l2}: loss {loss:.4} over {count} folds"));
            if best.is_none_or(|(least, _)| loss < least) {
                best = Some((loss, at));
            }
        }
        let (loss, at) = best.ok_or_else(no_number)?;
        let logits: Vec<Vec<f64>> = held.into_iter().map(|mut all| all.swap_remove(at)).collect();
        let judged = self.out_of_fold(&folds, &logits, learned);
        let spread = learned.spread(all);
        let x: Vec<f64> = learned.rows(all, &spread.0, &spread.1);
        let mut point = Vec::new();
        for l2 in &penalties[..=at] {
            linear::minimise(net, learned, all, &x, *l2, &mut point, self.cancel)?;
        }
        Ok(Fitted {
            head: self.of_point(spread, &point, learned),
            chosen: Chosen {
                l2: Some(penalties[at]),
                folds: Some(count),
                loss,
                ..Chosen::default()
            },
            judged,
        })
    }

    fn mlp_by_split(&self, learned: &Cases, validation: &Cases, all: &[usize]) -> Result<Fitted> {
        let spread = learned.spread(all);
        let x: Vec<f32> = learned.rows(all, &spread.0, &spread.1);
        let rows: Vec<usize> = (0..validation.len()).collect();
        let other: Vec<f32> = validation.rows(&rows, &spread.0, &spread.1);
        let held = mlp::Held {
            cases: validation,
            rows: &rows,
            x: &other,
        };
        let most = self.settings.epochs;
        let found = mlp::learn(
            self.net,
            learned,
            all,
            &x,
            Some(&held),
            most,
            self.settings,
            self.cancel,
        )?;
        let head = self.head(spread, found.tensors, learned);
        let mut logits = Vec::new();
        for x in &validation.inputs {
            logits.extend(head.logits(x)?);
        }
        let (loss, _) = losses(&logits, self.net.labels, &validation.truths, &rows);
        (self.told)(&format!(
            "best after {} epochs: validation loss {loss:.4}",
            found.epochs
        ));
        let chosen = Chosen {
            epochs: Some(found.epochs),
            loss,
            ..Chosen::default()
        };
        self.fitted(head, chosen, validation)
    }

    fn mlp_by_folds(&self, learned: &Cases, all: &[usize]) -> Result<Fitted> {
        let folds = self.folds(learned)?;
        let count = folds.iter().max().map_or(0, |last| last + 1);
        let held: Vec<(usize, Vec<f64>)> = (0..count)
            .into_par_iter()
            .map(|fold| {
                let (back, rest) = parted(&folds, fold);
                let spread = learned.spread(&rest);
                let x: Vec<f32> = learned.rows(&rest, &spread.0, &spread.1);
                let other: Vec<f32> = learned.rows(&back, &spread.0, &spread.1);
                let held = mlp::Held {
                    cases: learned,
                    rows: &back,
                    x: &other,
                };
                let most = self.settings.epochs;
                let found = mlp::learn(
                    self.net,
                    learned,
                    &rest,
                    &x,
                    Some(&held),
                    most,
                    self.settings,
                    self.cancel,
                )?;
                let tensors: Vec<&[f32]> = found.tensors.iter().map(Vec::as_slice).collect();
                let logits = self.net.logits(&tensors, &other, back.len());
                Ok((found.epochs, logits.into_iter().map(f64::from).collect()))
            })
            .collect::<Result<_>>()?;
        let mut epochs: Vec<usize> = held.iter().map(|(epochs, _)| *epochs).collect();
        epochs.sort_unstable();
        let epochs = epochs[epochs.len() / 2].max(1);
        let logits: Vec<Vec<f64>> = held.into_iter().map(|(_, logits)| logits).collect();
        let mut loss = 0.0;
        for (fold, logits) in logits.iter().enumerate() {
            let (back, _) = parted(&folds, fold);
            let share = back.len() as f64 / learned.len() as f64;
            loss += losses(logits, self.net.labels, &learned.truths, &back).0 * share;
        }
        (self.told)(&format!("{epochs} epochs: loss {loss:.4} over {count} folds"));
        let spread = learned.spread(all);
        let x: Vec<f32> = learned.rows(all, &spread.0, &spread.1);
        let found = mlp::learn(
            self.net,
            learned,
            all,
            &x,
            None,
            epochs,
            self.settings,
            self.cancel,
        )?;
        Ok(Fitted {
            judged: self.out_of_fold(&folds, &logits, learned),
            head: self.head(spread, found.tensors, learned),
            chosen: Chosen {
                epochs: Some(epochs),
                folds: Some(count),
                loss,
                ..Chosen::default()
            },
        })
    }

    fn folds(&self, cases: &Cases) -> Result<Vec<usize>> {
        cases.folds(FOLDS, self.labels, Draw::new(self.settings.seed).named("folds"))
    }

    /// Probabilities in the order of the cases, from logits in the order of the folds.
    fn out_of_fold(&self, folds: &[usize], logits: &[Vec<f64>], cases: &Cases) -> Vec<Vec<f64>> {
        let mut judged = vec![Vec::new(); cases.len()];
        for (fold, logits) in logits.iter().enumerate() {
            let (back, _) = parted(folds, fold);
            for (at, logits) in back.into_iter().zip(logits.chunks_exact(self.net.labels)) {
                judged[at] = probabilities(cases.truths.answer(), logits);
            }
        }
        judged
    }
}

/// Embeddings so far apart that no loss is a number.
fn no_number() -> HeadError {
    HeadError::Cases("no loss of them is a finite number".to_owned())
}
