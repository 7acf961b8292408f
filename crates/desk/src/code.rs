//! Stable codes and hints for the errors of the crates below: every variant is named, so a new one must be placed.

use overread_dicom::DicomError;
use overread_medgemma::EngineError;
use overread_tuning::TuningError;
use overread_tuning::head::HeadError;

use crate::Failure;

/// A failure of the desk's own.
pub fn failure(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure {
        code: code.to_owned(),
        message: message.into(),
        hint: hint.into(),
    }
}

/// Splits `what happened; what to do` into message and hint.
pub(crate) fn sentences(code: &str, text: &str) -> Failure {
    let (message, hint) = text.split_once("; ").unwrap_or((text, ""));
    let sentence = |text: &str| {
        let mut letters = text.trim().trim_end_matches('.').chars();
        match letters.next() {
            Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
            None => String::new(),
        }
    };
    Failure {
        code: code.to_owned(),
        message: sentence(message),
        hint: sentence(hint),
    }
}

impl From<DicomError> for Failure {
    fn from(error: DicomError) -> Self {
        let code = match &error {
            DicomError::Io(_) => "file.unreadable",
            DicomError::NotDicom(_) => "dicom.not_dicom",
            DicomError::Damaged(_) => "dicom.damaged",
            DicomError::Missing(_) => "dicom.missing_attribute",
            DicomError::Truncated { .. } => "dicom.truncated_pixels",
            DicomError::UnsupportedSyntax(_) => "dicom.unsupported_syntax",
            DicomError::UnsupportedPixels(_) => "dicom.unsupported_pixels",
            DicomError::Codec { .. } => "dicom.codec",
            DicomError::Overlay(_) => "dicom.overlay",
            DicomError::NoSuchFrame { .. } => "dicom.no_such_frame",
            DicomError::NoImage(_) => "dicom.no_image",
            DicomError::Archive(_) => "zip.unreadable",
            DicomError::Changed => "file.changed",
            DicomError::Video(_) => "dicom.video",
            DicomError::UnsupportedObject { .. } => "dicom.other_object",
            DicomError::TooLarge(_) => "dicom.too_large",
            DicomError::Picture(_) => "picture.unreadable",
            DicomError::NotFound(_) => "file.not_found",
        };
        sentences(code, &error.to_string())
    }
}

impl From<TuningError> for Failure {
    fn from(error: TuningError) -> Self {
        let code = match error {
            TuningError::Engine(error) => return error.into(),
            TuningError::File { .. } => "tuning.file",
            TuningError::Settings(_) => "tuning.settings",
            TuningError::OtherRun { .. } => "tuning.other_run",
            TuningError::Diverged { .. } => "tuning.diverged",
            TuningError::Cancelled => "cancelled",
        };
        sentences(code, &error.to_string())
    }
}

impl From<HeadError> for Failure {
    fn from(error: HeadError) -> Self {
        let code = match &error {
            HeadError::Cases(_) => "head.cases",
            HeadError::NoCase(_) | HeadError::EveryCase(_) => "head.label",
            HeadError::FewPatients(_) => "head.few_patients",
            HeadError::Settings(_) => "head.settings",
            HeadError::File { .. } => "head.file",
            HeadError::Damaged { .. } => "head.damaged",
            HeadError::Width { .. } | HeadError::OtherModel { .. } => "head.other_model",
            HeadError::OtherPictures { .. } => "head.other_pictures",
            HeadError::OtherLabels { .. } => "head.other_labels",
            HeadError::Cancelled => "cancelled",
        };
        sentences(code, &error.to_string())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Cancelled => "cancelled",
            EngineError::MissingFile(_) => "model.missing_file",
            EngineError::BadFile { .. } => "model.bad_file",
            EngineError::Unsupported(_) => "model.unsupported",
            EngineError::MissingTensors(_) => "model.missing_weights",
            EngineError::UnknownTensors(_) => "model.unknown_weights",
            EngineError::WrongShapes(_) => "model.wrong_shape",
            EngineError::RepeatedTensors(_) => "model.unknown_weights",
            EngineError::BadAdapter { .. } => "model.bad_adapter",
            EngineError::WrongTokenizer(_) => "model.wrong_tokenizer",
            EngineError::Several(_) => "model.wrong_weights",
            EngineError::NotEnoughMemory { .. } => "model.not_enough_memory",
            EngineError::BadQuestion(_) => "model.bad_question",
            EngineError::Compute(_) => "model.compute",
        };
        sentences(code, &error.to_string())
    }
}

impl From<overread_store::StoreError> for Failure {
    fn from(error: overread_store::StoreError) -> Self {
        use overread_store::StoreError as E;
        let code = match &error {
            E::ReadOnly { .. } => "store.read_only",
            E::Locked => "store.locked",
            E::DiskFull => "store.disk_full",
            E::Damaged(_) => "store.damaged",
            E::Newer { .. } => "store.newer",
            E::Sql(_) => "store.failed",
        };
        sentences(code, &error.to_string())
    }
}

impl From<overread_imaging::volume::VolumeError> for Failure {
    fn from(error: overread_imaging::volume::VolumeError) -> Self {
        sentences("imaging.no_volume", &error.to_string())
    }
}

/// A file or folder that could not be written or read.
pub fn io(what: &str, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => failure(
            "file.disk_full",
            format!("The disk is full: {what} could not be written."),
            "Make room, then try again; nothing else was lost.",
        ),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => failure(
            "file.read_only",
            format!("{what} may not be written."),
            "Choose another folder, or change its permissions.",
        ),
        ErrorKind::NotFound => failure(
            "file.not_found",
            format!("{what} is not there."),
            "Check the path.",
        ),
        _ => failure("file.failed", format!("{what}: {error}."), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_hints_are_sentences() {
        let failure = Failure::from(DicomError::Truncated {
            frame: 2,
            needed: 10,
            found: 3,
        });
        assert_eq!(failure.code, "dicom.truncated_pixels");
        assert!(
            failure.message.starts_with("The pixel data are cut short") && failure.message.ends_with('.')
        );
        assert_eq!(failure.hint, "Get the file again from its source.");
    }
}
