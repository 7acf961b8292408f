//! Checks of a reading: is it looking, which slices, does the recipe decide. Each is kept with the reading.

use std::time::Instant;

use overread_dicom::DisplaySet;
use overread_medgemma::probes::{ProbeEvent, RecipeCase, Replacement, Share, Verdict};
use overread_medgemma::{Engine, Picture, Question};
use overread_protocol::Recipe;
use overread_store::StoredCheck;

use crate::desk::{Desk, lock};
use crate::loaded::{Loaded, Model};
use crate::op::answer::{finite, yes_labels};
use crate::op::ask::narrow;
use crate::op::asking::{Unnamed, question};
use crate::op::given::{Given, given};
use crate::op::load::{self, Wanted};
use crate::op::plan::{Resolved, recipes, resolve};
use crate::op::{case, objections, provenance};
use crate::wire::probes::{
    Check, CheckEvent, CheckKind, CheckSpec, Looking, LookingAnswer, RecipeAnswer, RecipeCheck, SliceWeight,
    WhichSlices,
};
use crate::wire::question::QuestionSpec;
use crate::wire::reading::{AnswerForm, LabelProbability};
use crate::{Cancel, Outcome, convert};

/// Slices are left out in so many groups at most, unless the user says.
const GROUPS: usize = 12;

/// The jobs `looking`, `which_slices` and `recipes`.
pub(crate) fn check(
    desk: &Desk,
    kind: CheckKind,
    spec: &CheckSpec,
    events: &(dyn Fn(CheckEvent) + Sync),
    cancel: &Cancel,
) {
    match run(desk, kind, spec, events, cancel) {
        // In blind mode it stays here with the reading until the user's own answer is committed.
        Ok(_) if case::is_hidden(desk, &spec.question.display_set) => events(CheckEvent::Withheld),
        Ok(check) => {
            case::record_seen(desk, &spec.question.display_set, "model");
            events(CheckEvent::Done(Box::new(check)));
        }
        Err(error) => events(CheckEvent::Failed(error)),
    }
}

/// What a check works with.
struct Asked<'a> {
    desk: &'a Desk,
    spec: &'a CheckSpec,
    resolved: Resolved,
    wanted: Wanted,
    given: Given,
    question: Question,
    cancel: &'a Cancel,
}

