//! The case table: which cases, in which order, and what stands in a row. What blind mode withholds is neither shown nor
//! found nor ordered by.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use crate::case_set::{CaseSpec, Task};
use crate::error::trim;
use crate::evaluated::bench::{Bench, right};
use crate::evaluated::cases::{CaseAnswer, CaseOrder, CaseQuery, CaseRow, CasesPage, Cell, Verdict};
use crate::evaluated::evaluation::{Evaluation, Reader};
use crate::evaluated::filter::Filter;
use crate::recorded::Recorded;

/// Most rows of a page.
const PAGE: u32 = 1000;
/// Characters of an open answer in the table.
const SHORT: usize = 120;

/// A page of the case table. `hidden` tells the places (from 0) that blind mode withholds.
pub fn cases_page(of: &Evaluation, query: &CaseQuery, hidden: &dyn Fn(usize) -> bool) -> CasesPage {
    let bench = &of.bench;
    let selection = of.select(bench, &query.filter);
    let speaks_of_truth = speaks(query);
    let wanted = Wanted::new(of, query);
    let mut cases: Vec<(usize, bool)> = Vec::with_capacity(selection.cases.len());
    for case in &selection.cases {
        let case = *case as usize;
        let hide = hidden(case);
        if !(hide && speaks_of_truth) && wanted.holds(of, bench, case, hide) {
            cases.push((case, hide));
        }
    }
    sort(of, bench, query, wanted.reader, &mut cases);
    let limit = if query.limit == 0 {
        PAGE
    } else {
        query.limit.min(PAGE)
    };
    let rows = cases.iter().skip(query.offset as usize).take(limit as usize);
    let rows = rows
        .filter_map(|(case, hide)| row(of, bench, &selection.readers, *case, *hide))
        .collect();
    CasesPage {
        total: cases.len() as u32,
        offset: query.offset,
        rows,
    }
}

/// The query asks for something that only truth or answers can tell.
fn speaks(query: &CaseQuery) -> bool {
    let Filter { labels, invalid, .. } = &query.filter;
    query.cell.is_some()
        || query.verdict.is_some()
        || !query.only_right.is_empty()
        || !labels.is_empty()
        || !invalid.is_empty()
}

struct Wanted<'a> {
    query: &'a CaseQuery,
    /// The reader that order and verdict speak of.
    reader: Option<usize>,
    cell_reader: Option<usize>,
    pair: Option<(usize, usize)>,
    find: Vec<String>,
}

impl<'a> Wanted<'a> {
    fn new(of: &Evaluation, query: &'a CaseQuery) -> Self {
        let first = (!of.readers.is_empty()).then_some(0);
        let pair = match query.only_right.as_slice() {
            [a, b] => of.reader(a).zip(of.reader(b)),
            _ => None,
        };
        Self {
            query,
            reader: if query.reader.is_empty() {
                first
            } else {
                of.reader(&query.reader)
            },
            cell_reader: query.cell.as_ref().and_then(|c| of.reader(&c.reader)),
            pair,
            find: query.find.split_whitespace().map(str::to_lowercase).collect(),
        }
    }

    fn holds(&self, of: &Evaluation, bench: &Bench, case: usize, hide: bool) -> bool {
        let verdict = |reader: usize| {
            of.readers
                .get(reader)
                .map_or(Verdict::Missing, |r| bench.verdict(&r.counting, case))
        };
        if let Some(wanted) = self.query.verdict {
            let one = |reader: usize| verdict(reader) == wanted;
            let any = || (0..of.readers.len()).any(one);
            let holds = if self.query.reader.is_empty() {
                any()
            } else {
                self.reader.is_some_and(one)
            };
            if !holds {
                return false;
            }
        }
        if let Some(cell) = &self.query.cell
            && !self
                .cell_reader
                .is_some_and(|r| in_cell(of, bench, r, case, cell))
        {
            return false;
        }
        if !self.query.only_right.is_empty() {
            let exactly_first = self
                .pair
                .is_some_and(|(a, b)| (right(verdict(a)), right(verdict(b))) == (Some(true), Some(false)));
            if !exactly_first {
                return false;
            }
        }
        self.find.is_empty() || self.found(of, bench, case, hide)
    }

