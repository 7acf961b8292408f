//! Attention at every level against double precision.

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;
use crate::rounding::{from_f16, to_f16};

/// Numbers in -1..1 that look like chance.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn at(elements: Elements<'_>, i: usize) -> f64 {
    f64::from(match elements {
        Elements::F32(v) => v[i],
        Elements::F16(v) => from_f16(v[i]),
    })
}

/// The definition, in double precision.
fn reference(
    q: &[f32],
    shape: Heads,
    segments: &[Segment<'_>],
    seen: &[Range<usize>],
    scale: f32,
) -> Vec<f64> {
    let Heads { heads, kv_heads, d } = shape;
    let mut out = vec![0.0; q.len()];
    for (row, (q, out)) in q.chunks(d).zip(out.chunks_mut(d)).enumerate() {
        let (t, h) = (row / heads, row % heads);
        let kv = h * kv_heads / heads;
        let mut scored = Vec::new();
        for (s, segment) in segments.iter().enumerate() {
            for key in seen[t * segments.len() + s].clone() {
                let from = (kv * segment.stride + key) * d;
                let score: f64 = (0..d).map(|i| f64::from(q[i]) * at(segment.keys, from + i)).sum();
                scored.push((score * f64::from(scale), segment.values, from));
            }
        }
        let top = scored.iter().map(|s| s.0).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scored.iter().map(|s| (s.0 - top).exp()).sum();
        for (score, values, from) in scored {
            let weight = (score - top).exp() / total;
            for (i, o) in out.iter_mut().enumerate() {
                *o += weight * at(values, from + i);
            }
        }
    }
    out
}

fn largest_difference(got: &[f32], wanted: &[f64]) -> f64 {
    assert_eq!(got.len(), wanted.len());
    got.iter()
        .zip(wanted)
        .map(|(g, w)| {
            let difference = (f64::from(*g) - w).abs();
            if difference.is_nan() {
                f64::INFINITY
            } else {
                difference
            }
        })
        .fold(0.0, f64::max)
}

/// Values lie in -1..1: a float32 result may be off by some roundings, a bfloat16 one by those of its operands (2^-9 each;
/// scores of size `s` move by `s` times that).
fn tolerance(precision: Precision, largest_score: f64) -> f64 {
    match precision {
        Precision::F32 => 2e-6 + 4e-7 * largest_score,
        Precision::Bf16 => 8e-3 + 8e-3 * largest_score,
    }
}

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::Bf16];

fn check_all(length: usize, heads: usize, d: usize, size: f32, seed: u32) {
    let [mut q, k, v] = [1, 2, 3].map(|n| numbers(length * heads * d, seed + n));
    q.iter_mut().for_each(|x| *x *= size);
    let scale = 1.0 / (d as f32).sqrt();
    let by_head = |x: &[f32]| -> Vec<f32> {
        (0..heads)
            .flat_map(|h| (0..length).flat_map(move |t| x[(t * heads + h) * d..][..d].iter().copied()))
            .collect()
    };
    let (keys, values) = (by_head(&k), by_head(&v));
    let segment = Segment {
        keys: Elements::F32(&keys),
        values: Elements::F32(&values),
        stride: length,
    };
    let shape = Heads {
        heads,
        kv_heads: heads,
        d,
    };
    let wanted = reference(&q, shape, &[segment], &vec![0..length; length], scale);
    for kernels in Kernels::all() {
        for precision in PRECISIONS {
            let mut out = vec![f32::NAN; q.len()];
            attend_all(
                kernels,
                &q,
                &k,
                &v,
                heads,
                d,
                scale,
                precision,
                &mut out,
                Stop::NEVER,
            );
            let off = largest_difference(&out, &wanted);
            let allowed = tolerance(precision, f64::from(size));
            assert!(
                off <= allowed,
                "{length} x {heads} x {d}, size {size}, {kernels:?} {precision:?}: {off:e} > {allowed:e}"
            );
        }
    }
}

/// A cache and ranges made from a seed.
struct Made {
    shape: Heads,
    q: Vec<f32>,
    cells: Vec<(Vec<f32>, Vec<f32>, Vec<u16>, Vec<u16>, usize)>,
    seen: Vec<Range<usize>>,
}

