//! Products of plain matrices in either precision, by any strides: what learning needs and reading does not.
//!
//! A safe door to the `gemm` crate: lengths are checked against shapes and strides before anything is computed. Threads
//! divide rows and columns, never a sum, so that the result does not depend on how many there are.

#![expect(
    unsafe_code,
    reason = "the gemm crate takes pointers; shapes and strides are checked before"
)]

use gemm::Parallelism;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A number that can be learned with: float32 for use, float64 for the proof of the gradients.
pub trait Real:
    sealed::Sealed
    + Copy
    + Send
    + Sync
    + Default
    + PartialOrd
    + std::fmt::Debug
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
    + std::ops::AddAssign
    + std::ops::MulAssign
    + std::iter::Sum
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The nearest number.
    fn of(value: f64) -> Self;
    /// The same number.
    fn of_single(value: f32) -> Self;
    /// As double.
    fn double(self) -> f64;
    /// Square root.
    fn sqrt(self) -> Self;
    /// e to the power of it.
    fn exp(self) -> Self;
    /// Hyperbolic tangent, to a few units of the last place of 1.
    #[inline]
    fn tanh(self) -> Self {
        Self::ONE - Self::of(2.0) / ((self + self).exp() + Self::ONE)
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn of(value: f64) -> Self {
        value
    }
    fn of_single(value: f32) -> Self {
        Self::from(value)
    }
    fn double(self) -> f64 {
        self
    }
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    fn exp(self) -> Self {
        self.exp()
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn of(value: f64) -> Self {
        value as Self
    }
    #[inline]
    fn of_single(value: f32) -> Self {
        value
    }
    fn double(self) -> f64 {
        f64::from(self)
    }
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    /// Cephes' `expf`: a polynomial that compilers put into vectors, within two units of the last place. Below the
    /// smallest normal number it is 0.
    #[inline]
    fn exp(self) -> Self {
        let x = if self < 88.0 { self } else { 88.0 };
        // Adding and taking away 1.5 * 2^23 rounds to the nearest whole number, which then stands in the low bits.
        let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
        let n = shifted - 12_582_912.0;
        let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
        let mut p = 1.987_569_1e-4;
        for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
            p = p * r + c;
        }
        let y = p * r * r + r + 1.0;
        let power = Self::from_bits(shifted.to_bits().wrapping_add(127) << 23);
        if x > -87.0 { y * power } else { 0.0 }
    }
}

/// A matrix in a slice: element (r, c) lies at `r * row + c * column`.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T> {
    values: &'a [T],
    row: usize,
    column: usize,
}

impl<'a, T> View<'a, T> {
    /// Rows of `width` values one after the other.
    pub fn rows(values: &'a [T], width: usize) -> Self {
        Self::strided(values, width, 1)
    }

    /// Any strides.
    pub fn strided(values: &'a [T], row: usize, column: usize) -> Self {
        Self { values, row, column }
    }

    /// Rows as columns.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            row: self.column,
            column: self.row,
            ..self
        }
    }

    fn reaches(&self, rows: usize, columns: usize) -> bool {
        reaches(self.values.len(), self.row, self.column, rows, columns)
    }
}

fn reaches(length: usize, row: usize, column: usize, rows: usize, columns: usize) -> bool {
    let last = (rows - 1)
        .checked_mul(row)
        .and_then(|r| (columns - 1).checked_mul(column).and_then(|c| r.checked_add(c)));
    last.is_some_and(|last| last < length)
}

