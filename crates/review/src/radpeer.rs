//! RADPEER scores. The scale's id is kept with every score and no score is ever moved to another scale.

use serde::{Deserialize, Serialize};

/// A score and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreMeaning {
    /// e.g. `2b`.
    pub id: &'static str,
    /// A few words for a button.
    pub name: &'static str,
    /// The scale's own sentence.
    pub meaning: &'static str,
    /// True for scores that go to internal arbitration before they are submitted.
    pub arbitration: bool,
}

/// A scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// `radpeer-2016` or `radpeer-2009`.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// Scores in order.
    pub scores: &'static [ScoreMeaning],
}

const fn score(
    id: &'static str,
    name: &'static str,
    meaning: &'static str,
    arbitration: bool,
) -> ScoreMeaning {
    ScoreMeaning {
        id,
        name,
        meaning,
        arbitration,
    }
}

/// The current scale (ACR RADPEER, 2016 update): three levels, 2 and 3 with a suffix of clinical significance.
pub const RADPEER_2016: Scale = Scale {
    id: "radpeer-2016",
    name: "RADPEER (2016)",
    scores: &[
        score("1", "Concur", "Concur with the interpretation.", false),
        score(
            "2a",
            "Understandable miss, not significant",
            "Discrepancy not ordinarily expected to be made (understandable miss); unlikely to be clinically significant.",
            false,
        ),
        score(
            "2b",
            "Understandable miss, significant",
            "Discrepancy not ordinarily expected to be made (understandable miss); likely to be clinically significant.",
            true,
        ),
        score(
            "3a",
            "Should be made, not significant",
            "Discrepancy that should be made most of the time; unlikely to be clinically significant.",
            true,
        ),
        score(
            "3b",
            "Should be made, significant",
            "Discrepancy that should be made most of the time; likely to be clinically significant.",
            true,
        ),
    ],
};

/// The older scale (2009), still met in papers and forms; read, never written by this desk's own forms.
pub const RADPEER_2009: Scale = Scale {
    id: "radpeer-2009",
    name: "RADPEER (2009)",
    scores: &[
        score("1", "Concur", "Concur with the interpretation.", false),
        score(
            "2a",
            "Difficult, not significant",
            "Difficult diagnosis, not ordinarily expected to be made; unlikely to be clinically significant.",
            false,
        ),
        score(
            "2b",
            "Difficult, significant",
            "Difficult diagnosis, not ordinarily expected to be made; likely to be clinically significant.",
            true,
        ),
        score(
            "3a",
            "Most of the time, not significant",
            "Diagnosis that should be made most of the time; unlikely to be clinically significant.",
            true,
        ),
        score(
            "3b",
            "Most of the time, significant",
            "Diagnosis that should be made most of the time; likely to be clinically significant.",
            true,
        ),
        score(
            "4a",
            "Almost every time, not significant",
            "Diagnosis that should be made almost every time, misinterpretation of findings; unlikely to be clinically significant.",
            true,
        ),
        score(
            "4b",
            "Almost every time, significant",
            "Diagnosis that should be made almost every time, misinterpretation of findings; likely to be clinically significant.",
            true,
        ),
    ],
};

/// The scale of that id.
pub fn scale(id: &str) -> Option<&'static Scale> {
    const SCALES: [&Scale; 2] = [&RADPEER_2016, &RADPEER_2009];
    SCALES.into_iter().find(|scale| scale.id == id)
}

/// A score on its scale.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Score {
    /// Scale id.
    pub scale: String,
    /// Score id on that scale.
    pub score: String,
}

/// A score that its scale does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownScore {
    /// No such scale.
    #[error("“{0}” is no known scale; choose radpeer-2016")]
    Scale(String),
    /// No such score.
    #[error("“{score}” is no score of {scale}; choose one of {choices}")]
    Score {
        /// Scale.
        scale: String,
        /// Score.
        score: String,
        /// What there is.
        choices: String,
    },
}

impl Score {
    /// A score of the current scale.
    pub fn radpeer_2016(score: &str) -> Self {
        Self {
            scale: RADPEER_2016.id.to_owned(),
            score: score.to_owned(),
        }
    }

    /// What the score says.
    ///
    /// # Errors
    /// [`UnknownScore`] when scale or score do not exist.
    pub fn meaning(&self) -> Result<&'static ScoreMeaning, UnknownScore> {
        let scale = scale(&self.scale).ok_or_else(|| UnknownScore::Scale(self.scale.clone()))?;
        scale
            .scores
            .iter()
            .find(|s| s.id == self.score)
            .ok_or_else(|| UnknownScore::Score {
                scale: self.scale.clone(),
                score: self.score.clone(),
                choices: scale.scores.iter().map(|s| s.id).collect::<Vec<_>>().join(", "),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_2016_scale_has_five_scores_and_no_four() {
        assert_eq!(
            RADPEER_2016.scores.iter().map(|s| s.id).collect::<Vec<_>>(),
            ["1", "2a", "2b", "3a", "3b"]
        );
        let arbitrated: Vec<_> = RADPEER_2016
            .scores
            .iter()
            .filter(|s| s.arbitration)
            .map(|s| s.id)
            .collect();
        assert_eq!(arbitrated, ["2b", "3a", "3b"]);
        let error = Score::radpeer_2016("4a").meaning().unwrap_err();
        assert!(error.to_string().contains("choose one of 1, 2a, 2b, 3a, 3b"));
    }

    #[test]
    fn a_four_of_the_old_scale_stays_a_four() {
        let old = Score {
            scale: "radpeer-2009".to_owned(),
            score: "4b".to_owned(),
        };
        assert!(old.meaning().unwrap().meaning.contains("almost every time"));
        assert!(matches!(
            Score {
                scale: "radpeer".to_owned(),
                score: "1".to_owned()
            }
            .meaning(),
            Err(UnknownScore::Scale(_))
        ));
    }
}
