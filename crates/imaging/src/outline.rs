//! Outlines of the pixels that a mask covers, along the pixels' own edges: exact at every zoom.

/// Closed outlines of a mask: corners (column, row) in image coordinates, where (0,0) is the outer corner of the first
/// pixel and pixel centres lie at .5 (PS3.3 C.18.6.1.2). Only corners at which the outline turns are listed; the last is
/// joined to the first. Areas lie to the right of their outline, so holes run the other way round: filled by either
/// winding rule they stay empty. Pixels that touch at a corner only are kept apart.
///
/// `cells` is row-major, `columns * rows` long; a shorter one gives nothing.
pub fn outlines(cells: &[bool], columns: usize, rows: usize) -> Vec<Vec<[u32; 2]>> {
    let size = columns.saturating_mul(rows);
    if cells.len() < size || size == 0 || u32::try_from(columns.max(rows)).is_err() {
        return Vec::new();
    }
    let mut edges = Edges::of(cells, columns, rows);
    let mut found = Vec::new();
    for y in 0..=rows {
        for x in 0..=columns {
            // Where an outline begins is its topmost left corner: an edge to the right, or (in a hole) downwards.
            while let Some(first) = edges.any(x, y) {
                found.push(edges.follow(x, y, first));
            }
        }
    }
    found
}

/// Right, down, left, up: the order of a right turn.
const STEPS: [(isize, isize); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// Directed edges that leave each corner: a bit for each direction.
struct Edges {
    leaving: Vec<u8>,
    across: usize,
}

impl Edges {
    fn of(cells: &[bool], columns: usize, rows: usize) -> Self {
        let across = columns + 1;
        let mut leaving = vec![0_u8; across * (rows + 1)];
        let set = |x: usize, y: usize| cells[y * columns + x];
        for y in 0..rows {
            for x in 0..columns {
                if !set(x, y) {
                    continue;
                }
                if y == 0 || !set(x, y - 1) {
                    leaving[y * across + x] |= 1;
                }
                if x + 1 == columns || !set(x + 1, y) {
                    leaving[y * across + x + 1] |= 2;
                }
                if y + 1 == rows || !set(x, y + 1) {
                    leaving[(y + 1) * across + x + 1] |= 4;
                }
                if x == 0 || !set(x - 1, y) {
                    leaving[(y + 1) * across + x] |= 8;
                }
            }
        }
        Self { leaving, across }
    }

    fn any(&self, x: usize, y: usize) -> Option<usize> {
        let bits = self.leaving[y * self.across + x];
        (0..4).find(|d| bits & (1 << d) != 0)
    }

    /// Walks one outline and takes its edges away.
    fn follow(&mut self, x: usize, y: usize, first: usize) -> Vec<[u32; 2]> {
        let mut corners = Vec::new();
        let (mut x, mut y, mut direction) = (x, y, first);
        let mut before = None;
        loop {
            let at = y * self.across + x;
            let bit = 1_u8 << direction;
            if self.leaving[at] & bit == 0 {
                // Back at the first edge. A start in the middle of a straight line is no corner.
                if before == corners.first().map(|_| first) && !corners.is_empty() {
                    corners.remove(0);
                }
                return corners;
            }
            self.leaving[at] &= !bit;
            if before != Some(direction) {
                corners.push([x as u32, y as u32]);
            }
            before = Some(direction);
            let (dx, dy) = STEPS[direction];
            (x, y) = (x.wrapping_add_signed(dx), y.wrapping_add_signed(dy));
            // A right turn first keeps pixels that touch at a corner apart; the edge behind is never one of these.
            let next = self.leaving[y * self.across + x];
            direction = [(direction + 1) % 4, direction, (direction + 3) % 4]
                .into_iter()
                .find(|d| next & (1 << d) != 0)
                .unwrap_or(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> (Vec<bool>, usize, usize) {
        let cells = rows.iter().flat_map(|r| r.bytes().map(|b| b == b'#')).collect();
        (cells, rows[0].len(), rows.len())
    }

    fn of(rows: &[&str]) -> Vec<Vec<[u32; 2]>> {
        let (cells, columns, height) = mask(rows);
        outlines(&cells, columns, height)
    }

    #[test]
    fn a_pixel_has_four_corners() {
        assert_eq!(of(&["...", ".#.", "..."]), [vec![[1, 1], [2, 1], [2, 2], [1, 2]]]);
        assert_eq!(of(&["##", "##"]), [vec![[0, 0], [2, 0], [2, 2], [0, 2]]]);
        assert!(of(&["..."]).is_empty());
        assert!(outlines(&[true], 2, 2).is_empty());
    }

    #[test]
    fn a_hole_runs_the_other_way_round() {
        let found = of(&["###", "#.#", "###"]);
        assert_eq!(found[0], [[0, 0], [3, 0], [3, 3], [0, 3]]);
        assert_eq!(found[1].len(), 4);
        let area = |points: &[[u32; 2]]| -> i64 {
            let next = points.iter().cycle().skip(1);
            points
                .iter()
                .zip(next)
                .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
                .sum::<i64>()
                / 2
        };
        assert_eq!((area(&found[0]), area(&found[1])), (9, -1));
    }

    #[test]
    fn pixels_that_touch_at_a_corner_stay_apart() {
        let found = of(&["#.", ".#"]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|outline| outline.len() == 4));
    }

    /// Whatever the mask, the signed areas of its outlines add up to its pixels.
    #[test]
    fn areas_add_up() {
        let mut state = 7_u32;
        for _ in 0..50 {
            let cells: Vec<bool> = (0..17 * 13)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state >> 30 != 0
                })
                .collect();
            let sum: i64 = outlines(&cells, 17, 13)
                .iter()
                .map(|points| {
                    let next = points.iter().cycle().skip(1);
                    points
                        .iter()
                        .zip(next)
                        .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
                        .sum::<i64>()
                })
                .sum();
            assert_eq!(sum / 2, cells.iter().filter(|set| **set).count() as i64);
        }
    }
}
