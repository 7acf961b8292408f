//! A deflated data set (PS3.5 A.5) inflated as far as it is wanted.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Packed bytes read at once.
const CHUNK: usize = 64 * 1024;

/// Bytes inflated at once where they are not kept: more than the window that is copied between two steps.
const STEP: usize = 256 * 1024;

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

    /// Inflates `count` bytes to nowhere; gives how many there were.
    ///
    /// # Errors
    /// When the file cannot be read, or the stream is damaged or breaks off.
    pub(crate) fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut nowhere = vec![0; STEP];
        let mut left = count;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(STEP).min(STEP);
            let read = self.read(&mut nowhere[..most])?;
            if read == 0 {
                break;
            }
            left -= read as u64;
        }
        Ok(count - left)
    }

    fn refill(&mut self) -> io::Result<()> {
        if self.taken == self.packed.len() {
            self.packed.clear();
            self.taken = 0;
            let source = self.source.by_ref();
            source.take(CHUNK as u64).read_to_end(&mut self.packed)?;
            if self.packed.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Inflater<R> {
    /// Straight into the caller's memory; an end that is no end is an error.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written == 0 && !into.is_empty() && !self.ended {
            self.refill()?;
            let (taken_before, given_before) = (self.raw.total_in(), self.raw.total_out());
            let status = self
                .raw
                .decompress(&self.packed[self.taken..], into, FlushDecompress::None)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            self.taken += usize::try_from(self.raw.total_in() - taken_before).unwrap_or(0);
            written = usize::try_from(self.raw.total_out() - given_before).unwrap_or(0);
            self.ended = status == Status::StreamEnd;
        }
        Ok(written)
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
        inflater.by_ref().take(10).read_to_end(&mut head).expect("sound");
        assert_eq!(head.len(), 10);
        inflater.read_to_end(&mut head).expect("sound");
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
        assert!(Inflater::new(&file).read_to_end(&mut head).is_err());
        assert!(!head.is_empty() && bytes.starts_with(&head));
    }
}
