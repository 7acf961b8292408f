//! The first lesson: what a patch shows. Some patches of a slice, those of the lesion first, and the same places in the
//! patient without it.

use std::sync::Arc;

use overread_phantom::Finding;
use overread_tuning::augment::Look;
use overread_tuning::random::Draw;
use overread_tuning::train::Lessons;
use overread_tuning::{Example, Patches, Seen};

use super::slices::{GRID, PATCH, SIDE, Slice};

/// Patches of a slice that are looked at.
const LOOKED_AT: usize = 64;
/// A patch of which so much is covered counts as the lesion's alone.
const WHOLE: f32 = 0.1;
/// A slice is moved by up to so many px either way.
pub(super) const MOVED: usize = 7;
/// What the lesion's patches count beside the others.
const LESION: f32 = 0.8;

/// Classes of patches and what each counts, from the share that a lesion covers; both kinds sum to one a slice.
pub(super) fn due(covered: &[f32], finding: Finding) -> Vec<[(usize, f32); 2]> {
    let of_lesion: Vec<f32> = covered.iter().map(|c| (c / WHOLE).min(1.0)).collect();
    let lesion: f32 = of_lesion.iter().sum();
    let rest = covered.len() as f32 - lesion;
    of_lesion
        .iter()
        .map(|p| {
            [
                (Finding::Normal as usize, (1.0 - p) / rest.max(1.0)),
                (finding as usize, LESION * p / lesion.max(0.5)),
            ]
        })
        .collect()
}

/// Patches of slices: five in eight with a lesion, two the same patients without it, one whatever comes.
pub(super) struct PatchLessons<'a> {
    pub(super) slices: &'a [Slice],
    pub(super) with_lesion: Vec<usize>,
}

impl<'a> PatchLessons<'a> {
    pub(super) fn new(slices: &'a [Slice]) -> Self {
        // The small ones are harder to learn: they come twice as often.
        let times = |i: usize| match slices[i].finding {
            _ if slices[i].mask.is_empty() => 0,
            Finding::Nodule | Finding::RibFracture => 2,
            _ => 1,
        };
        Self {
            slices,
            with_lesion: (0..slices.len())
                .flat_map(|i| std::iter::repeat_n(i, times(i)))
                .collect(),
        }
    }
}

impl Lessons for PatchLessons<'_> {
    fn len(&self) -> usize {
        self.slices.len()
    }

    fn example(&self, _: usize, draw: Draw) -> Example {
        let kind = draw.below(10, 8);
        let index = if kind < 7 {
            self.with_lesion[draw.below(11, self.with_lesion.len())]
        } else {
            draw.below(11, self.slices.len())
        };
        let slice = &self.slices[index];
        let twin = (5..7).contains(&kind);
        let look = Look::draw(draw, MOVED);
        let values = look.values(if twin { &slice.without } else { &slice.rgb }, SIDE);
        let covered = look.covered(&slice.mask, SIDE, PATCH);
        let red = |patch: usize| {
            let (top, left) = (patch / GRID * PATCH, patch % GRID * PATCH);
            (0..PATCH * PATCH).any(|i| values[(top + i / PATCH) * SIDE + left + i % PATCH] > -0.5)
        };
        // The lesion's patches first, then the body's, then some of the air's.
        let mut order: Vec<(f64, usize)> = (0..GRID * GRID)
            .map(|patch| {
                let near = if covered[patch] / WHOLE > 0.05 { 2.0 } else { 0.0 };
                let body = if red(patch) { 1.0 } else { 0.15 };
                (near + body * draw.unit(100 + patch as u64), patch)
            })
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let only: Vec<usize> = order.iter().take(LOOKED_AT).map(|(_, patch)| *patch).collect();
        let shown: Vec<f32> = only
            .iter()
            .map(|patch| if twin { 0.0 } else { covered[*patch] })
            .collect();
        Example {
            ids: Vec::new(),
            blocks: Vec::new(),
            answer: 0..0,
            seen: Seen::Pictures(vec![Arc::new(values)]),
            weight: 1.0,
            patches: Some(Arc::new(Patches {
                due: due(&shown, slice.finding),
                only: Some(only),
            })),
        }
    }
}
