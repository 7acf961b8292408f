//! What must hold of a case set before anything is read: the same rules for a file that was read and for one that is made.

use std::collections::BTreeSet;

use super::{AskedQuestion, CaseSet, CaseSpec, FORMAT, ReaderKind, ReaderSpec, Task};
use crate::error::trim;

/// Most cases of a set.
pub(super) const MOST_CASES: usize = 1_000_000;
/// Most labels: the findings of PadChest ten times over.
const MOST_LABELS: usize = 4096;
/// Most readers.
const MOST_READERS: usize = 1000;
/// Most images, boxes, votes or answers of one case.
const MOST_PARTS: usize = 100_000;
/// Longest id, label or path, bytes.
const LONGEST_NAME: usize = 4096;

/// A step on the way to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a table.
    Key(&'static str),
    /// A place in a list, from 0.
    Index(usize),
}

/// A rule that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// The way to it.
    pub path: Vec<Step>,
    /// A sentence.
    pub reason: String,
}

impl Fault {
    fn new(path: &[Step], reason: impl Into<String>) -> Self {
        Self {
            path: path.to_vec(),
            reason: reason.into(),
        }
    }

    fn under(mut self, head: &[Step]) -> Self {
        self.path.splice(0..0, head.iter().copied());
        self
    }
}

/// Holds a set against the rules.
///
/// # Errors
/// [`Fault`]: the first rule that does not hold.
pub fn check(set: &CaseSet) -> Result<(), Fault> {
    if set.format != FORMAT {
        let reason = format!("the format is `{}`; `{FORMAT}` is what can be read", set.format);
        return Err(Fault::new(&[Step::Key("format")], reason));
    }
    named("the set's name", &set.name).map_err(|reason| Fault::new(&[Step::Key("name")], reason))?;
    question(&set.question).map_err(|fault| fault.under(&[Step::Key("question")]))?;
    for (i, value) in set.truth.prevalences.iter().enumerate() {
        if !(0.0..=1.0).contains(value) {
            let path = [Step::Key("truth"), Step::Key("prevalences"), Step::Index(i)];
            return Err(Fault::new(
                &path,
                format!("the prevalence {value} is not between 0 and 1"),
            ));
        }
    }
    settings(set.settings.temperature).map_err(|fault| fault.under(&[Step::Key("settings")]))?;
    readers(&set.readers)?;
    cases(set)
}

fn question(question: &AskedQuestion) -> Result<(), Fault> {
    let labels = &question.labels;
    let at = [Step::Key("labels")];
    if labels.len() > MOST_LABELS {
        return Err(Fault::new(
            &at,
            format!("there are more than {MOST_LABELS} labels"),
        ));
    }
    match question.task {
        Task::Closed if labels.len() < 2 => {
            return Err(Fault::new(&at, "a closed question needs `labels`, two at least"));
        }
        Task::YesNo if labels.is_empty() => {
            return Err(Fault::new(&at, "a yes/no question needs `labels`, one at least"));
        }
        _ => {}
    }
    unique("label", labels).map_err(|(i, reason)| Fault::new(&[at[0], Step::Index(i)], reason))?;
    if question.ordinal && labels.len() < 2 {
        return Err(Fault::new(
            &[Step::Key("ordinal")],
            "an order needs `labels`, two at least",
        ));
    }
    if !question.positive.is_empty() && !labels.contains(&question.positive) {
        let reason = format!("the positive label `{}` is none of the labels", question.positive);
        return Err(Fault::new(&[Step::Key("positive")], reason));
    }
    Ok(())
}

fn settings(temperature: f64) -> Result<(), Fault> {
    if temperature.is_finite() && temperature >= 0.0 {
        return Ok(());
    }
    Err(Fault::new(
        &[Step::Key("temperature")],
        format!("the temperature {temperature} is not 0 or more"),
    ))
}

fn readers(readers: &[ReaderSpec]) -> Result<(), Fault> {
    let all = [Step::Key("readers")];
    if readers.len() > MOST_READERS {
        return Err(Fault::new(
            &all,
            format!("there are more than {MOST_READERS} readers"),
        ));
    }
    let ids: Vec<&str> = readers.iter().map(|reader| reader.id.as_str()).collect();
    unique("reader", &ids)
        .map_err(|(i, reason)| Fault::new(&[all[0], Step::Index(i), Step::Key("id")], reason))?;
    for (i, reader) in readers.iter().enumerate() {
        let here = [all[0], Step::Index(i)];
        let temperature = reader.settings.as_ref().map_or(0.0, |own| own.temperature);
        settings(temperature).map_err(|fault| fault.under(&[here[0], here[1], Step::Key("settings")]))?;
        one_reader(reader, readers).map_err(|fault| fault.under(&here))?;
    }
    Ok(())
}

