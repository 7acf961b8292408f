//! Writing a case set: always the same bytes for the same set, readable, and read back as it was.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{CaseSet, CaseSpec};

/// A case set as TOML. What is at its default is left out.
pub fn write(set: &CaseSet) -> String {
    let mut out = String::new();
    let Value::Object(mut top) = value(set) else {
        return out;
    };
    let tables = ["question", "truth", "settings"].map(|key| (key, top.remove(key)));
    let lists = ["readers", "cases"].map(|key| (key, top.remove(key)));
    for (key, value) in &top {
        entry(&mut out, key, value);
    }
    for (key, table) in tables {
        if let Some(Value::Object(table)) = table
            && !(key == "settings" && table.is_empty())
        {
            let _ = write!(out, "\n[{key}]\n");
            for (key, value) in &table {
                entry(&mut out, key, value);
            }
        }
    }
    for (key, list) in lists {
        for table in list.as_ref().and_then(Value::as_array).into_iter().flatten() {
            let _ = write!(out, "\n[[{key}]]\n");
            for (key, value) in table.as_object().into_iter().flatten() {
                // An empty list of images or truth says no more than none.
                if value.as_array().is_none_or(|list| !list.is_empty()) {
                    entry(&mut out, key, value);
                }
            }
        }
    }
    out
}

