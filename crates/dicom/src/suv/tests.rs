//! Factors of images of our own writer.

use overread_phantom::dicom::{DataSet, Samples, Writer};

use super::*;
use crate::file::DicomFile;

const HALF_LIFE: f64 = 6586.2;

/// A PET of 80 kg, 370 MBq, injected an hour before the scan; `changes` come over it.
fn of(changes: &[((u16, u16), &str, &str)], drug: &[((u16, u16), &str, &str)]) -> Suv {
    let mut sequence = DataSet::new();
    sequence
        .text((0x0018, 0x1072), "TM", "090000")
        .text((0x0018, 0x1074), "DS", "370000000")
        .text((0x0018, 0x1075), "DS", "6586.2");
    for (tag, vr, value) in drug {
        sequence.text(*tag, vr, value);
    }
    let mut image = Writer::new("suv", 1, 1, Samples::U16(vec![0]))
        .kind("1.2.840.10008.5.1.4.1.1.128", "PT")
        .text((0x0054, 0x1001), "CS", "BQML")
        .text((0x0054, 0x1102), "CS", "START")
        .text((0x0028, 0x0051), "CS", "DECY\\ATTN\\SCAT")
        .text((0x0010, 0x1030), "DS", "80")
        .text((0x0010, 0x0040), "CS", "M")
        .text((0x0008, 0x0021), "DA", "20240102")
        .text((0x0008, 0x0031), "TM", "100000")
        .text((0x0008, 0x0022), "DA", "20240102")
        .text((0x0008, 0x0032), "TM", "100500")
        .sequence((0x0054, 0x0016), vec![sequence]);
    for (tag, vr, value) in changes {
        image = image.text(*tag, vr, value);
    }
    let keep: &crate::parse::Keep = &crate::needed::is_needed;
    let file = DicomFile::from_bytes(image.encode(), Some(keep)).expect("sound");
    suv(&file.dataset, "PT").expect("a PET")
}

fn near(suv: &Suv, expected: f64) {
    let got = suv
        .factor(SuvKind::BodyWeight)
        .unwrap_or_else(|| panic!("{}", suv.reason));
    assert!(
        (got / expected - 1.0).abs() < 1e-9,
        "{got} and not {expected}: {}",
        suv.inputs
    );
}

#[test]
fn the_dose_decays_to_the_moment_of_the_correction() {
    let full = 80_000.0 / 370e6;
    let hour = (3600.0 / HALF_LIFE).exp2();
    near(&of(&[], &[]), full * hour);
    // Corrected to the injection: nothing is left to decay.
    near(&of(&[((0x0054, 0x1102), "CS", "ADMIN")], &[]), full);
    // A whole date and time goes before a time alone.
    near(
        &of(&[], &[((0x0018, 0x1078), "DT", "20240102093000.0")]),
        full * (1800.0 / HALF_LIFE).exp2(),
    );
    // Over midnight.
    near(
        &of(
            &[
                ((0x0008, 0x0031), "TM", "003000"),
                ((0x0008, 0x0032), "TM", "003500"),
            ],
            &[((0x0018, 0x1072), "TM", "233000")],
        ),
        full * hour,
    );
}

#[test]
fn a_series_written_later_has_no_known_start_but_the_scanners() {
    let full = 80_000.0 / 370e6;
    let later = ((0x0008, 0x0031), "TM", "150000");
    let ge = |series, scanner| {
        of(
            &[
                series,
                ((0x0009, 0x0010), "LO", "GEMS_PETD_01"),
                ((0x0009, 0x100D), "DT", scanner),
            ],
            &[],
        )
    };
    // The same for every slice, whether it was acquired before the series was written or after.
    for series in ["150000", "100400"] {
        near(
            &ge(((0x0008, 0x0031), "TM", series), "20240102100000"),
            full * (3600.0 / HALF_LIFE).exp2(),
        );
    }
    assert_eq!(
        ge(later, "20240102100600").reason,
        "the scanner's time of the scan lies after the acquisition: the start of the scan is not known"
    );
    let unknown = "the series time lies after the acquisition: the start of the scan is not known";
    assert_eq!(of(&[later], &[]).reason, unknown);
    // Nor from the frame's own times, which mean other things from scanner to scanner.
    let frame = of(
        &[
            later,
            ((0x0054, 0x1300), "DS", "360000"),
            ((0x0018, 0x1242), "IS", "120000"),
        ],
        &[],
    );
    assert_eq!((frame.factors, frame.reason.as_str()), (vec![], unknown));
    assert_eq!(of(&[((0x0008, 0x0021), "DA", "20240103")], &[]).reason, unknown);
    // Corrected to the injection, the start is not asked for.
    near(&of(&[later, ((0x0054, 0x1102), "CS", "ADMIN")], &[]), full);
    // A fraction of a second is no later series.
    assert_eq!(of(&[((0x0008, 0x0031), "TM", "100500.7")], &[]).reason, "");
    let missing = |tag| of(&[(tag, "TM", "")], &[]).reason;
    assert!(missing((0x0008, 0x0031)).starts_with("no series time"));
    assert!(missing((0x0008, 0x0032)).starts_with("no acquisition time"));
}

