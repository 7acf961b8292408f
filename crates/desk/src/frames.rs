//! Decoded frames in memory, bounded by bytes, oldest out first.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use overread_dicom::FrameRef;
use overread_imaging::frame::Frame;

use crate::Outcome;

/// Bytes of decoded frames kept.
const MOST_BYTES: usize = 512 << 20;

type Key = (PathBuf, u32);

/// A cache of decoded frames; several threads may ask at once.
#[derive(Debug, Default)]
pub struct Frames {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    frames: HashMap<Key, Arc<Frame>>,
    order: VecDeque<Key>,
    bytes: usize,
}

fn size(frame: &Frame) -> usize {
    let each = match frame.samples.dtype() {
        "<u1" | "<i1" => 1,
        "<u2" | "<i2" => 2,
        "<f8" => 8,
        _ => 4,
    };
    frame.samples.len() * each
}

impl Frames {
    /// The decoded frame.
    ///
    /// # Errors
    /// Whatever is wrong with the file or frame.
    pub fn get(&self, frame: &FrameRef) -> Outcome<Arc<Frame>> {
        let key = (frame.header.path.clone(), frame.frame);
        if let Some(found) = self.lock().frames.get(&key) {
            return Ok(Arc::clone(found));
        }
        let file = frame.header.open()?;
        let decoded = Arc::new(overread_dicom::decode_with(&file, &frame.header, frame.frame)?);
        let mut inner = self.lock();
        inner.bytes += size(&decoded);
        if inner.frames.insert(key.clone(), Arc::clone(&decoded)).is_some() {
            inner.bytes -= size(&decoded);
        } else {
            inner.order.push_back(key);
        }
        while inner.bytes > MOST_BYTES && inner.order.len() > 1 {
            let Some(oldest) = inner.order.pop_front() else {
                break;
            };
            if let Some(frame) = inner.frames.remove(&oldest) {
                inner.bytes -= size(&frame);
            }
        }
        Ok(decoded)
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.lock() = Inner::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
