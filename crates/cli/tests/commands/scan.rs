//! `index`, `tags`: every file is named, none is lost, nothing fails.

use std::collections::BTreeMap;
use std::fs;

use overread_testkit::shared;

use crate::overread::{Place, text};

#[test]
fn every_file_of_the_corpus_is_named_with_what_it_is() {
    let Some(corpus) = shared("corpus") else { return };
    let place = Place::new();
    let index = place.json(&["index", text(&corpus), "--json"]);
    let files = index["files"].as_array().expect("files");
    let on_disk = walk(&corpus);
    assert_eq!(files.len(), on_disk.len(), "each file once");
    let mut kinds = BTreeMap::<&str, usize>::new();
    for file in files {
        let status = file["status"].as_str().expect("a status");
        *kinds.entry(status).or_default() += 1;
        assert!(["image", "object", "unreadable", "not_dicom"].contains(&status));
        let says_why = file["reason"].as_str().is_some_and(|r| !r.is_empty());
        assert!(status == "image" || says_why, "{file} has no reason");
    }
    println!("{} files: {kinds:?}", files.len());
    let sets = index["display_sets"].as_array().expect("display sets");
    assert!(
        sets.iter()
            .all(|set| set["files"].as_array().is_some_and(|f| !f.is_empty()))
    );
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_made_series_is_one_volume_with_its_spacing() {
    let place = Place::new();
    let cases = place.phantoms(1, true);
    let index = place.json(&["index", text(&cases), "--json"]);
    let set = &index["display_sets"][0];
    assert_eq!(set["volume"], true);
    assert_eq!(set["spacing_kind"], "patient");
    assert_eq!(
        set["files"].as_array().map(Vec::len),
        set["positions"].as_array().map(Vec::len)
    );
    assert!(set["slice_spacing_mm"].as_f64().is_some_and(|mm| mm > 0.0));
    assert!(set["gaps"].as_array().is_some_and(Vec::is_empty));
    let file = set["files"][0].as_str().expect("a path");
    let tags = place.json(&["tags", file, "--json"]);
    assert_eq!(tags["00080060"]["Value"][0], "CT");
    assert!(
        tags.get("7FE00010")
            .is_none_or(|pixels| pixels.get("InlineBinary").is_none())
    );
}

#[test]
fn a_zipped_series_is_the_series_in_every_command() {
    let place = Place::new();
    let cases = place.phantoms(1, true);
    let zip = place.path("case.zip");
    zipped(&cases, &zip);
    let [plain, packed] =
        [&cases, &zip].map(|path| place.json(&["index", text(path), "--json"])["display_sets"][0].clone());
    for key in ["id", "positions", "volume", "slice_spacing_mm"] {
        assert_eq!(plain[key], packed[key], "{key}");
    }
    let [file, entry] = [&plain, &packed].map(|set| set["files"][3].as_str().expect("a path").to_owned());
    assert!(entry.contains("case.zip/"), "{entry}");
    for arguments in [&["tags"][..], &["pixels", "--as", "stored"]] {
        let of = |path: &str| place.done(&[arguments, &[path]].concat());
        assert_eq!(of(&file), of(&entry), "{arguments:?}");
    }
    let drawn = [&cases, &zip].map(|path| {
        let out = place.path("slice.png");
        place.done(&["render", text(path), "--slice", "3", "--out", text(&out)]);
        fs::read(out).expect("a picture")
    });
    assert_eq!(drawn[0], drawn[1]);
}

/// A zip of the files below a folder, stored as they are.
fn zipped(folder: &std::path::Path, zip: &std::path::Path) {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for path in walk(folder) {
        let name = path
            .strip_prefix(folder)
            .expect("below")
            .to_string_lossy()
            .into_owned();
        let bytes = fs::read(&path).expect("a file");
        let length = u32::try_from(bytes.len()).expect("small").to_le_bytes();
        let offset = u32::try_from(out.len()).expect("small").to_le_bytes();
        // Version, flags, method, time, date, a sum that nobody checks of stored bytes, lengths, length of the name.
        let mut middle = [20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].to_vec();
        middle.extend([length, length].concat());
        middle.extend(u16::try_from(name.len()).expect("short").to_le_bytes());
        middle.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&middle);
        out.extend(name.bytes());
        out.extend(bytes);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(middle);
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend(name.bytes());
        count += 1;
    }
    let [start, length] =
        [out.len(), directory.len()].map(|n| u32::try_from(n).expect("small").to_le_bytes());
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    out.extend([length, start].concat());
    out.extend([0, 0]);
    fs::write(zip, out).expect("room");
}

#[test]
fn the_same_folder_gives_the_same_bytes() {
    let place = Place::new();
    let cases = place.phantoms(2, false);
    let arguments = ["index", text(&cases), "--json"];
    assert_eq!(place.done(&arguments), place.done(&arguments));
}
