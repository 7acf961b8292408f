//! Tuning on a case set's own split: what stops is taken up, what is judged is what is read, what cannot be learned is
//! refused.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use overread_desk::op::evaluation::{folder, run as runs};
use overread_desk::op::make::{Phantoms, phantoms};
use overread_desk::op::tune::folder::read;
use overread_desk::op::tune::options::{Best, ScheduleName, Target};
use overread_desk::op::tune::{TuneOptions, TuneSettings, run};
use overread_desk::wire::tuning::{TuneDone, TuneEstimate, TuneEvent};
use overread_desk::{Cancel, Desk, DeskOptions, Failure};
use serde_json::Value;
use tempfile::TempDir;

/// Every fifth case judges, every fifth is kept apart.
const SPLITS: [&str; 5] = ["train", "train", "train", "validation", "test"];

struct Place(TempDir);

/// The bundled model.
fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/overread-phantom")
}

impl Place {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn desk(&self) -> Desk {
        Desk::open(DeskOptions {
            home: self.path("home"),
            ..DeskOptions::default()
        })
    }

    /// Phantoms of two findings, one of which the bundled model never saw; `words` of the question and `truth` of a case
    /// by its label.
    fn set(&self, n: usize, words: &str, truth: &dyn Fn(&str) -> String) -> PathBuf {
        let wish = Phantoms {
            n,
            seed: 5,
            findings: vec!["normal".to_owned(), "bulla".to_owned()],
            ..Phantoms::default()
        };
        let cases = self.path("cases");
        if !cases.exists() {
            phantoms(&cases, &wish, &|_, _| true).expect("phantoms");
        }
        let table = std::fs::read_to_string(cases.join("truth.csv")).expect("a table");
        let mut text = format!("format = \"overread-case-set/1\"\nname = \"made\"\n\n[question]\n{words}\n");
        for (i, line) in table.lines().skip(1).enumerate() {
            let cells: Vec<&str> = line.split(',').collect();
            let (name, label, slice) = (cells[0], cells[2], cells[6]);
            text += &format!(
                "\n[[cases]]\nid = \"{name}\"\npatient = \"p-{name}\"\nsplit = \"{}\"\n\
                 images = [{{ path = \"cases/{name}\", slices = \"{slice}\" }}]\n{}\n",
                SPLITS[i % 5],
                truth(label)
            );
        }
        let path = self.path("set.toml");
        std::fs::write(&path, text).expect("a set");
        path
    }

    fn closed(&self, n: usize) -> PathBuf {
        let words = "task = \"closed\"\nlabels = [\"normal\", \"bulla\"]";
        self.set(n, words, &|label| format!("truth.labels = [\"{label}\"]"))
    }

    fn options(&self, set: &Path, out: &str, settings: TuneSettings) -> TuneOptions {
        TuneOptions {
            case_set: set.to_path_buf(),
            model: model(),
            out: self.path(out),
            settings,
            ..TuneOptions::default()
        }
    }
}

fn few() -> TuneSettings {
    TuneSettings {
        steps: 12,
        batch: 6,
        rate: 4e-3,
        judge_every: 4,
        schedule: ScheduleName::Linear,
        patience: 0,
        ..TuneSettings::default()
    }
}

fn tune(desk: &Desk, options: &TuneOptions) -> Result<Option<TuneDone>, Failure> {
    run::tune(desk, options, &|_| {}, &Cancel::default())
}

/// Tunes until `stop` says so.
fn stopped(desk: &Desk, options: &TuneOptions, stop: &(dyn Fn(&TuneEvent) -> bool + Sync)) -> Failure {
    let cancel = Cancel::default();
    let heard = |event: TuneEvent| {
        if stop(&event) {
            cancel.cancel();
        }
    };
    run::tune(desk, options, &heard, &cancel).expect_err("stopped")
}

fn bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("adapter_model.safetensors")).expect("an adapter")
}

