//! Display values through the reference renderer.

use overread_imaging::{render, voi};
use serde_json::Value;

use crate::{corpus, known};

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
