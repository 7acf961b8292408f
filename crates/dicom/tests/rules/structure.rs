//! How data sets are laid out (PS3.5 6.2.2, 7; PS3.10 7): with and without preamble, meta group and lengths, in every
//! byte order, with sequences in every form, and with the mistakes that writers make.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use overread_dicom::dataset;
use overread_dicom::scan::{Found, examine_bytes};

use crate::write::{BIG, DEFLATED, Data, EXPLICIT, File, Form, IMPLICIT, Value, explicit};
use crate::{PIXELS, frame, grey, header, open, read, row16, text_of, values};

fn image() -> Data {
    row16(&[1, 2, 3]).text(tags::STUDY_DESCRIPTION, "LO", "CHEST")
}

#[track_caller]
fn is_read(bytes: &[u8]) {
    assert_eq!(values(&frame(bytes, 1).expect("decodes")), [1., 2., 3.]);
    assert_eq!(text_of(bytes, tags::STUDY_DESCRIPTION).as_deref(), Some("CHEST"));
}

#[test]
fn every_native_syntax_is_read() {
    for syntax in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
        is_read(&File::new(syntax).around(&image()));
    }
}

#[test]
fn a_file_needs_no_preamble() {
    for syntax in [IMPLICIT, EXPLICIT, BIG] {
        let file = File {
            preamble: false,
            ..File::new(syntax)
        };
        is_read(&file.around(&image()));
    }
}

#[test]
fn a_file_needs_no_meta_group() {
    for (syntax, preamble) in [
        (IMPLICIT, false),
        (EXPLICIT, false),
        (BIG, false),
        (IMPLICIT, true),
        (EXPLICIT, true),
        (BIG, true),
    ] {
        let file = File {
            preamble,
            meta: None,
            ..File::new(syntax)
        };
        let bytes = file.around(&image());
        is_read(&bytes);
        assert!(!open(&bytes).expect("opens").has_meta, "{syntax}");
    }
}

#[test]
fn a_preamble_may_hold_anything() {
    let mut bytes = explicit(&image());
    bytes[..8].copy_from_slice(b"II*\0\x08\0\0\0");
    is_read(&bytes);
}

#[test]
fn a_meta_group_needs_no_length() {
    let file = File {
        group_length: false,
        ..File::new(EXPLICIT)
    };
    is_read(&file.around(&image()));
}

#[test]
fn a_wrong_length_of_the_meta_group_is_not_believed() {
    for wrong in [0_u32, 10, 4000] {
        let mut file = File::new(EXPLICIT);
        file.group_length = false;
        file.meta = file
            .meta
            .map(|m| m.put(Tag(2, 0), "UL", Value::Longs(vec![wrong])));
        is_read(&file.around(&image()));
    }
}

#[test]
fn a_meta_group_without_transfer_syntax_leaves_it_to_the_bytes() {
    for form in [Form::Implicit, Form::Explicit, Form::Big] {
        let mut file = File::new(EXPLICIT);
        file.form = form;
        file.meta = file.meta.map(|m| m.without(Tag(2, 0x10)));
        is_read(&file.around(&image()));
    }
}

#[test]
fn a_meta_group_may_be_implicit_though_it_must_not() {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    let meta = File::new(IMPLICIT).meta.expect("a group");
    bytes.extend(meta.encode(Form::Implicit));
    bytes.extend(image().encode(Form::Implicit));
    is_read(&bytes);
}

#[test]
fn the_bytes_say_whether_representations_are_explicit_whatever_the_syntax() {
    for (said, form) in [
        (EXPLICIT, Form::Implicit),
        (IMPLICIT, Form::Explicit),
        (BIG, Form::Implicit),
        (IMPLICIT, Form::Big),
        (EXPLICIT, Form::Big),
        (BIG, Form::Explicit),
    ] {
        let mut file = File::new(said);
        file.form = form;
        is_read(&file.around(&image()));
    }
}

#[test]
fn a_transfer_syntax_may_end_in_spaces_or_nul() {
    for end in ["", " ", "\0", "  "] {
        let mut file = File::new(EXPLICIT);
        file.meta = file.meta.map(|m| {
            m.put(
                Tag(2, 0x10),
                "UI",
                Value::Bytes(format!("{EXPLICIT}{end}").into_bytes()),
            )
        });
        is_read(&file.around(&image()));
    }
}

