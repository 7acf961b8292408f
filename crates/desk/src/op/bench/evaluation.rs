//! A large evaluation: how soon its figures stand, how long a bootstrap takes, alone and on all cores.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::Place;
use crate::Outcome;
use crate::code::io;

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
    let _ = writeln!(set, "labels = [{}]\n\n[truth]\nsource = \"generator\"", quoted.join(", "));
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
            let said = if draw.next() < *skill { truth } else { draw.below(LABELS.len()) };
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
        fs::write(&path, text).map_err(|error| io(&path, &error))
    };
    fs::create_dir_all(&place.0).map_err(|error| io(&place.0, &error))?;
    put("cases.jsonl", &listed)?;
    for (k, text) in answers.iter().enumerate() {
        put(&format!("reader-{k}.jsonl"), &text.replace("\"reader\":\"reader\"", &format!("\"reader\":\"reader-{k}\"")))?;
    }
    put("set.toml", &set)?;
    Ok(place.0.join("set.toml"))
}
