//! The model on one of its two backends: the kernels of this project on the CPU, candle's tensors on a GPU.

use std::collections::BTreeSet;

use candle_core::Device;
use overread_kernels::attention::Precision as Arithmetic;

use crate::candle_backend;
use crate::config::Config;
use crate::decoder::{self, CacheFormat, Span, Wanted};
use crate::error::{EngineError, Result};
use crate::image::Picture;
use crate::linear::{Linear, Pass};
use crate::vision;
use crate::weights::{Precision, Weights};

/// Tower, projector and decoder.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a model")]
pub(crate) enum Model {
    /// On kernels.
    Kernels {
        vision: Option<(vision::Tower, vision::Projector)>,
        decoder: decoder::Decoder,
        format: CacheFormat,
    },
    /// In candle's tensors.
    Candle {
        vision: Option<(candle_backend::Tower, candle_backend::Projector)>,
        decoder: candle_backend::Decoder,
    },
}

/// What the decoder keeps of what it has read. A clone of a frozen one is free.
#[derive(Clone, Debug)]
pub(crate) enum Cache {
    Kernels(decoder::Cache),
    Candle(candle_backend::Cache),
}

impl Cache {
    /// Tokens read.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Kernels(cache) => cache.length(),
            Self::Candle(cache) => cache.length,
        }
    }

    /// Says how many tokens will come, so that room is made once.
    pub(crate) fn expect(&mut self, tokens: usize) {
        if let Self::Kernels(cache) = self {
            cache.expect(tokens);
        }
    }

    /// Makes clones share what was read.
    pub(crate) fn freeze(&mut self) {
        if let Self::Kernels(cache) = self {
            cache.freeze();
        }
    }

    /// Bytes that `seen` did not count before.
    pub(crate) fn bytes(&self, seen: &mut BTreeSet<usize>) -> usize {
        match self {
            Self::Kernels(cache) => cache.bytes(seen),
            Self::Candle(cache) => cache.bytes(),
        }
    }
}

impl Model {
    /// Takes the weights for a device; the CPU is the kernels'.
    ///
    /// # Errors
    /// A device that is not there, a precision that it does not hold, missing tensors.
    pub(crate) fn take(
        weights: &mut Weights,
        config: &Config,
        precision: Precision,
        device: &str,
    ) -> Result<Self> {
        // The reference in bfloat16 scales the embedding by a rounded factor.
        let rounded = precision == Precision::Bf16;
        if device == "cpu" {
            let arithmetic = match precision {
                Precision::F32 => Arithmetic::F32,
                Precision::Bf16 | Precision::Q8_0 | Precision::Q4K => Arithmetic::Bf16,
            };
            return Ok(Self::Kernels {
                decoder: decoder::Decoder::take(weights, &config.text, rounded)?,
                vision: match &config.vision {
                    Some(tower) => Some((
                        vision::Tower::take(weights, tower, arithmetic)?,
                        vision::Projector::take(weights, config, tower)?,
                    )),
                    None => None,
                },
                format: if precision.is_quantised() {
                    CacheFormat::F16
                } else {
                    CacheFormat::F32
                },
            });
        }
        if device == "candle" {
            return Self::take_for_candle(weights, config, rounded, &Device::Cpu);
        }
        if precision.is_quantised() {
            return Err(EngineError::Unsupported(format!(
                "{} weights are read on the CPU; on {device} choose bf16 or f32",
                precision.name()
            )));
        }
        Self::take_for_candle(weights, config, rounded, &candle_backend::device(device)?)
    }

    /// In candle's tensors on that device, the CPU too: the kernels' twin.
    ///
    /// # Errors
    /// Missing tensors, too little memory on the device.
    pub(crate) fn take_for_candle(
        weights: &mut Weights,
        config: &Config,
        rounded: bool,
        device: &Device,
    ) -> Result<Self> {
        Ok(Self::Candle {
            decoder: candle_backend::Decoder::take(weights, &config.text, rounded, device)?,
            vision: match &config.vision {
                Some(tower) => Some((
                    candle_backend::Tower::take(weights, tower, device)?,
                    candle_backend::Projector::take(weights, config, tower, device)?,
                )),
                None => None,
            },
        })
    }

