//! The reference's recorded cases, where the shared folder is there.

use std::path::{Path, PathBuf};

use overread_medgemma::Picture;

/// Folders of a checkpoint's cases, in order.
pub(crate) fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder.join("cases"))
        .expect("cases")
        .map(|e| e.expect("entry").path())
        .collect();
    cases.sort();
    cases
}

/// A picture and Pillow's name of its mode.
pub(crate) fn open(path: &Path) -> Result<(Picture, &'static str), String> {
    let image = image::open(path).map_err(|error| error.to_string())?;
    let mode = if image.color().has_color() { "RGB" } else { "L" };
    let rgb = image.to_rgb8();
    Ok((
        Picture {
            width: rgb.width() as usize,
            height: rgb.height() as usize,
            rgb: rgb.into_raw(),
        },
        mode,
    ))
}
