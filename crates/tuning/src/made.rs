//! Weights of any size without a file, for measuring: a small random block, repeated.

use std::collections::BTreeMap;

use overread_kernels::{Bytes, Format, Matrix};
use overread_medgemma::Precision;

use crate::error::Result;
use crate::model::{Held, Tensors};
use crate::random::Draw;

/// Rows of a matrix that are drawn; the others repeat them.
const ROWS: usize = 64;

/// Frozen weights that mean nothing, held in the formats in which the engine holds a model in this precision, each in
/// memory of its own: what a step costs depends on their sizes alone. Matrices are normal with deviation 1 / sqrt(in).
#[derive(Debug)]
pub struct Made {
    precision: Precision,
    blocks: BTreeMap<(&'static str, usize), Matrix>,
}

impl Made {
    /// In a precision.
    pub fn new(precision: Precision) -> Self {
        Self {
            precision,
            blocks: BTreeMap::new(),
        }
    }
}

/// The format of a matrix, by its internal name, of a model held in `precision`.
pub(crate) fn format(name: &str, precision: Precision) -> Format {
    let is_end = name.starts_with("projector.") || name.ends_with("patch_embedding.weight");
    let is_vocabulary = matches!(name, "text.embed_tokens.weight" | "head.weight");
    match precision {
        _ if is_end => Format::F32,
        Precision::F32 => Format::F32,
        Precision::Bf16 => Format::Bf16,
        _ if name.starts_with("vision.") => Format::Bf16,
        Precision::Q4K if is_vocabulary => Format::Q6K,
        Precision::Q4K => Format::Q4K,
        Precision::Q8_0 => Format::Q8_0,
    }
}

impl Tensors for Made {
    fn matrix(&mut self, name: &str, out: usize, inputs: usize) -> Result<Held> {
        let format = format(name, self.precision);
        let block = self.blocks.entry((format.name(), inputs)).or_insert_with(|| {
            let draw = Draw::new(inputs as u64).named(format.name());
            let deviation = (inputs as f64).powf(-0.5);
            Matrix::pack(format, ROWS, inputs, |row, into| {
                for (i, v) in into.iter_mut().enumerate() {
                    *v = (deviation * draw.normal((row * inputs + i) as u64)) as f32;
                }
            })
        });
        let length = Matrix::packed_bytes(format, out, inputs);
        let bytes = Bytes::filled(length, |into| {
            for part in into.chunks_mut(block.bytes().len()) {
                part.copy_from_slice(&block.bytes()[..part.len()]);
            }
        });
        let matrix = Matrix::from_packed(format, out, inputs, bytes);
        Ok(Held::Packed(matrix.unwrap_or_else(|| block.clone())))
    }

    fn vector(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let is_scale = name.contains("norm") && name.ends_with("weight");
        Ok(vec![f32::from(u8::from(is_scale)); shape.iter().product()])
    }

    fn learned(&self, _: &str) -> bool {
        false
    }
}
