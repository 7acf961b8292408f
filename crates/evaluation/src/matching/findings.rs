//! All labels of a set, each present, absent, uncertain or not mentioned, from a list or a report.

use std::ops::Range;

use overread_protocol::answer::words::same;
use overread_protocol::answer::{Invalid, Mark, missing};
use serde::{Deserialize, Serialize};

use super::hierarchy::Level;
use super::judge::{Hedge, Judge, Judgement, Said, Verdict};
use super::parse::{Body, is_brief, side_of, span_of};
use super::scope::{State, mentions};

/// What a text says of a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The label, as listed.
    pub label: String,
    /// What is said of it. Said several times, present comes before uncertain before absent.
    pub state: State,
    /// True when it is said to be there and not to be there.
    pub conflict: bool,
    /// The bytes of the raw text that say it.
    pub span: Option<Range<usize>>,
}

impl Judge {
    /// What a text says of every label, in their order.
    ///
    /// # Errors
    /// The kind of invalidity of a text that says nothing of any label and is no report.
    pub fn findings(&self, said: Said<'_>) -> Result<Vec<Finding>, Invalid> {
        if let Some(kind) = said
            .invalid
            .filter(|k| !matches!(k, Invalid::Truncated | Invalid::Loop))
        {
            return Err(kind);
        }
        let body = Body::of(said.text, said.complete)?;
        if body.is_foreign(said.text) {
            return Err(Invalid::WrongLanguage);
        }
        let found = read(self, said.text, &body);
        let silent = found.iter().all(|f| f.state == State::NotMentioned);
        if silent {
            let kind = missing(said.text.get(body.all).unwrap_or_default(), said.complete);
            if kind != Invalid::Unparseable {
                return Err(kind);
            }
        }
        Ok(found)
    }
}

fn strength(state: State) -> u8 {
    match state {
        State::Present => 3,
        State::Uncertain => 2,
        State::Absent => 1,
        State::NotMentioned => 0,
    }
}

fn read(judge: &Judge, raw: &str, body: &Body) -> Vec<Finding> {
    let part = if body.mark == Some(Mark::Line) {
        body.said.clone()
    } else {
        body.all.clone()
    };
    let stream = judge.lexicon.stream(raw, part);
    let brief = is_brief(&stream);
    let lexicon = &judge.lexicon;
    let mut out: Vec<Finding> = judge
        .rules
        .labels
        .iter()
        .map(|label| Finding {
            label: label.clone(),
            state: State::NotMentioned,
            conflict: false,
            span: None,
        })
        .collect();
    for mention in mentions(lexicon, raw, &stream) {
        if lexicon.clashes(&mention.found) {
            continue;
        }
        let (side, span) = (side_of(&stream, &mention.found), span_of(&stream, &mention.found));
        let terms = lexicon.terms_of(&mention.found);
        let named = lexicon.labels_of(&mention.found);
        for (index, entry) in lexicon.labels.iter().enumerate() {
            let near = terms.iter().map(|t| lexicon.level(*t, entry.term)).min();
            let level = match near.unwrap_or(Level::Unrelated) {
                _ if named.contains(&index) => Level::Exact,
                // Written as another label: its synonym here is not meant.
                Level::Exact | Level::Synonym if !named.is_empty() => continue,
                level => level,
            };
            // A kind that is there shows the whole to be there; a whole that is not there leaves no kind.
            let holds = match level {
                Level::Exact | Level::Synonym => true,
                Level::Descendant => matches!(mention.state, State::Present | State::Uncertain),
                Level::Ancestor => mention.state == State::Absent,
                Level::Sibling | Level::Unrelated => false,
            };
            let fits = entry.side.is_none() || side.is_none() || entry.side == side;
            // Prose says `normal` of a part.
            let in_passing = !brief && is_plain_normal(raw.get(span.clone()).unwrap_or_default());
            let Some(finding) = out.get_mut(index).filter(|_| holds && fits && !in_passing) else {
                continue;
            };
            let both = [finding.state, mention.state];
            finding.conflict |= both.contains(&State::Present) && both.contains(&State::Absent);
            if strength(mention.state) > strength(finding.state) {
                finding.state = mention.state;
                finding.span = Some(span.clone());
            }
        }
    }
    out
}

fn is_plain_normal(said: &str) -> bool {
    ["normal", "unremarkable", "healthy", "within normal limits"]
        .iter()
        .any(|word| same(word, said))
}

/// True for a label that says that nothing is there.
fn says_nothing(label: &str) -> bool {
    [
        "normal",
        "no finding",
        "no findings",
        "healthy",
        "none",
        "negative",
    ]
    .iter()
    .any(|word| same(word, label))
}

