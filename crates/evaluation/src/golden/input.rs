//! Reading a scenario's input.

use serde_json::Value;

/// A key's value, or what is missing.
pub(super) fn value<'a>(input: &'a Value, key: &str) -> Result<&'a Value, String> {
    input.get(key).ok_or_else(|| format!("the input has no {key}"))
}

/// A list.
pub(super) fn list<'a>(input: &'a Value, key: &str) -> Result<&'a [Value], String> {
    value(input, key)?
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| format!("{key} is not a list"))
}

/// A count.
pub(super) fn count(input: &Value, key: &str) -> Result<usize, String> {
    whole(value(input, key)?).ok_or_else(|| format!("{key} is not a count"))
}

/// A number.
pub(super) fn number(input: &Value, key: &str) -> Result<f64, String> {
    value(input, key)?
        .as_f64()
        .ok_or_else(|| format!("{key} is not a number"))
}

/// A whole number that is not negative, `5` or `5.0`.
pub(super) fn whole(value: &Value) -> Option<usize> {
    match value.as_u64() {
        Some(n) => usize::try_from(n).ok(),
        None => value
            .as_f64()
            .filter(|x| x.fract() == 0.0 && (0.0..9e15).contains(x))
            .map(|x| x as usize),
    }
}

/// 0, 1, false or true.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match (value, whole(value)) {
        (Value::Bool(flag), _) => Some(*flag),
        (_, Some(0)) => Some(false),
        (_, Some(1)) => Some(true),
        _ => None,
    }
}

/// A list of 0 and 1.
pub(super) fn flags(input: &Value, key: &str) -> Result<Vec<bool>, String> {
    list(input, key)?
        .iter()
        .map(|v| flag(v).ok_or_else(|| format!("{key} holds {v}, neither 0 nor 1")))
        .collect()
}
