//! From a model's text to a label, or to the kind of its failure. Never a guess: what is not in the set is said so.

use serde::{Deserialize, Serialize};

/// Opens a thinking block.
const THOUGHT: &str = "<unused94>thought\n";
/// Opens a thinking block whose name was dropped.
const THOUGHT_MARK: &str = "<unused94>";
/// Ends a thinking block.
const THOUGHT_END: &str = "<unused95>";
/// What stands before an answer.
const FINAL: &str = "final answer";

/// Why an answer counts as none. The ids are those of an answers file's `invalid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invalid {
    /// The model declined.
    Refusal,
    /// No answer could be made out.
    Unparseable,
    /// More than one answer could be made out.
    Ambiguous,
    /// Nothing was said.
    Empty,
    /// An answer, but none of the labels.
    OutOfSet,
    /// The token limit came before the answer.
    Truncated,
}

impl Invalid {
    /// The id: `refusal`, `unparseable`, `ambiguous`, `empty`, `out-of-set`, `truncated`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::Unparseable => "unparseable",
            Self::Ambiguous => "ambiguous",
            Self::Empty => "empty",
            Self::OutOfSet => "out-of-set",
            Self::Truncated => "truncated",
        }
    }

    /// A sentence for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Refusal => "The model declined to answer.",
            Self::Unparseable => "No answer can be made out in the text.",
            Self::Ambiguous => "The text gives more than one answer.",
            Self::Empty => "The model said nothing.",
            Self::OutOfSet => "The answer is none of the labels asked for.",
            Self::Truncated => "The token limit was reached before an answer came.",
        }
    }
}

/// A text with its thinking block taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thought<'a> {
    /// What was thought, trimmed; empty when nothing.
    pub thought: &'a str,
    /// What was said, trimmed; `None` when the thought never ended, so that the answer is missing, not empty.
    pub answer: Option<&'a str>,
}

/// Splits at the first end of a thinking block.
pub fn split_thought(text: &str) -> Thought<'_> {
    let open = text.trim_start();
    let inside = open
        .strip_prefix(THOUGHT)
        .or_else(|| open.strip_prefix(THOUGHT_MARK));
    match open.split_once(THOUGHT_END) {
        Some((before, after)) => {
            let before = before.strip_prefix(THOUGHT_MARK).unwrap_or(before);
            let thought = before.strip_prefix("thought\n").unwrap_or(before);
            Thought {
                thought: thought.trim(),
                answer: Some(after.trim()),
            }
        }
        None => match inside {
            Some(thought) => Thought {
                thought: thought.trim(),
                answer: None,
            },
            None => Thought {
                thought: "",
                answer: Some(text.trim()),
            },
        },
    }
}

/// What stands after the last `Final Answer:` (any capitals, emphasis marks allowed around it), up to the end of its
/// line; when the line is empty, the next line that is not. `None` without one.
pub fn final_answer(text: &str) -> Option<&str> {
    // ASCII lower case keeps every byte where it was.
    let lower = text.to_ascii_lowercase();
    let mut end = lower.len();
    while let Some(at) = lower[..end].rfind(FINAL) {
        let rest = text[at + FINAL.len()..].trim_start_matches(['*', '_', ' ', '\t']);
        if let Some(rest) = rest.strip_prefix(':') {
            let line = rest.lines().map(tidy).find(|line| !line.is_empty());
            return line.filter(|line| !line.is_empty());
        }
        end = at;
    }
    None
}

/// Without white space, emphasis, quotes and a full stop around it.
fn tidy(text: &str) -> &str {
    let around =
        |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '`' | '"' | '“' | '”' | '\'' | '‘' | '’');
    text.trim_matches(around)
        .trim_end_matches(['.', '。'])
        .trim_matches(around)
}

fn fold(text: &str) -> String {
    tidy(text).to_lowercase()
}

/// The label that a short text names: equal after trimming and case folding, never the nearest one. For labels of the
/// form `X: name` or `(X) name` the letter alone, and either spelling, name the label too.
///
/// # Errors
/// [`Invalid::Empty`], [`Invalid::OutOfSet`], [`Invalid::Ambiguous`] when two labels differ by capitals alone.
pub fn match_label<'l>(text: &str, labels: &'l [String]) -> Result<&'l str, Invalid> {
    if tidy(text).is_empty() {
        return Err(Invalid::Empty);
    }
    if let Some(label) = labels.iter().find(|label| label.trim() == text.trim()) {
        return Ok(label);
    }
    let folded = fold(text);
    let mut found = labels.iter().filter(|label| fold(label) == folded);
    match (found.next(), found.next()) {
        (Some(label), None) => return Ok(label),
        (Some(_), Some(_)) => return Err(Invalid::Ambiguous),
        _ => {}
    }
    let said = choice(&folded);
    let mut found = labels.iter().filter(|label| {
        let own = fold(label);
        match (choice(&own), said) {
            // Both lettered: letter and name must agree. A lone letter is enough.
            (Some((a, name)), Some((b, said))) => a == b && (said.is_empty() || said == name),
            _ => false,
        }
    });
    match (found.next(), found.next()) {
        (Some(label), None) => Ok(label),
        (Some(_), Some(_)) => Err(Invalid::Ambiguous),
        _ => Err(Invalid::OutOfSet),
    }
}