    fn found(&self, of: &Evaluation, bench: &Bench, case: usize, hide: bool) -> bool {
        let mut text = format!("{} ", case + 1);
        if let (false, Some(spec)) = (hide, of.set.cases.get(case)) {
            for part in [&spec.id, &spec.patient, &spec.split, &spec.modality] {
                text.push_str(part);
                text.push(' ');
            }
            text.push_str(&truth_words(of, bench, case));
            for reader in &of.readers {
                text.push(' ');
                text.push_str(&said_words(of, reader, case));
            }
        }
        let text = text.to_lowercase();
        self.find.iter().all(|word| text.contains(word.as_str()))
    }
}

fn in_cell(of: &Evaluation, bench: &Bench, reader: usize, case: usize, cell: &Cell) -> bool {
    let truth = bench.truths.get(case).is_some_and(|t| t.known)
        && (cell.truth.is_empty() || of.truth_labels(bench, case).contains(&cell.truth));
    let Some(own) = of.readers.get(reader) else {
        return false;
    };
    let Some(answer) = own.counting.get(case).copied().flatten() else {
        return false;
    };
    let Some(said) = of.said.get(answer as usize) else {
        return false;
    };
    let as_said = if cell.said.is_empty() {
        true
    } else if cell.said == "invalid" {
        said.invalid.is_some()
    } else {
        let label = said.label.and_then(|l| of.labels.get(l as usize)) == Some(&cell.said);
        let listed = of
            .labels
            .iter()
            .zip(&said.yes)
            .any(|(l, yes)| *yes && *l == cell.said);
        said.invalid.is_none() && (label || listed)
    };
    truth && as_said
}

/// Hidden cases go last in an order that answers decide.
fn sort(
    of: &Evaluation,
    bench: &Bench,
    query: &CaseQuery,
    reader: Option<usize>,
    cases: &mut [(usize, bool)],
) {
    let own = reader.and_then(|r| of.readers.get(r));
    let verdict = |case: usize| own.map_or(Verdict::Missing, |r| bench.verdict(&r.counting, case));
    let confidence = |case: usize| {
        let answer = own?.counting.get(case).copied().flatten()?;
        of.said.get(answer as usize)?.confidence
    };
    let falling = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    match query.order {
        CaseOrder::Set => {}
        CaseOrder::Confidence => cases.sort_by(|a, b| {
            a.1.cmp(&b.1)
                .then_with(|| falling(confidence(a.0), confidence(b.0)))
        }),
        CaseOrder::ConfidentlyWrong => {
            let class = |case: usize| match verdict(case) {
                Verdict::Wrong => 0,
                Verdict::Partial => 1,
                Verdict::Invalid => 2,
                _ => 3,
            };
            cases.sort_by(|a, b| -> Ordering {
                let key = |c: &(usize, bool)| (c.1, class(c.0));
                key(a)
                    .cmp(&key(b))
                    .then_with(|| falling(confidence(a.0), confidence(b.0)))
            });
        }
        CaseOrder::Disagreement => {
            let mut by: Vec<(Reverse<u32>, (usize, bool))> = cases
                .iter()
                .map(|c| (Reverse(disagreement(of, c.0)), *c))
                .collect();
            by.sort_by_key(|(share, (_, hide))| (*hide, *share));
            for (place, (_, case)) in cases.iter_mut().zip(by) {
                *place = case;
            }
        }
        CaseOrder::Undecided => {
            let waits = |case: usize| {
                of.readers
                    .iter()
                    .any(|r| bench.verdict(&r.counting, case) == Verdict::Undecided)
            };
            cases.sort_by_key(|c| (c.1, !waits(c.0)));
        }
    }
}

/// How far readers differ: parts in a million of them that did not say what most said.
fn disagreement(of: &Evaluation, case: usize) -> u32 {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut n = 0_u32;
    for reader in &of.readers {
        if reader.counting.get(case).copied().flatten().is_some() {
            *counts
                .entry(said_words(of, reader, case).to_lowercase())
                .or_default() += 1;
            n += 1;
        }
    }
    let most = counts.values().copied().max().unwrap_or(0);
    if n == 0 { 0 } else { (n - most) * (1_000_000 / n) }
}

