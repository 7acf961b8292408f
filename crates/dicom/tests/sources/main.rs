//! Where files lie: zips, media with a DICOMDIR, folders with all that is found in folders. Every file is made here.

mod bulk;
mod media;
mod walks;
mod zip;
mod zips;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use overread_dicom::media::Medium;
use overread_dicom::scan::{Found, ScanEvent, ScanSummary, scan};
use overread_phantom::dicom::{Samples, Writer};

/// What a scan told.
#[derive(Debug, Default)]
struct Told {
    files: BTreeMap<PathBuf, Found>,
    folders: BTreeMap<PathBuf, String>,
    media: Vec<Medium>,
    summary: ScanSummary,
}

impl Told {
    /// What was found at a path below the root, as a word and a reason.
    fn at(&self, path: &Path) -> (&'static str, String) {
        match self.files.get(path) {
            Some(Found::Image(_)) => ("image", String::new()),
            Some(Found::Object(object)) => ("object", object.summary.clone()),
            Some(Found::Unreadable(error)) => ("unreadable", error.to_string()),
            Some(Found::NotDicom(reason)) => ("not DICOM", reason.clone()),
            None => ("not told of", String::new()),
        }
    }

    fn images(&self) -> usize {
        let image = |found: &&Found| matches!(found, Found::Image(_));
        self.files.values().filter(image).count()
    }
}

fn told(roots: &[&Path]) -> Told {
    let told = Mutex::new(Told::default());
    let roots: Vec<PathBuf> = roots.iter().map(|root| root.to_path_buf()).collect();
    let summary = scan(
        &roots,
        &|event| {
            let mut told = told.lock().expect("no panic");
            match event {
                ScanEvent::File(file) => {
                    let before = told.files.insert(file.path.clone(), file.found);
                    assert!(before.is_none(), "{} told twice", file.path.display());
                }
                ScanEvent::Folder(path, reason) => {
                    told.folders.insert(path, reason);
                }
                ScanEvent::Medium(medium) => told.media.push(*medium),
                ScanEvent::Listed(_) => {}
            }
        },
        &AtomicBool::new(false),
    )
    .expect("the roots are there");
    let mut told = told.into_inner().expect("no panic");
    told.summary = summary;
    told
}

/// A small image whose samples grow from `first`.
fn image(number: u16) -> Vec<u8> {
    let samples = (0..64 * 64).map(|i| number.wrapping_add(i)).collect();
    Writer::new("source", 64, 64, Samples::U16(samples))
        .series("source", usize::from(number))
        .encode()
}
