//! The folder of a head: `head.safetensors`, `head.json`, `README.md`. Whatever a folder from elsewhere holds, reading it ends in a head
//! or in words.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cases::{MOST_LABELS, MOST_WIDTH};
use super::net::Net;
use super::{Answer, Chosen, Head, HeadError, Kind, Result, Settings, card};
use crate::state::{pack, write_whole};

/// The format that is read and written.
pub const FORMAT: &str = "overread-head/1";
/// Name of the tensors' file.
pub const TENSORS: &str = "head.safetensors";
/// Name of the file that says what they are.
pub const JSON: &str = "head.json";
/// Name of the card.
pub const CARD: &str = "README.md";
/// The embedding that heads stand on: what the pooling head of a SigLIP image tower gives, brought to length 1.
pub const EMBEDDING: &str = "siglip-pooled/1";
/// Largest `head.json`, bytes.
const MOST_JSON: u64 = 8 << 20;
/// Largest tensors' file, bytes.
const MOST_TENSORS: u64 = 1 << 30;

/// What the head says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The model below.
    pub model: BaseModel,
    /// What it is given.
    pub input: Input,
    /// How it was learned.
    pub training: Training,
    /// How well it reads what it was chosen by.
    pub figures: Vec<Figure>,
}

/// The model whose embeddings a head stands on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseModel {
    /// Name.
    pub name: String,
    /// SHA-256 over its weights.
    pub weights_sha256: String,
    /// How the weights were held while embedding.
    pub precision: String,
}

/// How pictures were made and put together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// [`EMBEDDING`].
    pub embedding: String,
    /// Preprocessing with its hash, as in `display/1 (…)`; several where the cases differ in kind.
    pub preprocessing: Vec<String>,
    /// Slice rule of the case set; a case's own went before it.
    pub slices: String,
    /// Several pictures of a case: `mean` of their embeddings.
    pub several: String,
    /// `whole`, `padded` to a square, or `crops` beside the whole.
    pub framing: String,
    /// Window for `display/1`; empty: the file's.
    pub window: String,
}

/// A split that was used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub split: String,
    /// Cases.
    pub cases: usize,
    /// Patients.
    pub patients: usize,
}

/// How a head was learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Name of the case set.
    pub case_set: String,
    /// SHA-256 of what it asks of which images, as in answers on record.
    pub case_set_sha256: String,
    /// SHA-256 of embeddings, truths and patients that were learned and chosen by.
    pub data_sha256: String,
    /// What was learned.
    pub learned: Part,
    /// What chose; `None`: cross-validation over the patients that were learned.
    pub validation: Option<Part>,
    /// Settings.
    pub settings: Settings,
    /// What was chosen.
    pub chosen: Chosen,
    /// Where the truth comes from.
    pub truth: String,
    /// The program.
    pub program: String,
}

/// A figure with its interval at 95 %.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `accuracy`, `auc` …
    pub name: String,
    /// Of one label; empty: over all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Value; `None`: undefined.
    pub estimate: Option<f64>,
    /// Interval; `None`: undefined.
    pub interval: Option<[f64; 2]>,
    /// How the interval was found.
    pub method: String,
    /// Cases.
    pub cases: usize,
}

/// `head.json`.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    format: String,
    kind: Kind,
    answer: Answer,
    labels: Vec<String>,
    width: usize,
    hidden: Option<usize>,
    tensors_sha256: String,
    #[serde(flatten)]
    about: About,
}

/// Writes the folder (made if absent; files of these names are replaced). The same head gives the same bytes.
///
/// # Errors
/// [`HeadError::File`].
pub fn write(folder: &Path, head: &Head, about: &About) -> Result<()> {
    let failed = |file: &str, reason: String| HeadError::File {
        file: file.to_owned(),
        reason,
    };
    fs::create_dir_all(folder).map_err(|error| failed(&folder.display().to_string(), error.to_string()))?;
    let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    let mut put = |name: &str, shape: Vec<usize>, values: &[f32]| {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        tensors.insert(name.to_owned(), (shape, bytes));
    };
    put("mean", vec![head.width()], &head.mean);
    put("deviation", vec![head.width()], &head.deviation);
    for ((name, shape), values) in head.net.names().into_iter().zip(&head.tensors) {
        put(name, shape, values);
    }
    let packed = pack(&tensors, Dtype::F32, Vec::new()).map_err(|e| failed(TENSORS, e.to_string()))?;
    let file = File {
        format: FORMAT.to_owned(),
        kind: head.kind,
        answer: head.answer,
        labels: head.labels.clone(),
        width: head.width(),
        hidden: head.hidden(),
        tensors_sha256: hex(&packed),
        about: about.clone(),
    };
    let json = serde_json::to_string_pretty(&file).map_err(|e| failed(JSON, e.to_string()))? + "\n";
    for (name, bytes) in [
        (TENSORS, packed.as_slice()),
        (CARD, card::card(head, about).as_bytes()),
        // Last: a folder that was left half written has none, or one whose hash does not fit.
        (JSON, json.as_bytes()),
    ] {
        write_whole(&folder.join(name), bytes).map_err(|error| failed(name, error.to_string()))?;
    }
    Ok(())
}

