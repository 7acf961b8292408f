//! From the cases of a split to examples: the same images, preprocessing and words that the evaluation asks with.

use std::sync::Arc;
use std::time::Duration;

use overread_evaluation::case_set::{CaseSpec, ReaderSpec};
use overread_medgemma::Precision;
use overread_tuning::estimate::Workload;
use overread_tuning::random::Draw;
use overread_tuning::train::Lessons;
use overread_tuning::{Example, Seen};
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::loaded::Loaded;
use crate::op::evaluation::asked;
use crate::op::evaluation::pass::{Kind, Pass, Sitting};
use crate::op::evaluation::settings;
use crate::op::given::given;
use crate::op::tune::options::Target;
use crate::op::tune::pictures::Pictures;
use crate::op::tune::targets;
use crate::op::tune::work::engine;

/// How often a waiting run looks whether the question was answered.
const LOOK: Duration = Duration::from_millis(50);

/// A prompt with its answer; what is seen is looked up when it is needed.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    example: Example,
    pictures: Vec<String>,
}

/// A split as examples.
#[derive(Debug)]
pub(crate) struct Cases<'a> {
    pub(crate) lessons: Vec<Lesson>,
    pub(crate) pictures: &'a Pictures,
    /// Cases that gave no example, with the reason: shown, never dropped in silence.
    pub(crate) left_out: Vec<(String, String)>,
    /// The first prompt, as the chat template renders it.
    pub(crate) asked: String,
    /// Hash over everything that is learned: question, pictures, answer of each, in order.
    pub(crate) sha256: String,
}

impl Lessons for Cases<'_> {
    fn len(&self) -> usize {
        self.lessons.len()
    }

    fn example(&self, index: usize, _: Draw) -> Example {
        let lesson = &self.lessons[index];
        Example {
            seen: self.pictures.seen(&lesson.pictures),
            ..lesson.example.clone()
        }
    }
}

impl Cases<'_> {
    /// What a step of such examples is made of: means, as far as cases say it.
    pub(crate) fn workload(&self, tokens_per_image: usize) -> Workload {
        let n = self.lessons.len().max(1);
        let pictures: usize = self.lessons.iter().map(|l| l.pictures.len()).sum();
        let (all, answers) = self.tokens();
        Workload {
            text: all.saturating_sub(pictures * tokens_per_image).div_ceil(n),
            answer: answers.div_ceil(n),
            pictures: pictures.div_ceil(n),
            batch: 1,
            part: 1,
            recompute: true,
            remembered: true,
            precision: Precision::F32,
        }
    }

    /// Most tokens of an example beside its pictures, and most pictures.
    pub(crate) fn longest(&self, tokens_per_image: usize) -> (usize, usize) {
        let text = |l: &Lesson| {
            l.example
                .ids
                .len()
                .saturating_sub(l.pictures.len() * tokens_per_image)
        };
        let pictures = self.lessons.iter().map(|l| l.pictures.len()).max();
        (
            self.lessons.iter().map(text).max().unwrap_or(0),
            pictures.unwrap_or(0),
        )
    }

    /// Tokens of all examples, images included, and those of all answers.
    pub(crate) fn tokens(&self) -> (usize, usize) {
        let all = self.lessons.iter().map(|l| l.example.ids.len()).sum();
        let answers = self.lessons.iter().map(|l| l.example.answer.len()).sum();
        (all, answers)
    }
}

/// Who gathers, and with what.
pub(crate) struct Gathering<'a, 'p> {
    pub(crate) sitting: &'a Sitting<'a>,
    pub(crate) reader: &'a ReaderSpec,
    /// The model in memory.
    pub(crate) model: &'a dyn Fn() -> Outcome<Arc<Loaded>>,
    pub(crate) pictures: &'p Pictures,
    pub(crate) target: Target,
}

