//! Rules of judging, each with its example and the example of its opposite.

use super::*;

pub(super) fn list(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|s| (*s).to_owned()).collect()
}

pub(super) fn judge(task: Task, labels: &[&str]) -> Judge {
    Judge::new(Rules::new(task, &list(labels)))
}

pub(super) const CHEST: [&str; 5] = [
    "Pneumonia",
    "Pleural effusion",
    "Pneumothorax",
    "No finding",
    "Hiatal hernia",
];

fn closed(text: &str) -> Result<(String, String), Invalid> {
    let out = judge(Task::Closed, &CHEST).judge(Said::whole(text), &[]);
    if let Some(span) = out.span.clone() {
        assert!(text.get(span).is_some());
    }
    match out.verdict {
        Verdict::Invalid(kind) => Err(kind),
        _ => Ok((out.label.unwrap_or_default(), out.rule)),
    }
}

#[test]
fn labels_are_found_by_rule_and_the_rule_is_kept() {
    for (text, label, rule) in [
        ("Final Answer: pneumonia", "Pneumonia", "line/whole/exact"),
        ("pneumothoraces", "Pneumothorax", "text/whole/exact"),
        (
            "{\"answer\": \"hiatus hernia\"}",
            "Hiatal hernia",
            "json/whole/synonym",
        ),
        (
            "```json\n{\"label\": \"pleural fluid\"}\n```",
            "Pleural effusion",
            "json/whole/synonym",
        ),
        (
            "**Final Answer:** *left-sided* pleural effusion.",
            "Pleural effusion",
            "line/whole/exact",
        ),
        (
            "The image shows a large right pneumothorax.",
            "Pneumothorax",
            "text/mention/exact",
        ),
        (
            "<think>pneumonia?</think>pneumothorax",
            "Pneumothorax",
            "text/whole/exact",
        ),
        (
            "The answer is pneumonia. As an AI, I advise you to consult a physician.",
            "Pneumonia",
            "sentence/whole/exact",
        ),
        ("Answer: possible pneumonia", "Pneumonia", "line/mention/exact"),
        ("Answer: normal", "No finding", "line/whole/synonym"),
        (
            "No pneumothorax. There is a pleural effusion.",
            "Pleural effusion",
            "text/mention/exact",
        ),
        (
            "The heart is normal. There is pneumonia in the left lung, as seen in many slices.",
            "Pneumonia",
            "text/mention/exact",
        ),
    ] {
        assert_eq!(closed(text), Ok((label.to_owned(), rule.to_owned())), "{text}");
    }
}

#[test]
fn what_fits_no_rule_has_its_kind() {
    for (text, kind) in [
        ("", Invalid::Empty),
        ("Final Answer: pneumonia and pneumothorax", Invalid::Ambiguous),
        ("There is pneumonia. There is a pneumothorax.", Invalid::Ambiguous),
        ("Final Answer: fracture", Invalid::OutOfSet),
        ("Final Answer: no pneumothorax", Invalid::OutOfSet),
        ("Final Answer: pneumoni", Invalid::OutOfSet),
        ("No pneumothorax is seen.", Invalid::Unparseable),
        ("Pneumonia is unlikely.", Invalid::Unparseable),
        ("It is unclear whether this is pneumonia.", Invalid::Unparseable),
        ("The lungs look odd.", Invalid::Unparseable),
        ("I cannot provide a diagnosis.", Invalid::Refusal),
        (
            "Die Aufnahme zeigt eine Verschattung und ist nicht normal.",
            Invalid::WrongLanguage,
        ),
        ("<think>pneumonia", Invalid::Truncated),
        ("Final Answer:", Invalid::Unparseable),
    ] {
        assert_eq!(closed(text), Err(kind), "{text}");
    }
    assert_eq!(closed(&"the ".repeat(300_000)), Err(Invalid::Loop));
    let cut = Said {
        complete: false,
        ..Said::whole("The lungs are")
    };
    let judge = judge(Task::Closed, &CHEST);
    assert_eq!(
        judge.judge(cut, &[]).verdict,
        Verdict::Invalid(Invalid::Truncated)
    );
    let failed = Said {
        invalid: Some(Invalid::Error),
        ..Said::whole("pneumonia")
    };
    assert_eq!(
        judge.judge(failed, &list(&["Pneumonia"])).verdict,
        Verdict::Invalid(Invalid::Error)
    );
}

