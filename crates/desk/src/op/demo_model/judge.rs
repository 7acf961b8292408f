//! The model judged as a user asks it: by the engine, from its files, over its labels.

use overread_evaluation::metrics::proportion::wilson;
use overread_medgemma::{Cancel, Engine, LoadOptions, Picture, Precision, Question, Task};
use overread_phantom::LABELS;
use overread_phantom::checkpoint::PROMPT;
use serde::Serialize;

use super::answers::{Messages, PLACE_PROMPT, PLACES, SIDE_PROMPT, SIDES, place};
use super::slices::{SIDE, Slice, Volume};

/// What was found on a set of cases.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Judged {
    /// Cases.
    pub(super) n: usize,
    /// Cases whose likeliest label was the truth.
    pub(super) right: usize,
    /// `right / n` and its Wilson interval, 95 %.
    pub(super) accuracy: [f64; 3],
    /// Truth by answer, in the order of the labels.
    pub(super) confusion: Vec<Vec<usize>>,
    /// Log-likelihoods of the labels of each case and the truth's place, for fitting.
    #[serde(skip)]
    pub(super) scores: Vec<(Vec<f64>, usize)>,
}

/// Loads the folder and asks about every case.
pub(super) struct Judge<'a> {
    engine: Engine,
    messages: Messages<'a>,
}

impl<'a> Judge<'a> {
    pub(super) fn load(
        folder: &std::path::Path,
        messages: Messages<'a>,
    ) -> Result<Self, overread_medgemma::EngineError> {
        let options = LoadOptions {
            precision: Precision::Bf16,
            ..LoadOptions::default()
        };
        let engine = Engine::load(folder, options, &mut |_| {}, &Cancel::default())?;
        Ok(Self { engine, messages })
    }

    pub(super) fn weights_sha256(&self) -> &str {
        &self.engine.description().weights_sha256
    }

    pub(super) fn question(&self, text: &str, images: &[&[u8]], labels: &[&str]) -> Question {
        Question {
            messages: (self.messages)(text, images.len()),
            images: images
                .iter()
                .map(|rgb| Picture {
                    width: SIDE,
                    height: SIDE,
                    rgb: rgb.to_vec(),
                })
                .collect(),
            task: Task::Score(labels.iter().map(|l| (*l).to_owned()).collect()),
            preprocessing: overread_protocol::Recipe::CtWindows.id().to_owned(),
            ..Question::default()
        }
    }

    fn ask<'b>(
        &self,
        text: &str,
        labels: &[&str],
        cases: impl Iterator<Item = (Vec<&'b [u8]>, usize)>,
    ) -> Result<Judged, overread_medgemma::EngineError> {
        let mut confusion = vec![vec![0; labels.len()]; labels.len()];
        let mut scores = Vec::new();
        for (images, truth) in cases {
            let question = self.question(text, &images, labels);
            let answer = self.engine.read(&question, &mut |_| {}, &Cancel::default())?;
            let found: Vec<f64> = answer.labels.iter().map(|l| l.score).collect();
            let best = found.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            confusion[truth][best.map_or(0, |(i, _)| i)] += 1;
            scores.push((found, truth));
            self.engine.forget();
        }
        let right = (0..labels.len()).map(|i| confusion[i][i]).sum();
        let n = scores.len();
        let [low, high] = wilson(right, n).unwrap_or([0.0, 1.0]);
        Ok(Judged {
            n,
            right,
            accuracy: [right as f64 / n.max(1) as f64, low, high],
            confusion,
            scores,
        })
    }

    /// The finding of single slices.
    pub(super) fn findings(&self, slices: &[Slice]) -> Result<Judged, overread_medgemma::EngineError> {
        let cases = slices
            .iter()
            .map(|s| (vec![s.rgb.as_slice()], s.finding as usize));
        self.ask(PROMPT, &LABELS, cases)
    }

    /// The side, of those that have one.
    pub(super) fn sides(&self, slices: &[Slice]) -> Result<Judged, overread_medgemma::EngineError> {
        let cases = slices.iter().filter_map(|s| {
            let side = SIDES.iter().position(|word| *word == s.side.word())?;
            Some((vec![s.rgb.as_slice()], side))
        });
        self.ask(SIDE_PROMPT, &SIDES, cases)
    }

    /// The place, of those that have one.
    pub(super) fn places(&self, slices: &[Slice]) -> Result<Judged, overread_medgemma::EngineError> {
        let words = PLACES.map(|(word, _)| word);
        let cases = slices.iter().filter_map(|s| {
            let at = words
                .iter()
                .position(|word| *word == place(s.row.unwrap_or(2.0)))?;
            s.row.map(|_| (vec![s.rgb.as_slice()], at))
        });
        self.ask(PLACE_PROMPT, &words, cases)
    }

    /// The finding of short volumes.
    pub(super) fn volumes(&self, volumes: &[Volume]) -> Result<Judged, overread_medgemma::EngineError> {
        let cases = volumes.iter().map(|v| {
            let slices = v.slices.iter().map(Vec::as_slice).collect();
            (slices, v.finding as usize)
        });
        self.ask(PROMPT, &LABELS, cases)
    }
}
