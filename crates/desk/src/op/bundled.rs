//! The bundled model: the files of `models/overread-phantom` inside the program, and how they come to their place.

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::code::io;
use crate::desk::Desk;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../../models/overread-phantom/", $name)).as_slice())),*]
    };
}

/// Name and bytes of each file; a test holds that the folder has no others.
const FILES: &[(&str, &[u8])] = files![
    "README.md",
    "added_tokens.json",
    "calibration.json",
    "chat_template.jinja",
    "config.json",
    "figures.json",
    "generation_config.json",
    "labels.json",
    "model.safetensors",
    "overread.json",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
];

/// Where the bundled model lies once it was written.
pub fn folder(desk: &Desk) -> PathBuf {
    desk.home.join("demo/model")
}

/// Writes the bundled model where it is not yet, or not as it should be: absent, of an earlier version, or half
/// written. Gives its folder.
///
/// # Errors
/// When it cannot be written.
pub fn write(desk: &Desk) -> Outcome<PathBuf> {
    let folder = folder(desk);
    put(&folder)?;
    Ok(folder)
}

fn put(folder: &Path) -> Outcome<()> {
    let wrong = |path: &Path, error: &std::io::Error| io(&path.display().to_string(), error);
    std::fs::create_dir_all(folder).map_err(|error| wrong(folder, &error))?;
    for (name, bytes) in FILES {
        let path = folder.join(name);
        // Byte by byte: comparing four megabytes takes less than hashing them.
        if std::fs::read(&path).is_ok_and(|found| found == *bytes) {
            continue;
        }
        overread_store::write::atomic(&path, bytes).map_err(|error| wrong(&path, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        entries
            .map(|e| e.expect("an entry").file_name().into_string().expect("a name"))
            .collect()
    }

    fn is_whole(folder: &Path) -> bool {
        FILES
            .iter()
            .all(|(name, bytes)| std::fs::read(folder.join(name)).is_ok_and(|found| found == *bytes))
    }

    #[test]
    fn the_program_carries_every_file_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/overread-phantom");
        let carried: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(carried.len(), FILES.len(), "no name twice");
        assert_eq!(carried, names(&folder));
        assert!(is_whole(&folder));
    }

    #[test]
    fn an_earlier_model_is_replaced_and_a_half_written_one_repaired() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("demo/model");
        overread_phantom::checkpoint::write_random_model(&folder, 1).expect("a model");
        put(&folder).expect("written");
        assert!(is_whole(&folder));
        let weights = folder.join("model.safetensors");
        let written = std::fs::metadata(&weights)
            .expect("there")
            .modified()
            .expect("a time");
        put(&folder).expect("nothing to do");
        let after = std::fs::metadata(&weights)
            .expect("there")
            .modified()
            .expect("a time");
        assert_eq!(written, after, "what is right stays as it is");
        let bytes = std::fs::read(&weights).expect("there");
        std::fs::write(&weights, &bytes[..bytes.len() / 2]).expect("cut");
        std::fs::remove_file(folder.join("tokenizer.json")).expect("removed");
        put(&folder).expect("repaired");
        assert!(is_whole(&folder));
        assert_eq!(names(&folder).len(), FILES.len(), "nothing is left over");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let place = tempfile::tempdir().expect("a folder");
        let taken = place.path().join("demo");
        std::fs::write(&taken, b"x").expect("written");
        let error = put(&taken.join("model")).expect_err("refused");
        assert!(error.message.contains("demo"), "{error:?}");
    }
}
