//! Splits drawn by patient: no patient is in two of them.

use std::collections::BTreeMap;

use overread_evaluation::case_set::CaseSpec;
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::code::failure;

/// `train=60,validation=20,test=20` as names with shares.
///
/// # Errors
/// When it is not of this form, or the shares are not 100.
pub fn parse(text: &str) -> Outcome<Vec<(String, f64)>> {
    let wrong = || {
        failure(
            "eval.splits",
            format!("`{text}` names no splits."),
            "Write names with percents that make 100, for example train=60,validation=20,test=20.",
        )
    };
    let mut splits: Vec<(String, f64)> = Vec::new();
    for part in text.split(',') {
        let (name, share) = part.split_once('=').ok_or_else(wrong)?;
        let share: f64 = share.trim().parse().map_err(|_| wrong())?;
        let name = name.trim().to_owned();
        if name.is_empty() || !(share > 0.0 && share <= 100.0) || splits.iter().any(|(n, _)| *n == name) {
            return Err(wrong());
        }
        splits.push((name, share));
    }
    if (splits.iter().map(|(_, share)| share).sum::<f64>() - 100.0).abs() > 1e-6 {
        return Err(wrong());
    }
    Ok(splits)
}

/// Draws the splits: patients in the order of SHA-256(seed, patient), cut at the shares. The same patients fall into the same
/// order whatever else is in the set.
pub(super) fn draw(cases: &mut [CaseSpec], splits: &[(String, f64)], seed: u32) {
    let patient = |case: &CaseSpec| {
        if case.patient.is_empty() {
            format!("case {}", case.id)
        } else {
            format!("patient {}", case.patient)
        }
    };
    let mut order: Vec<(Vec<u8>, String)> = cases
        .iter()
        .map(patient)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .map(|name| (Sha256::digest(format!("{seed}\n{name}")).to_vec(), name))
        .collect();
    order.sort_unstable();
    let all = order.len() as f64;
    let mut upto = 0.0;
    let mut cuts = Vec::new();
    for (name, share) in splits {
        upto += share / 100.0 * all;
        cuts.push((upto.round() as usize, name));
    }
    let last = splits.last().map(|(name, _)| name.clone()).unwrap_or_default();
    let chosen: BTreeMap<String, String> = order
        .into_iter()
        .enumerate()
        .map(|(at, (_, name))| {
            let split = cuts
                .iter()
                .find(|(cut, _)| at < *cut)
                .map_or(&last, |(_, name)| *name);
            (name, split.clone())
        })
        .collect();
    for case in cases {
        let split = chosen.get(&patient(case)).cloned();
        case.split = split.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(count: usize) -> Vec<CaseSpec> {
        (0..count)
            .map(|i| CaseSpec {
                id: format!("c{i}"),
                patient: if i < 40 {
                    format!("p{}", i / 2)
                } else {
                    String::new()
                },
                ..CaseSpec::default()
            })
            .collect()
    }

    #[test]
    fn patients_stay_whole_and_the_seed_decides() {
        let splits = parse("train=60, validation=20,test=20").expect("splits");
        let mut a = cases(60);
        draw(&mut a, &splits, 7);
        for pair in a[..40].chunks(2) {
            assert_eq!(pair[0].split, pair[1].split, "{}", pair[0].patient);
        }
        let patients = |name: &str| {
            let own = a[..40].iter().step_by(2).chain(&a[40..]);
            own.filter(|case| case.split == name).count()
        };
        assert_eq!(
            [patients("train"), patients("validation"), patients("test")],
            [24, 8, 8]
        );
        let mut again = cases(60);
        again.reverse();
        draw(&mut again, &splits, 7);
        again.reverse();
        assert_eq!(a, again, "the order of cases does not matter");
        draw(&mut again, &splits, 8);
        assert_ne!(a, again);
    }

    #[test]
    fn wrong_splits_are_refused() {
        for text in [
            "",
            "train",
            "train=50",
            "a=50,a=50",
            "a=0,b=100",
            "a=-10,b=110",
            "a=x",
            "=100",
            "a=NaN,b=50",
        ] {
            assert_eq!(parse(text).expect_err(text).code, "eval.splits");
        }
    }
}
