//! What a case promises: it repeats, its truth is where it says, and others can read its files.

use dicom_dictionary_std::tags;
use overread_phantom::{
    Case, Finding, LABELS, Options, PhantomError, Side, balanced_labels, write_cases, write_study_of,
};

fn planted(seed: u64, finding: Finding, hard: bool) -> Case {
    Case::generate(
        seed,
        &Options {
            finding: Some(finding),
            slices: 1,
            size: 192,
            hard,
            ..Options::small()
        },
    )
}

/// Mean of `f` over the pixels within `radius_mm` of a truth's position.
fn near(case: &Case, radius_mm: f32, f: impl Fn(usize) -> f32) -> f32 {
    let (x, y) = case.pixel_of(case.truth.position_mm.expect("a planted finding has a position"));
    let size = usize::from(case.series.size);
    let reach = radius_mm / case.series.pixel_mm;
    let picked: Vec<f32> = (0..size * size)
        .filter(|i| ((i % size) as f32 - x).hypot((i / size) as f32 - y) <= reach)
        .map(f)
        .collect();
    assert!(!picked.is_empty());
    picked.iter().sum::<f32>() / picked.len() as f32
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let options = Options {
        size: 96,
        ..Options::small()
    };
    let bytes = |threads: usize| -> Vec<Vec<u8>> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            Case::generate(77, &options)
                .ct_files(1)
                .iter()
                .map(overread_phantom::dicom::File::encode)
                .collect()
        })
    };
    let one = bytes(1);
    assert_eq!(one, bytes(3));
    let other = Case::generate(78, &options).ct_files(1)[0].encode();
    assert_ne!(one[0], other);
}

#[test]
fn the_truth_lies_inside_the_finding() {
    for hard in [false, true] {
        for finding in Finding::ALL.into_iter().skip(1).chain([Finding::Bulla]) {
            let mut compared = 0;
            for seed in 0..14u64 {
                let seed = seed * 31 + 5;
                let case = planted(seed, finding, hard);
                assert_eq!(
                    case.truth.finding, finding,
                    "{finding} found no place, seed {seed}"
                );
                let bare = planted(seed, Finding::Normal, hard);
                if bare.pixel_of([0.0; 3]) != case.pixel_of([0.0; 3]) {
                    // The first build of this seed had no place for the finding: there is no twin to compare with.
                    continue;
                }
                compared += 1;
                let (with, without) = (case.clean_slice(1).unwrap(), bare.clean_slice(1).unwrap());
                let change = |i: usize| with[i] - without[i];
                let told = format!("{finding} hard {hard} seed {seed} {:?}", case.truth);
                match finding {
                    Finding::Nodule => assert!(near(&case, 2.0, change) > 200.0, "{told}"),
                    Finding::Consolidation => assert!(near(&case, 6.0, change) > 180.0, "{told}"),
                    Finding::Effusion => {
                        assert!(near(&case, 2.0, change) > 350.0, "{told}");
                        assert!((-20.0..50.0).contains(&near(&case, 2.0, |i| with[i])), "{told}");
                    }
                    Finding::Pneumothorax => {
                        assert!(near(&case, 2.0, change) < -50.0, "{told}");
                        assert!(near(&case, 2.0, |i| with[i]) < -950.0, "{told}");
                    }
                    Finding::Bulla => {
                        assert!(near(&case, 2.0, change) < -50.0, "{told}");
                        assert!(near(&case, 2.0, |i| with[i]) < -950.0, "{told}");
                    }
                    Finding::Cardiomegaly => {
                        let filled = (0..with.len()).filter(|&i| change(i) > 400.0).count() as f32;
                        let area = filled * case.series.pixel_mm.powi(2);
                        assert!(area > 300.0, "{area} mm², {told}");
                    }
                    Finding::RibFracture => {
                        assert!(near(&case, 12.0, |i| change(i).abs()) > 60.0, "{told}");
                    }
                    Finding::Normal => unreachable!(),
                }
            }
            assert!(compared >= 9, "{finding} hard {hard}: only {compared} twins");
        }
    }
}