/// Letter and name of `x: name`, `(x) name`, `x) name`, `(x)` or `x`.
fn choice(text: &str) -> Option<(char, &str)> {
    let inner = text.strip_prefix('(').unwrap_or(text);
    let letter = inner.chars().next().filter(char::is_ascii_alphanumeric)?;
    let rest = &inner[1..];
    if rest.is_empty() {
        return Some((letter, ""));
    }
    rest.strip_prefix([':', ')']).map(|name| (letter, name.trim()))
}

/// The label of a generated answer to a closed question: after the thinking block, what follows the last
/// `Final Answer:`, else the whole text. `truncated` says that the token limit ended it.
///
/// # Errors
/// The kind of failure.
pub fn closed_set<'l>(text: &str, labels: &'l [String], truncated: bool) -> Result<&'l str, Invalid> {
    let Some(answer) = split_thought(text).answer else {
        return Err(Invalid::Truncated);
    };
    if let Some(last) = final_answer(answer) {
        return match_label(last, labels);
    }
    match match_label(answer, labels) {
        Ok(label) => Ok(label),
        Err(_) if truncated => Err(Invalid::Truncated),
        Err(_) if declined(answer) => Err(Invalid::Refusal),
        // A short text is an answer that is not in the set; a long one holds none that can be told.
        Err(Invalid::OutOfSet) if answer.lines().count() > 1 || answer.split_whitespace().count() > 12 => {
            Err(Invalid::Unparseable)
        }
        Err(kind) => Err(kind),
    }
}

/// Yes or no: the last final answer, else the first word of the text.
///
/// # Errors
/// The kind of failure; [`Invalid::Ambiguous`] when a final answer or a short text says both.
pub fn yes_no(text: &str, truncated: bool) -> Result<bool, Invalid> {
    let Some(answer) = split_thought(text).answer else {
        return Err(Invalid::Truncated);
    };
    let said = final_answer(answer).unwrap_or(answer);
    let mut words = said
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase);
    let Some(first) = words.next() else {
        return Err(if truncated {
            Invalid::Truncated
        } else {
            Invalid::Empty
        });
    };
    let other = match first.as_str() {
        "yes" => "no",
        "no" => "yes",
        _ if declined(answer) => return Err(Invalid::Refusal),
        _ if truncated => return Err(Invalid::Truncated),
        _ => return Err(Invalid::Unparseable),
    };
    let second = words.next();
    let next = if second.as_deref() == Some("or") {
        words.next()
    } else {
        second
    };
    if next.as_deref() == Some(other) {
        return Err(Invalid::Ambiguous);
    }
    Ok(first == "yes")
}

/// The kind of failure of an open answer, if any.
pub fn open_invalid(text: &str, truncated: bool) -> Option<Invalid> {
    match split_thought(text).answer {
        None => Some(Invalid::Truncated),
        Some("") if truncated => Some(Invalid::Truncated),
        Some("") => Some(Invalid::Empty),
        Some(answer) if declined(answer) => Some(Invalid::Refusal),
        Some(_) => None,
    }
}

