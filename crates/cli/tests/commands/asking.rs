//! `ask` with all that can be asked, and one check from the terminal, the window's door and the test server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;

use overread_desk::{Cancel, Desk, DeskOptions};
use serde_json::{Value, json};

use crate::overread::{Place, text, words};

fn model(place: &Place) -> std::path::PathBuf {
    let folder = place.path("model");
    overread_phantom::checkpoint::write_random_model(&folder, 1).expect("a model");
    folder
}

/// A study of its own in each folder.
fn cases(place: &Place) -> (std::path::PathBuf, String) {
    let cases = place.phantoms(2, true);
    let index = place.json(&["index", text(&cases), "--json"]);
    let sets = index["display_sets"].as_array().expect("display sets");
    let set = sets.iter().find(|s| s["volume"] == true).expect("a volume");
    let id = set["id"].as_str().expect("an id").to_owned();
    (cases, id)
}

/// A place with cases, the id of a volume among them, and a model.
fn ready() -> (Place, std::path::PathBuf, String, std::path::PathBuf) {
    let place = Place::new();
    let (cases, set) = cases(&place);
    let model = model(&place);
    (place, cases, set, model)
}

fn ask(place: &Place, cases: &Path, set: &str, model: &Path, more: &[&str]) -> Value {
    let mut arguments = vec![
        "ask",
        text(cases),
        "--display-set",
        set,
        "--model",
        text(model),
        "--json",
        "--prompt",
        "Which finding is present?",
    ];
    arguments.extend(more);
    place.json(&arguments)
}

fn sum(value: &Value) -> f64 {
    value
        .as_object()
        .expect("labels")
        .values()
        .filter_map(Value::as_f64)
        .sum()
}

#[test]
fn labels_are_compared_as_asked_and_the_record_says_how() {
    let (place, cases, set, model) = ready();
    let labels = ["--labels", "normal,nodule,effusion"];
    let plain = ask(&place, &cases, &set, &model, &labels);
    assert_eq!(plain["confidence_kind"], "softmax over 3 labels, uncalibrated");
    assert!((sum(&plain["probabilities"]) - 1.0).abs() < 1e-9);
    let mean = ask(
        &place,
        &cases,
        &set,
        &model,
        &[&labels[..], &["--normalise", "mean"]].concat(),
    );
    for (a, b) in plain["labels"]
        .as_array()
        .expect("labels")
        .iter()
        .zip(mean["labels"].as_array().expect("labels"))
    {
        assert_eq!(a["mean"], b["mean"], "the same likelihoods");
        assert_eq!(a["probability"], a["probability_by_sum"]);
        assert_eq!(b["probability"], b["probability_by_mean"]);
    }
    let more = ["--pmi", "grey", "--permute", "2", "--none-of-these"];
    let all = ask(&place, &cases, &set, &model, &[&labels[..], &more].concat());
    assert_eq!(
        all["labels"].as_array().map(Vec::len),
        Some(4),
        "none of these is a label"
    );
    assert_eq!(all["labels"][3]["label"], "none of these");
    assert!(all["labels"][0]["without_content"].is_f64());
    let record = &all["provenance"]["comparison"];
    assert_eq!(record["orders"].as_array().map(Vec::len), Some(2), "{record}");
    for key in [
        "weights",
        "tokenizer",
        "adapter",
        "precision",
        "device",
        "engine",
        "resize",
        "part order",
        "instances",
        "pictures",
        "prompt",
        "prompt tokens",
        "question",
        "preprocessing",
    ] {
        assert!(all["provenance"][key].is_string(), "{key} is missing");
    }
    let list = ask(&place, &cases, &set, &model, &["--yesno", "nodule,effusion"]);
    assert!(list["confidence"].is_null());
    assert_eq!(
        list["probabilities"].as_object().map(serde_json::Map::len),
        Some(2)
    );
}

#[test]
fn open_answers_are_sampled_voted_on_and_doubted() {
    let (place, cases, set, model) = ready();
    let drawn = [
        "--open",
        "--sample",
        "1.0,20,0.9",
        "--seed",
        "4",
        "--max-tokens",
        "6",
    ];
    let once = ask(&place, &cases, &set, &model, &drawn);
    let again = ask(&place, &cases, &set, &model, &drawn);
    assert_eq!(once["text"], again["text"], "a seed draws the same");
    assert!(once["tokens"]["generated"].as_u64().is_some_and(|n| n <= 6));
    assert_eq!(
        once["shown"].as_array().map(Vec::len),
        once["tokens"]["generated"].as_u64().map(|n| n as usize)
    );
    let voted = ask(
        &place,
        &cases,
        &set,
        &model,
        &[
            "--open",
            "--max-tokens",
            "4",
            "--samples",
            "3",
            "--p-true",
            "--boxes",
            "--pad-to-square",
        ],
    );
    assert_eq!(voted["samples"]["of"], 3);
    assert!(
        voted["confidence_kind"]
            .as_str()
            .is_some_and(|k| k.contains("3 sampled answers"))
    );
    assert_eq!(voted["provenance"]["framing"], "padded to a square with black");
}

