//! The file, its cases, its readers; paths as seen from it.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use overread_evaluation::case_set::{self, CaseSet, ReaderKind, ReaderSpec};
use overread_evaluation::recorded;

use super::Draft;
use crate::Outcome;
use crate::code::{failure, io};
use crate::desk::Desk;
use crate::op::evaluation::set;
use crate::op::make::write_file;
use crate::op::open::absolute;
use crate::wire::evaluation::CaseSetDraft;

/// Cases from which on they stand in a file of their own: one a line, quickly read.
const MANY: usize = 500;

/// Writes a case set.
pub(super) fn write(set: &CaseSet, target: &Path, force: bool) -> Outcome<()> {
    if let Err(fault) = case_set::check(set) {
        return Err(failure(
            "eval.input",
            format!("The case set cannot be made: {fault}."),
            "Give the labels with --labels, or another --task.",
        ));
    }
    let mut set = set.clone();
    let beside = target.with_extension("cases.jsonl");
    let many = set.cases.len() > MANY;
    for path in [Some(target), many.then_some(beside.as_path())]
        .into_iter()
        .flatten()
    {
        if path.exists() && !force {
            return Err(failure(
                "eval.exists",
                format!("{} is there already.", set::name(path)),
                "Choose another name, or write over it with --force.",
            ));
        }
    }
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(|error| io(&folder.display().to_string(), &error))?;
    }
    if many {
        write_file(&beside, case_set::write_cases(&set.cases).as_bytes())?;
        set.cases.clear();
        set.cases_file = set::name(&beside);
    }
    write_file(target, case_set::write(&set).as_bytes())
}

/// Where the page's case set goes.
pub(super) fn target(desk: &Desk, wire: &CaseSetDraft, draft: &Draft) -> Outcome<PathBuf> {
    let name = if draft.name.trim().is_empty() {
        set::name(&draft.folder)
    } else {
        draft.name.clone()
    };
    let (folder, file) = match &wire.target {
        None => (desk.home.join("evaluations"), None),
        Some(handle) => {
            let path = desk.path(handle)?;
            if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
                (PathBuf::new(), Some(path))
            } else {
                (path, None)
            }
        }
    };
    if let Some(file) = file {
        return Ok(file);
    }
    let stem = file_name(&name);
    let free = (1..1000)
        .map(|n| {
            folder.join(if n == 1 {
                format!("{stem}.toml")
            } else {
                format!("{stem}-{n}.toml")
            })
        })
        .find(|path| !path.exists());
    free.ok_or_else(|| {
        failure(
            "eval.exists",
            "There are many case sets of this name.",
            "Choose another name.",
        )
    })
}

/// A name as a file's: letters, digits, `-`, `_`.
fn file_name(name: &str) -> String {
    let kept: String = name
        .trim()
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' })
        .take(80)
        .collect();
    let kept = kept.trim_matches('-');
    if kept.is_empty() {
        "case-set".to_owned()
    } else {
        kept.to_owned()
    }
}

/// A path as seen from the folder of `file`, with `/`; whole where nothing is shared.
pub(super) fn relative(file: &Path, path: &Path) -> String {
    let (from, to) = (absolute(file), absolute(path));
    let from: Vec<Component<'_>> = from.parent().into_iter().flat_map(Path::components).collect();
    let to_parts: Vec<Component<'_>> = to.components().collect();
    let shared = from.iter().zip(&to_parts).take_while(|(a, b)| a == b).count();
    let is_rooted = |c: &Component<'_>| matches!(c, Component::RootDir | Component::Prefix(_));
    if to_parts
        .get(..shared)
        .is_none_or(|parts| parts.iter().all(is_rooted))
    {
        return to.to_string_lossy().into_owned();
    }
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to_parts[shared..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = up.chain(down).collect();
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

/// The readers of a draft: local models by their folders' names, recorded ones by what their files call them.
pub(super) fn readers(draft: &Draft, target: &Path) -> Outcome<Vec<ReaderSpec>> {
    let mut readers: Vec<ReaderSpec> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut id = |name: &str| {
        let name = if name.trim().is_empty() {
            "reader"
        } else {
            name.trim()
        };
        (1..)
            .map(|n| {
                if n == 1 {
                    name.to_owned()
                } else {
                    format!("{name}-{n}")
                }
            })
            .find(|id| ids.insert(id.clone()))
            .unwrap_or_default()
    };
    for model in &draft.models {
        if !model.exists() {
            return Err(failure(
                "file.not_found",
                format!("There is no model at {}.", model.display()),
                "Name a model folder or a GGUF file.",
            ));
        }
        readers.push(ReaderSpec {
            id: id(&set::name(&absolute(model))),
            kind: ReaderKind::Local,
            model: relative(target, model),
            ..ReaderSpec::default()
        });
    }
    for file in &draft.answers {
        let name = set::name(file);
        let found = recorded_readers(&name, &set::text(file)?)?;
        for reader in found {
            let id = id(&reader);
            readers.push(ReaderSpec {
                recorded_as: if id == reader { String::new() } else { reader },
                id,
                kind: ReaderKind::Recorded,
                answers: relative(target, file),
                ..ReaderSpec::default()
            });
        }
    }
    Ok(readers)
}

/// Names of the readers in a file of recorded answers, in their order.
fn recorded_readers(file: &str, text: &str) -> Outcome<Vec<String>> {
    let read = recorded::read(file, text).map_err(|error| {
        failure(
            "eval.input",
            format!("{error}."),
            "docs/formats.md, Recorded answers, says what a line holds.",
        )
    })?;
    let mut names: Vec<String> = Vec::new();
    for answer in &read.answers {
        let name = if answer.reader.is_empty() {
            file.split('.').next().unwrap_or(file)
        } else {
            &answer.reader
        };
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() {
        return Err(failure(
            "eval.input",
            format!("{file} holds no answers."),
            "It needs a reader, a case and an answer a line.",
        ));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_file() {
        let from = |path: &str| relative(Path::new("/a/sets/x.toml"), Path::new(path));
        assert_eq!(from("/a/images/1.png"), "../images/1.png");
        assert_eq!(from("/a/sets/1.png"), "1.png");
        assert_eq!(from("/a/sets"), ".");
        assert_eq!(from("/a"), "..");
        assert_eq!(from("/b/1.png"), "/b/1.png", "nothing shared");
    }

    #[test]
    fn names_of_sets_are_names_of_files() {
        assert_eq!(file_name("Chest / CT: 2024"), "Chest---CT--2024");
        assert_eq!(file_name("../.."), "case-set");
        assert_eq!(file_name("Zähne"), "Zähne");
    }
}
