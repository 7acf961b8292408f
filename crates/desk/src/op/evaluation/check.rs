//! Leaks, duplicates, missing files, unknown labels.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use overread_evaluation::case_set::CaseSet;
use overread_evaluation::case_set::leaks::ImageFacts;
use rayon::prelude::*;

use crate::code::failure;
use crate::desk::Desk;
use crate::op::evaluation::facts;
use crate::op::evaluation::images::Finder;
use crate::op::evaluation::{leaks, set};
use crate::op::naming;
use crate::wire::evaluation::{EvaluationCheck, EvaluationRef};
use crate::{Cancel, Failure, Outcome};

/// An image that could not be looked at: case, path, why.
pub(crate) type Unreadable = (String, String, Failure);

/// Checks a case-set file. `progress` hears cases done and all.
///
/// # Errors
/// When the case set cannot be read, or the check was cancelled. What is wrong with images is a finding.
pub fn check_file(
    desk: &Desk,
    path: &Path,
    cancel: &Cancel,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome<EvaluationCheck> {
    let set = set::read(path)?;
    let (images, unreadable) = looked_at(desk, path, &set, cancel, progress)?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let looked_at = count(images.len());
    let findings = leaks::findings(path, &set, images, &unreadable)?;
    Ok(EvaluationCheck {
        findings,
        cases: count(set.cases.len()),
        images: looked_at,
    })
}

/// What the images of all cases say of themselves, and those that could not be looked at, in the order of the set.
///
/// # Errors
/// Cancelled.
pub(crate) fn looked_at(
    desk: &Desk,
    path: &Path,
    set: &CaseSet,
    cancel: &Cancel,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome<(Vec<ImageFacts>, Vec<Unreadable>)> {
    let finder = Finder::of(path);
    let (done, of) = (AtomicUsize::new(0), set.cases.len());
    let found: Vec<facts::Found> = (0..of)
        .into_par_iter()
        .flat_map_iter(|at| {
            if cancel.is_cancelled() {
                return Vec::new();
            }
            let found = facts::of_case(desk, &finder, set, at);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, of);
            found
        })
        .collect();
    if cancel.is_cancelled() {
        return Err(failure("cancelled", "Stopped.", ""));
    }
    let mut images: Vec<ImageFacts> = Vec::new();
    let mut unreadable: Vec<Unreadable> = Vec::new();
    for one in found {
        match one {
            Ok(facts) => images.push(facts),
            Err(trouble) => unreadable.push(trouble),
        }
    }
    Ok((images, unreadable))
}

/// The operation `check_evaluation`.
///
/// # Errors
/// When the case set cannot be read.
pub fn check(desk: &Desk, arguments: &EvaluationRef) -> Outcome<EvaluationCheck> {
    let mut found = check_file(
        desk,
        &desk.path(&arguments.evaluation)?,
        &Cancel::default(),
        &|_, _| {},
    )?;
    if naming::hidden(desk) {
        // An example tells a case's path, tags or answer.
        for finding in &mut found.findings {
            finding.examples.clear();
        }
    }
    Ok(found)
}
