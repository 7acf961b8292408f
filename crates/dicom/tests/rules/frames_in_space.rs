//! Frames of one file that lie at several places: functional groups, nuclear medicine, dose grids, mosaics.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use overread_dicom::DisplaySet;

use crate::splitting::{sets, slice};
use crate::write::{Data, Value, explicit};
use crate::{PIXELS, frame, header, values};

fn heights(set: &DisplaySet) -> Vec<f64> {
    set.frames
        .iter()
        .map(|f| f.plane().expect("a plane").position.z)
        .collect()
}

fn frames(number: usize) -> Data {
    slice(1, 10.0)
        .text(tags::NUMBER_OF_FRAMES, "IS", &number.to_string())
        .words(PIXELS, "OW", &vec![0; 4 * number])
}

#[test]
fn frames_of_functional_groups_are_ordered_by_their_positions() {
    let group = |z: f64, time: &str, stack: &str| {
        Data::new()
            .items(
                tags::PLANE_POSITION_SEQUENCE,
                vec![Data::new().text(tags::IMAGE_POSITION_PATIENT, "DS", &format!("0\\0\\{z}"))],
            )
            .items(
                tags::FRAME_CONTENT_SEQUENCE,
                vec![Data::new().text(tags::STACK_ID, "SH", stack).put(
                    tags::TEMPORAL_POSITION_INDEX,
                    "UL",
                    Value::Longs(vec![time.parse().expect("a number")]),
                )],
            )
    };
    let shared = Data::new()
        .items(
            tags::PLANE_ORIENTATION_SEQUENCE,
            vec![Data::new().text(tags::IMAGE_ORIENTATION_PATIENT, "DS", "1\\0\\0\\0\\1\\0")],
        )
        .items(
            tags::PIXEL_MEASURES_SEQUENCE,
            vec![Data::new().text(tags::PIXEL_SPACING, "DS", "1\\1")],
        );
    let file = frames(4)
        .without(tags::IMAGE_POSITION_PATIENT)
        .without(tags::IMAGE_ORIENTATION_PATIENT)
        .items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared])
        .items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![
                group(3.0, "1", "A"),
                group(0.0, "1", "A"),
                group(3.0, "2", "A"),
                group(0.0, "2", "A"),
            ],
        );
    let sets = sets(&[file]);
    let order: Vec<Vec<u32>> = sets
        .iter()
        .map(|set| set.frames.iter().map(|f| f.frame).collect())
        .collect();
    assert_eq!(order, [[2, 1], [4, 3]]);
    assert!(
        sets[0].description.ends_with("time 1 of 2"),
        "{}",
        sets[0].description
    );
}

#[test]
fn dimension_indices_name_what_no_other_attribute_does() {
    let pointer = |tag: Tag| {
        let bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
        Data::new().put(tags::DIMENSION_INDEX_POINTER, "AT", Value::Bytes(bytes))
    };
    let group = |z: f64, indices: [u32; 2]| {
        Data::new()
            .items(
                tags::PLANE_POSITION_SEQUENCE,
                vec![Data::new().text(tags::IMAGE_POSITION_PATIENT, "DS", &format!("0\\0\\{z}"))],
            )
            .items(
                tags::FRAME_CONTENT_SEQUENCE,
                vec![Data::new().put(tags::DIMENSION_INDEX_VALUES, "UL", Value::Longs(indices.to_vec()))],
            )
    };
    let file = frames(4)
        .without(tags::IMAGE_POSITION_PATIENT)
        .items(
            tags::DIMENSION_INDEX_SEQUENCE,
            vec![
                pointer(tags::IMAGE_POSITION_PATIENT),
                pointer(tags::CONTRAST_BOLUS_AGENT_NUMBER),
            ],
        )
        .items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![
                group(0.0, [1, 2]),
                group(0.0, [1, 1]),
                group(2.0, [2, 2]),
                group(2.0, [2, 1]),
            ],
        );
    let sets = sets(&[file]);
    assert_eq!(sets[0].description, "MR, contrast bolus agent number 1");
    let order: Vec<u32> = sets[0].frames.iter().map(|f| f.frame).collect();
    assert_eq!(order, [2, 4]);
}

