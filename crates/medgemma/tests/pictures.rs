//! A picture's scores are its own, whatever was asked before.

use std::path::{Path, PathBuf};

use overread_medgemma::{Cancel, Engine, LoadOptions, Message, Part, Picture, Question, Role, Task};

fn picture(seed: usize) -> Picture {
    let (width, height) = (90 + seed, 77);
    let rgb = (0..width * height * 3)
        .map(|i| ((i * (seed + 3) * 7919) >> 5) as u8)
        .collect();
    Picture { width, height, rgb }
}

#[test]
fn pictures_with_the_same_ids_keep_their_own_scores() {
    let shared = std::env::var_os("OVERREAD_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("checkpoints/tiny-hub");
    if !folder.is_dir() {
        println!("skipped: shared/checkpoints absent");
        return;
    }
    let cancel = Cancel::default();
    let engine = Engine::load(&folder, LoadOptions::default(), &mut |_| {}, &cancel).expect("loads");
    let ask = |seed: usize| {
        let question = Question {
            messages: vec![Message {
                role: Role::User,
                parts: vec![
                    Part::Image,
                    Part::Text("What is the most likely diagnosis?".to_owned()),
                ],
            }],
            images: vec![picture(seed)],
            // The trailing space merges with the label, so the scores begin before the prompt's end.
            prefix: "Final Answer: ".to_owned(),
            task: Task::Score(vec!["pneumonia".to_owned(), "normal".to_owned()]),
            ..Question::default()
        };
        let answer = engine.read(&question, &mut |_| {}, &cancel).expect("answers");
        answer.labels.iter().map(|label| label.sum).collect::<Vec<_>>()
    };
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
    let (first, second) = (ask(1), ask(2));
    assert!(!near(&first, &second), "two pictures, two answers");
    assert!(near(&ask(1), &first), "the first picture's scores again");
    assert!(near(&ask(2), &second), "the second picture's scores again");
}