pub(crate) fn judge(judge: &Judge, raw: &str, body: &Body, complete: bool, truth: &[String]) -> Judgement {
    let said = Said {
        text: raw,
        complete,
        invalid: None,
    };
    let found = match judge.findings(said) {
        Ok(found) => found,
        Err(kind) => return Judgement::invalid(kind, body.place()),
    };
    let rule = |how: &str| format!("{}/findings/{how}", body.place());
    if found.iter().all(|f| f.state == State::NotMentioned) {
        return Judgement::bare(Verdict::Undecided, rule("none"));
    }
    let doubted = found.iter().any(|f| f.state == State::Uncertain);
    let there = |f: &&Finding| match f.state {
        State::Present => true,
        State::Uncertain => judge.rules.hedge == Hedge::Said,
        State::Absent | State::NotMentioned => false,
    };
    let present: Vec<&str> = found
        .iter()
        .filter(there)
        .map(|f| f.label.as_str())
        .filter(|l| !says_nothing(l))
        .collect();
    let wanted: Vec<&String> = truth.iter().filter(|t| !says_nothing(t)).collect();
    let hits = wanted
        .iter()
        .filter(|t| present.iter().any(|p| same(p, t)))
        .count();
    let mut out = Judgement::bare(Verdict::Undecided, rule("set"));
    out.hedged = doubted;
    out.label = Some(present.join("; ")).filter(|joined| !joined.is_empty());
    out.verdict = if truth.is_empty() || doubted && judge.rules.hedge == Hedge::Undecided {
        Verdict::Undecided
    } else if hits == wanted.len() && hits == present.len() {
        Verdict::Right
    } else if hits > 0 {
        Verdict::Partial
    } else {
        Verdict::Wrong
    };
    out
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Rules, Task};
    use super::super::{Hierarchy, Synonyms};
    use super::*;

    fn judge() -> Judge {
        let labels = [
            "Pleural Effusion",
            "Lung Opacity",
            "Consolidation",
            "Pneumothorax",
            "No Finding",
        ];
        let mut rules = Rules::new(Task::Findings, &labels.map(str::to_owned));
        rules.synonyms = Synonyms::radiology();
        rules.hierarchy = Hierarchy::read("h", "child,parent\nconsolidation,lung opacity\n").unwrap();
        Judge::new(rules)
    }

    fn codes(text: &str) -> Vec<Option<i8>> {
        judge()
            .findings(Said::whole(text))
            .unwrap()
            .iter()
            .map(|f| f.state.code())
            .collect()
    }

    #[test]
    fn a_report_becomes_a_row() {
        let text = "The heart is normal in size. There is pleural fluid on the left. No pneumothorax. \
                    Airspace disease cannot be excluded. The bones are unremarkable, as far as they are seen here.";
        assert_eq!(codes(text), [Some(1), Some(-1), Some(-1), Some(0), None]);
        assert_eq!(
            codes("No lung opacity."),
            [None, Some(0), Some(0), None, None],
            "no whole, no kind"
        );
        assert_eq!(codes("No consolidation."), [None, None, Some(0), None, None]);
        assert_eq!(codes("Normal study."), [None, None, None, None, Some(1)]);
    }

    #[test]
    fn contradictions_are_marked() {
        let found = judge()
            .findings(Said::whole("No pneumothorax. Small pneumothorax on the right."))
            .unwrap();
        assert!(found[3].conflict && found[3].state == State::Present);
        assert!(!found[0].conflict);
    }

    #[test]
    fn sets_are_held_against_sets() {
        let judge = judge();
        let truth = ["Pleural Effusion", "Pneumothorax"].map(str::to_owned);
        let verdict = |text: &str, truth: &[String]| judge.judge(Said::whole(text), truth).verdict;
        assert_eq!(
            verdict("Pneumothorax: yes\nPleural effusion: yes", &truth),
            Verdict::Right
        );
        assert_eq!(verdict("Final Answer: pneumothorax", &truth), Verdict::Partial);
        assert_eq!(verdict("Final Answer: no pneumothorax", &truth), Verdict::Wrong);
        assert_eq!(verdict("No finding.", &["No Finding".to_owned()]), Verdict::Right);
        assert_eq!(
            verdict("A report on nothing that was asked.", &truth),
            Verdict::Undecided
        );
        assert_eq!(
            verdict("I cannot help with that.", &truth),
            Verdict::Invalid(Invalid::Refusal)
        );
    }
}