fn one_reader(reader: &ReaderSpec, all: &[ReaderSpec]) -> Result<(), Fault> {
    let id = &reader.id;
    let fault = |key, reason: String| Err(Fault::new(&[Step::Key(key)], reason));
    match reader.kind {
        ReaderKind::Local if reader.model.is_empty() => {
            return fault(
                "id",
                format!("reader `{id}` is local and needs `model`, a folder or file"),
            );
        }
        ReaderKind::Recorded if reader.answers.is_empty() => {
            return fault(
                "id",
                format!("reader `{id}` is recorded and needs `answers`, a file"),
            );
        }
        ReaderKind::Pipeline if reader.model.is_empty() && reader.answers.is_empty() => {
            let reason = format!("reader `{id}` is a pipeline and needs `model` (a text model) or `answers`");
            return fault("id", reason);
        }
        _ => {}
    }
    if !reader.head.is_empty() {
        if reader.kind != ReaderKind::Local {
            return fault(
                "head",
                format!("reader `{id}` has a `head`, which only a local reader has"),
            );
        }
        if !reader.adapters.is_empty() {
            let reason =
                format!("reader `{id}` has a `head` and `adapters`; a head stands on the model as it is");
            return fault("head", reason);
        }
    }
    match (&reader.findings, reader.kind) {
        (None, ReaderKind::Pipeline) => fault(
            "id",
            format!("reader `{id}` is a pipeline and needs `findings`: whose text it reasons from"),
        ),
        (None, _) => Ok(()),
        (Some(_), ReaderKind::Local | ReaderKind::Recorded | ReaderKind::Person) => fault(
            "findings",
            format!("reader `{id}` has `findings`, which only a pipeline has"),
        ),
        (Some(findings), ReaderKind::Pipeline) => {
            if findings.reader.is_empty() == findings.answers.is_empty() {
                let reason = "`findings` needs either `reader`, who writes them, or `answers`, where they are recorded";
                return fault("findings", reason.to_owned());
            }
            if !findings.reader.is_empty() {
                match all.iter().find(|other| other.id == findings.reader) {
                    Some(other) if other.kind == ReaderKind::Local => {}
                    Some(_) => {
                        let reason = format!("the findings' reader `{}` is not local", findings.reader);
                        return fault("findings", reason);
                    }
                    None => {
                        return fault("findings", format!("no reader is called `{}`", findings.reader));
                    }
                }
            }
            let arms: BTreeSet<_> = findings.arms.iter().collect();
            if arms.len() != findings.arms.len() {
                return fault("findings", "an arm stands there twice".to_owned());
            }
            Ok(())
        }
    }
}

fn cases(set: &CaseSet) -> Result<(), Fault> {
    if set.cases.len() > MOST_CASES {
        let reason = format!("there are more than {MOST_CASES} cases; split the set");
        return Err(Fault::new(&[Step::Key("cases")], reason));
    }
    let mut seen = BTreeSet::new();
    for (i, case) in set.cases.iter().enumerate() {
        let here = [Step::Key("cases"), Step::Index(i)];
        one_case(case, &set.question).map_err(|fault| fault.under(&here))?;
        if !seen.insert(case.id.as_str()) {
            let reason = format!("case `{}` stands there twice; ids must be unique", case.id);
            return Err(Fault::new(&[here[0], here[1], Step::Key("id")], reason));
        }
    }
    Ok(())
}

