//! Tables of one's own: CSV or JSON with ids, and a label, one column a label, lists, or questions with answers.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::{Cases, agree, agree_on_split, counted, note, split_of_file, stem};
use super::columns::{IdKind, Roles, roles, yes_no};
use super::table::{self, Row, Table, list, number};
use super::{Format, Imported, ImportedCase, Key};
use crate::case_set::{State, Task, TruthBox, Vote};
use crate::error::InputError;
use crate::score::Source;

/// More labels than this, most of them met once, are answers rather than labels.
const MANY: usize = 20;

/// Whether the table can be read.
pub(super) fn recognise(source: &Source<'_>) -> bool {
    table::any(source).is_ok_and(|table| roles(&table).is_ok())
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut cases = Cases::default();
    let mut notes = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    let (mut questions, mut chosen, mut boxes, mut blank, mut silent) = (false, false, false, 0, 0);
    for source in tables {
        let table = table::any(source)?;
        if table.rows.is_empty() {
            return Err(table.error(1, "there are no rows"));
        }
        let roles = roles(&table)?;
        let separator = roles.label.and_then(|column| separator(&table, column));
        if !roles.unread.is_empty() {
            notes.push(format!(
                "Columns of {} that are not read: {}.",
                table.file,
                roles.unread.join(", ")
            ));
        }
        for (_, label) in &roles.one_hot {
            if !columns.contains(label) {
                columns.push(label.clone());
            }
        }
        questions |= roles.question.is_some() && roles.answer.is_some();
        chosen |= !roles.options.is_empty();
        boxes |= roles.corners.is_some();
        for row in &table.rows {
            if roles.answer.is_some() && row.opt(roles.answer).is_empty() {
                silent += 1;
                continue;
            }
            let id = id(&table, row, &roles)?;
            let known = cases.find(&id).is_some();
            if known && roles.question.is_some() {
                return Err(table.error(row.line, format!("question `{id}` stands there twice")));
            }
            let case = cases.of(&id, &table, row);
            about(case, &table, row, &roles)?;
            blank += truth(case, &table, row, &roles, separator)?;
        }
    }
    note(
        &mut notes,
        blank,
        ["row has", "rows have"],
        "no label: what is missing is not normal, so these cases have no truth.",
    );
    note(
        &mut notes,
        silent,
        ["question", "questions"],
        "without an answer left out.",
    );
    let (task, labels) = if chosen && questions {
        (Task::Choice, Vec::new())
    } else if questions {
        (Task::Vqa, Vec::new())
    } else if boxes {
        (Task::Boxes, met(&mut cases))
    } else {
        form(&mut cases, columns, &mut notes)
    };
    Ok(Imported {
        format: Format::Generic,
        task,
        labels,
        cases: cases.into_list(),
        notes,
    })
}

/// The case's id: the first column that names it; with a question, its own number or the row, since a picture has several.
fn id(table: &Table<'_>, row: &Row, roles: &Roles) -> Result<String, InputError> {
    let id = roles
        .ids
        .iter()
        .map(|(_, column)| row.get(*column))
        .find(|text| !text.is_empty());
    let id = id.ok_or_else(|| table.error(row.line, "nothing names the case"))?;
    if roles.question.is_none() {
        return Ok(id.to_owned());
    }
    let number = row.opt(table.column(&["qid", "question_id"]));
    Ok(if number.is_empty() {
        format!("{id}#{}", row.line)
    } else {
        format!("q{number}")
    })
}

/// Everything but the truth.
fn about(case: &mut ImportedCase, table: &Table<'_>, row: &Row, roles: &Roles) -> Result<(), InputError> {
    for (kind, column) in &roles.ids {
        for key in keys(*kind, row.get(*column)) {
            case.key(key);
        }
    }
    let word = row.opt(roles.split);
    let word = if word.is_empty() && roles.split.is_none() {
        split_of_file(table.file)
    } else {
        word
    };
    agree_on_split(case, word, table, row)?;
    agree(
        &mut case.case.patient,
        row.opt(roles.patient),
        "patient",
        table,
        row,
    )?;
    if roles.patient.is_none() && roles.question.is_some() && case.case.patient.is_empty() {
        // Questions on one picture are one cluster.
        let picture = roles
            .ids
            .iter()
            .map(|(_, column)| row.get(*column))
            .find(|text| !text.is_empty());
        case.case.patient = picture.unwrap_or_default().to_owned();
    }
    agree(
        &mut case.case.modality,
        row.opt(roles.modality),
        "modality",
        table,
        row,
    )?;
    agree(&mut case.slices, row.opt(roles.slices), "slice", table, row)?;
    for (group, column) in &roles.groups {
        case.group(group, row.get(*column));
    }
    for (field, column) in [
        (&mut case.case.question, roles.question),
        (&mut case.case.context, roles.context),
        (&mut case.case.truth.findings, roles.findings),
        (&mut case.case.truth.source, roles.source),
    ] {
        if field.is_empty() {
            row.opt(column).clone_into(field);
        }
    }
    let side = row.opt(roles.side).to_lowercase();
    let side = match side.as_str() {
        "l" | "left" => "left",
        "r" | "right" => "right",
        "b" | "both" | "bilateral" => "both",
        "" => "",
        other => {
            return Err(table.error(
                row.line,
                format!("the side is `{other}`, not left, right or both"),
            ));
        }
    };
    agree(&mut case.case.truth.side, side, "side", table, row)
}

