//! Judging on the validation split by the evaluation's own path: the adapter is written, the engine reads every case with
//! it, and the figures are those of any reader.

use std::path::{Path, PathBuf};

use overread_evaluation::case_set::{CaseSet, CaseSpec, ReaderKind, ReaderSpec, Tuning};
use overread_evaluation::evaluated::figures::Figures;
use overread_evaluation::evaluated::{Evaluation, Request, by_formula};
use overread_evaluation::recorded::Recorded;

use crate::code::io;
use crate::desk::Desk;
use crate::op::evaluation::images::Finder;
use crate::op::evaluation::pass::{Kind, Pass, Sitting};
use crate::op::evaluation::records::Records;
use crate::op::evaluation::{loaded, settings};
use crate::op::tune::options::TuneOptions;
use crate::{Cancel, Outcome};

/// Reader id of the base model.
pub(crate) const BASE: &str = "base";
/// Reader id of the tuned one.
pub(crate) const TUNED: &str = "tuned";

/// Judges readers of one model on one split.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    desk: &'a Desk,
    case_set: &'a Path,
    /// The set with the cases of the split alone.
    set: CaseSet,
    /// Settings of the readers.
    reader: ReaderSpec,
    /// Answers lie below, a folder for each state that was judged.
    folder: PathBuf,
    base: Vec<Recorded>,
}

/// The base model as a reader: the set's own settings, at the precision that was asked for.
pub(crate) fn reader(set: &CaseSet, options: &TuneOptions) -> ReaderSpec {
    let mut settings = set.settings.clone();
    if let Some(precision) = options.settings.precision {
        crate::op::precision::name(precision).clone_into(&mut settings.precision);
    }
    ReaderSpec {
        id: BASE.to_owned(),
        kind: ReaderKind::Local,
        model: crate::op::open::absolute(&options.model).display().to_string(),
        prompt: options.prompt.clone(),
        settings: Some(settings),
        tuning: Tuning::Untuned,
        ..ReaderSpec::default()
    }
}

impl<'a> Judge<'a> {
    /// For the cases at these places of the set.
    pub(crate) fn new(
        desk: &'a Desk,
        case_set: &'a Path,
        set: &CaseSet,
        places: &[usize],
        reader: &ReaderSpec,
        folder: &Path,
    ) -> Self {
        let cases: Vec<CaseSpec> = places
            .iter()
            .filter_map(|at| set.cases.get(*at).cloned())
            .collect();
        Self {
            desk,
            case_set,
            set: CaseSet {
                cases,
                cases_file: String::new(),
                published: Vec::new(),
                ..set.clone()
            },
            reader: reader.clone(),
            folder: folder.to_path_buf(),
            base: Vec::new(),
        }
    }

    /// The answers of a reader, taken up where a killed run left them.
    fn answers(
        &self,
        reader: &ReaderSpec,
        told: &mut dyn FnMut(usize, usize),
        cancel: &Cancel,
    ) -> Outcome<Vec<Recorded>> {
        let name = reader.adapters.first().map_or(BASE, |adapter| {
            Path::new(adapter)
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or(TUNED)
        });
        let run = self.folder.join(name);
        std::fs::create_dir_all(&run).map_err(|error| io(&run.display().to_string(), &error))?;
        let mut sitting = Sitting {
            desk: self.desk,
            set: &self.set,
            set_hash: settings::of_set(&self.set),
            finder: Finder::of(self.case_set),
            records: Records::open(&run)?,
            again: false,
            cancel,
        };
        let pass = Pass {
            reader,
            kind: Kind::Answer,
            cases: self
                .set
                .cases
                .iter()
                .enumerate()
                .map(|(i, c)| (i + 1, c))
                .collect(),
        };
        let mut lines = Vec::new();
        sitting.run(&pass, &|_, _| {}, &mut |line| {
            lines.push(line.line.clone());
            told(lines.len(), pass.cases.len());
        })?;
        Ok(lines)
    }

    /// Reads the split with the base model as it is.
    ///
    /// # Errors
    /// When it cannot read; cancelled.
    pub(crate) fn base(&mut self, told: &mut dyn FnMut(usize, usize), cancel: &Cancel) -> Outcome<Figures> {
        self.base = self.answers(&self.reader, told, cancel)?;
        self.figures(vec![self.reader.clone()], self.base.clone())
    }

    /// Reads the split with an adapter; the figures of base and tuned reader side by side.
    ///
    /// # Errors
    /// When it cannot read; cancelled.
    pub(crate) fn tuned(
        &self,
        adapter: &Path,
        told: &mut dyn FnMut(usize, usize),
        cancel: &Cancel,
    ) -> Outcome<Figures> {
        let tuned = ReaderSpec {
            id: TUNED.to_owned(),
            adapters: vec![adapter.display().to_string()],
            tuning: Tuning::Tuned,
            ..self.reader.clone()
        };
        let mut answers = self.answers(&tuned, told, cancel)?;
        answers.extend(self.base.iter().cloned());
        self.figures(vec![self.reader.clone(), tuned], answers)
    }

    fn figures(&self, readers: Vec<ReaderSpec>, answers: Vec<Recorded>) -> Outcome<Figures> {
        let set = CaseSet {
            readers,
            ..self.set.clone()
        };
        let context = loaded::context(self.case_set, &set)?;
        Ok(by_formula(
            &Evaluation::new(set, answers, context),
            &Request::default(),
        ))
    }
}