#[test]
fn the_side_is_the_patients() {
    let mut seen = [0; 2];
    for seed in 0..24 {
        for finding in [
            Finding::Nodule,
            Finding::Effusion,
            Finding::Pneumothorax,
            Finding::RibFracture,
        ] {
            let case = planted(seed, finding, false);
            let hu = case.clean_slice(1).unwrap();
            let size = usize::from(case.series.size);
            let body: Vec<f32> = (0..hu.len())
                .filter(|&i| hu[i] > -300.0)
                .map(|i| (i % size) as f32)
                .collect();
            let middle = body.iter().sum::<f32>() / body.len() as f32;
            // Columns run to the patient's left.
            let (x, _) = case.pixel_of(case.truth.position_mm.unwrap());
            let expected = if x > middle { Side::Left } else { Side::Right };
            assert_eq!(
                case.truth.side, expected,
                "{finding} seed {seed}: column {x} of middle {middle}"
            );
            seen[usize::from(expected == Side::Left)] += 1;
        }
    }
    assert!(seen[0] > 30 && seen[1] > 30, "{seen:?}");
}

#[test]
fn noise_is_that_of_a_scanner() {
    for (seed, hard) in [(1, false), (2, false), (3, true), (4, true)] {
        let options = Options {
            finding: Some(Finding::Normal),
            slices: 1,
            hard,
            thickness_mm: 1.0,
            ..Options::small()
        };
        let case = Case::generate(seed, &options);
        let clean = case.clean_slice(1).unwrap();
        let size = usize::from(case.series.size);
        let middle = |i: &usize| {
            let (x, y) = (
                (i % size) as f32 / size as f32 - 0.5,
                (i / size) as f32 / size as f32 - 0.45,
            );
            x * x + y * y < 0.02 && (0.0..90.0).contains(&clean[*i])
        };
        let noise: Vec<f32> = (0..clean.len())
            .filter(middle)
            .map(|i| f32::from(case.series.slices[0].hu[i]) - clean[i])
            .collect();
        let mean = noise.iter().sum::<f32>() / noise.len() as f32;
        let deviation = (noise.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / noise.len() as f32).sqrt();
        assert!(
            noise.len() > 200 && (12.0..48.0).contains(&deviation),
            "seed {seed}: {deviation} HU"
        );
    }
}

#[test]
fn another_reader_gets_the_same_pixels_and_headers() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        size: 64,
        slices: 3,
        ..Options::small()
    };
    let case = Case::generate(9, &options);
    for (index, (file, slice)) in case.ct_files(12).iter().zip(&case.series.slices).enumerate() {
        let path = dir.path().join(format!("{index}.dcm"));
        file.write(&path).unwrap();
        let object = dicom_object::open_file(&path).unwrap();
        let text = |tag| object.element(tag).unwrap().to_str().unwrap().trim().to_owned();
        assert_eq!(
            object.meta().media_storage_sop_class_uid(),
            "1.2.840.10008.5.1.4.1.1.2"
        );
        assert_eq!(
            object.meta().media_storage_sop_instance_uid(),
            text(tags::SOP_INSTANCE_UID)
        );
        assert_eq!(text(tags::PATIENT_NAME), "PHANTOM^0012");
        assert_eq!(text(tags::MODALITY), "CT");
        assert_eq!(text(tags::STUDY_INSTANCE_UID), case.uids().0);
        assert_eq!(text(tags::SERIES_INSTANCE_UID), case.uids().1);
        let numbers = |tag| object.element(tag).unwrap().to_multi_float64().unwrap();
        assert_eq!(numbers(tags::WINDOW_CENTER), [-600.0, 40.0]);
        assert_eq!(numbers(tags::WINDOW_WIDTH), [1500.0, 400.0]);
        let position = numbers(tags::IMAGE_POSITION_PATIENT);
        for (read, made) in position.iter().zip(slice.position_mm) {
            assert!((read - f64::from(made)).abs() < 1e-4);
        }
        let [slope, intercept] = [tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT].map(|tag| numbers(tag)[0]);
        let stored = object
            .element(tags::PIXEL_DATA)
            .unwrap()
            .to_multi_int::<u16>()
            .unwrap();
        assert_eq!(stored.len(), 64 * 64);
        for (stored, hu) in stored.iter().zip(&slice.hu) {
            assert!((slope * f64::from(*stored) + intercept - f64::from(*hu)).abs() < 1e-9);
            assert!(*stored < 4096);
        }
        for label in LABELS {
            let header = std::fs::read(&path).unwrap();
            assert!(
                !header
                    .windows(label.len())
                    .any(|w| w.eq_ignore_ascii_case(label.as_bytes())),
                "{label}"
            );
        }
    }
}