/// Cases as JSON Lines, for a `cases_file`.
pub fn write_cases(cases: &[CaseSpec]) -> String {
    let mut out = String::new();
    for case in cases {
        if let Ok(line) = serde_json::to_string(case) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

/// SHA-256 of what [`write()`] gives, in hexadecimal: two sets with one hash ask the same of the same. Read the `cases_file` in
/// first ([`super::add_cases`]), so that it does not matter where the cases stand.
pub fn hash(set: &CaseSet) -> String {
    let digest = Sha256::digest(write(set).as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// `key = value`, or one dotted line for each key of a table inside.
fn entry(out: &mut String, key: &str, of: &Value) {
    match of {
        Value::Null => {}
        Value::Object(table) if !table.is_empty() => {
            for (inner, value) in table {
                entry(out, &format!("{key}.{}", name(inner)), value);
            }
        }
        Value::Object(_) if key == "truth" => {}
        other => {
            out.push_str(key);
            out.push_str(" = ");
            inline(out, other);
            out.push('\n');
        }
    }
}

fn inline(out: &mut String, of: &Value) {
    match of {
        // TOML has no null; a list that held one would not be read back in any case.
        Value::Null => out.push_str("\"\""),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => string(out, text, text.contains('\n')),
        Value::Array(list) => {
            out.push('[');
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                inline(out, value);
            }
            out.push(']');
        }
        Value::Object(table) => {
            out.push('{');
            for (i, (key, value)) in table.iter().filter(|(_, value)| !value.is_null()).enumerate() {
                out.push_str(if i > 0 { ", " } else { " " });
                out.push_str(&name(key));
                out.push_str(" = ");
                inline(out, value);
            }
            out.push_str(if table.is_empty() { "}" } else { " }" });
        }
    }
}

/// A key: bare where TOML allows it.
fn name(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !key.is_empty() && key.bytes().all(bare) {
        return key.to_owned();
    }
    let mut quoted = String::new();
    string(&mut quoted, key, false);
    quoted
}

/// A basic string; with `lines`, over several lines where it can be, so that long prompts stay readable.
fn string(out: &mut String, text: &str, lines: bool) {
    let lines = lines && !text.contains('\r');
    out.push_str(if lines { "\"\"\"\n" } else { "\"" });
    for c in text.chars() {
        match c {
            '\n' if lines => out.push('\n'),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push_str(if lines { "\"\"\"" } else { "\"" });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::test_runner::Config;

    use super::super::read::cases_with_lines;
    use super::super::*;

    fn word() -> impl Strategy<Value = String> {
        // Everything that needs care in TOML, and nothing at the ends that reading trims.
        "[a-zA-Zäß\\\\\"'#=\\[\\]{}.,0-9\u{7f}]{1,4}([ \t\n\r\"\\\\\u{1}-]{0,3}[a-z\"]{1,3})?"
    }

    fn image() -> impl Strategy<Value = ImageSpec> {
        (word(), word(), "[0-9-]{0,3}").prop_map(|(path, series, slices)| ImageSpec {
            path,
            series,
            slices,
            ..ImageSpec::default()
        })
    }

    fn truth() -> impl Strategy<Value = CaseTruth> {
        let state = prop_oneof![
            Just(State::Present),
            Just(State::Absent),
            Just(State::Uncertain),
            Just(State::Blank)
        ];
        let corner = || 0.0..1000.0_f64;
        (
            prop::collection::btree_set(word(), 0..3),
            prop::collection::btree_map(word(), state, 0..3),
            prop::collection::vec(word(), 0..3),
            prop::collection::vec((word(), corner(), corner()), 0..2),
            prop::collection::vec(
                (word(), prop::collection::btree_map(word(), corner(), 0..2)),
                0..2,
            ),
            "|left|both",
        )
            .prop_map(|(labels, states, answers, boxes, votes, side)| CaseTruth {
                labels: labels.into_iter().collect(),
                states,
                answers,
                side,
                boxes: boxes
                    .into_iter()
                    .map(|(label, x, y)| TruthBox {
                        label,
                        corners: [x, y, x + 0.1, y * 2.0],
                        ..TruthBox::default()
                    })
                    .collect(),
                votes: votes
                    .into_iter()
                    .map(|(reader, ratings)| Vote {
                        labels: vec![reader.clone()],
                        reader,
                        ratings,
                    })
                    .collect(),
                ..CaseTruth::default()
            })
    }

    fn case() -> impl Strategy<Value = CaseSpec> {
        (
            prop::collection::vec(image(), 0..3),
            prop::collection::btree_map(word(), word(), 0..3),
            word(),
            word(),
            truth(),
        )
            .prop_map(|(images, groups, context, patient, truth)| CaseSpec {
                images,
                groups,
                context,
                patient,
                truth,
                ..CaseSpec::default()
            })
    }

    fn settings() -> impl Strategy<Value = ReadSettings> {
        (
            any::<u32>(),
            0.0..2.0_f64,
            prop::collection::btree_map(word(), any::<i64>(), 0..3),
        )
            .prop_map(|(seed, temperature, options)| {
                let mut options: BTreeMap<String, serde_json::Value> = options
                    .into_iter()
                    .map(|(key, value)| (key, value.into()))
                    .collect();
                options.insert(
                    "nested".to_owned(),
                    serde_json::json!({"a b": [1.5, true, {"c": "d"}]}),
                );
                ReadSettings {
                    seed,
                    temperature,
                    options,
                    ..ReadSettings::default()
                }
            })
    }

    prop_compose! {
        fn set()(
            name in word(),
            note in word(),
            labels in prop::collection::btree_set(word(), 2..5),
            settings in settings(),
            own in prop::option::of(settings()),
            empty in any::<bool>(),
            mut cases in prop::collection::vec(case(), 0..4),
        ) -> CaseSet {
            for (i, case) in cases.iter_mut().enumerate() {
                case.id = format!("{i}");
            }
            let reader = ReaderSpec {
                id: "m".to_owned(),
                model: name.clone(),
                adapters: vec![note.clone()],
                settings: if empty { Some(ReadSettings::default()) } else { own },
                ..ReaderSpec::default()
            };
            let pipeline = ReaderSpec {
                id: "p".to_owned(),
                kind: ReaderKind::Pipeline,
                model: "t".to_owned(),
                findings: Some(FindingsSpec { reader: "m".to_owned(), arms: vec![Arm::Other], ..FindingsSpec::default() }),
                ..ReaderSpec::default()
            };
            CaseSet {
                format: FORMAT.to_owned(),
                name,
                note,
                published: vec!["x".to_owned()],
                cases_file: String::new(),
                question: AskedQuestion { labels: labels.into_iter().collect(), ordinal: true, ..AskedQuestion::default() },
                truth: TruthPolicy { prevalences: vec![0.5, 1e-7], ..TruthPolicy::default() },
                settings,
                readers: vec![reader, pipeline],
                cases,
            }
        }
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(500) })]

        #[test]
        fn what_is_written_is_read_back(set in set()) {
            let text = write(&set);
            let back = read("s.toml", &text).map_err(|fault| TestCaseError::fail(format!("{fault}\n{text}")))?;
            prop_assert_eq!(&back, &set, "{}", text);
            prop_assert_eq!(write(&back), text);
            prop_assert_eq!(cases_with_lines("c", &write_cases(&set.cases)).expect("reads").0, set.cases);
        }

        #[test]
        fn no_text_panics(text in ".{0,200}", lines in "[\\[\\]{}a-z=\"\n. ]{0,200}") {
            for text in [&text, &lines] {
                let _ = read("s", text);
                let _ = cases_with_lines("s", text);
            }
        }

        #[test]
        fn damaged_files_give_sentences(set in set(), at in any::<prop::sample::Index>(), with in "[\\[\\]{}=\"\n#0-9]") {
            let mut text: Vec<char> = write(&set).chars().collect();
            let at = at.index(text.len());
            text.splice(at..(at + 3).min(text.len()), with.chars());
            let text: String = text.into_iter().collect();
            if let Err(fault) = read("s", &text) {
                prop_assert!(fault.line >= 1 && fault.line <= text.lines().count() as u64 + 1);
                prop_assert!(!fault.reason.is_empty() && !fault.reason.contains('\n'));
            }
        }
    }

    #[test]
    fn a_hash_tells_sets_apart() {
        let text = "format = \"overread-case-set/1\"\nname = \"n\"\n[question]\ntask = \"open\"\n";
        let set = read("s", text).expect("reads");
        let again = read("s", &text.replace('\n', "\r\n# words\n")).expect("reads");
        assert_eq!(hash(&set), hash(&again));
        let other = read("s", &text.replace("\"n\"", "\"m\"")).expect("reads");
        assert_ne!(hash(&set), hash(&other));
        assert_eq!(hash(&set).len(), 64);
    }
}
