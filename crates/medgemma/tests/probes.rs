//! Probes and samples on a small model written by our own code, against the same questions asked one by one.

#![expect(clippy::float_cmp, reason = "the same numbers are the same")]

use std::sync::OnceLock;

use overread_medgemma::agreement::{SAME_TEXT, VoteRule};
use overread_medgemma::generate::{Ended, Sampling, Writing};
use overread_medgemma::probes::{RecipeCase, Replacement, log_odds, total_variation};
use overread_medgemma::{Answer, Cancel, Engine, LoadOptions, Message, Part, Picture, Question, Role, Task};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = overread_phantom::checkpoint::write_random_model(folder.path(), 9).expect("a model");
        Engine::load(&path, LoadOptions::default(), &mut |_| {}, &Cancel::default()).expect("loads")
    })
}

fn picture(seed: usize) -> Picture {
    let (width, height) = (40 + seed, 37);
    let rgb = (0..width * height * 3)
        .map(|i| ((i * (seed + 3) * 7919) >> 5) as u8)
        .collect();
    Picture { width, height, rgb }
}

fn volume(slices: usize, task: Task) -> Question {
    let mut parts = Vec::new();
    for k in 1..=slices {
        parts.extend([Part::Image, Part::Text(format!("SLICE {k}"))]);
    }
    parts.push(Part::Text("Which finding is present?".to_owned()));
    Question {
        messages: vec![Message {
            role: Role::User,
            parts,
        }],
        images: (0..slices).map(picture).collect(),
        task,
        ..Question::default()
    }
}

fn labels() -> Task {
    Task::Score(
        ["normal", "nodule", "pleural effusion"]
            .map(str::to_owned)
            .to_vec(),
    )
}

fn read(question: &Question) -> Answer {
    engine()
        .read(question, &mut |_| {}, &Cancel::default())
        .expect("answers")
}

fn probabilities(answer: &Answer) -> Vec<f64> {
    answer.labels.iter().map(|l| l.probability).collect()
}

#[test]
fn other_pictures_are_asked_about_the_same() {
    let question = volume(2, labels());
    let all = [
        Replacement::Blank,
        Replacement::Noise { seed: 1 },
        Replacement::Mirrored,
        Replacement::OtherPatient,
    ];
    let mut steps = Vec::new();
    let found = engine()
        .looking(
            &question,
            None,
            &all,
            &[picture(7)],
            &mut |event| steps.push((event.step, event.of)),
            &Cancel::default(),
        )
        .expect("probes");
    assert_eq!(found.looks.len(), 4);
    assert_eq!(steps.last(), Some(&(5, 5)));
    let own = probabilities(&read(&question));
    for look in &found.looks {
        let mut asked = question.clone();
        match look.with {
            Replacement::Blank => asked.images.iter_mut().for_each(|p| p.rgb.fill(128)),
            Replacement::OtherPatient => asked.images = vec![picture(7), picture(7)],
            _ => continue,
        }
        let its = probabilities(&read(&asked));
        assert!((look.shift - total_variation(&own, &its)).abs() < 1e-6);
        assert!(look.shift > 0.0);
    }
    let without = engine()
        .looking(&question, None, &all[3..], &[], &mut |_| {}, &Cancel::default())
        .expect("probes");
    assert!(without.looks.is_empty(), "nobody else is there");
}

#[test]
fn an_open_answers_text_is_looked_at() {
    let task = Task::Open {
        max_new_tokens: 5,
        sampling: Sampling::default(),
    };
    let question = volume(1, task);
    let look = |text| {
        engine().looking(
            &question,
            text,
            &[Replacement::Blank],
            &[],
            &mut |_| {},
            &Cancel::default(),
        )
    };
    let found = look(Some("There is a nodule.")).expect("probes");
    assert!(found.per_token.is_some_and(|v| v < 0.0) && found.looks[0].shift > 0.0);
    assert!(look(None).is_err());
}

#[test]
fn leaving_slices_out_equals_asking_without_them() {
    let question = volume(4, labels());
    engine().forget();
    let found = engine()
        .which_slices(&question, Some("nodule"), 4, &mut |_| {}, &Cancel::default())
        .expect("probes");
    assert_eq!(found.groups.len(), 4);
    assert!(found.tokens[0] < found.tokens[1], "{:?}", found.tokens);
    for group in &found.groups {
        let mut asked = question.clone();
        asked.messages[0]
            .parts
            .drain(group.first * 2..(group.first + group.count) * 2);
        asked.images.drain(group.first..group.first + group.count);
        engine().forget();
        let alone = read(&asked).labels[1].probability;
        assert!((alone - group.probability).abs() < 1e-5, "{group:?} {alone}");
        let weight = log_odds(found.shares[1].probability) - log_odds(alone);
        assert!((weight - group.weight).abs() < 1e-3);
    }
    let one = volume(1, labels());
    assert!(
        engine()
            .which_slices(&one, None, 4, &mut |_| {}, &Cancel::default())
            .is_err()
    );
}

