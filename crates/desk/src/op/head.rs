//! Reading by a head: a linear probe or small MLP over the image embedding of a MedSigLIP, learned from a case set
//! (`op::tune::head`). The labels are its own, and no text is compared.

use std::path::Path;
use std::time::Instant;

use overread_medgemma::Adapter;
use overread_medgemma::siglip::{MedSiglip, SiglipDescription};
use overread_tuning::head::{About, Answer, Head, HeadError, read as read_folder};

use crate::code::failure;
use crate::desk::Desk;
use crate::op::answer::finite;
use crate::op::ask::narrow;
use crate::op::asking::labels_of;
use crate::op::evaluation::{folder as folders, settings};
use crate::op::given::Given;
use crate::op::plan::Resolved;
use crate::op::zero_shot::{Asked, Scored};
use crate::op::{pace, precision};
use crate::wire::question::{PairingName, QuestionOptions, QuestionSpec};
use crate::wire::reading::{AnswerForm, LabelProbability, ReadEvent, Reading};
use crate::{Cancel, Outcome};

/// How the slice rule of a head begins whose cases had slices of their own: any slice is then as good as another.
pub(crate) const OWN: &str = "each case's own";
/// Digits of a hash in a sentence.
const SHORT: usize = 12;

/// A head with what it says of itself.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The head.
    pub head: Head,
    /// What `head.json` says.
    pub about: About,
    /// Folder's last part.
    pub name: String,
    /// Hash of its files.
    pub sha256: String,
}

/// Opens a head's folder.
///
/// # Errors
/// `head.file`, `head.damaged`.
pub fn open(folder: &Path) -> Outcome<Opened> {
    let (head, about) = read_folder(folder)?;
    Ok(Opened {
        head,
        about,
        name: folders::name(folder),
        sha256: settings::of_folder(folder)?,
    })
}

/// The question that a head answers.
///
/// # Errors
/// As [`open`].
pub fn question(folder: &Path) -> Outcome<(AnswerForm, Vec<String>)> {
    let head = open(folder)?.head;
    Ok((form(head.answer), head.labels))
}

fn form(answer: Answer) -> AnswerForm {
    match answer {
        Answer::One => AnswerForm::Labels,
        Answer::Each => AnswerForm::YesNo,
    }
}

/// How pictures are framed, in a word.
pub(crate) fn framing(options: &QuestionOptions) -> &'static str {
    match (options.pad_to_square, options.pan_and_scan) {
        (true, _) => "padded",
        (_, true) => "crops",
        _ => "whole",
    }
}

/// The preprocessing of a resolved question, as a head keeps it.
pub(crate) fn preprocessing(resolved: &Resolved) -> String {
    format!("{} ({})", resolved.recipe.id(), resolved.recipe.hash())
}

/// The window of a question, as a head keeps it.
pub(crate) fn window(spec: &QuestionSpec) -> String {
    spec.window
        .as_ref()
        .map_or_else(String::new, |w| format!("{},{}", w.center, w.width))
}

impl Opened {
    /// Whether this is the question that it answers.
    ///
    /// # Errors
    /// `head.other_labels`.
    pub(crate) fn suits(&self, asked: AnswerForm, labels: &[String]) -> Outcome<()> {
        let sorted = |labels: &[String]| {
            let mut labels: Vec<String> = labels.iter().map(|label| label.trim().to_owned()).collect();
            labels.sort();
            labels
        };
        if form(self.head.answer) == asked && sorted(labels) == sorted(&self.head.labels) {
            return Ok(());
        }
        let words = |form: AnswerForm, labels: &[String]| match form {
            AnswerForm::Labels => format!("one of {}", labels.join(", ")),
            AnswerForm::YesNo => format!("yes or no for {}", labels.join(", ")),
            AnswerForm::Open => "an open one".to_owned(),
        };
        Err(HeadError::OtherLabels {
            expected: words(form(self.head.answer), &self.head.labels),
            found: words(asked, labels),
        }
        .into())
    }

    /// Whether this is the model that it was trained on.
    ///
    /// # Errors
    /// `head.other_model`.
    pub(crate) fn stands_on(&self, model: &SiglipDescription) -> Outcome<()> {
        let own = &self.about.model;
        if own.weights_sha256 == model.weights_sha256 {
            return Ok(());
        }
        let short = |hash: &str| hash.chars().take(SHORT).collect();
        Err(HeadError::OtherModel {
            name: own.name.clone(),
            expected: short(&own.weights_sha256),
            found: short(&model.weights_sha256),
        }
        .into())
    }

    /// Whether the pictures are prepared as those that it learned from.
    fn sees(&self, spec: &QuestionSpec, resolved: &Resolved) -> Outcome<()> {
        let input = &self.about.input;
        let prepared = preprocessing(resolved);
        let framed = framing(&spec.options());
        if input.preprocessing.contains(&prepared) && input.framing == framed {
            return Ok(());
        }
        Err(HeadError::OtherPictures {
            expected: format!("{}, {}", input.preprocessing.join(" or "), input.framing),
            found: format!("{prepared}, {framed}"),
        }
        .into())
    }

