//! Number formats of weights on disk, and rows of them as float32.

use overread_kernels::Format;
use overread_kernels::rounding::{from_bf16, from_f16};

use crate::gguf::blocks;

/// A number format of safetensors or GGUF, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    F32,
    F16,
    Bf16,
    Q8_0,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

impl Stored {
    /// Weights of a block.
    pub(crate) fn block(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => 1,
            Self::Q8_0 | Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 => 32,
            Self::Q2K | Self::Q3K | Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of a block.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Q8_0 => 34,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q2K => 84,
            Self::Q3K => 110,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// As people write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q2K => "Q2_K",
            Self::Q3K => "Q3_K",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
        }
    }

    /// True for blocks that share a scale.
    pub(crate) fn is_quantised(self) -> bool {
        self.block() > 1
    }

    /// The packed format that holds the same numbers with nothing lost, where there is one: the format's own, or
    /// `Q8_0` for 4- and 5-bit blocks without a minimum.
    pub(crate) fn exact_format(self) -> Option<Format> {
        match self {
            Self::F32 => Some(Format::F32),
            Self::Bf16 => Some(Format::Bf16),
            Self::Q8_0 | Self::Q4_0 | Self::Q5_0 => Some(Format::Q8_0),
            Self::Q4K => Some(Format::Q4K),
            Self::Q6K => Some(Format::Q6K),
            Self::F16 | Self::Q4_1 | Self::Q5_1 | Self::Q2K | Self::Q3K | Self::Q5K => None,
        }
    }

    /// Weights as float32: as many as whole blocks are in both.
    pub(crate) fn widen(self, bytes: &[u8], out: &mut [f32]) {
        match self {
            Self::F32 => {
                for (b, o) in bytes.as_chunks::<4>().0.iter().zip(out) {
                    *o = f32::from_le_bytes(*b);
                }
            }
            Self::F16 => {
                for (b, o) in bytes.as_chunks::<2>().0.iter().zip(out) {
                    *o = from_f16(u16::from_le_bytes(*b));
                }
            }
            Self::Bf16 => {
                for (b, o) in bytes.as_chunks::<2>().0.iter().zip(out) {
                    *o = from_bf16(u16::from_le_bytes(*b));
                }
            }
            quantised => blocks::widen(quantised, bytes, out),
        }
    }
}
