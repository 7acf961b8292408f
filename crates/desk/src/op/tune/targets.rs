//! What a case's answer should have been, in the words that the engine scores or a parser reads.

use overread_evaluation::case_set::{CaseSet, CaseSpec, Task};
use overread_evaluation::evaluated::truth_of;
use overread_medgemma::Message;
use overread_medgemma::scoring::yes_no_turns;

use crate::op::evaluation::asked::AskedCase;
use crate::op::tune::options::Target;

/// A prompt and its answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Due {
    pub(crate) messages: Vec<Message>,
    pub(crate) answer: String,
}

/// The answers of a case: one, or one for each label of a yes/no list. None where the truth says nothing that counts.
pub(crate) fn of(
    set: &CaseSet,
    case: &CaseSpec,
    target: Target,
    asked: &AskedCase,
    messages: &[Message],
) -> Vec<Due> {
    let one = |answer: Option<&String>| {
        let answer = answer.map(|a| a.trim()).filter(|a| !a.is_empty());
        answer
            .map(|answer| Due {
                messages: messages.to_vec(),
                answer: answer.to_owned(),
            })
            .into_iter()
            .collect::<Vec<_>>()
    };
    if target == Target::Findings {
        return one(Some(&case.truth.findings));
    }
    let truth = truth_of(set.question.task, &set.question.labels, case, &set.truth);
    match set.question.task {
        Task::Closed | Task::Choice => one(truth.one.and_then(|i| asked.labels.get(i as usize))),
        Task::YesNo => asked
            .labels
            .iter()
            .zip(&truth.states)
            .filter_map(|(label, state)| {
                Some(Due {
                    messages: yes_no_turns(messages, None, label),
                    answer: if (*state)? { "yes" } else { "no" }.to_owned(),
                })
            })
            .collect(),
        Task::Vqa => one(case.truth.answers.first()),
        // The line by which an open answer is read.
        Task::Open => one(case
            .truth
            .answers
            .first()
            .or(case.truth.labels.first())
            .map(|name| format!("Final Answer: {}", name.trim()))
            .as_ref()),
        Task::Boxes => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use overread_evaluation::case_set::{AskedQuestion, CaseTruth, State};
    use overread_medgemma::{Part, Role};

    fn turns() -> Vec<Message> {
        vec![Message {
            role: Role::User,
            parts: vec![Part::Image, Part::Text("What is it?".to_owned())],
        }]
    }

    fn due(task: Task, truth: CaseTruth, options: &[&str], labels: &[&str]) -> Vec<(String, String)> {
        let text = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let set = CaseSet {
            question: AskedQuestion {
                task,
                labels: text(&["normal", "nodule", "effusion"]),
                ..AskedQuestion::default()
            },
            ..CaseSet::default()
        };
        let case = CaseSpec {
            options: text(options),
            truth,
            ..CaseSpec::default()
        };
        let asked = AskedCase {
            labels: text(labels),
            ..AskedCase::default()
        };
        of(&set, &case, Target::Answer, &asked, &turns())
            .into_iter()
            .map(|due| match due.messages[0].parts.last() {
                Some(Part::Text(said)) => (said.clone(), due.answer),
                _ => (String::new(), due.answer),
            })
            .collect()
    }

    fn labels(names: &[&str]) -> CaseTruth {
        CaseTruth {
            labels: names.iter().map(|n| (*n).to_owned()).collect(),
            ..CaseTruth::default()
        }
    }

    const SET: [&str; 3] = ["normal", "nodule", "effusion"];

    #[test]
    fn a_label_is_learned_as_it_is_scored() {
        let said = ("What is it?".to_owned(), "nodule".to_owned());
        assert_eq!(due(Task::Closed, labels(&["nodule"]), &[], &SET), [said]);
        assert!(
            due(Task::Closed, CaseTruth::default(), &[], &SET).is_empty(),
            "unknown"
        );
        assert!(
            due(Task::Closed, labels(&["nodule", "effusion"]), &[], &SET).is_empty(),
            "two where one is asked for"
        );
    }

    #[test]
    fn a_list_is_learned_label_by_label_and_what_is_left_out_is_not() {
        let truth = CaseTruth {
            states: [
                ("nodule", State::Present),
                ("normal", State::Absent),
                ("effusion", State::Uncertain),
            ]
            .map(|(label, state)| (label.to_owned(), state))
            .into(),
            ..CaseTruth::default()
        };
        let found = due(Task::YesNo, truth, &[], &SET);
        let line = |label: &str| format!("What is it?\nIs there {label}? Answer yes or no.");
        assert_eq!(
            found,
            [
                (line("normal"), "no".to_owned()),
                (line("nodule"), "yes".to_owned())
            ]
        );
    }

    #[test]
    fn a_choice_is_learned_as_its_letter_and_words_as_they_are_read() {
        let answers = |words: &str| CaseTruth {
            answers: vec![words.to_owned()],
            ..CaseTruth::default()
        };
        let letters = due(Task::Choice, answers("second"), &["first", "second"], &["A", "B"]);
        assert_eq!(letters[0].1, "B");
        assert_eq!(due(Task::Vqa, answers(" left "), &[], &[])[0].1, "left");
        assert_eq!(
            due(Task::Open, labels(&["nodule"]), &[], &[])[0].1,
            "Final Answer: nodule"
        );
    }
}
