//! Evaluations: from a folder and its truth to a case set, from readers to answers, from answers to figures.
//!
//! | file | duty |
//! |---|---|
//! | `folder` | where a run lies beside its case set, appended answers and decisions |
//! | `set` | a case-set file and truth tables from disk, bounded |
//! | `loaded` | case set, answers and decisions in memory, kept while they do not change |
//! | `draft` | a folder and a truth table to a case set, with what matched |
//! | `check` | leaks, duplicates, missing files, unknown labels |
//! | `facts`, `leaks` | what images say of themselves; what of it gives an answer away |
//! | `looks` | hashes of values and of how pictures look |
//! | `reports` | DICOM structured reports as truth |
//! | `open`, `images` | the list of evaluations; a case's images |
//! | `run`, `pass`, `pipeline` | reading with local readers, one pass over the cases at a time |
//! | `asked`, `question` | a case's words; its images and words as a question |
//! | `record`, `settings`, `journal` | the line on record and what decides it |
//! | `merge`, `readers` | shards put together; all answers of an evaluation |
//! | `figures`, `cases`, `decide`, `calibrate`, `export` | what is seen and written |

pub(crate) mod asked;
pub mod calibrate;
pub mod cases;
pub mod check;
pub mod decide;
pub mod draft;
pub mod export;
pub(crate) mod facts;
pub mod figures;
pub mod folder;
pub mod images;
pub(crate) mod journal;
pub(crate) mod leaks;
pub mod loaded;
pub(crate) mod looks;
pub mod merge;
pub mod open;
pub(crate) mod pass;
pub(crate) mod pipeline;
pub(crate) mod question;
pub mod readers;
pub(crate) mod record;
pub(crate) mod records;
pub(crate) mod reports;
pub mod run;
pub(crate) mod set;
pub(crate) mod settings;
