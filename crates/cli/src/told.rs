//! A reading and its checks as they are printed.

use overread_desk::wire::probes::Check;
use overread_desk::wire::reading::{LabelProbability, Reading};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::files::{print_json, print_text};

/// Prints for machines or for people.
pub(crate) fn reading(reading: &Reading, checks: &[Check], for_machines: bool) -> Outcome {
    if for_machines {
        // Whoever watches a program read sees it too.
        if !reading.warning.is_empty() {
            eprintln!("{}", reading.warning);
        }
        print_json(&record(reading, checks))
    } else {
        print_text(&text(reading, checks))
    }
}

fn text(reading: &Reading, checks: &[Check]) -> String {
    let answer = if reading.label.is_empty() {
        &reading.text
    } else {
        &reading.label
    };
    let mut text = format!("{answer}\n");
    for p in &reading.probabilities {
        text.push_str(&format!("  {:>8}  {}\n", share(p.probability), p.label));
    }
    for b in &reading.boxes {
        let [left, top, right, bottom] = b.corners;
        text.push_str(&format!(
            "  {}: columns {left:.0} to {right:.0}, rows {top:.0} to {bottom:.0}\n",
            b.label
        ));
    }
    if let Some(samples) = &reading.samples {
        for vote in &samples.votes {
            text.push_str(&format!("  {} of {}: {}\n", vote.votes, samples.of, vote.answer));
        }
    }
    text.push_str(&format!("{}\n", reading.confidence_kind));
    for line in [&reading.invalid, &reading.warning, &reading.note]
        .into_iter()
        .filter(|l| !l.is_empty())
    {
        text.push_str(&format!("{line}\n"));
    }
    for check in checks {
        let verdicts = [
            check.looking.as_ref().map(|l| &l.verdict),
            check.which_slices.as_ref().map(|w| &w.verdict),
            check.recipes.as_ref().map(|r| &r.verdict),
        ];
        for verdict in verdicts.into_iter().flatten() {
            text.push_str(&format!("{verdict}\n"));
        }
        for line in details(check) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

/// A probability in percent; one that would be rounded to all or nothing says so.
pub(crate) fn share(p: f64) -> String {
    match p {
        0.9995.. => ">99.9 %".to_owned(),
        ..0.0005 => "<0.1 %".to_owned(),
        _ => format!("{:.1} %", p * 100.0),
    }
}

/// What a verdict rests on, line by line.
fn details(check: &Check) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(looking) = &check.looking {
        for a in &looking.answers {
            lines.push(format!("{:.2} {} with {}", a.shift, looking.measure, a.about));
        }
        lines.extend(looking.missing.iter().cloned());
    }
    if let Some(which) = &check.which_slices {
        for group in &which.groups {
            let slices: Vec<String> = group.slices.iter().map(ToString::to_string).collect();
            lines.push(format!(
                "{:+.2} log-odds of {} without slices {}",
                group.change,
                which.label,
                slices.join(",")
            ));
        }
    }
    if let Some(recipes) = &check.recipes {
        for a in &recipes.answers {
            lines.push(format!("{}: {}", a.recipe, a.label));
        }
        lines.extend(recipes.missing.iter().cloned());
    }
    lines
}

/// A check for machines: its probabilities by label, as those of the answer.
fn plain(mut value: Value) -> Value {
    let answers = value.get_mut("answers").and_then(Value::as_array_mut);
    for answer in answers.into_iter().flatten() {
        let rows = answer["probabilities"].as_array().cloned().unwrap_or_default();
        let by_label: Map<String, Value> = rows
            .iter()
            .filter_map(|row| Some((row["label"].as_str()?.to_owned(), row["probability"].clone())))
            .collect();
        answer["probabilities"] = Value::Object(by_label);
    }
    value
}

/// The keys of the contract, and more.
fn record(reading: &Reading, checks: &[Check]) -> Value {
    let of = |value: &dyn Fn(&LabelProbability) -> Value| -> Map<String, Value> {
        let rows = reading.probabilities.iter();
        rows.map(|p| (p.label.clone(), value(p))).collect()
    };
    let labels: Vec<Value> = reading
        .probabilities
        .iter()
        .map(|p| {
            json!({
                "label": p.label,
                "probability": p.probability,
                "sum": p.log_likelihood,
                "mean": p.log_likelihood_per_token,
                "probability_by_sum": p.probability_by_sum,
                "probability_by_mean": p.probability_by_mean,
                "tokens": p.tokens,
                "without_content": p.without_content,
            })
        })
        .collect();
    let mut provenance: Map<String, Value> = Map::new();
    for (name, value) in &reading.provenance {
        // Records of the engine are JSON themselves.
        let whole = || serde_json::from_str(value).ok();
        let own = match name.as_str() {
            "comparison" | "samples" => whole(),
            _ => None,
        };
        let value = own.unwrap_or_else(|| json!(value));
        match (provenance.get_mut(name), &value) {
            // Notes may be several: none takes the place of another.
            (Some(Value::String(before)), Value::String(next)) => {
                before.push('\n');
                before.push_str(next);
            }
            _ => {
                provenance.insert(name.clone(), value);
            }
        }
    }
    let [load, vision, prefill, decode] = reading.seconds;
    json!({
        "label": Some(&reading.label).filter(|l| !l.is_empty()),
        "confidence": reading.confidence,
        "confidence_kind": reading.confidence_kind,
        "probabilities": of(&|p| json!(p.probability)),
        "log_likelihoods": of(&|p| json!({"sum": p.log_likelihood, "mean": p.log_likelihood_per_token})),
        "labels": labels,
        "comparison": reading.comparison,
        "text": reading.text,
        "thought": Some(&reading.thought).filter(|t| !t.is_empty()),
        "ended": Some(&reading.ended).filter(|e| !e.is_empty()),
        "shown": reading.shown,
        "boxes": reading.boxes,
        "samples": reading.samples,
        "p_true": reading.p_true,
        "invalid": Some(&reading.invalid).filter(|i| !i.is_empty()),
        "warning": Some(&reading.warning).filter(|w| !w.is_empty()),
        "note": Some(&reading.note).filter(|n| !n.is_empty()),
        "agreement": reading.agreement,
        "reading": reading.id,
        "looking": checks.iter().find_map(|c| c.looking.as_ref()).map(|it| plain(json!(it))),
        "which_slices": checks.iter().find_map(|c| c.which_slices.as_ref()).map(|it| plain(json!(it))),
        "recipes": checks.iter().find_map(|c| c.recipes.as_ref()).map(|it| plain(json!(it))),
        "tokens": {"prompt": reading.tokens[0], "generated": reading.tokens[1]},
        "seconds": {"load": load, "vision": vision, "prefill": prefill, "decode": decode},
        "provenance": provenance,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_share_is_never_rounded_to_certainty() {
        let said = [1.0, 0.9996, 0.9994, 0.5, 0.0006, 0.0004, 0.0].map(super::share);
        assert_eq!(
            said,
            [
                ">99.9 %", ">99.9 %", "99.9 %", "50.0 %", "0.1 %", "<0.1 %", "<0.1 %"
            ]
        );
    }
}
