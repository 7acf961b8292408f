//! From files to packed matrices, tensor by tensor.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use overread_kernels::{Format, Matrix};

use super::plan::{Kind, Precision, kind};
use super::source::{Entry, Source};
use super::stored::Stored;
use super::{Weights, hash};
use crate::cancel::Cancel;
use crate::error::{EngineError, Result};

/// How often the progress is told.
const TOLD_EVERY: Duration = Duration::from_millis(50);

/// Packs every tensor of `names` and hashes the files at the same time.
///
/// # Errors
/// A file that cannot be read to its end, or cancelled.
pub(crate) fn load(
    source: &Source,
    names: &[String],
    precision: Precision,
    progress: &mut dyn FnMut(f64),
    cancel: &Cancel,
) -> Result<Weights> {
    let total = source.files.iter().map(|f| f.length).sum::<u64>()
        + names
            .iter()
            .filter_map(|n| source.entries.get(n))
            .map(Entry::bytes)
            .sum::<u64>();
    let read = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let (done, waiting) = mpsc::channel::<()>();
        let hashed = {
            let (read, done) = (&read, done.clone());
            scope.spawn(move || {
                let _done = done;
                hash_files(source, cancel, read)
            })
        };
        let packed = {
            let read = &read;
            scope.spawn(move || {
                let _done = done;
                pack_all(source, names, precision, cancel, read)
            })
        };
        // Both senders are gone when both threads are through.
        while waiting.recv_timeout(TOLD_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            progress(read.load(Ordering::Relaxed) as f64 / total.max(1) as f64);
        }
        let broken = || EngineError::Unsupported("a thread that read the weights broke off".to_owned());
        let (matrices, vectors) = packed.join().map_err(|_| broken())??;
        let sha256 = hashed.join().map_err(|_| broken())??;
        progress(1.0);
        Ok(Weights {
            matrices,
            vectors,
            sha256,
            notes: notes(source, precision),
        })
    })
}

fn hash_files(source: &Source, cancel: &Cancel, read: &AtomicU64) -> Result<String> {
    let mut files = Vec::with_capacity(source.files.len());
    for file in &source.files {
        files.push((hash::file(file, cancel, read)?, file.name.clone()));
    }
    Ok(hash::joined(files))
}

type Packed = (BTreeMap<String, Matrix>, BTreeMap<String, Vec<f32>>);

fn pack_all(
    source: &Source,
    names: &[String],
    precision: Precision,
    cancel: &Cancel,
    read: &AtomicU64,
) -> Result<Packed> {
    let (mut matrices, mut vectors) = (BTreeMap::new(), BTreeMap::new());
    let mut order: Vec<(&String, &Entry)> = names
        .iter()
        .map(|name| match source.entries.get(name) {
            Some(entry) => Ok((name, entry)),
            None => Err(EngineError::MissingTensors(vec![name.clone()])),
        })
        .collect::<Result<_>>()?;
    // The largest first: what is needed beside a tensor while it is packed is needed while little is held.
    order.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.bytes()));
    for (name, entry) in order {
        cancel.check()?;
        match kind(name, &entry.shape, entry.stored, precision) {
            Kind::Matrix(format) => {
                matrices.insert(name.clone(), matrix(source, entry, format, cancel, read)?);
            }
            Kind::Transposed(format) => {
                let values = source.whole(entry)?;
                let (inputs, outputs) = (entry.rows(), entry.columns());
                let packed = Matrix::pack(format, outputs, inputs, |row, out: &mut [f32]| {
                    for (o, from) in out.iter_mut().zip(values.chunks_exact(outputs)) {
                        *o = from[row];
                    }
                });
                read.fetch_add(entry.bytes(), Ordering::Relaxed);
                matrices.insert(name.clone(), packed);
            }
            Kind::Vector => {
                read.fetch_add(entry.bytes(), Ordering::Relaxed);
                vectors.insert(name.clone(), source.whole(entry)?);
            }
            Kind::Norm => {
                let mut values = source.whole(entry)?;
                if !source.norms_hold_one {
                    values.iter_mut().for_each(|w| *w += 1.0);
                }
                read.fetch_add(entry.bytes(), Ordering::Relaxed);
                vectors.insert(name.clone(), values);
            }
        }
    }
    Ok((matrices, vectors))
}

fn matrix(
    source: &Source,
    entry: &Entry,
    format: Format,
    cancel: &Cancel,
    read: &AtomicU64,
) -> Result<Matrix> {
    let (rows, columns) = (entry.rows(), entry.columns());
    if entry.stored.is_quantised() && entry.stored.exact_format() == Some(format) {
        let blocks = blocks(source, entry)?;
        cancel.check()?;
        if let Some(packed) = Matrix::pack_blocks(format, rows, columns, &blocks) {
            read.fetch_add(entry.bytes(), Ordering::Relaxed);
            return Ok(packed);
        }
    }
    let reader = source.rows(entry, cancel, read);
    let packed = Matrix::pack(format, rows, columns, |row, out: &mut [f32]| {
        reader.fill(row, out)
    });
    reader.finish()?;
    Ok(packed)
}

/// The blocks of a tensor in its exact packed format.
fn blocks(source: &Source, entry: &Entry) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(entry.bytes()).unwrap_or(usize::MAX)];
    let file = &source.files[entry.file];
    file.read_at(entry.offset, &mut bytes)
        .map_err(|error| file.bad(error.to_string()))?;
    Ok(match entry.stored {
        Stored::Q4_0 | Stored::Q5_0 => crate::gguf::blocks::to_q8_0(entry.stored, &bytes),
        _ => bytes,
    })
}

/// What was not kept as the files have it, in words.
fn notes(source: &Source, precision: Precision) -> Vec<String> {
    let mut turned: BTreeMap<&'static str, usize> = BTreeMap::new();
    for entry in source.entries.values() {
        if precision.is_quantised() && entry.stored.is_quantised() && entry.stored.exact_format().is_none() {
            *turned.entry(entry.stored.name()).or_default() += 1;
        }
    }
    turned
        .into_iter()
        .map(|(name, n)| {
            format!("{n} tensors of type {name} were turned to Q8_0, which rounds them once more")
        })
        .collect()
}
