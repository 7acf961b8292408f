//! The same image, scan or picture in several cases.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, ImageFacts};
use crate::case_set::{CaseSet, CaseSpec, Task};

/// Most differing bits of 64 of similar pictures.
pub(super) const MOST_BITS: u32 = 4;
/// One more part than bits that may differ: two similar hashes have one part the same.
const PARTS: u32 = MOST_BITS + 1;
/// Bits of a part.
const PART_BITS: u32 = 13;
/// Most pairs that are held against each other; sets of plain pictures of one kind could have many in one part.
const MOST_PAIRS: usize = 100_000_000;

/// The same image, picture or scan on both sides of what `counts` sets apart; each once, told beside the first that has it.
pub(super) fn across(
    images: &[ImageFacts],
    by_id: &BTreeMap<&str, &CaseSpec>,
    counts: &dyn Fn(&CaseSpec, &CaseSpec) -> bool,
) -> Vec<Finding> {
    let apart = |a: &ImageFacts, b: &ImageFacts| {
        let cases = by_id.get(a.case.as_str()).zip(by_id.get(b.case.as_str()));
        cases.is_some_and(|(a, b)| counts(a, b))
    };
    let split = |case: &str| match by_id.get(case).map_or("", |case| case.split.as_str()) {
        "" => "no split".to_owned(),
        split => format!("split {split}"),
    };
    let said = |one: &str| format!("the same as case {one} of {}", split(one));
    let instances = images
        .iter()
        .flat_map(|image| image.sop_uids.iter().map(move |uid| (uid.as_str(), image)));
    let pixels = images.iter().map(|image| (image.pixel_hash.as_str(), image));
    let scans = images.iter().map(|image| (image.acquisition.as_str(), image));
    vec![
        Finding {
            key: "same_instance",
            grave: true,
            text: "The same image stands in several splits: what is learned would be judged on itself. Keep one.",
            cases: groups(instances, apart, said),
        },
        Finding {
            key: "same_pixels",
            grave: true,
            text: "Images with the same pixels stand in several splits under other names: what is learned would be judged on itself. Keep one.",
            cases: groups(pixels, apart, said),
        },
        Finding {
            key: "same_scan",
            grave: true,
            text: "Reconstructions of one scan stand in several splits: what is learned would be judged on the same scan. Keep one of each scan.",
            cases: groups(scans, apart, said),
        },
        Finding {
            key: "similar_pixels",
            grave: false,
            text: "Pictures of different splits look alike (hashes of 64 bits differ in 4 at most): look whether one was made of the other.",
            cases: similar(images, &apart),
        },
    ]
}

pub(super) fn look(set: &CaseSet, images: &[ImageFacts], by_id: &BTreeMap<&str, &CaseSpec>) -> Vec<Finding> {
    let instances = images
        .iter()
        .flat_map(|image| image.sop_uids.iter().map(move |uid| (uid.as_str(), image)));
    let pixels = images.iter().map(|image| (image.pixel_hash.as_str(), image));
    let scans = images.iter().map(|image| (image.acquisition.as_str(), image));
    let said = |one: &str| format!("the same as case {one}");
    // Several questions on one picture are meant.
    let asks = matches!(set.question.task, Task::Vqa | Task::Choice);
    let apart =
        |a: &CaseSpec, b: &CaseSpec| a.patient.is_empty() || a.patient != b.patient || a.split != b.split;
    let counts = |a: &ImageFacts, b: &ImageFacts| {
        let (Some(a), Some(b)) = (by_id.get(a.case.as_str()), by_id.get(b.case.as_str())) else {
            return false;
        };
        a.id != b.id && (!asks || apart(a, b))
    };
    let of_strangers = |a: &ImageFacts, b: &ImageFacts| {
        counts(a, b)
            && by_id
                .get(a.case.as_str())
                .zip(by_id.get(b.case.as_str()))
                .is_some_and(|(a, b)| apart(a, b))
    };
    let scan = |a: &ImageFacts, b: &ImageFacts| counts(a, b) && a.series_uid != b.series_uid;
    vec![
        Finding {
            key: "same_instance",
            grave: true,
            text: "The same image stands in several cases: it counts several times, and splits may share it. Keep one.",
            cases: groups(instances, counts, said),
        },
        Finding {
            key: "same_pixels",
            grave: true,
            text: "Images with the same pixels stand in several cases under other names: they count several times. Keep one.",
            cases: groups(pixels, counts, said),
        },
        Finding {
            key: "same_scan",
            grave: true,
            text: "Several reconstructions of one scan stand as cases of their own: they are no independent cases. Keep one of each scan.",
            cases: groups(scans, scan, said),
        },
        Finding {
            key: "similar_pixels",
            grave: false,
            text: "Pictures of different patients or splits look alike (hashes of 64 bits differ in 4 at most): look whether one was made of the other.",
            cases: similar(images, &of_strangers),
        },
    ]
}

/// Every image whose key an earlier one of another case has, with that case.
fn groups<'a>(
    keyed: impl Iterator<Item = (&'a str, &'a ImageFacts)>,
    counts: impl Fn(&ImageFacts, &ImageFacts) -> bool,
    said: impl Fn(&str) -> String,
) -> Vec<(String, String)> {
    let mut first: BTreeMap<&str, &ImageFacts> = BTreeMap::new();
    let mut told = BTreeSet::new();
    let mut out = Vec::new();
    for (key, image) in keyed.filter(|(key, _)| !key.is_empty()) {
        let one = *first.entry(key).or_insert(image);
        if counts(one, image) && told.insert((one.case.as_str(), image.case.as_str())) {
            out.push((image.case.clone(), said(&one.case)));
        }
    }
    out
}

fn similar(
    images: &[ImageFacts],
    counts: &dyn Fn(&ImageFacts, &ImageFacts) -> bool,
) -> Vec<(String, String)> {
    // A hash of nearly all the same bits is that of an empty picture.
    let speaks = |hash: &u64| (MOST_BITS..=64 - MOST_BITS).contains(&hash.count_ones());
    let hashed: Vec<(u64, &ImageFacts)> = images
        .iter()
        .filter_map(|image| Some((image.perceptual_hash.filter(speaks)?, image)))
        .collect();
    let mut told = BTreeSet::new();
    let mut pairs = 0_usize;
    for part in 0..PARTS {
        let mut same: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (i, (hash, _)) in hashed.iter().enumerate() {
            same.entry((hash >> (part * PART_BITS)) & ((1 << PART_BITS) - 1))
                .or_default()
                .push(i);
        }
        for group in same.values() {
            for (at, i) in group.iter().enumerate() {
                for j in &group[at + 1..] {
                    pairs += 1;
                    if pairs > MOST_PAIRS {
                        break;
                    }
                    let ((a, one), (b, other)) = (hashed[*i], hashed[*j]);
                    let alike = (a ^ b).count_ones() <= MOST_BITS;
                    // Equal pixels are told as such.
                    let new = one.pixel_hash.is_empty() || one.pixel_hash != other.pixel_hash;
                    if alike && new && counts(one, other) {
                        told.insert((*j, *i));
                    }
                }
            }
        }
    }
    let mut out: Vec<(String, String)> = Vec::new();
    let mut last = None;
    for (j, i) in told {
        if last != Some(j) {
            let (a, b) = (hashed[i], hashed[j]);
            out.push((
                b.1.case.clone(),
                format!(
                    "like case {} ({} bits differ)",
                    a.1.case,
                    (a.0 ^ b.0).count_ones()
                ),
            ));
        }
        last = Some(j);
    }
    out
}
