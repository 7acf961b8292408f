//! From a reading, or from what went wrong, to a line on record.

use std::collections::BTreeMap;

use overread_evaluation::recorded::{Recorded, SaidBox};
use serde_json::{Value, json};

use crate::Failure;
use crate::op::evaluation::asked::AskedCase;
use crate::wire::reading::{AnswerForm, Reading};

/// What every line of a reader has.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) reader: &'a str,
    pub(crate) case: &'a str,
    pub(crate) at: String,
    /// Hash of the settings.
    pub(crate) settings: &'a str,
    /// Hash of the case set's questions.
    pub(crate) case_set: &'a str,
    /// Hash of what the case is asked.
    pub(crate) asked: String,
    pub(crate) seed: u32,
}

impl Line<'_> {
    fn begun(&self) -> Recorded {
        Recorded {
            case: self.case.to_owned(),
            reader: self.reader.to_owned(),
            at: Some(self.at.clone()),
            settings: Some(self.settings.to_owned()),
            more: BTreeMap::from([
                ("case_set".to_owned(), json!(self.case_set)),
                ("asked".to_owned(), json!(self.asked)),
            ]),
            ..Recorded::default()
        }
    }

    /// A case that could not be read; the run goes on.
    pub(crate) fn failed(&self, error: &Failure) -> Recorded {
        let mut out = self.begun();
        out.invalid = Some("error".to_owned());
        let words = [error.message.as_str(), error.hint.as_str()].join(" ");
        out.error = Some(words.trim().to_owned());
        out.more.insert("error_code".to_owned(), json!(error.code));
        out
    }

    /// An answer. `own_words`: the prompt is the case's own and kept with it.
    pub(crate) fn answered(&self, reading: &Reading, asked: &AskedCase, own_words: bool) -> Recorded {
        let mut out = self.begun();
        let meaning = |label: &str| {
            let at = asked.labels.iter().position(|l| l == label);
            at.and_then(|at| asked.meanings.get(at))
                .map_or(label, String::as_str)
                .to_owned()
        };
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        out.invalid = some(&reading.invalid);
        out.confidence = reading.confidence;
        out.confidence_kind = some(&reading.confidence_kind);
        match reading.form {
            AnswerForm::Labels => out.label = some(&reading.label).map(|label| meaning(&label)),
            AnswerForm::YesNo => {
                let yes = reading.probabilities.iter().filter(|p| p.probability >= 0.5);
                out.labels = Some(yes.map(|p| meaning(&p.label)).collect());
            }
            AnswerForm::Open => {
                out.label = some(&reading.label);
                out.text = Some(reading.text.clone());
            }
        }
        if !reading.probabilities.is_empty() {
            let probabilities = reading.probabilities.iter();
            out.probabilities = Some(
                probabilities
                    .map(|p| (meaning(&p.label), p.probability))
                    .collect(),
            );
            // What a calibration is fitted on.
            let scores: BTreeMap<String, f64> = reading
                .probabilities
                .iter()
                .filter_map(|p| Some((meaning(&p.label), p.score?)))
                .collect();
            if !scores.is_empty() {
                out.more.insert("scores".to_owned(), json!(scores));
            }
        }
        out.boxes = reading
            .boxes
            .iter()
            .map(|b| SaidBox {
                label: b.label.clone(),
                corners: b.corners,
                score: None,
                instance: String::new(),
            })
            .collect();
        out.seconds = Some(reading.seconds[1..].iter().sum());
        let mut more = |name: &str, value: Value| {
            out.more.insert(name.to_owned(), value);
        };
        more("tokens", json!(reading.tokens));
        more("slices", json!(reading.slices));
        for (name, kept) in [("preprocessing", true), ("pictures", true), ("prompt", own_words)] {
            if let Some(value) = told(reading, name).filter(|_| kept) {
                more(name, json!(value));
            }
        }
        if reading.form == AnswerForm::Open {
            more("seed", json!(self.seed));
            if !reading.ended.is_empty() {
                more("ended", json!(reading.ended));
            }
        }
        if !reading.thought.is_empty() {
            more("thought", json!(reading.thought));
        }
        out
    }
}

/// A line of a reading's provenance.
pub(crate) fn told<'a>(reading: &'a Reading, name: &str) -> Option<&'a str> {
    let mut lines = reading.provenance.iter();
    lines.find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}
