//! Every file: what it is, its stored values, its colours.

use std::path::Path;

use overread_dicom::scan::{Found, examine};
use overread_dicom::syntax::Codec;
use overread_imaging::colour;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{corpus, known, lines};

pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, b| text + &format!("{b:02x}"))
}

fn status(found: &Found) -> &'static str {
    match found {
        Found::Image(_) => "image",
        Found::Object(_) => "object",
        Found::Unreadable(_) => "unreadable",
        Found::NotDicom(_) => "not_dicom",
    }
}

/// What is wrong with one file, or `None`.
fn compare(corpus: &Path, reference: &Value) -> Option<String> {
    let path = corpus.join(reference["path"].as_str()?);
    let found = examine(&path);
    let expect = reference["expect"].as_str().unwrap_or_default();
    let also: Vec<&str> = reference["also_ok"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let header = match found {
        Found::Image(header) => header,
        other => {
            let got = status(&other);
            return (got != expect && !also.contains(&got)).then(|| {
                format!("{got}, expected {expect}: {other:?}")
                    .chars()
                    .take(300)
                    .collect()
            });
        }
    };
    if expect != "image" {
        // Pixels may still be refused when they are asked for, which is as good.
        if also.contains(&"image")
            || overread_dicom::decode(&path, 1).is_err()
            || (2..=header.layout.frames).any(|f| overread_dicom::decode(&path, f).is_err())
        {
            return None;
        }
        return Some(format!("image, expected {expect}"));
    }
    if reference["disputed"].as_bool() == Some(true) {
        return None;
    }
    let hashes = reference["stored_sha256"].as_array();
    let rgb = reference["rgb_sha256"].as_array();
    let lossy = reference["lossy"].as_bool() == Some(true);
    let near = header.syntax.codec == Codec::JpegLs;
    for frame in 1..=header.layout.frames {
        let decoded = match overread_dicom::decode(&path, frame) {
            Ok(decoded) => decoded,
            Err(error) => return Some(format!("frame {frame}: {error}")),
        };
        let i = frame as usize - 1;
        if let Some(expected) = hashes.and_then(|h| h.get(i)).and_then(Value::as_str)
            && (!lossy || near)
            && hex(&decoded.samples.to_le_bytes()) != expected
        {
            return Some(format!(
                "frame {frame}: stored values differ ({}, {})",
                decoded.samples.dtype(),
                reference["dtype"]
            ));
        }
        for probe in reference["probe"].as_array().into_iter().flatten() {
            let Some(p) = probe.as_array() else { continue };
            let (f, row, column) = (p[0].as_u64()?, p[1].as_u64()? as usize, p[2].as_u64()? as usize);
            if f as usize != i || hashes.is_none() && p[3].is_array() {
                continue;
            }
            let samples = usize::from(decoded.attributes.samples_per_pixel);
            let at = (row * decoded.attributes.columns as usize + column) * samples;
            let values: Vec<f64> = match &p[3] {
                Value::Array(v) => v.iter().filter_map(Value::as_f64).collect(),
                v => v.as_f64().into_iter().collect(),
            };
            let tolerance = match (lossy, header.syntax.codec) {
                (false, _) => 0.0_f64,
                (true, Codec::JpegXl) => 2.0,
                (true, _) => 1.0,
            };
            for (k, expected) in values.iter().enumerate() {
                let got = decoded.samples.value(at + k);
                let rounding = if got.fract() == 0.0 {
                    0.0
                } else {
                    expected.abs() * 1e-12
                };
                if (got - expected).abs() > tolerance + rounding {
                    return Some(format!(
                        "frame {frame} at {row},{column}: {got}, expected {expected}"
                    ));
                }
            }
        }
        if let Some(expected) = rgb.and_then(|h| h.get(i)).and_then(Value::as_str) {
            let Some(bytes) = colour::to_rgb8(&decoded) else {
                return Some("no colours".to_owned());
            };
            let exact = hex(&bytes) == expected;
            let mut worst = 0;
            for probe in reference["rgb_probe"].as_array().into_iter().flatten() {
                let Some(p) = probe.as_array() else { continue };
                if p[0].as_u64()? as usize != i {
                    continue;
                }
                let at = (p[1].as_u64()? as usize * decoded.attributes.columns as usize
                    + p[2].as_u64()? as usize)
                    * 3;
                for (k, v) in p[3].as_array()?.iter().enumerate() {
                    worst = worst.max((i64::from(bytes[at + k]) - v.as_i64()?).abs());
                }
            }
            // Decoders interpolate subsampled chroma differently: single points may be off, the mean not.
            let off = (0..3)
                .filter_map(|k| {
                    let expected = reference["rgb_mean"].as_array()?.get(k)?.as_f64()?;
                    let sum: f64 = bytes.iter().skip(k).step_by(3).map(|b| f64::from(*b)).sum();
                    Some((sum / (bytes.len() / 3) as f64 - expected).abs())
                })
                .filter(|_| header.layout.frames == 1)
                .fold(0.0_f64, f64::max);
            let allowed = match (lossy, header.syntax.codec) {
                (false, _) => 1,
                (true, Codec::JpegXl) => 2,
                (true, Codec::Jpeg2000) => 1,
                (true, _) => 16,
            };
            if !exact && (worst > allowed || (worst > 3 && off > 1.0)) {
                return Some(format!(
                    "frame {frame}: colours differ by {worst}, in the mean by {off}"
                ));
            }
        }
    }
    None
}

#[test]
fn every_file_is_what_the_reference_says() {
    let Some(corpus) = corpus() else { return };
    let known = known();
    let mut wrong = Vec::new();
    let mut mended = Vec::new();
    let references = lines(&corpus.join("reference.jsonl"));
    for reference in &references {
        let path = reference["path"].as_str().expect("a path");
        match (compare(&corpus, reference), known.get(path)) {
            (Some(what), None) => wrong.push(format!("{path}\t{what}")),
            (None, Some(_)) => mended.push(path.to_owned()),
            _ => {}
        }
    }
    println!(
        "{} files, {} known not to match yet, {} wrong",
        references.len(),
        known.len(),
        wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{} files differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        mended.is_empty(),
        "these match now, take them out of known.txt:\n{}",
        mended.join("\n")
    );
}
