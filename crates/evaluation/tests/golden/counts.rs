//! Kinds about counts.

use super::hold;

#[test]
fn shares() {
    hold(&["proportion", "two_proportions", "power"]);
}

#[test]
fn tables() {
    hold(&["classification", "binary"]);
}

#[test]
fn pairs_and_more() {
    hold(&["paired", "cochran"]);
}

#[test]
fn readers_among_themselves() {
    hold(&["agreement2", "agreement_many"]);
}

#[test]
fn resamples() {
    hold(&["bootstrap_iid", "bootstrap_cluster"]);
}