#[test]
fn choices_are_letters_or_texts() {
    let judge = judge(Task::Choice, &["Pneumonia", "Pneumothorax", "Hepatitis B"]);
    let verdict = |text: &str| judge.judge(Said::whole(text), &list(&["Pneumothorax"])).verdict;
    for text in [
        "B",
        "(b)",
        "Answer: B) Pneumothorax",
        "Pneumothorax",
        "B, not A",
        "B\nA large one is seen on the left.",
    ] {
        assert_eq!(verdict(text), Verdict::Right, "{text}");
    }
    assert_eq!(verdict("Final Answer: hepatitis B"), Verdict::Wrong);
    assert_eq!(verdict("A"), Verdict::Wrong);
    assert_eq!(verdict("A and B"), Verdict::Invalid(Invalid::Ambiguous));
    assert_eq!(verdict("Answer: E"), Verdict::Invalid(Invalid::OutOfSet));
    assert_eq!(
        verdict("A heart of usual size is seen."),
        Verdict::Invalid(Invalid::Unparseable)
    );
    assert_eq!(verdict("not B"), Verdict::Invalid(Invalid::Unparseable));
}

#[test]
fn sides_are_compared_apart() {
    let judge = judge(Task::Open, &["left pleural effusion", "pneumonia"]);
    let judged = |text: &str| {
        let out = judge.judge(Said::whole(text), &list(&["left pleural effusion"]));
        (out.verdict, out.side_match)
    };
    assert_eq!(
        judged("Left-sided pleural effusion"),
        (Verdict::Right, Some(SideMatch::Same))
    );
    assert_eq!(
        judged("pleural effusion"),
        (Verdict::Right, Some(SideMatch::NotSaid))
    );
    assert_eq!(
        judged("Pleural effusion on the right"),
        (Verdict::Partial, Some(SideMatch::Other))
    );
    let closed = self::judge(Task::Closed, &["left effusion", "right effusion"]);
    let verdict = |text: &str| closed.judge(Said::whole(text), &list(&["left effusion"])).verdict;
    assert_eq!(verdict("Answer: a small left effusion"), Verdict::Right);
    assert_eq!(verdict("Answer: a small right effusion"), Verdict::Wrong);
    assert_eq!(
        verdict("Answer: a small effusion"),
        Verdict::Invalid(Invalid::Ambiguous)
    );
}

fn kinds(task: Task, finer: Finer) -> Judge {
    let mut rules = Rules::new(
        task,
        &list(&["pneumonia", "lung nodule", "lung opacity", "stroke"]),
    );
    rules.hierarchy = Hierarchy::read(
        "h",
        "child,parent\npneumonia,lung opacity\nlung nodule,lung opacity\nlobar pneumonia,pneumonia\n",
    )
    .unwrap();
    rules.finer = finer;
    Judge::new(rules)
}

#[test]
fn kinds_are_partly_right() {
    let open = kinds(Task::Open, Finer::Partial);
    let judged = |text: &str| {
        let out = open.judge(Said::whole(text), &list(&["pneumonia"]));
        (out.verdict, out.level)
    };
    for (text, verdict, level) in [
        ("Pneumonia.", Verdict::Right, Level::Exact),
        ("lung infection", Verdict::Right, Level::Synonym),
        ("lobar pneumonia", Verdict::Partial, Level::Descendant),
        ("lung opacity", Verdict::Partial, Level::Ancestor),
        ("pulmonary nodule", Verdict::Wrong, Level::Sibling),
        ("stroke", Verdict::Wrong, Level::Unrelated),
    ] {
        assert_eq!(judged(text), (verdict, Some(level)), "{text}");
    }
    let right = kinds(Task::Open, Finer::Right);
    assert_eq!(
        right
            .judge(Said::whole("lobar pneumonia"), &list(&["pneumonia"]))
            .verdict,
        Verdict::Right
    );
    let closed = kinds(Task::Closed, Finer::Partial);
    let out = closed.judge(Said::whole("Answer: lobar pneumonia"), &list(&["pneumonia"]));
    assert_eq!(
        (out.verdict, out.label.as_deref()),
        (Verdict::Partial, Some("pneumonia"))
    );
}

