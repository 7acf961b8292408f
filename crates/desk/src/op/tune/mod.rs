//! Tuning on the user's own cases: from a case set's training split to an adapter with its card.
//!
//! ```text
//! case set -> split::gate -> cases (pictures, targets) -> overread_tuning::Run -> adapter, card, tuning.json
//!                                  validation split -> judge (the evaluation's own path) -> figures
//! ```
//! | file | duty |
//! |---|---|
//! | `options` | what can be set |
//! | `split` | which cases; what forbids to begin |
//! | `cases`, `targets`, `pictures` | examples: the evaluation's question, the due answer, the frozen tower's output |
//! | `judge` | the validation split read as an evaluation reads it |
//! | `work`, `run`, `watch` | what is needed before the first step; the run; what happens after each step |
//! | `head`, `judged` | a head over a MedSigLIP's embeddings; its figures |
//! | `folder`, `card`, `list` | what is written, read again, shown |

pub(crate) mod card;
pub(crate) mod cases;
pub mod folder;
pub mod head;
pub(crate) mod judge;
mod judged;
pub(crate) mod list;
pub mod options;
pub(crate) mod pictures;
pub mod run;
pub mod split;
pub(crate) mod targets;
pub(crate) mod watch;
pub(crate) mod work;

pub use card::p_words;
pub use options::{TuneOptions, TuneSettings};
pub use overread_report::figure_words;

use crate::code::failure;
use crate::desk::Desk;
use crate::wire::tuning::{TuneEvent, TuneSpec};
use crate::{Cancel, Outcome};

/// The job `tune`.
pub(crate) fn tune(desk: &Desk, spec: &TuneSpec, events: &(dyn Fn(TuneEvent) + Sync), cancel: &Cancel) {
    let done = options(desk, spec).and_then(|options| run::tune(desk, &options, events, cancel));
    match done {
        Ok(Some(done)) => events(TuneEvent::Done(Box::new(done))),
        Ok(None) => events(TuneEvent::Checked),
        Err(error) => events(TuneEvent::Failed(error)),
    }
}

fn options(desk: &Desk, spec: &TuneSpec) -> Outcome<TuneOptions> {
    let case_set = desk.path(&spec.evaluation)?;
    let name = spec.name.trim();
    let plain = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(plain) {
        return Err(failure(
            "tuning.name",
            "A run's name is a folder's: letters, figures, spaces, hyphens and points.",
            "Choose another name.",
        ));
    }
    Ok(TuneOptions {
        out: list::beside(&case_set).join(name),
        model: desk.path(&spec.model)?,
        split: spec.split.clone(),
        validation: spec.validation.clone(),
        prompt: spec.prompt.clone(),
        settings: spec.settings.clone(),
        dry_run: spec.dry_run,
        case_set,
    })
}
