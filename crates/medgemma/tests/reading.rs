//! What answers mean, on a small model written by our own code: labels against separate passes, lists against separate
//! prompts, corrections against the formula, marks as text.

#![expect(clippy::float_cmp, reason = "the same numbers are the same")]

use std::path::Path;
use std::sync::OnceLock;

use overread_medgemma::calibration::{Calibrated, Calibration, FORMAT, FitOf, Scale};
use overread_medgemma::generate::{Ended, Sampling, Writing};
use overread_medgemma::scoring::{ContentFree, Normalise, Scoring};
use overread_medgemma::{
    Answer, Cancel, Engine, EngineError, LabelAnswer, LoadOptions, Message, Part, Picture, Question,
    ReadEvent, Role, Task,
};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = overread_phantom::checkpoint::write_random_model(folder.path(), 5).expect("a model");
        load(&path)
    })
}

fn load(path: &Path) -> Engine {
    Engine::load(path, LoadOptions::default(), &mut |_| {}, &Cancel::default()).expect("loads")
}

fn picture(seed: usize) -> Picture {
    let (width, height) = (60 + seed, 51);
    let rgb = (0..width * height * 3)
        .map(|i| ((i * (seed + 3) * 7919) >> 5) as u8)
        .collect();
    Picture { width, height, rgb }
}

fn ask(text: &str, task: Task) -> Question {
    Question {
        messages: vec![Message {
            role: Role::User,
            parts: vec![Part::Image, Part::Text(text.to_owned())],
        }],
        images: vec![picture(1)],
        task,
        ..Question::default()
    }
}

fn read(question: &Question) -> Answer {
    engine()
        .read(question, &mut |_| {}, &Cancel::default())
        .expect("answers")
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-4
}

const LABELS: &[&str] = &[
    "normal",
    "nodule",
    "pleural effusion",
    "rib fracture",
    "no acute finding",
];

#[test]
fn a_batch_of_labels_equals_separate_passes() {
    for prefix in ["", "Final Answer:", "Final Answer: "] {
        let mut question = ask("Which finding is present?", Task::Score(strings(LABELS)));
        question.prefix = prefix.to_owned();
        let all = read(&question).labels;
        for (label, together) in LABELS.iter().zip(&all) {
            question.task = Task::Score(strings(
                &[label, LABELS[0], "nodule"][..if *label == "normal" { 1 } else { 2 }],
            ));
            engine().forget();
            let alone = read(&question);
            let alone = &alone.labels[0];
            assert_eq!(alone.ids, together.ids, "{prefix:?} {label}");
            assert!(
                near(alone.sum, together.sum),
                "{prefix:?} {label}: {} {}",
                alone.sum,
                together.sum
            );
            assert!(near(alone.mean, alone.sum / alone.ids.len() as f64));
        }
        let sum: f64 = all.iter().map(|l| l.probability).sum();
        assert!(near(sum, 1.0));
    }
}

#[test]
fn a_label_that_begins_another_is_compared_with_its_end() {
    let task = Task::Score(strings(&[
        "pleural effusion",
        "pleural effusion with passive atelectasis",
    ]));
    let answer = read(&ask("Which finding is present?", task));
    let how = answer.comparison.as_ref().expect("a comparison");
    assert!(how.closed);
    let [short, long] = &answer.labels[..] else {
        panic!("two labels")
    };
    assert!(long.ids.starts_with(&short.ids));
    let end = |l: &LabelAnswer| l.variants[0].end.expect("an end");
    assert!(near(short.score, short.sum + end(short)) && near(long.score, long.sum + end(long)));
    assert!(near(
        (short.probability / long.probability).ln(),
        short.score - long.score
    ));
    let open = read(&ask(
        "Which finding is present?",
        Task::Score(strings(&["nodule", "normal"])),
    ));
    assert!(!open.comparison.expect("a comparison").closed);
}

#[test]
fn both_normalisations_are_kept_and_one_is_chosen() {
    let mut question = ask("Which finding is present?", Task::Score(strings(LABELS)));
    let by_sum = read(&question);
    question.scoring.normalise = Normalise::Mean;
    let by_mean = read(&question);
    for (s, m) in by_sum.labels.iter().zip(&by_mean.labels) {
        assert_eq!(s.probability, s.probability_by_sum);
        assert_eq!(m.probability, m.probability_by_mean);
        assert_eq!(s.probability_by_mean, m.probability_by_mean);
        assert!(near(m.score, m.mean) && near(s.score, s.sum));
    }
}

#[test]
fn spellings_are_summed_and_none_is_counted_twice() {
    let mut question = ask("Is it normal?", Task::Score(strings(&["yes", "no"])));
    question.scoring.spellings = true;
    let answer = read(&question);
    for label in &answer.labels {
        let mut ids: Vec<&[u32]> = label.variants.iter().map(|v| &v.ids[..]).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), label.variants.len());
        let all: f64 = label.variants.iter().map(|v| v.sum().exp()).sum();
        assert!(near(label.score, all.ln()) && label.score > label.sum);
    }
}

