//! Checks of a reading: is it looking, which slices, does the recipe decide.

use crate::code::failure;
use crate::desk::Desk;
use crate::wire::probes::{CheckEvent, CheckKind, CheckSpec};
use crate::{Cancel, Failure};

/// The jobs `looking`, `which_slices` and `recipes`.
pub(crate) fn check(
    _desk: &Desk,
    _kind: CheckKind,
    _spec: &CheckSpec,
    events: &(dyn Fn(CheckEvent) + Sync),
    _cancel: &Cancel,
) {
    events(CheckEvent::Failed(not_there()));
}

pub(crate) fn not_there() -> Failure {
    failure("desk.not_there", "The engine cannot do this yet.", "")
}
