//! Structured reports and key objects: the content tree (PS3.3 C.17.3) as a flat list in reading order, with the flags
//! of the document (C.17.2). Templates are not interpreted: what stands in the file is what is shown.

use std::collections::HashMap;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{item, items, number, numbers, text, whole_text};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::person_name;
use crate::objects::code::Code;
use crate::objects::kind::{self, Kind};
use crate::objects::moment::{clock, date, date_time};
use crate::objects::reference::{InstanceReference, whole};

/// Most content items that are read; long computer-made reports have some thousands.
pub const MOST_ITEMS: usize = 50_000;
/// Deepest nesting that is read; the walk before the parser refuses deeper files.
const DEEPEST: u16 = 64;
/// Most coordinates of one region that are kept.
const MOST_COORDINATES: usize = 1 << 16;

/// A report.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The title: concept name of the root.
    pub title: String,
    /// A key object selection rather than a report.
    pub is_key_objects: bool,
    /// Completion Flag: `COMPLETE`, `PARTIAL`, or empty.
    pub completion: String,
    /// Verification Flag: `VERIFIED`, `UNVERIFIED`, or empty (a key object selection has none).
    pub verification: String,
    /// Preliminary Flag: `PRELIMINARY`, `FINAL`, or empty.
    pub preliminary: String,
    /// Who verified it, with organisation and time where they are given.
    pub verifiers: Vec<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Content Date and Time, `2024-03-12 14:05`, or empty.
    pub content_time: String,
    /// Everything below the root, in reading order.
    pub items: Vec<Item>,
    /// Not all items were read: there are too many.
    pub is_cut: bool,
}

/// A content item.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Below the root it is 0.
    pub depth: u16,
    /// Relationship Type to the item above: `CONTAINS`, `HAS PROPERTIES`, `INFERRED FROM` …
    pub relationship: String,
    /// Concept Name; empty when absent.
    pub name: String,
    /// What it says.
    pub value: ItemValue,
}

/// What a content item says (PS3.3 C.17.3.2.1).
#[derive(Clone, Debug, PartialEq)]
pub enum ItemValue {
    /// `CONTAINER`: a heading over what follows one deeper.
    Heading,
    /// `TEXT`, `PNAME`, `DATE`, `TIME`, `DATETIME`, `UIDREF`, written for people.
    Text(String),
    /// `CODE`.
    Code(Code),
    /// `NUM`.
    Number {
        /// As in the file; empty when there is none.
        value: String,
        /// For people: `mm`, `HU`; empty for pure numbers.
        unit: String,
        /// Why there is no number, or what is special about it; may be empty.
        qualifier: String,
    },
    /// `IMAGE`, `COMPOSITE`, `WAVEFORM`.
    Instance(InstanceReference),
    /// `SCOORD`: (column, row) pairs, (0,0) the outer corner of the first pixel (PS3.3 C.18.6.1.2).
    Region {
        /// Graphic Type: `POINT`, `POLYLINE`, `CIRCLE`, `ELLIPSE` …
        graphic: String,
        /// Flat: column, row, column, row …
        points: Vec<f64>,
        /// The image that it is drawn on, when an item below names one.
        on: Option<InstanceReference>,
    },
    /// `SCOORD3D`: (x, y, z) triples, mm, LPS.
    Region3d {
        /// Graphic Type.
        graphic: String,
        /// Flat: x, y, z, x, y, z …
        points: Vec<f64>,
        /// Referenced Frame of Reference UID.
        frame_of_reference: String,
    },
    /// `TCOORD`: times on a waveform or cine.
    Times(String),
    /// An item by its place: index into [`Report::items`], `None` when there is no such item or it is the root.
    Link(Option<usize>),
    /// Something else, or an item without a value.
    Nothing,
}

/// Reads a report.
///
/// # Errors
/// [`DicomError::UnsupportedObject`] for anything else.
pub fn read(file: &DicomFile) -> Result<Report, DicomError> {
    let d = &file.dataset;
    let kind = kind::of(d, &file.syntax);
    if !matches!(kind, Kind::Report | Kind::KeyObjects) {
        return Err(DicomError::UnsupportedObject {
            kind: kind.name(),
            wanted: "report",
        });
    }
    let mut reader = Reader::default();
    reader.children(d, &mut vec![1], 0);
    let mut items = reader.items;
    for (at, path) in reader.links {
        if let Some(found) = items.get_mut(at) {
            found.value = ItemValue::Link(reader.places.get(&path).copied());
        }
    }
    place_regions(&mut items);
    let flag = |tag| text(d, tag).unwrap_or_default();
    Ok(Report {
        title: Code::first(d, tags::CONCEPT_NAME_CODE_SEQUENCE)
            .map(|c| c.to_string())
            .unwrap_or_default(),
        is_key_objects: kind == Kind::KeyObjects,
        completion: flag(tags::COMPLETION_FLAG),
        verification: flag(tags::VERIFICATION_FLAG),
        preliminary: flag(tags::PRELIMINARY_FLAG),
        verifiers: items_of(d, tags::VERIFYING_OBSERVER_SEQUENCE, verifier),
        authors: items_of(d, tags::AUTHOR_OBSERVER_SEQUENCE, author),
        content_time: [date(&flag(tags::CONTENT_DATE)), clock(&flag(tags::CONTENT_TIME))]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
        items,
        is_cut: reader.is_cut,
    })
}

