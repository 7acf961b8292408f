//! A series split into display sets, each in its order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use overread_imaging::stack::{Arrangement, arrange};

use super::part::{Met, Names, Part};
use super::{DisplaySet, FrameRef, Series};
use crate::header::ImageHeader;

/// Positions closer than this, mm, are one place.
const SAME_PLACE: f64 = 0.001;
/// Different warnings of the files of one set that are passed on.
const MOST_WARNINGS: usize = 8;

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
        for frame in 1..=header.layout.frames {
            let part = Part::of(header, frame, &mut met);
            parts.entry(part).or_default().push(FrameRef {
                header: Arc::clone(header),
                frame,
            });
        }
    }
    let parts = join_types(parts);
    let names = Names::of(parts.keys());
    let mut used = BTreeSet::new();
    let mut sets = Vec::new();
    for (part, mut frames) in parts {
        // Ties of position keep this order.
        frames.sort_by_cached_key(order_key);
        let label = names.label(&part);
        for (pass, passes, frames) in passes(frames) {
            let label = if passes > 1 {
                join(&label, &format!("pass {pass} of {passes}"))
            } else {
                label.clone()
            };
            let mut id = identity(study, series, &part, pass, 0);
            let mut again = 0;
            while !used.insert(id.clone()) {
                again += 1;
                id = identity(study, series, &part, pass, again);
            }
            sets.push(build((study, series, id), &label, frames, all));
        }
    }
    sets
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

type OrderKey = (i64, i64, i64, u32, String);

/// With a position: passes in the order of time. Without: by instance number and frame alone.
fn order_key(f: &FrameRef) -> OrderKey {
    let context = &f.header.frames[f.frame as usize - 1];
    let (time, acquisition) = if context.attributes.plane.is_some() {
        let time = context.temporal_position.or(f.header.temporal_position);
        (time.unwrap_or(0), f.header.acquisition_number.unwrap_or(0))
    } else {
        (0, 0)
    };
    let number = f.header.instance_number.unwrap_or(i64::MAX);
    (time, acquisition, number, f.frame, f.header.sop_uid.clone())
}

/// Frames that pass over the same places several times, apart; one pass otherwise.
fn passes(frames: Vec<FrameRef>) -> Vec<(usize, usize, Vec<FrameRef>)> {
    let Some(planes) = frames.iter().map(FrameRef::plane).collect::<Option<Vec<_>>>() else {
        return vec![(1, 1, frames)];
    };
    let arrangement = arrange(&planes);
    if arrangement.duplicates == 0 || arrangement.spacing.is_none() {
        return vec![(1, 1, frames)];
    }
    // Frames by place, each place's in the order of ties.
    let mut places: Vec<Vec<usize>> = Vec::new();
    let mut last = f64::NEG_INFINITY;
    for (index, position) in arrangement.order.iter().zip(&arrangement.positions) {
        if position - last >= SAME_PLACE {
            places.push(Vec::new());
        }
        last = *position;
        if let Some(place) = places.last_mut() {
            place.push(*index);
        }
    }
    let times = places[0].len();
    if times < 2 || places.iter().any(|place| place.len() != times) {
        return vec![(1, 1, frames)];
    }
    (0..times)
        .map(|k| {
            (
                k + 1,
                times,
                places.iter().map(|place| frames[place[k]].clone()).collect(),
            )
        })
        .collect()
}

fn build(
    (study, series, id): (&str, &str, String),
    label: &str,
    frames: Vec<FrameRef>,
    all: &Series,
) -> DisplaySet {
    let planes = frames.iter().map(FrameRef::plane).collect::<Option<Vec<_>>>();
    let (frames, arrangement) = match planes {
        Some(planes) => {
            let arrangement = arrange(&planes);
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

/// What a reader of the set should know, each once: of its geometry, of copies, and of its files.
fn warnings(frames: &[FrameRef], arrangement: Option<&Arrangement>, all: &Series) -> Vec<String> {
    let mut warnings = arrangement.map_or_else(Vec::new, geometry_warnings);
    if all.copies > 0 {
        warnings.push(format!(
            "{} further copies of the same instances were left out",
            all.copies
        ));
    }
    if all.disputed > 0 {
        warnings.push(format!(
            "{} images of the series carry the identifier of another image",
            all.disputed
        ));
    }
    let first = &frames[0].header;
    if first.layout.frames == 1 && first.image_type.split('/').any(|part| part == "MOSAIC") {
        warnings.push("a mosaic: several slices side by side in one picture, shown as stored".to_owned());
    }
    let mut said: BTreeSet<&str> = BTreeSet::new();
    for f in frames {
        let attributes = f.header.attributes(f.frame).map_or(&[][..], |a| &a.warnings);
        for warning in f.header.warnings.iter().chain(attributes) {
            if said.len() < MOST_WARNINGS && said.insert(warning) {
                warnings.push(warning.clone());
            }
        }
    }
    warnings
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

fn join(a: &str, b: &str) -> String {
    match (a, b) {
        (a, "") => a.to_owned(),
        ("", b) => b.to_owned(),
        (a, b) => format!("{a}, {b}"),
    }
}

fn geometry_warnings(a: &Arrangement) -> Vec<String> {
    let mut warnings = Vec::new();
    for gap in a.gaps.iter().take(5) {
        warnings.push(format!(
            "gap after slice {}: {} missing (at {:.1} mm)",
            gap.after + 1,
            gap.missing,
            a.positions[gap.after]
        ));
    }
    if !a.even
        && let Some([low, high]) = a.spacing_range
    {
        warnings.push(format!(
            "uneven spacing, {low:.2} to {high:.2} mm: read as a stack, not as a volume"
        ));
    }
    if a.duplicates > 0 {
        warnings.push(format!("{} slices share their place with another", a.duplicates));
    }
    if a.tilt > 0.0 {
        warnings.push(format!(
            "gantry tilt of {:.1} degrees, carried in the volume's transform",
            a.tilt
        ));
    }
    warnings
}

/// FNV-1a over what identifies the set: short, stable, good enough for a handle.
fn identity(study: &str, series: &str, part: &Part, pass: usize, again: usize) -> String {
    let text = format!("{study}\n{series}\n{}\n{pass}\n{again}", part.identity());
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("ds-{hash:016x}")
}
