//! Which GGUF files make a model, and the model that they make.

use std::path::{Path, PathBuf};

use super::file::GgufFile;
use super::{config, names, tokenizer};
use crate::config::Config;
use crate::error::{EngineError, Result};
use crate::files::ModelFiles;
use crate::weights::Stored;
use crate::weights::source::{Entry, Source, SourceFile};

/// True for a GGUF file, and for a folder with such files and none of safetensors.
pub(crate) fn is_gguf(path: &Path) -> bool {
    if path.is_file() {
        return has_extension(path, "gguf");
    }
    let Ok(files) = listed(path) else { return false };
    files.iter().any(|f| has_extension(f, "gguf")) && !files.iter().any(|f| has_extension(f, "safetensors"))
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|x| x.eq_ignore_ascii_case(wanted))
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| EngineError::BadFile {
        file: folder.display().to_string(),
        reason: error.to_string(),
    })?;
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    Ok(files)
}

/// Opens a GGUF file or a folder of them: one text model, whole or in numbered parts, and at most one mmproj.
///
/// # Errors
/// Whatever is wrong with a file, more than one text model or mmproj, another architecture.
pub(crate) fn open(path: &Path) -> Result<ModelFiles> {
    let (text, towers) = choose(path)?;
    let mut parts = Vec::new();
    for path in numbered(&text)? {
        parts.push(GgufFile::open(&path)?);
    }
    let first = &parts[0];
    let architecture = first.architecture();
    if architecture != "gemma3" {
        return Err(EngineError::Unsupported(format!(
            "{} is of the family {architecture}, not Gemma 3",
            first.file.name
        )));
    }
    let tokenizer = tokenizer::tokenizer(first)?;
    let mut notes = Vec::new();
    let several = towers.len() > 1;
    let vision = tower(first, towers);
    if let (true, Some(vision)) = (several, &vision) {
        notes.push(format!("Of several mmproj files {} is used.", vision.file.name));
    } else if several {
        notes.push("None of the mmproj files beside it fits its size.".to_owned());
    }
    if vision.is_none() {
        notes.push(
            "It reads text only: no mmproj file lies beside it, which would hold the tower for images."
                .to_owned(),
        );
    }
    notes.extend(template_note(first));
    let mut eos: Vec<u32> = ["eos_token_id", "eot_token_id"]
        .iter()
        .filter_map(|key| first.metadata.whole(&format!("tokenizer.ggml.{key}")))
        .filter_map(|id| u32::try_from(id).ok())
        .chain(["<eos>", "<end_of_turn>"].iter().filter_map(|t| tokenizer.id(t)))
        .collect();
    eos.sort_unstable();
    eos.dedup();
    let config = config::config(first, vision.as_ref(), tokenizer.id("<image_soft_token>"), eos)?;
    Ok(ModelFiles {
        source: source(parts, vision, &config)?,
        config,
        tokenizer,
        notes,
    })
}

/// The template is this project's own; one that renders other turns belongs to another model.
fn template_note(file: &GgufFile) -> Option<String> {
    match file.metadata.text("tokenizer.chat_template") {
        Some(template) if template.contains("<start_of_turn>") => None,
        Some(_) => {
            Some("Its chat template does not write Gemma's turns; Gemma's are used all the same.".to_owned())
        }
        None => Some("It brings no chat template; Gemma's is used.".to_owned()),
    }
}

fn source(parts: Vec<GgufFile>, vision: Option<GgufFile>, config: &Config) -> Result<Source> {
    let (mut files, mut list): (Vec<SourceFile>, Vec<(String, Entry)>) = (Vec::new(), Vec::new());
    for part in parts {
        for mut entry in part.tensors {
            entry.file = files.len();
            if let Some(own) = names::text(&entry.name) {
                list.push((own, entry));
            }
        }
        files.push(part.file);
    }
    if let (Some(file), Some(tower)) = (vision, &config.vision) {
        let swapped = names::is_swapped(&file.tensors, tower.hidden_size, tower.intermediate_size);
        for mut entry in file.tensors {
            entry.file = files.len();
            list.push((names::vision(&entry, swapped), entry));
        }
        files.push(file.file);
    }
    Source::new(files, list, true)
}

