//! From a case to its question: words, labels, form. Only what the case set writes for the reader's eyes goes in: question,
//! options, context, findings. Ids, paths, patients and truths have no way into it.

use overread_evaluation::case_set::{CaseSet, CaseSpec, ReadSettings, ReaderSpec, Task};
use overread_protocol::templates;

use crate::Outcome;
use crate::code::failure;
use crate::wire::question::QuestionOptions;
use crate::wire::reading::AnswerForm;

/// Changes whenever a sentence or rule below does: part of what decides an answer.
pub(crate) const VERSION: &str = "eval-wording/1";

/// Ranked diagnoses asked for where the set does not say.
const USUAL_DIFFERENTIAL: u32 = 5;
/// Options are lettered A to Z.
const MOST_OPTIONS: usize = 26;

/// A case's question.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AskedCase {
    /// Template id, or empty.
    pub(crate) template: String,
    /// Own words, or empty for the template's.
    pub(crate) prompt: String,
    /// Form; `None` stands for open.
    pub(crate) form: Option<AnswerForm>,
    /// Labels as they are scored.
    pub(crate) labels: Vec<String>,
    /// What each of them means, in the same order (the option behind a letter).
    pub(crate) meanings: Vec<String>,
    /// The answer is read as boxes.
    pub(crate) boxes: bool,
}

/// What is asked about, beside images.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About<'a> {
    /// Findings of a first stage; `None`: it is no pipeline, or the arm without findings.
    pub(crate) findings: Option<&'a str>,
    /// Nothing is seen: a question of text alone.
    pub(crate) text_alone: bool,
    /// The model compares pictures with texts and has no prompt.
    pub(crate) without_prompt: bool,
    /// The engine lists the options itself, to ask them in several orders.
    pub(crate) lists_options: bool,
}

/// The settings of a reader: its own where it has them, else the set's.
pub(crate) fn settings_of(set: &CaseSet, reader: &ReaderSpec) -> ReadSettings {
    let all = &set.settings;
    let Some(own) = &reader.settings else {
        return all.clone();
    };
    let text = |own: &String, all: &String| if own.is_empty() { all.clone() } else { own.clone() };
    let mut options = all.options.clone();
    options.extend(own.options.clone());
    ReadSettings {
        preprocess: text(&own.preprocess, &all.preprocess),
        slices: text(&own.slices, &all.slices),
        window: text(&own.window, &all.window),
        max_new_tokens: if own.max_new_tokens > 0 {
            own.max_new_tokens
        } else {
            all.max_new_tokens
        },
        temperature: if own.temperature > 0.0 {
            own.temperature
        } else {
            all.temperature
        },
        seed: if own.seed > 0 { own.seed } else { all.seed },
        precision: text(&own.precision, &all.precision),
        options,
    }
}

/// The options of the reading panel by their names.
///
/// # Errors
/// `eval.option` for a name or value that is none.
pub(crate) fn options_of(settings: &ReadSettings) -> Outcome<QuestionOptions> {
    /// What the case set says elsewhere, or what is found for each case.
    const ELSEWHERE: [&str; 6] = ["precision", "adapters", "head", "priors", "calibration", "boxes"];
    let wrong = |what: String| {
        let known = serde_json::to_value(QuestionOptions::default()).unwrap_or_default();
        let known: Vec<String> = known
            .as_object()
            .into_iter()
            .flat_map(|o| o.keys())
            .filter(|name| !ELSEWHERE.contains(&name.as_str()))
            .cloned()
            .collect();
        failure("eval.option", what, format!("Known are {}.", known.join(", ")))
    };
    let known = serde_json::to_value(QuestionOptions::default()).unwrap_or_default();
    for name in settings.options.keys() {
        if ELSEWHERE.contains(&name.as_str()) {
            return Err(wrong(format!("The option {name} is not set under options.")));
        }
        if known.get(name).is_none() {
            return Err(wrong(format!("There is no option {name}.")));
        }
    }
    let object = settings.options.clone().into_iter().collect();
    serde_json::from_value(serde_json::Value::Object(object))
        .map_err(|error| wrong(format!("An option cannot be read: {error}.")))
}

