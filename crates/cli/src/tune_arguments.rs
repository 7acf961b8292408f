//! Arguments of `overread tune lora`.

use std::path::PathBuf;

use clap::Args;

use crate::arguments::Dtype;

/// `overread tune lora`.
#[derive(Args, Debug)]
pub(crate) struct LoraArguments {
    /// The case set (TOML).
    pub(crate) set: PathBuf,
    /// The base model's folder or file.
    #[arg(long)]
    pub(crate) model: PathBuf,
    /// The adapter's folder: new, empty, or that of the stopped run.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// The split that is learned from.
    #[arg(long, default_value = "train")]
    pub(crate) split: String,
    /// The split that is judged on; `none`: nothing is judged. `validation` where the set has it.
    #[arg(long)]
    pub(crate) validation: Option<String>,
    /// Settings to begin from: `default`, or `published` for those of the published notebook.
    #[arg(long, default_value = "default", value_parser = ["default", "published"])]
    pub(crate) preset: String,
    /// What is learned: the set's `answer`, or the true `findings` in words.
    #[arg(long, value_parser = ["answer", "findings"])]
    pub(crate) target: Option<String>,
    /// A prompt of its own in place of the set's.
    #[arg(long, default_value = "")]
    pub(crate) prompt: String,
    /// Rank of the pairs.
    #[arg(long)]
    pub(crate) rank: Option<u32>,
    /// A pair's product is multiplied by alpha / rank.
    #[arg(long)]
    pub(crate) alpha: Option<f64>,
    /// Share of a pair's inputs that is left out while learning.
    #[arg(long)]
    pub(crate) dropout: Option<f64>,
    /// Maps that get a pair, with commas between: decoder, attention, mlp, tower, all-linear, or names such as q_proj.
    #[arg(long, value_delimiter = ',')]
    pub(crate) targets: Vec<String>,
    /// alpha / sqrt(rank) instead.
    #[arg(long)]
    pub(crate) rank_stabilised: bool,
    /// Times each case is seen.
    #[arg(long, conflicts_with = "steps")]
    pub(crate) epochs: Option<f64>,
    /// Steps of the optimiser instead.
    #[arg(long)]
    pub(crate) steps: Option<u32>,
    /// Examples a step.
    #[arg(long)]
    pub(crate) batch: Option<u32>,
    /// Examples that are computed together: fewer take less memory.
    #[arg(long)]
    pub(crate) part: Option<u32>,
    /// Largest learning rate.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// How the learning rate falls.
    #[arg(long, value_parser = ["constant", "linear", "cosine"])]
    pub(crate) schedule: Option<String>,
    /// Share of the steps in which the rate rises.
    #[arg(long)]
    pub(crate) warm_up: Option<f64>,
    /// Decoupled weight decay.
    #[arg(long)]
    pub(crate) weight_decay: Option<f64>,
    /// Norm down to which gradients are scaled; 0: never.
    #[arg(long)]
    pub(crate) clip: Option<f64>,
    /// Steps between judgements.
    #[arg(long)]
    pub(crate) judge_every: Option<u32>,
    /// Judgements without a better one after which it stops; 0: never.
    #[arg(long)]
    pub(crate) patience: Option<u32>,
    /// The best state has the lowest `loss`, or the best first `figure`.
    #[arg(long, value_parser = ["loss", "figure"])]
    pub(crate) best: Option<String>,
    #[arg(long)]
    pub(crate) seed: Option<u32>,
    /// How base weights are held: f32, bf16, q8_0 or q4_k.
    #[arg(long)]
    pub(crate) dtype: Option<Dtype>,
    /// Keeps all activations: faster, and more memory.
    #[arg(long)]
    pub(crate) keep_activations: bool,
    /// Checks and estimates, and learns nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[arg(long)]
    pub(crate) json: bool,
}