    /// Tower output `[patches, Dv]` and projected features `[tokens, D]` of a picture of the tower's size.
    ///
    /// # Errors
    /// A model without a tower, cancelled.
    pub(crate) fn encode(&self, pass: Pass<'_>, picture: &Picture) -> Result<(Vec<f32>, Vec<f32>)> {
        let blind = || EngineError::BadQuestion("the model reads text only".to_owned());
        match self {
            Self::Kernels { vision, .. } => {
                let (tower, projector) = vision.as_ref().ok_or_else(blind)?;
                let hidden = tower.forward(pass, picture, &mut |_| {})?;
                let features = projector.forward(pass, &hidden)?;
                Ok((hidden, features))
            }
            Self::Candle { vision, .. } => {
                no_adapter(pass)?;
                let (tower, projector) = vision.as_ref().ok_or_else(blind)?;
                let hidden = tower.forward(picture, pass.cancel)?;
                let features = projector.forward(&hidden)?;
                Ok((
                    hidden.flatten_all()?.to_vec1()?,
                    features.flatten_all()?.to_vec1()?,
                ))
            }
        }
    }

    /// A map by its internal name (without `.weight`), where the kernels hold it.
    pub(crate) fn linear(&self, name: &str) -> Option<&Linear> {
        let Self::Kernels { vision, decoder, .. } = self else {
            return None;
        };
        let towers = vision.iter();
        decoder
            .linears()
            .chain(
                towers.flat_map(|(tower, projector)| {
                    tower.linears().chain(std::iter::once(projector.linear()))
                }),
            )
            .find(|linear| linear.name() == name)
    }

    /// An empty cache.
    pub(crate) fn cache(&self) -> Cache {
        match self {
            Self::Kernels { decoder, format, .. } => Cache::Kernels(decoder.cache(*format)),
            Self::Candle { decoder, .. } => Cache::Candle(decoder.cache()),
        }
    }

    /// Reads tokens; gives the hidden states wanted, not yet normed. See [`decoder::Decoder::forward`].
    ///
    /// # Errors
    /// Cancelled.
    pub(crate) fn forward(
        &self,
        pass: Pass<'_>,
        tokens: Tokens<'_>,
        span: &Span,
        cache: &mut Cache,
        wanted: Wanted,
        watch: Option<&mut dyn FnMut(&[f32])>,
    ) -> Result<Vec<f32>> {
        let Tokens {
            ids,
            blocks,
            features,
        } = tokens;
        match (self, cache) {
            (Self::Kernels { decoder, .. }, Cache::Kernels(cache)) => {
                let embedded = decoder.embed(pass, ids, blocks, features);
                decoder.forward(pass, embedded, span, cache, wanted, watch)
            }
            (Self::Candle { decoder, .. }, Cache::Candle(cache)) => {
                no_adapter(pass)?;
                let embedded = decoder.embed(ids, blocks, features)?;
                decoder.forward(pass.cancel, embedded, span, cache, &wanted, watch)
            }
            _ => Err(EngineError::BadQuestion(
                "it was begun on another device".to_owned(),
            )),
        }
    }

    /// The final norm of hidden states `[n, D]`.
    ///
    /// # Errors
    /// The device.
    pub(crate) fn finish(&self, pass: Pass<'_>, hidden: &[f32]) -> Result<Vec<f32>> {
        match self {
            Self::Kernels { decoder, .. } => Ok(decoder.finish(pass, hidden)),
            Self::Candle { decoder, .. } => decoder.finish(hidden),
        }
    }

    /// Hands the logits `[V]` of every hidden state `[n, D]` (not yet normed) to `each`, with its index.
    ///
    /// # Errors
    /// Cancelled; [`EngineError::Compute`] where logits are no finite numbers, of which no answer can be made.
    pub(crate) fn logits(
        &self,
        pass: Pass<'_>,
        hidden: &[f32],
        each: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<()> {
        let normed = self.finish(pass, hidden)?;
        let mut finite = true;
        let mut each = |i: usize, row: &[f32]| {
            finite &= row.iter().all(|v| v.is_finite());
            each(i, row);
        };
        match self {
            Self::Kernels { decoder, .. } => decoder.logits(pass, &normed, &mut each)?,
            Self::Candle { decoder, .. } => decoder.logits(pass.cancel, &normed, &mut each)?,
        }
        if finite {
            return Ok(());
        }
        let reason =
            "its logits are not finite numbers: weights or adapter are damaged, or do not belong together";
        Err(EngineError::Compute(candle_core::Error::msg(reason)))
    }
}

/// Tokens to read: ids, the image of each (-1 for text), and features for the image tokens among them, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokens<'a> {
    pub(crate) ids: &'a [u32],
    pub(crate) blocks: &'a [i32],
    pub(crate) features: &'a [f32],
}

fn no_adapter(pass: Pass<'_>) -> Result<()> {
    match pass.adapter {
        Some(_) => Err(EngineError::BadQuestion(
            "adapters are switched on the CPU only: load the model with the adapter merged".to_owned(),
        )),
        None => Ok(()),
    }
}
