//! One reader over many cases: what stands is kept, what is missing is asked, each answer is on disk before the next.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use overread_evaluation::case_set::{Arm, CaseSet, CaseSpec, ReadSettings, ReaderSpec, Task};
use overread_evaluation::recorded::Recorded;

use crate::code::failure;
use crate::desk::Desk;
use crate::loaded::Model;
use crate::op::asking::Unnamed;
use crate::op::evaluation::asked::{self, About, AskedCase};
use crate::op::evaluation::images::Finder;
use crate::op::evaluation::question::{self, Putting};
use crate::op::evaluation::record::{Line, told};
use crate::op::evaluation::records::{Records, STAGE};
use crate::op::evaluation::settings::{self, Settings};
use crate::op::plan::Resolved;
use crate::op::{ask, head, load, precision};
use crate::wire::question::{QuestionOptions, QuestionSpec};
use crate::wire::reading::AnswerForm;
use crate::{Cancel, Failure, Outcome};

/// What a reader is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Its answer, from the images.
    Answer,
    /// The first stage of a pipeline, by this prompt.
    Findings(String),
    /// The second stage, from findings by case; a case that is not there has none, which is an error of that case.
    Reasoned(Arm, BTreeMap<String, String>),
}

/// A pass over cases.
#[derive(Clone, Debug)]
pub(crate) struct Pass<'a> {
    /// Whose id, settings, model and adapters.
    pub(crate) reader: &'a ReaderSpec,
    pub(crate) kind: Kind,
    /// Cases with their places in the set, from 1.
    pub(crate) cases: Vec<(usize, &'a CaseSpec)>,
}

/// What a whole run shares.
#[derive(Debug)]
pub(crate) struct Sitting<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) set: &'a CaseSet,
    pub(crate) set_hash: String,
    pub(crate) finder: Finder,
    pub(crate) records: Records,
    /// Ask again where the answer was an error or given by other settings.
    pub(crate) again: bool,
    pub(crate) cancel: &'a Cancel,
}

/// How a pass stands, told after each answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    /// Place of the case in the set, from 1.
    pub(crate) number: usize,
    pub(crate) line: &'a Recorded,
    /// Asked now; false for what stood.
    pub(crate) fresh: bool,
    /// Seconds that it took, loading left out.
    pub(crate) seconds: f64,
}

/// A pass made ready without loading anything.
pub(crate) struct Ready {
    options: QuestionOptions,
    read: ReadSettings,
    parts: BTreeMap<String, String>,
    pub(crate) wanted: load::Wanted,
    text_alone: bool,
}

