//! An adapter beside the weights it changes: `y = W x + s B (A x)`, switched by passing another one, the base untouched.
//!
//! LoRA: Hu et al. 2021; rsLoRA (the scale): Kalajdzievski 2023; DoRA (the row factor): Liu et al. 2024.

use std::collections::BTreeMap;

use overread_kernels::{Epilogue, Format, Input, Matrix};

use crate::linear::Pass;

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
        }
    }

    /// The product without bias.
    pub(crate) fn multiply(&self, pass: Pass<'_>, base: &Matrix, input: &mut Input, out: &mut [f32]) {
        let (kernels, stop) = (pass.kernels, pass.stop());
        match self {
            Self::Replaced(matrix) => matrix.multiply(kernels, input, out, Epilogue::None, stop),
            Self::LowRank { a, b, scale, factor } => {
                base.multiply(kernels, input, out, Epilogue::None, stop);
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
}

impl Adapter {
    pub(crate) fn new(name: String, sha256: String, changes: BTreeMap<String, Change>) -> Self {
        Self {
            name,
            sha256,
            changes,
        }
    }

    /// What it does to the map of that internal name (without `.weight`).
    pub(crate) fn change(&self, name: &str) -> Option<&Change> {
        self.changes.get(name)
    }

    /// True when it changes what a picture becomes.
    pub fn changes_vision(&self) -> bool {
        self.changes
            .keys()
            .any(|name| name.starts_with("vision.") || name.starts_with("projector."))
    }
}
