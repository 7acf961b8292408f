//! What a header's words come to, over images of our own writer.

use std::path::Path;

use glam::DVec2;
use overread_imaging::frame::Frame;
use overread_imaging::measure::{Outline, region};
use overread_imaging::{auto_window, render};
use overread_phantom::dicom::{Samples, Window as Written, Writer};

use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::ImageHeader;

fn decode(writer: &Writer) -> Result<Frame, DicomError> {
    let file = DicomFile::from_bytes(writer.encode(), None)?;
    let header = ImageHeader::read(Path::new("made"), &file)?;
    crate::decode_with(&file, &header, 1)
}

#[test]
fn angiography_is_shown_by_stored_values_and_measured_by_modality_values() {
    let made = |class, modality| {
        let image = Writer::new("angio", 1, 4, Samples::U8(vec![0, 85, 170, 255]))
            .kind(class, modality)
            .rescale(2.0, -100.0, "US")
            .windows(&[Written::new(128.0, 256.0, "")]);
        decode(&image).expect("decodes")
    };
    let angio = made("1.2.840.10008.5.1.4.1.1.12.1", "XA");
    assert_eq!(
        render::display_values(&angio, &render::default_voi(&angio)),
        [0, 85, 170, 255]
    );
    assert_eq!(angio.modality_value(0, 1), Some(70.0));
    let plain = made("1.2.840.10008.5.1.4.1.1.7", "OT");
    assert_eq!(
        render::display_values(&plain, &render::default_voi(&plain)),
        [0, 70, 240, 255]
    );
}

#[test]
fn what_a_shutter_hides_is_in_no_statistics() {
    let image = Writer::new("hidden", 2, 2, Samples::U8(vec![10, 20, 200, 210]));
    let shut = image
        .clone()
        .text((0x0018, 0x1600), "CS", "RECTANGULAR")
        .text((0x0018, 0x1602), "IS", "1")
        .text((0x0018, 0x1604), "IS", "2")
        .text((0x0018, 0x1606), "IS", "1")
        .text((0x0018, 0x1608), "IS", "1");
    let all = |writer: &Writer| {
        let frame = decode(writer).expect("decodes");
        assert!(auto_window::auto_window(&frame).is_some());
        let statistics =
            region(&frame, Outline::Rectangle, DVec2::ZERO, DVec2::splat(2.0)).expect("px inside");
        (statistics.count, statistics.mean)
    };
    assert_eq!(all(&image), (4, 110.0));
    assert_eq!(all(&shut), (2, 15.0));
}

fn palette(mut image: Writer, entries: [u16; 3]) -> Writer {
    for (k, value) in (0_u16..).zip(entries) {
        image = image.us((0x0028, 0x1101 + k), &[2, 100, 16]).bytes(
            (0x0028, 0x1201 + k),
            "OW",
            [value.to_le_bytes(), value.to_le_bytes()].concat(),
        );
    }
    image
}

#[test]
fn a_supplemental_palette_colours_grey_images_from_its_first_value_on() {
    let image = palette(
        Writer::new("mixed", 1, 2, Samples::U16(vec![99, 100])),
        [0xFF00, 0x8000, 0x0000],
    );
    let frame = decode(&image).expect("decodes");
    let table = frame.attributes.supplemental.as_ref().expect("a palette");
    assert_eq!((table.first_mapped, table.entries[0]), (100, [0xFF, 0x80, 0]));
    assert!(frame.attributes.photometric.is_monochrome());
    let grey = decode(&image.text((0x0008, 0x9205), "CS", "MONOCHROME")).expect("decodes");
    assert_eq!(grey.attributes.supplemental, None);
}

#[test]
fn a_well_known_palette_without_tables_is_named() {
    let image = Writer::new("iron", 1, 1, Samples::U8(vec![0]))
        .photometric("PALETTE COLOR")
        .text((0x0028, 0x1199), "UI", "1.2.840.10008.1.5.1");
    let error = decode(&image).expect_err("no tables").to_string();
    assert!(error.contains("well-known palette Hot Iron"), "{error}");
}
