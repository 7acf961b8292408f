//! A head learned from a case set: the pictures that `eval run` would give the model, embedded once and kept, then a linear probe or
//! small MLP over them, and its figures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use overread_evaluation::case_set::policy::OneLabel;
use overread_evaluation::case_set::{CaseSet, CaseSpec, ReadSettings, ReaderSpec, Task};
use overread_medgemma::siglip::MedSiglip;
use overread_tuning::head::{
    About, BaseModel, Cases, EMBEDDING, Fitted, HeadError, Input, Settings, Training, Truths, fit, write,
};
pub use overread_tuning::head::{Chosen, Figure, Kind, Part};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::code::failure;
use crate::desk::Desk;
use crate::loaded::Model;
use crate::op::evaluation::asked::{self, About as AskedAbout};
use crate::op::evaluation::images::Finder;
use crate::op::evaluation::question::{self, Putting};
use crate::op::evaluation::{folder, settings};
use crate::op::given::given;
use crate::op::head::{Embedded, OWN, embed, framing, open, preprocessing, window};
use crate::op::load::{self, Wanted};
use crate::op::tune::judged::figures;
use crate::op::tune::split::{self, Splits, Wish};
use crate::op::{models, naming, precision};
use crate::wire::question::{QuestionOptions, QuestionSpec};
use crate::wire::reading::AnswerForm;
use crate::{Cancel, Failure, Outcome};

/// What is to be learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadOptions {
    /// The case-set file.
    pub case_set: PathBuf,
    /// A MedSigLIP's folder.
    pub model: PathBuf,
    /// The head's folder; files of its names are replaced.
    pub out: PathBuf,
    /// Linear or MLP.
    pub kind: Kind,
    /// The split that is learned; `None`: `train`.
    pub learned: Option<String>,
    /// The split that chooses; `None`: `validation` where there is one; empty: cross-validation over the patients that are learned.
    pub validation: Option<String>,
    /// Decides everything that is drawn.
    pub seed: u64,
}

/// What is going on.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadEvent {
    /// Looking for leaks.
    Checking {
        /// Cases looked at.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// Loading the model.
    Loading {
        /// Share, 0 to 1.
        fraction: f64,
        /// What is done.
        what: String,
    },
    /// Embedding pictures.
    Embedding {
        /// Cases done.
        done: usize,
        /// Of so many.
        of: usize,
        /// By the pace so far.
        seconds_left: Option<f64>,
    },
    /// Fitting: a line of it.
    Fitting(String),
}

/// What was learned.
#[derive(Clone, Debug, Serialize)]
pub struct HeadSummary {
    /// The head's folder.
    pub head: PathBuf,
    /// Hash of its files.
    pub sha256: String,
    /// Kind.
    pub kind: Kind,
    /// Labels.
    pub labels: Vec<String>,
    /// What was learned.
    pub learned: Part,
    /// What chose; `None`: cross-validation.
    pub validation: Option<Part>,
    /// What was chosen.
    pub chosen: Chosen,
    /// Figures of what it was chosen by.
    pub figures: Vec<Figure>,
    /// What should be known.
    pub remarks: Vec<String>,
    /// Seconds of embedding and of fitting.
    pub seconds: [f64; 2],
    /// Lines for the case set, so that the head reads like any other reader.
    pub reader: String,
}

/// Cases as they are learned, with how their pictures were prepared.
struct Gathered {
    learned: Cases,
    validation: Option<Cases>,
    preprocessing: BTreeSet<String>,
    window: String,
    seconds: f64,
}

