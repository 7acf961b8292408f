//! The codestream (T.800 Annex A): main header, tile-parts gathered by tile.

use std::collections::BTreeMap;

use super::header::{Parameters, Size};

/// Everything of a tile, in the stream's order.
#[derive(Debug, Default)]
pub(super) struct Tile<'a> {
    /// The packets of each tile-part.
    pub(super) bodies: Vec<&'a [u8]>,
    /// Packet headers that were packed into tile-part headers, by their number there.
    packed: Vec<(u8, &'a [u8])>,
    /// Packet headers that were packed into the main header.
    packed_main: Vec<u8>,
    /// What holds for this tile where it is not the main header's word.
    pub(super) parameters: Option<Box<Parameters>>,
}

impl Tile<'_> {
    /// The packet headers where they do not stand before their packets.
    pub(super) fn packed_headers(&self) -> Option<Vec<u8>> {
        if !self.packed.is_empty() {
            return Some(
                self.packed
                    .iter()
                    .flat_map(|(_, part)| part.iter().copied())
                    .collect(),
            );
        }
        (!self.packed_main.is_empty()).then(|| self.packed_main.clone())
    }
}

/// A codestream taken apart.
#[derive(Debug)]
pub(super) struct Codestream<'a> {
    pub(super) size: Size,
    pub(super) parameters: Parameters,
    pub(super) tiles: BTreeMap<u16, Tile<'a>>,
    /// Packet headers of the main header, by their number there; taken apart by tile-part.
    packed: Vec<(u8, &'a [u8])>,
}

/// A tile-part's header.
struct TilePart {
    tile: u16,
    /// From its SOT marker to its end; nought: to the codestream's end.
    length: usize,
}

impl<'a> Codestream<'a> {
    /// Takes a codestream apart. One that breaks off or goes wrong after its first tile-part keeps what was read.
    pub(super) fn read(bytes: &'a [u8], most_samples: usize) -> Result<Self, String> {
        let (mut stream, mut at) = Self::read_main(bytes, most_samples)?;
        let mut headers = stream.main_headers()?.into_iter();
        let count = stream.size.tiles().0 * stream.size.tiles().1;
        let mut failure = None;
        loop {
            let start = at;
            match stream.tile_part(bytes, start, count, &mut headers) {
                Ok(Some(next)) => at = next,
                Ok(None) => break,
                Err(reason) => {
                    failure = Some(reason);
                    break;
                }
            }
        }
        if stream.tiles.values().all(|tile| tile.bodies.is_empty()) {
            return Err(failure.unwrap_or_else(|| "it has no tiles".to_owned()));
        }
        Ok(stream)
    }

    /// The fewest decomposition levels that any component of any tile has.
    pub(super) fn fewest_levels(&self) -> u8 {
        let tiles = self.tiles.values().filter_map(|tile| tile.parameters.as_deref());
        std::iter::once(&self.parameters)
            .chain(tiles)
            .flat_map(|parameters| &parameters.parts)
            .filter_map(|part| part.style.as_ref())
            .map(|style| style.levels)
            .min()
            .unwrap_or(0)
    }

    fn read_main(bytes: &'a [u8], most_samples: usize) -> Result<(Self, usize), String> {
        let size = Size::read(segment(bytes, 4).ok_or("it breaks off in its header")?.0)?;
        // Looked at before anything is made that large.
        let samples = size.samples();
        if samples > most_samples as u64 {
            return Err(format!("it claims {samples} samples"));
        }
        let components = size.components.len();
        let mut stream = Self {
            size,
            parameters: Parameters::new(components),
            tiles: BTreeMap::new(),
            packed: Vec::new(),
        };
        let mut at = 2;
        loop {
            let marker = marker(bytes, at).ok_or("it breaks off in its header")?;
            match marker {
                // SOT: the header is over.
                0x90 => break,
                0x30..=0x3F => {
                    at += 2;
                    continue;
                }
                _ => {}
            }
            let (content, next) = segment(bytes, at + 2).ok_or("it breaks off in its header")?;
            match marker {
                0x60 => {
                    let (number, part) = content.split_first().ok_or("a marker segment is too short")?;
                    stream.packed.push((*number, part));
                }
                0x74 | 0x75 | 0x77 => {
                    return Err("it uses the component transforms of Part 2".to_owned());
                }
                _ => stream.parameters.read(marker, content)?,
            }
            at = next;
        }
        if stream
            .parameters
            .parts
            .iter()
            .any(|part| part.style.is_none() || part.quantisation.is_none())
        {
            return Err("its header says nothing of coding or quantisation".to_owned());
        }
        Ok((stream, at))
    }

