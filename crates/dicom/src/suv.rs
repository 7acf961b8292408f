//! SUV factors of a PET image (PS3.3 C.8.9.1; QIBA, SUV vendor-neutral pseudo-code): from Units, Decay Correction,
//! dose, times and build. Where there is none the reason is said in words.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use overread_imaging::suv::{Build, Suv, SuvKind};

use crate::dataset::{bytes, item, number, text, texts};
use crate::moment::Moment;

/// A dose below this, Bq, was not written in Bq.
const SMALLEST_DOSE: f64 = 100_000.0;
/// More half-lives than this between injection and scan are a mistake of dates.
const MOST_HALF_LIVES: f64 = 24.0;
/// Groups and first elements of private blocks that hold what the standard attributes lack.
const PHILIPS: (u16, &str) = (0x7053, "Philips PET Private Group");
const GE: (u16, &str) = (0x0009, "GEMS_PETD_01");

/// True for the private elements that are read here, and for the names of their blocks.
pub(crate) fn is_read(group: u16, number: u16) -> bool {
    let names = (0x10..=0xFF).contains(&number);
    match group {
        0x7053 => names || matches!(number & 0xFF, 0x00 | 0x09) && number > 0xFF,
        0x0009 => names || number & 0xFF == 0x0D && number > 0xFF,
        _ => false,
    }
}

/// The factors of a PET image; `None` for other modalities.
pub(crate) fn suv(d: &InMemDicomObject, modality: &str) -> Option<Suv> {
    if modality != "PT" {
        return None;
    }
    let build = build(d);
    Some(match factor(d, &build) {
        Ok((kind, factor, inputs)) => Suv {
            factors: build.factors(kind, factor),
            reason: String::new(),
            inputs,
        },
        Err(reason) => Suv {
            reason,
            ..Suv::default()
        },
    })
}

fn build(d: &InMemDicomObject) -> Build {
    let positive = |tag| number(d, tag).filter(|v| *v > 0.0);
    Build {
        weight: positive(tags::PATIENT_WEIGHT),
        height: positive(tags::PATIENT_SIZE),
        female: match text(d, tags::PATIENT_SEX).as_deref() {
            Some("F") => Some(true),
            Some("M") => Some(false),
            _ => None,
        },
    }
}

type Factor = Result<(SuvKind, f64, String), String>;

fn factor(d: &InMemDicomObject, build: &Build) -> Factor {
    let units = text(d, tags::UNITS).ok_or("no Units")?;
    match units.as_str() {
        "GML" => given(d, &units),
        "CM2ML" => Ok((SuvKind::BodySurface, 1.0, "the values are SUVbsa".to_owned())),
        "BQML" => activity(d, build, 1.0),
        "CNTS" => counts(d, build),
        other => Err(format!("Units {other} cannot be turned into activity")),
    }
}

/// Values that are SUV already, of the kind that SUV Type (0054,1006) names.
fn given(d: &InMemDicomObject, units: &str) -> Factor {
    let written = text(d, tags::SUV_TYPE);
    let kind = match written.as_deref() {
        None | Some("BW") => SuvKind::BodyWeight,
        Some("LBM" | "LBMJAMES128" | "LBMJANMA") => SuvKind::LeanBodyMass,
        Some("BSA") => SuvKind::BodySurface,
        Some("IBW") => SuvKind::IdealWeight,
        Some(other) => return Err(format!("SUV Type {other} is not known")),
    };
    Ok((
        kind,
        1.0,
        format!("the values are SUV{} (Units {units})", kind.word()),
    ))
}

/// Counts of Philips, with a factor of their own.
fn counts(d: &InMemDicomObject, build: &Build) -> Factor {
    let own = |element| private(d, PHILIPS, element).filter(|f| *f > 0.0);
    if let Some(factor) = own(0x00) {
        corrected(d)?;
        return Ok((
            SuvKind::BodyWeight,
            factor,
            format!("SUV scale factor {factor} of the scanner"),
        ));
    }
    match own(0x09) {
        Some(factor) => activity(d, build, factor),
        None => Err("Units CNTS without the scanner's factor".to_owned()),
    }
}

fn corrected(d: &InMemDicomObject) -> Result<(), String> {
    let corrections = texts(d, tags::CORRECTED_IMAGE);
    if !corrections.iter().any(|c| c == "ATTN") {
        return Err("not attenuation corrected".to_owned());
    }
    Ok(())
}

/// Body weight from Bq/mL; `scale` makes Bq/mL of the values.
fn activity(d: &InMemDicomObject, build: &Build, scale: f64) -> Factor {
    corrected(d)?;
    let correction = text(d, tags::DECAY_CORRECTION).ok_or("no Decay Correction")?;
    let weight = build.measure(SuvKind::BodyWeight).ok_or("no patient weight")?;
    let drug = item(d, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)
        .ok_or("no Radiopharmaceutical Information Sequence")?;
    let dose = number(drug, tags::RADIONUCLIDE_TOTAL_DOSE)
        .filter(|v| *v > 0.0)
        .ok_or("no Radionuclide Total Dose")?;
    if dose < SMALLEST_DOSE {
        return Err(format!("Radionuclide Total Dose {dose} is not in Bq"));
    }
    let about = |more: &str| {
        format!(
            "weight {} kg, dose {:.1} MBq, decay corrected to {more}",
            weight / 1000.0,
            dose / 1e6
        )
    };
    match correction.as_str() {
        // To the injection: the dose is that of the same moment.
        "ADMIN" => Ok((SuvKind::BodyWeight, scale * weight / dose, about("the injection"))),
        "START" => {
            let half_life = number(drug, tags::RADIONUCLIDE_HALF_LIFE)
                .filter(|v| *v > 0.0)
                .ok_or("no Radionuclide Half Life")?;
            let scan = scan_start(d, half_life)?;
            let injected = injection(drug, scan)?;
            let seconds = scan.since(injected);
            if seconds < 0.0 {
                return Err("the injection comes after the scan".to_owned());
            }
            if seconds > MOST_HALF_LIVES * half_life {
                return Err("injection and scan lie too far apart".to_owned());
            }
            let left = dose * (-seconds / half_life).exp2();
            let inputs = about(&format!(
                "the scan, {:.0} min after injection, half-life {half_life} s",
                seconds / 60.0
            ));
            Ok((SuvKind::BodyWeight, scale * weight / left, inputs))
        }
        "NONE" => Err("decay correction NONE".to_owned()),
        other => Err(format!("decay correction {other} is not known")),
    }
}

