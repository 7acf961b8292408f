//! Pixels that break off: what is there is shown, what is missing is told, and nothing is made up.

use dicom_dictionary_std::tags;
use overread_dicom::DicomError;
use overread_imaging::render::{default_voi, shown_values};
use overread_imaging::voi::Padding;

use crate::write::{BIG, Data, File, Value, explicit};
use crate::{PIXELS, colour, frame, grey, header, row16, stored, values};

/// A file cut after as many bytes of its pixels.
fn cut(data: &Data, pixels: usize) -> Vec<u8> {
    // Pixel Data come last; the element's own head takes twelve bytes.
    let head = explicit(&data.clone().without(PIXELS)).len() + 12;
    explicit(data)[..head + pixels].to_vec()
}

fn image(rows: u16) -> Data {
    let cells: Vec<u16> = (1..=rows * 2).collect();
    grey(rows, 2, 16).words(PIXELS, "OW", &cells)
}

#[test]
fn the_rows_that_are_there_are_shown_and_the_rest_is_padding() {
    let data = stored(image(3), 12, 11, false);
    let bytes = cut(&data, 10);
    // Two rows and half of the third; 4096 is no value of twelve bits.
    let frame = frame(&bytes, 1).expect("two rows");
    assert_eq!(values(&frame), [1., 2., 3., 4., 4096., 4096.]);
    assert_eq!(
        frame.attributes.padding,
        Some(Padding {
            low: 4096,
            high: 4096
        })
    );
    let told = frame.attributes.warnings.join(" ");
    assert!(told.contains("2 of 3 rows"), "{told}");
    assert_eq!(shown_values(&frame, &default_voi(&frame))[4..], [0, 0]);
}

#[test]
fn padding_that_the_file_declares_stands_for_missing_rows() {
    let data = image(3).us(tags::PIXEL_PADDING_VALUE, &[60_000]);
    let frame = frame(&cut(&data, 4), 1).expect("a row");
    assert_eq!(values(&frame), [1., 2., 60_000., 60_000., 60_000., 60_000.]);
}

#[test]
fn cells_without_room_for_padding_are_black() {
    assert_eq!(
        values(&frame(&cut(&image(2), 4), 1).expect("a row")),
        [1., 2., 0., 0.]
    );
    let inverted = image(2).text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME1");
    assert_eq!(
        values(&frame(&cut(&inverted, 4), 1).expect("a row")),
        [1., 2., 65_535., 65_535.]
    );
}

#[test]
fn signed_cells_take_a_value_below_all_others() {
    let frame = frame(&cut(&stored(image(2), 12, 11, true), 4), 1).expect("a row");
    assert_eq!(values(&frame), [1., 2., -2049., -2049.]);
}

#[test]
fn missing_colour_is_black() {
    let rgb = colour(2, 1, "RGB", &[1, 2, 3, 4, 5, 6]);
    assert_eq!(
        values(&frame(&cut(&rgb, 3), 1).expect("a row")),
        [1., 2., 3., 0., 0., 0.]
    );
    let ybr = colour(2, 1, "YBR_FULL", &[1, 2, 3, 4, 5, 6]);
    assert_eq!(
        values(&frame(&cut(&ybr, 3), 1).expect("a row")),
        [1., 2., 3., 0., 128., 128.]
    );
}

#[test]
fn missing_floats_are_no_numbers() {
    let data = grey(2, 1, 32).put(
        tags::FLOAT_PIXEL_DATA,
        "OF",
        Value::Longs(vec![1_f32.to_bits(), 2_f32.to_bits()]),
    );
    let whole = explicit(&data);
    let frame = frame(&whole[..whole.len() - 4], 1).expect("a row");
    assert_eq!(frame.samples.value(0), 1.0);
    assert!(frame.samples.value(1).is_nan());
}

#[test]
fn without_a_whole_row_the_frame_is_refused() {
    let refused = frame(&cut(&image(3), 3), 1).expect_err("no row");
    assert_eq!(
        refused,
        DicomError::Truncated {
            frame: 1,
            needed: 12,
            found: 3
        }
    );
}

#[test]
fn colour_planes_that_break_off_are_refused() {
    let data = colour(2, 1, "RGB", &[1, 2, 3, 4, 5, 6]).us(tags::PLANAR_CONFIGURATION, &[1]);
    assert!(matches!(
        frame(&cut(&data, 4), 1),
        Err(DicomError::Truncated { .. })
    ));
}

fn three_frames() -> Data {
    image(2)
        .text(tags::NUMBER_OF_FRAMES, "IS", "3")
        .words(PIXELS, "OW", &(1..=12).collect::<Vec<u16>>())
}

