//! Bits Allocated, Bits Stored, High Bit, Pixel Representation (PS3.3 C.7.6.3.1, PS3.5 8.1.1, annex D).

use dicom_dictionary_std::tags;
use overread_imaging::samples::Samples;

use crate::write::{BIG, EXPLICIT, IMPLICIT, Value, explicit};
use crate::{PIXELS, frame, grey, read, read_as, row8, row16, stored, values};

#[test]
fn single_bits_begin_with_the_least_significant_and_run_on_across_rows() {
    // Two rows of five: bits 0 to 9. 0b1000_1011 gives 1 1 0 1 0 | 0 0 1, the next byte's low bits 1 0.
    let data = grey(2, 5, 1).bytes(PIXELS, "OB", &[0b1000_1011, 0b0000_0001]);
    assert_eq!(read(&data), [1., 1., 0., 1., 0., 0., 0., 1., 1., 0.]);
}

#[test]
fn frames_of_single_bits_need_not_begin_at_a_byte() {
    // Three frames of three pixels: bits 0-2, 3-5, 6-8.
    let data = grey(1, 3, 1).text(tags::NUMBER_OF_FRAMES, "IS", "3").bytes(
        PIXELS,
        "OB",
        &[0b0110_1001, 0b0000_0001],
    );
    assert_eq!(read_as(EXPLICIT, &data, 1), [1., 0., 0.]);
    assert_eq!(read_as(EXPLICIT, &data, 2), [1., 0., 1.]);
    assert_eq!(read_as(EXPLICIT, &data, 3), [1., 0., 1.]);
}

#[test]
fn single_bits_in_big_endian_words_are_counted_from_the_low_byte() {
    // OW: the word 0x0103 stands as 01 03 in the file; its low byte holds the first eight pixels.
    let data = grey(1, 10, 1).words(PIXELS, "OW", &[0x0103]);
    let expected = [1., 1., 0., 0., 0., 0., 0., 0., 1., 0.];
    assert_eq!(read_as(BIG, &data, 1), expected);
    assert_eq!(read_as(EXPLICIT, &data, 1), expected);
}

#[test]
fn eight_bits_are_read_as_they_are() {
    assert_eq!(read(&row8(&[0, 1, 127, 128, 255])), [0., 1., 127., 128., 255.]);
}

#[test]
fn eight_bits_may_be_signed() {
    let data = stored(row8(&[0, 127, 128, 255]), 8, 7, true);
    let decoded = frame(&explicit(&data), 1).expect("decodes");
    assert_eq!(decoded.samples, Samples::I8(vec![0, 127, -128, -1]));
}

#[test]
fn eight_bits_in_big_endian_words_come_in_swapped_pairs() {
    let data = grey(1, 4, 8).words(PIXELS, "OW", &[0x0201, 0x0403]);
    assert_eq!(read_as(BIG, &data, 1), [1., 2., 3., 4.]);
    assert_eq!(read_as(BIG, &row8(&[1, 2, 3, 4]), 1), [1., 2., 3., 4.]);
}

#[test]
fn frames_of_an_odd_number_of_bytes_follow_each_other_without_a_gap() {
    let data = grey(1, 3, 8).text(tags::NUMBER_OF_FRAMES, "IS", "3").bytes(
        PIXELS,
        "OB",
        &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert_eq!(read_as(EXPLICIT, &data, 2), [4., 5., 6.]);
    assert_eq!(read_as(EXPLICIT, &data, 3), [7., 8., 9.]);
    let words = data.words(PIXELS, "OW", &[0x0201, 0x0403, 0x0605, 0x0807, 0x0009]);
    assert_eq!(read_as(BIG, &words, 2), [4., 5., 6.]);
    assert_eq!(read_as(BIG, &words, 3), [7., 8., 9.]);
}

#[test]
fn ten_bits_stand_in_sixteen() {
    let data = stored(row16(&[0, 1, 512, 1023]), 10, 9, false);
    assert_eq!(read(&data), [0., 1., 512., 1023.]);
}

#[test]
fn twelve_bits_stand_in_sixteen() {
    let data = stored(row16(&[0, 2047, 2048, 4095]), 12, 11, false);
    assert_eq!(read(&data), [0., 2047., 2048., 4095.]);
}

#[test]
fn twelve_bits_allocated_share_bytes() {
    // 0x123, 0x456, 0x789: low byte, then the low nibble of the next byte is the upper four bits.
    let data = grey(1, 3, 12).bytes(PIXELS, "OB", &[0x23, 0x61, 0x45, 0x89, 0x07]);
    assert_eq!(
        read(&data),
        [f64::from(0x123), f64::from(0x456), f64::from(0x789)]
    );
}

#[test]
fn frames_of_twelve_bits_allocated_need_not_begin_at_a_byte() {
    let data =
        grey(1, 1, 12)
            .text(tags::NUMBER_OF_FRAMES, "IS", "2")
            .bytes(PIXELS, "OB", &[0x23, 0x61, 0x45]);
    assert_eq!(read_as(EXPLICIT, &data, 1), [f64::from(0x123)]);
    assert_eq!(read_as(EXPLICIT, &data, 2), [f64::from(0x456)]);
}

#[test]
fn sixteen_bits_follow_the_byte_order_of_the_syntax() {
    let data = row16(&[0, 1, 256, 0x8000, 0xFFFF]);
    let expected = [0., 1., 256., 32768., 65535.];
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        assert_eq!(read_as(syntax, &data, 1), expected, "{syntax}");
    }
}

