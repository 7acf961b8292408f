//! Presentation states of a series, and what one of them makes of each frame.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::viewing::{LutInfo, VoiChoice};

/// A presentation state that speaks of a display set.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PresentationInfo {
    /// Opaque.
    pub id: String,
    /// Content Label, e.g. `PR1`.
    pub label: String,
    /// Content Description and date, what is known.
    pub description: String,
    /// Why it cannot be applied; empty when it can.
    pub unsupported: String,
}

/// Asks for a state applied to a display set (`presentation`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PresentationRequest {
    /// Display set.
    pub display_set: String,
    /// From `presentations`.
    pub presentation: String,
}

/// A state applied to the frames that it is for.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PresentedSet {
    /// The state.
    pub id: String,
    /// Its label.
    pub label: String,
    /// What of it is not shown, in words.
    pub warnings: Vec<String>,
    /// In display order; frames that it is not for are left out and shown as stored.
    pub frames: Vec<PresentedFrame>,
}

/// A frame as a state shows it. Points are image coordinates: (0,0) is the outer corner of the first pixel.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PresentedFrame {
    /// Position in the display set, from 0.
    pub index: u32,
    /// Rescale for display; measurements keep the frame's own.
    pub slope: f64,
    /// See `slope`.
    pub intercept: f64,
    /// Modality LUT for display.
    pub modality_lut: Option<LutInfo>,
    /// VOI with the presentation LUT; `None` for colour.
    pub voi: Option<VoiChoice>,
    /// Slope and intercept instead of the modality transform as long as `voi` is shown by: its table takes other values.
    pub inputs: Option<[f64; 2]>,
    /// Inverted after the VOI.
    pub inverted: bool,
    /// Displayed area: left, top, right, bottom.
    pub area: [f64; 4],
    /// Screen px for an image column; `None` as large as it fits.
    pub zoom: Option<f64>,
    /// Pixel height over width.
    pub aspect: f64,
    /// Degrees clockwise, before `flipped`.
    pub rotation: u16,
    /// Mirrored left to right after rotation.
    pub flipped: bool,
    /// Over the picture, the topmost last.
    pub curves: Vec<CurveInfo>,
    /// Over the picture, the topmost last.
    pub words: Vec<WordsInfo>,
    /// True when `veil/…` has a shutter or overlays of the state.
    pub veiled: bool,
}

/// A curve over the picture; one point is a point.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CurveInfo {
    /// Joined by straight lines.
    pub points: Vec<[f64; 2]>,
    /// The inside is filled.
    pub filled: bool,
    /// `#ffdd57`.
    pub colour: String,
}

/// Words over the picture.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WordsInfo {
    /// Lines are parted by line feeds.
    pub text: String,
    /// Upper left and lower right corner as seen on the screen.
    pub bounds: Option<[[f64; 2]; 2]>,
    /// `start`, `middle` or `end` of the box.
    pub justification: String,
    /// What the words speak of.
    pub anchor: Option<[f64; 2]>,
    /// A line leads from the words to the anchor.
    pub anchor_shown: bool,
    /// `#ffdd57`.
    pub colour: String,
}
