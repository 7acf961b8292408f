//! A folder and a truth table to a case set, with what matched and what did not.
//!
//! | file | duty |
//! |---|---|
//! | `mod` | the draft: tables read, rows matched, the case set put together |
//! | `places` | where the images of a row lie |
//! | `splits` | splits drawn by patient |
//! | `told` | what matched and what did not, for people |
//! | `write` | the file, its cases, its readers |

mod places;
pub mod splits;
mod told;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use overread_evaluation::case_set::{
    AskedQuestion, Blank, CaseSet, CaseSpec, FORMAT, ImageSpec, Task, TruthPolicy, Uncertain,
};
use overread_evaluation::import::{self, Format, Imported};
use overread_evaluation::score::Source;
use sha2::{Digest, Sha256};

use crate::code::failure;
use crate::desk::Desk;
use crate::op::evaluation::{reports, set};
use crate::op::gather::{self, Gathered};
use crate::op::naming;
use crate::op::open::absolute;
use crate::wire::evaluation::{CaseSetDraft, CaseSetMapping, EvaluationInfo};
use crate::{Cancel, Outcome};
use places::{Hit, Miss, Places};
use told::Told;

/// A case set to be made.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Folder, zip or file of the images.
    pub folder: PathBuf,
    /// Truth tables; empty: reports in the folder when `format` says so, else a folder a class.
    pub tables: Vec<PathBuf>,
    /// Format; `None`: recognised.
    pub format: Option<Format>,
    /// Form of the question; `None`: the format's.
    pub task: Option<Task>,
    /// Name; empty: the folder's.
    pub name: String,
    /// The label set; empty: the labels of the truth.
    pub labels: Vec<String>,
    /// Uncertain labels.
    pub uncertain: Uncertain,
    /// Labels not mentioned.
    pub blank: Blank,
    /// Local models that read.
    pub models: Vec<PathBuf>,
    /// Recorded answers of other readers.
    pub answers: Vec<PathBuf>,
    /// Splits to draw, with percents; empty: those of the tables.
    pub splits: Vec<(String, f64)>,
    /// Seed of the draw.
    pub seed: u32,
}

/// What a draft comes to.
#[derive(Clone, Debug)]
pub struct Drafted {
    /// For people.
    pub mapping: CaseSetMapping,
    /// The set, its paths as seen from the file it is written to.
    pub set: CaseSet,
}

/// Matches a folder with its truth. `target` is the file that the set will be, for the paths in it. `progress` hears how many
/// files were read.
///
/// # Errors
/// When folder or tables cannot be read, or nothing matches.
pub fn draft(
    desk: &Desk,
    draft: &Draft,
    target: &Path,
    cancel: &Cancel,
    progress: &(dyn Fn(usize) + Sync),
) -> Outcome<Drafted> {
    let hidden = naming::hidden(desk);
    let root = absolute(&draft.folder);
    let gathered = gather::gather(&root, cancel, progress)?;
    if gathered.index.is_empty() && gathered.pictures.is_empty() {
        let what = naming::file(root.parent().unwrap_or(&root), &root, hidden);
        return Err(failure(
            "eval.no_images",
            format!(
                "There is no image in {what}: {} files were looked at.",
                gathered.files
            ),
            "Name the folder of the images; DICOM, PNG, JPEG, TIFF and BMP are read.",
        ));
    }
    let imported = imported(draft, &root, &gathered)?;
    let places = Places::new(&root, &gathered);
    let mut told = Told::new(&root, hidden);
    let mut cases = matched(&imported, &places, target, &mut told);
    let task = draft.task.unwrap_or(imported.task);
    let labels = if draft.labels.is_empty() {
        imported.labels.clone()
    } else {
        draft.labels.clone()
    };
    keep_labels(&mut cases, task, &labels, &mut told);
    if !draft.splits.is_empty() {
        splits::draw(&mut cases, &draft.splits, draft.seed);
    }
    if cases.is_empty() {
        return Err(failure(
            "eval.nothing_matches",
            format!(
                "None of the {} rows matches an image: {}.",
                imported.cases.len(),
                told.first_miss()
                    .unwrap_or_else(|| "there are no rows".to_owned())
            ),
            "Check that the folder is the one that the table speaks of; --format says how the table is to be read.",
        ));
    }
    let name = if draft.name.trim().is_empty() {
        set::name(&root)
    } else {
        draft.name.trim().to_owned()
    };
    let mut set = CaseSet {
        format: FORMAT.to_owned(),
        name,
        question: AskedQuestion {
            task,
            labels: if matches!(task, Task::Open | Task::Vqa) && draft.labels.is_empty() {
                Vec::new()
            } else {
                labels
            },
            ..AskedQuestion::default()
        },
        truth: TruthPolicy {
            source: source_of(imported.format).to_owned(),
            uncertain: draft.uncertain,
            blank: draft.blank,
            ..TruthPolicy::default()
        },
        cases,
        ..CaseSet::default()
    };
    set.readers = write::readers(draft, target)?;
    told.notes.extend(imported.notes.iter().cloned());
    let mapping = told.mapping(&imported, &set, &places);
    Ok(Drafted { mapping, set })
}

