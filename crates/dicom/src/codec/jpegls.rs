//! JPEG-LS (ITU-T T.87, LOCO-I), lossless and near-lossless, interleave modes none, line and sample; 2 to 16 bits.
//!
//! No kept safe crate decodes it, so it is written here. Names are the recommendation's: A, B, C, N the context
//! variables, Ra left, Rb above, Rc above left, Rd above right, Px the prediction.

use crate::codec::Decoded;

/// Run lengths' order by RUNindex (T.87 A.2.1).
const J: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];

/// Decodes one frame.
///
/// # Errors
/// In words, when the stream is damaged or uses mapping tables.
pub fn decode(bytes: &[u8], most_samples: usize) -> Result<Decoded, String> {
    let mut reader = Markers { bytes, at: 0 };
    let mut frame: Option<FrameHeader> = None;
    let mut preset = Preset::default();
    let mut planes: Vec<Vec<i32>> = Vec::new();
    let mut done = 0_usize;
    loop {
        let marker = reader.marker()?;
        match marker {
            0xD8 => {}
            0xD9 => break,
            0xF7 => {
                let header = FrameHeader::read(reader.segment()?)?;
                let samples = header.columns * header.rows * header.components;
                if samples > most_samples {
                    return Err(format!("it holds {} x {} pixels", header.columns, header.rows));
                }
                planes = vec![vec![0; header.columns * header.rows]; header.components];
                frame = Some(header);
            }
            0xF8 => preset.read(reader.segment()?)?,
            0xDA => {
                let header = frame.as_ref().ok_or("a scan comes before the frame header")?;
                let scan = ScanHeader::read(reader.segment()?)?;
                let parameters = Parameters::new(header.precision, scan.near, &preset)?;
                if scan.components == 0 || done + scan.components > header.components {
                    return Err("a scan has more components than the frame".to_owned());
                }
                let used = Scan::new(&reader.bytes[reader.at..], parameters, header)
                    .decode(&mut planes[done..done + scan.components], scan.interleave)?;
                reader.at += used;
                done += scan.components;
                if done == header.components {
                    break;
                }
            }
            // Restart intervals, comments, application data: what they hold does not change the samples.
            _ => {
                reader.segment()?;
            }
        }
    }
    let header = frame.ok_or("it has no frame header")?;
    if done < header.components {
        return Err("it ends before all components were there".to_owned());
    }
    let pixels = header.columns * header.rows;
    let mut cells = Vec::with_capacity(pixels * header.components);
    for i in 0..pixels {
        cells.extend(planes.iter().map(|plane| plane[i].cast_unsigned()));
    }
    Ok(Decoded {
        columns: header.columns as u32,
        rows: header.rows as u32,
        components: header.components as u8,
        cells,
        precision: header.precision,
        signed: false,
        rgb: false,
    })
}

struct Markers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Markers<'a> {
    /// The next marker; bytes before it are skipped.
    fn marker(&mut self) -> Result<u8, String> {
        while let Some(&[high, low]) = self
            .bytes
            .get(self.at..self.at + 2)
            .and_then(|b| <&[u8; 2]>::try_from(b).ok())
        {
            self.at += 1;
            if high == 0xFF && low >= 0xC0 && low != 0xFF {
                self.at += 1;
                return Ok(low);
            }
        }
        Err("it ends early".to_owned())
    }

    fn segment(&mut self) -> Result<&'a [u8], String> {
        let length = self
            .bytes
            .get(self.at..self.at + 2)
            .ok_or("a marker is cut short")?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = self
            .bytes
            .get(self.at + 2..self.at + length.max(2))
            .ok_or("a marker is cut short")?;
        self.at += length.max(2);
        Ok(segment)
    }
}

#[derive(Clone, Copy)]
struct FrameHeader {
    precision: u8,
    rows: usize,
    columns: usize,
    components: usize,
}

