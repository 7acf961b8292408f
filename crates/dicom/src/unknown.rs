//! Elements of unknown representation given back the one that the dictionary knows, and elements whose nested lengths
//! lie made plain bytes.
//!
//! A node that does not know an element passes it on as UN; a sequence then becomes UN with its content in implicit
//! little endian (PS3.5 6.2.2, note 2), in the middle of an explicit data set. The parser reads neither, so the data
//! set is written again with names: sequences as SQ of undefined length, values under their own representation.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use crate::syntax::Encoding;
use crate::walk::{Element, UNDEFINED, Walker, is_known, is_long};

/// Deepest nesting that is written; what lies deeper stays as it is.
const DEEPEST: usize = 64;
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const ITEM_END: [u8; 8] = [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0];
const SEQUENCE_END: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];

/// The explicit little endian data set in `bytes[start..end]`, written again with every UN element named that can be.
/// Elements that do not hold together are left out.
pub fn name(bytes: &[u8], start: usize, end: usize) -> Vec<u8> {
    let bytes = &bytes[..end.min(bytes.len())];
    let writer = Writer {
        bytes,
        walker: Walker::new(bytes, 0, true, Encoding::ExplicitLittle),
    };
    let mut out = Vec::with_capacity(bytes.len().saturating_sub(start) + 1024);
    writer.elements(start, Some(bytes.len()), Encoding::ExplicitLittle, 0, &mut out);
    out
}

struct Writer<'a> {
    bytes: &'a [u8],
    walker: Walker<'a>,
}

impl Writer<'_> {
    /// Writes elements up to `stop` or an item delimiter; the offset after them, `None` when they break off.
    fn elements(
        &self,
        mut at: usize,
        stop: Option<usize>,
        encoding: Encoding,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        while stop.is_none_or(|stop| at < stop) {
            let element = self.walker.element(at, encoding).ok()?;
            if (element.group, element.number) == (0xFFFE, 0xE00D) {
                return Some(element.value);
            }
            if element.group == 0xFFFE {
                if depth > 0 {
                    return None;
                }
                at = element.value;
                continue;
            }
            let next = self.walker.value_end(&element, depth, encoding).ok()?;
            if next > self.bytes.len() || stop.is_some_and(|stop| next > stop) {
                return None;
            }
            let before = out.len();
            if self.element(&element, next, encoding, depth, out).is_none() {
                out.truncate(before);
                // Not to be untangled: its bytes, when its own length tells where they end.
                if element.length != UNDEFINED {
                    self.value(&element, *b"UN", next, out);
                }
            }
            at = next;
        }
        Some(at)
    }

    fn element(
        &self,
        element: &Element,
        next: usize,
        encoding: Encoding,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let unknown = encoding == Encoding::ImplicitLittle || &element.vr == b"UN";
        let vr = if unknown || !is_known(element.vr) {
            representation(element)
        } else {
            element.vr
        };
        let undefined = element.length == UNDEFINED;
        if undefined && matches!(&vr, b"OB" | b"OW") && !unknown {
            // Compressed pixels of an icon: as they are.
            head(element, vr, UNDEFINED, out);
            out.extend_from_slice(&self.bytes[element.value..next]);
            return Some(());
        }
        if &vr == b"SQ" || undefined {
            let inner = if unknown {
                Encoding::ImplicitLittle
            } else {
                encoding
            };
            head(element, *b"SQ", UNDEFINED, out);
            return self.items(element.value, (!undefined).then_some(next), inner, depth + 1, out);
        }
        self.value(element, vr, next, out);
        Some(())
    }

    fn value(&self, element: &Element, vr: [u8; 2], next: usize, out: &mut Vec<u8>) {
        let fits = u16::try_from(element.length).is_ok();
        let vr = if !is_long(vr) && !fits { *b"UN" } else { vr };
        head(element, vr, element.length, out);
        out.extend_from_slice(&self.bytes[element.value..next]);
    }

    fn items(
        &self,
        mut at: usize,
        end: Option<usize>,
        encoding: Encoding,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        while end.is_none_or(|end| at < end) {
            let item = self.walker.element(at, encoding).ok()?;
            match (item.group, item.number) {
                (0xFFFE, 0xE0DD) => break,
                (0xFFFE, 0xE000) => {}
                _ => return None,
            }
            out.extend(ITEM);
            out.extend(UNDEFINED.to_le_bytes());
            let stop = (item.length != UNDEFINED).then(|| item.value.saturating_add(item.length as usize));
            if stop.is_some_and(|stop| stop > end.unwrap_or(self.bytes.len())) {
                return None;
            }
            at = self.elements(item.value, stop, encoding, depth, out)?;
            out.extend(ITEM_END);
        }
        out.extend(SEQUENCE_END);
        Some(())
    }
}

