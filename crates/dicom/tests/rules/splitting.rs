//! A series split into display sets: what scrolls together, what it is called, what it is known by.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use overread_dicom::{DisplaySet, Index};

use crate::write::{Data, File, IMPLICIT, Value, explicit};
use crate::{PIXELS, grey, header};

/// An axial slice of 2 x 2 px at a height, mm.
pub(crate) fn slice(instance: usize, z: f64) -> Data {
    grey(2, 2, 16)
        .text(tags::SOP_INSTANCE_UID, "UI", &format!("2.25.7.{instance}"))
        .text(tags::MODALITY, "CS", "MR")
        .text(tags::INSTANCE_NUMBER, "IS", &instance.to_string())
        .text(tags::IMAGE_POSITION_PATIENT, "DS", &format!("0\\0\\{z}"))
        .text(tags::IMAGE_ORIENTATION_PATIENT, "DS", "1\\0\\0\\0\\1\\0")
        .text(tags::PIXEL_SPACING, "DS", "1\\1")
        .words(PIXELS, "OW", &[0; 4])
}

pub(crate) fn sets(slices: &[Data]) -> Vec<DisplaySet> {
    let mut index = Index::default();
    for (k, slice) in slices.iter().enumerate() {
        let mut header = header(&explicit(slice)).expect("an image");
        header.path = Path::new(&format!("made/{k}")).to_owned();
        assert!(index.add(header), "no copies");
    }
    index.display_sets(None)
}

fn names(sets: &[DisplaySet]) -> Vec<&str> {
    sets.iter().map(|set| set.description.as_str()).collect()
}

fn heights(set: &DisplaySet) -> Vec<f64> {
    set.frames
        .iter()
        .map(|f| f.plane().expect("a plane").position.z)
        .collect()
}

fn instances(set: &DisplaySet) -> Vec<i64> {
    set.frames
        .iter()
        .map(|f| f.header.instance_number.expect("a number"))
        .collect()
}

/// Three places, passed over once for each value of an attribute; instance numbers run through the values first.
fn passes(tag: Tag, vr: &str, values: &[&str]) -> Vec<Data> {
    let mut all = Vec::new();
    for z in 0..3 {
        for value in values {
            let instance = all.len() + 1;
            all.push(slice(instance, f64::from(z)).text(tag, vr, value));
        }
    }
    all
}

#[test]
fn time_points_become_display_sets_with_their_names() {
    let sets = sets(&passes(tags::TEMPORAL_POSITION_IDENTIFIER, "IS", &["1", "2"]));
    assert_eq!(names(&sets), ["MR, time 1 of 2", "MR, time 2 of 2"]);
    assert_eq!(instances(&sets[0]), [1, 3, 5]);
    assert_eq!(instances(&sets[1]), [2, 4, 6]);
    assert!(sets.iter().all(DisplaySet::is_volume));
}

#[test]
fn whatever_sets_passes_apart_names_them() {
    let cases: [(Tag, &str, [&str; 2], [&str; 2]); 8] = [
        (
            tags::CONVOLUTION_KERNEL,
            "SH",
            ["B30f", "B60f"],
            ["kernel B30f", "kernel B60f"],
        ),
        (tags::KVP, "DS", ["80", "140"], ["80 kV", "140 kV"]),
        (
            tags::TRIGGER_TIME,
            "DS",
            ["0", "33.5"],
            ["trigger 0 ms", "trigger 33.5 ms"],
        ),
        (tags::ECHO_NUMBERS, "IS", ["1", "2"], ["echo 1", "echo 2"]),
        (
            tags::INVERSION_TIME,
            "DS",
            ["100", "800"],
            ["TI 100 ms", "TI 800 ms"],
        ),
        (
            tags::FLIP_ANGLE,
            "DS",
            ["5", "15"],
            ["flip angle 5°", "flip angle 15°"],
        ),
        (
            tags::ACQUISITION_NUMBER,
            "IS",
            ["3", "4"],
            ["acquisition 3", "acquisition 4"],
        ),
        (tags::ECHO_TIME, "DS", ["10", "30"], ["TE 10 ms", "TE 30 ms"]),
    ];
    for (tag, vr, values, wanted) in cases {
        let found = sets(&passes(tag, vr, &values));
        let wanted: Vec<String> = wanted.iter().map(|name| format!("MR, {name}")).collect();
        assert_eq!(names(&found), wanted, "{tag}");
        assert!(found.iter().all(|set| heights(set) == [0.0, 1.0, 2.0]), "{tag}");
    }
}

#[test]
fn diffusion_directions_and_b_values_are_apart() {
    let mut all = Vec::new();
    for z in 0..2 {
        for (b, direction) in [
            (0.0, None),
            (1000.0, Some([1.0, 0.0, 0.0])),
            (1000.0, Some([0.0, 1.0, 0.0])),
        ] {
            let double = |v: &[f64]| Value::Bytes(v.iter().flat_map(|v| v.to_le_bytes()).collect());
            let mut data =
                slice(all.len() + 1, f64::from(z)).put(tags::DIFFUSION_B_VALUE, "FD", double(&[b]));
            if let Some(direction) = direction {
                data = data.put(tags::DIFFUSION_GRADIENT_ORIENTATION, "FD", double(&direction));
            }
            all.push(data);
        }
    }
    let sets = sets(&all);
    assert_eq!(
        names(&sets),
        [
            "MR, b 0",
            "MR, b 1000, direction 1 of 2",
            "MR, b 1000, direction 2 of 2"
        ]
    );
}

