//! Reading a case set: TOML, and JSON Lines for the cases of large sets.

use super::locate::{line_at, line_of};
use super::rules::{self, Fault, MOST_CASES, Step};
use super::{CaseSet, CaseSpec};
use crate::error::{InputError, trim, without_mark};

/// Longest file that is read, bytes: a million cases of 500 bytes.
const MOST_BYTES: usize = 512 << 20;

/// Reads a case set and holds it against every rule that needs no other file (docs/formats.md, *Case sets*). Ids and labels
/// lose the spaces around them.
///
/// When `cases_file` is named, its text goes to [`add_cases`].
///
/// # Errors
/// [`InputError`] with file, line and a sentence.
pub fn read(file: &str, text: &str) -> Result<CaseSet, InputError> {
    within_bounds(file, text)?;
    let text = without_mark(text);
    let mut set: CaseSet = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        InputError::new(file, line, one_line(error.message()))
    })?;
    tidy(&mut set);
    rules::check(&set)
        .map_err(|Fault { path, reason }| InputError::new(file, line_of(text, &path), reason))?;
    Ok(set)
}

/// Reads the text of the set's `cases_file` behind its own cases and empties `cases_file`: the set is whole from here on.
///
/// # Errors
/// [`InputError`] with the line in the file of cases; the set is as it was.
pub fn add_cases(set: &mut CaseSet, file: &str, text: &str) -> Result<(), InputError> {
    let (more, lines) = cases_with_lines(file, text)?;
    let before = set.cases.len();
    let name = std::mem::take(&mut set.cases_file);
    set.cases.extend(more);
    let checked = rules::check(set).map_err(|Fault { path, reason }| {
        let index = match path.as_slice() {
            [Step::Key("cases"), Step::Index(index), ..] => index.checked_sub(before),
            _ => None,
        };
        let line = index.and_then(|index| lines.get(index).copied()).unwrap_or(1);
        InputError::new(file, line, reason)
    });
    if checked.is_err() {
        set.cases.truncate(before);
        set.cases_file = name;
    }
    checked
}

/// The cases of a `cases_file` and their lines: JSON Lines of [`CaseSpec`]; blank lines are skipped.
pub(super) fn cases_with_lines(file: &str, text: &str) -> Result<(Vec<CaseSpec>, Vec<u64>), InputError> {
    within_bounds(file, text)?;
    let (mut cases, mut lines) = (Vec::new(), Vec::new());
    for (line, content) in (1..).zip(without_mark(text).lines()) {
        if trim(content).is_empty() {
            continue;
        }
        if cases.len() >= MOST_CASES {
            let reason = format!("there are more than {MOST_CASES} cases; split the set");
            return Err(InputError::new(file, line, reason));
        }
        let mut case: CaseSpec =
            serde_json::from_str(content).map_err(|error| InputError::new(file, line, said(&error)))?;
        tidy_case(&mut case);
        cases.push(case);
        lines.push(line);
    }
    Ok((cases, lines))
}

fn within_bounds(file: &str, text: &str) -> Result<(), InputError> {
    if text.len() > MOST_BYTES {
        let reason = format!("the file is longer than {} MiB; split the set", MOST_BYTES >> 20);
        return Err(InputError::new(file, 1, reason));
    }
    Ok(())
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What serde_json says, without its own line number (it sees one line at a time).
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    format!("{} (column {})", one_line(text), error.column())
}

fn tidy(set: &mut CaseSet) {
    let question = &mut set.question;
    question.labels.iter_mut().for_each(trim_in_place);
    trim_in_place(&mut question.positive);
    for reader in &mut set.readers {
        trim_in_place(&mut reader.id);
        if let Some(findings) = &mut reader.findings {
            trim_in_place(&mut findings.reader);
        }
    }
    set.cases.iter_mut().for_each(tidy_case);
}

fn tidy_case(case: &mut CaseSpec) {
    for text in [
        &mut case.id,
        &mut case.patient,
        &mut case.split,
        &mut case.modality,
    ] {
        trim_in_place(text);
    }
    case.options.iter_mut().for_each(trim_in_place);
    let truth = &mut case.truth;
    truth.labels.iter_mut().for_each(trim_in_place);
    trim_in_place(&mut truth.side);
    if truth.states.keys().any(|label| trim(label) != label) {
        let states = std::mem::take(&mut truth.states);
        truth.states = states
            .into_iter()
            .map(|(label, state)| (trim(&label).to_owned(), state))
            .collect();
    }
    truth.boxes.iter_mut().for_each(|b| trim_in_place(&mut b.label));
    for vote in &mut truth.votes {
        vote.labels.iter_mut().for_each(trim_in_place);
    }
}