/// Reads the truth.
fn imported(draft: &Draft, root: &Path, gathered: &Gathered) -> Outcome<Imported> {
    let wrong = |error: overread_evaluation::InputError| {
        failure(
            "eval.input",
            format!("{error}."),
            "--format names the format; docs/formats.md says what is read of each.",
        )
    };
    if draft.format == Some(Format::DicomSr) {
        return reports::imported(&draft.tables, gathered);
    }
    if draft.tables.is_empty() {
        if draft.format.is_some_and(|format| format != Format::ClassFolders) {
            return Err(failure(
                "eval.no_truth",
                "This format needs a truth table.",
                "Name it with --truth FILE.",
            ));
        }
        let paths = images_below(root, gathered);
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        return import::class_folders::import(&set::name(root), &paths).map_err(wrong);
    }
    let mut texts = Vec::new();
    for table in &draft.tables {
        let name = set::name(table);
        let name = name.strip_suffix(".gz").unwrap_or(&name).to_owned();
        texts.push((name, set::text(table)?));
    }
    let sources: Vec<Source<'_>> = texts.iter().map(|(file, text)| Source { file, text }).collect();
    let format = match draft.format.or_else(|| import::recognise(&sources)) {
        Some(format) => format,
        None => Format::Generic,
    };
    import::import(format, &sources).map_err(wrong)
}

/// Paths of all images below the folder, with `/`, in order; of a series the first.
fn images_below(root: &Path, gathered: &Gathered) -> Vec<String> {
    let sets = gathered.display_sets();
    let dicom = sets
        .iter()
        .filter_map(|set| set.frames.iter().map(|f| f.header.path.as_path()).min());
    let all: BTreeSet<&Path> = dicom
        .chain(gathered.pictures.iter().map(PathBuf::as_path))
        .chain(gathered.copies.iter().map(PathBuf::as_path))
        .collect();
    all.into_iter()
        .map(|path| path.strip_prefix(root).unwrap_or(path))
        .map(|path| {
            let parts: Vec<_> = path
                .components()
                .map(|c| c.as_os_str().to_string_lossy())
                .collect();
            parts.join("/")
        })
        .collect()
}

/// Rows to cases with images.
fn matched(imported: &Imported, places: &Places, target: &Path, told: &mut Told) -> Vec<CaseSpec> {
    let mut cases = Vec::new();
    for row in &imported.cases {
        let mut hit = match places.find(&row.keys) {
            Ok(hit) => hit,
            Err(miss) => {
                told.miss(row, &miss);
                continue;
            }
        };
        for key in &row.also {
            // What is not there of the further images is no reason to leave the case out.
            if let Ok(more) = places.find(std::slice::from_ref(key)) {
                for image in more.images {
                    if !hit.images.contains(&image) {
                        hit.images.push(image);
                    }
                }
                hit.files.extend(more.files);
            }
        }
        if imported.format == Format::ClassFolders {
            places.widen(&mut hit);
        }
        let mut case = row.case.clone();
        case.images = hit
            .images
            .iter()
            .map(|image| placed(image, target, &row.slices))
            .collect();
        described(&mut case, &hit, places);
        told.hit(row, &hit, places);
        cases.push(case);
    }
    cases
}

/// An image as seen from the case-set file.
fn placed(image: &ImageSpec, target: &Path, slices: &str) -> ImageSpec {
    ImageSpec {
        path: write::relative(target, Path::new(&image.path)),
        slices: slices.to_owned(),
        ..image.clone()
    }
}

