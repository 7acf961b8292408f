//! The grammar of `overread eval`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    #[command(subcommand)]
    pub(crate) command: EvalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// Makes a case set of a folder and its truth.
    New(Box<NewArguments>),
    /// Looks for leaks, duplicates, missing files, unknown labels.
    Check {
        /// The case-set file.
        set: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Reads every case with every local reader; goes on where it was stopped.
    Run(RunArguments),
    /// Puts the runs of several parts (--shard) together.
    Merge {
        /// Folders of runs.
        #[arg(required = true)]
        runs: Vec<PathBuf>,
        /// The folder of the whole; must not be there yet.
        #[arg(long)]
        out: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Lists open answers that no rule could judge, or decides on one.
    Decide(DecideArguments),
    /// Fits a calibration on one split and writes the file that `ask --calibration` takes.
    Calibrate(CalibrateArguments),
    /// Every figure of an evaluation, with its interval: a summary, or the report, tables, plots and JSON.
    Report(Box<ReportArguments>),
    /// Scores recorded answers against a truth table.
    Score {
        #[arg(long)]
        answers: PathBuf,
        #[arg(long)]
        truth: PathBuf,
        #[arg(long)]
        labels: Option<PathBuf>,
        #[arg(long)]
        out: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
}

/// A folder, its truth, and what becomes of them.
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// Folder, zip or file of the images.
    pub(crate) folder: PathBuf,
    /// A truth table or report file; several for formats of several. None: a folder a class.
    #[arg(long)]
    pub(crate) truth: Vec<PathBuf>,
    /// generic, chexpert, mimic-cxr, chest-xray14, vindr-cxr, rsna-pneumonia, padchest, ct-rate, medpix, vqa-rad, slake, lidc,
    /// dicom-sr, class-folders or phantom; recognised when left out.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// closed, yes_no, choice, open, vqa or boxes; the format's own when left out.
    #[arg(long)]
    pub(crate) task: Option<String>,
    /// Name shown; the folder's when left out.
    #[arg(long, default_value = "")]
    pub(crate) name: String,
    /// The label set, in its order; the labels of the truth when left out.
    #[arg(long, value_delimiter = ',')]
    pub(crate) labels: Vec<String>,
    /// What an uncertain label counts as: ones, zeros or ignore.
    #[arg(long, default_value = "ignore")]
    pub(crate) uncertain: String,
    /// What a label that is not mentioned counts as: negative or missing.
    #[arg(long, default_value = "negative")]
    pub(crate) blank: String,
    /// A local model that reads; may be given several times.
    #[arg(long)]
    pub(crate) model: Vec<PathBuf>,
    /// Recorded answers of other readers; may be given several times.
    #[arg(long)]
    pub(crate) answers: Vec<PathBuf>,
    /// Draws splits by patient, in percent: train=60,validation=20,test=20.
    #[arg(long)]
    pub(crate) split_by_patient: Option<String>,
    /// Seed of the draw.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u32,
    /// The case-set file.
    #[arg(long, required_unless_present = "dry_run")]
    pub(crate) out: Option<PathBuf>,
    /// Shows what matches; writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Writes over a case set that is there.
    #[arg(long)]
    pub(crate) force: bool,
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is read.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The case-set file.
    pub(crate) set: PathBuf,
    /// Folder of the run; SET.run beside the case set when left out.
    #[arg(long)]
    pub(crate) run: Option<PathBuf>,
    /// Readers by id; all with a model when left out.
    #[arg(long, value_delimiter = ',')]
    pub(crate) readers: Vec<String>,
    /// Only the first N cases.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) limit: usize,
    /// Only these cases: ids with commas between, or @FILE of one a line.
    #[arg(long)]
    pub(crate) only: Option<String>,
    /// The i-th of n parts of the cases, as 1/3.
    #[arg(long)]
    pub(crate) shard: Option<String>,
    /// Ask again where the answer was an error, or was given by other settings.
    #[arg(long)]
    pub(crate) again: bool,
    #[arg(long)]
    pub(crate) json: bool,
}

/// A decision, or the list of what waits for one.
#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    /// The case-set file.
    pub(crate) set: PathBuf,
    /// Lists what waits for a decision.
    #[arg(long)]
    pub(crate) list: bool,
    /// Case id.
    #[arg(long, requires = "reader", required_unless_present = "list")]
    pub(crate) case: Option<String>,
    /// Reader id.
    #[arg(long)]
    pub(crate) reader: Option<String>,
    /// right, partial, wrong or invalid; none takes a decision back.
    #[arg(long, requires = "why")]
    pub(crate) verdict: Option<String>,
    /// The label that was meant.
    #[arg(long, default_value = "")]
    pub(crate) label: String,
    /// Why.
    #[arg(long)]
    pub(crate) why: Option<String>,
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is fitted on what.
#[derive(Debug, Args)]
pub(crate) struct CalibrateArguments {
    /// The case-set file.
    pub(crate) set: PathBuf,
    /// Reader id.
    #[arg(long)]
    pub(crate) reader: String,
    /// The split that it is fitted on.
    #[arg(long)]
    pub(crate) split: String,
    /// temperature (one label of a set) or platt (yes/no lists).
    #[arg(long)]
    pub(crate) kind: String,
    /// The calibration file.
    #[arg(long)]
    pub(crate) out: PathBuf,
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is looked at, and what is written.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The case-set file.
    pub(crate) set: PathBuf,
    /// One self-contained HTML file.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// A folder for every table as CSV.
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// A folder for every plot as SVG.
    #[arg(long)]
    pub(crate) plots: Option<PathBuf>,
    /// Input for iMRMC.
    #[arg(long)]
    pub(crate) imrmc: Option<PathBuf>,
    /// Resamples over patients for intervals; 0: by formula alone.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) resamples: u32,
    /// Seed of the resamples.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u32,
    /// Only these splits.
    #[arg(long, value_delimiter = ',')]
    pub(crate) split: Vec<String>,
    /// Only these modalities.
    #[arg(long, value_delimiter = ',')]
    pub(crate) modality: Vec<String>,
    /// Only cases whose truth is this label; may be given several times.
    #[arg(long)]
    pub(crate) label: Vec<String>,
    /// Only these readers, by id.
    #[arg(long, value_delimiter = ',')]
    pub(crate) reader: Vec<String>,
    /// Only cases with an invalid answer of this kind, or `any`.
    #[arg(long, value_delimiter = ',')]
    pub(crate) invalid: Vec<String>,
    /// Only this subgroup, as sex=F; may be given several times.
    #[arg(long)]
    pub(crate) group: Vec<String>,
    /// What an uncertain label counts as: ones, zeros or ignore; as the case set says when left out.
    #[arg(long)]
    pub(crate) uncertain: Option<String>,
    /// What a label that is not mentioned counts as: negative or missing; as the case set says when left out.
    #[arg(long)]
    pub(crate) blank: Option<String>,
    /// Everything as JSON on the standard output.
    #[arg(long)]
    pub(crate) json: bool,
}
