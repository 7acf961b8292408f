//! DICOMDIR (PS3.3 F.5, PS3.10 8.6, PS3.12): what a medium says of itself, held against what lies on it. It only adds to
//! a scan: files that it does not name are read all the same, and a broken one hides nothing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;

use crate::dataset::{integer, items, text, texts};
use crate::file::DicomFile;

/// What a DICOMDIR says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Medium {
    /// The DICOMDIR.
    pub path: PathBuf,
    /// PATIENT records.
    pub patients: usize,
    /// STUDY records.
    pub studies: usize,
    /// SERIES records.
    pub series: usize,
    /// Records that name a file.
    pub instances: usize,
    /// Files that it names and that are not there, as it writes them with `/`.
    pub missing: Vec<String>,
    /// References that lead out of its folder, which are not followed.
    pub refused: Vec<String>,
    /// Why it could not be read, or not wholly.
    pub damage: Option<String>,
}

impl Medium {
    /// What is wrong with it, in a sentence; `None` when all is there.
    pub fn trouble(&self) -> Option<String> {
        let few = |names: &[String]| {
            let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let more = if names.len() > 3 { ", …" } else { "" };
            format!("{shown}{more}")
        };
        let mut said = Vec::new();
        if let Some(damage) = &self.damage {
            said.push(format!("the DICOMDIR is not used: {damage}"));
        }
        match &*self.missing {
            [] => {}
            [one] => said.push(format!("a file named by the DICOMDIR is not there: {one}")),
            many => said.push(format!(
                "{} files named by the DICOMDIR are not there: {}",
                many.len(),
                few(many)
            )),
        }
        if !self.refused.is_empty() {
            said.push(format!(
                "{} references of the DICOMDIR lead out of its folder and are not followed: {}",
                self.refused.len(),
                few(&self.refused)
            ));
        }
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// True for a file that is called DICOMDIR, however a medium or a copy of it writes that.
pub(crate) fn is_directory(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| spelled(&name.to_string_lossy()) == "DICOMDIR")
}

/// A name as ISO 9660 and DICOM may spell it, made one: upper case, no version, no dot at the end.
pub(crate) fn spelled(name: &str) -> String {
    let name = name.trim();
    let bare = match name.rsplit_once(';') {
        Some((bare, version)) if version.bytes().all(|b| b.is_ascii_digit()) => bare,
        _ => name,
    };
    bare.trim_end_matches('.').to_uppercase()
}

/// A path below the medium's folder, spelled.
pub(crate) fn spelled_path(path: &Path) -> String {
    path.components()
        .map(|part| spelled(&part.as_os_str().to_string_lossy()))
        .collect::<Vec<_>>()
        .join("/")
}

/// Reads the records; `there` are the paths of all files below its folder, spelled.
pub(crate) fn read(path: &Path, file: &DicomFile, there: &HashSet<String>) -> Medium {
    let mut medium = Medium {
        path: path.to_path_buf(),
        damage: file.damage.map(str::to_owned),
        ..Medium::default()
    };
    let records = items(&file.dataset, tags::DIRECTORY_RECORD_SEQUENCE);
    if records.is_empty() {
        medium.damage.get_or_insert("it has no records".to_owned());
    }
    let mut missing = HashSet::new();
    for record in records {
        if integer(record, tags::RECORD_IN_USE_FLAG) == Some(0) {
            continue;
        }
        match text(record, tags::DIRECTORY_RECORD_TYPE).as_deref() {
            Some("PATIENT") => medium.patients += 1,
            Some("STUDY") => medium.studies += 1,
            Some("SERIES") => medium.series += 1,
            _ => {}
        }
        let named = texts(record, tags::REFERENCED_FILE_ID)
            .join("/")
            .replace('\\', "/");
        if named.trim().is_empty() {
            continue;
        }
        medium.instances += 1;
        match place(&named) {
            None => medium.refused.push(named),
            Some(place) if there.contains(&place) => {}
            Some(place) => {
                if missing.insert(place) {
                    medium.missing.push(named);
                }
            }
        }
    }
    medium
}

/// Where a reference leads, spelled; `None` when that is not below the folder.
fn place(named: &str) -> Option<String> {
    let parts: Vec<&str> = named.split('/').map(str::trim).collect();
    let leaves = |part: &&str| *part == ".." || part.contains(':');
    if named.trim().starts_with('/') || parts.iter().any(leaves) {
        return None;
    }
    let parts = parts.into_iter().filter(|part| !matches!(*part, "" | "."));
    Some(parts.map(spelled).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_many_spellings() {
        for name in ["im0001", "IM0001.", "IM0001;1", " IM0001.;1 "] {
            assert_eq!(spelled(name), "IM0001", "{name}");
        }
        assert!(is_directory(Path::new("a/dicomdir.;1")) && is_directory(Path::new("DICOMDIR")));
        assert!(!is_directory(Path::new("DICOMDIR.dcm")));
    }

    #[test]
    fn references_stay_below() {
        assert_eq!(place("dir/./im1;1").as_deref(), Some("DIR/IM1"));
        for bad in ["../x", "a/../../b", "/etc/passwd", "C:/x"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
