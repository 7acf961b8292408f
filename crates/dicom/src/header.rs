//! What a header says of an image: where it belongs, and the attributes of each frame.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use overread_imaging::attributes::FrameAttributes;

use crate::attributes::{FrameContext, frame_contexts};
use crate::cine::Cine;
use crate::dataset::{integer, item, number, text, texts};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::mosaic::Mosaic;
use crate::overlay::{self, OverlayInfo};
use crate::pixels::PixelLayout;
use crate::source::Source;
use crate::syntax::Syntax;

/// An image file's header. What it shares with others of its series is read through it: `header.modality`.
#[derive(Clone, Debug)]
pub struct ImageHeader {
    /// Where the file is; an entry of a zip as `X.zip/dir/IM0001`.
    pub path: PathBuf,
    /// The file as it was when its header was read.
    pub source: Source,
    /// What the images of a series mostly have in common: one for all of them, once they are in an index.
    pub common: Arc<CommonHeader>,
    /// SOP Instance UID; empty when absent.
    pub sop_uid: String,
    /// Instance Number.
    pub instance_number: Option<i64>,
    /// Acquisition Number.
    pub acquisition_number: Option<i64>,
    /// Overlay planes that the file holds, as far as they are described.
    pub overlays: Vec<OverlayInfo>,
    /// How the pixel data are laid out.
    pub layout: PixelLayout,
    /// One entry a frame; the slices of a mosaic follow its own frame.
    pub frames: Vec<FrameContext>,
    /// How the slices of a mosaic lie in it.
    pub mosaic: Option<Mosaic>,
    /// The data set broke off after the pixels were located, or other things a reader should know.
    pub warnings: Vec<String>,
}

/// What the images of a series mostly have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct CommonHeader {
    /// Study Instance UID; empty when absent.
    pub study_uid: String,
    /// Series Instance UID; empty when absent.
    pub series_uid: String,
    /// SOP Class UID; empty when absent.
    pub sop_class: String,
    /// Modality; empty when absent.
    pub modality: String,
    /// Transfer syntax.
    pub syntax: Syntax,
    /// Study Description.
    pub study_description: String,
    /// Study Date as `YYYY-MM-DD`; empty when absent.
    pub study_date: String,
    /// Series Description.
    pub series_description: String,
    /// Series Number.
    pub series_number: Option<i64>,
    /// Frame of Reference UID.
    pub frame_of_reference: Option<String>,
    /// Image Type, joined by `/`.
    pub image_type: String,
    /// Body Part Examined.
    pub body_part: String,
    /// Manufacturer; empty when absent.
    pub manufacturer: String,
    /// Manufacturer's Model Name; empty when absent.
    pub manufacturer_model: String,
    /// Slice Thickness, mm.
    pub thickness: Option<f64>,
    /// Patient's Name, ID, sex and age as in the file: shown, never kept.
    pub patient: Patient,
    /// How fast a cine runs.
    pub cine: Cine,
}

impl Deref for ImageHeader {
    type Target = CommonHeader;

    fn deref(&self) -> &CommonHeader {
        &self.common
    }
}

/// Who it is, from the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patient {
    /// For people: `Family, Given`.
    pub name: String,
    /// Patient ID.
    pub id: String,
    /// `F`, `M`, `O` or empty.
    pub sex: String,
    /// `62 y` or empty.
    pub age: String,
    /// `YYYY-MM-DD` or empty.
    pub birth_date: String,
}

