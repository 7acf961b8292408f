//! Opens a folder: scans it, streams studies as they grow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use overread_dicom::objects::ObjectHeader;
use overread_dicom::objects::kind::Kind;
use overread_dicom::presentation_state::{PresentationState, is_presentation_state};
use overread_dicom::scan::{self, Found, ScannedFile};
use overread_dicom::{DisplaySet, ImageHeader, Index, archive};
use rayon::prelude::*;

use crate::code::failure;
use crate::convert;
use crate::desk::{Desk, OpenObject, lock};
use crate::op::{gather, naming, plain, present, studies};
use crate::wire::studies::{OpenFolder, ScanEvent, SkippedFile};
use crate::{Cancel, Failure};

/// Events come at most this often.
const EVERY: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Progress {
    index: Index,
    changed: BTreeSet<String>,
    objects: BTreeMap<String, Vec<Arc<OpenObject>>>,
    skipped: Vec<SkippedFile>,
    /// Plain pictures: read once it is known that there is no DICOM image beside them.
    pictures: Vec<PathBuf>,
    /// Names of files are not told.
    is_hidden: bool,
    states: Vec<Arc<PresentationState>>,
    seen: u32,
    images: u32,
    skipped_count: u32,
    found: u32,
    told: Option<Instant>,
    /// How long the last telling took.
    telling: Duration,
}

/// The job `open`.
pub(crate) fn open(
    desk: &Desk,
    arguments: &OpenFolder,
    events: &(dyn Fn(ScanEvent) + Sync),
    cancel: &Cancel,
) {
    match run(desk, arguments, events, cancel) {
        Ok(done) => events(done),
        Err(error) => events(ScanEvent::Failed(error)),
    }
}

fn run(
    desk: &Desk,
    arguments: &OpenFolder,
    events: &(dyn Fn(ScanEvent) + Sync),
    cancel: &Cancel,
) -> Result<ScanEvent, Failure> {
    let root = desk.path(&arguments.folder)?;
    if !root.exists() && !archive::leads_into(&root) {
        let message = format!(
            "The folder {} is not there any more.",
            shown_name(desk, &arguments.folder)
        );
        return Err(failure(
            "open.not_found",
            message,
            "Choose another folder, or connect its drive.",
        ));
    }
    *lock(&desk.opened) = crate::desk::Opened {
        root: Some(root.clone()),
        ..Default::default()
    };
    // Files may have changed since they were last read.
    desk.frames.clear();
    lock(&desk.layers).clear();
    let begun = Instant::now();
    let progress = Mutex::new(Progress {
        is_hidden: naming::hidden(desk),
        ..Progress::default()
    });
    let summary = scan::scan(
        std::slice::from_ref(&root),
        &|event| take(desk, &root, &progress, event, events),
        cancel.flag(),
    )?;
    let cancelled = summary.cancelled || !take_pictures(desk, &root, &progress, events, cancel);
    let mut progress = lock(&progress);
    tell(desk, &mut progress, events);
    if progress.images == 0 && progress.objects.is_empty() && !cancelled {
        let message = format!(
            "There is no DICOM in {}: {} files were looked at.",
            shown_name(desk, &arguments.folder),
            progress.seen
        );
        return Err(failure(
            "open.no_dicom",
            message,
            "Choose a folder that holds DICOM files or plain pictures.",
        ));
    }
    if let Ok(mut store) = desk.store() {
        // A folder that could not be remembered is still open.
        if let Err(error) = store.remember_folder(&root.to_string_lossy(), &desk.clock.now()) {
            tracing::warn!("recent folder not kept: {error}");
        }
    }
    Ok(ScanEvent::Done {
        files: u32::try_from(summary.files).unwrap_or(u32::MAX),
        seconds: begun.elapsed().as_secs_f64(),
        cancelled,
    })
}

fn take(
    desk: &Desk,
    root: &Path,
    progress: &Mutex<Progress>,
    event: scan::ScanEvent,
    events: &(dyn Fn(ScanEvent) + Sync),
) {
    // Looked at before the lock: readers must not wait for each other.
    let is_picture = match &event {
        scan::ScanEvent::File(file) => {
            matches!(file.found, Found::NotDicom(_)) && plain::is_picture(&file.path)
        }
        _ => false,
    };
    let mut p = lock(progress);
    match event {
        scan::ScanEvent::File(file) if is_picture => {
            p.seen += 1;
            p.pictures.push(file.path);
        }
        scan::ScanEvent::Listed(n) => p.found = u32::try_from(n).unwrap_or(u32::MAX),
        scan::ScanEvent::Folder(path, reason) => skip(&mut p, root, &path, "unreadable", reason),
        scan::ScanEvent::Medium(medium) => {
            if let Some(trouble) = medium.trouble() {
                skip(&mut p, root, &medium.path, "unreadable", trouble);
            }
        }
        scan::ScanEvent::File(file) => {
            p.seen += 1;
            add(&mut p, root, *file);
        }
    }
    tell_now_and_then(desk, &mut p, events);
}

