//! What an object refers to: instances, their frames and segments, frames of reference.

use std::collections::HashSet;

use dicom_core::Tag;
use dicom_core::header::Header;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{items, numbers, text};

/// Most instances of one object that are listed: more than any series has slices.
const MOST: usize = 1 << 16;
/// Deepest sequence that is looked into; the walk before the parser refuses deeper files.
const DEEPEST: usize = 64;

/// A reference to an instance (PS3.3 10.8 and 10.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceReference {
    /// Referenced SOP Class UID; empty when absent.
    pub sop_class: String,
    /// Referenced SOP Instance UID.
    pub sop_instance: String,
    /// Referenced Frame Number, from 1; empty for all frames.
    pub frames: Vec<u32>,
    /// Referenced Segment Number; empty for all segments.
    pub segments: Vec<u16>,
}

impl InstanceReference {
    /// Reads an item with a SOP Instance Reference Macro; `None` without an instance.
    pub fn read(d: &InMemDicomObject) -> Option<Self> {
        Some(Self {
            sop_instance: text(d, tags::REFERENCED_SOP_INSTANCE_UID)?,
            sop_class: text(d, tags::REFERENCED_SOP_CLASS_UID).unwrap_or_default(),
            frames: whole(d, tags::REFERENCED_FRAME_NUMBER),
            segments: whole(d, tags::REFERENCED_SEGMENT_NUMBER)
                .into_iter()
                .filter_map(|n| u16::try_from(n).ok())
                .collect(),
        })
    }

    /// The references of a sequence.
    pub fn all(d: &InMemDicomObject, sequence: Tag) -> Vec<Self> {
        items(d, sequence).iter().filter_map(Self::read).collect()
    }
}

/// All values that are whole and not negative.
pub(crate) fn whole(d: &InMemDicomObject, tag: Tag) -> Vec<u32> {
    numbers(d, tag)
        .into_iter()
        .flatten()
        .filter(|v| v.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(v))
        .map(|v| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be whole and in range"
            )]
            {
                v as u32
            }
        })
        .collect()
}

/// Everything that an object names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// SOP Instance UIDs, each once, in the order of the file.
    pub instances: Vec<String>,
    /// Frame of Reference UIDs, each once: its own first.
    pub frames_of_reference: Vec<String>,
}

/// Lists every instance and frame of reference that a data set names, at any depth.
pub fn references(d: &InMemDicomObject) -> References {
    let mut found = Finder::default();
    found.look(d, 0);
    found.references
}

#[derive(Default)]
struct Finder {
    references: References,
    seen: HashSet<String>,
}

impl Finder {
    fn look(&mut self, d: &InMemDicomObject, depth: usize) {
        for element in d {
            if self.references.instances.len() >= MOST {
                return;
            }
            let tag = element.header().tag();
            if tag == tags::REFERENCED_SOP_INSTANCE_UID {
                if let Some(uid) = text(d, tag)
                    && self.seen.insert(uid.clone())
                {
                    self.references.instances.push(uid);
                }
            } else if tag == tags::FRAME_OF_REFERENCE_UID || tag == tags::REFERENCED_FRAME_OF_REFERENCE_UID {
                if let Some(uid) = text(d, tag)
                    && !self.references.frames_of_reference.contains(&uid)
                    && self.references.frames_of_reference.len() < 256
                {
                    self.references.frames_of_reference.push(uid);
                }
            } else if depth < DEEPEST {
                for item in element.items().into_iter().flatten() {
                    self.look(item, depth + 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;

    use super::*;
    use crate::objects::testing::{nest, object, put};

    #[test]
    fn names_are_found_at_any_depth_and_once() {
        let mut image = object("", "");
        put(&mut image, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3");
        put(&mut image, tags::REFERENCED_FRAME_NUMBER, VR::IS, "2\\4");
        let mut series = object("", "");
        nest(
            &mut series,
            tags::REFERENCED_INSTANCE_SEQUENCE,
            vec![image.clone(), image.clone()],
        );
        let mut d = object("", "");
        put(&mut d, tags::FRAME_OF_REFERENCE_UID, VR::UI, "9.1");
        nest(&mut d, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
        let found = references(&d);
        assert_eq!(found.instances, ["1.2.3"]);
        assert_eq!(found.frames_of_reference, ["9.1"]);
        let one = InstanceReference::read(&image).expect("a reference");
        assert_eq!((one.frames, one.segments), (vec![2, 4], vec![]));
    }
}
