//! A tile taken apart (T.800 Annex B): components, resolutions, subbands, precincts, code-blocks.

use super::block::Segment;
use super::contexts::Orientation;
use super::header::{Part, Size, Style};
use super::tag_tree::TagTree;

/// A rectangle: from, to, in the coordinates that its owner says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: (u32, u32),
    pub(super) y: (u32, u32),
}

impl Rect {
    pub(super) fn width(&self) -> usize {
        self.x.1.saturating_sub(self.x.0) as usize
    }

    pub(super) fn height(&self) -> usize {
        self.y.1.saturating_sub(self.y.0) as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    fn map(self, x: impl Fn(u32) -> u32, y: impl Fn(u32) -> u32) -> Self {
        Self {
            x: (x(self.x.0), x(self.x.1)),
            y: (y(self.y.0), y(self.y.1)),
        }
    }

    /// Every coordinate divided by a power of two, rounded up.
    pub(super) fn reduced(self, levels: u32) -> Self {
        self.map(|x| ceil_shift(x, levels), |y| ceil_shift(y, levels))
    }

    /// A component's part of this rectangle of the reference grid (T.800 B-12).
    pub(super) fn component(self, step: (u32, u32)) -> Self {
        self.map(|x| x.div_ceil(step.0), |y| y.div_ceil(step.1))
    }
}

/// A tile's rectangle on the reference grid (T.800 B-7 to B-10).
pub(super) fn tile_rect(size: &Size, index: u32) -> Rect {
    let across = size.tiles().0;
    let side = |number: u32, tile_from: u32, tile: u32, from: u32, to: u32| {
        let start = u64::from(tile_from) + u64::from(number) * u64::from(tile);
        let end = start + u64::from(tile);
        let clip = |v: u64| u32::try_from(v).unwrap_or(u32::MAX).clamp(from, to);
        (clip(start), clip(end))
    };
    Rect {
        x: side(
            index % across,
            size.tile_from.0,
            size.tile.0,
            size.from.0,
            size.to.0,
        ),
        y: side(
            index / across,
            size.tile_from.1,
            size.tile.1,
            size.from.1,
            size.to.1,
        ),
    }
}

fn ceil_shift(value: u32, shift: u32) -> u32 {
    u32::try_from((u64::from(value) + (1_u64 << shift) - 1) >> shift).unwrap_or(u32::MAX)
}

/// A code-block and what was read of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Place of its first sample in the tile-component's buffer.
    pub(super) place: (u32, u32),
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) included: bool,
    /// Bit-planes that are all nought.
    pub(super) zero_planes: u16,
    pub(super) length_bits: u32,
    pub(super) passes: u16,
    pub(super) segments: Vec<Segment>,
    /// Ranges of the tile's bytes, together the segments.
    pub(super) chunks: Vec<(usize, usize)>,
}

/// The code-blocks of one subband in a precinct.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    pub(super) across: u32,
    pub(super) list: Vec<Block>,
    pub(super) inclusion: TagTree,
    pub(super) zero_planes: TagTree,
}

/// A precinct. Its code-blocks are made when the first packet with content comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Precinct {
    /// Layers that were read.
    pub(super) layers: u16,
    pub(super) bands: Vec<Blocks>,
}

/// A subband of a resolution.
#[derive(Clone, Debug)]
pub(super) struct Band {
    pub(super) orientation: Orientation,
    rect: Rect,
    /// Magnitude bit-planes, those of a raised region with them.
    pub(super) planes: u32,
    /// Quantisation step; 1 where there is none.
    pub(super) step: f32,
    /// Where it lies in the tile-component's buffer.
    place: (u32, u32),
}

/// A resolution of a tile-component.
#[derive(Clone, Debug)]
pub(super) struct Resolution {
    pub(super) rect: Rect,
    /// Precinct width and height, as powers of two.
    pub(super) precinct: (u8, u8),
    /// Precincts across and down.
    pub(super) precincts: (u32, u32),
    pub(super) bands: Vec<Band>,
    pub(super) list: Vec<Precinct>,
}

/// A component in a tile.
#[derive(Clone, Debug)]
pub(super) struct TileComponent {
    pub(super) resolutions: Vec<Resolution>,
    pub(super) style: Style,
    pub(super) raised: u8,
}

