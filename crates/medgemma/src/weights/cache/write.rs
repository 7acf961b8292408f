//! Writing a copy: beside, whole, then renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use super::chunks::Running;
use super::{Copy, MAGIC, VERSION, keep};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::weights::Weights;
use crate::weights::plan::Held;

const ALIGNMENT: usize = overread_kernels::bytes::ALIGNMENT;

/// Writes the copy.
///
/// # Errors
/// Cancelled; anything else that goes wrong is given as a sentence to say: the model works without.
pub(in crate::weights) fn write(
    copy: &Copy<'_>,
    weights: &Weights,
    cancel: &Cancel,
) -> Result<Option<String>> {
    let path = copy.path();
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    let written = fs::create_dir_all(copy.folder)
        .and_then(|()| {
            keep::tidy(copy);
            put(copy, weights, &beside, cancel)
        })
        .and_then(|()| fs::rename(&beside, &path))
        .and_then(|()| sync_folder(copy.folder));
    if written.is_err() {
        // Whatever was written is of no use; a failure to remove it is met again at the next tidying.
        drop(fs::remove_file(&beside));
    }
    cancel.check()?;
    match written {
        Ok(()) => {
            keep::mark(&path);
            Ok(None)
        }
        Err(error) => Ok(Some(format!(
            "The quantised copy could not be kept ({error}); the model works, and will be quantised again when it is \
             loaded next."
        ))),
    }
}

/// The rename lasts only once the folder is on the disk too; where folders cannot be opened this is not needed.
fn sync_folder(folder: &std::path::Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) if cfg!(unix) => folder.sync_all(),
        Ok(_) | Err(_) => Ok(()),
    }
}

struct Hashed<W> {
    inner: W,
    hash: Running,
    position: usize,
}

impl<W: Write> Hashed<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_all(bytes)?;
        self.hash.update(bytes);
        self.position += bytes.len();
        Ok(())
    }

    fn align(&mut self) -> io::Result<()> {
        let zeros = self.position.next_multiple_of(ALIGNMENT) - self.position;
        self.put(&[0; ALIGNMENT][..zeros])
    }
}

fn put(copy: &Copy<'_>, weights: &Weights, path: &std::path::Path, cancel: &Cancel) -> io::Result<()> {
    let header = header(copy).into_bytes();
    let file = File::create(path)?;
    let mut out = Hashed {
        inner: BufWriter::with_capacity(1 << 20, file),
        hash: Running::default(),
        position: 0,
    };
    out.put(&MAGIC)?;
    out.put(&(header.len() as u64).to_le_bytes())?;
    out.put(&header)?;
    for (name, held) in copy.tensors {
        out.align()?;
        let missing = || io::Error::other(format!("{name} is not at hand"));
        match held {
            Held::Matrix { .. } => {
                let matrix = weights.matrices.get(name).ok_or_else(missing)?;
                for piece in matrix.bytes().chunks(8 << 20) {
                    if cancel.is_cancelled() {
                        return Err(io::ErrorKind::Interrupted.into());
                    }
                    out.put(piece)?;
                }
            }
            Held::Vector(_) => {
                let values = weights.vectors.get(name).ok_or_else(missing)?;
                let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                out.put(&bytes)?;
            }
        }
    }
    out.align()?;
    let hash = std::mem::take(&mut out.hash).finish();
    out.inner.write_all(&hash)?;
    out.inner
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

/// The JSON header; a reader must find the very one that a writer would write. Offsets count from the first tensor on.
pub(super) fn header(copy: &Copy<'_>) -> String {
    let mut offset = 0_usize;
    let tensors: Vec<Value> = copy
        .tensors
        .iter()
        .map(|(name, held)| {
            let at = offset;
            offset = (offset + held.bytes()).next_multiple_of(ALIGNMENT);
            match held {
                Held::Matrix { format, rows, columns } => {
                    json!({"name": name, "format": format.name(), "rows": rows, "columns": columns, "offset": at})
                }
                Held::Vector(count) => json!({"name": name, "values": count, "offset": at}),
            }
        })
        .collect();
    json!({
        "version": VERSION,
        "source_sha256": copy.source,
        "precision": copy.precision.name(),
        "tensors": tensors,
    })
    .to_string()
}
