//! The inverse wavelet transforms (T.800 Annex F): 5/3 in integers without loss, 9/7 in single precision.
//!
//! A buffer holds the subbands of all levels as quarters of quarters, the lowest in the upper left. A level is
//! undone along the rows, then along the columns, sixteen columns at a time.

use super::geometry::Rect;

/// Columns that are lifted side by side.
const LANES: usize = 16;

/// A tile-component's coefficients, then samples, in rows of `stride`.
#[derive(Debug, Default)]
pub(super) struct Plane<T> {
    pub(super) cells: Vec<T>,
    pub(super) stride: usize,
}

impl<T: Copy + Default> Plane<T> {
    /// All nought. The stride is no power of two, which caches dislike.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let stride = (width
            + if width >= 128 && width.is_multiple_of(64) {
                LANES
            } else {
                0
            })
        .max(1);
        Self {
            cells: vec![T::default(); stride * height],
            stride,
        }
    }
}

/// One filter: how even and odd samples of a line come from low and high coefficients.
pub(super) trait Filter {
    /// A sample.
    type Value: Copy + Default;

    /// Undoes the filter over a line; `odd` says that the line begins with a high coefficient.
    fn lift<const N: usize>(low: &mut [[Self::Value; N]], high: &mut [[Self::Value; N]], odd: bool);

    /// A line of one high coefficient.
    fn halve(value: Self::Value) -> Self::Value;
}

/// The reversible filter (T.800 F.3.8.2.1.1).
#[derive(Debug)]
pub(super) struct Reversible;

/// The irreversible filter (T.800 F.3.8.2.1.2).
#[derive(Debug)]
pub(super) struct Irreversible;

impl Filter for Reversible {
    type Value = i32;

    fn lift<const N: usize>(low: &mut [[i32; N]], high: &mut [[i32; N]], odd: bool) {
        step(low, high, odd, |t, a, b| {
            t.wrapping_sub(a.wrapping_add(b).wrapping_add(2) >> 2)
        });
        step(high, low, !odd, |t, a, b| t.wrapping_add(a.wrapping_add(b) >> 1));
    }

    fn halve(value: i32) -> i32 {
        value / 2
    }
}

impl Filter for Irreversible {
    type Value = f32;

    fn lift<const N: usize>(low: &mut [[f32; N]], high: &mut [[f32; N]], odd: bool) {
        const ALPHA: f32 = -1.586_134_3;
        const BETA: f32 = -0.052_980_12;
        const GAMMA: f32 = 0.882_911_1;
        const DELTA: f32 = 0.443_506_85;
        const K: f32 = 1.230_174_1;
        for row in low.iter_mut() {
            *row = row.map(|v| v * K);
        }
        for row in high.iter_mut() {
            *row = row.map(|v| v * (1.0 / K));
        }
        step(low, high, odd, |t, a, b| t - DELTA * (a + b));
        step(high, low, !odd, |t, a, b| t - GAMMA * (a + b));
        step(low, high, odd, |t, a, b| t - BETA * (a + b));
        step(high, low, !odd, |t, a, b| t - ALPHA * (a + b));
    }

    fn halve(value: f32) -> f32 {
        value / 2.0
    }
}

/// Changes each target by its two neighbours: sources `i - 1` and `i`, or with `ahead` sources `i` and `i + 1`; past
/// an end the source is mirrored, which is its last.
#[inline(always)]
fn step<T: Copy, const N: usize>(
    targets: &mut [[T; N]],
    sources: &[[T; N]],
    ahead: bool,
    change: impl Fn(T, T, T) -> T,
) {
    let Some(last) = sources.len().checked_sub(1) else {
        return;
    };
    let shift = usize::from(ahead);
    let count = targets.len();
    // Targets with both neighbours.
    let (first, end) = ((1 - shift).min(count), (sources.len() - shift).min(count));
    for i in (0..first).chain(end.max(first)..count) {
        let (a, b) = ((i + shift).saturating_sub(1).min(last), (i + shift).min(last));
        let target = &mut targets[i];
        *target = std::array::from_fn(|k| change(target[k], sources[a][k], sources[b][k]));
    }
    let inner = targets.get_mut(first..end).unwrap_or_default();
    for ((target, a), b) in inner.iter_mut().zip(sources).zip(sources.iter().skip(1)) {
        *target = std::array::from_fn(|k| change(target[k], a[k], b[k]));
    }
}

