//! `eval new` and `eval check`: folders and tables to case sets, and what is wrong with them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use image::GrayImage;
use overread_phantom::dicom::{Samples, Writer};
use serde_json::Value;

use crate::overread::{Place, text, words};

/// A picture of its own for each number.
fn grey(number: u32) -> GrayImage {
    GrayImage::from_fn(40, 30, |x, y| {
        let (x, y, n) = (f64::from(x), f64::from(y), f64::from(number));
        let value = 128.0
            + 60.0 * ((0.11 + 0.07 * n) * x + n).sin()
            + 60.0 * ((0.23 - 0.01 * n) * y * (1.0 + n)).cos();
        image::Luma([value as u8])
    })
}

fn image_at(path: &Path, number: u32) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    if path.extension().is_some_and(|e| e == "tif") {
        let file = fs::File::create(path).expect("a file");
        tiff::encoder::TiffEncoder::new(file)
            .and_then(|mut t| t.write_image::<tiff::encoder::colortype::Gray8>(40, 30, &grey(number)))
            .expect("a TIFF");
    } else {
        grey(number).save(path).expect("a picture");
    }
}

/// A radiograph of a patient.
fn dicom_at(path: &Path, name: &str, patient: &str, number: u32, description: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    Writer::new(name, 30, 40, Samples::U8(grey(number).into_raw()))
        .text((0x0010, 0x0020), "LO", patient)
        .text((0x0008, 0x103E), "LO", description)
        .write(path)
        .expect("a file");
}

fn table(place: &Place, name: &str, lines: &[&str]) -> PathBuf {
    let path = place.path(name);
    fs::write(&path, lines.join("\n") + "\n").expect("a table");
    path
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).expect("a case set")
}

