//! What was thought aloud, and the marks that end a turn, taken off before an answer is looked for.

use std::ops::Range;

/// How thoughts are fenced: what opens, what closes. Matched in ASCII small letters.
const FENCES: [(&str, &str); 4] = [
    ("<unused94>", "<unused95>"),
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
];

/// What ends a turn in the templates of usual models.
const ENDS: [&str; 6] = [
    "<end_of_turn>",
    "<eos>",
    "</s>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|endoftext|>",
];

/// The bytes of `text` in which the answer stands, trimmed; `None` when a thought was opened and never closed, so that
/// the answer is missing, not empty. A closing mark alone ends a thought too: the opening one is often dropped.
pub fn without_thought(text: &str) -> Option<Range<usize>> {
    // ASCII lower case keeps every byte where it was.
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    for (open, close) in FENCES {
        let rest = lower.get(from..).unwrap_or_default();
        if let Some(at) = rest.find(close) {
            from += at + close.len();
        } else if rest.trim_start().starts_with(open) {
            return None;
        }
    }
    let mut to = text.len();
    loop {
        let part = lower.get(from..to).unwrap_or_default();
        let trimmed = part.trim_end();
        let cut = ENDS.iter().find_map(|end| trimmed.strip_suffix(end));
        to = from + cut.unwrap_or(trimmed).len();
        if cut.is_none() {
            break;
        }
    }
    let part = text.get(from..to).unwrap_or_default();
    Some(from + (part.len() - part.trim_start().len())..to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_and_ends_are_no_answer() {
        for (text, wanted) in [
            (
                "<unused94>thought\nhmm<unused95> yes <end_of_turn>\n",
                Some("yes"),
            ),
            ("hmm, or no</think>\nyes", Some("yes")),
            ("<THINK>hmm", None),
            ("<unused94>thought\nFinal Answer: yes", None),
            (" yes ", Some("yes")),
            ("yes<eos></s>", Some("yes")),
            ("<think>a</think>", Some("")),
            ("", Some("")),
        ] {
            assert_eq!(without_thought(text).map(|span| &text[span]), wanted, "{text}");
        }
    }
}
