//! Graphic annotations (PS3.3 C.10.5): objects and words of layers, in image or display units.

use std::collections::HashSet;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use glam::DVec2;
use overread_imaging::colour::rgb_from_pcs_lab;
use overread_imaging::presentation::{
    Curve, DisplayedArea, Justification, Turn, Words, circle, ellipse, smooth,
};

use super::{Layer, MOST_ITEMS, References, graphic_colour, referenced};
use crate::dataset::{integer, item, items, numbers, text, vector, whole_text};

/// Most points of one object.
const MOST_POINTS: usize = 1 << 16;
/// Longest text of one object, characters.
const LONGEST_TEXT: usize = 4096;

/// What points are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Units {
    /// Pixels of the image.
    Pixel,
    /// Fractions of the displayed area as seen.
    Display,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Point,
    Polyline,
    Interpolated,
    Circle,
    Ellipse,
}

#[derive(Clone, Debug)]
struct Object {
    form: Form,
    units: Units,
    points: Vec<DVec2>,
    filled: bool,
    colour: [u8; 3],
}

#[derive(Clone, Debug)]
struct TextObject {
    text: String,
    bounds: Option<(Units, [DVec2; 2])>,
    justification: Justification,
    anchor: Option<(Units, DVec2)>,
    anchor_shown: bool,
    colour: [u8; 3],
}

/// An item of the Graphic Annotation Sequence.
#[derive(Clone, Debug)]
pub(super) struct Annotation {
    references: References,
    order: i64,
    objects: Vec<Object>,
    texts: Vec<TextObject>,
}

/// All annotations, by the order of their layers; what is not supported is said once.
pub(super) fn read(d: &InMemDicomObject, layers: &[Layer], warnings: &mut Vec<String>) -> Vec<Annotation> {
    let mut compound = 0_usize;
    let mut unknown = 0_usize;
    let mut placeless = 0_usize;
    let mut all: Vec<Annotation> = items(d, tags::GRAPHIC_ANNOTATION_SEQUENCE)
        .iter()
        .take(MOST_ITEMS)
        .map(|place| {
            let name = text(place, tags::GRAPHIC_LAYER).unwrap_or_default();
            let layer = layers.iter().find(|l| l.name == name);
            let colour = graphic_colour(layer);
            let graphics = items(place, tags::GRAPHIC_OBJECT_SEQUENCE);
            let objects: Vec<Object> = graphics
                .iter()
                .take(MOST_ITEMS)
                .filter_map(|g| object(g, colour))
                .collect();
            unknown += graphics.len() - objects.len();
            let sentences = items(place, tags::TEXT_OBJECT_SEQUENCE);
            let texts: Vec<TextObject> = sentences
                .iter()
                .take(MOST_ITEMS)
                .filter_map(|t| words(t, colour))
                .collect();
            placeless += sentences.len() - texts.len();
            // Simple graphics and texts with its number stand for a compound graphic.
            let number = |i: &InMemDicomObject| integer(i, tags::COMPOUND_GRAPHIC_INSTANCE_ID);
            let stood_for: HashSet<i64> = graphics.iter().chain(sentences).filter_map(number).collect();
            compound += items(place, tags::COMPOUND_GRAPHIC_SEQUENCE)
                .iter()
                .filter(|c| number(c).is_none_or(|id| !stood_for.contains(&id)))
                .count();
            Annotation {
                references: referenced(place),
                order: layer.map_or(i64::MAX, |l| l.order),
                objects,
                texts,
            }
        })
        .collect();
    all.sort_by_key(|annotation| annotation.order);
    let left_out = [
        (unknown, "graphic object", "could not be read"),
        (placeless, "text", "could not be read or placed"),
        (compound, "compound graphic", "not supported"),
    ];
    for (count, what, why) in left_out.into_iter().filter(|(count, ..)| *count > 0) {
        let s = if count == 1 { "" } else { "s" };
        warnings.push(format!("{count} {what}{s} left out: {why}"));
    }
    all
}

fn units(place: &InMemDicomObject, tag: dicom_core::Tag) -> Option<Units> {
    match text(place, tag).as_deref() {
        Some("PIXEL") | None => Some(Units::Pixel),
        Some("DISPLAY") => Some(Units::Display),
        // MATRIX is the total pixel matrix of a tiled image: no frame of ours.
        Some(_) => None,
    }
}

