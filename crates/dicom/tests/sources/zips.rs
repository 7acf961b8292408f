//! Zipped folders: read like folders, bounded, and refused in words where they lie.

use std::fs;
use std::path::{Path, PathBuf};

use overread_dicom::scan::Found;
use overread_dicom::{DicomError, decode, decode_with};
use tempfile::TempDir;

use super::zip::{Entry, zip};
use super::{image, told};

fn written(entries: &[Entry]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("study.zip");
    fs::write(&path, zip(entries).0).expect("room");
    (folder, path)
}

fn told_at(zip: &Path, name: &str) -> (&'static str, String) {
    told(&[zip]).at(&zip.join(name))
}

#[test]
fn a_zip_reads_like_the_folder_it_was() {
    let (folder, zip) = written(&[
        Entry::new("a/", b""),
        Entry::new("a/IM1", &image(1)),
        Entry::stored("a/IM2", &image(2)),
        Entry::new("notes.txt", b"hello"),
    ]);
    for root in [folder.path(), &zip] {
        let told = told(&[root]);
        assert_eq!(told.images(), 2);
        assert_eq!(told.summary.files, 3);
        assert_eq!(told.at(&zip.join("notes.txt")).0, "not DICOM");
        assert_eq!(told.at(&zip), ("not told of", String::new()), "its entries are");
    }
    for (name, first) in [("a/IM1", 1), ("a/IM2", 2)] {
        let path = zip.join(name);
        assert_eq!(
            decode(&path, 1).expect("sound").samples.value(5),
            f64::from(first + 5)
        );
        let told = told(&[&path]);
        assert_eq!(told.files.len(), 1, "an entry can be opened by itself");
        let Some(Found::Image(header)) = told.files.get(&path) else {
            panic!("{:?}", told.at(&path));
        };
        let frame = decode_with(&header.open().expect("there"), header, 1).expect("sound");
        assert_eq!(frame.samples.value(0), f64::from(first));
    }
    assert_eq!(told(&[&zip.join("a")]).images(), 2, "a folder in it by itself");
}

#[test]
fn zip64_and_bytes_before_the_zip_are_read() {
    let wide = Entry {
        wide: true,
        ..Entry::new("IM1", &image(1))
    };
    let (_folder, path) = written(&[wide, Entry::new("IM2", &image(2))]);
    assert_eq!(told(&[&path]).images(), 2);
    let (bytes, _) = zip(&[Entry::new("IM1", &image(1))]);
    // The mark in front is what tells a zip; anything may follow it.
    fs::write(&path, [b"PK\x03\x04 and an unpacker".as_slice(), &bytes].concat()).expect("room");
    assert_eq!(told(&[&path]).images(), 1);
}

#[test]
fn a_folder_called_zip_and_a_file_called_zip_stay_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("really.zip");
    fs::create_dir(&below).expect("room");
    fs::write(below.join("IM1"), image(1)).expect("room");
    let named = folder.path().join("image.zip");
    fs::write(&named, image(2)).expect("room");
    let told = told(&[folder.path()]);
    assert_eq!(told.at(&below.join("IM1")).0, "image");
    assert_eq!(told.at(&named).0, "image");
}

#[test]
fn what_cannot_be_opened_is_named_with_its_reason() {
    let good = Entry::new("good", &image(1));
    let cases: Vec<(&str, Entry, &str)> = vec![
        (
            "locked",
            Entry {
                flags: 1,
                ..good.clone()
            },
            "encrypted",
        ),
        (
            "bz",
            Entry {
                method: 12,
                ..good.clone()
            },
            "bzip2",
        ),
        ("inner.zip", good.clone(), "zip inside a zip"),
        ("../out", good.clone(), "leads out"),
        ("/etc/passwd", good.clone(), "absolute"),
        (
            "link",
            Entry {
                mode: 0o120_777,
                ..good.clone()
            },
            "link",
        ),
        (
            "bomb",
            Entry {
                claims: Some(4_000_000_000),
                ..good.clone()
            },
            "inflate further",
        ),
        (
            "two",
            Entry {
                claims: Some(7),
                method: 0,
                ..good.clone()
            },
            "two lengths",
        ),
        (
            "far",
            Entry {
                offset: Some(1 << 30),
                ..good.clone()
            },
            "beyond the file",
        ),
    ];
    for (name, entry, reason) in cases {
        let entry = Entry {
            name: name.as_bytes().to_vec(),
            ..entry
        };
        let (_folder, path) = written(&[good.clone(), entry]);
        let told = told(&[&path]);
        assert_eq!(told.images(), 1, "{name} hides nothing");
        assert_eq!(told.summary.refused, 1, "{name}");
        let said: Vec<String> = told
            .files
            .values()
            .filter_map(|found| match found {
                Found::Unreadable(error) => Some(error.to_string()),
                _ => None,
            })
            .collect();
        assert!(said.len() == 1 && said[0].contains(reason), "{name}: {said:?}");
    }
}

