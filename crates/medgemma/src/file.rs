//! One safetensors file, mapped: tensors by name, rows to float32.

use std::path::Path;

use half::{bf16, f16};
use memmap2::Mmap;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use crate::error::{EngineError, Result};
use crate::map::map;

/// A mapped file whose header was checked against its length.
#[derive(Debug)]
pub(crate) struct TensorFile {
    name: String,
    bytes: Mmap,
    start: usize,
    header: Metadata,
}

impl TensorFile {
    /// Maps a file.
    ///
    /// # Errors
    /// [`EngineError::BadFile`] when it cannot be read or is no sound safetensors file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let name = path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let bad = |reason: String| EngineError::BadFile {
            file: name.clone(),
            reason,
        };
        let bytes = map(path).map_err(|error| bad(error.to_string()))?;
        let (length, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| bad(format!("it is no sound safetensors file ({error})")))?;
        Ok(Self {
            name,
            start: length.saturating_add(8),
            bytes,
            header,
        })
    }

    /// Names of the tensors, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.header.offset_keys();
        names.sort();
        names
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A tensor by name.
    ///
    /// # Errors
    /// [`EngineError::MissingTensors`], [`EngineError::Unsupported`] for numbers other than float32, float16, bfloat16.
    pub(crate) fn view(&self, name: &str) -> Result<View<'_>> {
        let missing = || EngineError::MissingTensors(vec![name.to_owned()]);
        let TensorInfo {
            dtype,
            shape,
            data_offsets: (from, to),
        } = self.header.info(name).ok_or_else(missing)?;
        let width = match dtype {
            Dtype::F32 => 4,
            Dtype::F16 | Dtype::BF16 => 2,
            other => {
                return Err(EngineError::Unsupported(format!(
                    "tensor {name} of {} is of type {other:?}",
                    self.name
                )));
            }
        };
        let range = self.start.saturating_add(*from)..self.start.saturating_add(*to);
        Ok(View {
            dtype: *dtype,
            width,
            shape,
            bytes: self.bytes.get(range).ok_or_else(missing)?,
        })
    }
}

/// A tensor where it lies in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    dtype: Dtype,
    width: usize,
    /// Sizes, outermost first.
    pub(crate) shape: &'a [usize],
    bytes: &'a [u8],
}

impl View<'_> {
    /// All values, row-major.
    pub(crate) fn values(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.bytes.len() / self.width];
        self.decode(self.bytes, &mut out);
        out
    }

    /// Values `[row * out.len(), (row + 1) * out.len())`; zeros where the tensor ends.
    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        let length = out.len().saturating_mul(self.width);
        let from = row.saturating_mul(length);
        match self.bytes.get(from..from.saturating_add(length)) {
            Some(bytes) => self.decode(bytes, out),
            None => out.fill(0.0),
        }
    }

    fn decode(&self, bytes: &[u8], out: &mut [f32]) {
        match self.dtype {
            Dtype::F32 => {
                for (o, b) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *o = f32::from_le_bytes(*b);
                }
            }
            Dtype::F16 => {
                for (o, b) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *o = f16::from_le_bytes(*b).to_f32();
                }
            }
            _ => {
                for (o, b) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *o = bf16::from_le_bytes(*b).to_f32();
                }
            }
        }
    }
}

/// Bytes as hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, b| text + &format!("{b:02x}"))
}