impl TileComponent {
    /// Lays out a component of a tile; `room` is the number of precincts that are still believed.
    pub(super) fn new(rect: Rect, part: &Part, precision: u8, room: &mut usize) -> Result<Self, String> {
        let (Some(style), Some(quantisation)) = (&part.style, &part.quantisation) else {
            return Err("its header says nothing of coding or quantisation".to_owned());
        };
        let levels = style.levels;
        let mut resolutions: Vec<Resolution> = Vec::with_capacity(usize::from(levels) + 1);
        for r in 0..=levels {
            let area = rect.reduced(u32::from(levels - r));
            let precinct = style.precincts[usize::from(r)];
            let precincts = if area.is_empty() {
                (0, 0)
            } else {
                (
                    ceil_shift(area.x.1, u32::from(precinct.0)) - (area.x.0 >> precinct.0),
                    ceil_shift(area.y.1, u32::from(precinct.1)) - (area.y.0 >> precinct.1),
                )
            };
            let count = precincts.0 as usize * precincts.1 as usize;
            *room = room
                .checked_sub(count)
                .ok_or("it claims more precincts than its data could tell of")?;
            let low = resolutions.last().map_or((0, 0), |below| {
                (below.rect.width() as u32, below.rect.height() as u32)
            });
            let mut bands = Vec::new();
            let kinds: &[Orientation] = match r {
                _ if area.is_empty() => &[],
                0 => &[Orientation::Ll],
                _ => &[Orientation::Hl, Orientation::Lh, Orientation::Hh],
            };
            for (k, &orientation) in kinds.iter().enumerate() {
                let number = if r == 0 {
                    0
                } else {
                    3 * (usize::from(r) - 1) + 1 + k
                };
                let (planes, exponent, mantissa) = quantisation.band(number, r)?;
                let (right, down, gain) = match orientation {
                    Orientation::Ll => (0, 0, 0),
                    Orientation::Hl => (1, 0, 1),
                    Orientation::Lh => (0, 1, 1),
                    Orientation::Hh => (1, 1, 2),
                };
                // T.800 E-3.
                let step = if style.reversible {
                    1.0
                } else {
                    (1.0 + f32::from(mantissa) / 2048.0)
                        * 2_f32.powi(i32::from(precision) + gain - i32::from(exponent))
                };
                let level = u32::from(if r == 0 { levels } else { levels - r + 1 });
                bands.push(Band {
                    orientation,
                    rect: band_rect(rect, level, right, down),
                    planes: planes + u32::from(part.raised),
                    step,
                    place: (low.0 * right, low.1 * down),
                });
            }
            resolutions.push(Resolution {
                rect: area,
                precinct,
                precincts,
                bands,
                list: vec![Precinct::default(); count],
            });
        }
        Ok(Self {
            resolutions,
            style: style.clone(),
            raised: part.raised,
        })
    }

    /// Whether the style of the code-blocks is that of T.814.
    pub(super) fn high_throughput(&self) -> bool {
        self.style.passes & 0x40 != 0
    }
}

/// A subband's rectangle in its own coordinates (T.800 B-15).
fn band_rect(rect: Rect, level: u32, right: u32, down: u32) -> Rect {
    let side = |value: u32, high: u32| {
        if level == 0 {
            return value;
        }
        let start = i64::from(value) - (i64::from(high) << (level - 1));
        u32::try_from((start + (1_i64 << level) - 1) >> level).unwrap_or(0)
    };
    rect.map(|x| side(x, right), |y| side(y, down))
}

impl Resolution {
    /// Makes the code-blocks of a precinct, by its number in raster order (T.800 B.7).
    pub(super) fn lay_out(&self, number: usize, lowest: bool, block: (u8, u8)) -> Vec<Blocks> {
        let across = self.precincts.0.max(1);
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let halved = u8::from(!lowest);
        let exponents = (self.precinct.0 - halved, self.precinct.1 - halved);
        let column = u64::from(self.rect.x.0 >> self.precinct.0) + u64::from(number % across);
        let row = u64::from(self.rect.y.0 >> self.precinct.1) + u64::from(number / across);
        let block = (block.0.min(exponents.0), block.1.min(exponents.1));
        self.bands
            .iter()
            .map(|band| {
                let x = cut(column, exponents.0, band.rect.x);
                let y = cut(row, exponents.1, band.rect.y);
                if x.0 >= x.1 || y.0 >= y.1 {
                    return Blocks::default();
                }
                let columns = (x.0 >> block.0, ceil_shift(x.1, u32::from(block.0)));
                let rows = (y.0 >> block.1, ceil_shift(y.1, u32::from(block.1)));
                let (across, down) = (columns.1 - columns.0, rows.1 - rows.0);
                let mut list = Vec::with_capacity(across as usize * down as usize);
                for row in rows.0..rows.1 {
                    let y = cut(u64::from(row), block.1, y);
                    for column in columns.0..columns.1 {
                        let x = cut(u64::from(column), block.0, x);
                        list.push(Block {
                            place: (
                                band.place.0 + x.0 - band.rect.x.0,
                                band.place.1 + y.0 - band.rect.y.0,
                            ),
                            width: (x.1 - x.0) as u16,
                            height: (y.1 - y.0) as u16,
                            length_bits: 3,
                            ..Block::default()
                        });
                    }
                }
                Blocks {
                    across,
                    list,
                    inclusion: TagTree::new(across, down),
                    zero_planes: TagTree::new(across, down),
                }
            })
            .collect()
    }
}

/// The piece of a range that a cell of a grid of powers of two covers.
fn cut(number: u64, exponent: u8, range: (u32, u32)) -> (u32, u32) {
    let side = |n: u64| {
        u32::try_from(n << exponent)
            .unwrap_or(u32::MAX)
            .clamp(range.0, range.1)
    };
    (side(number), side(number + 1))
}
