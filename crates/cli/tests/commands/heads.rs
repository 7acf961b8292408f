//! `tune head`: learned from a case set, read and scored like any reader, the same again, and refused where splits leak.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::overread::{Place, text, words};

/// Volumes of made patients, two slices of each: the first and the last of the volume. A tiny MedSigLIP of
/// random weights: its embeddings are random features of the pictures, which are enough to tell these apart.
struct Study {
    place: Place,
    patients: Vec<String>,
}

/// Label and slice.
const SLICES: [(&str, &str); 2] = [("apex", "1"), ("base", "20")];

impl Study {
    fn new(patients: usize) -> Self {
        let place = Place::new();
        place.phantoms(patients, true);
        overread_phantom::checkpoint::write_siglip_model(&place.path("model"), 1).expect("a model");
        let mut patients: Vec<String> = fs::read_dir(place.path("cases"))
            .expect("a folder")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_dir())
            .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
            .collect();
        patients.sort();
        Self { place, patients }
    }

    /// Writes a case set: the truth of a label, and the split of a patient (and slice) by its place.
    fn set(
        &self,
        name: &str,
        question: &str,
        truth: &dyn Fn(&str) -> String,
        split: &dyn Fn(usize, &str) -> &'static str,
    ) -> PathBuf {
        let mut toml = format!(
            "format = \"overread-case-set/1\"\nname = \"chests\"\n[question]\n{question}\n[truth]\nsource = \"generator\"\n"
        );
        for (k, patient) in self.patients.iter().enumerate() {
            for (label, slice) in SLICES {
                toml.push_str(&format!(
                    "[[cases]]\nid = \"{patient}-{label}\"\npatient = \"p{k}\"\nsplit = \"{}\"\n\
                     images = [{{ path = \"cases/{patient}\", slices = \"{slice}\" }}]\n{}\n",
                    split(k, label),
                    truth(label)
                ));
            }
        }
        let path = self.place.path(name);
        fs::write(&path, toml).expect("a file");
        path
    }

    fn closed(&self, name: &str) -> PathBuf {
        self.set(name, CLOSED, &one, &apart)
    }

    fn tune(&self, set: &Path, out: &str, more: &[&str]) -> Output {
        let (model, out) = (self.place.path("model"), self.place.path(out));
        let arguments = [
            "tune",
            "head",
            text(set),
            "--model",
            text(&model),
            "--out",
            text(&out),
            "--json",
        ];
        self.place.run(&[&arguments[..], more].concat())
    }

    fn tuned(&self, set: &Path, out: &str, more: &[&str]) -> Value {
        let output = self.tune(set, out, more);
        assert!(output.status.success(), "{}", words(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn refused(&self, set: &Path, out: &str, more: &[&str]) -> String {
        let output = self.tune(set, out, more);
        assert_eq!(output.status.code(), Some(1), "{}", words(&output));
        assert!(!self.place.path(out).exists(), "nothing is written");
        words(&output)
    }

    fn files(&self, out: &str) -> BTreeMap<&'static str, Vec<u8>> {
        ["head.json", "head.safetensors", "README.md"]
            .into_iter()
            .map(|name| {
                let bytes = fs::read(self.place.path(out).join(name)).expect("a file");
                (name, bytes)
            })
            .collect()
    }

    /// Adds lines of readers to a set, under another name.
    fn with_readers(&self, set: &Path, name: &str, readers: &[&Value]) -> PathBuf {
        let mut toml = fs::read_to_string(set).expect("a set");
        for reader in readers {
            toml.push_str(reader["reader"].as_str().expect("lines of a reader"));
        }
        let path = self.place.path(name);
        fs::write(&path, toml).expect("a file");
        path
    }
}

const CLOSED: &str = "task = \"closed\"\nlabels = [\"apex\", \"base\"]";
const EACH: &str = "task = \"yes_no\"\nlabels = [\"apex\", \"base\"]";

fn one(label: &str) -> String {
    format!("truth.labels = [\"{label}\"]")
}

/// Of every six patients three are learned, one chooses, two are held back.
fn apart(patient: usize, _: &str) -> &'static str {
    ["train", "validation", "train", "test", "train", "test"][patient % 6]
}

