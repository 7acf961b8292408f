//! Noise as a filtered back projection leaves it: band-limited, correlated, stronger in thick and wide bodies.

use rayon::prelude::*;

use crate::random::{mix, quick_normal};

/// Adds noise of standard deviation about `sigma` HU (in the body's middle) to a plane of `columns` columns; how it
/// spreads follows from what the rays along rows and columns meet in the plane itself.
pub(crate) fn add(hu: &mut [f32], columns: usize, key: u64, sigma: f32) {
    let rows = hu.len() / columns.max(1);
    if rows == 0 {
        return;
    }
    let (horizontal, vertical) = thickness(hu, columns, rows);
    let field = correlated(columns, rows, mix(key));
    let streaks = streaks(columns, rows, mix(key ^ 0x5717));
    let widest = horizontal.iter().chain(&vertical).copied().fold(1.0f32, f32::max);
    for (row, length) in horizontal.iter().enumerate() {
        // Rays along x through this row lose most photons where the body is wide: that is where streaks come from.
        let along = length / widest;
        let streak = 0.32 * along.powi(3);
        for (column, length) in vertical.iter().enumerate() {
            let across = length / widest;
            let local = 0.34 + 0.45 * (along * across).sqrt() + 0.35 * along * across;
            let index = row * columns + column;
            hu[index] += sigma * local * (field[index] + streak * streaks[index]);
        }
    }
}

/// Water-equivalent length of the rays along each row and each column, in pixels.
fn thickness(hu: &[f32], columns: usize, rows: usize) -> (Vec<f32>, Vec<f32>) {
    let mut horizontal = vec![0.0f32; rows];
    let mut vertical = vec![0.0f32; columns];
    for (row, line) in hu.chunks_exact(columns).enumerate() {
        for (column, value) in line.iter().enumerate() {
            let density = (1.0 + value / 1000.0).max(0.0);
            horizontal[row] += density;
            vertical[column] += density;
        }
    }
    (horizontal, vertical)
}

/// White noise through a band pass (a narrow minus a wide blur), scaled to unit variance.
fn correlated(columns: usize, rows: usize, key: u64) -> Vec<f32> {
    let white: Vec<f32> = (0..columns * rows).map(|i| quick_normal(key, i as u64)).collect();
    let narrow = blur(
        &white,
        columns,
        &[0.06, 0.24, 0.40, 0.24, 0.06],
        &[0.06, 0.24, 0.40, 0.24, 0.06],
    );
    let wide_kernel = [0.06, 0.12, 0.20, 0.24, 0.20, 0.12, 0.06];
    let wide = blur(&white, columns, &wide_kernel, &wide_kernel);
    let mut field: Vec<f32> = narrow.iter().zip(&wide).map(|(n, w)| n - 0.78 * w).collect();
    normalise(&mut field);
    field
}

/// Noise that is long along rows and short across.
fn streaks(columns: usize, rows: usize, key: u64) -> Vec<f32> {
    let white: Vec<f32> = (0..columns * rows).map(|i| quick_normal(key, i as u64)).collect();
    let mut field = blur(&white, columns, &[1.0 / 15.0; 15], &[0.2, 0.6, 0.2]);
    normalise(&mut field);
    field
}

fn normalise(field: &mut [f32]) {
    let variance =
        field.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>() / field.len().max(1) as f64;
    let scale = (1.0 / variance.max(1e-12).sqrt()) as f32;
    for value in field {
        *value *= scale;
    }
}

/// Separable filter with mirrored borders.
pub(crate) fn blur(plane: &[f32], columns: usize, across: &[f32], down: &[f32]) -> Vec<f32> {
    let rows = plane.len() / columns;
    let mut first = vec![0.0f32; plane.len()];
    first
        .par_chunks_mut(columns)
        .zip(plane.par_chunks(columns))
        .for_each(|(out, line)| filter_line(out, line, across));
    let half = down.len() / 2;
    let mut out = vec![0.0f32; plane.len()];
    out.par_chunks_mut(columns).enumerate().for_each(|(row, line)| {
        for (k, weight) in down.iter().enumerate() {
            let source = mirror(row as isize + k as isize - half as isize, rows);
            let from = &first[source * columns..(source + 1) * columns];
            line.iter_mut().zip(from).for_each(|(o, v)| *o += weight * v);
        }
    });
    out
}

fn filter_line(out: &mut [f32], line: &[f32], kernel: &[f32]) {
    let half = kernel.len() / 2;
    let n = line.len();
    for (i, o) in out.iter_mut().enumerate() {
        *o = if i >= half && i + half < n {
            kernel.iter().zip(&line[i - half..]).map(|(k, v)| k * v).sum()
        } else {
            let taps = kernel.iter().enumerate();
            taps.map(|(k, weight)| weight * line[mirror(i as isize + k as isize - half as isize, n)])
                .sum()
        };
    }
}

fn mirror(index: isize, n: usize) -> usize {
    let last = n as isize - 1;
    if last <= 0 {
        return 0;
    }
    let folded = index.rem_euclid(2 * last);
    (if folded > last { 2 * last - folded } else { folded }) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_correlated_band_limited_and_stronger_in_the_middle() {
        let n = 128usize;
        let disc = |i: usize| {
            let (x, y) = ((i % n) as f32 - 63.5, (i / n) as f32 - 63.5);
            if x * x + y * y < 55.0 * 55.0 { 0.0 } else { -1000.0 }
        };
        let clean: Vec<f32> = (0..n * n).map(disc).collect();
        let mut noisy = clean.clone();
        add(&mut noisy, n, 4, 20.0);
        let noise: Vec<f32> = noisy.iter().zip(&clean).map(|(a, b)| a - b).collect();
        let std = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
            let values: Vec<f32> = rows
                .flat_map(|r| columns.clone().map(move |c| (r, c)))
                .map(|(r, c)| noise[r * n + c])
                .collect();
            (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt()
        };
        let (middle, corner) = (std(50..78, 50..78), std(0..16, 0..16));
        assert!((15.0..30.0).contains(&middle), "{middle}");
        assert!(corner < 0.6 * middle, "{corner} {middle}");
        let mean = noise.iter().sum::<f32>() / noise.len() as f32;
        assert!(mean.abs() < 0.5, "{mean}");
        let product = |lag: usize| (0..n * n - lag).map(|i| noise[i] * noise[i + lag]).sum::<f32>();
        let neighbour = product(1) / product(0);
        assert!(
            (0.25..0.9).contains(&neighbour),
            "correlation of neighbours {neighbour}"
        );
    }
}
