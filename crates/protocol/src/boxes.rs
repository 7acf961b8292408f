//! Boxes that a model writes (`box_2d`), read with tolerance and brought back to the picture that was sent.
//!
//! The notebooks ask for `[y0, x0, y1, x1]` on 0 to 1000, the second report has the same order on 0 to 1: which it is
//! is found by the range. Whatever had to be put right is said of the box.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crops::Crop;
use crate::square::Padding;

/// Boxes of one answer; more are no answer.
const MOST_BOXES: usize = 256;
/// Places of a text at which JSON may begin that are tried.
const MOST_TRIES: usize = 64;
/// Bytes of an answer that are looked at, from its end.
const MOST_BYTES: usize = 1 << 20;

/// What had to be put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// Corners were the wrong way round.
    Swapped,
    /// It reached out of the picture.
    Clamped,
    /// Numbers were on 0 to 1.
    UnitRange,
    /// It has no area.
    Empty,
}

/// A box, edges as shares of the picture that the model saw, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormalBox {
    /// What the model calls it; may be empty.
    pub label: String,
    /// Upper edge.
    pub y0: f64,
    /// Left edge.
    pub x0: f64,
    /// Lower edge.
    pub y1: f64,
    /// Right edge.
    pub x1: f64,
    /// What had to be put right.
    pub repairs: Vec<Repair>,
}

/// A box on the picture that was sent, px from its top left corner; edges lie between pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PixelBox {
    /// What the model calls it.
    pub label: String,
    /// Left edge, px.
    pub left: f64,
    /// Upper edge, px.
    pub top: f64,
    /// Right edge, px.
    pub right: f64,
    /// Lower edge, px.
    pub bottom: f64,
    /// What had to be put right.
    pub repairs: Vec<Repair>,
}

/// Why an answer has no boxes. The kinds are those of readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBoxes {
    /// No text.
    #[error("the answer is empty")]
    Empty,
    /// No JSON.
    #[error("the answer holds no list of boxes")]
    Unparseable,
    /// JSON without a usable box.
    #[error("the answer holds JSON, but no box with four numbers")]
    OutOfSet,
    /// Too many.
    #[error("the answer holds more boxes than a picture can have")]
    TooMany,
}

impl NoBoxes {
    /// The kind of invalidity, as readings keep it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Unparseable => "unparseable",
            Self::OutOfSet | Self::TooMany => "out-of-set",
        }
    }
}

/// The boxes of an answer, the thought taken off before. An empty list is an answer: nothing was found.
///
/// # Errors
/// [`NoBoxes`].
pub fn parse(text: &str) -> Result<Vec<NormalBox>, NoBoxes> {
    let text = tail(text.trim());
    if text.is_empty() {
        return Err(NoBoxes::Empty);
    }
    let mut seen_json = false;
    for part in candidates(text) {
        for value in values(part) {
            seen_json = true;
            match of_value(&value) {
                Err(NoBoxes::OutOfSet) => {}
                found => return found,
            }
        }
    }
    Err(if seen_json {
        NoBoxes::OutOfSet
    } else {
        NoBoxes::Unparseable
    })
}

/// The last bytes of a text that are looked at.
fn tail(text: &str) -> &str {
    let mut from = text.len().saturating_sub(MOST_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

/// Where the list may stand, the likeliest place first: after the last `Final Answer:`, between the first fence and the
/// last, anywhere.
fn candidates(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let lower = text.to_ascii_lowercase();
    if let Some(at) = lower.rfind("final answer:") {
        out.push(&text[at + "final answer:".len()..]);
    }
    if let Some(from) = text.find("```json") {
        let inner = &text[from + "```json".len()..];
        out.push(inner.rfind("```").map_or(inner, |to| &inner[..to]));
    }
    out.push(text);
    out
}

/// JSON lists and objects of a text, those that hold others only as a whole.
fn values(text: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let mut at = 0;
    for _ in 0..MOST_TRIES {
        let Some(begin) = text[at..].find(['[', '{']) else {
            break;
        };
        let from = at + begin;
        let mut stream = serde_json::Deserializer::from_str(&text[from..]).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                at = from + stream.byte_offset();
                out.push(value);
            }
            _ => at = from + 1,
        }
    }
    out
}

