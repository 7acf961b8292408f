//! Overlay planes of groups 6000 to 601E (PS3.3 C.9.2): packed in their own element, or embedded in bits of the pixel
//! cells that stored values do not use (retired).
//!
//! A plane that is broken costs itself alone: the others are read, and what is wrong is said in words.

use std::sync::Arc;

use dicom_core::Tag;
use dicom_object::InMemDicomObject;
use overread_imaging::overlay::{OverlayKind, OverlayPlane, RoiValues};

use crate::codec::rle;
use crate::dataset::{bytes, integer, number, numbers, text};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::ImageHeader;
use crate::syntax::Codec;
use crate::walk::PixelKind;

const ROWS: u16 = 0x0010;
const COLUMNS: u16 = 0x0011;
const FRAMES: u16 = 0x0015;
const DESCRIPTION: u16 = 0x0022;
const TYPE: u16 = 0x0040;
const ORIGIN: u16 = 0x0050;
const FRAME_ORIGIN: u16 = 0x0051;
const BIT_POSITION: u16 = 0x0102;
const ACTIVATION_LAYER: u16 = 0x1001;
const ROI_AREA: u16 = 0x1301;
const ROI_MEAN: u16 = 0x1302;
const ROI_DEVIATION: u16 = 0x1303;
const LABEL: u16 = 0x1500;
const DATA: u16 = 0x3000;

/// Most bits of one plane: the largest image there can be.
const MOST_BITS: u64 = 1 << 28;

/// What a header says of a plane without its bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayInfo {
    /// Group of its elements: 0x6000 to 0x601E.
    pub group: u16,
    /// Label, else description, else empty.
    pub label: String,
}

/// The planes of one frame.
#[derive(Clone, Debug, Default)]
pub struct Overlays {
    /// Those that could be read, by group.
    pub planes: Vec<Arc<OverlayPlane>>,
    /// What is wrong with the others, in words.
    pub problems: Vec<String>,
}

/// The groups that may hold planes.
pub fn groups() -> impl Iterator<Item = u16> {
    (0x6000..=0x601E).step_by(2)
}

/// True for an element that describes a plane: everything but its bits.
pub(crate) fn is_described_by(group: u16, number: u16) -> bool {
    (0x6000..=0x601E).contains(&group) && group.is_multiple_of(2) && number != DATA
}

/// The planes that a data set describes. Curves and other users of the groups have no Overlay Rows.
pub(crate) fn described(d: &InMemDicomObject) -> Vec<OverlayInfo> {
    groups()
        .filter(|group| integer(d, Tag(*group, ROWS)).is_some_and(|rows| rows > 0))
        .map(|group| OverlayInfo {
            group,
            label: text(d, Tag(group, LABEL))
                .or_else(|| text(d, Tag(group, DESCRIPTION)))
                .unwrap_or_default(),
        })
        .collect()
}

/// Overlay Activation Layer (60xx,1001) of a presentation state's group.
pub(crate) fn activation_layer(d: &InMemDicomObject, group: u16) -> Option<String> {
    text(d, Tag(group, ACTIVATION_LAYER))
}

/// The planes over a frame, from 1, of an opened image.
pub fn overlays(file: &DicomFile, header: &ImageHeader, frame: u32) -> Overlays {
    let mut found = Overlays::default();
    for info in described(&file.dataset) {
        match plane(file, header, info.group, frame) {
            Ok(Some(plane)) => found.planes.push(Arc::new(plane)),
            Ok(None) => {}
            Err(error) => found
                .problems
                .push(format!("overlay {:04X} is left out: {error}", info.group)),
        }
    }
    found
}

/// The plane that a data set without pixels holds itself (presentation states); `None` when it holds no bits.
///
/// # Errors
/// [`DicomError::Missing`] and [`DicomError::Damaged`] as for images.
pub(crate) fn own_plane(d: &InMemDicomObject, group: u16) -> Result<Option<OverlayPlane>, DicomError> {
    if d.get(Tag(group, DATA)).is_none() {
        return Ok(None);
    }
    let outline = Outline::read(d, group)?;
    outline.packed(d, 1)
}

