//! The gate before learning: which cases are learned, which judge, and what forbids to begin. Learning from a set whose splits
//! share patients or pictures gives figures that mean nothing, so it is refused and not warned of.

use std::collections::BTreeMap;
use std::path::Path;

use overread_evaluation::case_set::leaks::{Finding, Learning, before_learning};
use overread_evaluation::case_set::policy::OneLabel;
use overread_evaluation::case_set::{CaseSet, CaseSpec, Task};

use crate::code::failure;
use crate::desk::Desk;
use crate::op::evaluation::check::{Unreadable, looked_at};
use crate::op::evaluation::leaks::known;
use crate::op::naming;
use crate::{Cancel, Failure, Outcome};

/// Name of the split that is learned where nobody says.
pub const TRAIN: &str = "train";
/// Name of the split that settings are chosen by where nobody says.
pub const VALIDATION: &str = "validation";
/// Examples that a refusal names.
const EXAMPLES: usize = 3;

/// What is to be learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The split that is learned.
    pub learned: String,
    /// The split that settings and stopping are chosen by; empty: none.
    pub validation: String,
    /// The learner is given question and context as well, and not the pictures alone: the diagnosis in them is a leak.
    pub gives_text: bool,
}

impl Wish {
    /// `train`, and `validation` where the set has such a split; for a learner of pictures alone or of pictures and words.
    pub fn usual(set: &CaseSet, gives_text: bool) -> Self {
        let has = set.cases.iter().any(|case| case.split == VALIDATION);
        Self {
            learned: TRAIN.to_owned(),
            validation: if has { VALIDATION.to_owned() } else { String::new() },
            gives_text,
        }
    }
}

/// The cases, by their places in the case set, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splits {
    /// What is learned; never empty.
    pub learned: Vec<usize>,
    /// What settings are chosen by; empty only where no split was named for it.
    pub validation: Vec<usize>,
    /// What is no reason to stop, but should be known: a sentence each.
    pub remarks: Vec<String>,
}

/// Finds the cases of both splits and looks for what forbids to learn from them. Cases without a truth that can be learned are left
/// out, with a remark. Every image of the set is looked at, since a copy may lie in any split; `progress` hears cases done and all.
///
/// # Errors
/// `tuning.split` when a split is not there, is empty of truths or is both; `tuning.labels` when a label has no case to learn from;
/// `tuning.leak` when patients, pictures or answers leak; `tuning.images` when images are missing or unreadable; or cancelled.
pub fn gate(
    desk: &Desk,
    case_set: &Path,
    set: &CaseSet,
    wish: &Wish,
    cancel: &Cancel,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome<Splits> {
    let mut splits = cases_of(set, wish)?;
    labels_have_cases(set, &splits.learned, &wish.learned)?;
    let hidden = naming::hidden(desk);
    let (images, unreadable) = looked_at(desk, case_set, set, cancel, progress)?;
    images_are_there(set, wish, &unreadable, hidden)?;
    let learning = Learning {
        learned: &wish.learned,
        validation: &wish.validation,
        gives_text: wish.gives_text,
    };
    // What readers were tuned on plays no part here, and a reader may name the very adapter that is to be made.
    let alone = CaseSet {
        readers: Vec::new(),
        ..set.clone()
    };
    let findings = before_learning(set, &images, &known(case_set, &alone)?, learning);
    let grave: Vec<&Finding> = findings.iter().filter(|finding| finding.grave).collect();
    if let Some(first) = grave.first() {
        let (what, to_do) = first.text.rsplit_once(". ").unwrap_or((first.text, ""));
        let others = match grave.len() - 1 {
            0 => String::new(),
            n => format!(" {n} more kinds of leaks were found."),
        };
        let told = first.cases.iter().map(|(case, what)| format!("{case} ({what})"));
        return Err(failure(
            "tuning.leak",
            format!("{what}{}.{others}", examples(told, first.cases.len(), hidden)),
            format!("{to_do} `overread eval check` lists all of it."),
        ));
    }
    if !unreadable.is_empty() {
        splits.remarks.push(format!(
            "{} images of other splits cannot be read: a copy of what is learned among them would go unnoticed.",
            unreadable.len()
        ));
    }
    // Cases without truth are counted above, with those whose truth cannot be learned.
    let told = findings.iter().filter(|finding| finding.key != "no_truth");
    splits.remarks.extend(told.map(|finding| finding.text.to_owned()));
    Ok(splits)
}

/// `: a, b and 3 more`, or nothing while names are hidden.
fn examples(told: impl Iterator<Item = String>, all: usize, hidden: bool) -> String {
    if hidden {
        return String::new();
    }
    let more = match all.saturating_sub(EXAMPLES) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!(": {}{more}", told.take(EXAMPLES).collect::<Vec<_>>().join(", "))
}

/// The cases of both splits whose truth can be learned.
fn cases_of(set: &CaseSet, wish: &Wish) -> Outcome<Splits> {
    if !wish.validation.is_empty() && wish.validation == wish.learned {
        return Err(failure(
            "tuning.split",
            format!(
                "The split {} cannot be learned and choose the settings at once.",
                wish.learned
            ),
            "Name two splits, or none to choose by.",
        ));
    }
    let mut out = Splits::default();
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    let judged = (!wish.validation.is_empty()).then_some((&wish.validation, &mut out.validation));
    for (name, cases) in [(&wish.learned, &mut out.learned)].into_iter().chain(judged) {
        let members: Vec<usize> = (0..set.cases.len())
            .filter(|at| set.cases[*at].split == *name && !name.is_empty())
            .collect();
        if members.is_empty() {
            return Err(no_split(set, name));
        }
        for at in &members {
            match unlearnable(set, &set.cases[*at]) {
                None => cases.push(*at),
                Some(why) => *left_out.entry(why).or_default() += 1,
            }
        }
        if cases.is_empty() {
            return Err(failure(
                "tuning.split",
                format!(
                    "No case of the split {name} can be learned from: {} cases have no truth that counts.",
                    members.len()
                ),
                "Give the cases their truth, or name another split.",
            ));
        }
    }
    out.remarks = left_out
        .into_iter()
        .map(|(why, count)| match count {
            1 => format!("1 case is left out: {why}."),
            _ => format!("{count} cases are left out: {why}."),
        })
        .collect();
    Ok(out)
}

fn no_split(set: &CaseSet, name: &str) -> Failure {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for case in set.cases.iter().filter(|case| !case.split.is_empty()) {
        *names.entry(&case.split).or_default() += 1;
    }
    let told: Vec<String> = names
        .iter()
        .map(|(name, count)| format!("{name} ({count})"))
        .collect();
    let (what, hint) = if told.is_empty() {
        (
            "no case is in any split".to_owned(),
            "Draw splits by patient: `overread eval new --split-by-patient train=60,validation=20,test=20` makes a set with them.",
        )
    } else {
        (
            format!("the set has {}", told.join(", ")),
            "Name one of these splits.",
        )
    };
    let name = if name.is_empty() { "without a name" } else { name };
    failure("tuning.split", format!("There is no split {name}: {what}."), hint)
}

/// Why a case cannot be learned from; `None`: it can.
fn unlearnable(set: &CaseSet, case: &CaseSpec) -> Option<&'static str> {
    let labels = &set.question.labels;
    match set.question.task {
        _ if !case.truth.is_known() => Some("nothing is known of them"),
        Task::Closed if !labels.is_empty() => match set.truth.one_label(&case.truth, labels) {
            // A label that nobody asks for is a finding of its own, with its name.
            OneLabel::Label(_) | OneLabel::Unknown(_) => None,
            OneLabel::Several(_) => Some("several labels are true of them, and one is asked for"),
            OneLabel::None => Some("no label is certainly true of them"),
        },
        Task::YesNo => {
            let states = set.truth.labels(&case.truth, labels);
            let silent = states.iter().all(Option::is_none);
            silent.then_some("no label is certainly present or absent")
        }
        _ => None,
    }
}