/// The question of a case.
///
/// # Errors
/// `eval.question` when the case has no question or options where its task needs them.
pub(crate) fn ask(
    set: &CaseSet,
    reader: &ReaderSpec,
    case: &CaseSpec,
    about: About<'_>,
) -> Outcome<AskedCase> {
    let task = set.question.task;
    let mut out = AskedCase {
        form: Some(match task {
            Task::Closed | Task::YesNo if set.question.labels.is_empty() => {
                return Err(nothing("The case set names no labels."));
            }
            Task::Closed | Task::Choice => AnswerForm::Labels,
            Task::YesNo => AnswerForm::YesNo,
            Task::Open | Task::Vqa | Task::Boxes => AnswerForm::Open,
        }),
        template: set.question.template.clone(),
        boxes: task == Task::Boxes,
        ..AskedCase::default()
    };
    let own_prompt = if reader.prompt.trim().is_empty() {
        &set.question.prompt
    } else {
        &reader.prompt
    };
    let mut parts = Parts::new(own_prompt);
    let options = match task {
        Task::Choice => options(case, about, &mut out)?,
        Task::Closed | Task::YesNo => {
            out.labels.clone_from(&set.question.labels);
            String::new()
        }
        _ => String::new(),
    };
    if out.meanings.is_empty() {
        out.meanings.clone_from(&out.labels);
    }
    let own = [case.question.trim(), own_prompt.trim()];
    let is_plain = own.iter().all(|text| text.is_empty());
    if task == Task::Boxes {
        boxes(set, case, own_prompt, &mut out)?;
        return Ok(out);
    }
    if task == Task::Vqa && case.question.trim().is_empty() {
        return Err(nothing("The case has no question of its own."));
    }
    // A template is published as it is; without one the question is ours unless somebody wrote another.
    if is_plain && out.template.is_empty() && task == Task::Closed {
        "finding.closed-set/1".clone_into(&mut out.template);
    }
    let base = if !is_plain {
        String::new()
    } else if let Some(template) = templates::by_id(&out.template) {
        let text = if template.after.is_empty() {
            template.before
        } else {
            template.after
        };
        text.trim().to_owned()
    } else {
        usual(task, about.text_alone).to_owned()
    };
    let ending = if out.template.is_empty() {
        ending(set, task, own_prompt, &parts)
    } else {
        String::new()
    };
    let text = parts.put_together(case, about, &base, &options, &ending);
    // The template's own words need not be said twice.
    out.prompt = if is_plain && !out.template.is_empty() && text == base {
        String::new()
    } else {
        text
    };
    Ok(out)
}

/// The first stage of a pipeline: findings in words, from the images alone unless the prompt asks for the context.
pub(crate) fn findings(case: &CaseSpec, prompt: &str) -> AskedCase {
    let values = [case.question.trim(), case.context.trim(), "", ""];
    AskedCase {
        prompt: filled(prompt.trim(), values),
        form: Some(AnswerForm::Open),
        ..AskedCase::default()
    }
}

/// What a first stage is asked where the case set does not say.
pub(crate) const FINDINGS: &str = "Describe the findings on these images, normal and abnormal, with their places and sizes. Do not name a diagnosis.";

fn nothing(what: &str) -> crate::Failure {
    failure("eval.question", what, "Mend the case set.")
}

/// Our own questions, where nobody wrote one.
fn usual(task: Task, text_alone: bool) -> &'static str {
    match (task, text_alone) {
        (Task::Closed, _) => "Which finding is present?",
        (Task::YesNo, false) => "You are reading medical images.",
        (Task::YesNo, true) => "You are reading the findings of medical images.",
        (Task::Choice, _) => "Which of these is right?",
        (Task::Open, _) => "What is the most likely diagnosis?",
        (Task::Vqa | Task::Boxes, _) => "",
    }
}

/// How an answer that is written should end, so that it can be read by rule.
fn ending(set: &CaseSet, task: Task, own: &str, parts: &Parts<'_>) -> String {
    if own.to_lowercase().contains("final answer") || parts.is_whole {
        return String::new();
    }
    match task {
        Task::Open => {
            let most = match set.question.differential {
                0 => USUAL_DIFFERENTIAL,
                n => n,
            };
            let list = if most > 1 {
                format!("List up to {most} diagnoses, numbered, the most likely first. ")
            } else {
                String::new()
            };
            let labels = if set.question.labels.is_empty() {
                "the most likely diagnosis".to_owned()
            } else {
                format!("one of: {}", set.question.labels.join(", "))
            };
            format!("{list}End with a line \"Final Answer: X\" where X is {labels}.")
        }
        Task::Vqa if own.trim().is_empty() => "Answer in a few words.".to_owned(),
        _ => String::new(),
    }
}

fn options(case: &CaseSpec, about: About<'_>, out: &mut AskedCase) -> Outcome<String> {
    let options: Vec<String> = case.options.iter().map(|o| o.trim().to_owned()).collect();
    if options.len() < 2 || options.len() > MOST_OPTIONS {
        return Err(nothing(&format!(
            "The case has {} options; a choice is among 2 to {MOST_OPTIONS}.",
            options.len()
        )));
    }
    out.meanings.clone_from(&options);
    if about.without_prompt || about.lists_options {
        out.labels = options;
        return Ok(String::new());
    }
    let letters = ('A'..='Z').map(String::from);
    out.labels = letters.take(options.len()).collect();
    let lines: Vec<String> = out
        .labels
        .iter()
        .zip(&options)
        .map(|(l, o)| format!("{l}: {o}"))
        .collect();
    Ok(format!(
        "{}\nAnswer with the letter of one option.",
        lines.join("\n")
    ))
}

