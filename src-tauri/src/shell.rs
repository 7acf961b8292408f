//! Builds the window, its plugins, its scheme and its drop handler.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use overread_desk::{Desk, DeskOptions};
use tauri::{DragDropEvent, Emitter, Manager, WindowEvent};

use crate::commands::{self, Shell};
use crate::protocol;

/// Runs the window until it is closed.
#[expect(clippy::exit, reason = "the window toolkit ends the process itself")]
pub(crate) fn run() {
    choose_renderer();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("OVERREAD_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let at_start = std::env::args_os()
        .skip(1)
        .map(PathBuf::from)
        .find(|path| path.exists());
    let desk = Arc::new(Desk::open(DeskOptions {
        open_at_start: at_start,
        ..DeskOptions::default()
    }));
    let served = Arc::clone(&desk);
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, arguments, directory| {
            let named = arguments
                .iter()
                .skip(1)
                .map(|a| Path::new(&directory).join(a))
                .find(|p| p.exists());
            if let Some(path) = named {
                open_in_page(app, &path);
            }
            if let Some(window) = app.get_webview_window("main") {
                window
                    .set_focus()
                    .unwrap_or_else(|error| tracing::warn!("window stays behind: {error}"));
            }
        }))
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .manage(Shell::new(desk))
        .register_asynchronous_uri_scheme_protocol("overread", move |_context, request, responder| {
            let desk = Arc::clone(&served);
            // The closure runs on the window's thread: decoding belongs elsewhere.
            tauri::async_runtime::spawn_blocking(move || {
                responder.respond(protocol::answer(&desk, &request))
            });
        })
        .invoke_handler(tauri::generate_handler![
            commands::call,
            commands::start,
            commands::cancel,
            commands::pick
        ])
        .on_window_event(|window, event| {
            if let WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) = event
                && let Some(path) = paths.first()
            {
                open_in_page(window.app_handle(), path);
            }
        })
        .run(tauri::generate_context!())
        .unwrap_or_else(|error| tracing::error!("the window could not be opened: {error}"));
}

/// Tells the page that a folder was dropped on it or named by a second start.
fn open_in_page(app: &tauri::AppHandle, path: &Path) {
    let handle = app.state::<Shell>().desk.handle_of_cases(path);
    app.emit_to("main", "folder-dropped", handle)
        .unwrap_or_else(|error| tracing::warn!("the page did not hear of the folder: {error}"));
}

/// WebKitGTK's DMABUF renderer leaves blank windows on some drivers and is slower with software GL.
#[cfg(target_os = "linux")]
fn choose_renderer() {
    if std::env::var_os("WEBKIT_DISABLE_DMABUF_RENDERER").is_none() {
        set_variable("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
    }
}

#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "setting a variable is only sound while no other thread runs"
)]
fn set_variable(name: &str, value: &str) {
    // SAFETY: called first thing in main, before any thread is started.
    unsafe { std::env::set_var(name, value) };
}

#[cfg(not(target_os = "linux"))]
fn choose_renderer() {}
