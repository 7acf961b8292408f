//! What cannot be read is refused with the failure that says why, in a sentence; what is sound but no image is listed.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use dicom_dictionary_std::tags;
use overread_dicom::scan::{Found, examine_bytes, scan};
use overread_dicom::{DicomError, decode};

use crate::write::{Data, EXPLICIT, File, JPEG_2000, JPEG_BASELINE, JPEG_LS, RLE, Value, explicit};
use crate::{PIXELS, colour, compressed, frame, grey, header, open, row8, row16};

fn found(bytes: &[u8]) -> Found {
    examine_bytes(Path::new("made"), bytes)
}

#[track_caller]
fn sentence(error: &DicomError, part: &str) {
    let text = error.to_string();
    assert!(text.contains(part), "{text}");
    assert!(text.len() > 20, "{text}");
}

#[test]
fn a_file_that_the_system_refuses_is_io() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = decode(&folder.path().join("gone.dcm"), 1).expect_err("not there");
    assert!(matches!(refused, DicomError::Io(_)), "{refused:?}");
    sentence(&refused, "cannot be read");
}

#[test]
fn a_root_that_is_not_there_is_not_found() {
    let missing = PathBuf::from("/no/such/folder");
    let refused =
        scan(std::slice::from_ref(&missing), &|_| {}, &AtomicBool::new(false)).expect_err("not there");
    assert_eq!(refused, DicomError::NotFound(missing));
    sentence(&refused, "there is nothing at /no/such/folder");
}

#[test]
fn what_is_no_dicom_is_named_so() {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(400, 7);
    for bytes in [
        Vec::new(),
        b"hello".to_vec(),
        png,
        vec![0; 600],
        b"{\"a\": 1}".repeat(40),
        vec![0xFF; 9],
    ] {
        let Found::NotDicom(reason) = found(&bytes) else {
            panic!("{:?} is {:?}", bytes.get(..8), found(&bytes));
        };
        sentence(&DicomError::NotDicom(reason), "not a DICOM file");
    }
}

#[test]
fn a_folder_is_no_dicom_file() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(decode(folder.path(), 1).is_err());
}

#[test]
fn a_preamble_and_nothing_else_is_damaged() {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    let refused = open(&bytes).expect_err("nothing");
    assert!(matches!(refused, DicomError::Damaged(_)), "{refused:?}");
    sentence(&refused, "damaged");
}

#[test]
fn a_meta_group_that_is_cut_short_is_damaged() {
    let whole = explicit(&row16(&[1]));
    sentence(&open(&whole[..150]).expect_err("cut"), "damaged");
}

#[test]
fn a_data_set_that_breaks_off_before_its_pixels_is_damaged() {
    let data = row16(&[1]);
    let head = explicit(&data.clone().without(PIXELS)).len();
    let Found::Unreadable(refused) = found(&explicit(&data)[..head - 3]) else {
        panic!("it is cut");
    };
    assert!(matches!(refused, DicomError::Damaged(_)), "{refused:?}");
}

#[test]
fn an_element_longer_than_the_file_is_damage_and_no_memory_is_taken() {
    let data = row16(&[1]).put(
        tags::PIXEL_DATA_PROVIDER_URL,
        "UT",
        Value::Lying(0xFFFF_FFF0, vec![0; 16]),
    );
    let Found::Unreadable(refused) = found(&explicit(&data)) else {
        panic!("it lies");
    };
    sentence(&refused, "longer than the file");
}

#[test]
fn what_an_image_cannot_do_without_is_named() {
    for (tag, name) in [
        (tags::ROWS, "Rows"),
        (tags::COLUMNS, "Columns"),
        (tags::BITS_ALLOCATED, "Bits Allocated"),
    ] {
        let refused = header(&explicit(&row16(&[1]).without(tag))).expect_err(name);
        assert_eq!(refused, DicomError::Missing(name));
        sentence(&refused, &format!("the header lacks {name}"));
    }
    for data in [
        row16(&[1]).us(tags::ROWS, &[0]),
        row16(&[1]).us(tags::COLUMNS, &[0]),
    ] {
        assert!(matches!(header(&explicit(&data)), Err(DicomError::Missing(_))));
    }
}

#[test]
fn pixels_that_are_not_there_at_all_are_truncated() {
    let refused = frame(&explicit(&grey(4, 4, 16).words(PIXELS, "OW", &[])), 1).expect_err("none");
    assert_eq!(
        refused,
        DicomError::Truncated {
            frame: 1,
            needed: 32,
            found: 0
        }
    );
    sentence(&refused, "frame 1 needs 32 bytes and 0 are there");
}

#[test]
fn a_syntax_that_nobody_knows_is_unsupported() {
    let data = compressed(row8(&[1]), &[vec![0; 8]]);
    for (uid, name) in [("1.2.3.4.5.6", "Unknown"), ("1.2.840.10008.1.2.4.94", "JPIP")] {
        let bytes = File::new(uid).around(&data);
        let refused = frame(&bytes, 1).expect_err(uid);
        assert!(matches!(refused, DicomError::UnsupportedSyntax(_)), "{refused:?}");
        sentence(&refused, name);
        sentence(&refused, uid);
    }
}

