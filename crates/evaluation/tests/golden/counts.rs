//! Kinds about counts.

use super::hold;

#[test]
fn proportions() {
    hold(&["proportion"]);
}

#[test]
fn pairs() {
    hold(&["paired"]);
}
