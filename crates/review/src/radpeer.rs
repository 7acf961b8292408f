//! RADPEER scores (ACR white paper with 2016 updates: J Am Coll Radiol 2017;14:1080). The scale's id is kept with
//! every score; levels of the older scale are never converted.

/// Id of the current scale.
pub const SCALE: &str = "radpeer-2016";

/// Scores and their meaning.
pub const SCORES: &[(&str, &str)] = &[
    ("1", "Concur with the interpretation"),
    (
        "2a",
        "Discrepancy not ordinarily expected to be made, unlikely to be significant",
    ),
    (
        "2b",
        "Discrepancy not ordinarily expected to be made, likely to be significant",
    ),
    (
        "3a",
        "Discrepancy that should be made most of the time, unlikely to be significant",
    ),
    (
        "3b",
        "Discrepancy that should be made most of the time, likely to be significant",
    ),
];

/// True for a score of the scale.
pub fn is_score(scale: &str, score: &str) -> bool {
    scale == SCALE && SCORES.iter().any(|(id, _)| *id == score)
}