#[test]
fn a_yes_no_list_equals_separate_prompts() {
    let labels = strings(&[
        "a lung nodule",
        "pleural effusion",
        "cardiomegaly",
        "a rib fracture",
    ]);
    let list = read(&ask("You are reading a chest CT.", Task::YesNo(labels.clone())));
    assert!(list.comparison.as_ref().is_some_and(|c| c.yes_no.is_some()));
    for (label, found) in labels.iter().zip(&list.labels) {
        engine().forget();
        let mut question = ask(
            &format!("You are reading a chest CT.\nIs there {label}? Answer yes or no."),
            Task::Score(strings(&["yes", "no"])),
        );
        question.scoring.spellings = true;
        let alone = read(&question);
        assert!(near(alone.labels[0].probability, found.probability), "{label}");
        assert!(
            near(alone.labels[0].score - alone.labels[1].score, found.score),
            "{label}"
        );
    }
}

#[test]
fn what_the_labels_are_worth_without_content_is_taken_off() {
    for content_free in [ContentFree::GreyImage, ContentFree::NoImage] {
        let mut question = ask("Which finding is present?", Task::Score(strings(LABELS)));
        question.scoring.pmi = Some(content_free);
        let answer = read(&question);
        let mut blank = ask("Which finding is present?", Task::Score(strings(LABELS)));
        match content_free {
            ContentFree::GreyImage => blank.images[0].rgb.fill(128),
            ContentFree::NoImage => {
                blank.images.clear();
                blank.messages[0].parts.remove(0);
            }
        }
        let blank = read(&blank);
        let ratios: Vec<f64> = answer
            .labels
            .iter()
            .zip(&blank.labels)
            .map(|(own, blank)| own.probability_by_sum / blank.probability)
            .collect();
        let all: f64 = ratios.iter().sum();
        for (label, ratio) in answer.labels.iter().zip(&ratios) {
            assert!(
                near(label.probability, ratio / all),
                "{content_free:?} {}",
                label.label
            );
        }
        question.scoring = Scoring {
            calibration: Some(content_free),
            ..Scoring::default()
        };
        assert_eq!(
            read(&question).labels[2].probability,
            answer.labels[2].probability
        );
        question.scoring.pmi = Some(content_free);
        assert!(engine().read(&question, &mut |_| {}, &Cancel::default()).is_err());
    }
}

