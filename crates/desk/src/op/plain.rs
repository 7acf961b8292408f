//! Plain pictures (PNG, JPEG) read like DICOM: copied once as a secondary capture into the home's cache.
//!
//! The copy keeps the decoded values: 8-bit grey and RGB as they are, 16-bit grey as stored. A window over the whole
//! range shows eight bits unchanged. UIDs come from the picture's bytes, so that a case is the same wherever it lies.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use image::DynamicImage;
use overread_phantom::dicom::{Samples, Window, Writer};
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
/// Largest side, px: DICOM's rows and columns are 16-bit.
const LARGEST: u32 = u16::MAX as u32;

/// The copy to read instead of `path`; `None` when `path` is no plain picture.
///
/// # Errors
/// When the picture cannot be decoded, is too large, or the copy cannot be written.
pub(crate) fn as_dicom(desk: &Desk, path: &Path) -> Outcome<Option<PathBuf>> {
    if !path.is_file() || !begins_as_picture(path).unwrap_or(false) {
        return Ok(None);
    }
    let wrong = |reason: String| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        failure(
            "picture.unreadable",
            format!("{name} cannot be read: {reason}."),
            "",
        )
    };
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let folder = desk.home.join("cache").join("pictures");
    let copy = folder.join(format!("{}.dcm", &hash[..32]));
    if copy.exists() {
        return Ok(Some(copy));
    }
    let picture = image::load_from_memory(&bytes).map_err(|error| wrong(error.to_string()))?;
    if picture.width().max(picture.height()) > LARGEST {
        return Err(wrong(format!("it has more than {LARGEST} px on a side")));
    }
    let (rows, columns) = (picture.height() as u16, picture.width() as u16);
    let writer = match picture {
        DynamicImage::ImageLuma8(grey) => Writer::new(&hash, rows, columns, Samples::U8(grey.into_raw()))
            .windows(&[Window::new(128.0, 256.0, "")]),
        DynamicImage::ImageLuma16(grey) => Writer::new(&hash, rows, columns, Samples::U16(grey.into_raw()))
            .windows(&[Window::new(32768.0, 65536.0, "")]),
        other => Writer::rgb(&hash, rows, columns, other.into_rgb8().into_raw()),
    };
    let kept = fs::create_dir_all(&folder)
        .map_err(|error| error.to_string())
        .and_then(|()| {
            overread_store::write::atomic(&copy, &writer.encode()).map_err(|error| error.to_string())
        });
    kept.map_err(|error| {
        failure(
            "picture.not_kept",
            format!(
                "The picture could not be copied into {}: {error}.",
                folder.display()
            ),
            "Make room, or set OVERREAD_HOME to a folder that can be written.",
        )
    })?;
    Ok(Some(copy))
}

fn begins_as_picture(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::new();
    fs::File::open(path)?
        .take(PNG.len() as u64)
        .read_to_end(&mut start)?;
    Ok(start.starts_with(PNG) || start.starts_with(JPEG))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeskOptions;

    #[test]
    fn a_grey_png_keeps_its_values_and_a_text_file_is_none() {
        let place = tempfile::tempdir().expect("a folder");
        let desk = Desk::open(DeskOptions {
            home: place.path().join("home"),
            ..DeskOptions::default()
        });
        let png = place.path().join("a.png");
        let values: Vec<u8> = (0..=255).collect();
        image::GrayImage::from_raw(16, 16, values.clone())
            .expect("a picture")
            .save(&png)
            .expect("a file");
        let copy = as_dicom(&desk, &png).expect("readable").expect("a picture");
        let sets = crate::op::open::load(&desk, &copy).expect("a display set");
        assert_eq!(sets[0].frames.len(), 1);
        let raw = crate::op::show::pixels(
            &copy,
            Some(1),
            crate::op::show::Values::Display,
            &crate::op::show::Look::Default,
        );
        assert_eq!(raw.expect("pixels").bytes, values);
        let notes = place.path().join("notes.txt");
        fs::write(&notes, "hello").expect("a file");
        assert_eq!(as_dicom(&desk, &notes).expect("readable"), None);
        fs::write(&notes, PNG).expect("a file");
        assert!(as_dicom(&desk, &notes).is_err(), "a PNG that ends after its mark");
    }
}
