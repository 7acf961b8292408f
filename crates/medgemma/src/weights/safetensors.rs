//! Headers of safetensors files (8 bytes of length, JSON, tensors without gaps), and which files make a model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::source::{Entry, Source, SourceFile};
use super::stored::Stored;
use crate::config::read_json;
use crate::error::{EngineError, Result};
use crate::names::internal;

/// Longest header that is read, bytes. The largest model of the family has some 1300 tensors at less than 200 bytes.
const MOST_HEADER: u64 = 8 << 20;

const INDEX: &str = "model.safetensors.index.json";

/// Opens the safetensors files of a folder and reads their headers.
///
/// # Errors
/// [`EngineError::MissingFile`], [`EngineError::BadFile`], [`EngineError::Unsupported`] for pickles, other number types
/// and bitsandbytes, [`EngineError::RepeatedTensors`].
pub(crate) fn open(folder: &Path) -> Result<Source> {
    open_as(folder, &internal)
}

/// The same under names of another family; a tensor that `internal` gives no name is left out.
pub(crate) fn open_as(folder: &Path, internal: &dyn Fn(&str) -> Option<String>) -> Result<Source> {
    let mut files = Vec::new();
    let mut list = Vec::new();
    for path in paths(folder)? {
        let file = SourceFile::open(&path)?;
        for entry in header(&file, files.len())? {
            if let Some(own) = internal(&entry.name).filter(|_| !is_buffer(&entry.name)) {
                list.push((own, entry.typed()?));
            }
        }
        files.push(file);
    }
    let source = Source::new(files, list, false)?;
    compare_index(folder, &source)?;
    Ok(source)
}

/// Opens one file; every tensor keeps the name that it has there.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_file(path: &Path) -> Result<Source> {
    let file = SourceFile::open(path)?;
    let entries = header(&file, 0)?;
    let list = entries
        .into_iter()
        .map(|entry| Ok((entry.name.clone(), entry.typed()?)));
    let list = list.collect::<Result<_>>()?;
    Source::new(vec![file], list, false)
}

/// Tables that older writers kept beside the weights; they are computed here.
fn is_buffer(name: &str) -> bool {
    name.ends_with(".inv_freq") || name.ends_with(".position_ids")
}

/// The safetensors files of a folder: the index's shards, else every `*.safetensors`.
///
/// # Errors
/// [`EngineError::MissingFile`] when there is none or a shard is missing, [`EngineError::Unsupported`] for pickles.
pub(crate) fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let names = match index(folder)? {
        Some(map) => {
            let mut shards: Vec<String> = map.into_values().collect();
            shards.sort();
            shards.dedup();
            shards
        }
        None => all_files(folder)?,
    };
    if names.is_empty() {
        return Err(EngineError::MissingFile("weights (*.safetensors)".to_owned()));
    }
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| !folder.join(name).is_file())
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        return Err(EngineError::MissingFile(crate::words::list(&missing)));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// Tensor to shard, where the folder has an index.
fn index(folder: &Path) -> Result<Option<BTreeMap<String, String>>> {
    if !folder.join(INDEX).is_file() {
        return Ok(None);
    }
    let bad = |reason: &str| EngineError::BadFile {
        file: INDEX.to_owned(),
        reason: reason.to_owned(),
    };
    let index = read_json(folder, INDEX)?;
    let map = index["weight_map"]
        .as_object()
        .filter(|map| !map.is_empty())
        .ok_or_else(|| bad("it has no weight_map"))?;
    let map: Option<BTreeMap<String, String>> = map
        .iter()
        .map(|(name, shard)| Some((name.clone(), shard.as_str()?.to_owned())))
        .collect();
    let map = map.ok_or_else(|| bad("its weight_map names no files"))?;
    // A shard is a file of this folder, whatever the index says.
    let outside = |name: &String| {
        name.contains(['/', '\\', ':']) || name.starts_with('.') || !name.ends_with(".safetensors")
    };
    if map.values().any(outside) {
        return Err(bad(
            "it names files outside the folder or of another kind than safetensors",
        ));
    }
    Ok(Some(map))
}

/// Shards of two downloads may fit each other by name: every tensor must be where the index has it.
fn compare_index(folder: &Path, source: &Source) -> Result<()> {
    let Some(map) = index(folder)? else { return Ok(()) };
    let astray: Vec<String> = source
        .entries
        .values()
        .filter_map(|entry| {
            let (said, found) = (map.get(&entry.name)?, &source.files[entry.file].name);
            (said != found).then(|| format!("{} in {said}, where it is in {found}", entry.name))
        })
        .collect();
    if astray.is_empty() {
        return Ok(());
    }
    let first: Vec<&str> = astray.iter().map(String::as_str).collect();
    Err(EngineError::BadFile {
        file: INDEX.to_owned(),
        reason: format!(
            "it places {}; the shards are of different downloads",
            crate::words::list(&first)
        ),
    })
}

