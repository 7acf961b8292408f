//! From the question of a page or a command line to the engine's, and back to words about how labels were compared.

use overread_medgemma::calibration::{Calibrated, Calibration};
use overread_medgemma::generate::{Sampling, Writing};
use overread_medgemma::scoring::{ContentFree, Normalise, Scoring};
use overread_medgemma::{Comparison, EngineError, Question, Task};

use overread_protocol::templates;

use crate::Outcome;
use crate::code::{failure, io};
use crate::desk::Desk;
use crate::loaded::{Loaded, Model};
use crate::op::given::Given;
use crate::op::knowledge::{self, CALIBRATION_BYTES};
use crate::op::load::Wanted;
use crate::op::plan::Resolved;
use crate::wire::app::Handle;
use crate::wire::question::{ContentFreeName, NormaliseName, QuestionOptions, QuestionSpec};
use crate::wire::reading::AnswerForm;

/// Tokens of an open answer at most, whatever is asked for.
const MOST_TOKENS: u32 = 8192;

/// Tokens of an open answer at most, where neither question nor template says.
const USUAL_TOKENS: u32 = 512;

/// Tokens of an open answer at most: as asked, else as published with the template.
pub(crate) fn most_tokens(spec: &QuestionSpec) -> usize {
    let published = templates::by_id(&spec.template).map_or(0, |t| t.max_new_tokens);
    let wanted = [spec.max_new_tokens, published, USUAL_TOKENS]
        .into_iter()
        .find(|n| *n > 0);
    wanted.unwrap_or(USUAL_TOKENS).min(MOST_TOKENS) as usize
}

/// Labels as they count: trimmed, empty ones left out.
pub(crate) fn labels_of(spec: &QuestionSpec) -> Vec<String> {
    let trimmed = spec.labels.iter().map(|label| label.trim().to_owned());
    trimmed.filter(|label| !label.is_empty()).collect()
}

fn content_free(name: ContentFreeName) -> ContentFree {
    match name {
        ContentFreeName::Grey => ContentFree::GreyImage,
        ContentFreeName::None => ContentFree::NoImage,
    }
}

/// Reads a calibration file.
fn calibration(desk: &Desk, handle: &Handle) -> Outcome<Calibration> {
    let path = desk.path(handle)?;
    let size = std::fs::metadata(&path)
        .map_err(|error| io(&handle.label, &error))?
        .len();
    if size > CALIBRATION_BYTES {
        return Err(failure(
            "calibration.too_large",
            format!("{} is no calibration file: it is too large.", handle.label),
            "Choose the JSON file that a fit wrote.",
        ));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| io(&handle.label, &error))?;
    Calibration::read(&handle.label, &text).map_err(|error| {
        let why = match error {
            EngineError::BadFile { reason, .. } => reason,
            other => other.to_string(),
        };
        failure(
            "calibration.unreadable",
            format!("{} is no calibration file: {why}.", handle.label),
            "Choose the JSON file that a fit wrote.",
        )
    })
}

/// The calibration that is asked for.
///
/// # Errors
/// A file that cannot be read or is none.
pub(crate) fn calibration_of(desk: &Desk, options: &QuestionOptions) -> Outcome<Option<Calibration>> {
    let file = options.calibration.as_ref();
    file.map(|handle| calibration(desk, handle)).transpose()
}

fn scoring(desk: &Desk, options: &QuestionOptions) -> Outcome<Scoring> {
    Ok(Scoring {
        normalise: match options.normalise {
            NormaliseName::Sum => Normalise::Sum,
            NormaliseName::Mean => Normalise::Mean,
        },
        pmi: options.pmi.map(content_free),
        calibration: options.calibrate.map(content_free),
        permutations: options.permutations as usize,
        none_option: Some(options.none_option.trim().to_owned()).filter(|label| !label.is_empty()),
        spellings: options.spellings,
        calibrated: calibration_of(desk, options)?,
        ..Scoring::default()
    })
}

/// How tokens are chosen: as asked, what was left open as the model's publisher says.
pub(crate) fn sampling(spec: &QuestionSpec, wanted: &Wanted) -> Sampling {
    let options = spec.options();
    let published = Sampling::published(&wanted.key.path, 0)
        .ok()
        .flatten()
        .unwrap_or_default();
    Sampling {
        temperature: spec.temperature.max(0.0),
        top_k: if options.top_k > 0 {
            options.top_k as usize
        } else {
            published.top_k
        },
        top_p: if options.top_p > 0.0 {
            options.top_p.min(1.0)
        } else {
            published.top_p
        },
        seed: u64::from(spec.seed),
    }
}

