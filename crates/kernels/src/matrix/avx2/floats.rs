//! float32: a line of weights (two registers) times one activation, broadcast.

use std::arch::x86_64::*;

use super::Tile;

/// float32 activations and weights.
///
/// # Safety
/// The pointers hold what the tile says, of one strip, and the machine has AVX2 and FMA.
pub(in crate::matrix) unsafe fn tile(tile: &Tile) {
    debug_assert_eq!(tile.strips, 1);
    macro_rules! rows {
        ($($rows:literal)*) => {
            match tile.rows {
                // SAFETY: the caller's.
                $($rows => unsafe { strip::<$rows>(tile) },)*
                rows => debug_assert!(false, "a tile of {rows} rows"),
            }
        };
    }
    rows!(1 2 3 4 5 6);
}

#[target_feature(enable = "avx2,fma")]
unsafe fn strip<const R: usize>(tile: &Tile) {
    // SAFETY: `steps` lines of weights are read, `steps` words of `R` rows, and `R` lines of sums are written.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); 2]; R];
        if !tile.first {
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = [
                    _mm256_load_ps(tile.sums.add(r * 16)),
                    _mm256_load_ps(tile.sums.add(r * 16 + 8)),
                ];
            }
        }
        let (mut w, mut x) = (tile.weights.cast::<f32>(), tile.x.cast::<f32>());
        let step = |sums: &mut [[__m256; 2]; R], w: *const f32, x: *const f32| {
            let (low, high) = (_mm256_loadu_ps(w), _mm256_loadu_ps(w.add(8)));
            for (r, sum) in sums.iter_mut().enumerate() {
                let value = _mm256_broadcast_ss(&*x.add(r * 16));
                sum[0] = _mm256_fmadd_ps(low, value, sum[0]);
                sum[1] = _mm256_fmadd_ps(high, value, sum[1]);
            }
        };
        for _ in 0..tile.steps / 16 {
            for i in 0..16 {
                step(&mut sums, w.add(i * 16), x.add(i));
            }
            w = w.add(256);
            x = x.add(16 * R);
        }
        for i in 0..tile.steps % 16 {
            step(&mut sums, w.add(i * 16), x.add(i));
        }
        for (r, sum) in sums.iter().enumerate() {
            _mm256_store_ps(tile.sums.add(r * 16), sum[0]);
            _mm256_store_ps(tile.sums.add(r * 16 + 8), sum[1]);
        }
    }
}