fn plane(
    file: &DicomFile,
    header: &ImageHeader,
    group: u16,
    frame: u32,
) -> Result<Option<OverlayPlane>, DicomError> {
    let d = &file.dataset;
    let outline = Outline::read(d, group)?;
    if d.get(Tag(group, DATA)).is_some() {
        return outline.packed(d, frame);
    }
    outline.embedded(file, header, frame).map(Some)
}

/// A plane without its bits.
struct Outline {
    plane: OverlayPlane,
    frames: u32,
    /// Number, from 1, of the image frame under the plane's first frame.
    first: u32,
    bit: u16,
}

impl Outline {
    fn read(d: &InMemDicomObject, group: u16) -> Result<Self, DicomError> {
        let at = |number| Tag(group, number);
        let size = |number, name| {
            integer(d, at(number))
                .and_then(|v| u32::try_from(v).ok())
                .filter(|v| (1..=65_535).contains(v))
                .ok_or(DicomError::Missing(name))
        };
        let rows = size(ROWS, "a usable Overlay Rows")?;
        let columns = size(COLUMNS, "a usable Overlay Columns")?;
        if u64::from(rows) * u64::from(columns) > MOST_BITS {
            return Err(DicomError::UnsupportedPixels(format!(
                "{columns} x {rows} overlay bits"
            )));
        }
        let count = |number| {
            integer(d, at(number))
                .and_then(|v| u32::try_from(v).ok())
                .filter(|v| *v > 0)
        };
        // Row before column, from 1; the upper left pixel where it is missing.
        let origin = numbers(d, at(ORIGIN));
        let place = |i: usize| {
            #[expect(clippy::cast_possible_truncation, reason = "a 16-bit value; clamped")]
            origin
                .get(i)
                .copied()
                .flatten()
                .map_or(0, |v| v.clamp(-65_536.0, 65_536.0) as i32 - 1)
        };
        Ok(Self {
            plane: OverlayPlane {
                group,
                origin: [place(1), place(0)],
                rows,
                columns,
                bits: Arc::default(),
                label: text(d, at(LABEL)).unwrap_or_default(),
                description: text(d, at(DESCRIPTION)).unwrap_or_default(),
                kind: if text(d, at(TYPE)).as_deref() == Some("R") {
                    OverlayKind::Region
                } else {
                    OverlayKind::Graphics
                },
                roi: RoiValues {
                    area: number(d, at(ROI_AREA)),
                    mean: number(d, at(ROI_MEAN)),
                    deviation: number(d, at(ROI_DEVIATION)),
                },
            },
            frames: count(FRAMES).unwrap_or(1),
            first: count(FRAME_ORIGIN).unwrap_or(1),
            bit: integer(d, at(BIT_POSITION))
                .and_then(|v| u16::try_from(v).ok())
                .unwrap_or(0),
        })
    }

    /// Which of the plane's frames, from 0, lies over an image frame; one plane without frames lies over all.
    fn frame_over(&self, frame: u32) -> Option<u32> {
        if self.frames == 1 && self.first == 1 {
            return Some(0);
        }
        frame.checked_sub(self.first).filter(|k| *k < self.frames)
    }

    /// Bits of Overlay Data: the first in the lowest bit of the first byte, rows and frames running on without a gap.
    fn packed(self, d: &InMemDicomObject, frame: u32) -> Result<Option<OverlayPlane>, DicomError> {
        let Some(k) = self.frame_over(frame) else {
            return Ok(None);
        };
        let data = bytes(d, Tag(self.plane.group, DATA)).unwrap_or_default();
        let count = u64::from(self.plane.rows) * u64::from(self.plane.columns);
        let first = count * u64::from(k);
        let needed = (first + count).div_ceil(8);
        if needed > data.len() as u64 {
            return Err(DicomError::Overlay(format!(
                "its bits take {needed} bytes and {} are there",
                data.len()
            )));
        }
        let bit = |i: u64| {
            let byte = usize::try_from(i / 8).ok().and_then(|at| data.get(at));
            byte.map_or(0, |byte| (byte >> (i % 8)) & 1)
        };
        let bits: Arc<[u8]> = (first..first + count).map(bit).collect();
        Ok(Some(OverlayPlane { bits, ..self.plane }))
    }

