//! A case-set file from disk: bounded, whole, with its file of cases.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use overread_evaluation::InputError;
use overread_evaluation::case_set::{self, CaseSet};

use crate::code::{failure, io};
use crate::{Failure, Outcome};

/// Largest case-set file, file of cases or truth table that is read, bytes: a table of 400,000 reports is half of it.
pub(crate) const LARGEST: u64 = 512 << 20;

/// Reads a case set with the cases of its `cases_file`.
///
/// # Errors
/// When it is not there, too large, or not understood; the message names file and line.
pub(crate) fn read(path: &Path) -> Outcome<CaseSet> {
    let mut set = case_set::read(&name(path), &text(path)?).map_err(wrong)?;
    if !set.cases_file.is_empty() {
        let file = beside(path, &set.cases_file);
        case_set::add_cases(&mut set, &name(&file), &text(&file)?).map_err(wrong)?;
    }
    Ok(set)
}

/// An error in the inputs, for people.
pub(crate) fn wrong(error: InputError) -> Failure {
    failure(
        "eval.input",
        format!("{error}."),
        "docs/formats.md says what a case-set file holds.",
    )
}

/// A path that a case-set file names.
pub(crate) fn beside(case_set: &Path, path: &str) -> PathBuf {
    case_set.parent().unwrap_or(Path::new("")).join(path)
}

/// A file's own name.
pub(crate) fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The patients that a file of `tuned_on` names, one a line.
pub(crate) fn patients(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// A text file; one whose name ends in `.gz` is inflated. Bytes that are no UTF-8 are read as Latin-1.
///
/// # Errors
/// When it cannot be read, or is larger than [`LARGEST`].
pub(crate) fn text(path: &Path) -> Outcome<String> {
    let failed = |error: &std::io::Error| io(&name(path), error);
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let packed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let read = if packed {
        flate2::read::MultiGzDecoder::new(file)
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
    } else {
        file.take(LARGEST + 1).read_to_end(&mut bytes)
    };
    match read {
        Err(error) if packed => {
            return Err(failure(
                "file.damaged",
                format!("{} cannot be inflated: {error}.", name(path)),
                "Get it again from its source.",
            ));
        }
        Err(error) => return Err(failed(&error)),
        Ok(count) if count as u64 > LARGEST => {
            return Err(failure(
                "file.too_large",
                format!(
                    "{} is too large: it holds more than {} MB.",
                    name(path),
                    LARGEST >> 20
                ),
                "Name a table of cases.",
            ));
        }
        Ok(_) => {}
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().iter().map(|b| char::from(*b)).collect()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn packed_and_latin_texts_are_read_and_damaged_ones_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("t.csv.gz");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(b"id,label\n1,yes\n").expect("packed");
        let packed = packed.finish().expect("packed");
        std::fs::write(&path, &packed).expect("a file");
        assert_eq!(text(&path).expect("inflated"), "id,label\n1,yes\n");
        std::fs::write(&path, &packed[..packed.len() - 9]).expect("a file");
        assert_eq!(text(&path).expect_err("torn").code, "file.damaged");
        let path = place.path().join("l.csv");
        std::fs::write(&path, b"id,label\n1,\xE9tat\n").expect("a file");
        assert_eq!(text(&path).expect("read"), "id,label\n1,état\n");
    }
}