/// Keys of the findings.
fn keys(found: &Value) -> Vec<String> {
    let all = found["findings"].as_array().expect("findings");
    all.iter()
        .map(|f| f["key"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// The words of `eval new` over a folder.
fn new<'a>(root: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [&["eval", "new", text(root)], more].concat()
}

/// Labels, or splits, with their cases.
fn counts(listed: &Value) -> Vec<(&str, u64)> {
    let all = listed.as_array().into_iter().flatten();
    all.map(|l| {
        (
            l["label"].as_str().unwrap_or_default(),
            l["cases"].as_u64().unwrap_or(0),
        )
    })
    .collect()
}

fn check(place: &Place, set: &Path) -> (Value, Option<i32>) {
    let output = place.run(&["eval", "check", text(set), "--json"]);
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", words(&output)));
    (found, output.status.code())
}

#[test]
fn phantoms_become_a_case_set_that_nothing_is_wrong_with() {
    let place = Place::new();
    let cases = place.phantoms(4, false);
    let (truth, set) = (cases.join("truth.csv"), place.path("sets/chest.toml"));
    let arguments = new(&cases, &["--truth", text(&truth), "--out", text(&set), "--json"]);
    let told = place.json(&arguments);
    assert_eq!(
        (&told["format"], &told["task"]),
        (&"phantom".into(), &"closed".into())
    );
    assert_eq!(
        (&told["rows"], &told["matched"]),
        (&4.into(), &4.into()),
        "{told}"
    );
    assert_eq!(told["images_without_row_count"], 0, "{told}");
    let written = read(&place, "sets/chest.toml");
    assert!(
        written.contains("path = \"../cases/"),
        "seen from the file: {written}"
    );
    assert!(written.contains("series = \"ds-"), "{written}");
    let again = place.run(&arguments);
    assert_eq!(again.status.code(), Some(1));
    assert!(words(&again).contains("--force"), "{}", words(&again));
    let forced: Vec<&str> = arguments.iter().copied().chain(["--force"]).collect();
    place.done(&forced);
    assert_eq!(read(&place, "sets/chest.toml"), written, "the same again");
    let (found, code) = check(&place, &set);
    assert_eq!((&found["cases"], code), (&4.into(), Some(0)), "{found}");
}

#[test]
fn a_folder_a_class_becomes_cases_of_every_format() {
    let place = Place::new();
    let root = place.path("skin");
    let names = [
        "train/naevus/1.png",
        "train/naevus/2.jpg",
        "test/melanoma/1.tif",
        "test/melanoma/3.bmp",
        "test/naevus/9.png",
    ];
    for (number, name) in names.iter().enumerate() {
        image_at(&root.join(name), number as u32);
    }
    fs::write(root.join("readme.txt"), "hello").expect("a file");
    let set = place.path("skin.toml");
    let dry = place.done(&new(&root, &["--dry-run"]));
    assert!(String::from_utf8_lossy(&dry).contains("nothing written"));
    assert_eq!(
        fs::read_dir(place.folder.path()).expect("a folder").count(),
        2,
        "the folder and the home"
    );
    let told = place.json(&new(&root, &["--out", text(&set), "--json"]));
    assert_eq!(
        (&told["format"], &told["matched"]),
        (&"class-folders".into(), &5.into()),
        "{told}"
    );
    assert_eq!(counts(&told["labels"]), [("melanoma", 2), ("naevus", 3)]);
    assert_eq!(told["splits"].as_array().map(Vec::len), Some(2));
    let (found, _) = check(&place, &set);
    assert_eq!(found["images"], 5, "{found}");
    assert!(!keys(&found).contains(&"missing_file".to_owned()), "{found}");
    // A picture that went away is a finding.
    fs::remove_file(root.join(names[2])).expect("removed");
    let (found, code) = check(&place, &set);
    assert!(keys(&found).contains(&"missing_file".to_owned()), "{found}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_layout_as_of_mimic_is_matched_by_its_identifiers() {
    let place = Place::new();
    let root = place.path("files");
    let rows = [
        (
            "10000032",
            "50414267",
            "02aa804e-bde0afdd-112c0b34-7bc16630-4e384014",
            "train",
        ),
        (
            "10000032",
            "53189527",
            "2a2277a9-b0ded155-c0de8eb9-c124d10e-82c5caab",
            "train",
        ),
        (
            "10000764",
            "57375967",
            "096052b7-d256dc40-453a102b-fa7d01c6-1b22c6b4",
            "test",
        ),
    ];
    let mut metadata = vec![
        "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate"
            .to_owned(),
    ];
    let mut splits = vec!["dicom_id,study_id,subject_id,split".to_owned()];
    let mut labels = vec![
        "subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Pneumonia,No Finding".to_owned(),
    ];
    for (number, (subject, study, id, split)) in rows.iter().enumerate() {
        let path = root.join(format!("p{}/p{subject}/s{study}/{id}.dcm", &subject[..2]));
        dicom_at(&path, id, subject, number as u32, "");
        metadata.push(format!(
            "{id},{subject},{study},CHEST (PA AND LAT),PA,30,40,21800506"
        ));
        splits.push(format!("{id},{study},{subject},{split}"));
        labels.push(format!(
            "{subject},{study},{}",
            ["1.0,,,,,", "-1.0,0.0,,,,", ",,,,,1.0"][number]
        ));
    }
    let chexpert = place.path("mimic-cxr-2.0.0-chexpert.csv.gz");
    let mut packed = flate2::write::GzEncoder::new(
        fs::File::create(&chexpert).expect("a file"),
        flate2::Compression::default(),
    );
    packed
        .write_all((labels.join("\n") + "\n").as_bytes())
        .expect("packed");
    packed.finish().expect("packed");
    let lines = |all: &[String]| all.iter().map(String::as_str).collect::<Vec<_>>().join("\n") + "\n";
    let (meta, split) = (
        place.path("mimic-cxr-2.0.0-metadata.csv"),
        place.path("mimic-cxr-2.0.0-split.csv"),
    );
    fs::write(&meta, lines(&metadata)).expect("a table");
    fs::write(&split, lines(&splits)).expect("a table");
    let set = place.path("mimic.toml");
    let mut arguments = new(&root, &["--out", text(&set), "--uncertain", "ones", "--json"]);
    for table in [&chexpert, &meta, &split] {
        arguments.extend(["--truth", text(table)]);
    }
    let told = place.json(&arguments);
    assert_eq!(
        (&told["format"], &told["task"]),
        (&"mimic-cxr".into(), &"yes_no".into()),
        "{told}"
    );
    assert_eq!(
        (&told["matched"], &told["patients"]),
        (&3.into(), &2.into()),
        "{told}"
    );
    assert!(read(&place, "mimic.toml").contains("uncertain = \"ones\""));
}

#[test]
fn rows_without_images_and_images_of_two_rows_are_told_of() {
    let place = Place::new();
    let root = place.path("pictures");
    for (number, name) in ["a.png", "b.png", "c.png"].iter().enumerate() {
        image_at(&root.join(name), number as u32);
    }
    let truth = table(
        &place,
        "t.csv",
        &[
            "id,image,label",
            "1,a.png,yes",
            "2,a.png,no",
            "3,missing.png,no",
            "4,b.png,no",
        ],
    );
    let set = place.path("s.toml");
    let told = place.json(&new(
        &root,
        &["--truth", text(&truth), "--out", text(&set), "--json"],
    ));
    assert_eq!(
        (&told["rows"], &told["matched"]),
        (&4.into(), &3.into()),
        "{told}"
    );
    assert_eq!(told["rows_without_images_count"], 1);
    assert!(
        told["rows_without_images"][0]
            .as_str()
            .is_some_and(|t| t.contains("t.csv")),
        "{told}"
    );
    assert_eq!(told["images_without_row"], serde_json::json!(["c.png"]));
    let notes = told["notes"].to_string();
    assert!(notes.contains("more than one row"), "{notes}");
    // Nothing matches: said, and nothing is written.
    let wrong = table(&place, "w.csv", &["image,label", "x.png,yes", "y.png,no"]);
    let output = place.run(&new(
        &root,
        &["--truth", text(&wrong), "--out", text(&place.path("w.toml"))],
    ));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words(&output).contains("None of the 2 rows"),
        "{}",
        words(&output)
    );
    assert!(!place.path("w.toml").exists());
    // A name that two files have is told of.
    image_at(&root.join("more/b.png"), 7);
    let told = place.json(&new(&root, &["--truth", text(&truth), "--dry-run", "--json"]));
    assert!(
        told["rows_without_images"]
            .to_string()
            .contains("2 images are called so"),
        "{told}"
    );
    let usage = place.run(&new(&root, &["--format", "nonsense", "--dry-run"]));
    assert_eq!(usage.status.code(), Some(2), "{}", words(&usage));
}

#[test]
fn splits_are_drawn_by_patient() {
    let place = Place::new();
    let root = place.path("x");
    let mut lines = vec!["file,patient,label".to_owned()];
    for n in 0..20 {
        image_at(&root.join(format!("{n:02}.png")), n);
        lines.push(format!(
            "{n:02}.png,p{},{}",
            n / 2,
            if n % 4 < 2 { "yes" } else { "no" }
        ));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let truth = table(&place, "t.csv", &lines);
    let set = place.path("s.toml");
    let told = place.json(&new(
        &root,
        &[
            "--truth",
            text(&truth),
            "--out",
            text(&set),
            "--json",
            "--split-by-patient",
            "train=60,validation=20,test=20",
            "--seed",
            "5",
        ],
    ));
    assert_eq!(told["patients"], 10, "{told}");
    assert_eq!(
        counts(&told["splits"]),
        [("test", 4), ("train", 12), ("validation", 4)]
    );
    let (found, _) = check(&place, &set);
    assert!(
        !keys(&found).contains(&"patient_in_two_splits".to_owned()),
        "{found}"
    );
    let wrong = place.run(&new(&root, &["--dry-run", "--split-by-patient", "train=60"]));
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn planted_leaks_are_found() {
    let place = Place::new();
    let root = place.path("dicom");
    for (n, (name, patient, number, description)) in [
        ("a", "P1", 1, "CHEST PA"),
        ("b", "P1", 2, "CHEST PA"),
        ("c", "P2", 3, "PNEUMOTHORAX FOLLOW-UP"),
        ("d", "P3", 4, "CHEST AP"),
        // The values of d under other UIDs.
        ("e", "P4", 4, "CHEST AP"),
    ]
    .into_iter()
    .enumerate()
    {
        dicom_at(&root.join(format!("{n}.dcm")), name, patient, number, description);
    }
    let truth = table(
        &place,
        "t.csv",
        &[
            "file,patient,split,label",
            "0.dcm,P1,train,normal",
            "1.dcm,P1,test,normal",
            "2.dcm,P2,test,pneumothorax",
            "3.dcm,P3,test,normal",
            "4.dcm,P4,train,normal",
        ],
    );
    let set = place.path("s.toml");
    place.done(&new(&root, &["--truth", text(&truth), "--out", text(&set)]));
    let (found, code) = check(&place, &set);
    for key in ["patient_in_two_splits", "answer_in_tags", "same_pixels"] {
        assert!(keys(&found).contains(&key.to_owned()), "{key}: {found}");
    }
    assert_eq!(code, Some(1), "{found}");
    assert!(!keys(&found).contains(&"missing_file".to_owned()));
}
