//! Made patients: anatomy, findings, noise, DICOM by its own writer, truth.
#![forbid(unsafe_code)]
