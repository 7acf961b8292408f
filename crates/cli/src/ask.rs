//! Commands that ask a model: inputs, ask.

use std::path::Path;

use overread_desk::op::{ask as op_ask, checks, engine, given, head, objections, open, pictures, plan};
use overread_desk::wire::probes::{Check, CheckEvent, CheckKind, CheckSpec};
use overread_desk::wire::question::{
    ContentFreeName, NormaliseName, PairingName as Pairing, PriorSpec, QuestionOptions, QuestionSpec,
};
use overread_desk::wire::reading::{AnswerForm, ReadEvent};
use overread_desk::wire::viewing::{VoiFunctionName, WindowInfo};
use overread_desk::{Cancel, Desk};
use serde_json::json;

use crate::arguments::{Asked, InputsArguments};
use crate::ask_arguments::{AskArguments, ContentFree, Normalise, PairingName};
use crate::files::write_file;
use crate::models::precision;
use crate::{Outcome, Trouble, told};

fn spec(desk: &Desk, a: &Asked, model: &Path) -> Result<QuestionSpec, Trouble> {
    let sets = open::load(desk, &a.path)?;
    let set = open::choose(&sets, a.display_set.as_deref())?;
    let window = a
        .window
        .as_deref()
        .map(crate::files::window)
        .transpose()?
        .map(|w| WindowInfo {
            center: w.center,
            width: w.width,
            function: match format!("{:?}", w.function).as_str() {
                "Sigmoid" => VoiFunctionName::Sigmoid,
                "LinearExact" => VoiFunctionName::LinearExact,
                _ => VoiFunctionName::Linear,
            },
            explanation: String::new(),
        });
    Ok(QuestionSpec {
        display_set: set.id.clone(),
        slices: a.slices.clone().unwrap_or_else(|| "middle".to_owned()),
        preprocess: a.preprocess.clone().unwrap_or_default(),
        window,
        lut: None,
        inverted: false,
        model: desk.handle(model),
        template: a.template.clone().unwrap_or_default(),
        prompt: a.prompt.clone().unwrap_or_default(),
        form: AnswerForm::Open,
        labels: Vec::new(),
        max_new_tokens: 512,
        temperature: 0.0,
        seed: 0,
        options: None,
    })
}

pub(crate) fn inputs(desk: &Desk, a: &InputsArguments) -> Outcome {
    let mut spec = spec(desk, &a.asked, Path::new(""))?;
    if spec.template.is_empty() && spec.prompt.is_empty() {
        "finding.closed-set/1".clone_into(&mut spec.template);
    }
    let resolved = plan::resolve(desk, &spec)?;
    let given = given::given(desk, &resolved, &spec, &mut |_, _| {}, &Cancel::default())?;
    std::fs::create_dir_all(&a.out)
        .map_err(|error| Trouble::failed(format!("{}: {error}.", a.out.display())))?;
    let mut rows = Vec::new();
    for (i, (slice, picture)) in resolved.slices.iter().zip(&given.pictures).enumerate() {
        let file = format!("{:03}.png", i + 1);
        write_file(&a.out.join(&file), &pictures::picture_png(picture)?)?;
        let frame = &resolved.set.frames[slice - 1];
        rows.push(json!({
            "file": file,
            "slice": slice,
            "frame": frame.frame,
            "instance_number": frame.header.instance_number,
            "position_mm": frame.plane().map(|p| p.position.to_array()),
        }));
    }
    let record = json!({
        "preprocess": resolved.recipe.id(),
        "preprocess_hash": resolved.recipe.hash(),
        "display_set": resolved.set.id,
        "slices": rows,
        "rendered_prompt": engine::rendered(&given)?,
    });
    write_file(&a.out.join("inputs.json"), (record.to_string() + "\n").as_bytes())
}

fn content_free(name: ContentFree) -> ContentFreeName {
    match name {
        ContentFree::Grey => ContentFreeName::Grey,
        ContentFree::None => ContentFreeName::None,
    }
}

