//! The decoding of a JPEG-LS scan: contexts, prediction, runs (T.87 annex A).

use super::FrameHeader;
use super::bits::Bits;
use super::parameters::Parameters;

/// Run lengths' order by RUNindex (T.87 A.2.1).
const J: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];

/// Components of a scan.
const MOST_COMPONENTS: usize = 4;
/// Contexts, 365 of them; filled up so that any index of nine bits is one.
const CONTEXTS: usize = 512;

#[derive(Clone, Copy)]
struct Context {
    a: i32,
    b: i32,
    c: i32,
    n: i32,
}

pub(super) struct Scan<'a> {
    bits: Bits<'a>,
    p: Parameters,
    contexts: Box<[Context; CONTEXTS]>,
    /// Levels of the gradients along the line above: of each sample's right neighbour.
    above: Vec<i32>,
    /// Run interruption: A, N, Nn for RItype 0 and 1.
    runs: [[i32; 3]; 2],
    columns: usize,
    rows: usize,
    interval: usize,
}

impl<'a> Scan<'a> {
    /// `interval` is the restart interval in rows, 0 for none.
    pub(super) fn new(bytes: &'a [u8], p: Parameters, header: &FrameHeader, interval: usize) -> Self {
        let mut scan = Self {
            bits: Bits::new(bytes),
            p,
            contexts: Box::new(
                [Context {
                    a: 0,
                    b: 0,
                    c: 0,
                    n: 1,
                }; CONTEXTS],
            ),
            above: vec![0; header.columns + 1],
            runs: [[0; 3]; 2],
            columns: header.columns,
            rows: header.rows,
            interval,
        };
        scan.begin();
        scan
    }

    /// Context variables at the start of a scan or restart interval (T.87 A.2.1).
    fn begin(&mut self) {
        let a = 2.max((self.p.range + 32) / 64);
        self.contexts.fill(Context { a, b: 0, c: 0, n: 1 });
        self.runs = [[a, 1, 0]; 2];
    }

    /// Decodes the scan's components and gives the number of bytes used.
    pub(super) fn decode(mut self, planes: &mut [Vec<i32>], interleave: u8) -> Result<usize, String> {
        let count = planes.len();
        if (interleave == 0) != (count == 1) || interleave > 2 {
            return Err("its interleave mode does not fit its components".to_owned());
        }
        // A line with one sample to the left (its index is column + 1) and one to the right.
        let width = self.columns + 2;
        let mut previous = vec![vec![0_i32; width]; count];
        let mut current = previous.clone();
        let mut run_index = vec![0_usize; count];
        for row in 0..self.rows {
            if self.interval > 0 && row > 0 && row.is_multiple_of(self.interval) {
                if !self.bits.restart() {
                    return Err("a restart marker is missing".to_owned());
                }
                self.begin();
                for line in previous.iter_mut().chain(&mut current) {
                    line.fill(0);
                }
                run_index.fill(0);
            }
            for k in 0..count {
                let last = self.columns;
                previous[k][last + 1] = previous[k][last];
                current[k][0] = previous[k][1];
            }
            if interleave == 2 {
                self.line_by_sample(&previous, &mut current, &mut run_index[0]);
            } else {
                for k in 0..count {
                    self.line(&previous[k], &mut current[k], &mut run_index[k]);
                }
            }
            if self.bits.exhausted() {
                return Err(format!("it ends in row {} of {}", row + 1, self.rows));
            }
            for (k, plane) in planes.iter_mut().enumerate() {
                plane[row * self.columns..(row + 1) * self.columns]
                    .copy_from_slice(&current[k][1..=self.columns]);
            }
            std::mem::swap(&mut previous, &mut current);
        }
        Ok(self.bits.position())
    }

    /// Levels of Rd - Rb along a line; Rb - Rc of a sample is that of the sample before.
    fn levels(&mut self, previous: &[i32]) {
        let p = self.p;
        for (level, pair) in self.above.iter_mut().zip(previous.windows(2)) {
            *level = p.quantize(pair[1] - pair[0]);
        }
    }

    fn line(&mut self, previous: &[i32], current: &mut [i32], run_index: &mut usize) {
        self.levels(previous);
        let columns = self.columns;
        // As long as they are said to be: known here, so that no access is checked twice.
        let (previous, current) = (&previous[..columns + 2], &mut current[..columns + 2]);
        let mut x = 1;
        let mut ra = current[0];
        while x <= columns {
            let (rb, rc) = (previous[x], previous[x - 1]);
            let context = 81 * self.above[x] + 9 * self.above[x - 1] + self.p.quantize(rc - ra);
            if context == 0 {
                let run = self.run_length(columns + 1 - x, run_index);
                current[x..x + run].fill(ra);
                x += run;
                if x > columns {
                    break;
                }
                ra = self.interruption(ra, previous[x], *run_index);
                *run_index = run_index.saturating_sub(1);
            } else {
                ra = self.regular(context, ra, rb, rc);
            }
            current[x] = ra;
            x += 1;
        }
    }

