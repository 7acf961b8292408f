//! Opening a file: its header read, walked over and parsed, its pixel data located, its bytes at hand.

use std::fs::File;
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
use crate::start::{self, Start};
use crate::syntax::{Codec, Syntax};
use crate::walk::{PixelLocation, Walked, walk};

/// First read: enough for nearly every header.
const HEAD: usize = 32 * 1024;
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
    source: Source,
    fragments: OnceLock<Fragments>,
    frames: OnceLock<Vec<Vec<Fragment>>>,
}

#[derive(Debug)]
enum Source {
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
    /// Opens a file and parses its header.
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
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(DicomError::NotDicom("it is not a regular file".to_owned()));
        }
        Self::open_content(Content::File(file, metadata.len()), keep)
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
        let mut whole = fill(&mut rest, &mut head, HEAD)?;
        let start = start::find(&head)?;
        if start.syntax.deflated {
            drop(rest);
            return Self::open_deflated(content, &start, keep);
        }
        let (walked, untidy) = loop {
            match walk(&head, start.offset, 0, whole, start.syntax.encoding) {
                (Walked::NeedMore, _) => whole = grow(&mut rest, &mut head)?,
                walked => break walked,
            }
        };
        drop(rest);
        Self::build(&head, &start, walked, untidy, keep, Source::Plain(content))
    }

    fn open_deflated(content: Content, start: &Start, keep: Option<&Keep>) -> Result<Self, DicomError> {
        let offset = start.offset as u64;
        let mut head = Vec::new();
        let mut broken = false;
        let mut whole = false;
        let (walked, untidy) = {
            let mut inflater = Inflater::new(content.reader(offset)?);
            while !whole && !broken {
                if head.len() >= LARGEST_HEADER {
                    return Err(too_large());
                }
                let wanted = HEAD.max(head.len() * 4);
                match inflater.fill(&mut head, wanted) {
                    Ok(end) => whole = end,
                    Err(_) => broken = true,
                }
                if !matches!(
                    walk(&head, 0, 0, false, start.syntax.encoding),
                    (Walked::NeedMore, _)
                ) {
                    break;
                }
            }
            walk(&head, 0, 0, whole || broken, start.syntax.encoding)
        };
        let from_zero = Start {
            offset: 0,
            ..start.clone()
        };
        let source = Source::Deflated {
            content,
            offset,
            head: Vec::new(),
            whole: whole || broken,
        };
        let mut opened = Self::build(&head, &from_zero, walked, untidy, keep, source)?;
        // Moved, not copied: it can be large.
        if let Source::Deflated { head: kept, .. } = &mut opened.source {
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
        source: Source,
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
            source,
            fragments: OnceLock::new(),
            frames: OnceLock::new(),
        })
    }

    /// Bytes there are in the file; for a deflated data set the most that there can be when it is inflated.
    pub fn length(&self) -> u64 {
        match &self.source {
            Source::Plain(content) => content.length(),
            Source::Deflated {
                head, whole: true, ..
            } => head.len() as u64,
            Source::Deflated { content, offset, .. } => {
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
        match &self.source {
            Source::Plain(content) => {
                let size =
                    usize::try_from(there).map_err(|_| DicomError::Io("it is too large".to_owned()))?;
                let mut bytes = Vec::with_capacity(size);
                content.reader(offset)?.take(there).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Source::Deflated {
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

fn too_large() -> DicomError {
    DicomError::Damaged("its header is larger than 256 MiB".to_owned())
}

/// Four times as much of the file; true at its end.
fn grow(rest: &mut impl Read, head: &mut Vec<u8>) -> Result<bool, DicomError> {
    if head.len() >= LARGEST_HEADER {
        return Err(too_large());
    }
    fill(rest, head, head.len().max(HEAD / 4) * 4)
}

/// Reads until `head` holds `wanted` bytes; true when the source ended before.
fn fill(source: &mut impl Read, head: &mut Vec<u8>, wanted: usize) -> Result<bool, DicomError> {
    let missing = wanted.saturating_sub(head.len());
    head.reserve(missing);
    source.take(missing as u64).read_to_end(head)?;
    Ok(head.len() < wanted)
}
