//! Yes or no for each of a list of labels.

use crate::error::Result;
use crate::question::{LabelAnswer, ReadEvent};
use crate::reading::Reader;
use crate::score::{LabelScore, softmax};
use crate::template::Part;

impl Reader<'_> {
    /// Probability of yes for each label.
    pub(crate) fn yes_no(
        &self,
        labels: &[String],
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<Vec<LabelAnswer>> {
        let mut answers = Vec::new();
        for (i, label) in labels.iter().enumerate() {
            answers.push(self.one_yes_no(label)?);
            events(ReadEvent::Scoring {
                done: i + 1,
                total: labels.len(),
            });
        }
        Ok(answers)
    }

    /// Over yes and no in both capitalisations.
    fn one_yes_no(&self, label: &str) -> Result<LabelAnswer> {
        let mut messages = self.question.messages.clone();
        if let Some(last) = messages.last_mut() {
            last.parts
                .push(Part::Text(format!("Is there {label}? Answer yes or no.")));
        }
        let prompt = self.engine.prompt(&messages, &self.question.prefix)?;
        let state = self
            .engine
            .prefill(&prompt, &self.images, None, &mut |_| {}, self.cancel)?;
        let words = ["yes", "Yes", "no", "No"].map(str::to_owned);
        let scores = self.score(&prompt, &state, &words)?;
        let shares = softmax(&scores.iter().map(LabelScore::sum).collect::<Vec<_>>());
        let best = if scores[0].sum() >= scores[1].sum() {
            &scores[0]
        } else {
            &scores[1]
        };
        Ok(LabelAnswer {
            label: label.to_owned(),
            probability: shares[0] + shares[1],
            sum: best.sum(),
            mean: best.mean(),
            ids: best.ids.clone(),
        })
    }
}
