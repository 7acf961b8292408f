//! What a question will cost, and the very pictures that the model will get; no weights are loaded.

use std::sync::Arc;

use overread_dicom::DisplaySet;
use overread_imaging::modality::Unit;
use overread_medgemma::estimate;
use overread_medgemma::files::ModelFiles;
use overread_medgemma::prompt::build;
use overread_medgemma::siglip;
use overread_protocol::prompt::Wording;
use overread_protocol::templates::{self, Form, Images};
use overread_protocol::{Recipe, slices};

use crate::code::{failure, sentences};
use crate::convert;
use crate::desk::{Desk, PlannedPictures, lock};
use crate::op::ask::narrow;
use crate::op::asking::{labels_of, most_tokens};
use crate::op::files;
use crate::op::given::{Given, given};
use crate::op::knowledge::beside;
use crate::op::load::{self, Wanted};
use crate::op::pace;
use crate::op::pictures::picture_png;
use crate::op::precision;
use crate::wire::question::{PriorSpec, QuestionSpec};
use crate::wire::reading::{AnswerForm, Plan, PlannedSlice, TemplateInfo};
use crate::{Cancel, Outcome, Resource};

/// Plans whose pictures are kept for looking at.
const MOST_PLANS: usize = 4;

/// A question resolved: slices, recipe, wording.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Display set.
    pub set: Arc<DisplaySet>,
    /// Slices, from 1.
    pub slices: Vec<usize>,
    /// Recipe.
    pub recipe: Recipe,
    /// Wording.
    pub wording: Wording,
    /// Template id, or empty.
    pub template: String,
    /// Images that go before, with their slices from 1, in this order.
    pub before: Vec<(Arc<DisplaySet>, Vec<usize>)>,
}

/// Recipes that fit a display set, the default first, with their descriptions.
pub(crate) fn recipes(set: &DisplaySet) -> Vec<(String, String)> {
    let first = set.first();
    let attributes = first.header.attributes(first.frame);
    let hounsfield = attributes.is_some_and(|a| a.unit == Unit::Hounsfield);
    let colour = attributes.is_some_and(|a| !a.photometric.is_monochrome());
    Recipe::fitting(&set.modality, hounsfield, colour, set.is_volume())
        .into_iter()
        .map(|r| (r.id().to_owned(), r.description().to_owned()))
        .collect()
}

/// The operation `templates`.
pub(crate) fn templates() -> Vec<TemplateInfo> {
    templates::ALL
        .iter()
        .map(|t| TemplateInfo {
            id: t.id.to_owned(),
            title: t.title.to_owned(),
            text: [t.before, t.after]
                .into_iter()
                .filter(|p| !p.is_empty())
                .collect::<Vec<_>>()
                .join("\n")
                .trim()
                .to_owned(),
            source: t.source.to_owned(),
            images: match t.images {
                Images::None => "none",
                Images::One => "one",
                Images::Slices | Images::Plain | Images::Several => "several",
            }
            .to_owned(),
            answer: match t.form {
                Form::Labels => AnswerForm::Labels,
                Form::YesNo => AnswerForm::YesNo,
                Form::Open | Form::Boxes => AnswerForm::Open,
            },
            labels: t.labels.iter().map(|l| (*l).to_owned()).collect(),
        })
        .collect()
}

/// Resolves slices, recipe and wording.
///
/// # Errors
/// In words, when one of them does not fit.
pub fn resolve(desk: &Desk, spec: &QuestionSpec) -> Outcome<Resolved> {
    let set = desk.set(&spec.display_set)?;
    Ok(Resolved {
        before: priors(desk, &spec.options().priors)?,
        ..resolve_set(set, spec)?
    })
}

