//! The model in memory: one at a time, shared by all who read with it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use overread_medgemma::siglip::MedSiglip;
use overread_medgemma::{Adapter, Engine};

use crate::code::failure;
use crate::desk::lock;
use crate::wire::models::PrecisionName;
use crate::{Cancel, Outcome};

/// How often a wait looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(10);

/// Adapters that are kept ready beside a model.
const MOST_ADAPTERS: usize = 4;

/// What tells one loaded model from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Folder or file.
    pub(crate) path: PathBuf,
    pub(crate) precision: PrecisionName,
    pub(crate) device: String,
    /// Adapter folders merged into the weights.
    pub(crate) merged: Vec<PathBuf>,
}

/// A model of one family or the other.
#[derive(Debug)]
pub(crate) enum Model {
    /// Reads and writes.
    MedGemma(Box<Engine>),
    /// Compares pictures with texts.
    Siglip(Box<MedSiglip>),
}

/// Adapters that were made ready, by their folders.
type Ready = Vec<(Vec<PathBuf>, Arc<Adapter>)>;

/// A loaded model.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) key: Key,
    pub(crate) model: Model,
    /// Bytes that it takes.
    pub(crate) bytes: u64,
    adapters: Mutex<Ready>,
}

impl Loaded {
    pub(crate) fn new(key: Key, model: Model, bytes: u64) -> Self {
        Self {
            key,
            model,
            bytes,
            adapters: Mutex::default(),
        }
    }

    /// The adapters of these folders as one, read once; `None` for no folder.
    ///
    /// # Errors
    /// Whatever does not fit the model.
    pub(crate) fn adapter(&self, folders: &[PathBuf], cancel: &Cancel) -> Outcome<Option<Arc<Adapter>>> {
        if folders.is_empty() {
            return Ok(None);
        }
        let known = |ready: &Ready| {
            let found = ready.iter().find(|(of, _)| of == folders);
            found.map(|(_, adapter)| Arc::clone(adapter))
        };
        if let Some(adapter) = known(&lock(&self.adapters)) {
            return Ok(Some(adapter));
        }
        let adapter = match (&self.model, folders) {
            (Model::MedGemma(engine), _) => engine.adapters(folders, cancel)?,
            (Model::Siglip(model), [folder]) => model.adapter(folder, cancel)?,
            (Model::Siglip(_), _) => {
                return Err(failure(
                    "model.one_adapter",
                    "A MedSigLIP takes one adapter at a time.",
                    "Choose one of them.",
                ));
            }
        };
        let adapter = Arc::new(adapter);
        let mut ready = lock(&self.adapters);
        ready.push((folders.to_vec(), Arc::clone(&adapter)));
        let most = ready.len().saturating_sub(MOST_ADAPTERS);
        ready.drain(..most);
        Ok(Some(adapter))
    }
}

/// The model in memory.
#[derive(Debug, Default)]
pub(crate) struct Models {
    slot: Mutex<Option<Arc<Loaded>>>,
    /// Held by whoever gets a model or waits to load one, so that nobody overtakes.
    turn: Mutex<()>,
    /// Questions that want the machine now: work ahead of questions stands back.
    questions: AtomicUsize,
}

/// While it lives, work ahead of questions stands back.
#[derive(Debug)]
pub(crate) struct Questioning<'a>(&'a AtomicUsize);

impl Drop for Questioning<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Models {
    /// Says that a question wants the machine.
    pub(crate) fn questioning(&self) -> Questioning<'_> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        Questioning(&self.questions)
    }

    /// True while a question wants the machine.
    pub(crate) fn is_questioned(&self) -> bool {
        self.questions.load(Ordering::Relaxed) > 0
    }

    /// True when that model is in memory.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        self.precision_of(path).is_some()
    }

    /// The precision in which that model is in memory.
    pub(crate) fn precision_of(&self, path: &Path) -> Option<PrecisionName> {
        let slot = lock(&self.slot);
        let loaded = slot.as_ref().filter(|loaded| loaded.key.path == path)?;
        Some(loaded.key.precision)
    }

    /// True when just this is in memory.
    pub(crate) fn has(&self, key: &Key) -> bool {
        lock(&self.slot).as_ref().is_some_and(|loaded| loaded.key == *key)
    }

    /// Bytes that the loaded model takes.
    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.slot).as_ref().map_or(0, |loaded| loaded.bytes)
    }

    /// The model of `key`, loaded by `load` when it is not there. Readers of another model are waited for, so that two
    /// never lie in memory; waiting can be cancelled.
    ///
    /// # Errors
    /// Those of `load`, or cancelled.
    pub(crate) fn get(
        &self,
        key: &Key,
        cancel: &Cancel,
        load: impl FnOnce() -> Outcome<Loaded>,
    ) -> Outcome<Arc<Loaded>> {
        let _turn = self.turn(cancel)?;
        if let Some(loaded) = lock(&self.slot).as_ref().filter(|loaded| loaded.key == *key) {
            return Ok(Arc::clone(loaded));
        }
        loop {
            let mut slot = lock(&self.slot);
            if slot.as_ref().is_none_or(|loaded| Arc::strong_count(loaded) == 1) {
                // The old model's memory is given back before the new one is read.
                *slot = None;
                break;
            }
            drop(slot);
            cancel.check()?;
            std::thread::sleep(LOOK);
        }
        let loaded = Arc::new(load()?);
        *lock(&self.slot) = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    fn turn(&self, cancel: &Cancel) -> Outcome<MutexGuard<'_, ()>> {
        loop {
            match self.turn.try_lock() {
                Ok(turn) => return Ok(turn),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {
                    cancel.check()?;
                    std::thread::sleep(LOOK);
                }
            }
        }
    }
}
