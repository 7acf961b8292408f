//! Display values through the reference renderer.

use std::path::{Path, PathBuf};

use overread_imaging::{render, voi};
use serde_json::Value;

use crate::{corpus, known};

/// A tile of reference values beside ours.
pub(crate) struct Tile {
    pub(crate) name: String,
    pub(crate) case: Value,
    /// Values that differ, and by how much at most; why there are none otherwise.
    pub(crate) result: Result<(u64, i64), String>,
}

impl Tile {
    /// True when it is right; values that lie on a rounding tie may differ by one.
    pub(crate) fn fits(&self) -> bool {
        let near_half = self.case["near_half"].as_u64().unwrap_or(0);
        matches!(self.result, Ok((off, worst)) if off <= near_half && worst <= 1)
    }
}

/// Every tile of the corpus, by name.
pub(crate) fn tiles(corpus: &Path) -> Vec<Tile> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(corpus.join("voi"))
        .expect("voi/ can be read")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let case: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
            let result = compare(corpus, &case);
            Tile { name, case, result }
        })
        .collect()
}

fn compare(corpus: &Path, case: &Value) -> Result<(u64, i64), String> {
    let file = corpus.join(case["path"].as_str().expect("a path"));
    let frame_number = case["frame"].as_u64().unwrap_or(0) as u32 + 1;
    let frame = overread_dicom::decode(&file, frame_number).map_err(|error| error.to_string())?;
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
    let chosen = chosen.ok_or("no such table in the header")?;
    let values = render::display_values(&frame, &chosen);
    let tile: Vec<usize> = case["tile_row_col_height_width"]
        .as_array()
        .expect("a tile")
        .iter()
        .map(|v| v.as_u64().expect("px") as usize)
        .collect();
    let (mut off, mut worst) = (0, 0);
    for (r, row) in case["expected"].as_array().expect("rows").iter().enumerate() {
        for (c, expected) in row.as_array().expect("values").iter().enumerate() {
            let got = values[(tile[0] + r) * frame.attributes.columns as usize + tile[1] + c];
            let difference = (i64::from(got) - expected.as_i64().expect("a number")).abs();
            off += u64::from(difference > 0);
            worst = worst.max(difference);
        }
    }
    Ok((off, worst))
}

#[test]
fn display_values_equal_the_reference_tiles() {
    let Some(corpus) = corpus() else { return };
    let known = known();
    let tiles = tiles(&corpus);
    let wrong: Vec<String> = tiles
        .iter()
        .filter(|tile| !tile.fits() && !known.contains_key(tile.name.as_str()))
        .map(|tile| format!("{}: {:?}", tile.name, tile.result))
        .collect();
    println!("{} tiles", tiles.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