/// The same for images that need not be open; nothing goes before them.
///
/// # Errors
/// In words, when something does not fit.
pub(crate) fn resolve_set(set: Arc<DisplaySet>, spec: &QuestionSpec) -> Outcome<Resolved> {
    // A MedSigLIP has texts of its own and no prompt.
    let texts = siglip::templates().iter().any(|t| t.id == spec.template);
    let template = if spec.template.is_empty() || texts {
        None
    } else {
        let unknown = || {
            failure(
                "question.template",
                format!("There is no template {}.", spec.template),
                format!(
                    "Choose one of {}.",
                    templates::ALL.iter().map(|t| t.id).collect::<Vec<_>>().join(", ")
                ),
            )
        };
        Some(templates::by_id(&spec.template).ok_or_else(unknown)?)
    };
    let wording = Wording::of(template, &spec.prompt);
    if !texts && wording.before.trim().is_empty() && wording.after.trim().is_empty() {
        return Err(failure(
            "question.empty",
            "There is no question yet.",
            "Choose a template or type a question.",
        ));
    }
    let without_images = template.is_some_and(|t| t.images == Images::None) || set.frames.is_empty();
    // Text alone has no images and no recipe: any stands for none.
    let default = match set.frames.first() {
        None => Recipe::Display.id().to_owned(),
        Some(_) => recipes(&set)
            .first()
            .map(|(id, _)| id.clone())
            .unwrap_or_default(),
    };
    let id = if spec.preprocess.is_empty() {
        default
    } else {
        spec.preprocess.clone()
    };
    let wrong = |error: &dyn std::fmt::Display| sentences("question.input", &error.to_string());
    let mut labels: Vec<String> = spec.labels.iter().map(|l| l.trim().to_lowercase()).collect();
    labels.retain(|label| !label.is_empty());
    labels.sort();
    if let Some(twice) = labels.windows(2).find(|pair| pair[0] == pair[1]) {
        let label = &twice[0];
        return Err(failure(
            "question.label_twice",
            format!("The answer {label} is in the list twice."),
            "Take one of them out: their probabilities would be counted twice.",
        ));
    }
    let recipe = Recipe::by_id(&id).map_err(|e| wrong(&e))?;
    let slices = if without_images {
        Vec::new()
    } else {
        slices::choose(
            if spec.slices.is_empty() {
                "middle"
            } else {
                &spec.slices
            },
            set.frames.len(),
        )
        .map_err(|e| wrong(&e))?
    };
    Ok(Resolved {
        set,
        slices,
        recipe,
        wording,
        template: spec.template.clone(),
        before: Vec::new(),
    })
}

fn priors(desk: &Desk, specs: &[PriorSpec]) -> Outcome<Vec<(Arc<DisplaySet>, Vec<usize>)>> {
    specs
        .iter()
        .map(|prior| {
            let set = desk.set(&prior.display_set)?;
            let wanted = if prior.slices.is_empty() {
                "middle"
            } else {
                &prior.slices
            };
            let slices = slices::choose(wanted, set.frames.len())
                .map_err(|error| sentences("question.input", &error.to_string()))?;
            Ok((set, slices))
        })
        .collect()
}

/// The operation `plan_question`.
pub(crate) fn plan(desk: &Desk, spec: &QuestionSpec) -> Outcome<Plan> {
    let resolved = resolve(desk, spec)?;
    let given = given(desk, &resolved, spec, &mut |_, _| {}, &Cancel::default())?;
    let wanted = load::wanted(desk, spec)?;
    let report = &wanted.report;
    let id = format!("plan-{}", convert::short_hash(&format!("{spec:?}")));
    let mut plan = Plan {
        id: id.clone(),
        slices: planned(&resolved, &given),
        tokens: 0,
        context: None,
        memory: wanted.bytes() as f64,
        memory_available: precision::available(desk).unwrap_or(0) as f64,
        seconds: None,
        estimate: None,
        precision: wanted.choice.precision,
        precision_reason: wanted.choice.reason.clone(),
        rendered_prompt: String::new(),
        warnings: warnings(&wanted, &resolved, &given),
        refusal: None,
        model_image_size: report.image_size.and_then(|s| u32::try_from(s).ok()),
    };
    if report.usable && !wanted.is_siglip() {
        match files::opened(desk, &wanted.key.path) {
            Ok(files) => cost(desk, spec, &wanted, &given, &files, &mut plan),
            Err(error) => plan.refusal = Some(error),
        }
    }
    let extra = (plan.memory as u64).saturating_sub(wanted.bytes());
    plan.refusal = plan.refusal.or_else(|| wanted.refusal(desk, extra));
    plan.refusal = wanted.mismatch(spec, given.pictures.len()).or(plan.refusal);
    plan.refusal = no_labels(spec).or(plan.refusal);
    let mut plans = lock(&desk.plans);
    plans.retain(|p| p.id != id);
    plans.push(PlannedPictures {
        id,
        pictures: Arc::new(given.pictures),
        side: report.image_size,
    });
    let drop = plans.len().saturating_sub(MOST_PLANS);
    plans.drain(..drop);
    Ok(plan)
}

/// Why labels cannot be compared: there are none.
pub(crate) fn no_labels(spec: &QuestionSpec) -> Option<crate::Failure> {
    let none = matches!(spec.form, AnswerForm::Labels | AnswerForm::YesNo) && labels_of(spec).is_empty();
    none.then(|| {
        failure(
            "question.no_labels",
            "There are no answers to choose from.",
            "Name the labels, or ask for an open answer.",
        )
    })
}