fn one_case(case: &CaseSpec, question: &AskedQuestion) -> Result<(), Fault> {
    let fault = |path: &[Step], reason: String| Err(Fault::new(path, reason));
    named("a case's id", &case.id).map_err(|reason| Fault::new(&[Step::Key("id")], reason))?;
    let (id, truth) = (&case.id, &case.truth);
    let parts = [
        case.images.len(),
        truth.boxes.len(),
        truth.votes.len(),
        truth.answers.len(),
        truth.labels.len(),
    ];
    if parts.iter().any(|n| *n > MOST_PARTS) {
        return fault(
            &[],
            format!("case `{id}` has more than {MOST_PARTS} images, boxes, votes or answers"),
        );
    }
    for (i, image) in case.images.iter().enumerate() {
        let path = [Step::Key("images"), Step::Index(i), Step::Key("path")];
        named("an image's path", &image.path)
            .map_err(|reason| Fault::new(&path, format!("{reason} (case `{id}`)")))?;
    }
    unique("option", &case.options).map_err(|(i, reason)| {
        Fault::new(
            &[Step::Key("options"), Step::Index(i)],
            format!("{reason} (case `{id}`)"),
        )
    })?;
    match question.task {
        Task::Choice if case.options.len().max(question.labels.len()) < 2 => {
            return fault(
                &[],
                format!("case `{id}` needs `options` to choose from, two at least"),
            );
        }
        Task::Vqa if trim(&case.question).is_empty() => {
            return fault(&[], format!("case `{id}` needs a `question`"));
        }
        Task::Vqa if truth.answers.iter().all(|answer| trim(answer).is_empty()) => {
            return fault(&[], format!("case `{id}` needs `truth.answers`, one at least"));
        }
        _ => {}
    }
    unique("label", &truth.labels).map_err(|(i, reason)| {
        let path = [Step::Key("truth"), Step::Key("labels"), Step::Index(i)];
        Fault::new(&path, format!("{reason} (case `{id}`)"))
    })?;
    if !["", "left", "right", "both"].contains(&truth.side.as_str()) {
        let path = [Step::Key("truth"), Step::Key("side")];
        return fault(
            &path,
            format!(
                "the side `{}` of case `{id}` is not left, right or both",
                truth.side
            ),
        );
    }
    for (i, corners) in truth.boxes.iter().map(|b| b.corners).enumerate() {
        let [left, top, right, bottom] = corners;
        // `<=` is false for NaN, too.
        let ordered = left <= right && top <= bottom && corners.iter().all(|c| c.is_finite());
        if !ordered {
            let path = [Step::Key("truth"), Step::Key("boxes"), Step::Index(i)];
            let reason = format!("a box of case `{id}` is not left, top, right, bottom in px: {corners:?}");
            return fault(&path, reason);
        }
    }
    for (i, vote) in truth.votes.iter().enumerate() {
        if vote.ratings.values().any(|rating| !rating.is_finite()) {
            let path = [Step::Key("truth"), Step::Key("votes"), Step::Index(i)];
            return fault(&path, format!("a rating of case `{id}` is not a number"));
        }
    }
    Ok(())
}

fn named(what: &str, name: &str) -> Result<(), String> {
    if trim(name).is_empty() {
        return Err(format!("{what} is empty"));
    }
    if name.len() > LONGEST_NAME {
        return Err(format!("{what} is longer than {LONGEST_NAME} bytes"));
    }
    Ok(())
}