impl<'p> Gathering<'_, 'p> {
    /// The examples of cases, at these places of the set. `told` hears cases done and all.
    ///
    /// # Errors
    /// Cancelled, a full disk, a model that cannot be asked this question. A case that cannot be read is left out and
    /// named.
    pub(crate) fn cases(&self, places: &[usize], told: &mut dyn FnMut(usize, usize)) -> Outcome<Cases<'p>> {
        let set = self.sitting.set;
        let cases: Vec<(usize, &CaseSpec)> = places
            .iter()
            .filter_map(|at| Some((*at, set.cases.get(*at)?)))
            .collect();
        let kind = match self.target {
            Target::Answer => Kind::Answer,
            Target::Findings => Kind::Findings(match self.reader.prompt.trim() {
                "" => asked::FINDINGS.to_owned(),
                own => own.to_owned(),
            }),
        };
        let pass = Pass {
            reader: self.reader,
            kind,
            cases: cases.clone(),
        };
        let ready = self.sitting.ready(&pass)?;
        let mut out = Cases {
            lessons: Vec::new(),
            pictures: self.pictures,
            left_out: Vec::new(),
            asked: String::new(),
            sha256: String::new(),
        };
        let mut hash = Sha256::new();
        for (done, (_, case)) in cases.iter().enumerate() {
            self.sitting.cancel.check()?;
            while self.sitting.desk.models.is_questioned() && !self.sitting.cancel.is_cancelled() {
                std::thread::sleep(LOOK);
            }
            match self.lessons(&pass, &ready, case) {
                Ok((_, lessons)) if lessons.is_empty() => {
                    let why = "its truth says nothing that can be learned";
                    out.left_out.push((case.id.clone(), why.to_owned()));
                }
                Ok((rendered, lessons)) => {
                    if out.asked.is_empty() {
                        out.asked = rendered;
                    }
                    for lesson in &lessons {
                        let example = &lesson.example;
                        let answer = &example.ids[example.answer.clone()];
                        hash.update(settings::hash(&(&example.ids, answer, &lesson.pictures)));
                    }
                    out.lessons.extend(lessons);
                }
                Err(error) if stops(&error.code) => return Err(error),
                Err(error) => out.left_out.push((case.id.clone(), error.message)),
            }
            told(done + 1, cases.len());
        }
        out.sha256 = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Ok(out)
    }

    fn lessons(
        &self,
        pass: &Pass<'_>,
        ready: &crate::op::evaluation::pass::Ready,
        case: &CaseSpec,
    ) -> Outcome<(String, Vec<Lesson>)> {
        let (desk, cancel) = (self.sitting.desk, self.sitting.cancel);
        let (spec, resolved, asked) = self.sitting.question(pass, ready, case, 0)?;
        let given = given(desk, &resolved, &spec, &mut |_, _| {}, cancel)?;
        let all = targets::of(self.sitting.set, case, self.target, &asked, &given.messages);
        if all.is_empty() {
            return Ok((String::new(), Vec::new()));
        }
        let loaded = (self.model)()?;
        let engine = engine(&loaded)?;
        let keys = given
            .pictures
            .iter()
            .map(|picture| self.pictures.add(engine, picture, cancel))
            .collect::<Outcome<Vec<_>>>()?;
        // Features of thousands of pictures are not held twice.
        engine.forget();
        let (mut rendered, mut lessons) = (String::new(), Vec::new());
        for due in all {
            let prompt = engine.prompt(&due.messages, "")?;
            let end = engine.end_of_turn();
            let example = Example::answered(&prompt, engine.tokenizer(), end, &due.answer, Seen::Nothing)?;
            if rendered.is_empty() {
                rendered = without_the_case(&prompt.rendered, case);
            }
            lessons.push(Lesson {
                example,
                pictures: keys.clone(),
            });
        }
        Ok((rendered, lessons))
    }
}

/// A prompt without the words that are a case's own: a history may name its patient, and the card goes along with the adapter.
fn without_the_case(rendered: &str, case: &CaseSpec) -> String {
    let own = [(&case.context, "{context}"), (&case.question, "{question}")];
    own.into_iter()
        .fold(rendered.to_owned(), |text, (words, mark)| match words.trim() {
            "" => text,
            words => text.replace(words, mark),
        })
}

/// What one case cannot help.
fn stops(code: &str) -> bool {
    ["cancelled", "file.disk_full", "file.read_only", "tuning.file"].contains(&code)
        || code.starts_with("eval.precision")
}