/// Of the mmproj files beside a model the one that fits it: its number type nearest to the published weights', which are
/// BF16. A lone file is taken as it is, so that what is wrong with it is said.
fn tower(text: &GgufFile, mut towers: Vec<GgufFile>) -> Option<GgufFile> {
    if towers.len() > 1 {
        let width = text.metadata.whole("gemma3.embedding_length");
        towers.retain(|t| t.metadata.whole("clip.vision.projection_dim") == width);
        towers.sort_by_key(|t| {
            let rank = |stored| {
                [Stored::Bf16, Stored::F32, Stored::F16]
                    .iter()
                    .position(|s| *s == stored)
            };
            let query = t.tensors.iter().find(|e| e.name == "v.blk.0.attn_q.weight");
            query.and_then(|e| rank(e.stored)).unwrap_or(usize::MAX)
        });
    }
    towers.into_iter().next()
}

/// Text model (its first part) and the mmproj files beside it.
fn choose(path: &Path) -> Result<(PathBuf, Vec<GgufFile>)> {
    let whole = path.is_file();
    let folder = if whole {
        path.parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    } else {
        path
    };
    let name = |file: &Path| {
        file.file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    };
    let only_tower = |name: &str| {
        EngineError::Unsupported(format!(
            "{name} holds only the tower for images (an mmproj file); choose the text model that belongs to it"
        ))
    };
    let (mut text, mut towers) = (Vec::new(), Vec::new());
    if whole {
        let file = GgufFile::open(path)?;
        if file.architecture() == "clip" {
            return Err(only_tower(&file.file.name));
        }
        text.push(path.to_path_buf());
    }
    for path in listed(folder)?.into_iter().filter(|f| has_extension(f, "gguf")) {
        // Later parts of a split model have no keys of their own worth reading.
        if text.contains(&path) || part(&path).is_some_and(|(_, n, _)| n > 1) {
            continue;
        }
        match GgufFile::open(&path) {
            Ok(file) if file.architecture() == "clip" => towers.push(file),
            Ok(_) if !whole => text.push(path),
            Err(error) if !whole => return Err(error),
            // Whatever else lies beside a chosen file is none of its business.
            Ok(_) | Err(_) => {}
        }
    }
    match (text.len(), towers.first()) {
        (1, _) => Ok((text.remove(0), towers)),
        (0, Some(tower)) => Err(only_tower(&tower.file.name)),
        (0, None) => Err(EngineError::MissingFile("GGUF text model (*.gguf)".to_owned())),
        _ => {
            let names: Vec<String> = text.iter().map(|f| name(f)).collect();
            let names = crate::words::list(&names.iter().map(String::as_str).collect::<Vec<_>>());
            Err(EngineError::Unsupported(format!(
                "the folder holds several GGUF models ({names}); choose one of the files"
            )))
        }
    }
}

/// Stem, number and count of a part named `STEM-00001-of-00003.gguf`.
fn part(path: &Path) -> Option<(String, usize, usize)> {
    let name = path.file_stem()?.to_str()?;
    let (rest, count) = name.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| {
        (text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
    };
    Some((stem.to_owned(), digits(number)?, digits(count)?))
}

/// All parts of a model of which one is given; a model in one file is its own only part.
fn numbered(path: &Path) -> Result<Vec<PathBuf>> {
    let Some((stem, _, count)) = part(path) else {
        return Ok(vec![path.to_path_buf()]);
    };
    if !(1..=1000).contains(&count) {
        return Err(EngineError::MissingFile(format!("{count} parts")));
    }
    (1..=count)
        .map(|n| {
            let name = format!("{stem}-{n:05}-of-{count:05}.gguf");
            let path = path.with_file_name(&name);
            if path.is_file() {
                Ok(path)
            } else {
                Err(EngineError::MissingFile(name))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_names() {
        let of = |name: &str| part(Path::new(name));
        assert_eq!(of("m-Q4-00002-of-00003.gguf"), Some(("m-Q4".to_owned(), 2, 3)));
        assert_eq!(of("m-2-of-3.gguf"), None);
        assert_eq!(of("medgemma-4b-it-Q4_K_M.gguf"), None);
    }
}
