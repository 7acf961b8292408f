//! Values of interest (PS3.3 C.11.2): windows, functions, tables; padding (PS3.3 C.7.5.1.1.2).

use dicom_dictionary_std::tags;
use overread_imaging::frame::Frame;
use overread_imaging::render::{default_voi, display_values, shown_values};
use overread_imaging::voi::{Padding, Voi, VoiFunction, Window};

use crate::write::{BIG, Data, EXPLICIT, File, IMPLICIT, explicit};
use crate::{attributes, frame, row8, row16, stored};

fn decoded(data: &Data) -> Frame {
    frame(&explicit(data), 1).expect("decodes")
}

fn shown(data: &Data) -> Vec<u8> {
    let frame = decoded(data);
    shown_values(&frame, &default_voi(&frame))
}

/// Shown by the VOI of that number, from 0.
fn shown_by(data: &Data, which: usize) -> Vec<u8> {
    let frame = decoded(data);
    display_values(&frame, &frame.attributes.vois[which])
}

fn window(data: Data, center: &str, width: &str) -> Data {
    data.text(tags::WINDOW_CENTER, "DS", center)
        .text(tags::WINDOW_WIDTH, "DS", width)
}

fn windows(data: &Data) -> Vec<Window> {
    attributes(data)
        .vois
        .into_iter()
        .filter_map(|voi| match voi {
            Voi::Window(window) => Some(window),
            Voi::Lut(_) => None,
        })
        .collect()
}

fn table(descriptor: [u16; 3], words: &[u16], explanation: &str) -> Data {
    Data::new()
        .us(tags::LUT_DESCRIPTOR, &descriptor)
        .words(tags::LUT_DATA, "OW", words)
        .text(tags::LUT_EXPLANATION, "LO", explanation)
}

#[test]
fn all_windows_are_offered_with_their_explanations_the_first_by_default() {
    let data = window(row16(&[0]), "40\\-600\\480", "400\\1500\\2500").text(
        tags::WINDOW_CENTER_WIDTH_EXPLANATION,
        "LO",
        "SOFT TISSUE\\LUNG\\BONE",
    );
    let all = windows(&data);
    let told: Vec<_> = all
        .iter()
        .map(|w| (w.center, w.width, w.explanation.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (40., 400., Some("SOFT TISSUE")),
            (-600., 1500., Some("LUNG")),
            (480., 2500., Some("BONE"))
        ]
    );
    assert_eq!(attributes(&data).default_voi, Some(0));
}

#[test]
fn of_unequal_counts_only_pairs_are_windows() {
    let all = windows(&window(row16(&[0]), "40\\50\\60", "400\\300"));
    assert_eq!(
        all.iter().map(|w| (w.center, w.width)).collect::<Vec<_>>(),
        [(40., 400.), (50., 300.)]
    );
}

#[test]
fn an_empty_centre_or_width_makes_no_window() {
    assert!(windows(&window(row16(&[0]), "", "400")).is_empty());
    assert!(windows(&window(row16(&[0]), "40", "")).is_empty());
    let second = windows(&window(row16(&[0]), "\\50", "400\\300"));
    assert_eq!(
        second.iter().map(|w| (w.center, w.width)).collect::<Vec<_>>(),
        [(50., 300.)]
    );
}

#[test]
fn explanations_stay_with_their_windows_when_one_is_left_out() {
    let data =
        window(row16(&[0]), "40\\50", "0\\300").text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, "LO", "A\\B");
    let all = windows(&data);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].explanation.as_deref(), Some("B"));
}

#[test]
fn a_width_of_zero_or_less_makes_no_window() {
    assert!(windows(&window(row16(&[0]), "40", "0")).is_empty());
    assert!(windows(&window(row16(&[0]), "40", "-5")).is_empty());
}

#[test]
fn linear_is_the_default_with_its_half_and_one() {
    // C 10, W 5: c - 0.5 = 9.5, w - 1 = 4: black up to 7.5, white above 11.5, (x - 9.5) / 4 + 0.5 between.
    // 8: 0.125 x 255 = 31.9; 9: 0.375 = 95.6; 10: 0.625 = 159.4; 11: 0.875 = 223.1.
    assert_eq!(
        shown(&window(row8(&[7, 8, 9, 10, 11, 12]), "10", "5")),
        [0, 32, 96, 159, 223, 255]
    );
}

#[test]
fn linear_of_width_one_is_a_threshold() {
    assert_eq!(shown(&window(row8(&[9, 10, 11]), "10", "1")), [0, 255, 255]);
}

#[test]
fn linear_spans_a_whole_range_of_bits() {
    assert_eq!(
        shown(&window(row8(&[0, 1, 127, 128, 254, 255]), "128", "256")),
        [0, 1, 127, 128, 254, 255]
    );
}