/// Memory that levels share.
#[derive(Debug, Default)]
pub(super) struct Scratch<T> {
    line: Vec<T>,
    low: Vec<[T; LANES]>,
    high: Vec<[T; LANES]>,
}

/// Undoes one level (T.800 F.3.2): from the next lower resolution's rectangle to this one's.
pub(super) fn undo<F: Filter>(
    plane: &mut Plane<F::Value>,
    below: Rect,
    rect: Rect,
    scratch: &mut Scratch<F::Value>,
) {
    if rect.is_empty() {
        return;
    }
    let width = rect.width();
    for row in plane.cells.chunks_mut(plane.stride).take(rect.height()) {
        undo_row::<F>(
            &mut row[..width],
            below.width(),
            rect.x.0 & 1 == 1,
            &mut scratch.line,
        );
    }
    for column in (0..width).step_by(LANES) {
        let count = LANES.min(width - column);
        undo_strip::<F>(plane, column, count, below.height(), rect, scratch);
    }
}

fn undo_row<F: Filter>(row: &mut [F::Value], lows: usize, odd: bool, line: &mut Vec<F::Value>) {
    if let [only] = row {
        if odd {
            *only = F::halve(*only);
        }
        return;
    }
    line.clear();
    line.extend_from_slice(row);
    let (low, high) = line.split_at_mut(lows);
    F::lift(low.as_chunks_mut::<1>().0, high.as_chunks_mut::<1>().0, odd);
    // Pairs of an even and an odd place, after a first one that has no partner.
    let (first, second, pairs) = if odd {
        let Some((head, high)) = high.split_first() else {
            return;
        };
        let Some((start, pairs)) = row.split_first_mut() else {
            return;
        };
        *start = *head;
        (&*low, high, pairs)
    } else {
        (&*low, &*high, &mut *row)
    };
    let (pairs, rest) = pairs.as_chunks_mut::<2>();
    for ((pair, a), b) in pairs.iter_mut().zip(first).zip(second) {
        *pair = [*a, *b];
    }
    if let ([end], Some(value)) = (rest, first.last()) {
        *end = *value;
    }
}

