//! The grammar of `ask`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::arguments::{Asked, Dtype};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ContentFree {
    /// Grey pictures.
    Grey,
    /// No pictures.
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Normalise {
    /// Of the whole label.
    Sum,
    /// A token.
    Mean,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PairingName {
    /// Softmax over labels, sigmoid for yes and no.
    ByForm,
    /// Each label against its absence in words.
    PositiveNegative,
}

/// How tokens are sampled: `T`, `T,K` or `T,K,P`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) temperature: f64,
    pub(crate) top_k: u32,
    pub(crate) top_p: f64,
}

pub(crate) fn sample(text: &str) -> Result<Sample, String> {
    let wrong = || format!("{text} is not T, T,K or T,K,P: a temperature, a number of tokens, a share");
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.len() > 3 {
        return Err(wrong());
    }
    let number = |part: &str| part.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0);
    let temperature = parts.first().and_then(|t| number(t)).ok_or_else(wrong)?;
    let top_k = match parts.get(1) {
        Some(k) => k.parse().map_err(|_| wrong())?,
        None => 0,
    };
    let top_p = match parts.get(2) {
        Some(p) => number(p).filter(|p| *p <= 1.0).ok_or_else(wrong)?,
        None => 0.0,
    };
    Ok(Sample {
        temperature,
        top_k,
        top_p,
    })
}

#[derive(Debug, Args)]
pub(crate) struct AskArguments {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// A model folder, or a GGUF file.
    #[arg(long)]
    pub(crate) model: PathBuf,
    /// The official sampling of the volume.
    #[arg(long, conflicts_with = "slices")]
    pub(crate) volume: bool,
    /// One of these, comma separated, scored.
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["yesno", "open"])]
    pub(crate) labels: Vec<String>,
    /// Yes or no for each of these.
    #[arg(long, value_delimiter = ',', conflicts_with = "open")]
    pub(crate) yesno: Vec<String>,
    /// Free text.
    #[arg(long)]
    pub(crate) open: bool,

    /// An adapter folder (PEFT); may be given again.
    #[arg(long, value_name = "DIR")]
    pub(crate) adapter: Vec<PathBuf>,
    /// Merge the adapters into the weights.
    #[arg(long, requires = "adapter")]
    pub(crate) merge: bool,
    /// A head's folder: a MedSigLIP reads by it. Its labels are asked when none are named.
    #[arg(long, value_name = "DIR", conflicts_with = "adapter")]
    pub(crate) head: Option<PathBuf>,
    /// The best that fits into memory when left out.
    #[arg(long)]
    pub(crate) dtype: Option<Dtype>,
    /// cpu, cuda or metal; OVERREAD_DEVICE when left out.
    #[arg(long, default_value = "")]
    pub(crate) device: String,

    /// Likelihoods of labels that are compared.
    #[arg(long, default_value = "sum")]
    pub(crate) normalise: Normalise,
    /// Takes off what labels are worth without content.
    #[arg(long, value_name = "grey|none", conflicts_with = "calibrate")]
    pub(crate) pmi: Option<ContentFree>,
    /// Divides by probabilities without content.
    #[arg(long, value_name = "grey|none")]
    pub(crate) calibrate: Option<ContentFree>,
    /// Lists the options and averages over so many orders of them.
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub(crate) permute: u32,
    /// Another label, for none of them.
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "none of these")]
    pub(crate) none_of_these: Option<String>,
    /// Other spellings of a label count too: first letter, space.
    #[arg(long)]
    pub(crate) spellings: bool,
    /// A calibration file (docs/formats.md).
    #[arg(long, visible_alias = "calibration", value_name = "FILE")]
    pub(crate) temperature_file: Option<PathBuf>,
    /// How a MedSigLIP compares labels.
    #[arg(long, default_value = "by-form")]
    pub(crate) pairing: PairingName,

    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u32,
    /// Samples an open answer: T[,K[,P]] (temperature, top-k, top-p); greedy when left out.
    #[arg(long, value_name = "T[,K,P]", value_parser = sample)]
    pub(crate) sample: Option<Sample>,
    #[arg(long, hide = true, default_value_t = 0.0, conflicts_with = "sample")]
    pub(crate) temperature: f64,
    /// Most tokens of an open answer; the template's own when left out, else 512.
    #[arg(long, visible_alias = "max-new-tokens", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tokens: Option<u32>,
    /// Samples so many open answers and counts how many agree.
    #[arg(long, value_name = "K", default_value_t = 0, conflicts_with_all = ["labels", "yesno"])]
    pub(crate) samples: u32,
    /// Asks the model whether its own answer is true.
    #[arg(long, conflicts_with_all = ["labels", "yesno"])]
    pub(crate) p_true: bool,
    /// Most tokens of a thought.
    #[arg(long, value_name = "N", conflicts_with_all = ["labels", "yesno"])]
    pub(crate) think_budget: Option<u32>,
    /// Text at which an open answer ends; may be given again.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["labels", "yesno"])]
    pub(crate) stop: Vec<String>,
    /// Reads the answer as boxes.
    #[arg(long, conflicts_with_all = ["labels", "yesno"])]
    pub(crate) boxes: bool,

    /// Adds crops of wide or tall pictures, as the published processor does.
    #[arg(long, conflicts_with = "pad_to_square")]
    pub(crate) pan_and_scan: bool,
    /// Pads pictures to a square instead of stretching them.
    #[arg(long)]
    pub(crate) pad_to_square: bool,
    /// Images of an earlier examination that go before; may be given again, oldest first.
    #[arg(long, value_name = "PATH")]
    pub(crate) prior: Vec<PathBuf>,

    /// Asks again over pictures without content: is it looking?
    #[arg(long)]
    pub(crate) looking: bool,
    /// Asks again without some of the slices: which ones decide?
    #[arg(long)]
    pub(crate) which_slices: bool,
    /// Asks again under these preprocessing ids, or all that fit: does the answer flip?
    #[arg(long, value_name = "IDS", num_args = 0..=1, value_delimiter = ',', default_missing_value = "all")]
    pub(crate) recipes: Option<Vec<String>>,
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_is_read_in_three_forms() {
        let full = Sample {
            temperature: 0.7,
            top_k: 40,
            top_p: 0.9,
        };
        assert_eq!(sample("0.7, 40,0.9"), Ok(full));
        assert_eq!(sample("1").map(|s| (s.temperature, s.top_k)), Ok((1.0, 0)));
        for wrong in ["", "x", "1,2.5", "1,2,1.5", "-1", "inf", "1,2,0.5,4"] {
            assert!(sample(wrong).is_err(), "{wrong}");
        }
    }
}
