//! Order and shape of stacks from positions (PS3.3 C.7.6.2.1.1): by projection on the normal, never by number.

use std::path::PathBuf;

use dicom_dictionary_std::tags;
use overread_dicom::index::{DisplaySet, Index};
use overread_dicom::{ImageHeader, dataset};

use crate::row16;
use crate::write::{Data, explicit};

const AXIAL: [f64; 6] = [1., 0., 0., 0., 1., 0.];
const PRONE: [f64; 6] = [-1., 0., 0., 0., -1., 0.];
const SAGITTAL: [f64; 6] = [0., 1., 0., 0., 0., -1.];

fn numbers(values: &[f64]) -> String {
    values.iter().map(f64::to_string).collect::<Vec<_>>().join("\\")
}

fn slice(number: i32, orientation: [f64; 6], position: [f64; 3]) -> Data {
    row16(&[1, 2])
        .text(tags::SOP_INSTANCE_UID, "UI", &format!("2.25.7.{number}"))
        .text(tags::SOP_CLASS_UID, "UI", "1.2.840.10008.5.1.4.1.1.2")
        .text(tags::MODALITY, "CS", "CT")
        .text(tags::IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\AXIAL")
        .text(tags::FRAME_OF_REFERENCE_UID, "UI", "2.25.10")
        .text(tags::INSTANCE_NUMBER, "IS", &number.to_string())
        .text(tags::IMAGE_ORIENTATION_PATIENT, "DS", &numbers(&orientation))
        .text(tags::IMAGE_POSITION_PATIENT, "DS", &numbers(&position))
        .text(tags::PIXEL_SPACING, "DS", "1\\1")
}

fn axial(number: i32, z: f64) -> Data {
    slice(number, AXIAL, [0., 0., z])
}

fn sets(slices: &[Data]) -> Vec<DisplaySet> {
    let mut index = Index::default();
    for (i, data) in slices.iter().enumerate() {
        let file = crate::open(&explicit(data)).expect("opens");
        let path = PathBuf::from(format!("{i}"));
        assert!(
            index.add(ImageHeader::read(&path, &file).expect("an image")),
            "{i} is no copy"
        );
    }
    index.display_sets(None)
}

fn one(slices: &[Data]) -> DisplaySet {
    let mut all = sets(slices);
    assert_eq!(
        all.len(),
        1,
        "{:?}",
        all.iter().map(|s| &s.description).collect::<Vec<_>>()
    );
    all.remove(0)
}

fn order(set: &DisplaySet) -> Vec<i64> {
    set.frames
        .iter()
        .filter_map(|f| f.header.instance_number)
        .collect()
}

fn spacing(set: &DisplaySet) -> f64 {
    set.arrangement
        .as_ref()
        .and_then(|a| a.spacing)
        .expect("a spacing")
}

#[test]
fn slices_stand_by_their_place_along_the_normal_not_by_number() {
    let set = one(&[axial(1, 20.), axial(2, 0.), axial(3, 10.)]);
    assert_eq!(order(&set), [2, 3, 1]);
    assert_eq!(spacing(&set), 10.);
    assert!(set.is_volume());
}

#[test]
fn the_order_of_files_changes_nothing() {
    let (a, b, c) = (axial(1, 20.), axial(2, 0.), axial(3, 10.));
    let first = one(&[a.clone(), b.clone(), c.clone()]);
    let second = one(&[c, a, b]);
    assert_eq!((order(&first), first.id), (order(&second), second.id));
}

#[test]
fn the_normal_is_row_times_column_whichever_way_the_patient_lies() {
    // Prone: row (-1, 0, 0) x column (0, -1, 0) is (0, 0, 1) again.
    let set = one(&[
        slice(1, PRONE, [0., 0., 10.]),
        slice(2, PRONE, [0., 0., 0.]),
        slice(3, PRONE, [0., 0., 5.]),
    ]);
    assert_eq!(order(&set), [2, 3, 1]);
    // Feet first, the row to the right: the normal points to the feet.
    let turned = [-1., 0., 0., 0., 1., 0.];
    let set = one(&[
        slice(1, turned, [0., 0., 10.]),
        slice(2, turned, [0., 0., 0.]),
        slice(3, turned, [0., 0., 5.]),
    ]);
    assert_eq!(order(&set), [1, 3, 2]);
}

#[test]
fn sagittal_slices_stand_from_left_to_right_of_their_normal() {
    // Row (0, 1, 0) x column (0, 0, -1) is (-1, 0, 0): from the patient's left to the right.
    let set = one(&[
        slice(1, SAGITTAL, [-5., 0., 0.]),
        slice(2, SAGITTAL, [5., 0., 0.]),
        slice(3, SAGITTAL, [0., 0., 0.]),
    ]);
    assert_eq!(order(&set), [2, 3, 1]);
    assert_eq!(spacing(&set), 5.);
}

#[test]
fn oblique_slices_are_measured_along_their_normal() {
    // Columns turned by 45 degrees about x: the normal is (0, -1, 1) / root 2.
    let h = 0.5_f64.sqrt();
    let oblique = [1., 0., 0., 0., h, h];
    let at = |number: i32, steps: f64| slice(number, oblique, [0., -h * steps * 3., h * steps * 3.]);
    let set = one(&[at(1, 2.), at(2, 0.), at(3, 1.)]);
    assert_eq!(order(&set), [2, 3, 1]);
    assert!((spacing(&set) - 3.).abs() < 1e-9);
    assert_eq!(set.arrangement.as_ref().map(|a| a.tilt), Some(0.));
}

#[test]
fn slice_thickness_and_location_are_no_spacing() {
    let with = |data: Data, location: &str| {
        data.text(tags::SLICE_THICKNESS, "DS", "7")
            .text(tags::SLICE_LOCATION, "DS", location)
    };
    let set = one(&[
        with(axial(1, 0.), "30"),
        with(axial(2, 2.), "20"),
        with(axial(3, 4.), "10"),
    ]);
    assert_eq!(order(&set), [1, 2, 3]);
    assert_eq!(spacing(&set), 2.);
}

#[test]
fn a_gap_is_named_with_what_is_missing_and_makes_no_volume() {
    let set = one(&[
        axial(1, 0.),
        axial(2, 1.),
        axial(3, 2.),
        axial(4, 5.),
        axial(5, 6.),
    ]);
    let arrangement = set.arrangement.as_ref().expect("positions");
    assert_eq!(
        arrangement
            .gaps
            .iter()
            .map(|g| (g.after, g.missing))
            .collect::<Vec<_>>(),
        [(2, 2)]
    );
    assert!(!set.is_volume());
    assert!(
        set.warnings
            .iter()
            .any(|w| w.contains("gap after slice 3: 2 missing")),
        "{:?}",
        set.warnings
    );
}

#[test]
fn uneven_spacing_makes_no_volume() {
    let set = one(&[axial(1, 0.), axial(2, 1.), axial(3, 2.3), axial(4, 3.3)]);
    assert!(!set.is_volume());
    assert!(
        set.warnings
            .iter()
            .any(|w| w.contains("uneven spacing, 1.00 to 1.30 mm")),
        "{:?}",
        set.warnings
    );
}

#[test]
fn positions_that_jitter_by_a_hundredth_of_a_millimetre_are_even() {
    let set = one(&[axial(1, 0.), axial(2, 1.004), axial(3, 1.998), axial(4, 3.001)]);
    assert!(set.is_volume(), "{:?}", set.warnings);
}

#[test]
fn slices_that_share_a_place_are_counted() {
    let set = one(&[axial(1, 0.), axial(2, 1.), axial(3, 1.), axial(4, 2.)]);
    assert_eq!(set.arrangement.as_ref().map(|a| a.duplicates), Some(1));
    assert!(!set.is_volume());
    assert!(
        set.warnings
            .iter()
            .any(|w| w.contains("1 slices share their place")),
        "{:?}",
        set.warnings
    );
}

#[test]
fn a_tilted_gantry_is_measured_from_the_positions_alone() {
    // Each slice 1 mm along the normal shifts by tan(20 degrees) in y; the header's own number says otherwise.
    let shift = 20_f64.to_radians().tan();
    let slices: Vec<Data> = (0..5)
        .map(|i| {
            let z = f64::from(i);
            slice(i + 1, AXIAL, [0., z * shift, z]).text(tags::GANTRY_DETECTOR_TILT, "DS", "-7")
        })
        .collect();
    let set = one(&slices);
    let arrangement = set.arrangement.as_ref().expect("positions");
    assert!((arrangement.tilt - 20.).abs() < 1e-3, "{}", arrangement.tilt);
    assert!((arrangement.spacing.expect("a spacing") - 1.).abs() < 1e-9);
    assert!(set.is_volume());
    assert!(
        set.warnings.iter().any(|w| w.contains("tilt of 20.0 degrees")),
        "{:?}",
        set.warnings
    );
}

#[test]
fn slices_off_one_line_make_no_volume() {
    let set = one(&[
        slice(1, AXIAL, [0., 0., 0.]),
        slice(2, AXIAL, [9., 0., 1.]),
        slice(3, AXIAL, [0., 0., 2.]),
    ]);
    assert!(!set.is_volume());
}

#[test]
fn other_orientations_stand_apart() {
    let all = sets(&[
        axial(1, 0.),
        axial(2, 1.),
        slice(3, SAGITTAL, [0., 0., 0.]),
        slice(4, SAGITTAL, [1., 0., 0.]),
    ]);
    let mut counts: Vec<usize> = all.iter().map(|s| s.frames.len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [2, 2]);
}

#[test]
fn a_localizer_stands_apart() {
    let scout = axial(1, 7.).text(tags::IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER");
    assert_eq!(sets(&[scout, axial(2, 0.), axial(3, 1.)]).len(), 2);
}

#[test]
fn directions_that_are_not_square_make_no_plane() {
    let set = one(&[slice(1, [1., 0., 0., 0.5, 1., 0.], [0., 0., 0.])]);
    assert!(set.arrangement.is_none());
}

#[test]
fn directions_are_made_unit_length() {
    let set = one(&[slice(1, [2., 0., 0., 0., 3., 0.], [1., 2., 3.])]);
    let plane = set.first().plane().expect("a plane");
    assert_eq!(plane.row_direction.to_array(), [1., 0., 0.]);
    assert_eq!(plane.position.to_array(), [1., 2., 3.]);
}

#[test]
fn without_positions_the_instance_number_orders() {
    let bare = |number: i32| axial(number, 0.).without(tags::IMAGE_POSITION_PATIENT);
    let set = one(&[bare(3), bare(1), bare(2)]);
    assert_eq!(order(&set), [1, 2, 3]);
    assert!(!set.is_volume());
}

#[test]
fn pixel_spacing_is_that_of_rows_first() {
    let set = one(&[axial(1, 0.).text(tags::PIXEL_SPACING, "DS", "2\\0.5")]);
    let attributes = set.first().header.attributes(1).expect("one");
    assert_eq!(attributes.spacing.mm, Some([2., 0.5]));
    assert!((attributes.spacing.aspect - 4.).abs() < 1e-12);
}

#[test]
fn a_spacing_of_zero_or_less_is_none() {
    for text in ["0\\0", "-1\\1", "1", "abc\\1"] {
        let set = one(&[axial(1, 0.).text(tags::PIXEL_SPACING, "DS", text)]);
        assert_eq!(
            set.first().header.attributes(1).expect("one").spacing.mm,
            None,
            "{text}"
        );
    }
}

#[test]
fn frames_take_their_places_from_their_own_groups() {
    let group = |z: &str| {
        Data::new().items(
            tags::PLANE_POSITION_SEQUENCE,
            vec![Data::new().text(tags::IMAGE_POSITION_PATIENT, "DS", &format!("0\\0\\{z}"))],
        )
    };
    let shared = Data::new()
        .items(
            tags::PLANE_ORIENTATION_SEQUENCE,
            vec![Data::new().text(tags::IMAGE_ORIENTATION_PATIENT, "DS", &numbers(&AXIAL))],
        )
        .items(
            tags::PIXEL_MEASURES_SEQUENCE,
            vec![Data::new().text(tags::PIXEL_SPACING, "DS", "1\\1")],
        );
    let data = row16(&[1])
        .text(tags::NUMBER_OF_FRAMES, "IS", "3")
        .words(crate::PIXELS, "OW", &[1, 2, 3])
        .items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared])
        .items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![group("4"), group("0"), group("2")],
        );
    let set = one(std::slice::from_ref(&data));
    assert_eq!(set.frames.iter().map(|f| f.frame).collect::<Vec<_>>(), [2, 3, 1]);
    assert_eq!(spacing(&set), 2.);
    let file = crate::open(&explicit(&data)).expect("opens");
    assert_eq!(dataset::integer(&file.dataset, tags::NUMBER_OF_FRAMES), Some(3));
}

#[test]
fn a_further_copy_of_an_instance_is_left_out() {
    let mut index = Index::default();
    for path in ["a", "b"] {
        let file = crate::open(&explicit(&axial(1, 0.))).expect("opens");
        index.add(ImageHeader::read(&PathBuf::from(path), &file).expect("an image"));
    }
    let sets = index.display_sets(None);
    assert_eq!(sets[0].frames.len(), 1);
    assert!(
        sets[0].warnings.iter().any(|w| w.contains("further copies")),
        "{:?}",
        sets[0].warnings
    );
}