    /// What is other than it was while learning and forbids nothing.
    fn warning(&self, spec: &QuestionSpec, precision: &str) -> String {
        let input = &self.about.input;
        let mut differs = Vec::new();
        let mut differ = |what: &str, own: &str, now: &str| {
            if own != now {
                let own = if own.is_empty() { "the file's" } else { own };
                differs.push(format!("{what} {own}"));
            }
        };
        if !input.slices.starts_with(OWN) {
            differ("slices", &input.slices, &spec.slices);
        }
        differ("window", &input.window, &window(spec));
        differ("precision", &self.about.model.precision, precision);
        if differs.is_empty() {
            return String::new();
        }
        format!(
            "The head learned with other settings ({}): its probabilities may be off.",
            differs.join(", ")
        )
    }
}

/// Pictures as one vector.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Embedded {
    /// Mean of the embeddings of all pictures.
    pub(crate) mean: Vec<f32>,
    /// SHA-256 of each picture as the tower sees it.
    pub(crate) hashes: Vec<String>,
}

/// Embeds all pictures of a case. What was embedded before comes from the model's cache, in memory or on disk, whose key is the
/// picture as the tower sees it, the weights, how they are held, and the adapter. `told` hears the place of each picture from 0.
///
/// # Errors
/// `question.no_picture`, those of the model, cancelled.
pub(crate) fn embed(
    model: &MedSiglip,
    given: &Given,
    told: &mut dyn FnMut(usize),
    cancel: &Cancel,
) -> Outcome<Embedded> {
    if given.pictures.is_empty() {
        return Err(failure(
            "question.no_picture",
            "A head reads pictures, and this question has none.",
            "Choose slices.",
        ));
    }
    let mut sum = vec![0.0_f64; model.description().width];
    let mut hashes = Vec::new();
    for (k, picture) in given.pictures.iter().enumerate() {
        told(k);
        hashes.push(model.seen(picture)?.sha256());
        let embedding = model.embed_image(picture, None::<&Adapter>, cancel)?;
        for (sum, value) in sum.iter_mut().zip(embedding.iter()) {
            *sum += f64::from(*value);
        }
    }
    let n = given.pictures.len() as f64;
    Ok(Embedded {
        mean: sum.into_iter().map(|v| (v / n) as f32).collect(),
        hashes,
    })
}

/// Reads by a head.
///
/// # Errors
/// `head.…` for a head that is damaged or belongs to another model, question or way of preparing pictures; those of the model.
pub(crate) fn read(
    desk: &Desk,
    model: &MedSiglip,
    asked: &Asked<'_>,
    folder: &Path,
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
    if spec.options().pairing != PairingName::ByForm {
        return Err(failure(
            "question.head_has_no_texts",
            "A head compares no texts, so there is nothing to pair.",
            "Leave the pairing out.",
        ));
    }
    let labels = labels_of(spec);
    let opened = open(folder)?;
    opened.suits(spec.form, &labels)?;
    opened.stands_on(model.description())?;
    opened.sees(spec, resolved)?;
    let pace = pace::of(desk, &wanted.key).unwrap_or_default();
    let n = given.pictures.len();
    let begun = Instant::now();
    let mut told = |k: usize| {
        events(ReadEvent::Vision {
            slice: narrow(k + 1),
            of: narrow(n),
            seconds_left: (pace.picture > 0.0).then(|| pace.picture * (n - k) as f64),
        });
    };
    let embedded = embed(model, given, &mut told, cancel)?;
    let vision = begun.elapsed().as_secs_f64();
    let logits = opened.head.logits(&embedded.mean)?;
    let all = opened.head.probabilities(&logits);
    let probabilities = labels
        .iter()
        .filter_map(|label| {
            let mut own = opened.head.labels.iter();
            let at = own.position(|own| own.trim() == label.trim())?;
            let (logit, probability) = (finite(logits[at]), finite(all[at]));
            Some(LabelProbability {
                label: label.clone(),
                probability,
                log_likelihood: logit,
                log_likelihood_per_token: logit,
                probability_by_sum: probability,
                probability_by_mean: probability,
                tokens: 0,
                without_content: None,
                score: None,
            })
        })
        .collect();
    let pictures = if n == 1 {
        "the picture".to_owned()
    } else {
        format!("{n} pictures")
    };
    let head = format!("{} {}", opened.name, opened.sha256);
    let together = if n > 1 {
        format!(", mean embedding of {n} pictures")
    } else {
        String::new()
    };
    let training = &opened.about.training;
    let scored = Scored {
        question: format!("What does the {} say of {pictures}?", opened.head.kind.words()),
        probabilities,
        hashes: embedded.hashes,
        lines: vec![
            ("head".to_owned(), head.clone()),
            (
                "head learned from".to_owned(),
                format!(
                    "{}, split {}, data {}",
                    training.case_set, training.learned.split, training.data_sha256
                ),
            ),
        ],
        comparison: vec![format!("head {head}")],
        how: format!("{}{together}", opened.head.words()),
        warning: opened.warning(spec, precision::name(wanted.key.precision)),
        seconds: [load, vision, 0.0, begun.elapsed().as_secs_f64() - vision],
    };
    Ok(scored.reading(desk, model, asked, None))
}
