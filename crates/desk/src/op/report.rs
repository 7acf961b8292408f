//! A case as one HTML file.

use overread_dicom::DisplaySet as Images;
use overread_imaging::view::View;
use overread_report::{
    Agreement, Answer, Confidence, Fact, OwnAnswer, Picture, Probability, Question, ReadReport, ReaderNote,
    TruthStatement,
};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::op::pictures::png;
use crate::wire::reading::{self, Reading};
use crate::wire::truth::Case;

/// Longest side of a picture in a report, px.
const SIDE: u32 = 512;

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
    }
}

/// The page.
///
/// # Errors
/// When a slice cannot be drawn.
pub fn html(desk: &Desk, set: &Images, case: &Case, reading: &Reading) -> Outcome<String> {
    let line = |name: &str| {
        reading
            .provenance
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
            .unwrap_or_default()
    };
    let mut pictures = Vec::new();
    // By what was read, not by its place then: the series may have grown since.
    let instances = line("instances");
    let places = instances.split_whitespace().filter_map(|name| {
        let (uid, number) = name.split_once('#')?;
        let number: u32 = number.parse().ok()?;
        set.frames
            .iter()
            .position(|f| f.header.sop_uid == uid && f.frame == number)
    });
    for place in places.take(6) {
        let slice = place + 1;
        let frame = desk.frames.get(&set.frames[place])?;
        let a = &frame.attributes;
        let view = View::fit(a.columns, a.rows, a.spacing.aspect, SIDE, SIDE);
        let drawn = overread_render::draw(&frame, &overread_imaging::render::default_voi(&frame), &view);
        pictures.push(Picture {
            caption: format!("Slice {slice} of {}", set.frames.len()),
            png: png(&drawn.rgba, SIDE, SIDE, 4)?,
        });
    }
    let own = case.own.first().map(|first| OwnAnswer {
        committed: first.label.clone(),
        before_reveal: first.before_reveal,
        changed_to: case
            .own
            .last()
            .filter(|last| last.label != first.label)
            .map(|last| last.label.clone()),
    });
    let report = ReadReport {
        title: set.description.clone(),
        display_set: vec![
            fact("modality", &set.modality),
            fact("images", set.frames.len().to_string()),
            fact("study", &set.study_uid),
            fact("series", &set.series_uid),
            fact("warnings", set.warnings.join("; ")),
        ],
        pictures,
        question: Question {
            prompt: reading.question.clone(),
            system: None,
            template: Some(line("template")).filter(|t| t != "own words"),
            preprocess: line("preprocessing"),
            slices: line("slices"),
            form: format!("{:?}", reading.form),
        },
        reader: ReaderNote {
            name: line("model"),
            warning: Some(reading.warning.clone()).filter(|w| !w.is_empty()),
            note: Some(reading.note.clone()).filter(|n| !n.is_empty()),
        },
        answer: Answer {
            label: Some(reading.label.clone()).filter(|l| !l.is_empty()),
            text: Some(reading.text.clone()).filter(|t| !t.is_empty()),
            invalid: Some(reading.invalid.clone()).filter(|i| !i.is_empty()),
            probabilities: reading
                .probabilities
                .iter()
                .map(|p| Probability {
                    label: p.label.clone(),
                    probability: p.probability,
                })
                .collect(),
            confidence: reading.confidence.map(|value| Confidence {
                value,
                kind: reading.confidence_kind.clone(),
            }),
        },
        own,
        truth: case.truth.as_ref().map(|t| TruthStatement {
            label: t.labels.join(", "),
            source: t.source.clone(),
        }),
        agreement: match reading.agreement {
            reading::Agreement::Agree => Agreement::Agree,
            reading::Agreement::Disagree => Agreement::Disagree,
            reading::Agreement::NoTruth => Agreement::NoTruth,
            reading::Agreement::NotComparable => Agreement::NotComparable(reading.agreement_reason.clone()),
        },
        provenance: reading.provenance.iter().map(|(n, v)| fact(n, v)).collect(),
        command: repeat(&set.id, reading, &line),
        made_by: format!(
            "Overread {}, reading of {}",
            env!("CARGO_PKG_VERSION"),
            reading.at
        ),
    };
    report
        .to_html()
        .map_err(|error| failure("report.failed", format!("{error}."), ""))
}

/// The command that asks the same again; FOLDER and MODEL are the reader's own.
fn repeat(set: &str, reading: &reading::Reading, line: &dyn Fn(&str) -> String) -> String {
    let labels: Vec<&str> = reading.probabilities.iter().map(|p| p.label.as_str()).collect();
    let mut words = vec![format!("overread ask FOLDER --display-set {set} --model MODEL")];
    let mut add = |option: &str, value: &str| {
        if !value.is_empty() {
            words.push(format!("--{option} {}", quoted(value)));
        }
    };
    add("slices", &line("slices").replace(", ", ","));
    add(
        "preprocess",
        line("preprocessing").split(' ').next().unwrap_or_default(),
    );
    add("window", &line("window"));
    let template = line("template");
    if template.is_empty() || template == "own words" {
        add("prompt", &reading.question);
    } else {
        add("template", &template);
    }
    match reading.form {
        reading::AnswerForm::Labels => add("labels", &labels.join(",")),
        reading::AnswerForm::YesNo => add("yesno", &labels.join(",")),
        reading::AnswerForm::Open => {
            let sampling = line("sampling");
            let number = |before: &str| {
                let rest = sampling.split_once(before).map_or("", |(_, rest)| rest);
                rest.split([',', ' ']).next().unwrap_or_default().to_owned()
            };
            add("temperature", &number("temperature "));
            add("seed", &number("seed "));
            add("max-new-tokens", &number("at most "));
            words.push("--open".to_owned());
        }
    }
    words.join(" ")
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    shell_word(text, |c| c.is_ascii_alphanumeric() || "-_./,:".contains(c))
}

/// One word of a shell: in quotes unless all its letters are plain ones.
pub(crate) fn shell_word(text: &str, plain: impl Fn(char) -> bool) -> String {
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_word_with_blanks_and_quotes_stays_one_word() {
        assert_eq!(super::quoted("ct-windows/1"), "ct-windows/1");
        assert_eq!(super::quoted("What's seen?"), r"'What'\''s seen?'");
    }
}
