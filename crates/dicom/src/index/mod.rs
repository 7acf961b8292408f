//! Headers to display sets: the images that scroll together, in geometric order.
//!
//! A series is split by matrix size, pixel spacing, orientation, localizer, image type, echo time, b-value and stack; passes
//! over the same places become one display set each, named by what sets them apart (time, cardiac phase, diffusion
//! direction, segment, kernel, …). Order is by position along the normal
//! (row x column), never by instance number; without positions, by instance number and frame. The order in which
//! headers arrive changes nothing.

mod build;
mod part;
mod pass;
mod warnings;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use overread_imaging::geometry::Plane;
use overread_imaging::stack::Arrangement;

use crate::header::{CommonHeader, ImageHeader};

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

    /// Rows and columns, px: of a slice where the file is a mosaic.
    pub fn size(&self) -> [u32; 2] {
        self.header
            .attributes(self.frame)
            .map_or([self.header.layout.rows, self.header.layout.columns], |a| {
                [a.rows, a.columns]
            })
    }

    /// Slice Thickness, mm, of the frame or its file.
    pub fn thickness(&self) -> Option<f64> {
        self.header.thickness.filter(|mm| *mm > 0.0)
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
    series: BTreeMap<(String, String), Series>,
}

/// The instances of one series.
#[derive(Clone, Debug, Default)]
struct Series {
    /// By SOP Instance UID and path: the order of arrival must not show.
    headers: BTreeSet<Instance>,
    /// Further copies of an instance.
    copies: usize,
    /// Images that carry the identifier of another image.
    disputed: usize,
    /// Whose images they are: one, where all is well.
    patients: BTreeSet<String>,
    /// What the images last added have in common, for the next to share.
    common: Vec<Arc<CommonHeader>>,
}

/// Different common headers of one series that are looked through: few series have more.
const MOST_COMMON: usize = 8;

impl Series {
    /// True when its identifier is shared by images of several patients.
    fn several_patients(&self) -> bool {
        self.patients.len() > 1
    }

    /// One copy of what many images say.
    fn share(&mut self, header: &mut ImageHeader) {
        match self.common.iter().find(|common| **common == header.common) {
            Some(common) => header.common = Arc::clone(common),
            None => {
                self.common.truncate(MOST_COMMON - 1);
                self.common.insert(0, Arc::clone(&header.common));
            }
        }
    }
}

/// A header in its place among the others.
#[derive(Clone, Debug)]
struct Instance(Arc<ImageHeader>);

impl Instance {
    /// By SOP Instance UID, then path.
    fn place(&self) -> (&str, &Path) {
        (&self.0.sop_uid, &self.0.path)
    }
}

impl PartialEq for Instance {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Instance {}

impl PartialOrd for Instance {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Instance {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl Index {
    /// Adds a header; false when it is a further copy of an instance that is there already. Of copies the one with
    /// the first path is kept. An image that only shares its identifier with another is no copy.
    pub fn add(&mut self, mut header: ImageHeader) -> bool {
        let key = (header.study_uid.clone(), header.series_uid.clone());
        let series = self.series.entry(key).or_default();
        series.share(&mut header);
        if !series.patients.contains(patient(&header)) {
            series.patients.insert(patient(&header).to_owned());
        }
        header.frames.shrink_to_fit();
        header.warnings.shrink_to_fit();
        header.path.shrink_to_fit();
        let header = Instance(Arc::new(header));
        if header.0.sop_uid.is_empty() {
            return series.headers.insert(header);
        }
        let namesake = |other: &&Instance| other.0.sop_uid == header.0.sop_uid;
        let mut named = false;
        let copy = (series.headers.range(..&header).rev().take_while(namesake))
            .chain(series.headers.range(&header..).take_while(namesake))
            .find(|other| {
                named = true;
                same_picture(&other.0, &header.0)
            })
            .cloned();
        let Some(there) = copy else {
            series.disputed += usize::from(named);
            series.headers.insert(header);
            return true;
        };
        if there != header {
            series.copies += 1;
            let (whole, kept) = (wholeness(&header.0), wholeness(&there.0));
            if whole > kept || whole == kept && header < there {
                series.headers.remove(&there);
                series.headers.insert(header);
            }
        }
        false
    }

    /// True when nothing was added.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Display sets of one study, or of all with `None`; by study, series number, series and split.
    pub fn display_sets(&self, study: Option<&str>) -> Vec<DisplaySet> {
        let mut all = Vec::new();
        for ((study_uid, series_uid), series) in &self.series {
            if study.is_none_or(|wanted| wanted == study_uid) {
                all.extend(build::display_sets(study_uid, series_uid, series));
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

/// How much of an instance is there: a copy that was cut short never hides a sound one.
fn wholeness(h: &ImageHeader) -> (u32, u32, bool) {
    (h.layout.frames, h.layout.rows_there, h.warnings.is_empty())
}

/// Who the images of a header are of: by Patient ID, else by name.
fn patient(h: &ImageHeader) -> &str {
    if h.patient.id.is_empty() {
        &h.patient.name
    } else {
        &h.patient.id
    }
}

/// True when two images of one identifier say the same of place and size.
fn same_picture(a: &ImageHeader, b: &ImageHeader) -> bool {
    let said = |h: &ImageHeader| {
        (
            patient(h).to_owned(),
            h.instance_number,
            h.acquisition_number,
            h.frames.first().map(|f| f.coordinates.clone()),
            h.image_type.clone(),
            (h.layout.rows, h.layout.columns),
            h.attributes(1).and_then(|a| a.plane),
        )
    };
    said(a) == said(b)
}

fn join(a: &str, b: &str) -> String {
    match (a, b) {
        (a, "") => a.to_owned(),
        ("", b) => b.to_owned(),
        (a, b) => format!("{a}, {b}"),
    }
}