    /// Bits that lie in the pixel cells, above or below the stored values.
    fn embedded(
        self,
        file: &DicomFile,
        header: &ImageHeader,
        frame: u32,
    ) -> Result<OverlayPlane, DicomError> {
        let layout = &header.layout;
        let bit = u32::from(self.bit);
        let lowest = u32::from((layout.high_bit + 1).saturating_sub(layout.bits_stored));
        let used = lowest..u32::from(layout.high_bit) + 1;
        let fits = layout.location.kind == PixelKind::Integer
            && layout.samples == 1
            && matches!(layout.bits_allocated, 8 | 16)
            && bit < u32::from(layout.bits_allocated)
            && !used.contains(&bit);
        if !fits {
            return Err(DicomError::Overlay(
                "it holds no bits, and the pixels have no room for them".to_owned(),
            ));
        }
        if (self.plane.rows, self.plane.columns) != (layout.rows, layout.columns) {
            return Err(DicomError::Overlay(
                "its size is not that of the image".to_owned(),
            ));
        }
        let cells = cells(file, header, frame)?;
        let bits: Arc<[u8]> = cells
            .iter()
            .map(|cell| u8::from((cell >> bit) & 1 == 1))
            .collect();
        if bits.len() < layout.samples_in_frame() {
            return Err(DicomError::Truncated {
                frame,
                needed: layout.samples_in_frame() as u64,
                found: bits.len() as u64,
            });
        }
        // Bits in the pixels lie where the pixels lie.
        Ok(OverlayPlane {
            bits,
            origin: [0, 0],
            ..self.plane
        })
    }
}

/// Pixel cells as they are in the file, unused bits included.
fn cells(file: &DicomFile, header: &ImageHeader, frame: u32) -> Result<Vec<u32>, DicomError> {
    let layout = &header.layout;
    if file.syntax.codec == Codec::Rle {
        let bytes = crate::decode::frame_bytes(file, header, frame)?;
        return rle::decode(layout, &bytes)
            .map(|decoded| decoded.cells.to_wide())
            .map_err(|reason| DicomError::Codec { frame, reason });
    }
    if file.syntax.codec != Codec::None {
        // Other codecs carry stored values alone.
        return Err(DicomError::Overlay(
            "its bits were lost when the pixels were compressed".to_owned(),
        ));
    }
    let wide = layout.bits_allocated == 16;
    let length = layout.native_frame_bits() / 8;
    let offset = layout.location.offset + length * u64::from(frame.saturating_sub(1));
    let bytes = file.read(offset, length)?;
    let big = file.syntax.big_endian_pixels();
    Ok(if wide {
        let pairs = bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
        pairs
            .map(|b| {
                u32::from(if big {
                    u16::from_be_bytes(b)
                } else {
                    u16::from_le_bytes(b)
                })
            })
            .collect()
    } else {
        bytes.iter().map(|b| u32::from(*b)).collect()
    })
}

#[cfg(test)]
mod tests {
    use overread_phantom::dicom::{Samples, Writer};

    use super::*;

    fn read(writer: &Writer, frame: u32) -> (ImageHeader, Overlays) {
        let file = DicomFile::from_bytes(writer.encode(), None).expect("sound");
        let header = ImageHeader::read(std::path::Path::new("made"), &file).expect("an image");
        let found = overlays(&file, &header, frame);
        (header, found)
    }

