//! Holding our values against expected ones.

use serde_json::Value;

/// Every leaf of `expected` that `got` misses, as `path: ours, expected theirs`. Numbers may differ by the file's
/// tolerance of their kind and name; `inf`, texts, whole numbers, sets and nulls not at all. Further keys are fine.
pub fn differences(kind: &str, expected: &Value, got: &Value, tolerance: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk(kind, expected, got, tolerance, "", &mut out);
    out
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
    }
}
