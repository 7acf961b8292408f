//! The job `figures`: by formula at once, then with resampling.

use crate::Cancel;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{FiguresEvent, FiguresRequest};

/// The job `figures`.
pub fn figures(
    _desk: &Desk,
    _arguments: &FiguresRequest,
    events: &(dyn Fn(FiguresEvent) + Sync),
    _cancel: &Cancel,
) {
    events(FiguresEvent::Failed(failure(
        "eval.unfinished",
        "There are no figures yet.",
        "",
    )));
}
