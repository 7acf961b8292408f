//! Encoding ahead of any question.

use crate::Cancel;
use crate::desk::Desk;
use crate::wire::probes::{EncodeEvent, EncodeSpec};

/// The job `encode`.
pub(crate) fn encode(
    _desk: &Desk,
    _spec: &EncodeSpec,
    events: &(dyn Fn(EncodeEvent) + Sync),
    _cancel: &Cancel,
) {
    events(EncodeEvent::Failed(crate::op::checks::not_there()));
}
