//! Markers and tables of a JPEG stream (T.81 annex B).

use super::huffman::Table;

/// Coding process of the frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// Baseline and extended sequential DCT, Huffman coded.
    Sequential,
    /// Progressive DCT, Huffman coded.
    Progressive,
    /// Lossless, Huffman coded.
    Lossless,
}

/// Colours of three components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Rgb,
    Ybr,
}

/// One component of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Quantisation table.
    pub(super) table: usize,
}

/// The frame header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) process: Process,
    pub(super) precision: u8,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) components: Vec<Component>,
    /// RGB or YCbCr, when the component ids or the Adobe or JFIF marker say.
    says: Option<Colours>,
}

impl Frame {
    pub(super) fn samples(&self) -> usize {
        self.rows * self.columns * self.components.len()
    }

    /// The stream's own word on its colours first; where it is silent, the DICOM header's (PS3.5 8.2.1).
    pub(super) fn colours(&self, header_rgb: bool) -> Colours {
        self.says
            .unwrap_or(if header_rgb { Colours::Rgb } else { Colours::Ybr })
    }

    /// True when the stream itself says that its components are RGB.
    pub(super) fn says_rgb(&self) -> bool {
        self.says == Some(Colours::Rgb)
    }

    pub(super) fn most_h(&self) -> usize {
        self.components.iter().map(|c| c.h).max().unwrap_or(1)
    }

    pub(super) fn most_v(&self) -> usize {
        self.components.iter().map(|c| c.v).max().unwrap_or(1)
    }
}

/// A scan header: which components with which tables, and the process's own parameters.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// Index of the component in the frame, DC (or lossless) table, AC table.
    pub(super) parts: Vec<(usize, usize, usize)>,
    /// Start of spectral selection, or the predictor.
    pub(super) start: u8,
    /// End of spectral selection.
    pub(super) end: u8,
    /// Successive approximation, high.
    pub(super) high: u8,
    /// Successive approximation, low; or the point transform.
    pub(super) low: u8,
}

/// What comes next in a stream.
pub(super) enum Next {
    Scan(Scan),
    End,
}

/// A stream read marker by marker; tables are kept as they come.
pub(super) struct Stream<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    frame: Option<Frame>,
    says: Option<Colours>,
    pub(super) quantisation: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
    /// Restart interval, minimum coded units; 0 for none.
    pub(super) interval: usize,
    pending: Option<Scan>,
}

