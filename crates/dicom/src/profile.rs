//! ICC profiles of an image (PS3.3 C.11.15), its own or its optical path's (C.8.12.5): read once each, applied when
//! colours are shown. The file's RGB values themselves stay as they are.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use moxcms::{
    ColorProfile, DataColorSpace, Layout, RenderingIntent, Transform8BitExecutor, TransformOptions,
};
use overread_imaging::profile::{ColourProfile, ToSrgb};

use crate::dataset::{bytes, items};

/// Largest profile that is read.
const LARGEST: usize = 16 << 20;
/// Profiles that are kept for the next file: a folder holds few different ones.
const KEPT: usize = 8;

/// A profile that was found to be one of RGB.
struct Known {
    bytes: Arc<[u8]>,
    transform: OnceLock<Option<Arc<Transform8BitExecutor>>>,
}

/// What became of a profile: `None` for one that changes nothing.
type Read = Result<Option<ColourProfile>, &'static str>;

static READ: Mutex<VecDeque<(Arc<[u8]>, Read)>> = Mutex::new(VecDeque::new());

/// The profile of an image's colours; a warning where there is one that cannot be used.
pub(crate) fn profile(root: &InMemDicomObject, warnings: &mut Vec<String>) -> Option<ColourProfile> {
    let raw = bytes(root, tags::ICC_PROFILE).or_else(|| {
        let paths = items(root, tags::OPTICAL_PATH_SEQUENCE);
        paths.iter().find_map(|path| bytes(path, tags::ICC_PROFILE))
    })?;
    match known(&raw) {
        Ok(profile) => profile,
        Err(reason) => {
            warnings.push(format!(
                "the ICC profile was not applied ({reason}): colours are shown as sRGB"
            ));
            None
        }
    }
}

fn known(raw: &[u8]) -> Read {
    let mut kept = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, read)) = kept.iter().find(|(bytes, _)| **bytes == *raw) {
        return read.clone();
    }
    let bytes: Arc<[u8]> = raw.into();
    let read = examine(&bytes);
    if kept.len() >= KEPT {
        drop(kept.pop_front());
    }
    kept.push_back((bytes, read.clone()));
    read
}

fn examine(bytes: &Arc<[u8]>) -> Read {
    if bytes.len() > LARGEST {
        return Err("it is too large");
    }
    let parsed = parse(bytes).ok_or("it is damaged")?;
    if parsed.color_space != DataColorSpace::Rgb {
        return Err("it is not for RGB");
    }
    let known = Known {
        bytes: Arc::clone(bytes),
        transform: OnceLock::new(),
    };
    let probe: Vec<u8> = (0..=5_u8)
        .flat_map(|r| (0..=5_u8).flat_map(move |g| (0..=5_u8).flat_map(move |b| [r * 51, g * 51, b * 51])))
        .collect();
    let shown = known.convert(&probe).ok_or("it holds no usable transform")?;
    let same = probe.iter().zip(&shown).all(|(a, b)| a.abs_diff(*b) <= 1);
    Ok((!same).then(|| ColourProfile {
        bytes: Arc::clone(bytes),
        converter: Arc::new(known),
    }))
}

/// A profile may make its reader panic: that is a profile that cannot be used.
fn parse(bytes: &[u8]) -> Option<ColorProfile> {
    catch_unwind(|| ColorProfile::new_from_slice(bytes).ok())
        .ok()
        .flatten()
}

impl Known {
    fn transform(&self) -> Option<&Arc<Transform8BitExecutor>> {
        let make = || {
            let options = TransformOptions {
                rendering_intent: RenderingIntent::RelativeColorimetric,
                ..TransformOptions::default()
            };
            let source = parse(&self.bytes)?;
            let make = || {
                source
                    .create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, options)
                    .ok()
            };
            catch_unwind(AssertUnwindSafe(make)).ok().flatten()
        };
        self.transform.get_or_init(make).as_ref()
    }
}

impl ToSrgb for Known {
    fn convert(&self, rgb: &[u8]) -> Option<Vec<u8>> {
        let transform = self.transform()?;
        let whole = rgb.len() / 3 * 3;
        let mut out = vec![0; whole];
        let run = || transform.transform(&rgb[..whole], &mut out).is_ok();
        let done = catch_unwind(AssertUnwindSafe(run)).unwrap_or(false);
        done.then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use overread_imaging::colour;
    use overread_phantom::dicom::{DataSet, Writer};

    use super::*;
    use crate::file::DicomFile;
    use crate::header::ImageHeader;

    const ICC: (u16, u16) = (0x0028, 0x2000);

    fn even(mut profile: Vec<u8>) -> Vec<u8> {
        profile.resize(profile.len().next_multiple_of(2), 0);
        profile
    }

    fn wide() -> Vec<u8> {
        even(ColorProfile::new_display_p3().encode().expect("a profile"))
    }

    fn read(writer: &Writer) -> (ImageHeader, Vec<u8>, Vec<u8>) {
        let file = DicomFile::from_bytes(writer.encode(), None).expect("sound");
        let header = ImageHeader::read(std::path::Path::new("made"), &file).expect("an image");
        let frame = crate::decode_with(&file, &header, 1).expect("decodes");
        let raw = colour::to_rgb8(&frame).expect("colour");
        let shown = colour::shown_rgb8(&frame).expect("colour");
        (header, raw, shown)
    }

    fn picture() -> Writer {
        Writer::rgb("profile", 1, 2, vec![200, 100, 50, 128, 128, 128])
    }

    #[test]
    fn colours_are_shown_as_srgb_and_stay_what_they_are() {
        let (header, raw, shown) = read(&picture().bytes(ICC, "OB", wide()));
        assert!(header.warnings.is_empty(), "{:?}", header.warnings);
        assert_eq!(raw, [200, 100, 50, 128, 128, 128]);
        // Display P3 (200, 100, 50) in sRGB, by the two matrices: (214.9, 92.6, 31.0); grey stays grey.
        let expected = [215, 93, 31, 128, 128, 128];
        assert!(
            shown.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1),
            "{shown:?}"
        );
    }

    #[test]
    fn the_profile_of_an_optical_path_counts() {
        let mut path = DataSet::new();
        path.bytes(ICC, "OB", wide());
        let (_, raw, shown) = read(&picture().sequence((0x0048, 0x0105), vec![path]));
        assert_ne!(raw, shown);
    }

    #[test]
    fn a_profile_that_changes_nothing_or_cannot_be_used_leaves_colours_alone() {
        let same = even(ColorProfile::new_srgb().encode().expect("a profile"));
        let (header, raw, shown) = read(&picture().bytes(ICC, "OB", same));
        assert_eq!((raw, header.warnings.len()), (shown, 0));
        for broken in [vec![7; 300], wide()[..200].to_vec()] {
            let (header, raw, shown) = read(&picture().bytes(ICC, "OB", broken));
            assert_eq!(raw, shown);
            assert!(header.warnings[0].starts_with("the ICC profile was not applied"));
        }
    }
}
