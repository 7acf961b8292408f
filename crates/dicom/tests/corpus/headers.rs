//! Text in every character set, and the header as a scan reads it.

use overread_dicom::scan::{Found, examine};

use crate::{corpus, lines};

#[test]
fn names_are_decoded_as_the_character_set_says() {
    let Some(corpus) = corpus() else { return };
    let mut wrong = Vec::new();
    let mut count = 0;
    for reference in lines(&corpus.join("reference.jsonl")) {
        let path = reference["path"].as_str().expect("a path");
        let Some(expected) = reference["patient_name"].as_str() else {
            continue;
        };
        let Ok(file) = overread_dicom::file::DicomFile::open(&corpus.join(path)) else {
            continue;
        };
        let name = overread_dicom::dataset::text(&file.dataset, dicom_dictionary_std::tags::PATIENT_NAME)
            .unwrap_or_default();
        count += 1;
        if name.trim_end_matches('=') != expected.trim() {
            wrong.push(format!("{path}: {name:?}, expected {expected:?}"));
        }
    }
    println!("{count} names");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_scan_reads_the_same_header_as_the_whole_file_gives() {
    let Some(corpus) = corpus() else { return };
    let mut count = 0;
    for reference in lines(&corpus.join("reference.jsonl")) {
        let path = corpus.join(reference["path"].as_str().expect("a path"));
        if let Found::Image(scanned) = examine(&path) {
            let file = overread_dicom::file::DicomFile::open(&path).expect("opens");
            let whole = overread_dicom::ImageHeader::read(&path, &file).expect("an image");
            assert_eq!(format!("{scanned:?}"), format!("{whole:?}"), "{}", path.display());
            count += 1;
        }
    }
    println!("{count} headers");
}
