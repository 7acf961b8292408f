//! Case sets and the bundled study on disk, with `truth.csv` and `truth.json`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use crate::case::{Case, Options};
use crate::dicom::{WriteError, write_bytes};
use crate::finding::{Finding, Truth};
use crate::random::{Random, mix};

/// What can go wrong while a set is written.
#[derive(Debug, thiserror::Error)]
pub enum PhantomError {
    /// A folder could not be made.
    #[error("the folder “{path}” could not be made ({source}); choose another place or free some space")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A table could not be put together.
    #[error(
        "the list of truths could not be written ({0}); this is a fault of the program, please report it"
    )]
    Table(String),
    /// The caller asked to stop.
    #[error("making phantoms was cancelled; the folder holds the cases made so far and no truth.csv")]
    Cancelled,
}

/// One line of `truth.csv`, with more in `truth.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// Name of the case.
    pub case: String,
    /// Its folder, relative to the one of `truth.csv`.
    pub path: String,
    /// Seed of this case alone.
    pub seed: u64,
    /// Study Instance UID.
    pub study_uid: String,
    /// Series Instance UID of the CT series.
    pub series_uid: String,
    /// What is true.
    #[serde(flatten)]
    pub truth: Truth,
    /// Column and row of the finding in the radiograph, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radiograph_pixel: Option<[f32; 2]>,
}

/// Called after each case with (done, of): return false to stop.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

/// Labels of `n` cases: as even as `n` allows, in an order that depends on the seed alone.
pub fn balanced_labels(n: usize, seed: u64) -> Vec<Finding> {
    balanced_among(&Finding::ALL, n, seed)
}

/// The same among these findings; none at all: [`Finding::ALL`].
pub fn balanced_among(findings: &[Finding], n: usize, seed: u64) -> Vec<Finding> {
    let findings = if findings.is_empty() {
        &Finding::ALL[..]
    } else {
        findings
    };
    let mut random = Random::new(seed, "labels of a set");
    let mut labels = Vec::with_capacity(n);
    while labels.len() < n {
        let mut round = findings.to_vec();
        random.shuffle(&mut round);
        labels.extend(round);
    }
    labels.truncate(n);
    random.shuffle(&mut labels);
    labels
}

/// Seed of case `index` (from 0) of the set of `seed`.
pub fn case_seed(seed: u64, index: usize) -> u64 {
    mix(mix(seed) ^ (index as u64).wrapping_mul(0xA24B_AED4_963E_E407))
}

