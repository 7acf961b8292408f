//! What stays in the cache's folder: marks of checked files, and room for new ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Copy, EXTENSION};

/// Most bytes of copies; beyond them those go that were not used for longest.
const MOST: u64 = 64 << 30;
/// A file that is being written changes all the time; one that has not for so long was left by a crash.
const LEFT_OVER: Duration = Duration::from_secs(3600);

/// Length and time of change, as one line.
pub(super) fn stamp(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {}", metadata.len(), changed.as_nanos()))
}

fn mark_of(path: &Path) -> PathBuf {
    path.with_extension("checked")
}

/// True when the file was hashed since it changed last.
pub(super) fn is_marked(path: &Path) -> bool {
    let mark = fs::read_to_string(mark_of(path)).ok();
    mark.is_some() && mark == stamp(path)
}

/// Remembers that the file was hashed. Without the mark it is hashed again: no failure.
pub(super) fn mark(path: &Path) {
    if let Some(stamp) = stamp(path) {
        drop(fs::write(mark_of(path), stamp));
    }
}

/// Remembers that the copy was used now.
pub(in crate::weights) fn touch(copy: &Copy<'_>) {
    mark(&copy.path());
}

/// True when the folder holds a copy of any model.
pub(in crate::weights) fn any(folder: &Path) -> bool {
    !copies(folder).is_empty()
}

struct File {
    path: PathBuf,
    length: u64,
    used: SystemTime,
}

fn copies(folder: &Path) -> Vec<File> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            if path.extension()? != EXTENSION {
                return None;
            }
            let metadata = fs::metadata(&path).ok()?;
            let used = fs::metadata(mark_of(&path)).or_else(|_| fs::metadata(&path));
            Some(File {
                length: metadata.len(),
                used: used.ok()?.modified().ok()?,
                path,
            })
        })
        .collect()
}

fn remove(path: &Path) {
    // What is in use elsewhere may not be removable; it is tried again next time.
    drop(fs::remove_file(path));
    drop(fs::remove_file(mark_of(path)));
}

/// Makes room for a copy: leftovers of crashes, copies of the same model by other versions, then the least used.
pub(super) fn tidy(copy: &Copy<'_>) {
    if let Ok(entries) = fs::read_dir(copy.folder) {
        for path in entries.filter_map(|e| Some(e.ok()?.path())) {
            let old = || {
                let changed = fs::metadata(&path).ok()?.modified().ok()?;
                changed.elapsed().ok()
            };
            if path.extension().is_some_and(|x| x == "part") && old().is_some_and(|age| age > LEFT_OVER) {
                drop(fs::remove_file(&path));
            }
        }
    }
    let place = copy.path();
    let same = |path: &Path| {
        let start = |p: &Path| {
            let name = p.file_name()?.to_string_lossy().into_owned();
            Some(name.rsplit_once('-')?.0.to_owned())
        };
        path != place && start(path) == start(&place)
    };
    let mut kept = Vec::new();
    for file in copies(copy.folder) {
        if same(&file.path) {
            remove(&file.path);
        } else if file.path != place {
            kept.push(file);
        }
    }
    let wanted: u64 = copy.tensors.iter().map(|(_, held)| held.bytes() as u64).sum();
    for path in surplus(kept, MOST.saturating_sub(wanted)) {
        remove(&path);
    }
}

/// The least used files beyond `room` bytes.
fn surplus(mut files: Vec<File>, room: u64) -> Vec<PathBuf> {
    files.sort_by_key(|f| std::cmp::Reverse(f.used));
    let mut sum = 0_u64;
    files
        .into_iter()
        .filter_map(|f| {
            sum = sum.saturating_add(f.length);
            (sum > room).then_some(f.path)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_used_copies_go_first() {
        let file = |name: &str, length, age: u64| File {
            path: PathBuf::from(name),
            length,
            used: UNIX_EPOCH + Duration::from_secs(1000 - age),
        };
        let files = || vec![file("a", 4, 3), file("b", 4, 1), file("c", 4, 2)];
        assert_eq!(surplus(files(), 12), Vec::<PathBuf>::new());
        assert_eq!(surplus(files(), 8), [PathBuf::from("a")]);
        assert_eq!(surplus(files(), 5), [PathBuf::from("c"), PathBuf::from("a")]);
    }
}
