//! Reslices of volumes built from the files.

use std::collections::BTreeMap;
use std::path::Path;

use overread_imaging::{reslice, view, volume};
use serde_json::Value;

use crate::{corpus, index_of};

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
