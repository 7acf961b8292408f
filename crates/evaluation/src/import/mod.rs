//! Truth tables as they are published, brought to cases: what matches a file is a [`Key`], what is known of it a [`CaseSpec`]
//! without images.
//!
//! ```text
//! texts of the tables -> Format -> Imported { cases with keys } -> matched to files by the desk -> CaseSet
//! ```

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::case_set::{CaseSpec, Task};

/// A published format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// CSV or JSON with ids and one label, one column a label, or lists.
    Generic,
    /// CheXpert (arXiv 1901.07031).
    Chexpert,
    /// MIMIC-CXR and MIMIC-CXR-JPG.
    MimicCxr,
    /// NIH ChestX-ray14 (arXiv 1705.02315).
    ChestXray14,
    /// VinDr-CXR.
    VindrCxr,
    /// RSNA pneumonia challenge.
    RsnaPneumonia,
    /// PadChest (arXiv 1901.07441).
    Padchest,
    /// CT-RATE (arXiv 2403.17834).
    CtRate,
    /// MedPix 2.0 (arXiv 2407.02994).
    Medpix,
    /// VQA-RAD.
    VqaRad,
    /// SLAKE.
    Slake,
    /// LIDC-IDRI XML.
    Lidc,
    /// DICOM structured reports, read by the desk.
    DicomSr,
    /// A folder a class: `root/[split/]class/file`.
    ClassFolders,
    /// `truth.csv` of our own phantoms.
    Phantom,
}

/// What a row of a table says its images are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A path, or the end of one, with `/`.
    Path(String),
    /// A file's name without its extension.
    Stem(String),
    /// A folder on the way to the files.
    Folder(String),
    /// SOP Instance UID.
    Instance(String),
    /// Series Instance UID, or a display set's id.
    Series(String),
    /// Study Instance UID.
    Study(String),
}

/// A row, or several of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedCase {
    /// Any of them may match, the first that does counts.
    pub keys: Vec<Key>,
    /// What is known; `images` is empty.
    pub case: CaseSpec,
    /// File and line of its first row.
    pub at: String,
}

/// What tables say.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Format.
    pub format: Format,
    /// Form of the question it is good for.
    pub task: Task,
    /// Labels in the published order; empty for open questions.
    pub labels: Vec<String>,
    /// Cases.
    pub cases: Vec<ImportedCase>,
    /// What was left out or changed, and traps of this format that hold here, as sentences.
    pub notes: Vec<String>,
}