/// Boxes are asked for by the published question, in which only the name of what is looked for is ours.
fn boxes(set: &CaseSet, case: &CaseSpec, own: &str, out: &mut AskedCase) -> Outcome<()> {
    if out.template.is_empty() {
        "cxr.box".clone_into(&mut out.template);
    }
    out.prompt = if !case.question.trim().is_empty() {
        case.question.trim().to_owned()
    } else if !own.trim().is_empty() {
        own.trim().to_owned()
    } else {
        set.question.labels.join(" or ")
    };
    if out.prompt.is_empty() {
        return Err(nothing("The case set does not say what boxes are wanted of."));
    }
    Ok(())
}

/// A prompt with marks for what is put in, or without.
struct Parts<'a> {
    own: &'a str,
    /// It has marks: nothing is added that it does not ask for.
    is_whole: bool,
}

/// What a prompt may ask for.
const MARKS: [&str; 4] = ["{question}", "{context}", "{findings}", "{options}"];

impl<'a> Parts<'a> {
    fn new(own: &'a str) -> Self {
        Self {
            own: own.trim(),
            is_whole: MARKS.iter().any(|mark| own.contains(mark)),
        }
    }

    fn put_together(
        &mut self,
        case: &CaseSpec,
        about: About<'_>,
        base: &str,
        options: &str,
        ending: &str,
    ) -> String {
        let question = case.question.trim();
        let context = case.context.trim();
        let findings = about.findings.map(str::trim).unwrap_or_default();
        if self.is_whole {
            return filled(self.own, [question, context, findings, options]);
        }
        let titled = |title: &str, text: &str| match text {
            "" => String::new(),
            text => format!("{title}\n{text}\n"),
        };
        let list = [question, self.own, base, options, ending];
        let list: Vec<&str> = list.into_iter().filter(|text| !text.is_empty()).collect();
        [
            titled("Clinical information:", context),
            titled("Findings:", findings),
            list.join("\n"),
        ]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
    }
}

