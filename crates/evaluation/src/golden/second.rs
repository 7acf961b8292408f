//! The kinds about scores, probabilities, calibration, texts, boxes and readers.

mod calibration;
mod marks;
mod scores;
mod texts;

use serde_json::{Number, Value, json};

use super::input::{list, value, whole};

/// Our values of a scenario; `None` for a kind that is not here.
pub(super) fn compute(kind: &str, input: &Value) -> Option<Result<Value, String>> {
    Some(match kind {
        "scores" => scores::scores(input),
        "delong_pair" => scores::delong_pair(input),
        "mrmc" => scores::readers(input),
        "probabilities" => calibration::of_probabilities(input),
        "confidence" => calibration::of_confidence(input),
        "temperature" => calibration::temperature(input),
        "platt" => calibration::of_platt(input),
        "isotonic" => calibration::of_isotonic(input),
        "conformal" => calibration::of_conformal(input),
        "vqa" => texts::vqa(input),
        "ranked" => texts::ranked(input),
        "multilabel" => texts::of_multilabel(input),
        "boxes" => marks::of_boxes(input),
        _ => return None,
    })
}

/// A list of numbers, from a value.
fn floats(value: &Value) -> Result<Vec<f64>, String> {
    let list = value.as_array().ok_or_else(|| format!("{value} is not a list"))?;
    list.iter()
        .map(|v| v.as_f64().ok_or_else(|| format!("{v} is not a number")))
        .collect()
}

/// A list of numbers.
fn numbers(input: &Value, key: &str) -> Result<Vec<f64>, String> {
    floats(value(input, key)?)
}

/// A list of lists of numbers.
fn table(input: &Value, key: &str) -> Result<Vec<Vec<f64>>, String> {
    list(input, key)?.iter().map(floats).collect()
}

/// A list of counts from 0.
fn indices(input: &Value, key: &str) -> Result<Vec<usize>, String> {
    let index = |v| whole(v).ok_or_else(|| format!("{key} holds {v}, which is no index"));
    list(input, key)?.iter().map(index).collect()
}

/// A list of texts.
fn texts_of(input: &Value, key: &str) -> Result<Vec<String>, String> {
    let text = |v: &Value| {
        v.as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("{key} holds {v}, which is no text"))
    };
    list(input, key)?.iter().map(text).collect()
}

/// Lists of one length.
fn same(key: &str, a: usize, other: &str, b: usize) -> Result<(), String> {
    if a == b {
        Ok(())
    } else {
        Err(format!("{key} has {a} entries and {other} {b}"))
    }
}

/// A number; `inf` for infinity, null for none.
fn leaf(x: f64) -> Value {
    if x.is_infinite() {
        json!(if x > 0.0 { "inf" } else { "-inf" })
    } else {
        json!(x)
    }
}

/// A number as a key: the shortest digits that give it back, `1e-05` and `1e+16` beyond 1e-4 … 1e16.
fn key(number: &Number) -> String {
    let Some(x) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    if x != 0.0 && !(1e-4..1e16).contains(&x.abs()) {
        let text = format!("{x:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, size) = exponent
            .strip_prefix('-')
            .map_or(("+", exponent), |size| ("-", size));
        return format!("{digits}e{sign}{size:0>2}");
    }
    format!("{x:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_shortest_digits() {
        let of = |text: &str| key(&serde_json::from_str(text).expect("a number"));
        assert_eq!(
            [of("0.10"), of("1"), of("1.0"), of("1e-5"), of("2.5e20")],
            ["0.1", "1", "1.0", "1e-05", "2.5e+20"]
        );
    }
}
