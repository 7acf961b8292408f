//! How alike pictures look, and whether their values are the same.

use overread_imaging::frame::Frame;
use overread_imaging::samples::Samples;
use sha2::{Digest, Sha256};

/// Side of the reduced picture, px.
const SIDE: usize = 32;
/// Side of the low frequencies that are kept.
const LOW: usize = 8;
/// Differences of grey below this part of the range are noise of a flat picture.
const FLAT: f64 = 1e-3;

/// SHA-256 over size and stored values of frames, in their order: the same for the same values whatever the file.
pub(crate) fn of_values<'a>(frames: impl Iterator<Item = &'a Frame>) -> String {
    let mut hash = Sha256::new();
    for frame in frames {
        let a = &frame.attributes;
        hash.update(a.rows.to_le_bytes());
        hash.update(a.columns.to_le_bytes());
        // As numbers of one width: sixteen bits allocated for eight stored are the same picture.
        each(&frame.samples, &mut |value| hash.update(value.to_le_bytes()));
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn each(samples: &Samples, take: &mut dyn FnMut(f64)) {
    match samples {
        Samples::U8(v) => v.iter().for_each(|v| take(f64::from(*v))),
        Samples::I8(v) => v.iter().for_each(|v| take(f64::from(*v))),
        Samples::U16(v) => v.iter().for_each(|v| take(f64::from(*v))),
        Samples::I16(v) => v.iter().for_each(|v| take(f64::from(*v))),
        Samples::U32(v) => v.iter().for_each(|v| take(f64::from(*v))),
        Samples::I32(v) => v.iter().for_each(|v| take(f64::from(*v))),
        Samples::F32(v) => v.iter().for_each(|v| take(f64::from(*v))),
        Samples::F64(v) => v.iter().for_each(|v| take(*v)),
    }
}

/// A perceptual hash: of the picture reduced to 32 x 32 by means, the signs of its 63 lowest cosine frequencies against their
/// median (Zauner 2010, pHash). Brightness, contrast, size and compression change few bits. `None` for flat pictures, which are
/// like every other flat one.
pub(crate) fn perceptual(frame: &Frame) -> Option<u64> {
    let (rows, columns) = (frame.attributes.rows as usize, frame.attributes.columns as usize);
    let mut values = Vec::new();
    each(&frame.samples, &mut |value| values.push(value));
    let samples = values.len() / rows.checked_mul(columns).filter(|n| *n > 0)?;
    if samples == 0 || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let grey = |row: usize, column: usize| {
        let at = (row * columns + column) * samples;
        values[at..at + samples].iter().sum::<f64>() / samples as f64
    };
    let reduced = reduced(rows, columns, &grey);
    let low = reduced.iter().copied().fold(f64::INFINITY, f64::min);
    let high = reduced.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high - low <= FLAT * high.abs().max(low.abs()).max(1.0) {
        return None;
    }
    let mut coefficients = Vec::with_capacity(LOW * LOW);
    for u in 0..LOW {
        for v in 0..LOW {
            coefficients.push(cosine(&reduced, u, v));
        }
    }
    // The mean (0, 0) tells of brightness alone.
    let mut sorted = coefficients[1..].to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    Some(
        coefficients[1..]
            .iter()
            .fold(0, |hash, value| hash << 1 | u64::from(*value > median)),
    )
}

/// Means over 32 x 32 fields; small pictures repeat their pixels.
fn reduced(rows: usize, columns: usize, grey: &dyn Fn(usize, usize) -> f64) -> Vec<f64> {
    let field = |at: usize, of: usize| {
        let from = at * of / SIDE;
        from..((at + 1) * of / SIDE).max(from + 1)
    };
    let mut out = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (ys, xs) = (field(y, rows), field(x, columns));
            let count = (ys.len() * xs.len()) as f64;
            let sum: f64 = ys
                .flat_map(|row| xs.clone().map(move |column| grey(row, column)))
                .sum();
            out.push(sum / count);
        }
    }
    out
}

/// DCT-II of frequency (u, v), without its factor.
fn cosine(picture: &[f64], u: usize, v: usize) -> f64 {
    let wave = |at: usize, frequency: usize| {
        (std::f64::consts::PI * frequency as f64 * (2 * at + 1) as f64 / (2 * SIDE) as f64).cos()
    };
    let columns: Vec<f64> = (0..SIDE).map(|x| wave(x, v)).collect();
    (0..SIDE)
        .map(|y| {
            let row = &picture[y * SIDE..(y + 1) * SIDE];
            wave(y, u) * row.iter().zip(&columns).map(|(p, c)| p * c).sum::<f64>()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use overread_phantom::dicom::{Samples as Made, Writer};

    use super::*;

    fn frame(rows: u16, columns: u16, value: impl Fn(f64, f64) -> f64) -> Arc<Frame> {
        let values = (0..rows)
            .flat_map(|y| {
                (0..columns).map(move |x| (f64::from(y) / f64::from(rows), f64::from(x) / f64::from(columns)))
            })
            .map(|(y, x)| value(y, x) as u16)
            .collect();
        let bytes = Writer::new("look", rows, columns, Made::U16(values)).encode();
        let file = overread_dicom::file::DicomFile::from_bytes(bytes, None).expect("a file");
        let header = overread_dicom::ImageHeader::read(std::path::Path::new("x"), &file).expect("a header");
        Arc::new(overread_dicom::decode_with(&file, &header, 1).expect("a frame"))
    }

    fn body(y: f64, x: f64) -> f64 {
        let (dy, dx) = (y - 0.45, x - 0.55);
        1000.0 * (-(dy * dy * 9.0 + dx * dx * 20.0)).exp() + 300.0 * (7.0 * x + 3.0 * y).sin().abs()
    }

    #[test]
    fn size_and_contrast_change_little_and_another_picture_much() {
        let hash = |frame: &Frame| perceptual(frame).expect("not flat");
        let own = hash(&frame(200, 180, body));
        let other = |f: &Frame| (own ^ hash(f)).count_ones();
        assert!(other(&frame(100, 90, body)) <= 4, "half its size");
        assert!(
            other(&frame(200, 180, |y, x| 500.0 + 1.7 * body(y, x))) <= 4,
            "brighter"
        );
        assert!(other(&frame(200, 180, |y, x| body(x, 1.0 - y))) > 12, "turned");
        assert!(other(&frame(200, 180, |y, x| body(y, 1.0 - x))) > 12, "mirrored");
        assert_eq!(perceptual(&frame(64, 64, |_, _| 7.0)), None, "flat");
    }

    #[test]
    fn the_same_values_have_one_hash() {
        let (a, b) = (frame(20, 10, body), frame(20, 10, body));
        let hash = |f: &Frame| of_values(std::iter::once(f));
        assert_eq!(hash(&a), hash(&b));
        assert_ne!(hash(&a), hash(&frame(10, 20, body)));
        assert_ne!(hash(&a), hash(&frame(20, 10, |y, x| body(y, x) + 1.0)));
    }
}
