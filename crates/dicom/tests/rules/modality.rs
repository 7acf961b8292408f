//! Stored to modality values (PS3.3 C.11.1, C.7.6.16.2.9): slopes, tables, per frame, units.

use dicom_dictionary_std::tags;
use overread_imaging::modality::{ModalityTransform, Unit};

use crate::write::{BIG, Data, EXPLICIT, File, IMPLICIT, explicit};
use crate::{attributes, frame, header, row8, row16, stored};

fn rescale(data: Data, slope: &str, intercept: &str) -> Data {
    data.text(tags::RESCALE_SLOPE, "DS", slope)
        .text(tags::RESCALE_INTERCEPT, "DS", intercept)
}

fn modality_values(bytes: &[u8], number: u32) -> Vec<f64> {
    let frame = frame(bytes, number).expect("decodes");
    (0..frame.attributes.columns)
        .map(|column| frame.modality_value(0, column).expect("inside"))
        .collect()
}

fn values(data: &Data) -> Vec<f64> {
    modality_values(&explicit(data), 1)
}

/// A Modality LUT item.
pub(crate) fn table(descriptor: [u16; 3], words: &[u16]) -> Data {
    Data::new()
        .us(tags::LUT_DESCRIPTOR, &descriptor)
        .words(tags::LUT_DATA, "OW", words)
        .text(tags::MODALITY_LUT_TYPE, "LO", "OD")
}

#[test]
fn without_rescale_or_table_values_are_those_stored() {
    assert_eq!(attributes(&row16(&[7])).modality, ModalityTransform::Identity);
    assert_eq!(values(&row16(&[7, 65535])), [7., 65535.]);
}

#[test]
fn value_times_slope_plus_intercept() {
    assert_eq!(
        values(&rescale(row16(&[0, 1024, 4095]), "1", "-1024")),
        [-1024., 0., 3071.]
    );
}

#[test]
fn a_slope_may_be_negative() {
    assert_eq!(values(&rescale(row16(&[0, 10]), "-2", "5")), [5., -15.]);
}

#[test]
fn a_slope_may_be_a_fraction() {
    assert_eq!(values(&rescale(row16(&[0, 3]), "0.25", "-.5")), [-0.5, 0.25]);
    assert_eq!(values(&rescale(row16(&[2]), "1.5E-3", "0")), [0.003]);
}

#[test]
fn a_slope_of_zero_says_nothing() {
    assert_eq!(values(&rescale(row16(&[3, 4]), "0", "10")), [13., 14.]);
}

#[test]
fn slope_or_intercept_alone_is_enough() {
    let slope = row16(&[3]).text(tags::RESCALE_SLOPE, "DS", "2");
    assert_eq!(values(&slope), [6.]);
    let intercept = row16(&[3]).text(tags::RESCALE_INTERCEPT, "DS", "-2");
    assert_eq!(values(&intercept), [1.]);
}

#[test]
fn numbers_that_are_none_are_left_out() {
    assert_eq!(values(&rescale(row16(&[3]), "NaN", "abc")), [3.]);
    assert_eq!(values(&rescale(row16(&[3]), "", "")), [3.]);
}

#[test]
fn a_modality_lut_maps_and_clamps() {
    let data = row8(&[0, 10, 11, 12, 200]).items(
        tags::MODALITY_LUT_SEQUENCE,
        vec![table([3, 10, 16], &[100, 50, 900])],
    );
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        let bytes = File::new(syntax).around(&data);
        assert_eq!(
            modality_values(&bytes, 1),
            [100., 100., 50., 900., 900.],
            "{syntax}"
        );
    }
}

#[test]
fn a_modality_luts_first_value_is_signed_where_the_pixels_are() {
    let pixels = stored(row16(&[0xFFFE, 0xFFFF, 0]), 16, 15, true);
    let data = pixels.items(
        tags::MODALITY_LUT_SEQUENCE,
        vec![table([3, 0xFFFE, 16], &[7, 8, 9])],
    );
    assert_eq!(values(&data), [7., 8., 9.]);
}

#[test]
fn a_modality_lut_goes_before_a_rescale_that_should_not_be_there() {
    let data =
        rescale(row8(&[1]), "2", "100").items(tags::MODALITY_LUT_SEQUENCE, vec![table([2, 0, 16], &[5, 6])]);
    assert_eq!(values(&data), [6.]);
}

#[test]
fn a_modality_lut_of_no_entries_has_sixty_five_thousand_five_hundred_and_thirty_six() {
    let words: Vec<u16> = (0..=u16::MAX).rev().collect();
    let data = row16(&[0, 65535]).items(tags::MODALITY_LUT_SEQUENCE, vec![table([0, 0, 16], &words)]);
    assert_eq!(values(&data), [65535., 0.]);
}

#[test]
fn a_modality_lut_that_is_too_short_gives_way_to_the_rescale() {
    let data =
        rescale(row8(&[1]), "2", "100").items(tags::MODALITY_LUT_SEQUENCE, vec![table([9, 0, 16], &[5])]);
    assert_eq!(values(&data), [102.]);
}