/// Boxes of a JSON value: a list of objects, one object, or an object that holds the list.
fn of_value(value: &Value) -> Result<Vec<NormalBox>, NoBoxes> {
    let objects: Vec<&Value> = match value {
        Value::Array(list) if list.is_empty() => return Ok(Vec::new()),
        Value::Array(list) => list.iter().collect(),
        Value::Object(_) => vec![value],
        _ => return Err(NoBoxes::OutOfSet),
    };
    if objects.len() > MOST_BOXES {
        return Err(NoBoxes::TooMany);
    }
    let found: Vec<(String, [f64; 4])> = objects.iter().filter_map(|o| one(o)).collect();
    if found.is_empty() {
        return Err(NoBoxes::OutOfSet);
    }
    // One answer has one range: a box at the picture's corner alone could be either.
    let unit = found.iter().flat_map(|(_, v)| v).all(|v| (0.0..=1.0).contains(v));
    Ok(found
        .into_iter()
        .map(|(label, numbers)| normal(label, numbers, unit))
        .collect())
}

fn one(object: &Value) -> Option<(String, [f64; 4])> {
    let list = object.get("box_2d")?.as_array()?;
    let numbers: Vec<f64> = list
        .iter()
        .map(|v| v.as_f64().or_else(|| v.as_str()?.trim().parse().ok()))
        .collect::<Option<_>>()?;
    let numbers: [f64; 4] = numbers.try_into().ok()?;
    let label = object.get("label").and_then(Value::as_str).unwrap_or_default();
    numbers
        .iter()
        .all(|v| v.is_finite())
        .then(|| (label.trim().to_owned(), numbers))
}

fn normal(label: String, numbers: [f64; 4], unit: bool) -> NormalBox {
    let mut repairs = Vec::new();
    if unit {
        repairs.push(Repair::UnitRange);
    }
    let scaled = numbers.map(|v| if unit { v } else { v / 1000.0 });
    let [mut y0, mut x0, mut y1, mut x1] = scaled.map(|v| v.clamp(0.0, 1.0));
    if [y0, x0, y1, x1] != scaled {
        repairs.push(Repair::Clamped);
    }
    if y0 > y1 || x0 > x1 {
        repairs.push(Repair::Swapped);
        (y0, y1) = (y0.min(y1), y0.max(y1));
        (x0, x1) = (x0.min(x1), x0.max(x1));
    }
    if y0 >= y1 || x0 >= x1 {
        repairs.push(Repair::Empty);
    }
    NormalBox {
        label,
        y0,
        x0,
        y1,
        x1,
        repairs,
    }
}

/// What of a picture the model saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framing {
    /// Width of the picture, px.
    pub width: u32,
    /// Height, px.
    pub height: u32,
    /// The crop that the model saw instead of the whole.
    pub crop: Option<Crop>,
    /// Black that was put around what it saw.
    pub padding: Option<Padding>,
}

