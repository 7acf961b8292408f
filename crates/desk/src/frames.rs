//! Decoded frames in memory, bounded by bytes, oldest out first.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use overread_dicom::file::DicomFile;
use overread_dicom::{FrameRef, ImageHeader};
use overread_imaging::frame::Frame;

use crate::Outcome;
use crate::op::plain;

/// Bytes of decoded frames kept.
const MOST_BYTES: usize = 512 << 20;

/// Files of many frames that stay open.
const MOST_OPEN: usize = 2;

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
    /// Files of many frames, the last first.
    files: VecDeque<(Weak<ImageHeader>, Arc<DicomFile>)>,
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
        let file = self.file(frame)?;
        let decoded = Arc::new(overread_dicom::decode_with(&file, &frame.header, frame.frame)?);
        let mut inner = self.lock();
        inner.bytes += decoded.samples.bytes();
        if inner.frames.insert(key.clone(), Arc::clone(&decoded)).is_some() {
            inner.bytes -= decoded.samples.bytes();
        } else {
            inner.order.push_back(key);
        }
        while inner.bytes > MOST_BYTES && inner.order.len() > 1 {
            let Some(oldest) = inner.order.pop_front() else {
                break;
            };
            if let Some(frame) = inner.frames.remove(&oldest) {
                inner.bytes -= frame.samples.bytes();
            }
        }
        Ok(decoded)
    }

    /// The frame's file, opened. That of many frames stays open for the next of them: its header may be long, and all of
    /// it may have to be inflated before the first pixel.
    fn file(&self, frame: &FrameRef) -> Outcome<Arc<DicomFile>> {
        let header = &frame.header;
        if header.layout.frames == 1 {
            return Ok(Arc::new(open(header)?));
        }
        let kept = self.lock().files.iter().find_map(|(of, file)| {
            let same = of.upgrade().is_some_and(|of| Arc::ptr_eq(&of, header));
            same.then(|| Arc::clone(file))
        });
        if let Some(file) = kept {
            return Ok(file);
        }
        let file = Arc::new(open(header)?);
        let mut inner = self.lock();
        inner.files.truncate(MOST_OPEN - 1);
        inner
            .files
            .push_front((Arc::downgrade(header), Arc::clone(&file)));
        Ok(file)
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.lock() = Inner::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(header: &ImageHeader) -> Outcome<DicomFile> {
    Ok(if plain::is_plain(header) {
        plain::reopen(header)?
    } else {
        header.open()?
    })
}
