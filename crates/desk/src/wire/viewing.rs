//! A display set on the screen: frames, windows, geometry; probe and measurements.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::presentation::PresentationInfo;
use crate::wire::resource::SampleKind;

/// Names a display set (`display_set`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DisplaySetRef {
    /// From the tile.
    pub display_set: String,
}

/// Everything about a display set except pixels.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DisplaySet {
    /// Opaque.
    pub id: String,
    /// Modality.
    pub modality: String,
    /// For the corner of the picture.
    pub description: String,
    /// Study description and date for the corner.
    pub study_line: String,
    /// Patient line for the corner; empty when hidden.
    pub patient_line: String,
    /// Frames in display order.
    pub frames: Vec<FrameInfo>,
    /// Frame shown first (the middle one), from 0.
    pub initial_frame: u32,
    /// True when it is a volume.
    pub volume: bool,
    /// Distance between slices, mm, when even.
    pub slice_spacing: Option<f64>,
    /// Gantry tilt in degrees; 0 when none.
    pub tilt: f64,
    /// In words.
    pub warnings: Vec<String>,
    /// Preprocessing ids that fit, the default first.
    pub preprocess: Vec<PreprocessChoice>,
    /// Window computed from the middle frame (0.1 % trimmed, without padding); `None` for colour.
    pub auto_window: Option<WindowInfo>,
    /// Frame rate for cine, frames a second; `None` when it is not a cine.
    pub frame_rate: Option<f64>,
    /// ms from each frame to the next, where the file gives each its own; empty otherwise.
    pub frame_times: Vec<f64>,
    /// Presentation states of the folder that speak of it.
    pub presentations: Vec<PresentationInfo>,
}

/// A preprocessing recipe.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PreprocessChoice {
    /// e.g. `ct-windows/1`.
    pub id: String,
    /// One line.
    pub description: String,
}

/// One frame as the page draws it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FrameInfo {
    /// Position in the display set, from 0.
    pub index: u32,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Frame number, from 1.
    pub frame_number: u32,
    /// Instance Number, or empty.
    pub instance_number: String,
    /// px.
    pub rows: u32,
    /// px.
    pub columns: u32,
    /// What `frame/…` sends.
    pub kind: SampleKind,
    /// Rescale; slope 1 and intercept 0 when there is none or a LUT.
    pub slope: f64,
    /// See `slope`.
    pub intercept: f64,
    /// Modality LUT when there is one.
    pub modality_lut: Option<LutInfo>,
    /// Unit of modality values, e.g. `HU`; empty when unknown.
    pub unit: String,
    /// What the file offers, in order.
    pub windows: Vec<VoiChoice>,
    /// Index into `windows` of the file's default.
    pub default_window: Option<u32>,
    /// Padding in stored values, ends included.
    pub padding: Option<[f64; 2]>,
    /// Inverted after VOI (MONOCHROME1 or INVERSE).
    pub inverted: bool,
    /// True for colour: no window applies.
    pub colour: bool,
    /// [row, column] mm; `None` = px only.
    pub spacing: Option<[f64; 2]>,
    /// `patient`, `detector`, `estimated`, `calibrated`, `scanned`, `region`, `unknown`, `none`.
    pub spacing_kind: String,
    /// Pixel height over width.
    pub aspect: f64,
    /// Image Position (Patient), mm.
    pub position: Option<[f64; 3]>,
    /// Image Orientation (Patient).
    pub orientation: Option<[f64; 6]>,
    /// Letters at [left, right, top, bottom] of the unrotated picture; empty strings when unknown.
    pub letters: [String; 4],
    /// Along the normal, mm.
    pub slice_position: Option<f64>,
    /// Slice Thickness, mm.
    pub thickness: Option<f64>,
    /// `lossy 10:1 JPEG`, or empty.
    pub lossy: String,
    /// `SUVbw: weight 80 kg …`, or why there is none; empty for all but PET.
    pub suv: String,
    /// Overlay planes of the file by label, or group where they have none; drawn when they are switched on.
    pub overlays: Vec<String>,
    /// True when the image has a display shutter of its own.
    pub shutter: bool,
    /// True when values of a supplemental palette are shown in colour.
    pub coloured: bool,
    /// Why this frame cannot be shown; empty when it can.
    pub problem: String,
}

/// A lookup table by address `lut/{display_set}/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LutInfo {
    /// Last part of its address.
    pub id: String,
    /// First input mapped.
    pub first_mapped: i32,
    /// Bits of an entry.
    pub bits: u8,
    /// Number of entries.
    pub length: u32,
}

/// VOI LUT Function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[ts(export)]
pub enum VoiFunctionName {
    /// PS3.3 C.11.2.1.2.1.
    Linear,
    /// PS3.3 C.11.2.1.3.2.
    LinearExact,
    /// PS3.3 C.11.2.1.3.1.
    Sigmoid,
}

/// A window in modality values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WindowInfo {
    /// Centre.
    pub center: f64,
    /// Width.
    pub width: f64,
    /// Function.
    pub function: VoiFunctionName,
    /// Explanation, or empty.
    pub explanation: String,
}

/// What a file offers to show its values by.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export)]
pub enum VoiChoice {
    /// A window.
    Window(WindowInfo),
    /// A table.
    Lut {
        /// The table.
        lut: LutInfo,
        /// LUT Explanation, or empty.
        explanation: String,
    },
}

/// A point on a frame (`probe`). Image coordinates: (0,0) is the outer corner of the first pixel, centres lie at .5
/// (PS3.3 C.18.6.1.2).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProbeRequest {
    /// Display set.
    pub display_set: String,
    /// Frame, from 0.
    pub frame: u32,
    /// px from the left.
    pub column: f64,
    /// px from the top.
    pub row: f64,
}

/// What lies under the cursor.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProbeAnswer {
    /// Stored value(s): one, or three for colour; empty outside the picture.
    pub stored: Vec<f64>,
    /// Modality value; `None` for colour, padding or outside.
    pub modality: Option<f64>,
    /// Unit, e.g. `HU`.
    pub unit: String,
    /// Standardised uptake value, e.g. `2.31`; empty when there is none.
    pub suv: String,
    /// `SUVbw`, `SUVlbm` …; empty when there is none.
    pub suv_kind: String,
    /// Voxel: column, row, slice, from 0; `None` outside.
    pub voxel: Option<[u32; 3]>,
    /// Patient position, mm, LPS.
    pub patient: Option<[f64; 3]>,
    /// True when the pixel is padding.
    pub padding: bool,
}
