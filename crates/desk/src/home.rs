//! Where things are kept: OVERREAD_HOME, or the platform's data folder.

use std::env;
use std::path::PathBuf;

/// The home folder; not yet made.
pub fn home() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(home) = set("OVERREAD_HOME") {
        return home;
    }
    if cfg!(windows) {
        return set("APPDATA").unwrap_or_else(env::temp_dir).join("Overread");
    }
    let user = set("HOME").unwrap_or_else(env::temp_dir);
    if cfg!(target_os = "macos") {
        return user.join("Library/Application Support/Overread");
    }
    set("XDG_DATA_HOME")
        .unwrap_or_else(|| user.join(".local/share"))
        .join("overread")
}
