//! What holds for every text: no rule breaks, spans lie within it, white space around it changes nothing.

use std::sync::LazyLock;

use overread_protocol::answer::{Parsed, closed_set};
use proptest::prelude::*;

use super::tests::{CHEST, judge, list};
use super::*;

#[test]
fn long_texts_of_anything_are_judged_in_a_moment() {
    let begun = std::time::Instant::now();
    for piece in [
        "no ",
        "\n",
        "Final Answer ",
        "answer: ",
        "{\"answer\":",
        "1. ",
        "(A) or ",
        "pneumonia ",
        "no pneumonia, ",
        "- ",
        "yes ",
        "absent pneumonia and ",
        "differential: ",
        ". ",
        "'",
        "<think>",
        "ﷺ",
        "\u{301}",
        "-\n",
        "the answer is ",
    ] {
        let text = piece.repeat(200_000 / piece.len());
        for judge in JUDGES.iter() {
            let out = judge.judge(Said::whole(&text), &list(&["Pneumonia"]));
            assert!(out.span.is_none_or(|span| text.get(span).is_some()), "{piece:?}");
        }
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

/// Texts of the pieces that the rules look for.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Final Answer: ".to_owned()),
        Just("no ".to_owned()),
        Just("Pneumonia".to_owned()),
        Just("left ".to_owned()),
        Just("pleural effusion".to_owned()),
        Just("\n".to_owned()),
        Just("{\"answer\": \"".to_owned()),
        Just("\"}".to_owned()),
        Just("**".to_owned()),
        Just("(B)".to_owned()),
        Just(" or ".to_owned()),
        Just("yes".to_owned()),
        Just("1. ".to_owned()),
        Just(", ".to_owned()),
        Just("cannot be excluded".to_owned()),
        Just("<think>".to_owned()),
        Just("</think>".to_owned()),
        Just("answer is ".to_owned()),
        Just("differential: ".to_owned()),
        Just("```json".to_owned()),
        "\\PC{0,8}",
        "[a-z ]{0,12}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

const TASKS: [Task; 6] = [
    Task::Closed,
    Task::Choice,
    Task::YesNo,
    Task::Open,
    Task::Differential,
    Task::Findings,
];

/// The judges of all tasks, made once.
static JUDGES: LazyLock<Vec<Judge>> =
    LazyLock::new(|| TASKS.iter().map(|task| judge(*task, &CHEST)).collect());

proptest! {
    #[test]
    fn no_text_breaks_a_rule(text in texts(), complete: bool) {
        for judge in JUDGES.iter() {
            let task = judge.rules().task;
            let said = Said { text: &text, complete, invalid: None };
            let truth = list(&["Pneumonia"]);
            let out = judge.judge(said, &truth);
            if let Some(span) = &out.span {
                prop_assert!(text.get(span.clone()).is_some(), "{task:?} {text:?} {span:?}");
            }
            let padded = format!(" \n{text}\t\n ");
            let other = judge.judge(Said { text: &padded, complete, invalid: None }, &truth);
            prop_assert_eq!((&out.verdict, &out.label, &out.rule), (&other.verdict, &other.label, &other.rule), "{:?} {:?}", task, text);
            prop_assert_eq!(&out, &judge.judge(said, &truth));
            let without = judge.judge(said, &[]);
            prop_assert!(matches!(without.verdict, Verdict::Undecided | Verdict::Invalid(_)), "no truth, no verdict");
        }
    }

    #[test]
    fn what_the_reading_panel_finds_is_found_here(text in texts()) {
        let labels = list(&CHEST);
        if let Parsed::Label(label) = closed_set(&text, &labels, true) {
            let out = JUDGES[0].judge(Said::whole(&text), std::slice::from_ref(&label));
            prop_assert_eq!(out.verdict, Verdict::Right);
            prop_assert_eq!(out.label, Some(label));
        }
    }

    #[test]
    fn hostile_tables_are_refused_or_used(text in "(term,synonym\n)?([a-c\",\n]|hernia|,|\"){0,40}", table in "(child,parent\n)?([a-e]{1,2},[a-e]{1,2}\n){0,12}") {
        let synonyms = Synonyms::read("s", &text).unwrap_or_default();
        let hierarchy = Hierarchy::read("h", &table).unwrap_or_default();
        let mut rules = Rules::new(Task::Open, &list(&["hernia", "a b", "e"]));
        rules.synonyms = synonyms.over(&Synonyms::radiology());
        rules.hierarchy = hierarchy;
        let judge = Judge::new(rules);
        let out = judge.judge(Said::whole("a b hernia"), &list(&["hernia"]));
        prop_assert!(out.span.is_none_or(|span| span.end <= 10));
    }
}