fn tell_now_and_then(desk: &Desk, p: &mut Progress, events: &(dyn Fn(ScanEvent) + Sync)) {
    // Sorting a hundred thousand images takes a while: most of the time is for reading.
    let pause = EVERY.max(p.telling * 4);
    if p.told.is_none_or(|told| told.elapsed() >= pause) {
        tell(desk, p, events);
    }
}

/// The label that the page knows; told again only where names are shown.
fn shown_name(desk: &Desk, folder: &crate::wire::app::Handle) -> String {
    match desk.path(folder) {
        Ok(path) => desk.handle_of_cases(&path).label,
        Err(_) => folder.label.clone(),
    }
}

/// Reads plain pictures, where a folder holds no DICOM image; else they are listed. False when it was cancelled.
fn take_pictures(
    desk: &Desk,
    root: &Path,
    progress: &Mutex<Progress>,
    events: &(dyn Fn(ScanEvent) + Sync),
    cancel: &Cancel,
) -> bool {
    let (mut pictures, beside) = {
        let mut p = lock(progress);
        (std::mem::take(&mut p.pictures), p.images > 0)
    };
    pictures.sort();
    if beside {
        let mut p = lock(progress);
        for path in &pictures {
            let reason = "a plain picture beside DICOM images: open it by itself".to_owned();
            skip(&mut p, root, path, "not_dicom", reason);
        }
        return true;
    }
    pictures.par_iter().for_each(|path| {
        if cancel.is_cancelled() {
            return;
        }
        let read = plain::header(path);
        let mut p = lock(progress);
        match read {
            Ok(header) => add_image(&mut p, root, header),
            Err(error) => skip(&mut p, root, path, "unreadable", error.to_string()),
        }
        tell_now_and_then(desk, &mut p, events);
    });
    !cancel.is_cancelled()
}

/// Lists an object with its study.
fn keep(p: &mut Progress, path: &Path, header: ObjectHeader) {
    p.changed.insert(header.study_uid.clone());
    let object = OpenObject {
        id: format!(
            "object-{}",
            convert::short_hash(&format!("{} {}", header.sop_uid, path.display()))
        ),
        path: path.to_path_buf(),
        header,
    };
    let study = object.header.study_uid.clone();
    p.objects.entry(study).or_default().push(Arc::new(object));
}

fn add(p: &mut Progress, root: &Path, file: ScannedFile) {
    if let Some(also) = file.also {
        keep(p, &file.path, *also);
    }
    match file.found {
        Found::Image(header) => add_image(p, root, *header),
        Found::Object(object) => {
            if is_presentation_state(&object.sop_class)
                && let Ok(state) = PresentationState::open(&file.path)
            {
                p.states.push(Arc::new(state));
            }
            // It is shown: its line stands with its study, where blind reading hides what it holds.
            keep(p, &file.path, *object);
        }
        Found::Unreadable(error) => skip(p, root, &file.path, "unreadable", error.to_string()),
        Found::NotDicom(reason) => skip(p, root, &file.path, "not_dicom", reason),
    }
}

fn add_image(p: &mut Progress, root: &Path, header: ImageHeader) {
    p.images += 1;
    p.changed.insert(header.study_uid.clone());
    let path = header.path.clone();
    if !p.index.add(header) {
        let reason = "a further copy of an instance that is here already".to_owned();
        skip(p, root, &path, "object", reason);
    }
}

fn skip(p: &mut Progress, root: &Path, path: &Path, status: &str, reason: String) {
    let name = naming::file(root, path, p.is_hidden);
    p.skipped_count += 1;
    p.skipped.push(SkippedFile {
        name,
        status: status.to_owned(),
        reason,
    });
}

