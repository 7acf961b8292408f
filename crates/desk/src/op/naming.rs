//! What files and folders are called on the screen. A folder's name is often the answer (`PNEUMONIA/IM-0001.png`), and a
//! file's name as often the patient: while one reads blind, or identities are hidden, neither is shown.

use std::path::Path;

use overread_dicom::DisplaySet;

use crate::convert::short_hash;
use crate::desk::Desk;
use crate::op::app::settings;
use crate::op::plain;
use crate::wire::app::{Handle, PickKind};

/// True while names of files and folders of cases are not shown.
pub(crate) fn hidden(desk: &Desk) -> bool {
    let settings = settings(desk);
    settings.blind || settings.hide_identity
}

impl Desk {
    /// A handle of a folder or file of cases: its label tells its name only where names are shown.
    pub fn handle_of_cases(&self, path: &Path) -> Handle {
        let handle = self.handle(path);
        if !hidden(self) {
            return handle;
        }
        let what = if path.is_file() { "File" } else { "Folder" };
        Handle {
            label: format!("{what} {}", handle.id.get(2..8).unwrap_or_default()),
            ..handle
        }
    }

    /// A handle of what was chosen in a dialog.
    pub fn picked(&self, kind: Option<PickKind>, path: &Path) -> Handle {
        match kind {
            Some(PickKind::Folder | PickKind::File) => self.handle_of_cases(path),
            _ => self.handle(path),
        }
    }
}

/// A file below an opened folder; neutral, and the same each time, while names are hidden.
pub(crate) fn file(root: &Path, path: &Path, hidden: bool) -> String {
    let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
    if !hidden {
        return name.into_owned();
    }
    let ending = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase())
        .filter(|e| e.len() <= 4 && !e.is_empty() && e.bytes().all(|b| b.is_ascii_alphanumeric()))
        .map(|e| format!(" (.{e})"));
    format!("File {}{}", &short_hash(&name)[..6], ending.unwrap_or_default())
}

/// The line of a display set: a plain picture's file name, where names are shown.
pub(crate) fn title(desk: &Desk, set: &DisplaySet) -> String {
    let header = &set.first().header;
    if !plain::is_plain(header) || hidden(desk) {
        return set.description.clone();
    }
    let name = header.path.file_name();
    name.map_or_else(
        || set.description.clone(),
        |name| name.to_string_lossy().into_owned(),
    )
}