#[test]
fn b_values_are_found_where_vendors_keep_them() {
    let ge = |b: &str| {
        slice(1, 0.0)
            .text(Tag(0x0043, 0x0010), "LO", "GEMS_PARM_01")
            .text(Tag(0x0043, 0x1039), "IS", b)
    };
    let siemens = |b: &str| {
        slice(1, 0.0)
            .text(Tag(0x0019, 0x0011), "LO", "SIEMENS MR HEADER")
            .text(Tag(0x0019, 0x110C), "IS", b)
    };
    for data in [ge("1000000800\\8\\0\\0"), ge("800"), siemens("800")] {
        // Implicit files say no representation: the first digit must not be taken for the number.
        for bytes in [explicit(&data), File::new(IMPLICIT).around(&data)] {
            let header = header(&bytes).expect("an image");
            assert_eq!(header.frames[0].b_value, Some(800.0));
        }
    }
}

#[test]
fn two_properties_at_once_name_both() {
    let mut all = Vec::new();
    for z in 0..2 {
        for time in ["1", "2"] {
            for echo in ["1", "2"] {
                all.push(
                    slice(all.len() + 1, f64::from(z))
                        .text(tags::TEMPORAL_POSITION_IDENTIFIER, "IS", time)
                        .text(tags::ECHO_NUMBERS, "IS", echo),
                );
            }
        }
    }
    assert_eq!(
        names(&sets(&all)),
        [
            "MR, time 1 of 2, echo 1",
            "MR, time 1 of 2, echo 2",
            "MR, time 2 of 2, echo 1",
            "MR, time 2 of 2, echo 2"
        ]
    );
}

#[test]
fn a_pass_that_was_broken_off_is_a_display_set_of_its_own() {
    let mut all = passes(tags::TEMPORAL_POSITION_IDENTIFIER, "IS", &["1", "2"]);
    all.pop();
    let sets = sets(&all);
    assert_eq!(heights(&sets[0]), [0.0, 1.0, 2.0]);
    assert_eq!(heights(&sets[1]), [0.0, 1.0]);
}

#[test]
fn values_that_drift_from_slice_to_slice_name_no_passes() {
    // Every slice has a trigger time of its own: two a place, six in all. The rank at each place is what is left.
    let mut all = Vec::new();
    for (k, trigger) in ["1", "31", "2", "32", "3", "33"].into_iter().enumerate() {
        let z = (k / 2) as f64;
        all.push(slice(k + 1, z).text(tags::TRIGGER_TIME, "DS", trigger));
    }
    let sets = sets(&all);
    assert_eq!(names(&sets), ["MR, pass 1 of 2", "MR, pass 2 of 2"]);
    assert_eq!(instances(&sets[1]), [2, 4, 6]);
}

#[test]
fn a_single_doubled_slice_splits_nothing_and_is_named() {
    let all: Vec<Data> = [0.0, 1.0, 1.0, 2.0]
        .into_iter()
        .enumerate()
        .map(|(k, z)| slice(k + 1, z))
        .collect();
    let sets = sets(&all);
    assert_eq!(sets.len(), 1);
    assert!(!sets[0].is_volume());
    assert_eq!(
        sets[0].warnings,
        ["1 slices share their place with another: 2 and 3 at 1.0 mm"]
    );
}

#[test]
fn a_folder_with_one_pass_gives_it_the_identity_of_the_whole() {
    let all = passes(tags::TEMPORAL_POSITION_IDENTIFIER, "IS", &["1", "2", "3"]);
    let whole = sets(&all);
    for (k, set) in whole.iter().enumerate() {
        let part: Vec<Data> = all.iter().skip(k).step_by(3).cloned().collect();
        let alone = sets(&part);
        assert_eq!(alone.len(), 1);
        assert_eq!(alone[0].id, set.id, "pass {}", k + 1);
    }
}

#[test]
fn passes_that_nothing_names_are_known_by_their_instances() {
    let bare: Vec<Data> = (0..6).map(|k| slice(k + 1, (k / 2) as f64)).collect();
    let whole = sets(&bare);
    assert_eq!(names(&whole), ["MR, pass 1 of 2", "MR, pass 2 of 2"]);
    assert_ne!(whole[0].id, whole[1].id);
    // The first pass is gone, and the second does not take its name.
    let second: Vec<Data> = bare.iter().skip(1).step_by(2).cloned().collect();
    let alone = sets(&second);
    assert!(whole.iter().all(|set| set.id != alone[0].id));
}

