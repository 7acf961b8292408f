//! From files to packed matrices, tensor by tensor.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use overread_kernels::{Format, Matrix};

use super::merging::Merging;
use super::plan::{Held, Kind, Precision, kind};
use super::source::{Entry, Source};
use super::stored::Stored;
use super::{Weights, hash};
use crate::adapter::AdapterWeights;
use crate::cancel::Cancel;
use crate::config::Config;
use crate::error::{EngineError, Result};

/// How often the progress is told.
const TOLD_EVERY: Duration = Duration::from_millis(50);

/// What each tensor of a model is held as, by name.
///
/// # Errors
/// A tensor that is missing.
pub(super) fn held(source: &Source, config: &Config, precision: Precision) -> Result<Vec<(String, Held)>> {
    held_as(source, super::expected(config), precision)
}

/// The same for any list of tensors.
pub(super) fn held_as(
    source: &Source,
    tensors: Vec<(String, Vec<usize>)>,
    precision: Precision,
) -> Result<Vec<(String, Held)>> {
    let mut list = Vec::new();
    for (name, _) in tensors {
        let entry = source
            .entries
            .get(&name)
            .ok_or_else(|| EngineError::MissingTensors(vec![name.clone()]))?;
        let kind = kind(&name, &entry.shape, entry.stored, precision);
        list.push((name, Held::new(kind, &entry.shape)));
    }
    list.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(list)
}

/// Hashes the files and does nothing else.
///
/// # Errors
/// A file that cannot be read to its end, or cancelled.
pub(super) fn hash_alone(source: &Source, progress: &mut dyn FnMut(f64), cancel: &Cancel) -> Result<String> {
    let total = source.files.iter().map(|f| f.length).sum();
    let read = AtomicU64::new(0);
    let ((), sha256) = told(
        total,
        &read,
        progress,
        || (),
        || hash_files(source, cancel, &read),
    )?;
    sha256
}

/// Packs every tensor and, unless `sha256` is known, hashes the files at the same time.
///
/// # Errors
/// A file that cannot be read to its end, or cancelled.
pub(super) fn load(
    source: &Source,
    tensors: &[(String, Held)],
    precision: Precision,
    sha256: Option<&str>,
    adapters: &[AdapterWeights],
    progress: &mut dyn FnMut(f64),
    cancel: &Cancel,
) -> Result<Weights> {
    let hashed: u64 = match sha256 {
        Some(_) => 0,
        None => source.files.iter().map(|f| f.length).sum(),
    };
    let names = tensors.iter().filter_map(|(name, _)| source.entries.get(name));
    let total = hashed + names.map(Entry::bytes).sum::<u64>();
    let read = AtomicU64::new(0);
    let (packed, sha256) = told(
        total,
        &read,
        progress,
        || pack_all(source, tensors, precision, adapters, cancel, &read),
        || match sha256 {
            Some(known) => Ok(known.to_owned()),
            None => hash_files(source, cancel, &read),
        },
    )?;
    let (matrices, vectors) = packed?;
    Ok(Weights {
        precision,
        from_copy: false,
        matrices,
        vectors,
        sha256: sha256?,
        notes: notes(source, precision),
    })
}

/// Runs two things side by side and tells the progress meanwhile.
fn told<A: Send, B: Send>(
    total: u64,
    read: &AtomicU64,
    progress: &mut dyn FnMut(f64),
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> Result<(A, B)> {
    std::thread::scope(|scope| {
        let (done, waiting) = mpsc::channel::<()>();
        let also = done.clone();
        let first = scope.spawn(move || {
            let _done = done;
            first()
        });
        let second = scope.spawn(move || {
            let _done = also;
            second()
        });
        // Both senders are gone when both threads are through.
        while waiting.recv_timeout(TOLD_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            progress(read.load(Ordering::Relaxed) as f64 / total.max(1) as f64);
        }
        progress(1.0);
        let broken = |_| EngineError::Unsupported("a thread that read the weights broke off".to_owned());
        Ok((first.join().map_err(broken)?, second.join().map_err(broken)?))
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
    tensors: &[(String, Held)],
    precision: Precision,
    adapters: &[AdapterWeights],
    cancel: &Cancel,
    read: &AtomicU64,
) -> Result<Packed> {
    let (mut matrices, mut vectors) = (BTreeMap::new(), BTreeMap::new());
    let mut order: Vec<(&String, &Entry)> = tensors
        .iter()
        .map(|(name, _)| match source.entries.get(name) {
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
                let merging = Merging::of(adapters, name);
                matrices.insert(
                    name.clone(),
                    matrix(source, entry, format, &merging, cancel, read)?,
                );
            }
            Kind::Transposed(format) => {
                let values = Merging::of(adapters, name).whole(source.whole(entry)?);
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
                let values = Merging::of(adapters, name).whole(source.whole(entry)?);
                vectors.insert(name.clone(), values);
            }
            Kind::Norm => {
                let mut values = source.whole(entry)?;
                let merging = Merging::of(adapters, name);
                // An adapter's norms are a checkpoint's: without the one.
                if !source.norms_hold_one || merging.replaces() {
                    values = merging.whole(values);
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
    merging: &Merging<'_>,
    cancel: &Cancel,
    read: &AtomicU64,
) -> Result<Matrix> {
    let (rows, columns) = (entry.rows(), entry.columns());
    if merging.is_empty() && entry.stored.is_quantised() && entry.stored.exact_format() == Some(format) {
        let blocks = blocks(source, entry, cancel, read)?;
        if let Some(packed) = Matrix::pack_blocks(format, rows, columns, &blocks) {
            return Ok(packed);
        }
    }
    let reader = source.rows(entry, cancel, read);
    let packed = Matrix::pack(format, rows, columns, |row, out: &mut [f32]| {
        reader.fill(row, out);
        merging.row(row, out);
    });
    reader.finish()?;
    Ok(packed)
}

/// Bytes of blocks read at a time: the embedding has half a gigabyte, and a cancel is waited for no longer than this.
const PIECE: usize = 16 << 20;

/// The blocks of a tensor in its exact packed format.
fn blocks(source: &Source, entry: &Entry, cancel: &Cancel, read: &AtomicU64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(entry.bytes()).unwrap_or(usize::MAX)];
    let file = &source.files[entry.file];
    let mut at = entry.offset;
    for piece in bytes.chunks_mut(PIECE) {
        cancel.check()?;
        file.read_at(at, piece)
            .map_err(|error| file.bad(error.to_string()))?;
        at += piece.len() as u64;
        read.fetch_add(piece.len() as u64, Ordering::Relaxed);
    }
    cancel.check()?;
    Ok(match entry.stored {
        Stored::Q4_0 | Stored::Q5_0 => crate::gguf::blocks::to_q8_0(entry.stored, &bytes),
        _ => bytes,
    })
}

/// What was not kept as the files have it, in words.
pub(super) fn notes(source: &Source, precision: Precision) -> Vec<String> {
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