impl FrameHeader {
    fn read(s: &[u8]) -> Result<Self, String> {
        let &[precision, y1, y0, x1, x0, components, ..] = s else {
            return Err("its frame header is cut short".to_owned());
        };
        let (rows, columns) = (u16::from_be_bytes([y1, y0]), u16::from_be_bytes([x1, x0]));
        if !(2..=16).contains(&precision) || rows == 0 || columns == 0 || !(1..=4).contains(&components) {
            return Err("its frame header makes no sense".to_owned());
        }
        Ok(Self {
            precision,
            rows: rows.into(),
            columns: columns.into(),
            components: components.into(),
        })
    }
}

struct ScanHeader {
    components: usize,
    near: i32,
    interleave: u8,
}

impl ScanHeader {
    fn read(s: &[u8]) -> Result<Self, String> {
        let count = usize::from(*s.first().ok_or("a scan header is cut short")?);
        let tail = s
            .get(1 + count * 2..4 + count * 2)
            .ok_or("a scan header is cut short")?;
        if s[1..=count * 2].chunks_exact(2).any(|c| c[1] != 0) {
            return Err("it uses mapping tables, which are not supported".to_owned());
        }
        Ok(Self {
            components: count,
            near: i32::from(tail[0]),
            interleave: tail[1],
        })
    }
}

/// Coding parameters of an LSE marker; zero means the default.
#[derive(Default)]
struct Preset {
    values: [i32; 5],
}

impl Preset {
    fn read(&mut self, s: &[u8]) -> Result<(), String> {
        match s.first() {
            Some(1) if s.len() >= 11 => {
                for (value, pair) in self.values.iter_mut().zip(s[1..].chunks_exact(2)) {
                    *value = i32::from(u16::from_be_bytes([pair[0], pair[1]]));
                }
                Ok(())
            }
            Some(2 | 3) => Err("it uses mapping tables, which are not supported".to_owned()),
            _ => Err("its coding parameters make no sense".to_owned()),
        }
    }
}

#[derive(Clone, Copy)]
struct Parameters {
    maxval: i32,
    near: i32,
    thresholds: [i32; 3],
    reset: i32,
    range: i32,
    qbpp: u32,
    limit: u32,
}

impl Parameters {
    /// Defaults of T.87 C.2.4.1.1.
    fn new(precision: u8, near: i32, preset: &Preset) -> Result<Self, String> {
        let [maxval, t1, t2, t3, reset] = preset.values;
        let maxval = if maxval == 0 { (1 << precision) - 1 } else { maxval };
        if near > maxval / 2 || near > 255 {
            return Err("its error bound makes no sense".to_owned());
        }
        let clamp = |value: i32, low: i32| if value > maxval || value < low { low } else { value };
        let defaults = if maxval >= 128 {
            let factor = (maxval.min(4095) + 128) / 256;
            let a = clamp(factor + 2 + 3 * near, near + 1);
            let b = clamp(factor * 4 + 3 + 5 * near, a);
            [a, b, clamp(factor * 17 + 4 + 7 * near, b)]
        } else {
            let factor = 256 / (maxval + 1);
            let a = clamp(2.max(3 / factor + 3 * near), near + 1);
            let b = clamp(3.max(7 / factor + 5 * near), a);
            [a, b, clamp(4.max(21 / factor + 7 * near), b)]
        };
        let pick = |given: i32, default: i32| if given == 0 { default } else { given };
        let range = (maxval + 2 * near) / (2 * near + 1) + 1;
        let bits = |n: i32| 32 - (n - 1).max(0).leading_zeros();
        let qbpp = bits(range);
        let bpp = 2.max(bits(maxval + 1));
        Ok(Self {
            maxval,
            near,
            thresholds: [
                pick(t1, defaults[0]),
                pick(t2, defaults[1]),
                pick(t3, defaults[2]),
            ],
            reset: pick(reset, 64),
            range,
            qbpp,
            limit: 2 * (bpp + 8.max(bpp)),
        })
    }

