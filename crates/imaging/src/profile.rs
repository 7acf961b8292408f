//! Colour profiles: device RGB of a file to sRGB, by whoever can read the profile.

use std::fmt;
use std::sync::Arc;

/// Turns RGB of a device into sRGB.
pub trait ToSrgb: Send + Sync {
    /// sRGB of interleaved RGB bytes; `None` when the profile cannot be used.
    fn convert(&self, rgb: &[u8]) -> Option<Vec<u8>>;
}

/// A colour profile (ICC Profile, PS3.3 C.11.15); two are equal when their bytes are.
#[derive(Clone)]
pub struct ColourProfile {
    /// The profile as the file holds it.
    pub bytes: Arc<[u8]>,
    /// Reads it.
    pub converter: Arc<dyn ToSrgb>,
}

impl fmt::Debug for ColourProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColourProfile")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl PartialEq for ColourProfile {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}
