//! Every table of an evaluation as CSV (RFC 4180), numbers in full precision, one file a table.

use overread_evaluation::evaluated::cases::{CaseRow, Verdict};
use overread_evaluation::evaluated::figures::{Figure, Figures, Test};

use crate::ReportError;
use crate::escape::cell;

/// File name and text.
pub(crate) type NamedTable = (String, String);

struct Table {
    name: &'static str,
    writer: csv::Writer<Vec<u8>>,
}

fn wrong(error: impl std::fmt::Display) -> ReportError {
    ReportError::Encoding(error.to_string())
}

impl Table {
    fn new(name: &'static str, header: &[&str]) -> Result<Self, ReportError> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .flexible(true)
            .from_writer(Vec::new());
        writer.write_record(header).map_err(wrong)?;
        Ok(Self { name, writer })
    }

    fn row(&mut self, cells: &[String]) -> Result<(), ReportError> {
        self.writer
            .write_record(cells.iter().map(|c| cell(c)))
            .map_err(wrong)
    }

    fn done(self) -> Result<NamedTable, ReportError> {
        let bytes = self.writer.into_inner().map_err(wrong)?;
        Ok((self.name.to_owned(), String::from_utf8(bytes).map_err(wrong)?))
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}

const FIGURE: [&str; 10] = [
    "key", "name", "value", "low", "high", "interval", "n", "unit", "note", "beside",
];

fn figure(f: &Figure) -> Vec<String> {
    let unit = serde_json::to_value(f.unit)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned));
    let beside: Vec<String> = f
        .beside
        .iter()
        .map(|o| format!("{}: {} to {}", o.method, o.low, o.high))
        .collect();
    vec![
        f.key.clone(),
        f.name.clone(),
        number(f.value),
        number(f.low),
        number(f.high),
        f.interval.clone(),
        f.n.to_string(),
        unit.unwrap_or_default(),
        f.note.clone(),
        beside.join("; "),
    ]
}

fn header(first: &[&'static str]) -> Vec<&'static str> {
    first.iter().copied().chain(FIGURE).collect()
}

fn with(first: &[&str], f: &Figure) -> Vec<String> {
    first.iter().map(|s| (*s).to_owned()).chain(figure(f)).collect()
}

/// The word of a verdict.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "right",
        Verdict::Partial => "partly right",
        Verdict::Wrong => "wrong",
        Verdict::Invalid => "invalid",
        Verdict::Undecided => "undecided",
        Verdict::Missing => "missing",
        Verdict::NoTruth => "no truth",
    }
}

/// All tables.
pub(crate) fn all(f: &Figures, cases: &[CaseRow]) -> Result<Vec<NamedTable>, ReportError> {
    Ok(vec![
        readers(f)?,
        labels(f)?,
        confusion(f)?,
        calibration(f)?,
        curves(f)?,
        pairs(f)?,
        tests(f)?,
        others(f)?,
        published(f)?,
        case_rows(cases)?,
    ])
}

fn readers(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new("readers.csv", &header(&["reader"]))?;
    for r in &f.readers {
        for figure in r.headline.iter().chain(&r.effort) {
            table.row(&with(&[&r.id], figure))?;
        }
        for kind in &r.invalid {
            table.row(&[
                r.id.clone(),
                format!("invalid:{}", kind.kind),
                format!("invalid answers: {}", kind.kind),
                kind.count.to_string(),
            ])?;
        }
    }
    table.done()
}

fn labels(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new("labels.csv", &header(&["reader", "label", "support"]))?;
    for r in &f.readers {
        for label in &r.per_label {
            for figure in &label.figures {
                table.row(&with(&[&r.id, &label.label, &label.support.to_string()], figure))?;
            }
        }
    }
    table.done()
}

fn confusion(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new("confusion.csv", &["reader", "truth", "answer", "cases"])?;
    for r in &f.readers {
        if let Some(confusion) = &r.confusion {
            for (truth, row) in confusion.rows.iter().zip(&confusion.cells) {
                for (said, count) in confusion.columns.iter().zip(row) {
                    table.row(&[r.id.clone(), truth.clone(), said.clone(), count.to_string()])?;
                }
            }
        }
    }
    table.done()
}

fn calibration(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new(
        "calibration.csv",
        &[
            "reader",
            "above",
            "up_to",
            "n",
            "confidence",
            "right",
            "right_low",
            "right_high",
        ],
    )?;
    for r in &f.readers {
        for bin in r.calibration.iter().flat_map(|c| &c.bins) {
            table.row(&[
                r.id.clone(),
                bin.low.to_string(),
                bin.high.to_string(),
                bin.n.to_string(),
                number(bin.confidence),
                number(bin.right),
                number(bin.right_low),
                number(bin.right_high),
            ])?;
        }
    }
    table.done()
}

