//! Questions with their answers, as tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use overread_medgemma::files::ModelFiles;
use overread_medgemma::{Message, prompt};
use overread_phantom::checkpoint::PROMPT;
use overread_phantom::{Finding, LABELS, Side};
use overread_tuning::augment::Look;
use overread_tuning::random::Draw;
use overread_tuning::train::Lessons;
use overread_tuning::{Example, Patches, Seen, TuningError};

use super::patches::{MOVED, due};
use super::slices::{PATCH, SIDE, Slice, Volume};

/// The question about the side.
pub(super) const SIDE_PROMPT: &str = "Which side is it on?";
/// The question about the place.
pub(super) const PLACE_PROMPT: &str = "Where is the finding?";
/// What may follow the side's question.
pub(super) const SIDES: [&str; 2] = ["right", "left"];
/// What may follow the place's question: rows of the picture from the front to the back, up to these shares of it.
pub(super) const PLACES: [(&str, f32); 3] = [("anterior", 0.42), ("central", 0.58), ("posterior", 1.0)];

/// Every question with every answer.
#[derive(Debug)]
pub(super) struct Phrases(BTreeMap<(&'static str, usize, &'static str), Example>);

/// How a question becomes messages.
pub(super) type Messages<'a> = &'a (dyn Fn(&str, usize) -> Vec<Message> + Sync);

impl Phrases {
    pub(super) fn new(
        files: &ModelFiles,
        messages: Messages<'_>,
        most_images: usize,
    ) -> Result<Self, TuningError> {
        let places = PLACES.map(|(place, _)| place);
        let of = |prompt, answers: &[&'static str]| {
            answers.iter().map(move |a| (prompt, 1, *a)).collect::<Vec<_>>()
        };
        let mut wanted = of(PROMPT, &LABELS);
        wanted.extend(of(SIDE_PROMPT, &SIDES));
        wanted.extend(of(PLACE_PROMPT, &places));
        for images in 2..=most_images {
            wanted.extend(LABELS.iter().map(|label| (PROMPT, images, *label)));
        }
        let mut all = BTreeMap::new();
        for (question, images, answer) in wanted {
            let asked = messages(question, images);
            let prompt = prompt::build(&files.config, &files.tokenizer, &asked, "", false)?;
            let end = files.tokenizer.id("<end_of_turn>");
            let example = Example::answered(&prompt, &files.tokenizer, end, answer, Seen::Nothing)?;
            all.insert((question, images, answer), example);
        }
        Ok(Self(all))
    }

    fn example(
        &self,
        question: &'static str,
        images: usize,
        answer: &'static str,
        seen: Seen,
    ) -> Option<Example> {
        let example = self.0.get(&(question, images, answer))?;
        Some(Example {
            seen,
            ..example.clone()
        })
    }
}

/// The side as an answer, exchanged where the picture is mirrored.
fn side(side: Side, mirrored: bool) -> Option<&'static str> {
    match (side, mirrored) {
        (Side::Right, false) | (Side::Left, true) => Some(SIDES[0]),
        (Side::Left, false) | (Side::Right, true) => Some(SIDES[1]),
        (Side::None, _) => None,
    }
}

pub(super) fn place(row: f32) -> &'static str {
    let within = |(_, up_to): &&(&str, f32)| row <= *up_to;
    PLACES.iter().find(within).map_or(PLACES[2].0, |(place, _)| place)
}

/// What the tower made of slices, pooled; `[mirrored]`.
pub(super) type Remembered = [Arc<Vec<f32>>; 2];

/// Single slices, and short volumes where there are any.
pub(super) struct AnswerLessons<'a> {
    pub(super) phrases: &'a Phrases,
    pub(super) slices: &'a [Slice],
    /// Of each slice; empty: pictures are looked at.
    pub(super) remembered: &'a [Remembered],
    /// Of each slice without its lesion, where it is remembered.
    pub(super) without: &'a [Remembered],
    pub(super) volumes: &'a [Volume],
    /// Of each volume's slices, one after the other.
    pub(super) remembered_volumes: &'a [Vec<f32>],
    /// Share of examples that are volumes, of the questions about side and place, of patients without their lesion.
    pub(super) shares: [f64; 3],
    /// What the auxiliary head counts; with pictures alone.
    pub(super) patches: bool,
}

impl AnswerLessons<'_> {
    fn volume(&self, draw: Draw) -> Option<Example> {
        if self.volumes.is_empty() || draw.unit(20) >= self.shares[0] {
            return None;
        }
        let at = draw.below(21, self.volumes.len());
        let (volume, all) = (&self.volumes[at], &self.remembered_volumes[at]);
        let count = volume.slices.len();
        let seen = Seen::Pooled(Arc::new(all.clone()));
        self.phrases.example(PROMPT, count, volume.finding.label(), seen)
    }
}

impl Lessons for AnswerLessons<'_> {
    fn len(&self) -> usize {
        self.slices.len()
    }

    fn example(&self, index: usize, draw: Draw) -> Example {
        if let Some(volume) = self.volume(draw) {
            return volume;
        }
        let slice = &self.slices[index];
        let twin = !slice.without.is_empty() && draw.unit(22) < self.shares[2];
        let mut look = Look::draw(draw, MOVED);
        let finding = if twin { Finding::Normal } else { slice.finding };
        let (seen, patches) = match (self.remembered.get(index), self.without.get(index)) {
            (Some(remembered), without) if !twin || without.is_some_and(|w| !w[0].is_empty()) => {
                let from = if twin {
                    without.unwrap_or(remembered)
                } else {
                    remembered
                };
                (Seen::Pooled(Arc::clone(&from[usize::from(look.mirrored)])), None)
            }
            (Some(remembered), _) => {
                look.mirrored = false;
                (Seen::Pooled(Arc::clone(&remembered[0])), None)
            }
            (None, _) => {
                let values = look.values(if twin { &slice.without } else { &slice.rgb }, SIDE);
                let covered = look.covered(if twin { &[] } else { &slice.mask }, SIDE, PATCH);
                let patches = self.patches.then(|| {
                    Arc::new(Patches {
                        only: None,
                        due: due(&covered, finding),
                    })
                });
                (Seen::Pictures(vec![Arc::new(values)]), patches)
            }
        };
        let other = draw.unit(23);
        let (question, answer) = if !twin && other < self.shares[1] / 2.0 {
            (SIDE_PROMPT, side(slice.side, look.mirrored))
        } else if !twin && other < self.shares[1] {
            (PLACE_PROMPT, slice.row.map(place))
        } else {
            (PROMPT, None)
        };
        let (question, answer) = match answer {
            Some(answer) => (question, answer),
            None => (PROMPT, finding.label()),
        };
        let example = self.phrases.example(question, 1, answer, seen.clone());
        Example {
            patches,
            ..example.unwrap_or(Example {
                ids: Vec::new(),
                blocks: Vec::new(),
                answer: 0..0,
                seen,
                weight: 0.0,
                patches: None,
            })
        }
    }
}
