//! What decides an answer but the case: its parts, their hash, and which of them differ from those of before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use overread_evaluation::case_set::{CaseSet, CaseSpec, ReaderSpec};
use overread_protocol::{Recipe, templates};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::code::{failure, io};
use crate::op::evaluation::{asked, folder};

/// The parts by name, and their hash: a line of `settings.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// [`hash`] of `parts`.
    pub(crate) settings: String,
    /// Reader id.
    pub(crate) reader: String,
    /// Name and value.
    pub(crate) parts: BTreeMap<String, String>,
    /// What a calibration file needs to know, and what is told but decides nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) told: BTreeMap<String, String>,
}

/// SHA-256 as hex digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Hash of anything that serialises in a fixed order.
pub(crate) fn hash(value: &impl Serialize) -> String {
    sha256(&serde_json::to_vec(value).unwrap_or_default())
}

/// Hash of what a case is asked: images, question, options, context. Its truth has no part in it.
pub(crate) fn of_case(case: &CaseSpec) -> String {
    hash(&(&case.images, &case.question, &case.options, &case.context))
}

/// Hash of a case set as far as answers go: its question and what each case is asked. Readers, settings and truths may
/// change without a change of it.
pub(crate) fn of_set(set: &CaseSet) -> String {
    let mut cases: Vec<(&str, String)> = set.cases.iter().map(|c| (c.id.as_str(), of_case(c))).collect();
    cases.sort();
    hash(&(set.question.task, &set.question.labels, cases))
}

/// A seed for each case, whatever cases came before.
pub(crate) fn seed_of(seed: u32, case: &str) -> u32 {
    let digest = Sha256::digest(format!("{seed}\u{0}{case}").as_bytes());
    digest
        .iter()
        .take(4)
        .fold(0, |seed, b| (seed << 8) | u32::from(*b))
}

/// The parts of a reader's settings that are known before its model is loaded.
///
/// # Errors
/// `eval.option`, `question.input` for a preprocessing or template that there is not.
pub(crate) fn before_loading(
    set: &CaseSet,
    reader: &ReaderSpec,
    adapters: &[PathBuf],
    head: Option<&Path>,
    precision: &str,
) -> Outcome<BTreeMap<String, String>> {
    let settings = asked::settings_of(set, reader);
    let options = asked::options_of(&settings)?;
    let question = &set.question;
    let mut parts = BTreeMap::new();
    let mut part = |name: &str, value: String| {
        parts.insert(name.to_owned(), value);
    };
    part("task", format!("{:?}", question.task).to_lowercase());
    part(
        "labels",
        serde_json::to_string(&question.labels).unwrap_or_default(),
    );
    let template = match question.template.as_str() {
        "" => String::new(),
        id => templates::by_id(id).map_or_else(|| id.to_owned(), |t| format!("{id} ({})", t.hash())),
    };
    part("template", template);
    let prompt = if reader.prompt.trim().is_empty() {
        &question.prompt
    } else {
        &reader.prompt
    };
    part("prompt", prompt.trim().to_owned());
    part("wording", asked::VERSION.to_owned());
    part("differential", question.differential.to_string());
    let preprocess = match settings.preprocess.as_str() {
        "" => "by the images".to_owned(),
        id => {
            let recipe = Recipe::by_id(id)
                .map_err(|error| crate::code::sentences("question.input", &error.to_string()))?;
            format!("{id} ({})", recipe.hash())
        }
    };
    part("preprocessing", preprocess);
    part("slices", settings.slices.clone());
    part("window", settings.window.clone());
    part("most tokens", settings.max_new_tokens.to_string());
    part("temperature", settings.temperature.to_string());
    part("seed", settings.seed.to_string());
    part("precision", precision.to_owned());
    let mut names = Vec::new();
    for folder in adapters {
        names.push(format!("{} {}", folder::name(folder), of_folder(folder)?));
    }
    part("adapters", names.join(" + "));
    // Left out where there is none, so that answers of before heads were known stand.
    if let Some(folder) = head {
        part("head", format!("{} {}", folder::name(folder), of_folder(folder)?));
    }
    // Defaults are left out, so that an option of a later version does not part old answers from new.
    let defaults =
        serde_json::to_value(crate::wire::question::QuestionOptions::default()).unwrap_or_default();
    let chosen: BTreeMap<String, serde_json::Value> = serde_json::to_value(&options)
        .ok()
        .and_then(|v| v.as_object().cloned())
        .unwrap_or_default()
        .into_iter()
        .filter(|(name, value)| defaults.get(name) != Some(value))
        .collect();
    part("options", serde_json::to_string(&chosen).unwrap_or_default());
    part("parser", overread_protocol_version().to_owned());
    Ok(parts)
}

