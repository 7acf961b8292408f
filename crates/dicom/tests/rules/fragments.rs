//! Encapsulated pixel data (PS3.5 A.4): offset tables that are there, missing, empty or wrong, fragments in any number.

use dicom_dictionary_std::tags;

use crate::jpeg::{Blocks, lossless};
use crate::write::{Data, File, JPEG_BASELINE, JPEG_LOSSLESS, RLE, Value};
use crate::{PIXELS, compressed, even, frame, grey, header, pieces_of, read_as, rle};

/// 8 x 8 pixels of one grey.
fn grey_of(value: u8) -> Vec<u8> {
    even(Blocks::new(&[value]).encode())
}

fn image(frames: usize) -> Data {
    grey(8, 8, 8).text(tags::NUMBER_OF_FRAMES, "IS", &frames.to_string())
}

/// The first pixel of every frame that the header knows.
fn firsts(syntax: &str, data: &Data) -> Vec<f64> {
    let bytes = File::new(syntax).around(data);
    let frames = header(&bytes).expect("an image").layout.frames;
    (1..=frames)
        .map(|n| frame(&bytes, n).expect("decodes").samples.value(0))
        .collect()
}

/// Three frames cut into two fragments each, and where each frame begins from the first item after the table.
fn six_fragments() -> (Vec<Vec<u8>>, Vec<u32>) {
    let mut pieces = Vec::new();
    let mut starts = Vec::new();
    let mut at = 0_u32;
    for value in [10, 20, 30] {
        let stream = grey_of(value);
        let middle = stream.len() / 2 / 2 * 2;
        starts.push(at);
        for part in [&stream[..middle], &stream[middle..]] {
            at += 8 + u32::try_from(part.len()).expect("small");
            pieces.push(part.to_vec());
        }
    }
    (pieces, starts)
}

fn with_table(table: &[u32], fragments: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut pieces = vec![table.iter().flat_map(|v| v.to_le_bytes()).collect()];
    pieces.extend(fragments);
    pieces
}

#[test]
fn with_an_empty_table_a_fragment_is_a_frame() {
    let data = compressed(image(3), &[grey_of(10), grey_of(20), grey_of(30)]);
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20., 30.]);
}

#[test]
fn all_fragments_of_a_single_frame_are_one_stream() {
    let stream = grey_of(40);
    let parts: Vec<Vec<u8>> = stream.chunks(50).map(<[u8]>::to_vec).collect();
    assert!(parts.len() > 2);
    assert_eq!(firsts(JPEG_BASELINE, &compressed(image(1), &parts)), [40.]);
}

#[test]
fn the_basic_offset_table_says_where_frames_begin() {
    let (fragments, starts) = six_fragments();
    let data = pieces_of(image(3), with_table(&starts, fragments));
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20., 30.]);
}

#[test]
fn without_a_table_frames_begin_where_streams_begin() {
    let (fragments, _) = six_fragments();
    let data = pieces_of(image(3), with_table(&[], fragments));
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20., 30.]);
}

#[test]
fn a_wrong_basic_offset_table_is_not_believed() {
    let (fragments, starts) = six_fragments();
    let wrong: [&[u32]; 4] = [
        &[0, 5, 9],
        &[8, starts[1], starts[2]],
        &[0, starts[2], starts[1]],
        &[0],
    ];
    for table in wrong {
        let data = pieces_of(image(3), with_table(table, fragments.clone()));
        assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20., 30.], "{table:?}");
    }
}

#[test]
fn a_table_that_counts_from_the_first_items_value_is_not_believed() {
    let (fragments, starts) = six_fragments();
    let from_values: Vec<u32> = starts.iter().map(|s| s + 8).collect();
    let data = pieces_of(image(3), with_table(&from_values, fragments));
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20., 30.]);
}

#[test]
fn the_extended_offset_table_says_where_frames_begin() {
    let fragments = vec![grey_of(10), grey_of(20), grey_of(30)];
    let mut at = 0_u64;
    let mut offsets = Vec::new();
    let mut lengths = Vec::new();
    for fragment in &fragments {
        offsets.extend(at.to_le_bytes());
        lengths.extend((fragment.len() as u64).to_le_bytes());
        at += 8 + fragment.len() as u64;
    }
    let data = pieces_of(image(3), with_table(&[], fragments))
        .bytes(tags::EXTENDED_OFFSET_TABLE, "OV", &offsets)
        .bytes(tags::EXTENDED_OFFSET_TABLE_LENGTHS, "OV", &lengths);
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20., 30.]);
}

