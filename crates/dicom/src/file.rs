//! Opening a file: its header read, walked over and parsed, its pixel data located, its bytes at hand.

use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::OnceLock;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::codec::fragments::{self, Fragment, Fragments};
use crate::content::Content;
use crate::dataset;
use crate::error::DicomError;
use crate::inflate::Inflater;
use crate::parse::{Keep, parse};
use crate::pixels::claimed_frames;
use crate::source::Source;
use crate::start::{self, Start};
use crate::syntax::{Codec, Syntax};
use crate::walk::{PixelLocation, Walked, stalled, walk};

/// First read: enough for nearly every header.
const HEAD: usize = 32 * 1024;
/// Values from this length on are stepped over by a scan that does not need them.
const BULK: u64 = 64 * 1024;
/// Largest header (all that precedes the pixel data) that is parsed.
const LARGEST_HEADER: usize = 256 << 20;
/// Most bytes of fragments that are searched for several frames in one.
const LARGEST_SHARED: u64 = 256 << 20;
/// Deflate cannot expand more than about 1032 times.
const MOST_INFLATION: u64 = 1100;

/// An opened file.
#[derive(Debug)]
pub struct DicomFile {
    /// Transfer syntax.
    pub syntax: Syntax,
    /// File meta information was there.
    pub has_meta: bool,
    /// Everything before the pixel data.
    pub dataset: InMemDicomObject,
    /// Where the pixels lie.
    pub pixels: Option<PixelLocation>,
    /// Why the data set broke off, when it did.
    pub damage: Option<&'static str>,
    /// Where it came from.
    pub source: Source,
    bytes: Bytes,
    fragments: OnceLock<Fragments>,
    frames: OnceLock<Vec<Vec<Fragment>>>,
}

#[derive(Debug)]
enum Bytes {
    Plain(Content),
    /// A deflated data set: its head is kept, the rest is inflated again where it is asked for.
    Deflated {
        content: Content,
        /// Offset of the deflated bytes in the file.
        offset: u64,
        head: Vec<u8>,
        /// The head is all there is.
        whole: bool,
    },
}

impl DicomFile {
    /// Opens a file, or an entry of a zip (`X.zip/dir/IM0001`), and parses its header.
    ///
    /// # Errors
    /// [`DicomError::Io`], [`DicomError::NotDicom`], [`DicomError::Damaged`] when nothing of the data set is usable.
    pub fn open(path: &Path) -> Result<Self, DicomError> {
        Self::open_keeping(path, None)
    }

    /// Opens a file; of an image (a data set with pixel data) only the top-level elements that `keep` names are
    /// parsed, which is what makes a scan fast.
    ///
    /// # Errors
    /// As [`DicomFile::open`].
    pub fn open_keeping(path: &Path, keep: Option<&Keep>) -> Result<Self, DicomError> {
        let (source, content) = Source::open(path)?;
        Self::open_source(source, content, keep)
    }

    pub(crate) fn open_source(
        source: Source,
        content: Content,
        keep: Option<&Keep>,
    ) -> Result<Self, DicomError> {
        let mut file = Self::open_content(content, keep)?;
        file.source = source;
        Ok(file)
    }

    /// As [`DicomFile::open_keeping`], of a file that is in memory.
    ///
    /// # Errors
    /// As [`DicomFile::open`].
    pub fn from_bytes(bytes: Vec<u8>, keep: Option<&Keep>) -> Result<Self, DicomError> {
        Self::open_content(Content::Memory(bytes), keep)
    }

    fn open_content(content: Content, keep: Option<&Keep>) -> Result<Self, DicomError> {
        let mut head = Vec::new();
        let mut rest = content.reader(0)?;
        let ended = fill(&mut rest, &mut head, HEAD)?;
        let start = start::find(&head)?;
        drop(rest);
        if start.syntax.deflated {
            return Self::open_deflated(content, &start, keep);
        }
        // The first read is enough for nearly every header; beyond it what nobody asked for is stepped over.
        let mut ahead = Ahead {
            head,
            ended,
            cut: 0,
            keep,
        };
        let (walked, untidy) = loop {
            match ahead.walk(&start) {
                (Walked::NeedMore, _) => {}
                walked => break walked,
            }
            let left_out = ahead.leave_out(&start, content.length());
            let at = ahead.position() + left_out;
            ahead.cut += left_out;
            ahead.grow(&mut content.reader(at)?)?;
        };
        let Ahead { head, .. } = ahead;
        Self::build(&head, &start, walked, untidy, keep, Bytes::Plain(content))
    }

