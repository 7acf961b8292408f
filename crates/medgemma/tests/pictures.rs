//! A picture's scores are its own, whatever was asked before.

use overread_medgemma::{Cancel, Engine, LoadOptions, Message, Part, Picture, Question, Role, Task};

fn picture(seed: usize) -> Picture {
    let (width, height) = (90 + seed, 77);
    let rgb = (0..width * height * 3)
        .map(|i| ((i * (seed + 3) * 7919) >> 5) as u8)
        .collect();
    Picture { width, height, rgb }
}

fn engine() -> Option<Engine> {
    let folder = overread_testkit::shared("checkpoints/tiny-hub")?;
    let loaded = Engine::load(&folder, LoadOptions::default(), &mut |_| {}, &Cancel::default());
    Some(loaded.expect("loads"))
}

/// Input ids as transformers' Gemma3Processor makes them with pan and scan, of a picture of 1024 x 512 and one that is
/// not cut.
#[test]
fn crops_are_announced_in_the_processors_tokens() {
    let Some(engine) = engine() else { return };
    let text = |t: &str| Part::Text(t.to_owned());
    let messages = [Message {
        role: Role::User,
        parts: vec![
            text("Look."),
            Part::ImageAndCrops(2),
            text("SLICE 1"),
            Part::Image,
            text("What?"),
        ],
    }];
    let prompt = engine.prompt(&messages, "").expect("a prompt");
    let expected = [
        2, 105, 628, 574, 107, 530, 557, 557, 553, 505, 528, 593, 581, 584, 1028, 653, 586, 578, 1379, 571,
        108, 1558, 1566, 1566, 1566, 1566, 1559, 108, 1422, 629, 593, 1153, 583, 745, 548, 592, 635, 558,
        561, 671, 557, 629, 676, 558, 1485, 583, 548, 548, 636, 548, 562, 562, 574, 571, 108, 1558, 1566,
        1566, 1566, 1566, 1559, 108, 571, 108, 1558, 1566, 1566, 1566, 1566, 1559, 108, 536, 1175, 1148, 108,
        1558, 1566, 1566, 1566, 1566, 1559, 108, 325, 551, 680, 520, 106, 107, 105, 555, 557, 644, 554, 107,
    ];
    assert_eq!(prompt.ids, expected);
    assert_eq!(prompt.images, 4);
}

#[test]
fn pictures_with_the_same_ids_keep_their_own_scores() {
    let Some(engine) = engine() else { return };
    let cancel = Cancel::default();
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
