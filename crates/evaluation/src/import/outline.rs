//! Outlined regions on slices, and which of them are one.

use std::collections::{BTreeMap, BTreeSet};

/// Pixels of a slice: row to the columns in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mask {
    rows: BTreeMap<i32, BTreeSet<i32>>,
}

/// Most pixels of a slice that are kept: a whole slice of 4096 x 4096 is no nodule.
const MOST_PIXELS: usize = 1 << 22;

impl Mask {
    /// The pixels strictly inside a closed outline (column, row), itself the first pixels outside. A very thin outline encloses nothing.
    pub(super) fn inside(outline: &[[i32; 2]]) -> Self {
        let mut mask = Self::default();
        let on: BTreeSet<[i32; 2]> = outline.iter().copied().collect();
        let mut crossings: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
        let mut steps = 0_usize;
        for (i, from) in outline.iter().enumerate() {
            let to = outline.get(i + 1).or(outline.first()).unwrap_or(from);
            let (upper, lower) = if from[1] < to[1] { (from, to) } else { (to, from) };
            // Half-open, so that a corner is crossed once.
            for row in upper[1]..lower[1] {
                steps += 1;
                if steps > MOST_PIXELS {
                    return mask;
                }
                let along = f64::from(row - upper[1]) / f64::from(lower[1] - upper[1]);
                crossings
                    .entry(row)
                    .or_default()
                    .push(f64::from(upper[0]) + along * f64::from(lower[0] - upper[0]));
            }
        }
        let mut pixels = 0_usize;
        for (row, mut at) in crossings {
            at.sort_by(f64::total_cmp);
            for pair in at.chunks_exact(2) {
                let (first, last) = (pair[0].ceil() as i32, pair[1].floor() as i32);
                for column in first..=last {
                    pixels += 1;
                    if pixels > MOST_PIXELS {
                        return mask;
                    }
                    if !on.contains(&[column, row]) {
                        mask.rows.entry(row).or_default().insert(column);
                    }
                }
            }
        }
        mask
    }

    /// Adds another's pixels.
    pub(super) fn add(&mut self, other: &Self) {
        for (row, columns) in &other.rows {
            self.rows.entry(*row).or_default().extend(columns);
        }
    }

    /// Takes another's pixels out.
    pub(super) fn take_out(&mut self, other: &Self) {
        for (row, columns) in &other.rows {
            if let Some(own) = self.rows.get_mut(row) {
                own.retain(|column| !columns.contains(column));
            }
        }
        self.rows.retain(|_, columns| !columns.is_empty());
    }

    /// Pixels.
    pub(super) fn area(&self) -> usize {
        self.rows.values().map(BTreeSet::len).sum()
    }

    /// Left, top, right, bottom in px, continuous corners: a pixel at 3 reaches from 3 to 4.
    pub(super) fn corners(&self) -> Option<[f64; 4]> {
        let (top, bottom) = (self.rows.keys().next()?, self.rows.keys().next_back()?);
        let left = self.rows.values().filter_map(|columns| columns.first()).min()?;
        let right = self.rows.values().filter_map(|columns| columns.last()).max()?;
        Some([
            f64::from(*left),
            f64::from(*top),
            f64::from(*right) + 1.0,
            f64::from(*bottom) + 1.0,
        ])
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.rows
            .iter()
            .any(|(row, columns)| other.rows.get(row).is_some_and(|own| !columns.is_disjoint(own)))
    }
}

/// Groups regions (slice to mask) that share a pixel, by way of others, too: indices, in the order of the first of each.
pub(super) fn together(regions: &[&BTreeMap<String, Mask>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, region) in regions.iter().enumerate() {
        let meets = |group: &Vec<usize>| {
            group.iter().any(|other| {
                region
                    .iter()
                    .any(|(slice, mask)| regions[*other].get(slice).is_some_and(|o| o.overlaps(mask)))
            })
        };
        let (meeting, mut apart): (Vec<Vec<usize>>, Vec<Vec<usize>>) = groups.into_iter().partition(meets);
        let mut joined: Vec<usize> = meeting.into_iter().flatten().chain([i]).collect();
        joined.sort_unstable();
        apart.push(joined);
        apart.sort_by_key(|group| group.first().copied());
        groups = apart;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_is_outside() {
        // A diamond of 4-connected steps around one pixel, and around a plus of five.
        let one = Mask::inside(&[[5, 4], [6, 5], [5, 6], [4, 5]]);
        assert_eq!((one.area(), one.corners()), (1, Some([5.0, 5.0, 6.0, 6.0])));
        let plus = Mask::inside(&[[5, 3], [6, 4], [7, 5], [6, 6], [5, 7], [4, 6], [3, 5], [4, 4]]);
        assert_eq!((plus.area(), plus.corners()), (5, Some([4.0, 4.0, 7.0, 7.0])));
        assert_eq!(Mask::inside(&[[1, 1], [2, 1]]).area(), 0);
        assert_eq!(Mask::inside(&[]).corners(), None);
    }

    #[test]
    fn regions_are_joined_by_way_of_others() {
        let square = |at: i32| Mask::inside(&[[at, 0], [at + 10, 0], [at + 10, 10], [at, 10]]);
        let on = |slice: &str, mask: Mask| BTreeMap::from([(slice.to_owned(), mask)]);
        let [a, b, c, d] = [
            on("s", square(0)),
            on("s", square(16)),
            on("t", square(0)),
            on("s", square(8)),
        ];
        assert_eq!(together(&[&a, &b, &c]), [vec![0], vec![1], vec![2]]);
        assert_eq!(together(&[&a, &b, &c, &d]), [vec![0, 1, 3], vec![2]]);
    }
}