impl Made {
    fn new(
        shape: Heads,
        length: usize,
        rows: &[usize],
        ranges: impl Fn(usize, usize) -> Range<usize>,
    ) -> Self {
        let Heads { heads, kv_heads, d } = shape;
        let cells = rows
            .iter()
            .enumerate()
            .map(|(s, rows)| {
                // A stride beyond the rows in use, which hold what must never be read.
                let stride = rows + 3;
                let make = |seed| {
                    let mut all = vec![f32::NAN; kv_heads * stride * d];
                    for (kv, head) in all.chunks_exact_mut(stride * d).enumerate() {
                        head[..rows * d].copy_from_slice(&numbers(rows * d, seed + kv as u32));
                    }
                    all
                };
                let (keys, values) = (make(100 * s as u32 + 7), make(100 * s as u32 + 57));
                let half = |x: &[f32]| x.iter().map(|v| to_f16(*v)).collect::<Vec<_>>();
                let halves = (half(&keys), half(&values));
                (keys, values, halves.0, halves.1, stride)
            })
            .collect();
        Self {
            shape,
            q: numbers(length * heads * d, 5),
            cells,
            seen: (0..length)
                .flat_map(|t| (0..rows.len()).map(move |s| (t, s)))
                .map(|(t, s)| ranges(t, s))
                .collect(),
        }
    }

    fn segments(&self, half: bool) -> Vec<Segment<'_>> {
        self.cells
            .iter()
            .map(|(keys, values, half_keys, half_values, stride)| Segment {
                keys: if half {
                    Elements::F16(half_keys)
                } else {
                    Elements::F32(keys)
                },
                values: if half {
                    Elements::F16(half_values)
                } else {
                    Elements::F32(values)
                },
                stride: *stride,
            })
            .collect()
    }

    fn check(&self, scale: f32) {
        let size = f64::from(scale) * (self.shape.d as f64).sqrt();
        for half in [false, true] {
            let segments = self.segments(half);
            let wanted = reference(&self.q, self.shape, &segments, &self.seen, scale);
            for kernels in Kernels::all() {
                for precision in PRECISIONS {
                    let mut out = vec![f32::NAN; self.q.len()];
                    attend_with(
                        kernels,
                        precision,
                        &self.q,
                        self.shape,
                        &segments,
                        &self.seen,
                        scale,
                        &mut out,
                        Stop::NEVER,
                    );
                    let off = largest_difference(&out, &wanted);
                    let allowed = tolerance(precision, size);
                    assert!(
                        off <= allowed,
                        "{:?} half {half} {kernels:?} {precision:?}: {off:e} > {allowed:e}",
                        self.shape
                    );
                }
            }
        }
    }
}

const GROUPED: Heads = Heads {
    heads: 8,
    kv_heads: 4,
    d: 256,
};

#[test]
fn the_tower_equals_its_definition_over_odd_shapes() {
    for length in [1, 2, 15, 47, 48, 49, 63, 64, 65, 97, 130] {
        for d in [8, 13, 31, 72, 80, 128] {
            check_all(length, 2, d, 1.0, length as u32);
        }
    }
}

#[test]
fn large_scores_do_not_overflow() {
    // Scores of some hundreds: one key has nearly all the weight, and the maximum is raised on the way.
    for size in [30.0, 300.0] {
        check_all(200, 1, 72, size, 3);
    }
}

#[test]
fn equal_keys_share_the_weight() {
    let (length, d) = (133, 24);
    let q = numbers(length * d, 1);
    let k: Vec<f32> = numbers(d, 2).repeat(length);
    let v: Vec<f32> = (0..length * d).map(|i| (i % d) as f32).collect();
    for kernels in Kernels::all() {
        for (precision, allowed) in PRECISIONS.into_iter().zip([2e-5, 0.1]) {
            let mut out = vec![0.0; q.len()];
            attend_all(kernels, &q, &k, &v, 1, d, 1.0, precision, &mut out, Stop::NEVER);
            for (i, o) in out.iter().enumerate() {
                assert!(
                    (o - (i % d) as f32).abs() < allowed,
                    "{kernels:?} {precision:?} {i}: {o}"
                );
            }
        }
    }
}

#[test]
fn rising_scores_raise_the_maximum_every_time() {
    // Each key scores higher than the one before by more than the slack.
    let (length, d) = (200, 8);
    let q = vec![1.0; d];
    let keys: Vec<f32> = (0..length).flat_map(|t| vec![t as f32 * 2.0; d]).collect();
    let values = numbers(length * d, 9);
    let segment = Segment {
        keys: Elements::F32(&keys),
        values: Elements::F32(&values),
        stride: length,
    };
    let shape = Heads {
        heads: 1,
        kv_heads: 1,
        d,
    };
    for tokens in [1, 40] {
        let q = q.repeat(tokens);
        let seen = vec![0..length; tokens];
        let wanted = reference(&q, shape, &[segment], &seen, 1.0);
        for kernels in Kernels::all() {
            let mut out = vec![0.0; q.len()];
            attend(kernels, &q, shape, &[segment], &seen, 1.0, &mut out, Stop::NEVER);
            assert!(largest_difference(&out, &wanted) < 1e-5, "{kernels:?}");
        }
    }
}