fn curves(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new("curves.csv", &["reader", "curve", "label", "x", "y"])?;
    for r in &f.readers {
        for curve in &r.curves {
            let kind = serde_json::to_value(curve.kind).map_err(wrong)?;
            for [x, y] in &curve.points {
                table.row(&[
                    r.id.clone(),
                    kind.as_str().unwrap_or_default().to_owned(),
                    curve.label.clone(),
                    x.to_string(),
                    y.to_string(),
                ])?;
            }
        }
    }
    table.done()
}

fn pairs(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new(
        "pairs.csv",
        &header(&["a", "b", "both", "a_only", "b_only", "neither"]),
    )?;
    for pair in f.comparison.iter().flat_map(|c| &c.pairs) {
        let counts = [pair.both, pair.a_only, pair.b_only, pair.neither].map(|n| n.to_string());
        for figure in &pair.figures {
            let [both, a, b, neither] = &counts;
            table.row(&with(&[&pair.a, &pair.b, both, a, b, neither], figure))?;
        }
    }
    table.done()
}

fn tests(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new(
        "tests.csv",
        &[
            "a",
            "b",
            "key",
            "name",
            "statistic",
            "df",
            "p",
            "p_adjusted",
            "note",
        ],
    )?;
    let row = |a: &str, b: &str, t: &Test| {
        [
            a.to_owned(),
            b.to_owned(),
            t.key.clone(),
            t.name.clone(),
            number(t.statistic),
            number(t.df),
            number(t.p),
            number(t.p_adjusted),
            t.note.clone(),
        ]
    };
    if let Some(comparison) = &f.comparison {
        if let Some(test) = &comparison.omnibus {
            table.row(&row("all", "", test))?;
        }
        for pair in &comparison.pairs {
            for test in &pair.tests {
                table.row(&row(&pair.a, &pair.b, test))?;
            }
        }
    }
    table.done()
}

/// Agreement, reveal, subgroups, arms, policies.
fn others(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new("more.csv", &header(&["what", "of", "which"]))?;
    for agreement in &f.agreement {
        for figure in &agreement.figures {
            table.row(&with(
                &["agreement", &agreement.between.join(" and "), ""],
                figure,
            ))?;
        }
    }
    for reveal in &f.reveal {
        for figure in [
            &reveal.rescued,
            &reveal.misled,
            &reveal.unmoved,
            &reveal.before,
            &reveal.after,
            &reveal.change,
        ] {
            table.row(&with(&["reveal", &reveal.reader, ""], figure))?;
        }
    }
    for r in &f.readers {
        for group in &r.subgroups {
            let which = format!("{} {}", group.key, group.value);
            table.row(&with(&["subgroup", &r.id, &which], &group.figure))?;
        }
        for arm in &r.arms {
            let name = format!("{:?}", arm.arm).to_lowercase();
            table.row(&with(&["arm", &r.id, &name], &arm.figure))?;
            if let Some(gain) = &arm.gain {
                table.row(&with(&["gain over no findings", &r.id, &name], gain))?;
            }
        }
        if let Some(calibration) = &r.calibration {
            for figure in &calibration.figures {
                table.row(&with(&["calibration", &r.id, &calibration.kind], figure))?;
            }
            for set in &calibration.conformal {
                let which = format!("{} alpha {}", set.method, set.alpha);
                table.row(&with(&["conformal coverage", &r.id, &which], &set.coverage))?;
            }
        }
    }
    for policy in &f.policies {
        let which = format!("uncertain {:?}, blank {:?}", policy.uncertain, policy.blank).to_lowercase();
        table.row(&with(&["policy", &policy.reader, &which], &policy.figure))?;
    }
    table.done()
}

fn published(f: &Figures) -> Result<NamedTable, ReportError> {
    let mut table = Table::new(
        "published.csv",
        &[
            "id",
            "reader",
            "metric",
            "value",
            "n",
            "task",
            "source",
            "conditions",
            "caution",
        ],
    )?;
    for row in &f.published {
        let conditions: Vec<String> = row.conditions.iter().map(|(k, v)| format!("{k}: {v}")).collect();
        table.row(&[
            row.id.clone(),
            row.reader.clone(),
            row.metric.clone(),
            row.value.to_string(),
            row.n.map_or_else(String::new, |n| n.to_string()),
            row.task.clone(),
            row.source.clone(),
            conditions.join("; "),
            row.caution.clone(),
        ])?;
    }
    table.done()
}

fn case_rows(cases: &[CaseRow]) -> Result<NamedTable, ReportError> {
    let mut table = Table::new(
        "cases.csv",
        &[
            "number",
            "case",
            "patient",
            "split",
            "modality",
            "truth",
            "reader",
            "said",
            "verdict",
            "confidence",
        ],
    )?;
    for row in cases.iter().filter(|row| !row.hidden) {
        for answer in &row.answers {
            table.row(&[
                row.number.to_string(),
                row.case.clone(),
                row.patient.clone(),
                row.split.clone(),
                row.modality.clone(),
                row.truth.clone(),
                answer.reader.clone(),
                answer.said.clone(),
                verdict(answer.verdict).to_owned(),
                number(answer.confidence),
            ])?;
        }
    }
    table.done()
}
