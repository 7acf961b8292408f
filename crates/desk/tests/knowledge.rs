//! The bundled model knows phantoms only. On these a quiet line stands beside its answer and its calibration holds; on the
//! very same pixels of another maker it answers under a plain warning, uncalibrated.

use std::path::{Path, PathBuf};

use overread_desk::op::{ask, bundled, case, open, report};
use overread_desk::wire::question::{QuestionOptions, QuestionSpec};
use overread_desk::wire::reading::{AnswerForm, Reading};
use overread_desk::{Cancel, Desk, DeskOptions};
use overread_phantom::{Case, Finding, LABELS, Options};
use tempfile::TempDir;

const MANUFACTURER: (u16, u16) = (0x0008, 0x0070);
const QUESTION: &str = "Which finding is present?";
const MEANS_NOTHING: &str = "This model knows made phantoms only. On this study its answer means nothing.";

struct Place {
    desk: Desk,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let desk = Desk::open(DeskOptions {
            home: folder.path().join("home"),
            ..DeskOptions::default()
        });
        Self { desk, folder }
    }

    /// A made effusion in a folder of its own, as it is or by another maker; and the slice of the finding.
    fn effusion(&self, name: &str, maker: Option<&str>) -> (PathBuf, usize) {
        let out = self.folder.path().join(name);
        std::fs::create_dir(&out).expect("a folder");
        let options = Options {
            finding: Some(Finding::Effusion),
            ..Options::small()
        };
        // Of two makers are two patients.
        let case = Case::generate(if maker.is_some() { 22 } else { 21 }, &options);
        for (k, mut file) in case.ct_files(1).into_iter().enumerate() {
            if let Some(maker) = maker {
                file.data.text(MANUFACTURER, "LO", maker);
            }
            file.write(&out.join(format!("{k}.dcm"))).expect("written");
        }
        (out, case.truth.slice)
    }

    /// The bundled model's answer, and the page of the case.
    fn ask(&self, images: &Path, change: impl FnOnce(&mut QuestionSpec)) -> (Reading, String) {
        let sets = open::load(&self.desk, images).expect("a scan");
        let set = open::choose(&sets, None).expect("one display set");
        let model = bundled::write(&self.desk).expect("the model");
        let mut spec = QuestionSpec {
            display_set: set.id.clone(),
            slices: "middle".to_owned(),
            preprocess: String::new(),
            window: None,
            lut: None,
            inverted: false,
            model: self.desk.handle(&model),
            template: String::new(),
            prompt: QUESTION.to_owned(),
            form: AnswerForm::Labels,
            labels: LABELS.map(str::to_owned).to_vec(),
            max_new_tokens: 0,
            temperature: 0.0,
            seed: 0,
            options: None,
        };
        change(&mut spec);
        let reading = ask::read(&self.desk, &spec, &|_| {}, &Cancel::default()).expect("an answer");
        let case = case::of(&self.desk, &set).expect("the case");
        let page = report::html(&self.desk, &set, &case, &reading).expect("a page");
        (reading, page)
    }
}

#[test]
fn on_a_phantom_it_is_calibrated_for_its_own_question_and_says_quietly_what_it_knows() {
    let place = Place::new();
    let (images, slice) = place.effusion("made", None);
    let at = |spec: &mut QuestionSpec| spec.slices = slice.to_string();
    let (reading, page) = place.ask(&images, at);
    assert_eq!(reading.label, "pleural effusion");
    assert_eq!(
        reading.confidence_kind,
        "softmax over 7 labels, calibrated on 500 cases"
    );
    assert!(
        reading
            .comparison
            .iter()
            .any(|line| line.contains("temperature 1.193"))
    );
    assert_eq!(reading.warning, "");
    assert!(reading.note.contains("made phantoms only"), "{}", reading.note);
    assert!(page.contains(&reading.note) && !page.contains("means nothing"));
    // The template asks the same in the same words.
    let (reading, _) = place.ask(&images, |spec| {
        spec.prompt.clear();
        "finding.closed-set/1".clone_into(&mut spec.template);
    });
    assert!(reading.confidence_kind.ends_with("calibrated on 500 cases"));
    // Other labels, another question, another form and another scoring are not what was fitted.
    let others: [&dyn Fn(&mut QuestionSpec); 4] = [
        &|spec| spec.labels.truncate(3),
        &|spec| "Which side is it on?".clone_into(&mut spec.prompt),
        &|spec| spec.form = AnswerForm::YesNo,
        &|spec| {
            spec.options = Some(QuestionOptions {
                permutations: 2,
                ..QuestionOptions::default()
            });
        },
    ];
    for other in others {
        let (reading, _) = place.ask(&images, other);
        assert!(
            reading.confidence_kind.ends_with(", uncalibrated"),
            "{}",
            reading.confidence_kind
        );
        assert_eq!(reading.warning, "");
    }
}

