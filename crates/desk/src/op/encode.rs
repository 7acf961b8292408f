//! Pictures encoded ahead of any question: allowed by a setting, behind every question, stopped at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use overread_medgemma::EngineError;
use overread_protocol::slices;

use crate::code::failure;
use crate::desk::Desk;
use crate::loaded::{Loaded, Model};
use crate::op::ask::narrow;
use crate::op::given::{Given, given};
use crate::op::load::{self, Wanted};
use crate::op::plan::Resolved;
use crate::wire::probes::{EncodeEvent, EncodeSpec};
use crate::wire::question::QuestionSpec;
use crate::wire::reading::AnswerForm;
use crate::{Cancel, Outcome};

/// How often it looks whether a question came, or it was cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// The job `encode`.
pub(crate) fn encode(desk: &Desk, spec: &EncodeSpec, events: &(dyn Fn(EncodeEvent) + Sync), cancel: &Cancel) {
    match run(desk, spec, events, cancel) {
        Ok(pictures) => events(EncodeEvent::Done {
            pictures: narrow(pictures),
        }),
        Err(error) => events(EncodeEvent::Failed(error)),
    }
}

fn run(
    desk: &Desk,
    spec: &EncodeSpec,
    events: &(dyn Fn(EncodeEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<usize> {
    if !crate::op::app::settings(desk).encode_ahead {
        return Err(failure(
            "encode.off",
            "Encoding ahead is switched off.",
            "Switch it on in the settings.",
        ));
    }
    let (wanted, given) = wish(desk, spec, cancel)?;
    let of = given.pictures.len();
    let begun = Instant::now();
    let mut done = 0;
    while done < of {
        stand_back(desk, events, cancel)?;
        // Held for one picture only: a question that needs another model must not wait for the rest.
        let loading = |fraction: f64, _: &str| events(EncodeEvent::Loading { fraction });
        let one = behind_questions(desk, cancel, |own| {
            let loaded = load::load(desk, &wanted, &loading, own)?;
            picture(&loaded, &wanted, &given, done, own)
        });
        match one {
            Ok(()) => done += 1,
            // A question came: the picture is done again after it.
            Err(error) if error.code == "cancelled" && !cancel.is_cancelled() => continue,
            Err(error) => return Err(error),
        }
        let each = begun.elapsed().as_secs_f64() / done as f64;
        events(EncodeEvent::Encoded {
            done: narrow(done),
            of: narrow(of),
            seconds_left: Some(each * (of - done) as f64),
        });
    }
    Ok(of)
}

/// The model and the pictures: never more slices than the official sampling takes.
fn wish(desk: &Desk, spec: &EncodeSpec, cancel: &Cancel) -> Outcome<(Wanted, Given)> {
    let set = desk.set(&spec.display_set)?;
    let asked = match spec.slices.as_str() {
        "" if set.is_volume() => "official",
        "" => "middle",
        asked => asked,
    };
    let question = QuestionSpec {
        display_set: spec.display_set.clone(),
        slices: asked.to_owned(),
        preprocess: spec.preprocess.clone(),
        window: None,
        lut: None,
        inverted: false,
        model: spec.model.clone(),
        template: String::new(),
        // Only pictures are made of it.
        prompt: "-".to_owned(),
        form: AnswerForm::Open,
        labels: Vec::new(),
        max_new_tokens: 1,
        temperature: 0.0,
        seed: 0,
        options: None,
    };
    let mut resolved: Resolved = crate::op::plan::resolve(desk, &question)?;
    resolved.slices.truncate(slices::OFFICIAL_MOST);
    let wanted = load::wanted(desk, &question)?;
    if let Some(refusal) = wanted.refusal(desk, 0) {
        return Err(refusal);
    }
    let given = given(desk, &resolved, &question, &mut |_, _| {}, cancel)?;
    Ok((wanted, given))
}

/// Waits until no question is read.
fn stand_back(desk: &Desk, events: &(dyn Fn(EncodeEvent) + Sync), cancel: &Cancel) -> Outcome<()> {
    let mut told = false;
    while desk.models.is_questioned() {
        cancel.check()?;
        if !told {
            events(EncodeEvent::Waiting);
            told = true;
        }
        std::thread::sleep(LOOK);
    }
    Ok(cancel.check()?)
}

/// Runs `work`, which is cancelled when a question comes or the job is.
fn behind_questions(desk: &Desk, cancel: &Cancel, work: impl FnOnce(&Cancel) -> Outcome<()>) -> Outcome<()> {
    let own = Cancel::default();
    let over = Cancel::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.is_cancelled() {
                if cancel.is_cancelled() || desk.models.is_questioned() {
                    own.cancel();
                    return;
                }
                std::thread::sleep(LOOK);
            }
        });
        let out = work(&own);
        over.cancel();
        out
    })
}

fn picture(loaded: &Arc<Loaded>, wanted: &Wanted, given: &Given, k: usize, cancel: &Cancel) -> Outcome<()> {
    let picture = given.pictures.get(k).ok_or(EngineError::Cancelled)?;
    let adapter = loaded.adapter(&wanted.adapters, cancel)?;
    match &loaded.model {
        Model::MedGemma(engine) => engine
            .encode_ahead(picture, adapter.as_deref(), cancel)
            .map(drop)?,
        Model::Siglip(model) => model.embed_image(picture, adapter.as_deref(), cancel).map(drop)?,
    }
    Ok(())
}