pub(super) fn row(
    of: &Evaluation,
    bench: &Bench,
    readers: &[usize],
    case: usize,
    hide: bool,
) -> Option<CaseRow> {
    let spec = of.set.cases.get(case)?;
    let answer = |reader: &usize| {
        let reader = of.readers.get(*reader)?;
        Some(answer_of(of, bench, reader, case))
    };
    let shown = |text: &str| if hide { String::new() } else { text.to_owned() };
    Some(CaseRow {
        number: case as u32 + 1,
        case: shown(&spec.id),
        patient: shown(&spec.patient),
        split: spec.split.clone(),
        modality: spec.modality.clone(),
        hidden: hide,
        truth: if hide {
            String::new()
        } else {
            truth_words(of, bench, case)
        },
        answers: if hide {
            Vec::new()
        } else {
            readers.iter().filter_map(answer).collect()
        },
        has_images: !spec.images.is_empty(),
    })
}

fn answer_of(of: &Evaluation, bench: &Bench, reader: &Reader, case: usize) -> CaseAnswer {
    let answer = reader.counting.get(case).copied().flatten();
    CaseAnswer {
        reader: reader.spec.id.clone(),
        said: said_words(of, reader, case),
        verdict: bench.verdict(&reader.counting, case),
        confidence: answer
            .and_then(|a| of.said.get(a as usize))
            .and_then(|s| s.confidence),
    }
}

/// The truth in words.
pub(super) fn truth_words(of: &Evaluation, bench: &Bench, case: usize) -> String {
    let Some(spec) = of.set.cases.get(case) else {
        return String::new();
    };
    let task = of.set.question.task;
    let truth = bench.truths.get(case);
    let labels = of.truth_labels(bench, case);
    match task {
        Task::Choice => {
            let option = truth
                .and_then(|t| t.one)
                .and_then(|one| spec.options.get(one as usize));
            option
                .map(|text| format!("{}. {}", labels.join(", "), trim(text)))
                .unwrap_or_default()
        }
        Task::YesNo if labels.is_empty() && truth.is_some_and(|t| t.known) => "none of the labels".to_owned(),
        Task::Boxes => boxes_in_words(spec.truth.boxes.len()),
        _ => labels.join(", "),
    }
}

pub(super) fn boxes_in_words(n: usize) -> String {
    match n {
        0 => "no box".to_owned(),
        1 => "1 box".to_owned(),
        n => format!("{n} boxes"),
    }
}

/// What a reader's counting answer says, in words; the kind for invalid ones; empty without an answer.
fn said_words(of: &Evaluation, reader: &Reader, case: usize) -> String {
    let answer = reader.counting.get(case).copied().flatten();
    let spec = of.set.cases.get(case);
    match answer.zip(spec) {
        Some((answer, spec)) => words_of(of, spec, answer as usize),
        None => String::new(),
    }
}

/// What an answer says, in words.
pub(super) fn words_of(of: &Evaluation, spec: &CaseSpec, answer: usize) -> String {
    let (Some(said), Some(recorded)) = (of.said.get(answer), of.answers.get(answer)) else {
        return String::new();
    };
    if let Some(kind) = &said.invalid {
        return kind.clone();
    }
    match of.set.question.task {
        Task::Closed => said
            .label
            .and_then(|l| of.labels.get(l as usize))
            .cloned()
            .unwrap_or_default(),
        Task::Choice => said.label.map_or_else(String::new, |l| {
            let text = spec.options.get(l as usize).map_or("", |o| trim(o));
            format!("{}. {text}", super::evaluation::letter(l as usize))
        }),
        Task::YesNo => {
            let named = of.labels.iter().zip(&said.yes).filter(|(_, yes)| **yes);
            let names: Vec<&str> = named.map(|(l, _)| l.as_str()).collect();
            if names.is_empty() {
                "none of the labels".to_owned()
            } else {
                names.join(", ")
            }
        }
        Task::Boxes => boxes_in_words(recorded.boxes.len()),
        Task::Open | Task::Vqa => {
            let label = said.found.as_ref().and_then(|f| f.label.clone());
            label.unwrap_or_else(|| open_words(recorded))
        }
    }
}

