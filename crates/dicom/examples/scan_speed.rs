//! Times a scan of folders: `cargo run --release -p overread-dicom --example scan_speed -- FOLDER...`
#![expect(clippy::print_stdout, reason = "an example that prints what it measures")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use overread_dicom::scan::{Found, ScanEvent, scan};

fn main() -> Result<(), overread_dicom::DicomError> {
    let roots: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    for run in 1..=5 {
        let images = AtomicUsize::new(0);
        let start = Instant::now();
        let summary = scan(
            &roots,
            &|event| {
                if let ScanEvent::File(file) = event
                    && matches!(file.found, Found::Image(_))
                {
                    images.fetch_add(1, Ordering::Relaxed);
                }
            },
            &AtomicBool::new(false),
        )?;
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "run {run}: {} files, {} images, {:.1} ms, {:.3} ms a file",
            summary.files,
            images.load(Ordering::Relaxed),
            seconds * 1e3,
            seconds * 1e3 / summary.files.max(1) as f64
        );
    }
    Ok(())
}
