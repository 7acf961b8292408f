//! Thinking models: the thought kept apart from the answer.

use crate::tokenizer::Tokenizer;

/// Thinking models wrap their thought in `<unused94>` and `<unused95>`: split by id, before decoding drops them.
pub(crate) fn split_thought<'a>(
    ids: &'a [u32],
    eos: &[u32],
    tokenizer: &Tokenizer,
) -> (Option<String>, &'a [u32]) {
    let ids = match ids.split_last() {
        Some((last, rest)) if eos.contains(last) => rest,
        _ => ids,
    };
    let (Some(open), Some(close)) = (tokenizer.id("<unused94>"), tokenizer.id("<unused95>")) else {
        return (None, ids);
    };
    match (ids.first() == Some(&open), ids.iter().position(|id| *id == close)) {
        (_, Some(end)) => {
            let thought = &ids[usize::from(ids.first() == Some(&open))..end];
            let text = tokenizer.decode(thought, false);
            (
                Some(text.trim_start_matches("thought\n").trim().to_owned()),
                &ids[end + 1..],
            )
        }
        // The thought never ended: there is no answer.
        (true, None) => (Some(tokenizer.decode(&ids[1..], false)), &[]),
        (false, None) => (None, ids),
    }
}