    fn packed(image: Writer, group: u16, size: [u16; 2], origin: [i16; 2], data: Vec<u8>) -> Writer {
        let origin: Vec<u8> = origin.iter().flat_map(|v| v.to_le_bytes()).collect();
        image
            .us((group, ROWS), &[size[0]])
            .us((group, COLUMNS), &[size[1]])
            .text((group, TYPE), "CS", "G")
            .bytes((group, ORIGIN), "SS", origin)
            .us((group, 0x0100), &[1])
            .us((group, BIT_POSITION), &[0])
            .bytes((group, DATA), "OW", data)
    }

    fn image() -> Writer {
        Writer::new("overlay", 2, 3, Samples::U16((0..12).collect()))
    }

    #[test]
    fn bits_run_on_over_rows_and_frames_from_the_lowest() {
        // Two frames of 3 x 3 bits: 18 bits, the second beginning inside a byte.
        let bits = 0b10_1100_1011_0111_0101_u32;
        let two = packed(image(), 0x6002, [3, 3], [0, 2], bits.to_le_bytes().to_vec());
        let two = two
            .text((0x6002, FRAMES), "IS", "2")
            .text((0x6002, LABEL), "LO", "edges");
        let (header, first) = read(&two, 1);
        assert_eq!(first.problems, [""; 0]);
        assert_eq!(
            header.overlays,
            [OverlayInfo {
                group: 0x6002,
                label: "edges".to_owned()
            }]
        );
        let plane = &first.planes[0];
        assert_eq!((plane.rows, plane.columns, plane.origin), (3, 3, [1, -1]));
        assert_eq!(plane.bits[..], [1, 0, 1, 0, 1, 1, 1, 0, 1]);
        assert_eq!(read(&two, 2).1.planes[0].bits[..], [1, 0, 1, 0, 0, 1, 1, 0, 1]);
    }

    #[test]
    fn a_plane_lies_over_the_frames_that_it_names() {
        let late = packed(image(), 0x6000, [1, 8], [1, 1], vec![0xFF, 0]).us((0x6000, FRAME_ORIGIN), &[2]);
        assert!(read(&late, 1).1.planes.is_empty());
        assert_eq!(read(&late, 2).1.planes.len(), 1);
        let over_all = packed(image(), 0x6000, [1, 8], [1, 1], vec![0xFF, 0]);
        assert_eq!(read(&over_all, 2).1.planes.len(), 1);
    }

    #[test]
    fn a_broken_plane_costs_itself_alone() {
        let short = packed(image(), 0x6000, [9, 9], [1, 1], vec![0; 4]);
        let (_, found) = read(&packed(short, 0x601E, [1, 8], [1, 1], vec![0xA5, 0]), 1);
        assert_eq!(found.planes.len(), 1);
        assert_eq!(found.planes[0].group, 0x601E);
        let expected = "overlay 6000 is left out: its bits take 11 bytes and 4 are there";
        assert_eq!(found.problems, [expected]);
    }

    #[test]
    fn bits_in_the_pixels_are_a_plane_and_no_values() {
        let cells: Vec<u16> = [0x0123, 0x1456, 0x0789, 0x1FFF, 0x0000, 0x1001]
            .into_iter()
            .collect();
        let made = |bit: u16| {
            Writer::new("embedded", 2, 3, Samples::U16(cells.clone()))
                .bits(12, 11)
                .us((0x6000, ROWS), &[2])
                .us((0x6000, COLUMNS), &[3])
                .us((0x6000, 0x0100), &[16])
                .us((0x6000, BIT_POSITION), &[bit])
        };
        let (header, found) = read(&made(12), 1);
        assert_eq!(found.planes[0].bits[..], [0, 1, 0, 1, 0, 1]);
        assert_eq!(found.planes[0].origin, [0, 0]);
        let file = DicomFile::from_bytes(made(12).encode(), None).expect("sound");
        let frame = crate::decode_with(&file, &header, 1).expect("decodes");
        assert_eq!(frame.stored_value(1, 0), Some(f64::from(0x0FFF)));
        let (_, stored) = read(&made(3), 1);
        assert!(
            stored.planes.is_empty() && stored.problems.len() == 1,
            "bit 3 belongs to the values"
        );
    }
}
