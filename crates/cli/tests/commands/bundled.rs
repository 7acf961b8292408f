//! `overread demo`: the bundled model on the bundled study, and the same model on a file of another maker.

use overread_phantom::{Case, Options};

use crate::overread::{Place, text, words};

#[test]
fn the_demo_reads_the_bundled_study_right_and_says_what_its_answer_is_worth() {
    let place = Place::new();
    // A model of an earlier version lies there: it is replaced.
    let model = place.path("home/demo/model");
    overread_phantom::checkpoint::write_random_model(&model, 1).expect("a model");
    let said = String::from_utf8(place.done(&["demo"])).expect("text");
    for line in [
        "question: Which finding is present? (slice 42)",
        "calibrated on 500 cases",
        "truth: pleural effusion (the answer agrees)",
        "This model knows made phantoms only; these images are of one.",
    ] {
        assert!(said.contains(line), "{line} is missing in {said}");
    }
    assert!(said.contains("answer: pleural effusion ("), "{said}");
    assert!(
        !said.contains("uncalibrated") && !said.contains("noise"),
        "{said}"
    );
    let page = std::fs::read_to_string(place.path("home/demo/report/report.html")).expect("a report");
    assert!(page.contains("these images are of one") && !page.contains("means nothing"));
}

#[test]
fn on_a_file_of_another_maker_the_warning_stands_in_both_outputs() {
    let place = Place::new();
    let images = place.path("real");
    std::fs::create_dir(&images).expect("a folder");
    let case = Case::generate(5, &Options::small());
    for (k, mut file) in case.ct_files(1).into_iter().enumerate() {
        file.data.text((0x0008, 0x0070), "LO", "Another maker");
        file.write(&images.join(format!("{k}.dcm"))).expect("written");
    }
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/overread-phantom");
    let ask = [
        "ask",
        text(&images),
        "--model",
        model,
        "--labels",
        "normal,nodule",
    ];
    let warning = "This model knows made phantoms only. On this study its answer means nothing.";
    let plain = String::from_utf8(place.done(&ask)).expect("text");
    assert!(plain.contains(warning), "{plain}");
    let output = place.run(&[&ask[..], &["--json"]].concat());
    assert!(output.status.success());
    assert!(words(&output).contains(warning), "{}", words(&output));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["warning"], warning);
    assert!(told["note"].is_null());
}