/// Answers by case: label and probabilities.
fn answers(path: &Path) -> Vec<(String, Value, Value)> {
    let text = std::fs::read_to_string(path).expect("answers");
    let mut all: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line"))
        .map(|line| {
            let case = line["case"].as_str().unwrap_or_default().to_owned();
            (case, line["label"].clone(), line["probabilities"].clone())
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn what_was_stopped_goes_on_to_the_same_bytes_and_reads_as_it_was_judged() {
    let place = Place::new();
    let desk = place.desk();
    let set = place.closed(40);
    let whole = place.options(&set, "whole", few());
    let done = tune(&desk, &whole).expect("tuned").expect("an adapter");
    assert_eq!(done.steps, 12);

    let parts = place.options(&set, "parts", few());
    let at =
        |n: u32| move |event: &TuneEvent| matches!(event, TuneEvent::Step { step, .. } if step.step == n);
    assert_eq!(
        stopped(&desk, &parts, &at(2)).code,
        "cancelled",
        "before anything was kept"
    );
    assert_eq!(
        stopped(&desk, &parts, &at(6)).code,
        "cancelled",
        "between two judgements"
    );
    let judging = |event: &TuneEvent| matches!(event, TuneEvent::Preparing { what, .. } if what.contains("after step 8"));
    assert_eq!(
        stopped(&desk, &parts, &judging).code,
        "cancelled",
        "while it judges"
    );
    let kept = read(&place.path("parts")).expect("a record");
    assert!(kept.ending.is_none() && kept.history.steps.len() >= 4);
    let resumed = Mutex::new(0);
    let heard = |event: TuneEvent| {
        if let TuneEvent::Resumed { steps, .. } = event {
            *resumed.lock().expect("a lock") = steps.len();
        }
    };
    let again = run::tune(&desk, &parts, &heard, &Cancel::default())
        .expect("tuned")
        .expect("an adapter");
    assert_eq!(
        *resumed.lock().expect("a lock"),
        8,
        "what stops a judgement costs no step"
    );
    assert_eq!(bytes(&place.path("whole")), bytes(&place.path("parts")));
    assert_eq!(
        (&done.base, &done.tuned, done.best),
        (&again.base, &again.tuned, again.best)
    );
    let both = ["whole", "parts"].map(|name| read(&place.path(name)).expect("a record").history);
    assert_eq!(both[0], both[1], "every step and judgement");
    assert!(
        !place.path("parts").join("state").exists(),
        "what only a run needs is gone"
    );

    // Judged is read: an evaluation with the adapter gives the very answers.
    let mut text = std::fs::read_to_string(&set).expect("a set");
    let reader = format!(
        "[[readers]]\nid = \"tuned\"\nmodel = {:?}\nadapters = [\"whole\"]\ntuning = \"tuned\"\n\
         tuned_on = \"whole/tuned-on.txt\"\nsettings = {{ precision = {:?} }}\n\n[[cases]]",
        model().display().to_string(),
        kept.base.precision
    );
    text = text.replacen("[[cases]]", &reader, 1);
    std::fs::write(&set, text).expect("a set");
    let validation = answers(&place.path("whole").join("validation/tuned.jsonl"));
    let options = runs::RunOptions {
        case_set: set.clone(),
        only: validation.iter().map(|(case, ..)| case.clone()).collect(),
        ..runs::RunOptions::default()
    };
    runs::read_all(&desk, &options, &|_| {}, &Cancel::default()).expect("read");
    assert_eq!(answers(&folder::answers(&folder::of(&set))), validation);
}

#[test]
fn it_learns_says_by_what_and_leaves_the_base_alone() {
    let place = Place::new();
    let desk = place.desk();
    let set = place.closed(60);
    let settings = TuneSettings {
        steps: 30,
        batch: 12,
        judge_every: 10,
        targets: vec!["all-linear".to_owned()],
        best: Best::Figure,
        ..few()
    };
    let before = std::fs::read(model().join("model.safetensors")).expect("weights");
    let judged = Mutex::new(Vec::new());
    let heard = |event: TuneEvent| {
        if let TuneEvent::Judged(one) = event {
            judged.lock().expect("a lock").push(*one);
        }
    };
    let options = place.options(&set, "adapter", settings);
    let done = run::tune(&desk, &options, &heard, &Cancel::default())
        .expect("tuned")
        .expect("an adapter");
    let judged = judged.into_inner().expect("judgements");
    assert_eq!(judged.iter().map(|j| j.step).collect::<Vec<_>>(), [0, 10, 20, 30]);
    let losses: Vec<f64> = judged.iter().filter_map(|j| j.loss).collect();
    assert!(losses[3] < 0.3 * losses[0], "{losses:?}");
    let accuracy = |figures: &[overread_desk::wire::tuning::Figure]| {
        let figure = figures.first().expect("a figure");
        assert_eq!(figure.key, "accuracy");
        assert!(figure.low.is_some() && figure.high.is_some(), "with its interval");
        figure.value.expect("a value")
    };
    assert!(
        accuracy(&done.tuned) >= accuracy(&done.base) + 0.2,
        "{:?} {:?}",
        done.base[0],
        done.tuned[0]
    );
    assert_eq!(done.comparison.expect("a pair").n, 12);
    assert_eq!(
        std::fs::read(model().join("model.safetensors")).expect("weights"),
        before
    );
    let card = std::fs::read_to_string(place.path("adapter/README.md")).expect("a card");
    let record = read(&place.path("adapter")).expect("a record");
    for part in [
        record.data.learned_sha256.as_str(),
        record.base.weights_sha256.as_str(),
        "36 cases of 36 patients",
        "12 cases of 12 patients",
        "rank 16",
        "Licence",
        "Research use only",
    ] {
        assert!(card.contains(part), "{part}: {card}");
    }
    let patients = std::fs::read_to_string(place.path("adapter/tuned-on.txt")).expect("patients");
    assert_eq!(patients.lines().count(), 48, "those of both splits and no other");
    let config = std::fs::read_to_string(place.path("adapter/adapter_config.json")).expect("a config");
    assert!(config.contains("vision_tower"), "the tower was tuned too");
    // The same command once more has nothing to do.
    let began = std::fs::metadata(place.path("adapter/tuning.json"))
        .and_then(|m| m.modified())
        .expect("a time");
    let again = tune(&desk, &options).expect("done before").expect("an adapter");
    assert_eq!(again.best, done.best);
    assert_eq!(
        std::fs::metadata(place.path("adapter/tuning.json"))
            .and_then(|m| m.modified())
            .expect("a time"),
        began
    );
}

#[test]
fn every_task_that_can_be_learned_is_learned_by_its_own_answer() {
    let place = Place::new();
    let desk = place.desk();
    let settings = || TuneSettings {
        steps: 2,
        batch: 4,
        judge_every: 2,
        ..few()
    };
    type Truth = fn(&str) -> String;
    let tasks: [(&str, &str, Truth); 4] = [
        ("yes_no", "labels = [\"bulla\", \"effusion\"]", |label| {
            let present = if label == "bulla" { "present" } else { "absent" };
            // Each label needs a case of either kind.
            let other = if label == "bulla" { "absent" } else { "present" };
            format!("truth.states = {{ bulla = \"{present}\", effusion = \"{other}\" }}")
        }),
        ("choice", "", |label| {
            format!("options = [\"normal\", \"bulla\"]\ntruth.answers = [\"{label}\"]")
        }),
        ("open", "labels = [\"normal\", \"bulla\"]", |label| {
            format!("truth.labels = [\"{label}\"]")
        }),
        ("vqa", "", |label| {
            let answer = if label == "bulla" { "yes" } else { "no" };
            format!("question = \"Is there a bulla?\"\ntruth.answers = [\"{answer}\"]")
        }),
    ];
    for (task, words, truth) in tasks {
        let set = place.set(10, &format!("task = \"{task}\"\n{words}"), &truth);
        let done = tune(&desk, &place.options(&set, task, settings()));
        let done = done
            .unwrap_or_else(|error| panic!("{task}: {error:?}"))
            .expect("an adapter");
        let record = read(&place.path(task)).expect("a record");
        let each = if task == "yes_no" { 12 } else { 6 };
        assert_eq!(record.data.learned, [6, 6, each], "{task}");
        assert!(!done.tuned.is_empty(), "{task}");
    }
    let findings =
        |label: &str| format!("truth.labels = [\"{label}\"]\ntruth.findings = \"There is {label}.\"");
    let set = place.set(
        10,
        "task = \"closed\"\nlabels = [\"normal\", \"bulla\"]",
        &findings,
    );
    let words = TuneSettings {
        target: Target::Findings,
        ..settings()
    };
    let done = tune(&desk, &place.options(&set, "findings", words))
        .expect("tuned")
        .expect("an adapter");
    assert!(done.tuned.is_empty(), "words are judged by their loss alone");
    let record = read(&place.path("findings")).expect("a record");
    assert!(record.history.judgements[0].score < 0.0);
}

#[test]
fn what_cannot_be_learned_is_refused_in_words_and_leaves_nothing() {
    let place = Place::new();
    let desk = place.desk();
    let set = place.closed(10);
    let refused = |options: &TuneOptions, code: &str| {
        let error = tune(&desk, options).expect_err(code);
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.message.len() > 10, "{error:?}");
        assert!(!options.out.join("state").exists(), "{code}");
    };
    let plain = place.options(&set, "out", few());
    refused(
        &TuneOptions {
            split: "nowhere".to_owned(),
            ..plain.clone()
        },
        "tuning.split",
    );
    let wrong = |change: fn(&mut TuneSettings)| {
        let mut settings = few();
        change(&mut settings);
        TuneOptions {
            settings,
            ..plain.clone()
        }
    };
    refused(
        &wrong(|s| s.targets = vec!["nothing".to_owned()]),
        "tuning.settings",
    );
    refused(&wrong(|s| s.rank = 0), "tuning.settings");
    refused(&wrong(|s| s.batch = 0), "tuning.settings");
    refused(
        &TuneOptions {
            out: place.path("cases"),
            ..plain.clone()
        },
        "tuning.folder",
    );
    refused(
        &TuneOptions {
            model: place.path("cases"),
            ..plain.clone()
        },
        "model.unusable",
    );
    let boxes = place.set(10, "task = \"boxes\"\nlabels = [\"bulla\"]", &|_| String::new());
    refused(
        &TuneOptions {
            case_set: boxes,
            ..plain.clone()
        },
        "tuning.task",
    );
    // A patient on both sides of the line.
    let set = place.closed(10);
    let text = std::fs::read_to_string(&set)
        .expect("a set")
        .replace("p-case-0004", "p-case-0001");
    std::fs::write(&set, text).expect("a set");
    refused(&plain, "tuning.leak");
    assert!(!plain.out.exists());

    // Another run's folder is not written over.
    place.closed(10);
    let short = TuneOptions {
        settings: TuneSettings {
            steps: 1,
            batch: 2,
            ..few()
        },
        ..plain.clone()
    };
    tune(&desk, &short).expect("tuned");
    let kept = bytes(&short.out);
    refused(&plain, "tuning.other_run");
    assert_eq!(bytes(&short.out), kept);

    // A dry run writes nothing and tells what it would be.
    let told = Mutex::new(None::<TuneEstimate>);
    let heard = |event: TuneEvent| {
        if let TuneEvent::Estimated(estimate) = event {
            *told.lock().expect("a lock") = Some(*estimate);
        }
    };
    let dry = TuneOptions {
        dry_run: true,
        out: place.path("dry"),
        ..plain
    };
    assert!(
        run::tune(&desk, &dry, &heard, &Cancel::default())
            .expect("checked")
            .is_none()
    );
    let told = told.into_inner().expect("a lock").expect("an estimate");
    assert_eq!((told.cases, told.validation, told.steps), (6, 2, 12));
    assert!(told.memory_bytes > 0 && told.learned > 0 && told.tokens > 64);
    assert!(!place.path("dry").exists());
}

#[test]
fn a_run_goes_on_while_its_set_gets_readers_and_its_card_tells_nobodys_history() {
    let place = Place::new();
    let desk = place.desk();
    let words = "task = \"closed\"\nlabels = [\"normal\", \"bulla\"]";
    let set = place.set(20, words, &|label| {
        format!("context = \"Mr Example, 54, smokes.\"\ntruth.labels = [\"{label}\"]")
    });
    // A relative folder is relative to where the command is given, not to the case set.
    let here = std::env::current_dir().expect("a folder");
    let up = "../".repeat(here.components().count() - 1);
    let out = place.path("out");
    let relative = Path::new(&up).join(out.strip_prefix("/").expect("from the root"));
    let options = TuneOptions {
        out: relative,
        ..place.options(&set, "out", few())
    };
    let at = |event: &TuneEvent| matches!(event, TuneEvent::Step { step, .. } if step.step == 4);
    assert_eq!(stopped(&desk, &options, &at).code, "cancelled");
    let text = std::fs::read_to_string(&set).expect("a set");
    let reader = format!(
        "[[readers]]\nid = \"tuned\"\nmodel = {:?}\nadapters = [\"out\"]\ntuned_on = \"out/tuned-on.txt\"\n\n[[cases]]",
        model().display().to_string()
    );
    std::fs::write(&set, text.replacen("[[cases]]", &reader, 1)).expect("a set");
    let done = tune(&desk, &options).expect("goes on").expect("an adapter");
    assert_eq!(done.steps, 12);
    assert!(out.join("adapter_model.safetensors").is_file());
    for name in ["README.md", "tuning.json"] {
        let text = std::fs::read_to_string(out.join(name)).expect("a file");
        assert!(
            !text.contains("Mr Example") && text.contains("{context}"),
            "{name}"
        );
    }

    let text = std::fs::read_to_string(&set).expect("a set");
    let listed = text.replacen(
        "[[readers]]",
        "[settings.options]\npermutations = 3\n\n[[readers]]",
        1,
    );
    std::fs::write(&set, listed).expect("a set");
    let other = place.options(&set, "listed", few());
    assert_eq!(tune(&desk, &other).expect_err("refused").code, "tuning.task");
}
