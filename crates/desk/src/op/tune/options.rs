//! What a tuning run is asked for.

use std::path::PathBuf;

use overread_tuning::lora::LoraSettings;
use overread_tuning::{OptimiserSettings, Schedule};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Outcome;
use crate::code::failure;
use crate::wire::models::PrecisionName;

/// What is learned of each case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The answer to the set's question: its label, yes or no for each label, the letter of an option, the accepted
    /// words.
    #[default]
    Answer,
    /// The true findings in words (`truth.findings`), as the first stage of a pipeline is asked for them.
    Findings,
}

/// By what the best of the judged states is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// The lowest loss on the validation split: it moves even where few cases change sides.
    #[default]
    Loss,
    /// The task's own first figure on the validation split.
    Figure,
}

/// How the learning rate falls after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleName {
    /// It does not.
    Constant,
    /// In a straight line to 0.
    #[default]
    Linear,
    /// As half a cosine to 0.
    Cosine,
}

/// Everything that can be set. Defaults are ours; [`TuneSettings::published`] are the published notebook's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct TuneSettings {
    /// Rank of the pairs (r).
    pub rank: u32,
    /// A pair's product is multiplied by alpha / r.
    pub alpha: f64,
    /// Share of a pair's inputs that is left out while learning.
    pub dropout: f64,
    /// Groups of maps (`decoder`, `attention`, `mlp`, `tower`, `all-linear`) or ends of their names (`q_proj`).
    pub targets: Vec<String>,
    /// alpha / sqrt(r) instead.
    pub rank_stabilised: bool,
    /// Times each case is seen; ignored when `steps` is given.
    pub epochs: f64,
    /// Steps of the optimiser; 0: by `epochs`.
    pub steps: u32,
    /// Examples a step, accumulated over parts.
    pub batch: u32,
    /// Examples that are computed together; 0: by the model's size.
    pub part: u32,
    /// Largest learning rate.
    pub rate: f64,
    /// How it falls.
    pub schedule: ScheduleName,
    /// Share of the steps in which it rises from 0.
    pub warm_up: f64,
    /// Decoupled weight decay of matrices.
    pub weight_decay: f64,
    /// Norm down to which gradients are scaled; 0: never.
    pub clip: f64,
    /// Steps between judgements on the validation split; 0: ten times in all.
    pub judge_every: u32,
    /// Judgements without a better one after which it stops; 0: never.
    pub patience: u32,
    /// What better means.
    pub best: Best,
    /// What is learned.
    pub target: Target,
    /// Decides order, dropout and first values.
    pub seed: u32,
    /// How base weights are held; `None`: as a question would hold them.
    pub precision: Option<PrecisionName>,
    /// Activations within a layer are computed twice instead of kept.
    pub recompute: bool,
}

impl Default for TuneSettings {
    fn default() -> Self {
        Self {
            rank: 16,
            alpha: 16.0,
            dropout: 0.05,
            targets: vec!["decoder".to_owned()],
            rank_stabilised: false,
            epochs: 3.0,
            steps: 0,
            batch: 16,
            part: 0,
            rate: 2e-4,
            schedule: ScheduleName::Cosine,
            warm_up: 0.03,
            weight_decay: 0.0,
            clip: 1.0,
            judge_every: 0,
            patience: 4,
            best: Best::Loss,
            target: Target::Answer,
            seed: 1,
            precision: None,
            recompute: true,
        }
    }
}

impl TuneSettings {
    /// The published notebook's recipe (`fine_tune_with_hugging_face.ipynb`): every linear map, one epoch, batches of 16
    /// in parts of 4, 2e-4 falling linearly after a warm-up of 3 %, gradients clipped at 0.3. Embedding and head, which
    /// it learns whole, are not learned here, and weights are held in the engine's formats instead of nf4.
    pub fn published() -> Self {
        let lora = LoraSettings::published();
        let optimiser = OptimiserSettings::default();
        Self {
            rank: lora.rank as u32,
            alpha: lora.alpha,
            dropout: lora.dropout,
            targets: lora.targets,
            epochs: 1.0,
            batch: 16,
            part: 4,
            rate: optimiser.learning_rate,
            schedule: ScheduleName::Linear,
            warm_up: optimiser.warm_up,
            weight_decay: optimiser.weight_decay,
            clip: optimiser.clip,
            patience: 0,
            ..Self::default()
        }
    }

