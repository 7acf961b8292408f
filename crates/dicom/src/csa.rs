//! Siemens' CSA header: named lists of text values in a private element (0029,xx10).
//!
//! Two layouts exist, with the mark `SV10` and without. Each tag has a name of 64 bytes, a multiplicity, a VR, a type, a
//! count of items and a mark; each item four lengths and its bytes, padded to four.

/// Most tags and items looked at: real headers have about a hundred tags of at most 170 items.
const MOST_TAGS: u32 = 1024;
const MOST_ITEMS: u32 = 4096;

/// The values of a tag that say anything; `None` when the header is not one or has no such tag.
pub(crate) fn values(header: &[u8], wanted: &str) -> Option<Vec<String>> {
    let marked = header.starts_with(b"SV10");
    let mut at = if marked { 8 } else { 0 };
    let count = word(header, &mut at)?;
    let _unused = word(header, &mut at)?;
    // The first item length of the layout without a mark is counted from the first tag's.
    let mut base = None;
    for _ in 0..count.min(MOST_TAGS) {
        let name = name(header.get(at..at.checked_add(64)?)?);
        at += 64;
        let _multiplicity = word(header, &mut at)?;
        at = at.checked_add(4)?;
        let _type = word(header, &mut at)?;
        let items = word(header, &mut at)?;
        let _mark = word(header, &mut at)?;
        let mut values = Vec::new();
        for _ in 0..items.min(MOST_ITEMS) {
            let first = word(header, &mut at)?;
            let second = word(header, &mut at)?;
            at = at.checked_add(8)?;
            let length = if marked {
                second
            } else {
                first.checked_sub(*base.get_or_insert(first))?
            };
            let length = usize::try_from(length).ok()?;
            let value = header.get(at..at.checked_add(length)?)?;
            let text: String = value
                .iter()
                .take_while(|b| **b != 0)
                .map(|b| char::from(*b))
                .collect();
            if !text.trim().is_empty() {
                values.push(text.trim().to_owned());
            }
            at = at.checked_add(length.checked_next_multiple_of(4)?)?;
        }
        if name == wanted {
            return Some(values);
        }
    }
    None
}

fn word(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let four = bytes.get(*at..at.checked_add(4)?)?;
    *at += 4;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

fn name(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take_while(|b| **b != 0)
        .map(|b| char::from(*b))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A header with the mark, of tags with their values.
    pub(crate) fn header(tags: &[(&str, &[&str])]) -> Vec<u8> {
        let mut out = b"SV10\x04\x03\x02\x01".to_vec();
        let number = |n: usize| u32::try_from(n).expect("small").to_le_bytes();
        out.extend(number(tags.len()));
        out.extend(77_u32.to_le_bytes());
        for (name, values) in tags {
            let mut padded = [0; 64];
            padded[..name.len()].copy_from_slice(name.as_bytes());
            out.extend(padded);
            out.extend(number(values.len()));
            out.extend(b"FD\0\0");
            out.extend(number(4));
            out.extend(number(values.len()));
            out.extend(77_u32.to_le_bytes());
            for value in *values {
                for length in [value.len(), value.len(), 77, value.len()] {
                    out.extend(number(length));
                }
                out.extend(value.as_bytes());
                out.resize(out.len().next_multiple_of(4), 0);
            }
        }
        out
    }

    #[test]
    fn values_are_found_by_name() {
        let header = header(&[("Echo", &["1"]), ("SliceNormalVector", &["0.0", "-0.5 ", "0.87"])]);
        assert_eq!(
            values(&header, "SliceNormalVector").expect("there"),
            ["0.0", "-0.5", "0.87"]
        );
        assert!(values(&header, "Other").is_none());
    }

    #[test]
    fn a_header_that_lies_is_no_header() {
        let whole = header(&[("SliceNormalVector", &["1", "2", "3"])]);
        for length in 0..whole.len() - 4 {
            assert!(
                values(&whole[..length], "SliceNormalVector").is_none(),
                "{length}"
            );
        }
        let mut lying = whole;
        for byte in 0..lying.len() {
            let kept = lying[byte];
            lying[byte] = 0xFF;
            let _either = values(&lying, "SliceNormalVector");
            lying[byte] = kept;
        }
    }
}
