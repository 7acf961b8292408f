//! The same model in candle's tensors, for the devices that candle drives (CUDA, Metal). On the CPU it is the twin that
//! the kernels are held against; nothing is read with it there.
//!
//! Matrices are held in float32 or bfloat16; quantised weights and adapters at run time belong to the kernels.

mod attention;
mod cache;
mod decoder;
mod layer;
mod norm;
mod rope;
mod tower;
mod tower_attention;

pub(crate) use cache::Cache;
pub(crate) use decoder::Decoder;
pub(crate) use tower::{Projector, Tower};

use candle_core::Device;

use crate::error::{EngineError, Result};

/// A device by its word: `cpu`, `cuda`, `metal`, the latter two with an optional number (`cuda:1`).
///
/// # Errors
/// [`EngineError::Unsupported`] for a word or a device that this build does not know, and for one that is not there.
pub(crate) fn device(name: &str) -> Result<Device> {
    let (kind, number) = name.split_once(':').unwrap_or((name, "0"));
    let unknown = || EngineError::Unsupported(format!("the device {name} is not known: cpu, cuda, metal"));
    let number: usize = number.parse().map_err(|_| unknown())?;
    let open = match kind {
        "cpu" => return Ok(Device::Cpu),
        "cuda" if cfg!(feature = "cuda") => Device::new_cuda(number),
        "metal" if cfg!(feature = "metal") => Device::new_metal(number),
        "cuda" | "metal" => {
            return Err(EngineError::Unsupported(format!(
                "this program was built without {kind}: build it with the feature of that name"
            )));
        }
        _ => return Err(unknown()),
    };
    open.map_err(|error| EngineError::Unsupported(format!("the device {name} cannot be used ({error})")))
}