#[test]
fn the_private_syntax_of_ge_has_little_endian_elements_and_big_endian_pixels() {
    let syntax = "1.2.840.113619.5.2";
    let mut file = crate::write::File::new(syntax);
    file.form = crate::write::Form::Implicit;
    let data = grey(1, 2, 16).bytes(PIXELS, "OW", &[1, 2, 3, 4]);
    let decoded = frame(&file.around(&data), 1).expect("decodes");
    assert_eq!(values(&decoded), [258., 772.]);
}

#[test]
fn sixteen_bits_may_be_signed() {
    let data = stored(row16(&[0, 0x7FFF, 0x8000, 0xFFFF]), 16, 15, true);
    assert_eq!(read(&data), [0., 32767., -32768., -1.]);
}

#[test]
fn thirty_two_bits_are_exact() {
    let cells = vec![0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];
    let data = grey(1, 5, 32).put(PIXELS, "OW", Value::Longs(cells));
    let unsigned = [0., 1., 2_147_483_647., 2_147_483_648., 4_294_967_295.];
    assert_eq!(read(&data), unsigned);
    assert_eq!(read_as(BIG, &data, 1), unsigned);
    let signed = [0., 1., 2_147_483_647., -2_147_483_648., -1.];
    assert_eq!(read(&stored(data, 32, 31, true)), signed);
}

#[test]
fn float_pixels_keep_every_bit_also_nan_and_infinity() {
    let numbers = [0.0_f32, -1.5, 1e-30, f32::INFINITY, f32::NAN];
    let data = grey(1, 5, 32).put(
        tags::FLOAT_PIXEL_DATA,
        "OF",
        Value::Longs(numbers.iter().map(|v| v.to_bits()).collect()),
    );
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        let read = read_as(syntax, &data, 1);
        assert_eq!(
            read[..4],
            numbers[..4].iter().map(|v| f64::from(*v)).collect::<Vec<_>>()
        );
        assert!(read[4].is_nan(), "{syntax}");
    }
}

#[test]
fn double_pixels_keep_every_bit() {
    let numbers = [0.1_f64, -1e300];
    let bytes: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
    let data = grey(1, 2, 64).bytes(tags::DOUBLE_FLOAT_PIXEL_DATA, "OD", &bytes);
    assert_eq!(read(&data), numbers);
}

#[test]
fn a_cell_aligned_left_is_shifted_right() {
    // Stored 12, High Bit 15: the value is the cell shifted right by four.
    let data = stored(row16(&[0xFFF0, 0x0010, 0x8000]), 12, 15, false);
    assert_eq!(read(&data), [4095., 1., 2048.]);
    let signed = stored(row16(&[0xFFF0, 0x0010, 0x8000]), 12, 15, true);
    assert_eq!(read(&signed), [-1., 1., -2048.]);
}

#[test]
fn a_high_bit_between_cuts_a_cell_at_both_ends() {
    // Stored 8, High Bit 11: bits 4 to 11.
    assert_eq!(
        read(&stored(row16(&[0xFABF, 0x0FF0]), 8, 11, false)),
        [171., 255.]
    );
}

#[test]
fn the_sign_bit_is_the_high_bit_not_the_cells_last() {
    // 12 bits without sign extension by the writer: 0x0FFF is -1, 0x0800 is -2048, 0x07FF is 2047.
    let data = stored(row16(&[0x0FFF, 0x0800, 0x07FF]), 12, 11, true);
    assert_eq!(read(&data), [-1., -2048., 2047.]);
}

#[test]
fn what_a_writer_left_in_unused_bits_is_no_part_of_the_value() {
    let data = stored(row16(&[0xF001, 0xA7FF, 0x1000]), 12, 11, false);
    assert_eq!(read(&data), [1., 2047., 0.]);
    let signed = stored(row16(&[0xF001, 0x5800]), 12, 11, true);
    assert_eq!(read(&signed), [1., -2048.]);
}

#[test]
fn an_overlay_in_an_unused_bit_is_masked() {
    // Overlay Bit Position 12 (6000,0102), retired in 2004: bit 12 of each cell is graphics, not grey.
    let data = stored(row16(&[0x1005, 0x0005]), 12, 11, false)
        .us(dicom_core::Tag(0x6000, 0x0100), &[16])
        .us(dicom_core::Tag(0x6000, 0x0102), &[12]);
    assert_eq!(read(&data), [5., 5.]);
}

#[test]
fn six_bits_in_eight_are_masked() {
    assert_eq!(read(&stored(row8(&[0xFF, 0xC1]), 6, 5, false)), [63., 1.]);
    assert_eq!(read(&stored(row8(&[0x3F, 0x20]), 6, 5, true)), [-1., -32.]);
}

#[test]
fn a_high_bit_that_cannot_be_is_taken_as_bits_stored_less_one() {
    // Below Bits Stored - 1, and beyond the cell.
    assert_eq!(read(&stored(row16(&[4095]), 12, 7, false)), [4095.]);
    assert_eq!(read(&stored(row16(&[4095]), 12, 40, false)), [4095.]);
}

#[test]
fn bits_stored_that_cannot_be_are_taken_as_bits_allocated() {
    assert_eq!(read(&stored(row16(&[0xFFFF]), 0, 15, false)), [65535.]);
    assert_eq!(read(&stored(row16(&[0xFFFF]), 20, 15, false)), [65535.]);
    let absent = row16(&[0xFFFF])
        .without(tags::BITS_STORED)
        .without(tags::HIGH_BIT);
    assert_eq!(read(&absent), [65535.]);
}

#[test]
fn a_byte_more_than_the_pixels_need_is_left_alone() {
    assert_eq!(read(&grey(1, 3, 8).bytes(PIXELS, "OB", &[1, 2, 3])), [1., 2., 3.]);
    assert_eq!(
        read(&grey(1, 2, 8).bytes(PIXELS, "OB", &[1, 2, 3, 4, 5, 6])),
        [1., 2.]
    );
}
