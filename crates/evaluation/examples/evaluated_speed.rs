//! How long the figures of 10,000 cases and five readers take: `cargo run --release -p overread-evaluation --example
//! evaluated_speed`.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use overread_evaluation::case_set::{self, AskedQuestion, CaseSet, CaseSpec, CaseTruth, ReaderSpec, Task};
use overread_evaluation::evaluated::cases::{CaseOrder, CaseQuery};
use overread_evaluation::evaluated::{
    Context, Evaluation, Request, Resamples, by_formula, cases_page, resampled,
};
use overread_evaluation::recorded::Recorded;

const LABELS: [&str; 6] = ["normal", "pneumonia", "effusion", "mass", "nodule", "fracture"];
const CASES: usize = 10_000;
const READERS: usize = 5;

fn main() -> std::io::Result<()> {
    let mut state = 1_u64;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let (mut cases, mut answers) = (Vec::new(), Vec::new());
    for i in 0..CASES {
        let truth = below(LABELS.len());
        cases.push(CaseSpec {
            id: format!("case-{i:05}"),
            patient: format!("p{}", i / 2),
            split: ["validation", "test", "test", "test"][(i / 2) % 4].to_owned(),
            modality: "CT".to_owned(),
            truth: CaseTruth {
                labels: vec![LABELS[truth].to_owned()],
                ..CaseTruth::default()
            },
            ..CaseSpec::default()
        });
        for reader in 0..READERS {
            let said = if below(100) < 85 - 5 * reader {
                truth
            } else {
                below(LABELS.len())
            };
            let sure = 0.4 + below(600) as f64 / 1000.0;
            let p = LABELS
                .iter()
                .enumerate()
                .map(|(k, l)| ((*l).to_owned(), if k == said { sure } else { (1.0 - sure) / 5.0 }));
            answers.push(Recorded {
                case: format!("case-{i:05}"),
                reader: format!("r{reader}"),
                label: Some(LABELS[said].to_owned()),
                probabilities: Some(p.collect::<BTreeMap<_, _>>()),
                ..Recorded::default()
            });
        }
    }
    let reader = |i| ReaderSpec {
        id: format!("r{i}"),
        ..ReaderSpec::default()
    };
    let set = CaseSet {
        format: case_set::FORMAT.to_owned(),
        name: "Speed".to_owned(),
        question: AskedQuestion {
            task: Task::Closed,
            labels: LABELS.map(str::to_owned).to_vec(),
            ..AskedQuestion::default()
        },
        readers: (0..READERS).map(reader).collect(),
        cases,
        ..CaseSet::default()
    };
    let mut out = std::io::stdout();
    let start = Instant::now();
    let of = Evaluation::new(set, answers, Context::default());
    writeln!(out, "index and judge: {:.3} s", start.elapsed().as_secs_f64())?;
    let start = Instant::now();
    let figures = by_formula(&of, &Request::default());
    writeln!(out, "by formula: {:.3} s", start.elapsed().as_secs_f64())?;
    let start = Instant::now();
    let query = CaseQuery {
        order: CaseOrder::ConfidentlyWrong,
        limit: 100,
        ..CaseQuery::default()
    };
    let rows = cases_page(&of, &query, &|_| false).rows.len();
    writeln!(
        out,
        "{rows} rows of the case table: {:.3} s",
        start.elapsed().as_secs_f64()
    )?;
    let start = Instant::now();
    let resamples = Resamples {
        count: 10_000,
        seed: 1,
    };
    let all = resampled(&of, &Request::default(), resamples, figures, &|_| true);
    writeln!(
        out,
        "10,000 resamples: {:.2} s, {}",
        start.elapsed().as_secs_f64(),
        all.is_ok()
    )?;
    Ok(())
}