#[test]
fn a_missing_offset_table_costs_no_frame() {
    // The first item holds a stream at once.
    let data = pieces_of(image(2), vec![grey_of(10), grey_of(20)]);
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20.]);
    let single = pieces_of(image(1), vec![grey_of(10)]);
    assert_eq!(firsts(JPEG_BASELINE, &single), [10.]);
}

#[test]
fn several_frames_in_one_fragment_are_taken_apart() {
    let mut all = grey_of(10);
    all.extend(grey_of(20));
    all.extend(grey_of(30));
    let data = compressed(image(3), &[all]);
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20., 30.]);
}

#[test]
fn bytes_after_the_end_of_a_stream_are_padding() {
    for padding in [
        &[0, 0, 0, 0][..],
        &[0xFF, 0xFF],
        &[0xFF, 0, 0, 0],
        &[0xFF, 0xD9],
        &[0x20; 6],
    ] {
        let padded = |value| {
            let mut stream = Blocks::new(&[value]).encode();
            stream.extend_from_slice(padding);
            even(stream)
        };
        let data = compressed(image(2), &[padded(10), padded(20)]);
        assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20.], "{padding:?}");
    }
}

#[test]
fn a_missing_delimiter_ends_with_the_file() {
    let data = image(2).put(
        PIXELS,
        "OB",
        Value::Pieces(vec![vec![], grey_of(10), grey_of(20)], false),
    );
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20.]);
}

#[test]
fn elements_after_the_pixels_are_left_alone() {
    let data = compressed(image(2), &[grey_of(10), grey_of(20)]).bytes(
        tags::DATA_SET_TRAILING_PADDING,
        "OB",
        &[0; 32],
    );
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20.]);
}

#[test]
fn a_delimiter_inside_a_fragment_does_not_end_it() {
    // The item's length counts, not what its bytes look like.
    let mut stream = Blocks::new(&[55]).encode();
    stream.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let data = compressed(image(2), &[even(stream), grey_of(20)]);
    assert_eq!(firsts(JPEG_BASELINE, &data), [55., 20.]);
}

#[test]
fn more_frames_than_fragments_show_what_is_there_and_say_so() {
    let data = compressed(image(3), &[grey_of(10), grey_of(20)]);
    assert_eq!(firsts(JPEG_BASELINE, &data), [10., 20.]);
    let header = header(&File::new(JPEG_BASELINE).around(&data)).expect("an image");
    let told = header.warnings.join(" ");
    assert!(told.contains("3 frames") && told.contains('2'), "{told}");
}

#[test]
fn compressed_pixels_without_a_fragment_are_refused() {
    let data = compressed(image(1), &[]);
    let refused = frame(&File::new(JPEG_BASELINE).around(&data), 1).expect_err("nothing");
    assert!(refused.to_string().contains("cut short"), "{refused}");
}

#[test]
fn a_stream_says_itself_which_codec_it_needs() {
    let stream = lossless(1, 3, 16, &[1, 40_000, 65_535]);
    let data = compressed(grey(1, 3, 16), &[stream]);
    for syntax in [
        JPEG_LOSSLESS,
        JPEG_BASELINE,
        crate::write::JPEG_LS,
        crate::write::JPEG_2000,
    ] {
        assert_eq!(read_as(syntax, &data, 1), [1., 40_000., 65_535.], "{syntax}");
    }
}

#[test]
fn lossless_jpeg_of_sixteen_bits_wraps_around() {
    let cells = [0, 65_535, 0, 32_768, 1, 65_534];
    let data = compressed(grey(2, 3, 16), &[lossless(2, 3, 16, &cells)]);
    assert_eq!(read_as(JPEG_LOSSLESS, &data, 1), cells.map(f64::from));
}

#[test]
fn lossless_jpeg_of_signed_pixels_is_extended_from_bits_stored() {
    let data = crate::stored(grey(1, 3, 16), 12, 11, true);
    let data = compressed(data, &[lossless(1, 3, 12, &[0x0FFF, 0x0800, 0x07FF])]);
    assert_eq!(read_as(JPEG_LOSSLESS, &data, 1), [-1., -2048., 2047.]);
}

#[test]
fn rle_planes_stand_most_significant_first() {
    let frames = [rle::frame(&[vec![0x12, 0x80], vec![0x34, 0x01]])];
    assert_eq!(
        read_as(RLE, &compressed(grey(1, 2, 16), &frames), 1),
        [f64::from(0x1234), f64::from(0x8001)]
    );
}

#[test]
fn rle_runs_and_literals_follow_packbits() {
    // 254: three times; 128: nothing; 2: three literals.
    let segment = even(vec![254, 7, 128, 2, 1, 2, 3]);
    let data = compressed(grey(1, 6, 8), &[rle::of_segments(&[segment])]);
    assert_eq!(read_as(RLE, &data, 1), [7., 7., 7., 1., 2., 3.]);
}