#[test]
fn damage_inside_an_entry_stays_there() {
    let noise: Vec<u16> = (0..256 * 256_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u16)
        .collect();
    let bytes =
        overread_phantom::dicom::Writer::new("noise", 256, 256, overread_phantom::dicom::Samples::U16(noise))
            .encode();
    let (_folder, path) = written(&[
        Entry {
            crc: Some(7),
            ..Entry::new("sum", &bytes)
        },
        Entry {
            claims: Some(bytes.len() as u64 + 9),
            ..Entry::new("longer", &bytes)
        },
        Entry {
            claims: Some(bytes.len() as u64 - 9),
            ..Entry::new("shorter", &bytes)
        },
        Entry::new("sound", &bytes),
    ]);
    assert_eq!(told(&[&path]).images(), 4, "headers are whole");
    for (name, reason) in [
        ("sum", "checksum"),
        ("longer", "another number"),
        ("shorter", "another number"),
    ] {
        match decode(&path.join(name), 1) {
            Err(DicomError::Damaged(said)) => assert!(said.contains(reason), "{name}: {said}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(decode(&path.join("sound"), 1).is_ok());
    // The deflated bytes themselves.
    let (mut broken, _) = zip(&[Entry::new("IM1", &bytes), Entry::new("IM2", &image(2))]);
    let middle = broken.len() / 2;
    broken[middle..middle + 4000].fill(0xFF);
    fs::write(&path, broken).expect("room");
    assert!(matches!(
        decode(&path.join("IM1"), 1),
        Err(DicomError::Damaged(_))
    ));
    assert!(decode(&path.join("IM2"), 1).is_ok());
}

#[test]
fn a_directory_that_lies_is_refused_in_words() {
    let (sound, start) = zip(&[Entry::new("IM1", &image(1)), Entry::new("IM2", &image(2))]);
    let end = sound.len() - 22;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("study.zip");
    let said = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("room");
        let told = told(&[folder.path()]);
        assert_eq!(told.images(), 0);
        told.at(&path).1
    };
    let with = |at: usize, value: &[u8]| {
        let mut bytes = sound.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes
    };
    assert!(said(&sound[..start]).contains("no directory at its end"));
    assert!(said(&with(end + 10, &[0xE0, 0xFF])).contains("room for"));
    assert!(
        said(&with(end + 10, &[3, 0])).contains("room for")
            || said(&with(end + 10, &[3, 0])).contains("breaks off")
    );
    assert!(said(&with(end + 12, &[0xFF, 0xFF, 0xFF, 0x7F])).contains("begin before the file"));
    assert!(said(&with(end + 16, &[0xFF, 0xFF, 0xFF, 0x7F])).contains("not where it says"));
    assert!(said(&with(end + 4, &[1, 0])).contains("one part of several"));
    let twice = zip(&[
        Entry::new("IM1", &image(1)),
        Entry {
            offset: Some(0),
            ..Entry::new("IM2", &image(1))
        },
    ]);
    assert!(said(&twice.0).contains("overlap"));
}

#[test]
fn names_in_any_letters_lead_back_to_their_entry() {
    let japanese = [0x8C, 0x9F, 0x8D, 0xB8, b'/', b'1'];
    let (_folder, path) = written(&[
        Entry::new(japanese, &image(1)),
        Entry::new("検査/2", &image(2)),
        Entry::new(*b"M\x81ller\\3", &image(3)),
        Entry::new("same", &image(4)),
        Entry::new("same", &image(5)),
    ]);
    let told = told(&[&path]);
    assert_eq!((told.images(), told.summary.refused), (4, 1));
    assert!(told.at(&path.join("same (2)")).1.contains("same name"));
    assert_eq!(told.at(&path.join("検査/2")).0, "image");
    assert_eq!(told.at(&path.join("Müller/3")).0, "image");
    for (path, found) in &told.files {
        if let Found::Image(header) = found {
            assert!(decode(path, 1).is_ok(), "{}", path.display());
            assert_eq!(&header.path, path);
        }
    }
}

#[test]
fn a_zip_that_was_written_anew_is_not_read_by_its_old_directory() {
    let (_folder, path) = written(&[Entry::new("IM1", &image(1))]);
    let told = told(&[&path]);
    let Some(Found::Image(header)) = told.files.values().next() else {
        panic!("{told:?}");
    };
    fs::write(
        &path,
        zip(&[Entry::new("IM1", &image(1)), Entry::new("IM2", &image(2))]).0,
    )
    .expect("room");
    assert_eq!(header.open().expect_err("another zip"), DicomError::Changed);
    assert_eq!(told_at(&path, "IM2").0, "image");
}