#[test]
fn scanners_give_factors_of_their_own() {
    let philips = |element: u16, value: &'static str| {
        of(
            &[
                ((0x0054, 0x1001), "CS", "CNTS"),
                ((0x7053, 0x0010), "LO", "Philips PET Private Group"),
                ((0x7053, element), "DS", value),
            ],
            &[],
        )
    };
    near(&philips(0x1000, "0.00025"), 0.00025);
    near(
        &philips(0x1009, "2.0"),
        2.0 * 80_000.0 / 370e6 * (3600.0 / HALF_LIFE).exp2(),
    );
    assert_eq!(
        philips(0x1000, "0").reason,
        "Units CNTS without the scanner's factor"
    );
    near(&of(&[((0x0054, 0x1001), "CS", "GML")], &[]), 1.0);
    let lean = of(
        &[
            ((0x0054, 0x1001), "CS", "GML"),
            ((0x0054, 0x1006), "CS", "LBMJANMA"),
        ],
        &[],
    );
    assert_eq!(lean.first(), Some((SuvKind::LeanBodyMass, 1.0)));
}

#[test]
fn private_elements_of_implicit_files_are_read() {
    let image = Writer::new("implicit", 1, 1, Samples::U16(vec![0]))
        .kind("1.2.840.10008.5.1.4.1.1.128", "PT")
        .text((0x0054, 0x1001), "CS", "CNTS")
        .text((0x0028, 0x0051), "CS", "ATTN")
        .text((0x7053, 0x0010), "LO", "Philips PET Private Group")
        .text((0x7053, 0x1000), "DS", "0.5")
        .implicit();
    let file = DicomFile::from_bytes(image.encode(), None).expect("sound");
    near(&suv(&file.dataset, "PT").expect("a PET"), 0.5);
}

#[test]
fn what_is_missing_is_named() {
    let reason = |tag, vr, value| of(&[(tag, vr, value)], &[]).reason;
    assert_eq!(reason((0x0010, 0x1030), "DS", ""), "no patient weight");
    assert_eq!(reason((0x0054, 0x1102), "CS", "NONE"), "decay correction NONE");
    assert_eq!(
        reason((0x0028, 0x0051), "CS", "DECY"),
        "not attenuation corrected"
    );
    assert_eq!(
        reason((0x0054, 0x1001), "CS", "PROPCNTS"),
        "Units PROPCNTS cannot be turned into activity"
    );
    let dose = of(&[], &[((0x0018, 0x1074), "DS", "370")]);
    assert_eq!(dose.reason, "Radionuclide Total Dose 370 is not in Bq");
    let before = of(&[], &[((0x0018, 0x1078), "DT", "20240102110000")]);
    assert_eq!(before.reason, "the injection comes after the scan");
}

#[test]
fn an_injection_in_another_time_zone_is_brought_to_that_of_the_scan() {
    let zone = |value| ((0x0008, 0x0201), "SH", value);
    let at = |value| [((0x0018, 0x1078), "DT", value)];
    let hour = 80_000.0 / 370e6 * (3600.0 / HALF_LIFE).exp2();
    near(&of(&[zone("+0100")], &at("20240102080000+0000")), hour);
    near(&of(&[zone("-0500")], &at("20240102140000.00+0000")), hour);
    // Without an offset it is the file's own time.
    near(&of(&[zone("+0100")], &at("20240102090000")), hour);
    for unknown in [&[][..], &[zone("")], &[zone("CET")]] {
        let refused = of(unknown, &at("20240102080000+0000"));
        assert_eq!(refused.factors, []);
        assert_eq!(
            refused.reason,
            "20240102080000+0000 names its time zone, and that of the scan is not known"
        );
    }
}

#[test]
fn an_injection_is_not_moved_to_another_day_by_day() {
    let at = |time| of(&[], &[((0x0018, 0x1072), "TM", time)]);
    // Minutes after the scan of 10:00, hours after it, and eleven hours before it on another day.
    for time in ["100100", "130000", "230000"] {
        let refused = at(time);
        assert_eq!(refused.factors, [], "{time}");
        assert_eq!(refused.reason, "the injection comes after the scan", "{time}");
    }
    // After midnight, but 22 hours apart.
    let night = of(
        &[
            ((0x0008, 0x0031), "TM", "003000"),
            ((0x0008, 0x0032), "TM", "003500"),
        ],
        &[((0x0018, 0x1072), "TM", "023000")],
    );
    assert_eq!(night.reason, "the injection comes after the scan");
}

#[test]
fn a_date_of_the_injection_that_is_off_by_a_day_gives_no_factor() {
    let on = |moment| of(&[], &[((0x0018, 0x1078), "DT", moment)]);
    let before = on("20240101090000");
    assert_eq!(before.factors, []);
    assert_eq!(
        before.reason,
        "the injection lies 25.0 h before the scan, more than 6 half-lives"
    );
    assert_eq!(on("20240103090000").reason, "the injection comes after the scan");
    near(
        &on("20240102000000"),
        80_000.0 / 370e6 * (36_000.0 / HALF_LIFE).exp2(),
    );
}

#[test]
fn a_build_that_nobody_has_gives_no_factor() {
    let weight = |value| of(&[((0x0010, 0x1030), "DS", value)], &[]);
    assert_eq!(weight("80000").reason, "patient weight 80000 kg is not plausible");
    assert_eq!(weight("80000").factors, []);
    assert_eq!(weight("0.08").reason, "patient weight 0.08 kg is not plausible");
    assert_eq!(weight("0").reason, "no patient weight");
    assert_eq!((weight("0.1").factors.len(), weight("500").factors.len()), (1, 1));
    let size = |value| of(&[((0x0010, 0x1020), "DS", value)], &[]);
    assert_eq!(size("1.8").factors.len(), 4);
    // The size is needed for all but the body weight.
    for value in ["180", "0.18"] {
        let suv = size(value);
        near(&suv, 80_000.0 / 370e6 * (3600.0 / HALF_LIFE).exp2());
        assert_eq!(suv.factors.len(), 1);
        let doubt = format!("; patient size {value} m is not plausible");
        assert!(suv.inputs.ends_with(&doubt), "{}", suv.inputs);
    }
}
