//! Everything needed to repeat a reading, as lines of name and value.

use overread_medgemma::{Engine, Question, Task};

use crate::desk::Desk;
use crate::op::answer::Found;
use crate::op::given::Given;
use crate::op::load::Wanted;
use crate::op::models::name_of;
use crate::op::plan::Resolved;
use crate::op::precision;
use crate::wire::question::QuestionSpec;

type Lines = Vec<(String, String)>;

fn line(lines: &mut Lines, name: &str, value: impl Into<String>) {
    lines.push((name.to_owned(), value.into()));
}

/// Lines that every reading has: model, images, question, program.
pub(crate) fn common(
    desk: &Desk,
    spec: &QuestionSpec,
    resolved: &Resolved,
    wanted: &Wanted,
    given: &Given,
) -> Lines {
    let set = &resolved.set;
    let slices: Vec<String> = resolved.slices.iter().map(ToString::to_string).collect();
    let mut lines = Lines::new();
    line(&mut lines, "model", name_of(desk, &wanted.key.path));
    line(&mut lines, "precision", precision::name(wanted.key.precision));
    line(&mut lines, "device", wanted.key.device.clone());
    line(
        &mut lines,
        "preprocessing",
        format!("{} ({})", resolved.recipe.id(), resolved.recipe.hash()),
    );
    let options = spec.options();
    if options.pad_to_square {
        line(&mut lines, "framing", "padded to a square with black");
    } else if options.pan_and_scan {
        let crops = given.origins.iter().filter(|o| o.crop.is_some()).count();
        line(&mut lines, "framing", format!("pan and scan, {crops} crops"));
    }
    line(&mut lines, "slices", slices.join(","));
    let instances: Vec<&str> = given.own().map(|o| o.instance.as_str()).collect();
    line(&mut lines, "instances", instances.join(" "));
    if given.has_priors() {
        let before = given
            .origins
            .iter()
            .filter(|o| o.slice.is_none() && o.crop.is_none());
        let instances: Vec<&str> = before.map(|o| o.instance.as_str()).collect();
        line(&mut lines, "earlier images", instances.join(" "));
    }
    let template = match resolved.template.as_str() {
        "" => "own words".to_owned(),
        id => overread_protocol::templates::by_id(id)
            .map_or_else(|| id.to_owned(), |t| format!("{id} ({})", t.hash())),
    };
    line(&mut lines, "template", template);
    line(&mut lines, "labels", spec.labels.join(", "));
    line(&mut lines, "study", set.study_uid.clone());
    line(&mut lines, "series", set.series_uid.clone());
    line(
        &mut lines,
        "engine",
        format!(
            "overread {}, {} kernels, {} threads",
            env!("CARGO_PKG_VERSION"),
            overread_medgemma::level(),
            overread_medgemma::threads()
        ),
    );
    line(&mut lines, "reader", crate::op::app::settings(desk).reader);
    if let Some(window) = &spec.window {
        // As `--window` takes it.
        let function = serde_json::to_value(window.function).unwrap_or_default();
        let function = function.as_str().unwrap_or("LINEAR");
        line(
            &mut lines,
            "window",
            format!("{},{},{function}", window.center, window.width),
        );
    }
    if let Some(table) = &spec.lut {
        line(&mut lines, "VOI table", table.clone());
    }
    if spec.inverted && resolved.recipe == overread_protocol::Recipe::Display {
        line(&mut lines, "inverted", "yes");
    }
    lines
}

/// Hashes of a model's parts and of the pictures it got.
pub(crate) fn hashes(
    lines: &mut Lines,
    weights: &str,
    tokenizer: &str,
    adapter: Option<String>,
    pictures: &[String],
) {
    line(lines, "weights", weights);
    line(lines, "tokenizer", tokenizer);
    line(lines, "adapter", adapter.unwrap_or_else(|| "none".to_owned()));
    let short: Vec<&str> = pictures
        .iter()
        .map(|hash| hash.get(..12).unwrap_or(hash))
        .collect();
    line(lines, "pictures", short.join(", "));
}

/// The adapter beside the weights, or those merged into them.
fn adapter_words(question: &Question, wanted: &Wanted) -> Option<String> {
    let merged: Vec<String> = wanted
        .key
        .merged
        .iter()
        .map(|path| {
            path.file_name()
                .map_or_else(String::new, |n| n.to_string_lossy().into_owned())
        })
        .collect();
    if !merged.is_empty() {
        return Some(format!("{}, merged into the weights", merged.join(" + ")));
    }
    question
        .adapter
        .as_ref()
        .map(|a| format!("{} {}", a.name, a.sha256))
}

/// Lines of a reading by the engine.
pub(crate) fn of_engine(
    desk: &Desk,
    spec: &QuestionSpec,
    resolved: &Resolved,
    wanted: &Wanted,
    given: &Given,
    engine: &Engine,
    question: &Question,
    found: &Found,
) -> Lines {
    let answer = &found.answer;
    let d = engine.description();
    let mut lines = common(desk, spec, resolved, wanted, given);
    hashes(
        &mut lines,
        &d.weights_sha256,
        &d.tokenizer_sha256,
        adapter_words(question, wanted),
        &answer.image_sha256,
    );
    line(&mut lines, "resize", answer.resize.clone());
    line(&mut lines, "part order", answer.part_order.clone());
    line(&mut lines, "prompt", answer.rendered_prompt.clone());
    line(&mut lines, "prompt tokens", answer.prompt_tokens.to_string());
    line(&mut lines, "question", question.fingerprint());
    if let Task::Open {
        max_new_tokens,
        sampling,
    } = &question.task
    {
        line(
            &mut lines,
            "sampling",
            format!(
                "temperature {}, top-k {}, top-p {}, seed {}, at most {max_new_tokens} tokens",
                sampling.temperature, sampling.top_k, sampling.top_p, sampling.seed
            ),
        );
        if let Some(budget) = question.writing.thought_tokens {
            line(&mut lines, "thought", format!("at most {budget} tokens"));
        }
    }
    // Records for programs, whole.
    if let Some(comparison) = &answer.comparison {
        line(
            &mut lines,
            "comparison",
            serde_json::to_string(comparison).unwrap_or_default(),
        );
    }
    if let Some(samples) = &found.samples {
        line(
            &mut lines,
            "samples",
            serde_json::to_string(samples).unwrap_or_default(),
        );
    }
    for note in &d.notes {
        line(&mut lines, "note", note.clone());
    }
    lines
}
