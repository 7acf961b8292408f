//! Small products of words: the arithmetic of both halves of attention.

use crate::lanes::{Lanes, Product};

/// Words `[rows, steps]` at any distances from each other, of which each is multiplied with a whole row of the other side.
#[derive(Clone, Copy)]
pub(super) struct Left {
    /// First word.
    pub(super) at: *const f32,
    /// Words from a row to the next.
    pub(super) row: usize,
    /// Words from a step to the next.
    pub(super) step: usize,
}

/// `c[r][j] = sum over s of a[r][s] * b[s][j]`, added to what is there unless `fresh`. `b` is `[steps, width]` words and `c`
/// `[rows, width]` float32, of which the first `registers` registers are used.
///
/// # Safety
/// All these must lie in memory that may be read, and `c` written; `width` must hold `registers` registers.
#[inline(always)]
#[expect(unsafe_code, reason = "the inner loops of attention go without bounds checks")]
pub(super) unsafe fn multiply<P: Product>(
    p: P,
    a: Left,
    rows: usize,
    steps: usize,
    b: *const f32,
    c: *mut f32,
    width: usize,
    registers: usize,
    fresh: bool,
) {
    let n = P::L::N;
    let mut done = 0;
    while done < registers {
        let wide = (registers - done).min(P::L::WIDE);
        // SAFETY: the columns from `done` on, `wide` registers of them.
        unsafe {
            let (b, c) = (b.add(done * n), c.add(done * n));
            match wide {
                3 => columns::<P, 3>(p, a, rows, steps, b, c, width, fresh),
                2 => columns::<P, 2>(p, a, rows, steps, b, c, width, fresh),
                _ => columns::<P, 1>(p, a, rows, steps, b, c, width, fresh),
            }
        }
        done += wide;
    }
}

/// # Safety
/// As for [`multiply`], of `V` registers.
#[inline(always)]
#[expect(unsafe_code, reason = "the inner loops of attention go without bounds checks")]
unsafe fn columns<P: Product, const V: usize>(
    p: P,
    a: Left,
    rows: usize,
    steps: usize,
    b: *const f32,
    c: *mut f32,
    width: usize,
    fresh: bool,
) {
    let mut r = 0;
    while r < rows {
        let left = rows - r;
        // SAFETY: the rows from `r` on, no more than there are.
        unsafe {
            let from = Left {
                at: a.at.add(r * a.row),
                ..a
            };
            let c = c.add(r * width);
            if P::L::ROWS >= 8 && left >= 8 {
                block::<P, 8, V>(p, from, steps, b, c, width, fresh);
                r += 8;
            } else if P::L::ROWS == 6 && left >= 6 {
                block::<P, 6, V>(p, from, steps, b, c, width, fresh);
                r += 6;
            } else if left >= 4 {
                block::<P, 4, V>(p, from, steps, b, c, width, fresh);
                r += 4;
            } else {
                block::<P, 1, V>(p, from, steps, b, c, width, fresh);
                r += 1;
            }
        }
    }
}

/// # Safety
/// As for [`multiply`], of `R` rows and `V` registers.
#[inline(always)]
#[expect(unsafe_code, reason = "the inner loops of attention go without bounds checks")]
#[expect(
    clippy::needless_range_loop,
    reason = "rows of registers and of words are walked together"
)]
unsafe fn block<P: Product, const R: usize, const V: usize>(
    p: P,
    a: Left,
    steps: usize,
    b: *const f32,
    c: *mut f32,
    width: usize,
    fresh: bool,
) {
    let l = p.lanes();
    let n = P::L::N;
    let mut acc = [[l.splat(0.0); V]; R];
    // SAFETY: `R` rows of `steps` words, `steps` rows of `V` registers and `R` rows of `V` registers, says the caller.
    unsafe {
        if !fresh {
            for r in 0..R {
                for v in 0..V {
                    acc[r][v] = l.load(c.add(r * width + v * n));
                }
            }
        }
        for s in 0..steps {
            let mut right = [l.splat(0.0); V];
            for v in 0..V {
                right[v] = l.load(b.add(s * width + v * n));
            }
            for r in 0..R {
                let word = l.splat(*a.at.add(r * a.row + s * a.step));
                for v in 0..V {
                    acc[r][v] = p.madd(word, right[v], acc[r][v]);
                }
            }
        }
        for r in 0..R {
            for v in 0..V {
                l.store(acc[r][v], c.add(r * width + v * n));
            }
        }
    }
}
