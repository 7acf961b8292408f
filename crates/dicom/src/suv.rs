//! SUV factors of a PET image (PS3.3 C.8.9.1; QIBA, SUV vendor-neutral pseudo-code): from Units, Decay Correction,
//! dose, times and build. Where there is none the reason is said in words.

use std::ops::RangeInclusive;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use overread_imaging::suv::{Build, Suv, SuvKind};

use crate::dataset::{bytes, item, number, text, texts};
use crate::moment::{Moment, offset};

/// A dose below this, Bq, was not written in Bq.
const SMALLEST_DOSE: f64 = 100_000.0;
/// Times of one moment may differ by less, s, where one is written without its fraction.
const FRACTIONS: f64 = 1.0;
/// More half-lives than this between injection and scan are a mistake of dates.
const MOST_HALF_LIVES: f64 = 6.0;
/// A scan that begins this soon after midnight, s, may be of an injection before it...
const AFTER_MIDNIGHT: f64 = 6.0 * 3600.0;
/// ...that lies no more than this back, s.
const LONGEST_NIGHT: f64 = 12.0 * 3600.0;
/// Weights, kg, and sizes, m, that people have; others were written in another unit.
const WEIGHTS: RangeInclusive<f64> = 0.1..=500.0;
const SIZES: RangeInclusive<f64> = 0.2..=2.6;
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
    let (build, doubts) = build(d);
    Some(match factor(d, &build, &doubts) {
        Ok((kind, factor, mut inputs)) => {
            for doubt in &doubts {
                inputs.push_str("; ");
                inputs.push_str(doubt);
            }
            Suv {
                factors: build.factors(kind, factor),
                reason: String::new(),
                inputs,
            }
        }
        Err(reason) => Suv {
            reason,
            ..Suv::default()
        },
    })
}

/// The patient's build, and what of it cannot be true, the weight first.
fn build(d: &InMemDicomObject) -> (Build, Vec<String>) {
    let mut doubts = Vec::new();
    let mut within = |tag, range: RangeInclusive<f64>, name, unit| {
        let value = number(d, tag).filter(|v| *v > 0.0)?;
        if range.contains(&value) {
            return Some(value);
        }
        doubts.push(format!("patient {name} {value} {unit} is not plausible"));
        None
    };
    let build = Build {
        weight: within(tags::PATIENT_WEIGHT, WEIGHTS, "weight", "kg"),
        height: within(tags::PATIENT_SIZE, SIZES, "size", "m"),
        female: match text(d, tags::PATIENT_SEX).as_deref() {
            Some("F") => Some(true),
            Some("M") => Some(false),
            _ => None,
        },
    };
    (build, doubts)
}

type Factor = Result<(SuvKind, f64, String), String>;

fn factor(d: &InMemDicomObject, build: &Build, doubts: &[String]) -> Factor {
    let units = text(d, tags::UNITS).ok_or("no Units")?;
    match units.as_str() {
        "GML" => given(d, &units),
        "CM2ML" => Ok((SuvKind::BodySurface, 1.0, "the values are SUVbsa".to_owned())),
        "BQML" => activity(d, build, doubts, 1.0),
        "CNTS" => counts(d, build, doubts),
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
fn counts(d: &InMemDicomObject, build: &Build, doubts: &[String]) -> Factor {
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
        Some(factor) => activity(d, build, doubts, factor),
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
fn activity(d: &InMemDicomObject, build: &Build, doubts: &[String], scale: f64) -> Factor {
    corrected(d)?;
    let correction = text(d, tags::DECAY_CORRECTION).ok_or("no Decay Correction")?;
    let weight = build.measure(SuvKind::BodyWeight).ok_or_else(|| {
        let doubt = doubts.iter().find(|doubt| doubt.starts_with("patient weight"));
        doubt.map_or("no patient weight", String::as_str).to_owned()
    })?;
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
            let zone = text(d, tags::TIMEZONE_OFFSET_FROM_UTC).and_then(|t| offset(&t));
            let scan = scan_start(d, zone)?;
            let seconds = scan.since(injection(drug, scan, zone)?);
            if seconds < 0.0 {
                return Err("the injection comes after the scan".to_owned());
            }
            if seconds > MOST_HALF_LIVES * half_life {
                let hours = seconds / 3600.0;
                return Err(format!(
                    "the injection lies {hours:.1} h before the scan, more than {MOST_HALF_LIVES} half-lives"
                ));
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

/// The moment that START means: the scanner's own, or the series'. The start of a series that was written after this
/// file's acquisition is not known; what could be made of other times would differ from slice to slice.
fn scan_start(d: &InMemDicomObject, zone: Option<f64>) -> Result<Moment, String> {
    let acquired = Moment::of(d, tags::ACQUISITION_DATE, tags::ACQUISITION_TIME);
    let after = |start: Moment| acquired.is_some_and(|acquired| start.since(acquired) >= FRACTIONS);
    let unknown = |whose| format!("{whose} lies after the acquisition: the start of the scan is not known");
    if let Some(written) = private_text(d, GE, 0x0D)
        && let Some(scanner) = Moment::parse(&written, zone)?
    {
        return if after(scanner) {
            Err(unknown("the scanner's time of the scan"))
        } else {
            Ok(scanner)
        };
    }
    let series = Moment::of(d, tags::SERIES_DATE, tags::SERIES_TIME)
        .ok_or("no series time: the start of the scan is not known")?;
    if acquired.is_none() {
        return Err("no acquisition time: the start of the scan is not known".to_owned());
    }
    if after(series) {
        return Err(unknown("the series time"));
    }
    Ok(series)
}

fn injection(drug: &InMemDicomObject, scan: Moment, zone: Option<f64>) -> Result<Moment, String> {
    if let Some(written) = text(drug, tags::RADIOPHARMACEUTICAL_START_DATE_TIME)
        && let Some(whole) = Moment::parse(&written, zone)?
    {
        return Ok(whole);
    }
    let time = text(drug, tags::RADIOPHARMACEUTICAL_START_TIME).ok_or("no time of the injection")?;
    let same_day = scan
        .at_time(&time)
        .ok_or("the time of the injection cannot be read")?;
    // A scan shortly after midnight of an injection before it; any other is a mistake of times.
    let before = same_day.day_before();
    let over_midnight =
        scan.since(same_day) < 0.0 && scan.clock() <= AFTER_MIDNIGHT && scan.since(before) <= LONGEST_NIGHT;
    Ok(if over_midnight { before } else { same_day })
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
mod tests;