/// Runs a check and keeps it.
///
/// # Errors
/// Whatever asking may meet; a MedSigLIP, or an open answer where labels are needed.
pub fn run(
    desk: &Desk,
    kind: CheckKind,
    spec: &CheckSpec,
    events: &(dyn Fn(CheckEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Check> {
    let own = &spec.question;
    let resolved = resolve(desk, own)?;
    let wanted = load::wanted(desk, own)?;
    objections::of(kind, spec, &resolved, &wanted)?;
    let given = given(desk, &resolved, own, &mut |_, _| {}, cancel)?;
    let _questioning = desk.models.questioning();
    let loading = |fraction: f64, what: &str| {
        events(CheckEvent::Loading {
            fraction,
            what: what.to_owned(),
        });
    };
    let loaded = load::load(desk, &wanted, &loading, cancel)?;
    let engine = engine(&loaded)?;
    let unnamed = Unnamed::Own;
    let question = question(desk, own, &resolved, &wanted, &loaded, &given, unnamed, cancel)?;
    let asked = Asked {
        desk,
        spec,
        resolved,
        wanted,
        given,
        question,
        cancel,
    };
    let begun = Instant::now();
    let at = desk.clock.now();
    let mut check = Check {
        id: format!(
            "check-{}",
            convert::short_hash(&format!("{at}{kind:?}{}{own:?}", spec.reading))
        ),
        reading: spec.reading.clone(),
        at,
        kind,
        looking: None,
        which_slices: None,
        recipes: None,
        seconds: 0.0,
        provenance: asked.provenance(engine),
    };
    match kind {
        CheckKind::Looking => check.looking = Some(asked.looking(engine, events)?),
        CheckKind::WhichSlices => check.which_slices = Some(asked.which_slices(engine, events)?),
        CheckKind::Recipes => check.recipes = Some(asked.recipes(engine, events)?),
    }
    check.seconds = begun.elapsed().as_secs_f64();
    drop(loaded);
    keep(desk, &check, &own.display_set)?;
    Ok(check)
}

fn engine(loaded: &Loaded) -> Outcome<&Engine> {
    match &loaded.model {
        Model::MedGemma(engine) => Ok(engine),
        Model::Siglip(_) => Err(objections::medgemma_only()),
    }
}

fn keep(desk: &Desk, check: &Check, case: &str) -> Outcome<()> {
    let stored = StoredCheck {
        id: check.id.clone(),
        reading: check.reading.clone(),
        at: check.at.clone(),
        body: serde_json::to_string(check).unwrap_or_default(),
    };
    let who = crate::op::app::settings(desk).reader;
    Ok(desk.store()?.add_check(&stored, case, &who)?)
}

fn probabilities(shares: &[Share]) -> Vec<LabelProbability> {
    let plain = |share: &Share| LabelProbability {
        label: share.label.clone(),
        probability: finite(share.probability),
        log_likelihood: 0.0,
        log_likelihood_per_token: 0.0,
        probability_by_sum: 0.0,
        probability_by_mean: 0.0,
        tokens: 0,
        without_content: None,
        score: None,
    };
    shares.iter().map(plain).collect()
}

impl Asked<'_> {
    fn provenance(&self, engine: &Engine) -> Vec<(String, String)> {
        let own = &self.spec.question;
        let mut lines = provenance::common(self.desk, own, &self.resolved, &self.wanted, &self.given);
        let d = engine.description();
        let adapter = self.question.adapter.as_ref();
        let adapter = adapter.map(|a| format!("{} {}", a.name, a.sha256));
        provenance::hashes(&mut lines, &d.weights_sha256, &d.tokenizer_sha256, adapter, &[]);
        lines.push(("question".to_owned(), self.question.fingerprint()));
        lines
    }

    /// What the shares say: the likeliest label, or those said yes to.
    fn says(&self, shares: &[Share]) -> String {
        if self.spec.question.form == AnswerForm::YesNo {
            return yes_labels(shares.iter().map(|s| (s.label.as_str(), s.probability)));
        }
        let best = shares
            .iter()
            .max_by(|a, b| a.probability.total_cmp(&b.probability));
        best.map(|s| s.label.clone()).unwrap_or_default()
    }

    /// Turns the engine's progress into `what` of each step, with what is left by the steps done.
    fn steps<'e>(
        &self,
        events: &'e (dyn Fn(CheckEvent) + Sync),
        what: impl Fn(usize) -> String + 'e,
    ) -> impl FnMut(ProbeEvent) + 'e {
        let begun = Instant::now();
        let mut last = 0;
        move |event: ProbeEvent| {
            if event.step == last {
                return;
            }
            last = event.step;
            let done = event.step.saturating_sub(1);
            let left = (event.of - event.step.min(event.of) + 1) as f64;
            events(CheckEvent::Asking {
                what: what(event.step),
                done: narrow(event.step),
                of: narrow(event.of),
                seconds_left: (done > 0).then(|| begun.elapsed().as_secs_f64() / done as f64 * left),
            });
        }
    }

    fn looking(&self, engine: &Engine, events: &(dyn Fn(CheckEvent) + Sync)) -> Outcome<Looking> {
        let (others, about, missing) = self.others()?;
        let mut replacements = vec![
            Replacement::Blank,
            Replacement::Noise {
                seed: u64::from(self.spec.seed),
            },
            Replacement::Mirrored,
        ];
        if !others.is_empty() {
            replacements.push(Replacement::OtherPatient);
        }
        let names: Vec<&str> = replacements.iter().map(|with| words(*with)).collect();
        let mut told = self.steps(events, |step| {
            match step.checked_sub(2).and_then(|k| names.get(k)) {
                Some(name) => (*name).to_owned(),
                None => "the picture itself".to_owned(),
            }
        });
        let text = self.kept_text();
        let found = engine.looking(
            &self.question,
            text.as_deref(),
            &replacements,
            &others,
            &mut told,
            self.cancel,
        )?;
        let measure = match self.spec.question.form {
            AnswerForm::Labels => "total variation",
            AnswerForm::YesNo => "largest difference",
            AnswerForm::Open => "likelihood of the answer's text",
        };
        Ok(Looking {
            answers: found
                .looks
                .iter()
                .map(|look| LookingAnswer {
                    picture: kind(look.with).to_owned(),
                    about: match look.with {
                        Replacement::OtherPatient => about.clone(),
                        other => words(other).to_owned(),
                    },
                    label: self.says(&look.shares),
                    probabilities: probabilities(&look.shares),
                    shift: finite(look.shift),
                })
                .collect(),
            measure: measure.to_owned(),
            verdict: found.verdict.words().to_owned(),
            suspicious: found.verdict == Verdict::HardlyLooking,
            missing,
        })
    }

    /// The text of the reading, for open questions.
    fn kept_text(&self) -> Option<String> {
        let store = self.desk.store().ok()?;
        let kept = store.readings(&self.spec.question.display_set).ok()?;
        let own = kept.iter().find(|r| r.id == self.spec.reading)?;
        let body: serde_json::Value = serde_json::from_str(&own.body).ok()?;
        body["text"].as_str().map(str::to_owned)
    }

    /// Another patient's pictures, what they are, and why there are none.
    fn others(&self) -> Outcome<(Vec<Picture>, String, Vec<String>)> {
        let own = &self.resolved.set;
        let chosen = if self.spec.other.is_empty() {
            let opened = lock(&self.desk.opened);
            let fits = |set: &&std::sync::Arc<DisplaySet>| {
                set.study_uid != own.study_uid
                    && !same_patient(set, own)
                    && set.modality == own.modality
                    && !crate::op::blind::is_result(set)
            };
            opened.sets.values().find(fits).cloned()
        } else {
            Some(self.desk.set(&self.spec.other)?)
        };
        let Some(set) = chosen else {
            let why = "No other patient's images of this modality are open.";
            return Ok((Vec::new(), String::new(), vec![why.to_owned()]));
        };
        let slices = self.resolved.slices.len().min(set.frames.len());
        let spec = QuestionSpec {
            display_set: set.id.clone(),
            slices: spread(slices, set.frames.len()),
            ..self.spec.question.clone()
        };
        let resolved = Resolved {
            slices: overread_protocol::slices::choose(&spec.slices, set.frames.len())
                .map_err(|error| crate::code::sentences("question.input", &error.to_string()))?,
            set: std::sync::Arc::clone(&set),
            ..self.resolved.clone()
        };
        match given(self.desk, &resolved, &spec, &mut |_, _| {}, self.cancel) {
            Ok(other) => {
                let count = match resolved.slices.len() {
                    1 => "1 slice".to_owned(),
                    n => format!("{n} slices"),
                };
                let about = format!("{count} of another study, {}", set.modality);
                Ok((other.pictures, about, Vec::new()))
            }
            Err(error) if error.code == "cancelled" => Err(error),
            Err(error) => {
                let why = format!("Another patient's images could not be used: {}", error.message);
                Ok((Vec::new(), String::new(), vec![why]))
            }
        }
    }

    fn which_slices(&self, engine: &Engine, events: &(dyn Fn(CheckEvent) + Sync)) -> Outcome<WhichSlices> {
        let groups = if self.spec.groups == 0 {
            GROUPS
        } else {
            self.spec.groups as usize
        };
        let mut told = self.steps(events, |step| match step {
            0 | 1 => "all slices".to_owned(),
            _ => format!("without group {}", step - 1),
        });
        let found = engine.which_slices(&self.question, None, groups, &mut told, self.cancel)?;
        let slices = |first: usize, count: usize| -> Vec<u32> {
            let range = self.given.origins.iter().skip(first).take(count);
            range.filter_map(|o| o.slice).map(narrow).collect()
        };
        let weights: Vec<SliceWeight> = found
            .groups
            .iter()
            .map(|g| SliceWeight {
                slices: slices(g.first, g.count),
                change: finite(-g.weight),
            })
            .collect();
        let p = found
            .shares
            .iter()
            .find(|s| s.label == found.label)
            .map_or(0.5, |s| s.probability);
        let strongest = weights.iter().min_by(|a, b| a.change.total_cmp(&b.change));
        let verdict = match strongest {
            Some(group) if group.change < 0.0 => {
                format!("The answer rests most on {}.", range_words(&group.slices))
            }
            _ => "No slices spoke for the answer by themselves.".to_owned(),
        };
        Ok(WhichSlices {
            label: found.label,
            log_odds: finite(overread_medgemma::probes::log_odds(p)),
            groups: weights,
            verdict,
        })
    }

    fn recipes(&self, engine: &Engine, events: &(dyn Fn(CheckEvent) + Sync)) -> Outcome<RecipeCheck> {
        let first = self.resolved.recipe.id().to_owned();
        let mut ids = vec![first.clone()];
        let wanted = if self.spec.recipes.is_empty() {
            recipes(&self.resolved.set)
                .into_iter()
                .map(|(id, _)| id)
                .collect()
        } else {
            self.spec.recipes.clone()
        };
        ids.extend(wanted.into_iter().filter(|id| *id != first));
        let (mut cases, mut missing) = (Vec::new(), Vec::new());
        for id in ids {
            self.cancel.check()?;
            match self.case(&id) {
                Ok(case) => cases.push(case),
                Err(error) if error.code == "cancelled" => return Err(error),
                Err(error) => missing.push(format!("{id}: {}", error.message)),
            }
        }
        let names: Vec<String> = cases.iter().map(|c| c.preprocessing.clone()).collect();
        let mut told = self.steps(events, move |step| {
            let name = step.checked_sub(1).and_then(|k| names.get(k));
            name.cloned().unwrap_or_default()
        });
        let found = engine.recipes(&self.question, &cases, &mut told, self.cancel)?;
        let base = found
            .answers
            .first()
            .map(|a| self.says(&a.shares))
            .unwrap_or_default();
        let answers: Vec<RecipeAnswer> = found
            .answers
            .iter()
            .map(|a| {
                let label = self.says(&a.shares);
                RecipeAnswer {
                    recipe: a.preprocessing.clone(),
                    flips: label != base,
                    label,
                    probabilities: probabilities(&a.shares),
                }
            })
            .collect();
        let flipped: Vec<&str> = answers
            .iter()
            .filter(|a| a.flips)
            .map(|a| a.recipe.as_str())
            .collect();
        let verdict = match (answers.len(), flipped.len()) {
            (0 | 1, _) => "There is one preprocessing only: nothing to compare.".to_owned(),
            (n, 0) => format!("The answer is the same under all {n}."),
            (n, k) => format!("The answer is another under {k} of {n}: {}.", flipped.join(", ")),
        };
        Ok(RecipeCheck {
            flips: !flipped.is_empty(),
            verdict,
            answers,
            missing,
        })
    }

    /// The case under another preprocessing.
    fn case(&self, id: &str) -> Outcome<RecipeCase> {
        let recipe = Recipe::by_id(id)
            .map_err(|error| crate::code::sentences("question.input", &error.to_string()))?;
        let resolved = Resolved {
            recipe,
            ..self.resolved.clone()
        };
        let made = given(
            self.desk,
            &resolved,
            &self.spec.question,
            &mut |_, _| {},
            self.cancel,
        )?;
        Ok(RecipeCase {
            preprocessing: id.to_owned(),
            pictures: made.pictures,
            messages: made.messages,
        })
    }
}