fn options(desk: &Desk, a: &AskArguments) -> Result<QuestionOptions, Trouble> {
    let mut priors = Vec::new();
    for path in &a.prior {
        let sets = open::load_beside(desk, path)?;
        priors.push(PriorSpec {
            display_set: open::choose(&sets, None)?.id.clone(),
            slices: String::new(),
        });
    }
    Ok(QuestionOptions {
        precision: a.dtype.map(precision),
        device: a.device.clone(),
        adapters: a.adapter.iter().map(|folder| desk.handle(folder)).collect(),
        merge_adapters: a.merge,
        head: a.head.as_ref().map(|folder| desk.handle(folder)),
        normalise: match a.normalise {
            Normalise::Sum => NormaliseName::Sum,
            Normalise::Mean => NormaliseName::Mean,
        },
        pmi: a.pmi.map(content_free),
        calibrate: a.calibrate.map(content_free),
        permutations: a.permute,
        none_option: a.none_of_these.clone().unwrap_or_default(),
        spellings: a.spellings,
        calibration: a.temperature_file.as_ref().map(|file| desk.handle(file)),
        pairing: match a.pairing {
            PairingName::ByForm => Pairing::ByForm,
            PairingName::PositiveNegative => Pairing::PositiveNegative,
        },
        top_k: a.sample.map_or(0, |s| s.top_k),
        top_p: a.sample.map_or(0.0, |s| s.top_p),
        samples: a.samples,
        p_true: a.p_true,
        think_budget: a.think_budget,
        stops: a.stop.clone(),
        boxes: a.boxes,
        pan_and_scan: a.pan_and_scan,
        pad_to_square: a.pad_to_square,
        priors,
    })
}

fn question(desk: &Desk, a: &AskArguments) -> Result<QuestionSpec, Trouble> {
    let mut spec = spec(desk, &a.asked, &a.model)?;
    let options = options(desk, a)?;
    if a.volume {
        "official".clone_into(&mut spec.slices);
    }
    (spec.form, spec.labels) = match (a.labels.is_empty(), a.yesno.is_empty(), &a.head) {
        (false, ..) => (AnswerForm::Labels, a.labels.clone()),
        (true, false, _) => (AnswerForm::YesNo, a.yesno.clone()),
        // A head knows its labels.
        (true, true, Some(folder)) if !a.open => head::question(folder)?,
        (true, true, _) => (AnswerForm::Open, Vec::new()),
    };
    if spec.template.is_empty() && spec.prompt.is_empty() {
        spec.template = match spec.form {
            AnswerForm::Labels => "finding.closed-set/1",
            AnswerForm::YesNo => "finding.yes-no/1",
            AnswerForm::Open => {
                return Err(Trouble::Usage(
                    "Say what to ask: --prompt or --template.".to_owned(),
                ));
            }
        }
        .to_owned();
    }
    spec.max_new_tokens = a.max_tokens.unwrap_or(0);
    spec.temperature = a.sample.map_or(a.temperature, |s| s.temperature);
    spec.seed = a.seed;
    spec.options = Some(options);
    Ok(spec)
}

pub(crate) fn ask(desk: &Desk, a: &AskArguments) -> Outcome {
    let spec = question(desk, a)?;
    let heard = |event: ReadEvent| match event {
        ReadEvent::Loading { fraction: 0.0, what } => eprintln!("{what}"),
        ReadEvent::Vision {
            slice,
            of,
            seconds_left,
        } => {
            let left = seconds_left
                .filter(|s| *s >= 1.0)
                .map(|s| format!(", about {s:.0} s left"))
                .unwrap_or_default();
            eprintln!("looking at picture {slice} of {of}{left}");
        }
        ReadEvent::Prefill { done, of, .. } if done == of => eprintln!("read {of} tokens"),
        ReadEvent::Sample { done, of } => eprintln!("sampled {done} of {of}"),
        _ => {}
    };
    let mut kinds = Vec::new();
    if a.looking {
        kinds.push(CheckKind::Looking);
    }
    if a.which_slices {
        kinds.push(CheckKind::WhichSlices);
    }
    if a.recipes.is_some() {
        kinds.push(CheckKind::Recipes);
    }
    let recipes = a.recipes.clone().unwrap_or_default();
    let mut check = CheckSpec {
        question: spec.clone(),
        reading: String::new(),
        seed: a.seed,
        other: String::new(),
        recipes: recipes.into_iter().filter(|id| id != "all").collect(),
        groups: 0,
    };
    for kind in &kinds {
        objections::suits(desk, *kind, &check)?;
    }
    let reading = op_ask::read(desk, &spec, &heard, &Cancel::default())?;
    // Printed is seen, blind mode or not.
    overread_desk::op::case::record_seen(desk, &reading.display_set, "model");
    check.reading.clone_from(&reading.id);
    let asking = |event: CheckEvent| {
        if let CheckEvent::Asking { what, done, of, .. } = event {
            eprintln!("asking again, {done} of {of}: {what}");
        }
    };
    let mut done: Vec<Check> = Vec::new();
    let mut trouble = None;
    for kind in kinds {
        match checks::run(desk, kind, &check, &asking, &Cancel::default()) {
            Ok(check) => done.push(check),
            Err(failure) => {
                trouble = Some(failure);
                break;
            }
        }
    }
    // The answer stands, whatever becomes of its checks.
    told::reading(&reading, &done, a.json)?;
    trouble.map_or(Ok(()), |failure| Err(failure.into()))
}
