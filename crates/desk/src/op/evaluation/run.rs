//! Reading every case with every local reader; each answer is on disk before the next question.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use overread_evaluation::case_set::{Arm, CaseSet, CaseSpec, ReaderKind, ReaderSpec};
use serde::Serialize;

use crate::code::failure;
use crate::desk::Desk;
use crate::op::ask::narrow;
use crate::op::evaluation::folder::{self, Held};
use crate::op::evaluation::images::Finder;
use crate::op::evaluation::pass::{Kind, Pass, Sitting, Told};
use crate::op::evaluation::records::Records;
use crate::op::evaluation::{asked, pipeline, settings};
use crate::wire::evaluation::{RunEvent, RunSpec};
use crate::{Cancel, Failure, Outcome};

/// Of answers that stand already only each so-many-th is told.
const KEPT_TOLD: u32 = 250;

/// What is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// The case-set file.
    pub case_set: PathBuf,
    /// The run's folder; `None`: beside the case set.
    pub run: Option<PathBuf>,
    /// Reader ids; empty: all that read here.
    pub readers: Vec<String>,
    /// Only the first so many cases; 0: all.
    pub limit: usize,
    /// Only these cases; empty: all.
    pub only: Vec<String>,
    /// The k-th of n parts of the cases, k from 1.
    pub shard: Option<(usize, usize)>,
    /// Ask again where the answer was an error, or was given by other settings.
    pub again: bool,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunSummary {
    /// The run's folder.
    pub run: PathBuf,
    /// The file of answers.
    pub answers: PathBuf,
    /// Questions asked now.
    pub read: u32,
    /// Answers that stood already.
    pub kept: u32,
    /// Errors among all of these.
    pub errors: u32,
    /// Other invalid ones among them.
    pub invalid: u32,
    /// Seconds.
    pub seconds: f64,
    /// Reader by reader.
    pub readers: Vec<ReaderSummary>,
}

/// What one reader did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReaderSummary {
    /// Reader id.
    pub reader: String,
    /// Questions asked now.
    pub read: u32,
    /// Answers that stood already.
    pub kept: u32,
    /// Errors among all of these.
    pub errors: u32,
    /// Other invalid ones among them.
    pub invalid: u32,
    /// Mean seconds of a question asked now; `None` when none was.
    pub seconds_per_case: Option<f64>,
    /// Why this reader could not read, or not go on; the others did.
    pub failed: Option<Failure>,
}

/// The job `run_evaluation`.
pub fn run(desk: &Desk, arguments: &RunSpec, events: &(dyn Fn(RunEvent) + Sync), cancel: &Cancel) {
    let done = desk.path(&arguments.evaluation).and_then(|case_set| {
        let options = RunOptions {
            case_set,
            readers: arguments.readers.clone(),
            limit: arguments.limit as usize,
            again: arguments.again,
            ..RunOptions::default()
        };
        read_all(desk, &options, events, cancel)
    });
    match done {
        Ok(summary) => events(RunEvent::Done {
            read: summary.read,
            kept: summary.kept,
            errors: summary.errors,
            seconds: summary.seconds,
        }),
        Err(error) => events(RunEvent::Failed(error)),
    }
}

