//! The command line's grammar.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::ask_arguments::AskArguments;
use crate::eval::arguments::EvalArguments;
use crate::tune_arguments::LoraArguments;

/// Reads DICOM, lets MedGemma read it on this machine, holds both against the truth. Research use only.
#[derive(Debug, Parser)]
#[command(name = "overread", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What lies in files and folders: every file, every display set.
    Index {
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// A file's data set.
    Tags {
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// What a report, segmentation, structure set or other object holds.
    Object {
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Raw values of a file.
    Pixels(PixelsArguments),
    /// A PNG of a slice or plane.
    Render(RenderArguments),
    /// Values on a grid through a volume.
    Reslice(ResliceArguments),
    /// Looks into model folders.
    Model(ModelArguments),
    /// What a model would be given.
    Inputs(InputsArguments),
    /// Asks a model.
    Ask(Box<AskArguments>),
    /// Truths and cases.
    Case(CaseArguments),
    /// Evaluates readers on case sets.
    Eval(EvalArguments),
    /// Filed disagreements.
    Review(ReviewArguments),
    /// The audit log.
    Audit(AuditArguments),
    /// Makes patients.
    Phantom(PhantomArguments),
    /// The bundled study read by the bundled model; without a window, a folder with a report.
    Demo {
        /// Open the app on the bundled study instead.
        #[arg(long)]
        open: bool,
        /// Teach the bundled model a finding that it never saw, and judge it on cases apart: some minutes.
        #[arg(long, conflicts_with = "open")]
        tune: bool,
        /// Where the report goes.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Learning on this machine.
    #[command(subcommand)]
    Tune(TuneCommand),
    /// Starts the app.
    Open { path: Option<PathBuf> },
    /// Measures this machine.
    Bench(BenchArguments),
    /// The page's test server, on the loopback address.
    Serve {
        /// 0 takes a free port.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// The built page.
        #[arg(long, default_value = "ui/dist")]
        page: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum As {
    Stored,
    Modality,
    Display,
    Rgb,
}

#[derive(Debug, Args)]
pub(crate) struct PixelsArguments {
    pub(crate) file: PathBuf,
    /// From 1; all frames when left out.
    #[arg(long)]
    pub(crate) frame: Option<u32>,
    #[arg(long = "as")]
    pub(crate) values: As,
    /// Centre,width[,LINEAR|LINEAR_EXACT|SIGMOID].
    #[arg(long, allow_hyphen_values = true, conflicts_with = "voi_lut")]
    pub(crate) window: Option<String>,
    /// Item of the VOI LUT Sequence, from 1.
    #[arg(long)]
    pub(crate) voi_lut: Option<usize>,
    /// A file, or - for standard output.
    #[arg(long, default_value = "-")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PlaneName {
    Axial,
    Coronal,
    Sagittal,
}

#[derive(Debug, Args)]
pub(crate) struct RenderArguments {
    pub(crate) path: PathBuf,
    #[arg(long)]
    pub(crate) display_set: Option<String>,
    /// From 1, in display order.
    #[arg(long, conflicts_with = "plane")]
    pub(crate) slice: Option<usize>,
    #[arg(long)]
    pub(crate) plane: Option<PlaneName>,
    /// Position of the plane, mm.
    #[arg(long, requires = "plane", allow_hyphen_values = true)]
    pub(crate) at: Option<f64>,
    /// Centre,width[,LINEAR|LINEAR_EXACT|SIGMOID].
    #[arg(long, allow_hyphen_values = true, conflicts_with = "preset")]
    pub(crate) window: Option<String>,
    #[arg(long)]
    pub(crate) preset: Option<String>,
    /// WIDTHxHEIGHT; one pixel for each image pixel when left out.
    #[arg(long)]
    pub(crate) size: Option<String>,
    /// Draws the overlay planes of the file.
    #[arg(long, conflicts_with = "plane")]
    pub(crate) overlays: bool,
    /// A presentation state to show the slice by.
    #[arg(long, value_name = "FILE", conflicts_with = "plane")]
    pub(crate) presentation: Option<PathBuf>,
    #[arg(long)]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum InterpolationName {
    Nearest,
    Linear,
}

#[derive(Debug, Args)]
pub(crate) struct ResliceArguments {
    pub(crate) path: PathBuf,
    #[arg(long)]
    pub(crate) display_set: Option<String>,
    /// JSON: origin_mm, right, down, step_mm, width, height, outside.
    #[arg(long)]
    pub(crate) grid: PathBuf,
    #[arg(long)]
    pub(crate) interpolation: InterpolationName,
    #[arg(long)]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub(crate) enum Dtype {
    F32,
    Bf16,
    #[value(name = "q8_0")]
    Q8,
    #[value(name = "q4_k")]
    Q4,
}

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    #[command(subcommand)]
    pub(crate) command: ModelCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// What a folder or GGUF file holds, what is missing or wrong, memory, terms.
    Check {
        /// A model folder, or a GGUF file.
        model: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Models that Overread knows, and those of the user's list.
    List {
        #[arg(long)]
        json: bool,
    },
    /// Puts a model folder or GGUF file on the list, or takes it off.
    Add {
        model: PathBuf,
        /// Takes it off; its files stay.
        #[arg(long)]
        remove: bool,
    },
    /// The engine's record of a case, for comparison with a reference's.
    Trace {
        model: PathBuf,
        case: PathBuf,
        #[arg(long)]
        adapter: Option<PathBuf>,
        #[arg(long, default_value = "f32")]
        dtype: Dtype,
        /// cpu, cuda or metal; OVERREAD_DEVICE when left out.
        #[arg(long, default_value = "")]
        device: String,
        #[arg(long)]
        json: bool,
    },
}

/// What is asked of which images.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    pub(crate) path: PathBuf,
    #[arg(long)]
    pub(crate) display_set: Option<String>,
    /// 12, 10-20, 10-40/3, 3,7,9, middle, official or all.
    #[arg(long)]
    pub(crate) slices: Option<String>,
    /// Preprocessing id; the default of the modality when left out.
    #[arg(long)]
    pub(crate) preprocess: Option<String>,
    /// Window for display/1: centre,width[,function].
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) window: Option<String>,
    #[arg(long)]
    pub(crate) prompt: Option<String>,
    #[arg(long)]
    pub(crate) template: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InputsArguments {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// For the rendered prompt's image marks; none are needed otherwise.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CaseArguments {
    #[command(subcommand)]
    pub(crate) command: CaseCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CaseCommand {
    /// Attaches a truth table to what lies in a folder.
    Import {
        truth: PathBuf,
        /// The folder whose cases it speaks of.
        #[arg(long)]
        path: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Cases of a folder with truth and readings.
    List {
        path: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// One case: truth beside each reading.
    Compare {
        path: PathBuf,
        #[arg(long)]
        display_set: Option<String>,
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReviewArguments {
    #[command(subcommand)]
    pub(crate) command: ReviewCommand,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ListFormat {
    Csv,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Filed disagreements, newest first.
    List {
        #[arg(long)]
        json: bool,
    },
    /// Files one (for scripts; the page does the same).
    File {
        path: PathBuf,
        #[arg(long)]
        display_set: Option<String>,
        #[arg(long)]
        slice: Option<usize>,
        #[arg(long, default_value = "")]
        score: String,
        #[arg(long, value_delimiter = ',')]
        classes: Vec<String>,
        #[arg(long, default_value = "")]
        comment: String,
        #[arg(long)]
        json: bool,
    },
    /// Writes the list.
    Export {
        #[arg(long, default_value = "csv")]
        format: ListFormat,
        /// A file; standard output when left out.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Checks the chain of hashes.
    Verify {
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PhantomArguments {
    #[arg(long)]
    pub(crate) out: PathBuf,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) n: u32,
    #[arg(long)]
    pub(crate) seed: u64,
    /// Lower contrast, more noise, other bodies.
    #[arg(long)]
    pub(crate) hard: bool,
    /// Short volumes instead of a few slices.
    #[arg(long)]
    pub(crate) volumes: bool,
    /// What is planted, with commas between, such as normal,nodule,bulla; the seven usual findings where it is left out.
    #[arg(long, value_delimiter = ',')]
    pub(crate) findings: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// `scan`, `decode`, `present`, `volume`, `files`, `model`, `evaluation` or `tuning`; the first three when left out.
    pub(crate) part: Option<String>,
    /// Folder to scan and decode; the bundled study when left out. `decode` times every file of a folder that is named.
    pub(crate) folder: Option<PathBuf>,
    /// The same as FOLDER, for scan, present and the largest series alone of decode.
    #[arg(long)]
    pub(crate) path: Option<PathBuf>,
    /// Resamples that `evaluation` draws.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) resamples: u32,
    /// Files that `files` makes; cases of `evaluation`; slices that `volume` makes without a folder, at most 1000.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) count: usize,
    /// Model folder or GGUF file for `model`; folder whose sizes `tuning` takes (MedGemma 4B's when left out). FOLDER does
    /// as well.
    #[arg(long)]
    pub(crate) model: Option<PathBuf>,
    /// How the weights are held: float32 for `model` and four bits for `tuning` when left out.
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<Dtype>,
    /// `cpu`, `cuda` or `metal`, for `model`.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Times that `model` and `tuning` measure each part.
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// Tokens of a long prompt whose memory `model` measures; 0 leaves it out.
    #[arg(long, default_value_t = 0)]
    pub(crate) long: usize,
    #[arg(long)]
    pub(crate) json: bool,
}

/// `overread tune`.
#[derive(Debug, Subcommand)]
pub(crate) enum TuneCommand {
    /// Tunes a low-rank adapter (LoRA) on a case set's training split, judges it on the validation split and writes it
    /// as PEFT does, with a card. The same command takes a stopped run up.
    Lora(Box<LoraArguments>),
    /// Learns a head from a case set: a linear probe or small MLP over the image embeddings of a MedSigLIP. Seconds, once the pictures
    /// are embedded; what was embedded is kept.
    Head(crate::tune_head::HeadArguments),
    /// Trains the demonstration model from nothing, on phantoms: half an hour on two cores. The same seed gives the
    /// same model.
    DemoModel {
        /// The model's folder; files of its names are replaced.
        #[arg(long)]
        out: PathBuf,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Learns from so many phantoms (and a fifth of them hard ones) in a few steps: to see that it works.
        #[arg(long)]
        quick: Option<usize>,
        /// The folder holds the model: judge it and write its card anew.
        #[arg(long)]
        judge_only: bool,
        #[arg(long)]
        json: bool,
    },
}