#[test]
fn linear_exact_has_no_half_and_no_one() {
    // C 10, W 4: black up to 8, white above 12: 9: 0.25 x 255 = 63.75; 10: 127.5; 11: 191.25; 12: 255.
    let data =
        window(row8(&[8, 9, 10, 11, 12, 13]), "10", "4").text(tags::VOILUT_FUNCTION, "CS", "LINEAR_EXACT");
    assert_eq!(shown(&data), [0, 64, 128, 191, 255, 255]);
}

#[test]
fn sigmoid_is_the_logistic_curve_and_never_clips() {
    // C 10, W 4: 255 / (1 + exp(-(x - 10))): 6: 4.59; 9: 68.58; 10: 127.5; 11: 186.42; 14: 250.41.
    let data = window(row8(&[6, 9, 10, 11, 14]), "10", "4").text(tags::VOILUT_FUNCTION, "CS", "SIGMOID");
    assert_eq!(shown(&data), [5, 69, 128, 186, 250]);
}

#[test]
fn an_unknown_function_is_linear() {
    let data = window(row16(&[0]), "10", "5").text(tags::VOILUT_FUNCTION, "CS", "CUBIC");
    assert_eq!(windows(&data)[0].function, VoiFunction::Linear);
}

#[test]
fn a_width_below_one_can_only_mean_linear_exact() {
    // C 0.5, W 0.5 over values 0, 0.375, 0.625, 1: black up to 0.25, white above 0.75.
    let data = window(row8(&[0, 3, 5, 8]), "0.5", "0.5")
        .text(tags::RESCALE_SLOPE, "DS", "0.125")
        .text(tags::RESCALE_INTERCEPT, "DS", "0");
    assert_eq!(shown(&data), [0, 64, 191, 255]);
}

#[test]
fn a_window_applies_to_modality_values() {
    let data = window(row16(&[1024, 1064, 1304]), "40", "400")
        .text(tags::RESCALE_SLOPE, "DS", "1")
        .text(tags::RESCALE_INTERCEPT, "DS", "-1024");
    // 0: (0 - 39.5) / 399 + 0.5 = 0.4010; 40: 0.50125; 280 is above 239.
    assert_eq!(shown(&data), [102, 128, 255]);
}

#[test]
fn without_a_window_the_values_themselves_make_one() {
    assert_eq!(shown(&row8(&[10, 20, 30])), [0, 128, 255]);
}

#[test]
fn a_voi_lut_maps_clamps_and_scales_by_its_bits() {
    let data = row8(&[0, 10, 11, 12, 99]).items(
        tags::VOILUT_SEQUENCE,
        vec![table([3, 10, 12], &[0, 2048, 4095], "A")],
    );
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        let frame = frame(&File::new(syntax).around(&data), 1).expect("decodes");
        assert_eq!(
            display_values(&frame, &default_voi(&frame)),
            [0, 0, 128, 255, 255],
            "{syntax}"
        );
    }
}

#[test]
fn every_item_of_the_voi_lut_sequence_is_offered() {
    let items = vec![
        table([2, 0, 8], &[0, 255], "NORMAL"),
        table([2, 0, 8], &[255, 0], "INVERTED"),
    ];
    let data = row8(&[0, 1]).items(tags::VOILUT_SEQUENCE, items);
    let told: Vec<_> = attributes(&data)
        .voi_luts()
        .map(|l| l.explanation.clone())
        .collect();
    assert_eq!(told, [Some("NORMAL".to_owned()), Some("INVERTED".to_owned())]);
    assert_eq!(shown_by(&data, 0), [0, 255]);
    assert_eq!(shown_by(&data, 1), [255, 0]);
}

#[test]
fn windows_stand_before_tables_and_both_are_offered() {
    let data =
        window(row8(&[0, 1]), "1", "2").items(tags::VOILUT_SEQUENCE, vec![table([2, 0, 8], &[255, 0], "L")]);
    assert_eq!(attributes(&data).vois.len(), 2);
    assert_eq!(shown_by(&data, 0), [0, 255]);
    assert_eq!(shown_by(&data, 1), [255, 0]);
}

#[test]
fn entries_of_eight_bits_may_share_words() {
    let data = row8(&[0, 1, 2, 3]).items(
        tags::VOILUT_SEQUENCE,
        vec![table([4, 0, 8], &[0x4000, 0xFF80], "P")],
    );
    assert_eq!(shown(&data), [0, 0x40, 0x80, 0xFF]);
}

#[test]
fn entries_may_be_numbers_of_us() {
    let item = table([2, 0, 8], &[], "U").us(tags::LUT_DATA, &[17, 34]);
    assert_eq!(
        shown(&row8(&[0, 1]).items(tags::VOILUT_SEQUENCE, vec![item])),
        [17, 34]
    );
}