/// Puts values in place of marks, once: what a value says is never taken for a mark.
fn filled(text: &str, values: [&str; 4]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, k)) = MARKS
        .iter()
        .enumerate()
        .filter_map(|(k, mark)| rest.find(mark).map(|at| (at, k)))
        .min()
    {
        out.push_str(&rest[..at]);
        out.push_str(values[k]);
        rest = &rest[at + MARKS[k].len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use overread_evaluation::case_set::{AskedQuestion, CaseTruth, FORMAT, ImageSpec, TruthBox, Vote};

    fn set(task: Task) -> CaseSet {
        CaseSet {
            format: FORMAT.to_owned(),
            name: "secret-name".to_owned(),
            note: "secret-note".to_owned(),
            question: AskedQuestion {
                task,
                labels: vec!["normal".to_owned(), "nodule".to_owned()],
                ..AskedQuestion::default()
            },
            ..CaseSet::default()
        }
    }

    fn case() -> CaseSpec {
        CaseSpec {
            id: "secret-id".to_owned(),
            patient: "secret-patient".to_owned(),
            split: "secret-split".to_owned(),
            groups: [("site".to_owned(), "secret-site".to_owned())].into(),
            images: vec![ImageSpec {
                path: "secret-folder/secret-file.dcm".to_owned(),
                series: "secret-series".to_owned(),
                instance: "secret-instance".to_owned(),
                slices: String::new(),
            }],
            question: "What is seen?".to_owned(),
            options: vec!["first".to_owned(), "second".to_owned()],
            context: "A cough.".to_owned(),
            truth: CaseTruth {
                labels: vec!["secret-label".to_owned()],
                answers: vec!["secret-answer".to_owned()],
                side: "secret-side".to_owned(),
                boxes: vec![TruthBox {
                    label: "secret-box".to_owned(),
                    ..TruthBox::default()
                }],
                votes: vec![Vote {
                    reader: "secret-reader".to_owned(),
                    labels: vec!["secret-vote".to_owned()],
                    ..Vote::default()
                }],
                findings: "secret-findings".to_owned(),
                source: "secret-source".to_owned(),
                ..CaseTruth::default()
            },
            ..CaseSpec::default()
        }
    }

    const TASKS: [Task; 6] = [
        Task::Closed,
        Task::YesNo,
        Task::Choice,
        Task::Open,
        Task::Vqa,
        Task::Boxes,
    ];

    #[test]
    fn nothing_that_tells_the_answer_reaches_a_prompt() {
        for task in TASKS {
            for findings in [None, Some("Clear lungs.")] {
                let about = About {
                    findings,
                    text_alone: findings.is_some(),
                    ..About::default()
                };
                let asked = ask(&set(task), &ReaderSpec::default(), &case(), about).expect("a question");
                let all = format!("{asked:?}");
                assert!(!all.contains("secret"), "{task:?}: {all}");
                let says = |words: &str| asked.prompt.contains(words);
                assert!(says("What is seen?") || task == Task::YesNo, "{task:?}: {all}");
                if task != Task::Boxes {
                    assert!(says("A cough."), "{task:?}: {all}");
                    assert_eq!(says("Clear lungs."), findings.is_some(), "{task:?}");
                }
            }
        }
    }

    #[test]
    fn options_are_letters_and_mean_what_stands_behind_them() {
        let asked = ask(
            &set(Task::Choice),
            &ReaderSpec::default(),
            &case(),
            About::default(),
        )
        .expect("a question");
        assert_eq!(asked.labels, ["A", "B"]);
        assert_eq!(asked.meanings, ["first", "second"]);
        assert_eq!(
            asked.prompt,
            "Clinical information:\nA cough.\n\nWhat is seen?\nA: first\nB: second\nAnswer with the letter of one option."
        );
        let about = About {
            without_prompt: true,
            ..About::default()
        };
        let asked = ask(&set(Task::Choice), &ReaderSpec::default(), &case(), about).expect("a question");
        assert_eq!(asked.labels, ["first", "second"]);
        let few = CaseSpec {
            options: vec!["one".to_owned()],
            ..case()
        };
        let error =
            ask(&set(Task::Choice), &ReaderSpec::default(), &few, About::default()).expect_err("no choice");
        assert_eq!(error.code, "eval.question");
    }

    #[test]
    fn a_plain_closed_set_is_asked_as_the_reading_panel_asks() {
        let plain = CaseSpec::default();
        let asked = ask(
            &set(Task::Closed),
            &ReaderSpec::default(),
            &plain,
            About::default(),
        )
        .expect("a question");
        assert_eq!(asked.template, "finding.closed-set/1");
        assert_eq!(asked.prompt, "");
        assert_eq!(asked.labels, asked.meanings);
    }

    #[test]
    fn marks_take_their_values_once_and_nothing_else_is_added() {
        let reader = ReaderSpec {
            prompt: "{context} | {question} | {options}".to_owned(),
            ..ReaderSpec::default()
        };
        let sly = CaseSpec {
            context: "{question}".to_owned(),
            ..case()
        };
        let asked = ask(&set(Task::Open), &reader, &sly, About::default()).expect("a question");
        assert_eq!(asked.prompt, "{question} | What is seen? | ");
    }

    #[test]
    fn a_written_answer_is_told_how_to_end_once() {
        let open = set(Task::Open);
        let asked = ask(
            &open,
            &ReaderSpec::default(),
            &CaseSpec::default(),
            About::default(),
        )
        .expect("a question");
        assert!(
            asked
                .prompt
                .starts_with("What is the most likely diagnosis?\nList up to 5"),
            "{}",
            asked.prompt
        );
        assert!(asked.prompt.ends_with("where X is one of: normal, nodule."));
        let reader = ReaderSpec {
            prompt: "Which? Say Final Answer: and it.".to_owned(),
            ..ReaderSpec::default()
        };
        let asked = ask(&open, &reader, &CaseSpec::default(), About::default()).expect("a question");
        assert_eq!(asked.prompt, reader.prompt);
    }

    #[test]
    fn options_by_name_are_checked() {
        let mut settings = ReadSettings::default();
        settings.options.insert("permutations".to_owned(), 3.into());
        assert_eq!(options_of(&settings).expect("known").permutations, 3);
        settings.options.insert("permutation".to_owned(), 3.into());
        assert_eq!(options_of(&settings).expect_err("unknown").code, "eval.option");
        settings.options = [("permutations".to_owned(), "three".into())].into();
        assert!(options_of(&settings).is_err());
        settings.options = [("adapters".to_owned(), "x".into())].into();
        assert!(options_of(&settings).is_err(), "adapters are the reader's");
    }

    #[test]
    fn a_reader_has_its_own_settings_before_those_of_the_set() {
        let mut all = set(Task::Closed);
        all.settings.slices = "1".to_owned();
        all.settings.seed = 7;
        let reader = ReaderSpec {
            settings: Some(ReadSettings {
                slices: "2".to_owned(),
                ..ReadSettings::default()
            }),
            ..ReaderSpec::default()
        };
        let settings = settings_of(&all, &reader);
        assert_eq!((settings.slices.as_str(), settings.seed), ("2", 7));
    }
}
