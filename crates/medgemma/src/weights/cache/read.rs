//! Mapping a copy, after every length was compared with what the model asks for.

use std::collections::BTreeMap;
use std::fs::File;

use overread_kernels::{Bytes, Matrix};

use super::write::header;
use super::{Copy, MAGIC, MOST_HEADER, TRAILER, chunks, keep};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::weights::Weights;
use crate::weights::plan::Held;

const ALIGNMENT: usize = overread_kernels::bytes::ALIGNMENT;

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
    let Ok(bytes) = Bytes::map(&file) else {
        return Ok(Found::Damaged("it cannot be read"));
    };
    let weights = match parse(copy, &bytes) {
        Ok(weights) => weights,
        Err(reason) => return Ok(Found::Damaged(reason)),
    };
    if !checked {
        let (body, trailer) = bytes.split_at(bytes.len() - TRAILER);
        let Some(hash) = chunks::hash(body, cancel) else {
            cancel.check()?;
            return Ok(Found::Damaged("it was not read to its end"));
        };
        if hash != trailer {
            return Ok(Found::Damaged("its hash is another one"));
        }
        keep::mark(&path);
    }
    Ok(Found::Whole(weights))
}

fn parse(copy: &Copy<'_>, bytes: &Bytes) -> std::result::Result<Weights, &'static str> {
    const SHORT: &str = "it is too short";
    let (magic, rest) = bytes.split_at_checked(8).ok_or(SHORT)?;
    let (length, rest) = rest.split_at_checked(8).ok_or(SHORT)?;
    let length = u64::from_le_bytes(length.try_into().map_err(|_| SHORT)?);
    if magic != MAGIC || length > MOST_HEADER {
        return Err("it is of another kind");
    }
    let found = rest.get(..length as usize).ok_or(SHORT)?;
    // Names, shapes, formats and places at once: whatever else the header may say is not for this model.
    if found != header(copy).as_bytes() {
        return Err("it does not belong to this model and version");
    }
    let mut at = (16 + length as usize).next_multiple_of(ALIGNMENT);
    let (mut matrices, mut vectors) = (BTreeMap::new(), BTreeMap::new());
    for (name, held) in copy.tensors {
        let part = bytes.part(at, held.bytes()).ok_or(SHORT)?;
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
    if at + TRAILER != bytes.len() {
        return Err("its length is another one");
    }
    Ok(Weights {
        precision: copy.precision,
        matrices,
        vectors,
        sha256: copy.source.to_owned(),
        notes: Vec::new(),
    })
}
