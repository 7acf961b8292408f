//! The order of a question's parts: recorded, because it changes answers.

use crate::templates::{Images, Template};

/// A part of the user's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// The next picture.
    Image,
    /// The next picture and so many crops of it, which follow it ([`crate::crops`]).
    ImageAndCrops(usize),
}

/// When `SLICE k` stands after an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Captions {
    /// Never: pairs and patches, as published.
    Never,
    /// When there are several.
    WhenSeveral,
    /// Always: the published layout of volumes.
    Always,
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
    pub captions: Captions,
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
                captions: Captions::WhenSeveral,
            },
            Some(t) => {
                let (mut before, mut after) = (t.before.to_owned(), t.after.to_owned());
                if !own.is_empty() {
                    let text = if t.after.is_empty() {
                        &mut before
                    } else {
                        &mut after
                    };
                    *text = t.filled(text, own);
                }
                Self {
                    system: t.system.to_owned(),
                    before,
                    after,
                    captions: match t.images {
                        Images::Slices => Captions::Always,
                        Images::Several => Captions::WhenSeveral,
                        Images::None | Images::One | Images::Plain => Captions::Never,
                    },
                }
            }
        }
    }

    /// Parts for `images` pictures: text, then each image (first) with its caption, then text.
    pub fn parts(&self, images: usize) -> Vec<Part> {
        self.parts_with_crops(&vec![0; images])
    }

    /// The same for pictures each of which is followed by so many crops of its own.
    pub fn parts_with_crops(&self, crops: &[usize]) -> Vec<Part> {
        let captioned = match self.captions {
            Captions::Never => false,
            Captions::WhenSeveral => crops.len() > 1,
            Captions::Always => true,
        };
        let mut parts = Vec::new();
        if !self.before.is_empty() {
            parts.push(Part::Text(self.before.clone()));
        }
        for (k, crops) in crops.iter().enumerate() {
            parts.push(if *crops == 0 {
                Part::Image
            } else {
                Part::ImageAndCrops(*crops)
            });
            if captioned {
                parts.push(Part::Text(format!("SLICE {}", k + 1)));
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
    fn a_pair_has_no_captions_and_own_words_for_several_have() {
        let pair = Wording::of(crate::templates::by_id("cxr.longitudinal"), "");
        assert_eq!(pair.parts(2)[..2], [Part::Image, Part::Image]);
        let own = Wording::of(None, "Why?");
        assert_eq!(own.parts(2)[1], Part::Text("SLICE 1".into()));
        assert_eq!(
            own.parts_with_crops(&[2]),
            [Part::ImageAndCrops(2), Part::Text("Why?".into())]
        );
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