fn trim_in_place(text: &mut String) {
    let kept = trim(text);
    if kept.len() != text.len() {
        *text = kept.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Task, write, write_cases};
    use super::*;

    const HEAD: &str = "format = \"overread-case-set/1\"\nname = \"n\"\n[question]\ntask = \"closed\"\nlabels = [\"a\", \" b \"]\n";

    fn fault(text: &str) -> String {
        read("s.toml", text).expect_err("refused").to_string()
    }

    #[test]
    fn a_small_set_is_read_and_trimmed() {
        let text = format!(
            "\u{FEFF}{HEAD}[[cases]]\nid = \" 007 \"\nimages = [{{ path = \"x\" }}]\ntruth.labels = [\"b\\t\"]\n"
        );
        let set = read("s.toml", &text.replace('\n', "\r\n")).expect("reads");
        assert_eq!(set.question.task, Task::Closed);
        assert_eq!(set.question.labels, ["a", "b"]);
        assert_eq!(
            (set.cases[0].id.as_str(), set.cases[0].truth.labels[0].as_str()),
            ("007", "b")
        );
    }

    #[test]
    fn faults_name_file_line_and_key() {
        let unknown = fault(&format!("{HEAD}prompts = \"x\"\n"));
        assert!(
            unknown.starts_with("s.toml, line 6: unknown field `prompts`"),
            "{unknown}"
        );
        let twice = fault(&format!("{HEAD}[[cases]]\nid = \"x\"\n[[cases]]\nid = \"x \"\n"));
        assert_eq!(
            twice,
            "s.toml, line 9: case `x` stands there twice; ids must be unique"
        );
        let torn = fault(&format!("{HEAD}[[cases]\n"));
        assert!(torn.starts_with("s.toml, line 6: "), "{torn}");
        let kind = fault(&format!("{HEAD}[[cases]]\nid = 7\n"));
        assert!(
            kind.starts_with("s.toml, line 7: invalid type: integer"),
            "{kind}"
        );
    }

    #[test]
    fn a_file_of_cases_is_read_behind_the_sets_own() {
        let mut set = read(
            "s.toml",
            &format!("cases_file = \"c.jsonl\"\n{HEAD}[[cases]]\nid = \"x\"\n"),
        )
        .expect("reads");
        let fault = add_cases(&mut set, "c.jsonl", "{\"id\":\"y\"}\n\n{\"id\":\"x\"}\n").expect_err("twice");
        assert_eq!(
            fault.to_string(),
            "c.jsonl, line 3: case `x` stands there twice; ids must be unique"
        );
        assert_eq!(
            (set.cases.len(), set.cases_file.as_str()),
            (1, "c.jsonl"),
            "untouched"
        );
        add_cases(
            &mut set,
            "c.jsonl",
            "{\"id\":\"y\"}\r\n{\"id\":\"z\",\"patient\":\"p\"}",
        )
        .expect("reads");
        assert_eq!((set.cases.len(), set.cases_file.as_str()), (3, ""));
        assert_eq!(
            cases_with_lines("c.jsonl", &write_cases(&set.cases))
                .expect("reads")
                .0,
            set.cases
        );
        let fault = cases_with_lines("c.jsonl", "{\"id\":\"y\",\"lables\":[]}\n").expect_err("unknown");
        assert!(
            fault
                .to_string()
                .starts_with("c.jsonl, line 1: unknown field `lables`"),
            "{fault}"
        );
    }

    #[test]
    fn the_documented_example_is_read() {
        let page = include_str!("../../../../docs/formats.md");
        let section = page.split("## Case sets").nth(1).expect("section");
        let example = section.split("```").nth(1).expect("example").trim_start();
        let set = read("docs", example).expect("reads");
        assert_eq!(
            (set.readers.len(), set.cases.len(), set.cases[0].truth.votes.len()),
            (4, 1, 1)
        );
        assert_eq!(read("s", &write(&set)).expect("reads"), set);
    }

    #[test]
    fn ten_thousand_cases_are_read_fast() {
        let mut set = read("s.toml", HEAD).expect("reads");
        for i in 0..10_000_u32 {
            let mut case = CaseSpec {
                id: format!("case-{i:05}"),
                patient: format!("p{}", i / 3),
                ..CaseSpec::default()
            };
            case.images.push(super::super::ImageSpec {
                path: format!("images/{i}"),
                ..Default::default()
            });
            case.truth.labels.push(if i % 2 == 0 {
                "a".to_owned()
            } else {
                "b".to_owned()
            });
            case.groups.insert("sex".to_owned(), "F".to_owned());
            set.cases.push(case);
        }
        let text = write(&set);
        let start = std::time::Instant::now();
        assert_eq!(read("s.toml", &text).expect("reads"), set);
        // 0.5 s is promised for a release build on an idle core; this one is neither.
        assert!(start.elapsed().as_secs_f64() < 5.0, "{:?}", start.elapsed());
    }
}