/// True when the text opens by declining.
fn declined(text: &str) -> bool {
    const OPENINGS: [&str; 14] = [
        "i cannot",
        "i can't",
        "i can not",
        "i am unable",
        "i'm unable",
        "i am not able",
        "i'm not able",
        "i am sorry",
        "i'm sorry",
        "sorry,",
        "as an ai",
        "as a large language model",
        "i do not feel comfortable",
        "i won't",
    ];
    let text = text.trim_start().replace('’', "'").to_lowercase();
    OPENINGS.iter().any(|opening| text.starts_with(opening))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(all: &[&str]) -> Vec<String> {
        all.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn the_last_final_answer_counts() {
        assert_eq!(
            final_answer("Final Answer: no … but then\nFINAL ANSWER:  Yes. \nbye"),
            Some("Yes")
        );
        assert_eq!(final_answer("**Final Answer**: pneumonia"), Some("pneumonia"));
        assert_eq!(
            final_answer("**Final Answer:** \n\n**\"left effusion\"**"),
            Some("left effusion")
        );
        assert_eq!(
            final_answer("final answer: a. The final answer is above"),
            Some("a. The final answer is above")
        );
        assert_eq!(final_answer("the final answer is no"), None);
        assert_eq!(final_answer("Final Answer:"), None);
    }

    #[test]
    fn thoughts_are_taken_off() {
        let t = split_thought("<unused94>thought\nhmm<unused95>yes");
        assert_eq!((t.thought, t.answer), ("hmm", Some("yes")));
        let t = split_thought("<unused94>thought\nhmm, still");
        assert_eq!((t.thought, t.answer), ("hmm, still", None));
        assert_eq!(split_thought(" yes ").answer, Some("yes"));
        assert_eq!(
            closed_set("<unused94>thought\nFinal Answer: yes", &labels(&["yes"]), true),
            Err(Invalid::Truncated)
        );
    }

    #[test]
    fn labels_match_exactly_or_not_at_all() {
        let set = labels(&["Pneumonia", "no finding", "Pleural effusion"]);
        assert_eq!(closed_set(" pneumonia. ", &set, false), Ok("Pneumonia"));
        assert_eq!(
            closed_set("Because …\nFinal Answer: **No Finding**", &set, false),
            Ok("no finding")
        );
        assert_eq!(closed_set("Pneumonias", &set, false), Err(Invalid::OutOfSet));
        assert_eq!(
            closed_set("Final Answer: left pneumonia", &set, false),
            Err(Invalid::OutOfSet)
        );
        assert_eq!(closed_set("", &set, false), Err(Invalid::Empty));
        assert_eq!(
            closed_set("The image shows\nmany things", &set, false),
            Err(Invalid::Unparseable)
        );
        assert_eq!(
            closed_set("The image shows\nmany", &set, true),
            Err(Invalid::Truncated)
        );
        assert_eq!(
            closed_set("I’m sorry, but no.", &set, false),
            Err(Invalid::Refusal)
        );
        let twins = labels(&["MS", "ms"]);
        assert_eq!(closed_set("MS", &twins, false), Ok("MS"));
        assert_eq!(closed_set("Ms", &twins, false), Err(Invalid::Ambiguous));
    }

    #[test]
    fn lettered_labels_match_by_letter_or_either_spelling() {
        let set = labels(&["A: adipose", "B: background"]);
        for text in ["A: adipose", "(A) adipose", "a", "(A)", "A)"] {
            assert_eq!(closed_set(text, &set, false), Ok("A: adipose"), "{text}");
        }
        assert_eq!(closed_set("A: background", &set, false), Err(Invalid::OutOfSet));
        assert_eq!(
            closed_set("Final Answer: (B)", &labels(&["A", "B"]), false),
            Ok("B")
        );
    }

    #[test]
    fn yes_and_no() {
        assert_eq!(yes_no("Yes, there is.", false), Ok(true));
        assert_eq!(yes_no("reasons\nFinal Answer: no", false), Ok(false));
        assert_eq!(yes_no("yes or no", false), Err(Invalid::Ambiguous));
        assert_eq!(yes_no("yes/no", false), Err(Invalid::Ambiguous));
        assert_eq!(yes_no("Nothing to see", false), Err(Invalid::Unparseable));
        assert_eq!(yes_no("", false), Err(Invalid::Empty));
        assert_eq!(yes_no("I cannot tell", false), Err(Invalid::Refusal));
    }

    #[test]
    fn open_answers_fail_only_when_nothing_was_said() {
        assert_eq!(open_invalid("Clear lungs.", true), None);
        assert_eq!(open_invalid(" ", false), Some(Invalid::Empty));
        assert_eq!(open_invalid("As an AI, I …", false), Some(Invalid::Refusal));
    }

    #[test]
    fn ids_are_what_is_serialised() {
        for kind in [
            Invalid::Refusal,
            Invalid::OutOfSet,
            Invalid::Truncated,
            Invalid::Empty,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.id());
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_label_is_invented(text in "\\PC{0,60}", answer in "(?i)final answer[:* ]{0,3}\\PC{0,20}") {
            let set = labels(&["yes", "no", "ÄÖ", "(x)"]);
            for text in [text.clone(), format!("{text}\n{answer}")] {
                if let Ok(label) = closed_set(&text, &set, false) {
                    prop_assert!(set.iter().any(|l| l == label));
                }
                let _ = (yes_no(&text, true), open_invalid(&text, false));
            }
        }
    }
}
