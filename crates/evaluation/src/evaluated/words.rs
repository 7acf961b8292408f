//! Words for what the figures speak of.

use crate::case_set::{Arm, State};
use crate::evaluated::truths::Trouble;

/// What the text model of a pipeline was given.
pub(super) fn arm(arm: Arm) -> &'static str {
    match arm {
        Arm::Own => "own findings",
        Arm::None => "no findings",
        Arm::Truth => "true findings",
        Arm::Other => "findings of another case",
    }
}

/// What is known of a label.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Present => "present",
        State::Absent => "absent",
        State::Uncertain => "uncertain",
        State::Blank => "not mentioned",
    }
}

/// Why a case has no truth to hold answers against.
pub(super) fn trouble(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::UnknownLabel => "a label of its truth is not in the label set",
        Trouble::SeveralLabels => "several labels are true where one is asked for",
        Trouble::NotAnOption => "its truth is none of its options",
        Trouble::LeftOut => "the policy leaves out every label of it",
    }
}
