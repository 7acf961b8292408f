//! In which order packets come (T.800 B.12).

use super::geometry::{Rect, TileComponent};
use super::header::{Order, Progression};

/// A precinct's place: resolution, component, number; where it begins on the reference grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) resolution: u8,
    pub(super) component: u8,
    pub(super) precinct: u32,
    x: u32,
    y: u32,
}

/// Walks all packets of a tile and calls `packet` with each that was not read before, until it says stop.
pub(super) fn walk(
    progressions: &[Progression],
    tile: Rect,
    components: &mut [TileComponent],
    steps: &[(u32, u32)],
    mut packet: impl FnMut(&mut [TileComponent], Step, u16) -> bool,
) {
    for progression in progressions {
        let list = precincts(progression, tile, components, steps);
        let finished = match progression.order {
            Order::Lrcp => layers(&list, progression.layers, components, &mut packet),
            Order::Rlcp => list
                .chunk_by(|a, b| a.resolution == b.resolution)
                .all(|group| layers(group, progression.layers, components, &mut packet)),
            Order::Rpcl | Order::Pcrl | Order::Cprl => list.iter().all(|step| {
                layers(
                    std::slice::from_ref(step),
                    progression.layers,
                    components,
                    &mut packet,
                )
            }),
        };
        if !finished {
            return;
        }
    }
}

/// Layer by layer over some precincts; false where a packet said stop.
fn layers(
    list: &[Step],
    end: u16,
    components: &mut [TileComponent],
    packet: &mut impl FnMut(&mut [TileComponent], Step, u16) -> bool,
) -> bool {
    let read = |components: &[TileComponent], step: &Step| {
        components[usize::from(step.component)].resolutions[usize::from(step.resolution)].list
            [step.precinct as usize]
            .layers
    };
    // What another progression has brought is not brought again.
    let start = list
        .iter()
        .map(|step| read(components, step))
        .min()
        .unwrap_or(end);
    for layer in start..end {
        for step in list {
            if read(components, step) == layer && !packet(components, *step, layer) {
                return false;
            }
        }
    }
    true
}

/// The precincts of a progression in its order, layers apart.
fn precincts(
    progression: &Progression,
    tile: Rect,
    components: &[TileComponent],
    steps: &[(u32, u32)],
) -> Vec<Step> {
    let mut list = Vec::new();
    let (from, to) = progression.resolutions;
    for (c, component) in components.iter().enumerate() {
        let c = u8::try_from(c).unwrap_or(u8::MAX);
        if !(progression.components.0..progression.components.1).contains(&c) {
            continue;
        }
        for (r, resolution) in component.resolutions.iter().enumerate() {
            let r = u8::try_from(r).unwrap_or(u8::MAX);
            if !(from..to).contains(&r) {
                continue;
            }
            let shift = component.style.levels - r;
            let step = steps[usize::from(c)];
            let origin = |index: u32, first: u32, exponent: u8, step: u32, edge: u32| {
                let at = (u64::from(first >> exponent) + u64::from(index)) << exponent;
                u32::try_from((at << shift).saturating_mul(u64::from(step)))
                    .unwrap_or(u32::MAX)
                    .max(edge)
            };
            for down in 0..resolution.precincts.1 {
                let y = origin(down, resolution.rect.y.0, resolution.precinct.1, step.1, tile.y.0);
                for across in 0..resolution.precincts.0 {
                    let precinct = down * resolution.precincts.0 + across;
                    // What brings nothing new would only cost time.
                    if resolution.list[precinct as usize].layers >= progression.layers {
                        continue;
                    }
                    list.push(Step {
                        resolution: r,
                        component: c,
                        precinct,
                        x: origin(
                            across,
                            resolution.rect.x.0,
                            resolution.precinct.0,
                            step.0,
                            tile.x.0,
                        ),
                        y,
                    });
                }
            }
        }
    }
    match progression.order {
        Order::Lrcp | Order::Rlcp => list.sort_by_key(|s| (s.resolution, s.component)),
        Order::Rpcl => list.sort_by_key(|s| (s.resolution, s.y, s.x, s.component)),
        Order::Pcrl => list.sort_by_key(|s| (s.y, s.x, s.component, s.resolution)),
        Order::Cprl => list.sort_by_key(|s| (s.component, s.y, s.x, s.resolution)),
    }
    list
}
