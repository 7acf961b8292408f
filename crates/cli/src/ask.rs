//! Commands about models: check, trace, inputs, ask.

use std::path::Path;

use overread_desk::op::engine;
use overread_desk::op::{ask as op_ask, open, pictures, plan};
use overread_desk::wire::models::PrecisionName;
use overread_desk::wire::question::{QuestionOptions, QuestionSpec};
use overread_desk::wire::reading::{AnswerForm, ReadEvent};
use overread_desk::wire::viewing::{VoiFunctionName, WindowInfo};
use overread_desk::{Cancel, Desk};
use serde_json::{Map, Value, json};

use crate::arguments::{AskArguments, Asked, Dtype, InputsArguments, ModelArguments, ModelCommand};
use crate::files::{print_json, print_text, write_file};
use crate::{Outcome, Trouble};

pub(crate) fn precision(dtype: Dtype) -> PrecisionName {
    match dtype {
        Dtype::F32 => PrecisionName::F32,
        Dtype::Bf16 => PrecisionName::Bf16,
        Dtype::Q8 => PrecisionName::Q8_0,
        Dtype::Q4 => PrecisionName::Q4K,
    }
}

fn no_adapter(adapter: Option<&Path>) -> Outcome {
    match adapter {
        None => Ok(()),
        Some(_) => Err(Trouble::failed("Adapters are not read yet. Leave --adapter out.")),
    }
}

pub(crate) fn model(a: ModelArguments) -> Outcome {
    match a.command {
        ModelCommand::Check { folder, json } => {
            let report = engine::check(&folder);
            if json {
                print_json(&report)?;
            } else {
                let lines: Vec<&str> = report["lines"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let warning = report["warning"].as_str().unwrap_or_default();
                print_text(&format!(
                    "{}\n{warning}{}",
                    lines.join("\n"),
                    if warning.is_empty() { "" } else { "\n" }
                ))?;
            }
            if report["usable"] == true {
                Ok(())
            } else {
                Err(Trouble::failed(
                    report["lines"][0]
                        .as_str()
                        .unwrap_or("This model cannot be used."),
                ))
            }
        }
        ModelCommand::Trace {
            folder,
            case,
            adapter,
            dtype,
            json: _,
        } => {
            no_adapter(adapter.as_deref())?;
            print_json(&engine::trace(&folder, &case, precision(dtype))?)
        }
    }
}

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
    let made = plan::pictures(desk, &resolved, &spec, &mut |_, _| {}, &Cancel::default())?;
    std::fs::create_dir_all(&a.out)
        .map_err(|error| Trouble::failed(format!("{}: {error}.", a.out.display())))?;
    let mut rows = Vec::new();
    for (i, (slice, picture)) in resolved.slices.iter().zip(&made).enumerate() {
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
        "rendered_prompt": engine::rendered(&resolved, made.len())?,
    });
    write_file(&a.out.join("inputs.json"), (record.to_string() + "\n").as_bytes())
}

pub(crate) fn ask(desk: &Desk, a: &AskArguments) -> Outcome {
    no_adapter(a.adapter.as_deref())?;
    let mut spec = spec(desk, &a.asked, &a.model)?;
    if a.volume {
        "official".clone_into(&mut spec.slices);
    }
    (spec.form, spec.labels) = match (a.labels.is_empty(), a.yesno.is_empty()) {
        (false, _) => (AnswerForm::Labels, a.labels.clone()),
        (true, false) => (AnswerForm::YesNo, a.yesno.clone()),
        (true, true) => (AnswerForm::Open, Vec::new()),
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
    (spec.seed, spec.temperature, spec.max_new_tokens) = (a.seed, a.temperature, a.max_new_tokens);
    spec.options = Some(QuestionOptions {
        precision: a.dtype.map(precision),
        ..QuestionOptions::default()
    });
    let told = |event: ReadEvent| match event {
        ReadEvent::Vision { slice, of, .. } => eprintln!("looking at picture {slice} of {of}"),
        ReadEvent::Prefill { done, of, .. } if done == of => eprintln!("read {of} tokens"),
        _ => {}
    };
    let reading = op_ask::read(desk, &spec, &told, &Cancel::default())?;
    // Printed is seen, blind mode or not.
    overread_desk::op::case::record_seen(desk, &reading.display_set, "model");
    if !a.json {
        let mut text = format!(
            "{}\n",
            if reading.label.is_empty() {
                &reading.text
            } else {
                &reading.label
            }
        );
        for p in &reading.probabilities {
            text.push_str(&format!("  {:5.1} %  {}\n", p.probability * 100.0, p.label));
        }
        text.push_str(&format!("{}\n", reading.confidence_kind));
        for line in [&reading.invalid, &reading.warning]
            .into_iter()
            .filter(|l| !l.is_empty())
        {
            text.push_str(&format!("{line}\n"));
        }
        return print_text(&text);
    }
    let probabilities: Map<String, Value> = reading
        .probabilities
        .iter()
        .map(|p| (p.label.clone(), json!(p.probability)))
        .collect();
    let scores: Map<String, Value> = reading
        .probabilities
        .iter()
        .map(|p| {
            (
                p.label.clone(),
                json!({"sum": p.log_likelihood, "mean": p.log_likelihood_per_token}),
            )
        })
        .collect();
    let provenance: Map<String, Value> = reading
        .provenance
        .iter()
        .map(|(n, v)| (n.clone(), json!(v)))
        .collect();
    let [load, vision, prefill, decode] = reading.seconds;
    print_json(&json!({
        "label": Some(&reading.label).filter(|l| !l.is_empty()),
        "confidence": reading.confidence,
        "confidence_kind": reading.confidence_kind,
        "probabilities": probabilities,
        "log_likelihoods": scores,
        "text": reading.text,
        "thought": Some(&reading.thought).filter(|t| !t.is_empty()),
        "invalid": Some(&reading.invalid).filter(|i| !i.is_empty()),
        "warning": Some(&reading.warning).filter(|w| !w.is_empty()),
        "agreement": reading.agreement,
        "reading": reading.id,
        "tokens": {"prompt": reading.tokens[0], "generated": reading.tokens[1]},
        "seconds": {"load": load, "vision": vision, "prefill": prefill, "decode": decode},
        "provenance": provenance,
    }))
}
