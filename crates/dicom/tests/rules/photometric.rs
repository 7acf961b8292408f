//! Photometric interpretations and planar configuration (PS3.3 C.7.6.3.1.2, C.7.6.3.1.3; PS3.5 8.2).
//!
//! YBR by hand: R = Y + 1.402 (Cr - 128), G = Y - 0.344136 (Cb - 128) - 0.714136 (Cr - 128), B = Y + 1.772 (Cb - 128).

use dicom_dictionary_std::tags;
use overread_imaging::attributes::Photometric;
use overread_imaging::render::{default_voi, display_values};

use crate::jpeg::Blocks;
use crate::write::{BIG, Data, EXPLICIT, JPEG_BASELINE, RLE, explicit};
use crate::{PIXELS, attributes, colour, compressed, frame, header, read, rgb, rgb_as, rle, row8};

fn shown(data: &Data) -> Vec<u8> {
    let frame = frame(&explicit(data), 1).expect("decodes");
    display_values(&frame, &default_voi(&frame))
}

fn window(data: Data, center: &str, width: &str) -> Data {
    data.text(tags::WINDOW_CENTER, "DS", center)
        .text(tags::WINDOW_WIDTH, "DS", width)
}

#[test]
fn monochrome2_shows_the_smallest_value_black() {
    assert_eq!(shown(&window(row8(&[0, 255]), "128", "256")), [0, 255]);
}

#[test]
fn monochrome1_shows_the_smallest_value_white() {
    let data = row8(&[0, 64, 255]).text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME1");
    assert_eq!(shown(&window(data, "128", "256")), [255, 191, 0]);
}

#[test]
fn monochrome1_turns_the_picture_after_the_window() {
    // Window 100/50: 60 lies below it and is white, 140 above it and is black.
    let data = row8(&[60, 140]).text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME1");
    assert_eq!(shown(&window(data, "100", "50")), [255, 0]);
}

#[test]
fn presentation_lut_shape_inverse_turns_monochrome2() {
    let data = row8(&[0, 255]).text(tags::PRESENTATION_LUT_SHAPE, "CS", "INVERSE");
    assert_eq!(shown(&window(data, "128", "256")), [255, 0]);
}

#[test]
fn presentation_lut_shape_inverse_of_monochrome1_says_the_same_once() {
    let data = row8(&[0, 255])
        .text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME1")
        .text(tags::PRESENTATION_LUT_SHAPE, "CS", "INVERSE");
    assert_eq!(shown(&window(data, "128", "256")), [255, 0]);
}

#[test]
fn presentation_lut_shape_identity_turns_nothing() {
    let data = row8(&[0, 255]).text(tags::PRESENTATION_LUT_SHAPE, "CS", "IDENTITY");
    assert_eq!(shown(&window(data, "128", "256")), [0, 255]);
}

#[test]
fn an_absent_photometric_interpretation_is_grey_or_rgb_by_the_samples() {
    let grey = row8(&[3]).without(tags::PHOTOMETRIC_INTERPRETATION);
    assert_eq!(attributes(&grey).photometric, Photometric::Monochrome2);
    let three = colour(1, 1, "RGB", &[1, 2, 3]).without(tags::PHOTOMETRIC_INTERPRETATION);
    assert_eq!(rgb(&three), [1, 2, 3]);
}

#[test]
fn rgb_pixel_by_pixel_is_taken_as_it_is() {
    assert_eq!(rgb(&colour(1, 2, "RGB", &[1, 2, 3, 4, 5, 6])), [1, 2, 3, 4, 5, 6]);
    assert_eq!(
        rgb_as(BIG, &colour(1, 2, "RGB", &[1, 2, 3, 4, 5, 6])),
        [1, 2, 3, 4, 5, 6]
    );
}

