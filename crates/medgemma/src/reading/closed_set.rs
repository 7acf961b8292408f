//! One label of a closed set: likelihoods, orders of the options, what is taken off, shares.

use crate::error::{EngineError, Result};
use crate::question::{Answer, Comparison, LabelAnswer, ReadEvent, Variant};
use crate::reading::calibration::{Calibrated, FEW_CASES, Fits, Scale};
use crate::reading::labels::{Scored, spellings};
use crate::reading::scoring::{Correction, Normalise, letter, with_line};
use crate::reading::{Asked, MOST_LABELS, Reader};
use crate::score::{close_lead, log_sum_exp, softmax};

/// What one way of asking says of the labels.
pub(crate) struct Basis {
    /// Spellings in the first order.
    pub(crate) variants: Vec<Vec<Variant>>,
    /// Log-likelihood by sums, averaged over the orders.
    pub(crate) by_sum: Vec<f64>,
    /// By means a token.
    pub(crate) by_mean: Vec<f64>,
    closed: bool,
    merged: usize,
    orders: Vec<Vec<usize>>,
    reused: usize,
    prefill: f64,
}

impl Basis {
    pub(crate) fn by(&self, normalise: Normalise) -> &[f64] {
        match normalise {
            Normalise::Sum => &self.by_sum,
            Normalise::Mean => &self.by_mean,
        }
    }
}