/// Learns a head and writes it.
///
/// # Errors
/// `tuning.task` for questions that no head answers, `tuning.model` for a model without embeddings, what [`split::gate`] refuses, what
/// loading, preparing and fitting may meet; or cancelled. Nothing is written then; what was embedded is kept.
pub fn train(
    desk: &Desk,
    options: &HeadOptions,
    events: &(dyn Fn(HeadEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<HeadSummary> {
    let set = folder::case_set(&options.case_set)?;
    if !matches!(set.question.task, Task::Closed | Task::YesNo) {
        return Err(failure(
            "tuning.task",
            "A head answers one label of a list, or each of them with yes or no, and this case set asks for something else.",
            "Make a case set whose task is closed or yes_no.",
        ));
    }
    let usual = Wish::usual(&set, false);
    let wish = Wish {
        learned: options.learned.clone().unwrap_or(usual.learned),
        validation: options.validation.clone().unwrap_or(usual.validation),
        gives_text: false,
    };
    let read = set.settings.clone();
    let mut asking = asked::options_of(&read)?;
    asking.precision = question::named(&read.precision);
    let wanted = wanted(desk, options, &asking)?;
    asking.precision = Some(wanted.key.precision);
    let splits = split::gate(desk, &options.case_set, &set, &wish, cancel, &|done, of| {
        events(HeadEvent::Checking { done, of });
    })?;
    let loading = |fraction: f64, what: &str| {
        events(HeadEvent::Loading {
            fraction,
            what: what.to_owned(),
        });
    };
    let loaded = load::load(desk, &wanted, &loading, cancel)?;
    let Model::Siglip(model) = &loaded.model else {
        return Err(no_siglip());
    };
    let work = Work {
        desk,
        set: &set,
        finder: Finder::of(&options.case_set),
        putting: Putting {
            model: desk.handle(&options.model),
            read: &read,
            options: &asking,
        },
        model,
        events,
        cancel,
    };
    let gathered = work.gather(&splits)?;
    let settings = Settings {
        kind: options.kind,
        seed: options.seed,
        ..Settings::default()
    };
    let begun = Instant::now();
    let told = |line: &str| events(HeadEvent::Fitting(line.to_owned()));
    let fitted = fit(
        &set.question.labels,
        &gathered.learned,
        gathered.validation.as_ref(),
        &settings,
        &told,
        cancel,
    )?;
    let seconds = begun.elapsed().as_secs_f64();
    let about = about(desk, &work, &wanted, &wish, &gathered, settings, &fitted);
    write(&options.out, &fitted.head, &about)?;
    let opened = open(&options.out)?;
    Ok(HeadSummary {
        head: options.out.clone(),
        sha256: opened.sha256,
        kind: options.kind,
        reader: reader_lines(options, &wish),
        labels: fitted.head.labels,
        learned: about.training.learned,
        validation: about.training.validation,
        chosen: fitted.chosen,
        figures: about.figures,
        remarks: splits.remarks,
        seconds: [gathered.seconds, seconds],
    })
}

fn no_siglip() -> Failure {
    failure(
        "tuning.model",
        "A head stands on the image embeddings of a MedSigLIP, and this model is none.",
        "Name the folder of a MedSigLIP.",
    )
}

/// The model, when a head can stand on it.
fn wanted(desk: &Desk, options: &HeadOptions, asking: &QuestionOptions) -> Outcome<Wanted> {
    let spec = QuestionSpec {
        form: AnswerForm::Labels,
        options: Some(asking.clone()),
        ..question::empty(desk.handle(&options.model))
    };
    let wanted = load::wanted(desk, &spec)?;
    if let Some(refusal) = wanted.refusal(desk, 0) {
        return Err(refusal);
    }
    if wanted.is_siglip() {
        Ok(wanted)
    } else {
        Err(no_siglip())
    }
}

/// What embedding needs.
struct Work<'a> {
    desk: &'a Desk,
    set: &'a CaseSet,
    finder: Finder,
    putting: Putting<'a>,
    model: &'a MedSiglip,
    events: &'a (dyn Fn(HeadEvent) + Sync),
    cancel: &'a Cancel,
}

impl Work<'_> {
    fn gather(&self, splits: &Splits) -> Outcome<Gathered> {
        let begun = Instant::now();
        let of = splits.learned.len() + splits.validation.len();
        let mut preprocessing = BTreeSet::new();
        let mut window_of = String::new();
        let mut inputs = Vec::with_capacity(of);
        for (done, at) in splits.learned.iter().chain(&splits.validation).enumerate() {
            self.cancel.check()?;
            let case = &self.set.cases[*at];
            let (embedded, spec, prepared) =
                self.embedded(case).map_err(|error| self.of_case(case, error))?;
            window_of = window(&spec);
            preprocessing.insert(prepared);
            inputs.push(embedded.mean);
            let done = done + 1;
            let pace = begun.elapsed().as_secs_f64() / done as f64;
            (self.events)(HeadEvent::Embedding {
                done,
                of,
                seconds_left: (done > 2).then(|| pace * (of - done) as f64),
            });
        }
        let others = inputs.split_off(splits.learned.len());
        Ok(Gathered {
            learned: self.cases(&splits.learned, inputs)?,
            validation: (!splits.validation.is_empty())
                .then(|| self.cases(&splits.validation, others))
                .transpose()?,
            preprocessing,
            window: window_of,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }

    /// The failure of one case, with its name where names are shown.
    fn of_case(&self, case: &CaseSpec, error: Failure) -> Failure {
        if error.code == "cancelled" || naming::hidden(self.desk) {
            return error;
        }
        Failure {
            message: format!("Case {} cannot be embedded: {}", case.id, error.message),
            ..error
        }
    }

    /// A case's pictures as one vector, its question, and how the pictures were prepared.
    fn embedded(&self, case: &CaseSpec) -> Outcome<(Embedded, QuestionSpec, String)> {
        let images = self.finder.images(case)?;
        let about = AskedAbout {
            text_alone: images.is_empty(),
            without_prompt: true,
            ..AskedAbout::default()
        };
        let asked = asked::ask(self.set, &ReaderSpec::default(), case, about)?;
        let (spec, resolved) = self.putting.put(images, &asked, 0)?;
        let given = given(self.desk, &resolved, &spec, &mut |_, _| {}, self.cancel)?;
        let embedded = embed(self.model, &given, &mut |_| {}, self.cancel)?;
        Ok((embedded, spec, preprocessing(&resolved)))
    }

    fn cases(&self, places: &[usize], inputs: Vec<Vec<f32>>) -> Outcome<Cases> {
        let labels = &self.set.question.labels;
        let cases = || places.iter().map(|at| &self.set.cases[*at]);
        let truths = if self.set.question.task == Task::YesNo {
            Truths::Each(
                cases()
                    .map(|case| self.set.truth.labels(&case.truth, labels))
                    .collect(),
            )
        } else {
            let one = |case: &CaseSpec| match self.set.truth.one_label(&case.truth, labels) {
                OneLabel::Label(label) => Ok(label),
                _ => Err(HeadError::Cases("a case has no single label".to_owned())),
            };
            Truths::One(cases().map(one).collect::<Result<_, _>>()?)
        };
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut patients = Vec::with_capacity(places.len());
        for (place, case) in cases().enumerate() {
            // A case without a patient is one of its own; numbers of places do not meet those of names.
            let own = places.len() + place;
            let next = numbers.len();
            patients.push(if case.patient.is_empty() {
                own
            } else {
                *numbers.entry(case.patient.as_str()).or_insert(next)
            });
        }
        Ok(Cases {
            inputs,
            truths,
            patients,
        })
    }
}

fn about(
    desk: &Desk,
    work: &Work<'_>,
    wanted: &Wanted,
    wish: &Wish,
    gathered: &Gathered,
    settings: Settings,
    fitted: &Fitted,
) -> About {
    let set = work.set;
    let part = |split: &str, cases: &Cases| Part {
        split: split.to_owned(),
        cases: cases.len(),
        patients: cases.patient_count(),
    };
    let judged = gathered.validation.as_ref().unwrap_or(&gathered.learned);
    let mut data = Sha256::new();
    data.update(gathered.learned.sha256());
    data.update(
        gathered
            .validation
            .as_ref()
            .map_or_else(String::new, Cases::sha256),
    );
    About {
        model: BaseModel {
            name: models::name_of(desk, &wanted.key.path),
            weights_sha256: work.model.description().weights_sha256.clone(),
            precision: precision::name(wanted.key.precision).to_owned(),
        },
        input: Input {
            embedding: EMBEDDING.to_owned(),
            preprocessing: gathered.preprocessing.iter().cloned().collect(),
            slices: slice_rule(set, work.putting.read),
            several: "mean".to_owned(),
            framing: framing(work.putting.options).to_owned(),
            window: gathered.window.clone(),
        },
        training: Training {
            case_set: set.name.clone(),
            case_set_sha256: settings::of_set(set),
            data_sha256: data.finalize().iter().map(|b| format!("{b:02x}")).collect(),
            learned: part(&wish.learned, &gathered.learned),
            validation: gathered
                .validation
                .as_ref()
                .map(|cases| part(&wish.validation, cases)),
            settings,
            chosen: fitted.chosen,
            truth: set.truth.source.clone(),
            program: format!("overread {}", env!("CARGO_PKG_VERSION")),
        },
        figures: figures(&fitted.head, &fitted.judged, judged, &gathered.learned),
    }
}

/// The slice rule, as it is kept: the settings', beside what cases say themselves.
fn slice_rule(set: &CaseSet, read: &ReadSettings) -> String {
    let rule = if read.slices.is_empty() {
        "middle"
    } else {
        &read.slices
    };
    let own = |image: &overread_evaluation::case_set::ImageSpec| {
        !image.slices.is_empty() || !image.instance.is_empty()
    };
    if set.cases.iter().flat_map(|case| &case.images).any(own) {
        format!("{OWN}, else {rule}")
    } else {
        rule.to_owned()
    }
}

/// The lines that make the head a reader of the case set.
fn reader_lines(options: &HeadOptions, wish: &Wish) -> String {
    let base = options.case_set.parent().unwrap_or(Path::new(""));
    let path = |path: &Path| {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let base = std::path::absolute(base).unwrap_or_else(|_| base.to_path_buf());
        let short = whole.strip_prefix(&base).unwrap_or(&whole).display().to_string();
        serde_json::Value::String(short).to_string()
    };
    let splits: Vec<String> = [&wish.learned, &wish.validation]
        .into_iter()
        .filter(|split| !split.is_empty())
        .map(|split| serde_json::Value::String(split.clone()).to_string())
        .collect();
    let id = serde_json::Value::String(folder::name(&options.out));
    format!(
        "[[readers]]\nid = {id}\nkind = \"local\"\nmodel = {}\nhead = {}\ntuning = \"tuned\"\ntuned_on_splits = [{}]\n",
        path(&options.model),
        path(&options.out),
        splits.join(", ")
    )
}

/// The splits of a case set that a head of this set has seen, in the order learned, validation; empty for a head of another set.
pub(crate) fn splits_seen(head: &About, set: &CaseSet) -> Vec<String> {
    if head.training.case_set_sha256 != settings::of_set(set) {
        return Vec::new();
    }
    let validation = head.training.validation.iter();
    [&head.training.learned]
        .into_iter()
        .chain(validation)
        .map(|part| part.split.clone())
        .collect()
}
