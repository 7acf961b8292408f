//! A deflated data set (PS3.5 A.5) inflated as far as it is wanted, straight into the caller's memory.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Packed bytes read at once.
const CHUNK: usize = 64 * 1024;

/// Inflates a reader from where it stands.
pub(crate) struct Inflater<R> {
    source: R,
    packed: Vec<u8>,
    /// Bytes of `packed` that were taken.
    taken: usize,
    raw: Decompress,
    ended: bool,
}

impl<R: Read> Inflater<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            packed: Vec::with_capacity(CHUNK),
            taken: 0,
            raw: Decompress::new(false),
            ended: false,
        }
    }

    /// Inflates until `head` holds `wanted` bytes; true when the stream ended before.
    ///
    /// # Errors
    /// When the file cannot be read, or the stream is damaged or breaks off; `head` keeps what came out.
    pub(crate) fn fill(&mut self, head: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
        while head.len() < wanted && !self.ended {
            if self.taken == self.packed.len() {
                self.packed.clear();
                self.taken = 0;
                let source = self.source.by_ref();
                source.take(CHUNK as u64).read_to_end(&mut self.packed)?;
                if self.packed.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            // The spare room is what is written to; growing as it fills keeps small data sets small.
            head.reserve_exact((wanted - head.len()).min(head.len().max(CHUNK)));
            let before = self.raw.total_in();
            let status = self
                .raw
                .decompress_vec(&self.packed[self.taken..], head, FlushDecompress::None)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            self.taken += usize::try_from(self.raw.total_in() - before).unwrap_or(0);
            self.ended = status == Status::StreamEnd;
        }
        Ok(head.len() < wanted)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Seek, SeekFrom, Write};

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> File {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&encoder.finish().expect("memory")).expect("room");
        file.seek(SeekFrom::Start(0)).expect("a file");
        file
    }

    #[test]
    fn what_went_in_comes_out_in_steps() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
        let file = packed(&bytes);
        let mut inflater = Inflater::new(&file);
        let mut head = Vec::new();
        assert!(!inflater.fill(&mut head, 10).expect("sound"));
        assert!(head.len() >= 10);
        assert!(inflater.fill(&mut head, 1 << 20).expect("sound"));
        assert_eq!(head, bytes);
    }

    #[test]
    fn a_stream_that_breaks_off_keeps_what_came_out() {
        let bytes: Vec<u8> = (0..300_000_u32)
            .map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[2])
            .collect();
        let file = packed(&bytes);
        let length = file.metadata().expect("a file").len();
        file.set_len(length / 2).expect("a file");
        let mut head = Vec::new();
        assert!(Inflater::new(&file).fill(&mut head, 1 << 20).is_err());
        assert!(!head.is_empty() && bytes.starts_with(&head));
    }
}