fn all_files(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).map_err(|error| EngineError::BadFile {
        file: folder.display().to_string(),
        reason: error.to_string(),
    })?;
    let mut found: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    if !found.iter().any(|name| name.ends_with(".safetensors"))
        && let Some(pickle) = found
            .iter()
            .find(|name| name.starts_with("pytorch_model") || name.ends_with(".pth") || name.ends_with(".pt"))
    {
        return Err(EngineError::Unsupported(format!(
            "{pickle} is a Python pickle, which can run code: use the safetensors files"
        )));
    }
    found.retain(|name| {
        name.ends_with(".safetensors") && !name.starts_with("adapter_") && !name.starts_with('.')
    });
    // A consolidated copy beside numbered shards would be every tensor twice.
    if found
        .iter()
        .any(|name| name.starts_with("model-") && name.contains("-of-"))
    {
        found.retain(|name| name.starts_with("model-") && name.contains("-of-"));
    }
    found.sort();
    Ok(found)
}

/// An entry as the header has it: its number type may be one that is not read.
struct Written {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    file: usize,
    offset: u64,
}

impl Written {
    fn typed(self) -> Result<Entry> {
        let stored = match self.dtype.as_str() {
            "F32" => Stored::F32,
            "F16" => Stored::F16,
            "BF16" => Stored::Bf16,
            other => {
                return Err(EngineError::Unsupported(format!(
                    "tensor {} is of type {other}; F32, F16 and BF16 are read",
                    self.name
                )));
            }
        };
        Ok(Entry {
            name: self.name,
            stored,
            shape: self.shape,
            file: self.file,
            offset: self.offset,
        })
    }
}

/// The tensors of a file, every offset checked against the file's length.
fn header(file: &SourceFile, number: usize) -> Result<Vec<Written>> {
    let failed = |error: std::io::Error| file.bad(error.to_string());
    if file.length < 8 {
        return Err(file.bad("it is too short for a safetensors file: the download is incomplete"));
    }
    let mut prefix = [0; 8];
    file.read_at(0, &mut prefix).map_err(failed)?;
    if &prefix == b"version " {
        return Err(
            file.bad("it is a pointer of git-lfs and not the weights themselves (run `git lfs pull`)")
        );
    }
    let n = u64::from_le_bytes(prefix);
    if n > MOST_HEADER {
        return Err(file.bad("it is no safetensors file: its header is far too long"));
    }
    if n > file.length - 8 {
        return Err(file.bad("its header is longer than the file: the download is incomplete"));
    }
    let mut text = vec![0; n as usize];
    file.read_at(8, &mut text).map_err(failed)?;
    let json: Value = serde_json::from_slice(&text)
        .map_err(|error| file.bad(format!("its header is not JSON ({error})")))?;
    let json = json
        .as_object()
        .ok_or_else(|| file.bad("its header is not an object"))?;
    if json.keys().any(|name| {
        name.contains(".quant_state") || name.ends_with(".absmax") || name.ends_with(".quant_map")
    }) {
        let reason = "its weights are quantised by bitsandbytes: use the original files";
        return Err(EngineError::Unsupported(reason.to_owned()));
    }
    let data = 8 + n;
    let mut placed = Vec::with_capacity(json.len());
    for (name, value) in json.iter().filter(|(name, _)| *name != "__metadata__") {
        placed.push(written(file, number, name, value, data)?);
    }
    placed.sort_by_key(|(entry, end)| (entry.offset, *end));
    let mut next = data;
    for (entry, end) in &placed {
        if entry.offset != next {
            return Err(file.bad(format!(
                "tensor {} does not begin where the one before ends",
                entry.name
            )));
        }
        next = *end;
    }
    if next > file.length {
        return Err(file.bad(format!(
            "it is cut short, {} of {next} bytes: the download is incomplete",
            file.length
        )));
    }
    if next < file.length {
        return Err(file.bad("it is longer than its header says"));
    }
    Ok(placed.into_iter().map(|(entry, _)| entry).collect())
}

/// An entry and the byte after it.
fn written(file: &SourceFile, number: usize, name: &str, value: &Value, data: u64) -> Result<(Written, u64)> {
    let bad = |what: &str| file.bad(format!("tensor {name} has {what}"));
    let numbers = |key: &str| {
        let list = value.get(key)?.as_array()?;
        list.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>()
    };
    let dtype = value["dtype"].as_str().ok_or_else(|| bad("no number type"))?;
    let shape = numbers("shape").ok_or_else(|| bad("no shape"))?;
    let offsets = numbers("data_offsets")
        .filter(|o| o.len() == 2 && o[0] <= o[1])
        .ok_or_else(|| bad("no offsets"))?;
    let each = match dtype {
        "F64" | "I64" | "U64" => 8,
        "F32" | "I32" | "U32" => 4,
        "F16" | "BF16" | "I16" | "U16" => 2,
        _ => 1,
    };
    let bytes = shape
        .iter()
        .try_fold(each, |product: u64, n| product.checked_mul(*n));
    if bytes != Some(offsets[1] - offsets[0]) {
        return Err(bad("a shape that does not fit its bytes"));
    }
    let shape: std::result::Result<Vec<usize>, _> = shape.iter().map(|n| usize::try_from(*n)).collect();
    let end = data
        .checked_add(offsets[1])
        .ok_or_else(|| bad("offsets past any file"))?;
    let entry = Written {
        name: name.to_owned(),
        dtype: dtype.to_owned(),
        shape: shape.map_err(|_| bad("a shape beyond this machine"))?,
        file: number,
        offset: data + offsets[0],
    };
    Ok((entry, end))
}
