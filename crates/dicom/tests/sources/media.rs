//! Media with a DICOMDIR: it adds what it knows, and hides nothing.

use std::fs;
use std::path::Path;

use overread_dicom::media::Medium;
use overread_phantom::dicom::{DataSet, File, TransferSyntax};

use super::zip::{Entry, zip};
use super::{image, told};

/// A DICOMDIR with one patient, study and series, and an image for each reference.
fn directory(references: &[&str]) -> Vec<u8> {
    let record = |kind: &str, file: &str| {
        let mut record = DataSet::new();
        record.us((0x0004, 0x1410), &[0xFFFF]);
        record.text((0x0004, 0x1430), "CS", kind);
        if !file.is_empty() {
            record.text((0x0004, 0x1500), "CS", file);
        }
        record
    };
    let mut records = ["PATIENT", "STUDY", "SERIES"]
        .map(|kind| record(kind, ""))
        .to_vec();
    records.extend(references.iter().map(|file| record("IMAGE", file)));
    let mut inactive = record("IMAGE", "GONE");
    inactive.us((0x0004, 0x1410), &[0]);
    records.push(inactive);
    let mut data = DataSet::new();
    data.text((0x0004, 0x1130), "CS", "MEDIUM");
    data.sequence((0x0004, 0x1220), records);
    File {
        sop_class: "1.2.840.10008.1.3.10".to_owned(),
        sop_instance: "1.2.3".to_owned(),
        syntax: TransferSyntax::ExplicitLittle,
        data,
    }
    .encode()
}

fn medium(root: &Path) -> Medium {
    let told = told(&[root]);
    assert_eq!(told.media.len(), 1);
    told.media[0].clone()
}

#[test]
fn names_are_found_as_media_spell_them_and_the_rest_is_read_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("dir");
    fs::create_dir(&below).expect("room");
    let names = ["im1", "IM2;1", "im3.", "beside"];
    for (number, name) in (1_u16..).zip(names) {
        fs::write(below.join(name), image(number)).expect("room");
    }
    let references = ["DIR\\IM1", "DIR\\IM2", "DIR\\IM3", "DIR\\IM9", "..\\OUT"];
    let path = folder.path().join("dicomdir");
    fs::write(&path, directory(&references)).expect("room");
    let found = medium(folder.path());
    assert_eq!(
        (found.patients, found.studies, found.series, found.instances),
        (1, 1, 1, 5)
    );
    assert_eq!(found.missing, ["DIR/IM9"]);
    assert_eq!(found.refused, ["../OUT"]);
    let said = found.trouble().expect("something is wrong");
    assert!(
        said.contains("not there: DIR/IM9") && said.contains("1 references"),
        "{said}"
    );
    assert_eq!(told(&[folder.path()]).images(), 4);
    assert_eq!(told(&[&path]).images(), 4, "the DICOMDIR stands for its folder");
}

#[test]
fn a_broken_directory_hides_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("IM1"), image(1)).expect("room");
    let path = folder.path().join("DICOMDIR");
    let sound = directory(&["IM1", "IM2"]);
    for bytes in [&sound[..sound.len() / 2], b"nothing of the kind", b""] {
        fs::write(&path, bytes).expect("room");
        for root in [folder.path(), &path] {
            assert_eq!(told(&[root]).images(), 1);
            assert!(medium(root).damage.is_some());
        }
    }
}

#[test]
fn a_medium_may_be_zipped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cd.zip");
    let entries = [
        Entry::new("CD/DICOMDIR", &directory(&["A\\IM1", "A\\IM2"])),
        Entry::new("CD/A/IM1", &image(1)),
    ];
    fs::write(&path, zip(&entries).0).expect("room");
    assert_eq!(medium(&path).missing, ["A/IM2"]);
}
