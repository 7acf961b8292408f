//! Asking a model: the reading is kept before it is shown.

use std::time::Instant;

use overread_evaluation::compare::{Agreement as Compared, compare, compare_each};
use overread_medgemma::{Engine, Question, ReadEvent as Engines};
use overread_store::StoredReading;

use crate::desk::Desk;
use crate::loaded::Model;
use crate::op::answer::{self, Found};
use crate::op::asking::{self, Unnamed, labels_of};
use crate::op::given::given;
use crate::op::load;
use crate::op::pace::{self, Measured};
use crate::op::plan::{Resolved, no_labels, resolve};
use crate::op::{head, open_answer, zero_shot};
use crate::wire::question::QuestionSpec;
use crate::wire::reading::{Agreement, AnswerForm, ReadEvent, Reading};
use crate::{Cancel, Outcome};

/// The job `ask`.
pub(crate) fn ask(desk: &Desk, spec: &QuestionSpec, events: &(dyn Fn(ReadEvent) + Sync), cancel: &Cancel) {
    // In blind mode not even a word of a growing answer leaves the desk.
    let hidden = crate::op::case::is_hidden(desk, &spec.display_set);
    let told = |event| {
        if !(hidden && matches!(event, ReadEvent::Token { .. } | ReadEvent::Thought { .. })) {
            events(event);
        }
    };
    match read(desk, spec, &told, cancel) {
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

pub(crate) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Reads a question and keeps the reading.
///
/// # Errors
/// Whatever resolving, loading, reading or keeping may meet; `cancelled` when stopped.
pub fn read(
    desk: &Desk,
    spec: &QuestionSpec,
    events: &(dyn Fn(ReadEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Reading> {
    let resolved = resolve(desk, spec)?;
    let mut reading = answered(desk, spec, &resolved, Unnamed::Own, events, cancel)?;
    keep(desk, &mut reading)?;
    Ok(compared(desk, &resolved, reading, &labels_of(spec)))
}

/// The answer to a question whose images are resolved, open or not. Nothing is kept and no truth is looked at.
///
/// # Errors
/// As [`read`].
pub(crate) fn answered(
    desk: &Desk,
    spec: &QuestionSpec,
    resolved: &Resolved,
    unnamed: Unnamed,
    events: &(dyn Fn(ReadEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Reading> {
    let wanted = load::wanted(desk, spec)?;
    if let Some(refusal) = no_labels(spec)
        .or_else(|| wanted.mismatch(spec, resolved.slices.len() + resolved.before.len()))
        .or_else(|| wanted.refusal(desk, 0))
    {
        return Err(refusal);
    }
    // A file that cannot be used is told before anything is loaded.
    asking::calibration_of(desk, &spec.options())?;
    let mut preparing = |slice: usize, of: usize| {
        events(ReadEvent::Preparing {
            slice: narrow(slice),
            of: narrow(of),
        });
    };
    let given = given(desk, resolved, spec, &mut preparing, cancel)?;
    let _questioning = desk.models.questioning();
    let begun = Instant::now();
    let loading = |fraction: f64, what: &str| {
        events(ReadEvent::Loading {
            fraction,
            what: what.to_owned(),
        });
    };
    let loaded = load::load(desk, &wanted, &loading, cancel)?;
    let load = begun.elapsed().as_secs_f64();
    match &loaded.model {
        Model::Siglip(model) => {
            let asked = zero_shot::Asked {
                spec,
                resolved,
                given: &given,
                wanted: &wanted,
                load,
            };
            if let Some(folder) = &wanted.head {
                return head::read(desk, model, &asked, folder, events, cancel);
            }
            let adapter = loaded.adapter(&wanted.adapters, cancel)?;
            zero_shot::read(desk, model, &asked, adapter.as_deref(), events, cancel)
        }
        Model::MedGemma(engine) => {
            let question = asking::question(desk, spec, resolved, &wanted, &loaded, &given, unnamed, cancel)?;
            let found = find(desk, engine, spec, &wanted, &question, load, events, cancel)?;
            Ok(answer::reading(
                desk, spec, resolved, &wanted, &given, engine, &question, found,
            ))
        }
    }
}

/// The answer, and what else was asked of it.
fn find(
    desk: &Desk,
    engine: &Engine,
    spec: &QuestionSpec,
    wanted: &load::Wanted,
    question: &Question,
    load: f64,
    events: &(dyn Fn(ReadEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Found> {
    let options = spec.options();
    let pace = pace::of(desk, &wanted.key).unwrap_or_default();
    let told = |event: Engines| events(translated(event, pace));
    let answer = engine.read(question, &mut |event| told(event), cancel)?;
    let written = answer.generated.len();
    let measured = Measured {
        pictures: if answer.reused_tokens == 0 {
            question.images.len()
        } else {
            0
        },
        prompt: answer.prompt_tokens.saturating_sub(answer.reused_tokens),
        written,
        seconds: [load, answer.seconds[0], answer.seconds[1], answer.seconds[2]],
    };
    pace::note(desk, &wanted.key, &measured);
    let (mut samples, mut p_true) = (None, None);
    if spec.form == AnswerForm::Open {
        let k = options.samples as usize;
        if k > 1 {
            samples = Some(open_answer::samples(engine, question, spec, k, events, cancel)?);
        }
        if options.p_true && answer.invalid.is_none() {
            let text = open_answer::proposed(&answer, &labels_of(spec));
            p_true = Some(engine.p_true(question, &text, &mut |event| told(event), cancel)?);
        }
    }
    Ok(Found {
        answer,
        samples,
        p_true,
        load,
    })
}

/// The engine's progress on the wire, with what is left by the pace of before.
pub(crate) fn translated(event: Engines, pace: pace::Pace) -> ReadEvent {
    match event {
        Engines::Vision { k, n } => ReadEvent::Vision {
            slice: narrow(k),
            of: narrow(n),
            seconds_left: (pace.picture > 0.0).then(|| pace.picture * (n + 1 - k) as f64),
        },
        Engines::Prefill { done, total } => ReadEvent::Prefill {
            done: narrow(done),
            of: narrow(total),
            seconds_left: (pace.token > 0.0).then(|| pace.token * total.saturating_sub(done) as f64),
        },
        Engines::Scoring { done, total } => ReadEvent::Scoring {
            done: narrow(done),
            of: narrow(total),
        },
        Engines::Thought(text) => ReadEvent::Thought { text },
        Engines::Token(text) => ReadEvent::Token { text },
    }
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