#[test]
fn what_cannot_be_asked_is_said() {
    let (place, cases, set, model) = ready();
    let start = [
        "ask",
        text(&cases),
        "--display-set",
        &set,
        "--model",
        text(&model),
        "--prompt",
        "Which?",
    ];
    for (more, code, said) in [
        (vec!["--sample", "warm"], 2, "T,K,P"),
        (
            vec!["--labels", "a,b", "--pmi", "grey", "--calibrate", "none"],
            2,
            "--calibrate",
        ),
        (vec!["--open", "--device", "abacus"], 1, "no device abacus"),
        (vec!["--open", "--adapter", "/nowhere"], 1, "adapter"),
        (
            vec!["--labels", "a,b", "--temperature-file", "/nowhere.json"],
            1,
            "is not there",
        ),
    ] {
        let output = place.run(&[&start[..], &more].concat());
        assert_eq!(output.status.code(), Some(code), "{more:?}: {}", words(&output));
        assert!(words(&output).contains(said), "{more:?}: {}", words(&output));
    }
}

#[test]
fn models_are_listed_with_what_is_known_of_them() {
    let place = Place::new();
    let model = model(&place);
    place.done(&["model", "add", text(&model)]);
    let list = place.json(&["model", "list", "--json"]);
    let rows = list["models"].as_array().expect("models");
    assert_eq!(rows.len(), 2, "the added one and the bundled one");
    assert_eq!(rows[0]["path"], text(&model));
    assert_eq!(rows[0]["precision"], "f32", "a small model is held exactly");
    let known = list["known"].as_array().expect("known models");
    let missing = known
        .iter()
        .find(|m| m["id"] == "medgemma-1.5-4b-it")
        .expect("a known model");
    assert_eq!(missing["state"], "not_here");
    let guidance = missing["guidance"].to_string();
    assert!(
        guidance.contains("google/medgemma-1.5-4b-it") && guidance.contains("downloads nothing"),
        "{guidance}"
    );
    place.done(&["model", "add", text(&model), "--remove"]);
    let list = place.json(&["model", "list", "--json"]);
    assert_eq!(list["models"].as_array().map(Vec::len), Some(1));
    let check = place.json(&["model", "check", text(&model), "--json"]);
    for precision in ["f32", "bf16", "q8_0", "q4_k"] {
        assert!(
            check["memory_bytes"][precision].as_u64().is_some_and(|b| b > 0),
            "{precision}"
        );
    }
}

/// `overread serve`, ended with the test.
struct Server {
    child: Child,
    host: String,
    token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    fn new(place: &Place, home: &str, cases: &Path, model: &Path) -> Self {
        let mut child = place
            .command()
            .args(["serve", "--page", text(&place.path("none"))])
            .env("OVERREAD_HOME", place.path(home))
            .env("OVERREAD_PICK_FOLDER", cases)
            .env("OVERREAD_PICK_MODEL", model)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        let out = child.stdout.take().expect("an output");
        BufReader::new(out).read_line(&mut line).expect("an address");
        let rest = line.trim().strip_prefix("http://").expect("an address");
        let (host, query) = rest.split_once('/').expect("a path");
        let token = query.rsplit_once("token=").expect("a token").1.to_owned();
        Self {
            child,
            host: host.to_owned(),
            token,
        }
    }

