//! DICOM structured reports as truth: read here, understood by [`overread_evaluation::import`].

use std::path::PathBuf;

use overread_evaluation::import::Imported;

use crate::Outcome;
use crate::code::failure;
use crate::op::gather::Gathered;

/// The truth of the reports of a folder, or of those that are named.
///
/// # Errors
/// When there is no report, or none says anything.
pub(crate) fn imported(_files: &[PathBuf], _gathered: &Gathered) -> Outcome<Imported> {
    Err(failure("eval.no_truth", "There is no report.", ""))
}