impl Sitting<'_> {
    /// Whether answers that stand may stay beside new ones, as far as can be known without loading.
    ///
    /// # Errors
    /// `eval.other_settings` with the names of what differs.
    pub(crate) fn check(&self, pass: &Pass<'_>) -> Outcome<()> {
        if self.again || matches!(pass.kind, Kind::Findings(_)) {
            return Ok(());
        }
        // What else is wrong is told when it is this reader's turn: it fails alone.
        let Ok(ready) = self.ready(pass) else {
            return Ok(());
        };
        self.compare(pass, &ready.parts, false)
    }

    fn arm(pass: &Pass<'_>) -> Option<Arm> {
        match pass.kind {
            Kind::Reasoned(arm, _) if arm != Arm::Own => Some(arm),
            _ => None,
        }
    }

    /// Compares with what stands; parts known only after loading are left out unless `whole`.
    fn compare(&self, pass: &Pass<'_>, parts: &BTreeMap<String, String>, whole: bool) -> Outcome<()> {
        let arm = Self::arm(pass);
        let lines = self.records.standing.iter();
        let lines = lines.filter(|((reader, _, of), _)| *reader == pass.reader.id && *of == arm);
        let hashes: std::collections::BTreeSet<&str> =
            lines.filter_map(|(_, line)| line.settings.as_deref()).collect();
        for hash in hashes {
            let Some(old) = self.records.known.get(hash) else {
                return Err(settings::refusal(&pass.reader.id, &[]));
            };
            let mut old = old.parts.clone();
            if !whole {
                old.retain(|name, _| parts.contains_key(name));
            }
            let differences = settings::differences(&old, parts);
            if !differences.is_empty() {
                return Err(settings::refusal(&pass.reader.id, &differences));
            }
        }
        Ok(())
    }

    /// Model, settings and their parts of a pass.
    ///
    /// # Errors
    /// A model that is not there, does not fit the question or the memory; an option that there is not.
    pub(crate) fn ready(&self, pass: &Pass<'_>) -> Outcome<Ready> {
        let (desk, reader) = (self.desk, pass.reader);
        let read = asked::settings_of(self.set, reader);
        let adapters: Vec<PathBuf> = reader
            .adapters
            .iter()
            .map(|path| self.finder.path(path))
            .collect();
        let mut options = asked::options_of(&read)?;
        options.adapters = adapters.iter().map(|path| desk.handle(path)).collect();
        let head = (!reader.head.is_empty()).then(|| self.finder.path(&reader.head));
        options.head = head.as_ref().map(|path| desk.handle(path));
        options.precision = match read.precision.as_str() {
            // What was read in one precision goes on in it, however much memory there is now.
            "" => self
                .records
                .last_settings(&reader.id)
                .and_then(|old| question::named(old.parts.get("precision")?)),
            name => Some(question::named(name).ok_or_else(|| {
                failure(
                    "eval.precision",
                    format!("There is no precision {name}."),
                    "Choose f32, bf16, q8_0 or q4_k.",
                )
            })?),
        };
        let text_alone = matches!(pass.kind, Kind::Reasoned(..));
        let spec = QuestionSpec {
            options: Some(options.clone()),
            ..question::empty(desk.handle(&self.finder.path(&reader.model)))
        };
        let wanted = load::wanted(desk, &spec)?;
        options.precision = Some(wanted.key.precision);
        let form = match (&pass.kind, self.set.question.task) {
            (Kind::Findings(_), _) | (_, Task::Open | Task::Vqa | Task::Boxes) => AnswerForm::Open,
            (_, Task::YesNo) => AnswerForm::YesNo,
            (_, Task::Closed | Task::Choice) => AnswerForm::Labels,
        };
        let pictures = usize::from(!text_alone && pass.cases.iter().any(|(_, case)| !case.images.is_empty()));
        let asked = QuestionSpec { form, ..spec };
        if let Some(refusal) = wanted
            .mismatch(&asked, pictures)
            .or_else(|| wanted.refusal(desk, 0))
        {
            return Err(refusal);
        }
        if let Some(head) = &head {
            head::open(head)?.suits(form, &self.set.question.labels)?;
        }
        let precision = precision::name(wanted.key.precision);
        let mut parts = settings::before_loading(self.set, reader, &adapters, head.as_deref(), precision)?;
        match &pass.kind {
            Kind::Answer => {}
            Kind::Findings(prompt) => {
                for name in ["task", "labels", "template", "differential"] {
                    parts.remove(name);
                }
                parts.insert("prompt".to_owned(), prompt.clone());
                parts.insert("stage".to_owned(), "findings".to_owned());
            }
            Kind::Reasoned(arm, _) => {
                let arm = format!("{arm:?}").to_lowercase();
                parts.insert("stage".to_owned(), format!("reasoned from findings: {arm}"));
            }
        }
        Ok(Ready {
            options,
            read,
            parts,
            wanted,
            text_alone,
        })
    }

    /// Asks what is missing.
    ///
    /// # Errors
    /// When the reader cannot read at all, when the disk is full, or `cancelled`. An error of one case is a line.
    pub(crate) fn run(
        &mut self,
        pass: &Pass<'_>,
        loading: &dyn Fn(f64, &str),
        told: &mut dyn FnMut(Told<'_>),
    ) -> Outcome<()> {
        let mut ready = self.ready(pass)?;
        if !self.again && !matches!(pass.kind, Kind::Findings(_)) {
            self.compare(pass, &ready.parts, false)?;
        }
        // Asked again, the model itself says whether it is the one of before.
        let known = (!self.again).then(|| self.known_hash(pass, &ready.parts));
        let mut hash = known.flatten();
        let mut loaded = false;
        for (number, case) in &pass.cases {
            self.cancel.check()?;
            let mut tell = |line: &Recorded, fresh: bool, seconds: f64| {
                told(Told {
                    number: *number,
                    line,
                    fresh,
                    seconds,
                });
            };
            let kept = hash
                .as_deref()
                .and_then(|hash| self.stands(pass, case, hash).transpose());
            if let Some(line) = kept.transpose()? {
                tell(&line, false, 0.0);
                continue;
            }
            if !loaded {
                let known = self.load(pass, &mut ready, loading)?;
                loaded = true;
                if hash.as_ref() != Some(&known) {
                    // The weights are others than those on record, or none were.
                    hash = Some(known);
                    if let Some(line) = self.stands(pass, case, hash.as_deref().unwrap_or_default())? {
                        tell(&line, false, 0.0);
                        continue;
                    }
                }
            }
            let begun = Instant::now();
            let line = self.one(pass, &ready, case, hash.as_deref().unwrap_or_default())?;
            self.records.keep(line.clone())?;
            tell(&line, true, begun.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// The hash under which this pass's lines stand, as far as can be known without loading.
    fn known_hash(&self, pass: &Pass<'_>, parts: &BTreeMap<String, String>) -> Option<String> {
        let records = &self.records;
        let fits = |hash: &&str| {
            let Some(known) = records.known.get(*hash) else {
                return false;
            };
            let mut old = known.parts.clone();
            old.retain(|name, _| parts.contains_key(name));
            old == *parts
        };
        let id = pass.reader.id.as_str();
        if matches!(pass.kind, Kind::Findings(_)) {
            let mut keys = records.findings.keys().filter(|(reader, _, _)| reader == id);
            return keys
                .find(|(_, _, hash)| fits(&hash.as_str()))
                .map(|(_, _, hash)| hash.clone());
        }
        let arm = Self::arm(pass);
        let lines = records
            .standing
            .iter()
            .filter(|((reader, _, of), _)| reader == id && *of == arm);
        let mut hashes = lines.filter_map(|(_, line)| line.settings.as_deref());
        hashes.find(|hash| fits(hash)).map(str::to_owned)
    }

    /// The line of a case that may stay.
    fn stands(&self, pass: &Pass<'_>, case: &CaseSpec, hash: &str) -> Outcome<Option<Recorded>> {
        let is_error = |line: &Recorded| line.invalid.as_deref() == Some("error");
        let asked = self.asked_hash(pass, case);
        let same = |line: &Recorded| line.more.get("asked").and_then(|a| a.as_str()) == Some(asked.as_str());
        if matches!(pass.kind, Kind::Findings(_)) {
            let key = (pass.reader.id.clone(), case.id.clone(), hash.to_owned());
            let line = self.records.findings.get(&key);
            return Ok(line.filter(|l| same(l) && !(self.again && is_error(l))).cloned());
        }
        let key = (pass.reader.id.clone(), case.id.clone(), Self::arm(pass));
        let Some(line) = self.records.standing.get(&key) else {
            return Ok(None);
        };
        let fits = same(line) && line.settings.as_deref() == Some(hash);
        if self.again {
            return Ok((fits && !is_error(line)).then(|| line.clone()));
        }
        if fits {
            return Ok(Some(line.clone()));
        }
        Err(failure(
            "eval.other_question",
            format!(
                "The answer of {} to case {} that stands was given to another question: its images, question, options, context or \
                 findings were changed.",
                pass.reader.id, case.id
            ),
            "Set them back, ask again with --again, or run into another folder with --run.",
        ))
    }

    fn asked_hash(&self, pass: &Pass<'_>, case: &CaseSpec) -> String {
        let of_case = settings::of_case(case);
        match &pass.kind {
            Kind::Reasoned(_, findings) => settings::hash(&(of_case, findings.get(&case.id))),
            _ => of_case,
        }
    }

    /// Loads the model and completes the settings; gives their hash, which is on record then.
    fn load(&mut self, pass: &Pass<'_>, ready: &mut Ready, loading: &dyn Fn(f64, &str)) -> Outcome<String> {
        let loaded = load::load(self.desk, &ready.wanted, loading, self.cancel)?;
        let adapter = loaded.adapter(&ready.wanted.adapters, self.cancel)?;
        if let (Some(folder), Model::Siglip(model)) = (&ready.wanted.head, &loaded.model) {
            // Another model stops the reader, and is no error of every case.
            head::open(folder)?.stands_on(model.description())?;
        }
        let (weights, tokenizer) = match &loaded.model {
            Model::MedGemma(engine) => {
                let d = engine.description();
                (d.weights_sha256.clone(), d.tokenizer_sha256.clone())
            }
            Model::Siglip(model) => {
                let d = model.description();
                (d.weights_sha256.clone(), d.tokenizer_sha256.clone())
            }
        };
        ready.parts.insert("weights".to_owned(), weights.clone());
        ready.parts.insert("tokenizer".to_owned(), tokenizer);
        if !self.again && !matches!(pass.kind, Kind::Findings(_)) {
            self.compare(pass, &ready.parts, true)?;
        }
        let hash = settings::hash(&ready.parts);
        if !self.records.known.contains_key(&hash) {
            let mut told = BTreeMap::from([
                (
                    "program".to_owned(),
                    format!("overread {}", env!("CARGO_PKG_VERSION")),
                ),
                ("device".to_owned(), ready.wanted.key.device.clone()),
                (
                    "model".to_owned(),
                    crate::op::models::name_of(self.desk, &ready.wanted.key.path),
                ),
            ]);
            if let Some(adapter) = adapter {
                told.insert("adapter_sha256".to_owned(), adapter.sha256.clone());
            }
            let line = Settings {
                settings: hash.clone(),
                reader: pass.reader.id.clone(),
                parts: ready.parts.clone(),
                told,
            };
            self.records.settings.append(&line)?;
            self.records.known.insert(hash.clone(), line);
        }
        Ok(hash)
    }

    /// Asks one case; what goes wrong with it becomes a line.
    fn one(&self, pass: &Pass<'_>, ready: &Ready, case: &CaseSpec, hash: &str) -> Outcome<Recorded> {
        let mut line = Line {
            reader: &pass.reader.id,
            case: &case.id,
            at: self.desk.clock.now(),
            settings: hash,
            case_set: &self.set_hash,
            asked: self.asked_hash(pass, case),
            seed: settings::seed_of(ready.read.seed, &case.id),
        };
        let result = self
            .question(pass, ready, case, line.seed)
            .and_then(|(spec, resolved, asked)| {
                let reading =
                    ask::answered(self.desk, &spec, &resolved, Unnamed::None, &|_| {}, self.cancel)?;
                Ok((reading, asked))
            });
        line.at = self.desk.clock.now();
        let mut record = match result {
            Ok((reading, asked)) => {
                let own_words =
                    !(case.question.is_empty() && case.options.is_empty() && case.context.is_empty())
                        || matches!(pass.kind, Kind::Reasoned(..));
                let mut record = line.answered(&reading, &asked, own_words);
                if let Some(question) = told(&reading, "question") {
                    // Of the same words it is the same, and a calibration is fitted on one question only.
                    record.more.insert("question_sha256".to_owned(), question.into());
                }
                record
            }
            Err(error) if error.code == "cancelled" => return Err(error),
            Err(error) => line.failed(&error),
        };
        match &pass.kind {
            Kind::Answer => {}
            Kind::Findings(_) => {
                record.label = None;
                record.more.insert(STAGE.to_owned(), "findings".into());
            }
            Kind::Reasoned(arm, findings) => {
                record.arm = Self::arm(pass);
                let given = findings.get(&case.id).filter(|_| *arm != Arm::None);
                record.findings = given.cloned();
            }
        }
        Ok(record)
    }

    /// A case's question with its images, as it is asked.
    ///
    /// # Errors
    /// Images that are not there, a case without what its task needs.
    pub(crate) fn question(
        &self,
        pass: &Pass<'_>,
        ready: &Ready,
        case: &CaseSpec,
        seed: u32,
    ) -> Outcome<(QuestionSpec, Resolved, AskedCase)> {
        let findings = match &pass.kind {
            Kind::Reasoned(Arm::None, _) => None,
            Kind::Reasoned(_, all) => Some(all.get(&case.id).map(String::as_str).ok_or_else(no_findings)?),
            _ => None,
        };
        let images = if ready.text_alone {
            Vec::new()
        } else {
            self.finder.images(case)?
        };
        let about = About {
            findings,
            text_alone: images.is_empty(),
            without_prompt: ready.wanted.is_siglip(),
            lists_options: ready.options.permutations > 0,
        };
        let asked = match &pass.kind {
            Kind::Findings(prompt) => asked::findings(case, prompt),
            _ => asked::ask(self.set, pass.reader, case, about)?,
        };
        let putting = Putting {
            model: self.desk.handle(&self.finder.path(&pass.reader.model)),
            read: &ready.read,
            options: &ready.options,
        };
        let (spec, resolved) = putting.put(images, &asked, seed)?;
        Ok((spec, resolved, asked))
    }
}

fn no_findings() -> Failure {
    failure(
        "eval.no_findings",
        "The first stage gave no findings for this case.",
        "",
    )
}