#[test]
fn group_lengths_are_left_alone() {
    let data = image()
        .put(Tag(8, 0), "UL", Value::Longs(vec![77]))
        .put(Tag(0x28, 0), "UL", Value::Longs(vec![u32::MAX]))
        .put(Tag(0x7FE0, 0), "UL", Value::Longs(vec![3]));
    for syntax in [IMPLICIT, EXPLICIT, BIG] {
        is_read(&File::new(syntax).around(&data));
    }
}

#[test]
fn values_of_odd_length_are_read() {
    let data = image()
        .put(tags::STUDY_DESCRIPTION, "LO", Value::Bytes(b"CHEST".to_vec()))
        .put(tags::PATIENT_ID, "LO", Value::Bytes(b"X".to_vec()));
    is_read(&explicit(&data));
    let bytes = grey(1, 3, 8).put(PIXELS, "OB", Value::Bytes(vec![7, 8, 9]));
    assert_eq!(read(&bytes), [7., 8., 9.]);
}

#[test]
fn spaces_and_nul_around_values_mean_nothing() {
    let data = image()
        .text(tags::STUDY_DESCRIPTION, "LO", " CHEST \0")
        .text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME2\0")
        .text(tags::RESCALE_SLOPE, "DS", " 2 ")
        .text(tags::RESCALE_INTERCEPT, "DS", "-1\0");
    is_read(&explicit(&data));
    let frame = frame(&explicit(&data), 1).expect("decodes");
    assert_eq!(frame.modality_value(0, 0), Some(1.0));
}

fn nested() -> Data {
    Data::new().text(tags::CODE_VALUE, "SH", "T-1").items(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        vec![Data::new().text(tags::CODE_MEANING, "LO", "inner")],
    )
}

/// The inner meaning of the first item.
fn inner(bytes: &[u8], tag: Tag) -> Option<String> {
    let file = open(bytes).expect("opens");
    let outer = dataset::item(&file.dataset, tag)?;
    let item = dataset::item(outer, tags::CONCEPT_NAME_CODE_SEQUENCE)?;
    dataset::text(item, tags::CODE_MEANING)
}

#[test]
fn sequences_of_stated_and_of_undefined_length_say_the_same() {
    let open_nested = Data::new().put(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        "SQ",
        Value::OpenItems(vec![Data::new().text(tags::CODE_MEANING, "LO", "inner")]),
    );
    for syntax in [IMPLICIT, EXPLICIT, BIG] {
        for value in [
            Value::Items(vec![nested()]),
            Value::OpenItems(vec![nested()]),
            Value::OpenItems(vec![open_nested.clone(), nested()]),
            Value::Items(vec![open_nested.clone()]),
        ] {
            let data = image().put(tags::PROCEDURE_CODE_SEQUENCE, "SQ", value);
            let bytes = File::new(syntax).around(&data);
            is_read(&bytes);
            assert_eq!(
                inner(&bytes, tags::PROCEDURE_CODE_SEQUENCE).as_deref(),
                Some("inner"),
                "{syntax}"
            );
        }
    }
}

#[test]
fn empty_sequences_and_empty_items_are_read() {
    for value in [
        Value::Items(vec![]),
        Value::Items(vec![Data::new()]),
        Value::OpenItems(vec![]),
        Value::OpenItems(vec![Data::new(), Data::new()]),
    ] {
        for syntax in [IMPLICIT, EXPLICIT, BIG] {
            let data = image().put(tags::PROCEDURE_CODE_SEQUENCE, "SQ", value.clone());
            is_read(&File::new(syntax).around(&data));
        }
    }
}

#[test]
fn a_sequence_under_un_of_undefined_length_is_implicit_inside() {
    // PS3.5 6.2.2, note 2.
    let data = image().put(
        tags::PROCEDURE_CODE_SEQUENCE,
        "UN",
        Value::UnknownItems(vec![nested()]),
    );
    let bytes = explicit(&data);
    is_read(&bytes);
    assert_eq!(
        inner(&bytes, tags::PROCEDURE_CODE_SEQUENCE).as_deref(),
        Some("inner")
    );
}

