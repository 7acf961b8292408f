//! Packets (T.800 B.9, B.10): headers to code-blocks' segments, bodies to ranges of the tile's bytes.

use super::block::{BYPASS, Segment, TERMINATE};
use super::geometry::{Block, Precinct, TileComponent};
use super::progression::Step;
use super::tag_tree::HeaderBits;

/// Most bit-planes that a header may leave out: past every sum of guard bits, exponent and raised bits.
const MOST_ZERO_PLANES: u16 = 37 + 255;

/// A tile's bytes and how far they were read.
#[derive(Debug)]
pub(super) struct Packets<'a> {
    data: &'a [u8],
    at: usize,
    /// Packet headers that stand apart.
    headers: Option<&'a [u8]>,
    headers_at: usize,
    /// Packets whose headers were read.
    pub(super) count: usize,
    news: Vec<News>,
    /// Looks at code-blocks that are still believed.
    looks: usize,
}

/// Looks at code-blocks that any tile may take. Beyond, each byte may pay for some: most code-blocks are told of in a
/// few bits, but one that waits for its layer takes none.
const FREE_LOOKS: usize = 1 << 22;
const LOOKS_PER_BYTE: usize = 64;

/// What a packet brings for a code-block.
#[derive(Clone, Copy, Debug)]
struct News {
    band: usize,
    block: usize,
    length: usize,
}

impl<'a> Packets<'a> {
    pub(super) fn new(data: &'a [u8], headers: Option<&'a [u8]>) -> Self {
        Self {
            data,
            at: 0,
            headers,
            headers_at: 0,
            count: 0,
            news: Vec::new(),
            looks: data
                .len()
                .saturating_add(headers.map_or(0, <[u8]>::len))
                .saturating_mul(LOOKS_PER_BYTE)
                .saturating_add(FREE_LOOKS),
        }
    }

    /// Reads a precinct's next packet; false where the data end or make no sense.
    pub(super) fn read(&mut self, components: &mut [TileComponent], step: Step, layer: u16) -> bool {
        let component = &mut components[usize::from(step.component)];
        let (high_throughput, style) = (component.high_throughput(), component.style.passes);
        let block = component.style.block;
        let resolution = &mut component.resolutions[usize::from(step.resolution)];
        let number = step.precinct as usize;

        // SOP, where the packet's bytes begin.
        if let Some([0xFF, 0x91, 0, 4, _, _]) = self.data.get(self.at..self.at.saturating_add(6)) {
            self.at += 6;
        }
        let (source, start) = match self.headers {
            Some(headers) => (headers, self.headers_at),
            None => (self.data, self.at),
        };
        if start >= source.len() {
            return false;
        }
        let mut bits = HeaderBits::new(source, start);
        self.news.clear();
        let Some(filled) = bits.bit() else {
            return false;
        };
        if filled == 1 {
            if resolution.list[number].bands.is_empty() {
                resolution.list[number].bands = resolution.lay_out(number, step.resolution == 0, block);
            }
            let precinct = &mut resolution.list[number];
            let blocks = precinct.bands.iter().map(|band| band.list.len()).sum();
            let Some(looks) = self.looks.checked_sub(blocks) else {
                return false;
            };
            self.looks = looks;
            if header(&mut bits, precinct, layer, style, high_throughput, &mut self.news).is_none() {
                return false;
            }
        }
        let mut end = bits.end();
        // EPH.
        if let Some([0xFF, 0x92]) = source.get(end..end.saturating_add(2)) {
            end += 2;
        }
        if self.headers.is_some() {
            self.headers_at = end;
        } else {
            self.at = end.min(self.data.len());
        }
        self.count += 1;
        let precinct = &mut resolution.list[number];
        precinct.layers = layer + 1;
        for news in &self.news {
            let left = self.data.len() - self.at;
            let chunk = (self.at, self.at + news.length.min(left));
            let chunks = &mut precinct.bands[news.band].list[news.block].chunks;
            match chunks.last_mut() {
                Some(last) if last.1 == chunk.0 => last.1 = chunk.1,
                _ => chunks.push(chunk),
            }
            self.at = chunk.1;
            if left < news.length {
                return false;
            }
        }
        true
    }
}