impl Reader<'_> {
    /// Every label's likelihood and share.
    pub(crate) fn closed_set(
        &self,
        answer: &mut Answer,
        asked: &Asked,
        labels: &[String],
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<()> {
        let scoring = &self.question.scoring;
        scoring.check()?;
        let mut labels = labels.to_vec();
        labels.extend(scoring.none_option.clone());
        if labels.len() > MOST_LABELS {
            return Err(EngineError::BadQuestion(format!(
                "it has {} labels; at most {MOST_LABELS} can be compared",
                labels.len()
            )));
        }
        let basis = self.basis(asked, &labels, events)?;
        answer.reused_tokens = basis.reused;
        answer.seconds[1] = basis.prefill;
        let (correction, without) = self.without_content(&labels, events)?;
        let own = basis.by(scoring.normalise);
        let scores: Vec<f64> = match &without {
            Some(without) => own.iter().zip(without).map(|(a, b)| a - b).collect(),
            None => own.to_vec(),
        };
        let (scale, calibrated) = self.scale(false);
        let probabilities = scale.unwrap_or(Scale::Identity).list(&scores);
        let (by_sum, by_mean) = (softmax(&basis.by_sum), softmax(&basis.by_mean));
        answer.comparison = Some(Comparison {
            scoring: scoring.clone(),
            closed: basis.closed,
            merged: basis.merged,
            orders: basis.orders,
            correction,
            calibration: calibrated,
            yes_no: None,
            within_rounding: close_lead(&scores, self.engine.description().precision),
            question_sha256: self.question.fingerprint(),
        });
        for (i, (label, variants)) in labels.into_iter().zip(basis.variants).enumerate() {
            let best = likeliest(&variants);
            answer.labels.push(LabelAnswer {
                label,
                probability: probabilities[i],
                sum: best.map_or(f64::NEG_INFINITY, Variant::sum),
                mean: best.map_or(f64::NEG_INFINITY, Variant::mean),
                ids: best.map(|v| v.ids.clone()).unwrap_or_default(),
                probability_by_sum: by_sum[i],
                probability_by_mean: by_mean[i],
                score: scores[i],
                without_content: without.as_ref().map(|w| w[i]),
                variants,
            });
        }
        Ok(())
    }

    /// Log-likelihoods of the labels after this prompt, over all orders asked for.
    pub(crate) fn basis(
        &self,
        asked: &Asked,
        labels: &[String],
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<Basis> {
        let n = labels.len();
        let scoring = &self.question.scoring;
        let orders = orders(n, scoring.permutations);
        if orders.is_empty() {
            let scored = self.score(&asked.prompt, &asked.images, &self.spelled(labels), events)?;
            events(ReadEvent::Scoring { done: n, total: n });
            return Ok(of(scored, Vec::new()));
        }
        if n > 26 {
            return Err(EngineError::BadQuestion(format!(
                "options are lettered A to Z and it has {n} labels"
            )));
        }
        let mut all: Option<Basis> = None;
        for (k, order) in orders.iter().enumerate() {
            let options: Vec<String> = order
                .iter()
                .enumerate()
                .map(|(place, label)| format!("{}: {}", letter(place), labels[*label]))
                .collect();
            let messages = with_line(&asked.messages, &options.join("\n"));
            let prompt = self.engine.prompt(&messages, &self.question.prefix)?;
            let scored = self.score(&prompt, &asked.images, &self.spelled(&options), events)?;
            let mut found = of(scored, Vec::new());
            // From places in this order back to the labels as listed.
            let mut places = vec![0; n];
            for (place, label) in order.iter().enumerate() {
                places[*label] = place;
            }
            let pick = |v: &[f64]| places.iter().map(|p| v[*p]).collect::<Vec<_>>();
            found.by_sum = pick(&found.by_sum);
            found.by_mean = pick(&found.by_mean);
            found.variants = places.iter().map(|p| found.variants[*p].clone()).collect();
            all = Some(match all {
                None => found,
                Some(mut all) => {
                    let add = |to: &mut [f64], more: &[f64]| {
                        to.iter_mut().zip(more).for_each(|(a, b)| *a += b);
                    };
                    add(&mut all.by_sum, &found.by_sum);
                    add(&mut all.by_mean, &found.by_mean);
                    all.closed |= found.closed;
                    all.prefill += found.prefill;
                    all
                }
            });
            events(ReadEvent::Scoring {
                done: k + 1,
                total: orders.len(),
            });
        }
        let mut all = all.ok_or_else(|| EngineError::BadQuestion("it has no labels".to_owned()))?;
        for v in all.by_sum.iter_mut().chain(&mut all.by_mean) {
            *v /= orders.len() as f64;
        }
        all.orders = orders;
        Ok(all)
    }

    /// The labels' scores without content, when they are to be taken off.
    fn without_content(
        &self,
        labels: &[String],
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<(Option<Correction>, Option<Vec<f64>>)> {
        let scoring = &self.question.scoring;
        let Some((kind, content_free)) = scoring.correction() else {
            return Ok((None, None));
        };
        let (messages, pictures) = content_free.of(&self.question.messages, &self.question.images);
        let (asked, _) = self.asked(&messages, &pictures, events)?;
        let basis = self.basis(&asked, labels, events)?;
        let correction = Correction {
            kind: kind.to_owned(),
            content_free,
            image_sha256: asked.images.sha256(),
        };
        Ok((Some(correction), Some(basis.by(scoring.normalise).to_vec())))
    }

    fn spelled(&self, labels: &[String]) -> Vec<Vec<String>> {
        let spell = |label: &String| {
            if self.question.scoring.spellings {
                spellings(label)
            } else {
                vec![label.clone()]
            }
        };
        let mut all: Vec<Vec<String>> = labels.iter().map(spell).collect();
        // A spelling that another label has for its own ("us", "US") means that label.
        for (i, own) in all.iter_mut().enumerate() {
            let taken = |text: &str| {
                let mut others = labels.iter().enumerate().filter(|(j, _)| *j != i);
                others.any(|(_, other)| other.trim() == text.trim())
            };
            own.retain(|text| *text == labels[i] || !taken(text));
        }
        all
    }

    /// The scaling that applies, and what to say of it.
    pub(crate) fn scale(&self, yes_no: bool) -> (Option<Scale>, Calibrated) {
        let scoring = &self.question.scoring;
        if let Some(t) = scoring.temperature {
            return (Some(Scale::Temperature { t }), Calibrated::ByHand { t });
        }
        let Some(calibration) = &scoring.calibrated else {
            return (None, Calibrated::None);
        };
        let question_sha256 = self.question.fingerprint();
        let here = Fits {
            weights_sha256: &self.engine.description().weights_sha256,
            adapter_sha256: self.adapter().map(|adapter| adapter.sha256.as_str()),
            question_sha256: &question_sha256,
            yes_no,
        };
        match calibration.objection(here) {
            Some(reason) => (None, Calibrated::NotUsed { reason }),
            None => (
                Some(calibration.scale.clone()),
                Calibrated::Used {
                    n: calibration.n,
                    fitted_on: calibration.fitted_on.clone(),
                    few: calibration.n < FEW_CASES,
                },
            ),
        }
    }
}

/// The spelling with the highest likelihood.
pub(crate) fn likeliest(variants: &[Variant]) -> Option<&Variant> {
    variants.iter().max_by(|a, b| a.sum().total_cmp(&b.sum()))
}

fn of(scored: Scored, orders: Vec<Vec<usize>>) -> Basis {
    let sums = |v: &Vec<Variant>| log_sum_exp(&v.iter().map(Variant::closed_sum).collect::<Vec<_>>());
    let means = |v: &Vec<Variant>| {
        v.iter()
            .map(Variant::closed_mean)
            .fold(f64::NEG_INFINITY, f64::max)
    };
    Basis {
        by_sum: scored.labels.iter().map(sums).collect(),
        by_mean: scored.labels.iter().map(means).collect(),
        variants: scored.labels,
        closed: scored.closed,
        merged: scored.merged,
        reused: scored.reused,
        prefill: scored.prefill,
        orders,
    }
}

/// The first `asked` cyclic orders of `n` options, the order as listed first; never one twice.
pub(crate) fn orders(n: usize, asked: usize) -> Vec<Vec<usize>> {
    (0..asked.min(n))
        .map(|shift| (0..n).map(|place| (place + shift) % n).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cyclic_orders_bring_each_label_to_each_place_once() {
        assert_eq!(orders(3, 0), Vec::<Vec<usize>>::new());
        assert_eq!(orders(3, 9), [[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
        for place in 0..5 {
            let mut seen: Vec<usize> = orders(5, 5).iter().map(|o| o[place]).collect();
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3, 4]);
        }
    }
}