fn unique<T: AsRef<str>>(what: &str, names: &[T]) -> Result<(), (usize, String)> {
    let mut seen = BTreeSet::new();
    for (i, name) in names.iter().map(|name| trim(name.as_ref())).enumerate() {
        named(&format!("a {what}"), name).map_err(|reason| (i, reason))?;
        if !seen.insert(name) {
            return Err((i, format!("{what} `{name}` stands there twice")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::read;

    fn refused(text: &str, line: u64, reason: &str) {
        let head = "format = \"overread-case-set/1\"\nname = \"n\"\n";
        let fault = read("s", &format!("{head}{text}"))
            .expect_err("refused")
            .to_string();
        assert_eq!(fault, format!("s, line {line}: {reason}"));
    }

    fn accepted(text: &str) {
        let head = "format = \"overread-case-set/1\"\nname = \"n\"\n";
        read("s", &format!("{head}{text}")).expect("reads");
    }

    #[test]
    fn the_format_must_be_ours() {
        let fault = read(
            "s",
            "format = \"overread-case-set/2\"\nname = \"n\"\n[question]\n",
        )
        .expect_err("refused");
        assert_eq!(
            fault.to_string(),
            "s, line 1: the format is `overread-case-set/2`; `overread-case-set/1` is what can be read"
        );
    }

    #[test]
    fn each_task_needs_its_own() {
        refused(
            "[question]\ntask = \"closed\"\nlabels = [\"a\"]\n",
            5,
            "a closed question needs `labels`, two at least",
        );
        refused(
            "[question]\ntask = \"yes_no\"\n",
            3,
            "a yes/no question needs `labels`, one at least",
        );
        accepted("[question]\ntask = \"yes_no\"\nlabels = [\"a\"]\n");
        refused(
            "[question]\nlabels = [\"a\", \"b\", \" a\"]\n",
            4,
            "label `a` stands there twice",
        );
        refused(
            "[question]\ntask = \"choice\"\n[[cases]]\nid = \"x\"\n",
            5,
            "case `x` needs `options` to choose from, two at least",
        );
        accepted("[question]\ntask = \"choice\"\n[[cases]]\nid = \"x\"\noptions = [\"a\", \"b\"]\n");
        refused(
            "[question]\ntask = \"vqa\"\n[[cases]]\nid = \"x\"\n",
            5,
            "case `x` needs a `question`",
        );
        refused(
            "[question]\ntask = \"vqa\"\n[[cases]]\nid = \"x\"\nquestion = \"q\"\ntruth.answers = [\" \"]\n",
            5,
            "case `x` needs `truth.answers`, one at least",
        );
        accepted(
            "[question]\ntask = \"vqa\"\n[[cases]]\nid = \"x\"\nquestion = \"q\"\ntruth.answers = [\"2\"]\n",
        );
        accepted("[question]\ntask = \"open\"\n[[cases]]\nid = \"x\"\n");
        refused(
            "[question]\nlabels = [\"a\", \"b\"]\npositive = \"c\"\n",
            5,
            "the positive label `c` is none of the labels",
        );
    }

    #[test]
    fn each_reader_needs_its_own() {
        let question = "[question]\ntask = \"open\"\n";
        let refused = |text: &str, line, reason: &str| refused(&format!("{question}{text}"), line, reason);
        refused(
            "[[readers]]\nid = \"m\"\n",
            6,
            "reader `m` is local and needs `model`, a folder or file",
        );
        refused(
            "[[readers]]\nid = \"g\"\nkind = \"recorded\"\n",
            6,
            "reader `g` is recorded and needs `answers`, a file",
        );
        refused(
            "[[readers]]\nid = \"g\"\nkind = \"recorded\"\nanswers = \"a\"\nhead = \"h\"\n",
            9,
            "reader `g` has a `head`, which only a local reader has",
        );
        refused(
            "[[readers]]\nid = \"m\"\nmodel = \"d\"\nadapters = [\"a\"]\nhead = \"h\"\n",
            9,
            "reader `m` has a `head` and `adapters`; a head stands on the model as it is",
        );
        accepted(&format!(
            "{question}[[readers]]\nid = \"m\"\nmodel = \"d\"\nhead = \"h\"\n"
        ));
        let person = "[[readers]]\nid = \"p\"\nkind = \"person\"\n";
        accepted(&format!("{question}{person}"));
        refused(&format!("{person}{person}"), 9, "reader `p` stands there twice");
        let pipeline = "[[readers]]\nid = \"g\"\nkind = \"pipeline\"\n";
        refused(
            pipeline,
            6,
            "reader `g` is a pipeline and needs `model` (a text model) or `answers`",
        );
        refused(
            &format!("{pipeline}answers = \"a\"\n"),
            6,
            "reader `g` is a pipeline and needs `findings`: whose text it reasons from",
        );
        let of = |findings: &str| format!("{pipeline}answers = \"a\"\nfindings = {{ {findings} }}\n");
        refused(&of("reader = \"nobody\""), 9, "no reader is called `nobody`");
        refused(&of("reader = \"g\""), 9, "the findings' reader `g` is not local");
        refused(
            &of("answers = \"f\", arms = [\"own\", \"own\"]"),
            9,
            "an arm stands there twice",
        );
        accepted(&format!(
            "{question}{}",
            of("answers = \"f\", arms = [\"own\", \"none\"]")
        ));
        let local = "[[readers]]\nid = \"m\"\nmodel = \"d\"\n";
        accepted(&format!("{question}{local}{}", of("reader = \"m\"")));
    }

    #[test]
    fn numbers_and_sides_are_what_they_say() {
        let question = "[question]\ntask = \"open\"\n";
        refused(
            &format!("{question}[truth]\nprevalences = [0.1, 1.1]\n"),
            6,
            "the prevalence 1.1 is not between 0 and 1",
        );
        refused(
            &format!("{question}[truth]\nprevalences = [nan]\n"),
            6,
            "the prevalence NaN is not between 0 and 1",
        );
        refused(
            &format!("{question}[settings]\ntemperature = -0.5\n"),
            6,
            "the temperature -0.5 is not 0 or more",
        );
        let case = format!("{question}[[cases]]\nid = \"x\"\n");
        refused(
            &format!("{case}truth.side = \"L\"\n"),
            7,
            "the side `L` of case `x` is not left, right or both",
        );
        refused(
            &format!("{case}truth.boxes = [{{ corners = [9.0, 0.0, 1.0, 2.0] }}]\n"),
            7,
            "a box of case `x` is not left, top, right, bottom in px: [9.0, 0.0, 1.0, 2.0]",
        );
        refused(
            &format!("{case}images = [{{ path = \"\" }}]\n"),
            7,
            "an image's path is empty (case `x`)",
        );
    }
}