/// `out[m, n] = keep * out + scale * a[m, k] b[k, n]`; `out` has rows `stride` apart. With `threads` above one the work
/// is shared by the current rayon pool.
///
/// # Panics
/// When a slice is shorter than its shape and strides say.
pub fn multiply<T: Real>(
    [m, n, k]: [usize; 3],
    out: &mut [T],
    stride: usize,
    keep: T,
    a: View<'_, T>,
    b: View<'_, T>,
    scale: T,
    threads: usize,
) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(
        n <= stride && reaches(out.len(), stride, 1, m, n),
        "out is too short for {m} x {n}"
    );
    if k == 0 {
        for row in out.chunks_mut(stride).take(m) {
            row[..n]
                .iter_mut()
                .for_each(|v| *v = if keep == T::ZERO { T::ZERO } else { keep * *v });
        }
        return;
    }
    assert!(a.reaches(m, k), "the left matrix is too short for {m} x {k}");
    assert!(b.reaches(k, n), "the right matrix is too short for {k} x {n}");
    let parallelism = if threads > 1 {
        Parallelism::Rayon(threads)
    } else {
        Parallelism::None
    };
    // SAFETY: every element that the shapes and strides address lies within its slice, as asserted; `out` is borrowed
    // mutably, so it overlaps neither `a` nor `b`; rows of `out` do not overlap since a stride is at least n. T is f32
    // or f64 (sealed), which gemm supports.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride as isize,
            keep != T::ZERO,
            a.values.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.values.as_ptr(),
            b.column as isize,
            b.row as isize,
            keep,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers<T: Real>(count: usize, seed: usize) -> Vec<T> {
        (0..count)
            .map(|i| T::of(((i * 7919 + seed * 104_729) % 1009) as f64 / 504.5 - 1.0))
            .collect()
    }

    fn twin<T: Real>(
        [m, n, k]: [usize; 3],
        a: &[T],
        b: &[T],
        at: impl Fn(usize, usize) -> [usize; 2],
    ) -> Vec<f64> {
        let mut out = Vec::new();
        for r in 0..m {
            for c in 0..n {
                out.push(
                    (0..k)
                        .map(|i| a[at(r, i)[0]].double() * b[at(i, c)[1]].double())
                        .sum(),
                );
            }
        }
        out
    }

    fn holds<T: Real>(shape: [usize; 3], turned: bool, threads: usize, within: f64) {
        let [m, n, k] = shape;
        let (a, b) = (numbers::<T>(m * k, 1), numbers::<T>(k * n, 2));
        let first = numbers::<T>(m * n, 3);
        let mut out = first.clone();
        let right = if turned {
            View::rows(&b, k).transposed()
        } else {
            View::rows(&b, n)
        };
        multiply(
            shape,
            &mut out,
            n,
            T::ONE,
            View::rows(&a, k),
            right,
            T::of(0.5),
            threads,
        );
        let expected = twin(shape, &a, &b, |r, c| {
            [r * k + c, if turned { c * k + r } else { r * n + c }]
        });
        for ((o, e), f) in out.iter().zip(expected).zip(first) {
            assert!((o.double() - (f.double() + 0.5 * e)).abs() < within, "{o:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn products_are_sums_of_products(m in 1usize..40, n in 1usize..40, k in 1usize..90, turned: bool, threads in 1usize..3) {
            holds::<f32>([m, n, k], turned, threads, 1e-4);
            holds::<f64>([m, n, k], turned, threads, 1e-12);
        }
    }

    #[test]
    fn the_fast_exponential_is_the_exponential() {
        for i in -9_000..9_000 {
            let x = i as f32 / 100.0;
            let (fast, exact) = (Real::exp(x), f64::from(x).exp());
            if (-86.0..87.0).contains(&x) {
                assert!((f64::from(fast) / exact - 1.0).abs() < 4e-7, "{x}: {fast}");
            }
            assert!((Real::tanh(x).double() - f64::from(x).tanh()).abs() < 3e-7, "{x}");
        }
        assert_eq!((Real::exp(f32::NEG_INFINITY), Real::exp(0.0_f32)), (0.0, 1.0));
        assert!(Real::exp(1e9_f32).is_finite() && Real::exp(f32::NAN) > 0.0);
    }

    #[test]
    fn nothing_summed_is_zero_and_keeps_what_is_kept() {
        let mut out = [2.0_f32, f32::NAN, 3.0, 4.0];
        let nothing = View::rows(&[], 1);
        multiply([2, 1, 0], &mut out, 2, 0.0, nothing, nothing, 1.0, 1);
        assert_eq!((out[0], out[2], out[3]), (0.0, 0.0, 4.0));
    }

    #[test]
    #[should_panic(expected = "too short")]
    fn a_short_slice_is_refused() {
        let a = [1.0_f32; 5];
        multiply(
            [2, 2, 3],
            &mut [0.0; 4],
            2,
            0.0,
            View::rows(&a, 3),
            View::rows(&a, 2),
            1.0,
            1,
        );
    }
}