#[test]
fn a_video_is_named_as_one() {
    let data = compressed(row8(&[1]), &[vec![0; 8]]);
    for (uid, name) in [
        ("1.2.840.10008.1.2.4.100", "MPEG"),
        ("1.2.840.10008.1.2.4.107", "HEVC"),
    ] {
        let refused = frame(&File::new(uid).around(&data), 1).expect_err(uid);
        assert!(matches!(refused, DicomError::Video(_)), "{refused:?}");
        sentence(&refused, name);
    }
}

#[test]
fn a_syntax_that_nobody_knows_around_native_pixels_is_shown() {
    // Pixels of a stated length are native whatever the syntax is called.
    let bytes = File::new("1.2.3.4.5.6").around(&row16(&[1, 2]));
    assert_eq!(crate::values(&frame(&bytes, 1).expect("native")), [1., 2.]);
    let told = header(&bytes).expect("an image").warnings.join(" ");
    assert!(
        told.contains("the transfer syntax 1.2.3.4.5.6 does not say"),
        "{told}"
    );
}

#[test]
fn forms_of_pixels_that_are_not_known_are_unsupported() {
    let forms = [
        row16(&[1]).us(tags::SAMPLES_PER_PIXEL, &[4]),
        row16(&[1]).us(tags::SAMPLES_PER_PIXEL, &[2]),
        row16(&[1]).us(tags::BITS_ALLOCATED, &[13]),
        row16(&[1]).us(tags::BITS_ALLOCATED, &[0]),
        row16(&[1]).us(tags::ROWS, &[65_535]).us(tags::COLUMNS, &[65_535]),
    ];
    for data in forms {
        let refused = header(&explicit(&data)).expect_err("unknown");
        assert!(matches!(refused, DicomError::UnsupportedPixels(_)), "{refused:?}");
        sentence(&refused, "not supported");
    }
    let odd = colour(1, 3, "YBR_FULL_422", &[0; 6]);
    assert!(matches!(
        frame(&explicit(&odd), 1),
        Err(DicomError::UnsupportedPixels(_))
    ));
}

#[test]
fn native_colour_shared_by_four_is_not_taken_for_full_colour() {
    let data = colour(2, 2, "YBR_PARTIAL_420", &[16, 16, 16, 16, 128, 128]);
    assert!(frame(&explicit(&data), 1).is_err());
}

#[test]
fn a_stream_that_its_codec_refuses_names_the_frame() {
    for syntax in [
        JPEG_BASELINE,
        JPEG_LS,
        JPEG_2000,
        RLE,
        "1.2.840.10008.1.2.4.110",
        "1.2.840.10008.1.2.4.57",
    ] {
        let data = compressed(row8(&[1]), &[b"noise noise noise ".to_vec()]);
        let refused = frame(&File::new(syntax).around(&data), 1).expect_err(syntax);
        assert!(
            matches!(refused, DicomError::Codec { frame: 1, .. }),
            "{syntax}: {refused:?}"
        );
        sentence(&refused, "frame 1 cannot be decompressed");
    }
}

#[test]
fn a_frame_that_the_file_has_not_is_no_such_frame() {
    let bytes = explicit(&row16(&[1]));
    for asked in [0, 2, u32::MAX] {
        let refused = frame(&bytes, asked).expect_err("one frame");
        assert_eq!(refused, DicomError::NoSuchFrame { asked, frames: 1 });
    }
    sentence(
        &frame(&bytes, 9).expect_err("one frame"),
        "there is no frame 9: the file has 1",
    );
}

fn object(class: &str, modality: &str) -> Data {
    Data::new()
        .text(tags::SOP_CLASS_UID, "UI", class)
        .text(tags::SOP_INSTANCE_UID, "UI", "2.25.7")
        .text(tags::MODALITY, "CS", modality)
        .text(tags::STUDY_INSTANCE_UID, "UI", "2.25.8")
        .text(tags::SERIES_INSTANCE_UID, "UI", "2.25.9")
}

#[test]
fn an_object_without_pixels_holds_no_image() {
    let bytes = explicit(&object("1.2.840.10008.5.1.4.1.1.66", "RAW"));
    let refused = header(&bytes).expect_err("no image");
    assert!(matches!(refused, DicomError::NoImage(_)), "{refused:?}");
    sentence(&refused, "holds no image");
}

#[test]
fn objects_are_listed_with_their_identifiers() {
    for (class, modality) in [
        ("1.2.840.10008.5.1.4.1.1.88.33", "SR"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "PR"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "KO"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "DOC"),
        ("1.2.840.10008.5.1.4.1.1.66", "RAW"),
        ("1.2.3.4.5", "XX"),
    ] {
        for syntax in [EXPLICIT, crate::write::IMPLICIT, crate::write::BIG] {
            let Found::Object(listed) = found(&File::new(syntax).around(&object(class, modality))) else {
                panic!("{class} is an object");
            };
            assert_eq!(
                (listed.sop_class.as_str(), listed.modality.as_str()),
                (class, modality)
            );
            assert_eq!(
                (listed.study_uid.as_str(), listed.series_uid.as_str()),
                ("2.25.8", "2.25.9")
            );
            assert_eq!(listed.transfer_syntax, syntax);
            assert!(!listed.summary.is_empty(), "{class}");
        }
    }
}

#[test]
fn an_image_class_without_pixels_is_listed_as_an_object() {
    let bytes = explicit(&row16(&[1]).without(PIXELS));
    assert!(matches!(found(&bytes), Found::Object(_)));
}
