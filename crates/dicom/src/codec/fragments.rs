//! Encapsulated pixel data (PS3.5 A.4): items to frames, by the offset tables where they hold, by counting otherwise.

use crate::error::DicomError;
use crate::file::DicomFile;
use crate::syntax::Codec;
use crate::walk::PixelLocation;

/// Most items that are listed, so that a file of empty ones cannot fill the memory.
const MOST_ITEMS: usize = 1 << 22;

/// A fragment's value in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Offset of its item header from the first item after the Basic Offset Table.
    pub from_first: u64,
    /// Offset of its value in the file.
    pub offset: u64,
    /// Length of its value.
    pub length: u64,
}

/// Items of the pixel data and the Basic Offset Table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragments {
    /// Basic Offset Table; empty when it has no entries.
    pub basic_offsets: Vec<u64>,
    /// Fragments in file order.
    pub items: Vec<Fragment>,
}

/// Reads the item headers; a missing delimiter or a last item cut short ends the list.
///
/// # Errors
/// [`DicomError::Io`] and [`DicomError::Damaged`] when the first item is none.
pub fn read(file: &DicomFile, location: &PixelLocation) -> Result<Fragments, DicomError> {
    let mut found = Fragments::default();
    let mut at = location.offset;
    let end = file.length();
    let mut first = None;
    let mut index = 0_usize;
    while at + 8 <= end && found.items.len() < MOST_ITEMS {
        let header = file.read(at, 8)?;
        if header.len() < 8 {
            break;
        }
        let tag = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let length = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        match tag {
            0xE000_FFFE => {}
            0xE0DD_FFFE => break,
            _ if index == 0 => {
                return Err(DicomError::Damaged(
                    "its compressed pixel data do not begin with an item".to_owned(),
                ));
            }
            _ => break,
        }
        let value = at + 8;
        let there = length.min(end - value);
        // Some writers leave the table out: the first item then begins a code stream.
        if index == 0 && !begins(file.syntax.codec, &file.read(value, there.min(8))?) {
            found.basic_offsets = file
                .read(value, there)?
                .chunks_exact(4)
                .map(|b| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]])))
                .collect();
        } else {
            let from_first = at - *first.get_or_insert(at);
            found.items.push(Fragment {
                from_first,
                offset: value,
                length: there,
            });
        }
        at = value.saturating_add(length);
        index += 1;
    }
    Ok(found)
}

/// True when a frame's bytes begin so. RLE has no mark: its header says where the first of up to 15 planes begins.
pub fn begins(codec: Codec, head: &[u8]) -> bool {
    match codec {
        Codec::Jpeg | Codec::JpegLs => head.starts_with(&[0xFF, 0xD8]),
        Codec::Jpeg2000 => head.starts_with(&[0xFF, 0x4F, 0xFF]) || head.starts_with(&[0, 0, 0, 12, b'j']),
        Codec::JpegXl => head.starts_with(&[0xFF, 0x0A]) || head.starts_with(&[0, 0, 0, 12, b'J']),
        Codec::Rle => matches!(head, [1..=15, 0, 0, 0, 64, 0, 0, 0, ..]),
        Codec::None | Codec::Encapsulated | Codec::DeflatedFrame | Codec::Unsupported => false,
    }
}