#[test]
fn a_reconstructed_tomogram_is_stacked_by_its_signed_spacing() {
    let tomogram = |spacing: &str| {
        frames(3)
            .text(tags::MODALITY, "CS", "NM")
            .text(tags::IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION")
            .text(tags::SPACING_BETWEEN_SLICES, "DS", spacing)
            .us(tags::SLICE_VECTOR, &[1, 2, 3])
    };
    assert_eq!(heights(&sets(&[tomogram("4")])[0]), [10.0, 14.0, 18.0]);
    let down = sets(&[tomogram("-4")]);
    assert_eq!(heights(&down[0]), [2.0, 6.0, 10.0]);
    assert_eq!(down[0].frames[0].frame, 3);
    assert!(down[0].is_volume());
}

#[test]
fn a_position_kept_with_the_detector_counts() {
    let file = frames(2)
        .without(tags::IMAGE_POSITION_PATIENT)
        .without(tags::IMAGE_ORIENTATION_PATIENT)
        .text(tags::IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION")
        .text(tags::SPACING_BETWEEN_SLICES, "DS", "2")
        .items(
            tags::DETECTOR_INFORMATION_SEQUENCE,
            vec![
                Data::new()
                    .text(tags::IMAGE_POSITION_PATIENT, "DS", "0\\0\\-5")
                    .text(tags::IMAGE_ORIENTATION_PATIENT, "DS", "1\\0\\0\\0\\1\\0"),
            ],
        );
    assert_eq!(heights(&sets(&[file])[0]), [-5.0, -3.0]);
}

#[test]
fn a_dose_grid_lies_where_its_offsets_say() {
    let dose = |offsets: &str| {
        frames(3)
            .text(tags::MODALITY, "CS", "RTDOSE")
            .text(tags::GRID_FRAME_OFFSET_VECTOR, "DS", offsets)
    };
    assert_eq!(heights(&sets(&[dose("0\\3\\6")])[0]), [10.0, 13.0, 16.0]);
    assert_eq!(
        heights(&sets(&[dose("10\\13\\16")])[0]),
        [10.0, 13.0, 16.0],
        "absolute"
    );
}

/// The CSA header with the mark, with one vector.
fn csa(normal: [&str; 3]) -> Vec<u8> {
    let mut out = b"SV10\x04\x03\x02\x01".to_vec();
    let mut name = [0; 64];
    name[..17].copy_from_slice(b"SliceNormalVector");
    for number in [1_u32, 77] {
        out.extend(number.to_le_bytes());
    }
    out.extend(name);
    out.extend(3_u32.to_le_bytes());
    out.extend(b"FD\0\0");
    for number in [4_u32, 3, 77] {
        out.extend(number.to_le_bytes());
    }
    for value in normal {
        let length = u32::try_from(value.len()).expect("short");
        for number in [length, length, 77, length] {
            out.extend(number.to_le_bytes());
        }
        out.extend(value.as_bytes());
        out.resize(out.len().next_multiple_of(4), 0);
    }
    out
}

/// Three slices of 2 x 2 px in a mosaic of 4 x 4.
fn mosaic() -> Data {
    slice(1, 10.0)
        .us(tags::ROWS, &[4])
        .us(tags::COLUMNS, &[4])
        .text(tags::IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC")
        .text(tags::IMAGE_POSITION_PATIENT, "DS", "-2\\-2\\10")
        .text(tags::SPACING_BETWEEN_SLICES, "DS", "5")
        .text(Tag(0x0019, 0x0010), "LO", "SIEMENS MR HEADER")
        .us(Tag(0x0019, 0x100A), &[3])
        .text(Tag(0x0029, 0x0011), "LO", "SIEMENS CSA HEADER")
        .words(PIXELS, "OW", &(0..16).collect::<Vec<u16>>())
}

#[test]
fn a_mosaic_becomes_a_volume_beside_itself() {
    for (normal, wanted) in [
        (["0", "0", "1"], [10.0, 15.0, 20.0]),
        (["0", "0", "-1"], [0.0, 5.0, 10.0]),
    ] {
        let file = mosaic().bytes(Tag(0x0029, 0x1110), "OB", &csa(normal));
        let sets = sets(std::slice::from_ref(&file));
        let sizes: Vec<([u32; 2], usize)> = sets.iter().map(|s| (s.first().size(), s.frames.len())).collect();
        assert_eq!(sizes, [([2, 2], 3), ([4, 4], 1)]);
        assert!(sets[0].is_volume());
        assert_eq!(heights(&sets[0]), wanted);
        // Half of what the mosaic is larger: one pixel of 1 mm.
        let first = sets[0]
            .frames
            .iter()
            .find(|f| f.frame == 2)
            .expect("the first slice");
        let position = first.plane().expect("a plane").position;
        assert_eq!([position.x, position.y], [-1.0, -1.0]);
        let bytes = explicit(&file);
        assert_eq!(values(&frame(&bytes, 1).expect("the picture")).len(), 16);
        assert_eq!(values(&frame(&bytes, 2).expect("slice 1")), [0.0, 1.0, 4.0, 5.0]);
        assert_eq!(
            values(&frame(&bytes, 4).expect("slice 3")),
            [8.0, 9.0, 12.0, 13.0]
        );
        assert!(frame(&bytes, 5).is_err());
    }
}

#[test]
fn a_mosaic_without_direction_gets_no_places() {
    for file in [
        mosaic(),
        mosaic().bytes(Tag(0x0029, 0x1110), "OB", &csa(["1", "0", "0"])),
    ] {
        let sets = sets(&[file]);
        assert_eq!(sets[0].frames.len(), 3);
        assert!(sets[0].arrangement.is_none() && !sets[0].is_volume());
        assert!(
            sets[0].warnings.iter().any(|w| w.contains("in which direction")),
            "{:?}",
            sets[0].warnings
        );
    }
}

#[test]
fn a_mosaic_that_does_not_say_its_number_stays_one_picture() {
    let file = mosaic().without(Tag(0x0019, 0x100A));
    let sets = sets(std::slice::from_ref(&file));
    assert_eq!(sets.len(), 1);
    assert_eq!(header(&explicit(&file)).expect("an image").frame_count(), 1);
    assert!(sets[0].warnings.iter().any(|w| w.contains("shown as stored")));
}