#[test]
fn a_set_is_balanced_and_its_table_names_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        size: 48,
        slices: 2,
        ..Options::small()
    };
    let records = write_cases(dir.path(), 14, 5, &options, &|_, _| true).unwrap();
    let mut table = csv::Reader::from_path(dir.path().join("truth.csv")).unwrap();
    let header: Vec<String> = table.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        header,
        ["case", "path", "label", "side", "position_mm", "size_mm", "slice"]
    );
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 14);
    for (row, record) in rows.iter().zip(&records) {
        assert_eq!(&row[2], record.truth.label);
        let slice: usize = row[6].parse().unwrap();
        assert!((1..=2).contains(&slice));
        let files = std::fs::read_dir(dir.path().join(&row[1])).unwrap().count();
        assert_eq!(files, 2);
        assert_eq!(
            row[4].split(' ').filter(|p| p.parse::<f32>().is_ok()).count(),
            if &row[2] == "normal" { 0 } else { 3 }
        );
    }
    for label in LABELS {
        assert_eq!(rows.iter().filter(|row| &row[2] == label).count(), 2, "{label}");
    }
    assert_ne!(balanced_labels(70, 1), balanced_labels(70, 2));

    let again = tempfile::tempdir().unwrap();
    write_cases(again.path(), 14, 5, &options, &|_, _| true).unwrap();
    for name in ["truth.csv", "truth.json", "case-0007/IM0002.dcm"] {
        let read = |dir: &tempfile::TempDir| std::fs::read(dir.path().join(name)).unwrap();
        assert_eq!(read(&dir), read(&again), "{name}");
    }
}

#[test]
fn a_set_can_be_cancelled_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        size: 32,
        slices: 1,
        ..Options::small()
    };
    let error = write_cases(dir.path(), 40, 5, &options, &|_, _| false).unwrap_err();
    assert!(matches!(error, PhantomError::Cancelled), "{error}");
    assert!(!dir.path().join("truth.csv").exists());
}

#[test]
fn a_study_has_a_series_a_radiograph_and_a_finding_seen_in_both() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        size: 96,
        slices: 12,
        spacing_mm: 22.0,
        finding: Some(Finding::Effusion),
        ..Options::full()
    };
    let record = write_study_of(dir.path(), 4, &options, &|_, _| true).unwrap();
    assert_eq!(std::fs::read_dir(dir.path().join("ct")).unwrap().count(), 12);
    let [first, last] = record.truth.slices;
    assert!(
        first <= record.truth.slice && record.truth.slice <= last && first < last,
        "{:?}",
        record.truth
    );
    let object = dicom_object::open_file(dir.path().join("dx/IM0001.dcm")).unwrap();
    let text = |tag| object.element(tag).unwrap().to_str().unwrap().trim().to_owned();
    assert_eq!(text(tags::MODALITY), "DX");
    assert_eq!(text(tags::PHOTOMETRIC_INTERPRETATION), "MONOCHROME2");
    assert_eq!(text(tags::STUDY_INSTANCE_UID), record.study_uid);
    assert!(
        object.element(tags::IMAGER_PIXEL_SPACING).is_ok() && object.element(tags::PIXEL_SPACING).is_err()
    );
    let values = object
        .element(tags::PIXEL_DATA)
        .unwrap()
        .to_multi_int::<u16>()
        .unwrap();
    let size = usize::from(object.element(tags::ROWS).unwrap().to_int::<u16>().unwrap());
    assert_eq!(values.len(), size * size);
    let [column, row] = record.radiograph_pixel.unwrap();
    assert!((0.0..size as f32).contains(&column) && (0.0..size as f32).contains(&row));

    // The fluid brightens the film against the same patient without it, at that place.
    let project = |finding| {
        Case::generate(
            4,
            &Options {
                finding: Some(finding),
                ..options.clone()
            },
        )
        .radiograph()
    };
    let (with, without) = (project(Finding::Effusion), project(Finding::Normal));
    let mean = |image: &overread_phantom::Radiograph| {
        let at = |dy: isize, dx: isize| {
            let index = (row as isize + dy) * size as isize + column as isize + dx;
            f64::from(image.values[index as usize])
        };
        (-6..7)
            .flat_map(|dy| (-6..7).map(move |dx| (dy, dx)))
            .map(|(dy, dx)| at(dy, dx))
            .sum::<f64>()
            / 169.0
    };
    assert!(
        mean(&with) > mean(&without) + 40.0,
        "{} {}",
        mean(&with),
        mean(&without)
    );
}
