//! One answer against its truth.

use overread_protocol::answer::Invalid;

/// How an answer stands to the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Same label (or, with several true labels, one of them).
    Agree,
    /// Another label.
    Disagree,
    /// Nothing to compare with.
    NoTruth,
    /// Why the two cannot be compared, as a sentence.
    NotComparable(String),
}

impl Agreement {
    /// `agree`, `disagree`, `no_truth`, `not_comparable`.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Disagree => "disagree",
            Self::NoTruth => "no_truth",
            Self::NotComparable(_) => "not_comparable",
        }
    }

    /// Why not comparable; empty otherwise.
    pub fn reason(&self) -> &str {
        match self {
            Self::NotComparable(reason) => reason,
            _ => "",
        }
    }
}

/// An answer as far as comparing needs it.
#[derive(Clone, Copy, Debug)]
pub enum ReadAnswer<'a> {
    /// One label. `asked` is the closed set it was chosen from; empty for a person's own words.
    Label {
        /// The label.
        label: &'a str,
        /// All labels asked.
        asked: &'a [String],
    },
    /// The labels said to be present, of all asked.
    YesNo {
        /// Those answered yes.
        present: &'a [String],
        /// All labels asked.
        asked: &'a [String],
    },
    /// Free text.
    Open,
    /// No answer that counts.
    Invalid(Invalid),
}

/// Labels that say nothing is there, for yes/no lists.
const NOTHING: [&str; 5] = ["no finding", "no findings", "normal", "none", "negative"];

fn fold(label: &str) -> String {
    label.trim().to_lowercase()
}

fn among(label: &str, labels: &[String]) -> bool {
    let label = fold(label);
    labels.iter().any(|other| fold(other) == label)
}

/// Holds an answer against the truth's labels: equal after trimming and case folding, never the nearest. With several
/// true labels a single answer agrees when it is one of them.
pub fn compare(answer: ReadAnswer<'_>, truth: &[String]) -> Agreement {
    let truth: Vec<String> = truth.iter().filter(|l| !l.trim().is_empty()).cloned().collect();
    if truth.is_empty() {
        return Agreement::NoTruth;
    }
    let not = |reason: String| Agreement::NotComparable(reason);
    let verdict = |agree: bool| {
        if agree {
            Agreement::Agree
        } else {
            Agreement::Disagree
        }
    };
    match answer {
        ReadAnswer::Invalid(kind) => not(kind.sentence().to_owned()),
        ReadAnswer::Open => not("An open answer is compared by a person, not by the program.".to_owned()),
        ReadAnswer::Label { label, .. } if label.trim().is_empty() => {
            not(Invalid::Empty.sentence().to_owned())
        }
        ReadAnswer::Label { label, asked } => {
            if among(label, &truth) {
                return Agreement::Agree;
            }
            if !asked.is_empty() && !truth.iter().any(|t| among(t, asked)) {
                return not(format!(
                    "The truth “{}” was not among the labels asked.",
                    truth.join(", ")
                ));
            }
            verdict(false)
        }
        ReadAnswer::YesNo { present, asked } => {
            let positive: Vec<&String> = truth
                .iter()
                .filter(|t| among(t, asked) || !NOTHING.contains(&fold(t).as_str()))
                .collect();
            if let Some(other) = positive.iter().find(|t| !among(t, asked)) {
                return not(format!("The truth “{other}” was not among the labels asked."));
            }
            let same = positive.iter().all(|t| among(t, present))
                && present
                    .iter()
                    .all(|p| positive.iter().any(|t| fold(t) == fold(p)));
            verdict(same)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(all: &[&str]) -> Vec<String> {
        all.iter().map(|s| (*s).to_owned()).collect()
    }

    fn one(label: &str, asked: &[&str], truth: &[&str]) -> &'static str {
        compare(
            ReadAnswer::Label {
                label,
                asked: &set(asked),
            },
            &set(truth),
        )
        .id()
    }

    #[test]
    fn single_labels() {
        let asked = ["nodule", "Pleural effusion", "no finding"];
        assert_eq!(one("nodule", &asked, &["Nodule "]), "agree");
        assert_eq!(one("nodule", &asked, &["no finding"]), "disagree");
        assert_eq!(one("nodule", &asked, &[]), "no_truth");
        assert_eq!(one("nodule", &asked, &[" "]), "no_truth");
        assert_eq!(one("nodule", &asked, &["pneumothorax"]), "not_comparable");
        assert_eq!(one("nodule", &asked, &["pneumothorax", "nodule"]), "agree");
        assert_eq!(one("nodules", &[], &["nodule"]), "disagree");
        assert_eq!(one(" ", &[], &["nodule"]), "not_comparable");
    }

    #[test]
    fn yes_no_lists_agree_as_sets() {
        let asked = set(&["nodule", "effusion"]);
        let yes = |present: &[&str], truth: &[&str]| {
            compare(
                ReadAnswer::YesNo {
                    present: &set(present),
                    asked: &asked,
                },
                &set(truth),
            )
            .id()
        };
        assert_eq!(yes(&["effusion", "nodule"], &["nodule", "effusion"]), "agree");
        assert_eq!(yes(&["nodule"], &["nodule", "effusion"]), "disagree");
        assert_eq!(yes(&[], &["No finding"]), "agree");
        assert_eq!(yes(&["nodule"], &["normal"]), "disagree");
        assert_eq!(yes(&["nodule"], &["fracture"]), "not_comparable");
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let truth = set(&["nodule"]);
        let refused = compare(ReadAnswer::Invalid(Invalid::Refusal), &truth);
        assert_eq!(refused.reason(), "The model declined to answer.");
        assert_eq!(compare(ReadAnswer::Open, &truth).id(), "not_comparable");
        assert_eq!(compare(ReadAnswer::Open, &[]), Agreement::NoTruth);
    }
}
