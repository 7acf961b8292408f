//! What can be planted, and what is known about it afterwards.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The words a case is labelled with unless others are asked for, in the order of [`Finding::ALL`]. `normal` means:
/// nothing planted.
pub const LABELS: [&str; 7] = [
    "normal",
    "nodule",
    "pleural effusion",
    "pneumothorax",
    "consolidation",
    "cardiomegaly",
    "rib fracture",
];

/// One planted finding, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Finding {
    /// Nothing planted.
    #[serde(rename = "normal")]
    Normal,
    /// A solid (with `hard` sometimes part-solid) lung nodule, 6 to 24 mm across.
    #[serde(rename = "nodule")]
    Nodule,
    /// Free fluid in one pleural space of a patient lying on the back.
    #[serde(rename = "pleural effusion")]
    Effusion,
    /// Air in one pleural space, gathered in front.
    #[serde(rename = "pneumothorax")]
    Pneumothorax,
    /// Airspace opacity with air bronchograms.
    #[serde(rename = "consolidation")]
    Consolidation,
    /// A heart of more than half the chest's inner width.
    #[serde(rename = "cardiomegaly")]
    Cardiomegaly,
    /// One displaced rib with a haematoma beneath it.
    #[serde(rename = "rib fracture")]
    RibFracture,
    /// A thin-walled space of air in the lung, 28 to 56 mm across. Not among [`Finding::ALL`]: planted only where it is
    /// asked for, so that there is something that a model of those seven never saw.
    #[serde(rename = "bulla")]
    Bulla,
}

impl Finding {
    /// Every finding, [`Finding::Normal`] first; the order of [`LABELS`].
    pub const ALL: [Self; 7] = [
        Self::Normal,
        Self::Nodule,
        Self::Effusion,
        Self::Pneumothorax,
        Self::Consolidation,
        Self::Cardiomegaly,
        Self::RibFracture,
    ];

    /// The label word: one of [`LABELS`], or `bulla`.
    pub fn label(self) -> &'static str {
        LABELS.get(self as usize).copied().unwrap_or("bulla")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// A word that is none of [`LABELS`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a finding the phantom knows; use one of: {labels}, bulla", labels = LABELS.join(", "))]
pub struct UnknownFinding(pub String);

impl FromStr for Finding {
    type Err = UnknownFinding;

    fn from_str(word: &str) -> Result<Self, UnknownFinding> {
        let wanted = word.trim().to_lowercase();
        Self::ALL
            .into_iter()
            .chain([Self::Bulla])
            .find(|finding| finding.label() == wanted)
            .ok_or_else(|| UnknownFinding(word.to_owned()))
    }
}

/// The patient's side, never the picture's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The patient's right (negative x in patient coordinates).
    Right,
    /// The patient's left (positive x).
    Left,
    /// The finding has no side.
    None,
}

impl Side {
    /// `right`, `left` or `none`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Left => "left",
            Self::None => "none",
        }
    }

    /// -1 for right, +1 for left, 0 for none: the sign of x.
    pub(crate) fn sign(self) -> f32 {
        match self {
            Self::Right => -1.0,
            Self::Left => 1.0,
            Self::None => 0.0,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Everything that is known about a case because it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// What was planted.
    pub finding: Finding,
    /// The same as a word ([`Finding::label`]).
    pub label: String,
    /// The patient's side.
    pub side: Side,
    /// A point inside the finding, patient coordinates LPS in mm (PS3.3 C.7.6.2.1.1); `None` for normal.
    pub position_mm: Option<[f32; 3]>,
    /// Extent in mm: diameter of a nodule or a bulla, greatest thickness of fluid or air, longest diameter of a consolidation,
    /// transverse diameter of a heart, displacement of a rib. `None` for normal.
    pub size_mm: Option<f32>,
    /// The slice to look at, counted from 1 in order of ascending position along the normal.
    pub slice: usize,
    /// First and last slice (counted from 1) that show the finding; `slice` twice for normal.
    pub slices: [usize; 2],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_findings_go_both_ways() {
        for (finding, word) in Finding::ALL.into_iter().zip(LABELS) {
            assert_eq!(finding.label(), word);
            assert_eq!(word.parse::<Finding>(), Ok(finding));
            assert_eq!(serde_json::to_value(finding).unwrap(), serde_json::json!(word));
        }
        assert_eq!("bulla".parse::<Finding>(), Ok(Finding::Bulla));
        assert_eq!(Finding::Bulla.label(), "bulla");
        assert_eq!(serde_json::to_value(Finding::Bulla).unwrap(), "bulla");
        let error = "pneumonia".parse::<Finding>().unwrap_err();
        assert!(error.to_string().contains("pleural effusion"), "{error}");
    }
}
