//! What an open answer says: never mapped to the nearest label, never guessed.

/// What was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// One of the labels, as it was listed.
    Label(String),
    /// Nothing usable, and why: `empty`, `truncated`, `refusal`, `unparseable`, `out-of-set`, `ambiguous`.
    Invalid(&'static str),
}

/// The text after the last `Final Answer:`, whatever its capitals; `None` when there is none.
pub fn final_answer(text: &str) -> Option<&str> {
    const MARK: &str = "final answer:";
    let lower = text.to_ascii_lowercase();
    let at = lower.rfind(MARK)? + MARK.len();
    let line = text.get(at..)?.lines().next().unwrap_or_default();
    Some(line.trim().trim_matches(['*', '.', '"', '\'', '(', ')', ' ']))
}

/// Finds the label of a closed set. Without a `Final Answer:` the whole text must be a label.
pub fn closed_set(text: &str, labels: &[String], complete: bool) -> Parsed {
    let text = text.trim();
    if text.is_empty() {
        return Parsed::Invalid(if complete { "empty" } else { "truncated" });
    }
    let found = final_answer(text);
    let said = found
        .unwrap_or(text)
        .trim_matches(['*', '.', '"', '\'', '(', ')', ' ']);
    let same: Vec<&String> = labels.iter().filter(|label| is_said(label, said)).collect();
    match (same.as_slice(), found) {
        ([label], _) => Parsed::Label((*label).clone()),
        ([_, _, ..], _) => Parsed::Invalid("ambiguous"),
        ([], Some(_)) => Parsed::Invalid("out-of-set"),
        ([], None) if refuses(text) => Parsed::Invalid("refusal"),
        ([], None) if !complete => Parsed::Invalid("truncated"),
        ([], None) => Parsed::Invalid("unparseable"),
    }
}

/// The rule of [`vote`], for the record.
pub const VOTE: &str = "final-answer/1";

/// What a sampled answer votes for, when answers are counted: a label of the set, or without a set the words after its
/// last `Final Answer:`, in small letters and single spaces.
///
/// # Errors
/// The kind of invalidity, as readings keep it.
pub fn vote(text: &str, labels: &[String], complete: bool) -> Result<String, String> {
    if !labels.is_empty() {
        return match closed_set(text, labels, complete) {
            Parsed::Label(label) => Ok(label),
            Parsed::Invalid(kind) => Err(kind.to_owned()),
        };
    }
    let said = final_answer(text).map(|said| {
        said.to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    });
    match said {
        Some(said) if !said.is_empty() => Ok(said),
        _ if text.trim().is_empty() => Err(if complete { "empty" } else { "truncated" }.to_owned()),
        _ if refuses(text) => Err("refusal".to_owned()),
        _ if !complete => Err("truncated".to_owned()),
        _ => Err("unparseable".to_owned()),
    }
}

/// True when `said` is the label. An option `X: name` may also be said as `(X) name`, `X) name`, `X` or `name`: each
/// names it and nothing else.
fn is_said(label: &str, said: &str) -> bool {
    let plain = |text: &str| text.trim().to_lowercase();
    let (label, said) = (plain(label), plain(said));
    if label == said {
        return true;
    }
    let Some((letter, name)) = label.split_once(": ").filter(|(letter, _)| is_letter(letter)) else {
        return false;
    };
    match said.strip_prefix('(').unwrap_or(&said).split_once(')') {
        Some((own, rest)) => own == letter && (rest.trim().is_empty() || rest.trim() == name),
        None => said == letter || said == name,
    }
}

fn is_letter(text: &str) -> bool {
    text.len() == 1 && text.bytes().all(|b| b.is_ascii_lowercase())
}

/// True for the usual words of a refusal.
pub fn refuses(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "i cannot",
        "i can't",
        "i am unable",
        "i'm unable",
        "as an ai",
        "not able to provide",
    ]
    .iter()
    .any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["yes", "no", "pleural effusion"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_last_final_answer_counts() {
        let text = "Final Answer: yes\nOn reflection, **final answer: No.**";
        assert_eq!(closed_set(text, &labels(), true), Parsed::Label("no".into()));
    }

    #[test]
    fn votes_are_what_was_finally_said() {
        assert_eq!(
            vote("Well. Final Answer: No.", &labels(), false),
            Ok("no".to_owned())
        );
        assert_eq!(
            vote("Final Answer: **Small  Effusion**", &[], true),
            Ok("small effusion".to_owned())
        );
        assert_eq!(
            vote("A small effusion.", &[], true),
            Err("unparseable".to_owned())
        );
        assert_eq!(vote("A small", &[], false), Err("truncated".to_owned()));
        assert_eq!(vote("Final Answer:", &[], true), Err("unparseable".to_owned()));
        assert_eq!(
            vote("Final Answer: maybe", &labels(), true),
            Err("out-of-set".to_owned())
        );
    }

    #[test]
    fn an_option_is_named_by_its_letter_or_its_name() {
        let options = ["A: adipose", "B: background", "C: smooth muscle"].map(str::to_owned);
        let parse = |text: &str| closed_set(text, &options, true);
        for text in [
            "C: smooth muscle",
            "Final Answer: (C) smooth muscle",
            "Final Answer: (C)",
            "final answer: C",
            "Final Answer: smooth muscle.",
        ] {
            assert_eq!(parse(text), Parsed::Label("C: smooth muscle".into()), "{text}");
        }
        assert_eq!(
            parse("Final Answer: (A) background"),
            Parsed::Invalid("out-of-set")
        );
        assert_eq!(parse("Final Answer: muscle"), Parsed::Invalid("out-of-set"));
        assert_eq!(parse("Final Answer: D"), Parsed::Invalid("out-of-set"));
    }

    #[test]
    fn nothing_is_mapped_to_the_nearest() {
        assert_eq!(
            closed_set("Final Answer: effusion", &labels(), true),
            Parsed::Invalid("out-of-set")
        );
        assert_eq!(
            closed_set("There is an effusion, yes.", &labels(), true),
            Parsed::Invalid("unparseable")
        );
        assert_eq!(
            closed_set("I cannot read this image.", &labels(), true),
            Parsed::Invalid("refusal")
        );
        assert_eq!(closed_set("", &labels(), true), Parsed::Invalid("empty"));
        assert_eq!(
            closed_set("The lungs are", &labels(), false),
            Parsed::Invalid("truncated")
        );
    }
}