/// Writes `n` cases below `dir`, one folder each, then `truth.csv` (case, path, label, side, position_mm, size_mm,
/// slice) and `truth.json`. Labels are balanced unless `options` names a finding. Nothing depends on the threads.
pub fn write_cases(
    dir: &Path,
    n: usize,
    seed: u64,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Vec<Record>, PhantomError> {
    write_cases_of(dir, n, seed, options, &[], progress)
}

/// As [`write_cases`], with labels balanced among these findings; none at all: [`Finding::ALL`].
pub fn write_cases_of(
    dir: &Path,
    n: usize,
    seed: u64,
    options: &Options,
    findings: &[Finding],
    progress: Progress<'_>,
) -> Result<Vec<Record>, PhantomError> {
    make(dir)?;
    let labels = balanced_among(findings, n, seed);
    let (done, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let records: Result<Vec<Record>, PhantomError> = labels
        .par_iter()
        .enumerate()
        .map(|(index, label)| {
            if stop.load(Ordering::Relaxed) {
                return Err(PhantomError::Cancelled);
            }
            let options = Options {
                finding: Some(options.finding.unwrap_or(*label)),
                ..options.clone()
            };
            let case = Case::generate(case_seed(seed, index), &options);
            let name = format!("case-{:04}", index + 1);
            let record = write_series(&dir.join(&name), &name, index + 1, &case)?;
            if !progress(done.fetch_add(1, Ordering::Relaxed) + 1, n) {
                stop.store(true, Ordering::Relaxed);
            }
            Ok(record)
        })
        .collect();
    let records = records?;
    if stop.load(Ordering::Relaxed) && records.len() < n {
        return Err(PhantomError::Cancelled);
    }
    write_truth(dir, &records)?;
    Ok(records)
}

/// Writes the bundled study: a whole chest CT of 512 x 512 with one finding in `ct/`, the same patient's radiograph in
/// `dx/`, and the truth. The finding is drawn from the seed (never normal).
pub fn write_study(dir: &Path, seed: u64, progress: Progress<'_>) -> Result<Record, PhantomError> {
    let finding = Finding::ALL[1 + Random::new(seed, "finding of the study").below(Finding::ALL.len() - 1)];
    write_study_of(
        dir,
        seed,
        &Options {
            finding: Some(finding),
            ..Options::full()
        },
        progress,
    )
}

/// [`write_study`] with options of one's own.
pub fn write_study_of(
    dir: &Path,
    seed: u64,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Record, PhantomError> {
    make(dir)?;
    let case = Case::generate(seed, options);
    if !progress(1, 2) {
        return Err(PhantomError::Cancelled);
    }
    let mut record = write_series(&dir.join("ct"), "ct", 1, &case)?;
    let image = case.radiograph();
    make(&dir.join("dx"))?;
    case.dx_file(1, &image)
        .write(&dir.join("dx").join("IM0001.dcm"))?;
    "study".clone_into(&mut record.case);
    record.radiograph_pixel = case.truth.position_mm.map(|point| {
        let (column, row) = image.pixel_of(point);
        [column.round(), row.round()]
    });
    write_truth(dir, std::slice::from_ref(&record))?;
    progress(2, 2);
    Ok(record)
}

fn make(dir: &Path) -> Result<(), PhantomError> {
    std::fs::create_dir_all(dir).map_err(|source| PhantomError::Folder {
        path: dir.display().to_string(),
        source,
    })
}

/// Writes the slices as `IM0001.dcm` … : names say nothing about the content.
fn write_series(dir: &Path, name: &str, number: usize, case: &Case) -> Result<Record, PhantomError> {
    make(dir)?;
    let files = case.ct_files(number);
    let paths: Vec<PathBuf> = (1..=files.len())
        .map(|i| dir.join(format!("IM{i:04}.dcm")))
        .collect();
    files
        .par_iter()
        .zip(&paths)
        .try_for_each(|(file, path)| file.write(path))?;
    let (study_uid, series_uid) = case.uids();
    Ok(Record {
        case: name.to_owned(),
        path: name.to_owned(),
        seed: case.seed,
        study_uid,
        series_uid,
        truth: case.truth.clone(),
        radiograph_pixel: None,
    })
}

fn write_truth(dir: &Path, records: &[Record]) -> Result<(), PhantomError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let fault = |error: &dyn std::fmt::Display| PhantomError::Table(error.to_string());
    table
        .write_record(["case", "path", "label", "side", "position_mm", "size_mm", "slice"])
        .map_err(|e| fault(&e))?;
    for record in records {
        let truth = &record.truth;
        let position = truth
            .position_mm
            .map_or(String::new(), |[x, y, z]| format!("{x:.1} {y:.1} {z:.1}"));
        let size = truth.size_mm.map_or(String::new(), |size| format!("{size:.1}"));
        table
            .write_record([
                &record.case,
                &record.path,
                &truth.label,
                truth.side.word(),
                &position,
                &size,
                &truth.slice.to_string(),
            ])
            .map_err(|e| fault(&e))?;
    }
    let bytes = table.into_inner().map_err(|e| fault(&e))?;
    write_bytes(&dir.join("truth.csv"), &bytes)?;
    let mut json = serde_json::to_vec_pretty(records).map_err(|e| fault(&e))?;
    json.push(b'\n');
    write_bytes(&dir.join("truth.json"), &json)?;
    Ok(())
}
