//! A calibrator fitted on one split, saved as the calibration file that the reading panel and `ask --calibration` take.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use overread_evaluation::case_set::policy::OneLabel;
use overread_evaluation::case_set::{self, CaseSet, CaseSpec, Task};
use overread_evaluation::metrics::platt::fit_platt;
use overread_evaluation::metrics::temperature::{LabelledScores, fit_temperature};
use overread_evaluation::recorded::Recorded;
use overread_medgemma::calibration::{Calibration, FORMAT, FitOf, Scale};

use crate::code::{failure, io};
use crate::desk::Desk;
use crate::op::evaluation::settings::Settings;
use crate::op::evaluation::{folder, journal, readers};
use crate::wire::evaluation::{CalibratorSaved, UseCalibrator};
use crate::{Failure, Outcome};

/// A fitted calibrator.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// For the file.
    pub calibration: Calibration,
    /// What holds of it, in words.
    pub text: String,
}

/// The operation `use_calibrator`.
///
/// # Errors
/// When there is nothing to fit on.
pub fn save(desk: &Desk, arguments: &UseCalibrator) -> Outcome<CalibratorSaved> {
    let at = desk.path(&arguments.evaluation)?;
    let fitted = fit(desk, &at, &arguments.reader, &arguments.kind, &arguments.split)?;
    let hash = crate::convert::short_hash(&format!("{:?}", fitted.calibration));
    let folder = desk.home.join("calibrations");
    std::fs::create_dir_all(&folder).map_err(|error| io(&folder.display().to_string(), &error))?;
    let path = folder.join(format!("{}-{hash}.json", arguments.kind));
    write(&fitted.calibration, &path)?;
    Ok(CalibratorSaved {
        calibration: desk.handle(&path),
        place: path.display().to_string(),
        text: fitted.text,
    })
}

/// Writes a calibration file.
///
/// # Errors
/// Those of the file system.
pub fn write(calibration: &Calibration, path: &Path) -> Outcome<()> {
    let text = serde_json::to_string_pretty(calibration).unwrap_or_default() + "\n";
    overread_store::write::atomic(path, text.as_bytes()).map_err(|e| io(&folder::name(path), &e))
}

fn cannot(what: impl Into<String>, hint: &str) -> Failure {
    failure("eval.nothing_to_fit", what, hint)
}

/// Fits a reader's scores on one split: `temperature` for one label of a set, `platt` for yes/no lists.
///
/// # Errors
/// `eval.nothing_to_fit` with the reason.
pub fn fit(desk: &Desk, at: &Path, reader: &str, kind: &str, split: &str) -> Outcome<Fitted> {
    let set = folder::case_set(at)?;
    let platt = match (kind, set.question.task) {
        ("temperature", Task::Closed) => false,
        ("platt", Task::YesNo) => true,
        ("platt", Task::Closed) => {
            return Err(cannot(
                "Platt scaling is for yes/no lists; this case set asks for one label of a set.",
                "Choose temperature.",
            ));
        }
        ("temperature", Task::YesNo) => {
            return Err(cannot(
                "A temperature is for one label of a set; this case set asks yes or no for each label.",
                "Choose platt.",
            ));
        }
        ("temperature" | "platt", _) => {
            return Err(cannot(
                "The answers to this case set are written, not scored among labels: there is nothing to fit.",
                "Calibration files are for one label of a set and for yes/no lists.",
            ));
        }
        _ => {
            return Err(cannot(
                format!("There is no calibration file of the kind {kind}."),
                "Choose temperature or platt.",
            ));
        }
    };
    if !set.readers.iter().any(|r| r.id == reader) {
        return Err(failure(
            "eval.no_reader",
            format!("The case set has no reader {reader}."),
            "",
        ));
    }
    let cases: BTreeMap<&str, &CaseSpec> = set
        .cases
        .iter()
        .filter(|c| c.split == split)
        .map(|c| (c.id.as_str(), c))
        .collect();
    if cases.is_empty() {
        let splits: BTreeSet<&str> = set
            .cases
            .iter()
            .map(|c| c.split.as_str())
            .filter(|s| !s.is_empty())
            .collect();
        return Err(cannot(
            format!("No case is in the split {split}."),
            &format!(
                "The splits are: {}.",
                splits.into_iter().collect::<Vec<_>>().join(", ")
            ),
        ));
    }
    let gathered = readers::recorded_of(desk, at, &set)?;
    let lines: Vec<&Recorded> = gathered
        .answers
        .iter()
        .filter(|a| a.reader == reader && a.arm.is_none() && a.phase.is_none())
        .filter(|a| cases.contains_key(a.case.as_str()) && a.invalid.is_none())
        .collect();
    let word = |line: &Recorded, key: &str| line.more.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    let questions: BTreeSet<Option<String>> = lines.iter().map(|l| word(l, "question_sha256")).collect();
    let settings: BTreeSet<Option<String>> = lines.iter().map(|l| l.settings.clone()).collect();
    let (Some(Some(question)), 1, Some(Some(hash)), 1) = (
        questions.first(),
        questions.len(),
        settings.first(),
        settings.len(),
    ) else {
        return Err(cannot(
            format!(
                "{reader} has no answers in the split {split} that were all given to one question by one MedGemma at this desk."
            ),
            "Run the evaluation first; questions that differ from case to case have no calibration of their own.",
        ));
    };
    let known: Vec<Settings> = journal::lines(&folder::settings(&folder::of(at)))?;
    let Some(known) = known.into_iter().find(|s| s.settings == *hash) else {
        return Err(cannot(
            "The settings of these answers are not on record.",
            "Run the evaluation again.",
        ));
    };
    let (scale, interval, words) = if platt {
        odds(&set, &cases, &lines)?
    } else {
        temperature(&set, &cases, &lines)?
    };
    let n = lines.len() as u64;
    let calibration = Calibration {
        format: FORMAT.to_owned(),
        scale,
        n,
        interval,
        fitted_on: format!("{n} cases of {}, split {split}", set.name),
        weights_sha256: known.parts.get("weights").cloned().unwrap_or_default(),
        adapter_sha256: known.told.get("adapter_sha256").cloned(),
        question_sha256: question.clone(),
        created: desk.clock.now(),
        fit: FitOf {
            patients: patients(&cases, &lines),
            split: Some(split.to_owned()),
            case_set_sha256: Some(case_set::hash(&set)),
            settings_sha256: Some(hash.clone()),
            log_loss: None,
        },
    };
    let few = if n < overread_medgemma::calibration::FEW_CASES {
        " These are few: look at the interval, not at the number."
    } else {
        ""
    };
    let text = format!(
        "{words}, fitted on {n} cases of the split {split}. It holds for this model, these adapters, this question, these labels \
         and this preprocessing.{few}"
    );
    Ok(Fitted { calibration, text })
}

