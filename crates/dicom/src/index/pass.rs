//! Frames that pass over the same places several times, taken apart: by what the files say sets them apart, else by rank.

use std::collections::{BTreeMap, BTreeSet};

use overread_imaging::stack::arrange;

use super::FrameRef;
use crate::dimensions::{Coordinate, Dimension};

/// Positions closer than this part of the usual step, or this many mm, are one place: scanners write the table where it was.
const SAME_PLACE: f64 = 0.03;
const SAME_PLACE_MM: f64 = 0.001;

/// One pass, with the words that name it; empty when nothing was taken apart.
pub(super) struct Pass {
    pub(super) frames: Vec<FrameRef>,
    pub(super) label: String,
}

/// Takes passes apart. Frames come in the order of ties and keep it.
pub(super) fn passes(frames: Vec<FrameRef>) -> Vec<Pass> {
    split(frames, &Dimension::ALL)
}

fn split(frames: Vec<FrameRef>, dimensions: &[Dimension]) -> Vec<Pass> {
    let Some(places) = places(&frames) else {
        return one(frames);
    };
    let most = places.iter().map(Vec::len).max().unwrap_or(0);
    if most < 2 || places.len() < 2 {
        return one(frames);
    }
    for (k, dimension) in dimensions.iter().enumerate() {
        let values: Vec<Option<&Coordinate>> = frames.iter().map(|f| coordinate(f, *dimension)).collect();
        let all: BTreeSet<_> = values.iter().collect();
        let at_one_place =
            |place: &Vec<usize>| place.iter().map(|i| values[*i]).collect::<BTreeSet<_>>().len();
        // Clean: some place has been passed at every value, so that values name passes and not slices.
        if all.len() < 2 || places.iter().map(at_one_place).max() != Some(all.len()) {
            continue;
        }
        let order: BTreeMap<Option<&Coordinate>, usize> = all
            .iter()
            .enumerate()
            .map(|(rank, value)| (**value, rank))
            .collect();
        let mut groups: Vec<Vec<FrameRef>> = vec![Vec::new(); order.len()];
        for (frame, value) in frames.iter().zip(&values) {
            if let Some(group) = order.get(value).and_then(|rank| groups.get_mut(*rank)) {
                group.push(frame.clone());
            }
        }
        let names: Vec<String> = order
            .iter()
            .map(|(value, rank)| dimension.name(*value, rank + 1, order.len()))
            .collect();
        let rest = &dimensions[k + 1..];
        return groups
            .into_iter()
            .zip(names)
            .flat_map(|(group, name)| {
                split(group, rest).into_iter().map(move |pass| Pass {
                    label: super::join(&name, &pass.label),
                    frames: pass.frames,
                })
            })
            .collect();
    }
    by_rank(frames, &places, most)
}

/// Nothing tells them apart but their order: the first at every place, the second at every place, and so on. Only where every
/// place was passed as often.
fn by_rank(frames: Vec<FrameRef>, places: &[Vec<usize>], times: usize) -> Vec<Pass> {
    if places.iter().any(|place| place.len() != times) {
        return one(frames);
    }
    (0..times)
        .map(|k| Pass {
            label: format!("pass {} of {times}", k + 1),
            frames: places.iter().map(|place| frames[place[k]].clone()).collect(),
        })
        .collect()
}

fn one(frames: Vec<FrameRef>) -> Vec<Pass> {
    vec![Pass {
        frames,
        label: String::new(),
    }]
}

/// Indices of the frames at each place, in the order given; `None` without positions.
fn places(frames: &[FrameRef]) -> Option<Vec<Vec<usize>>> {
    let planes = frames.iter().map(FrameRef::plane).collect::<Option<Vec<_>>>()?;
    let arrangement = arrange(&planes);
    // Where places are passed several times, most steps are none: the larger ones tell the distance of slices.
    let mut steps: Vec<f64> = arrangement.positions.windows(2).map(|w| w[1] - w[0]).collect();
    steps.sort_by(f64::total_cmp);
    let usual = steps.get(steps.len() * 9 / 10).copied().unwrap_or(0.0);
    let same = (usual * SAME_PLACE).max(SAME_PLACE_MM);
    let mut places: Vec<Vec<usize>> = Vec::new();
    let mut last = f64::NEG_INFINITY;
    for (index, position) in arrangement.order.iter().zip(&arrangement.positions) {
        if position - last >= same {
            places.push(Vec::new());
        }
        last = *position;
        if let Some(place) = places.last_mut() {
            place.push(*index);
        }
    }
    Some(places)
}

/// The coordinate of a frame along a dimension.
pub(super) fn coordinate(frame: &FrameRef, dimension: Dimension) -> Option<&Coordinate> {
    let context = frame.header.frames.get(frame.frame as usize - 1)?;
    context
        .coordinates
        .iter()
        .find(|(other, _)| *other == dimension)
        .map(|(_, coordinate)| coordinate)
}

/// What all frames have in common, for the identity of a set: a folder with one pass of several then gives that pass the
/// identity that the whole folder gives it.
pub(super) fn in_common(frames: &[FrameRef]) -> String {
    let mut said = String::new();
    for dimension in Dimension::ALL {
        let first = frames.first().and_then(|f| coordinate(f, dimension));
        if let Some(value) = first
            && frames.iter().all(|f| coordinate(f, dimension) == first)
        {
            said.push_str(&format!("{dimension:?} {value:?}\n"));
        }
    }
    said
}
