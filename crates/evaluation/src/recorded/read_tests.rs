//! Files of answers as other programs write them, and as a killed run leaves them.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;

fn one(text: &str) -> Recorded {
    let mut read = read("a", text).expect("reads");
    assert_eq!(read.answers.len(), 1);
    read.answers.remove(0)
}

fn fault(text: &str) -> String {
    read("a", text).expect_err(text).to_string()
}

#[test]
fn csv_and_json_say_the_same() {
    let json = r#"{"case":"007","reader":"gpt-4","label":" nodule ","answer":"Final Answer: nodule\n","confidence":0.5,"probabilities":{"nodule":0.7,"normal":0.3},"differential":["nodule","mass"],"cost":0.01,"seconds":2.5,"phase":"after","arm":"none","temperature":"0","boxes":[{"label":"nodule","corners":[1,2,3,4],"score":0.9}]}"#;
    let csv = "\u{FEFF}Case ID;Reader;Label;Answer;Confidence;p:nodule;p:normal;Differential;Cost;Time;Phase;Arm;temperature;Boxes\r\n\
        007;gpt-4; nodule ;\"Final Answer: nodule\n\";50%;0,7;0.3;nodule|mass;0,01;2.5;after;none;0;\"[{\"\"label\"\":\"\"nodule\"\",\"\"box\"\":[1,2,3,4],\"\"score\"\":0.9}]\"\r\n";
    let (mut json, csv) = (one(json), one(csv));
    assert_eq!(
        json.text.as_deref(),
        Some("Final Answer: nodule\n"),
        "the raw text stays as it is"
    );
    json.text = Some("Final Answer: nodule".to_owned());
    assert_eq!(json, csv);
    assert_eq!(
        (json.label.as_deref(), json.more["temperature"].as_str()),
        (Some("nodule"), Some("0"))
    );
}

#[test]
fn the_last_line_counts_and_the_others_are_told() {
    let text = "{\"case\":\"a\",\"reader\":\"m\",\"label\":\"x\"}\n{\"case\":\"b\",\"reader\":\"m\"}\n{\"case\":\"a\",\"reader\":\"m\",\"label\":\"y\",\"arm\":\"own\"}\n{\"case\":\"a\",\"reader\":\"m\",\"arm\":\"none\"}\n";
    let read = read("a", text).expect("reads");
    let kept: Vec<(&str, Option<&str>)> = read
        .answers
        .iter()
        .map(|a| (a.case.as_str(), a.label.as_deref()))
        .collect();
    assert_eq!(
        kept,
        [("b", None), ("a", Some("y")), ("a", None)],
        "an arm of its own is no duplicate"
    );
    assert_eq!(
        (read.duplicates.len(), read.duplicates[0].lines.as_slice()),
        (1, &[1, 3][..])
    );
}

#[test]
fn a_torn_last_line_is_told_apart() {
    let whole = "\u{FEFF}{\"case\":\"a\",\"reader\":\"m\"}\n";
    let text = format!("{whole}{{\"case\":\"b\",\"rea");
    let torn = read("a", &text).expect("reads");
    assert_eq!(
        (torn.answers.len(), torn.torn),
        (
            1,
            Some(Torn {
                line: 2,
                byte: whole.len() as u64
            })
        )
    );
    assert!(fault(&format!("{text}\n")).starts_with("a, line 2: not JSON"));
    let ended = read("a", &format!("{whole}{{\"case\":\"b\"}}")).expect("reads");
    assert_eq!(
        (ended.answers.len(), ended.torn),
        (2, None),
        "a line without its end may be whole"
    );
    assert_eq!(read("a", "").expect("reads"), Written::default());
}

