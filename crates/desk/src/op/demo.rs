//! The bundled study and model, made on this machine from a seed.

use std::path::PathBuf;

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;

/// Seed of the bundled study.
pub const STUDY_SEED: u64 = 7;

/// Where the bundled study lies once it was made.
pub fn study(desk: &Desk) -> PathBuf {
    desk.home.join("demo/study")
}

/// Makes the bundled study when it is not there; gives its folder.
///
/// # Errors
/// When it cannot be written.
pub fn make_study(desk: &Desk, progress: &(dyn Fn(usize, usize) -> bool + Sync)) -> Outcome<PathBuf> {
    let folder = study(desk);
    if !folder.join("truth.csv").is_file() {
        std::fs::create_dir_all(&folder)
            .map_err(|error| crate::code::io(&folder.display().to_string(), &error))?;
        overread_phantom::write_study(&folder, STUDY_SEED, progress).map_err(|error| {
            failure(
                "demo.study",
                format!("The demo study could not be made: {error}"),
                "",
            )
        })?;
    }
    Ok(folder)
}

/// Where the headless read leaves its report.
pub fn report_folder(desk: &Desk) -> PathBuf {
    desk.home.join("demo/report")
}

/// The slice that the bundled study's truth names, from 1.
pub fn finding_slice(study: &std::path::Path) -> Option<usize> {
    let text = std::fs::read_to_string(study.join("truth.csv")).ok()?;
    let mut lines = text.lines();
    let column = lines.next()?.split(',').position(|name| name == "slice")?;
    let field = lines.next()?.split(',').nth(column)?;
    // A row may name several slices, separated by spaces or `;`.
    let all: Vec<usize> = field
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok())
        .collect();
    all.get(all.len() / 2).copied()
}
