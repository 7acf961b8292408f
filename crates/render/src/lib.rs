//! The same pictures by wgpu: offscreen, for exports and thumbnails, and the probe that compares a device with the
//! reference renderer.
//!
//! [`draw`] uses the machine's adapter (software ones count) and falls back to the reference renderer, saying which.
#![forbid(unsafe_code)]

pub mod gpu;
pub mod prepare;
pub mod probe;

use std::sync::{Mutex, OnceLock, PoisonError};

use overread_imaging::frame::Frame;
use overread_imaging::render;
use overread_imaging::view::View;
use overread_imaging::voi::Voi;

use crate::gpu::Renderer;

/// A drawn picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// RGBA, top row first.
    pub rgba: Vec<u8>,
    /// The adapter's name, or `reference renderer`.
    pub by: String,
}

fn shared() -> Option<&'static Mutex<Renderer>> {
    static RENDERER: OnceLock<Option<Mutex<Renderer>>> = OnceLock::new();
    RENDERER
        .get_or_init(|| Renderer::new().ok().map(Mutex::new))
        .as_ref()
}

/// Draws a frame: by wgpu where there is an adapter that can, else by the reference renderer.
pub fn draw(frame: &Frame, voi: &Voi, view: &View) -> Drawn {
    if let Some(renderer) = shared() {
        let mut renderer = renderer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(rgba) = renderer.render(frame, voi, view) {
            return Drawn {
                rgba,
                by: renderer.adapter().to_owned(),
            };
        }
    }
    Drawn {
        rgba: render::render(frame, voi, view),
        by: "reference renderer".to_owned(),
    }
}

/// The adapter that [`draw`] uses; `None` when it is the reference renderer.
pub fn adapter() -> Option<String> {
    shared().map(|r| {
        r.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .adapter()
            .to_owned()
    })
}