/// Slices of the plan, those of earlier examinations first; crops are not counted.
fn planned(resolved: &Resolved, given: &Given) -> Vec<PlannedSlice> {
    let wholes = given.origins.iter().filter(|o| o.crop.is_none());
    wholes
        .map(|origin| {
            let frame = origin.slice.and_then(|slice| resolved.set.frames.get(slice - 1));
            let number = frame.and_then(|f| f.header.instance_number);
            PlannedSlice {
                slice: origin.slice.map_or(0, narrow),
                instance_number: number.map(|n| n.to_string()).unwrap_or_default(),
                position: frame.and_then(|f| f.plane()).map(|p| p.distance()),
                width: origin.framing.width,
                height: origin.framing.height,
                prior: origin.slice.is_none(),
            }
        })
        .collect()
}

/// Tokens, memory and seconds of a question to a MedGemma.
fn cost(
    desk: &Desk,
    spec: &QuestionSpec,
    wanted: &Wanted,
    given: &Given,
    files: &ModelFiles,
    plan: &mut Plan,
) {
    let prompt = match build(&files.config, &files.tokenizer, &given.messages, "", false) {
        Ok(prompt) => prompt,
        Err(error) => {
            plan.refusal = Some(error.into());
            return;
        }
    };
    let (tokens, context) = (prompt.ids.len(), files.config.text.context);
    plan.tokens = narrow(tokens);
    plan.context = Some(narrow(context));
    plan.rendered_prompt = prompt.rendered;
    if tokens > context {
        plan.refusal = Some(failure(
            "question.too_long",
            format!("The question has {tokens} tokens and the model reads {context}."),
            "Choose fewer slices.",
        ));
    }
    plan.memory += estimate::cache_bytes(&files.config, tokens) as f64;
    let options = spec.options();
    let written = match spec.form {
        // Few answers are as long as they may be.
        AnswerForm::Open => most_tokens(spec) / 2 * (1 + options.samples as usize),
        AnswerForm::Labels | AnswerForm::YesNo => labels_of(spec).len(),
    };
    let bytes = pace::file_bytes(&wanted.key.path);
    let sizes = [given.pictures.len(), tokens, written];
    let estimate = pace::estimate(desk, &wanted.key, files, bytes, sizes);
    plan.seconds = Some(estimate.load + estimate.vision + estimate.prefill + estimate.decode);
    plan.estimate = Some(estimate);
}

fn warnings(wanted: &Wanted, resolved: &Resolved, given: &Given) -> Vec<String> {
    let mut warnings = Vec::new();
    // What holds for the model alone stands beside its name.
    if wanted.report.phantoms_only {
        let said = beside(&wanted.report, resolved);
        warnings.extend(Some(said.warning).filter(|w| !w.is_empty()));
    }
    let pictures = resolved.slices.len();
    if given.has_priors() {
        warnings.push(
            "Earlier images go before; the model was tested with pairs of chest films only.".to_owned(),
        );
    }
    if pictures > slices::OFFICIAL_MOST {
        warnings.push(format!(
            "{pictures} slices: the published recipe takes at most {}.",
            slices::OFFICIAL_MOST
        ));
    }
    let by_number: Vec<Option<i64>> = resolved
        .slices
        .iter()
        .map(|s| resolved.set.frames[s - 1].header.instance_number)
        .collect();
    if by_number
        .windows(2)
        .any(|w| matches!((w[0], w[1]), (Some(a), Some(b)) if a > b))
    {
        warnings.push("Slices are ordered by position; the published recipe orders by instance number, which differs here.".to_owned());
    }
    if matches!(resolved.recipe, Recipe::MrPercentile) {
        warnings.push("This intensity rule is Overread's own: no official one was published.".to_owned());
    }
    warnings
}

/// `input/{plan}/{k}/{sent|seen}`.
pub(crate) fn picture(desk: &Desk, plan: &str, k: &str, which: &str) -> Outcome<Resource> {
    let gone = || {
        failure(
            "question.no_picture",
            "This picture was not kept.",
            "Change the question, or look again.",
        )
    };
    let planned = lock(&desk.plans)
        .iter()
        .find(|p| p.id == plan)
        .cloned()
        .ok_or_else(gone)?;
    let picture = k
        .parse::<usize>()
        .ok()
        .and_then(|k| planned.pictures.get(k).cloned())
        .ok_or_else(gone)?;
    let bytes = match (which, planned.side) {
        ("sent", _) | (_, None) => picture_png(&picture)?,
        ("seen", Some(side)) => picture_png(&picture.resized(side))?,
        _ => return Err(gone()),
    };
    Ok(Resource {
        content_type: "image/png",
        bytes,
    })
}