#[test]
fn on_images_of_another_maker_it_answers_under_a_plain_warning_and_uncalibrated() {
    let place = Place::new();
    for (name, maker) in [("real", "SIEMENS"), ("unknown", "")] {
        let (images, _) = place.effusion(name, Some(maker));
        let (reading, page) = place.ask(&images, |_| {});
        assert_eq!(reading.warning, MEANS_NOTHING, "{name}");
        assert_eq!(reading.note, "", "{name}");
        assert_eq!(
            reading.confidence_kind, "softmax over 7 labels, uncalibrated",
            "{name}"
        );
        assert!(page.contains(MEANS_NOTHING), "{name}");
        assert!(!reading.label.is_empty(), "it answers all the same");
    }
}

#[test]
fn a_made_radiograph_is_foreign_to_it_too() {
    let place = Place::new();
    let out = place.folder.path().join("film");
    std::fs::create_dir(&out).expect("a folder");
    let case = Case::generate(4, &Options::small());
    let film = case.dx_file(1, &case.radiograph());
    film.write(&out.join("film.dcm")).expect("written");
    let (reading, _) = place.ask(&out, |_| {});
    assert!(
        reading
            .warning
            .starts_with("This model knows CT slices of made phantoms only."),
        "{}",
        reading.warning
    );
    assert_eq!(reading.note, "");
}

#[test]
fn an_earlier_film_of_another_maker_is_enough_for_the_warning() {
    let place = Place::new();
    let (made, _) = place.effusion("made", None);
    let (real, _) = place.effusion("real", Some("SIEMENS"));
    // Both lie open: the second beside the first.
    let before = open::load(&place.desk, &real).expect("a scan")[0].id.clone();
    let sets = open::load_beside(&place.desk, &made).expect("a scan");
    assert_ne!(sets[0].id, before);
    let model = bundled::write(&place.desk).expect("the model");
    let plan = place
        .desk
        .call(
            "plan_question",
            serde_json::json!({
                "display_set": sets[0].id, "slices": "1", "preprocess": "", "window": null,
                "model": place.desk.handle(&model), "template": "", "prompt": QUESTION, "form": "labels",
                "labels": LABELS, "max_new_tokens": 0, "temperature": 0.0, "seed": 0,
                "options": {"priors": [{"display_set": before, "slices": "1"}]},
            }),
        )
        .expect("a plan");
    let warnings = plan["warnings"].as_array().expect("warnings");
    assert!(warnings.iter().any(|w| w == MEANS_NOTHING), "{plan}");
}

#[test]
fn the_bundled_model_is_known_and_names_its_question() {
    let place = Place::new();
    let models = place.desk.call("models", serde_json::json!({})).expect("models");
    let demo = &models[0];
    assert_eq!(demo["demo"], true, "{models}");
    assert_eq!(demo["known"], "demo");
    assert_eq!(demo["phantoms_only"], true);
    assert_eq!(demo["question"]["prompt"], QUESTION);
    assert_eq!(demo["question"]["labels"], serde_json::json!(LABELS));
    assert_eq!(demo["question"]["template"], "finding.closed-set/1");
}