    fn line_by_sample(&mut self, previous: &[Vec<i32>], current: &mut [Vec<i32>], run_index: &mut usize) {
        let count = previous.len();
        let mut x = 1;
        while x <= self.columns {
            let mut contexts = [0; MOST_COMPONENTS];
            for ((context, above), line) in contexts.iter_mut().zip(previous).zip(&*current) {
                let (ra, rb, rc, rd) = (line[x - 1], above[x], above[x - 1], above[x + 1]);
                *context =
                    81 * self.p.quantize(rd - rb) + 9 * self.p.quantize(rb - rc) + self.p.quantize(rc - ra);
            }
            if contexts.iter().all(|c| *c == 0) {
                let run = self.run_length(self.columns + 1 - x, run_index);
                for line in current.iter_mut() {
                    let ra = line[x - 1];
                    line[x..x + run].fill(ra);
                }
                x += run;
                if x <= self.columns {
                    for k in 0..count {
                        let (ra, rb) = (current[k][x - 1], previous[k][x]);
                        let error = self.interruption_error(0, *run_index);
                        let sign = if rb >= ra { 1 } else { -1 };
                        current[k][x] = self.p.reconstruct(rb, error * sign);
                    }
                    *run_index = run_index.saturating_sub(1);
                    x += 1;
                }
            } else {
                for k in 0..count {
                    let (ra, rb, rc) = (current[k][x - 1], previous[k][x], previous[k][x - 1]);
                    current[k][x] = self.regular(contexts[k], ra, rb, rc);
                }
                x += 1;
            }
        }
    }

    #[inline]
    fn regular(&mut self, context: i32, ra: i32, rb: i32, rc: i32) -> i32 {
        let (near, reset) = (self.p.near, self.p.reset);
        // All ones where the context is mirrored.
        let sign = context >> 31;
        let mirrored = |v: i32| (v ^ sign) - sign;
        let place = &mut self.contexts[mirrored(context) as usize & (CONTEXTS - 1)];
        let Context { a, b, c, n } = *place;
        // The middle one of Ra, Rb and Ra + Rb - Rc.
        let median = (ra + rb - rc).max(ra.min(rb)).min(ra.max(rb));
        let px = (median + mirrored(c)).clamp(0, self.p.maxval);
        let k = order(n, a);
        let mapped = self.bits.golomb(k, self.p.limit, self.p.qbpp);
        // Odd ones are negative.
        let mut error = (mapped >> 1) ^ -(mapped & 1);
        if near == 0 && k == 0 && 2 * b <= -n {
            error = !error;
        }
        let mut next = Context {
            a: a.saturating_add(error.abs()),
            b: b.saturating_add(error * (2 * near + 1)),
            c,
            n,
        };
        if next.n == reset {
            next.a >>= 1;
            next.b = if next.b >= 0 {
                next.b >> 1
            } else {
                -((1 - next.b) >> 1)
            };
            next.n >>= 1;
        }
        next.n += 1;
        if next.b <= -next.n {
            next.b += next.n;
            next.c = (next.c - 1).max(-128);
            next.b = next.b.max(1 - next.n);
        } else if next.b > 0 {
            next.b -= next.n;
            next.c = (next.c + 1).min(127);
            next.b = next.b.min(0);
        }
        *place = next;
        self.p.reconstruct(px, mirrored(error))
    }

    /// Length of a run (T.87 A.7.1), at most `most`.
    fn run_length(&mut self, most: usize, run_index: &mut usize) -> usize {
        let mut run = 0;
        while self.bits.bits(1) == 1 {
            let full = 1_usize << J[*run_index];
            let take = full.min(most - run);
            run += take;
            if take == full {
                *run_index = (*run_index + 1).min(31);
            }
            if run == most {
                return run;
            }
            if self.bits.exhausted() {
                return most;
            }
        }
        let rest = self.bits.bits(J[*run_index]);
        (run + rest as usize).min(most)
    }

    fn interruption(&mut self, ra: i32, rb: i32, run_index: usize) -> i32 {
        if (ra - rb).abs() <= self.p.near {
            let error = self.interruption_error(1, run_index);
            self.p.reconstruct(ra, error)
        } else {
            let error = self.interruption_error(0, run_index);
            let sign = if rb >= ra { 1 } else { -1 };
            self.p.reconstruct(rb, error * sign)
        }
    }

    /// T.87 A.7.2.
    fn interruption_error(&mut self, kind: usize, run_index: usize) -> i32 {
        let [a, n, nn] = self.runs[kind];
        let ri = kind as i32;
        let k = order(n, a.saturating_add(if kind == 1 { n >> 1 } else { 0 }));
        let mapped = self.bits.golomb(k, self.p.limit - J[run_index] - 1, self.p.qbpp);
        let value = mapped + ri;
        let map = value & 1 == 1;
        let size = (value + i32::from(map)) >> 1;
        let error = if (k != 0 || 2 * nn >= n) == map {
            -size
        } else {
            size
        };
        // A damaged stream can ask for errors that no image has, again and again.
        let mut next = [
            a.saturating_add((mapped + 1 - ri) >> 1),
            n,
            nn + i32::from(error < 0),
        ];
        if next[1] == self.p.reset {
            next = next.map(|v| v >> 1);
        }
        next[1] += 1;
        self.runs[kind] = next;
        error
    }
}

/// Golomb order: the smallest k with N * 2^k >= A, at most 24.
#[inline]
fn order(n: i32, a: i32) -> u32 {
    // As many digits as A, or one too few.
    let k = n.leading_zeros().saturating_sub(a.leading_zeros()).min(24);
    (k + u32::from((i64::from(n) << k) < i64::from(a))).min(24)
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn the_order_is_the_smallest_that_reaches() {
        for n in 1..130 {
            for a in (0..70_000).step_by(7).chain([i32::MAX]) {
                let plain = (0..24).find(|k| i64::from(n) << k >= i64::from(a)).unwrap_or(24);
                assert_eq!(order(n, a), plain, "{n} {a}");
            }
        }
    }
}
