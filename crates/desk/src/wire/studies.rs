//! A scan as it streams, and what it found.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::app::Handle;
use crate::wire::error::WireError;
use crate::wire::objects::ObjectOpens;

/// Start of the job `open`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OpenFolder {
    /// From `pick`, a recent folder, a drop or the command line.
    pub folder: Handle,
}

/// Events of the job `open`. Studies are sent whole whenever one of their display sets changed, at most ten times a
/// second; the last state of each is sent before `done`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(export)]
pub enum ScanEvent {
    /// Counting and reading go on.
    Progress {
        /// Files looked at.
        seen: u32,
        /// Files that are images.
        images: u32,
        /// Files skipped, with a reason each.
        skipped: u32,
        /// Files found so far; grows while folders are walked.
        found: u32,
    },
    /// A study as it stands now; replaces an earlier one with the same `id`.
    Study(Study),
    /// A batch of skipped files.
    Skipped {
        /// In no order.
        files: Vec<SkippedFile>,
    },
    /// Finished.
    Done {
        /// Files looked at.
        files: u32,
        /// Seconds it took.
        seconds: f64,
        /// True when the user stopped it; what was found stays.
        cancelled: bool,
    },
    /// Could not start or broke off: not a folder, no DICOM in it, vanished.
    Failed(WireError),
}

/// A file that is not shown, and why.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SkippedFile {
    /// Path below the opened folder.
    pub name: String,
    /// `object`, `unreadable` or `not_dicom`.
    pub status: String,
    /// In words.
    pub reason: String,
}

/// A study with its display sets in the order to list them.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Study {
    /// Opaque.
    pub id: String,
    /// Study Instance UID.
    pub uid: String,
    /// Study Description, or a made-up line such as `CT study`.
    pub description: String,
    /// `2024-03-12`, or empty.
    pub date: String,
    /// Patient's Name for people (`Family, Given`), from the file; empty when hidden or absent.
    pub patient_name: String,
    /// Patient ID; empty when hidden.
    pub patient_id: String,
    /// `F 62 y`, what is known.
    pub patient_details: String,
    /// Display sets.
    pub display_sets: Vec<DisplaySetTile>,
    /// Objects that are not images: one line each.
    pub objects: Vec<ObjectLine>,
}

/// A document or other object of a study.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ObjectLine {
    /// Opaque.
    pub id: String,
    /// What can be done with it.
    pub opens: ObjectOpens,
    /// A layer: a series of its study lies below it.
    pub fits: bool,
    /// What its maker called it; may be empty.
    pub label: String,
    /// Modality, e.g. `SR`.
    pub modality: String,
    /// One line of what it holds.
    pub summary: String,
}

/// A display set as the list shows it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DisplaySetTile {
    /// Opaque; stable over runs (made from UIDs).
    pub id: String,
    /// `CT`, `MR` …
    pub modality: String,
    /// Series description, or the best line that the header allows.
    pub description: String,
    /// Series Number, or empty.
    pub number: String,
    /// Images in it.
    pub frames: u32,
    /// True when it is a volume.
    pub volume: bool,
    /// Gaps, tilt, uneven spacing … in words; empty when all is well.
    pub warnings: Vec<String>,
    /// Worst thing to know at a glance, e.g. `gap after 14`; empty when all is well.
    pub alert: String,
    /// True when truth is attached to it (never sent in blind mode before the reveal).
    pub has_truth: bool,
    /// Readings kept for it (zero in blind mode before the reveal).
    pub readings: u32,
}
