//! Palettes (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6, C.7.9): plain and segmented, 8 and 16 bits, signed, clamped.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::write::{BIG, Data, EXPLICIT, IMPLICIT, Value, explicit};
use crate::{header, rgb, rgb_as, row8, row16, stored};

const DESCRIPTORS: [Tag; 3] = [
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
];
const PLAIN: [Tag; 3] = [
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
];
const SEGMENTED: [Tag; 3] = [
    tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
];

/// Makes indices of the pixels, with one table for all three colours' places and words of each.
fn palette(data: Data, descriptor: [u16; 3], places: [Tag; 3], words: [&[u16]; 3]) -> Data {
    let mut data = data.text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "PALETTE COLOR");
    for i in 0..3 {
        data = data
            .us(DESCRIPTORS[i], &descriptor)
            .words(places[i], "OW", words[i]);
    }
    data
}

/// The same words for red, green and blue.
fn grey_palette(data: Data, descriptor: [u16; 3], places: [Tag; 3], words: &[u16]) -> Data {
    palette(data, descriptor, places, [words; 3])
}

/// Red of each pixel.
fn red(data: &Data) -> Vec<u8> {
    rgb(data).chunks(3).map(|p| p[0]).collect()
}

#[test]
fn entries_of_sixteen_bits_show_their_upper_eight() {
    let words: [&[u16]; 3] = [&[0x0000, 0x12FF], &[0x00FF, 0x8000], &[0x4000, 0xFFFF]];
    let data = palette(row8(&[0, 1]), [2, 0, 16], PLAIN, words);
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        assert_eq!(rgb_as(syntax, &data), [0, 0, 0x40, 0x12, 0x80, 0xFF], "{syntax}");
    }
}

#[test]
fn entries_of_eight_bits_stand_two_in_a_word_the_first_below() {
    let words: [&[u16]; 3] = [&[0x0201, 0x0403], &[0x0605, 0x0807], &[0x0A09, 0x0C0B]];
    let data = palette(row8(&[0, 1, 2, 3]), [4, 0, 8], PLAIN, words);
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        assert_eq!(
            rgb_as(syntax, &data),
            [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12],
            "{syntax}"
        );
    }
}

#[test]
fn entries_of_eight_bits_may_have_a_word_each() {
    assert_eq!(
        red(&grey_palette(row8(&[0, 1, 2]), [3, 0, 8], PLAIN, &[7, 8, 255])),
        [7, 8, 255]
    );
}

#[test]
fn entries_said_to_have_sixteen_bits_that_all_fit_a_byte_are_bytes() {
    assert_eq!(
        red(&grey_palette(row8(&[0, 1, 2]), [3, 0, 16], PLAIN, &[0, 100, 255])),
        [0, 100, 255]
    );
}

#[test]
fn values_outside_the_table_take_its_first_or_last_entry() {
    let data = grey_palette(row8(&[0, 9, 10, 11, 200]), [2, 10, 16], PLAIN, &[0x1100, 0x2200]);
    assert_eq!(red(&data), [0x11, 0x11, 0x11, 0x22, 0x22]);
}

#[test]
fn the_first_value_mapped_is_signed_where_the_pixels_are() {
    // 0xFFFE as US is -2 for signed pixels.
    let signed = stored(row16(&[0xFFFD, 0xFFFE, 0xFFFF, 0]), 16, 15, true);
    let data = grey_palette(signed, [3, 0xFFFE, 16], PLAIN, &[0x1100, 0x2200, 0x3300]);
    assert_eq!(red(&data), [0x11, 0x11, 0x22, 0x33]);
    let mut as_ss = data;
    for tag in DESCRIPTORS {
        as_ss = as_ss.ss(tag, &[3, -2, 16]);
    }
    assert_eq!(red(&as_ss), [0x11, 0x11, 0x22, 0x33]);
}

#[test]
fn the_first_value_mapped_of_unsigned_pixels_may_exceed_half_the_range() {
    let data = grey_palette(
        row16(&[0, 60_000, 60_001]),
        [2, 60_000, 16],
        PLAIN,
        &[0x1100, 0x2200],
    );
    assert_eq!(red(&data), [0x11, 0x11, 0x22]);
}

#[test]
fn no_entries_means_sixty_five_thousand_five_hundred_and_thirty_six() {
    let words: Vec<u16> = (0..=u16::MAX).collect();
    let data = grey_palette(row16(&[0, 0x1234, 0xFFFF]), [0, 0, 16], PLAIN, &words);
    assert_eq!(red(&data), [0, 0x12, 0xFF]);
}

#[test]
fn a_descriptor_of_signed_representation_may_count_beyond_half() {
    // 40000 entries as SS read as -25536.
    let words: Vec<u16> = (0..40_000).collect();
    let mut data = grey_palette(row16(&[39_999]), [40_000, 0, 16], PLAIN, &words);
    for tag in DESCRIPTORS {
        data = data.ss(tag, &[-25_536, 0, 16]);
    }
    assert_eq!(red(&data), [156]);
}

#[test]
fn discrete_segments_hold_their_entries() {
    let data = grey_palette(
        row8(&[0, 1, 2, 3]),
        [4, 0, 16],
        SEGMENTED,
        &[0, 2, 0x1100, 0x2200, 0, 2, 0x3300, 0x4400],
    );
    assert_eq!(red(&data), [0x11, 0x22, 0x33, 0x44]);
}

