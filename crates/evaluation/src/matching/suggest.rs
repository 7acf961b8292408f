//! Labels that look like an answer, for the person who decides. They are shown and never applied.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::normalise::term;

/// A label that looks like an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The label, as listed.
    pub label: String,
    /// Overlap of the words, 0 to 1: the harmonic mean of the shares of words that both have.
    pub overlap: f64,
}

/// The labels with the most words in common with an answer, the nearest first, at most `most`; labels without a common
/// word are left out.
pub fn suggest(said: &str, labels: &[String], most: usize) -> Vec<Suggestion> {
    let own = term(said).words;
    let mut out: Vec<Suggestion> = labels
        .iter()
        .filter_map(|label| {
            let words = term(label).words;
            let mut left = own.clone();
            let shared = words
                .iter()
                .filter(|word| {
                    left.iter()
                        .position(|w| w == *word)
                        .map(|at| left.swap_remove(at))
                        .is_some()
                })
                .count();
            let overlap = 2.0 * shared as f64 / (own.len() + words.len()).max(1) as f64;
            (shared > 0).then(|| Suggestion {
                label: label.clone(),
                overlap,
            })
        })
        .collect();
    out.sort_by(|a, b| {
        b.overlap
            .total_cmp(&a.overlap)
            .then_with(|| a.label.cmp(&b.label))
    });
    // A diagnosis of several cases, or one that is written in several ways, is offered once.
    let mut seen = BTreeSet::new();
    out.retain(|s| seen.insert(term(&s.label).words));
    out.truncate(most);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_strangers_not_at_all() {
        let labels = ["giant hiatal hernia", "inguinal hernia", "pneumonia"].map(str::to_owned);
        let found = suggest("Hiatal hernias, large", &labels, 5);
        let names: Vec<&str> = found.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(names, ["giant hiatal hernia", "inguinal hernia"]);
        assert!((found[0].overlap - 4.0 / 6.0).abs() < 1e-12);
        assert!(suggest("", &labels, 5).is_empty());
        let twice = [
            "hiatal hernia",
            "Hiatal hernia",
            "inguinal hernia",
            "hiatal hernia",
        ]
        .map(str::to_owned);
        let names: Vec<String> = suggest("hiatal hernia", &twice, 2)
            .into_iter()
            .map(|s| s.label)
            .collect();
        assert_eq!(names, ["Hiatal hernia", "inguinal hernia"]);
    }
}