fn items_of(
    d: &InMemDicomObject,
    sequence: dicom_core::Tag,
    read: impl Fn(&InMemDicomObject) -> Option<String>,
) -> Vec<String> {
    items(d, sequence).iter().filter_map(read).take(64).collect()
}

fn joined(parts: [Option<String>; 3]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().filter(|p| !p.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn verifier(d: &InMemDicomObject) -> Option<String> {
    joined([
        text(d, tags::VERIFYING_OBSERVER_NAME).map(|name| person_name(&name)),
        text(d, tags::VERIFYING_ORGANIZATION),
        text(d, tags::VERIFICATION_DATE_TIME).map(|when| date_time(&when)),
    ])
}

/// A person by name, a device by its own or its maker's (PS3.3 C.17.2.5).
fn author(d: &InMemDicomObject) -> Option<String> {
    joined([
        text(d, tags::PERSON_NAME).map(|name| person_name(&name)),
        text(d, tags::STATION_NAME).or_else(|| text(d, tags::MANUFACTURER_MODEL_NAME)),
        text(d, tags::INSTITUTION_NAME),
    ])
}

#[derive(Default)]
struct Reader {
    items: Vec<Item>,
    /// Place in the tree, from 1 at every level and beginning with the root's 1, to index (PS3.3 C.17.3.2.5).
    places: HashMap<Vec<u32>, usize>,
    links: Vec<(usize, Vec<u32>)>,
    is_cut: bool,
}

impl Reader {
    fn children(&mut self, d: &InMemDicomObject, path: &mut Vec<u32>, depth: u16) {
        if depth >= DEEPEST {
            self.is_cut |= !items(d, tags::CONTENT_SEQUENCE).is_empty();
            return;
        }
        for (child, number) in items(d, tags::CONTENT_SEQUENCE).iter().zip(1_u32..) {
            if self.items.len() >= MOST_ITEMS {
                self.is_cut = true;
                return;
            }
            let index = self.items.len();
            path.push(number);
            self.places.insert(path.clone(), index);
            let target = whole(child, tags::REFERENCED_CONTENT_ITEM_IDENTIFIER);
            if !target.is_empty() {
                self.links.push((index, target));
            }
            self.items.push(Item {
                depth,
                relationship: text(child, tags::RELATIONSHIP_TYPE).unwrap_or_default(),
                name: Code::first(child, tags::CONCEPT_NAME_CODE_SEQUENCE)
                    .map(|c| c.to_string())
                    .unwrap_or_default(),
                value: value(child),
            });
            self.children(child, path, depth + 1);
            path.pop();
        }
    }
}

fn value(d: &InMemDicomObject) -> ItemValue {
    let plain = |tag, write: fn(&str) -> String| match text(d, tag) {
        Some(value) => ItemValue::Text(write(&value)),
        None => ItemValue::Nothing,
    };
    match text(d, tags::VALUE_TYPE).as_deref() {
        Some("CONTAINER") => ItemValue::Heading,
        Some("TEXT") => whole_text(d, tags::TEXT_VALUE).map_or(ItemValue::Nothing, ItemValue::Text),
        Some("CODE") => {
            Code::first(d, tags::CONCEPT_CODE_SEQUENCE).map_or(ItemValue::Nothing, ItemValue::Code)
        }
        Some("NUM") => measured(d),
        Some("PNAME") => plain(tags::PERSON_NAME, person_name),
        Some("DATE") => plain(tags::DATE, date),
        Some("TIME") => plain(tags::TIME, clock),
        Some("DATETIME") => plain(tags::DATE_TIME, date_time),
        Some("UIDREF") => plain(tags::UID, str::to_owned),
        Some("IMAGE" | "COMPOSITE" | "WAVEFORM") => item(d, tags::REFERENCED_SOP_SEQUENCE)
            .and_then(InstanceReference::read)
            .map_or(ItemValue::Nothing, ItemValue::Instance),
        Some("SCOORD") => ItemValue::Region {
            graphic: text(d, tags::GRAPHIC_TYPE).unwrap_or_default(),
            points: points(d, 2),
            on: None,
        },
        Some("SCOORD3D") => ItemValue::Region3d {
            graphic: text(d, tags::GRAPHIC_TYPE).unwrap_or_default(),
            points: points(d, 3),
            frame_of_reference: text(d, tags::REFERENCED_FRAME_OF_REFERENCE_UID).unwrap_or_default(),
        },
        Some("TCOORD") => ItemValue::Times(text(d, tags::TEMPORAL_RANGE_TYPE).unwrap_or_default()),
        _ => ItemValue::Nothing,
    }
}

fn measured(d: &InMemDicomObject) -> ItemValue {
    let measured = item(d, tags::MEASURED_VALUE_SEQUENCE);
    // A value in double precision is the same number, written where a decimal string is too short for it.
    let value = measured.and_then(|m| {
        text(m, tags::NUMERIC_VALUE).or_else(|| number(m, tags::FLOATING_POINT_VALUE).map(|v| v.to_string()))
    });
    ItemValue::Number {
        value: value.unwrap_or_default(),
        unit: measured
            .and_then(|m| Code::first(m, tags::MEASUREMENT_UNITS_CODE_SEQUENCE))
            .map(|unit| unit.unit())
            .unwrap_or_default(),
        qualifier: Code::first(d, tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE)
            .map(|c| c.to_string())
            .unwrap_or_default(),
    }
}

/// Graphic Data in whole points of so many coordinates; what is no number ends the list.
fn points(d: &InMemDicomObject, each: usize) -> Vec<f64> {
    let mut points: Vec<f64> = numbers(d, tags::GRAPHIC_DATA)
        .into_iter()
        .map_while(|v| v)
        .take(MOST_COORDINATES)
        .collect();
    points.truncate(points.len() / each * each);
    points
}

/// A region is drawn on the image that the item below it names by `SELECTED FROM` (PS3.3 C.18.6).
fn place_regions(items: &mut [Item]) {
    for at in 0..items.len() {
        let depth = items[at].depth;
        if !matches!(items[at].value, ItemValue::Region { .. }) {
            continue;
        }
        let below = items[at + 1..].iter().take_while(|item| item.depth > depth);
        let image = below
            .filter(|item| item.depth == depth + 1)
            .find_map(|item| match &item.value {
                ItemValue::Instance(reference) => Some(reference.clone()),
                _ => None,
            });
        if let ItemValue::Region { on, .. } = &mut items[at].value {
            *on = image;
        }
    }
}

impl Report {
    /// Distinct instances that are shown as images, in reading order.
    pub fn images(&self) -> Vec<&InstanceReference> {
        let mut found: Vec<&InstanceReference> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for item in &self.items {
            if let ItemValue::Instance(reference) = &item.value
                && seen.insert((&reference.sop_instance, &reference.frames))
            {
                found.push(reference);
            }
        }
        found
    }

    /// How many numbers it holds.
    pub fn measurements(&self) -> usize {
        let is_number = |item: &&Item| matches!(item.value, ItemValue::Number { .. });
        self.items.iter().filter(is_number).count()
    }
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;

    use super::*;
    use crate::objects::testing::{self, code, nest, object, put};

    fn content(relationship: &str, kind: &str, name: &str) -> InMemDicomObject {
        let mut d = InMemDicomObject::new_empty();
        put(&mut d, tags::RELATIONSHIP_TYPE, VR::CS, relationship);
        put(&mut d, tags::VALUE_TYPE, VR::CS, kind);
        nest(
            &mut d,
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            vec![code("1", "99T", name)],
        );
        d
    }

    fn report(children: Vec<InMemDicomObject>) -> InMemDicomObject {
        let mut d = object("1.2.840.10008.5.1.4.1.1.88.33", "SR");
        put(&mut d, tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        put(&mut d, tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED");
        put(&mut d, tags::COMPLETION_FLAG, VR::CS, "PARTIAL");
        put(&mut d, tags::CONTENT_DATE, VR::DA, "20240312");
        put(&mut d, tags::CONTENT_TIME, VR::TM, "140530.5");
        nest(
            &mut d,
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            vec![code("1", "99T", "胸部CT")],
        );
        nest(&mut d, tags::CONTENT_SEQUENCE, children);
        d
    }

    #[test]
    fn a_tree_in_reading_order_in_two_scripts() {
        let mut text = content("CONTAINS", "TEXT", "所見");
        put(
            &mut text,
            tags::TEXT_VALUE,
            VR::UT,
            "右肺に結節あり。\r\nΌζος 8 mm, a\\b",
        );
        let mut value = InMemDicomObject::new_empty();
        put(&mut value, tags::NUMERIC_VALUE, VR::DS, "8.2");
        let unit = code("mm", "UCUM", "millimeter");
        nest(&mut value, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![unit]);
        let mut length = content("CONTAINS", "NUM", "Διάμετρος");
        nest(&mut length, tags::MEASURED_VALUE_SEQUENCE, vec![value]);
        let mut none = content("CONTAINS", "NUM", "Volume");
        nest(&mut none, tags::MEASURED_VALUE_SEQUENCE, vec![]);
        let why = code("114006", "DCM", "Measurement failure");
        nest(&mut none, tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE, vec![why]);
        let mut inner = content("CONTAINS", "CONTAINER", "Measurements");
        nest(&mut inner, tags::CONTENT_SEQUENCE, vec![length, none]);
        let mut outer = content("CONTAINS", "CONTAINER", "Findings");
        nest(&mut outer, tags::CONTENT_SEQUENCE, vec![text, inner]);
        let read = read(&testing::file(report(vec![outer]))).expect("a report");
        assert_eq!(read.title, "胸部CT");
        assert_eq!(
            (read.completion.as_str(), read.verification.as_str()),
            ("PARTIAL", "UNVERIFIED")
        );
        assert_eq!(read.content_time, "2024-03-12 14:05:30");
        let seen: Vec<(u16, &str)> = read.items.iter().map(|i| (i.depth, i.name.as_str())).collect();
        let wanted = [
            (0, "Findings"),
            (1, "所見"),
            (1, "Measurements"),
            (2, "Διάμετρος"),
            (2, "Volume"),
        ];
        assert_eq!(seen, wanted);
        assert_eq!(
            read.items[1].value,
            ItemValue::Text("右肺に結節あり。\r\nΌζος 8 mm, a\\b".to_owned())
        );
        let number = |value: &str, unit: &str, qualifier: &str| ItemValue::Number {
            value: value.to_owned(),
            unit: unit.to_owned(),
            qualifier: qualifier.to_owned(),
        };
        assert_eq!(read.items[3].value, number("8.2", "mm", ""));
        assert_eq!(read.items[4].value, number("", "", "Measurement failure"));
        assert_eq!(read.measurements(), 2);
    }

    #[test]
    fn regions_know_their_image_and_links_their_item() {
        let mut reference = InMemDicomObject::new_empty();
        put(&mut reference, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.9");
        put(&mut reference, tags::REFERENCED_FRAME_NUMBER, VR::IS, "3");
        let mut image = content("SELECTED FROM", "IMAGE", "Source");
        nest(&mut image, tags::REFERENCED_SOP_SEQUENCE, vec![reference]);
        let mut region = content("INFERRED FROM", "SCOORD", "Region");
        put(&mut region, tags::GRAPHIC_TYPE, VR::CS, "POLYLINE");
        let data = dicom_core::PrimitiveValue::F32([1.0, 2.0, 3.5, 4.0, 9.0].into_iter().collect());
        region.put(dicom_core::DataElement::new(tags::GRAPHIC_DATA, VR::FL, data));
        nest(&mut region, tags::CONTENT_SEQUENCE, vec![image]);
        let mut link = content("SELECTED FROM", "", "");
        let place = dicom_core::PrimitiveValue::U32([1, 1, 1].into_iter().collect());
        link.put(dicom_core::DataElement::new(
            tags::REFERENCED_CONTENT_ITEM_IDENTIFIER,
            VR::UL,
            place,
        ));
        let read = read(&testing::file(report(vec![region, link]))).expect("a report");
        match &read.items[0].value {
            ItemValue::Region {
                graphic,
                points,
                on: Some(on),
            } => {
                // The fifth coordinate has no partner.
                assert_eq!(
                    (graphic.as_str(), points.as_slice()),
                    ("POLYLINE", &[1.0, 2.0, 3.5, 4.0][..])
                );
                assert_eq!(
                    (on.sop_instance.as_str(), on.frames.as_slice()),
                    ("1.2.9", &[3][..])
                );
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(read.items[2].value, ItemValue::Link(Some(1)));
        assert_eq!(read.images().len(), 1);
    }

    #[test]
    fn other_objects_are_refused() {
        let plan = testing::file(object("1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN"));
        assert!(matches!(read(&plan), Err(DicomError::UnsupportedObject { .. })));
    }
}
