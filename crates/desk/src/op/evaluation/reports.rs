//! DICOM structured reports as truth: read here, understood by [`overread_evaluation::import::dicom_sr`].

use std::path::{Path, PathBuf};

use overread_dicom::file::DicomFile;
use overread_dicom::objects::kind::Kind;
use overread_dicom::objects::sr::{self, Item, ItemValue};
use overread_dicom::tags;
use overread_evaluation::import::Imported;
use overread_evaluation::import::dicom_sr::{self, SrItem, SrReport, SrValue};

use crate::code::failure;
use crate::op::evaluation::draft::pseudonym;
use crate::op::evaluation::set;
use crate::op::gather::Gathered;
use crate::{Failure, Outcome};

/// True for what a report can be made of.
pub(crate) fn is_report(kind: Kind) -> bool {
    matches!(kind, Kind::Report | Kind::KeyObjects)
}

/// The truth of the reports that are named, else of those of the folder.
///
/// # Errors
/// When there is no report, or one that is named cannot be read.
pub(crate) fn imported(files: &[PathBuf], gathered: &Gathered) -> Outcome<Imported> {
    let mut reports = Vec::new();
    let mut damaged = 0_usize;
    for file in files {
        reports.push(read(file)?);
    }
    if files.is_empty() {
        for (path, _) in gathered
            .objects
            .iter()
            .filter(|(_, header)| is_report(header.kind))
        {
            match read(path) {
                Ok(report) => reports.push(report),
                Err(_) => damaged += 1,
            }
        }
    }
    let mut imported = dicom_sr::import(&reports).map_err(|error| {
        failure(
            "eval.no_truth",
            format!("{error}."),
            "Name a folder with structured reports, or truth tables with --truth.",
        )
    })?;
    if damaged > 0 {
        imported
            .notes
            .push(format!("{damaged} reports cannot be read and are left out"));
    }
    Ok(imported)
}

fn read(path: &Path) -> Outcome<SrReport> {
    let file = DicomFile::open(path)?;
    let report = sr::read(&file)?;
    let json = tags::json(path).map_err(Failure::from)?;
    let text = |tag: &str| {
        let value = json.get(tag).and_then(|element| element["Value"][0].as_str());
        value.unwrap_or_default().trim().to_owned()
    };
    let patient = text("00100020");
    // Who wrote it may be a device (0040,A084 Observer Type).
    let by_device = json
        .get("0040A078")
        .is_some_and(|authors| authors["Value"][0]["0040A084"]["Value"][0] == "DEV");
    let author = report.authors.first().cloned().unwrap_or_default();
    let verifier = report.verifiers.first().cloned();
    Ok(SrReport {
        file: set::name(path),
        patient: if patient.is_empty() {
            patient
        } else {
            pseudonym(&patient)
        },
        study_uid: text("0020000D"),
        title: report.title,
        is_key_objects: report.is_key_objects,
        is_verified: report.verification == "VERIFIED",
        person: verifier.unwrap_or_else(|| if by_device { String::new() } else { author.clone() }),
        device: if by_device { author } else { String::new() },
        items: report.items.into_iter().map(item).collect(),
    })
}

fn item(item: Item) -> SrItem {
    let value = match item.value {
        ItemValue::Text(text) | ItemValue::Times(text) => SrValue::Text(text),
        ItemValue::Code(code) if code.meaning.is_empty() => SrValue::Code(code.value),
        ItemValue::Code(code) => SrValue::Code(code.meaning),
        ItemValue::Number { value, unit, .. } => SrValue::Number(value, unit),
        ItemValue::Instance(reference) => SrValue::Image(reference.sop_instance),
        ItemValue::Region { points, on, .. } => SrValue::Region(
            points.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect(),
            on.map(|image| image.sop_instance).unwrap_or_default(),
        ),
        ItemValue::Heading | ItemValue::Region3d { .. } | ItemValue::Link(_) | ItemValue::Nothing => {
            SrValue::Heading
        }
    };
    SrItem {
        depth: item.depth,
        // Names come by their meaning alone; what a meaning stands for is known there.
        code: String::new(),
        name: item.name,
        value,
    }
}