#[test]
fn one_token_over_a_long_cache_is_merged_from_parts() {
    Made::new(GROUPED, 1, &[4000], |_, _| 0..4000).check(0.0625);
    Made::new(
        GROUPED,
        1,
        &[1500, 700],
        |_, s| if s == 0 { 3..1500 } else { 1..699 },
    )
    .check(0.0625);
    let wide = Heads {
        heads: 32,
        kv_heads: 16,
        d: 128,
    };
    Made::new(wide, 2, &[1100], |t, _| 5..1099 + t).check(0.09);
}

#[test]
fn causal_chunks_with_a_window_and_a_prefix() {
    let window = |t: usize, s: usize| match s {
        0 => 0..70,
        _ => (t + 30).saturating_sub(40)..t + 31,
    };
    for length in [1, 3, 5, 17, 70] {
        Made::new(GROUPED, length, &[70, 101], window).check(0.0625);
    }
}

#[test]
fn a_query_that_sees_nothing_gets_zeros() {
    for length in [1, 9, 60] {
        let made = Made::new(
            GROUPED,
            length,
            &[90],
            |t, _| if t % 3 == 0 { 4..4 } else { t..t + 20 },
        );
        made.check(0.0625);
        let mut out = vec![1.0; made.q.len()];
        attend(
            Kernels::best(),
            &made.q,
            GROUPED,
            &made.segments(true),
            &made.seen,
            1.0,
            &mut out,
            Stop::NEVER,
        );
        assert!(out[..GROUPED.heads * GROUPED.d].iter().all(|o| *o == 0.0));
    }
    // No segments at all.
    let q = numbers(64, 1);
    let mut out = vec![1.0; 64];
    let shape = Heads {
        heads: 4,
        kv_heads: 2,
        d: 16,
    };
    attend(Kernels::best(), &q, shape, &[], &[], 1.0, &mut out, Stop::NEVER);
    assert!(out.iter().all(|o| *o == 0.0));
}

#[test]
#[should_panic(expected = "segment 0 holds the rows that are seen")]
fn a_range_beyond_the_rows_is_refused() {
    let (q, cells) = ([0.0; 16], [0.0; 32]);
    let shape = Heads {
        heads: 1,
        kv_heads: 1,
        d: 16,
    };
    let segment = Segment {
        keys: Elements::F32(&cells),
        values: Elements::F32(&cells),
        stride: 2,
    };
    attend(
        Kernels::best(),
        &q,
        shape,
        &[segment],
        &vec![0..3; 1],
        1.0,
        &mut [0.0; 16],
        Stop::NEVER,
    );
}

#[test]
fn a_stop_ends_early() {
    let flag = AtomicBool::new(true);
    let (length, d) = (4096, 72);
    let q = numbers(length * d, 1);
    for kernels in Kernels::all() {
        let mut out = vec![-7.0; q.len()];
        attend_all(
            kernels,
            &q,
            &q,
            &q,
            1,
            d,
            1.0,
            Precision::F32,
            &mut out,
            Stop::when(&flag),
        );
        assert!(out.iter().all(|o| *o == -7.0), "nothing was written");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_shape_equals_the_definition(
        length in 1_usize..70,
        kv_heads in 1_usize..4,
        more in 0_usize..6,
        d in 8_usize..=256,
        rows in proptest::collection::vec(1_usize..180, 1..4),
        seed in 0_usize..1000,
        scale in 0.01_f32..2.0,
    ) {
        let shape = Heads { heads: kv_heads + more, kv_heads, d };
        let ranges = |t: usize, s: usize| {
            let mix = (seed + t * 31 + s * 17).wrapping_mul(40_503) >> 3;
            let (a, b) = (mix % (rows[s] + 1), mix / 7 % (rows[s] + 1));
            if mix.is_multiple_of(5) { 0..rows[s] } else { a..b.max(a) }
        };
        Made::new(shape, length, &rows, ranges).check(scale / (d as f32).sqrt());
    }

    #[test]
    fn any_tower_equals_the_definition(
        length in 1_usize..150,
        heads in 1_usize..4,
        d in 8_usize..=256,
        size in 0.1_f32..4.0,
        seed in 0_u32..1000,
    ) {
        check_all(length, heads, d, size, seed);
    }
}