fn object(place: &InMemDicomObject, colour: [u8; 3]) -> Option<Object> {
    let form = match text(place, tags::GRAPHIC_TYPE)?.as_str() {
        "POINT" => Form::Point,
        "POLYLINE" => Form::Polyline,
        "INTERPOLATED" => Form::Interpolated,
        "CIRCLE" => Form::Circle,
        "ELLIPSE" => Form::Ellipse,
        _ => return None,
    };
    let values: Vec<f64> = numbers(place, tags::GRAPHIC_DATA)
        .into_iter()
        .take(MOST_POINTS * 2)
        .collect::<Option<_>>()?;
    let points: Vec<DVec2> = values.chunks_exact(2).map(|p| DVec2::new(p[0], p[1])).collect();
    let enough = match form {
        Form::Point => points.len() == 1,
        Form::Polyline | Form::Interpolated => points.len() >= 2,
        Form::Circle => points.len() == 2,
        Form::Ellipse => points.len() == 4,
    };
    let style = item(place, tags::LINE_STYLE_SEQUENCE);
    enough.then_some(Object {
        form,
        units: units(place, tags::GRAPHIC_ANNOTATION_UNITS)?,
        points,
        filled: text(place, tags::GRAPHIC_FILLED).as_deref() == Some("Y"),
        colour: style
            .and_then(|s| vector::<3>(s, tags::PATTERN_ON_COLOR_CIE_LAB_VALUE))
            .map_or(colour, rgb_from_pcs_lab),
    })
}

fn words(place: &InMemDicomObject, colour: [u8; 3]) -> Option<TextObject> {
    let text_value = whole_text(place, tags::UNFORMATTED_TEXT_VALUE)?;
    let point = |tag| vector::<2>(place, tag).map(DVec2::from_array);
    let bounds = point(tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER)
        .zip(point(tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER))
        .zip(units(place, tags::BOUNDING_BOX_ANNOTATION_UNITS))
        .map(|((a, b), units)| (units, [a, b]));
    let anchor = units(place, tags::ANCHOR_POINT_ANNOTATION_UNITS).zip(point(tags::ANCHOR_POINT));
    if bounds.is_none() && anchor.is_none() {
        return None;
    }
    let style = item(place, tags::TEXT_STYLE_SEQUENCE);
    Some(TextObject {
        text: text_value
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .chars()
            .filter(|c| *c == '\n' || !c.is_control())
            .take(LONGEST_TEXT)
            .collect(),
        bounds,
        justification: match text(place, tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION).as_deref() {
            Some("CENTER") => Justification::Center,
            Some("RIGHT") => Justification::Right,
            _ => Justification::Left,
        },
        anchor,
        anchor_shown: text(place, tags::ANCHOR_POINT_VISIBILITY).as_deref() == Some("Y"),
        colour: style
            .and_then(|s| vector::<3>(s, tags::TEXT_COLOR_CIE_LAB_VALUE))
            .map_or(colour, rgb_from_pcs_lab),
    })
}

/// The annotations of a frame, laid on its image.
pub(super) fn placed(
    all: &[Annotation],
    area: &DisplayedArea,
    turn: Turn,
    mine: impl Fn(&References) -> bool,
) -> (Vec<Curve>, Vec<Words>) {
    let on_image = |units: Units, at: DVec2| match units {
        Units::Pixel => at,
        Units::Display => area.from_display(turn, at),
    };
    let mut curves = Vec::new();
    let mut texts = Vec::new();
    for annotation in all.iter().filter(|a| mine(&a.references)) {
        curves.extend(annotation.objects.iter().map(|object| {
            // Round things are round as they are seen: fractions become lengths for their sake.
            let seen = match object.units {
                Units::Pixel => DVec2::ONE,
                Units::Display => area.seen(turn),
            };
            let points: Vec<DVec2> = object.points.iter().map(|p| *p * seen).collect();
            let bent = match (object.form, points.as_slice()) {
                (Form::Circle, &[centre, on]) => circle(centre, on),
                (Form::Ellipse, &[a, b, c, d]) => ellipse([a, b, c, d]),
                (Form::Interpolated, points) => smooth(points),
                _ => points,
            };
            Curve {
                points: bent
                    .into_iter()
                    .map(|p| on_image(object.units, p / seen))
                    .collect(),
                filled: object.filled,
                colour: object.colour,
            }
        }));
        texts.extend(annotation.texts.iter().map(|t| {
            Words {
                text: t.text.clone(),
                bounds: t
                    .bounds
                    .map(|(units, corners)| corners.map(|c| on_image(units, c))),
                justification: t.justification,
                anchor: t.anchor.map(|(units, at)| on_image(units, at)),
                anchor_shown: t.anchor_shown,
                colour: t.colour,
            }
        }));
    }
    (curves, texts)
}