/// Reads what is missing.
///
/// # Errors
/// When nothing can be read at all: a case set that is none, unknown readers or cases, another run at work, other settings than
/// those of the answers that stand, a full disk; or `cancelled`. A reader that cannot read is told in the summary.
pub fn read_all(
    desk: &Desk,
    options: &RunOptions,
    events: &(dyn Fn(RunEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<RunSummary> {
    let begun = Instant::now();
    let set = folder::case_set(&options.case_set)?;
    let readers = readers(&set, &options.readers)?;
    let cases = cases(&set, options)?;
    let run = options
        .run
        .clone()
        .unwrap_or_else(|| folder::of(&options.case_set));
    let held = Held::take(&run, &desk.clock.now())?;
    let sitting = Sitting {
        desk,
        set: &set,
        set_hash: settings::of_set(&set),
        finder: Finder::of(&options.case_set),
        records: Records::open(&run)?,
        again: options.again,
        cancel,
    };
    let mut work = Work {
        sitting,
        events,
        summary: RunSummary {
            run: run.clone(),
            answers: folder::answers(&run),
            ..RunSummary::default()
        },
        of: readers.iter().map(|r| pipeline::questions(&set, r, &cases)).sum(),
        rates: BTreeMap::new(),
        left: 0,
    };
    for reader in &readers {
        if reader.kind == ReaderKind::Local {
            work.sitting.check(&answering(reader, &cases))?;
        }
    }
    noted(desk, "evaluation.run_begun", &work, &set)?;
    let done = readers.iter().try_for_each(|reader| work.reader(reader, &cases));
    work.summary.seconds = begun.elapsed().as_secs_f64();
    let noted = noted(desk, "evaluation.run_ended", &work, &set);
    drop(held);
    done?;
    noted?;
    Ok(work.summary)
}

/// A row of the audit log: which case set, and the hash of the answers as they are now.
fn noted(desk: &Desk, action: &str, work: &Work<'_>, set: &CaseSet) -> Outcome<()> {
    let answers = std::fs::read(&work.summary.answers).unwrap_or_default();
    let detail = format!(
        "case set {}, answers {}, {} read",
        work.sitting.set_hash,
        settings::sha256(&answers),
        work.summary.read
    );
    let who = crate::op::app::settings(desk).reader;
    // A desk without its store reads all the same, as when a question is asked.
    if let Ok(mut store) = desk.store() {
        store.note(action, &set.name, &detail, &who, &desk.clock.now())?;
    }
    Ok(())
}

/// The pass of a local reader.
fn answering<'a>(reader: &'a ReaderSpec, cases: &[(usize, &'a CaseSpec)]) -> Pass<'a> {
    Pass {
        reader,
        kind: Kind::Answer,
        cases: cases.to_vec(),
    }
}

/// The readers that read here, in the order of the set.
fn readers<'a>(set: &'a CaseSet, wanted: &[String]) -> Outcome<Vec<&'a ReaderSpec>> {
    for id in wanted {
        let ids: Vec<&str> = set.readers.iter().map(|r| r.id.as_str()).collect();
        let Some(reader) = set.readers.iter().find(|r| r.id == *id) else {
            return Err(failure(
                "eval.no_reader",
                format!("The case set has no reader {id}."),
                format!("Choose among {}.", ids.join(", ")),
            ));
        };
        if !pipeline::reads_here(reader) {
            return Err(failure(
                "eval.recorded_reader",
                format!("The reader {id} is on record: there is nothing to read."),
                "Leave it out; its answers are taken from its file.",
            ));
        }
    }
    let readers: Vec<&ReaderSpec> = set
        .readers
        .iter()
        .filter(|r| pipeline::reads_here(r) && (wanted.is_empty() || wanted.contains(&r.id)))
        .collect();
    if readers.is_empty() {
        return Err(failure(
            "eval.no_reader",
            "The case set has no reader that reads here.",
            "Add a reader with a model, or look at the answers on record.",
        ));
    }
    Ok(readers)
}

/// The cases that are asked, with their places from 1.
fn cases<'a>(set: &'a CaseSet, options: &RunOptions) -> Outcome<Vec<(usize, &'a CaseSpec)>> {
    let known: BTreeSet<&str> = set.cases.iter().map(|c| c.id.as_str()).collect();
    if let Some(unknown) = options.only.iter().find(|id| !known.contains(id.as_str())) {
        return Err(failure(
            "eval.no_case",
            format!("The case set has no case {unknown}."),
            "Check the ids after --only.",
        ));
    }
    if let Some((k, n)) = options.shard
        && (k == 0 || k > n)
    {
        return Err(failure(
            "eval.shard",
            format!("There is no part {k} of {n}."),
            "Write --shard 1/3, 2/3 or 3/3.",
        ));
    }
    let only: BTreeSet<&str> = options.only.iter().map(String::as_str).collect();
    let most = if options.limit == 0 {
        usize::MAX
    } else {
        options.limit
    };
    let chosen = (1..)
        .zip(&set.cases)
        .filter(|(_, case)| only.is_empty() || only.contains(case.id.as_str()));
    let (k, n) = options.shard.unwrap_or((1, 1));
    // Cases are dealt, so that each part has some of every kind.
    let cases: Vec<_> = chosen.take(most).skip(k - 1).step_by(n).collect();
    if cases.is_empty() {
        return Err(failure(
            "eval.no_case",
            "There is no case to read.",
            "Look at --only, --limit and --shard.",
        ));
    }
    Ok(cases)
}

/// A run at work.
struct Work<'a> {
    sitting: Sitting<'a>,
    events: &'a (dyn Fn(RunEvent) + Sync),
    summary: RunSummary,
    /// Questions in all.
    of: usize,
    /// Seconds and questions of each reader.
    rates: BTreeMap<String, (f64, u32)>,
    /// Questions of the passes that were begun and could not go on.
    left: usize,
}

impl Work<'_> {
    fn reader(&mut self, reader: &ReaderSpec, cases: &[(usize, &CaseSpec)]) -> Outcome<()> {
        self.summary.readers.push(ReaderSummary {
            reader: reader.id.clone(),
            ..ReaderSummary::default()
        });
        let before = self.done();
        let result = match reader.kind {
            ReaderKind::Pipeline => self.pipeline(reader, cases),
            _ => self.pass(&answering(reader, cases)),
        };
        let Err(error) = result else { return Ok(()) };
        // What stops all stops all; a model that cannot be loaded stops its reader.
        let stops = ["cancelled", "file.disk_full", "file.read_only", "file.failed"];
        if stops.contains(&error.code.as_str()) || error.code.starts_with("eval.other_") {
            return Err(error);
        }
        self.left +=
            pipeline::questions(self.sitting.set, reader, cases).saturating_sub(self.done() - before);
        (self.events)(RunEvent::ReaderFailed {
            reader: reader.id.clone(),
            error: error.clone(),
        });
        if let Some(summary) = self.summary.readers.last_mut() {
            summary.failed = Some(error);
        }
        Ok(())
    }

    /// Findings first, for all cases: two models do not take turns in memory. The arm that counts is the last, so that a
    /// reader of lines who knows nothing of arms ends with it.
    fn pipeline(&mut self, reader: &ReaderSpec, cases: &[(usize, &CaseSpec)]) -> Outcome<()> {
        let set = self.sitting.set;
        let spec = reader.findings.clone().unwrap_or_default();
        let arms = pipeline::arms(reader);
        let findings = if arms.iter().all(|arm| matches!(arm, Arm::None | Arm::Truth)) {
            BTreeMap::new()
        } else if spec.reader.is_empty() {
            pipeline::recorded_findings(&self.sitting.finder.path(&spec.answers), set)?
        } else {
            let first = set.readers.iter().find(|r| r.id == spec.reader).ok_or_else(|| {
                failure(
                    "eval.no_reader",
                    format!(
                        "The pipeline {} takes findings of {}, which is no reader.",
                        reader.id, spec.reader
                    ),
                    "Name a local reader of the case set.",
                )
            })?;
            let prompt = if spec.prompt.trim().is_empty() {
                asked::FINDINGS
            } else {
                spec.prompt.trim()
            };
            let pass = Pass {
                reader: first,
                kind: Kind::Findings(prompt.to_owned()),
                cases: pipeline::first_stage(set, cases, &arms),
            };
            let mut found = BTreeMap::new();
            self.pass_with(&pass, &mut |told| {
                if told.line.invalid.as_deref() != Some("error")
                    && let Some(text) = &told.line.text
                {
                    found.insert(told.line.case.clone(), text.clone());
                }
            })?;
            found
        };
        for arm in arms {
            let pass = Pass {
                reader,
                cases: pipeline::second_stage(cases, arm),
                kind: Kind::Reasoned(arm, pipeline::given(set, cases, arm, &findings)),
            };
            self.pass(&pass)?;
        }
        Ok(())
    }

    fn pass(&mut self, pass: &Pass<'_>) -> Outcome<()> {
        self.pass_with(pass, &mut |_| {})
    }

    fn pass_with(&mut self, pass: &Pass<'_>, heard: &mut dyn FnMut(Told<'_>)) -> Outcome<()> {
        let Self {
            sitting,
            events,
            summary,
            of,
            rates,
            left,
        } = self;
        let id = pass.reader.id.clone();
        let events = *events;
        let loading = |fraction: f64, what: &str| {
            events(RunEvent::Preparing {
                what: format!("{id}: {what}"),
                fraction,
            });
        };
        sitting.run(pass, &loading, &mut |told| {
            heard(told);
            let rate = rates.entry(id.clone()).or_default();
            if told.fresh {
                *rate = (rate.0 + told.seconds, rate.1 + 1);
            }
            let error = told.line.invalid.as_deref() == Some("error");
            let invalid = told.line.invalid.is_some() && !error;
            summary.read += u32::from(told.fresh);
            summary.kept += u32::from(!told.fresh);
            summary.errors += u32::from(error);
            summary.invalid += u32::from(invalid);
            if let Some(own) = summary.readers.last_mut() {
                own.read += u32::from(told.fresh);
                own.kept += u32::from(!told.fresh);
                own.errors += u32::from(error);
                own.invalid += u32::from(invalid);
                own.seconds_per_case = (rate.1 > 0).then(|| rate.0 / f64::from(rate.1));
            }
            let done = summary.read + summary.kept;
            let of = narrow(of.saturating_sub(*left));
            if !told.fresh && done % KEPT_TOLD != 0 && done < of {
                return;
            }
            events(RunEvent::Progress {
                reader: id.clone(),
                number: narrow(told.number),
                done,
                of,
                errors: summary.errors,
                invalid: summary.invalid,
                seconds_left: seconds_left(*rate, rates, of.saturating_sub(done)),
            });
        })
    }

    fn done(&self) -> usize {
        (self.summary.read + self.summary.kept) as usize
    }
}

/// By the pace of the reader at work, or of those before it.
fn seconds_left(own: (f64, u32), all: &BTreeMap<String, (f64, u32)>, left: u32) -> Option<f64> {
    let pace = |(seconds, n): (f64, u32)| (n > 0).then(|| seconds / f64::from(n));
    let whole = all
        .values()
        .fold((0.0, 0), |sum, rate| (sum.0 + rate.0, sum.1 + rate.1));
    pace(own)
        .or_else(|| pace(whole))
        .map(|pace| pace * f64::from(left))
}
