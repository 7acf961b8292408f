//! The desk's state: what is open, which handles were given out, the store, the loaded model.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use overread_dicom::DisplaySet;
use overread_dicom::objects::ObjectHeader;
use overread_dicom::presentation_state::PresentationState;
use overread_store::Store;

use crate::clock::{Clock, SystemClock};
use crate::code::failure;
use crate::frames::Frames;
use crate::loaded::Models;
use crate::op::blind;
use crate::op::files::Seen;
use crate::op::pace::Pace;
use crate::wire::app::Handle;
use crate::wire::studies::{SkippedFile, Study};
use crate::{Failure, Outcome, home};

/// How to set a desk up.
pub struct DeskOptions {
    /// Where things are kept.
    pub home: PathBuf,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// A folder to open when the page is ready.
    pub open_at_start: Option<PathBuf>,
}

impl Default for DeskOptions {
    fn default() -> Self {
        Self {
            home: home::home(),
            clock: Arc::new(SystemClock),
            open_at_start: None,
        }
    }
}

impl fmt::Debug for DeskOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeskOptions")
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// What is open now.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    pub(crate) root: Option<PathBuf>,
    /// In the order in which they were found.
    pub(crate) studies: Vec<Study>,
    pub(crate) sets: BTreeMap<String, Arc<DisplaySet>>,
    /// Display sets as the page last got them: it asks by place in them, and a scan that goes on must not move a slice
    /// under it.
    pub(crate) shown: BTreeMap<String, Arc<DisplaySet>>,
    pub(crate) skipped: Vec<SkippedFile>,
    /// Presentation states by handle.
    pub(crate) states: BTreeMap<String, Arc<PresentationState>>,
    /// By id.
    pub(crate) objects: BTreeMap<String, Arc<OpenObject>>,
}

/// An object of the opened folder.
#[derive(Debug)]
pub(crate) struct OpenObject {
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    pub(crate) header: ObjectHeader,
}

/// Pictures of a plan, kept for the page to look at.
#[derive(Clone, Debug)]
pub(crate) struct PlannedPictures {
    pub(crate) id: String,
    pub(crate) pictures: Arc<Vec<overread_medgemma::Picture>>,
    pub(crate) side: Option<usize>,
}

/// The desk.
pub struct Desk {
    pub(crate) home: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    /// When this desk was opened, RFC 3339.
    pub(crate) since: String,
    pub(crate) open_at_start: Option<PathBuf>,
    pub(crate) store: Result<Mutex<Store>, Failure>,
    pub(crate) frames: Frames,
    pub(crate) opened: Mutex<Opened>,
    pub(crate) plans: Mutex<Vec<PlannedPictures>>,
    pub(crate) models: Models,
    /// Model files that were looked into.
    pub(crate) seen_files: Mutex<Vec<Seen>>,
    /// How fast this machine reads, by model, precision and device.
    pub(crate) pace: Mutex<BTreeMap<String, Pace>>,
    /// Layers that were drawn last.
    pub(crate) layers: Mutex<Vec<Arc<crate::op::layers::OpenLayer>>>,
    /// Evaluations that were looked at last, newest first.
    pub(crate) evaluations: Mutex<Vec<Arc<crate::op::evaluation::loaded::Loaded>>>,
    handles: Mutex<BTreeMap<String, PathBuf>>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// A lock whose holder panicked still guards sound data: every change is made whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Folder of caches: quantised weights, image features, thumbnails. It may be deleted at any time.
    pub fn cache_folder(&self) -> PathBuf {
        self.home.join("cache")
    }

    /// Sets a desk up. A store that cannot be opened is a problem that is shown; everything else works.
    pub fn open(options: DeskOptions) -> Self {
        let store = Store::open(&options.home, &options.clock.now())
            .map(Mutex::new)
            .map_err(Failure::from);
        if let Err(problem) = &store {
            tracing::warn!("the store is not open: {}", problem.code);
        }
        Self {
            home: options.home,
            since: options.clock.now(),
            clock: options.clock,
            open_at_start: options.open_at_start,
            store,
            frames: Frames::default(),
            opened: Mutex::default(),
            plans: Mutex::default(),
            models: Models::default(),
            seen_files: Mutex::default(),
            pace: Mutex::default(),
            layers: Mutex::default(),
            evaluations: Mutex::default(),
            handles: Mutex::default(),
        }
    }

    /// The store, or why there is none.
    pub(crate) fn store(&self) -> Outcome<MutexGuard<'_, Store>> {
        self.store.as_ref().map(lock).map_err(Clone::clone)
    }

    /// Gives a path a handle.
    pub fn handle(&self, path: &Path) -> Handle {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let hash = path
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
                (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
            });
        let id = format!("h-{hash:016x}");
        let label = path.file_name().map_or_else(
            || path.display().to_string(),
            |n| n.to_string_lossy().into_owned(),
        );
        lock(&self.handles).insert(id.clone(), path);
        Handle { id, label }
    }

    /// The path behind a handle.
    ///
    /// # Errors
    /// For a handle that this desk did not give.
    pub(crate) fn path(&self, handle: &Handle) -> Outcome<PathBuf> {
        lock(&self.handles).get(&handle.id).cloned().ok_or_else(|| {
            failure(
                "desk.unknown_handle",
                "This folder or file was chosen in an earlier run.",
                "Choose it again.",
            )
        })
    }

    /// Takes the newest state of a display set as what the page shows from now on.
    pub(crate) fn show(&self, id: &str) {
        let mut opened = lock(&self.opened);
        if let Some(newest) = opened.sets.get(id).cloned() {
            opened.shown.insert(id.to_owned(), newest);
        }
    }

    /// A display set that is open.
    ///
    /// # Errors
    /// When it is not open any more, or is a result that is withheld.
    pub(crate) fn set(&self, id: &str) -> Outcome<Arc<DisplaySet>> {
        let found = {
            let opened = lock(&self.opened);
            let shown = opened.shown.get(id).or_else(|| opened.sets.get(id));
            shown.cloned()
        };
        let set = found.ok_or_else(|| {
            failure(
                "desk.unknown_display_set",
                "This series is not open.",
                "Open its folder again.",
            )
        })?;
        if blind::withholds_set(self, &set) {
            return Err(blind::withheld("series"));
        }
        Ok(set)
    }
}