fn tell(desk: &Desk, p: &mut Progress, events: &(dyn Fn(ScanEvent) + Sync)) {
    let states = std::mem::take(&mut p.states);
    lock(&desk.opened)
        .states
        .extend(states.into_iter().map(|state| (present::id(&state), state)));
    let begun = Instant::now();
    for uid in std::mem::take(&mut p.changed) {
        let sets: Vec<Arc<DisplaySet>> = p
            .index
            .display_sets(Some(&uid))
            .into_iter()
            .map(Arc::new)
            .collect();
        let mut objects = p.objects.get(&uid).cloned().unwrap_or_default();
        // The order of arrival must not show.
        objects.sort_by_cached_key(|o| (o.header.kind, o.header.label.clone(), o.path.clone()));
        {
            let mut opened = lock(&desk.opened);
            let objects = objects.iter().map(|o| (o.id.clone(), Arc::clone(o)));
            opened.objects.extend(objects);
            opened.sets.retain(|_, set| set.study_uid != uid);
            let sets = sets.iter().map(|set| (set.id.clone(), Arc::clone(set)));
            opened.sets.extend(sets);
        }
        let study = studies::study(desk, &uid, &sets, &objects);
        let mut opened = lock(&desk.opened);
        match opened.studies.iter_mut().find(|old| old.id == study.id) {
            Some(old) => *old = study.clone(),
            None => opened.studies.push(study.clone()),
        }
        drop(opened);
        events(ScanEvent::Study(studies::shown(desk, study)));
    }
    if !p.skipped.is_empty() {
        let files = std::mem::take(&mut p.skipped);
        lock(&desk.opened).skipped.extend(files.iter().cloned());
        events(ScanEvent::Skipped { files });
    }
    events(ScanEvent::Progress {
        seen: p.seen,
        images: p.images,
        skipped: p.skipped_count,
        found: p.found.max(p.seen),
    });
    p.telling = begun.elapsed();
    p.told = Some(Instant::now());
}

/// Scans a folder or file to the end without a page: for the command line.
///
/// # Errors
/// When it is not there or holds no image.
pub fn load(desk: &Desk, path: &Path) -> Result<Vec<Arc<DisplaySet>>, Failure> {
    let sets = found_in(path)?.sets;
    let mut opened = lock(&desk.opened);
    opened.root = Some(path.to_path_buf());
    opened.sets = sets.iter().map(|set| (set.id.clone(), Arc::clone(set))).collect();
    Ok(sets)
}

/// As [`load`], beside what is open already.
///
/// # Errors
/// When it is not there or holds no image.
pub fn load_beside(desk: &Desk, path: &Path) -> Result<Vec<Arc<DisplaySet>>, Failure> {
    let sets = found_in(path)?.sets;
    let mut opened = lock(&desk.opened);
    for set in &sets {
        opened
            .sets
            .entry(set.id.clone())
            .or_insert_with(|| Arc::clone(set));
    }
    Ok(sets)
}

/// Images of a path, and what lies with them.
#[derive(Debug)]
pub(crate) struct FoundIn {
    /// Display sets.
    pub(crate) sets: Vec<Arc<DisplaySet>>,
    /// Structured reports: Study Instance UID and title.
    pub(crate) reports: Vec<(String, String)>,
}

/// What [`load`] finds, beside what is open.
///
/// # Errors
/// When it is not there or holds no image.
pub(crate) fn found_in(path: &Path) -> Result<FoundIn, Failure> {
    let mut gathered = gather::gather(path, &Cancel::default(), &|_| {})?;
    if gathered.index.is_empty() {
        gathered.read_pictures(&Cancel::default(), &|_, _| {});
    }
    if gathered.index.is_empty() {
        return Err(gathered.nothing(path));
    }
    let reports = gathered.objects.iter().filter(|(_, o)| o.kind == Kind::Report);
    Ok(FoundIn {
        reports: reports
            .map(|(_, o)| (o.study_uid.clone(), o.label.clone()))
            .collect(),
        sets: gathered.display_sets(),
    })
}

/// The display set with that id, or the one with most frames.
///
/// # Errors
/// When no set has the id; the message lists those there are.
pub fn choose(sets: &[Arc<DisplaySet>], id: Option<&str>) -> Result<Arc<DisplaySet>, Failure> {
    match id {
        None => sets
            .iter()
            .rev()
            .max_by_key(|set| set.frames.len())
            .cloned()
            .ok_or_else(|| failure("open.no_dicom", "There is no image.", "")),
        Some(id) => sets.iter().find(|set| set.id == id).cloned().ok_or_else(|| {
            let known: Vec<&str> = sets.iter().map(|set| set.id.as_str()).collect();
            failure(
                "desk.unknown_display_set",
                format!("There is no display set {id}."),
                format!("Choose one of {}.", known.join(", ")),
            )
        }),
    }
}

/// Paths as given, made absolute so that a store finds them again.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
