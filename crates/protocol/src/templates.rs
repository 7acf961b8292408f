//! Question templates: the published ones and Overread's own, with the order of their parts.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::hash::sha256_hex;
use crate::published as text;

/// How many images a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Images {
    /// Text only.
    None,
    /// Exactly one.
    One,
    /// Exactly two: prior, then current.
    Two,
    /// One or more.
    Several,
}

impl Images {
    /// `none`, `one`, `two`, `several`.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::One => "one",
            Self::Two => "two",
            Self::Several => "several",
        }
    }

    /// True when the template can be asked of that many images.
    pub fn takes(self, count: usize) -> bool {
        match self {
            Self::None => count == 0,
            Self::One => count == 1,
            Self::Two => count == 2,
            Self::Several => count > 0,
        }
    }
}

/// The kind of answer a question is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerForm {
    /// One label of a closed set, scored.
    Labels,
    /// Each label: yes or no, scored.
    YesNo,
    /// Free text.
    Open,
}

/// A piece of a text part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Kept byte for byte.
    Literal(&'static str),
    /// A placeholder that the user fills in, by name.
    Slot(&'static str),
}

/// A part of a template, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// Text.
    Text(&'static [Piece]),
    /// All images, one after another.
    Images,
    /// All images, each followed by `SLICE k` (k from 1): the official layout of CT and MR volumes.
    Slices,
    /// As `Slices`, but one image alone stands without a caption.
    Pictures,
}

/// A question template.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// e.g. `ct.liver-teaching`.
    pub id: &'static str,
    /// One line for a list.
    pub title: &'static str,
    /// Where it was published, or `Overread`.
    pub source: &'static str,
    /// System text, if any.
    pub system: Option<&'static str>,
    /// Parts of the one user turn, in order.
    pub parts: &'static [TemplatePart],
    /// Images it is for.
    pub images: Images,
    /// Answer it is made for.
    pub answer: AnswerForm,
    /// Labels it proposes.
    pub labels: &'static [&'static str],
    /// Most tokens to generate, as published.
    pub max_new_tokens: u32,
}

use Piece::{Literal, Slot};
use TemplatePart::{Images as AllImages, Pictures, Slices, Text};

const RADIOLOGIST: Option<&str> = Some("You are an expert radiologist.");

/// All templates, published ones last.
pub const ALL: &[Template] = &[
    Template {
        id: "finding.closed-set/1",
        title: "Which finding is present?",
        source: "Overread",
        system: None,
        parts: &[Pictures, Text(&[Literal("Which finding is present?")])],
        images: Images::Several,
        answer: AnswerForm::Labels,
        labels: &[],
        max_new_tokens: 32,
    },
    Template {
        id: "finding.yes-no/1",
        title: "Is a finding present? (yes or no for each label)",
        source: "Overread",
        system: None,
        parts: &[
            Pictures,
            Text(&[
                Literal("Is there "),
                Slot("label"),
                Literal(" in this study? Answer yes or no."),
            ]),
        ],
        images: Images::Several,
        answer: AnswerForm::YesNo,
        labels: &[],
        max_new_tokens: 8,
    },
    Template {
        id: "describe/1",
        title: "Describe the images",
        source: "Overread",
        system: None,
        parts: &[Pictures, Text(&[Literal("Describe the findings.")])],
        images: Images::Several,
        answer: AnswerForm::Open,
        labels: &[],
        max_new_tokens: 500,
    },
    Template {
        id: "card.describe-xray",
        title: "Describe this X-ray (model card)",
        source: "MedGemma 1.5 model card",
        system: None,
        parts: &[AllImages, Text(&[Literal("Describe this X-ray")])],
        images: Images::One,
        answer: AnswerForm::Open,
        labels: &[],
        max_new_tokens: 2000,
    },
    Template {
        id: "quickstart.describe-xray",
        title: "Describe this X-ray (quick start)",
        source: "MedGemma quick start notebook",
        system: RADIOLOGIST,
        parts: &[Text(&[Literal("Describe this X-ray")]), AllImages],
        images: Images::One,
        answer: AnswerForm::Open,
        labels: &[],
        max_new_tokens: 500,
    },
    Template {
        id: "dicom.describe-xray",
        title: "Describe this X-ray. (DICOM notebook)",
        source: "MedGemma DICOM notebook",
        system: RADIOLOGIST,
        parts: &[Text(&[Literal("Describe this X-ray.")]), AllImages],
        images: Images::One,
        answer: AnswerForm::Open,
        labels: &[],
        max_new_tokens: 500,
    },
    Template {
        id: "quickstart.text",
        title: "A free question without images (quick start)",
        source: "MedGemma quick start notebook",
        system: Some("You are a helpful medical assistant."),
        parts: &[Text(&[Slot("question")])],
        images: Images::None,
        answer: AnswerForm::Open,
        labels: &[],
        max_new_tokens: 500,
    },
    Template {
        id: "ct.liver-teaching",
        title: "Liver pathology in CT slices, yes or no (CT notebook)",
        source: "MedGemma 1.5 CT notebook",
        system: None,
        parts: &[
            Text(&[Literal(text::LIVER_INSTRUCTION)]),
            Slices,
            Text(&[Literal(text::LIVER_QUERY)]),
        ],
        images: Images::Several,
        answer: AnswerForm::Open,
        labels: &["yes", "no"],
        max_new_tokens: 2000,
    },
    Template {
        id: "cxr.box",
        title: "Where is it? Boxes on a chest X-ray (box notebook)",
        source: "MedGemma 1.5 chest X-ray box notebook",
        system: None,
        parts: &[
            AllImages,
            Text(&[
                Literal(text::BOX_BEFORE),
                Slot("object"),
                Literal(text::BOX_AFTER),
            ]),
        ],
        images: Images::One,
        answer: AnswerForm::Open,
        labels: &[],
        max_new_tokens: 1000,
    },
    Template {
        id: "cxr.longitudinal",
        title: "Compare a prior and a current chest X-ray",
        source: "MedGemma 1.5 longitudinal notebook",
        system: None,
        parts: &[AllImages, Text(&[Literal(text::LONGITUDINAL)])],
        images: Images::Two,
        answer: AnswerForm::Open,
        labels: &[],
        max_new_tokens: 600,
    },
    Template {
        id: "wsi.describe",
        title: "Describe pathology patches",
        source: "MedGemma 1.5 pathology notebook",
        system: None,
        parts: &[Text(&[Literal(text::WSI)]), AllImages],
        images: Images::Several,
        answer: AnswerForm::Open,
        labels: &[],
        max_new_tokens: 2000,
    },
    Template {
        id: "mcq.tissue",
        title: "Tissue type, nine choices (fine-tuning notebook)",
        source: "MedGemma fine-tuning notebook",
        system: None,
        parts: &[AllImages, Text(&[Literal(text::TISSUE)])],
        images: Images::One,
        answer: AnswerForm::Labels,
        labels: text::TISSUE_LABELS,
        max_new_tokens: 20,
    },
    Template {
        id: "medqa.rl",
        title: "Multiple choice with reasoning (reinforcement notebook)",
        source: "MedGemma reinforcement learning notebook",
        system: Some("SYSTEM INSTRUCTION: think silently if needed."),
        parts: &[Text(&[
            Literal(text::MEDQA_BEFORE),
            Slot("question"),
            Literal("\n    (A) "),
            Slot("A"),
            Literal(" (B) "),
            Slot("B"),
            Literal(" (C) "),
            Slot("C"),
            Literal(" (D) "),
            Slot("D"),
            Literal(text::MEDQA_AFTER),
        ])],
        images: Images::None,
        answer: AnswerForm::Open,
        labels: &["A", "B", "C", "D"],
        max_new_tokens: 2000,
    },
];

