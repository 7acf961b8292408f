//! Asking a model: the reading is kept before it is shown.

use std::path::Path;
use std::sync::{MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use overread_evaluation::compare::{Agreement as Compared, compare, compare_each};
use overread_medgemma::engine::Answer;
use overread_medgemma::generate::Sampling;
use overread_medgemma::{Engine, LoadOptions, Precision, Question, ReadEvent as Engines, Task};
use overread_protocol::answer::{Parsed, closed_set, final_answer, refuses};
use overread_store::StoredReading;

use crate::desk::{Desk, lock};
use crate::op::models::name_of;
use crate::op::plan::{Resolved, messages, pictures, resolve};
use crate::wire::reading::{Agreement, AnswerForm, LabelProbability, QuestionSpec, ReadEvent, Reading};
use crate::{Cancel, Failure, Outcome, convert};

/// The job `ask`.
pub(crate) fn ask(desk: &Desk, spec: &QuestionSpec, events: &(dyn Fn(ReadEvent) + Sync), cancel: &Cancel) {
    // In blind mode not even a word of a growing answer leaves the desk.
    let hidden = crate::op::case::is_hidden(desk, &spec.display_set);
    let told = |event| {
        if !(hidden && matches!(event, ReadEvent::Token { .. })) {
            events(event);
        }
    };
    match read(desk, spec, Precision::F32, &told, cancel) {
        Ok(reading) => {
            // In blind mode the answer stays here until the user's own is committed.
            if crate::op::case::is_hidden(desk, &reading.display_set) {
                events(ReadEvent::Withheld);
            } else {
                crate::op::case::record_seen(desk, &reading.display_set, "model");
                events(ReadEvent::Done(Box::new(reading)));
            }
        }
        Err(error) => events(ReadEvent::Failed(error)),
    }
}

/// Reads a question and keeps the reading.
///
/// # Errors
/// Whatever resolving, loading, reading or keeping may meet; `cancelled` when stopped.
pub fn read(
    desk: &Desk,
    spec: &QuestionSpec,
    precision: Precision,
    events: &(dyn Fn(ReadEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Reading> {
    let resolved = resolve(desk, spec)?;
    let folder = desk.path(&spec.model)?;
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let pictures = pictures(
        desk,
        &resolved,
        spec,
        &mut |k, n| {
            events(ReadEvent::Preparing {
                slice: narrow(k),
                of: narrow(n),
            })
        },
        cancel,
    )?;
    let mut slot = engine(desk, cancel)?;
    let begun = Instant::now();
    let loaded = slot
        .as_ref()
        .is_some_and(|e| e.description().folder == folder && e.description().precision == precision);
    if !loaded {
        // The old model's memory is given back before the new one is read.
        *slot = None;
        let options = LoadOptions {
            precision,
            cache: Some(desk.cache_folder()),
            ..LoadOptions::default()
        };
        let mut told = Instant::now();
        let engine = Engine::load(
            &folder,
            options,
            &mut |fraction| {
                if told.elapsed().as_millis() > 100 || fraction >= 1.0 {
                    told = Instant::now();
                    events(ReadEvent::Loading { fraction });
                }
            },
            cancel,
        )?;
        *slot = Some(engine);
    }
    let load = begun.elapsed().as_secs_f64();
    let Some(engine) = slot.as_ref() else {
        return Err(Failure::from(overread_medgemma::EngineError::Cancelled));
    };
    let labels: Vec<String> = spec
        .labels
        .iter()
        .map(|l| l.trim().to_owned())
        .filter(|l| !l.is_empty())
        .collect();
    let question = Question {
        messages: messages(&resolved.wording, pictures.len()),
        images: pictures,
        prefix: String::new(),
        task: match spec.form {
            AnswerForm::Labels => Task::Score(labels.clone()),
            AnswerForm::YesNo => Task::YesNo(labels.clone()),
            AnswerForm::Open => Task::Open {
                max_new_tokens: spec.max_new_tokens.clamp(1, 8192) as usize,
                sampling: Sampling {
                    temperature: spec.temperature.max(0.0),
                    seed: u64::from(spec.seed),
                    ..Sampling::default()
                },
            },
        },
        preprocessing: resolved.recipe.id().to_owned(),
        ..Question::default()
    };
    let vision_begun = Instant::now();
    let answer = engine.read(
        &question,
        &mut |event| {
            events(match event {
                Engines::Vision { k, n } => {
                    let done = k - 1;
                    let left = (done > 0)
                        .then(|| vision_begun.elapsed().as_secs_f64() / done as f64 * (n - done) as f64);
                    ReadEvent::Vision {
                        slice: narrow(k),
                        of: narrow(n),
                        seconds_left: left,
                    }
                }
                Engines::Prefill { done, total } => ReadEvent::Prefill {
                    done: narrow(done),
                    of: narrow(total),
                },
                Engines::Scoring { done, total } => ReadEvent::Scoring {
                    done: narrow(done),
                    of: narrow(total),
                },
                Engines::Token(text) => ReadEvent::Token { text },
            });
        },
        cancel,
    )?;
    let provenance = provenance(desk, engine, spec, &resolved, &answer);
    let images = question.images.len();
    drop(slot);
    if images > 0 && answer.reused_tokens == 0 {
        let fresh = [
            answer.seconds[0] / images as f64,
            answer.seconds[1] / answer.prompt_tokens.max(1) as f64,
        ];
        lock(&desk.pace).insert(folder.clone(), fresh);
    }
    let mut reading = assemble(desk, spec, &resolved, answer, load, provenance, &labels, &folder);
    keep(desk, &mut reading)?;
    Ok(compared(desk, &resolved, reading, &labels))
}

/// The loaded model, when nothing else reads with it; waiting can be cancelled.
fn engine<'a>(desk: &'a Desk, cancel: &Cancel) -> Outcome<MutexGuard<'a, Option<Engine>>> {
    loop {
        match desk.engine.try_lock() {
            Ok(slot) => return Ok(slot),
            Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                cancel.check()?;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn assemble(
    desk: &Desk,
    spec: &QuestionSpec,
    resolved: &Resolved,
    answer: Answer,
    load: f64,
    provenance: Vec<(String, String)>,
    labels: &[String],
    folder: &Path,
) -> Reading {
    let at = desk.clock.now();
    let best = answer
        .labels
        .iter()
        .max_by(|a, b| a.probability.total_cmp(&b.probability))
        .cloned();
    let n = labels.len();
    let (label, confidence, kind, invalid) = match spec.form {
        AnswerForm::Labels => (
            best.as_ref().map(|b| b.label.clone()).unwrap_or_default(),
            best.map(|b| b.probability),
            format!("softmax over {n} labels, uncalibrated"),
            String::new(),
        ),
        AnswerForm::YesNo => {
            let said: Vec<&str> = answer
                .labels
                .iter()
                .filter(|l| l.probability >= 0.5)
                .map(|l| l.label.as_str())
                .collect();
            let text = if said.is_empty() {
                "none of them".to_owned()
            } else {
                said.join(", ")
            };
            (
                text,
                None,
                "yes against no for each label, uncalibrated".to_owned(),
                String::new(),
            )
        }
        AnswerForm::Open => {
            let (label, invalid) = open_answer(&answer, labels);
            (
                label,
                None,
                "none: an open answer carries no probability".to_owned(),
                invalid,
            )
        }
    };
    Reading {
        id: format!(
            "reading-{}",
            convert::short_hash(&format!("{at}{}{}", spec.display_set, answer.rendered_prompt))
        ),
        at,
        display_set: spec.display_set.clone(),
        question: resolved.wording.line(),
        form: spec.form,
        label,
        probabilities: answer
            .labels
            .iter()
            .map(|l| LabelProbability {
                label: l.label.clone(),
                probability: l.probability,
                log_likelihood: l.sum,
                log_likelihood_per_token: l.mean,
            })
            .collect(),
        confidence,
        confidence_kind: kind,
        text: answer.text,
        thought: answer.thought.unwrap_or_default(),
        invalid,
        warning: overread_medgemma::check::check(folder).warning,
        provenance,
        agreement: Agreement::NoTruth,
        agreement_reason: String::new(),
        slices: resolved
            .slices
            .iter()
            .map(|s| u32::try_from(*s).unwrap_or(u32::MAX))
            .collect(),
        tokens: [
            u32::try_from(answer.prompt_tokens).unwrap_or(u32::MAX),
            u32::try_from(answer.generated.len()).unwrap_or(u32::MAX),
        ],
        seconds: [load, answer.seconds[0], answer.seconds[1], answer.seconds[2]],
    }
}

fn open_answer(answer: &Answer, labels: &[String]) -> (String, String) {
    if !labels.is_empty() {
        return match closed_set(&answer.text, labels, answer.complete) {
            Parsed::Label(label) => (label, String::new()),
            Parsed::Invalid(kind) => (String::new(), kind.to_owned()),
        };
    }
    let label = final_answer(&answer.text).unwrap_or_default().to_owned();
    let invalid = if answer.text.trim().is_empty() {
        if answer.complete { "empty" } else { "truncated" }
    } else if refuses(&answer.text) {
        "refusal"
    } else if !answer.complete {
        "truncated"
    } else {
        ""
    };
    (label, invalid.to_owned())
}

fn provenance(
    desk: &Desk,
    engine: &Engine,
    spec: &QuestionSpec,
    resolved: &Resolved,
    answer: &Answer,
) -> Vec<(String, String)> {
    let d = engine.description();
    let set = &resolved.set;
    let list = |items: &[String]| items.join(", ");
    let images: Vec<String> = answer.image_sha256.iter().map(|h| h[..12].to_owned()).collect();
    let slices: Vec<String> = resolved.slices.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        (
            "model".to_owned(),
            desk.path(&spec.model)
                .map_or_else(|_| d.name.clone(), |folder| name_of(desk, &folder)),
        ),
        ("weights".to_owned(), d.weights_sha256.clone()),
        ("tokenizer".to_owned(), d.tokenizer_sha256.clone()),
        ("adapter".to_owned(), "none".to_owned()),
        (
            "precision".to_owned(),
            format!("{:?}", d.precision).to_lowercase(),
        ),
        (
            "preprocessing".to_owned(),
            format!("{} ({})", resolved.recipe.id(), resolved.recipe.hash()),
        ),
        (
            "resize".to_owned(),
            "Pillow bilinear, stretched to the square".to_owned(),
        ),
        ("slices".to_owned(), slices.join(",")),
        (
            "instances".to_owned(),
            resolved
                .slices
                .iter()
                .filter_map(|k| resolved.set.frames.get(k - 1))
                .map(|f| format!("{}#{}", f.header.sop_uid, f.frame))
                .collect::<Vec<_>>()
                .join(" "),
        ),
        ("pictures".to_owned(), list(&images)),
        (
            "template".to_owned(),
            if resolved.template.is_empty() {
                "own words".to_owned()
            } else {
                resolved.template.clone()
            },
        ),
        ("prompt".to_owned(), answer.rendered_prompt.clone()),
        ("labels".to_owned(), list(&spec.labels)),
        ("study".to_owned(), set.study_uid.clone()),
        ("series".to_owned(), set.series_uid.clone()),
        (
            "engine".to_owned(),
            format!("overread {}", env!("CARGO_PKG_VERSION")),
        ),
        ("reader".to_owned(), crate::op::app::settings(desk).reader),
    ];
    if let Some(window) = &spec.window {
        // As `--window` takes it.
        let function = serde_json::to_value(window.function).unwrap_or_default();
        let function = function.as_str().unwrap_or("LINEAR");
        lines.push((
            "window".to_owned(),
            format!("{},{},{function}", window.center, window.width),
        ));
    }
    if let Some(table) = &spec.lut {
        lines.push(("VOI table".to_owned(), table.clone()));
    }
    if spec.inverted && resolved.recipe == overread_protocol::Recipe::Display {
        lines.push(("inverted".to_owned(), "yes".to_owned()));
    }
    if spec.form == AnswerForm::Open {
        lines.push((
            "sampling".to_owned(),
            format!(
                "temperature {}, seed {}, at most {} tokens",
                spec.temperature, spec.seed, spec.max_new_tokens
            ),
        ));
    }
    lines
}

/// Keeps the reading; without a store it is shown with a warning that it was not kept.
fn keep(desk: &Desk, reading: &mut Reading) -> Outcome<()> {
    let body = serde_json::to_string(&reading).unwrap_or_default();
    let stored = StoredReading {
        id: reading.id.clone(),
        at: reading.at.clone(),
        body,
    };
    let who = crate::op::app::settings(desk).reader;
    match desk.store() {
        Ok(mut store) => store.add_reading(&stored, &reading.display_set, &who)?,
        Err(problem) => {
            let kept = format!("This answer was not kept: {}", problem.message);
            reading.warning = [reading.warning.as_str(), kept.as_str()]
                .join(" ")
                .trim()
                .to_owned();
        }
    }
    Ok(())
}

/// The reading with its agreement with the truth as it is now.
pub(crate) fn compared(desk: &Desk, resolved: &Resolved, reading: Reading, labels: &[String]) -> Reading {
    let truth = crate::op::case::truth_of(desk, &resolved.set)
        .map(|t| t.labels)
        .unwrap_or_default();
    with_agreement(reading, &truth, labels)
}

/// Sets agreement from a truth.
pub(crate) fn with_agreement(mut reading: Reading, truth: &[String], asked: &[String]) -> Reading {
    let answer = (reading.invalid.is_empty() && !reading.label.is_empty()).then_some(reading.label.as_str());
    let compared = if reading.form == AnswerForm::YesNo && reading.invalid.is_empty() {
        let each: Vec<(&str, f64)> = reading
            .probabilities
            .iter()
            .map(|p| (p.label.as_str(), p.probability))
            .collect();
        compare_each(&each, truth)
    } else {
        compare(answer, truth, asked)
    };
    let (agreement, reason) = match compared {
        Compared::Agree => (Agreement::Agree, String::new()),
        Compared::Disagree => (Agreement::Disagree, String::new()),
        Compared::NoTruth => (Agreement::NoTruth, String::new()),
        Compared::NotComparable(reason) => (Agreement::NotComparable, reason),
    };
    reading.agreement = agreement;
    reading.agreement_reason = reason;
    reading
}
