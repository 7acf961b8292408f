//! The preprocessing ids: names of the recipes from a frame to what the model gets.

use std::fmt;
use std::str::FromStr;

use overread_imaging::attributes::Photometric;
use overread_imaging::frame::Frame;
use overread_imaging::modality::Unit;
use serde::{Deserialize, Serialize};

use crate::hash::sha256_hex;
use crate::recipe;

/// A recipe from a frame to an RGB picture. A changed rule gets a new id; an id never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Preprocess {
    /// The slice as presented with a window.
    #[serde(rename = "display/1")]
    Display,
    /// The published MedGemma 1.5 notebook's three CT windows, lossless.
    #[serde(rename = "ct-windows/1")]
    CtWindows,
    /// The same through JPEG quality 75, 4:2:0, as the notebook sends it.
    #[serde(rename = "ct-windows-jpeg/1")]
    CtWindowsJpeg,
    /// The published server code's CT windows, with its slip of a sign.
    #[serde(rename = "ct-windows-server/1")]
    CtWindowsServer,
    /// The CT windows of the first technical report.
    #[serde(rename = "ct-windows-report/1")]
    CtWindowsReport,
    /// Lung, soft tissue and bone windows of a published research report.
    #[serde(rename = "ct-windows-lung-bone/1")]
    CtWindowsLungBone,
    /// The published server code's MR rule: smallest to largest stored value of the acquisition.
    #[serde(rename = "mr-minmax/1")]
    MrMinMax,
    /// Own MR rule: 0.5 to 99.5 percentile of the volume.
    #[serde(rename = "mr-percentile/1")]
    MrPercentile,
    /// The published server code's radiograph rule.
    #[serde(rename = "cxr-server/1")]
    CxrServer,
    /// Plain pictures and colour DICOM as they are.
    #[serde(rename = "photo/1")]
    Photo,
}

/// An id that names no recipe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is no preprocessing id; choose one of display/1, ct-windows/1, ct-windows-jpeg/1, ct-windows-server/1, ct-windows-report/1, ct-windows-lung-bone/1, mr-minmax/1, mr-percentile/1, cxr-server/1, photo/1"
)]
pub struct UnknownPreprocess(pub String);

impl Preprocess {
    /// All recipes, in the order of a menu.
    pub const ALL: [Self; 10] = [
        Self::Display,
        Self::CtWindows,
        Self::CtWindowsJpeg,
        Self::CtWindowsServer,
        Self::CtWindowsReport,
        Self::CtWindowsLungBone,
        Self::MrMinMax,
        Self::MrPercentile,
        Self::CxrServer,
        Self::Photo,
    ];

    /// The id, e.g. `ct-windows/1`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Display => "display/1",
            Self::CtWindows => "ct-windows/1",
            Self::CtWindowsJpeg => "ct-windows-jpeg/1",
            Self::CtWindowsServer => "ct-windows-server/1",
            Self::CtWindowsReport => "ct-windows-report/1",
            Self::CtWindowsLungBone => "ct-windows-lung-bone/1",
            Self::MrMinMax => "mr-minmax/1",
            Self::MrPercentile => "mr-percentile/1",
            Self::CxrServer => "cxr-server/1",
            Self::Photo => "photo/1",
        }
    }

    /// One line for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Display => "The slice as shown with the chosen window, grey in all three channels",
            Self::CtWindows => {
                "Official CT windows of MedGemma 1.5: -1024 to 1024, -135 to 215, 0 to 80 HU in red, green, blue; lossless"
            }
            Self::CtWindowsJpeg => {
                "Official CT windows through JPEG quality 75, 4:2:0, as the published notebook sends them"
            }
            Self::CtWindowsServer => {
                "CT windows of Google's server code: green is 135 to 215 HU there (a lost minus sign), kept to compare"
            }
            Self::CtWindowsReport => "CT windows of the first MedGemma report: W/L 2250/-100, 350/40, 80/40",
            Self::CtWindowsLungBone => "Lung, soft tissue and bone: W/L 1500/-600, 350/50, 1800/400",
            Self::MrMinMax => {
                "Google's server rule for MR: smallest to largest stored value of the whole acquisition"
            }
            Self::MrPercentile => "Overread's rule for MR: 0.5 to 99.5 percentile of the whole volume",
            Self::CxrServer => {
                "Google's server rule for radiographs: first window of the file, else the full range"
            }
            Self::Photo => "Plain pictures and colour images as they are",
        }
    }

    /// The rule in full, as text made from the very constants that the code uses.
    pub fn recipe(self) -> String {
        recipe::text(self)
    }

    /// SHA-256 of id and [`Preprocess::recipe`], hex: kept with every reading.
    pub fn recipe_hash(self) -> String {
        sha256_hex(format!("{}\n{}", self.id(), self.recipe()).as_bytes())
    }

    /// True when the recipe needs a [`crate::Survey`] of the whole acquisition before its first picture.
    pub fn needs_survey(self) -> bool {
        matches!(self, Self::MrMinMax | Self::MrPercentile)
    }

    /// True when the recipe takes a window chosen by the user.
    pub fn takes_window(self) -> bool {
        self == Self::Display
    }

    /// The recipe to propose for a frame of a series whose Modality (0008,0060) is given.
    pub fn default_for(modality: &str, frame: &Frame) -> Self {
        let a = &frame.attributes;
        if !a.photometric.is_monochrome() {
            return Self::Photo;
        }
        match modality.trim() {
            "CT" if a.unit == Unit::Hounsfield => Self::CtWindows,
            "MR" => Self::MrPercentile,
            "XC" | "GM" | "SM" | "ES" | "OP"
                if a.bits_stored == 8 && a.photometric == Photometric::Monochrome2 =>
            {
                Self::Photo
            }
            _ => Self::Display,
        }
    }
}

impl fmt::Display for Preprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Preprocess {
    type Err = UnknownPreprocess;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|p| p.id() == text.trim())
            .ok_or_else(|| UnknownPreprocess(text.trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_and_are_what_is_serialised() {
        for p in Preprocess::ALL {
            assert_eq!(p.id().parse::<Preprocess>(), Ok(p));
            assert_eq!(serde_json::to_value(p).unwrap(), p.id());
        }
        let message = "ct/9".parse::<Preprocess>().unwrap_err().to_string();
        for p in Preprocess::ALL {
            assert!(message.contains(p.id()), "{message}");
        }
    }

    #[test]
    fn hashes_differ_and_follow_the_recipe() {
        let hashes: std::collections::BTreeSet<String> =
            Preprocess::ALL.iter().map(|p| p.recipe_hash()).collect();
        assert_eq!(hashes.len(), Preprocess::ALL.len());
        assert!(
            Preprocess::CtWindows.recipe().contains("-135..215"),
            "{}",
            Preprocess::CtWindows.recipe()
        );
    }
}
