//! Reading a copy, after every length was compared with what the model asks for.
//!
//! It is read and not mapped: memory of one's own lies in huge pages, and the products of writing, which wait for memory,
//! are half as fast again from those as from the small pages of a file's map.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use overread_kernels::{Bytes, Matrix};
use rayon::prelude::*;

use super::write::header;
use super::{Copy, MAGIC, MOST_HEADER, TRAILER, chunks, keep};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::weights::Weights;
use crate::weights::plan::Held;
use crate::weights::source::read_exact_at;

const ALIGNMENT: usize = overread_kernels::bytes::ALIGNMENT;
/// Bytes that a thread reads at once.
const PIECE: usize = 4 << 20;

/// What was found in the copy's place.
#[derive(Debug)]
pub(in crate::weights) enum Found {
    /// Nothing.
    Nothing,
    /// The copy.
    Whole(Weights),
    /// A file that cannot be used, in words.
    Damaged(&'static str),
}

/// Looks for a copy.
///
/// # Errors
/// Cancelled.
pub(in crate::weights) fn read(copy: &Copy<'_>, cancel: &Cancel) -> Result<Found> {
    let path = copy.path();
    let Ok(file) = File::open(&path) else {
        return Ok(Found::Nothing);
    };
    // The mark is looked up before the file is read: a change after it is then a change since.
    let checked = keep::is_marked(&path);
    let Ok(length) = file.metadata().map(|m| m.len()) else {
        return Ok(Found::Damaged("it cannot be read"));
    };
    if !checked && let Err(reason) = hashed(&file, cancel) {
        cancel.check()?;
        return Ok(Found::Damaged(reason));
    }
    match parse(copy, &file, length, cancel) {
        Ok(weights) => {
            keep::mark(&path);
            Ok(Found::Whole(weights))
        }
        Err(reason) => {
            cancel.check()?;
            Ok(Found::Damaged(reason))
        }
    }
}

/// Compares the hash at the file's end with that of everything before.
fn hashed(file: &File, cancel: &Cancel) -> std::result::Result<(), &'static str> {
    let bytes = Bytes::map(file).map_err(|_| "it cannot be read")?;
    let at = bytes.len().checked_sub(TRAILER).ok_or(SHORT)?;
    let (body, trailer) = bytes.split_at(at);
    match chunks::hash(body, cancel) {
        None => Err("it was not read to its end"),
        Some(hash) if hash == trailer => Ok(()),
        Some(_) => Err("its hash is another one"),
    }
}

/// A part of the file, read by all threads.
fn part(
    file: &File,
    offset: u64,
    length: usize,
    cancel: &Cancel,
) -> std::result::Result<Bytes, &'static str> {
    let failed = AtomicBool::new(false);
    let bytes = Bytes::filled(length, |out| {
        out.par_chunks_mut(PIECE).enumerate().for_each(|(i, piece)| {
            let from = offset + (i * PIECE) as u64;
            if cancel.is_cancelled() || read_exact_at(file, from, piece).is_err() {
                failed.store(true, Ordering::Relaxed);
            }
        });
    });
    if failed.load(Ordering::Relaxed) {
        Err("it cannot be read to its end")
    } else {
        Ok(bytes)
    }
}

const SHORT: &str = "it is too short";

fn parse(
    copy: &Copy<'_>,
    file: &File,
    file_length: u64,
    cancel: &Cancel,
) -> std::result::Result<Weights, &'static str> {
    let mut begin = [0; 16];
    read_exact_at(file, 0, &mut begin).map_err(|_| SHORT)?;
    let (magic, length) = begin.split_at(8);
    let length = u64::from_le_bytes(length.try_into().map_err(|_| SHORT)?);
    if magic != MAGIC || length > MOST_HEADER {
        return Err("it is of another kind");
    }
    let mut found = vec![0; length as usize];
    read_exact_at(file, 16, &mut found).map_err(|_| SHORT)?;
    // Names, shapes, formats and places at once: whatever else the header may say is not for this model.
    if found != header(copy).as_bytes() {
        return Err("it does not belong to this model and version");
    }
    let mut at = (16 + length as usize).next_multiple_of(ALIGNMENT);
    // The length is known before anything is read: memory is never asked for on a file's word.
    let end = copy.tensors.iter().fold(at, |at, (_, held)| {
        (at + held.bytes()).next_multiple_of(ALIGNMENT)
    });
    if (end + TRAILER) as u64 != file_length {
        return Err("its length is another one");
    }
    let (mut matrices, mut vectors) = (BTreeMap::new(), BTreeMap::new());
    for (name, held) in copy.tensors {
        let part = part(file, at as u64, held.bytes(), cancel)?;
        at = (at + held.bytes()).next_multiple_of(ALIGNMENT);
        match *held {
            Held::Matrix {
                format,
                rows,
                columns,
            } => {
                let matrix = Matrix::from_packed(format, rows, columns, part).ok_or(SHORT)?;
                matrices.insert(name.clone(), matrix);
            }
            Held::Vector(_) => {
                let values = part.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
                vectors.insert(name.clone(), values.collect());
            }
        }
    }
    Ok(Weights {
        precision: copy.precision,
        from_copy: true,
        matrices,
        vectors,
        sha256: copy.source.to_owned(),
        notes: Vec::new(),
    })
}
