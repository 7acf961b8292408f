//! The shared corpus against its reference values; a printed skip where the corpus is absent.
//!
//! Files that are known not to match yet stand in `known.txt` with a reason each; the list may only shrink.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overread_dicom::scan::{Found, examine};
use overread_dicom::syntax::Codec;
use overread_imaging::{colour, render, reslice, view, voi, volume};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("OVERREAD_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let corpus = shared.join("corpus");
    if corpus.is_dir() {
        return Some(corpus);
    }
    println!("skipped: shared/corpus absent");
    None
}

fn known() -> BTreeMap<&'static str, &'static str> {
    include_str!("known.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .filter_map(|line| line.split_once('\t'))
        .collect()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("reference can be read");
    text.lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| serde_json::from_str(l).expect("reference is JSON"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
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

#[test]
fn display_values_equal_the_reference_tiles() {
    let Some(corpus) = corpus() else { return };
    let known = known();
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(corpus.join("voi")).expect("voi/ can be read") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let case: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        count += 1;
        let file = corpus.join(case["path"].as_str().expect("a path"));
        let frame_number = case["frame"].as_u64().unwrap_or(0) as u32 + 1;
        let frame = match overread_dicom::decode(&file, frame_number) {
            Ok(frame) => frame,
            Err(error) => {
                if !known.contains_key(name.as_str()) {
                    wrong.push(format!("{name}: {error}"));
                }
                continue;
            }
        };
        let wanted = &case["voi"];
        let chosen = if wanted["kind"] == "lut" {
            let item = wanted["item"].as_u64().expect("an item") as usize;
            frame.attributes.voi_luts().nth(item).cloned().map(voi::Voi::Lut)
        } else {
            let function = match wanted["function"].as_str() {
                Some("SIGMOID") => voi::VoiFunction::Sigmoid,
                Some("LINEAR_EXACT") => voi::VoiFunction::LinearExact,
                _ => voi::VoiFunction::Linear,
            };
            Some(voi::Voi::Window(voi::Window {
                center: wanted["center"].as_f64().expect("a centre"),
                width: wanted["width"].as_f64().expect("a width"),
                function,
                explanation: None,
            }))
        };
        let Some(chosen) = chosen else {
            wrong.push(format!("{name}: no such table in the header"));
            continue;
        };
        let values = render::display_values(&frame, &chosen);
        let tile: Vec<usize> = case["tile_row_col_height_width"]
            .as_array()
            .expect("a tile")
            .iter()
            .map(|v| v.as_u64().expect("px") as usize)
            .collect();
        let near_half = case["near_half"].as_u64().unwrap_or(0);
        let (mut off, mut worst) = (0, 0);
        for (r, row) in case["expected"].as_array().expect("rows").iter().enumerate() {
            for (c, expected) in row.as_array().expect("values").iter().enumerate() {
                let got = values[(tile[0] + r) * frame.attributes.columns as usize + tile[1] + c];
                let difference = (i64::from(got) - expected.as_i64().expect("a number")).abs();
                off += u64::from(difference > 0);
                worst = worst.max(difference);
            }
        }
        if (off > near_half || worst > 1) && !known.contains_key(name.as_str()) {
            wrong.push(format!("{name}: {off} pixels differ, by at most {worst}"));
        }
    }
    println!("{count} tiles");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn index_of(folder: &Path) -> overread_dicom::Index {
    let mut index = overread_dicom::Index::default();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        if let Found::Image(header) = examine(&entry.expect("an entry").path()) {
            index.add(*header);
        }
    }
    index
}

#[test]
fn series_have_the_references_geometry() {
    let Some(corpus) = corpus() else { return };
    let known = known();
    let mut wrong = Vec::new();
    for case in lines(&corpus.join("series.jsonl")) {
        let folder = case["folder"].as_str().expect("a folder");
        let sets = index_of(&corpus.join(folder)).display_sets(None);
        for expected in case["display_sets"].as_array().expect("sets") {
            let positions: Vec<f64> = expected["position_mm"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_f64)
                .collect();
            let kind = expected["kind"].as_str().unwrap_or_default();
            let fits = sets.iter().any(|set| {
                let Some(a) = &set.arrangement else {
                    return positions.is_empty();
                };
                let tilt = expected["tilt_deg"].as_f64().unwrap_or(0.0);
                let mut places = a.positions.clone();
                places.dedup_by(|x, y| (*x - *y).abs() < 0.001);
                let same_places = places.len() == positions.len()
                    && places.iter().zip(&positions).all(|(x, y)| (x - y).abs() < 0.01);
                let even = expected["even"].as_bool() == Some(true);
                let volume = !(kind == "volume" && even && a.duplicates == 0) || a.volume;
                let gaps = expected["gaps"].as_array().map_or(0, Vec::len) == a.gaps.len();
                same_places && (a.tilt - tilt).abs() < 0.05 && volume && gaps
            });
            if !fits && !known.contains_key(folder) {
                let got: Vec<String> = sets
                    .iter()
                    .map(|s| {
                        format!(
                            "{} x{} {:?}",
                            s.description,
                            s.frames.len(),
                            s.arrangement.as_ref().map(|a| (
                                a.tilt,
                                a.volume,
                                a.gaps.len(),
                                a.spacing,
                                a.duplicates
                            ))
                        )
                    })
                    .collect();
                wrong.push(format!(
                    "{folder}: {kind} n {} tilt {} gaps {} not among {got:?}",
                    positions.len(),
                    expected["tilt_deg"],
                    expected["gaps"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn npy(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("readable");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[10 + length..].to_vec()
}

#[test]
fn reslices_equal_the_reference_arrays() {
    let Some(corpus) = corpus() else { return };
    let mut volumes: BTreeMap<String, volume::Volume> = BTreeMap::new();
    for entry in std::fs::read_dir(corpus.join("mpr")).expect("mpr/") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let case: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let series = case["series"].as_str().expect("a series").to_owned();
        let volume = volumes.entry(series.clone()).or_insert_with(|| {
            let sets = index_of(&corpus.join(&series)).display_sets(None);
            let set = sets.iter().max_by_key(|s| s.frames.len()).expect("a set");
            let frames = set
                .frames
                .iter()
                .map(|f| overread_dicom::decode(&f.header.path, f.frame).expect("decodes"))
                .collect();
            volume::Volume::new(frames, set.arrangement.as_ref().expect("positions")).expect("a volume")
        });
        let v3 = |v: &Value| {
            glam::DVec3::from_slice(
                &v.as_array()
                    .expect("three")
                    .iter()
                    .map(|n| n.as_f64().expect("a number"))
                    .collect::<Vec<_>>(),
            )
        };
        let grid = reslice::Grid {
            origin: v3(&case["origin_mm"]),
            right: v3(&case["right"]),
            down: v3(&case["down"]),
            step: case["step_mm"].as_f64().expect("mm"),
            width: case["width"].as_u64().expect("px") as usize,
            height: case["height"].as_u64().expect("px") as usize,
            outside: case["outside"].as_f64().expect("a value") as f32,
        };
        let stem = path.file_stem().expect("a stem").to_string_lossy().into_owned();
        let inside = npy(&corpus.join(format!("mpr/{stem}_inside.npy")));
        for (name, interpolation, tolerance) in [
            ("nearest", view::Interpolation::Nearest, 0.0),
            ("linear", view::Interpolation::Linear, 0.05),
        ] {
            let got = reslice::reslice(volume, &grid, interpolation);
            let expected = npy(&corpus.join(format!("mpr/{stem}_{name}.npy")));
            let mut worst = 0.0_f32;
            for (i, value) in got.iter().enumerate() {
                if inside[i] != 0 {
                    let e = f32::from_le_bytes([
                        expected[i * 4],
                        expected[i * 4 + 1],
                        expected[i * 4 + 2],
                        expected[i * 4 + 3],
                    ]);
                    worst = worst.max((value - e).abs());
                }
            }
            println!("{stem} {name}: at most {worst}");
            assert!(worst <= tolerance, "{stem} {name}: {worst}");
        }
    }
}

#[test]
fn names_are_decoded_as_the_character_set_says() {
    let Some(corpus) = corpus() else { return };
    let mut wrong = Vec::new();
    let mut count = 0;
    for reference in lines(&corpus.join("reference.jsonl")) {
        let path = reference["path"].as_str().expect("a path");
        let Some(expected) = reference["patient_name"].as_str() else {
            continue;
        };
        let Ok(file) = overread_dicom::file::DicomFile::open(&corpus.join(path)) else {
            continue;
        };
        let name = overread_dicom::dataset::text(&file.dataset, dicom_dictionary_std::tags::PATIENT_NAME)
            .unwrap_or_default();
        count += 1;
        if name.trim_end_matches('=') != expected.trim() {
            wrong.push(format!("{path}: {name:?}, expected {expected:?}"));
        }
    }
    println!("{count} names");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_scan_reads_the_same_header_as_the_whole_file_gives() {
    let Some(corpus) = corpus() else { return };
    let mut count = 0;
    for reference in lines(&corpus.join("reference.jsonl")) {
        let path = corpus.join(reference["path"].as_str().expect("a path"));
        if let Found::Image(scanned) = examine(&path) {
            let file = overread_dicom::file::DicomFile::open(&path).expect("opens");
            let whole = overread_dicom::ImageHeader::read(&path, &file).expect("an image");
            assert_eq!(format!("{scanned:?}"), format!("{whole:?}"), "{}", path.display());
            count += 1;
        }
    }
    println!("{count} headers");
}
