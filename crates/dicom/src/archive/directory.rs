//! The central directory of a zip (PKWARE APPNOTE 4.3): what is in it, held against what can be. Nothing is allocated for
//! a claim that the file's own length denies.

use std::collections::HashMap;
use std::io::Read;

use flate2::Crc;

use super::name;
use crate::content::Span;

/// Entries in one zip.
const MOST_ENTRIES: u64 = 1_000_000;
/// Bytes of a central directory.
const MOST_DIRECTORY: u64 = 256 << 20;
/// Inflated bytes of one entry: it is held in memory when its pixels are decoded.
const MOST_ENTRY: u64 = 2 << 30;
/// Inflated bytes of one zip, all entries together.
const MOST_ALTOGETHER: u64 = 256 << 30;
/// Deflate gives at most 1032 bytes for one; a few more for the ends of short streams.
const MOST_INFLATION: u64 = 1032;

const END: usize = 22;
const END_64: usize = 56;
const LOCATOR_64: usize = 20;
const HEADER: usize = 46;

/// How an entry is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored = 0,
    Deflated = 8,
}

/// An entry that can be opened.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Box<str>,
    /// Offset of its local header in the file.
    pub(super) offset: u64,
    /// Bytes in the zip.
    pub(super) packed: u64,
    /// Bytes when inflated.
    pub(super) length: u64,
    pub(super) crc: u32,
    pub(super) method: Method,
}

/// Something in a zip that is not opened.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Its name, as far as it can be told.
    pub(crate) name: String,
    /// In words.
    pub(crate) reason: String,
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let b = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes([b[0], b[1]]))
}

