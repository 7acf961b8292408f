//! From a template, or the user's own words, to the ordered parts of a question.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash::sha256_hex;
use crate::templates::{Images, Piece, Template, TemplatePart};

/// Longest text a user may put in, in characters: far beyond any model's context.
const LONGEST: usize = 200_000;

/// A part of the one user turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text; the chat template trims it at both ends and joins parts without a separator.
    Text(String),
    /// The image of that index, from 0, among the pictures of the question.
    Image(usize),
}

/// The parts of a question in the order in which the model gets them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// System text, if any.
    pub system: Option<String>,
    /// Parts of the user turn.
    pub parts: Vec<Part>,
}

/// Why a question cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// The number of images does not fit the template.
    #[error(
        "the template {id} is for {wanted}, but {given} are chosen; choose other slices or another template"
    )]
    ImageCount {
        /// Template.
        id: &'static str,
        /// `one image`, `two images` …
        wanted: &'static str,
        /// Images given.
        given: usize,
    },
    /// A placeholder was not filled in.
    #[error("the template {id} needs a text for “{slot}”; fill it in")]
    EmptySlot {
        /// Template.
        id: &'static str,
        /// Placeholder.
        slot: &'static str,
    },
    /// Nothing is asked.
    #[error("the question is empty; write one or choose a template")]
    Empty,
    /// Longer than any model reads.
    #[error("the question has {0} characters, more than a model can read; shorten it")]
    TooLong(usize),
}

impl Prompt {
    /// Number of images it names.
    pub fn images(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| matches!(part, Part::Image(_)))
            .count()
    }

    /// SHA-256, hex, of system text, parts and order.
    pub fn hash(&self) -> String {
        // Lengths keep two parts apart from one that holds both.
        let mut bytes = Vec::new();
        let mut put = |mark: u8, text: &str| {
            bytes.push(mark);
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        if let Some(system) = &self.system {
            put(b's', system);
        }
        for part in &self.parts {
            match part {
                Part::Text(text) => put(b't', text),
                Part::Image(i) => put(b'i', &i.to_string()),
            }
        }
        sha256_hex(&bytes)
    }

    /// The prompt for people: images as `[image k]`, k from 1.
    pub fn for_people(&self) -> String {
        let mut lines: Vec<String> = self.system.iter().cloned().collect();
        lines.extend(self.parts.iter().map(|part| match part {
            Part::Text(text) => text.trim().to_owned(),
            Part::Image(i) => format!("[image {}]", i + 1),
        }));
        lines.join("\n")
    }
}

/// Puts a template's parts together for `images` pictures. `slots` fills placeholders in; `edited`, when it is not
/// blank, stands instead of the last text part (the user changed the question but kept the layout).
///
/// # Errors
/// [`PromptError`].
pub fn build(
    template: &Template,
    images: usize,
    slots: &BTreeMap<String, String>,
    edited: Option<&str>,
) -> Result<Prompt, PromptError> {
    if !template.images.takes(images) {
        let wanted = match template.images {
            Images::None => "no image",
            Images::One => "one image",
            Images::Two => "two images",
            Images::Several => "one image or more",
        };
        return Err(PromptError::ImageCount {
            id: template.id,
            wanted,
            given: images,
        });
    }
    let edited = edited.filter(|text| !text.trim().is_empty());
    let last_text = template
        .parts
        .iter()
        .rposition(|part| matches!(part, TemplatePart::Text(_)));
    let mut parts = Vec::new();
    for (i, part) in template.parts.iter().enumerate() {
        match part {
            TemplatePart::Text(pieces) => parts.push(Part::Text(match edited {
                Some(text) if Some(i) == last_text => bounded(text)?,
                _ => fill(template.id, pieces, slots)?,
            })),
            TemplatePart::Images => parts.extend((0..images).map(Part::Image)),
            TemplatePart::Slices => captioned(images, &mut parts),
            TemplatePart::Pictures if images == 1 => parts.push(Part::Image(0)),
            TemplatePart::Pictures => captioned(images, &mut parts),
        }
    }
    Ok(Prompt {
        system: template.system.map(str::to_owned),
        parts,
    })
}

/// The user's own question: pictures first (with `SLICE k` after each when there is more than one), question last, as
/// the published examples have it.
///
/// # Errors
/// [`PromptError::Empty`], [`PromptError::TooLong`].
pub fn own(question: &str, images: usize) -> Result<Prompt, PromptError> {
    volume(None, question, images)
}

/// The official order for CT and MR: instruction, then (image, `SLICE k`) for each slice, then the query. One image
/// alone stands without a caption.
///
/// # Errors
/// [`PromptError::Empty`], [`PromptError::TooLong`].
pub fn volume(instruction: Option<&str>, query: &str, images: usize) -> Result<Prompt, PromptError> {
    if query.trim().is_empty() {
        return Err(PromptError::Empty);
    }
    let mut parts = Vec::new();
    if let Some(text) = instruction.filter(|text| !text.trim().is_empty()) {
        parts.push(Part::Text(bounded(text)?));
    }
    if images == 1 {
        parts.push(Part::Image(0));
    } else {
        captioned(images, &mut parts);
    }
    parts.push(Part::Text(bounded(query)?));
    Ok(Prompt { system: None, parts })
}

