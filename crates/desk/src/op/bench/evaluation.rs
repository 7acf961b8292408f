//! A large evaluation: how soon its figures stand, how long a bootstrap takes, alone and on all cores.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use overread_evaluation::evaluated::cases::{CaseOrder, CaseQuery};
use overread_evaluation::evaluated::{Request, Resamples, by_formula, resampled};
use serde_json::{Value, json};

use super::files::Place;
use super::{Timer, spread};
use crate::Outcome;
use crate::code::{failure, io};
use crate::desk::Desk;
use crate::op::evaluation::{cases, loaded};

const LABELS: [&str; 6] = [
    "normal",
    "nodule",
    "effusion",
    "pneumothorax",
    "consolidation",
    "rib fracture",
];
/// Share right of each reader.
const SKILL: [f64; 5] = [0.86, 0.80, 0.74, 0.70, 0.62];

/// Numbers from 0 to 1 that are the same everywhere (SplitMix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.next() * n as f64) as usize).min(n - 1)
    }
}

/// Writes a case set of `cases` cases, about two a patient, and the recorded answers of five readers.
///
/// # Errors
/// When it cannot be written.
fn write(place: &Place, cases: usize) -> Outcome<PathBuf> {
    let mut draw = Draw(7);
    let mut set = String::from(
        "format = \"overread-case-set/1\"\nname = \"Made answers\"\ncases_file = \"cases.jsonl\"\n\n[question]\ntask = \"closed\"\n",
    );
    let quoted: Vec<String> = LABELS.iter().map(|l| format!("\"{l}\"")).collect();
    let _ = writeln!(
        set,
        "labels = [{}]\n\n[truth]\nsource = \"generator\"",
        quoted.join(", ")
    );
    for k in 0..SKILL.len() {
        let _ = writeln!(
            set,
            "\n[[readers]]\nid = \"reader-{k}\"\nkind = \"recorded\"\nanswers = \"reader-{k}.jsonl\""
        );
    }
    let (mut listed, mut answers) = (String::new(), vec![String::new(); SKILL.len()]);
    for n in 0..cases {
        let truth = draw.below(LABELS.len());
        let split = if n % 5 == 0 { "validation" } else { "test" };
        let sex = if draw.next() < 0.5 { "F" } else { "M" };
        let _ = writeln!(
            listed,
            "{{\"id\":\"c{n:05}\",\"patient\":\"p{:05}\",\"split\":\"{split}\",\"modality\":\"CT\",\"groups\":{{\"sex\":\"{sex}\"}},\"images\":[],\"truth\":{{\"labels\":[\"{}\"]}}}}",
            n / 2,
            LABELS[truth]
        );
        for (skill, out) in SKILL.iter().zip(&mut answers) {
            if draw.next() < 0.01 {
                let _ = writeln!(
                    out,
                    "{{\"case\":\"c{n:05}\",\"reader\":\"reader\",\"label\":null,\"invalid\":\"refusal\"}}"
                );
                continue;
            }
            let said = if draw.next() < *skill {
                truth
            } else {
                draw.below(LABELS.len())
            };
            let top = 0.4 + 0.6 * draw.next();
            let rest = (1.0 - top) / (LABELS.len() - 1) as f64;
            let shares: Vec<String> = LABELS
                .iter()
                .enumerate()
                .map(|(k, label)| format!("\"{label}\":{:.6}", if k == said { top } else { rest }))
                .collect();
            let _ = writeln!(
                out,
                "{{\"case\":\"c{n:05}\",\"reader\":\"reader\",\"label\":\"{}\",\"confidence\":{top:.6},\"probabilities\":{{{}}}}}",
                LABELS[said],
                shares.join(",")
            );
        }
    }
    let put = |name: &str, text: &str| {
        let path = place.0.join(name);
        fs::write(&path, text).map_err(|error| io(&path.display().to_string(), &error))
    };
    fs::create_dir_all(&place.0).map_err(|error| io(&place.0.display().to_string(), &error))?;
    put("cases.jsonl", &listed)?;
    for (k, text) in answers.iter().enumerate() {
        put(
            &format!("reader-{k}.jsonl"),
            &text.replace("\"reader\":\"reader\"", &format!("\"reader\":\"reader-{k}\"")),
        )?;
    }
    put("set.toml", &set)?;
    Ok(place.0.join("set.toml"))
}

/// Makes a case set of `count` cases with five readers, and times what the view does with it: reading the files, all figures by
/// formula, their size on the wire, a page of the case table, `resamples` resamples on all cores and on one.
///
/// # Errors
/// When it cannot be written, read or resampled.
pub fn evaluation(desk: &Desk, count: usize, resamples: u32, timer: Timer<'_>) -> Outcome<Value> {
    let place = Place::new();
    let at = write(&place, count)?;
    let mut opened = Err(failure("eval.bench", "Nothing was read.", ""));
    let opening = timer(&mut || opened = loaded::load(desk, &at));
    let opened = opened?;
    let request = Request::default();
    let mut figures = None;
    let formula: Vec<f64> = (0..5)
        .map(|_| timer(&mut || figures = Some(by_formula(&opened.evaluation, &request))))
        .collect();
    let figures = figures.ok_or_else(|| failure("eval.bench", "There are no figures.", ""))?;
    let bytes = serde_json::to_vec(&figures).map_or(0, |bytes| bytes.len());
    let mut paging = Vec::new();
    for order in [
        CaseOrder::Set,
        CaseOrder::ConfidentlyWrong,
        CaseOrder::Disagreement,
    ] {
        let query = CaseQuery {
            order,
            limit: 100,
            ..CaseQuery::default()
        };
        let mut page = Ok(0);
        paging.push(timer(&mut || {
            page = cases::page(desk, &at, &query).map(|page| page.rows.len())
        }));
        page?;
    }
    let draw = |timer: Timer<'_>| -> Outcome<(f64, Vec<u8>)> {
        let plan = Resamples {
            count: resamples,
            seed: 1,
        };
        let mut drawn = None;
        let time = timer(&mut || {
            drawn = Some(resampled(
                &opened.evaluation,
                &request,
                plan,
                figures.clone(),
                &|_| true,
            ));
        });
        match drawn {
            Some(Ok(drawn)) => Ok((time, serde_json::to_vec(&drawn).unwrap_or_default())),
            Some(Err(error)) => Err(failure("eval.bench", error.to_string(), "")),
            None => Err(failure("eval.bench", "Nothing was drawn.", "")),
        }
    };
    let (all_cores, first) = draw(timer)?;
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .map_err(|error| failure("eval.bench", error.to_string(), ""))?;
    let mut alone = Ok((0.0, Vec::new()));
    // The stopwatch stays on this thread; the work goes to the pool of one.
    let time = timer(&mut || {
        alone = one.install(|| {
            draw(&mut |work: &mut dyn FnMut()| {
                work();
                0.0
            })
        });
    });
    let (_, second) = alone?;
    Ok(json!({
        "cases": count,
        "readers": SKILL.len(),
        "read_ms": opening,
        "by_formula": spread(formula),
        "figures_bytes": bytes,
        "page": spread(paging),
        "resamples": resamples,
        "resampled_ms": all_cores,
        "resampled_on_one_core_ms": time,
        "same_bytes": first == second,
    }))
}
