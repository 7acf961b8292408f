//! Which form each tensor is held in, and the bytes that this takes.

use overread_kernels::{Format, Matrix};

use super::expected::expected;
use super::stored::Stored;
use crate::config::Config;

/// How matrices are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Precision {
    /// 4 bytes a weight: the contract of the traces.
    #[default]
    F32,
    /// 2 bytes a weight.
    Bf16,
    /// 8.5 bits a weight in the decoder, bfloat16 in the tower; blocks that a GGUF file brings are kept. Activations are
    /// rounded to bytes twice, the second time what the first has left over.
    Q8_0,
    /// 4.6 bits a weight in the decoder, 6.6 in the embedding, bfloat16 in the tower; blocks that a GGUF file brings are
    /// kept. Activations are rounded to bytes.
    Q4K,
}

impl Precision {
    /// All of them, widest first.
    pub const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::Q8_0, Self::Q4K];

    /// A word for records and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Q8_0 => "q8_0",
            Self::Q4K => "q4_k",
        }
    }

    /// From its word.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|precision| precision.name() == name)
    }

    /// True where activations are rounded to bytes.
    pub fn is_quantised(self) -> bool {
        matches!(self, Self::Q8_0 | Self::Q4K)
    }
}

/// What becomes of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Packed rows, `[out, in]`.
    Matrix(Format),
    /// Stored `[in, out]`, packed as `[out, in]`.
    Transposed(Format),
    /// float32 as it is.
    Vector,
    /// RMSNorm scale, float32 with the one added.
    Norm,
}

/// The projector's matrix, the only one stored input first.
pub(crate) const PROJECTION: &str = "projector.mm_input_projection_weight";

/// What becomes of the tensor `name` of `shape`, stored in `stored`.
pub(crate) fn kind(name: &str, shape: &[usize], stored: Stored, precision: Precision) -> Kind {
    // MedSigLIP's text tower and pooling head are of the image tower's kind.
    let vision = name.starts_with("vision.") || name.starts_with("siglip.");
    if shape.len() == 1 {
        return if vision { Kind::Vector } else { Kind::Norm };
    }
    if name.ends_with("position_embedding.weight") || name == "siglip.head.probe" {
        return Kind::Vector;
    }
    // Two small products that begin and end the tower: kept whole, since rounding them costs more than it saves.
    if name == PROJECTION {
        return Kind::Transposed(Format::F32);
    }
    if name.ends_with("patch_embedding.weight") {
        return Kind::Matrix(Format::F32);
    }
    Kind::Matrix(match precision {
        Precision::F32 => Format::F32,
        Precision::Bf16 => Format::Bf16,
        // Blocks are kept as they came: rounding them again would add an error and gain nothing.
        _ if stored.is_quantised() => stored.exact_format().unwrap_or(Format::Q8_0),
        Precision::Q4K if !vision => {
            if matches!(name, "text.embed_tokens.weight" | "head.weight") {
                Format::Q6K
            } else {
                Format::Q4K
            }
        }
        // The tower is a tenth of the weights and most of the time: in the format it is published in, its products are
        // faster than bytes where the processor multiplies bfloat16, and closer everywhere.
        Precision::Q8_0 | Precision::Q4K if vision => Format::Bf16,
        Precision::Q8_0 | Precision::Q4K => Format::Q8_0,
    })
}

/// Bytes of a tensor as it is held.
pub(crate) fn held_bytes(kind: Kind, shape: &[usize]) -> u64 {
    Held::new(kind, shape).bytes() as u64
}

/// Bytes of all weights that a config asks for, held in this precision; `stored` says how a tensor lies on disk.
pub(crate) fn weight_bytes(config: &Config, precision: Precision, stored: &dyn Fn(&str) -> Stored) -> u64 {
    bytes_of(&expected(config), precision, stored)
}

/// The same for tensors by name and shape.
pub(crate) fn bytes_of(
    tensors: &[(String, Vec<usize>)],
    precision: Precision,
    stored: &dyn Fn(&str) -> Stored,
) -> u64 {
    tensors
        .iter()
        .map(|(name, shape)| held_bytes(kind(name, shape, stored(name), precision), shape))
        .sum()
}

/// A tensor as it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Packed rows.
    Matrix {
        format: Format,
        rows: usize,
        columns: usize,
    },
    /// So many float32.
    Vector(usize),
}

impl Held {
    /// What a tensor of this kind and stored shape is held as.
    pub(crate) fn new(kind: Kind, shape: &[usize]) -> Self {
        let count: usize = shape.iter().product();
        let rows = shape.first().copied().unwrap_or(1);
        let columns = count / rows.max(1);
        match kind {
            Kind::Matrix(format) => Self::Matrix {
                format,
                rows,
                columns,
            },
            Kind::Transposed(format) => Self::Matrix {
                format,
                rows: columns,
                columns: rows,
            },
            Kind::Vector | Kind::Norm => Self::Vector(count),
        }
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Matrix {
                format,
                rows,
                columns,
            } => Matrix::packed_bytes(format, rows, columns),
            Self::Vector(count) => count * 4,
        }
    }
}