/// Patients among the answers' cases; a case without one stands for its own.
fn patients(cases: &BTreeMap<&str, &CaseSpec>, lines: &[&Recorded]) -> Option<u64> {
    let of = |line: &&Recorded| {
        let patient = cases.get(line.case.as_str()).map_or("", |c| c.patient.as_str());
        let own = patient.is_empty();
        (
            own,
            if own {
                line.case.clone()
            } else {
                patient.to_owned()
            },
        )
    };
    u64::try_from(lines.iter().map(of).collect::<BTreeSet<_>>().len()).ok()
}

type Scaled = (Scale, Option<[f64; 2]>, String);

fn scores(line: &Recorded) -> BTreeMap<&str, f64> {
    let scores = line.more.get("scores").and_then(|v| v.as_object());
    scores
        .into_iter()
        .flatten()
        .filter_map(|(label, score)| Some((label.as_str(), score.as_f64()?)))
        .collect()
}

fn temperature(set: &CaseSet, cases: &BTreeMap<&str, &CaseSpec>, lines: &[&Recorded]) -> Outcome<Scaled> {
    let mut labelled = Vec::new();
    for line in lines {
        let Some(case) = cases.get(line.case.as_str()) else {
            continue;
        };
        let OneLabel::Label(truth) = set.truth.one_label(&case.truth, &set.question.labels) else {
            continue;
        };
        let truth = set
            .question
            .labels
            .get(truth)
            .map(String::as_str)
            .unwrap_or_default();
        let scores = scores(line);
        if let Some(truth) = scores.keys().position(|label| *label == truth) {
            labelled.push(LabelledScores {
                scores: scores.into_values().collect(),
                truth,
            });
        }
    }
    let fit = fit_temperature(&labelled).ok_or_else(|| {
        cannot(
            "No answer of this split has scores and a truth.",
            "Run the evaluation first.",
        )
    })?;
    if fit.at_edge {
        return Err(cannot(
            format!(
                "No temperature fits: of {} cases all are right, or their scores say nothing.",
                fit.n
            ),
            "Fit on more cases.",
        ));
    }
    let [low, high] = fit.interval;
    // An end at the edge of what is looked at is no end.
    let words = if high < 1e5 {
        format!("Temperature {:.3} ({low:.3} to {high:.3})", fit.t)
    } else {
        format!("Temperature {:.3} ({low:.3} and more)", fit.t)
    };
    Ok((Scale::Temperature { t: fit.t }, Some(fit.interval), words))
}

fn odds(set: &CaseSet, cases: &BTreeMap<&str, &CaseSpec>, lines: &[&Recorded]) -> Outcome<Scaled> {
    let mut pairs = Vec::new();
    for line in lines {
        let Some(case) = cases.get(line.case.as_str()) else {
            continue;
        };
        let truth = set.truth.labels(&case.truth, &set.question.labels);
        let scores = scores(line);
        for (label, truth) in set.question.labels.iter().zip(truth) {
            if let (Some(score), Some(truth)) = (scores.get(label.as_str()), truth) {
                pairs.push((*score, truth));
            }
        }
    }
    let fit = fit_platt(&pairs).ok_or_else(|| {
        cannot(
            "Platt scaling needs labels that are there and labels that are not.",
            "Fit on more cases.",
        )
    })?;
    let interval = fit
        .interval
        .map_or_else(String::new, |[low, high]| format!(" ({low:.3} to {high:.3})"));
    let words = format!(
        "Platt scaling with slope {:.3}{interval} and offset {:.3}",
        fit.a, fit.b
    );
    Ok((Scale::Platt { a: fit.a, b: fit.b }, fit.interval, words))
}
