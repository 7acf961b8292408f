//! The desk as a whole: state at start, settings, recent folders, what the user picked in a dialog.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// No arguments.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Nothing {}

/// What a page needs before anything is opened (`app_state`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AppState {
    /// Version of Overread.
    pub version: String,
    /// "Research use only. Not for diagnosis." in full.
    pub notice: String,
    /// Folders opened before, newest first.
    pub recent: Vec<RecentFolder>,
    /// User's settings.
    pub settings: Settings,
    /// The bundled study, when it was made on this machine.
    pub demo_folder: Option<Handle>,
    /// What could not be set up (read-only home, locked database …): everything else works.
    pub problems: Vec<crate::wire::error::WireError>,
    /// A folder given on the command line or dropped before the page was ready.
    pub open_at_start: Option<Handle>,
    /// CT window presets with their keys.
    pub presets: Vec<Preset>,
    /// CPU cores, memory in bytes, for estimates shown to the user.
    pub cores: u32,
    /// Free memory in bytes.
    pub memory_available: f64,
}

/// A named CT window.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Preset {
    /// Name shown.
    pub name: String,
    /// HU.
    pub center: f64,
    /// HU.
    pub width: f64,
    /// Key that chooses it, e.g. `1`.
    pub key: String,
}

/// An opaque name of something the user chose, with the text to show for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Handle {
    /// Opaque.
    pub id: String,
    /// Last part of its path, for people.
    pub label: String,
}

/// A folder opened before.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RecentFolder {
    /// Opens it again.
    pub handle: Handle,
    /// RFC 3339.
    pub opened_at: String,
    /// False when it is not there any more.
    pub present: bool,
}

/// Settings that last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Settings {
    /// Own answer first, then model and truth.
    pub blind: bool,
    /// Name under which answers and reviews are filed.
    pub reader: String,
    /// Hide names, identifiers and dates of birth everywhere.
    pub hide_identity: bool,
    /// Drag up brightens (lowers the centre) when true.
    pub drag_up_brightens: bool,
    /// Interpolate the picture (linear) or show pixels (nearest).
    pub interpolate: bool,
    /// The model folder last used.
    pub model: Option<Handle>,
    /// Encode pictures ahead of any question when a series is opened.
    #[serde(default)]
    pub encode_ahead: bool,
}

/// What the native dialog is asked for (`pick`, answered by the shell or, in tests, by the environment).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PickKind {
    /// A folder of DICOM.
    Folder,
    /// A zip, a DICOMDIR or one DICOM file.
    File,
    /// A model folder.
    Model,
    /// A model file (GGUF).
    ModelFile,
    /// An adapter folder.
    Adapter,
    /// A calibration file.
    Calibration,
    /// A truth table, CSV or JSON.
    Truth,
    /// Where an export goes.
    Export,
    /// A case-set file.
    CaseSet,
    /// Recorded answers of readers.
    Answers,
}

/// What the page found when it compared its WebGL2 device with the reference renderer (`report_device`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DeviceReport {
    /// Renderer string of the context, or `none`.
    pub renderer: String,
    /// Largest difference in grey levels over the probe's cases; `None` when it did not run.
    pub max_difference: Option<u32>,
    /// Cases drawn.
    pub cases: u32,
}

/// One case of the device probe: draw this, compare with the reference bytes (`device_probe`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProbeCase {
    /// What is tried.
    pub name: String,
    /// Sample kind code of the data.
    pub kind: crate::wire::resource::SampleKind,
    /// Size of the data and of the picture, px.
    pub columns: u32,
    /// Size of the data and of the picture, px.
    pub rows: u32,
    /// Samples, base64, little endian.
    pub samples: String,
    /// The uniform block, base64, exactly as the shader takes it.
    pub uniforms: String,
    /// LUT entries for the modality LUT texture, empty when none.
    pub modality_lut: Vec<f32>,
    /// LUT entries for the VOI LUT texture, empty when none.
    pub voi_lut: Vec<f32>,
    /// Expected RGBA, base64, top row first.
    pub expected: String,
}
