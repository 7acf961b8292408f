//! Embeddings with their truths and patients; folds over patients; standardising.

use std::collections::BTreeMap;

use overread_kernels::dense::Real;
use sha2::{Digest, Sha256};

use super::{Answer, HeadError, Result};
use crate::random::Draw;

/// Most numbers of an embedding.
pub(crate) const MOST_WIDTH: usize = 1 << 16;
/// Most labels.
pub(crate) const MOST_LABELS: usize = 4096;

/// What is true of the cases, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truths {
    /// Index of the one label.
    One(Vec<usize>),
    /// Of each label: present, absent, or not known.
    Each(Vec<Vec<Option<bool>>>),
}

impl Truths {
    /// What a head for them answers.
    pub fn answer(&self) -> Answer {
        match self {
            Self::One(_) => Answer::One,
            Self::Each(_) => Answer::Each,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(all) => all.len(),
            Self::Each(all) => all.len(),
        }
    }

    /// Of a case, each label's state.
    pub(crate) fn state(&self, case: usize, label: usize) -> Option<bool> {
        match self {
            Self::One(all) => Some(all[case] == label),
            Self::Each(all) => all[case][label],
        }
    }
}

/// Cases to learn from or to judge by.
#[derive(Clone, Debug, PartialEq)]
pub struct Cases {
    /// Embeddings, all of one width.
    pub inputs: Vec<Vec<f32>>,
    /// Truths.
    pub truths: Truths,
    /// Patients, by any number; cases of one patient have the same.
    pub patients: Vec<usize>,
}

impl Cases {
    /// Their number.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Patients, each once.
    pub fn patient_count(&self) -> usize {
        self.patients
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    }

