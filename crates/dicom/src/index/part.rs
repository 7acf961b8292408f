//! What sets the parts of a series apart, and how the parts are named.

use overread_imaging::geometry::Plane;

use crate::header::ImageHeader;

/// Directions within this are the same: one part in a thousand, with room for rounding in the file.
const SAME_DIRECTION: f64 = 0.0015;
/// Pixel spacings within this part of each other are the same.
const SAME_SPACING: f64 = 1e-4;

/// What sets the parts of a series apart, in the order of comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    /// Patient ID, else the name: images of two people never scroll together.
    patient: String,
    /// A mosaic as it is stored, beside the slices cut from it.
    pub(super) whole_mosaic: bool,
    pub(super) localizer: bool,
    pub(super) rows: u32,
    pub(super) columns: u32,
    colour: bool,
    sop_class: String,
    frame_of_reference: Option<String>,
    /// Row and column direction in thousandths; empty without a plane.
    pub(super) orientation: Vec<i64>,
    /// Row and column spacing, thousandths of a millimetre; empty without.
    spacing: Vec<i64>,
    pub(super) image_type: String,
    /// Microseconds.
    echo_time: Option<i64>,
    b_value: Option<i64>,
    stack: Option<String>,
    /// Frames of a multi-frame file without geometry scroll on their own (cine).
    cine: String,
}

/// Values as they were first met: rounding alone would tear a series whose values jitter around a half.
#[derive(Debug, Default)]
pub(super) struct Met {
    orientations: Vec<Vec<f64>>,
    spacings: Vec<Vec<f64>>,
}

fn first_met(own: Vec<f64>, met: &mut Vec<Vec<f64>>, near: impl Fn(f64, f64) -> bool) -> Vec<i64> {
    let known = met
        .iter()
        .find(|other| other.len() == own.len() && other.iter().zip(&own).all(|(a, b)| near(*a, *b)));
    let value = known.cloned().unwrap_or_else(|| {
        met.push(own.clone());
        own
    });
    value.into_iter().map(thousandths).collect()
}

pub(super) fn thousandths(value: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "direction cosines and header numbers; saturates"
    )]
    {
        (value * 1000.0).round() as i64
    }
}

fn directions(plane: Plane) -> Vec<f64> {
    plane
        .row_direction
        .to_array()
        .into_iter()
        .chain(plane.column_direction.to_array())
        .collect()
}

impl Part {
    /// The part that a frame, counted from 1, belongs to.
    pub(super) fn of(header: &ImageHeader, frame: u32, met: &mut Met) -> Self {
        let context = &header.frames[frame as usize - 1];
        let plane = context.attributes.plane;
        let orientation = plane.map_or_else(Vec::new, |plane| {
            first_met(directions(plane), &mut met.orientations, |a, b| {
                (a - b).abs() <= SAME_DIRECTION
            })
        });
        let spacing = context.attributes.spacing.mm.filter(|_| plane.is_some());
        let spacing = spacing.map_or_else(Vec::new, |mm| {
            first_met(mm.to_vec(), &mut met.spacings, |a, b| {
                (a - b).abs() <= SAME_SPACING * a.abs()
            })
        });
        Self {
            patient: super::patient(header).to_owned(),
            whole_mosaic: header.is_whole_mosaic(frame),
            localizer: header.is_localizer(),
            rows: context.attributes.rows,
            columns: context.attributes.columns,
            colour: header.layout.samples > 1,
            sop_class: header.sop_class.clone(),
            frame_of_reference: header.frame_of_reference.clone().filter(|_| plane.is_some()),
            orientation,
            spacing,
            image_type: header.image_type.clone(),
            echo_time: context.echo_time.map(thousandths),
            b_value: context.b_value.map(thousandths),
            stack: context.stack_id.clone().filter(|_| plane.is_some()),
            cine: if plane.is_none() && context.in_stack_position.is_none() && header.frame_count() > 1 {
                header.sop_uid.clone()
            } else {
                String::new()
            },
        }
    }

    /// The same part without what only the later values of the image type tell apart.
    pub(super) fn without_type_details(&self) -> Self {
        let mut part = self.clone();
        let main: Vec<&str> = self.image_type.split('/').take(3).collect();
        part.image_type = main.join("/");
        part
    }

    /// What the part is known by: coarse enough that values which jitter do not change it.
    pub(super) fn identity(&self) -> String {
        let coarse: Vec<i64> = self
            .orientation
            .iter()
            .map(|v| (v + 50).div_euclid(100))
            .collect();
        format!(
            "{} {} {} {}x{} {} {coarse:?} {} {:?} {:?} {:?} {}",
            self.patient,
            self.whole_mosaic,
            self.localizer,
            self.columns,
            self.rows,
            self.colour,
            self.image_type,
            self.echo_time,
            self.b_value,
            self.stack,
            self.cine
        )
    }
}

fn differ<T: PartialEq>(parts: &[&Part], of: impl Fn(&Part) -> T) -> bool {
    parts.windows(2).any(|w| of(w[0]) != of(w[1]))
}

/// Which properties tell the parts of a series apart, so that only those are named.
pub(super) struct Names {
    patient: bool,
    spacing: bool,
    frames_of_reference: Vec<Option<String>>,
    localizer: bool,
    size: bool,
    orientation: bool,
    image_type: bool,
    echo: bool,
    b_value: bool,
    stack: bool,
}

impl Names {
    pub(super) fn of<'a>(parts: impl Iterator<Item = &'a Part>) -> Self {
        let parts: Vec<&Part> = parts.filter(|part| !part.whole_mosaic).collect();
        let mut frames_of_reference: Vec<Option<String>> =
            parts.iter().map(|p| p.frame_of_reference.clone()).collect();
        frames_of_reference.sort();
        frames_of_reference.dedup();
        Self {
            patient: differ(&parts, |p| p.patient.clone()),
            spacing: differ(&parts, |p| p.spacing.clone()),
            frames_of_reference,
            localizer: differ(&parts, |p| p.localizer),
            size: differ(&parts, |p| (p.rows, p.columns)),
            orientation: differ(&parts, |p| p.orientation.clone()),
            image_type: differ(&parts, |p| p.image_type.clone()),
            echo: differ(&parts, |p| p.echo_time),
            b_value: differ(&parts, |p| p.b_value),
            stack: differ(&parts, |p| p.stack.clone()),
        }
    }

    pub(super) fn label(&self, part: &Part) -> String {
        let mut words = Vec::new();
        if part.whole_mosaic {
            return "mosaics as stored".to_owned();
        }
        if self.patient {
            words.push(format!("patient {}", part.patient));
        }
        if self.localizer && part.localizer {
            words.push("localizer".to_owned());
        }
        if self.orientation {
            words.push(orientation_name(&part.orientation).to_owned());
        }
        if self.size {
            words.push(format!("{} x {}", part.columns, part.rows));
        }
        if self.image_type {
            let details: Vec<&str> = part.image_type.split('/').skip(2).collect();
            words.push(details.join(" ").to_lowercase());
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
        if self.spacing
            && let [rows, columns] = part.spacing[..]
        {
            let (rows, columns) = (rows as f64 / 1000.0, columns as f64 / 1000.0);
            words.push(format!("pixels of {rows} x {columns} mm"));
        }
        if self.frames_of_reference.len() > 1
            && let Some(k) = self
                .frames_of_reference
                .iter()
                .position(|f| *f == part.frame_of_reference)
        {
            words.push(format!("frame of reference {}", k + 1));
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
