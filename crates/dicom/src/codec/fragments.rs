//! Encapsulated pixel data (PS3.5 A.4): items to frames, by the offset tables where they hold, by counting otherwise.

use crate::error::DicomError;
use crate::file::DicomFile;
use crate::walk::PixelLocation;

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
    while at + 8 <= end {
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
        if index == 0 {
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
            && offsets.windows(2).all(|w| w[0] < w[1])
            && offsets
                .iter()
                .all(|o| found.items.iter().any(|item| item.from_first == *o));
        if sound {
            return offsets
                .iter()
                .enumerate()
                .map(|(i, from)| {
                    let to = offsets.get(i + 1).copied().unwrap_or(u64::MAX);
                    found
                        .items
                        .iter()
                        .filter(|item| item.from_first >= *from && item.from_first < to)
                        .copied()
                        .collect()
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