#[test]
fn frames_that_are_not_there_are_not_offered() {
    let bytes = cut(&three_frames(), 16);
    let header = header(&bytes).expect("an image");
    assert_eq!(header.layout.frames, 2);
    assert!(
        header
            .warnings
            .join(" ")
            .contains("the header says 3 frames and 2 are in the file"),
        "{:?}",
        header.warnings
    );
    assert_eq!(values(&frame(&bytes, 2).expect("whole")), [5., 6., 7., 8.]);
    assert_eq!(
        frame(&bytes, 3).expect_err("missing"),
        DicomError::NoSuchFrame { asked: 3, frames: 2 }
    );
}

#[test]
fn the_last_frame_may_lack_rows_and_the_others_do_not() {
    let bytes = cut(&three_frames(), 12);
    assert_eq!(header(&bytes).expect("an image").layout.frames, 2);
    assert!(frame(&bytes, 1).expect("whole").attributes.warnings.is_empty());
    let last = frame(&bytes, 2).expect("a row");
    assert_eq!(values(&last), [5., 6., 0., 0.]);
    assert!(last.attributes.warnings.join(" ").contains("1 of 2 rows"));
}

#[test]
fn an_absurd_number_of_frames_is_not_believed() {
    let bytes = explicit(&three_frames().text(tags::NUMBER_OF_FRAMES, "IS", "2147483647"));
    assert_eq!(header(&bytes).expect("an image").layout.frames, 3);
}

#[test]
fn of_frames_that_are_all_missing_one_keeps_its_place_and_fails() {
    let bytes = cut(&three_frames(), 0);
    let header = header(&bytes).expect("an image");
    assert_eq!(header.layout.frames, 1);
    assert!(
        header
            .warnings
            .join(" ")
            .contains("3 frames and 0 are in the file"),
        "{:?}",
        header.warnings
    );
    assert!(matches!(
        frame(&bytes, 1),
        Err(DicomError::Truncated { found: 0, .. })
    ));
}

#[test]
fn a_length_shorter_than_the_frames_need_counts_not_what_follows() {
    let data = image(2)
        .words(PIXELS, "OW", &[1, 2])
        .bytes(tags::DATA_SET_TRAILING_PADDING, "OB", &[9; 64]);
    assert_eq!(
        values(&frame(&explicit(&data), 1).expect("a row")),
        [1., 2., 0., 0.]
    );
}

#[test]
fn a_deflated_data_set_that_breaks_off_shows_its_rows() {
    // Noise, so that the deflated bytes are as many as the pixels.
    let mut state = 1_u32;
    let cells: Vec<u16> = (0..128 * 128)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u16::try_from(state >> 20).expect("12 bits")
        })
        .collect();
    let data = stored(grey(128, 128, 16).words(PIXELS, "OW", &cells), 12, 11, false);
    let whole = File::new(crate::write::DEFLATED).around(&data);
    let frame = frame(&whole[..whole.len() / 2], 1).expect("rows");
    assert_eq!(frame.samples.len(), 128 * 128);
    assert_eq!(frame.samples.value(0), f64::from(cells[0]));
    assert_eq!(frame.samples.value(128 * 128 - 1), 4096.0);
    assert_eq!(
        frame.attributes.warnings.len(),
        1,
        "{:?}",
        frame.attributes.warnings
    );
}

#[test]
fn big_endian_bytes_that_break_off_show_their_rows() {
    let data = grey(3, 2, 8).words(PIXELS, "OW", &[0x0201, 0x0403, 0x0605]);
    let whole = File::new(BIG).around(&data);
    let frame = frame(&whole[..whole.len() - 2], 1).expect("rows");
    assert_eq!(values(&frame), [1., 2., 3., 4., 0., 0.]);
}

#[test]
fn a_row_of_single_bits_counts_when_all_its_bits_are_there() {
    let data = grey(4, 5, 1).bytes(PIXELS, "OB", &[0xFF, 0xFF, 0xFF, 0xFF]);
    let whole = explicit(&data);
    // Eight bits: one row of five.
    let frame = frame(&whole[..whole.len() - 3], 1).expect("a row");
    assert_eq!(values(&frame)[..6], [1., 1., 1., 1., 1., 0.]);
}

#[test]
fn whole_pixels_warn_of_nothing() {
    assert!(
        header(&explicit(&row16(&[1, 2])))
            .expect("an image")
            .warnings
            .is_empty()
    );
    assert!(
        frame(&explicit(&image(3)), 1)
            .expect("whole")
            .attributes
            .warnings
            .is_empty()
    );
}