#[test]
fn the_order_of_files_changes_nothing() {
    let mut all = passes(tags::TEMPORAL_POSITION_IDENTIFIER, "IS", &["1", "2"]);
    let before: Vec<(String, Vec<i64>)> = sets(&all).iter().map(|s| (s.id.clone(), instances(s))).collect();
    all.reverse();
    let after: Vec<(String, Vec<i64>)> = sets(&all).iter().map(|s| (s.id.clone(), instances(s))).collect();
    assert_eq!(before, after);
}

#[test]
fn images_at_one_place_stay_together_in_the_order_of_time() {
    let all: Vec<Data> = (0..4).map(|k| slice(4 - k, 5.0)).collect();
    let sets = sets(&all);
    assert_eq!(sets.len(), 1);
    assert_eq!(instances(&sets[0]), [1, 2, 3, 4]);
    assert_eq!(
        sets[0].warnings,
        ["all 4 images lie at one place: shown in the order of time"]
    );
}

#[test]
fn slices_thicker_than_their_distance_overlap_and_it_is_said() {
    let all: Vec<Data> = (0..3)
        .map(|k| slice(k + 1, k as f64 * 2.5).text(tags::SLICE_THICKNESS, "DS", "5"))
        .collect();
    let sets = sets(&all);
    assert!(sets[0].is_volume(), "and a volume all the same");
    assert_eq!(
        sets[0].warnings,
        ["overlapping slices: 5.00 mm thick, 2.50 mm apart"]
    );
}

#[test]
fn a_change_of_spacing_is_named_with_slice_and_place() {
    let all: Vec<Data> = [0.0, 2.0, 4.0, 6.0, 11.0, 16.0, 21.0]
        .into_iter()
        .enumerate()
        .map(|(k, z)| slice(k + 1, z))
        .collect();
    let warnings = sets(&all).remove(0).warnings;
    assert_eq!(
        warnings,
        [
            "uneven spacing, 2.00 to 5.00 mm: read as a stack, not as a volume",
            "from slice 4 on (at 6.0 mm) the spacing is 5.00 mm instead of 2.00 mm"
        ]
    );
}

#[test]
fn images_of_two_patients_never_scroll_together() {
    let all: Vec<Data> = (0..6)
        .map(|k| slice(k + 1, k as f64).text(tags::PATIENT_ID, "LO", if k % 2 == 0 { "A" } else { "B" }))
        .collect();
    let sets = sets(&all);
    assert_eq!(names(&sets), ["MR, patient A", "MR, patient B"]);
    assert!(sets.iter().all(|s| s.warnings[0].contains("several patients")));
}

#[test]
fn a_copy_that_was_cut_short_does_not_hide_the_sound_one() {
    let sound = explicit(&slice(1, 0.0));
    let mut index = Index::default();
    for (path, bytes) in [("a", &sound[..sound.len() - 4]), ("b", &sound[..])] {
        let mut header = header(bytes).expect("an image");
        header.path = Path::new(path).to_owned();
        index.add(header);
    }
    let sets = index.display_sets(None);
    assert_eq!(sets[0].first().header.path, Path::new("b"));
}

#[test]
fn slices_without_pixel_spacing_are_no_volume() {
    let all: Vec<Data> = (0..3)
        .map(|k| slice(k + 1, k as f64).without(tags::PIXEL_SPACING))
        .collect();
    let sets = sets(&all);
    assert!(!sets[0].is_volume());
    assert_eq!(
        sets[0].warnings,
        ["no pixel spacing: read as a stack, not as a volume"]
    );
}

#[test]
fn places_that_jitter_by_micrometres_are_one_place() {
    let mut all = Vec::new();
    for z in 0..3 {
        for (k, time) in ["1", "2"].into_iter().enumerate() {
            all.push(slice(all.len() + 1, f64::from(z) + k as f64 * 0.004).text(
                tags::TEMPORAL_POSITION_IDENTIFIER,
                "IS",
                time,
            ));
        }
    }
    let sets = sets(&all);
    assert_eq!(names(&sets), ["MR, time 1 of 2", "MR, time 2 of 2"]);
    assert!(sets.iter().all(DisplaySet::is_volume));
}

#[test]
fn parts_that_differ_in_spacing_or_frame_of_reference_are_told_apart() {
    let spaced: Vec<Data> = (0..4)
        .map(|k| {
            slice(k + 1, k as f64).text(tags::PIXEL_SPACING, "DS", if k < 2 { "1\\1" } else { "0.5\\0.5" })
        })
        .collect();
    let found = sets(&spaced);
    assert_eq!(
        names(&found),
        ["MR, pixels of 0.5 x 0.5 mm", "MR, pixels of 1 x 1 mm"]
    );
    let referred: Vec<Data> = (0..4)
        .map(|k| {
            slice(k + 1, k as f64).text(
                tags::FRAME_OF_REFERENCE_UID,
                "UI",
                if k < 2 { "2.25.1" } else { "2.25.2" },
            )
        })
        .collect();
    let found = sets(&referred);
    assert_eq!(
        names(&found),
        ["MR, frame of reference 1", "MR, frame of reference 2"]
    );
}
