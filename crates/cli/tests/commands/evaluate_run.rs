//! `eval run` and `eval merge`: every task, a kill at any moment, order, parts, settings, readers that fail.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::overread::{Place, text, words};

pub(crate) const CLOSED: &str = "task = \"closed\"\nlabels = [\"normal\", \"nodule\", \"pleural effusion\"]";

/// A study, a model, and a case set over them.
pub(crate) struct Study {
    pub(crate) place: Place,
    /// Paths of the images, relative to the place.
    images: Vec<String>,
}

impl Study {
    pub(crate) fn new(cases: usize) -> Self {
        let place = Place::new();
        place.phantoms(cases, false);
        overread_phantom::checkpoint::write_random_model(&place.path("model"), 1).expect("a model");
        let table = std::fs::read_to_string(place.path("cases/truth.csv")).expect("a table");
        let mut rows = table.lines();
        let head: Vec<&str> = rows.next().expect("a head").split(',').collect();
        let at = head.iter().position(|h| *h == "path").expect("paths");
        let images = rows
            .map(|row| format!("cases/{}", row.split(',').nth(at).expect("a path")))
            .collect();
        Self { place, images }
    }

    /// Writes a case set; `readers` and more lines of each case as TOML.
    pub(crate) fn set(
        &self,
        name: &str,
        question: &str,
        readers: &str,
        more: &dyn Fn(usize) -> String,
    ) -> PathBuf {
        let order: Vec<usize> = (0..self.images.len()).collect();
        self.set_in(name, question, readers, more, &order)
    }

    fn set_in(
        &self,
        name: &str,
        question: &str,
        readers: &str,
        more: &dyn Fn(usize) -> String,
        order: &[usize],
    ) -> PathBuf {
        let mut toml =
            format!("format = \"overread-case-set/1\"\nname = \"t\"\n[question]\n{question}\n{readers}\n");
        for k in order {
            let image = &self.images[*k];
            toml.push_str(&format!(
                "[[cases]]\nid = \"case-{k}\"\npatient = \"p{k}\"\nsplit = \"{}\"\n{}\n[[cases.images]]\npath = \"{image}\"\n",
                if k % 2 == 0 { "validation" } else { "test" },
                more(*k)
            ));
        }
        let path = self.place.path(name);
        std::fs::write(&path, toml).expect("a file");
        path
    }

    pub(crate) fn run(&self, set: &Path, more: &[&str]) -> Value {
        let arguments = [&["eval", "run", text(set), "--json"], more].concat();
        self.place.json(&arguments)
    }
}

pub(crate) fn local(id: &str) -> String {
    format!("[[readers]]\nid = \"{id}\"\nkind = \"local\"\nmodel = \"model\"\n")
}

fn truth(k: usize) -> String {
    format!(
        "truth = {{ labels = [\"{}\"] }}",
        if k.is_multiple_of(2) { "normal" } else { "nodule" }
    )
}

pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Lines by reader, case and arm, without their times.
fn timeless(path: &Path) -> BTreeMap<(String, String, String), String> {
    let word = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let mut out = BTreeMap::new();
    for mut line in lines(path) {
        for key in ["at", "seconds"] {
            line.as_object_mut().expect("an object").remove(key);
        }
        let place = (word(&line, "reader"), word(&line, "case"), word(&line, "arm"));
        assert_eq!(
            out.insert(place, line.to_string()),
            None,
            "nothing is answered twice"
        );
    }
    out
}

