//! What a header says of an image: where it belongs, and the attributes of each frame.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use overread_imaging::attributes::FrameAttributes;

use crate::attributes::{FrameContext, frame_contexts};
use crate::dataset::{integer, number, text, texts};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::pixels::PixelLayout;
use crate::syntax::Syntax;

/// An image file's header.
#[derive(Clone, Debug)]
pub struct ImageHeader {
    /// Where the file is.
    pub path: PathBuf,
    /// Study Instance UID; empty when absent.
    pub study_uid: String,
    /// Series Instance UID; empty when absent.
    pub series_uid: String,
    /// SOP Instance UID; empty when absent.
    pub sop_uid: String,
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
    /// Instance Number.
    pub instance_number: Option<i64>,
    /// Acquisition Number.
    pub acquisition_number: Option<i64>,
    /// Temporal Position Identifier.
    pub temporal_position: Option<i64>,
    /// Frame of Reference UID.
    pub frame_of_reference: Option<String>,
    /// Image Type, joined by `/`.
    pub image_type: String,
    /// Body Part Examined.
    pub body_part: String,
    /// Slice Thickness, mm.
    pub thickness: Option<f64>,
    /// Patient's Name, ID, sex and age as in the file: shown, never kept.
    pub patient: Patient,
    /// Frame time, ms, for cine.
    pub frame_time: Option<f64>,
    /// How the pixel data are laid out.
    pub layout: PixelLayout,
    /// One entry a frame.
    pub frames: Vec<FrameContext>,
    /// The data set broke off after the pixels were located, or other things a reader should know.
    pub warnings: Vec<String>,
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
                && (d.get(tags::ROWS).is_some() || text(d, tags::SOP_CLASS_UID).is_none())
            {
                return Err(DicomError::Damaged(reason.to_owned()));
            }
            return Err(DicomError::NoImage(crate::objects::kind::name_of(
                d,
                &file.syntax,
            )));
        }
        if crate::objects::kind::is_video(&file.syntax) {
            return Err(DicomError::Video(file.syntax.name));
        }
        let layout = PixelLayout::read(file)?;
        let mut warnings = Vec::new();
        if let Some(reason) = file.damage {
            warnings.push(format!("the data set is damaged: {reason}"));
        }
        let frames = frame_contexts(d, &layout, &file.syntax, &mut warnings)?;
        Ok(Self {
            path: path.to_path_buf(),
            study_uid: text(d, tags::STUDY_INSTANCE_UID).unwrap_or_default(),
            series_uid: text(d, tags::SERIES_INSTANCE_UID).unwrap_or_default(),
            sop_uid: text(d, tags::SOP_INSTANCE_UID).unwrap_or_default(),
            sop_class: text(d, tags::SOP_CLASS_UID).unwrap_or_default(),
            modality: text(d, tags::MODALITY).unwrap_or_default(),
            syntax: file.syntax.clone(),
            study_description: text(d, tags::STUDY_DESCRIPTION).unwrap_or_default(),
            study_date: date(d, tags::STUDY_DATE),
            series_description: text(d, tags::SERIES_DESCRIPTION).unwrap_or_default(),
            series_number: integer(d, tags::SERIES_NUMBER),
            instance_number: integer(d, tags::INSTANCE_NUMBER),
            acquisition_number: integer(d, tags::ACQUISITION_NUMBER),
            temporal_position: integer(d, tags::TEMPORAL_POSITION_IDENTIFIER),
            frame_of_reference: text(d, tags::FRAME_OF_REFERENCE_UID),
            image_type: texts(d, tags::IMAGE_TYPE).join("/"),
            body_part: text(d, tags::BODY_PART_EXAMINED).unwrap_or_default(),
            thickness: number(d, tags::SLICE_THICKNESS),
            patient: patient(d),
            frame_time: number(d, tags::FRAME_TIME),
            layout,
            frames,
            warnings,
        })
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

    /// True when the file's own SOP class is a colour ultrasound, photograph or other RGB picture for `photo/1`.
    pub fn is_cross_sectional(&self) -> bool {
        matches!(self.modality.as_str(), "CT" | "MR" | "PT" | "NM")
            || self.sop_class == uids::CT_IMAGE_STORAGE
            || self.sop_class == uids::MR_IMAGE_STORAGE
    }
}

fn patient(d: &InMemDicomObject) -> Patient {
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

fn date(d: &InMemDicomObject, tag: dicom_core::Tag) -> String {
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