impl ImageHeader {
    /// Reads the header of an opened file.
    ///
    /// # Errors
    /// [`DicomError::NoImage`] for sound DICOM without pixels to show, [`DicomError::Video`],
    /// [`DicomError::Missing`] when the pixel module is incomplete, [`DicomError::Damaged`] when it breaks off before the pixels.
    pub fn read(path: &Path, file: &DicomFile) -> Result<Self, DicomError> {
        let d = &file.dataset;
        let size_absent = text(d, tags::ROWS).is_none() && text(d, tags::COLUMNS).is_none();
        if file.pixels.is_some() && size_absent {
            return Err(DicomError::NoImage(crate::objects::kind::name_of(
                d,
                &file.syntax,
            )));
        }
        if file.pixels.is_none() {
            if let Some(reason) = file.damage
                && (d.get(tags::ROWS).is_some() || may_be_image(d))
            {
                return Err(DicomError::Damaged(format!("{reason}, before its pixels")));
            }
            return Err(DicomError::NoImage(crate::objects::kind::name_of(
                d,
                &file.syntax,
            )));
        }
        if crate::objects::kind::is_video(&file.syntax) {
            return Err(DicomError::Video(file.syntax.name));
        }
        let mut warnings = Vec::new();
        let layout = PixelLayout::read(file, &mut warnings)?;
        if let Some(reason) = file.damage {
            warnings.push(format!("the data set is damaged: {reason}"));
        }
        let mut frames = frame_contexts(d, &layout, &file.syntax, &mut warnings)?;
        let image_type = texts(d, tags::IMAGE_TYPE).join("/");
        let mosaic = Mosaic::read(d, &image_type, &layout);
        if let (Some(mosaic), Some(whole)) = (&mosaic, frames.first()) {
            let slices = mosaic.contexts(d, whole, &mut warnings);
            frames.extend(slices);
        }
        let common = CommonHeader {
            study_uid: text(d, tags::STUDY_INSTANCE_UID).unwrap_or_default(),
            series_uid: text(d, tags::SERIES_INSTANCE_UID).unwrap_or_default(),
            sop_class: text(d, tags::SOP_CLASS_UID).unwrap_or_default(),
            modality: text(d, tags::MODALITY).unwrap_or_default(),
            syntax: file.syntax.clone(),
            study_description: text(d, tags::STUDY_DESCRIPTION).unwrap_or_default(),
            study_date: study_date(d),
            series_description: text(d, tags::SERIES_DESCRIPTION).unwrap_or_default(),
            series_number: integer(d, tags::SERIES_NUMBER),
            frame_of_reference: text(d, tags::FRAME_OF_REFERENCE_UID),
            image_type,
            body_part: text(d, tags::BODY_PART_EXAMINED).unwrap_or_default(),
            manufacturer: text(d, tags::MANUFACTURER).unwrap_or_default(),
            manufacturer_model: text(d, tags::MANUFACTURER_MODEL_NAME).unwrap_or_default(),
            thickness: thickness(d),
            patient: patient(d),
            cine: Cine::read(d, layout.frames),
        };
        Ok(Self {
            path: path.to_path_buf(),
            source: file.source.clone(),
            common: Arc::new(common),
            sop_uid: text(d, tags::SOP_INSTANCE_UID).unwrap_or_default(),
            instance_number: integer(d, tags::INSTANCE_NUMBER),
            acquisition_number: integer(d, tags::ACQUISITION_NUMBER),
            overlays: overlay::described(d),
            layout,
            frames,
            mosaic,
            warnings,
        })
    }

    /// Opens the file again, for its pixels.
    ///
    /// # Errors
    /// [`DicomError::Changed`] when it is not the file any more whose header this is; else as [`DicomFile::open`].
    pub fn open(&self) -> Result<DicomFile, DicomError> {
        let (source, content) = self.source.reopen(&self.path)?;
        DicomFile::open_source(source, content, None)
    }

    /// True for the scout of a CT or MR examination.
    pub fn is_localizer(&self) -> bool {
        self.image_type.split('/').any(|part| part == "LOCALIZER")
    }

    /// Attributes of a frame, from 1.
    pub fn attributes(&self, frame: u32) -> Option<&Arc<FrameAttributes>> {
        self.frames
            .get((frame as usize).checked_sub(1)?)
            .map(|context| &context.attributes)
    }

