//! The order of a question's parts: recorded, because it changes answers.

use crate::templates::{Images, Template};

/// A part of the user's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// The next picture.
    Image,
}

/// A question's text: a template's, or the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// System text; empty when none.
    pub system: String,
    /// Text before the images.
    pub before: String,
    /// Text after the images.
    pub after: String,
    /// `SLICE k` after each image.
    pub captions: bool,
}

impl Wording {
    /// A template's wording; a text of the user's own replaces what stands after the images (or before, where the
    /// template puts its text there).
    pub fn of(template: Option<&Template>, own: &str) -> Self {
        let own = own.trim();
        match template {
            None => Self {
                system: String::new(),
                before: String::new(),
                after: own.to_owned(),
                captions: false,
            },
            Some(t) => {
                let (mut before, mut after) = (t.before.to_owned(), t.after.to_owned());
                if !own.is_empty() {
                    *(if t.after.is_empty() {
                        &mut before
                    } else {
                        &mut after
                    }) = own.to_owned();
                }
                Self {
                    system: t.system.to_owned(),
                    before,
                    after,
                    captions: t.images == Images::Slices,
                }
            }
        }
    }

    /// Parts for `images` pictures: text, then each image (first) with its caption, then text.
    pub fn parts(&self, images: usize) -> Vec<Part> {
        let mut parts = Vec::new();
        if !self.before.is_empty() {
            parts.push(Part::Text(self.before.clone()));
        }
        for k in 1..=images {
            parts.push(Part::Image);
            if self.captions || images > 1 {
                parts.push(Part::Text(format!("SLICE {k}")));
            }
        }
        if !self.after.is_empty() {
            parts.push(Part::Text(self.after.clone()));
        }
        parts
    }

    /// The question in one line, for lists.
    pub fn line(&self) -> String {
        let text = if self.after.is_empty() {
            &self.before
        } else {
            &self.after
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_captioned_after_their_image() {
        let wording = Wording::of(crate::templates::by_id("ct.liver-teaching"), "");
        let parts = wording.parts(2);
        assert!(matches!(&parts[0], Part::Text(t) if t.starts_with("You are an instructor")));
        assert_eq!(
            parts[1..5],
            [
                Part::Image,
                Part::Text("SLICE 1".into()),
                Part::Image,
                Part::Text("SLICE 2".into())
            ]
        );
        assert!(matches!(&parts[5], Part::Text(t) if t.starts_with("\n\nBased on")));
    }

    #[test]
    fn own_words_replace_the_question() {
        let wording = Wording::of(
            crate::templates::by_id("quickstart.describe-xray"),
            "Describe the heart.",
        );
        assert_eq!(
            wording.parts(1),
            [Part::Text("Describe the heart.".into()), Part::Image]
        );
        assert_eq!(
            Wording::of(None, " Why? ").parts(1),
            [Part::Image, Part::Text("Why?".into())]
        );
    }
}