    /// The pairs.
    pub(crate) fn lora(&self) -> LoraSettings {
        LoraSettings {
            rank: self.rank as usize,
            alpha: self.alpha,
            dropout: self.dropout,
            targets: self.targets.clone(),
            rank_stabilised: self.rank_stabilised,
        }
    }

    /// The optimiser.
    pub(crate) fn optimiser(&self) -> OptimiserSettings {
        OptimiserSettings {
            learning_rate: self.rate,
            weight_decay: self.weight_decay,
            clip: self.clip,
            schedule: match self.schedule {
                ScheduleName::Constant => Schedule::Constant,
                ScheduleName::Linear => Schedule::Linear,
                ScheduleName::Cosine => Schedule::Cosine,
            },
            warm_up: self.warm_up,
            ..OptimiserSettings::default()
        }
    }

    /// Steps for so many examples.
    pub(crate) fn steps_for(&self, examples: usize) -> usize {
        if self.steps > 0 {
            return self.steps as usize;
        }
        let batches = examples as f64 * self.epochs / f64::from(self.batch.max(1));
        (batches.ceil() as usize).max(1)
    }

    /// # Errors
    /// `tuning.settings` for numbers that make no sense.
    pub(crate) fn check(&self) -> Outcome<()> {
        let wrong = |what: &str| Err(failure("tuning.settings", what, "Change this setting."));
        self.lora().check()?;
        if self.batch == 0 || self.batch > 4096 {
            return wrong("A batch has 1 to 4096 examples.");
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return wrong("A learning rate is a positive number.");
        }
        if self.steps == 0 && !(self.epochs.is_finite() && self.epochs > 0.0 && self.epochs <= 1000.0) {
            return wrong("Epochs are a number above 0 and up to 1000.");
        }
        if !(0.0..1.0).contains(&self.warm_up) {
            return wrong("The warm-up is a share of the steps from 0 to below 1.");
        }
        let from_zero = |x: f64| x.is_finite() && x >= 0.0;
        if !from_zero(self.weight_decay) || !from_zero(self.clip) {
            return wrong("Weight decay and the clipping norm are 0 or positive numbers.");
        }
        Ok(())
    }
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TuneOptions {
    /// The case-set file.
    pub case_set: PathBuf,
    /// The base model's folder or file.
    pub model: PathBuf,
    /// The adapter's folder.
    pub out: PathBuf,
    /// The split that is learned from; empty: `train`.
    pub split: String,
    /// The split that is judged on; `None`: `validation` where the set has one; empty: none.
    pub validation: Option<String>,
    /// Prompt of its own; empty: the set's.
    pub prompt: String,
    /// Settings.
    pub settings: TuneSettings,
    /// Stop after checks and estimate.
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_become_steps() {
        let settings = TuneSettings {
            epochs: 2.0,
            batch: 16,
            ..TuneSettings::default()
        };
        assert_eq!(settings.steps_for(33), 5, "2 x 33 / 16, rounded up");
        assert_eq!(settings.steps_for(0), 1);
        let own = TuneSettings { steps: 7, ..settings };
        assert_eq!(own.steps_for(33), 7);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let base = TuneSettings::default;
        assert!(base().check().is_ok() && TuneSettings::published().check().is_ok());
        let wrong = [
            TuneSettings { batch: 0, ..base() },
            TuneSettings {
                rate: f64::NAN,
                ..base()
            },
            TuneSettings {
                epochs: -1.0,
                ..base()
            },
            TuneSettings {
                warm_up: 1.0,
                ..base()
            },
            TuneSettings { clip: -1.0, ..base() },
            TuneSettings { rank: 0, ..base() },
        ];
        for settings in wrong {
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }
}
