//! What is learned, on disk: enough to go on after a kill as if nothing had happened.
//!
//! One `safetensors` file with every learned tensor and its two moments, float32, and the run's own words in its
//! metadata. It is written beside and moved into place, so that there is always a whole one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use sha2::{Digest, Sha256};

use crate::error::{Result, TuningError};
use crate::optimiser::AdamW;
use crate::parameters::Parameters;

const KEY: &str = "overread.run";

/// Writes a file beside its place and moves it there.
///
/// # Errors
/// [`TuningError::File`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: std::io::Error| TuningError::File {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&beside)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map_err(failed)
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The bytes of a `safetensors` file of float32 tensors.
pub(crate) fn pack(
    tensors: &BTreeMap<String, (Vec<usize>, Vec<u8>)>,
    dtype: Dtype,
    metadata: Vec<(String, String)>,
) -> Result<Vec<u8>> {
    let views = tensors
        .iter()
        .map(|(name, (shape, data))| Ok((name.as_str(), TensorView::new(dtype, shape.clone(), data)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>();
    let metadata = (!metadata.is_empty()).then(|| metadata.into_iter().collect());
    views
        .and_then(|views| serialize(views, metadata))
        .map_err(|error| TuningError::Settings(format!("the tensors could not be packed: {error}")))
}

/// Keeps parameters, moments and the words of the run (JSON).
///
/// # Errors
/// [`TuningError::File`].
pub fn keep(path: &Path, parameters: &Parameters<f32>, optimiser: &AdamW<f32>, run: &str) -> Result<()> {
    let mut tensors = BTreeMap::new();
    for ((_, parameter), moments) in parameters.iter().zip(&optimiser.moments) {
        let Some(moments) = moments else { continue };
        for (part, values) in [
            ("value", &parameter.values),
            ("mean", &moments[0]),
            ("square", &moments[1]),
        ] {
            tensors.insert(
                format!("{part}.{}", parameter.name),
                (parameter.shape.clone(), bytes(values)),
            );
        }
    }
    let packed = pack(&tensors, Dtype::F32, vec![(KEY.to_owned(), run.to_owned())])?;
    // The sum over everything tells a torn or damaged file from a whole one.
    let mut whole = Sha256::digest(&packed).to_vec();
    whole.extend(packed);
    write_whole(path, &whole)
}

/// Takes back what [`keep`] kept: parameters and moments are filled, the words of the run returned. `None` when there
/// is no whole file.
///
/// # Errors
/// [`TuningError::OtherRun`] when its tensors are not those that are learned.
pub fn take(
    path: &Path,
    parameters: &mut Parameters<f32>,
    optimiser: &mut AdamW<f32>,
) -> Result<Option<String>> {
    let Ok(whole) = fs::read(path) else {
        return Ok(None);
    };
    let Some((sum, packed)) = whole.split_at_checked(32) else {
        return Ok(None);
    };
    if Sha256::digest(packed)[..] != *sum {
        return Ok(None);
    }
    let other = |reason: &str| TuningError::OtherRun {
        path: path.to_path_buf(),
        reason: reason.to_owned(),
    };
    let (_, header) = SafeTensors::read_metadata(packed).map_err(|e| other(&e.to_string()))?;
    let run = header
        .metadata()
        .as_ref()
        .and_then(|m| m.get(KEY).cloned())
        .ok_or_else(|| other("it says nothing about its run"))?;
    let tensors = SafeTensors::deserialize(packed).map_err(|e| other(&e.to_string()))?;
    let mut found = 0;
    for ((_, parameter), moments) in parameters.iter_mut().zip(&mut optimiser.moments) {
        let Some([mean, square]) = moments else { continue };
        for (part, values) in [
            ("value", &mut parameter.values),
            ("mean", mean),
            ("square", square),
        ] {
            let name = format!("{part}.{}", parameter.name);
            let view = tensors
                .tensor(&name)
                .map_err(|_| other(&format!("it has no {name}")))?;
            if view.shape() != parameter.shape {
                return Err(other(&format!("{name} has another shape")));
            }
            for (value, bytes) in values.iter_mut().zip(view.data().as_chunks::<4>().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            found += 1;
        }
    }
    if found != tensors.len() {
        return Err(other("it has learned other tensors"));
    }
    Ok(Some(run))
}
