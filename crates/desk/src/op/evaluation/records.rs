//! The files of a run, and what stands in them.

use std::collections::BTreeMap;
use std::path::Path;

use overread_evaluation::case_set::Arm;
use overread_evaluation::recorded::Recorded;

use crate::Outcome;
use crate::op::evaluation::folder;
use crate::op::evaluation::journal::Journal;
use crate::op::evaluation::settings::Settings;

/// Identifies an answer: reader, case, arm. `None` is the answer that counts.
pub(crate) type Key = (String, String, Option<Arm>);

/// The key of a line.
pub(crate) fn key(line: &Recorded) -> Key {
    let arm = line.arm.filter(|arm| *arm != Arm::Own);
    (line.reader.clone(), line.case.clone(), arm)
}

/// The word in a line of a first stage.
pub(crate) const STAGE: &str = "stage";

/// True for a line of a first stage.
pub(crate) fn is_findings(line: &Recorded) -> bool {
    line.more.get(STAGE).and_then(|s| s.as_str()) == Some("findings")
}

/// The files of a run, and what stands in them.
#[derive(Debug)]
pub(crate) struct Records {
    answers: Journal,
    stages: Journal,
    pub(crate) settings: Journal,
    /// The last line of each key.
    pub(crate) standing: BTreeMap<Key, Recorded>,
    /// First stages, the last line of each reader, case and settings.
    pub(crate) findings: BTreeMap<(String, String, String), Recorded>,
    /// By hash.
    pub(crate) known: BTreeMap<String, Settings>,
}

impl Records {
    /// Opens the files of a run's folder.
    ///
    /// # Errors
    /// Those of [`Journal::open`].
    pub(crate) fn open(run: &Path) -> Outcome<Self> {
        let (answers, lines) = Journal::open::<Recorded>(&folder::answers(run))?;
        let (stages, others) = Journal::open::<Recorded>(&folder::stages(run))?;
        let (settings, known) = Journal::open::<Settings>(&folder::settings(run))?;
        let mut records = Self {
            answers,
            stages,
            settings,
            standing: BTreeMap::new(),
            findings: BTreeMap::new(),
            known: known.into_iter().map(|s| (s.settings.clone(), s)).collect(),
        };
        for line in lines.into_iter().chain(others) {
            records.stand(line);
        }
        Ok(records)
    }

    fn stand(&mut self, line: Recorded) {
        if is_findings(&line) {
            let hash = line.settings.clone().unwrap_or_default();
            let key = (line.reader.clone(), line.case.clone(), hash);
            self.findings.insert(key, line);
        } else {
            self.standing.insert(key(&line), line);
        }
    }

    /// Puts a line on disk, then among what stands.
    pub(crate) fn keep(&mut self, line: Recorded) -> Outcome<()> {
        let aside = is_findings(&line) || key(&line).2.is_some();
        let journal = if aside {
            &mut self.stages
        } else {
            &mut self.answers
        };
        journal.append(&line)?;
        self.stand(line);
        Ok(())
    }

    /// The settings that answers of a reader were given by, the last on record.
    pub(crate) fn last_settings(&self, reader: &str) -> Option<&Settings> {
        let lines = self.standing.iter().filter(|((r, _, _), _)| r == reader);
        let last = lines.filter_map(|(_, line)| line.settings.as_ref()).next_back();
        last.and_then(|hash| self.known.get(hash))
    }
}
