//! Commands about models: check, list, add, trace.

use overread_desk::Desk;
use overread_desk::op::{engine, known, models};
use overread_desk::wire::models::{KnownState, PrecisionName};
use serde_json::{Value, json};

use crate::arguments::{Dtype, ModelArguments, ModelCommand};
use crate::files::{print_json, print_text};
use crate::{Outcome, Trouble};

pub(crate) fn precision(dtype: Dtype) -> PrecisionName {
    match dtype {
        Dtype::F32 => PrecisionName::F32,
        Dtype::Bf16 => PrecisionName::Bf16,
        Dtype::Q8 => PrecisionName::Q8_0,
        Dtype::Q4 => PrecisionName::Q4K,
    }
}

/// `desk` is opened where the list is needed.
pub(crate) fn model(desk: &dyn Fn() -> Desk, a: ModelArguments) -> Outcome {
    match a.command {
        ModelCommand::Check { model, json } => check(&desk(), &model, json),
        ModelCommand::List { json } => list(&desk(), json),
        ModelCommand::Add { model, remove: false } => {
            let model = std::path::absolute(&model).unwrap_or(model);
            let info = models::add(&desk(), &model)?;
            let line = info.report.first().cloned().unwrap_or_default();
            if !info.usable {
                return Err(Trouble::failed(line));
            }
            print_text(&format!("{}: {line}\n{}\n", info.name, info.precision_reason))
        }
        ModelCommand::Add { model, remove: true } => {
            let model = std::path::absolute(&model).unwrap_or(model);
            Ok(models::remove(&desk(), &model)?)
        }
        ModelCommand::Trace {
            model,
            case,
            adapter,
            dtype,
            device,
            json: _,
        } => print_json(&engine::trace(
            &model,
            adapter.as_deref(),
            &case,
            precision(dtype),
            &device,
        )?),
    }
}

fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value[key]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn check(desk: &Desk, model: &std::path::Path, json: bool) -> Outcome {
    let report = engine::check(desk, model);
    if json {
        print_json(&report)?;
    } else {
        let mut lines: Vec<String> = texts(&report, "lines").into_iter().map(str::to_owned).collect();
        if report["usable"] != true {
            // What is wrong comes once, as the sentence of the failure.
            lines.drain(..lines.len().min(1));
        }
        let known = &report["known"];
        if let Some(title) = known["title"].as_str() {
            lines.push(format!("This is {title}."));
        }
        if let Some(terms) = known["terms"].as_str() {
            lines.push(format!("Terms: {terms}."));
        }
        lines.extend(texts(known, "terms_summary").into_iter().map(str::to_owned));
        for limit in texts(known, "limits") {
            lines.push(format!("Limit: {limit}"));
        }
        for row in known["preprocess"].as_array().into_iter().flatten() {
            let modality = row["modality"].as_str().unwrap_or_default();
            lines.push(format!(
                "Preprocessing for {modality}: {}.",
                texts(row, "ids").join(", ")
            ));
        }
        if let Some(warning) = report["warning"].as_str().filter(|w| !w.is_empty()) {
            lines.push(warning.to_owned());
        }
        if !lines.is_empty() {
            print_text(&(lines.join("\n") + "\n"))?;
        }
    }
    if report["usable"] == true {
        return Ok(());
    }
    let line = report["lines"][0].as_str();
    Err(Trouble::failed(line.unwrap_or("This model cannot be used.")))
}

fn list(desk: &Desk, json: bool) -> Outcome {
    let (known, own) = (known::known_models(desk)?, models::models(desk)?);
    if json {
        let paths: Vec<String> = own.iter().map(|m| models::path_words(desk, m)).collect();
        let rows: Vec<Value> = own
            .iter()
            .zip(paths)
            .map(|(m, path)| {
                let mut row = serde_json::to_value(m).unwrap_or_default();
                row["path"] = json!(path);
                row
            })
            .collect();
        return print_json(&json!({"known": known, "models": rows}));
    }
    let mut text = String::new();
    for m in &own {
        let state = if m.usable {
            m.precision_reason.as_str()
        } else {
            "cannot be used"
        };
        text.push_str(&format!(
            "{}  {}\n  {state}\n",
            m.name,
            models::path_words(desk, m)
        ));
    }
    text.push('\n');
    for m in &known {
        let state = match m.state {
            KnownState::Here => "here",
            KnownState::Incomplete => "incomplete",
            KnownState::NotHere => "not here",
        };
        text.push_str(&format!("{} ({state}): {}\n", m.name, m.about));
        for line in &m.guidance {
            text.push_str(&format!("  {line}\n"));
        }
    }
    print_text(&text)
}