fn double(bytes: &[u8], at: usize) -> Option<u32> {
    let b = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn quad(bytes: &[u8], at: usize) -> Option<u64> {
    let (low, high) = (double(bytes, at)?, double(bytes, at.checked_add(4)?)?);
    Some(u64::from(high) << 32 | u64::from(low))
}

/// Where the directory lies.
struct Place {
    start: u64,
    length: u64,
    entries: u64,
    /// What has to be added to every offset: bytes that were put before the zip.
    shift: u64,
}

/// Entries by name, and what is refused.
///
/// # Errors
/// In words, when there is no directory or it cannot be what it says.
pub(super) fn read(span: &Span) -> Result<(Vec<Entry>, Vec<Refused>), String> {
    let place = find(span)?;
    let length = usize::try_from(place.length).map_err(|_| "its directory is too large".to_owned())?;
    let mut bytes = vec![0; length];
    span.reader(place.start)
        .read_exact(&mut bytes)
        .map_err(|error| format!("its directory cannot be read: {error}"))?;
    let (mut entries, mut refused) = (Vec::new(), Vec::new());
    let mut names: HashMap<String, u32> = HashMap::new();
    let (mut at, mut altogether) = (0_usize, 0_u64);
    for n in 0..place.entries {
        let header = bytes.get(at..).unwrap_or_default();
        let Some((raw, next)) = Raw::read(header) else {
            return Err(format!(
                "its directory says {} entries and breaks off after {n}",
                place.entries
            ));
        };
        at = at.saturating_add(next);
        if raw.is_folder() {
            continue;
        }
        let name = name::decode(raw.name);
        match raw.entry(&name, &place, span.length) {
            Err(reason) => refused.push(Refused { name, reason }),
            Ok(entry) => {
                let before = names.entry(name.clone()).or_default();
                *before += 1;
                if *before > 1 {
                    refused.push(Refused {
                        name: format!("{name} ({before})"),
                        reason: "another entry of the zip has the same name".to_owned(),
                    });
                    continue;
                }
                altogether = altogether.saturating_add(entry.length);
                entries.push(entry);
            }
        }
    }
    if altogether > MOST_ALTOGETHER {
        return Err("its entries together are larger than 256 GiB".to_owned());
    }
    apart(&mut entries)?;
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok((entries, refused))
}

/// Entries that share bytes are how a small zip claims to be a huge one.
fn apart(entries: &mut [Entry]) -> Result<(), String> {
    entries.sort_unstable_by_key(|entry| entry.offset);
    let overlap = entries
        .windows(2)
        .any(|pair| pair[0].offset.saturating_add(pair[0].packed) > pair[1].offset);
    if overlap {
        return Err("its directory lies: entries overlap".to_owned());
    }
    Ok(())
}

fn find(span: &Span) -> Result<Place, String> {
    let tail_length = span.length.min((END + LOCATOR_64) as u64 + u64::from(u16::MAX));
    let tail_at = span.length - tail_length;
    let mut tail = Vec::new();
    span.reader(tail_at)
        .read_to_end(&mut tail)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    let end = (0..=tail.len().saturating_sub(END))
        .rev()
        .find(|at| {
            let comment = word(&tail, at + 20).map(usize::from);
            tail.get(*at..)
                .is_some_and(|rest| rest.starts_with(b"PK\x05\x06"))
                && comment.is_some_and(|comment| at + END + comment <= tail.len())
        })
        .ok_or("it has no directory at its end: it was cut short")?;
    let record = &tail[end..];
    let field = |at| double(record, at).map(u64::from).unwrap_or_default();
    let disks = |at| word(record, at).unwrap_or_default();
    let mut entries = u64::from(disks(10));
    let (mut length, mut offset) = (field(12), field(16));
    let mut stop = tail_at + end as u64;
    let wide = entries == 0xFFFF || length == 0xFFFF_FFFF || offset == 0xFFFF_FFFF;
    let locator = end
        .checked_sub(LOCATOR_64)
        .map(|at| &tail[at..end])
        .filter(|locator| wide && locator.starts_with(b"PK\x06\x07"));
    if let Some(locator) = locator {
        let cut = || "its Zip64 directory is damaged".to_owned();
        let at = quad(locator, 8).filter(|at| *at < stop).ok_or_else(cut)?;
        let mut record = [0_u8; END_64];
        span.reader(at).read_exact(&mut record).map_err(|_| cut())?;
        if !record.starts_with(b"PK\x06\x06") {
            return Err(cut());
        }
        let field = |at| quad(&record, at).ok_or_else(cut);
        (entries, length, offset) = (field(32)?, field(40)?, field(48)?);
        stop = at;
    } else if disks(4) != 0 || disks(6) != 0 {
        return Err("it is one part of several: join the parts first".to_owned());
    }
    let start = stop
        .checked_sub(length)
        .ok_or("its directory lies: it would begin before the file")?;
    let shift = start
        .checked_sub(offset)
        .ok_or("its directory lies: it is not where it says")?;
    if length > MOST_DIRECTORY || entries > MOST_ENTRIES {
        return Err(format!(
            "it says {entries} entries, and at most a million are read"
        ));
    }
    if entries.saturating_mul(HEADER as u64) > length {
        return Err(format!(
            "its directory lies: it says {entries} entries and has room for {}",
            length / HEADER as u64
        ));
    }
    Ok(Place {
        start,
        length,
        entries,
        shift,
    })
}

/// A header of the directory, as written.
struct Raw<'a> {
    header: &'a [u8],
    name: &'a [u8],
    extra: &'a [u8],
}

impl<'a> Raw<'a> {
    /// The header at the start of `bytes`, and how long it is.
    fn read(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let header = bytes.get(..HEADER).filter(|h| h.starts_with(b"PK\x01\x02"))?;
        let [name, extra, comment] = [28, 30, 32].map(|at| word(header, at).map_or(0, usize::from));
        let rest = bytes.get(HEADER..HEADER + name + extra)?;
        let mut raw = Self {
            header,
            name: &rest[..name],
            extra: &rest[name..],
        };
        if let Some(unicode) = raw.unicode_name() {
            raw.name = unicode;
        }
        Some((raw, HEADER + name + extra + comment))
    }

