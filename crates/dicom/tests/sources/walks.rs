//! Folders as they are: links, loops, pipes, names, files that come, go and change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use overread_dicom::DicomError;
use overread_dicom::scan::{Found, ScanEvent, scan};

use super::{image, told};

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_are_not() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("a/b")).expect("room");
    fs::write(at("a/b/IM1"), image(1)).expect("room");
    symlink(folder.path(), at("a/b/loop")).expect("a link");
    symlink(at("a"), at("again")).expect("a link");
    symlink(at("a/b/IM1"), at("link")).expect("a link");
    symlink(at("nowhere"), at("dangling")).expect("a link");
    let told = told(&[folder.path()]);
    assert_eq!(told.at(&at("a/b/IM1")).0, "image");
    assert_eq!(told.at(&at("link")).0, "image");
    assert_eq!(told.at(&at("dangling")).0, "unreadable");
    assert_eq!(told.files.len(), 3, "{:?}", told.files.keys());
}

#[cfg(unix)]
#[test]
fn pipes_and_sockets_are_told_of_and_never_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let told = told(&[folder.path()]);
    assert_eq!(told.summary.special, 2);
    for path in [&pipe, &socket] {
        assert!(told.at(path).1.contains("never opened"));
        // Opening the pipe would wait for ever.
        let error = overread_dicom::decode(path, 1).expect_err("no file");
        assert!(matches!(error, DicomError::NotDicom(_)), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"M\xFCller\xFF"));
    fs::write(&path, image(1)).expect("room");
    assert_eq!(told(&[folder.path()]).at(&path).0, "image");
    assert!(overread_dicom::decode(&path, 1).is_ok());
}

#[test]
fn what_systems_leave_behind_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let files: [(&str, &[u8]); 5] = [
        ("empty.dcm", b""),
        ("._IM1", b"\0\x05\x16\x07\0\x02\0\0Mac OS X"),
        (".DS_Store", b"\0\0\0\x01Bud1"),
        ("Thumbs.db", b"\xD0\xCF\x11\xE0"),
        ("notes.txt", b"hello"),
    ];
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("room");
    }
    // Called like a companion, and an image all the same.
    let image_path = folder.path().join("._real");
    fs::write(&image_path, image(1)).expect("room");
    let told = told(&[folder.path()]);
    assert_eq!((told.summary.empty, told.summary.companions), (1, 3));
    assert_eq!(told.at(&image_path).0, "image");
    assert!(told.at(&folder.path().join("._IM1")).1.contains("macOS"));
}

#[test]
fn folders_that_are_too_deep_are_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut deep = folder.path().to_path_buf();
    for _ in 0..70 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).expect("room");
    fs::write(deep.join("IM1"), image(1)).expect("room");
    let told = told(&[folder.path()]);
    assert_eq!((told.images(), told.folders.len()), (0, 1));
}

fn scanned(path: &Path) -> overread_dicom::ImageHeader {
    match told(&[path]).files.remove(path) {
        Some(Found::Image(header)) => *header,
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_change_under_the_reader_are_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("IM1");
    let bytes = image(1);
    for changed in [&bytes[..bytes.len() - 100], &[&*bytes, &[0; 8]].concat()] {
        fs::write(&path, &bytes).expect("room");
        let header = scanned(&path);
        assert!(header.open().is_ok());
        // It was open already: what is there is read, and what is not is said.
        let opened = header.open().expect("there");
        fs::write(&path, changed).expect("room");
        assert_eq!(header.open().expect_err("changed"), DicomError::Changed);
        let read = overread_dicom::decode_with(&opened, &header, 1).expect("rows that are there");
        assert_eq!(read.attributes.warnings.is_empty(), changed.len() > bytes.len());
    }
    let header = {
        fs::write(&path, &bytes).expect("room");
        scanned(&path)
    };
    fs::remove_file(&path).expect("there");
    assert!(matches!(header.open(), Err(DicomError::Io(_))));
}

#[test]
fn cancelling_stops_the_walk_and_the_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..300 {
        fs::write(folder.path().join(format!("{number}")), image(number)).expect("room");
    }
    let roots: Vec<PathBuf> = vec![folder.path().to_path_buf()];
    let cancel = AtomicBool::new(false);
    let read = AtomicUsize::new(0);
    let stop = |event: ScanEvent| {
        if matches!(event, ScanEvent::File(_)) {
            read.fetch_add(1, Ordering::Relaxed);
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let summary = scan(&roots, &stop, &cancel).expect("there");
    assert!(summary.cancelled);
    // Those that other threads had begun may still come.
    assert!(
        read.into_inner() <= rayon::current_num_threads(),
        "stopped at once"
    );
    let none = scan(
        &roots,
        &|event| assert!(!matches!(event, ScanEvent::File(_))),
        &AtomicBool::new(true),
    );
    assert!(none.expect("there").cancelled);
}