fn transformation(slope: &str, intercept: &str) -> Data {
    let item = rescale(Data::new(), slope, intercept).text(tags::RESCALE_TYPE, "LO", "HU");
    Data::new().items(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![item])
}

fn two_frames() -> Data {
    row16(&[1])
        .text(tags::NUMBER_OF_FRAMES, "IS", "2")
        .words(crate::PIXELS, "OW", &[1, 1])
}

#[test]
fn each_frame_has_a_slope_of_its_own() {
    let own = vec![transformation("2", "0"), transformation("3", "-1")];
    let bytes = explicit(&two_frames().items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, own));
    assert_eq!(modality_values(&bytes, 1), [2.]);
    assert_eq!(modality_values(&bytes, 2), [2.]);
    assert_eq!(
        header(&bytes)
            .expect("an image")
            .attributes(2)
            .expect("two")
            .modality,
        ModalityTransform::Rescale {
            slope: 3.0,
            intercept: -1.0
        }
    );
}

#[test]
fn shared_groups_hold_for_all_frames() {
    let bytes = explicit(&two_frames().items(
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![transformation("5", "0")],
    ));
    assert_eq!(modality_values(&bytes, 2), [5.]);
}

#[test]
fn a_frames_own_group_goes_before_the_shared_one() {
    let data = two_frames()
        .items(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![transformation("5", "0")],
        )
        .items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![Data::new(), transformation("7", "0")],
        );
    let bytes = explicit(&data);
    assert_eq!(modality_values(&bytes, 1), [5.]);
    assert_eq!(modality_values(&bytes, 2), [7.]);
}

#[test]
fn fewer_groups_than_frames_are_named_and_the_rest_takes_the_shared_ones() {
    let data = two_frames()
        .items(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![transformation("5", "0")],
        )
        .items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![transformation("7", "0")],
        );
    let header = header(&explicit(&data)).expect("an image");
    assert!(
        header.warnings.iter().any(|w| w.contains("1 functional groups")),
        "{:?}",
        header.warnings
    );
    assert_eq!(modality_values(&explicit(&data), 2), [5.]);
}

#[test]
fn each_slice_of_a_pet_has_a_slope_of_its_own() {
    let slice = |slope: &str| {
        rescale(row16(&[100]), slope, "0")
            .text(tags::MODALITY, "CS", "PT")
            .text(tags::UNITS, "CS", "BQML")
    };
    assert_eq!(values(&slice("1.5")), [150.]);
    assert_eq!(values(&slice("0.125")), [12.5]);
}

#[test]
fn the_unit_of_a_pet_is_its_units() {
    let data = |units: &str| {
        row16(&[1])
            .text(tags::MODALITY, "CS", "PT")
            .text(tags::UNITS, "CS", units)
    };
    assert_eq!(attributes(&data("BQML")).unit, Unit::BecquerelPerMl);
    assert_eq!(attributes(&data("CNTS")).unit, Unit::Named("CNTS".to_owned()));
}

fn ct(kind: &str) -> Data {
    row16(&[1])
        .text(tags::MODALITY, "CS", "CT")
        .text(tags::IMAGE_TYPE, "CS", kind)
}

#[test]
fn an_original_ct_with_a_rescale_is_in_hounsfield_units() {
    assert_eq!(
        attributes(&rescale(ct("ORIGINAL\\PRIMARY\\AXIAL"), "1", "-1024")).unit,
        Unit::Hounsfield
    );
}

#[test]
fn a_ct_without_rescale_is_in_no_unit() {
    assert_eq!(
        attributes(&ct("ORIGINAL\\PRIMARY\\AXIAL")).unit,
        Unit::Unspecified
    );
}

#[test]
fn a_derived_ct_is_in_hounsfield_units_only_when_it_says_so() {
    let derived = rescale(ct("DERIVED\\SECONDARY\\MPR"), "1", "-1024");
    assert_eq!(attributes(&derived).unit, Unit::Unspecified);
    assert_eq!(
        attributes(&derived.text(tags::RESCALE_TYPE, "LO", "HU")).unit,
        Unit::Hounsfield
    );
}

#[test]
fn rescale_type_is_taken_as_it_is_written() {
    let kind = |word: &str| {
        attributes(&rescale(ct("ORIGINAL\\PRIMARY"), "1", "0").text(tags::RESCALE_TYPE, "LO", word)).unit
    };
    assert_eq!(kind("US"), Unit::Unspecified);
    assert_eq!(kind("MGML"), Unit::Named("MGML".to_owned()));
    assert_eq!(kind("HU "), Unit::Hounsfield);
}

#[test]
fn the_type_of_a_modality_lut_is_its_unit() {
    let data = row8(&[1]).items(tags::MODALITY_LUT_SEQUENCE, vec![table([2, 0, 16], &[5, 6])]);
    assert_eq!(attributes(&data).unit, Unit::Named("OD".to_owned()));
}
