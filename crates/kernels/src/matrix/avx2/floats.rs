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

/// float32 activations and bfloat16 weights for up to [`FEW`] rows: widened in registers.
///
/// # Safety
/// As [`tile`]; the steps are even.
pub(in crate::matrix) unsafe fn few(tile: &Tile) {
    debug_assert!(tile.strips == 1 && tile.steps.is_multiple_of(2));
    // SAFETY: the caller's.
    unsafe {
        match tile.rows {
            1 => pairs::<1>(tile),
            2 => pairs::<2>(tile),
            rows => debug_assert!(false, "a tile of {rows} rows"),
        }
    }
}

/// Most rows of [`few`].
pub(in crate::matrix) const FEW: usize = 2;

#[target_feature(enable = "avx2,fma")]
unsafe fn pairs<const R: usize>(tile: &Tile) {
    // SAFETY: half as many lines of pairs as steps are read, `steps` words of `R` rows, `R` lines of sums are
    // written.
    unsafe {
        // Even and odd columns have sums of their own: twice as many additions are under way.
        let mut sums = [[_mm256_setzero_ps(); 4]; R];
        if !tile.first {
            for (r, sum) in sums.iter_mut().enumerate() {
                sum[0] = _mm256_load_ps(tile.sums.add(r * 16));
                sum[1] = _mm256_load_ps(tile.sums.add(r * 16 + 8));
            }
        }
        let upper = _mm256_set1_epi32(0xFFFF_0000_u32.cast_signed());
        for pair in 0..tile.steps / 2 {
            let w = tile.weights.add(pair * 64);
            _mm_prefetch::<_MM_HINT_T0>(w.wrapping_add(2048).cast());
            let x = tile.x.cast::<f32>().add(pair / 8 * 16 * R + pair % 8 * 2);
            for half in 0..2 {
                let both = _mm256_loadu_si256(w.add(half * 32).cast());
                let even = _mm256_castsi256_ps(_mm256_slli_epi32::<16>(both));
                let odd = _mm256_castsi256_ps(_mm256_and_si256(both, upper));
                for (r, sum) in sums.iter_mut().enumerate() {
                    let (a, b) = (x.add(r * 16), x.add(r * 16 + 1));
                    sum[half] = _mm256_fmadd_ps(even, _mm256_broadcast_ss(&*a), sum[half]);
                    sum[2 + half] = _mm256_fmadd_ps(odd, _mm256_broadcast_ss(&*b), sum[2 + half]);
                }
            }
        }
        for (r, sum) in sums.iter().enumerate() {
            _mm256_store_ps(tile.sums.add(r * 16), _mm256_add_ps(sum[0], sum[2]));
            _mm256_store_ps(tile.sums.add(r * 16 + 8), _mm256_add_ps(sum[1], sum[3]));
        }
    }
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