#[test]
fn recipes_are_compared_with_the_first() {
    let question = volume(1, labels());
    let case = |id: &str, seed| RecipeCase {
        preprocessing: id.to_owned(),
        pictures: vec![picture(seed)],
        messages: question.messages.clone(),
    };
    let cases = [case("display/1", 0), case("photo/1", 0), case("ct-windows/1", 5)];
    let found = engine()
        .recipes(&question, &cases, &mut |_| {}, &Cancel::default())
        .expect("probes");
    let shifts: Vec<f64> = found.answers.iter().map(|a| a.shift).collect();
    assert_eq!(shifts[..2], [0.0, 0.0]);
    assert_eq!(found.largest_shift, shifts[2]);
    assert!(shifts[2] > 0.0);
    let said: Vec<&Vec<String>> = found.answers.iter().map(|a| &a.says).collect();
    assert_eq!(found.flips, said[0] != said[2]);
    assert!(
        engine()
            .recipes(&question, &[], &mut |_| {}, &Cancel::default())
            .is_err()
    );
}

#[test]
fn samples_are_the_answers_of_their_seeds() {
    let sampling = Sampling {
        temperature: 1.0,
        seed: 11,
        ..Sampling::default()
    };
    let task = |seed| Task::Open {
        max_new_tokens: 6,
        sampling: Sampling { seed, ..sampling },
    };
    let question = volume(1, task(11));
    let rule = VoteRule {
        id: "first-letter/1",
        vote: &|text, _| {
            text.chars()
                .next()
                .map(String::from)
                .ok_or_else(|| "empty".to_owned())
        },
    };
    let found = engine()
        .samples(&question, 4, rule, &mut |_, _| {}, &Cancel::default())
        .expect("samples");
    assert_eq!(found.rule, "first-letter/1");
    for (i, sample) in found.samples.iter().enumerate() {
        let alone = read(&volume(1, task(11 + i as u64)));
        assert_eq!(sample.text, alone.text);
        assert_eq!(sample.seed, 11 + i as u64);
    }
    let counted: usize = found.votes.iter().map(|v| v.votes).sum();
    assert_eq!(counted + found.invalid, 4);
    let greedy = volume(1, Task::default());
    assert!(
        engine()
            .samples(&greedy, 4, SAME_TEXT, &mut |_, _| {}, &Cancel::default())
            .is_err()
    );
}

#[test]
fn an_answer_is_asked_whether_it_is_true() {
    let question = volume(1, Task::default());
    let found = engine()
        .p_true(
            &question,
            "There is a nodule.<end_of_turn>",
            &mut |_| {},
            &Cancel::default(),
        )
        .expect("asked");
    assert!(found.probability > 0.0 && found.probability < 1.0);
    assert!(
        found
            .rendered_prompt
            .contains("Proposed answer: There is a nodule.")
    );
    let sums: Vec<f64> = [true, false]
        .iter()
        .map(|yes| {
            let own = |text: &str| matches!(text.trim(), "(A)" | "A" | "True") == *yes;
            found
                .variants
                .iter()
                .filter(|v| own(&v.text))
                .map(|v| v.sum().exp())
                .sum()
        })
        .collect();
    assert!((found.probability - sums[0] / (sums[0] + sums[1])).abs() < 1e-9);
}

#[test]
fn a_loop_ends_the_answer_and_is_no_answer() {
    let mut question = volume(
        1,
        Task::Open {
            max_new_tokens: 400,
            sampling: Sampling::default(),
        },
    );
    question.writing = Writing {
        repeats: 2,
        ..Writing::default()
    };
    let answer = read(&question);
    // A model of random weights falls into a loop, ends, or runs to the limit; each is said as what it is.
    match answer.ended.expect("an end") {
        Ended::Repetition { tokens, times } => {
            assert!(tokens * times >= 48 && times >= 2);
            assert_eq!(answer.invalid.as_deref(), Some("repetition"));
            assert!(!answer.complete);
        }
        Ended::Token(_) => assert!(answer.complete),
        other => assert_eq!(other, Ended::MostTokens),
    }
}
