//! What no compiler checks: the arrows between crates, module docs, file lengths, paths and wording.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{Outcome, cargo, output, root};

/// What each package may depend on, of ours; dev-dependencies may add `overread-testkit` and `overread-phantom`.
const ARROWS: &[(&str, &[&str])] = &[
    ("imaging", &[]),
    ("dicom", &["imaging"]),
    ("shaders", &[]),
    ("render", &["imaging", "shaders"]),
    ("protocol", &["imaging"]),
    ("kernels", &[]),
    ("medgemma", &["kernels"]),
    ("evaluation", &["protocol"]),
    ("tuning", &["kernels", "medgemma", "evaluation"]),
    ("review", &[]),
    ("store", &["review", "evaluation"]),
    ("report", &["review", "evaluation"]),
    ("phantom", &[]),
    ("testkit", &[]),
    (
        "desk",
        &[
            "imaging",
            "dicom",
            "shaders",
            "render",
            "protocol",
            "medgemma",
            "tuning",
            "evaluation",
            "review",
            "store",
            "report",
            "phantom",
        ],
    ),
    ("cli", &["desk"]),
    ("app", &["desk"]),
];

/// Lines over this are a crowded room.
const MOST_LINES: usize = 600;

/// Runs every check and lists all that is wrong at once.
pub(crate) fn check() -> Outcome {
    let mut wrong = Vec::new();
    arrows(&mut wrong)?;
    files(&mut wrong);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} things to put right:\n{}",
        wrong.len(),
        wrong.join("\n")
    ))
}

fn arrows(wrong: &mut Vec<String>) -> Outcome {
    let metadata = output(cargo().args(["metadata", "--format-version", "1", "--no-deps", "--offline"]))
        .or_else(|| output(cargo().args(["metadata", "--format-version", "1", "--no-deps"])))
        .ok_or("cargo metadata failed.")?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata is not JSON: {error}."))?;
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let Some(name) = package["name"]
            .as_str()
            .and_then(|name| name.strip_prefix("overread-"))
        else {
            continue;
        };
        let Some(may) = allowed.get(name) else {
            wrong.push(format!(
                "crates/{name}: no row in the table of arrows (xtask/src/tidy.rs)"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let Some(to) = dependency["name"]
                .as_str()
                .and_then(|to| to.strip_prefix("overread-"))
            else {
                continue;
            };
            let for_tests = dependency["kind"].as_str() == Some("dev");
            if !(may.contains(&to) || for_tests && ["testkit", "phantom", "imaging", "dicom"].contains(&to)) {
                wrong.push(format!(
                    "overread-{name} depends on overread-{to}: arrows run downwards only"
                ));
            }
        }
    }
    Ok(())
}

fn files(wrong: &mut Vec<String>) {
    let root = root();
    for path in tracked(&root) {
        let name = path
            .strip_prefix(&root)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if ![
            "rs", "ts", "svelte", "css", "md", "toml", "json", "mjs", "html", "wgsl",
        ]
        .contains(&extension)
        {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let code =
            ["rs", "ts", "svelte", "mjs", "wgsl"].contains(&extension) && !name.contains("/generated/");
        if code && text.lines().count() > MOST_LINES {
            wrong.push(format!("{name}: {} lines: split it", text.lines().count()));
        }
        if extension == "rs" && !text.trim_start().starts_with("//!") && !text.contains("\n//!") {
            wrong.push(format!("{name}: begins without a line that says what it is for"));
        }
        if name == "xtask/src/tidy.rs" || name.ends_with("package-lock.json") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for word in ["TODO", "FIXME", "XXX:", "/home/", "/root/", "/work/"] {
                if line.contains(word) && !line.contains("tidy: allow") {
                    wrong.push(format!("{name}:{}: says {word}", number + 1));
                }
            }
        }
    }
}

/// Files that git tracks; the walk of an unpacked archive when there is no git.
fn tracked(root: &Path) -> Vec<PathBuf> {
    output(crate::process::command("git").args(["ls-files", "-z"])).map_or_else(Vec::new, |list| {
        list.split('\0')
            .filter(|name| !name.is_empty())
            .map(|name| root.join(name))
            .collect()
    })
}