    fn quantize(&self, d: i32) -> i32 {
        let [t1, t2, t3] = self.thresholds;
        let size = d.abs();
        let level = if size <= self.near {
            0
        } else if size < t1 {
            1
        } else if size < t2 {
            2
        } else if size < t3 {
            3
        } else {
            4
        };
        if d < 0 { -level } else { level }
    }

    /// A prediction with its (quantised) error, brought back into range (T.87 A.4.4, A.8).
    fn reconstruct(&self, px: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let mut rx = px + error * step;
        if rx < -self.near {
            rx += self.range * step;
        } else if rx > self.maxval + self.near {
            rx -= self.range * step;
        }
        rx.clamp(0, self.maxval)
    }
}

/// Entropy coded bits: after a byte of 0xFF only seven bits of the next count.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    cache: u64,
    held: u32,
    after_ff: bool,
    /// Bits made up past the end, so that a truncated stream ends instead of hanging.
    missing: u32,
}

impl Bits<'_> {
    fn fill(&mut self) {
        while self.held <= 48 {
            let byte = match self.bytes.get(self.at) {
                Some(&byte) if !(self.after_ff && byte >= 0x80) => byte,
                _ => {
                    self.cache <<= 8;
                    self.held += 8;
                    self.missing += 8;
                    continue;
                }
            };
            self.at += 1;
            let n = if self.after_ff { 7 } else { 8 };
            self.cache = (self.cache << n) | u64::from(byte);
            self.held += n;
            self.after_ff = byte == 0xFF;
        }
    }

    fn bits(&mut self, n: u32) -> i32 {
        if n == 0 {
            return 0;
        }
        if self.held < n {
            self.fill();
        }
        self.held -= n;
        ((self.cache >> self.held) & ((1 << n) - 1)) as i32
    }

    fn exhausted(&self) -> bool {
        self.missing > 512
    }

    /// Limited-length Golomb code (T.87 A.5.3).
    fn golomb(&mut self, k: u32, limit: u32, qbpp: u32) -> i32 {
        let mut zeros = 0;
        while self.bits(1) == 0 {
            zeros += 1;
            if zeros > 64 {
                return 0;
            }
        }
        if zeros < limit.saturating_sub(qbpp + 1) {
            ((zeros as i32) << k) + self.bits(k)
        } else {
            self.bits(qbpp) + 1
        }
    }
}

#[derive(Clone, Copy)]
struct Context {
    a: i32,
    b: i32,
    c: i32,
    n: i32,
}

