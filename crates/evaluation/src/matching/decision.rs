//! What people decided on answers that no rule could judge: JSON Lines that only grow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::judge::{Judgement, Verdict};
use super::synonyms::hex;
use crate::error::{InputError, without_mark};

/// One decision, one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whose answer.
    pub reader: String,
    /// To which case.
    pub case: String,
    /// What it is. `undecided` takes an earlier decision back.
    pub verdict: Verdict,
    /// The label it comes to, when the person named one.
    #[serde(default)]
    pub label: Option<String>,
    /// Who decided.
    pub who: String,
    /// Why, in words.
    pub why: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Of which text: [`answer_hash`].
    pub answer_hash: String,
}

/// SHA-256 of an answer's raw text in UTF-8: `sha256:` and 64 hex digits.
pub fn answer_hash(text: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(text.as_bytes()), 32))
}

/// The decisions of a file, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// In the order of the file.
    pub all: Vec<Decision>,
    /// True when the last line is cut short, as a killed program leaves it; that line is left out.
    pub cut: bool,
}

/// Reads decisions; blank lines are skipped.
///
/// # Errors
/// [`InputError`] with the line: not a decision, or no `reader`, `case`, `who`, `why` or `answer_hash`.
pub fn read(file: &str, text: &str) -> Result<Decisions, InputError> {
    let text = without_mark(text);
    let mut out = Decisions::default();
    let last = text.split('\n').count();
    for (index, line) in text.split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let fail = |reason: String| InputError::new(file, index as u64 + 1, reason);
        let decision: Decision = match serde_json::from_str(line) {
            Ok(decision) => decision,
            // Without a line end and not whole: it was being written.
            Err(error) if index + 1 == last && error.is_eof() => {
                out.cut = true;
                continue;
            }
            Err(error) => return Err(fail(format!("it is not a decision ({error})"))),
        };
        let cells = [
            ("reader", &decision.reader),
            ("case", &decision.case),
            ("who", &decision.who),
            ("why", &decision.why),
            ("answer_hash", &decision.answer_hash),
        ];
        if let Some((name, _)) = cells.iter().find(|(_, cell)| cell.trim().is_empty()) {
            return Err(fail(format!("`{name}` is empty")));
        }
        out.all.push(decision);
    }
    Ok(out)
}

/// A decision as a line, with its line end, to be appended.
pub fn line(decision: &Decision) -> String {
    let mut out = serde_json::to_string(decision).unwrap_or_default();
    out.push('\n');
    out
}

/// An answer with its judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Whose answer.
    pub reader: String,
    /// To which case.
    pub case: String,
    /// [`answer_hash`] of its text.
    pub answer_hash: String,
    /// What the rules say.
    pub judgement: Judgement,
    /// The decision that counts instead.
    pub decision: Option<Decision>,
}

impl Judged {
    /// The verdict that counts.
    pub fn verdict(&self) -> Verdict {
        self.decision
            .as_ref()
            .map_or(self.judgement.verdict, |d| d.verdict)
    }

    /// The label that counts: the person's, else that of the rules.
    pub fn label(&self) -> Option<&str> {
        let own = self.decision.as_ref().and_then(|d| d.label.as_deref());
        own.or(self.judgement.label.as_deref())
    }
}

/// What applying decisions came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Answers with a decision that counts.
    pub applied: usize,
    /// Decisions on a text that the reader no longer gives; not applied.
    pub stale: Vec<Decision>,
    /// Decisions on answers that are not here; not applied.
    pub unknown: Vec<Decision>,
    /// Decisions that a later one of the same answer replaced.
    pub replaced: usize,
}

/// Applies decisions: the last one of a reader, a case and a text counts. One taken back leaves the rules' judgement.
pub fn apply(judged: &mut [Judged], decisions: &[Decision]) -> Applied {
    let mut out = Applied::default();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (at, one) in judged.iter_mut().enumerate() {
        one.decision = None;
        places.insert((one.reader.clone(), one.case.clone()), at);
    }
    let mut last: BTreeMap<(&str, &str, &str), &Decision> = BTreeMap::new();
    for decision in decisions {
        let key = (
            decision.reader.as_str(),
            decision.case.as_str(),
            decision.answer_hash.as_str(),
        );
        out.replaced += usize::from(last.insert(key, decision).is_some());
    }
    for decision in last.into_values() {
        let at = places.get(&(decision.reader.clone(), decision.case.clone()));
        let Some(one) = at.and_then(|at| judged.get_mut(*at)) else {
            out.unknown.push(decision.clone());
            continue;
        };
        if one.answer_hash != decision.answer_hash {
            out.stale.push(decision.clone());
        } else if decision.verdict != Verdict::Undecided {
            one.decision = Some(decision.clone());
            out.applied += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use overread_protocol::answer::Invalid;

    use super::*;

    fn decision(case: &str, verdict: Verdict, text: &str) -> Decision {
        Decision {
            reader: "r".to_owned(),
            case: case.to_owned(),
            verdict,
            label: Some("hernia".to_owned()),
            who: "R. Reader".to_owned(),
            why: "another name of it".to_owned(),
            at: "2026-01-02T03:04:05.000Z".to_owned(),
            answer_hash: answer_hash(text),
        }
    }

    fn judged(case: &str, text: &str) -> Judged {
        Judged {
            reader: "r".to_owned(),
            case: case.to_owned(),
            answer_hash: answer_hash(text),
            judgement: Judgement::bare(Verdict::Undecided, "text/prose".to_owned()),
            decision: None,
        }
    }

    #[test]
    fn the_last_decision_on_the_same_text_counts() {
        let mut all = [judged("1", "a"), judged("2", "b"), judged("3", "c")];
        let decisions = [
            decision("1", Verdict::Wrong, "a"),
            decision("1", Verdict::Right, "a"),
            decision("2", Verdict::Right, "what was said before"),
            decision("3", Verdict::Right, "c"),
            decision("3", Verdict::Undecided, "c"),
            decision("9", Verdict::Right, "a"),
        ];
        let applied = apply(&mut all, &decisions);
        assert_eq!((applied.applied, applied.replaced), (1, 2));
        assert_eq!((applied.stale.len(), applied.unknown.len()), (1, 1));
        assert_eq!(all[0].verdict(), Verdict::Right);
        assert_eq!(all[0].label(), Some("hernia"));
        assert_eq!(all[2].verdict(), Verdict::Undecided);
        // Applied again without them, the rules count again.
        assert_eq!(apply(&mut all, &[]).applied, 0);
        assert_eq!(all[0].verdict(), Verdict::Undecided);
    }

    #[test]
    fn lines_come_back_and_a_cut_one_is_told() {
        let mut text = line(&decision("1", Verdict::Right, "a"));
        text.push_str(&line(&decision("2", Verdict::Invalid(Invalid::Refusal), "b")));
        assert!(text.contains(r#""verdict":{"invalid":"refusal"}"#));
        let found = read("d.jsonl", &text).unwrap();
        assert!(found.all.len() == 2 && !found.cut);
        let cut = read("d.jsonl", &text[..text.len() - 20]).unwrap();
        assert!(cut.all.len() == 1 && cut.cut);
        let wrong = read("d.jsonl", &text.replace("R. Reader", " ")).unwrap_err();
        assert!(wrong.line == 1 && wrong.reason.contains("`who`"), "{wrong}");
        assert!(read("d.jsonl", "{}\n").is_err());
        assert_eq!(answer_hash("").len(), 71);
    }
}