/// Which calibration holds where a question names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unnamed {
    /// The model's own, where it was fitted on this very question.
    Own,
    /// None: an evaluation measures scores as they are, and fits calibrations itself.
    None,
}

/// The engine's question.
///
/// # Errors
/// A calibration file that cannot be read, adapters that do not fit.
pub(crate) fn question(
    desk: &Desk,
    spec: &QuestionSpec,
    resolved: &Resolved,
    wanted: &Wanted,
    loaded: &Loaded,
    given: &Given,
    unnamed: Unnamed,
    cancel: &crate::Cancel,
) -> Outcome<Question> {
    let options = spec.options();
    let labels = labels_of(spec);
    let adapter = loaded.adapter(&wanted.adapters, cancel)?;
    let mut question = Question {
        messages: given.messages.clone(),
        images: given.pictures.clone(),
        prefix: String::new(),
        task: match spec.form {
            AnswerForm::Labels => Task::Score(labels),
            AnswerForm::YesNo => Task::YesNo(labels),
            AnswerForm::Open => Task::Open {
                max_new_tokens: most_tokens(spec),
                sampling: sampling(spec, wanted),
            },
        },
        scoring: scoring(desk, &options)?,
        writing: Writing {
            stop: options.stops.clone(),
            thought_tokens: options.think_budget.map(|n| n as usize),
            ..Writing::default()
        },
        adapter,
        preprocessing: resolved.recipe.id().to_owned(),
    };
    let named = question.scoring.calibrated.is_some();
    if let (Model::MedGemma(engine), false, Unnamed::Own) = (&loaded.model, named, unnamed) {
        let weights = &engine.description().weights_sha256;
        let own = knowledge::own_calibration(&wanted.key.path, &wanted.report, resolved);
        question.scoring.calibrated = own.filter(|c| c.fits(weights, &question));
    }
    Ok(question)
}

/// `uncalibrated`, or by what it was calibrated.
pub(crate) fn calibrated_words(comparison: Option<&Comparison>) -> String {
    match comparison.map(|c| &c.calibration) {
        None | Some(Calibrated::None) => "uncalibrated".to_owned(),
        Some(Calibrated::ByHand { t }) => format!("temperature {t} set by hand, uncalibrated"),
        Some(Calibrated::Used { n, few: false, .. }) => format!("calibrated on {n} cases"),
        Some(Calibrated::Used { n, few: true, .. }) => {
            format!("calibrated on {n} cases, which are few")
        }
        Some(Calibrated::NotUsed { .. }) => "uncalibrated: the calibration file does not fit".to_owned(),
    }
}

/// How labels were compared, line by line.
pub(crate) fn comparison_lines(comparison: &Comparison) -> Vec<String> {
    let scoring = &comparison.scoring;
    let mut lines = vec![
        match scoring.normalise {
            Normalise::Sum => "log-likelihood of the whole label",
            Normalise::Mean => "log-likelihood a token",
        }
        .to_owned(),
    ];
    if comparison.closed {
        lines.push("with the end of the answer, because one label begins another".to_owned());
    }
    if scoring.spellings {
        lines.push("other spellings of a label counted".to_owned());
    }
    if !comparison.orders.is_empty() {
        lines.push(format!(
            "averaged over {} orders of the options",
            comparison.orders.len()
        ));
    }
    if let Some(none) = &scoring.none_option {
        lines.push(format!("with the option {none}"));
    }
    if let Some(correction) = &comparison.correction {
        let without = match correction.content_free {
            ContentFree::GreyImage => "grey pictures",
            ContentFree::NoImage => "no pictures",
        };
        lines.push(format!("{} with {without}", correction.kind));
    }
    if let Some(lead) = comparison.within_rounding {
        lines.push(format!(
            "too close for these weights: rounding them may change what leads (by {lead:.2} nats); ask in f32 to know"
        ));
    }
    if let Some(wording) = &comparison.yes_no {
        lines.push(format!("each asked as: {wording}"));
    }
    lines.push(match &comparison.calibration {
        Calibrated::None => "uncalibrated".to_owned(),
        Calibrated::ByHand { t } => format!("temperature {t}, set by hand"),
        Calibrated::Used { n, fitted_on, .. } => {
            let used = scoring.calibrated.as_ref();
            let scale = used.map_or_else(|| "a calibration".to_owned(), |c| c.scale.in_words());
            format!("{scale} fitted on {n} cases: {fitted_on}")
        }
        Calibrated::NotUsed { reason } => format!("The calibration file was not used. {reason}"),
    });
    lines
}
