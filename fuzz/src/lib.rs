//! What the targets have in common: bytes to a file, and a file through everything that a reader does with it.
//!
//! Nothing here judges a result beyond what must always hold; the finding is a panic, a hang or memory.

use std::path::{Path, PathBuf};

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use glam::DVec3;
use overread_dicom::file::DicomFile;
use overread_dicom::scan::{Found, examine_bytes};
use overread_dicom::{ImageHeader, Index, decode_with};
use overread_imaging::geometry::Plane;
use overread_imaging::{colour, render};

/// Classes of objects that are summed up each in its own way.
pub const CLASSES: &[&str] = &[
    "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.88.59",
    "1.2.840.10008.5.1.4.1.1.11.1",
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.481.3",
    "1.2.840.10008.5.1.4.1.1.481.5",
    "1.2.840.10008.5.1.4.1.1.104.1",
    "1.2.840.10008.5.1.4.1.1.2",
];

/// Character sets with and without code extensions.
pub const TERMS: &[&str] = &[
    "",
    "ISO_IR 13",
    "ISO_IR 192",
    "GB18030",
    "ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159",
    "\\ISO 2022 IR 149",
    "\\ISO 2022 IR 58",
    "ISO 2022 IR 100\\ISO 2022 IR 144",
];

/// A file through scan, display sets, decoding, display values and listing.
///
/// # Panics
/// When a frame holds another number of samples than its size asks for.
pub fn whole(bytes: &[u8]) {
    let path = Path::new("fuzzed");
    if let Found::Image(header) = examine_bytes(path, bytes) {
        let mut index = Index::default();
        index.add(*header);
        assert!(index.display_sets(None).iter().all(|set| !set.frames.is_empty()));
    }
    let Ok(file) = DicomFile::from_bytes(bytes.to_vec(), None) else {
        return;
    };
    if let Ok(header) = ImageHeader::read(path, &file) {
        let a = &header.layout;
        // Large pictures only cost time: the rules do not change with the size.
        if u64::from(a.rows) * u64::from(a.columns) <= 1 << 20 {
            for frame in [1, a.frames] {
                shown(&file, &header, frame);
            }
        }
    }
    let _ = overread_dicom::tags::lines_of(file);
}

fn shown(file: &DicomFile, header: &ImageHeader, frame: u32) {
    let Ok(frame) = decode_with(file, header, frame) else {
        return;
    };
    let a = &frame.attributes;
    let pixels = a.rows as usize * a.columns as usize;
    assert_eq!(frame.samples.len(), pixels * usize::from(a.samples_per_pixel));
    if a.photometric.is_monochrome() {
        assert_eq!(
            render::shown_values(&frame, &render::default_voi(&frame)).len(),
            pixels
        );
    } else {
        let _ = colour::to_rgb8(&frame);
    }
}

/// An element of a data set in explicit little endian.
fn element(out: &mut Vec<u8>, (group, number): (u16, u16), vr: &[u8; 2], value: &[u8]) {
    out.extend(group.to_le_bytes());
    out.extend(number.to_le_bytes());
    out.extend(vr);
    if matches!(vr, b"OB" | b"OW" | b"SQ") {
        out.extend([0, 0]);
        out.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    } else {
        out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    }
    out.extend(value);
}

/// A file up to its pixel data: `photometric` in `rows` x `columns` cells of `bits` bits.
fn head(syntax: &str, photometric: &str, samples: u16, [rows, columns, bits]: [u16; 3]) -> Vec<u8> {
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    element(&mut out, (2, 0x10), b"UI", syntax.as_bytes());
    element(&mut out, (0x08, 0x60), b"CS", b"OT");
    element(&mut out, (0x28, 0x02), b"US", &samples.to_le_bytes());
    element(&mut out, (0x28, 0x04), b"CS", photometric.as_bytes());
    for (number, value) in [(0x10, rows), (0x11, columns), (0x100, bits), (0x101, bits)] {
        element(&mut out, (0x28, number), b"US", &value.to_le_bytes());
    }
    out
}

/// The rest of the bytes as one compressed frame under a transfer syntax; the first four say its form.
pub fn frame_of(syntax: &str, data: &[u8]) {
    let [rows, columns, bits, samples, rest @ ..] = data else {
        return;
    };
    let bits = [1, 8, 16, 32][usize::from(bits % 4)];
    let (samples, photometric) = if samples % 2 == 0 {
        (1, "MONOCHROME2")
    } else {
        (3, "RGB ")
    };
    let size = [u16::from(*rows) + 1, u16::from(*columns) + 1, bits];
    let mut out = head(syntax, photometric, samples, size);
    out.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    out.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0x00, 0xE0]);
    out.extend(u32::try_from(rest.len()).unwrap_or(0).to_le_bytes());
    out.extend(rest);
    whole(&out);
}

/// The bytes as a deflated data set.
pub fn deflated(data: &[u8]) {
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    element(&mut out, (2, 0x10), b"UI", b"1.2.840.10008.1.2.1.99");
    out.extend(data);
    whole(&out);
}