/// True when both files name the same patient: an earlier examination is no other patient's.
fn same_patient(a: &DisplaySet, b: &DisplaySet) -> bool {
    let (a, b) = (&a.first().header.patient, &b.first().header.patient);
    let same = |x: &str, y: &str| !x.is_empty() && x == y;
    same(&a.id, &b.id) || (a.id.is_empty() && b.id.is_empty() && same(&a.name, &b.name))
}

fn kind(with: Replacement) -> &'static str {
    match with {
        Replacement::Blank => "blank",
        Replacement::Noise { .. } => "noise",
        Replacement::Mirrored => "mirrored",
        Replacement::OtherPatient => "other_patient",
    }
}

fn words(with: Replacement) -> &'static str {
    match with {
        Replacement::Blank => "a blank picture",
        Replacement::Noise { .. } => "a noise picture",
        Replacement::Mirrored => "the mirrored picture",
        Replacement::OtherPatient => "another patient's picture",
    }
}

/// `n` slices spread over `of`, as a slice spec: the middles of `n` equal parts.
fn spread(n: usize, of: usize) -> String {
    let slices: Vec<String> = (0..n)
        .map(|i| ((2 * i + 1) * of / (2 * n) + 1).to_string())
        .collect();
    slices.join(",")
}

fn range_words(slices: &[u32]) -> String {
    match slices {
        [] => "no slice".to_owned(),
        [one] => format!("slice {one}"),
        [first, .., last] => format!("slices {first} to {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_spread_over_the_whole() {
        assert_eq!(spread(1, 9), "5");
        assert_eq!(spread(3, 9), "2,5,8");
        assert_eq!(spread(2, 2), "1,2");
        assert_eq!(range_words(&[3, 4, 7]), "slices 3 to 7");
    }
}
