//! Series: what scrolls together, in which order, at which places.

use serde_json::Value;

use crate::{corpus, index_of, known, lines};

/// File names with frame index, from 0.
fn names_of(images: &Value) -> Vec<(String, u64)> {
    let name = |v: &Value| {
        v.as_str()
            .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned())
    };
    images
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|image| match image {
            Value::Array(pair) => Some((name(&pair[0])?, pair[1].as_u64()?)),
            one => Some((name(one)?, 0)),
        })
        .collect()
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
                let mut wanted = names_of(&expected["images"]);
                let shown: Vec<(String, u64)> = set
                    .frames
                    .iter()
                    .map(|f| {
                        let name = f.header.path.file_name().expect("a name");
                        (name.to_string_lossy().into_owned(), u64::from(f.frame) - 1)
                    })
                    .collect();
                if a.duplicates == 0 && shown != wanted {
                    wanted.reverse();
                    if shown != wanted && !wanted.is_empty() {
                        return false;
                    }
                }
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
