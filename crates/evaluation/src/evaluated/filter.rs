//! Which cases and readers are looked at.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A choice of cases and readers; an empty list chooses all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Filter {
    /// Splits.
    pub splits: Vec<String>,
    /// DICOM modalities.
    pub modalities: Vec<String>,
    /// Truth labels (any of them).
    pub labels: Vec<String>,
    /// Reader ids.
    pub readers: Vec<String>,
    /// Kinds of invalid answers: cases where a chosen reader gave one of them (`any`: an invalid one of any kind).
    pub invalid: Vec<String>,
    /// Subgroups that must hold: `sex` is `F`.
    pub groups: Vec<GroupIs>,
}

/// A subgroup.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct GroupIs {
    /// `sex`.
    pub key: String,
    /// `F`.
    pub value: String,
}

/// Something to filter by, with how many cases each choice has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Facet {
    /// `split`, `modality`, `label`, `reader`, `invalid`, or `group:KEY`.
    pub key: String,
    /// Choices in the order shown.
    pub choices: Vec<FacetChoice>,
}

/// A choice of a facet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct FacetChoice {
    /// Value for the filter; empty: none given.
    pub value: String,
    /// Shown.
    pub name: String,
    /// Cases of the whole set.
    pub cases: u32,
}
