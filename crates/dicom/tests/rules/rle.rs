//! RLE frames (PS3.5 annex G) for these tests.

/// A frame from byte planes, each as literal runs.
pub(crate) fn frame(planes: &[Vec<u8>]) -> Vec<u8> {
    of_segments(&planes.iter().map(|p| literal(p)).collect::<Vec<_>>())
}

/// A frame from segments as they are, with the header that they ask for.
pub(crate) fn of_segments(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut header = vec![u32::try_from(segments.len()).expect("few")];
    let mut at = 64;
    for segment in segments {
        header.push(u32::try_from(at).expect("small"));
        at += segment.len();
    }
    header.resize(16, 0);
    let mut out: Vec<u8> = header.iter().flat_map(|v| v.to_le_bytes()).collect();
    out.extend(segments.iter().flatten());
    out
}

/// A plane as literal runs, padded to even length.
pub(crate) fn literal(plane: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in plane.chunks(128) {
        out.push(u8::try_from(run.len() - 1).expect("at most 127"));
        out.extend_from_slice(run);
    }
    crate::even(out)
}
