//! An adapter beside the weights it changes: `y = W x + s B (A x)`, switched by passing another one, the base untouched.
//!
//! LoRA: Hu et al. 2021; rsLoRA (the scale): Kalajdzievski 2023; DoRA (the row factor): Liu et al. 2024.

use std::collections::BTreeMap;

use overread_kernels::{Epilogue, Format, Input, Matrix};

use crate::adapter::AdapterWeights;
use crate::error::{EngineError, Result};
use crate::linear::{Linear, Pass};
use crate::weights::PROJECTION;

/// What an adapter does to one map.
#[derive(Debug)]
pub(crate) enum Change {
    /// A low-rank update.
    LowRank {
        /// `[r, in]`.
        a: Matrix,
        /// `[out, r]`.
        b: Matrix,
        /// alpha / r, or alpha / sqrt(r).
        scale: f32,
        /// DoRA: magnitude over the norm of the updated row, one a row.
        factor: Option<Vec<f32>>,
        /// Weights that the update belongs to, where they are not the model's.
        over: Option<Matrix>,
    },
    /// Other weights altogether (modules_to_save).
    Replaced(Matrix),
}

impl Change {
    /// A low-rank update of `base` from plain rows: `a` is `[r, in]`, `b` is `[out, r]`, `magnitude` `[out]`.
    pub(crate) fn low_rank(
        base: &Matrix,
        a: &[f32],
        b: &[f32],
        rank: usize,
        scale: f32,
        magnitude: Option<&[f32]>,
    ) -> Self {
        let (out, inn) = (base.rows(), base.columns());
        let pack = |values: &[f32], rows: usize, columns: usize| {
            Matrix::pack(Format::F32, rows, columns, |r, row| {
                row.copy_from_slice(&values[r * columns..][..columns]);
            })
        };
        let factor = magnitude.map(|magnitude| {
            let mut row = vec![0.0; inn];
            (0..out)
                .map(|i| {
                    base.row(i, &mut row);
                    for (j, c) in b[i * rank..][..rank].iter().enumerate() {
                        for (v, x) in row.iter_mut().zip(&a[j * inn..][..inn]) {
                            *v += scale * c * x;
                        }
                    }
                    let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
                    (f64::from(magnitude[i]) / norm) as f32
                })
                .collect()
        });
        Self::LowRank {
            a: pack(a, rank, inn),
            b: pack(b, out, rank),
            scale,
            factor,
            over: None,
        }
    }

    /// The same update of weights that the adapter brought itself.
    fn over(self, matrix: Matrix) -> Self {
        match self {
            Self::LowRank {
                a, b, scale, factor, ..
            } => Self::LowRank {
                a,
                b,
                scale,
                factor,
                over: Some(matrix),
            },
            replaced @ Self::Replaced(_) => replaced,
        }
    }

    /// The product without bias.
    pub(crate) fn multiply(&self, pass: Pass<'_>, base: &Matrix, input: &mut Input, out: &mut [f32]) {
        let (kernels, stop) = (pass.kernels, pass.stop());
        match self {
            Self::Replaced(matrix) => matrix.multiply(kernels, input, out, Epilogue::None, stop),
            Self::LowRank {
                a,
                b,
                scale,
                factor,
                over,
            } => {
                over.as_ref()
                    .unwrap_or(base)
                    .multiply(kernels, input, out, Epilogue::None, stop);
                let rows = input.rows();
                let mut narrow = vec![0.0; rows * a.rows()];
                a.multiply(kernels, input, &mut narrow, Epilogue::None, stop);
                let mut inner = Input::default();
                inner.load(&narrow, rows, a.rows());
                let mut wide = vec![0.0; rows * b.rows()];
                b.multiply(kernels, &mut inner, &mut wide, Epilogue::None, stop);
                let width = b.rows();
                for (i, (o, v)) in out.iter_mut().zip(&wide).enumerate() {
                    *o = (*o + scale * v) * factor.as_ref().map_or(1.0, |f| f[i % width]);
                }
            }
        }
    }
}

/// A loaded adapter, ready to be passed beside a question.
#[derive(Debug, Default)]
pub struct Adapter {
    /// Folder's last part.
    pub name: String,
    /// SHA-256 over its files.
    pub sha256: String,
    changes: BTreeMap<String, Change>,
    /// Norms, biases and position rows in place of the model's, by name of the tensor.
    vectors: BTreeMap<String, Vec<f32>>,
}

