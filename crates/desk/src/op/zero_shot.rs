//! Labels scored by MedSigLIP: pictures against texts, nothing is written.

use std::time::Instant;

use overread_medgemma::siglip::{Asking, MedSiglip, Pairing, Template, templates};
use overread_medgemma::{Adapter, Message, Part};

use crate::code::failure;
use crate::desk::Desk;
use crate::op::answer::{finite, new_id, softmax_words, yes_labels};
use crate::op::ask::narrow;
use crate::op::asking::labels_of;
use crate::op::given::Given;
use crate::op::knowledge::beside;
use crate::op::load::Wanted;
use crate::op::pace::{self, Measured};
use crate::op::plan::Resolved;
use crate::op::provenance;
use crate::wire::question::{PairingName, QuestionSpec};
use crate::wire::reading::{Agreement, AnswerForm, LabelProbability, ReadEvent, Reading};
use crate::{Cancel, Outcome};

/// A question as it was resolved.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) spec: &'a QuestionSpec,
    pub(crate) resolved: &'a Resolved,
    pub(crate) given: &'a Given,
    pub(crate) wanted: &'a Wanted,
    /// Seconds of loading.
    pub(crate) load: f64,
}

/// What labels are compared by.
fn pairing(spec: &QuestionSpec) -> Outcome<Pairing> {
    match (spec.form, spec.options().pairing) {
        (AnswerForm::Open, _) => Err(failure(
            "question.labels_only",
            "A MedSigLIP writes nothing: it scores labels.",
            "Ask for labels or a yes/no list.",
        )),
        (_, PairingName::PositiveNegative) => Ok(Pairing::PositiveNegative),
        (AnswerForm::Labels, PairingName::ByForm) => Ok(Pairing::Softmax),
        (AnswerForm::YesNo, PairingName::ByForm) => Ok(Pairing::Sigmoid),
    }
}

/// The texts that suit the images.
fn template(spec: &QuestionSpec, modality: &str) -> Option<&'static Template> {
    let id = match modality {
        _ if templates().iter().any(|t| t.id == spec.template) => spec.template.as_str(),
        "CT" => "ct-slice/1",
        "MR" => "mr-slice/1",
        "CR" | "DX" => "chest-film/1",
        _ => "plain/1",
    };
    templates()
        .iter()
        .find(|t| t.id == id)
        .or_else(|| templates().first())
}

/// What the question is called: a model of this kind has no prompt.
fn line(messages: &[Message], template: &Template) -> String {
    let pictures: usize = messages.iter().flat_map(|m| &m.parts).map(Part::pictures).sum();
    let pictures = if pictures == 1 {
        "the picture".to_owned()
    } else {
        format!("{pictures} pictures")
    };
    format!("How well does each text fit {pictures}? “{}”", template.positive)
}