    /// SHA-256 of embeddings, truths and who belongs together, in this order: equal for equal data only.
    pub fn sha256(&self) -> String {
        let mut all = Sha256::new();
        let mut seen = BTreeMap::new();
        for (at, input) in self.inputs.iter().enumerate() {
            all.update((input.len() as u64).to_le_bytes());
            input.iter().for_each(|v| all.update(v.to_le_bytes()));
            let next = seen.len();
            let patient = *seen.entry(self.patients[at]).or_insert(next);
            all.update((patient as u64).to_le_bytes());
            match &self.truths {
                Truths::One(classes) => all.update((classes[at] as u64).to_le_bytes()),
                Truths::Each(states) => all.update(
                    states[at]
                        .iter()
                        .map(|state| state.map_or(2, u8::from))
                        .collect::<Vec<u8>>(),
                ),
            }
        }
        all.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// # Errors
    /// [`HeadError::Cases`] when they do not belong together, hold no numbers, or name other labels.
    pub(crate) fn check(&self, labels: usize) -> Result<()> {
        let wrong = |reason: &str| Err(HeadError::Cases(reason.to_owned()));
        let Some(width) = self.inputs.first().map(Vec::len) else {
            return wrong("there are none");
        };
        if self.truths.len() != self.len() || self.patients.len() != self.len() {
            return wrong("each needs a truth and a patient");
        }
        if width == 0 || width > MOST_WIDTH || self.inputs.iter().any(|x| x.len() != width) {
            return wrong("their embeddings are not all of one width");
        }
        if self.inputs.iter().flatten().any(|v| !v.is_finite()) {
            return wrong("an embedding holds something that is no finite number");
        }
        let fits = match &self.truths {
            Truths::One(all) => labels >= 2 && all.iter().all(|class| *class < labels),
            Truths::Each(all) => labels >= 1 && all.iter().all(|states| states.len() == labels),
        };
        if !fits || labels > MOST_LABELS {
            return wrong("their truths do not fit the labels");
        }
        Ok(())
    }

    /// Every label can be learned from these cases.
    ///
    /// # Errors
    /// [`HeadError::NoCase`], [`HeadError::EveryCase`].
    pub(crate) fn have_all(&self, rows: &[usize], labels: &[String]) -> Result<()> {
        for (k, label) in labels.iter().enumerate() {
            let known = |state| rows.iter().any(|at| self.truths.state(*at, k) == Some(state));
            if !known(true) {
                return Err(HeadError::NoCase(label.clone()));
            }
            // Of one label each, whoever has one of them has none of the others.
            if self.truths.answer() == Answer::Each && !known(false) {
                return Err(HeadError::EveryCase(label.clone()));
            }
        }
        Ok(())
    }

    /// Folds over patients, at most `most`, dealt so that each has some of every truth: the fold of each case.
    ///
    /// # Errors
    /// [`HeadError::FewPatients`] when a label cannot be learned without one of the folds.
    pub(crate) fn folds(&self, most: usize, labels: &[String], draw: Draw) -> Result<Vec<usize>> {
        let mut order: Vec<usize> = Vec::new();
        let mut truth_of: BTreeMap<usize, Vec<Option<bool>>> = BTreeMap::new();
        for at in draw.order(self.len()) {
            let patient = self.patients[at];
            truth_of.entry(patient).or_insert_with(|| {
                order.push(patient);
                (0..labels.len()).map(|k| self.truths.state(at, k)).collect()
            });
        }
        order.sort_by_key(|patient| truth_of[patient].clone());
        let count = most.min(order.len()).max(2);
        let fold_of: BTreeMap<usize, usize> = order
            .iter()
            .enumerate()
            .map(|(place, patient)| (*patient, place % count))
            .collect();
        let folds: Vec<usize> = self.patients.iter().map(|patient| fold_of[patient]).collect();
        for fold in 0..count {
            let rest: Vec<usize> = (0..self.len()).filter(|at| folds[*at] != fold).collect();
            self.have_all(&rest, labels).map_err(|error| match error {
                HeadError::NoCase(label) | HeadError::EveryCase(label) => HeadError::FewPatients(label),
                other => other,
            })?;
        }
        Ok(folds)
    }

    /// Mean and standard deviation of each number over some rows; a deviation of rounding alone is 0.
    pub(crate) fn spread(&self, rows: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let width = self.inputs.first().map_or(0, Vec::len);
        let n = rows.len().max(1) as f64;
        let (mut mean, mut square) = (vec![0.0_f64; width], vec![0.0_f64; width]);
        for at in rows {
            for (mean, value) in mean.iter_mut().zip(&self.inputs[*at]) {
                *mean += f64::from(*value) / n;
            }
        }
        for at in rows {
            for ((square, mean), value) in square.iter_mut().zip(&mean).zip(&self.inputs[*at]) {
                *square += (f64::from(*value) - mean).powi(2) / n;
            }
        }
        let deviation = square
            .iter()
            .zip(&mean)
            .map(|(square, mean)| {
                let deviation = square.sqrt();
                let rounding = 1e-6 * mean.abs() + f64::from(f32::MIN_POSITIVE);
                if deviation > rounding {
                    deviation as f32
                } else {
                    0.0
                }
            })
            .collect();
        (mean.into_iter().map(|v| v as f32).collect(), deviation)
    }

    /// Standardised rows one after the other.
    pub(crate) fn rows<T: Real>(&self, rows: &[usize], mean: &[f32], deviation: &[f32]) -> Vec<T> {
        rows.iter()
            .flat_map(|at| standardised(&self.inputs[*at], mean, deviation))
            .map(T::of)
            .collect()
    }
}

/// An embedding with the means taken off, divided by the deviations; 0 where that is 0.
pub(crate) fn standardised(x: &[f32], mean: &[f32], deviation: &[f32]) -> Vec<f64> {
    x.iter()
        .zip(mean)
        .zip(deviation)
        .map(|((x, mean), deviation)| {
            if *deviation > 0.0 {
                (f64::from(*x) - f64::from(*mean)) / f64::from(*deviation)
            } else {
                0.0
            }
        })
        .collect()
}