impl Framing {
    /// A whole picture as it is; the model's own stretch to a square keeps shares.
    pub fn whole(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            crop: None,
            padding: None,
        }
    }

    /// The box on the picture.
    pub fn place(&self, found: &NormalBox) -> PixelBox {
        let (x, y, width, height) = match self.crop {
            Some(c) => (c.x, c.y, c.width, c.height),
            None => (0, 0, self.width, self.height),
        };
        let (seen, left, top) = match self.padding {
            Some(p) => ([p.side; 2], p.left, p.top),
            None => ([width, height], 0, 0),
        };
        let mut repairs = found.repairs.clone();
        let mut place = |share: f64, seen: u32, before: u32, size: u32, from: u32| {
            let at = share * f64::from(seen) - f64::from(before);
            let inside = at.clamp(0.0, f64::from(size));
            // What lies in the black beyond the picture is cut off.
            if (inside - at).abs() > 1e-9 && !repairs.contains(&Repair::Clamped) {
                repairs.push(Repair::Clamped);
            }
            inside + f64::from(from)
        };
        let (l, r) = (
            place(found.x0, seen[0], left, width, x),
            place(found.x1, seen[0], left, width, x),
        );
        let (t, b) = (
            place(found.y0, seen[1], top, height, y),
            place(found.y1, seen[1], top, height, y),
        );
        PixelBox {
            label: found.label.clone(),
            left: l,
            top: t,
            right: r,
            bottom: b,
            repairs,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edges(b: &NormalBox) -> [f64; 4] {
        [b.y0, b.x0, b.y1, b.x1]
    }

    #[test]
    fn the_answers_that_models_write() {
        let fenced = "The clavicle is … Final Answer: ```json[{\"box_2d\": [100, 200, 300, 400], \"label\": \"clavicle\"}]```";
        let bare = "Final Answer: [{\"box_2d\": [100, 200, 300, 400], \"label\": \"clavicle\"}]";
        let single = "{\"box_2d\": [100, 200, 300, 400], \"label\": \"clavicle\"}";
        let texts =
            "Here: [{\"box_2d\": [\"100\", \"200\", 300, 400.0], \"label\": \" clavicle \"}] as asked.";
        let unclosed = "```json\n[{\"box_2d\": [100, 200, 300, 400], \"label\": \"clavicle\"}]";
        for text in [fenced, bare, single, texts, unclosed] {
            let found = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(edges(&found[0]), [0.1, 0.2, 0.3, 0.4], "{text}");
            assert_eq!(found[0].label, "clavicle");
            assert!(found[0].repairs.is_empty());
        }
        let quoted = format!("for instance ```json[{{\"box_2d\": [800, 3, 840, 471]}}]``` but {bare}");
        assert_eq!(edges(&parse(&quoted).expect("boxes")[0]), [0.1, 0.2, 0.3, 0.4]);
    }

    #[test]
    fn ranges_corners_and_edges_are_put_right_and_said() {
        let one = |numbers: &str| {
            let text = format!("[{{\"box_2d\": {numbers}}}]");
            parse(&text).expect("a box").remove(0)
        };
        let unit = one("[0.1, 0.2, 0.3, 0.4]");
        assert_eq!(
            (edges(&unit), unit.repairs),
            ([0.1, 0.2, 0.3, 0.4], vec![Repair::UnitRange])
        );
        let swapped = one("[300, 400, 100, 200]");
        assert_eq!(
            (edges(&swapped), swapped.repairs),
            ([0.1, 0.2, 0.3, 0.4], vec![Repair::Swapped])
        );
        let out = one("[-5, 0, 1200, 500]");
        assert_eq!(
            (edges(&out), out.repairs),
            ([0.0, 0.0, 1.0, 0.5], vec![Repair::Clamped])
        );
        assert_eq!(one("[5, 5, 5, 9]").repairs, [Repair::Empty]);
        let two = parse("[{\"box_2d\":[0,0,1,1]},{\"box_2d\":[0,0,500,500]}]").expect("boxes");
        assert!(two[0].repairs.is_empty(), "one answer has one range");
    }

    #[test]
    fn what_is_no_box_is_no_box() {
        assert_eq!(parse(""), Err(NoBoxes::Empty));
        assert_eq!(parse("I see nothing."), Err(NoBoxes::Unparseable));
        assert_eq!(parse("[]"), Ok(vec![]));
        assert_eq!(parse("[1, 2, 3]"), Err(NoBoxes::OutOfSet));
        assert_eq!(parse("[{\"box_2d\": [1, 2, 3]}]"), Err(NoBoxes::OutOfSet));
        assert_eq!(parse("[{\"box_2d\": [1, 2, null, 3]}]"), Err(NoBoxes::OutOfSet));
        let many = format!("[{}]", vec!["{\"box_2d\":[1,2,3,4]}"; 300].join(","));
        assert_eq!(parse(&many), Err(NoBoxes::TooMany));
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"{\"a\":".repeat(100_000)).is_err());
    }

    #[test]
    fn boxes_come_back_to_the_picture() {
        let b = parse("[{\"box_2d\":[250,0,750,500]}]").expect("a box").remove(0);
        let whole = Framing::whole(200, 100).place(&b);
        assert_eq!(
            [whole.left, whole.top, whole.right, whole.bottom],
            [0.0, 25.0, 100.0, 75.0]
        );
        let padded = Framing {
            padding: Some(Padding::of(200, 100)),
            ..Framing::whole(200, 100)
        };
        // The square is 200 px; 50 rows of black stand above the picture.
        let p = padded.place(&b);
        assert_eq!([p.left, p.top, p.right, p.bottom], [0.0, 0.0, 100.0, 100.0]);
        assert!(p.repairs.is_empty());
        let cropped = Framing {
            crop: Some(Crop {
                x: 100,
                y: 0,
                width: 100,
                height: 100,
            }),
            ..Framing::whole(200, 100)
        };
        let c = cropped.place(&b);
        assert_eq!([c.left, c.top, c.right, c.bottom], [100.0, 25.0, 150.0, 75.0]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_fault(text in "[\\[\\]{}\",:0-9a-z_ `.\\-]{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn boxes_lie_in_the_picture(
            numbers in proptest::array::uniform4(-2000.0..2000.0_f64),
            width in 1_u32..4000,
            height in 1_u32..4000,
            square in any::<bool>(),
        ) {
            let text = format!("[{{\"box_2d\": {numbers:?}}}]");
            let found = parse(&text).expect("a box").remove(0);
            let framing = Framing {
                padding: square.then(|| Padding::of(width, height)),
                ..Framing::whole(width, height)
            };
            let p = framing.place(&found);
            prop_assert!(0.0 <= p.left && p.left <= p.right && p.right <= f64::from(width));
            prop_assert!(0.0 <= p.top && p.top <= p.bottom && p.bottom <= f64::from(height));
        }
    }
}