#[test]
fn a_sequence_under_un_of_stated_length_is_read() {
    let body = Data::new()
        .put(tags::PROCEDURE_CODE_SEQUENCE, "SQ", Value::Items(vec![nested()]))
        .encode(Form::Implicit)[8..]
        .to_vec();
    let data = image().put(tags::PROCEDURE_CODE_SEQUENCE, "UN", Value::Bytes(body));
    is_read(&explicit(&data));
    assert_eq!(
        inner(&explicit(&data), tags::PROCEDURE_CODE_SEQUENCE).as_deref(),
        Some("inner")
    );
}

#[test]
fn a_known_attribute_under_un_is_read_as_what_it_is() {
    let data = image()
        .put(tags::RESCALE_SLOPE, "UN", Value::Bytes(b"2 ".to_vec()))
        .put(tags::RESCALE_INTERCEPT, "UN", Value::Bytes(b"10".to_vec()))
        .put(tags::BITS_STORED, "UN", Value::Bytes(vec![12, 0]))
        .put(tags::HIGH_BIT, "UN", Value::Bytes(vec![11, 0]));
    let frame = frame(&explicit(&data), 1).expect("decodes");
    assert_eq!(frame.modality_value(0, 0), Some(12.0));
    assert_eq!(frame.attributes.bits_stored, 12);
}

#[test]
fn private_elements_of_any_kind_are_stepped_over() {
    let data = image()
        .text(Tag(0x0009, 0x0010), "LO", "MAKER 1")
        .text(Tag(0x0009, 0x0011), "LO", "MAKER 2")
        .put(Tag(0x0009, 0x1001), "UN", Value::Bytes(vec![1, 2, 3, 4]))
        .put(Tag(0x0009, 0x1102), "UN", Value::UnknownItems(vec![nested()]))
        .put(Tag(0x0009, 0x1103), "SQ", Value::OpenItems(vec![nested()]))
        .text(Tag(0x0019, 0x1001), "LO", "no creator");
    is_read(&explicit(&data));
    assert_eq!(
        text_of(&explicit(&data), Tag(0x0009, 0x0011)).as_deref(),
        Some("MAKER 2")
    );
}

#[test]
fn private_sequences_are_found_in_implicit_data_sets() {
    let data = image().put(Tag(0x0009, 0x1103), "SQ", Value::OpenItems(vec![nested()]));
    is_read(&File::new(IMPLICIT).around(&data));
}

#[test]
fn item_lengths_that_lie_inside_a_private_sequence_cost_that_sequence_alone() {
    // An item that says 4000 bytes inside a sequence of 24.
    let mut body = crate::write::mark(0xE000, 4000, Form::Explicit);
    body.extend([0; 16]);
    let data = image().put(Tag(0x2001, 0x105F), "SQ", Value::Bytes(body));
    is_read(&explicit(&data));
}

#[test]
fn an_unknown_representation_costs_nothing() {
    let data = image().text(tags::STUDY_DESCRIPTION, "ZZ", "CHEST ");
    is_read(&explicit(&data));
}

#[test]
fn numbers_under_another_representation_are_read() {
    // Rows as IS, Columns as UL, Rescale Slope as FD.
    let data = image()
        .text(tags::ROWS, "IS", "1")
        .put(tags::COLUMNS, "UL", Value::Longs(vec![3]))
        .put(
            tags::RESCALE_SLOPE,
            "FD",
            Value::Bytes(2_f64.to_le_bytes().to_vec()),
        )
        .text(tags::RESCALE_INTERCEPT, "LO", "1");
    let frame = frame(&explicit(&data), 1).expect("decodes");
    assert_eq!(values(&frame), [1., 2., 3.]);
    assert_eq!(frame.modality_value(0, 2), Some(7.0));
}

#[test]
fn elements_out_of_order_are_read() {
    let reversed = Data::new()
        .us(tags::HIGH_BIT, &[15])
        .us(tags::BITS_STORED, &[16])
        .us(tags::BITS_ALLOCATED, &[16])
        .us(tags::COLUMNS, &[3])
        .us(tags::ROWS, &[1])
        .text(tags::SOP_CLASS_UID, "UI", crate::write::SECONDARY_CAPTURE)
        .text(tags::STUDY_DESCRIPTION, "LO", "CHEST")
        .words(PIXELS, "OW", &[1, 2, 3])
        .unsorted();
    is_read(&explicit(&reversed));
}

#[test]
fn of_an_element_that_comes_twice_the_last_counts() {
    let data = image().text(tags::STUDY_DESCRIPTION, "LO", "ABDOMEN").again(
        tags::STUDY_DESCRIPTION,
        "LO",
        Value::Bytes(b"CHEST ".to_vec()),
    );
    is_read(&explicit(&data));
}

