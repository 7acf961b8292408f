//! Holding our values against expected ones.

use serde_json::Value;

/// Every leaf of `expected` that `got` misses, as `path: ours, expected theirs`. Numbers may differ by the file's
/// tolerance of their kind and name; `inf`, texts, whole numbers, sets and nulls not at all. Further keys are fine.
pub fn differences(kind: &str, expected: &Value, got: &Value, tolerance: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk(kind, expected, got, tolerance, "", &mut out);
    if kind.starts_with("bootstrap") {
        seeded(expected, got, &mut out);
    }
    out
}

/// A seeded bootstrap keeps within the bounds around the ideal one.
fn seeded(expected: &Value, got: &Value, out: &mut Vec<String>) {
    let number = |value: &Value| value.as_f64();
    let mut within = |what: &str, have: &Value, bounds: &Value| {
        let (Some(low), Some(high)) = (number(&bounds[0]), number(&bounds[1])) else {
            return;
        };
        // The bounds are rounded to twelve places.
        if !number(have).is_some_and(|x| (low - 1e-9..=high + 1e-9).contains(&x)) {
            out.push(format!("{what}: {have}, expected from {low} to {high}"));
        }
    };
    within(
        "percentile[0]",
        &got["percentile"][0],
        &expected["percentile_lower_within"],
    );
    within(
        "percentile[1]",
        &got["percentile"][1],
        &expected["percentile_upper_within"],
    );
    if !got["bca"]["interval"].is_null() {
        within(
            "bca.interval[0]",
            &got["bca"]["interval"][0],
            &expected["bca"]["lower_within"],
        );
        within(
            "bca.interval[1]",
            &got["bca"]["interval"][1],
            &expected["bca"]["upper_within"],
        );
    }
    if let (Some(want), Some(have)) = (number(&expected["ideal_sd"]), number(&got["sd"]))
        && (have - want).abs() > 0.05 * want + 1e-12
    {
        out.push(format!("sd: {have}, expected {want} within 5 %"));
    }
}

fn allowed(kind: &str, at: &str, tolerance: &Value) -> f64 {
    let own = tolerance.get(kind);
    let name = at.trim_start_matches('.');
    let leaf = name.rsplit('.').next().unwrap_or(name);
    let leaf = leaf.split('[').next().unwrap_or(leaf);
    [name, leaf, "*"]
        .iter()
        .find_map(|key| own?.get(*key)?.as_f64())
        .or_else(|| tolerance.get("default")?.as_f64())
        .unwrap_or(1e-6)
}

fn walk(kind: &str, expected: &Value, got: &Value, tolerance: &Value, at: &str, out: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(e), Value::Object(g)) => {
            for (key, value) in e {
                let at = format!("{at}.{key}");
                match g.get(key) {
                    Some(own) => walk(kind, value, own, tolerance, &at, out),
                    None => out.push(format!("{}: missing", at.trim_start_matches('.'))),
                }
            }
        }
        (Value::Array(e), Value::Array(g)) if e.len() == g.len() => {
            for (i, (e, g)) in e.iter().zip(g).enumerate() {
                walk(kind, e, g, tolerance, &format!("{at}[{i}]"), out);
            }
        }
        (Value::Number(e), Value::Number(g)) => {
            let (Some(want), Some(have)) = (e.as_f64(), g.as_f64()) else {
                return;
            };
            let exact = e.is_i64() || e.is_u64();
            let room = if exact && (g.is_i64() || g.is_u64()) {
                0.0
            } else {
                allowed(kind, at, tolerance) * want.abs().max(1.0)
            };
            if (want - have).abs() > room {
                out.push(format!("{}: {have}, expected {want}", at.trim_start_matches('.')));
            }
        }
        (e, g) if e == g => {}
        (e, g) => out.push(format!("{}: {g}, expected {e}", at.trim_start_matches('.'))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_leaf_is_held_to_its_tolerance() {
        let tolerance = json!({"default": 1e-6, "platt": {"*": 1e-5}, "t": {"b.z0": 0.05}});
        let miss = |kind: &str, e: Value, g: Value| differences(kind, &e, &g, &tolerance).len();
        assert_eq!(
            miss("any", json!({"a": 0.5}), json!({"a": 0.500_000_5, "more": 1})),
            0
        );
        assert_eq!(miss("any", json!({"a": 0.5}), json!({"a": 0.500_002})), 1);
        assert_eq!(miss("platt", json!({"a": 0.5}), json!({"a": 0.500_002})), 0);
        assert_eq!(
            miss(
                "t",
                json!({"b": {"z0": 0.5, "c": 0.5}}),
                json!({"b": {"z0": 0.54, "c": 0.54}})
            ),
            1
        );
        assert_eq!(
            miss(
                "any",
                json!({"a": 5, "b": null, "c": "inf"}),
                json!({"a": 6, "b": 0.0, "c": 1.0})
            ),
            3
        );
        assert_eq!(miss("any", json!([1, 2]), json!([1])), 1);
        assert_eq!(miss("any", json!({"a": null}), json!({})), 1);
        let bounds = json!({"percentile_lower_within": [0.1, 0.2], "percentile_upper_within": [0.8, 0.9]});
        assert_eq!(
            miss("bootstrap_iid", bounds.clone(), {
                let mut got = bounds.clone();
                got["percentile"] = json!([0.15, 0.95]);
                got
            }),
            1
        );
        assert_eq!(miss("bootstrap_iid", bounds.clone(), bounds), 2);
    }
}