    /// Lines of the answer's body.
    fn post(&self, path: &str, body: &Value) -> Vec<Value> {
        let mut stream = TcpStream::connect(&self.host).expect("a connection");
        let body = body.to_string();
        let request = format!(
            "POST /api/{path}?token={}&id=1 HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            self.host,
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        body.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

#[test]
fn a_check_is_the_same_from_the_terminal_the_window_and_the_server() {
    let (place, cases, set, model) = ready();
    let labels = ["normal", "nodule"];
    let by_terminal = ask(
        &place,
        &cases,
        &set,
        &model,
        &[
            "--labels",
            &labels.join(","),
            "--slices",
            "2",
            "--looking",
            "--recipes",
        ],
    );
    let spec = |handle: Value| {
        json!({
            "question": {
                "display_set": set, "slices": "2", "preprocess": "", "window": null, "model": handle,
                "template": "", "prompt": "Which finding is present?", "form": "labels", "labels": labels,
                "seed": 0, "temperature": 0.0, "max_new_tokens": 0,
            },
            "reading": "",
        })
    };
    let done = |events: &[Value]| -> Value {
        let last = events.iter().rfind(|e| e["event"] == "done");
        last.cloned().unwrap_or_else(|| panic!("{events:?}"))
    };

    let desk = Desk::open(DeskOptions {
        home: place.path("window"),
        ..DeskOptions::default()
    });
    let events = Mutex::new(Vec::<Value>::new());
    let take = |event: Value| events.lock().expect("no panic").push(event);
    let cancel = Cancel::default();
    desk.start("open", json!({"folder": desk.handle(&cases)}), &take, &cancel)
        .expect("a scan");
    let mut by_window = Vec::new();
    for job in ["looking", "recipes"] {
        desk.start(job, spec(json!(desk.handle(&model))), &take, &cancel)
            .expect("a check");
        let check = done(&events.lock().expect("no panic"));
        // Over text and back as the others came: reading a number may turn its last digit.
        by_window.push(serde_json::from_str::<Value>(&check.to_string()).expect("JSON"));
    }

    let server = Server::new(&place, "served", &cases, &model);
    let folder = server.post("pick/folder", &Value::Null).remove(0);
    server.post("start/open", &json!({"folder": folder}));
    let handle = server.post("pick/model", &Value::Null).remove(0);
    for (job, window) in ["looking", "recipes"].into_iter().zip(&by_window) {
        let served = done(&server.post(&format!("start/{job}"), &spec(handle.clone())));
        assert_eq!(served[job], window[job], "{job}");
        assert_eq!(by_terminal[job]["verdict"], window[job]["verdict"], "{job}");
        let pairs = by_terminal[job]["answers"]
            .as_array()
            .zip(window[job]["answers"].as_array());
        let (terminal, page) = pairs.expect("answers");
        assert_eq!(terminal.len(), page.len(), "{job}");
        for (told, sent) in terminal.iter().zip(page) {
            assert_eq!(told["shift"], sent["shift"], "{job}");
            assert_eq!(told["label"], sent["label"], "{job}");
            for row in sent["probabilities"].as_array().expect("rows") {
                let label = row["label"].as_str().expect("a label");
                assert_eq!(told["probabilities"][label], row["probability"], "{job} {label}");
            }
        }
        assert!(window[job].is_object(), "{window}");
    }
    let looks = by_terminal["looking"]["answers"].as_array().expect("answers");
    assert_eq!(
        looks.len(),
        4,
        "blank, noise, mirrored and the other patient's: {looks:?}"
    );
}

#[test]
fn an_earlier_examination_goes_before() {
    let (place, cases, set, model) = ready();
    let prior = place.path("before");
    place.done(&["phantom", "--out", text(&prior), "--n", "1", "--seed", "9"]);
    let told = ask(
        &place,
        &cases,
        &set,
        &model,
        &["--labels", "a,b", "--slices", "1", "--prior", text(&prior)],
    );
    let before = told["provenance"]["earlier images"].as_str();
    assert!(before.is_some_and(|uids| uids.contains('#')), "{told}");
    assert!(
        told["provenance"]["prompt"]
            .as_str()
            .is_some_and(|p| p.matches("<start_of_image>").count() == 2),
        "{told}"
    );
}

#[test]
fn a_check_that_cannot_be_made_is_refused_before_anything_is_asked() {
    let (place, cases, set, model) = ready();
    for (more, sentence) in [
        (
            &["--which-slices"][..],
            "Ask about more slices, or leave this check out.",
        ),
        (&["--recipes", "nonsense"], "There is no preprocessing nonsense."),
    ] {
        let mut arguments = vec![
            "ask",
            text(&cases),
            "--display-set",
            &set,
            "--model",
            text(&model),
        ];
        arguments.extend(["--labels", "a,b", "--slices", "1"]);
        arguments.extend(more);
        let output = place.run(&arguments);
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        let said = words(&output);
        assert!(said.contains(sentence), "{said}");
        assert!(!said.contains("looking at picture"), "{said}");
    }
}