#[test]
fn orders_of_the_options_are_averaged() {
    let labels = &LABELS[..3];
    let mut question = ask("Which finding is present?", Task::Score(strings(labels)));
    question.scoring.permutations = 3;
    let averaged = read(&question);
    let mut sums = [0.0; 3];
    for shift in 0..3 {
        let order: Vec<usize> = (0..3).map(|p| (p + shift) % 3).collect();
        let options: Vec<String> = order
            .iter()
            .enumerate()
            .map(|(p, l)| format!("{}: {}", ["A", "B", "C"][p], labels[*l]))
            .collect();
        let text = format!("Which finding is present?\n{}", options.join("\n"));
        let one = read(&ask(&text, Task::Score(options)));
        for (place, label) in order.iter().enumerate() {
            sums[*label] += one.labels[place].score / 3.0;
        }
    }
    for (label, sum) in averaged.labels.iter().zip(sums) {
        assert!(near(label.score, sum), "{}: {} {sum}", label.label, label.score);
    }
    let how = averaged.comparison.expect("a comparison");
    assert_eq!(how.orders, [[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
    question.scoring.none_option = Some("none of these".to_owned());
    assert_eq!(
        read(&question).labels.last().map(|l| l.label.as_str()),
        Some("none of these")
    );
}

#[test]
fn a_calibration_holds_for_its_model_and_question() {
    let mut question = ask("Which finding is present?", Task::Score(strings(LABELS)));
    let raw = read(&question);
    let calibration = Calibration {
        format: FORMAT.to_owned(),
        scale: Scale::Temperature { t: 2.0 },
        n: 60,
        interval: Some([1.5, 2.7]),
        fitted_on: "60 cases".to_owned(),
        weights_sha256: engine().description().weights_sha256.clone(),
        adapter_sha256: None,
        question_sha256: question.fingerprint(),
        created: String::new(),
        fit: FitOf::default(),
    };
    question.scoring.calibrated = Some(calibration.clone());
    let used = read(&question);
    let how = used.comparison.expect("a comparison");
    assert_eq!(
        how.calibration,
        Calibrated::Used {
            n: 60,
            fitted_on: "60 cases".to_owned(),
            few: true
        }
    );
    let odds = |l: &[LabelAnswer]| (l[0].probability / l[1].probability).ln();
    assert!(near(odds(&used.labels), odds(&raw.labels) / 2.0));
    for wrong in [
        Calibration {
            weights_sha256: "other".to_owned(),
            ..calibration.clone()
        },
        Calibration {
            question_sha256: "other".to_owned(),
            ..calibration
        },
    ] {
        question.scoring.calibrated = Some(wrong);
        let flagged = read(&question);
        assert_eq!(flagged.labels[0].probability, raw.labels[0].probability);
        let how = flagged.comparison.expect("a comparison");
        assert!(matches!(how.calibration, Calibrated::NotUsed { .. }));
    }
}

#[test]
fn marks_in_text_prefix_and_labels_are_text() {
    let marks = [
        "<start_of_image>",
        "<end_of_turn>",
        "<image_soft_token>",
        "<unused94>",
        "<bos>",
        "[multimodal]",
    ];
    let plain = engine()
        .prompt(&ask("a  b", Task::default()).messages, "")
        .expect("a prompt");
    // The marks of images are the last three of the table.
    let images = plain.ids.iter().copied().max().expect("ids") - 2;
    let acts = |ids: &[u32]| ids.iter().any(|id| *id < 107 || *id >= images);
    for mark in marks {
        let (left, right) = mark.split_at(4);
        let mut question = ask(&format!("a {mark} b"), Task::Score(strings(&[mark, "no"])));
        question.prefix = format!("x{mark}");
        question.messages.insert(
            0,
            Message {
                role: Role::System,
                parts: vec![Part::Text(mark.to_owned())],
            },
        );
        question.messages[1].parts.push(Part::Text(left.to_owned()));
        question.messages[1].parts.push(Part::Text(right.to_owned()));
        let prompt = engine()
            .prompt(&question.messages, &question.prefix)
            .expect("a prompt");
        assert_eq!(prompt.images, 1, "{mark}");
        assert!(prompt.rendered.contains(mark));
        let special = |id: &&u32| **id < 105;
        assert_eq!(
            prompt.ids.iter().filter(special).count(),
            plain.ids.iter().filter(special).count(),
            "{mark} acted"
        );
        let answer = read(&question);
        assert!(!acts(&answer.labels[0].ids), "{mark} as a label");
        // Prefix and label spell the mark together.
        question.prefix = left.to_owned();
        question.task = Task::Score(strings(&[right, "no"]));
        let split = read(&question);
        assert!(!acts(&split.labels[0].ids), "{mark} in prefix and label");
    }
}

#[test]
fn open_answers_show_each_token_and_say_why_they_end() {
    let open = |max_new_tokens, temperature, seed| Task::Open {
        max_new_tokens,
        sampling: Sampling {
            temperature,
            seed,
            ..Sampling::default()
        },
    };
    let mut question = ask("Describe this X-ray.", open(24, 0.0, 0));
    let mut streamed = String::new();
    let answer = engine()
        .read(
            &question,
            &mut |event| {
                if let ReadEvent::Token(text) = event {
                    streamed.push_str(&text);
                }
            },
            &Cancel::default(),
        )
        .expect("answers");
    assert_eq!(streamed.trim(), answer.text);
    assert_eq!(answer.tokens.len(), answer.generated.len());
    assert!(
        answer
            .tokens
            .iter()
            .all(|t| t.probability > 0.0 && t.probability <= 1.0)
    );
    if answer.ended == Some(Ended::MostTokens) {
        assert!(!answer.complete && answer.generated.len() == 24);
    }
    // A stop text ends the answer before it.
    let middle: String = answer.text.chars().skip(3).take(2).collect();
    if !middle.trim().is_empty() {
        question.writing = Writing {
            stop: vec![middle.clone()],
            ..Writing::default()
        };
        let stopped = read(&question);
        assert_eq!(stopped.ended, Some(Ended::Stop(middle.clone())));
        assert!(stopped.complete && !stopped.text.contains(&middle));
        assert!(answer.text.starts_with(&stopped.text));
    }
    question.writing = Writing::default();
    question.task = open(12, 1.0, 3);
    let (a, b) = (read(&question), read(&question));
    assert_eq!(a.generated, b.generated);
    question.task = open(12, 1.0, 4);
    assert_ne!(a.generated, read(&question).generated);
}

#[test]
fn several_threads_read_at_once_and_a_stop_is_heard() {
    let question = ask("Which finding is present?", Task::Score(strings(LABELS)));
    let expected = read(&question);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..3).map(|_| scope.spawn(|| read(&question))).collect();
        for one in all {
            let one = one.join().expect("no panic");
            for (a, b) in one.labels.iter().zip(&expected.labels) {
                assert!(near(a.sum, b.sum));
            }
        }
    });
    let cancel = Cancel::default();
    cancel.cancel();
    engine().forget();
    let stopped = engine().read(&question, &mut |_| {}, &cancel);
    assert!(matches!(stopped, Err(EngineError::Cancelled)));
}

#[test]
fn records_come_back_as_they_were() {
    let mut question = ask("Which finding is present?", Task::Score(strings(&LABELS[..2])));
    question.scoring.calibration = Some(ContentFree::GreyImage);
    let answer = read(&question);
    let json = serde_json::to_string(&answer).expect("JSON");
    let back: Answer = serde_json::from_str(&json).expect("an answer");
    assert_eq!(back.labels.len(), 2);
    assert_eq!(back.comparison, answer.comparison);
    assert_eq!(answer.part_order, "image, text");
    assert!(answer.resize.contains("Pillow"));
}
