//! A tile from its packets to samples.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::block::{Coder, MOST_PLANES, Shape};
use super::codestream::{Codestream, Tile};
use super::colour;
use super::geometry::{Band, Block, Rect, Resolution, TileComponent, tile_rect};
use super::ht;
use super::packet::Packets;
use super::progression;
use super::wavelet::{Irreversible, Plane, Reversible, Scratch, undo};

/// Precincts that an honest image may have beyond those that its data pay for with a byte each: a cut stream has
/// fewer bytes than precincts.
const SPARE_PRECINCTS: usize = 4096;

/// A component's samples of one tile, in the coordinates of its (reduced) resolution.
#[derive(Debug)]
pub(super) struct Samples {
    pub(super) rect: Rect,
    pub(super) values: Values,
}

/// Samples before level shift and rounding.
#[derive(Debug)]
pub(super) enum Values {
    /// Of the reversible path.
    Whole(Plane<i32>),
    /// Of the irreversible path.
    Real(Plane<f32>),
}

/// Memory that tiles share.
#[derive(Debug, Default)]
pub(super) struct Workshop {
    bench: Bench,
    whole: Scratch<i32>,
    real: Scratch<f32>,
}

/// Decoders of code-blocks, kept for their memory.
#[derive(Debug, Default)]
struct Bench {
    coder: Coder,
    fast: ht::Coder,
    bytes: Vec<u8>,
}

/// Samples of a tile-component from which on code-blocks are decoded side by side.
const MANY_SAMPLES: usize = 1 << 17;

/// Decodes a tile's components with some levels left out; nothing where not one packet could be read.
pub(super) fn decode(
    stream: &Codestream<'_>,
    number: u16,
    tile: &Tile<'_>,
    discard: u8,
    workshop: &mut Workshop,
) -> Result<Option<Vec<Samples>>, String> {
    let parameters = tile.parameters.as_deref().unwrap_or(&stream.parameters);
    let rect = tile_rect(&stream.size, u32::from(number));
    let data = match tile.bodies[..] {
        [only] => Cow::Borrowed(only),
        _ => Cow::Owned(tile.bodies.concat()),
    };
    let headers = tile.packed_headers();
    let mut room = data.len() + headers.as_ref().map_or(0, Vec::len) + SPARE_PRECINCTS;
    let mut components = Vec::with_capacity(parameters.parts.len());
    for (part, component) in parameters.parts.iter().zip(&stream.size.components) {
        let area = rect.component(component.step);
        components.push(TileComponent::new(area, part, component.precision, &mut room)?);
    }
    let steps: Vec<(u32, u32)> = stream.size.components.iter().map(|c| c.step).collect();
    let mut packets = Packets::new(&data, headers.as_deref());
    progression::walk(
        &parameters.progressions(),
        rect,
        &mut components,
        &steps,
        |components, step, layer| packets.read(components, step, layer),
    );
    if packets.count == 0 {
        return Ok(None);
    }
    let mut samples = Vec::with_capacity(components.len());
    for component in &components {
        samples.push(workshop.component(component, &data, discard)?);
    }
    if parameters.transformed {
        colour::undo(&mut samples)?;
    }
    Ok(Some(samples))
}

impl Workshop {
    fn component(&mut self, component: &TileComponent, data: &[u8], discard: u8) -> Result<Samples, String> {
        let kept = component.resolutions.len() - usize::from(component.style.levels.min(discard));
        let resolutions = &component.resolutions[..kept];
        let rect = resolutions.last().map(|r| r.rect).unwrap_or_default();
        let values = if component.style.reversible {
            let mut plane = Plane::new(rect.width(), rect.height());
            self.blocks(component, resolutions, data, &mut plane, |_, sample| {
                let size = ((sample & 0x7FFF_FFFF) >> 1) as i32;
                if sample >> 31 == 1 { -size } else { size }
            })?;
            for pair in resolutions.windows(2) {
                undo::<Reversible>(&mut plane, pair[0].rect, pair[1].rect, &mut self.whole);
            }
            Values::Whole(plane)
        } else {
            let mut plane = Plane::new(rect.width(), rect.height());
            self.blocks(component, resolutions, data, &mut plane, |step, sample| {
                let size = (sample & 0x7FFF_FFFF) as i32 as f32 * (step * 0.5);
                f32::from_bits(size.to_bits() | (sample & 0x8000_0000))
            })?;
            for pair in resolutions.windows(2) {
                undo::<Irreversible>(&mut plane, pair[0].rect, pair[1].rect, &mut self.real);
            }
            Values::Real(plane)
        };
        Ok(Samples { rect, values })
    }