impl<'a> Stream<'a> {
    /// Reads up to the first scan.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let start = bytes
            .windows(2)
            .position(|w| w == [0xFF, 0xD8])
            .ok_or("it is no JPEG stream")?;
        let mut stream = Self {
            bytes,
            at: start + 2,
            frame: None,
            says: None,
            quantisation: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            interval: 0,
            pending: None,
        };
        match stream.advance()? {
            Next::Scan(scan) => stream.pending = Some(scan),
            Next::End => return Err("it ends before its first scan".to_owned()),
        }
        Ok(stream)
    }

    pub(super) fn frame(&self) -> Result<&Frame, String> {
        self.frame
            .as_ref()
            .ok_or_else(|| "a scan comes before the frame header".to_owned())
    }

    /// The next scan, with `at` at its entropy coded bytes.
    pub(super) fn next(&mut self) -> Result<Next, String> {
        match self.pending.take() {
            Some(scan) => Ok(Next::Scan(scan)),
            None => self.advance(),
        }
    }

    fn advance(&mut self) -> Result<Next, String> {
        loop {
            let Some(marker) = self.marker() else {
                return Ok(Next::End);
            };
            match marker {
                0xD8 | 0x01 | 0xD0..=0xD7 => {}
                0xD9 => return Ok(Next::End),
                0xC0 | 0xC1 => self.frame_header(Process::Sequential)?,
                0xC2 => self.frame_header(Process::Progressive)?,
                0xC3 => self.frame_header(Process::Lossless)?,
                0xC5..=0xC7 | 0xCD..=0xCF => {
                    return Err("it is hierarchical JPEG, which is not supported".to_owned());
                }
                0xC9..=0xCB => return Err("it is arithmetic coded, which is not supported".to_owned()),
                0xC4 => self.huffman_tables()?,
                0xDB => self.quantisation_tables()?,
                0xDD => {
                    let s = self.segment()?;
                    self.interval = usize::from(word(s, 0).ok_or("a restart marker is cut short")?);
                }
                0xDA => {
                    let s = self.segment()?;
                    return Ok(Next::Scan(self.scan_header(s)?));
                }
                0xEE => {
                    let s = self.segment()?;
                    if s.starts_with(b"Adobe") {
                        let rgb = s.get(11) == Some(&0);
                        self.says = Some(if rgb { Colours::Rgb } else { Colours::Ybr });
                    }
                }
                0xE0 => {
                    let s = self.segment()?;
                    if s.starts_with(b"JFIF") {
                        self.says.get_or_insert(Colours::Ybr);
                    }
                }
                _ => {
                    self.segment()?;
                }
            }
        }
    }

    /// The next marker; bytes before it are skipped.
    fn marker(&mut self) -> Option<u8> {
        loop {
            let pair = self.bytes.get(self.at..self.at + 2)?;
            self.at += 1;
            if pair[0] == 0xFF && pair[1] != 0 && pair[1] != 0xFF {
                self.at += 1;
                return Some(pair[1]);
            }
        }
    }

    fn segment(&mut self) -> Result<&'a [u8], String> {
        let bytes: &'a [u8] = self.bytes;
        let length = usize::from(word(bytes, self.at).ok_or("a marker is cut short")?).max(2);
        let segment = bytes
            .get(self.at + 2..self.at + length)
            .ok_or("a marker is cut short")?;
        self.at += length;
        Ok(segment)
    }

    fn frame_header(&mut self, process: Process) -> Result<(), String> {
        let s = self.segment()?;
        let (&precision, &count) = s.first().zip(s.get(5)).ok_or("its frame header is cut short")?;
        let (rows, columns) = word(s, 1)
            .zip(word(s, 3))
            .ok_or("its frame header is cut short")?;
        let parts = s
            .get(6..6 + usize::from(count) * 3)
            .ok_or("its frame header is cut short")?;
        let components: Vec<Component> = parts
            .chunks_exact(3)
            .map(|c| Component {
                id: c[0],
                h: usize::from(c[1] >> 4),
                v: usize::from(c[1] & 15),
                table: usize::from(c[2]),
            })
            .collect();
        let sound = rows > 0
            && columns > 0
            && (2..=16).contains(&precision)
            && (1..=4).contains(&components.len())
            && components
                .iter()
                .all(|c| (1..=4).contains(&c.h) && (1..=4).contains(&c.v) && c.table < 4);
        if !sound || (process != Process::Lossless && !matches!(precision, 8 | 12)) {
            return Err("its frame header makes no sense".to_owned());
        }
        if self.frame.is_some() {
            return Err("it has a second frame header".to_owned());
        }
        let ids: Vec<u8> = components.iter().map(|c| c.id).collect();
        let says = if ids == *b"RGB" {
            Some(Colours::Rgb)
        } else {
            self.says
        };
        self.frame = Some(Frame {
            process,
            precision,
            rows: rows.into(),
            columns: columns.into(),
            components,
            says,
        });
        Ok(())
    }

    fn huffman_tables(&mut self) -> Result<(), String> {
        let mut s = self.segment()?;
        while let Some((&class, rest)) = s.split_first() {
            let counts = rest.get(..16).ok_or("a Huffman table is cut short")?;
            let total: usize = counts.iter().map(|n| usize::from(*n)).sum();
            let values = rest.get(16..16 + total).ok_or("a Huffman table is cut short")?;
            let table = Table::new(counts, values)?;
            let place = if class >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            *place
                .get_mut(usize::from(class & 15))
                .ok_or("a Huffman table has no place")? = Some(table);
            s = &rest[16 + total..];
        }
        Ok(())
    }

    fn quantisation_tables(&mut self) -> Result<(), String> {
        let mut s = self.segment()?;
        while let Some((&kind, rest)) = s.split_first() {
            let wide = kind >> 4 != 0;
            let length = if wide { 128 } else { 64 };
            let values = rest.get(..length).ok_or("a quantisation table is cut short")?;
            let mut table = [0_u16; 64];
            for (i, entry) in table.iter_mut().enumerate() {
                *entry = if wide {
                    u16::from_be_bytes([values[2 * i], values[2 * i + 1]])
                } else {
                    u16::from(values[i])
                };
            }
            *self
                .quantisation
                .get_mut(usize::from(kind & 15))
                .ok_or("a quantisation table has no place")? = Some(table);
            s = &rest[length..];
        }
        Ok(())
    }

    fn scan_header(&self, s: &[u8]) -> Result<Scan, String> {
        let frame = self.frame()?;
        let count = usize::from(*s.first().ok_or("a scan header is cut short")?);
        let tail = s
            .get(1 + count * 2..4 + count * 2)
            .ok_or("a scan header is cut short")?;
        let mut parts: Vec<(usize, usize, usize)> = Vec::new();
        for part in s[1..=count * 2].chunks_exact(2) {
            let index = frame.components.iter().position(|c| c.id == part[0]);
            let index = index.ok_or("a scan names a component that the frame lacks")?;
            if parts.iter().any(|(other, ..)| *other == index) {
                return Err("a scan names a component twice".to_owned());
            }
            parts.push((index, usize::from(part[1] >> 4), usize::from(part[1] & 15)));
        }
        if parts.is_empty() || parts.len() > frame.components.len() {
            return Err("a scan has no components".to_owned());
        }
        if parts.iter().any(|(_, dc, ac)| *dc > 3 || *ac > 3) {
            return Err("a scan names a table that cannot be".to_owned());
        }
        Ok(Scan {
            parts,
            start: tail[0],
            end: tail[1],
            high: tail[2] >> 4,
            low: tail[2] & 15,
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]))
}
