//! Truth tables as they are published, brought to cases: what matches a file is a [`Key`], what is known of it a [`CaseSpec`]
//! without images.
//!
//! ```text
//! texts of the tables -> Format -> Imported { cases with keys } -> matched to files by the desk -> CaseSet
//! ```

mod cases;
mod chest_xray14;
mod chexpert;
pub mod class_folders;
mod columns;
mod ct_rate;
pub mod dicom_sr;
mod generic;
#[cfg(test)]
mod generic_tests;
mod json;
mod lidc;
mod medpix;
mod mimic_cxr;
mod outline;
mod padchest;
mod phantom;
mod rsna_pneumonia;
pub(crate) mod table;
mod vindr_cxr;
mod vqa;
mod xml;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::case_set::{CaseSpec, Task};
use crate::error::InputError;
pub use crate::score::Source;

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
    /// Further images of the same case (the lateral of a study, the other pictures of a teaching case): each of them that is there
    /// becomes an image behind the first.
    pub also: Vec<Key>,
    /// Slice spec, where the table says which one to look at; empty: the settings'.
    pub slices: String,
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

/// Brings tables of a format to cases. Tables that are compressed (`.csv.gz`) are given inflated, by their names as they are; for
/// [`Format::ClassFolders`] the text of the one table is the list of the files, a path a line.
///
/// # Errors
/// [`InputError`] with file and line, for the first thing that is not as published.
pub fn import(format: Format, tables: &[Source<'_>]) -> Result<Imported, InputError> {
    if tables.is_empty() {
        return Err(InputError::new("", 1, "no table is given"));
    }
    match format {
        Format::Generic => generic::import(tables),
        Format::Chexpert => chexpert::import(tables),
        Format::MimicCxr => mimic_cxr::import(tables),
        Format::ChestXray14 => chest_xray14::import(tables),
        Format::VindrCxr => vindr_cxr::import(tables),
        Format::RsnaPneumonia => rsna_pneumonia::import(tables),
        Format::Padchest => padchest::import(tables),
        Format::CtRate => ct_rate::import(tables),
        Format::Medpix => medpix::import(tables),
        Format::VqaRad => vqa::vqa_rad(tables),
        Format::Slake => vqa::slake(tables),
        Format::Lidc => lidc::import(tables),
        Format::Phantom => phantom::import(tables),
        Format::ClassFolders => {
            let paths: Vec<&str> = tables.iter().flat_map(|table| table.text.lines()).collect();
            class_folders::import(tables[0].file, &paths)
        }
        Format::DicomSr => {
            let reason =
                "structured reports are DICOM files; give the folder that holds them instead of a table";
            Err(InputError::new(tables[0].file, 1, reason))
        }
    }
}

/// The format that headers and outermost elements show, the most particular first; `None` when nothing can be read.
pub fn recognise(tables: &[Source<'_>]) -> Option<Format> {
    tables
        .iter()
        .find_map(published)
        .or_else(|| tables.iter().any(generic::recognise).then_some(Format::Generic))
}

fn published(source: &Source<'_>) -> Option<Format> {
    let by_text: [(fn(&Source<'_>) -> bool, Format); 4] = [
        (lidc::recognise, Format::Lidc),
        (medpix::recognise, Format::Medpix),
        (vqa::recognise_slake, Format::Slake),
        (vqa::recognise_vqa_rad, Format::VqaRad),
    ];
    if let Some((_, format)) = by_text.into_iter().find(|(test, _)| test(source)) {
        return Some(format);
    }
    let header = if table::is_json(source) {
        json::first_keys(source)
    } else {
        table::header(source)
    };
    let table = table::Table {
        file: source.file,
        header,
        rows: Vec::new(),
    };
    let by_header: [(fn(&table::Table<'_>) -> bool, Format); 8] = [
        (phantom::recognise, Format::Phantom),
        (mimic_cxr::recognise, Format::MimicCxr),
        (chexpert::recognise, Format::Chexpert),
        (chest_xray14::recognise, Format::ChestXray14),
        (rsna_pneumonia::recognise, Format::RsnaPneumonia),
        (padchest::recognise, Format::Padchest),
        (ct_rate::recognise, Format::CtRate),
        (vindr_cxr::recognise, Format::VindrCxr),
    ];
    by_header
        .into_iter()
        .find(|(test, _)| test(&table))
        .map(|(_, format)| format)
}