impl Adapter {
    /// Makes an adapter ready for a model, whose maps `linear` finds by name.
    ///
    /// # Errors
    /// [`EngineError::BadAdapter`] where the model has no such map, which reading has ruled out on the CPU.
    pub(crate) fn build<'m>(
        weights: &AdapterWeights,
        linear: &dyn Fn(&str) -> Option<&'m Linear>,
    ) -> Result<Self> {
        let find = |name: &str| -> Result<&'m Linear> {
            // A tied head is the embedding's rows.
            let tied = || (name == "head").then(|| linear("text.embed_tokens")).flatten();
            linear(name).or_else(tied).ok_or_else(|| EngineError::BadAdapter {
                name: weights.name.clone(),
                reason: format!(
                    "{name} is not computed on this device; load the model with the adapter merged"
                ),
            })
        };
        let (mut changes, mut vectors) = (BTreeMap::new(), BTreeMap::new());
        for (name, (shape, values)) in &weights.replaced {
            if shape.len() == 1 || name.ends_with("position_embedding.weight") {
                // The model holds RMSNorm scales with the one added.
                let one = if name.starts_with("text.") || name.starts_with("projector.") {
                    1.0
                } else {
                    0.0
                };
                vectors.insert(name.clone(), values.iter().map(|v| v + one).collect());
                continue;
            }
            let layer = name.trim_end_matches("_weight").trim_end_matches(".weight");
            let base = find(layer)?.matrix();
            let (rows, columns) = (base.rows(), base.columns());
            // What a quantised model brings along is not rounded further than to bfloat16.
            let format = if base.format() == Format::F32 {
                Format::F32
            } else {
                Format::Bf16
            };
            let transposed = name == PROJECTION;
            let matrix = Matrix::pack(format, rows, columns, |r, row| {
                if transposed {
                    for (o, from) in row.iter_mut().zip(values.chunks_exact(rows)) {
                        *o = from[r];
                    }
                } else {
                    row.copy_from_slice(&values[r * columns..][..columns]);
                }
            });
            changes.insert(layer.to_owned(), Change::Replaced(matrix));
        }
        for (name, entry) in &weights.entries {
            let own = match changes.remove(name) {
                Some(Change::Replaced(matrix)) => Some(matrix),
                _ => None,
            };
            let base = find(name)?.matrix();
            let change = Change::low_rank(
                own.as_ref().unwrap_or(base),
                &entry.a,
                &entry.b,
                entry.r,
                entry.scale,
                entry.magnitude.as_deref(),
            );
            let change = match own {
                // Most often a copy of what the model has: not held twice.
                Some(matrix) if !same(&matrix, base) => change.over(matrix),
                _ => change,
            };
            changes.insert(name.clone(), change);
        }
        Ok(Self {
            name: weights.name.clone(),
            sha256: weights.sha256.clone(),
            changes,
            vectors,
        })
    }

    /// The vector in place of `NAME.PART`.
    pub(crate) fn vector(&self, name: &str, part: &str) -> Option<&[f32]> {
        if self.vectors.is_empty() {
            return None;
        }
        self.vectors.get(&format!("{name}.{part}")).map(Vec::as_slice)
    }

    /// What it does to the map of that internal name (without `.weight`).
    pub(crate) fn change(&self, name: &str) -> Option<&Change> {
        self.changes.get(name)
    }

    /// True when it changes what a picture becomes.
    pub fn changes_vision(&self) -> bool {
        self.changes
            .keys()
            .chain(self.vectors.keys())
            .any(|name| name.starts_with("vision.") || name.starts_with("projector."))
    }
}

/// True when two matrices stand for the same weights.
fn same(one: &Matrix, two: &Matrix) -> bool {
    let mut rows = (vec![0.0; one.columns()], vec![0.0; two.columns()]);
    (one.rows(), one.columns()) == (two.rows(), two.columns())
        && (0..one.rows()).all(|i| {
            one.row(i, &mut rows.0);
            two.row(i, &mut rows.1);
            rows.0 == rows.1
        })
}