fn undo_strip<F: Filter>(
    plane: &mut Plane<F::Value>,
    column: usize,
    count: usize,
    lows: usize,
    rect: Rect,
    scratch: &mut Scratch<F::Value>,
) {
    let (height, odd) = (rect.height(), rect.y.0 & 1 == 1);
    let stride = plane.stride;
    let lines = &mut plane.cells[column..];
    if height == 1 {
        if odd {
            for value in &mut lines[..count] {
                *value = F::halve(*value);
            }
        }
        return;
    }
    let (low, high) = (&mut scratch.low, &mut scratch.high);
    low.clear();
    high.clear();
    let mut read = lines.chunks(stride).map(|line| {
        line.first_chunk::<LANES>()
            .filter(|_| count == LANES)
            .copied()
            .unwrap_or_else(|| {
                let mut lanes = [F::Value::default(); LANES];
                lanes[..count].copy_from_slice(&line[..count]);
                lanes
            })
    });
    low.extend(read.by_ref().take(lows));
    high.extend(read.take(height - lows));
    F::lift(low, high, odd);
    let mut targets = lines.chunks_mut(stride).take(height);
    let mut put = |lanes: &[F::Value; LANES]| {
        if let Some(line) = targets.next() {
            match line.first_chunk_mut::<LANES>() {
                Some(line) if count == LANES => *line = *lanes,
                _ => line[..count].copy_from_slice(&lanes[..count]),
            }
        }
    };
    let (mut even, mut uneven) = (low.iter(), high.iter());
    if odd && let Some(lanes) = uneven.next() {
        put(lanes);
    }
    loop {
        let (a, b) = (even.next(), uneven.next());
        a.into_iter().chain(b).for_each(&mut put);
        if a.is_none() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x0: u32, x1: u32) -> Rect {
        Rect {
            x: (x0, x1),
            y: (0, 1),
        }
    }

    /// The forward 5/3 filter as T.800 F.4.8.2 writes it, sample by sample with mirrored ends.
    fn forward(line: &[i32], start: usize) -> Vec<i32> {
        let end = start + line.len();
        let mirror = |i: isize| {
            let (first, last) = (start as isize, end as isize - 1);
            let i = if i < first { 2 * first - i } else { i };
            (if i > last { 2 * last - i } else { i }.clamp(first, last) - first) as usize
        };
        let mut y = line.to_vec();
        let odd = |i: isize| i & 1 != 0;
        let places = || start as isize..end as isize;
        for i in places().filter(|i| odd(*i)) {
            y[mirror(i)] -= (line[mirror(i - 1)] + line[mirror(i + 1)]) >> 1;
        }
        let high = y.clone();
        for i in places().filter(|i| !odd(*i)) {
            y[mirror(i)] += (high[mirror(i - 1)] + high[mirror(i + 1)] + 2) >> 2;
        }
        let pick = |parity: bool| places().filter(move |i| odd(*i) == parity);
        pick(false).chain(pick(true)).map(|i| y[mirror(i)]).collect()
    }

    #[test]
    fn the_reversible_filter_undoes_the_standards_forward_one() {
        for start in 0..2_u32 {
            for length in 2..40_u32 {
                let line: Vec<i32> = (0..length).map(|i| (i * i * 37 % 501) as i32 - 250).collect();
                let to = rect(start, start + length);
                let mut plane = Plane {
                    cells: forward(&line, start as usize),
                    stride: length as usize,
                };
                undo::<Reversible>(&mut plane, to.reduced(1), to, &mut Scratch::default());
                assert_eq!(plane.cells, line, "{start}, {length}");
            }
        }
    }

    #[test]
    fn columns_are_lifted_like_rows() {
        let line: Vec<i32> = (0..37).map(|i| i * i * 37 % 501 - 250).collect();
        let coded = forward(&line, 1);
        // The same in 19 columns, one whole strip and a cut one: rows of ten low coefficients and no high ones.
        let mut plane = Plane::new(19, 37);
        for (row, value) in plane.cells.chunks_mut(plane.stride).zip(&coded) {
            row[..10].fill(*value);
        }
        let to = Rect {
            x: (0, 19),
            y: (1, 38),
        };
        undo::<Reversible>(&mut plane, to.reduced(1), to, &mut Scratch::default());
        for (row, value) in plane.cells.chunks(plane.stride).zip(&line) {
            assert_eq!(row[..19], [*value; 19]);
        }
    }

    #[test]
    fn a_single_high_coefficient_is_halved() {
        let mut plane = Plane {
            cells: vec![14],
            stride: 1,
        };
        undo::<Reversible>(&mut plane, rect(1, 1), rect(1, 2), &mut Scratch::default());
        assert_eq!(plane.cells, [7]);
    }

    #[test]
    fn a_flat_line_stays_flat_under_the_irreversible_filter() {
        // Low coefficients of gain one, no high ones.
        let mut plane = Plane {
            cells: [vec![100.0; 9], vec![0.0; 8]].concat(),
            stride: 17,
        };
        undo::<Irreversible>(&mut plane, rect(0, 9), rect(0, 17), &mut Scratch::default());
        assert!(
            plane.cells.iter().all(|v| (v - 100.0).abs() < 1e-3),
            "{:?}",
            plane.cells
        );
    }
}
