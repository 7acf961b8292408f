//! Headers to display sets: the images that scroll together, in geometric order.
//!
//! A series is split by matrix size, orientation, localizer, image type, echo time, b-value and stack; repeated passes
//! over the same places become one display set each. Order is by position along the normal (row x column), never by
//! instance number; without positions, by instance number and frame.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use overread_imaging::geometry::Plane;
use overread_imaging::stack::{Arrangement, arrange};

use crate::header::ImageHeader;

/// One frame of one file.
#[derive(Clone, Debug)]
pub struct FrameRef {
    /// The file.
    pub header: Arc<ImageHeader>,
    /// Frame number, from 1.
    pub frame: u32,
}

impl FrameRef {
    /// The image plane, when known.
    pub fn plane(&self) -> Option<Plane> {
        self.header.attributes(self.frame).and_then(|a| a.plane)
    }
}

/// Images that scroll together.
#[derive(Clone, Debug)]
pub struct DisplaySet {
    /// Stable over runs: made from UIDs and what split the series.
    pub id: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// Series Instance UID.
    pub series_uid: String,
    /// Modality.
    pub modality: String,
    /// Series description with what sets this part apart.
    pub description: String,
    /// Frames in order.
    pub frames: Vec<FrameRef>,
    /// What the positions say; `None` without positions.
    pub arrangement: Option<Arrangement>,
    /// Gaps, uneven spacing, tilt, duplicates, in words.
    pub warnings: Vec<String>,
}

impl DisplaySet {
    /// True when the frames form a regular grid in the patient and are grey.
    pub fn is_volume(&self) -> bool {
        self.arrangement.as_ref().is_some_and(|a| a.volume)
            && self
                .frames
                .iter()
                .all(|f| f.header.layout.samples == 1 && f.header.layout.photometric != "PALETTE COLOR")
    }

    /// Header of the first frame.
    pub fn first(&self) -> &FrameRef {
        &self.frames[0]
    }

    /// Index (from 0) of the frame shown first.
    pub fn middle(&self) -> usize {
        self.frames.len() / 2
    }
}

/// Headers as they stream in, and the display sets they form.
#[derive(Clone, Debug, Default)]
pub struct Index {
    series: BTreeMap<(String, String), Vec<Arc<ImageHeader>>>,
    seen: HashSet<String>,
    duplicates: BTreeMap<(String, String), usize>,
}

impl Index {
    /// Adds a header; false when the same instance is there already.
    pub fn add(&mut self, header: ImageHeader) -> bool {
        let key = (header.study_uid.clone(), header.series_uid.clone());
        if !header.sop_uid.is_empty() && !self.seen.insert(format!("{}\n{}", key.1, header.sop_uid)) {
            *self.duplicates.entry(key).or_default() += 1;
            return false;
        }
        self.series.entry(key).or_default().push(Arc::new(header));
        true
    }

    /// True when nothing was added.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Display sets of one study, or of all with `None`; by study, series number, series and split.
    pub fn display_sets(&self, study: Option<&str>) -> Vec<DisplaySet> {
        let mut all = Vec::new();
        for ((study_uid, series_uid), headers) in &self.series {
            if study.is_none_or(|wanted| wanted == study_uid) {
                let copies = self
                    .duplicates
                    .get(&(study_uid.clone(), series_uid.clone()))
                    .copied()
                    .unwrap_or(0);
                all.extend(split(study_uid, series_uid, headers, copies));
            }
        }
        all.sort_by(|a, b| {
            let key = |s: &DisplaySet| {
                (
                    s.study_uid.clone(),
                    s.first().header.series_number.unwrap_or(i64::MAX),
                )
            };
            key(a).cmp(&key(b))
        });
        all
    }
}

/// What sets the parts of a series apart, in the order of comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    localizer: bool,
    rows: u32,
    columns: u32,
    /// Row and column direction in thousandths; empty without a plane.
    orientation: Vec<i64>,
    image_type: String,
    /// Microseconds.
    echo_time: Option<i64>,
    b_value: Option<i64>,
    stack: Option<String>,
    /// Frames of a multi-frame file without geometry scroll on their own (cine).
    cine: String,
}

fn split(study: &str, series: &str, headers: &[Arc<ImageHeader>], copies: usize) -> Vec<DisplaySet> {
    let mut parts: BTreeMap<Part, Vec<FrameRef>> = BTreeMap::new();
    let mut orientations = Vec::new();
    for header in headers {
        for frame in 1..=header.layout.frames {
            parts
                .entry(part(header, frame, &mut orientations))
                .or_default()
                .push(FrameRef {
                    header: Arc::clone(header),
                    frame,
                });
        }
    }
    let names = Names::of(parts.keys());
    let mut sets = Vec::new();
    for (part, mut frames) in parts {
        // Ties of position keep this order.
        frames.sort_by(|a, b| order_key(a).cmp(&order_key(b)));
        let label = names.label(&part);
        for (pass, passes, frames) in passes(frames) {
            let label = if passes > 1 {
                join(&label, &format!("pass {pass} of {passes}"))
            } else {
                label.clone()
            };
            sets.push(build(study, series, &part, &label, frames, copies));
        }
    }
    sets
}

fn thousandths(value: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "direction cosines and header numbers; saturates"
    )]
    {
        (value * 1000.0).round() as i64
    }
}