/// The parser of answers that are written.
fn overread_protocol_version() -> &'static str {
    "answer/1"
}

/// Hash of the files of an adapter or a head: names and contents.
pub(crate) fn of_folder(folder: &Path) -> Outcome<String> {
    let wrong = |error: &std::io::Error| io(&folder.display().to_string(), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| wrong(&e))? {
        let path = entry.map_err(|e| wrong(&e))?.path();
        let is_part = path
            .extension()
            .is_some_and(|e| e == "json" || e == "safetensors");
        if is_part && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let mut all = Sha256::new();
    for path in &files {
        let mut file = fs::File::open(path).map_err(|e| wrong(&e))?;
        let mut one = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match std::io::Read::read(&mut file, &mut buffer).map_err(|e| wrong(&e))? {
                0 => break,
                n => one.update(&buffer[..n]),
            }
        }
        all.update(folder::name(path).as_bytes());
        all.update([0]);
        all.update(one.finalize());
    }
    Ok(all.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Names of the parts that differ, with both values where they are short.
pub(crate) fn differences(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let shown = |value: Option<&String>| match value.map(String::as_str) {
        None | Some("") => "none".to_owned(),
        Some(text) if text.chars().count() > 40 => {
            let start: String = text.chars().take(37).collect();
            format!("{start}…")
        }
        Some(text) => text.to_owned(),
    };
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| {
            format!(
                "{name} ({} before, {} now)",
                shown(old.get(name)),
                shown(new.get(name))
            )
        })
        .collect()
}

/// Why answers of before cannot stand beside new ones.
pub(crate) fn refusal(reader: &str, differences: &[String]) -> crate::Failure {
    let what = if differences.is_empty() {
        "settings that are not on record".to_owned()
    } else {
        differences.join(", ")
    };
    failure(
        "eval.other_settings",
        format!("The answers of {reader} that stand were given with other settings: {what}."),
        "Set them back, ask again with --again, or run into another folder with --run.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let old = map(&[("seed", "1"), ("slices", "middle")]);
        let new = map(&[("seed", "2"), ("slices", "middle"), ("window", "40,400")]);
        assert_eq!(
            differences(&old, &new),
            ["seed (1 before, 2 now)", "window (none before, 40,400 now)"]
        );
        assert!(differences(&old, &old).is_empty());
        assert!(
            refusal("a", &differences(&old, &new))
                .message
                .contains("seed (1 before")
        );
    }

    #[test]
    fn a_seed_belongs_to_its_case() {
        assert_eq!(seed_of(1, "a"), seed_of(1, "a"));
        assert_ne!(seed_of(1, "a"), seed_of(1, "b"));
        assert_ne!(seed_of(1, "a"), seed_of(2, "a"));
        assert_ne!(
            seed_of(1, "1a"),
            seed_of(11, "a"),
            "seed and case do not run together"
        );
    }

    #[test]
    fn truths_and_readers_may_change_and_questions_not() {
        let mut set = CaseSet {
            cases: vec![CaseSpec::default()],
            ..CaseSet::default()
        };
        let before = of_set(&set);
        set.cases[0].truth.labels.push("nodule".to_owned());
        set.readers.push(ReaderSpec::default());
        assert_eq!(of_set(&set), before);
        set.cases[0].question = "Which?".to_owned();
        assert_ne!(of_set(&set), before);
    }
}
