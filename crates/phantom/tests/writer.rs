//! The fixture builder, read by another implementation.

use dicom_dictionary_std::tags;
use dicom_object::DefaultDicomObject;
use overread_phantom::dicom::{DataSet, Samples, TransferSyntax, Window, Writer, uid_from};

fn read(writer: &Writer) -> DefaultDicomObject {
    dicom_object::from_reader(writer.encode().as_slice()).expect("the file is DICOM")
}

fn text(object: &DefaultDicomObject, tag: dicom_core::Tag) -> String {
    object
        .element(tag)
        .expect("present")
        .to_str()
        .expect("text")
        .trim()
        .to_owned()
}

#[test]
fn signed_ct_with_padding_windows_and_a_plane() {
    let samples: Vec<i16> = vec![-2000, -1000, 0, 40, 400, 3000];
    let writer = Writer::new("ct", 2, 3, Samples::I16(samples.clone()))
        .ct(
            1.0,
            -24.5,
            &[
                Window::new(40.0, 400.0, "SOFT"),
                Window::new(-600.0, 1500.5, "LUNG"),
            ],
        )
        .voi_function("SIGMOID")
        .padding(-2000, Some(-1990))
        .bits(12, 11)
        .plane([-1.5, 2.25, 1e-7], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0], [0.7, 0.8]);
    let object = read(&writer);
    assert_eq!(
        object
            .element(tags::PIXEL_DATA)
            .unwrap()
            .to_multi_int::<u16>()
            .unwrap(),
        samples.iter().map(|v| *v as u16).collect::<Vec<u16>>()
    );
    assert_eq!(
        object
            .element(tags::PIXEL_REPRESENTATION)
            .unwrap()
            .to_int::<u16>()
            .unwrap(),
        1
    );
    assert_eq!(
        object
            .element(tags::PIXEL_PADDING_VALUE)
            .unwrap()
            .to_int::<i16>()
            .unwrap(),
        -2000
    );
    assert_eq!(
        object
            .element(tags::PIXEL_PADDING_RANGE_LIMIT)
            .unwrap()
            .to_int::<i16>()
            .unwrap(),
        -1990
    );
    assert_eq!(
        object
            .element(tags::WINDOW_WIDTH)
            .unwrap()
            .to_multi_float64()
            .unwrap(),
        [400.0, 1500.5]
    );
    assert_eq!(text(&object, tags::WINDOW_CENTER_WIDTH_EXPLANATION), "SOFT\\LUNG");
    assert_eq!(text(&object, tags::VOILUT_FUNCTION), "SIGMOID");
    assert_eq!(
        object
            .element(tags::BITS_STORED)
            .unwrap()
            .to_int::<u16>()
            .unwrap(),
        12
    );
    let position = object
        .element(tags::IMAGE_POSITION_PATIENT)
        .unwrap()
        .to_multi_float64()
        .unwrap();
    assert!((position[2] - 1e-7).abs() < 1e-12 && (position[1] - 2.25).abs() < 1e-12);
}

#[test]
fn eight_bit_odd_lengths_frames_colour_and_monochrome1() {
    let grey = Writer::new("grey", 3, 3, Samples::U8((0..27).collect())).photometric("MONOCHROME1");
    let object = read(&grey);
    assert_eq!(text(&object, tags::NUMBER_OF_FRAMES), "3");
    assert_eq!(text(&object, tags::PHOTOMETRIC_INTERPRETATION), "MONOCHROME1");
    let bytes = object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap();
    assert_eq!((bytes.len(), bytes[26], bytes[27]), (28, 26, 0));
    let object = read(&Writer::rgb("colour", 1, 2, vec![255, 0, 0, 0, 0, 255]));
    assert_eq!(text(&object, tags::PHOTOMETRIC_INTERPRETATION), "RGB");
    assert_eq!(
        object
            .element(tags::SAMPLES_PER_PIXEL)
            .unwrap()
            .to_int::<u16>()
            .unwrap(),
        3
    );
    assert!(object.element(tags::NUMBER_OF_FRAMES).is_err());
}

#[test]
fn lookup_tables_sequences_and_implicit_encoding() {
    let writer = Writer::new("lut", 1, 4, Samples::U16(vec![0, 1, 2, 4095]))
        .rescale(2.0, -10.0, "US")
        .modality_lut(0, 16, &[5, 6, 7, 8], "OD")
        .voi_lut(5, 12, &[0, 4095], "NORMAL")
        .sequence(
            (0x0008, 0x1115),
            vec![DataSet::code("1", "99X", "one"), DataSet::new()],
        )
        .implicit();
    let object = read(&writer);
    assert_eq!(
        object.meta().transfer_syntax(),
        TransferSyntax::ImplicitLittle.uid()
    );
    assert!(
        object.element(tags::RESCALE_SLOPE).is_err(),
        "a modality LUT replaces the rescale"
    );
    let items = object
        .element(tags::VOILUT_SEQUENCE)
        .unwrap()
        .items()
        .unwrap()
        .to_vec();
    let entries = items[0]
        .element(tags::LUT_DATA)
        .unwrap()
        .to_multi_int::<u16>()
        .unwrap();
    assert_eq!(entries, [0, 4095]);
    assert_eq!(
        object
            .element(dicom_core::Tag(0x0008, 0x1115))
            .unwrap()
            .items()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        object
            .element(tags::PIXEL_DATA)
            .unwrap()
            .to_multi_int::<u16>()
            .unwrap(),
        [0, 1, 2, 4095]
    );
}

#[test]
fn fragments_series_and_missing_elements() {
    let fragments = vec![vec![1, 2, 3], vec![4, 5]];
    let writer = Writer::new("b", 1, 1, Samples::U8(vec![0]))
        .series("one series", 7)
        .encapsulated("1.2.840.10008.1.2.5", fragments)
        .without((0x0010, 0x0010));
    let object = read(&writer);
    let pixels = object.element(tags::PIXEL_DATA).unwrap();
    let found: Vec<Vec<u8>> = pixels.fragments().unwrap().to_vec();
    assert_eq!(found, [vec![1, 2, 3, 0], vec![4, 5]]);
    assert_eq!(text(&object, tags::INSTANCE_NUMBER), "7");
    assert_eq!(
        text(&object, tags::STUDY_INSTANCE_UID),
        uid_from("one series study")
    );
    assert!(object.element(tags::PATIENT_NAME).is_err());
    let sibling = read(&Writer::new("c", 1, 1, Samples::U8(vec![0])).series("one series", 8));
    assert_eq!(
        text(&sibling, tags::SERIES_INSTANCE_UID),
        text(&object, tags::SERIES_INSTANCE_UID)
    );
    assert_ne!(
        text(&sibling, tags::SOP_INSTANCE_UID),
        text(&object, tags::SOP_INSTANCE_UID)
    );
}
