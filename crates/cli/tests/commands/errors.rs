//! What a user can meet: each a sentence, exit 1, and the rest goes on.

use std::fs;

use overread_phantom::dicom::{Samples, Writer};

use crate::overread::{Place, text, words};

fn file(place: &Place, name: &str) -> std::path::PathBuf {
    let path = place.path(name);
    Writer::new(name, 16, 16, Samples::U16(vec![5; 256]))
        .write(&path)
        .expect("a file");
    path
}

/// Exit 1 and one paragraph that holds `word`.
fn fails(place: &Place, arguments: &[&str], word: &str) {
    let output = place.run(arguments);
    let said = words(&output);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(said.contains(word), "{arguments:?}: {said}");
    assert!(
        !said.contains("panicked") && said.trim().lines().count() == 1,
        "{said}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_path_that_is_not_there_or_holds_no_dicom() {
    let place = Place::new();
    let nowhere = place.path("nowhere");
    fails(&place, &["index", text(&nowhere)], "nothing at");
    let out = place.path("out.png");
    let empty = place.path("empty");
    fs::create_dir(&empty).expect("a folder");
    fails(&place, &["render", text(&empty), "--out", text(&out)], "no DICOM");
    fs::write(empty.join("notes.txt"), "hello").expect("a file");
    fails(&place, &["render", text(&empty), "--out", text(&out)], "DICOM");
    assert!(!out.exists());
}

#[test]
fn pixels_that_are_cut_off() {
    let place = Place::new();
    let path = file(&place, "cut.dcm");
    let bytes = fs::read(&path).expect("a file");
    fs::write(&path, &bytes[..bytes.len() - 100]).expect("a shorter file");
    let index = place.json(&["index", text(&path), "--json"]);
    // 100 bytes are three rows of 32 and a little more.
    let told = &index["display_sets"][0]["warnings"][0];
    assert!(
        told.as_str()
            .is_some_and(|t| t.contains("12 of 16 rows are there")),
        "{told}"
    );
    let read = place.run(&["pixels", text(&path), "--as", "stored"]);
    assert_eq!(read.status.code(), Some(0), "{}", words(&read));
    assert_eq!(
        read.stdout.len(),
        512,
        "the rows that exist, and the others empty"
    );
    assert!(words(&read).contains("12 of 16 rows"), "{}", words(&read));
    fs::write(&path, &bytes[..bytes.len() - 512]).expect("no pixels at all");
    fails(&place, &["pixels", text(&path), "--as", "stored"], "cut short");
}

#[test]
fn a_frame_or_a_slice_that_is_not_there() {
    let place = Place::new();
    let path = file(&place, "one.dcm");
    fails(
        &place,
        &["pixels", text(&path), "--frame", "9", "--as", "stored"],
        "9",
    );
    let out = place.path("out.png");
    fails(
        &place,
        &["render", text(&path), "--slice", "7", "--out", text(&out)],
        "7",
    );
}

#[test]
fn wrong_usage_ends_with_two() {
    let place = Place::new();
    assert_eq!(place.run(&["pixels"]).status.code(), Some(2));
    assert_eq!(place.run(&["no-such-command"]).status.code(), Some(2));
    let path = file(&place, "one.dcm");
    let wrong = place.run(&["pixels", text(&path), "--as", "display", "--window", "soft"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", words(&wrong));
}

#[test]
fn a_home_that_cannot_be_made_leaves_reading_in_use() {
    let place = Place::new();
    let path = file(&place, "one.dcm");
    let out = place.path("out.png");
    // A file where the home's folder should be: as good as a read-only disk, also for root.
    let home = place.path("occupied");
    fs::write(&home, "").expect("a file");
    let with_home = |arguments: &[&str]| {
        place
            .command()
            .env("OVERREAD_HOME", home.join("home"))
            .args(arguments)
            .output()
            .expect("the binary runs")
    };
    let render = with_home(&["render", text(&path), "--out", text(&out)]);
    assert!(render.status.success(), "{}", words(&render));
    let list = with_home(&["review", "list", "--json"]);
    assert_eq!(list.status.code(), Some(1));
    assert!(!words(&list).is_empty() && !words(&list).contains("panicked"));
}

#[test]
fn a_store_that_another_program_holds() {
    let place = Place::new();
    place.json(&["review", "list", "--json"]);
    let store = walk(&place.path("home"));
    let held = rusqlite::Connection::open(store).expect("the store opens");
    held.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;")
        .expect("held");
    let list = place.run(&["review", "list", "--json"]);
    assert_eq!(list.status.code(), Some(1));
    assert!(words(&list).contains("Another program"), "{}", words(&list));
    drop(held);
    place.json(&["review", "list", "--json"]);
}

fn walk(home: &std::path::Path) -> std::path::PathBuf {
    fs::read_dir(home)
        .expect("a home")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "sqlite" || e == "db"))
        .expect("the store's file")
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_file() {
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: no /dev/full here");
        return;
    }
    let place = Place::new();
    let path = file(&place, "one.dcm");
    let output = place
        .command()
        .args(["pixels", text(&path), "--as", "stored"])
        .stdout(
            fs::OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .expect("/dev/full"),
        )
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words(&output).contains("space") || words(&output).contains("written"),
        "{}",
        words(&output)
    );
}