    /// Number of frames that can be asked for: those of the file, and the slices of a mosaic.
    pub fn frame_count(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    /// True for frame 1 of a mosaic: several slices in one picture.
    pub fn is_whole_mosaic(&self, frame: u32) -> bool {
        self.mosaic.is_some() && frame == 1
    }

    /// True when the file's own SOP class is a colour ultrasound, photograph or other RGB picture for `photo/1`.
    pub fn is_cross_sectional(&self) -> bool {
        matches!(self.modality.as_str(), "CT" | "MR" | "PT" | "NM")
            || self.sop_class == uids::CT_IMAGE_STORAGE
            || self.sop_class == uids::MR_IMAGE_STORAGE
    }
}

/// True unless the SOP class is one without pixels: what breaks off may have been an image.
fn may_be_image(d: &InMemDicomObject) -> bool {
    text(d, tags::SOP_CLASS_UID).is_none_or(|class| {
        class.starts_with("1.2.840.10008.5.1.4.1.1.")
            && crate::objects::kind::of_class(&class).is_none_or(|kind| kind.is_picture())
    })
}

/// Slice Thickness of the root, else of the functional groups: those of all frames, then those of the first.
fn thickness(d: &InMemDicomObject) -> Option<f64> {
    number(d, tags::SLICE_THICKNESS).or_else(|| {
        [
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        ]
        .into_iter()
        .filter_map(|groups| item(item(d, groups)?, tags::PIXEL_MEASURES_SEQUENCE))
        .find_map(|measures| number(measures, tags::SLICE_THICKNESS))
    })
}

/// `2024-03-12`, or empty.
pub fn study_date(d: &InMemDicomObject) -> String {
    date(d, tags::STUDY_DATE)
}

/// Whom a file is of.
pub fn patient(d: &InMemDicomObject) -> Patient {
    let name = text(d, tags::PATIENT_NAME).unwrap_or_default();
    Patient {
        name: person_name(&name),
        id: text(d, tags::PATIENT_ID).unwrap_or_default(),
        sex: text(d, tags::PATIENT_SEX).unwrap_or_default(),
        age: text(d, tags::PATIENT_AGE)
            .map(|age| readable_age(&age))
            .unwrap_or_default(),
        birth_date: date(d, tags::PATIENT_BIRTH_DATE),
    }
}

/// `Family, Given Middle` of the first component group that says anything.
pub fn person_name(value: &str) -> String {
    let group = value
        .split('=')
        .find(|group| !group.trim_matches(['^', ' ']).is_empty())
        .unwrap_or_default();
    let parts: Vec<&str> = group.split('^').map(str::trim).collect();
    let given = parts
        .iter()
        .skip(1)
        .take(2)
        .filter(|p| !p.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(" ");
    match (parts.first().copied().unwrap_or_default(), given.as_str()) {
        (family, "") => family.to_owned(),
        ("", given) => given.to_owned(),
        (family, given) => format!("{family}, {given}"),
    }
}

fn readable_age(age: &str) -> String {
    let (count, unit) = age.split_at(
        age.len()
            .saturating_sub(usize::from(age.ends_with(['Y', 'M', 'W', 'D']))),
    );
    let unit = match unit {
        "Y" => " y",
        "M" => " mo",
        "W" => " wk",
        "D" => " d",
        _ => "",
    };
    match count.trim().trim_start_matches('0') {
        "" if count.trim().is_empty() => String::new(),
        "" => format!("0{unit}"),
        count => format!("{count}{unit}"),
    }
}

pub(crate) fn date(d: &InMemDicomObject, tag: dicom_core::Tag) -> String {
    let Some(value) = text(d, tag) else {
        return String::new();
    };
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        8.. => format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..8]),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_people() {
        assert_eq!(person_name("Doe^Jane^Q"), "Doe, Jane Q");
        assert_eq!(person_name("Yamada^Tarou=X^Y"), "Yamada, Tarou");
        assert_eq!(person_name("^^=Wang^XiaoDong"), "Wang, XiaoDong");
        assert_eq!(person_name("PHANTOM"), "PHANTOM");
    }

    #[test]
    fn ages_lose_their_zeros() {
        assert_eq!(readable_age("062Y"), "62 y");
        assert_eq!(readable_age("003M"), "3 mo");
    }
}
