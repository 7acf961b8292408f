//! Questions that nobody means, and weights that are no numbers: an error in words or an answer, and the engine goes on.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use overread_medgemma::generate::Sampling;
use overread_medgemma::{
    Answer, Cancel, Engine, EngineError, LoadOptions, Message, Part, Picture, Question, Role, Task,
};

fn load(path: &Path) -> Engine {
    Engine::load(path, LoadOptions::default(), &mut |_| {}, &Cancel::default()).expect("loads")
}

fn made() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = load(&common::demo(folder.path()));
    (folder, engine)
}

fn picture(width: usize, height: usize) -> Picture {
    Picture {
        width,
        height,
        rgb: (0..width * height * 3).map(|i| (i * 31 % 251) as u8).collect(),
    }
}

fn ask(picture: Picture, labels: &[&str]) -> Question {
    Question {
        messages: vec![Message {
            role: Role::User,
            parts: vec![Part::Image, Part::Text("Which finding?".to_owned())],
        }],
        images: vec![picture],
        task: Task::Score(labels.iter().map(|label| (*label).to_owned()).collect()),
        ..Question::default()
    }
}

fn read(engine: &Engine, question: &Question) -> Result<Answer, EngineError> {
    engine.read(question, &mut |_| {}, &Cancel::default())
}

fn shares(answer: &Answer) -> Vec<f64> {
    answer.labels.iter().map(|label| label.probability).collect()
}

#[test]
fn pictures_of_any_proportion_are_read_and_broken_ones_are_not() {
    let (_folder, engine) = made();
    for (width, height) in [(1, 1), (40_000, 3), (3, 40_000)] {
        let answer = read(&engine, &ask(picture(width, height), &["yes", "no"])).expect("answers");
        let sum: f64 = shares(&answer).iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "{width} x {height}");
    }
    let short = Picture {
        width: 5,
        height: usize::MAX,
        rgb: vec![1; 4],
    };
    for broken in [picture(0, 0), picture(0, 5), short] {
        let refused = read(&engine, &ask(broken, &["yes", "no"]));
        assert!(matches!(refused, Err(EngineError::BadQuestion(_))));
    }
}

#[test]
fn labels_without_a_letter_or_twice_the_same_are_refused() {
    let (_folder, engine) = made();
    let long = "word ".repeat(200_000);
    for labels in [
        &[][..],
        &[""],
        &["", "yes"],
        &[" \n", "yes"],
        &["\u{E0FF}", "yes"],
        &["yes", "yes"],
        &["yes", "yes\u{E0FF}"],
        &[&long],
    ] {
        let refused = read(&engine, &ask(picture(9, 9), labels));
        assert!(matches!(refused, Err(EngineError::BadQuestion(_))), "{refused:?}");
    }
    let mut list = ask(picture(9, 9), &[]);
    list.task = Task::YesNo(vec!["nodule".to_owned(), " ".to_owned()]);
    assert!(matches!(read(&engine, &list), Err(EngineError::BadQuestion(_))));
    // Longer than what is computed at once, and marks, which are text.
    let (one, two) = ("word ".repeat(700), "word ".repeat(700) + "more");
    for labels in [
        &[one.as_str(), two.as_str()][..],
        &["<end_of_turn>", "<start_of_image>"],
    ] {
        let answer = read(&engine, &ask(picture(9, 9), labels)).expect("answers");
        assert!(answer.labels.iter().all(|label| label.score.is_finite()));
    }
}

#[test]
fn weights_that_are_no_numbers_give_an_error_and_no_answer() {
    for value in [f32::NAN, f32::INFINITY] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = common::demo(folder.path());
        let weights = path.join("model.safetensors");
        let mut tensors = common::tensors(&weights);
        let norm = tensors
            .iter_mut()
            .find(|(name, ..)| name.ends_with("model.norm.weight"))
            .expect("a norm");
        norm.2[3] = value;
        common::write_safetensors(&weights, &tensors);
        let engine = load(&path);
        let mut question = ask(picture(9, 9), &["yes", "no"]);
        for _ in 0..2 {
            let error = read(&engine, &question).expect_err("no answer");
            assert!(matches!(error, EngineError::Compute(_)), "{error}");
            assert!(error.to_string().contains("not finite"), "{error}");
            question.task = Task::Open {
                max_new_tokens: 3,
                sampling: Sampling::default(),
            };
        }
    }
}

#[test]
fn a_panic_of_the_caller_leaves_the_engine_usable() {
    let (_folder, engine) = made();
    let question = ask(picture(30, 20), &["yes", "no"]);
    let expected = shares(&read(&engine, &question).expect("answers"));
    for after in 0..3 {
        engine.forget();
        let mut events = 0;
        let broken = catch_unwind(AssertUnwindSafe(|| {
            engine.read(
                &question,
                &mut |_| {
                    events += 1;
                    assert!(events <= after, "the caller breaks off");
                },
                &Cancel::default(),
            )
        }));
        assert!(broken.is_err(), "{after}");
        let again = shares(&read(&engine, &question).expect("answers"));
        for (a, b) in again.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
