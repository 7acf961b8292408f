//! The four doors of the page: one request, one job, cancel, and the native dialog.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use overread_desk::wire::app::{Handle, PickKind};
use overread_desk::wire::error::WireError;
use overread_desk::{Cancel, Desk};
use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{State, WebviewWindow};

use crate::picker::Picker;

/// What the window holds while it runs.
pub(crate) struct Shell {
    /// The desk.
    pub(crate) desk: Arc<Desk>,
    /// Running jobs by the page's id.
    jobs: Mutex<HashMap<String, Cancel>>,
    /// How folders are chosen.
    picker: Picker,
}

impl Shell {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            jobs: Mutex::default(),
            picker: Picker::of_this_build(),
        }
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, HashMap<String, Cancel>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broke_off(error: &tauri::Error) -> WireError {
    WireError {
        code: "desk.broke_off".to_owned(),
        message: format!("The desk broke off this request: {error}."),
        hint: "Try it again; nothing that was saved is lost.".to_owned(),
    }
}

/// One request, one answer; runs off the window's thread.
#[tauri::command]
pub(crate) async fn call(
    shell: State<'_, Shell>,
    operation: String,
    arguments: Value,
) -> Result<Value, WireError> {
    let desk = Arc::clone(&shell.desk);
    tauri::async_runtime::spawn_blocking(move || desk.call(&operation, arguments))
        .await
        .map_err(|error| broke_off(&error))?
}

/// Starts a job; its events come over the channel, the last one is `done`, `checked`, `withheld` or `failed`.
#[tauri::command]
pub(crate) async fn start(
    shell: State<'_, Shell>,
    id: String,
    job: String,
    arguments: Value,
    events: Channel<Value>,
) -> Result<(), WireError> {
    let cancel = Cancel::default();
    shell.jobs().insert(id.clone(), cancel.clone());
    let desk = Arc::clone(&shell.desk);
    let result = tauri::async_runtime::spawn_blocking(move || {
        desk.start(
            &job,
            arguments,
            // A page that went away no longer listens; the job still ends and what it found is kept.
            &|event| drop(events.send(event)),
            &cancel,
        )
    })
    .await
    .map_err(|error| broke_off(&error));
    shell.jobs().remove(&id);
    result?
}

/// Asks a running job to stop.
#[tauri::command]
pub(crate) fn cancel(shell: State<'_, Shell>, id: String) {
    if let Some(cancel) = shell.jobs().get(&id) {
        cancel.cancel();
    }
}

/// A native dialog; `None` when the user closed it.
#[tauri::command]
pub(crate) async fn pick(
    shell: State<'_, Shell>,
    window: WebviewWindow,
    kind: PickKind,
) -> Result<Option<Handle>, WireError> {
    Ok(shell
        .picker
        .pick(&window, kind)
        .await
        .map(|path| shell.desk.picked(Some(kind), &path)))
}