    /// The packet headers in the main header, by tile-part (T.800 A.7.4).
    fn main_headers(&mut self) -> Result<Vec<Vec<u8>>, String> {
        self.packed.sort_by_key(|(number, _)| *number);
        let all: Vec<u8> = self
            .packed
            .iter()
            .flat_map(|(_, part)| part.iter().copied())
            .collect();
        let mut parts = Vec::new();
        let mut rest = &all[..];
        while !rest.is_empty() {
            let (length, after) = rest
                .split_first_chunk::<4>()
                .ok_or("its packed packet headers break off")?;
            let length = u32::from_be_bytes(*length) as usize;
            let (part, after) = after.split_at(length.min(after.len()));
            parts.push(part.to_vec());
            rest = after;
        }
        Ok(parts)
    }

    /// Reads the tile-part at a place; gives where the next begins, or nothing at the end.
    fn tile_part(
        &mut self,
        bytes: &'a [u8],
        start: usize,
        count: u32,
        headers: &mut impl Iterator<Item = Vec<u8>>,
    ) -> Result<Option<usize>, String> {
        if marker(bytes, start) != Some(0x90) {
            return Ok(None);
        }
        let (content, mut at) = segment(bytes, start + 2).ok_or("it breaks off in a tile")?;
        let part = TilePart::read(content)?;
        if u32::from(part.tile) >= count {
            return Err(format!("it speaks of tile {} of {count}", part.tile));
        }
        let end = match part.length {
            0 => bytes.len(),
            length => start.saturating_add(length).min(bytes.len()),
        };
        let main = &self.parameters;
        let tile = self.tiles.entry(part.tile).or_default();
        loop {
            let marker = marker(bytes, at).ok_or("it breaks off in a tile's header")?;
            if marker == 0x93 {
                at += 2;
                break;
            }
            let (content, next) = segment(bytes, at + 2).ok_or("it breaks off in a tile's header")?;
            match marker {
                0x61 => {
                    let (number, part) = content.split_first().ok_or("a marker segment is too short")?;
                    tile.packed.push((*number, part));
                }
                0x52 | 0x53 | 0x5C..=0x5F => tile
                    .parameters
                    .get_or_insert_with(|| Box::new(main.for_tile()))
                    .read(marker, content)?,
                _ => {}
            }
            at = next;
        }
        if let Some(header) = headers.next() {
            tile.packed_main.extend(header);
        }
        let mut body = bytes.get(at..end.max(at)).unwrap_or(&[]);
        if part.length == 0 {
            body = body.strip_suffix(&[0xFF, 0xD9]).unwrap_or(body);
        }
        tile.bodies.push(body);
        Ok((end > at && end < bytes.len()).then_some(end))
    }
}

impl TilePart {
    fn read(segment: &[u8]) -> Result<Self, String> {
        let mut fields = super::header::Fields(segment);
        let tile = fields.word()?;
        let length = fields.long()? as usize;
        Ok(Self { tile, length })
    }
}

/// The second byte of the marker at a place.
fn marker(bytes: &[u8], at: usize) -> Option<u8> {
    match bytes.get(at..)? {
        [0xFF, marker, ..] => Some(*marker),
        _ => None,
    }
}

/// The marker segment whose length stands at a place, and where it ends.
fn segment(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (length, _) = bytes.get(at..)?.split_first_chunk::<2>()?;
    let end = at + usize::from(u16::from_be_bytes(*length));
    Some((bytes.get(at + 2..end)?, end))
}