#[test]
fn a_first_value_below_zero_belongs_to_signed_input() {
    // Stored values are signed.
    let signed = stored(row16(&[0xFFFF, 0]), 16, 15, true);
    let data = signed.items(tags::VOILUT_SEQUENCE, vec![table([2, 0xFFFF, 8], &[10, 20], "S")]);
    assert_eq!(shown(&data), [10, 20]);
    // They are not, but the rescale reaches below zero.
    let rescaled = row16(&[1023, 1024])
        .text(tags::RESCALE_SLOPE, "DS", "1")
        .text(tags::RESCALE_INTERCEPT, "DS", "-1024")
        .items(tags::VOILUT_SEQUENCE, vec![table([2, 0xFFFF, 8], &[10, 20], "S")]);
    assert_eq!(shown(&rescaled), [10, 20]);
}

#[test]
fn a_first_value_beyond_half_belongs_to_unsigned_input() {
    let data =
        row16(&[0, 60_000, 60_001]).items(tags::VOILUT_SEQUENCE, vec![table([2, 60_000, 8], &[10, 20], "U")]);
    assert_eq!(shown(&data), [10, 10, 20]);
}

#[test]
fn a_table_said_to_have_sixteen_bits_that_fills_twelve_has_twelve() {
    // Otherwise the picture would be black: a common mistake of CR and DX writers.
    let data = row8(&[0, 1, 2]).items(
        tags::VOILUT_SEQUENCE,
        vec![table([3, 0, 16], &[0, 2048, 4095], "A")],
    );
    assert_eq!(shown(&data), [0, 128, 255]);
}

#[test]
fn a_table_too_short_for_its_count_is_left_out() {
    let data =
        window(row8(&[0, 1]), "1", "2").items(tags::VOILUT_SEQUENCE, vec![table([9, 0, 16], &[1], "X")]);
    assert_eq!(attributes(&data).vois.len(), 1);
}

#[test]
fn each_frame_has_windows_of_its_own() {
    let group = |center: &str| {
        Data::new().items(
            tags::FRAME_VOILUT_SEQUENCE,
            vec![window(Data::new(), center, "100")],
        )
    };
    let data = row16(&[1])
        .text(tags::NUMBER_OF_FRAMES, "IS", "2")
        .words(crate::PIXELS, "OW", &[1, 1])
        .items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![group("5")])
        .items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![Data::new(), group("7")],
        );
    let header = crate::header(&explicit(&data)).expect("an image");
    let center = |n| match &header.attributes(n).expect("there").vois[0] {
        Voi::Window(window) => window.center,
        Voi::Lut(_) => f64::NAN,
    };
    assert_eq!((center(1), center(2)), (5., 7.));
}

#[test]
fn colour_has_no_window() {
    let data = window(crate::colour(1, 1, "RGB", &[1, 2, 3]), "10", "20");
    assert!(attributes(&data).vois.is_empty());
}

#[test]
fn padding_is_black_whatever_the_inversion() {
    let data = window(row8(&[0, 100, 255]), "128", "256").us(tags::PIXEL_PADDING_VALUE, &[255]);
    assert_eq!(shown(&data), [0, 100, 0]);
    let inverted = data.text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME1");
    assert_eq!(shown(&inverted), [255, 155, 0]);
}

#[test]
fn a_padding_range_includes_both_ends_in_either_order() {
    let data = row8(&[0]).us(tags::PIXEL_PADDING_VALUE, &[10]);
    assert_eq!(attributes(&data).padding, Some(Padding { low: 10, high: 10 }));
    let range = data.us(tags::PIXEL_PADDING_RANGE_LIMIT, &[2]);
    assert_eq!(attributes(&range).padding, Some(Padding { low: 2, high: 10 }));
}

#[test]
fn padding_of_signed_pixels_is_signed_whatever_its_representation() {
    let signed = stored(row16(&[0]), 16, 15, true);
    // 63536 as US is -2000.
    let us = signed.clone().us(tags::PIXEL_PADDING_VALUE, &[63_536]);
    assert_eq!(
        attributes(&us).padding,
        Some(Padding {
            low: -2000,
            high: -2000
        })
    );
    let ss = signed.ss(tags::PIXEL_PADDING_VALUE, &[-2000]);
    assert_eq!(
        attributes(&ss).padding,
        Some(Padding {
            low: -2000,
            high: -2000
        })
    );
}

#[test]
fn padding_of_unsigned_pixels_is_unsigned_whatever_its_representation() {
    // -1 as SS is 65535.
    let data = row16(&[0]).ss(tags::PIXEL_PADDING_VALUE, &[-1]);
    assert_eq!(
        attributes(&data).padding,
        Some(Padding {
            low: 65_535,
            high: 65_535
        })
    );
}

#[test]
fn padding_takes_no_part_in_the_window_that_values_make() {
    let data = row8(&[10, 20, 30, 255]).us(tags::PIXEL_PADDING_VALUE, &[255]);
    assert_eq!(shown(&data), [0, 128, 255, 0]);
}

#[test]
fn padding_without_a_value_is_none() {
    assert_eq!(
        attributes(&row8(&[0]).us(tags::PIXEL_PADDING_RANGE_LIMIT, &[2])).padding,
        None
    );
}
