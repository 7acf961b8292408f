//! Yes or no for each of a list of labels: all of them are branches after the pictures that they share.

use crate::error::{EngineError, Result};
use crate::question::{Answer, Comparison, LabelAnswer, ReadEvent, Variant};
use crate::reading::calibration::Scale;
use crate::reading::closed_set::likeliest;
use crate::reading::scoring::{Correction, YES_NO, yes_no_turns};
use crate::reading::{Asked, MOST_LABELS, NO, Reader, YES};
use crate::score::{close, log_sum_exp, sigmoid};

/// Spellings of yes, then of no, after one question.
struct Said {
    yes: Vec<Variant>,
    no: Vec<Variant>,
    merged: usize,
}

impl Said {
    /// Log of (sum of yes / sum of no).
    fn log_odds(&self) -> f64 {
        let all = |v: &[Variant]| log_sum_exp(&v.iter().map(Variant::sum).collect::<Vec<_>>());
        all(&self.yes) - all(&self.no)
    }

    /// The same by means a token, the best spelling of each.
    fn log_odds_by_mean(&self) -> f64 {
        let best = |v: &[Variant]| v.iter().map(Variant::mean).fold(f64::NEG_INFINITY, f64::max);
        best(&self.yes) - best(&self.no)
    }
}

impl Reader<'_> {
    /// Probability of yes for each label: all spellings of yes against all of yes and no.
    pub(crate) fn yes_no(
        &self,
        answer: &mut Answer,
        asked: &Asked,
        labels: &[String],
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<()> {
        let scoring = &self.question.scoring;
        scoring.check()?;
        if labels.is_empty() || labels.len() > MOST_LABELS {
            return Err(EngineError::BadQuestion(format!(
                "it has {} labels; 1 to {MOST_LABELS} can be asked",
                labels.len()
            )));
        }
        if labels.iter().any(|label| label.trim().is_empty()) {
            return Err(EngineError::BadQuestion("a label is empty".to_owned()));
        }
        let said = self.each(asked, labels, answer, events)?;
        let mut correction = None;
        let mut without = None;
        if let Some((kind, content_free)) = scoring.correction() {
            let (messages, pictures) = content_free.of(&self.question.messages, &self.question.images);
            let (blank, _) = self.asked(&messages, &pictures, events)?;
            let found = self.each(&blank, labels, &mut Answer::default(), events)?;
            without = Some(found.iter().map(Said::log_odds).collect::<Vec<_>>());
            correction = Some(Correction {
                kind: kind.to_owned(),
                content_free,
                image_sha256: blank.images.sha256(),
            });
        }
        let (scale, calibration) = self.scale(true);
        answer.comparison = Some(Comparison {
            scoring: scoring.clone(),
            closed: false,
            merged: said.iter().map(|s| s.merged).max().unwrap_or(0),
            orders: Vec::new(),
            correction,
            calibration,
            yes_no: Some(self.wording().to_owned()),
            within_rounding: said
                .iter()
                .map(|s| s.log_odds().abs())
                .filter(|odds| *odds < close(self.engine.description().precision))
                .reduce(f64::min),
            question_sha256: self.question.fingerprint(),
        });
        for (i, (label, said)) in labels.iter().zip(said).enumerate() {
            let raw = said.log_odds();
            let by_mean = sigmoid(said.log_odds_by_mean());
            let off = without.as_ref().map(|w| w[i]);
            let score = raw - off.unwrap_or(0.0);
            let probability = scale.as_ref().unwrap_or(&Scale::Identity).yes(i, score);
            let best = likeliest(&said.yes);
            answer.labels.push(LabelAnswer {
                label: label.clone(),
                probability,
                sum: best.map_or(f64::NEG_INFINITY, Variant::sum),
                mean: best.map_or(f64::NEG_INFINITY, Variant::mean),
                ids: best.map(|v| v.ids.clone()).unwrap_or_default(),
                probability_by_sum: sigmoid(raw),
                probability_by_mean: by_mean,
                score,
                without_content: off,
                variants: said.yes.into_iter().chain(said.no).collect(),
            });
        }
        Ok(())
    }

    fn wording(&self) -> &str {
        self.question.scoring.yes_no.as_deref().unwrap_or(YES_NO)
    }

    /// Asks for every label. Each question's prompt is tokenised as a whole, words included, so that the numbers are those
    /// of asking it alone.
    fn each(
        &self,
        asked: &Asked,
        labels: &[String],
        answer: &mut Answer,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<Vec<Said>> {
        let prompts = labels
            .iter()
            .map(|label| {
                let turns = yes_no_turns(&asked.messages, Some(self.wording()), label);
                self.engine.prompt(&turns, &self.question.prefix)
            })
            .collect::<Result<Vec<_>>>()?;
        let words: Vec<Vec<String>> = [YES, NO]
            .iter()
            .map(|list| list.iter().map(|w| (*w).to_owned()).collect())
            .collect();
        let scored = self.score_after_each(&prompts, &asked.images, &words, events)?;
        if let Some(first) = scored.first() {
            answer.reused_tokens = first.reused;
            answer.seconds[1] = first.prefill;
        }
        answer.prompt_tokens = prompts.iter().map(|p| p.ids.len()).max().unwrap_or(0);
        events(ReadEvent::Scoring {
            done: labels.len(),
            total: labels.len(),
        });
        Ok(scored
            .into_iter()
            .map(|mut found| {
                let no = found.labels.pop().unwrap_or_default();
                Said {
                    yes: found.labels.pop().unwrap_or_default(),
                    no,
                    merged: found.merged,
                }
            })
            .collect())
    }
}