/// Reads a packet's header after its first bit; nothing where it makes no sense.
fn header(
    bits: &mut HeaderBits<'_>,
    precinct: &mut Precinct,
    layer: u16,
    style: u8,
    high_throughput: bool,
    news: &mut Vec<News>,
) -> Option<()> {
    for (k, band) in precinct.bands.iter_mut().enumerate() {
        for (n, block) in band.list.iter_mut().enumerate() {
            let n32 = n as u32;
            let (column, row) = (n32 % band.across, n32 / band.across);
            let brings = if block.included {
                bits.bit()? == 1
            } else {
                band.inclusion
                    .read(bits, column, row, layer.saturating_add(1))?
                    .is_some()
            };
            if !brings {
                continue;
            }
            if !block.included {
                block.zero_planes = band.zero_planes.read(bits, column, row, MOST_ZERO_PLANES)??;
                block.included = true;
            }
            let passes = passes(bits)?;
            while bits.bit()? == 1 {
                block.length_bits += 1;
                if block.length_bits > 32 {
                    return None;
                }
            }
            let mut left = passes;
            while left > 0 {
                let (take, length) = segment(bits, block, left, style, high_throughput)?;
                news.push(News {
                    band: k,
                    block: n,
                    length,
                });
                left -= take;
            }
        }
    }
    Some(())
}

/// Reads how much of a segment the packet brings: passes, bytes (T.800 B.10.7).
fn segment(
    bits: &mut HeaderBits<'_>,
    block: &mut Block,
    left: u16,
    style: u8,
    high_throughput: bool,
) -> Option<(u16, usize)> {
    if block.segments.last().is_none_or(|last| last.passes >= last.room) {
        let room = match high_throughput {
            true => high_throughput_room(block.passes, left),
            false => room(block.passes, style),
        };
        block.segments.push(Segment {
            passes: 0,
            room,
            length: 0,
        });
    }
    let last = block.segments.last_mut()?;
    let take = left.min(last.room - last.passes);
    let width = block.length_bits + take.checked_ilog2()?;
    if width > 32 {
        return None;
    }
    let length = bits.number(width)? as usize;
    last.passes += take;
    last.length = last.length.checked_add(length)?;
    block.passes = block.passes.checked_add(take)?;
    Some((take, length))
}

/// Most passes of a segment that begins after some passes (T.800 D.4.2, D.6).
fn room(begun: u16, style: u8) -> u16 {
    match (style & TERMINATE != 0, style & BYPASS != 0) {
        (true, _) => 1,
        (false, false) => u16::MAX,
        (false, true) if begun == 0 => 10,
        (false, true) if begun.is_multiple_of(3) => 1,
        (false, true) => 2,
    }
}

/// The same in a code-block of T.814: cleanup alone, both refinements together. Sets of passes that are left out
/// count with the first cleanup that is there.
fn high_throughput_room(begun: u16, left: u16) -> u16 {
    match begun {
        0 => 3 * (left.saturating_sub(1) / 3) + 1,
        _ if begun.is_multiple_of(3) => 1,
        _ => 2,
    }
}

/// The number of new passes (T.800 Table B.4).
fn passes(bits: &mut HeaderBits<'_>) -> Option<u16> {
    if bits.bit()? == 0 {
        return Some(1);
    }
    if bits.bit()? == 0 {
        return Some(2);
    }
    let number = match bits.number(2)? {
        3 => match bits.number(5)? {
            31 => 37 + bits.number(7)?,
            more => 6 + more,
        },
        more => 3 + more,
    };
    u16::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pass_counts_follow_table_b_4() {
        let read = |bytes: &[u8]| passes(&mut HeaderBits::new(bytes, 0));
        assert_eq!(read(&[0b0000_0000]), Some(1));
        assert_eq!(read(&[0b1000_0000]), Some(2));
        assert_eq!(read(&[0b1110_0000]), Some(5));
        assert_eq!(read(&[0b1111_0000, 0b0100_0000]), Some(6));
        assert_eq!(read(&[0b1111_1111, 0b0110_0000, 0]), Some(37 + 64));
        assert_eq!(read(&[0b1111_1111]), None);
    }

    #[test]
    fn segments_end_where_the_style_says() {
        assert_eq!(room(0, 0), u16::MAX);
        assert_eq!([room(0, BYPASS), room(10, BYPASS), room(12, BYPASS)], [10, 2, 1]);
        assert_eq!(room(10, BYPASS | TERMINATE), 1);
        assert_eq!([high_throughput_room(0, 3), high_throughput_room(0, 4)], [1, 4]);
    }
}