    /// A field that is long enough to hold something, by its identifier (APPNOTE 4.5).
    fn field(&self, wanted: u16) -> Option<&'a [u8]> {
        let mut rest = self.extra;
        loop {
            let (id, length) = (word(rest, 0)?, usize::from(word(rest, 2)?));
            let value = rest.get(4..4 + length)?;
            if id == wanted {
                return Some(value);
            }
            rest = &rest[4 + length..];
        }
    }

    /// Info-ZIP Unicode Path (0x7075), where it still belongs to the name.
    fn unicode_name(&self) -> Option<&'a [u8]> {
        let field = self.field(0x7075)?;
        let mut crc = Crc::new();
        crc.update(self.name);
        (field.first() == Some(&1) && double(field, 1) == Some(crc.sum())).then(|| &field[5..])
    }

    fn is_folder(&self) -> bool {
        matches!(self.name.last(), Some(b'/' | b'\\'))
    }

    fn entry(&self, name: &str, place: &Place, file: u64) -> Result<Entry, String> {
        if let Some(reason) = name::refusal(name) {
            return Err(reason.to_owned());
        }
        let header = self.header;
        let field = |at| double(header, at).unwrap_or_default();
        let flags = word(header, 8).unwrap_or_default();
        if flags & 1 != 0 {
            return Err("it is encrypted: unpack the zip with its password first".to_owned());
        }
        // Made on Unix, and a link.
        if header[5] == 3 && (field(38) >> 16) & 0o170_000 == 0o120_000 {
            return Err("it is a link, and links in a zip are not followed".to_owned());
        }
        let method = match word(header, 10).unwrap_or_default() {
            0 => Method::Stored,
            8 => Method::Deflated,
            other => {
                return Err(format!(
                    "it is packed by {}, which is not read: pack the folder again with deflate",
                    method_name(other)
                ));
            }
        };
        let [length, packed, offset] = self.sizes()?;
        let crc = field(16);
        let offset = offset.saturating_add(place.shift);
        let lies = |what: &str| Err(format!("the zip's directory lies: {what}"));
        if offset.saturating_add(packed).saturating_add(30) > file {
            return lies("the entry would reach beyond the file");
        }
        if method == Method::Stored && packed != length {
            return lies("a stored entry has two lengths");
        }
        if method == Method::Deflated && length > packed.saturating_mul(MOST_INFLATION) {
            return lies("the entry would inflate further than deflate can");
        }
        if method == Method::Deflated && length > MOST_ENTRY {
            return Err("it is larger than 2 GiB: unpack the zip first".to_owned());
        }
        if name
            .rsplit_once('.')
            .is_some_and(|(_, end)| end.eq_ignore_ascii_case("zip"))
        {
            return Err("a zip inside a zip is not opened: unpack it first".to_owned());
        }
        Ok(Entry {
            name: name.into(),
            offset,
            packed,
            length,
            crc,
            method,
        })
    }

    /// Inflated length, packed length, offset; from the Zip64 field where they are all ones.
    fn sizes(&self) -> Result<[u64; 3], String> {
        let wide = self.field(1).unwrap_or_default();
        let mut taken = 0;
        let mut sizes = [0; 3];
        for (size, at) in sizes.iter_mut().zip([24, 20, 42]) {
            *size = match double(self.header, at).unwrap_or_default() {
                u32::MAX => {
                    taken += 8;
                    quad(wide, taken - 8).ok_or("its Zip64 lengths are not there")?
                }
                narrow => u64::from(narrow),
            };
        }
        Ok(sizes)
    }
}

fn method_name(method: u16) -> String {
    match method {
        9 => "Deflate64".to_owned(),
        12 => "bzip2".to_owned(),
        14 => "LZMA".to_owned(),
        93 => "Zstandard".to_owned(),
        95 => "XZ".to_owned(),
        99 => "AES encryption".to_owned(),
        other => format!("method {other}"),
    }
}
