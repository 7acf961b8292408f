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
