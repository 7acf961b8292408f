//! JPEG (ITU-T T.81): 8-bit DCT by jpeg-decoder; 12-bit DCT and lossless, which it cannot or not wholly decode, here.

mod block;
mod colour;
mod dct;
mod eight_bit;
mod huffman;
mod lossless;
mod stream;
mod transform;

use crate::codec::{Cells, Decoded};
use stream::{Process, Stream};

/// Most scans in one stream. Encoders write at most some dozens; each is a walk over the whole picture however few its bytes, so
/// that thousands of empty ones would keep a decoder busy for hours.
const MOST_SCANS: usize = 512;

/// Decodes one frame. `header_rgb` is what the DICOM header says of the colours, used where the stream is silent.
///
/// # Errors
/// In words, when the stream is damaged or of a kind that is not supported.
pub fn decode(bytes: &[u8], most_samples: usize, header_rgb: bool) -> Result<Decoded<Cells>, String> {
    let stream = Stream::new(bytes)?;
    let frame = stream.frame()?;
    if frame.samples() > most_samples {
        return Err(format!("it holds {} x {} pixels", frame.columns, frame.rows));
    }
    if scans(bytes) > MOST_SCANS {
        return Err("it holds more scans than any picture needs".to_owned());
    }
    match frame.process {
        Process::Lossless => lossless::decode(stream),
        Process::Sequential | Process::Progressive if frame.precision > 8 => dct::decode(stream, header_rgb),
        Process::Sequential | Process::Progressive => {
            eight_bit::decode(bytes, most_samples, frame.colours(header_rgb))
        }
    }
}

/// Start-of-scan markers. In coded data an 0xFF is followed by 0, so that the pair stands for nothing else there.
fn scans(bytes: &[u8]) -> usize {
    bytes.windows(2).filter(|pair| *pair == [0xFF, 0xDA]).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_countless_scans_is_refused_before_it_is_walked() {
        let mut bytes = Vec::new();
        jpeg_encoder::Encoder::new(&mut bytes, 90)
            .encode(&[7; 64], 8, 8, jpeg_encoder::ColorType::Luma)
            .expect("encodes");
        assert!(decode(&bytes, 64, false).is_ok());
        let end = bytes.split_off(bytes.len() - 2);
        for _ in 0..MOST_SCANS {
            bytes.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0]);
        }
        bytes.extend(end);
        assert!(decode(&bytes, 64, false).is_err_and(|e| e.contains("more scans")));
    }
}
