//! Which tiles of keys each tile of queries reads, and how the work is cut for the threads.

use std::ops::Range;

use super::tile::{KEYS, QUERIES};
use super::{Heads, thin::FEW};

/// Keys that one task has at least when a job is cut, in tiles.
const LEAST: usize = 8;

/// Some keys of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyTile {
    pub(super) segment: usize,
    /// First row.
    pub(super) first: usize,
    /// Rows, at most [`KEYS`].
    pub(super) count: usize,
    /// True when some query does not see all of them.
    pub(super) cut: bool,
}

/// Queries that share a key-value head: the rows `rows` of `[T, group]`.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) kv: usize,
    /// Query heads that read it.
    pub(super) group: Range<usize>,
    pub(super) rows: Range<usize>,
    pub(super) tiles: Vec<KeyTile>,
}

impl Job {
    /// Token and head of a row.
    pub(super) fn query(&self, row: usize) -> (usize, usize) {
        let group = self.group.len();
        (row / group, self.group.start + row % group)
    }

    /// True for the kernel of few queries.
    pub(super) fn is_thin(&self) -> bool {
        self.rows.len() <= FEW
    }
}

/// A part of a job's keys.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) job: usize,
    pub(super) tiles: Range<usize>,
    /// Where its sums go when others do the rest.
    pub(super) slot: Option<usize>,
}

/// All jobs of `length` tokens.
pub(super) fn jobs(length: usize, shape: Heads, segments: usize, seen: &[Range<usize>]) -> Vec<Job> {
    let Heads { heads, kv_heads, .. } = shape;
    let mut jobs: Vec<Job> = Vec::new();
    for kv in 0..kv_heads {
        let group = (kv * heads).div_ceil(kv_heads)..((kv + 1) * heads).div_ceil(kv_heads);
        let rows = length * group.len();
        for first in (0..rows).step_by(QUERIES) {
            let rows = first..(first + QUERIES).min(rows);
            let tokens = first / group.len()..(rows.end - 1) / group.len() + 1;
            // Heads that are shared alike read the same keys.
            let tiles = match jobs
                .iter()
                .find(|j| j.rows == rows && j.group.len() == group.len())
            {
                Some(job) => job.tiles.clone(),
                None => tiles(tokens, segments, seen),
            };
            jobs.push(Job {
                kv,
                group: group.clone(),
                rows,
                tiles,
            });
        }
    }
    jobs
}

/// Tiles of keys that some of the tokens see.
fn tiles(tokens: Range<usize>, segments: usize, seen: &[Range<usize>]) -> Vec<KeyTile> {
    let mut tiles = Vec::new();
    for segment in 0..segments {
        let ranges: Vec<&Range<usize>> = tokens.clone().map(|t| &seen[t * segments + segment]).collect();
        let used = || ranges.iter().filter(|r| !r.is_empty());
        let (Some(start), Some(end)) = (used().map(|r| r.start).min(), used().map(|r| r.end).max()) else {
            continue;
        };
        for first in (start..end).step_by(KEYS) {
            let last = (first + KEYS).min(end);
            if used().any(|r| r.start < last && first < r.end) {
                tiles.push(KeyTile {
                    segment,
                    first,
                    count: last - first,
                    cut: ranges.iter().any(|r| r.start > first || r.end < last),
                });
            }
        }
    }
    tiles
}

/// Cuts the keys of the jobs where there are fewer jobs than threads can share out evenly. Returns the parts, and how
/// many slots of sums they need.
pub(super) fn parts(jobs: &[Job], threads: usize) -> (Vec<Part>, usize) {
    let wanted = if threads > 1 {
        (16 * threads).div_ceil(jobs.len().max(1))
    } else {
        1
    };
    let mut parts = Vec::new();
    let mut slots = 0;
    for (job, Job { tiles, .. }) in jobs.iter().enumerate() {
        let pieces = wanted.min(tiles.len() / LEAST).max(1);
        for piece in 0..pieces {
            parts.push(Part {
                job,
                tiles: piece * tiles.len() / pieces..(piece + 1) * tiles.len() / pieces,
                slot: (pieces > 1).then_some(slots + piece),
            });
        }
        if pieces > 1 {
            slots += pieces;
        }
    }
    (parts, slots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_what_is_seen_and_no_more() {
        // Two tokens, two segments; in the second they see far ends only.
        let seen = [10..20, 0..3, 12..200, 640..650];
        let tiles = tiles(0..2, 2, &seen);
        let places: Vec<_> = tiles
            .iter()
            .map(|t| (t.segment, t.first, t.count, t.cut))
            .collect();
        assert_eq!(
            places,
            [
                (0, 10, 64, true),
                (0, 74, 64, true),
                (0, 138, 62, true),
                (1, 0, 64, true),
                (1, 640, 10, true)
            ]
        );
    }

    #[test]
    fn whole_tiles_need_no_mask() {
        let seen = [0..128, 0..128];
        assert!(tiles(0..2, 1, &seen).iter().all(|t| !t.cut && t.count == KEYS));
    }

    #[test]
    fn parts_share_out_every_tile_once() {
        let shape = Heads {
            heads: 8,
            kv_heads: 4,
            d: 16,
        };
        let jobs = jobs(1, shape, 1, &vec![0..22_500; 1]);
        let (parts, slots) = parts(&jobs, 16);
        assert_eq!((jobs.len(), parts.len(), slots), (4, 176, 176));
        for (i, job) in jobs.iter().enumerate() {
            let all: Vec<usize> = parts
                .iter()
                .filter(|p| p.job == i)
                .flat_map(|p| p.tiles.clone())
                .collect();
            assert_eq!(all, (0..job.tiles.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn heads_that_do_not_divide_evenly_follow_the_rule() {
        let shape = Heads {
            heads: 7,
            kv_heads: 3,
            d: 16,
        };
        for job in jobs(2, shape, 1, &[0..5, 0..5]) {
            for h in job.group {
                assert_eq!(h * shape.kv_heads / shape.heads, job.kv);
            }
        }
    }
}
