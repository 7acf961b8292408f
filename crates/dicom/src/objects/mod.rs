//! DICOM objects that are not pictures, or pictures that mean something laid over others: reports, key objects,
//! segmentations, structure sets, documents, waveforms. What each holds, in one line and in full.
//!
//! * [`kind`] says what an object is, by SOP Class UID, then by modality.
//! * [`summary`] says what it holds, in one line.
//! * [`reference`] lists what it refers to.
//! * [`sr`] reads content trees, [`seg`] and [`mask`] segmentations, [`rtstruct`] contours, [`document`] the bytes of
//!   an encapsulated document.
//!
//! Nesting is bounded by the walk that comes before any parser; lengths and counts are bounded here.

pub mod code;
pub mod colour;
pub mod document;
pub mod kind;
pub mod mask;
pub mod moment;
pub mod reference;
pub mod region;
pub mod rtstruct;
pub mod seg;
pub mod sr;
pub mod sr_text;
pub mod summary;
#[cfg(test)]
pub(crate) mod testing;
mod therapy;

use dicom_dictionary_std::tags;
use overread_imaging::geometry::Plane;

use crate::dataset::text;
use crate::file::DicomFile;

pub use kind::Kind;

/// What is known of an object without looking into it a second time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHeader {
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
    /// Transfer syntax UID.
    pub transfer_syntax: String,
    /// What it is.
    pub kind: Kind,
    /// What its maker called it: label, title or series description; may be empty.
    pub label: String,
    /// One line of what it is and holds.
    pub summary: String,
    /// SOP Instance UIDs that it refers to, each once, in the order of the file.
    pub references: Vec<String>,
    /// Frame of Reference UIDs that it lies in or refers to, each once.
    pub frames_of_reference: Vec<String>,
}

impl ObjectHeader {
    /// Reads what an opened file is and holds. The file must have been opened whole
    /// ([`DicomFile::open`]): a scan's selection leaves out what summaries are made of.
    pub fn read(file: &DicomFile) -> Self {
        let d = &file.dataset;
        let kind = kind::of(d, &file.syntax);
        let found = reference::references(d);
        let class = text(d, tags::SOP_CLASS_UID).or_else(|| text(d, tags::MEDIA_STORAGE_SOP_CLASS_UID));
        Self {
            study_uid: text(d, tags::STUDY_INSTANCE_UID).unwrap_or_default(),
            series_uid: text(d, tags::SERIES_INSTANCE_UID).unwrap_or_default(),
            sop_uid: text(d, tags::SOP_INSTANCE_UID).unwrap_or_default(),
            sop_class: class.unwrap_or_default(),
            modality: text(d, tags::MODALITY).unwrap_or_default(),
            transfer_syntax: file.syntax.uid.clone(),
            kind,
            label: summary::label(d).unwrap_or_default(),
            summary: summary::line(file, kind),
            references: found.instances,
            frames_of_reference: found.frames_of_reference,
        }
    }
}

/// How far the ends of what belongs to a slice are moved, mm: more than sums are off, less than files are exact.
pub(crate) const HALF_WAY: f64 = 1e-3;

/// The image frame that an object is laid over.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageFrame<'a> {
    /// SOP Instance UID.
    pub sop_uid: &'a str,
    /// Frame number, from 1.
    pub frame: u32,
    /// Frame of Reference UID.
    pub frame_of_reference: Option<&'a str>,
    /// Where it lies in the patient.
    pub plane: Option<Plane>,
    /// px.
    pub rows: u32,
    /// px.
    pub columns: u32,
    /// Half the distance to the next slice (or half the slice's thickness) against the plane's normal and along it, mm:
    /// what lies between belongs to this slice, the lower end included.
    pub reach_mm: [f64; 2],
}

impl ImageFrame<'_> {
    /// True when a place given in `frame_of_reference` means the same here. Unknown frames of reference are not the
    /// same as anything (PS3.3 C.7.4.1).
    pub fn shares(&self, frame_of_reference: Option<&str>) -> bool {
        self.frame_of_reference.is_some() && self.frame_of_reference == frame_of_reference
    }

    /// True when a place this far along the plane's normal, mm, belongs to this slice. Ends are moved by a little, so
    /// that what lies half way between two slices is on one of them whatever was rounded.
    pub fn reaches(&self, mm: f64) -> bool {
        let [below, above] = self.reach_mm;
        mm >= -below - HALF_WAY && mm < above - HALF_WAY
    }

    /// True when a reference names this frame; one without frame numbers means all of them.
    pub fn is_named_by(&self, reference: &reference::InstanceReference) -> bool {
        !self.sop_uid.is_empty()
            && reference.sop_instance == self.sop_uid
            && (reference.frames.is_empty() || reference.frames.contains(&self.frame))
    }
}