#[test]
fn the_pixels_of_an_icon_are_not_those_of_the_image() {
    let icon = grey(2, 2, 8).bytes(PIXELS, "OB", &[9, 9, 9, 9]);
    for syntax in [IMPLICIT, EXPLICIT, BIG] {
        for value in [
            Value::Items(vec![icon.clone()]),
            Value::OpenItems(vec![icon.clone()]),
        ] {
            let data = image().put(tags::ICON_IMAGE_SEQUENCE, "SQ", value);
            is_read(&File::new(syntax).around(&data));
        }
    }
    let packed = crate::compressed(grey(2, 2, 8), &[vec![1, 2, 3, 4]]);
    let data = image().put(tags::ICON_IMAGE_SEQUENCE, "SQ", Value::OpenItems(vec![packed]));
    is_read(&explicit(&data));
}

#[test]
fn trailing_padding_is_no_part_of_anything() {
    let data = image().bytes(tags::DATA_SET_TRAILING_PADDING, "OB", &[0; 300]);
    is_read(&explicit(&data));
    let mut bytes = explicit(&image());
    bytes.extend([0; 500]);
    is_read(&bytes);
}

#[test]
fn decimal_strings_with_commas_exponents_and_too_many_digits_are_read() {
    let slope = |text: &str| {
        let data = image()
            .text(tags::RESCALE_SLOPE, "DS", text)
            .text(tags::RESCALE_INTERCEPT, "DS", "0");
        frame(&explicit(&data), 1).expect("decodes").modality_value(0, 0)
    };
    assert_eq!(slope("0,5"), Some(0.5));
    assert_eq!(slope("5e-1"), Some(0.5));
    assert_eq!(slope("+0.5"), Some(0.5));
    assert_eq!(slope("0.50000000000000000000000"), Some(0.5));
    assert_eq!(slope("  0.5  "), Some(0.5));
    assert_eq!(slope("half"), Some(1.0), "no number says nothing");
    assert_eq!(slope("inf"), Some(1.0), "nor does one without end");
}

#[test]
fn number_of_frames_that_is_no_number_means_one() {
    for text in ["", "0", "1A", "-3", "x"] {
        let data = image().text(tags::NUMBER_OF_FRAMES, "IS", text);
        assert_eq!(
            header(&explicit(&data)).expect("an image").layout.frames,
            1,
            "{text}"
        );
        is_read(&explicit(&data));
    }
}

#[test]
fn nesting_within_reason_is_read_and_beyond_it_refused_without_a_fall() {
    let deep = |levels: usize| {
        let mut item = Data::new().text(tags::CODE_MEANING, "LO", "bottom");
        for _ in 0..levels {
            item = Data::new().put(tags::CONTENT_SEQUENCE, "SQ", Value::OpenItems(vec![item]));
        }
        item
    };
    let data = |levels| {
        let mut data = image();
        data = data.put(tags::CONTENT_SEQUENCE, "SQ", Value::OpenItems(vec![deep(levels)]));
        explicit(&data)
    };
    is_read(&data(40));
    let refused = header(&data(500)).expect_err("too deep");
    assert!(refused.to_string().contains("nested"), "{refused}");
}

#[test]
fn a_scan_of_needed_elements_says_the_same_as_a_whole_reading() {
    let data = image()
        .text(tags::WINDOW_CENTER, "DS", "1")
        .text(tags::WINDOW_WIDTH, "DS", "2")
        .put(Tag(0x0009, 0x1103), "SQ", Value::OpenItems(vec![nested()]));
    for syntax in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
        let bytes = File::new(syntax).around(&data);
        let Found::Image(scanned) = examine_bytes(std::path::Path::new("made"), &bytes) else {
            panic!("an image in {syntax}");
        };
        let whole = header(&bytes).expect("an image");
        assert_eq!(
            (scanned.layout, scanned.frames),
            (whole.layout, whole.frames),
            "{syntax}"
        );
    }
}

#[test]
fn pixel_aspect_ratio_stands_in_where_there_is_no_spacing() {
    let data = image().text(tags::PIXEL_ASPECT_RATIO, "IS", "2\\1");
    assert!((crate::attributes(&data).spacing.aspect - 2.0).abs() < 1e-12);
}