#[test]
fn rgb_plane_by_plane_is_woven_together() {
    let data = colour(1, 2, "RGB", &[1, 4, 2, 5, 3, 6]).us(tags::PLANAR_CONFIGURATION, &[1]);
    assert_eq!(rgb(&data), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn planes_belong_to_a_frame_not_to_the_file() {
    let data = colour(1, 2, "RGB", &[1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16])
        .us(tags::PLANAR_CONFIGURATION, &[1])
        .text(tags::NUMBER_OF_FRAMES, "IS", "2");
    assert_eq!(crate::read_as(EXPLICIT, &data, 2), [11., 12., 13., 14., 15., 16.]);
}

#[test]
fn rgb_of_sixteen_bits_keeps_its_values_and_shows_their_upper_eight() {
    let data = crate::grey(1, 1, 16)
        .us(tags::SAMPLES_PER_PIXEL, &[3])
        .us(tags::PLANAR_CONFIGURATION, &[0])
        .text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "RGB")
        .words(PIXELS, "OW", &[0x12FF, 0x8000, 0xFFFF]);
    assert_eq!(read(&data), [f64::from(0x12FF), 32768., 65535.]);
    assert_eq!(rgb(&data), [0x12, 0x80, 0xFF]);
}

#[test]
fn ybr_full_takes_the_coefficients_of_the_standard() {
    // (100, 200, 128): R 100, G 100 - 0.344136 x 72 = 75.22, B 100 + 1.772 x 72 = 227.58.
    assert_eq!(rgb(&colour(1, 1, "YBR_FULL", &[100, 200, 128])), [100, 75, 228]);
    // (100, 128, 200): R 100 + 1.402 x 72 = 200.94, G 100 - 0.714136 x 72 = 48.58, B 100.
    assert_eq!(rgb(&colour(1, 1, "YBR_FULL", &[100, 128, 200])), [201, 49, 100]);
    // (200, 90, 160): R 244.86, G 200 + 13.08 - 22.85 = 190.22, B 132.66.
    assert_eq!(rgb(&colour(1, 1, "YBR_FULL", &[200, 90, 160])), [245, 190, 133]);
}

#[test]
fn ybr_full_clamps_what_lies_outside() {
    assert_eq!(rgb(&colour(1, 1, "YBR_FULL", &[255, 255, 255])), [255, 121, 255]);
    assert_eq!(rgb(&colour(1, 1, "YBR_FULL", &[0, 0, 0])), [0, 135, 0]);
}

#[test]
fn ybr_full_plane_by_plane_is_woven_together() {
    let data = colour(1, 2, "YBR_FULL", &[100, 100, 200, 128, 128, 200]).us(tags::PLANAR_CONFIGURATION, &[1]);
    assert_eq!(rgb(&data), [100, 75, 228, 201, 49, 100]);
}

#[test]
fn ybr_full_422_shares_its_colour_between_two_neighbours() {
    // Y1 Y2 Cb Cr, two bytes a pixel.
    let data = colour(1, 2, "YBR_FULL_422", &[100, 110, 200, 128]);
    assert_eq!(rgb(&data), [100, 75, 228, 110, 85, 238]);
}

#[test]
fn frames_of_ybr_full_422_take_two_bytes_a_pixel() {
    let data = colour(1, 2, "YBR_FULL_422", &[0, 0, 128, 128, 100, 110, 200, 128]).text(
        tags::NUMBER_OF_FRAMES,
        "IS",
        "2",
    );
    assert_eq!(
        crate::read_as(EXPLICIT, &data, 2),
        [100., 200., 128., 110., 200., 128.]
    );
}

#[test]
fn ybr_partial_422_spans_sixteen_to_two_hundred_and_thirty_five() {
    assert_eq!(
        rgb(&colour(1, 2, "YBR_PARTIAL_422", &[16, 235, 128, 128])),
        [0, 0, 0, 255, 255, 255]
    );
    // (81, 90, 240) is BT.601's red: R = 1.1644 x 65 + 1.5960 x 112 = 254.4, G = 75.69 + 14.88 - 91.06 = -0.5,
    // B = 75.69 - 2.0173 x 38 = -0.97.
    assert_eq!(
        rgb(&colour(1, 2, "YBR_PARTIAL_422", &[81, 81, 90, 240])),
        [254, 0, 0, 254, 0, 0]
    );
}

#[test]
fn ybr_partial_420_is_of_the_same_range() {
    let data = colour(2, 2, "YBR_PARTIAL_420", &[16; 12]);
    assert_eq!(attributes(&data).photometric, Photometric::YbrPartial);
}

#[test]
fn the_transforms_of_jpeg_2000_are_undone_by_its_codec() {
    for word in ["YBR_ICT", "YBR_RCT"] {
        assert_eq!(
            attributes(&colour(1, 1, word, &[1, 2, 3])).photometric,
            Photometric::Rgb,
            "{word}"
        );
    }
}

#[test]
fn planar_configuration_means_nothing_to_rle() {
    // RLE's planes are always one a sample; the attribute says how the pixels were before.
    for planar in [0, 1] {
        let planes = rle::frame(&[vec![1, 4], vec![2, 5], vec![3, 6]]);
        let data = compressed(colour(1, 2, "RGB", &[]), &[planes]).us(tags::PLANAR_CONFIGURATION, &[planar]);
        assert_eq!(rgb_as(RLE, &data), [1, 2, 3, 4, 5, 6], "{planar}");
    }
}

#[test]
fn rle_keeps_the_headers_word_on_its_colours() {
    let planes = rle::frame(&[vec![100], vec![200], vec![128]]);
    let data = compressed(colour(1, 1, "YBR_FULL", &[]), &[planes]);
    assert_eq!(rgb_as(RLE, &data), [100, 75, 228]);
}

/// 8 x 8 pixels of JPEG in a file that says `photometric`; the first pixel.
fn pixel(photometric: &str, blocks: &Blocks) -> Vec<u8> {
    let data = compressed(colour(8, 8, photometric, &[]), &[blocks.encode()]);
    rgb_as(JPEG_BASELINE, &data)[..3].to_vec()
}

#[test]
fn jpeg_of_which_nobody_says_otherwise_is_ybr() {
    assert_eq!(
        pixel("YBR_FULL_422", &Blocks::new(&[100, 200, 128])),
        [100, 75, 228]
    );
    assert_eq!(pixel("YBR_FULL", &Blocks::new(&[100, 200, 128])), [100, 75, 228]);
}

#[test]
fn jpeg_in_a_file_of_rgb_is_rgb_when_the_stream_is_silent() {
    assert_eq!(pixel("RGB", &Blocks::new(&[100, 200, 128])), [100, 200, 128]);
}

#[test]
fn component_identifiers_r_g_b_say_rgb_whatever_the_header() {
    let blocks = Blocks {
        ids: b"RGB".to_vec(),
        ..Blocks::new(&[100, 200, 128])
    };
    assert_eq!(pixel("YBR_FULL_422", &blocks), [100, 200, 128]);
}

#[test]
fn the_adobe_marker_says_rgb_or_ybr_whatever_the_header() {
    let rgb = Blocks {
        adobe: Some(0),
        ..Blocks::new(&[100, 200, 128])
    };
    assert_eq!(pixel("YBR_FULL_422", &rgb), [100, 200, 128]);
    let ybr = Blocks {
        adobe: Some(1),
        ..Blocks::new(&[100, 200, 128])
    };
    assert_eq!(pixel("RGB", &ybr), [100, 75, 228]);
}

#[test]
fn jfif_says_ybr_whatever_the_header() {
    let blocks = Blocks {
        jfif: true,
        ..Blocks::new(&[100, 200, 128])
    };
    assert_eq!(pixel("RGB", &blocks), [100, 75, 228]);
}

#[test]
fn jpeg_with_shared_colour_is_spread_to_full_width() {
    // 16 x 8 pixels: two blocks of brightness and one of each colour difference.
    let blocks = Blocks {
        size: (8, 16),
        factors: vec![(2, 1), (1, 1), (1, 1)],
        ..Blocks::new(&[100, 110, 200])
    };
    let blocks = Blocks {
        values: vec![100, 110, 200, 128],
        ..blocks
    };
    let data = compressed(colour(8, 16, "YBR_FULL_422", &[]), &[blocks.encode()]);
    let shown = rgb_as(JPEG_BASELINE, &data);
    assert_eq!(shown[..3], [100, 75, 228]);
    assert_eq!(shown[45..48], [110, 85, 238]);
}

#[test]
fn grey_jpeg_is_grey() {
    let data = compressed(crate::grey(8, 8, 8), &[Blocks::new(&[77]).encode()]);
    assert_eq!(crate::read_as(JPEG_BASELINE, &data, 1), [77.; 64]);
}

#[test]
fn more_or_fewer_samples_than_the_interpretation_has_are_refused() {
    for (samples, word) in [
        (1_u16, "RGB"),
        (3, "MONOCHROME2"),
        (3, "PALETTE COLOR"),
        (1, "YBR_FULL"),
    ] {
        let data = row8(&[1, 2, 3]).us(tags::SAMPLES_PER_PIXEL, &[samples]).text(
            tags::PHOTOMETRIC_INTERPRETATION,
            "CS",
            word,
        );
        let refused = header(&explicit(&data)).expect_err(word);
        assert!(refused.to_string().contains("samples a pixel"), "{refused}");
    }
}

#[test]
fn three_samples_a_pixel_under_a_half_width_name_are_of_full_width() {
    // Grey of 80, 120, 160 and 200 with chroma at rest: the same in red, green and blue.
    let samples = [80, 128, 128, 120, 128, 128, 160, 128, 128, 200, 128, 128];
    let data = colour(1, 4, "YBR_FULL_422", &samples);
    let wanted: Vec<u8> = [80, 120, 160, 200].into_iter().flat_map(|v| [v; 3]).collect();
    assert_eq!(rgb(&data), wanted);
    let warnings = crate::header(&crate::write::explicit(&data))
        .expect("an image")
        .warnings;
    assert!(
        warnings.iter().any(|w| w.contains("YBR_FULL_422")),
        "{warnings:?}"
    );
}

#[test]
fn names_in_small_letters_count_and_unknown_ones_are_refused() {
    let small = colour(1, 1, "ybr_full", &[100, 128, 128]);
    assert_eq!(rgb(&small), [100, 100, 100]);
    for name in ["HSV", "CMYK", "RGBA"] {
        let refused = crate::header(&crate::write::explicit(&colour(1, 1, name, &[1, 2, 3])));
        assert!(refused.is_err_and(|e| e.to_string().contains(name)), "{name}");
    }
}
