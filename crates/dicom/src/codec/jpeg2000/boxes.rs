//! Where the codestream lies: by itself, or in the boxes of a JP2 or JPH file (T.800 Annex I).

/// Finds the codestream, which begins with SOC and SIZ.
///
/// # Errors
/// In words, when there is none, or when the boxes map its components through a palette.
pub(super) fn codestream(bytes: &[u8]) -> Result<&[u8], String> {
    if bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        return Ok(bytes);
    }
    if let Some(found) = in_boxes(bytes)? {
        return Ok(found);
    }
    // Some writers put bytes of their own before it.
    bytes
        .windows(4)
        .position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])
        .and_then(|at| bytes.get(at..))
        .ok_or_else(|| "it has no codestream".to_owned())
}

fn in_boxes(mut bytes: &[u8]) -> Result<Option<&[u8]>, String> {
    while let Some((kind, content, rest)) = next_box(bytes) {
        match kind {
            b"jp2c" if content.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) => return Ok(Some(content)),
            b"jp2h" => header(content)?,
            _ => {}
        }
        bytes = rest;
    }
    Ok(None)
}

/// Refuses what would make other values of the components than the codestream's own.
fn header(mut bytes: &[u8]) -> Result<(), String> {
    while let Some((kind, content, rest)) = next_box(bytes) {
        match kind {
            b"pclr" | b"cmap" => return Err("its JP2 header maps the values through a palette".to_owned()),
            b"cdef" => channels(content)?,
            _ => {}
        }
        bytes = rest;
    }
    Ok(())
}

/// The channel definition box (T.800 I.5.3.6): colours in another order than the components' are refused.
fn channels(content: &[u8]) -> Result<(), String> {
    let entries = content.get(2..).unwrap_or(&[]);
    let reordered = entries.chunks_exact(6).any(|entry| {
        let word = |at: usize| u16::from_be_bytes([entry[at], entry[at + 1]]);
        let (channel, kind, colour) = (word(0), word(2), word(4));
        kind == 0 && (1..=4).contains(&colour) && colour != channel.saturating_add(1)
    });
    if reordered {
        return Err("its JP2 header puts the colours in another order".to_owned());
    }
    Ok(())
}

/// Kind, content and what follows. A length that reaches past the end is cut.
fn next_box(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (content, header) = match u32::from_be_bytes(*length) {
        0 => return Some((kind, rest, &[])),
        1 => {
            let (long, rest) = rest.split_first_chunk::<8>()?;
            let length = usize::try_from(u64::from_be_bytes(*long)).unwrap_or(usize::MAX);
            (rest, (length, 16))
        }
        length => (rest, (usize::try_from(length).unwrap_or(usize::MAX), 8)),
    };
    let (length, taken) = header;
    let size = length.checked_sub(taken)?.min(content.len());
    let (content, rest) = content.split_at(size);
    Some((kind, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: [u8; 6] = [0xFF, 0x4F, 0xFF, 0x51, 1, 2];

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).expect("small");
        [&length.to_be_bytes()[..], kind, content].concat()
    }

    #[test]
    fn the_codestream_is_found_in_boxes_and_after_strangers() {
        assert_eq!(codestream(&STREAM), Ok(&STREAM[..]));
        let file = [
            boxed(b"jP  ", &[13, 10, 0x87, 10]),
            boxed(b"jp2h", b""),
            boxed(b"jp2c", &STREAM),
        ]
        .concat();
        assert_eq!(codestream(&file), Ok(&STREAM[..]));
        // A last box without a length reaches to the end.
        let open = [&boxed(b"jP  ", b"")[..], &[0; 4], b"jp2c", &STREAM].concat();
        assert_eq!(codestream(&open), Ok(&STREAM[..]));
        assert_eq!(codestream(&[&[1, 2, 3][..], &STREAM].concat()), Ok(&STREAM[..]));
        assert!(codestream(&[0; 64]).is_err());
    }

    #[test]
    fn palettes_and_reordered_colours_are_refused() {
        let file = |header: Vec<u8>| [boxed(b"jp2h", &header), boxed(b"jp2c", &STREAM)].concat();
        let refused = |header| codestream(&file(header)).expect_err("refused");
        assert!(refused(boxed(b"pclr", &[0; 4])).contains("palette"));
        let channels = |colours: [u8; 3]| {
            let entry = |(k, colour): (u8, u8)| [0, k, 0, 0, 0, colour];
            let entries: Vec<u8> = (0..).zip(colours).flat_map(entry).collect();
            boxed(b"cdef", &[&[0, 3][..], &entries].concat())
        };
        assert!(refused(channels([3, 2, 1])).contains("order"));
        assert!(codestream(&file(channels([1, 2, 3]))).is_ok());
    }

    #[test]
    fn lengths_that_lie_end_the_search() {
        for length in [2_u32, 7, u32::MAX] {
            let bytes = [&length.to_be_bytes()[..], b"jp2c", &[0; 40]].concat();
            assert!(codestream(&bytes).is_err());
        }
        let long = [
            &1_u32.to_be_bytes()[..],
            b"jp2c",
            &u64::MAX.to_be_bytes(),
            &STREAM,
        ]
        .concat();
        assert_eq!(codestream(&long), Ok(&STREAM[..]));
    }
}
