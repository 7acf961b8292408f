//! Components to pixels: smaller ones repeated, YCbCr turned to RGB.

use super::dct::Plane;
use super::stream::{Colours, Frame};
use crate::codec::{Cells, Decoded};

/// Components side by side.
pub(super) fn put_together(frame: &Frame, mut planes: Vec<Plane>, header_rgb: bool) -> Decoded<Cells> {
    let count = planes.len();
    let turn = count == 3 && frame.colours(header_rgb) == Colours::Ybr;
    let cells = match (planes.len(), planes.pop()) {
        (1, Some(grey)) => cropped(grey, frame),
        (_, last) => {
            planes.extend(last);
            woven(frame, &planes, turn)
        }
    };
    Decoded {
        columns: frame.columns as u32,
        rows: frame.rows as u32,
        components: count as u8,
        cells: Cells::U16(cells),
        precision: frame.precision,
        signed: false,
        rgb: count == 3,
    }
}

/// A lone component without what fills up its last blocks, moved together where it lies.
fn cropped(plane: Plane, frame: &Frame) -> Vec<u16> {
    let width = plane.width();
    let mut samples = plane.into_samples();
    if width != frame.columns {
        for row in 1..frame.rows {
            samples.copy_within(row * width..row * width + frame.columns, row * frame.columns);
        }
    }
    samples.truncate(frame.rows * frame.columns);
    samples
}

/// Several components, row by row.
fn woven(frame: &Frame, planes: &[Plane], turn: bool) -> Vec<u16> {
    let (most_h, most_v) = (frame.most_h(), frame.most_v());
    let mut cells = Vec::with_capacity(frame.samples());
    let mut lines: Vec<Vec<u16>> = vec![vec![0; frame.columns]; planes.len()];
    for y in 0..frame.rows {
        for ((line, plane), c) in lines.iter_mut().zip(planes).zip(&frame.components) {
            let from = &plane.samples()[y * c.v / most_v * plane.width()..][..plane.width()];
            spread(from, line, (c.h, most_h));
        }
        match lines.as_slice() {
            [y, cb, cr] if turn => {
                let pixels = y.iter().zip(cb).zip(cr);
                cells.extend(pixels.flat_map(|((y, cb), cr)| to_rgb([*y, *cb, *cr], frame.precision)));
            }
            [a, b, c] => cells.extend(a.iter().zip(b).zip(c).flat_map(|((a, b), c)| [*a, *b, *c])),
            lines => cells.extend((0..frame.columns).flat_map(|x| lines.iter().map(move |line| line[x]))),
        }
    }
    cells
}

/// A row of a component that has `h` samples where the largest has `most`.
fn spread(from: &[u16], to: &mut [u16], (h, most): (usize, usize)) {
    if h == most {
        to.copy_from_slice(&from[..to.len()]);
    } else if h * 2 == most {
        for (pair, value) in to.chunks_mut(2).zip(from) {
            pair.fill(*value);
        }
    } else {
        for (x, value) in to.iter_mut().enumerate() {
            *value = from[x * h / most];
        }
    }
}

/// Y Cb Cr of a pixel to R G B (JFIF, scaled to the precision).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of the precision"
)]
#[inline]
fn to_rgb(ybr: [u16; 3], precision: u8) -> [u16; 3] {
    let centre = f64::from(1_u32 << (precision - 1));
    let top = f64::from((1_u32 << precision) - 1);
    let [y, cb, cr] = [
        f64::from(ybr[0]),
        f64::from(ybr[1]) - centre,
        f64::from(ybr[2]) - centre,
    ];
    [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    // Rounded half up: what is cut off is a fraction, as nothing below 0 is left.
    .map(|v| (v + 0.5).clamp(0.0, top) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_stays_grey() {
        assert_eq!(to_rgb([1000, 2048, 2048], 12), [1000; 3]);
    }

    #[test]
    fn colours_end_at_their_limits() {
        assert_eq!(to_rgb([4000, 2048, 4095], 12), [4095, 2538, 4000]);
        assert_eq!(to_rgb([0, 2048, 0], 12), [0, 1463, 0]);
    }

    #[test]
    fn fewer_samples_are_repeated() {
        let mut to = [0; 5];
        spread(&[1, 2, 3, 4], &mut to, (1, 2));
        assert_eq!(to, [1, 1, 2, 2, 3]);
        spread(&[1, 2, 3, 4], &mut to, (2, 3));
        assert_eq!(to, [1, 1, 2, 3, 3]);
        spread(&[1, 2, 3, 4, 5], &mut to, (2, 2));
        assert_eq!(to, [1, 2, 3, 4, 5]);
    }
}
