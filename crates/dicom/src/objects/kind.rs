//! What an object is: by SOP Class UID, then by transfer syntax, then by modality.

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::text;
use crate::syntax::{Codec, Syntax};

/// Kinds of objects that a reader of images may meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Structured report of any template (PS3.3 A.35).
    Report,
    /// Key Object Selection (PS3.3 A.35.4).
    KeyObjects,
    /// Softcopy presentation state of any sort (PS3.3 A.33).
    PresentationState,
    /// Segmentation, binary, fractional or label map (PS3.3 A.51).
    Segmentation,
    /// Surface Segmentation (PS3.3 A.57).
    SurfaceSegmentation,
    /// RT Structure Set (PS3.3 A.19).
    StructureSet,
    /// RT Plan of any technique (PS3.3 A.20).
    Plan,
    /// RT Dose (PS3.3 A.18).
    Dose,
    /// RT treatment record (PS3.3 A.29 to A.31).
    TreatmentRecord,
    /// Spatial Registration (PS3.3 A.39).
    Registration,
    /// Deformable Spatial Registration (PS3.3 A.39.2).
    DeformableRegistration,
    /// Spatial Fiducials (PS3.3 A.40).
    Fiducials,
    /// Real World Value Mapping (PS3.3 A.46).
    RealWorldValues,
    /// ECG, sound and other waveforms (PS3.3 A.34).
    Waveform,
    /// Encapsulated PDF, CDA, STL, OBJ or MTL (PS3.3 A.45, A.85).
    Document,
    /// Hanging Protocol (PS3.3 A.44).
    HangingProtocol,
    /// Raw Data (PS3.3 A.37).
    RawData,
    /// Microscopy Bulk Simple Annotations (PS3.3 A.87).
    Annotations,
    /// Tractography Results (PS3.3 A.78).
    Tractography,
    /// MR Spectroscopy (PS3.3 A.36.3).
    Spectroscopy,
    /// A moving picture in a video transfer syntax (PS3.5 8.2.5 and later).
    Video,
    /// Stereometric relationship, colour palette, implant template, ophthalmic measurements and other small ones.
    Other,
    /// DICOMDIR (PS3.3 F).
    Directory,
}

impl Kind {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Report => "structured report",
            Self::KeyObjects => "key object selection",
            Self::PresentationState => "presentation state",
            Self::Segmentation => "segmentation",
            Self::SurfaceSegmentation => "surface segmentation",
            Self::StructureSet => "radiotherapy structure set",
            Self::Plan => "radiotherapy plan",
            Self::Dose => "radiotherapy dose",
            Self::TreatmentRecord => "radiotherapy treatment record",
            Self::Registration => "spatial registration",
            Self::DeformableRegistration => "deformable registration",
            Self::Fiducials => "fiducials",
            Self::RealWorldValues => "real world value mapping",
            Self::Waveform => "waveform",
            Self::Document => "encapsulated document",
            Self::HangingProtocol => "hanging protocol",
            Self::RawData => "raw data",
            Self::Annotations => "annotations",
            Self::Tractography => "tractography",
            Self::Spectroscopy => "spectroscopy",
            Self::Video => "video",
            Self::Other => "object",
            Self::Directory => "DICOM directory",
        }
    }

    /// One stable word, for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::KeyObjects => "key_objects",
            Self::PresentationState => "presentation_state",
            Self::Segmentation => "segmentation",
            Self::SurfaceSegmentation => "surface_segmentation",
            Self::StructureSet => "structure_set",
            Self::Plan => "plan",
            Self::Dose => "dose",
            Self::TreatmentRecord => "treatment_record",
            Self::Registration => "registration",
            Self::DeformableRegistration => "deformable_registration",
            Self::Fiducials => "fiducials",
            Self::RealWorldValues => "real_world_values",
            Self::Waveform => "waveform",
            Self::Document => "document",
            Self::HangingProtocol => "hanging_protocol",
            Self::RawData => "raw_data",
            Self::Annotations => "annotations",
            Self::Tractography => "tractography",
            Self::Spectroscopy => "spectroscopy",
            Self::Video => "video",
            Self::Other => "other",
            Self::Directory => "directory",
        }
    }

    /// True for what is a picture with a meaning: it can be opened as images and laid over others.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Segmentation | Self::Dose)
    }
}