#[test]
fn linear_segments_join_the_entry_before_to_their_own() {
    // From 0 to 0x8000 in four steps.
    let data = grey_palette(
        row8(&[0, 1, 2, 3, 4]),
        [5, 0, 16],
        SEGMENTED,
        &[0, 1, 0, 1, 4, 0x8000],
    );
    assert_eq!(red(&data), [0, 0x20, 0x40, 0x60, 0x80]);
    let down = grey_palette(row8(&[0, 1, 2]), [3, 0, 16], SEGMENTED, &[0, 1, 0x8000, 1, 2, 0]);
    assert_eq!(red(&down), [0x80, 0x40, 0]);
}

#[test]
fn segments_of_eight_bits_are_bytes() {
    // 0, 1 entry, 10; linear, 2 steps to 30: as bytes in words, the first below.
    let data = grey_palette(row8(&[0, 1, 2]), [3, 0, 8], SEGMENTED, &[0x0100, 0x010A, 0x1E02]);
    assert_eq!(red(&data), [10, 20, 30]);
}

#[test]
fn indirect_segments_repeat_segments_found_by_their_byte() {
    // Two entries, one entry at byte 8, then both segments again from byte 0.
    let words = [0, 2, 0x1100, 0x2200, 0, 1, 0x3300, 2, 2, 0, 0];
    let data = grey_palette(row8(&[0, 1, 2, 3, 4, 5]), [6, 0, 16], SEGMENTED, &words);
    assert_eq!(red(&data), [0x11, 0x22, 0x33, 0x11, 0x22, 0x33]);
    let second = [0, 2, 0x1100, 0x2200, 0, 1, 0x3300, 2, 1, 8, 0];
    let data = grey_palette(row8(&[3]), [4, 0, 16], SEGMENTED, &second);
    assert_eq!(red(&data), [0x33]);
}

#[test]
fn an_offset_that_counts_words_is_believed_where_no_segment_begins_at_the_byte() {
    // A second segment at word 3, byte 6; 3 is no even byte.
    let words = [0, 1, 0x1100, 0, 1, 0x2200, 2, 1, 3, 0];
    let data = grey_palette(row8(&[2]), [3, 0, 16], SEGMENTED, &words);
    assert_eq!(red(&data), [0x22]);
}

#[test]
fn the_offset_among_segments_of_eight_bits_takes_four_bytes() {
    // Bytes: 0 1 10 | 0 1 20 | 2 1 3 0 0 0 | 0 1 30, in words the first below.
    let words = [0x0100, 0x000A, 0x1401, 0x0102, 0x0003, 0x0000, 0x0100, 0x001E];
    let data = grey_palette(row8(&[0, 1, 2, 3]), [4, 0, 8], SEGMENTED, &words);
    assert_eq!(red(&data), [10, 20, 20, 30]);
}

#[test]
fn an_indirect_segment_that_points_at_none_or_at_another_is_no_palette() {
    let nowhere = [0, 2, 0x1100, 0x2200, 2, 1, 5, 0];
    assert!(
        header(&explicit(&grey_palette(
            row8(&[0]),
            [4, 0, 16],
            SEGMENTED,
            &nowhere
        )))
        .is_err()
    );
    let itself = [0, 2, 0x1100, 0x2200, 2, 1, 8, 0];
    assert!(
        header(&explicit(&grey_palette(
            row8(&[0]),
            [4, 0, 16],
            SEGMENTED,
            &itself
        )))
        .is_err()
    );
}

#[test]
fn a_linear_segment_cannot_come_first() {
    let data = grey_palette(row8(&[0]), [2, 0, 16], SEGMENTED, &[1, 2, 0x8000]);
    assert!(header(&explicit(&data)).is_err());
}

#[test]
fn segments_that_do_not_fill_the_table_are_no_palette() {
    let data = grey_palette(row8(&[0]), [9, 0, 16], SEGMENTED, &[0, 1, 0x8000]);
    let refused = header(&explicit(&data)).expect_err("short");
    assert!(refused.to_string().contains("palette"), "{refused}");
}

#[test]
fn a_palette_image_without_palette_is_refused() {
    let data = row8(&[0]).text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "PALETTE COLOR");
    let refused = header(&explicit(&data)).expect_err("none");
    assert!(refused.to_string().contains("palette"), "{refused}");
}

#[test]
fn a_table_shorter_than_its_count_is_refused() {
    let data = grey_palette(row8(&[0]), [9, 0, 16], PLAIN, &[1, 2]);
    assert!(header(&explicit(&data)).is_err());
}

#[test]
fn no_window_applies_to_a_palette() {
    let data = grey_palette(row8(&[0, 1]), [2, 0, 16], PLAIN, &[0x1000, 0x2000])
        .text(tags::WINDOW_CENTER, "DS", "1")
        .text(tags::WINDOW_WIDTH, "DS", "1");
    assert!(crate::attributes(&data).vois.is_empty());
    assert_eq!(red(&data), [0x10, 0x20]);
}

#[test]
fn tables_of_unknown_representation_are_read_as_words() {
    let mut data = grey_palette(row8(&[0, 1]), [2, 0, 16], PLAIN, &[0x1000, 0x2000]);
    for tag in PLAIN {
        data = data.put(tag, "UN", Value::Bytes(vec![0, 0x10, 0, 0x20]));
    }
    assert_eq!(red(&data), [0x10, 0x20]);
}