/// Reads a folder: format, labels, shapes, numbers and hashes are checked.
///
/// # Errors
/// [`HeadError::File`] for what is not there, [`HeadError::Damaged`] for what is no head.
pub fn read(folder: &Path) -> Result<(Head, About)> {
    let json = bytes(folder, JSON, MOST_JSON)?;
    let damaged = |file: &str, reason: String| HeadError::Damaged {
        file: file.to_owned(),
        reason,
    };
    let file: File = serde_json::from_slice(&json).map_err(|e| damaged(JSON, e.to_string()))?;
    check(&file).map_err(|reason| damaged(JSON, reason))?;
    let packed = bytes(folder, TENSORS, MOST_TENSORS)?;
    if hex(&packed) != file.tensors_sha256 {
        return Err(damaged(
            TENSORS,
            format!("its hash is not the one that {JSON} names"),
        ));
    }
    let net = Net {
        inputs: file.width,
        hidden: file.hidden,
        labels: file.labels.len(),
    };
    let (spread, tensors) = unpacked(&packed, net).map_err(|reason| damaged(TENSORS, reason))?;
    let head = Head {
        kind: file.kind,
        answer: file.answer,
        labels: file.labels,
        mean: spread.0,
        deviation: spread.1,
        net,
        tensors,
    };
    Ok((head, file.about))
}

fn check(file: &File) -> std::result::Result<(), String> {
    if file.format != FORMAT {
        return Err(format!(
            "its format is `{}`; `{FORMAT}` is what can be read",
            file.format
        ));
    }
    let fewest = if file.answer == Answer::One { 2 } else { 1 };
    if !(fewest..=MOST_LABELS).contains(&file.labels.len()) {
        return Err(format!("it has {} labels", file.labels.len()));
    }
    let mut labels: Vec<&str> = file.labels.iter().map(|label| label.trim()).collect();
    labels.sort_unstable();
    if labels[0].is_empty() || labels.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("a label is empty or stands there twice".to_owned());
    }
    let sizes = [file.width, file.hidden.unwrap_or(1)];
    if sizes.iter().any(|size| !(1..=MOST_WIDTH).contains(size)) {
        return Err("its sizes make no sense".to_owned());
    }
    if (file.kind == Kind::Mlp) != file.hidden.is_some() {
        return Err("its kind and its hidden layer do not belong together".to_owned());
    }
    if file.about.input.embedding != EMBEDDING {
        return Err(format!(
            "it stands on the embedding `{}`; `{EMBEDDING}` is known",
            file.about.input.embedding
        ));
    }
    if file.about.input.several != "mean" {
        return Err(format!(
            "it puts several pictures together by `{}`; `mean` is known",
            file.about.input.several
        ));
    }
    Ok(())
}

type Spread = (Vec<f32>, Vec<f32>);

fn unpacked(packed: &[u8], net: Net) -> std::result::Result<(Spread, Vec<Vec<f32>>), String> {
    let tensors = SafeTensors::deserialize(packed).map_err(|error| error.to_string())?;
    let mut names = net.names();
    if tensors.len() != names.len() + 2 {
        return Err(format!(
            "it has {} tensors and not {}",
            tensors.len(),
            names.len() + 2
        ));
    }
    let find = |name: &str, shape: &[usize]| -> std::result::Result<Vec<f32>, String> {
        let tensor = tensors.tensor(name).map_err(|_| format!("it has no {name}"))?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            return Err(format!(
                "{name} is {:?} {:?} and not F32 {shape:?}",
                tensor.dtype(),
                tensor.shape()
            ));
        }
        let values: Vec<f32> = tensor
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|v| f32::from_le_bytes(*v))
            .collect();
        if values.iter().any(|v| !v.is_finite()) {
            return Err(format!("{name} holds something that is no finite number"));
        }
        Ok(values)
    };
    let width = [net.inputs];
    let spread = (find("mean", &width)?, find("deviation", &width)?);
    if spread.1.iter().any(|v| *v < 0.0) {
        return Err("a deviation is below 0".to_owned());
    }
    let tensors = names
        .drain(..)
        .map(|(name, shape)| find(name, &shape))
        .collect::<std::result::Result<_, _>>()?;
    Ok((spread, tensors))
}

/// A file, when it is not larger than it may be.
fn bytes(folder: &Path, name: &str, most: u64) -> Result<Vec<u8>> {
    let failed = |reason: String| HeadError::File {
        file: name.to_owned(),
        reason,
    };
    let file = fs::File::open(folder.join(name)).map_err(|error| {
        failed(match error.kind() {
            std::io::ErrorKind::NotFound => {
                "it is not there; name the folder that `overread tune head` wrote".to_owned()
            }
            _ => error.to_string(),
        })
    })?;
    let mut out = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut out)
        .map_err(|error| failed(error.to_string()))?;
    if out.len() as u64 > most {
        return Err(HeadError::Damaged {
            file: name.to_owned(),
            reason: format!("it is larger than {} MB", most >> 20),
        });
    }
    Ok(out)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests;