/// The bytes as descriptor and data of every kind of table.
pub fn tables(data: &[u8]) {
    let [kind, signed, descriptor @ ..] = data else {
        return;
    };
    let Some((descriptor, entries)) = descriptor.split_first_chunk::<6>() else {
        return;
    };
    let even = &entries[..entries.len() & !1];
    let photometric = if kind % 4 < 2 {
        "PALETTE COLOR "
    } else {
        "MONOCHROME2 "
    };
    let mut out = head("1.2.840.10008.1.2.1 ", photometric, 1, [2, 2, 16]);
    element(&mut out, (0x28, 0x103), b"US", &[signed & 1, 0]);
    let mut item = Vec::new();
    element(&mut item, (0x28, 0x3002), b"US", descriptor);
    element(&mut item, (0x28, 0x3006), b"OW", even);
    let mut sequence = vec![0xFE, 0xFF, 0x00, 0xE0];
    sequence.extend(u32::try_from(item.len()).unwrap_or(0).to_le_bytes());
    sequence.extend(item);
    match kind % 4 {
        0 | 1 => {
            for i in 0..3 {
                element(&mut out, (0x28, 0x1101 + i), b"US", descriptor);
            }
            let first = if kind % 4 == 0 { 0x1201 } else { 0x1221 };
            for i in 0..3 {
                element(&mut out, (0x28, first + i), b"OW", even);
            }
        }
        2 => element(&mut out, (0x28, 0x3000), b"SQ", &sequence),
        _ => element(&mut out, (0x28, 0x3010), b"SQ", &sequence),
    }
    element(
        &mut out,
        (0x7FE0, 0x10),
        b"OW",
        &[0, 0, 1, 0, 0xFF, 0xFF, 0, 0x80],
    );
    whole(&out);
}

/// The bytes as headers of one series, sixteen each: place, direction, number, time, size, kind.
///
/// # Panics
/// When an image gets lost, or a display set is empty.
pub fn display_sets(data: &[u8]) {
    let mut base = head("1.2.840.10008.1.2.1 ", "MONOCHROME2 ", 1, [1, 1, 16]);
    element(&mut base, (0x7FE0, 0x10), b"OW", &[1, 0]);
    let path = Path::new("base");
    let Found::Image(base) = examine_bytes(path, &base) else {
        return;
    };
    let mut index = Index::default();
    let mut added = 0;
    for (i, d) in data.chunks_exact(16).take(200).enumerate() {
        let mut header = ImageHeader::clone(&base);
        header.path = PathBuf::from(i.to_string());
        header.sop_uid = d[0].to_string();
        let small = |k: usize| f64::from(d[k].cast_signed());
        header.instance_number = Some(i64::from(d[1].cast_signed()));
        header.acquisition_number = (d[2] > 127).then(|| i64::from(d[2] % 4));
        header.temporal_position = (d[3] > 127).then(|| i64::from(d[3] % 4));
        header.image_type = [
            "ORIGINAL/PRIMARY/AXIAL",
            "ORIGINAL/PRIMARY/LOCALIZER",
            "DERIVED",
            "",
        ][usize::from(d[4] % 4)]
        .to_owned();
        header.layout.rows = u32::from(d[5] % 3) + 1;
        let directions = [
            (DVec3::X, DVec3::Y),
            (DVec3::Y, -DVec3::Z),
            (-DVec3::X, DVec3::Y),
            (DVec3::X, DVec3::Z),
        ];
        let (row, column) = directions[usize::from(d[6] % 4)];
        let turn = glam::DQuat::from_rotation_z(small(7) / 1000.0);
        for context in &mut header.frames {
            let attributes = std::sync::Arc::make_mut(&mut context.attributes);
            attributes.plane = (d[8] < 240).then(|| Plane {
                position: DVec3::new(small(9) / 10.0, small(10) / 10.0, small(11) + small(12) / 1000.0),
                row_direction: turn * row,
                column_direction: turn * column,
                row_spacing: f64::from(d[13] % 4) + 0.5,
                column_spacing: 1.0,
            });
            attributes.spacing.mm = attributes.plane.map(|p| [p.row_spacing, p.column_spacing]);
            context.echo_time = (d[14] % 4 > 0).then(|| f64::from(d[14] % 4));
            context.b_value = (d[15] % 4 > 0).then(|| f64::from(d[15] % 4) * 500.0);
        }
        added += usize::from(index.add(header));
    }
    let sets = index.display_sets(None);
    assert!(sets.iter().all(|set| !set.frames.is_empty()));
    assert_eq!(sets.iter().map(|set| set.frames.len()).sum::<usize>(), added);
}

/// Puts the SOP class into an object.
pub fn set_class(object: &mut InMemDicomObject, class: &str) {
    object.put(DataElement::new(
        tags::SOP_CLASS_UID,
        VR::UI,
        PrimitiveValue::from(class),
    ));
}