/// Scores the labels on every picture; the probabilities of several pictures are averaged.
///
/// # Errors
/// An open question, or those of the model.
pub(crate) fn read(
    desk: &Desk,
    model: &MedSiglip,
    asked: &Asked<'_>,
    adapter: Option<&Adapter>,
    events: &(dyn Fn(ReadEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Reading> {
    let Asked {
        spec,
        resolved,
        given,
        wanted,
        load,
    } = *asked;
    let pairing = pairing(spec)?;
    let labels = labels_of(spec);
    let Some(template) = template(spec, &resolved.set.modality) else {
        return Err(failure(
            "question.template",
            "There is no text to put labels in.",
            "",
        ));
    };
    if given.pictures.is_empty() {
        return Err(failure(
            "question.no_picture",
            "A MedSigLIP compares pictures with texts, and this question has no picture.",
            "Choose slices.",
        ));
    }
    let asking = Asking {
        pairing,
        template,
        adapter,
    };
    let pace = pace::of(desk, &wanted.key).unwrap_or_default();
    let n = given.pictures.len();
    let begun = Instant::now();
    let mut vision = 0.0;
    let mut sums: Vec<(f64, f64)> = vec![(0.0, 0.0); labels.len()];
    let mut hashes = Vec::new();
    for (k, picture) in given.pictures.iter().enumerate() {
        events(ReadEvent::Vision {
            slice: narrow(k + 1),
            of: narrow(n),
            seconds_left: (pace.picture > 0.0).then(|| pace.picture * (n - k) as f64),
        });
        let before = Instant::now();
        hashes.push(model.seen(picture)?.sha256());
        model.embed_image(picture, adapter, cancel)?;
        vision += before.elapsed().as_secs_f64();
        let mut told = |done: usize| {
            events(ReadEvent::Scoring {
                done: narrow(done),
                of: narrow(labels.len()),
            });
        };
        let fits = model.scores(picture, &labels, asking, &mut told, cancel)?;
        for (sum, fit) in sums.iter_mut().zip(&fits) {
            sum.0 += fit.probability / n as f64;
            sum.1 += fit.logits.first().copied().unwrap_or_default() / n as f64;
        }
    }
    let scoring = begun.elapsed().as_secs_f64() - vision;
    let probabilities: Vec<LabelProbability> = labels
        .iter()
        .zip(&sums)
        .map(|(label, (probability, logit))| LabelProbability {
            label: label.clone(),
            probability: finite(*probability),
            log_likelihood: finite(*logit),
            log_likelihood_per_token: finite(*logit),
            probability_by_sum: finite(*probability),
            probability_by_mean: finite(*probability),
            tokens: model
                .ids(&template.positive(label))
                .map_or(0, |ids| narrow(ids.len())),
            without_content: None,
            score: None,
        })
        .collect();
    let how = match pairing {
        Pairing::Softmax => softmax_words(labels.len()),
        Pairing::Sigmoid => "sigmoid of each label".to_owned(),
        Pairing::PositiveNegative => "each label against its absence in words".to_owned(),
    };
    let how = if n > 1 {
        format!("{how}, averaged over {n} pictures")
    } else {
        how
    };
    let scored = Scored {
        question: line(&given.messages, template),
        probabilities,
        hashes,
        lines: vec![
            ("pairing".to_owned(), pairing.name().to_owned()),
            (
                "texts".to_owned(),
                format!("{} | {} | {}", template.id, template.positive, template.negative),
            ),
        ],
        comparison: vec![format!("texts {}", template.id)],
        how,
        warning: String::new(),
        seconds: [load, vision, 0.0, scoring],
    };
    Ok(scored.reading(desk, model, asked, adapter))
}

/// Labels that were scored, by texts or by a head.
pub(crate) struct Scored {
    /// What the question is called.
    pub(crate) question: String,
    pub(crate) probabilities: Vec<LabelProbability>,
    /// Hashes of the pictures as the tower saw them.
    pub(crate) hashes: Vec<String>,
    /// Lines of its own for the record.
    pub(crate) lines: Vec<(String, String)>,
    /// What else is said of the comparison, beside `how`.
    pub(crate) comparison: Vec<String>,
    /// How the probabilities came about.
    pub(crate) how: String,
    /// Beside the model's own.
    pub(crate) warning: String,
    /// Loading, pictures, nothing, scoring.
    pub(crate) seconds: [f64; 4],
}

impl Scored {
    /// The reading, with all that is needed to repeat it.
    pub(crate) fn reading(
        self,
        desk: &Desk,
        model: &MedSiglip,
        asked: &Asked<'_>,
        adapter: Option<&Adapter>,
    ) -> Reading {
        let Asked {
            spec,
            resolved,
            given,
            wanted,
            load,
        } = *asked;
        let n = given.pictures.len();
        pace::note(
            desk,
            &wanted.key,
            &Measured {
                pictures: n,
                seconds: [load, self.seconds[1], 0.0, 0.0],
                ..Measured::default()
            },
        );
        let best = self
            .probabilities
            .iter()
            .max_by(|a, b| a.probability.total_cmp(&b.probability));
        let (label, confidence) = match spec.form {
            AnswerForm::YesNo => {
                let each = self
                    .probabilities
                    .iter()
                    .map(|p| (p.label.as_str(), p.probability));
                (yes_labels(each), None)
            }
            _ => (
                best.map(|b| b.label.clone()).unwrap_or_default(),
                best.map(|b| b.probability),
            ),
        };
        let d = model.description();
        let mut lines = provenance::common(desk, spec, resolved, wanted, given);
        let adapter = adapter.map(|a| format!("{} {}", a.name, a.sha256));
        provenance::hashes(
            &mut lines,
            &d.weights_sha256,
            &d.tokenizer_sha256,
            adapter,
            &self.hashes,
        );
        // The prompt's template plays no part here; what a head or texts are stands below.
        lines.retain(|(name, _)| name != "template");
        lines.push(("resize".to_owned(), format!("{:?}", d.resize).to_lowercase()));
        lines.extend(self.lines);
        let at = desk.clock.now();
        let said = beside(&wanted.report, resolved);
        let warnings = [said.warning.as_str(), self.warning.as_str()];
        Reading {
            id: new_id(&at, &spec.display_set, &format!("{:?}", self.hashes)),
            at,
            display_set: spec.display_set.clone(),
            question: self.question,
            form: spec.form,
            label,
            confidence,
            probabilities: self.probabilities,
            confidence_kind: format!("{}, uncalibrated", self.how),
            text: String::new(),
            thought: String::new(),
            invalid: String::new(),
            warning: warnings.join(" ").trim().to_owned(),
            note: said.note,
            provenance: lines,
            agreement: Agreement::NoTruth,
            agreement_reason: String::new(),
            slices: resolved.slices.iter().map(|s| narrow(*s)).collect(),
            tokens: [0, 0],
            seconds: self.seconds,
            boxes: Vec::new(),
            shown: Vec::new(),
            samples: None,
            p_true: None,
            comparison: [vec![self.how], self.comparison].concat(),
            ended: String::new(),
            asked: Some(spec.clone()),
            checks: Vec::new(),
        }
    }
}