/// What has no case is not learned, and would silently never be answered.
fn labels_have_cases(set: &CaseSet, learned: &[usize], split: &str) -> Outcome<()> {
    let labels = &set.question.labels;
    let task = set.question.task;
    if !matches!(task, Task::Closed | Task::YesNo) {
        return Ok(());
    }
    let mut counts = vec![[0_usize; 2]; labels.len()];
    for case in learned.iter().map(|at| &set.cases[*at]) {
        let states = set.truth.labels(&case.truth, labels);
        for (count, state) in counts.iter_mut().zip(states) {
            if let Some(present) = state {
                count[usize::from(present)] += 1;
            }
        }
    }
    let without = |which: usize| -> Vec<&str> {
        let lacking = labels.iter().zip(&counts).filter(|(_, count)| count[which] == 0);
        lacking.map(|(label, _)| label.as_str()).collect()
    };
    let (absent, present) = (without(0), without(1));
    let what = if !present.is_empty() {
        format!("no case of the split {split} has {}", present.join(", "))
    } else if task == Task::YesNo && !absent.is_empty() {
        format!("every case of the split {split} has {}", absent.join(", "))
    } else {
        return Ok(());
    };
    Err(failure(
        "tuning.labels",
        format!("Not every label can be learned: {what}."),
        "Add cases, or take the label out of `labels`.",
    ))
}

/// A case that is learned or judged has its images; those of other splits may lie elsewhere.
fn images_are_there(set: &CaseSet, wish: &Wish, unreadable: &[Unreadable], hidden: bool) -> Outcome<()> {
    let split: BTreeMap<&str, &str> = set
        .cases
        .iter()
        .map(|case| (case.id.as_str(), case.split.as_str()))
        .collect();
    let needed = |case: &str| {
        let split = split.get(case).copied().unwrap_or_default();
        !split.is_empty() && (split == wish.learned || split == wish.validation)
    };
    let lost: Vec<&Unreadable> = unreadable.iter().filter(|(case, ..)| needed(case)).collect();
    let Some((_, _, why)) = lost.first() else {
        return Ok(());
    };
    let told = lost.iter().map(|(case, ..)| case.clone());
    Err(failure(
        "tuning.images",
        format!(
            "Images of {} cases that are to be learned cannot be read{}. {}",
            lost.len(),
            examples(told, lost.len(), hidden),
            why.message
        ),
        "Put them back, or take the cases out; `overread eval check` lists all of them.",
    ))
}

#[cfg(test)]
mod tests;
