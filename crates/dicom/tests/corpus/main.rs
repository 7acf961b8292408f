//! The shared corpus against its reference values; a printed skip where the corpus is absent.
//!
//! Files that are known not to match yet stand in `known.txt` with a reason each; the list may only shrink.
#![allow(
    clippy::print_stdout,
    reason = "what was compared, and what was skipped, is said"
)]

mod conformance;
mod files;
mod headers;
mod measure;
mod overlays;
mod reslices;
mod series;
mod tiles;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overread_dicom::scan::{Found, examine};
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    overread_testkit::shared("corpus")
}

fn known() -> BTreeMap<&'static str, &'static str> {
    include_str!("../known.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .filter_map(|line| line.split_once('\t'))
        .collect()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("reference can be read");
    text.lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| serde_json::from_str(l).expect("reference is JSON"))
        .collect()
}

fn index_of(folder: &Path) -> overread_dicom::Index {
    let mut index = overread_dicom::Index::default();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        if let Found::Image(header) = examine(&entry.expect("an entry").path()) {
            index.add(*header);
        }
    }
    index
}