/// The orientation in thousandths, as it was first met within 0.0015: rounding alone would tear a series whose
/// directions jitter around a half.
fn orientation(plane: Option<Plane>, met: &mut Vec<Vec<f64>>) -> Vec<i64> {
    let Some(plane) = plane else { return Vec::new() };
    let own: Vec<f64> = plane
        .row_direction
        .to_array()
        .into_iter()
        .chain(plane.column_direction.to_array())
        .collect();
    let near = |other: &&Vec<f64>| other.iter().zip(&own).all(|(a, b)| (a - b).abs() <= 0.0015);
    let first = met.iter().find(near).cloned();
    first
        .unwrap_or_else(|| {
            met.push(own.clone());
            own
        })
        .into_iter()
        .map(thousandths)
        .collect()
}

fn part(header: &ImageHeader, frame: u32, orientations: &mut Vec<Vec<f64>>) -> Part {
    let context = &header.frames[frame as usize - 1];
    let plane = context.attributes.plane;
    Part {
        localizer: header.is_localizer(),
        rows: header.layout.rows,
        columns: header.layout.columns,
        orientation: orientation(plane, orientations),
        image_type: header.image_type.clone(),
        echo_time: context.echo_time.map(thousandths),
        b_value: context.b_value.map(thousandths),
        stack: context.stack_id.clone().filter(|_| plane.is_some()),
        cine: if plane.is_none() && header.layout.frames > 1 {
            header.sop_uid.clone()
        } else {
            String::new()
        },
    }
}

type OrderKey = (i64, i64, i64, u32, String);

fn order_key(f: &FrameRef) -> OrderKey {
    let context = &f.header.frames[f.frame as usize - 1];
    (
        context
            .temporal_position
            .or(f.header.temporal_position)
            .unwrap_or(0),
        f.header.acquisition_number.unwrap_or(0),
        f.header.instance_number.unwrap_or(i64::MAX),
        f.frame,
        f.header.sop_uid.clone(),
    )
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
        if position - last >= 0.001 {
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
    study: &str,
    series: &str,
    part: &Part,
    label: &str,
    frames: Vec<FrameRef>,
    copies: usize,
) -> DisplaySet {
    let planes = frames.iter().map(FrameRef::plane).collect::<Option<Vec<_>>>();
    let (frames, arrangement) = match planes {
        Some(planes) => {
            let arrangement = arrange(&planes);
            (
                arrangement
                    .order
                    .iter()
                    .map(|i| frames[*i].clone())
                    .collect::<Vec<_>>(),
                Some(arrangement),
            )
        }
        None => (frames, None),
    };
    let first = &frames[0].header;
    let mut warnings = arrangement.as_ref().map_or_else(Vec::new, geometry_warnings);
    if copies > 0 {
        warnings.push(format!(
            "{copies} further copies of the same instances were left out"
        ));
    }
    let mut more: Vec<String> = first.warnings.clone();
    more.extend(
        first
            .attributes(frames[0].frame)
            .map_or_else(Vec::new, |a| a.warnings.clone()),
    );
    warnings.extend(more);
    let name = if first.series_description.is_empty() {
        fallback_name(first)
    } else {
        first.series_description.clone()
    };
    DisplaySet {
        id: identity(study, series, part, label),
        study_uid: study.to_owned(),
        series_uid: series.to_owned(),
        modality: first.modality.clone(),
        description: join(&name, label),
        frames,
        arrangement,
        warnings,
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
fn identity(study: &str, series: &str, part: &Part, label: &str) -> String {
    let text = format!("{study}\n{series}\n{part:?}\n{label}");
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("ds-{hash:016x}")
}

/// Which properties tell the parts of a series apart, so that only those are named.
struct Names {
    localizer: bool,
    size: bool,
    orientation: bool,
    image_type: bool,
    echo: bool,
    b_value: bool,
    stack: bool,
}

impl Names {
    fn of<'a>(parts: impl Iterator<Item = &'a Part>) -> Self {
        let parts: Vec<&Part> = parts.collect();
        fn differ<T: PartialEq>(parts: &[&Part], of: impl Fn(&Part) -> T) -> bool {
            parts.windows(2).any(|w| of(w[0]) != of(w[1]))
        }
        Self {
            localizer: differ(&parts, |p| p.localizer),
            size: differ(&parts, |p| (p.rows, p.columns)),
            orientation: differ(&parts, |p| p.orientation.clone()),
            image_type: differ(&parts, |p| p.image_type.clone()),
            echo: differ(&parts, |p| p.echo_time),
            b_value: differ(&parts, |p| p.b_value),
            stack: differ(&parts, |p| p.stack.clone()),
        }
    }

    fn label(&self, part: &Part) -> String {
        let mut words = Vec::new();
        if self.localizer && part.localizer {
            words.push("localizer".to_owned());
        }
        if self.orientation {
            words.push(orientation_name(&part.orientation).to_owned());
        }
        if self.size {
            words.push(format!("{} x {}", part.columns, part.rows));
        }
        if self.image_type
            && let Some(last) = part.image_type.split('/').nth(2)
        {
            words.push(last.to_lowercase());
        }
        if self.echo
            && let Some(te) = part.echo_time
        {
            words.push(format!("TE {} ms", te as f64 / 1000.0));
        }
        if self.b_value
            && let Some(b) = part.b_value
        {
            words.push(format!("b {}", b as f64 / 1000.0));
        }
        if self.stack
            && let Some(stack) = &part.stack
        {
            words.push(format!("stack {stack}"));
        }
        words.retain(|word| !word.is_empty());
        words.join(", ")
    }
}

fn orientation_name(thousandths: &[i64]) -> &'static str {
    let &[rx, ry, rz, cx, cy, cz] = thousandths else {
        return "no position";
    };
    let normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx].map(i64::abs);
    let most = normal.iter().max().copied().unwrap_or(0);
    let name = ["sagittal", "coronal", "axial"];
    if (most as f64) < 0.8 * 1e6 {
        return "oblique";
    }
    name[normal.iter().position(|n| *n == most).unwrap_or(2)]
}
