//! What a run sees of its pictures: what the frozen tower made of each, computed once and kept on disk; or, where the
//! tower is tuned too, the pictures themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use overread_medgemma::{Engine, Picture};
use overread_tuning::Seen;
use overread_tuning::state::write_whole;
use sha2::{Digest, Sha256};

use crate::code::{failure, io};
use crate::desk::lock;
use crate::op::tune::work::Facts;
use crate::{Cancel, Failure, Outcome};

/// Of these bytes so many are held in memory; the rest is read again each time it is needed.
const IN_MEMORY: usize = 1 << 30;

/// Pictures by the hash of their bytes as the tower gets them.
#[derive(Debug)]
pub(crate) struct Pictures {
    folder: PathBuf,
    /// The tower is frozen: its output is kept instead of the picture.
    frozen: bool,
    /// px.
    side: usize,
    /// Numbers that tower and projector make of a picture.
    numbers: usize,
    /// Part of the files' names: what the tower is.
    tower: String,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    files: BTreeMap<String, Arc<Vec<u8>>>,
    bytes: usize,
    /// What went wrong while a step asked for pictures.
    trouble: Option<Failure>,
}

impl Pictures {
    /// For a model; `frozen`: its tower is not tuned.
    pub(crate) fn new(folder: &Path, facts: &Facts, frozen: bool) -> Outcome<Self> {
        std::fs::create_dir_all(folder).map_err(|error| io(&folder.display().to_string(), &error))?;
        let description = &facts.description;
        let key = format!("{} {}", description.weights_sha256, description.precision.name());
        Ok(Self {
            folder: folder.to_path_buf(),
            frozen,
            side: description.image_size.unwrap_or(0),
            numbers: facts.config.tokens_per_image * facts.config.text.hidden_size,
            tower: hex(key.as_bytes())[..16].to_owned(),
            held: Mutex::default(),
        })
    }

    /// Takes a picture in; gives its key.
    ///
    /// # Errors
    /// A broken picture, a disk that is full, cancelled.
    pub(crate) fn add(&self, engine: &Engine, picture: &Picture, cancel: &Cancel) -> Outcome<String> {
        let resized = picture.resized(self.side);
        let key = resized.sha256();
        let path = self.path(&key);
        if read(&path).is_some() {
            return Ok(key);
        }
        let mut bytes = if self.frozen {
            let features = engine.features(&resized, cancel)?;
            features.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()
        } else {
            resized.rgb
        };
        bytes.extend(Sha256::digest(&bytes));
        write_whole(&path, &bytes).map_err(Failure::from)?;
        Ok(key)
    }

    /// What an example sees of these pictures. A file that is gone or damaged gives numbers that are none, so that the
    /// step is not taken; [`Pictures::trouble`] says which.
    pub(crate) fn seen(&self, keys: &[String]) -> Seen {
        if keys.is_empty() {
            return Seen::Nothing;
        }
        let all: Vec<Arc<Vec<u8>>> = keys.iter().map(|key| self.get(key)).collect();
        if self.frozen {
            let values = all.iter().flat_map(|bytes| {
                bytes
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            });
            return Seen::Features(Arc::new(values.collect()));
        }
        let picture = |rgb: &Arc<Vec<u8>>| {
            let picture = Picture {
                width: self.side,
                height: self.side,
                rgb: rgb.to_vec(),
            };
            if picture.is_whole() {
                Arc::new(picture.normalised())
            } else {
                Arc::new(vec![f32::NAN; 3 * self.side * self.side])
            }
        };
        Seen::Pictures(all.iter().map(picture).collect())
    }

    /// What went wrong.
    pub(crate) fn trouble(&self) -> Option<Failure> {
        lock(&self.held).trouble.clone()
    }

    fn path(&self, key: &str) -> PathBuf {
        let kind = if self.frozen { "features" } else { "rgb" };
        self.folder.join(format!("{}-{key}.{kind}", self.tower))
    }

    fn get(&self, key: &str) -> Arc<Vec<u8>> {
        if let Some(bytes) = lock(&self.held).files.get(key) {
            return Arc::clone(bytes);
        }
        let path = self.path(key);
        let Some(bytes) = read(&path) else {
            lock(&self.held).trouble = Some(failure(
                "tuning.pictures",
                format!("{} is gone or damaged.", path.display()),
                "Start again: what is missing is computed again.",
            ));
            // As many as there would have been, so that none of it passes for a picture that is not there.
            return Arc::new(f32::NAN.to_le_bytes().repeat(self.numbers));
        };
        let bytes = Arc::new(bytes);
        let mut held = lock(&self.held);
        if held.bytes + bytes.len() <= IN_MEMORY {
            held.bytes += bytes.len();
            held.files.insert(key.to_owned(), Arc::clone(&bytes));
        }
        bytes
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The bytes of a file without the hash at its end; `None` when it is not there or not whole.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(path).ok()?;
    let at = bytes.len().checked_sub(32)?;
    let hash = bytes.split_off(at);
    (Sha256::digest(&bytes).as_slice() == hash).then_some(bytes)
}