/// What a SOP class is; `None` for images and for classes that are not known.
pub fn of_class(class: &str) -> Option<Kind> {
    let rest = class.strip_prefix("1.2.840.10008.")?;
    if rest == "1.3.10" {
        return Some(Kind::Directory);
    }
    if rest.starts_with("5.1.4.38") {
        return Some(Kind::HangingProtocol);
    }
    let storage = rest.strip_prefix("5.1.4.1.1.")?;
    // Series of classes share a stem: SR (88), presentation states (11), waveforms (9), documents (104).
    Some(match storage {
        "88.59" => Kind::KeyObjects,
        "4.2" => Kind::Spectroscopy,
        "66" => Kind::RawData,
        "66.1" => Kind::Registration,
        "66.2" => Kind::Fiducials,
        "66.3" => Kind::DeformableRegistration,
        "66.4" | "66.7" | "66.8" => Kind::Segmentation,
        "66.5" => Kind::SurfaceSegmentation,
        "66.6" => Kind::Tractography,
        "67" => Kind::RealWorldValues,
        "91.1" => Kind::Annotations,
        "481.2" => Kind::Dose,
        "481.3" => Kind::StructureSet,
        "481.5" | "481.8" | "481.10" => Kind::Plan,
        "481.4" | "481.6" | "481.7" | "481.9" | "481.11" => Kind::TreatmentRecord,
        "77.1.5.3" | "78.1" | "78.2" | "78.3" | "78.4" | "78.5" | "78.6" | "78.7" | "78.8" | "79.1" => {
            Kind::Other
        }
        s if s == "88" || s.starts_with("88.") => Kind::Report,
        s if s.starts_with("11.") => Kind::PresentationState,
        s if s.starts_with("9.") => Kind::Waveform,
        s if s.starts_with("104.") => Kind::Document,
        _ => return None,
    })
}

/// What a data set is.
pub fn of(d: &InMemDicomObject, syntax: &Syntax) -> Kind {
    let class = text(d, tags::SOP_CLASS_UID).or_else(|| text(d, tags::MEDIA_STORAGE_SOP_CLASS_UID));
    if let Some(kind) = class.as_deref().and_then(of_class) {
        return kind;
    }
    if is_video(syntax) {
        return Kind::Video;
    }
    match text(d, tags::MODALITY).as_deref() {
        Some("SR") => Kind::Report,
        Some("KO") => Kind::KeyObjects,
        Some("PR") => Kind::PresentationState,
        Some("SEG") => Kind::Segmentation,
        Some("RTSTRUCT") => Kind::StructureSet,
        Some("RTPLAN") => Kind::Plan,
        Some("RTDOSE") => Kind::Dose,
        Some("RTRECORD") => Kind::TreatmentRecord,
        Some("REG") => Kind::Registration,
        Some("FID") => Kind::Fiducials,
        Some("RWV") => Kind::RealWorldValues,
        Some("ECG" | "HD" | "EPS" | "AU" | "RESP" | "EEG" | "EMG") => Kind::Waveform,
        Some("DOC" | "M3D") => Kind::Document,
        Some("HANGPROTOCOL") => Kind::HangingProtocol,
        Some("ANN") => Kind::Annotations,
        _ if d.get(tags::DIRECTORY_RECORD_SEQUENCE).is_some() => Kind::Directory,
        _ => Kind::Other,
    }
}

/// True for MPEG, H.264 and HEVC: one stream for all frames, not decoded here.
pub fn is_video(syntax: &Syntax) -> bool {
    syntax.codec == Codec::Unsupported && syntax.name.ends_with("video")
}

/// The kind for people, with the modality where nothing else is known.
pub fn name_of(d: &InMemDicomObject, syntax: &Syntax) -> String {
    match (of(d, syntax), text(d, tags::MODALITY)) {
        (Kind::Other, Some(modality)) => format!("{modality} object"),
        (Kind::Other, None) => "DICOM object".to_owned(),
        (kind, _) => kind.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::testing::{object, put};
    use crate::syntax::syntax;

    #[test]
    fn the_class_says_it_before_the_modality() {
        let mut d = object("1.2.840.10008.5.1.4.1.1.88.59", "SR");
        let plain = syntax("1.2.840.10008.1.2.1");
        assert_eq!(of(&d, &plain), Kind::KeyObjects);
        put(&mut d, tags::SOP_CLASS_UID, dicom_core::VR::UI, "1.2.3.4");
        assert_eq!(of(&d, &plain), Kind::Report);
        put(&mut d, tags::MODALITY, dicom_core::VR::CS, "XX");
        assert_eq!(of(&d, &plain), Kind::Other);
        assert_eq!(name_of(&d, &plain), "XX object");
    }

    #[test]
    fn a_picture_class_is_no_object_and_a_video_syntax_makes_one() {
        assert_eq!(of_class("1.2.840.10008.5.1.4.1.1.2"), None);
        assert_eq!(of_class("1.2.840.10008.5.1.4.1.1.1.1"), None);
        let d = object("1.2.840.10008.5.1.4.1.1.77.1.1.1", "ES");
        assert_eq!(of(&d, &syntax("1.2.840.10008.1.2.4.102")), Kind::Video);
        assert_eq!(of(&d, &syntax("1.2.840.10008.1.2.4.107")), Kind::Video);
        // JPIP is no video: there is nothing in the file at all.
        assert_eq!(of(&d, &syntax("1.2.840.10008.1.2.4.94")), Kind::Other);
    }
}