#[test]
fn an_open_answer_that_no_rule_decides_waits() {
    let judge = judge(
        Task::Open,
        &["giant hiatal hernia", "Paget disease of the sternum"],
    );
    let verdict = |text: &str, truth: &str| judge.judge(Said::whole(text), &list(&[truth])).verdict;
    for (text, truth) in [
        ("hiatal hernia", "giant hiatal hernia"),
        ("an odd thing of the chest wall", "giant hiatal hernia"),
        ("Final Answer: hiatal hernia or pneumonia", "giant hiatal hernia"),
        (
            "There are many things to see. The hernia is large. Also giant hiatal hernia may be named.",
            "giant hiatal hernia",
        ),
        ("Final Answer: pneumonia, not a hernia", "giant hiatal hernia"),
        ("pe", "pulmonary embolism"),
        (
            "Final Answer: something that mimics a giant hiatal hernia, mimicking it",
            "giant hiatal hernia",
        ),
        ("hiatal hernia", "a truth that no table knows"),
    ] {
        assert_eq!(verdict(text, truth), Verdict::Undecided, "{text}");
    }
    assert_eq!(
        verdict(
            "Final Answer: a giant hiatal hernia with volvulus seen",
            "giant hiatal hernia"
        ),
        Verdict::Undecided
    );
    assert_eq!(
        verdict("Final Answer: a huge, giant hiatal hernia", "giant hiatal hernia"),
        Verdict::Right
    );
    assert_eq!(
        verdict(
            "Osteitis deformans of the sternum",
            "Paget disease of the sternum"
        ),
        Verdict::Right
    );
    assert_eq!(verdict("stroke", "giant hiatal hernia"), Verdict::Wrong);
    assert_eq!(
        verdict("a truth that no table knows", "A truth, that no table knows."),
        Verdict::Right
    );
    assert_eq!(
        verdict("I cannot interpret images.", "giant hiatal hernia"),
        Verdict::Invalid(Invalid::Refusal)
    );
    assert_eq!(
        verdict(" ", "giant hiatal hernia"),
        Verdict::Invalid(Invalid::Empty)
    );
}

#[test]
fn a_clashing_abbreviation_is_marked_where_the_set_decides_and_waits_where_not() {
    let one = judge(Task::Closed, &["pulmonary embolism", "pneumonia"]);
    let out = one.judge(Said::whole("Answer: PE"), &list(&["pulmonary embolism"]));
    assert_eq!((out.verdict, out.clash), (Verdict::Right, true));
    let two = judge(Task::Closed, &["pulmonary embolism", "pleural effusion"]);
    let out = two.judge(Said::whole("Answer: PE"), &list(&["pulmonary embolism"]));
    assert_eq!(out.verdict, Verdict::Invalid(Invalid::Ambiguous));
    let mut rules = Rules::new(Task::Open, &list(&["pulmonary embolism"]));
    rules.synonyms = Synonyms::read("own", "term,synonym\npulmonary embolism,PE\n")
        .unwrap()
        .over(&Synonyms::radiology());
    let told = Judge::new(rules).judge(Said::whole("PE"), &list(&["pulmonary embolism"]));
    assert_eq!(
        (told.verdict, told.clash),
        (Verdict::Right, false),
        "a table of one's own says which"
    );
}