#[test]
fn rle_segments_may_be_padded_or_odd() {
    for extra in [vec![], vec![0], vec![0, 0, 0], vec![128, 128]] {
        let plane = |values: &[u8]| {
            let mut segment = vec![u8::try_from(values.len() - 1).expect("few")];
            segment.extend_from_slice(values);
            segment.extend_from_slice(&extra);
            segment
        };
        let stream = even(rle::of_segments(&[plane(&[0x12, 0x80]), plane(&[0x34, 0x01])]));
        let data = compressed(grey(1, 2, 16), &[stream]);
        assert_eq!(
            read_as(RLE, &data, 1),
            [f64::from(0x1234), f64::from(0x8001)],
            "{extra:?}"
        );
    }
}

#[test]
fn rle_of_more_frames_has_one_fragment_each() {
    let frames: Vec<Vec<u8>> = (1..=3).map(|v| rle::frame(&[vec![v; 64]])).collect();
    assert_eq!(firsts(RLE, &compressed(image(3), &frames)), [1., 2., 3.]);
}

#[test]
fn rle_that_is_cut_into_fragments_is_put_together() {
    let whole = rle::frame(&[vec![9; 64]]);
    let parts: Vec<Vec<u8>> = whole.chunks(50).map(<[u8]>::to_vec).collect();
    assert_eq!(firsts(RLE, &compressed(image(1), &parts)), [9.]);
}

#[test]
fn rle_of_a_wrong_number_of_planes_is_refused() {
    let data = compressed(grey(1, 2, 16), &[rle::frame(&[vec![1, 2]])]);
    let refused = frame(&File::new(RLE).around(&data), 1).expect_err("one plane of two");
    assert!(refused.to_string().contains("byte planes"), "{refused}");
}

#[test]
fn rle_planes_that_point_outside_or_end_early_are_refused() {
    let mut outside = rle::frame(&[vec![1, 2]]);
    outside[4..8].copy_from_slice(&9999_u32.to_le_bytes());
    let short = rle::of_segments(&[vec![0, 7]]);
    for stream in [outside, short, vec![1, 0]] {
        let data = compressed(grey(1, 2, 8), &[stream]);
        let refused = frame(&File::new(RLE).around(&data), 1).expect_err("damaged");
        assert!(
            refused.to_string().contains("cannot be decompressed"),
            "{refused}"
        );
    }
}

#[test]
fn rle_of_single_bits_is_packed_before() {
    let data = compressed(grey(1, 10, 1), &[rle::frame(&[vec![0b1000_0001, 0b10]])]);
    assert_eq!(read_as(RLE, &data, 1), [1., 0., 0., 0., 0., 0., 0., 1., 0., 1.]);
}

#[test]
fn encapsulated_uncompressed_frames_are_native_cells() {
    let data = compressed(
        grey(1, 2, 16).text(tags::NUMBER_OF_FRAMES, "IS", "2"),
        &[vec![1, 0, 2, 0], vec![3, 0, 4, 0]],
    );
    assert_eq!(read_as("1.2.840.10008.1.2.1.98", &data, 2), [3., 4.]);
}

#[test]
fn deflated_frames_are_native_cells() {
    use std::io::Write as _;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&[1, 0, 2, 0]).expect("memory");
    let data = compressed(grey(1, 2, 16), &[encoder.finish().expect("memory")]);
    assert_eq!(read_as("1.2.840.10008.1.2.8.1", &data, 1), [1., 2.]);
}

#[test]
fn a_stream_of_another_size_is_refused() {
    let data = compressed(grey(8, 9, 8), &[grey_of(10)]);
    let refused = frame(&File::new(JPEG_BASELINE).around(&data), 1).expect_err("8 columns of 9");
    assert!(refused.to_string().contains("the header says 9 x 8"), "{refused}");
}

#[test]
fn items_under_a_native_syntax_are_told_by_their_mark() {
    let stream = compressed(image(2), &[grey_of(10), grey_of(20)]);
    assert_eq!(firsts(crate::write::EXPLICIT, &stream), [10., 20.]);
    let cells = compressed(grey(1, 2, 16), &[vec![1, 0, 2, 0]]);
    assert_eq!(read_as(crate::write::EXPLICIT, &cells, 1), [1., 2.]);
}

#[test]
fn pixels_of_just_their_length_are_native_under_any_syntax() {
    let data = grey(1, 3, 8).bytes(PIXELS, "OB", &[7, 8, 9]);
    for syntax in [JPEG_BASELINE, RLE] {
        assert_eq!(read_as(syntax, &data, 1), [7., 8., 9.], "{syntax}");
    }
}
