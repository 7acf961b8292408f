//! What a question will cost, and the very pictures that the model will get; no weights are loaded.

use std::path::Path;
use std::sync::Arc;

use overread_dicom::DisplaySet;
use overread_imaging::modality::Unit;
use overread_imaging::voi::Voi;
use overread_medgemma::check::{check, memory_available};
use overread_medgemma::config::Config;
use overread_medgemma::estimate;
use overread_medgemma::prompt::build;
use overread_medgemma::tokenizer::Tokenizer;
use overread_medgemma::{Message, Part, Picture, Role};
use overread_protocol::prompt::{Part as Said, Wording};
use overread_protocol::range::CountedValues;
use overread_protocol::templates::{self, Form, Images};
use overread_protocol::{Recipe, slices};

use crate::code::{failure, sentences};
use crate::convert;
use crate::desk::{Desk, PlannedPictures, lock};
use crate::op::pictures::picture_png;
use crate::wire::reading::{AnswerForm, Plan, PlannedSlice, QuestionSpec, TemplateInfo};
use crate::{Cancel, Failure, Outcome, Resource};

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
    let template = if spec.template.is_empty() {
        None
    } else {
        let unknown = || {
            failure(
                "question.template",
                format!("There is no template {}.", spec.template),
                "",
            )
        };
        Some(templates::by_id(&spec.template).ok_or_else(unknown)?)
    };
    let wording = Wording::of(template, &spec.prompt);
    if wording.before.trim().is_empty() && wording.after.trim().is_empty() {
        return Err(failure(
            "question.empty",
            "There is no question yet.",
            "Choose a template or type a question.",
        ));
    }
    let without_images = template.is_some_and(|t| t.images == Images::None);
    let default = recipes(&set)
        .first()
        .map(|(id, _)| id.clone())
        .unwrap_or_default();
    let id = if spec.preprocess.is_empty() {
        default
    } else {
        spec.preprocess.clone()
    };
    let wrong = |error: &dyn std::fmt::Display| sentences("question.input", &error.to_string());
    let mut labels: Vec<String> = spec.labels.iter().map(|l| l.trim().to_lowercase()).collect();
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
    })
}

/// Makes the pictures of a resolved question, in order.
///
/// # Errors
/// When a slice cannot be decoded or the recipe does not fit it.
pub fn pictures(
    desk: &Desk,
    resolved: &Resolved,
    spec: &QuestionSpec,
    progress: &mut dyn FnMut(usize, usize),
    cancel: &Cancel,
) -> Outcome<Vec<Picture>> {
    let frames = || {
        resolved
            .slices
            .iter()
            .map(|s| desk.frames.get(&resolved.set.frames[s - 1]))
    };
    let range = if resolved.recipe.needs_range() {
        // Of the whole display set, whatever slices are asked about: the same slice always looks the same.
        let mut counted = CountedValues::default();
        for frame in &resolved.set.frames {
            cancel.check()?;
            counted.add(desk.frames.get(frame)?.as_ref());
        }
        counted.range()
    } else {
        None
    };
    let window = spec.window.as_ref().map(|w| Voi::Window(convert::window(w)));
    // `{frame}-voi-{k}`: the k-th VOI of each frame.
    let table: Option<usize> = spec
        .lut
        .as_ref()
        .and_then(|id| id.rsplit('-').next()?.parse().ok());
    let inverts = spec.inverted && resolved.recipe == Recipe::Display;
    let mut out = Vec::new();
    for (i, frame) in frames().enumerate() {
        cancel.check()?;
        progress(i + 1, resolved.slices.len());
        let frame = frame?;
        let by_table = table.and_then(|k| frame.attributes.vois.get(k)).cloned();
        let shown = by_table.or_else(|| window.clone());
        let mut picture = resolved
            .recipe
            .picture(&frame, shown.as_ref(), range)
            .map_err(|error| sentences("question.recipe", &error.to_string()))?;
        if inverts {
            picture.rgb.iter_mut().for_each(|v| *v = 255 - *v);
        }
        out.push(Picture {
            width: picture.width as usize,
            height: picture.height as usize,
            rgb: picture.rgb,
        });
    }
    Ok(out)
}

/// The question as the engine takes it.
pub(crate) fn messages(wording: &Wording, images: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    if !wording.system.is_empty() {
        messages.push(Message {
            role: Role::System,
            parts: vec![Part::Text(wording.system.clone())],
        });
    }
    let parts = wording
        .parts(images)
        .into_iter()
        .map(|part| match part {
            Said::Text(text) => Part::Text(text),
            Said::Image => Part::Image,
            Said::ImageAndCrops(crops) => Part::ImageAndCrops(crops),
        })
        .collect();
    messages.push(Message {
        role: Role::User,
        parts,
    });
    messages
}