    fn open_deflated(content: Content, start: &Start, keep: Option<&Keep>) -> Result<Self, DicomError> {
        let offset = start.offset as u64;
        let start = Start {
            offset: 0,
            ..start.clone()
        };
        let mut ahead = Ahead {
            head: Vec::new(),
            ended: false,
            cut: 0,
            keep,
        };
        let mut broken = false;
        let (walked, untidy) = {
            let mut inflater = Inflater::new(content.reader(offset)?);
            loop {
                match ahead.grow(&mut inflater) {
                    Err(error) if ahead.head.len() >= LARGEST_HEADER => return Err(error),
                    Err(_) => (broken, ahead.ended) = (true, true),
                    Ok(()) => {}
                }
                match ahead.walk(&start) {
                    (Walked::NeedMore, _) => {}
                    walked => break walked,
                }
                let left_out = ahead.leave_out(&start, u64::MAX);
                // Inflated, since there is no other way over it, and kept nowhere.
                ahead.cut += left_out;
                if inflater.skip(left_out).map_or(true, |passed| passed < left_out) {
                    (broken, ahead.ended) = (true, true);
                }
            }
        };
        // Re-inflated where it is not all there.
        let whole = ahead.ended && ahead.cut == 0;
        let head = ahead.head;
        let bytes = Bytes::Deflated {
            content,
            offset,
            head: Vec::new(),
            whole,
        };
        let cut = ahead.cut > 0;
        let mut opened = Self::build(&head, &start, walked, untidy, keep, bytes)?;
        // Moved, not copied: it can be large.
        if let Bytes::Deflated { head: kept, .. } = &mut opened.bytes
            && !cut
        {
            *kept = head;
        }
        if broken {
            opened.damage.get_or_insert("its deflated data set breaks off");
        }
        Ok(opened)
    }

    fn build(
        head: &[u8],
        start: &Start,
        walked: Walked,
        untidy: bool,
        keep: Option<&Keep>,
        bytes: Bytes,
    ) -> Result<Self, DicomError> {
        let (end, pixels, damage) = match walked {
            Walked::Complete { end, pixels } => (end, pixels, None),
            Walked::Damaged { end, reason } => (end, None, Some(reason)),
            Walked::NeedMore => (head.len(), None, Some("it breaks off")),
        };
        if end <= start.offset {
            return Err(DicomError::Damaged(
                damage.unwrap_or("its data set is empty").to_owned(),
            ));
        }
        let keep = keep.filter(|_| pixels.is_some());
        let dataset = parse(head, start.offset..end, start.syntax.encoding, untidy, keep)?;
        Ok(Self {
            syntax: start.syntax.clone(),
            has_meta: start.has_meta,
            dataset,
            pixels,
            damage,
            source: Source::Memory,
            bytes,
            fragments: OnceLock::new(),
            frames: OnceLock::new(),
        })
    }

    /// Bytes there are in the file; for a deflated data set the most that there can be when it is inflated.
    pub fn length(&self) -> u64 {
        match &self.bytes {
            Bytes::Plain(content) => content.length(),
            Bytes::Deflated {
                head, whole: true, ..
            } => head.len() as u64,
            Bytes::Deflated { content, offset, .. } => {
                let packed = content.length().saturating_sub(*offset);
                packed.saturating_mul(MOST_INFLATION)
            }
        }
    }