fn captioned(images: usize, parts: &mut Vec<Part>) {
    for i in 0..images {
        parts.push(Part::Image(i));
        parts.push(Part::Text(format!("SLICE {}", i + 1)));
    }
}

fn bounded(text: &str) -> Result<String, PromptError> {
    let characters = text.chars().count();
    if characters > LONGEST {
        return Err(PromptError::TooLong(characters));
    }
    Ok(text.to_owned())
}

fn fill(id: &'static str, pieces: &[Piece], slots: &BTreeMap<String, String>) -> Result<String, PromptError> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Slot(slot) => match slots.get(*slot).map(|text| text.trim()) {
                Some(text) if !text.is_empty() => out.push_str(&bounded(text)?),
                _ => return Err(PromptError::EmptySlot { id, slot }),
            },
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::template;

    fn none() -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    #[test]
    fn the_official_order_is_instruction_slices_query() {
        let prompt = build(template("ct.liver-teaching").unwrap(), 2, &none(), None).unwrap();
        let [
            Part::Text(first),
            Part::Image(0),
            Part::Text(one),
            Part::Image(1),
            Part::Text(two),
            Part::Text(last),
        ] = prompt.parts.as_slice()
        else {
            panic!("{prompt:?}");
        };
        assert!(first.starts_with("You are an instructor") && first.ends_with("carefully."));
        assert_eq!((one.as_str(), two.as_str()), ("SLICE 1", "SLICE 2"));
        // The newlines are kept here: that the chat template trims them is its business.
        assert!(last.starts_with("\n\nBased on"));
        assert_eq!(prompt.images(), 2);
    }

    #[test]
    fn one_picture_has_no_caption_several_have() {
        let closed = template("finding.closed-set/1").unwrap();
        let question = Part::Text("Which finding is present?".to_owned());
        assert_eq!(
            build(closed, 1, &none(), None).unwrap().parts,
            [Part::Image(0), question.clone()]
        );
        assert_eq!(
            own("Which finding is present?", 1).unwrap().parts,
            [Part::Image(0), question]
        );
        assert_eq!(build(closed, 3, &none(), None).unwrap().parts.len(), 7);
        assert_eq!(own("What?", 0).unwrap().parts, [Part::Text("What?".to_owned())]);
    }

    #[test]
    fn system_text_and_text_before_image_are_kept() {
        let prompt = build(template("quickstart.describe-xray").unwrap(), 1, &none(), None).unwrap();
        assert_eq!(prompt.system.as_deref(), Some("You are an expert radiologist."));
        assert_eq!(
            prompt.parts,
            [Part::Text("Describe this X-ray".to_owned()), Part::Image(0)]
        );
    }

    #[test]
    fn placeholders_are_filled_or_asked_for() {
        let boxes = template("cxr.box").unwrap();
        let slots = BTreeMap::from([("object".to_owned(), " right clavicle ".to_owned())]);
        let prompt = build(boxes, 1, &slots, None).unwrap();
        let Part::Text(text) = &prompt.parts[1] else {
            panic!("{prompt:?}")
        };
        assert!(text.contains("Query:\nWhere is the right clavicle? Don't give a final answer"));
        let error = build(boxes, 1, &none(), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the template cxr.box needs a text for “object”; fill it in"
        );
    }

    #[test]
    fn an_edited_question_keeps_the_layout() {
        let prompt = build(
            template("ct.liver-teaching").unwrap(),
            1,
            &none(),
            Some("Any stones?"),
        )
        .unwrap();
        assert_eq!(prompt.parts.len(), 4);
        assert_eq!(prompt.parts[3], Part::Text("Any stones?".to_owned()));
    }

    #[test]
    fn wrong_counts_and_empty_questions_are_refused() {
        assert!(matches!(
            build(template("card.describe-xray").unwrap(), 2, &none(), None),
            Err(PromptError::ImageCount { given: 2, .. })
        ));
        assert_eq!(own("  \n", 1), Err(PromptError::Empty));
        assert_eq!(own(&"a".repeat(200_001), 1), Err(PromptError::TooLong(200_001)));
    }

    #[test]
    fn the_hash_sees_order_and_borders() {
        let text = |s: &str| Part::Text(s.to_owned());
        let hash = |parts: Vec<Part>| Prompt { system: None, parts }.hash();
        assert_ne!(
            hash(vec![text("ab"), text("c")]),
            hash(vec![text("a"), text("bc")])
        );
        assert_ne!(
            hash(vec![Part::Image(0), text("a")]),
            hash(vec![text("a"), Part::Image(0)])
        );
    }
}