struct Scan<'a> {
    bits: Bits<'a>,
    p: Parameters,
    contexts: Vec<Context>,
    /// Run interruption: A, N, Nn for RItype 0 and 1.
    runs: [[i32; 3]; 2],
    columns: usize,
    rows: usize,
}

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8], p: Parameters, header: &FrameHeader) -> Self {
        let a = 2.max((p.range + 32) / 64);
        Self {
            bits: Bits {
                bytes,
                at: 0,
                cache: 0,
                held: 0,
                after_ff: false,
                missing: 0,
            },
            p,
            contexts: vec![Context { a, b: 0, c: 0, n: 1 }; 365],
            runs: [[a, 1, 0]; 2],
            columns: header.columns,
            rows: header.rows,
        }
    }

    /// Decodes the scan's components and gives the number of bytes used.
    fn decode(mut self, planes: &mut [Vec<i32>], interleave: u8) -> Result<usize, String> {
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
        // Reading ahead stops at the next marker, having taken its first byte.
        Ok(self.bits.at - usize::from(self.bits.after_ff))
    }

    fn context_of(&self, ra: i32, rb: i32, rc: i32, rd: i32) -> i32 {
        81 * self.p.quantize(rd - rb) + 9 * self.p.quantize(rb - rc) + self.p.quantize(rc - ra)
    }

    fn line(&mut self, previous: &[i32], current: &mut [i32], run_index: &mut usize) {
        let mut x = 1;
        while x <= self.columns {
            let (ra, rb, rc, rd) = (current[x - 1], previous[x], previous[x - 1], previous[x + 1]);
            let context = self.context_of(ra, rb, rc, rd);
            if context == 0 {
                let run = self.run_length(self.columns + 1 - x, run_index);
                current[x..x + run].fill(ra);
                x += run;
                if x <= self.columns {
                    current[x] = self.interruption(ra, previous[x], *run_index);
                    *run_index = run_index.saturating_sub(1);
                    x += 1;
                }
            } else {
                current[x] = self.regular(context, ra, rb, rc);
                x += 1;
            }
        }
    }

    fn line_by_sample(&mut self, previous: &[Vec<i32>], current: &mut [Vec<i32>], run_index: &mut usize) {
        let count = previous.len();
        let mut x = 1;
        while x <= self.columns {
            let contexts: Vec<i32> = (0..count)
                .map(|k| {
                    self.context_of(
                        current[k][x - 1],
                        previous[k][x],
                        previous[k][x - 1],
                        previous[k][x + 1],
                    )
                })
                .collect();
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

    fn regular(&mut self, context: i32, ra: i32, rb: i32, rc: i32) -> i32 {
        let (sign, index) = if context < 0 { (-1, -context) } else { (1, context) };
        let (near, reset) = (self.p.near, self.p.reset);
        let Context { a, b, c, n } = self.contexts[index as usize];
        let median = if rc >= ra.max(rb) {
            ra.min(rb)
        } else if rc <= ra.min(rb) {
            ra.max(rb)
        } else {
            ra + rb - rc
        };
        let px = (median + sign * c).clamp(0, self.p.maxval);
        let k = order(n, a);
        let mapped = self.bits.golomb(k, self.p.limit, self.p.qbpp);
        let mut error = if mapped & 1 == 1 {
            -((mapped + 1) >> 1)
        } else {
            mapped >> 1
        };
        if near == 0 && k == 0 && 2 * b <= -n {
            error = -(error + 1);
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
        self.contexts[index as usize] = next;
        self.p.reconstruct(px, sign * error)
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
        let k = order(n, a + if kind == 1 { n >> 1 } else { 0 });
        let mapped = self.bits.golomb(k, self.p.limit - J[run_index] - 1, self.p.qbpp);
        let value = mapped + ri;
        let map = value & 1 == 1;
        let size = (value + i32::from(map)) / 2;
        let error = if (k != 0 || 2 * nn >= n) == map {
            -size
        } else {
            size
        };
        let mut next = [a + ((mapped + 1 - ri) >> 1), n, nn + i32::from(error < 0)];
        if next[1] == self.p.reset {
            next = next.map(|v| v >> 1);
        }
        next[1] += 1;
        self.runs[kind] = next;
        error
    }
}

/// Golomb order: the smallest k with N * 2^k >= A.
fn order(n: i32, a: i32) -> u32 {
    let mut k = 0;
    while k < 24 && (i64::from(n) << k) < i64::from(a) {
        k += 1;
    }
    k
}

#[cfg(test)]
mod tests {
    /// The example of T.87 annex H.3: 4 x 4, 8 bit, lossless.
    #[test]
    fn the_recommendations_example() {
        let stream = [
            0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x0B, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00, 0xFF,
            0xDA, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x6C, 0x80, 0x20, 0x8E,
            0x01, 0xC0, 0x00, 0x00, 0x57, 0x40, 0x00, 0x00, 0x6E, 0xE6, 0x00, 0x00, 0x01, 0xBC, 0x18, 0x00,
            0x00, 0x05, 0xD8, 0x00, 0x00, 0x91, 0x60, 0xFF, 0xD9,
        ];
        let decoded = super::decode(&stream, 100).expect("the example decodes");
        assert_eq!(
            decoded.cells,
            [
                0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145
            ]
        );
    }

    #[test]
    fn a_truncated_stream_ends_with_a_reason() {
        let stream = [
            0xFF, 0xD8, 0xFF, 0xF7, 0, 11, 8, 4, 0, 4, 0, 1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0,
            0xC0,
        ];
        assert!(super::decode(&stream, 1 << 24).is_err());
    }
}