#[test]
fn closed_questions_are_yes_or_no() {
    let judge = judge(Task::YesNo, &["yes", "no"]);
    let said = |text: &str| {
        let out = judge.judge(Said::whole(text), &list(&["Yes"]));
        (out.verdict, out.hedged)
    };
    for text in [
        "Yes",
        "yes, there is.",
        "Answer: present",
        "There is a pneumothorax.",
        "{\"answer\": true}",
    ] {
        assert_eq!(said(text), (Verdict::Right, false), "{text}");
    }
    for text in [
        "No.",
        "no, it is not",
        "There is no pneumothorax.",
        "Not present",
        "Pneumothorax is not seen",
        "I cannot see a fracture.",
    ] {
        assert_eq!(said(text), (Verdict::Wrong, false), "{text}");
    }
    assert_eq!(said("Pneumonia cannot be excluded."), (Verdict::Right, true));
    for text in ["yes or no", "Yes/No", "No. On reflection: Yes."] {
        assert_eq!(said(text).0, Verdict::Invalid(Invalid::Ambiguous), "{text}");
    }
    for text in ["Not sure.", "Unclear", "The left lung"] {
        assert_eq!(said(text).0, Verdict::Invalid(Invalid::Unparseable), "{text}");
    }
    assert_eq!(said("A fracture is unlikely."), (Verdict::Wrong, true));
    assert_eq!(said("The left lung").0, Verdict::Invalid(Invalid::Unparseable));
    assert_eq!(
        said("I cannot read the image.").0,
        Verdict::Invalid(Invalid::Refusal)
    );
    let mut rules = Rules::new(Task::YesNo, &list(&["yes", "no"]));
    rules.hedge = Hedge::Undecided;
    let careful = Judge::new(rules);
    assert_eq!(
        careful
            .judge(Said::whole("Pneumonia cannot be excluded."), &list(&["yes"]))
            .verdict,
        Verdict::Undecided
    );
}

#[test]
fn a_differential_has_a_rank() {
    let judge = judge(
        Task::Differential,
        &[
            "sarcoidosis",
            "tuberculosis",
            "lung cancer",
            "stroke",
            "pneumonia",
            "gout",
            "appendicitis",
        ],
    );
    let judged = |text: &str, truth: &str| {
        let out = judge.judge(Said::whole(text), &list(&[truth]));
        (out.verdict, out.rank)
    };
    let text = "Final Answer:\n1. Bronchogenic carcinoma (mass)\n2. Lung cancer\n3. TB: cavities\n4. Sarcoid";
    assert_eq!(
        judged(text, "tuberculosis"),
        (Verdict::Right, Some(2)),
        "the same twice is one entry"
    );
    assert_eq!(judged(text, "sarcoidosis"), (Verdict::Right, Some(3)));
    assert_eq!(
        judged("Differential diagnosis: stroke, gout and sarcoidosis.", "gout"),
        (Verdict::Right, Some(2))
    );
    assert_eq!(
        judged("[\"stroke\", \"gout\"]", "gout"),
        (Verdict::Right, Some(2))
    );
    for text in [
        "Diagnosis: Stroke\nDifferential diagnoses:\n- Gout\n- Lung cancer",
        "1. **Stroke** – a\n2. **Gout** – b\n\nFinal Answer: stroke",
    ] {
        assert_eq!(judged(text, "gout"), (Verdict::Right, Some(2)), "{text}");
    }
    assert_eq!(judged("stroke, gout", "sarcoidosis"), (Verdict::Wrong, None));
    assert_eq!(
        judged("stroke, a thing unknown", "sarcoidosis"),
        (Verdict::Undecided, None)
    );
    let long = "lung cancer, stroke, pneumonia, gout, appendicitis, sarcoidosis";
    assert_eq!(
        judged(long, "sarcoidosis"),
        (Verdict::Wrong, Some(6)),
        "five entries count"
    );
    assert_eq!(
        judged("I cannot provide a diagnosis.", "gout").0,
        Verdict::Invalid(Invalid::Refusal)
    );
}

#[test]
fn the_record_names_rules_and_tables() {
    let judge = judge(Task::Closed, &CHEST);
    assert!(
        judge.version().starts_with("matching/1 radiology:"),
        "{}",
        judge.version()
    );
    let out = judge.judge(Said::whole("pneumonia"), &list(&["Pneumonia"]));
    let text = serde_json::to_string(&out).unwrap();
    assert!(
        text.contains(r#""verdict":"right","level":"exact","label":"Pneumonia""#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<Judgement>(&text).unwrap(), out);
}