/// The moment that START means: the series' own, unless the series was written later; then the scanner's, then back from
/// the frame's reference time.
fn scan_start(d: &InMemDicomObject, half_life: f64) -> Result<Moment, String> {
    let acquired = Moment::of(d, tags::ACQUISITION_DATE, tags::ACQUISITION_TIME);
    let series = Moment::of(d, tags::SERIES_DATE, tags::SERIES_TIME);
    match (series, acquired) {
        (Some(series), Some(acquired)) if series.since(acquired) <= 0.0 => return Ok(series),
        (None, None) => return Err("no time of the scan".to_owned()),
        _ => {}
    }
    if let Some(scanner) = private_text(d, GE, 0x0D).and_then(|t| Moment::parse(&t)) {
        return Ok(scanner);
    }
    let acquired = acquired.ok_or("no acquisition time")?;
    let (reference, duration) = (
        number(d, tags::FRAME_REFERENCE_TIME)
            .ok_or("the series was written after the scan, whose start is not known")?,
        number(d, tags::ACTUAL_FRAME_DURATION)
            .filter(|v| *v > 0.0)
            .ok_or("the series was written after the scan, whose start is not known")?,
    );
    // When the mean count rate of the frame is reached, s after its beginning.
    let lambda = std::f64::consts::LN_2 / half_life;
    let decay = lambda * duration / 1000.0;
    let mean = (decay / -(-decay).exp_m1()).ln() / lambda;
    Ok(acquired.plus(mean - reference / 1000.0))
}

fn injection(drug: &InMemDicomObject, scan: Moment) -> Result<Moment, String> {
    if let Some(whole) = text(drug, tags::RADIOPHARMACEUTICAL_START_DATE_TIME).and_then(|t| Moment::parse(&t))
    {
        return Ok(whole);
    }
    let time = text(drug, tags::RADIOPHARMACEUTICAL_START_TIME).ok_or("no time of the injection")?;
    let same_day = scan
        .at_time(&time)
        .ok_or("the time of the injection cannot be read")?;
    // A scan after midnight of an injection before it.
    Ok(if scan.since(same_day) < 0.0 {
        same_day.plus(-86_400.0)
    } else {
        same_day
    })
}

/// A value of a private block, found by the block's name.
fn private_text(d: &InMemDicomObject, (group, creator): (u16, &str), element: u16) -> Option<String> {
    // Private elements of implicit files come without a representation, as bytes.
    let words = |tag| {
        let bytes = bytes(d, tag)?;
        let text = String::from_utf8_lossy(&bytes);
        let first = text.split('\\').next().unwrap_or_default();
        Some(
            first
                .trim_matches(|c: char| c == '\0' || c.is_whitespace())
                .to_owned(),
        )
    };
    let named =
        |block: &u16| words(Tag(group, *block)).is_some_and(|name| name.eq_ignore_ascii_case(creator));
    let block = (0x10..=0xFF_u16).find(named)?;
    words(Tag(group, (block << 8) | element))
}

fn private(d: &InMemDicomObject, block: (u16, &str), element: u16) -> Option<f64> {
    private_text(d, block, element)?
        .parse()
        .ok()
        .filter(|v: &f64| v.is_finite())
}

#[cfg(test)]
mod tests {
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
    fn a_series_written_later_does_not_move_the_scan() {
        let full = 80_000.0 / 370e6;
        let later = ((0x0008, 0x0031), "TM", "150000");
        let ge = of(
            &[
                later,
                ((0x0009, 0x0010), "LO", "GEMS_PETD_01"),
                ((0x0009, 0x100D), "DT", "20240102100000"),
            ],
            &[],
        );
        near(&ge, full * (3600.0 / HALF_LIFE).exp2());
        // Back from the frame: begun 10:05, mean of 120 s after 59.94 s, reference 359.94 s after the start of 10:00.
        let lambda = std::f64::consts::LN_2 / HALF_LIFE;
        let decay = lambda * 120.0;
        let mean = (decay / (1.0 - (-decay).exp())).ln() / lambda;
        let reference = format!("{:.6}", (300.0 + mean) * 1000.0);
        let back = of(
            &[
                later,
                ((0x0054, 0x1300), "DS", &reference),
                ((0x0018, 0x1242), "IS", "120000"),
            ],
            &[],
        );
        near(&back, full * (3600.0 / HALF_LIFE).exp2());
        assert!(of(&[later], &[]).reason.contains("written after the scan"));
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
}