#[test]
fn a_run_that_is_killed_goes_on_and_ends_as_one_that_is_not() {
    let study = Study::new(4);
    let readers = local("a") + &local("b") + "settings = { seed = 7 }\n";
    let set = study.set("set.toml", CLOSED, &readers, &truth);
    let (whole, killed) = (study.place.path("whole"), study.place.path("killed"));
    let done = study.run(&set, &["--run", text(&whole)]);
    assert_eq!(
        (&done["read"], &done["kept"], &done["errors"]),
        (&json!(8), &json!(0), &json!(0)),
        "{done}"
    );
    let expected = timeless(&whole.join("answers.jsonl"));
    assert_eq!(expected.len(), 8);

    // Killed later and later, until one came through.
    let mut kills = 0;
    for k in 0..200_u64 {
        let mut child = study
            .place
            .command()
            .args(["eval", "run", text(&set), "--run", text(&killed)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        std::thread::sleep(Duration::from_millis(40 + k * 173));
        if child.try_wait().expect("a status").is_some() {
            break;
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        kills += 1;
        let file = killed.join("answers.jsonl");
        if k % 2 == 1 && file.exists() {
            // A line that broke off, as a crash of the machine may leave one.
            let mut bytes = std::fs::read(&file).expect("a file");
            bytes.extend_from_slice(b"{\"case\":\"case-0\",\"rea");
            std::fs::write(&file, bytes).expect("a file");
        }
    }
    let last = study.run(&set, &["--run", text(&killed)]);
    assert_eq!(
        last["kept"].as_u64().unwrap_or(0) + last["read"].as_u64().unwrap_or(0),
        8
    );
    assert!(kills > 0, "it was killed at least once");
    assert_eq!(timeless(&killed.join("answers.jsonl")), expected);
    let again = study.run(&set, &["--run", text(&killed)]);
    assert_eq!(
        (&again["read"], &again["kept"]),
        (&json!(0), &json!(8)),
        "nothing is repeated"
    );
    let audit = study.place.json(&["audit", "verify", "--json"]);
    assert_eq!(audit["fault"], Value::Null);
}

#[test]
fn parts_in_any_order_make_the_same_whole_and_other_settings_are_refused() {
    let study = Study::new(4);
    let set = study.set("set.toml", CLOSED, &local("a"), &truth);
    let run = study.place.path("set.run");
    study.run(&set, &[]);
    let whole = timeless(&run.join("answers.jsonl"));

    let turned = study.set_in("turned.toml", CLOSED, &local("a"), &truth, &[3, 2, 1, 0]);
    study.run(&turned, &[]);
    assert_eq!(
        timeless(&study.place.path("turned.run/answers.jsonl")),
        whole,
        "order does not matter"
    );

    for k in ["1", "2"] {
        study.run(
            &set,
            &["--shard", &format!("{k}/2"), "--run", text(&study.place.path(k))],
        );
    }
    let (one, two, out) = (
        study.place.path("1"),
        study.place.path("2"),
        study.place.path("out"),
    );
    let merge = [
        "eval",
        "merge",
        text(&one),
        text(&two),
        "--out",
        text(&out),
        "--json",
    ];
    assert_eq!(study.place.json(&merge)["answers"], 4);
    assert_eq!(timeless(&out.join("answers.jsonl")), whole);
    assert_eq!(
        study.run(&set, &["--run", text(&out)])["kept"],
        4,
        "the whole goes on as a run"
    );

    // Another seed: named when it goes on, and when it is put together.
    let other = study.set(
        "other.toml",
        CLOSED,
        &(local("a") + "settings = { seed = 9 }\n"),
        &truth,
    );
    let refused = study
        .place
        .run(&["eval", "run", text(&other), "--run", text(&one)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        words(&refused).contains("seed (0 before, 9 now)"),
        "{}",
        words(&refused)
    );
    let three = study.place.path("3");
    study.run(&other, &["--run", text(&three), "--only", "case-1"]);
    let mixed = study.place.run(&[
        "eval",
        "merge",
        text(&one),
        text(&three),
        "--out",
        text(&study.place.path("m")),
    ]);
    assert_eq!(mixed.status.code(), Some(1));
    assert!(words(&mixed).contains("seed ("), "{}", words(&mixed));
    let again = study.run(&other, &["--run", text(&one), "--again", "--limit", "1"]);
    assert_eq!(again["read"], 1, "asked again when told so");
}

#[test]
fn every_task_is_answered_and_no_prompt_tells_the_answer() {
    let study = Study::new(2);
    let labels = "labels = [\"normal\", \"nodule\"]";
    let own = |k: usize| {
        format!(
            "question = \"Is it large?\"\noptions = [\"yes\", \"no\", \"unsure\"]\ncontext = \"A cough.\"\n\
             truth = {{ labels = [\"{}\"], answers = [\"yes\"] }}",
            if k == 0 { "normal" } else { "nodule" }
        )
    };
    for (task, more) in [
        ("yes_no", labels),
        ("choice", ""),
        ("open", ""),
        ("vqa", ""),
        ("boxes", labels),
    ] {
        let question = format!("task = \"{task}\"\n{more}");
        let readers = local("a") + "settings = { max_new_tokens = 8 }\n";
        let set = study.set(&format!("{task}.toml"), &question, &readers, &own);
        let done = study.run(&set, &[]);
        assert_eq!(
            (&done["read"], &done["errors"]),
            (&json!(2), &json!(0)),
            "{task}: {done}"
        );
        for line in lines(&study.place.path(&format!("{task}.run/answers.jsonl"))) {
            let prompt = line["prompt"].as_str().expect("a prompt");
            for secret in ["case-", "cases/", ".dcm", "validation", "p0", "p1"] {
                assert!(!prompt.contains(secret), "{task}: {prompt}");
            }
            assert!(prompt.contains("Is it large?"), "{task}: {prompt}");
            match task {
                "yes_no" => assert_eq!(
                    line["probabilities"].as_object().map(serde_json::Map::len),
                    Some(2)
                ),
                "choice" => {
                    let said = line["label"].as_str().expect("a label");
                    assert!(
                        ["yes", "no", "unsure"].contains(&said),
                        "an option, not its letter: {said}"
                    );
                    assert!(prompt.contains("B: no\n"), "{prompt}");
                }
                _ => assert!(line["text"].is_string(), "{task}: {line}"),
            }
        }
    }
}

#[test]
fn a_pipeline_reasons_from_findings_and_its_arms_are_told_apart() {
    let study = Study::new(2);
    let readers = local("eye")
        + "settings = { max_new_tokens = 6, temperature = 1.0, seed = 3 }\n\
           [[readers]]\nid = \"two\"\nkind = \"pipeline\"\nmodel = \"model\"\n\
           findings = { reader = \"eye\", arms = [\"own\", \"none\", \"truth\", \"other\"] }\n";
    let more = |k: usize| {
        let findings = if k == 0 {
            ", findings = \"Clear lungs, truly.\""
        } else {
            ""
        };
        format!("truth = {{ labels = [\"normal\"]{findings} }}")
    };
    let set = study.set("set.toml", CLOSED, &readers, &more);
    let done = study.run(&set, &["--readers", "two"]);
    assert_eq!(
        (&done["read"], &done["errors"]),
        (&json!(9), &json!(0)),
        "2 findings, 2 + 2 + 1 + 2 answers: {done}"
    );
    let run = study.place.path("set.run");
    let counts = lines(&run.join("answers.jsonl"));
    assert_eq!(counts.len(), 2);
    let stages = lines(&run.join("stages.jsonl"));
    let first: BTreeMap<&str, &str> = stages
        .iter()
        .filter(|line| line["stage"] == "findings")
        .map(|line| {
            (
                line["case"].as_str().expect("a case"),
                line["text"].as_str().expect("a text"),
            )
        })
        .collect();
    assert_eq!(first.len(), 2);
    assert!(
        first.values().any(|text| !text.is_empty()),
        "something was written: {first:?}"
    );
    let arm = |name: &str, case: &str| {
        let mut found = stages
            .iter()
            .filter(|line| line["arm"] == name && line["case"] == case);
        found.next().cloned().unwrap_or_default()
    };
    for line in &counts {
        let case = line["case"].as_str().expect("a case");
        assert_eq!(
            line["findings"].as_str(),
            first.get(case).copied(),
            "both stages stand in the line"
        );
        assert_eq!(line["arm"], Value::Null);
    }
    assert_eq!(arm("none", "case-0")["findings"], Value::Null);
    assert!(
        !arm("none", "case-0")["prompt"]
            .as_str()
            .expect("a prompt")
            .contains("Findings:")
    );
    assert_eq!(
        arm("other", "case-0")["findings"].as_str(),
        first.get("case-1").copied()
    );
    assert_eq!(arm("truth", "case-0")["findings"], "Clear lungs, truly.");
    assert_eq!(
        arm("truth", "case-1"),
        Value::Null,
        "without true findings there is no ceiling"
    );
    let again = study.run(&set, &["--readers", "two"]);
    assert_eq!((&again["read"], &again["kept"]), (&json!(0), &json!(9)));
}

#[test]
fn what_fails_fails_alone() {
    let study = Study::new(3);
    let readers =
        "[[readers]]\nid = \"none\"\nkind = \"local\"\nmodel = \"nowhere\"\n".to_owned() + &local("a");
    let set = study.set("set.toml", CLOSED, &readers, &truth);
    let image = study.place.path(&study.images[1]);
    if image.is_dir() {
        std::fs::remove_dir_all(&image).expect("removed");
    }
    std::fs::write(&image, b"no image").expect("a file");
    let output = study.place.run(&["eval", "run", text(&set), "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let done: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(done["readers"][0]["failed"]["message"].is_string(), "{done}");
    assert_eq!(
        (&done["readers"][1]["read"], &done["readers"][1]["errors"]),
        (&json!(3), &json!(1))
    );
    assert!(
        words(&output).contains("Not all readers could read: none."),
        "{}",
        words(&output)
    );
    let all = lines(&study.place.path("set.run/answers.jsonl"));
    let failed = all
        .iter()
        .find(|line| line["invalid"] == "error")
        .expect("an error");
    assert_eq!(failed["case"], "case-1");
    let why = failed["error"].as_str().expect("a sentence");
    assert!(!why.contains("cases/") && !why.is_empty(), "{why}");
    // The error stands until it is asked again.
    let kept = study
        .place
        .run(&["eval", "run", text(&set), "--readers", "a", "--json"]);
    let kept: Value = serde_json::from_slice(&kept.stdout).expect("JSON");
    assert_eq!((&kept["read"], &kept["errors"]), (&json!(0), &json!(1)));
    let again = study.run(&set, &["--readers", "a", "--again"]);
    assert_eq!((&again["read"], &again["kept"]), (&json!(1), &json!(2)));
    for (arguments, word) in [
        (vec!["--readers", "zed"], "no reader zed"),
        (vec!["--only", "zed"], "no case zed"),
        (vec!["--shard", "4/3"], "no part 4 of 3"),
    ] {
        let output = study
            .place
            .run(&[&["eval", "run", text(&set)], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(words(&output).contains(word), "{}", words(&output));
    }
}

#[test]
fn a_calibration_is_written_for_the_very_question_and_used() {
    let study = Study::new(8);
    // Half of the validation cases are made right, so that there is something to fit.
    let blind = study.set("set.toml", CLOSED, &local("a"), &|_| String::new());
    study.run(&blind, &[]);
    let said: BTreeMap<String, String> = lines(&study.place.path("set.run/answers.jsonl"))
        .iter()
        .map(|line| {
            let word = |key: &str| line[key].as_str().expect("a word").to_owned();
            (word("case"), word("label"))
        })
        .collect();
    let labels = ["normal", "nodule", "pleural effusion"];
    let known = |k: usize| {
        let own = &said[&format!("case-{k}")];
        let other = labels.iter().find(|l| *l != own).expect("another");
        let truth = if k.is_multiple_of(4) { own.as_str() } else { other };
        format!("truth = {{ labels = [\"{truth}\"] }}")
    };
    let set = study.set("set.toml", CLOSED, &local("a"), &known);
    assert_eq!(
        study.run(&set, &[])["kept"],
        8,
        "truths may change: the answers stand"
    );
    let file = study.place.path("t.json");
    let calibrate = [
        "eval",
        "calibrate",
        text(&set),
        "--reader",
        "a",
        "--split",
        "validation",
        "--kind",
    ];
    let done = study
        .place
        .json(&[&calibrate[..], &["temperature", "--out", text(&file), "--json"]].concat());
    let t = done["fitted"]["t"].as_f64().expect("a temperature");
    assert_eq!(done["fitted"]["n"], 4);
    let image = study.place.path(&study.images[0]);
    let model = study.place.path("model");
    let plain = [
        "ask",
        text(&image),
        "--model",
        text(&model),
        "--labels",
        "normal,nodule,pleural effusion",
        "--json",
    ];
    let before = study.place.json(&plain);
    let after = study
        .place
        .json(&[&plain[..], &["--calibration", text(&file)]].concat());
    assert!(
        after["confidence_kind"]
            .as_str()
            .expect("a kind")
            .contains("calibrated on 4 cases"),
        "{}",
        after["confidence_kind"]
    );
    // As fitted: odds to the power of 1 / t.
    let odds = |answer: &Value| {
        let p = |label: &str| answer["probabilities"][label].as_f64().expect("a probability");
        (p("nodule") / p("normal")).ln()
    };
    assert!(
        (odds(&after) - odds(&before) / t).abs() < 1e-6,
        "{} {} {t}",
        odds(&after),
        odds(&before)
    );
    let wrong = study
        .place
        .run(&[&calibrate[..], &["platt", "--out", text(&file)]].concat());
    assert_eq!(wrong.status.code(), Some(1));
    let none = [
        "eval",
        "calibrate",
        text(&set),
        "--reader",
        "a",
        "--split",
        "train",
        "--kind",
        "temperature",
    ];
    let none = study.place.run(&[&none[..], &["--out", text(&file)]].concat());
    assert!(
        words(&none).contains("No case is in the split train."),
        "{}",
        words(&none)
    );
}

#[test]
fn a_decision_has_a_reason_and_is_kept() {
    let study = Study::new(2);
    let recorded = "[[readers]]\nid = \"r\"\nkind = \"recorded\"\nanswers = \"r.jsonl\"\n";
    let answers = [
        json!({"case": "case-0", "reader": "r", "text": "Something of the stomach in the chest."}),
        json!({"case": "case-1", "reader": "r", "text": "Final Answer: normal"}),
    ];
    let file: String = answers.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(study.place.path("r.jsonl"), file).expect("a file");
    let truth =
        |_: usize| "truth = { labels = [\"hiatal hernia\"], answers = [\"hiatal hernia\"] }".to_owned();
    let set = study.set("set.toml", "task = \"open\"", recorded, &truth);
    let decide = ["eval", "decide", text(&set), "--case", "case-0", "--reader", "r"];
    let without = study.place.run(&[&decide[..], &["--verdict", "right"]].concat());
    assert_eq!(without.status.code(), Some(2), "a verdict has a reason");
    let more = [
        "--verdict",
        "right",
        "--label",
        "hiatal hernia",
        "--why",
        "the same in other words",
        "--json",
    ];
    study.place.json(&[&decide[..], &more].concat());
    let kept = lines(&study.place.path("set.run/decisions.jsonl"));
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (&kept[0]["verdict"], &kept[0]["who"]),
        (&json!("right"), &json!("reader"))
    );
    assert!(
        kept[0]["answer_hash"]
            .as_str()
            .expect("a hash")
            .starts_with("sha256:")
    );
    let listed = study
        .place
        .json(&["eval", "decide", text(&set), "--list", "--json"]);
    assert!(listed["waiting"].is_array());
    assert_eq!(
        study.place.json(&["audit", "verify", "--json"])["fault"],
        Value::Null
    );
}