    /// Decodes all code-blocks of some resolutions into their places.
    fn blocks<T: Copy + Default + Send>(
        &mut self,
        component: &TileComponent,
        resolutions: &[Resolution],
        data: &[u8],
        plane: &mut Plane<T>,
        value: impl Fn(f32, u32) -> T + Sync,
    ) -> Result<(), String> {
        let mut jobs: Vec<(&Band, &Block)> = Vec::new();
        for resolution in resolutions {
            for precinct in &resolution.list {
                for (band, blocks) in resolution.bands.iter().zip(&precinct.bands) {
                    let coded = blocks.list.iter().filter(|block| block.passes > 0);
                    jobs.extend(coded.map(|block| (band, block)));
                }
            }
        }
        let put = |plane: &mut Plane<T>, band: &Band, block: &Block, samples: &[u32], stride: usize| {
            let (width, height) = (usize::from(block.width), usize::from(block.height));
            let start = block.place.1 as usize * plane.stride + block.place.0 as usize;
            let lines = plane.cells[start..].chunks_mut(plane.stride).take(height);
            for (line, row) in lines.zip(samples.chunks(stride)) {
                for (cell, sample) in line[..width].iter_mut().zip(row) {
                    *cell = value(band.step, *sample);
                }
            }
        };
        if jobs.len() < 2 || plane.cells.len() < MANY_SAMPLES {
            for (band, block) in jobs {
                let (samples, stride) = self.bench.block(component, band, block, data)?;
                put(plane, band, block, samples, stride);
            }
            return Ok(());
        }
        let plane = Mutex::new(plane);
        jobs.par_iter()
            .try_for_each_init(Bench::default, |bench, (band, block)| {
                let (samples, stride) = bench.block(component, band, block, data)?;
                // Held for a copy only; a panic elsewhere leaves nothing half done that matters.
                let mut plane = plane.lock().unwrap_or_else(PoisonError::into_inner);
                put(&mut plane, band, block, samples, stride);
                Ok(())
            })
    }
}

impl Bench {
    /// Decodes a code-block: its samples and how many lie from row to row.
    fn block(
        &mut self,
        component: &TileComponent,
        band: &Band,
        block: &Block,
        data: &[u8],
    ) -> Result<(&[u32], usize), String> {
        let width = usize::from(block.width);
        // More planes left out than there are: nothing can have been coded.
        let Some(planes) = band
            .planes
            .checked_sub(u32::from(block.zero_planes))
            .filter(|p| *p > 0)
        else {
            return Ok((&[], width));
        };
        let needed = if component.high_throughput() {
            band.planes
        } else {
            planes
        };
        if needed > MOST_PLANES {
            return Err(format!(
                "a code-block has {needed} bit-planes, more than {MOST_PLANES}"
            ));
        }
        self.bytes.clear();
        for (from, to) in &block.chunks {
            self.bytes.extend_from_slice(data.get(*from..*to).unwrap_or(&[]));
        }
        let shape = Shape {
            width,
            height: usize::from(block.height),
            orientation: band.orientation,
            all_planes: band.planes,
            planes,
            style: component.style.passes,
        };
        let (samples, stride) = if component.high_throughput() {
            self.fast.decode(&shape, &block.segments, &mut self.bytes)
        } else {
            (self.coder.decode(&shape, &block.segments, &self.bytes), width)
        };
        if component.raised > 0 {
            lower(samples, component.raised);
        }
        Ok((samples, stride))
    }
}

/// Brings samples of a region of interest down to where they were (T.800 H.1).
fn lower(samples: &mut [u32], raised: u8) {
    for sample in samples {
        let size = *sample & 0x7FFF_FFFF;
        if size.checked_shr(u32::from(raised) + 1).unwrap_or(0) != 0 {
            *sample = (*sample & 0x8000_0000) | (size >> raised);
        }
    }
}