#[test]
fn heads_are_learned_read_as_readers_and_score_better_than_chance() {
    let study = Study::new(30);
    let set = study.closed("set.toml");
    let linear = study.tuned(&set, "linear", &[]);
    let mlp = study.tuned(&set, "mlp", &["--kind", "mlp", "--seed", "5"]);
    assert_eq!(
        (&linear["learned"]["cases"], &linear["validation"]["patients"]),
        (&30.into(), &5.into()),
        "{linear}"
    );
    assert_eq!(linear["figures"][0]["name"], "accuracy");
    assert!(
        linear["figures"][0]["interval"][1].as_f64() > Some(0.5),
        "{linear}"
    );
    // The same again gives the same bytes, from what was embedded before.
    study.tuned(&set, "again", &["--kind", "mlp", "--seed", "5"]);
    assert_eq!(study.files("mlp"), study.files("again"));

    let both = study.with_readers(&set, "read.toml", &[&linear, &mlp]);
    // Two slices of one volume are told as the same images; nothing is wrong with the heads, and no split leaks.
    let checked = study.place.run(&["eval", "check", text(&both), "--json"]);
    let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let keys: Vec<&str> = found["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|finding| finding["key"].as_str())
        .collect();
    assert!(
        keys.contains(&"same_instance")
            && keys
                .iter()
                .all(|key| key.starts_with("same_") || *key == "similar_pixels"),
        "{keys:?}"
    );
    let run = study.place.json(&["eval", "run", text(&both), "--json"]);
    assert_eq!((&run["read"], &run["errors"]), (&120.into(), &0.into()), "{run}");
    let held_back: Vec<usize> = (0..30).filter(|k| apart(*k, "") == "test").collect();
    let mut truth = "case,label,patient\n".to_owned();
    for k in &held_back {
        for (label, _) in SLICES {
            truth.push_str(&format!("{}-{label},{label},p{k}\n", study.patients[*k]));
        }
    }
    let (table, answers) = (
        study.place.path("truth.csv"),
        study.place.path("read.run/answers.jsonl"),
    );
    fs::write(&table, truth).expect("a file");
    let scored = study.place.json(&[
        "eval",
        "score",
        "--answers",
        text(&answers),
        "--truth",
        text(&table),
    ]);
    for reader in ["linear", "mlp"] {
        let figures = &scored["readers"][reader];
        assert_eq!(figures["n"], 20, "{scored}");
        let low = figures["ci"]["accuracy"]["wilson"][0]
            .as_f64()
            .expect("an interval");
        assert!(low > 0.5, "{reader}: {figures}");
    }
    let line = fs::read_to_string(&answers).expect("answers");
    assert!(line.contains("softmax of a linear probe over 2 labels, uncalibrated"));
    assert!(line.contains("softmax of an MLP head over 2 labels, uncalibrated"));

    // At the desk the same head gives the same probabilities.
    let (image, model, head) = (
        study.place.path("cases").join(&study.patients[3]),
        study.place.path("model"),
        study.place.path("linear"),
    );
    let start = [
        "ask",
        text(&image),
        "--model",
        text(&model),
        "--head",
        text(&head),
        "--json",
    ];
    let asked = study.place.json(&[&start[..], &["--slices", "1"]].concat());
    let recorded: Value = line
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .find(|line: &Value| line["case"] == format!("{}-apex", study.patients[3]).as_str())
        .expect("an answer");
    assert_eq!(asked["probabilities"], recorded["probabilities"]);
    let sha256 = linear["sha256"].as_str().expect("a hash");
    let provenance = asked["provenance"]["head"].as_str().expect("a head");
    assert!(provenance.contains(sha256), "{provenance}");
    for (more, word) in [
        (&["--labels", "apex,base,both"][..], "head's own labels"),
        (&["--yesno", "apex,base"], "head's own labels"),
        (&["--open", "--prompt", "What is it?"], "scores labels"),
        (&["--preprocess", "display/1"], "ct-windows/1"),
        (&["--pad-to-square"], "padded"),
    ] {
        let output = study.place.run(&[&start[..], more].concat());
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        assert!(words(&output).contains(word), "{more:?}: {}", words(&output));
    }

    // Another model of the same shape is another model; a damaged head is none.
    let other = study.place.path("other");
    overread_phantom::checkpoint::write_siglip_model(&other, 2).expect("a model");
    let output = study.place.run(&[
        "ask",
        text(&image),
        "--model",
        text(&other),
        "--head",
        text(&head),
    ]);
    assert!(
        words(&output).contains("trained on another model"),
        "{}",
        words(&output)
    );
    let tensors = head.join("head.safetensors");
    let mut bytes = fs::read(&tensors).expect("tensors");
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(&tensors, bytes).expect("written");
    let output = study.place.run(&start);
    assert!(words(&output).contains("no file of a head"), "{}", words(&output));
    let checked = study.place.run(&["eval", "check", text(&both)]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("reader linear"));
}

#[test]
fn labels_of_their_own_have_areas_and_patients_fold_without_a_validation_split() {
    let study = Study::new(12);
    let states = |label: &str| {
        let other = if label == "apex" { "base" } else { "apex" };
        format!("truth.states = {{ {label} = \"present\", {other} = \"absent\" }}")
    };
    let set = study.set("each.toml", EACH, &states, &apart);
    let found = study.tuned(&set, "each", &["--cross-validate"]);
    assert_eq!(found["validation"], Value::Null);
    assert_eq!(found["chosen"]["folds"], 5, "{found}");
    let names: Vec<&str> = found["figures"]
        .as_array()
        .expect("figures")
        .iter()
        .filter_map(|figure| figure["name"].as_str())
        .collect();
    assert_eq!(names, ["auc", "accuracy", "auc", "accuracy"]);
    let read = study.with_readers(&set, "read.toml", &[&found]);
    study.place.done(&["eval", "run", text(&read)]);
    let line = fs::read_to_string(study.place.path("read.run/answers.jsonl")).expect("answers");
    assert!(line.contains("sigmoid of each label of a linear probe, uncalibrated"));
    // A head for each label does not answer a question for one of them.
    let closed = study.with_readers(&study.closed("closed.toml"), "wrong.toml", &[&found]);
    let output = study.place.run(&["eval", "run", text(&closed)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words(&output).contains("yes or no for apex, base"),
        "{}",
        words(&output)
    );
}

#[test]
fn what_leaks_or_cannot_be_learned_is_refused() {
    let study = Study::new(12);
    // The base of each chest is learned, its apex held back: one person on both sides.
    let leaky = study.set("leaky.toml", CLOSED, &one, &|_, label| {
        if label == "base" { "train" } else { "test" }
    });
    assert!(
        study.refused(&leaky, "a", &[]).contains("apex"),
        "a label without cases"
    );
    let leaky = study.set("leaky.toml", CLOSED, &one, &|k, label| match (k % 2, label) {
        (0, "base") | (1, "apex") => "train",
        _ => "test",
    });
    let told = study.refused(&leaky, "b", &[]);
    assert!(told.contains("Patients are in several splits"), "{told}");
    let set = study.closed("set.toml");
    let told = study.refused(&set, "c", &["--split", "learn"]);
    assert!(
        told.contains("no split learn") && told.contains("train (12)"),
        "{told}"
    );
    let open = study.set("open.toml", "task = \"open\"", &one, &apart);
    assert!(study.refused(&open, "d", &[]).contains("one label of a list"));
    let demo = study.place.path("demo");
    overread_phantom::checkpoint::write_random_model(&demo, 1).expect("a model");
    let out = study.place.path("e");
    let output = study.place.run(&[
        "tune",
        "head",
        text(&set),
        "--model",
        text(&demo),
        "--out",
        text(&out),
    ]);
    assert!(words(&output).contains("MedSigLIP"), "{}", words(&output));
}
