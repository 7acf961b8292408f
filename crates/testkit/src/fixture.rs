//! Where fixtures come from and where artefacts go.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The folder of references and corpora: `OVERREAD_SHARED` if set, else `shared` beside the workspace. When it is
/// absent one line says so and the caller's test passes by returning early:
///
/// ```no_run
/// let Some(dir) = overread_testkit::shared_dir() else { return };
/// # let _ = dir;
/// ```
pub fn shared_dir() -> Option<PathBuf> {
    shared("")
}

/// A file or folder below [`shared_dir`], e.g. `golden/sets`; `None` (and one line) where it is absent.
pub fn shared(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("OVERREAD_SHARED")
        .map(PathBuf::from)
        .or_else(|| {
            let root = workspace_root();
            root.parent().map(|parent| parent.join("shared"))
        });
    find(root, below)
}

#[expect(
    clippy::print_stderr,
    reason = "a test that was skipped must say so in its log"
)]
fn find(root: Option<PathBuf>, below: &str) -> Option<PathBuf> {
    let path = root.map(|root| if below.is_empty() { root } else { root.join(below) });
    let found = path.filter(|path| path.exists());
    if found.is_none() {
        eprintln!(
            "skipped: shared/{} absent",
            if below.is_empty() { "…" } else { below }
        );
    }
    found
}

/// Where tests leave pictures to look at: `OVERREAD_ARTEFACTS` if set, else `artefacts` in the workspace.
pub fn artefacts_dir() -> PathBuf {
    std::env::var_os("OVERREAD_ARTEFACTS").map_or_else(|| workspace_root().join("artefacts"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_found_and_what_is_absent_is_none() {
        assert!(workspace_root().join("Cargo.lock").exists());
        assert_eq!(find(Some(workspace_root()), "no such thing"), None);
        assert_eq!(find(None, ""), None);
        assert!(find(Some(workspace_root()), "crates/testkit").is_some());
    }
}
