//! JPEG (ITU-T T.81): 8-bit DCT by jpeg-decoder; 12-bit DCT and lossless, which it cannot or not wholly decode, here.

mod dct;
mod eight_bit;
mod huffman;
mod lossless;
mod stream;
mod transform;

use crate::codec::Decoded;
use stream::{Process, Stream};

/// Decodes one frame. `header_rgb` is what the DICOM header says of the colours, used where the stream is silent.
///
/// # Errors
/// In words, when the stream is damaged or of a kind that is not supported.
pub fn decode(bytes: &[u8], most_samples: usize, header_rgb: bool) -> Result<Decoded, String> {
    let stream = Stream::new(bytes)?;
    let frame = stream.frame()?;
    if frame.samples() > most_samples {
        return Err(format!("it holds {} x {} pixels", frame.columns, frame.rows));
    }
    match frame.process {
        Process::Lossless => lossless::decode(stream),
        Process::Sequential | Process::Progressive if frame.precision > 8 => dct::decode(stream, header_rgb),
        Process::Sequential | Process::Progressive => {
            eight_bit::decode(bytes, most_samples, frame.colours(header_rgb))
        }
    }
}
