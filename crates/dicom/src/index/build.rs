//! A series split into display sets, each in its order.

use std::collections::BTreeMap;
use std::sync::Arc;

use overread_imaging::stack::arrange;

use super::part::{Met, Names, Part};
use super::pass::{coordinate, in_common, passes};
use super::warnings::warnings;
use super::{DisplaySet, FrameRef, Series, join};
use crate::dimensions::{Coordinate, Dimension};
use crate::header::ImageHeader;

pub(super) fn display_sets(study: &str, series: &str, all: &Series) -> Vec<DisplaySet> {
    let mut headers: Vec<&Arc<ImageHeader>> = all.headers.iter().map(|instance| &instance.0).collect();
    // What is met first names the part: by what the files say, not by what they are called.
    headers.sort_by(|a, b| {
        let key = |h: &ImageHeader| h.instance_number.unwrap_or(i64::MAX);
        key(a).cmp(&key(b)).then_with(|| a.sop_uid.cmp(&b.sop_uid))
    });
    let mut parts: BTreeMap<Part, Vec<FrameRef>> = BTreeMap::new();
    let mut met = Met::default();
    for header in headers {
        for frame in 1..=header.frame_count() {
            let part = Part::of(header, frame, &mut met);
            parts.entry(part).or_default().push(FrameRef {
                header: Arc::clone(header),
                frame,
            });
        }
    }
    let parts = join_types(parts);
    let names = Names::of(parts.keys());
    let mut found = Vec::new();
    for (part, mut frames) in parts {
        // Ties of position keep this order.
        frames.sort_by_cached_key(order_key);
        let label = names.label(&part);
        for pass in passes(frames) {
            let identity = format!("{}\n{}", part.identity(), in_common(&pass.frames));
            found.push((identity, join(&label, &pass.label), pass.frames));
        }
    }
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for (identity, _, _) in &found {
        *uses.entry(identity.clone()).or_default() += 1;
    }
    found
        .into_iter()
        .map(|(mut identity, label, frames)| {
            if uses.get(&identity).is_some_and(|n| *n > 1) {
                identity.push_str(&anchor(&frames));
            }
            build(
                (study, series, handle(study, series, &identity)),
                &label,
                frames,
                all,
            )
        })
        .collect()
}

/// The first instance of a set by its identifier: what names it where nothing that its files say does.
fn anchor(frames: &[FrameRef]) -> String {
    let first = frames.iter().map(|f| (&f.header.sop_uid, f.frame)).min();
    first.map_or_else(String::new, |(uid, frame)| format!("{uid} {frame}"))
}

/// Parts that differ only in the details of the image type (its fourth and later values) are one stack, as long as
/// no place is taken twice: scanners mark single slices of a head CT so.
fn join_types(parts: BTreeMap<Part, Vec<FrameRef>>) -> BTreeMap<Part, Vec<FrameRef>> {
    let mut groups: BTreeMap<Part, Vec<(Part, Vec<FrameRef>)>> = BTreeMap::new();
    for (part, frames) in parts {
        groups
            .entry(part.without_type_details())
            .or_default()
            .push((part, frames));
    }
    let mut joined = BTreeMap::new();
    for (main, group) in groups {
        let planes = group
            .iter()
            .flat_map(|(_, frames)| frames.iter().map(FrameRef::plane))
            .collect::<Option<Vec<_>>>();
        let apart = planes.is_some_and(|planes| arrange(&planes).duplicates == 0);
        if group.len() > 1 && apart {
            joined.insert(main, group.into_iter().flat_map(|(_, frames)| frames).collect());
        } else {
            joined.extend(group);
        }
    }
    joined
}

type OrderKey = (i64, i64, i64, i64, u32, String);

/// With a position: by time, acquisition and trigger, so that ranks at one place are passes. Without: by position in the stack,
/// instance number and frame.
fn order_key(f: &FrameRef) -> OrderKey {
    let context = &f.header.frames[f.frame as usize - 1];
    let at = |dimension| match coordinate(f, dimension) {
        Some(Coordinate::Number(value)) => *value,
        _ => 0,
    };
    let (time, acquisition, trigger) = if context.attributes.plane.is_some() {
        (
            at(Dimension::TemporalPosition),
            at(Dimension::Acquisition),
            at(Dimension::TriggerTime),
        )
    } else {
        (0, 0, context.in_stack_position.unwrap_or(0))
    };
    let number = f.header.instance_number.unwrap_or(i64::MAX);
    (
        time,
        acquisition,
        trigger,
        number,
        f.frame,
        f.header.sop_uid.clone(),
    )
}

fn build(
    (study, series, id): (&str, &str, String),
    label: &str,
    frames: Vec<FrameRef>,
    all: &Series,
) -> DisplaySet {
    let planes = frames.iter().map(FrameRef::plane).collect::<Option<Vec<_>>>();
    // A plane without Pixel Spacing has directions and a place, and no millimetres in it.
    let measured = frames.iter().all(|f| {
        f.header
            .attributes(f.frame)
            .is_some_and(|a| a.spacing.mm.is_some())
    });
    let (frames, arrangement) = match planes {
        Some(planes) => {
            let mut arrangement = arrange(&planes);
            arrangement.volume &= measured;
            let ordered = arrangement.order.iter().map(|i| frames[*i].clone()).collect();
            (ordered, Some(arrangement))
        }
        None => (frames, None),
    };
    let first = &frames[0].header;
    let name = if first.series_description.is_empty() {
        fallback_name(first)
    } else {
        first.series_description.clone()
    };
    DisplaySet {
        id,
        study_uid: study.to_owned(),
        series_uid: series.to_owned(),
        modality: first.modality.clone(),
        description: join(&name, label),
        warnings: warnings(&frames, arrangement.as_ref(), all),
        frames,
        arrangement,
    }
}

fn fallback_name(header: &ImageHeader) -> String {
    let mut name = if header.modality.is_empty() {
        "Images".to_owned()
    } else {
        header.modality.clone()
    };
    if !header.body_part.is_empty() {
        name.push(' ');
        name.push_str(&header.body_part.to_lowercase());
    }
    name
}

/// FNV-1a over what identifies the set: short, stable, good enough for a handle.
fn handle(study: &str, series: &str, identity: &str) -> String {
    let text = format!("{study}\n{series}\n{identity}");
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("ds-{hash:016x}")
}
