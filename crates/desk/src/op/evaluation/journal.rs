//! A file of lines that is only appended to: each line is whole on disk before the next is thought of.
//!
//! A kill leaves whole lines and at most one that broke off, which opening cuts and keeps aside. A write that fails (a full
//! disk) is taken back, so that nothing torn stays.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Outcome;
use crate::code::{failure, io as trouble};
use crate::op::evaluation::folder;

/// What is written to; a file, or less of one in tests.
trait Sink: Write {
    fn sync(&mut self) -> io::Result<()>;
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Sink for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length))?;
        self.sync_data()
    }
}

/// Adds bytes; on failure the file is as long as before.
fn add(sink: &mut dyn Sink, length: &mut u64, bytes: &[u8]) -> io::Result<()> {
    let result = sink.write_all(bytes).and_then(|()| sink.sync());
    match result {
        Ok(()) => *length += bytes.len() as u64,
        // What could not be finished is cut; should that fail too, the next opening cuts it.
        Err(_) => drop(sink.cut(*length)),
    }
    result
}

/// The file, open for appending.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Journal {
    /// Opens or makes the file and gives the lines that stand. A last line that broke off is moved to `NAME.torn`.
    ///
    /// # Errors
    /// `eval.damaged` for a line that is none of these; those of the file system.
    pub(crate) fn open<T: DeserializeOwned + Send>(path: &Path) -> Outcome<(Self, Vec<T>)> {
        let wrong = |error: &io::Error| trouble(&folder::name(path), error);
        let is_new = !path.exists();
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(|e| wrong(&e))?;
        if is_new && let Some(above) = path.parent() {
            // The name of a new file must be on disk too; not every system can say so of a folder.
            drop(File::open(above).and_then(|above| above.sync_all()));
        }
        let text = fs::read(path).map_err(|e| wrong(&e))?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let (lines, torn) = text.split_at(whole);
        let mut lines = parse(path, lines)?;
        let mut journal = {
            file.seek(SeekFrom::Start(whole as u64)).map_err(|e| wrong(&e))?;
            Self {
                path: path.to_path_buf(),
                file,
                length: whole as u64,
            }
        };
        if torn.is_empty() {
            return Ok((journal, lines));
        }
        if let Ok(last) = serde_json::from_slice::<T>(torn) {
            // Only the line's end is missing.
            journal.file.seek(SeekFrom::End(0)).map_err(|e| wrong(&e))?;
            journal.length = text.len() as u64;
            add(&mut journal.file, &mut journal.length, b"\n").map_err(|e| wrong(&e))?;
            lines.push(last);
            return Ok((journal, lines));
        }
        let aside = path.with_extension("torn");
        let kept = File::options()
            .create(true)
            .append(true)
            .open(&aside)
            .and_then(|mut file| {
                file.write_all(torn)?;
                file.write_all(b"\n")?;
                file.sync_data()
            });
        kept.map_err(|e| trouble(&folder::name(&aside), &e))?;
        journal.file.cut(whole as u64).map_err(|e| wrong(&e))?;
        Ok((journal, lines))
    }

    /// Adds a line and waits for the disk.
    ///
    /// # Errors
    /// Those of the file system (`file.disk_full` …); the file is then as it was.
    pub(crate) fn append(&mut self, line: &impl Serialize) -> Outcome<()> {
        let mut bytes = Vec::new();
        write_line(&mut bytes, line)?;
        add(&mut self.file, &mut self.length, &bytes).map_err(|e| trouble(&folder::name(&self.path), &e))
    }
}

/// A line as such a file has it.
///
/// # Errors
/// `eval.unwritable` for what is not JSON.
pub(crate) fn write_line(bytes: &mut Vec<u8>, line: &impl Serialize) -> Outcome<()> {
    serde_json::to_writer(&mut *bytes, line).map_err(|e| {
        failure(
            "eval.unwritable",
            format!("An answer cannot be written as JSON: {e}."),
            "",
        )
    })?;
    bytes.push(b'\n');
    Ok(())
}

