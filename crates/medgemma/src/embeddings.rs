//! Image features kept in memory and on disk: a picture is encoded once, whatever is asked of it.
//!
//! On disk each picture is a file of its own, named by its key, written beside and moved into place; a damaged or
//! half-written file is as good as none. The folder is bounded: what was not used for the longest time goes first. It
//! may be deleted at any time.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::words::hex;

/// Bytes kept in memory.
const IN_MEMORY: usize = 512 << 20;
/// Bytes kept on disk.
const ON_DISK: u64 = 4 << 30;
/// First bytes of a file: name and version of the layout.
const MAGIC: &[u8; 8] = b"ovrdemb1";
/// Magic, length, checksum.
const HEAD: usize = 8 + 8 + 32;

/// Features `[tokens * D]` by key.
#[derive(Debug, Default)]
pub(crate) struct Embeddings {
    kept: HashMap<String, Arc<Vec<f32>>>,
    /// Keys of `kept`, the least recently used first.
    order: Vec<String>,
    bytes: usize,
    folder: Option<PathBuf>,
}

impl Embeddings {
    /// Kept in memory, and in that folder when there is one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            ..Self::default()
        }
    }

    /// Everything that changes the features: the resized pixels (which say how the picture was prepared), the weights,
    /// how they are held, and the adapter.
    pub(crate) fn key(pixels: &str, weights: &str, precision: &str, adapter: Option<&str>) -> String {
        let mut hasher = Sha256::new();
        for part in [pixels, weights, precision, adapter.unwrap_or("-")] {
            hasher.update(part.as_bytes());
            hasher.update([0]);
        }
        hex(&hasher.finalize())
    }

    /// Features of a key from memory or disk; `expected` is their count.
    pub(crate) fn get(&mut self, key: &str, expected: usize) -> Option<Arc<Vec<f32>>> {
        if let Some(found) = self.kept.get(key).cloned() {
            self.order.retain(|k| k != key);
            self.order.push(key.to_owned());
            return Some(found);
        }
        let path = self.folder.as_ref()?.join(format!("{key}.emb"));
        let values = read(&path, expected)?;
        // Used now: the oldest go first when room is needed.
        if let Ok(file) = fs::File::options().append(true).open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        let values = Arc::new(values);
        self.hold(key, Arc::clone(&values));
        Some(values)
    }

    /// Keeps features. A disk that is full or read-only costs the copy on disk and nothing else.
    pub(crate) fn put(&mut self, key: &str, values: Arc<Vec<f32>>) {
        if let Some(folder) = &self.folder
            && write(folder, key, &values).is_ok()
        {
            evict(folder, ON_DISK);
        }
        self.hold(key, values);
    }

    fn hold(&mut self, key: &str, values: Arc<Vec<f32>>) {
        self.bytes += values.len() * 4;
        if let Some(old) = self.kept.insert(key.to_owned(), values) {
            self.bytes -= old.len() * 4;
            self.order.retain(|k| k != key);
        }
        self.order.push(key.to_owned());
        while self.bytes > IN_MEMORY && self.order.len() > 1 {
            let oldest = self.order.remove(0);
            if let Some(old) = self.kept.remove(&oldest) {
                self.bytes -= old.len() * 4;
            }
        }
    }

    /// Forgets what is in memory; the disk keeps its copies.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.folder.take());
    }
}

fn read(path: &Path, expected: usize) -> Option<Vec<f32>> {
    // A file of another size is another layout or half a file: it is not even opened.
    let length = fs::metadata(path).ok()?.len();
    if length != (HEAD + expected * 4) as u64 {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let (head, body) = bytes.split_at_checked(HEAD)?;
    let sound = head.starts_with(MAGIC)
        && head[8..16] == (expected as u64).to_le_bytes()
        && head[16..] == Sha256::digest(body)[..];
    sound.then(|| {
        body.as_chunks::<4>()
            .0
            .iter()
            .map(|v| f32::from_le_bytes(*v))
            .collect()
    })
}

fn write(folder: &Path, key: &str, values: &[f32]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let body: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    // Two desks may write the same picture: each has a name of its own until it is whole.
    let unfinished = folder.join(format!("{key}.{}.part", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(MAGIC)?;
        file.write_all(&(values.len() as u64).to_le_bytes())?;
        file.write_all(&Sha256::digest(&body))?;
        file.write_all(&body)?;
        file.sync_all()?;
        fs::rename(&unfinished, folder.join(format!("{key}.emb")))
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Removes the least recently used files until the folder holds at most `most` bytes.
fn evict(folder: &Path, most: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let data = entry.metadata().ok()?;
            let path = entry.path();
            let ours = path.extension().is_some_and(|e| e == "emb" || e == "part");
            (ours && data.is_file()).then(|| {
                (
                    data.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                    data.len(),
                    path,
                )
            })
        })
        .collect();
    files.sort();
    let mut held: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if held <= most {
            break;
        }
        if fs::remove_file(path).is_ok() {
            held = held.saturating_sub(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = fs::read_dir(folder)
            .map(|entries| entries.filter_map(|e| Some(e.ok()?.path())).collect())
            .unwrap_or_default();
        all.sort();
        all
    }

    #[test]
    fn features_outlive_the_engine_bit_for_bit() {
        let folder = tempfile::tempdir().expect("a folder");
        let values = Arc::new(vec![1.5, -0.0, f32::MIN_POSITIVE, 3.25e-9]);
        Embeddings::new(Some(folder.path().into())).put("a", Arc::clone(&values));
        let mut other = Embeddings::new(Some(folder.path().into()));
        let found = other.get("a", 4).expect("kept");
        assert_eq!(
            found.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
            values.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
        );
        assert!(other.get("b", 4).is_none());
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        Embeddings::new(Some(folder.path().into())).put("a", Arc::new(vec![1.0; 8]));
        let path = folder.path().join("a.emb");
        let whole = fs::read(&path).expect("a file");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).expect("writes");
            assert!(read(&path, 8).is_none(), "byte {at}");
        }
        fs::write(&path, &whole[..whole.len() - 1]).expect("writes");
        assert!(read(&path, 8).is_none());
        fs::write(&path, &whole).expect("writes");
        assert!(read(&path, 8).is_some() && read(&path, 7).is_none());
    }

    #[test]
    fn the_oldest_go_first() {
        let folder = tempfile::tempdir().expect("a folder");
        for (i, key) in ["a", "b", "c"].into_iter().enumerate() {
            write(folder.path(), key, &[0.0; 16]).expect("writes");
            let file = fs::File::options()
                .append(true)
                .open(folder.path().join(format!("{key}.emb")))
                .expect("opens");
            let age = std::time::Duration::from_secs(100 - i as u64);
            file.set_modified(SystemTime::now() - age).expect("sets");
        }
        evict(folder.path(), (HEAD + 64) as u64 * 2);
        assert_eq!(
            files(folder.path()),
            [folder.path().join("b.emb"), folder.path().join("c.emb")]
        );
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a file");
        fs::write(&file, b"x").expect("writes");
        let mut kept = Embeddings::new(Some(file));
        kept.put("a", Arc::new(vec![2.0]));
        assert_eq!(kept.get("a", 1).map(|v| v[0]), Some(2.0));
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let key = Embeddings::key("p", "w", "f32", None);
        assert_ne!(key, Embeddings::key("p", "w", "bf16", None));
        assert_ne!(key, Embeddings::key("p", "w", "f32", Some("a")));
        assert_ne!(key, Embeddings::key("pw", "", "f32", None));
    }
}