    /// Reads up to `length` bytes at `offset`; fewer when the file ends.
    ///
    /// # Errors
    /// [`DicomError::Io`].
    pub fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, DicomError> {
        let there = self.length().saturating_sub(offset).min(length);
        match &self.bytes {
            Bytes::Plain(content) => {
                let size =
                    usize::try_from(there).map_err(|_| DicomError::Io("it is too large".to_owned()))?;
                let mut bytes = Vec::with_capacity(size);
                content.reader(offset)?.take(there).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Bytes::Deflated {
                content,
                offset: packed_at,
                head,
                whole,
            } => {
                if *whole || offset + there <= head.len() as u64 {
                    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(head.len());
                    let to = from.saturating_add(usize::try_from(there).unwrap_or(usize::MAX));
                    return Ok(head[from..to.min(head.len())].to_vec());
                }
                let packed = content.reader(*packed_at)?;
                let mut inflater = flate2::read::DeflateDecoder::new(BufReader::new(packed));
                let mut bytes = Vec::new();
                // A stream that breaks off gives what it gave; the caller sees that bytes are missing.
                if io::copy(&mut inflater.by_ref().take(offset), &mut io::sink()).is_ok() {
                    let _ = inflater.take(there).read_to_end(&mut bytes);
                }
                Ok(bytes)
            }
        }
    }

    /// Fragments of encapsulated pixel data, listed once.
    ///
    /// # Errors
    /// [`DicomError::Io`], [`DicomError::Damaged`] when the first item is none.
    pub fn fragments(&self, location: &PixelLocation) -> Result<&Fragments, DicomError> {
        if let Some(found) = self.fragments.get() {
            return Ok(found);
        }
        let found = fragments::read(self, location)?;
        Ok(self.fragments.get_or_init(|| found))
    }

    /// Fragments of each frame of encapsulated pixel data, worked out once; fewer lists than Number of Frames says when
    /// frames are missing.
    ///
    /// # Errors
    /// As [`DicomFile::fragments`].
    pub fn frames(&self, location: &PixelLocation) -> Result<&[Vec<Fragment>], DicomError> {
        if let Some(kept) = self.frames.get() {
            return Ok(kept);
        }
        let count = claimed_frames(&self.dataset);
        let found = self.fragments(location)?;
        let extended: Vec<u64> = dataset::bytes(&self.dataset, tags::EXTENDED_OFFSET_TABLE)
            .unwrap_or_default()
            .chunks_exact(8)
            .map(|b| u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
            .collect();
        let codec = self.syntax.codec;
        let starts = |item: &Fragment| {
            let unmarked = matches!(codec, Codec::Encapsulated | Codec::DeflatedFrame | Codec::Rle);
            unmarked
                || self
                    .read(item.offset, 8)
                    .is_ok_and(|head| fragments::begins(codec, &head))
        };
        let mut frames = fragments::frames(found, count, &extended, starts);
        // Looking for several frames in a fragment reads them all: only where it is likely, and within reason.
        let few = found.items.len() * 2 <= count as usize && frames.len() < count as usize;
        let size = found
            .items
            .iter()
            .fold(0_u64, |sum, item| sum.saturating_add(item.length));
        if few && size <= LARGEST_SHARED && matches!(codec, Codec::Jpeg | Codec::JpegLs | Codec::Jpeg2000) {
            let apart = fragments::cut_apart(&found.items, codec, |item| {
                self.read(item.offset, item.length).unwrap_or_default()
            });
            if apart.len() > frames.len() {
                frames = apart;
            }
        }
        Ok(self.frames.get_or_init(|| frames))
    }
}

/// What was read of a data set, as far as the pixel data.
struct Ahead<'a> {
    head: Vec<u8>,
    /// The source holds no more.
    ended: bool,
    /// Bytes that were left out of the head: all lie behind what is in it now.
    cut: u64,
    keep: Option<&'a Keep>,
}

impl Ahead<'_> {
    fn walk(&self, start: &Start) -> (Walked, bool) {
        walk(
            &self.head,
            start.offset,
            self.cut,
            self.ended,
            start.syntax.encoding,
        )
    }

    /// Offset in the source of what comes next.
    fn position(&self) -> u64 {
        self.head.len() as u64 + self.cut
    }

    /// Takes a large value that nobody asked for out of the head, and says how many bytes of it are still to come.
    fn leave_out(&mut self, start: &Start, length: u64) -> u64 {
        let Some(keep) = self.keep else {
            return 0;
        };
        let Some(found) = stalled(&self.head, start.offset, start.syntax.encoding) else {
            return 0;
        };
        let bulk = found.end - found.at as u64;
        if bulk < BULK || keep(found.tag.0, found.tag.1) || found.end + self.cut > length {
            return 0;
        }
        let left = found.end.saturating_sub(self.head.len() as u64);
        self.cut += self.head.len().saturating_sub(found.at) as u64;
        self.head.truncate(found.at);
        left
    }

    /// Some more of the source, four times as much as there is.
    fn grow(&mut self, source: &mut impl Read) -> Result<(), DicomError> {
        if self.head.len() >= LARGEST_HEADER {
            return Err(DicomError::Damaged(
                "its header is larger than 256 MiB".to_owned(),
            ));
        }
        let wanted = (self.head.len() * 4).max(HEAD);
        self.ended = fill(source, &mut self.head, wanted)?;
        Ok(())
    }
}

/// Reads until `head` holds `wanted` bytes; true when the source ended before.
fn fill(source: &mut impl Read, head: &mut Vec<u8>, wanted: usize) -> Result<bool, DicomError> {
    let missing = wanted.saturating_sub(head.len());
    head.reserve(missing);
    source.take(missing as u64).read_to_end(head)?;
    Ok(head.len() < wanted)
}