fn head(element: &Element, vr: [u8; 2], length: u32, out: &mut Vec<u8>) {
    out.extend(element.group.to_le_bytes());
    out.extend(element.number.to_le_bytes());
    out.extend(vr);
    match u16::try_from(length) {
        Ok(length) if !is_long(vr) => out.extend(length.to_le_bytes()),
        _ => {
            out.extend([0, 0]);
            out.extend(length.to_le_bytes());
        }
    }
}

/// What the dictionary says; UN for what it does not know.
fn representation(element: &Element) -> [u8; 2] {
    let tag = Tag(element.group, element.number);
    let private = !element.group.is_multiple_of(2);
    let vr = match (private, element.number) {
        (_, 0) => VR::UL,
        (true, 0x10..=0xFF) => VR::LO,
        (true, _) => VR::UN,
        (false, _) => StandardDataDictionary
            .by_tag(tag)
            .map_or(VR::UN, |entry| entry.vr().relaxed()),
    };
    vr.to_bytes()
}

#[cfg(test)]
mod tests {
    use dicom_core::header::HasLength;
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;
    use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;

    use super::*;

    fn read(bytes: &[u8]) -> InMemDicomObject {
        InMemDicomObject::read_dataset_with_ts(bytes, &EXPLICIT_VR_LITTLE_ENDIAN.erased()).expect("sound")
    }

    #[test]
    fn values_get_their_representation_back() {
        // Rows 7 and a patient's name, both as UN.
        let mut bytes = vec![0x10, 0, 0x10, 0, b'U', b'N', 0, 0, 4, 0, 0, 0];
        bytes.extend(b"A^B ");
        bytes.extend([0x28, 0, 0x10, 0, b'U', b'N', 0, 0, 2, 0, 0, 0, 7, 0]);
        let object = read(&name(&bytes, 0, bytes.len()));
        assert_eq!(
            crate::dataset::text(&object, tags::PATIENT_NAME).as_deref(),
            Some("A^B")
        );
        assert_eq!(crate::dataset::integer(&object, tags::ROWS), Some(7));
    }

    #[test]
    fn implicit_items_inside_an_unknown_sequence_are_read() {
        // Referenced Series Sequence as UN of undefined length; inside it implicit little endian.
        let mut bytes = vec![8, 0, 0x15, 0x11, b'U', b'N', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
        bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
        bytes.extend([0x20, 0, 0x0E, 0, 4, 0, 0, 0]);
        bytes.extend(b"1.2\0");
        bytes.extend(ITEM_END);
        bytes.extend(SEQUENCE_END);
        bytes.extend([0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 7, 0]);
        let object = read(&name(&bytes, 0, bytes.len()));
        let item = crate::dataset::item(&object, tags::REFERENCED_SERIES_SEQUENCE).expect("an item");
        assert_eq!(
            crate::dataset::text(item, tags::SERIES_INSTANCE_UID).as_deref(),
            Some("1.2")
        );
        assert_eq!(crate::dataset::integer(&object, tags::ROWS), Some(7));
    }

    #[test]
    fn nesting_hidden_in_unknown_bytes_is_not_unfolded_without_end() {
        // Content Sequence (SQ) inside itself 1000 times, each level UN with a defined length.
        let mut bytes: Vec<u8> = Vec::new();
        for level in 0..1000 {
            let mut outer = ITEM.to_vec();
            outer.extend(u32::try_from(bytes.len()).expect("small").to_le_bytes());
            outer.extend(&bytes);
            let mut element = vec![0x40, 0, 0x30, 0xA7];
            if level == 999 {
                element.extend(b"UN\0\0");
            }
            element.extend(u32::try_from(outer.len()).expect("small").to_le_bytes());
            element.extend(outer);
            bytes = element;
        }
        let named = name(&bytes, 0, bytes.len());
        assert!(
            read(&named)
                .element(tags::CONTENT_SEQUENCE)
                .is_ok_and(|e| e.length().0 > 0)
        );
    }
}