/// True when the Basic Offset Table has an entry a frame and its last one hits an item: no frame is missing then.
///
/// # Errors
/// [`DicomError::Io`].
pub fn table_is_whole(file: &DicomFile, location: &PixelLocation, count: u32) -> Result<bool, DicomError> {
    let header = file.read(location.offset, 8)?;
    let [0xFE, 0xFF, 0x00, 0xE0, length @ ..] = header.as_slice() else {
        return Ok(false);
    };
    let Ok(length) = <[u8; 4]>::try_from(length).map(|b| u64::from(u32::from_le_bytes(b))) else {
        return Ok(false);
    };
    if length != u64::from(count) * 4 {
        return Ok(false);
    }
    let table = file.read(location.offset + 8, length)?;
    let mut entries = table
        .chunks_exact(4)
        .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let last = table
        .last_chunk::<4>()
        .map_or(0, |b| u64::from(u32::from_le_bytes(*b)));
    if entries.next() != Some(0)
        || !table
            .chunks_exact(4)
            .is_sorted_by_key(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    {
        return Ok(false);
    }
    let item = file.read(location.offset + 8 + length + last, 4)?;
    Ok(item == [0xFE, 0xFF, 0x00, 0xE0])
}

/// Fragments of each frame. `starts` says whether a fragment's first bytes begin a code stream.
///
/// One frame takes all fragments; as many fragments as frames are one each; otherwise the offset table is believed
/// when it starts at 0, ascends and points at items, and else a frame begins where a code stream begins.
pub fn frames(
    found: &Fragments,
    count: u32,
    extended: &[u64],
    mut starts: impl FnMut(&Fragment) -> bool,
) -> Vec<Vec<Fragment>> {
    let count = count as usize;
    if count == 1 {
        return vec![found.items.clone()];
    }
    if found.items.len() == count {
        return found.items.iter().map(|item| vec![*item]).collect();
    }
    for offsets in [extended, &found.basic_offsets] {
        let sound = offsets.len() == count
            && offsets.first() == Some(&0)
            && offsets.is_sorted_by(|a, b| a < b)
            && offsets.iter().all(|o| {
                found
                    .items
                    .binary_search_by_key(o, |item| item.from_first)
                    .is_ok()
            });
        if sound {
            return offsets
                .iter()
                .enumerate()
                .map(|(i, from)| {
                    let to = offsets.get(i + 1).copied().unwrap_or(u64::MAX);
                    let place = |offset: u64| found.items.partition_point(|item| item.from_first < offset);
                    found.items[place(*from)..place(to)].to_vec()
                })
                .collect();
        }
    }
    let mut frames: Vec<Vec<Fragment>> = Vec::new();
    for item in &found.items {
        match frames.last_mut() {
            Some(last) if !starts(item) => last.push(*item),
            _ => frames.push(vec![*item]),
        }
    }
    frames
}

/// Frames of a file whose fragments hold several each (which PS3.5 A.4 forbids): each fragment is cut where a code
/// stream ends and another begins. `read` gives a fragment's bytes.
pub fn cut_apart(
    items: &[Fragment],
    codec: Codec,
    mut read: impl FnMut(&Fragment) -> Vec<u8>,
) -> Vec<Vec<Fragment>> {
    let mut frames: Vec<Vec<Fragment>> = Vec::new();
    for item in items {
        let bytes = read(item);
        let mut cuts = vec![0];
        // After the end marker there may be padding up to the next stream.
        for at in 2..bytes.len() {
            if bytes[at - 2..at] == [0xFF, 0xD9] {
                let padding = bytes[at..].iter().take_while(|b| **b == 0).count();
                if bytes.get(at + padding..).is_some_and(|rest| begins(codec, rest)) {
                    cuts.push(at + padding);
                }
            }
        }
        for (i, from) in cuts.iter().enumerate() {
            let to = cuts.get(i + 1).copied().unwrap_or(bytes.len());
            let part = Fragment {
                from_first: item.from_first + *from as u64,
                offset: item.offset + *from as u64,
                length: (to - from) as u64,
            };
            match frames.last_mut() {
                Some(last) if !begins(codec, &bytes[*from..]) => last.push(part),
                _ => frames.push(vec![part]),
            }
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(from_first: u64) -> Fragment {
        Fragment {
            from_first,
            offset: from_first + 8,
            length: 10,
        }
    }

    #[test]
    fn one_frame_takes_all_and_equal_counts_are_one_each() {
        let found = Fragments {
            basic_offsets: vec![],
            items: vec![item(0), item(18)],
        };
        assert_eq!(frames(&found, 1, &[], |_| true)[0].len(), 2);
        assert_eq!(frames(&found, 2, &[], |_| false).len(), 2);
    }

    #[test]
    fn a_wrong_offset_table_is_not_believed() {
        let items = vec![item(0), item(18), item(36)];
        let good = Fragments {
            basic_offsets: vec![0, 36],
            items: items.clone(),
        };
        assert_eq!(
            frames(&good, 2, &[], |_| false)
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>(),
            [2, 1]
        );
        let wrong = Fragments {
            basic_offsets: vec![0, 17],
            items,
        };
        assert_eq!(
            frames(&wrong, 2, &[], |f| f.from_first != 36)
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>(),
            [1, 2]
        );
    }
}