/// The template of that id.
pub fn template(id: &str) -> Option<&'static Template> {
    ALL.iter().find(|t| t.id == id.trim())
}

impl Template {
    /// Names of the placeholders, in order.
    pub fn slots(&self) -> impl Iterator<Item = &'static str> {
        self.pieces().filter_map(|piece| match piece {
            Slot(name) => Some(name),
            Literal(_) => None,
        })
    }

    /// The text a user sees and may edit: the last text part, placeholders as `{name}`.
    pub fn query(&self) -> String {
        let last = self.parts.iter().rev().find_map(|part| match part {
            Text(pieces) => Some(*pieces),
            _ => None,
        });
        last.map_or_else(String::new, write_pieces)
    }

    /// SHA-256, hex, of system text, parts and their order: kept with every reading.
    pub fn hash(&self) -> String {
        let mut all = format!("{}\nsystem {:?}\n", self.id, self.system);
        for part in self.parts {
            // Writing into a string cannot fail.
            let _ = writeln!(all, "{part:?}");
        }
        sha256_hex(all.as_bytes())
    }

    fn pieces(&self) -> impl Iterator<Item = Piece> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Text(pieces) => Some(*pieces),
                _ => None,
            })
            .flatten()
            .copied()
    }
}

fn write_pieces(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Literal(text) => (*text).to_owned(),
            Slot(name) => format!("{{{name}}}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        let ids: BTreeSet<_> = ALL.iter().map(|t| t.id).collect();
        assert_eq!(ids.len(), ALL.len());
        assert!(ids.iter().all(|id| template(id).is_some()));
        assert!(template("nothing").is_none());
    }

    #[test]
    fn placeholders_are_named() {
        assert_eq!(
            template("cxr.box").unwrap().slots().collect::<Vec<_>>(),
            ["object"]
        );
        assert_eq!(
            template("medqa.rl").unwrap().slots().collect::<Vec<_>>(),
            ["question", "A", "B", "C", "D"]
        );
        assert!(
            template("cxr.box")
                .unwrap()
                .query()
                .contains("Where is the {object}? Don't give")
        );
    }

    #[test]
    fn a_changed_part_is_another_hash() {
        let mut t = *template("card.describe-xray").unwrap();
        let before = t.hash();
        t.parts = &[Text(&[Literal("Describe this X-ray")]), AllImages];
        assert_ne!(t.hash(), before);
    }

    /// The published strings as the project's own notes have them, when they are at hand.
    #[test]
    fn published_strings_are_those_of_the_notes() {
        let shared = std::env::var_os("OVERREAD_SHARED").map_or_else(
            || std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            Into::into,
        );
        let Ok(notes) = std::fs::read_to_string(shared.join("facts/medgemma.md")) else {
            println!("skipped: shared/facts absent");
            return;
        };
        for t in ALL.iter().filter(|t| t.source != "Overread") {
            assert!(notes.contains(&format!("`{}`", t.id)), "{}", t.id);
            for piece in t.pieces() {
                if let Literal(text) = piece
                    && text.trim().len() > 4
                {
                    let noted = text.replace('\n', "⏎");
                    assert!(notes.contains(&noted), "{}: {noted}", t.id);
                }
            }
            assert!(
                t.system.is_none_or(|s| notes.contains(&format!("`{s}`"))),
                "{}",
                t.id
            );
        }
    }
}