/// The operation `plan_question`.
pub(crate) fn plan(desk: &Desk, spec: &QuestionSpec) -> Outcome<Plan> {
    let resolved = resolve(desk, spec)?;
    let pictures = pictures(desk, &resolved, spec, &mut |_, _| {}, &Cancel::default())?;
    let folder = desk.path(&spec.model)?;
    let report = check(&folder);
    let id = format!("plan-{}", convert::short_hash(&format!("{spec:?}")));
    let slices = resolved
        .slices
        .iter()
        .zip(&pictures)
        .map(|(slice, picture)| {
            let frame = &resolved.set.frames[slice - 1];
            PlannedSlice {
                slice: u32::try_from(*slice).unwrap_or(u32::MAX),
                instance_number: frame
                    .header
                    .instance_number
                    .map(|n| n.to_string())
                    .unwrap_or_default(),
                position: frame.plane().map(|p| p.distance()),
                width: u32::try_from(picture.width).unwrap_or(0),
                height: u32::try_from(picture.height).unwrap_or(0),
            }
        })
        .collect();
    let mut plan = Plan {
        id: id.clone(),
        slices,
        tokens: 0,
        context: None,
        memory: report.memory_f32 as f64,
        memory_available: memory_available().unwrap_or(0) as f64,
        seconds: None,
        rendered_prompt: String::new(),
        warnings: warnings(&resolved, pictures.len()),
        refusal: None,
        model_image_size: report.image_size.and_then(|s| u32::try_from(s).ok()),
    };
    if report.usable {
        match count(&folder, &resolved, pictures.len()) {
            Ok((tokens, context, rendered)) => {
                plan.tokens = tokens;
                plan.context = Some(context);
                plan.rendered_prompt = rendered;
                if tokens > context {
                    plan.refusal = Some(failure(
                        "question.too_long",
                        format!("The question has {tokens} tokens and the model reads {context}."),
                        "Choose fewer slices.",
                    ));
                }
            }
            Err(error) => plan.refusal = Some(error),
        }
        plan.seconds = lock(&desk.pace)
            .get(&folder)
            .map(|[picture, token]| picture * pictures.len() as f64 + token * f64::from(plan.tokens));
        if let Ok(config) = Config::read(&folder) {
            let tokens = plan.tokens as usize;
            plan.memory += estimate::cache_bytes(&config, tokens) as f64;
            plan.seconds = plan
                .seconds
                .or_else(|| Some(estimate::seconds(&config, pictures.len(), tokens)));
        }
        if plan.memory > plan.memory_available
            && plan.memory_available > 0.0
            && desk.engine.try_lock().is_ok_and(|engine| engine.is_none())
        {
            plan.refusal = Some(failure(
                "model.not_enough_memory",
                "There is not enough free memory for this model.",
                "Close other programs or choose a smaller model.",
            ));
        }
    } else {
        let line = report.lines.first().cloned().unwrap_or_default();
        plan.refusal = Some(failure("model.unusable", line, "Choose another model folder."));
    }
    if matches!(spec.form, AnswerForm::Labels | AnswerForm::YesNo)
        && spec.labels.iter().all(|l| l.trim().is_empty())
    {
        plan.refusal = Some(failure(
            "question.no_labels",
            "There are no answers to choose from.",
            "Type the labels, or ask for an open answer.",
        ));
    }
    let mut plans = lock(&desk.plans);
    plans.retain(|p| p.id != id);
    plans.push(PlannedPictures {
        id,
        pictures: Arc::new(pictures),
        side: report.image_size,
    });
    let drop = plans.len().saturating_sub(MOST_PLANS);
    plans.drain(..drop);
    Ok(plan)
}

fn count(folder: &Path, resolved: &Resolved, images: usize) -> Result<(u32, u32, String), Failure> {
    let config = Config::read(folder)?;
    let tokenizer = Tokenizer::read(folder)?;
    let prompt = build(
        &config,
        &tokenizer,
        &messages(&resolved.wording, images),
        "",
        false,
    )?;
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok((
        narrow(prompt.ids.len()),
        narrow(config.text.context),
        prompt.rendered,
    ))
}

fn warnings(resolved: &Resolved, pictures: usize) -> Vec<String> {
    let mut warnings = Vec::new();
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