/// What the images say of the case, where its row does not.
fn described(case: &mut CaseSpec, hit: &Hit, places: &Places) {
    let Some(first) = hit.files.first().and_then(|file| places.set_of(*file)) else {
        return;
    };
    let header = &first.first().header;
    if case.modality.is_empty() {
        case.modality.clone_from(&first.modality);
    }
    if case.patient.is_empty() && !header.patient.id.trim().is_empty() {
        case.patient = pseudonym(&header.patient.id);
    }
    if !header.patient.sex.is_empty() {
        let sex = case.groups.entry("sex".to_owned());
        sex.or_insert_with(|| header.patient.sex.clone());
    }
}

/// Tells patients apart without naming them: a case set may be handed on.
pub(crate) fn pseudonym(id: &str) -> String {
    let digest = Sha256::digest(id.trim().as_bytes());
    let hex: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
    format!("patient-{hex}")
}

/// A closed question over given labels has no place for cases of other labels.
fn keep_labels(cases: &mut Vec<CaseSpec>, task: Task, labels: &[String], told: &mut Told) {
    if task != Task::Closed || labels.is_empty() {
        return;
    }
    let before = cases.len();
    cases.retain(|case| case.truth.labels.iter().all(|label| labels.contains(label)));
    let left = before - cases.len();
    if left > 0 {
        told.notes.push(format!(
            "{left} cases are left out: their truth is none of the labels"
        ));
    }
}

/// Where the truth of a format comes from (facts of the data sets' own papers).
fn source_of(format: Format) -> &'static str {
    match format {
        Format::Chexpert | Format::MimicCxr | Format::ChestXray14 | Format::Padchest => "report",
        Format::CtRate => "model",
        Format::VindrCxr => "majority",
        Format::RsnaPneumonia | Format::Lidc | Format::Medpix | Format::VqaRad | Format::Slake => "expert",
        Format::Phantom => "generator",
        Format::Generic | Format::DicomSr | Format::ClassFolders => "",
    }
}

impl Draft {
    fn of(desk: &Desk, wire: &CaseSetDraft) -> Outcome<Self> {
        let paths = |handles: &[crate::wire::app::Handle]| {
            handles.iter().map(|h| desk.path(h)).collect::<Outcome<Vec<_>>>()
        };
        Ok(Self {
            folder: desk.path(&wire.folder)?,
            tables: paths(&wire.tables)?,
            format: wire.format,
            task: wire.task,
            name: wire.name.clone(),
            labels: Vec::new(),
            uncertain: wire.uncertain,
            blank: wire.blank,
            models: wire
                .model
                .iter()
                .map(|h| desk.path(h))
                .collect::<Outcome<Vec<_>>>()?,
            answers: paths(&wire.answers)?,
            splits: if wire.split_by_patient.trim().is_empty() {
                Vec::new()
            } else {
                splits::parse(&wire.split_by_patient)?
            },
            seed: wire.seed,
        })
    }
}

/// The operation `draft_case_set`.
///
/// # Errors
/// When folder or tables cannot be read.
pub fn mapping(desk: &Desk, arguments: &CaseSetDraft) -> Outcome<CaseSetMapping> {
    let wanted = Draft::of(desk, arguments)?;
    let target = write::target(desk, arguments, &wanted)?;
    Ok(draft(desk, &wanted, &target, &Cancel::default(), &|_| {})?.mapping)
}

/// The operation `make_case_set`.
///
/// # Errors
/// When nothing matches, or the file cannot be written.
pub fn make(desk: &Desk, arguments: &CaseSetDraft) -> Outcome<EvaluationInfo> {
    let wanted = Draft::of(desk, arguments)?;
    let target = write::target(desk, arguments, &wanted)?;
    let drafted = draft(desk, &wanted, &target, &Cancel::default(), &|_| {})?;
    write(&drafted.set, &target, false)?;
    super::open::remember(desk, &target)
}

/// Writes a case set, large ones with their cases in a file beside it.
///
/// # Errors
/// When the set breaks a rule, is there already (without `force`), or cannot be written.
pub fn write(set: &CaseSet, target: &Path, force: bool) -> Outcome<()> {
    write::write(set, target, force)
}

/// A row's misses in words.
fn reason(miss: &Miss) -> String {
    match miss {
        Miss::Nothing => "no image is called so".to_owned(),
        Miss::Several(n) => format!("{n} images are called so"),
    }
}