/// The lines of such a file, without opening it for writing; a last line that broke off is left out.
///
/// # Errors
/// `eval.damaged` for a line that is none of these; those of the file system. A file that is not there has no lines.
pub(crate) fn lines<T: DeserializeOwned + Send>(path: &Path) -> Outcome<Vec<T>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(trouble(&folder::name(path), &error)),
    };
    let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let (lines, torn) = text.split_at(whole);
    let mut lines = parse(path, lines)?;
    lines.extend(serde_json::from_slice::<T>(torn).ok());
    Ok(lines)
}

fn parse<T: DeserializeOwned + Send>(path: &Path, lines: &[u8]) -> Outcome<Vec<T>> {
    let lines: Vec<(usize, &[u8])> = lines
        .split(|b| *b == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
        .collect();
    let one = |(k, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|error| {
            failure(
                "eval.damaged",
                format!(
                    "Line {} of {} cannot be read: {error}.",
                    k + 1,
                    folder::name(path)
                ),
                "It was changed by something else: mend or remove that line, or run into another folder.",
            )
        })
    };
    let read: Vec<Outcome<T>> = lines.into_par_iter().map(one).collect();
    // In the order of the lines: the first that is damaged is the one told.
    read.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_where_a_file_may_break_off_leaves_whole_lines() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("answers.jsonl");
        let whole = "[1,\"one\"]\n[2,\"two\"]\n";
        for length in 0..=whole.len() {
            drop(fs::remove_file(path.with_extension("torn")));
            fs::write(&path, &whole[..length]).expect("a file");
            let (mut journal, lines) = Journal::open::<(u32, String)>(&path).expect("opens");
            // A line counts when all of it but its end is there.
            let expected = [9, 19].iter().filter(|end| length >= **end).count();
            assert_eq!(lines.len(), expected, "cut at {length}");
            journal.append(&(3, "three")).expect("appends");
            let again = super::lines::<(u32, String)>(&path).expect("reads");
            assert_eq!(again.len(), expected + 1);
            assert_eq!(again.last().map(|l| l.0), Some(3));
            let torn = fs::read_to_string(path.with_extension("torn")).unwrap_or_default();
            let start = if expected == 0 { 0 } else { 10 };
            let kept = if length > start && expected < 2 && !(length == 9 || length == 10) {
                format!("{}\n", &whole[start..length])
            } else {
                String::new()
            };
            assert_eq!(torn, kept, "cut at {length}");
        }
    }

    /// A disk with so many bytes left.
    struct Small {
        bytes: Vec<u8>,
        room: usize,
    }

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fits = bytes.len().min(self.room - self.bytes.len());
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.bytes.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink for Small {
        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.bytes.truncate(length as usize);
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_leaves_nothing_torn() {
        let mut disk = Small {
            bytes: Vec::new(),
            room: 12,
        };
        let mut length = 0;
        add(&mut disk, &mut length, b"12345678\n").expect("room");
        let error = add(&mut disk, &mut length, b"12345678\n").expect_err("full");
        assert_eq!(trouble("answers.jsonl", &error).code, "file.disk_full");
        assert_eq!(disk.bytes, b"12345678\n");
        add(&mut disk, &mut length, b"1\n").expect("room again");
        assert_eq!(disk.bytes, b"12345678\n1\n");
    }

    #[test]
    fn a_foreign_line_is_told_with_its_number() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("answers.jsonl");
        fs::write(&path, "[1,\"one\"]\nhello\n").expect("a file");
        let error = Journal::open::<(u32, String)>(&path).expect_err("not ours");
        assert_eq!(error.code, "eval.damaged");
        assert!(
            error.message.starts_with("Line 2 of answers.jsonl"),
            "{}",
            error.message
        );
    }
}