/// The label an open answer was brought to, else the beginning of its text.
fn open_words(recorded: &Recorded) -> String {
    if let Some(label) = recorded.label.as_deref().map(trim).filter(|l| !l.is_empty()) {
        return label.to_owned();
    }
    if let Some(first) = recorded.differential.first() {
        return trim(first).to_owned();
    }
    let text = trim(recorded.text.as_deref().unwrap_or_default());
    let mut short: String = text.chars().take(SHORT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluated::samples::{closed, large};

    fn numbers(of: &Evaluation, query: &CaseQuery) -> Vec<u32> {
        cases_page(of, query, &|_| false)
            .rows
            .iter()
            .map(|r| r.number)
            .collect()
    }

    #[test]
    fn a_cell_gives_its_cases() {
        let of = closed("aabb", &[("x", "ab-b"), ("y", "aaab")]);
        let cell = |truth: &str, said: &str| CaseQuery {
            cell: Some(Cell {
                reader: "x".to_owned(),
                truth: truth.to_owned(),
                said: said.to_owned(),
            }),
            ..CaseQuery::default()
        };
        assert_eq!(numbers(&of, &cell("a", "b")), [2]);
        assert_eq!(numbers(&of, &cell("b", "invalid")), [3]);
        assert_eq!(numbers(&of, &cell("", "b")), [2, 4]);
        let only = CaseQuery {
            only_right: vec!["y".to_owned(), "x".to_owned()],
            ..CaseQuery::default()
        };
        assert_eq!(numbers(&of, &only), [2]);
        let wrong = CaseQuery {
            verdict: Some(Verdict::Invalid),
            ..CaseQuery::default()
        };
        assert_eq!(numbers(&of, &wrong), [3]);
    }

    #[test]
    fn blind_mode_withholds_and_does_not_let_itself_be_searched() {
        let of = closed("aabb", &[("x", "ab-b")]);
        let page = |query: &CaseQuery| cases_page(&of, query, &|case| case == 1);
        let all = page(&CaseQuery::default());
        assert_eq!(all.total, 4);
        let hidden = &all.rows[1];
        assert!(
            hidden.hidden && hidden.case.is_empty() && hidden.truth.is_empty() && hidden.answers.is_empty()
        );
        let find = |words: &str| CaseQuery {
            find: words.to_owned(),
            ..CaseQuery::default()
        };
        assert_eq!(page(&find("c1")).total, 0);
        assert_eq!(page(&find("c0")).total, 1);
        let wrong = CaseQuery {
            verdict: Some(Verdict::Wrong),
            ..CaseQuery::default()
        };
        assert_eq!(page(&wrong).total, 0, "the one wrong case is hidden");
        let sure = CaseQuery {
            order: CaseOrder::ConfidentlyWrong,
            ..CaseQuery::default()
        };
        assert!(page(&sure).rows.last().expect("rows").hidden);
    }

    #[test]
    fn orders_and_pages() {
        let of = large(300, 3, 1);
        let mut query = CaseQuery {
            order: CaseOrder::ConfidentlyWrong,
            limit: 50,
            ..CaseQuery::default()
        };
        let page = cases_page(&of, &query, &|_| false);
        assert_eq!((page.total, page.rows.len()), (300, 50));
        let sure: Vec<f64> = page
            .rows
            .iter()
            .filter_map(|r| {
                let own = &r.answers[0];
                (own.verdict == Verdict::Wrong)
                    .then_some(own.confidence)
                    .flatten()
            })
            .collect();
        assert!(sure.len() > 5 && sure.is_sorted_by(|a, b| a >= b));
        query.offset = 290;
        assert_eq!(cases_page(&of, &query, &|_| false).rows.len(), 10);
        query.order = CaseOrder::Disagreement;
        query.offset = 0;
        let first = &cases_page(&of, &query, &|_| false).rows[0];
        let said: std::collections::BTreeSet<&str> = first.answers.iter().map(|a| a.said.as_str()).collect();
        assert_eq!(said.len(), 3);
    }
}
