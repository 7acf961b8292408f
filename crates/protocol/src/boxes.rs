//! Bounding boxes in a model's text.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::{Invalid, final_answer, split_thought};

/// Most boxes that are read.
const MOST: usize = 1000;

/// A box in shares of the (padded) image: 0 to 1, (0,0) the outer corner of the first pixel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelledBox {
    /// Left, top, right, bottom.
    pub corners: [f64; 4],
    /// What the model calls it; may be empty.
    pub label: String,
    /// True when a number lay outside the range or corners were swapped, and was put right.
    pub repaired: bool,
}

/// Reads `box_2d` lists: `[y0, x0, y1, x1]` on 0…1000, or on 0…1 when no number of any box is above 1. Missing fences,
/// one object instead of a list, swapped corners and numbers out of range are put right and flagged.
///
/// # Errors
/// [`Invalid::Truncated`] in an unfinished thought, [`Invalid::Empty`] without text, [`Invalid::Unparseable`] without
/// readable boxes. An empty list is a valid answer: nothing there.
pub fn boxes(text: &str) -> Result<Vec<LabelledBox>, Invalid> {
    let answer = split_thought(text).answer.ok_or(Invalid::Truncated)?;
    if answer.is_empty() {
        return Err(Invalid::Empty);
    }
    let fenced = answer.find("```json").and_then(|start| {
        let inner = &answer[start + 7..];
        inner.rfind("```").map(|end| &inner[..end])
    });
    let candidates = [fenced, final_answer(answer), Some(answer)];
    let value = candidates
        .into_iter()
        .flatten()
        .find_map(json_in)
        .ok_or(Invalid::Unparseable)?;
    let items = match value {
        Value::Array(items) => items,
        object @ Value::Object(_) => vec![object],
        _ => return Err(Invalid::Unparseable),
    };
    let raw: Vec<([f64; 4], String)> = items
        .iter()
        .take(MOST)
        .map(raw_box)
        .collect::<Option<_>>()
        .ok_or(Invalid::Unparseable)?;
    let unit = raw.iter().flat_map(|(b, _)| b).all(|v| *v <= 1.0);
    let scale = if unit { 1.0 } else { 1000.0 };
    Ok(raw
        .into_iter()
        .map(|(numbers, label)| finish(numbers.map(|v| v / scale), label))
        .collect())
}

fn finish([y0, x0, y1, x1]: [f64; 4], label: String) -> LabelledBox {
    let given = [x0, y0, x1, y1];
    let inside = given.map(|v| v.clamp(0.0, 1.0));
    let corners = [
        inside[0].min(inside[2]),
        inside[1].min(inside[3]),
        inside[0].max(inside[2]),
        inside[1].max(inside[3]),
    ];
    LabelledBox {
        corners,
        label,
        repaired: corners != given,
    }
}

fn raw_box(item: &Value) -> Option<([f64; 4], String)> {
    let numbers = item.get("box_2d")?.as_array()?;
    let numbers: Vec<f64> = numbers.iter().map(Value::as_f64).collect::<Option<_>>()?;
    let label = item
        .get("label")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim()
        .to_owned();
    Some((numbers.try_into().ok()?, label))
}

/// The first JSON list or object in a text that parses.
fn json_in(text: &str) -> Option<Value> {
    let starts = text
        .char_indices()
        .filter(|(_, c)| matches!(c, '[' | '{'))
        .take(64);
    starts.map(|(at, _)| at).find_map(|at| {
        let value = serde_json::Deserializer::from_str(&text[at..])
            .into_iter::<Value>()
            .next()?
            .ok()?;
        let boxes = match &value {
            Value::Array(items) => items.iter().all(|item| item.get("box_2d").is_some()),
            object => object.get("box_2d").is_some(),
        };
        boxes.then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_form_is_read() {
        let text =
            "It is here.\nFinal Answer: ```json[{\"box_2d\": [800, 3, 840, 471], \"label\": \"car\"}]```";
        let found = boxes(text).unwrap();
        assert_eq!(found[0].corners, [0.003, 0.8, 0.471, 0.84]);
        assert_eq!((found[0].label.as_str(), found[0].repaired), ("car", false));
    }

    #[test]
    fn common_slips_are_put_right_and_flagged() {
        let one = boxes("{\"box_2d\": [500, 900, 100, -20], \"label\": \"x\"}").unwrap();
        assert_eq!(one[0].corners, [0.0, 0.1, 0.9, 0.5]);
        assert!(one[0].repaired);
        let unit = boxes("Final Answer: [{\"box_2d\": [0.1, 0.2, 0.3, 0.4]}]").unwrap();
        assert_eq!(unit[0].corners, [0.2, 0.1, 0.4, 0.3]);
        assert_eq!(boxes("Final Answer: []"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_box_is_said_so() {
        assert_eq!(boxes("no idea [maybe]"), Err(Invalid::Unparseable));
        assert_eq!(boxes("[{\"box_2d\": [1, 2, 3]}]"), Err(Invalid::Unparseable));
        assert_eq!(boxes(" "), Err(Invalid::Empty));
        assert_eq!(boxes("<unused94>thought\n…"), Err(Invalid::Truncated));
        assert_eq!(boxes(&"[".repeat(100_000)), Err(Invalid::Unparseable));
    }
}
