//! Opening a file: where the data set begins, how it is encoded, its header parsed, its pixel data located.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use dicom_encoding::transfer_syntax::TransferSyntax;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries;

use crate::error::DicomError;
use crate::syntax::{self, Encoding, Syntax};
use crate::walk::{PixelLocation, Walked, elements, walk};

/// First read: enough for nearly every header.
const HEAD: usize = 32 * 1024;
/// Largest header (all that precedes the pixel data) that is parsed.
const LARGEST_HEADER: u64 = 256 << 20;
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
    /// Where the pixels lie in `source`.
    pub pixels: Option<PixelLocation>,
    /// Why the data set broke off, when it did.
    pub damage: Option<&'static str>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    File { file: File, length: u64 },
    Inflated(Vec<u8>),
}

impl DicomFile {
    /// Opens a file and parses its header.
    ///
    /// # Errors
    /// [`DicomError::Io`], [`DicomError::NotDicom`], [`DicomError::Damaged`] when nothing of the data set is usable.
    pub fn open(path: &Path) -> Result<Self, DicomError> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(DicomError::NotDicom("it is not a regular file".to_owned()));
        }
        let length = metadata.len();
        let mut head = Vec::new();
        fill(
            &mut file,
            &mut head,
            HEAD.min(usize::try_from(length).unwrap_or(HEAD)),
        )?;
        let start = find_start(&head)?;
        if start.syntax.deflated {
            return Self::open_deflated(file, length, start);
        }
        loop {
            let whole = head.len() as u64 >= length;
            match walk(&head, start.offset, 0, whole, start.syntax.encoding) {
                Walked::NeedMore => {
                    let wanted = (head.len() as u64 * 4).min(length);
                    if head.len() as u64 >= LARGEST_HEADER {
                        return Err(DicomError::Damaged(
                            "its header is larger than 256 MiB".to_owned(),
                        ));
                    }
                    fill(
                        &mut file,
                        &mut head,
                        usize::try_from(wanted).unwrap_or(usize::MAX),
                    )?;
                    if (head.len() as u64) < wanted {
                        return Err(DicomError::Io("it became shorter while it was read".to_owned()));
                    }
                }
                walked => {
                    let (dataset, pixels, damage) = parse(&head, &start, walked)?;
                    return Ok(Self {
                        syntax: start.syntax,
                        has_meta: start.has_meta,
                        dataset,
                        pixels,
                        damage,
                        source: Source::File { file, length },
                    });
                }
            }
        }
    }

    fn open_deflated(mut file: File, length: u64, start: Start) -> Result<Self, DicomError> {
        file.seek(SeekFrom::Start(start.offset as u64))?;
        let most = length.saturating_mul(MOST_INFLATION).min(4 << 30);
        let mut bytes = Vec::new();
        let inflated = flate2::read::DeflateDecoder::new(&mut file)
            .take(most)
            .read_to_end(&mut bytes);
        let damage = inflated.is_err().then_some("its deflated data set breaks off");
        let start = Start { offset: 0, ..start };
        let walked = walk(&bytes, 0, 0, true, start.syntax.encoding);
        let (dataset, pixels, broken) = parse(&bytes, &start, walked)?;
        Ok(Self {
            syntax: start.syntax,
            has_meta: start.has_meta,
            dataset,
            pixels,
            damage: damage.or(broken),
            source: Source::Inflated(bytes),
        })
    }

    /// Bytes there are in the file, or in its inflated data set.
    pub fn length(&self) -> u64 {
        match &self.source {
            Source::File { length, .. } => *length,
            Source::Inflated(bytes) => bytes.len() as u64,
        }
    }

    /// Reads up to `length` bytes at `offset`; fewer when the file ends.
    ///
    /// # Errors
    /// [`DicomError::Io`].
    pub fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, DicomError> {
        let there = self.length().saturating_sub(offset).min(length);
        let there = usize::try_from(there).map_err(|_| DicomError::Io("it is too large".to_owned()))?;
        match &self.source {
            Source::Inflated(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes[from..from + there].to_vec())
            }
            Source::File { file, .. } => {
                let mut file = file;
                file.seek(SeekFrom::Start(offset))?;
                let mut bytes = Vec::with_capacity(there);
                file.take(there as u64).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

fn fill(file: &mut File, head: &mut Vec<u8>, wanted: usize) -> Result<(), DicomError> {
    let missing = wanted.saturating_sub(head.len());
    head.reserve(missing);
    file.take(missing as u64).read_to_end(head)?;
    Ok(())
}

struct Start {
    offset: usize,
    syntax: Syntax,
    has_meta: bool,
}

/// Where the data set begins: after preamble and meta group, after a meta group without preamble, or at once.
fn find_start(head: &[u8]) -> Result<Start, DicomError> {
    if head.is_empty() {
        return Err(DicomError::NotDicom("the file is empty".to_owned()));
    }
    if head.get(128..132) == Some(b"DICM") {
        return after_meta(head, 132);
    }
    if head.starts_with(&[2, 0]) && matches!(head.get(4..6), Some(b"UL" | b"UI" | b"OB" | b"SH" | b"AE")) {
        return after_meta(head, 0);
    }
    guess(head, 0).ok_or_else(|| {
        DicomError::NotDicom("it has neither the DICM mark nor a data set at its start".to_owned())
    })
}

/// Steps over the meta group (always explicit little endian) and takes the transfer syntax from it.
fn after_meta(head: &[u8], mut at: usize) -> Result<Start, DicomError> {
    let mut uid = None;
    while head.get(at..at + 2) == Some(&[2, 0]) {
        let Some(header) = head.get(at..at + 12) else {
            break;
        };
        let number = u16::from_le_bytes([header[2], header[3]]);
        let long = matches!(&header[4..6], b"OB" | b"OW" | b"UN" | b"SQ" | b"UT");
        let (value, length) = if long {
            (
                at + 12,
                u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize,
            )
        } else {
            (at + 8, usize::from(u16::from_le_bytes([header[6], header[7]])))
        };
        let Some(bytes) = value.checked_add(length).and_then(|end| head.get(value..end)) else {
            return Err(DicomError::Damaged(
                "its file meta information is cut short".to_owned(),
            ));
        };
        if number == 0x10 {
            uid = Some(String::from_utf8_lossy(bytes).into_owned());
        }
        at = value + length;
    }
    match uid {
        Some(uid) => {
            let mut syntax = syntax::syntax(&uid);
            // Some writers say explicit and write implicit (or the reverse): the bytes win.
            if !syntax.deflated
                && let Some(guessed) = guess(head, at)
                && (guessed.syntax.encoding == Encoding::ImplicitLittle)
                    != (syntax.encoding == Encoding::ImplicitLittle)
            {
                syntax.encoding = guessed.syntax.encoding;
            }
            Ok(Start {
                offset: at,
                syntax,
                has_meta: true,
            })
        }
        None => guess(head, at).ok_or_else(|| {
            DicomError::Damaged("it names no transfer syntax and its data set cannot be guessed".to_owned())
        }),
    }
}

/// Guesses the encoding from the first element: a low group, then either a VR or a plausible length.
fn guess(head: &[u8], at: usize) -> Option<Start> {
    let first = head.get(at..at + 8)?;
    let start = |uid: &str| {
        Some(Start {
            offset: at,
            syntax: syntax::syntax(uid),
            has_meta: false,
        })
    };
    let known = |vr: &[u8]| {
        matches!(
            vr,
            b"UL"
                | b"UI"
                | b"CS"
                | b"SH"
                | b"LO"
                | b"DA"
                | b"TM"
                | b"PN"
                | b"SQ"
                | b"US"
                | b"IS"
                | b"DS"
                | b"ST"
                | b"LT"
                | b"AE"
                | b"AS"
                | b"DT"
                | b"UN"
                | b"OB"
                | b"OW"
        )
    };
    let (little, big) = (
        u16::from_le_bytes([first[0], first[1]]),
        u16::from_be_bytes([first[0], first[1]]),
    );
    if known(&first[4..6]) {
        return match (little, big) {
            (2..=0x20, _) => start(syntax::EXPLICIT_LITTLE),
            (_, 2..=0x20) => start(syntax::EXPLICIT_BIG),
            _ => None,
        };
    }
    let length = u32::from_le_bytes([first[4], first[5], first[6], first[7]]);
    let element = u16::from_le_bytes([first[2], first[3]]);
    // Implicit little endian has no mark at all: ask for two elements in ascending order.
    let next = at.checked_add(8 + usize::try_from(length).ok()?)?;
    let second = head.get(next..next + 4)?;
    let second_group = u16::from_le_bytes([second[0], second[1]]);
    let ascending = second_group > little
        || (second_group == little && u16::from_le_bytes([second[2], second[3]]) > element);
    (matches!(little, 2 | 8) && length < 4096 && length % 2 == 0 && ascending && second_group <= 0x7FE0)
        .then(|| start(syntax::IMPLICIT_LITTLE))
        .flatten()
}

type Parsed = (InMemDicomObject, Option<PixelLocation>, Option<&'static str>);

fn parse(bytes: &[u8], start: &Start, walked: Walked) -> Result<Parsed, DicomError> {
    let (end, pixels, damage) = match walked {
        Walked::Complete { end, pixels } => (end, pixels, None),
        Walked::Damaged { end, reason } => (end, None, Some(reason)),
        Walked::NeedMore => (bytes.len(), None, Some("it breaks off")),
    };
    if end <= start.offset {
        return Err(DicomError::Damaged(
            damage.unwrap_or("its data set is empty").to_owned(),
        ));
    }
    let syntax: &TransferSyntax = match start.syntax.encoding {
        Encoding::ImplicitLittle => &entries::IMPLICIT_VR_LITTLE_ENDIAN.erased(),
        Encoding::ExplicitLittle => &entries::EXPLICIT_VR_LITTLE_ENDIAN.erased(),
        Encoding::ExplicitBig => &entries::EXPLICIT_VR_BIG_ENDIAN.erased(),
    };
    let slice = &bytes[start.offset..end];
    if let Ok(dataset) = parse_slice(slice, syntax) {
        return Ok((dataset, pixels, damage));
    }
    // Something in it is beyond the parser: take the elements one by one and leave out those that are.
    let mut dataset = InMemDicomObject::new_empty();
    let mut first_error = None;
    for range in elements(bytes, start.offset, end, start.syntax.encoding) {
        match parse_slice(&bytes[range], syntax) {
            Ok(part) => {
                for element in part {
                    dataset.put(element);
                }
            }
            Err(reason) => {
                first_error.get_or_insert(reason);
            }
        }
    }
    match first_error {
        Some(reason) if dataset.iter().next().is_none() => Err(DicomError::Damaged(reason)),
        _ => Ok((dataset, pixels, damage)),
    }
}

/// The parser is not ours: a panic in it is this file's damage, not the desk's.
fn parse_slice(slice: &[u8], syntax: &TransferSyntax) -> Result<InMemDicomObject, String> {
    match catch_unwind(AssertUnwindSafe(|| {
        InMemDicomObject::read_dataset_with_ts(slice, syntax)
    })) {
        Ok(Ok(dataset)) => Ok(dataset),
        Ok(Err(error)) => Err(one_line(&error)),
        Err(_) => Err("the parser gave up on it".to_owned()),
    }
}

/// The innermost cause of an error, on one line.
fn one_line(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string().lines().next().unwrap_or_default().to_owned()
}
