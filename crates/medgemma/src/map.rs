//! The one memory map: weight files are read where they lie.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

/// Maps a file for reading.
///
/// # Errors
/// When the file cannot be opened or mapped.
#[expect(
    unsafe_code,
    reason = "a memory map is the only way not to hold weights twice"
)]
pub fn map(path: &Path) -> std::io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the map is read only. A file that another program truncates while it is mapped ends this process with
    // a bus error; every byte is read once while loading, under a progress display, so the window is short.
    unsafe { Mmap::map(&file) }
}
