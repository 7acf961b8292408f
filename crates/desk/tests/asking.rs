//! Questions, checks and encoding ahead over the bundled model: stopped at once, behind one another, never told blind.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use overread_desk::{Cancel, Desk, DeskOptions};
use overread_phantom::dicom::{Samples, Window, Writer};
use serde_json::{Value, json};
use tempfile::TempDir;

/// From the wish to stop to the end of the job.
const STOP: Duration = Duration::from_millis(300);

struct Place {
    desk: Desk,
    model: PathBuf,
    set: String,
    _folder: TempDir,
}

impl Place {
    /// A desk with a series of `slices` and the bundled model.
    fn new(slices: u8) -> Self {
        let folder = TempDir::new().expect("a folder");
        let images = folder.path().join("images");
        std::fs::create_dir(&images).expect("a folder");
        for k in 0..slices {
            let bytes = (0..64 * 64_u32)
                .map(|i| (i * u32::from(k + 3) % 251) as u8)
                .collect();
            Writer::new(&format!("slice {k}"), 64, 64, Samples::U8(bytes))
                .series("one", usize::from(k) + 1)
                .windows(&[Window::new(128.0, 256.0, "")])
                .plane(
                    [0.0, 0.0, f64::from(k) * 5.0],
                    [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
                    [1.0, 1.0],
                )
                .write(&images.join(format!("{k}.dcm")))
                .expect("written");
        }
        let model = folder.path().join("model");
        overread_phantom::checkpoint::write_random_model(&model, 1).expect("a model");
        let desk = Desk::open(DeskOptions {
            home: folder.path().join("home"),
            ..DeskOptions::default()
        });
        let opened = json!({"folder": desk.handle(&images)});
        desk.start("open", opened, &|_| {}, &Cancel::default())
            .expect("a scan");
        let studies = desk.call("studies", json!({})).expect("studies");
        let set = studies[0]["display_sets"][0]["id"]
            .as_str()
            .expect("a set")
            .to_owned();
        Self {
            desk,
            model,
            set,
            _folder: folder,
        }
    }

    fn question(&self, form: &str, slices: &str, options: Value) -> Value {
        json!({
            "display_set": self.set, "slices": slices, "preprocess": "display/1", "window": null,
            "model": self.desk.handle(&self.model), "template": "", "prompt": "Which finding is present?",
            "form": form, "labels": if form == "open" { json!([]) } else { json!(["normal", "nodule"]) },
            "seed": 0, "temperature": 1.0, "max_new_tokens": 4000, "options": options,
        })
    }

    fn check(&self, reading: &str) -> Value {
        json!({"question": self.question("labels", "all", Value::Null), "reading": reading})
    }

    fn set(&self, name: &str, value: Value) {
        let mut settings = self.call("app_state", json!({}))["settings"].clone();
        settings[name] = value;
        self.call("set_settings", settings);
    }

    fn call(&self, operation: &str, arguments: Value) -> Value {
        self.desk
            .call(operation, arguments)
            .unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    fn events(&self, job: &str, arguments: Value) -> Vec<Value> {
        let events = Mutex::new(Vec::new());
        let take = |event: Value| events.lock().expect("no panic").push(event);
        self.desk
            .start(job, arguments, &take, &Cancel::default())
            .expect("a job");
        events.into_inner().expect("no panic")
    }

    /// Runs a job, stops it at its first event of that name, and gives the last event and how long stopping took.
    fn stopped(&self, job: &str, arguments: Value, at: &str) -> (Value, Duration) {
        let cancel = Cancel::default();
        let asked = Mutex::new(None::<Instant>);
        let last = Mutex::new(Value::Null);
        let take = |event: Value| {
            let mut asked = asked.lock().expect("no panic");
            if event["event"] == at && asked.is_none() {
                *asked = Some(Instant::now());
                cancel.cancel();
            }
            *last.lock().expect("no panic") = event;
        };
        self.desk.start(job, arguments, &take, &cancel).expect("a job");
        let end = Instant::now();
        let begun = asked
            .into_inner()
            .expect("no panic")
            .unwrap_or_else(|| panic!("{job} never came to {at}"));
        (last.into_inner().expect("no panic"), end - begun)
    }
}

fn last(events: &[Value]) -> &Value {
    events.last().expect("an event")
}

#[test]
fn every_job_stops_at_once() {
    let place = Place::new(4);
    place.set("encode_ahead", json!(true));
    let open = place.question("open", "all", json!({"samples": 8}));
    let encode = json!({"display_set": place.set, "model": place.desk.handle(&place.model), "slices": "all"});
    for (job, arguments, at) in [
        ("ask", open.clone(), "vision"),
        ("ask", open, "token"),
        ("looking", place.check(""), "asking"),
        ("which_slices", place.check(""), "asking"),
        ("recipes", place.check(""), "asking"),
        ("encode", encode, "encoded"),
    ] {
        let (last, took) = place.stopped(job, arguments, at);
        assert_eq!(
            (&last["event"], &last["code"]),
            (&json!("failed"), &json!("cancelled")),
            "{job} at {at}: {last}"
        );
        assert!(took < STOP, "{job} at {at} took {took:?}");
    }
}

#[test]
fn checks_are_kept_with_their_reading() {
    let place = Place::new(4);
    let events = place.events("ask", place.question("labels", "all", Value::Null));
    let reading = last(&events);
    assert_eq!(reading["event"], "done", "{reading}");
    let id = reading["id"].as_str().expect("an id");
    assert_eq!(reading["asked"]["slices"], "all");
    for job in ["looking", "which_slices", "recipes"] {
        let events = place.events(job, place.check(id));
        let check = last(&events);
        assert_eq!(
            (&check["event"], &check["kind"]),
            (&json!("done"), &json!(job)),
            "{check}"
        );
    }
    let case = place.call("case", json!({"display_set": place.set}));
    let checks = case["readings"][0]["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), 3);
    assert_eq!(checks[0]["looking"]["answers"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        checks[0]["looking"]["missing"].as_array().map(Vec::len),
        Some(1),
        "no other patient is open"
    );
    let groups = checks[1]["which_slices"]["groups"].as_array().expect("groups");
    let slices: Vec<&Value> = groups
        .iter()
        .flat_map(|g| g["slices"].as_array().expect("slices"))
        .collect();
    assert_eq!(
        slices,
        [&json!(1), &json!(2), &json!(3), &json!(4)],
        "every slice is in one group"
    );
}

#[test]
fn blind_reading_is_told_nothing_of_a_check() {
    let place = Place::new(3);
    place.set("blind", json!(true));
    let asked = place.events("ask", place.question("labels", "all", Value::Null));
    assert_eq!(last(&asked)["event"], "withheld");
    for job in ["looking", "which_slices", "recipes"] {
        let events = place.events(job, place.check(""));
        assert_eq!(last(&events)["event"], "withheld", "{job}");
        let told = json!(events).to_string();
        assert!(
            !told.contains("probabilit") && !told.contains("nodule"),
            "{job}: {told}"
        );
    }
    let mut sampled = place.question("open", "2", json!({"samples": 2, "p_true": true}));
    sampled["max_new_tokens"] = json!(3);
    let events = place.events("ask", sampled);
    assert!(
        events
            .iter()
            .all(|e| e["event"] != "token" && e["event"] != "thought"),
        "{events:?}"
    );
    let case = place.call("case", json!({"display_set": place.set}));
    assert_eq!(case["readings"], json!([]));
}

#[test]
fn encoding_ahead_is_allowed_first_and_spares_the_question_the_pictures() {
    let place = Place::new(3);
    let wish = json!({"display_set": place.set, "model": place.desk.handle(&place.model), "preprocess": "display/1", "slices": "all"});
    let events = place.events("encode", wish.clone());
    assert_eq!(last(&events)["code"], "encode.off");
    place.set("encode_ahead", json!(true));
    let events = place.events("encode", wish);
    assert_eq!(
        last(&events),
        &json!({"event": "done", "pictures": 3}),
        "{events:?}"
    );
    let info = place.call("add_model", json!(place.desk.handle(&place.model)));
    assert_eq!(info["loaded"], true, "{info}");
}

#[test]
fn two_questions_share_the_model_and_a_third_waits_for_its_own() {
    let place = Place::new(2);
    let mut open = place.question("open", "1", Value::Null);
    open["max_new_tokens"] = json!(40);
    let scored = place.question("labels", "2", Value::Null);
    let exact = place.question(
        "labels",
        "2",
        json!({"precision": "q8_0", "device": "", "adapters": [], "merge_adapters": false}),
    );
    let ends: Vec<Value> = std::thread::scope(|scope| {
        let jobs: Vec<_> = [open, scored, exact]
            .into_iter()
            .map(|question| scope.spawn(|| last(&place.events("ask", question)).clone()))
            .collect();
        jobs.into_iter()
            .map(|job| job.join().expect("no panic"))
            .collect()
    });
    for end in &ends {
        assert_eq!(end["event"], "done", "{end}");
    }
    let precision = |end: &Value| {
        let lines = end["provenance"].as_array().expect("lines");
        lines.iter().find(|l| l[0] == "precision").map(|l| l[1].clone())
    };
    assert_eq!(precision(&ends[1]), Some(json!("f32")));
    assert_eq!(precision(&ends[2]), Some(json!("q8_0")));
}

#[test]
fn a_model_is_used_as_its_options_say() {
    let place = Place::new(1);
    let model = json!(place.desk.handle(&place.model));
    let before = place.call("add_model", model.clone());
    assert_eq!(
        (&before["precision"], &before["precision_chosen"]),
        (&json!("f32"), &json!(false))
    );
    let after = place.call(
        "set_model_options",
        json!({"model": model, "precision": "bf16", "device": "cpu"}),
    );
    assert_eq!(
        (&after["precision"], &after["precision_chosen"]),
        (&json!("bf16"), &json!(true))
    );
    let plan = place.call("plan_question", place.question("labels", "1", Value::Null));
    assert_eq!(plan["precision"], "bf16");
    assert!(
        plan["estimate"]["measured"] == false && plan["refusal"].is_null(),
        "{plan}"
    );
    let end = last(&place.events("ask", place.question("labels", "1", Value::Null))).clone();
    assert_eq!(end["event"], "done", "{end}");
    let again = place.call("plan_question", place.question("labels", "1", Value::Null));
    assert_eq!(again["estimate"]["measured"], true, "{again}");
    assert_eq!(again["estimate"]["load"], 0.0, "it is in memory");
    let refused = place.desk.call(
        "set_model_options",
        json!({"model": model, "precision": null, "device": "abacus"}),
    );
    assert_eq!(refused.map_err(|e| e.code), Err("model.device".to_owned()));
}
