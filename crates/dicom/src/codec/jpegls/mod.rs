//! JPEG-LS (ITU-T T.87, LOCO-I), lossless and near-lossless, interleave modes none, line and sample; 2 to 16 bits.
//!
//! No kept safe crate decodes it, so it is written here. Names are the recommendation's: A, B, C, N the context
//! variables, Ra left, Rb above, Rc above left, Rd above right, Px the prediction.

mod bits;
mod parameters;
mod scan;

use crate::codec::Decoded;
use parameters::{Parameters, Preset};
use scan::Scan;

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
    let mut interval = 0_usize;
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
                let used = Scan::new(&reader.bytes[reader.at..], parameters, header, interval)
                    .decode(&mut planes[done..done + scan.components], scan.interleave)?;
                reader.at += used;
                done += scan.components;
                if done == header.components {
                    break;
                }
            }
            0xDD => {
                interval = reader
                    .segment()?
                    .iter()
                    .try_fold(0_usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))
                    .ok_or("its restart interval makes no sense")?;
            }
            0xE8 => {
                // Colours turned by an extension that the recommendation does not know.
                if reader
                    .segment()?
                    .strip_prefix(b"mrfx")
                    .and_then(<[u8]>::first)
                    .is_some_and(|t| *t != 0)
                {
                    return Err("it uses a colour transform outside the standard".to_owned());
                }
            }
            // Comments and other application data do not change the samples.
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
        let sampling = s
            .get(6..)
            .unwrap_or_default()
            .chunks_exact(3)
            .take(usize::from(components));
        if sampling.map(|c| c[1]).any(|sampling| sampling != 0x11) {
            return Err("its components differ in size".to_owned());
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