#[test]
fn faults_name_line_and_key() {
    assert_eq!(fault("{\"reader\":\"m\"}\n"), "a, line 1: `case` is missing");
    assert_eq!(
        fault("{\"case\":\"a\",\"confidence\":1.5}\n"),
        "a, line 1: `confidence` is 1.5, not a number from 0 to 1"
    );
    assert_eq!(
        fault("case,p:x\n\na,2\n"),
        "a, line 3: the probability of `x` is \"2\", not a number from 0 to 1"
    );
    assert_eq!(
        fault("{\"case\":\"a\",\"arm\":\"own?\"}\n"),
        "a, line 1: `arm` is `own?`, not one of own, none, truth, other"
    );
    assert_eq!(
        fault("{\"case\":\"a\",\"label\":[]}\n"),
        "a, line 1: `label` is [], not a text"
    );
    assert_eq!(
        fault("{\"case\":\"a\",\"seconds\":-1}\n"),
        "a, line 1: `seconds` is -1, not a number of 0 or more"
    );
    assert_eq!(
        fault("{\"case\":\"a\",\"boxes\":[{\"corners\":[9,0,1,1]}]}\n"),
        "a, line 1: a box has no `corners`: left, top, right, bottom in px"
    );
    assert_eq!(fault("[1]"), "a, line 1: 1 is no object");
    assert_eq!(
        fault("case,label,label\na,b,c\n"),
        "a, line 1: two columns are called `label`"
    );
}

#[test]
fn small_words_are_understood() {
    assert_eq!(one("{\"case\":12,\"answer\":2}\n").text.as_deref(), Some("2"));
    assert_eq!(one("case,invalid\na,False\n").invalid, None);
    assert_eq!(
        one("{\"case\":\"a\",\"invalid\":true}\n").invalid.as_deref(),
        Some("invalid")
    );
    assert_eq!(
        one("{\"case\":\"a\",\"invalid\":\"refusal\"}\n")
            .invalid
            .as_deref(),
        Some("refusal")
    );
    let both = one("{\"case\":\"a\",\"text\":\"t\",\"answer\":\"b\"}\n");
    assert_eq!(
        (both.text.as_deref(), both.more["answer"].as_str()),
        (Some("t"), Some("b"))
    );
}

fn recorded() -> impl Strategy<Value = Recorded> {
    let text = || "[ -~äß\\n\"\\\\]{0,12}";
    let some = || prop::option::of(text());
    let share = || prop::option::of(0.0..=1.0_f64);
    (
        (
            "[a-z0-9]{1,6}",
            "[a-z]{0,4}",
            prop::option::of("[a-z]{1,5}"),
            some(),
            some(),
            some(),
        ),
        (
            share(),
            prop::option::of(prop::collection::btree_map("[a-z]{1,3}", 0.0..=1.0_f64, 0..3)),
            share(),
        ),
        prop::option::of(prop::collection::vec("[a-z]{1,4}", 0..3)),
        (0.0..9.0_f64, 0.0..9.0_f64),
        any::<bool>(),
    )
        .prop_map(
            |(
                (case, reader, label, text, at, error),
                (confidence, probabilities, score),
                labels,
                (x, y),
                after,
            )| Recorded {
                case,
                reader,
                label,
                text,
                at,
                error,
                confidence,
                probabilities,
                differential: labels.clone().unwrap_or_default(),
                labels,
                boxes: vec![SaidBox {
                    label: "m".to_owned(),
                    corners: [x, y, x + 1.0, y * 2.0],
                    score,
                    ..SaidBox::default()
                }],
                arm: Some(Arm::Truth),
                phase: after.then_some(Phase::After),
                cost: Some(x),
                more: [(
                    "tokens".to_owned(),
                    serde_json::json!({"prompt": 3, "deep": [1.5, null]}),
                )]
                .into(),
                ..Recorded::default()
            },
        )
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(500) })]

    #[test]
    fn what_a_run_writes_is_read_back(answer in recorded()) {
        let line = serde_json::to_string(&answer).expect("JSON") + "\n";
        prop_assert_eq!(one(&line), answer);
    }

    #[test]
    fn no_text_panics(text in ".{0,200}", near in "[{}\\[\\]\",:a-z0-9\\n;.-]{0,200}") {
        for text in [text, near.clone(), format!("case,{near}"), format!("{{\"case\":{near}")] {
            if let Err(fault) = read("a", &text) {
                prop_assert!(fault.line >= 1 && !fault.reason.is_empty());
            }
        }
    }

    #[test]
    fn damaged_lines_give_sentences(answer in recorded(), at in any::<prop::sample::Index>(), with in "[{}\\[\\]\",:0-9\\n]") {
        let mut line: Vec<char> = serde_json::to_string(&answer).expect("JSON").chars().collect();
        let at = at.index(line.len());
        line.splice(at..(at + 2).min(line.len()), with.chars());
        let line: String = line.into_iter().chain(['\n']).collect();
        if let Err(fault) = read("a", &line) {
            prop_assert!(fault.line >= 1 && !fault.reason.is_empty());
        }
    }
}