/// What a cell that names a case may match.
fn keys(kind: IdKind, text: &str) -> Vec<Key> {
    if text.is_empty() {
        return Vec::new();
    }
    let path = text.replace('\\', "/");
    let owned = text.to_owned();
    match kind {
        IdKind::Instance => vec![Key::Instance(owned)],
        IdKind::Series => vec![Key::Series(owned)],
        IdKind::Study => vec![Key::Study(owned)],
        IdKind::Path if stem(&path) == path.rsplit('/').next().unwrap_or(&path) => {
            vec![Key::Path(path.clone()), Key::Folder(path)]
        }
        IdKind::Path => vec![Key::Path(path)],
        IdKind::File => vec![Key::Path(path.clone()), Key::Stem(stem(&path).to_owned())],
        IdKind::Case if is_uid(text) => {
            vec![
                Key::Instance(owned.clone()),
                Key::Series(owned.clone()),
                Key::Study(owned.clone()),
                Key::Stem(owned.clone()),
                Key::Folder(owned),
            ]
        }
        IdKind::Case if path.contains('/') => vec![Key::Path(path.clone()), Key::Folder(path)],
        IdKind::Case => vec![Key::Stem(stem(text).to_owned()), Key::Folder(owned)],
    }
}

fn is_uid(text: &str) -> bool {
    text.len() <= 64
        && text.matches('.').count() >= 3
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Reads what a row says is true; gives 1 when it says nothing.
fn truth(
    case: &mut ImportedCase,
    table: &Table<'_>,
    row: &Row,
    roles: &Roles,
    separator: Option<char>,
) -> Result<usize, InputError> {
    let truth = &mut case.case.truth;
    if let Some(answer) = roles.answer {
        let answer = row.get(answer);
        if roles.options.is_empty() {
            truth.answers = list(answer).unwrap_or_else(|| vec![answer.to_owned()]);
            return Ok(0);
        }
        let options = options(row, roles);
        let said = options
            .iter()
            .find(|option| option.as_str() == answer)
            .or_else(|| {
                let mut letters = answer.chars();
                let letter = letters
                    .next()
                    .filter(|_| letters.next().is_none())?
                    .to_ascii_uppercase();
                options.get(usize::try_from(u32::from(letter).checked_sub(u32::from('A'))?).ok()?)
            });
        let said = said
            .ok_or_else(|| table.error(row.line, format!("the answer `{answer}` is none of the options")))?;
        truth.labels = vec![said.clone()];
        case.case.options = options;
        return Ok(0);
    }
    if !roles.one_hot.is_empty() {
        let mut present = Vec::new();
        for (column, label) in &roles.one_hot {
            let state = yes_no(row.get(*column)).unwrap_or(State::Blank);
            if state == State::Present {
                present.push(label.clone());
            }
            if roles.reader.is_none() && *truth.states.entry(label.clone()).or_insert(state) != state {
                return Err(table.error(
                    row.line,
                    format!("`{label}` differs between rows of case `{}`", case.case.id),
                ));
            }
        }
        vote(truth, row.opt(roles.reader), present);
        return Ok(0);
    }
    let cell = row.opt(roles.label);
    let labels = match (list(cell), separator) {
        (Some(list), _) => list,
        (None, Some(separator)) => cell
            .split(separator)
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .map(str::to_owned)
            .collect(),
        (None, None) if cell.is_empty() || cell.eq_ignore_ascii_case("nan") => Vec::new(),
        (None, None) => vec![cell.to_owned()],
    };
    if let Some((columns, extent)) = roles.corners {
        let label = labels.first().cloned().unwrap_or_default();
        if let Some(corners) = corners(table, row, columns, extent)? {
            truth.boxes.push(TruthBox {
                label,
                corners,
                reader: row.opt(roles.reader).to_owned(),
                ..TruthBox::default()
            });
        }
    }
    let silent = labels.is_empty();
    if roles.reader.is_some() {
        vote(truth, row.opt(roles.reader), labels);
    } else {
        for label in labels {
            case.label(&label);
        }
    }
    Ok(usize::from(silent && roles.corners.is_none()))
}

fn options(row: &Row, roles: &Roles) -> Vec<String> {
    let cells: Vec<&str> = roles.options.iter().map(|column| row.get(*column)).collect();
    let cut = |text: &str, at: char| {
        text.split(at)
            .map(str::trim)
            .filter(|o| !o.is_empty())
            .map(str::to_owned)
            .collect()
    };
    match cells.as_slice() {
        [one] => list(one).unwrap_or_else(|| cut(one, if one.contains('|') { '|' } else { ';' })),
        several => several
            .iter()
            .filter(|o| !o.is_empty())
            .map(|o| (*o).to_owned())
            .collect(),
    }
}

/// Adds to a truth reader's own word; nobody's is the table's.
fn vote(truth: &mut crate::case_set::CaseTruth, reader: &str, labels: Vec<String>) {
    if reader.is_empty() {
        return;
    }
    match truth.votes.iter_mut().find(|vote| vote.reader == reader) {
        Some(vote) => {
            for label in labels {
                if !vote.labels.contains(&label) {
                    vote.labels.push(label);
                }
            }
        }
        None => truth.votes.push(Vote {
            reader: reader.to_owned(),
            labels,
            ..Vote::default()
        }),
    }
}

fn corners(
    table: &Table<'_>,
    row: &Row,
    columns: [usize; 4],
    extent: bool,
) -> Result<Option<[f64; 4]>, InputError> {
    let cells = columns.map(|column| row.get(column));
    if cells
        .iter()
        .all(|cell| cell.is_empty() || cell.eq_ignore_ascii_case("nan"))
    {
        return Ok(None);
    }
    let mut sides = [0.0; 4];
    for (side, cell) in sides.iter_mut().zip(cells) {
        *side =
            number(cell).ok_or_else(|| table.error(row.line, format!("`{cell}` is no number of a box")))?;
    }
    let [left, top, mut right, mut bottom] = sides;
    if extent {
        right += left;
        bottom += top;
    }
    if left > right || top > bottom {
        return Err(table.error(row.line, "the box ends before it begins"));
    }
    Ok(Some([left, top, right, bottom]))
}

/// What separates labels in a column: `|` or `;` where they occur, a comma only where the parts are labels of other rows, too.
fn separator(table: &Table<'_>, column: usize) -> Option<char> {
    let cells: Vec<&str> = table
        .rows
        .iter()
        .map(|row| row.get(column))
        .filter(|cell| list(cell).is_none())
        .collect();
    for separator in ['|', ';'] {
        if cells.iter().any(|cell| cell.contains(separator)) {
            return Some(separator);
        }
    }
    let whole: BTreeSet<&str> = cells.iter().copied().filter(|cell| !cell.contains(',')).collect();
    let mut lists = cells.iter().filter(|cell| cell.contains(',')).peekable();
    let all =
        lists.peek().is_some() && lists.all(|cell| cell.split(',').all(|part| whole.contains(part.trim())));
    all.then_some(',')
}

fn met(cases: &mut Cases) -> Vec<String> {
    let labels: BTreeSet<String> = cases
        .all()
        .iter()
        .flat_map(|case| case.case.truth.named())
        .map(str::to_owned)
        .collect();
    labels.into_iter().collect()
}

/// One label of a set, yes or no for each, or an open diagnosis.
fn form(cases: &mut Cases, columns: Vec<String>, notes: &mut Vec<String>) -> (Task, Vec<String>) {
    if !columns.is_empty() {
        let one = |case: &ImportedCase| {
            let states = &case.case.truth.states;
            states.len() == columns.len()
                && states.values().filter(|state| **state == State::Present).count() == 1
                && states
                    .values()
                    .all(|state| matches!(state, State::Present | State::Absent))
        };
        if columns.len() < 2 || !cases.all().iter().all(one) {
            return (Task::YesNo, columns);
        }
        for case in cases.all() {
            let states = std::mem::take(&mut case.case.truth.states);
            case.case.truth.labels = states
                .into_iter()
                .filter(|(_, s)| *s == State::Present)
                .map(|(label, _)| label)
                .collect();
        }
        notes.push("Every case has just one of the columns: taken as one label of a set.".to_owned());
        return (Task::Closed, columns);
    }
    let labels = met(cases);
    let several = cases.all().iter().any(|case| {
        case.case.truth.labels.len() > 1 || case.case.truth.votes.iter().any(|v| v.labels.len() > 1)
    });
    if several {
        return (Task::YesNo, labels);
    }
    if labels.len() > MANY && labels.len() * 2 > cases.len() {
        notes.push(format!(
            "{} on {}: taken as open diagnoses, not as labels.",
            counted(labels.len(), "diagnosis", "different diagnoses"),
            counted(cases.len(), "case", "cases")
        ));
        for case in cases.all() {
            case.case.truth.answers = std::mem::take(&mut case.case.truth.labels);
        }
        return (Task::Open, Vec::new());
    }
    if labels.iter().all(|label| number(label).is_some()) {
        notes.push(format!(
            "The labels are numbers ({}); the table does not say what they mean.",
            labels.join(", ")
        ));
    }
    let counts = cases
        .all()
        .iter()
        .fold(BTreeMap::<&str, usize>::new(), |mut counts, case| {
            case.case
                .truth
                .labels
                .iter()
                .for_each(|label| *counts.entry(label).or_default() += 1);
            counts
        });
    if let Some((label, _)) = counts
        .iter()
        .find(|(_, n)| **n == 1)
        .filter(|_| cases_are_many(&counts))
    {
        notes.push(format!(
            "`{label}` is the label of one case alone; is it spelt as the others are?"
        ));
    }
    (Task::Closed, labels)
}

fn cases_are_many(counts: &BTreeMap<&str, usize>) -> bool {
    counts.values().sum::<usize>() >= 50
}
