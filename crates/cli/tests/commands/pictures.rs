//! `pixels`, `render`, `reslice`, `inputs`: bytes that can be checked by hand.

use std::fs;

use overread_phantom::dicom::{Samples, Window, Writer};
use serde_json::{Value, json};

use crate::overread::{Place, text, words};

/// 2 x 3 CT: HU = stored - 1024, window 40 / 400.
fn small(place: &Place) -> std::path::PathBuf {
    let path = place.path("small.dcm");
    Writer::new("small", 2, 3, Samples::U16(vec![0, 1024, 1064, 864, 1264, 4000]))
        .ct(1.0, -1024.0, &[Window::new(40.0, 400.0, "SOFT")])
        .write(&path)
        .expect("a file");
    path
}

#[test]
fn values_at_every_stage_are_those_of_the_formulas() {
    let place = Place::new();
    let file = small(&place);
    let stored = place.done(&["pixels", text(&file), "--frame", "1", "--as", "stored"]);
    let expected: Vec<u8> = [0_u16, 1024, 1064, 864, 1264, 4000]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_eq!(stored, expected);
    let output = place.run(&["pixels", text(&file), "--frame", "1", "--as", "modality"]);
    let header: Value = serde_json::from_str(words(&output).trim()).expect("one JSON line");
    assert_eq!(
        header,
        json!({"dtype": "<f4", "shape": [2, 3], "unit": "HU", "frames": 1})
    );
    let hu: Vec<f32> = output
        .stdout
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    assert_eq!(hu, [-1024.0, 0.0, 40.0, -160.0, 240.0, 2976.0]);
    // LINEAR, PS3.3 C.11.2.1.2.1, rounded half up.
    let display = place.done(&["pixels", text(&file), "--frame", "1", "--as", "display"]);
    let grey = |hu: f64| (((hu - 39.5) / 399.0 + 0.5) * 255.0).clamp(0.0, 255.0).round();
    let expected: Vec<f64> = hu.iter().map(|v| grey(f64::from(*v))).collect();
    assert_eq!(
        display.iter().map(|v| f64::from(*v)).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn a_window_of_ones_own_and_its_three_functions() {
    let place = Place::new();
    let file = small(&place);
    let with = |window: &str| {
        place.done(&[
            "pixels",
            text(&file),
            "--frame",
            "1",
            "--as",
            "display",
            "--window",
            window,
        ])
    };
    let (linear, exact, sigmoid) = (
        with("40,400"),
        with("40,400,LINEAR_EXACT"),
        with("40,400,SIGMOID"),
    );
    assert_eq!(linear[4], 255, "240 HU is the first white of LINEAR");
    assert_eq!(exact[2], 128, "the centre is the middle of LINEAR_EXACT");
    assert_eq!(sigmoid[2], 128, "and of SIGMOID");
    assert!(
        sigmoid[3] > 0 && exact[3] == 0,
        "SIGMOID has no bound at the window's edge"
    );
}

#[test]
fn a_render_is_a_png_of_the_size_asked_for() {
    let place = Place::new();
    let cases = place.phantoms(1, true);
    let out = place.path("slice.png");
    place.done(&[
        "render",
        text(&cases),
        "--slice",
        "3",
        "--preset",
        "lung",
        "--size",
        "320x240",
        "--out",
        text(&out),
    ]);
    let picture = overread_testkit::Picture::read(&out).expect("a PNG");
    assert_eq!((picture.width, picture.height), (320, 240));
    let coronal = place.path("coronal.png");
    place.done(&[
        "render",
        text(&cases),
        "--plane",
        "coronal",
        "--out",
        text(&coronal),
    ]);
    assert!(overread_testkit::Picture::read(&coronal).is_ok());
    let nothing = place.run(&[
        "render",
        text(&cases),
        "--plane",
        "axial",
        "--at",
        "99999",
        "--out",
        text(&coronal),
    ]);
    assert_eq!(nothing.status.code(), Some(1), "{}", words(&nothing));
}

#[test]
fn a_reslice_on_the_slices_own_grid_is_the_slice() {
    let place = Place::new();
    let cases = place.phantoms(1, true);
    let index = place.json(&["index", text(&cases), "--json"]);
    let set = &index["display_sets"][0];
    let (rows, columns) = (
        set["rows"].as_u64().expect("rows"),
        set["columns"].as_u64().expect("columns"),
    );
    let spacing = set["pixel_spacing_mm"][0].as_f64().expect("spacing");
    let slice = 4;
    let grid = json!({
        "origin_mm": set["positions"][slice], "right": [1, 0, 0], "down": [0, 1, 0],
        "step_mm": spacing, "width": columns, "height": rows, "outside": -1024.0,
    });
    let orientation: Vec<f64> = serde_json::from_value(set["orientation"].clone()).expect("orientation");
    let mut grid = grid;
    grid["right"] = json!(orientation[..3]);
    grid["down"] = json!(orientation[3..]);
    let grid_file = place.path("grid.json");
    fs::write(&grid_file, grid.to_string()).expect("a grid");
    let out = place.path("out.npy");
    place.done(&[
        "reslice",
        text(&cases),
        "--grid",
        text(&grid_file),
        "--interpolation",
        "nearest",
        "--out",
        text(&out),
    ]);
    let npy = fs::read(&out).expect("an array");
    let bytes = usize::try_from(rows * columns * 4).expect("small");
    let file = set["files"][slice].as_str().expect("a path");
    let modality = place.done(&["pixels", file, "--frame", "1", "--as", "modality"]);
    assert_eq!(npy[npy.len() - bytes..], modality[..]);
}

#[test]
fn what_a_model_would_get_is_written_with_its_recipe() {
    let place = Place::new();
    let cases = place.phantoms(1, true);
    let out = place.path("inputs");
    place.done(&[
        "inputs",
        text(&cases),
        "--preprocess",
        "ct-windows/1",
        "--slices",
        "2-6/2",
        "--prompt",
        "What is seen?",
        "--out",
        text(&out),
    ]);
    let inputs: Value =
        serde_json::from_slice(&fs::read(out.join("inputs.json")).expect("inputs.json")).expect("JSON");
    assert_eq!(inputs["preprocess"], "ct-windows/1");
    let slices = inputs["slices"].as_array().expect("slices");
    assert_eq!(slices.len(), 3);
    assert!(
        inputs["rendered_prompt"]
            .as_str()
            .is_some_and(|p| p.contains("What is seen?"))
    );
    // Red is -1024..1024 HU, green -135..215, blue 0..80, clipped and scaled in float32, rounded half to even.
    let index = place.json(&["index", text(&cases), "--json"]);
    let file = index["display_sets"][0]["files"][1]
        .as_str()
        .expect("the second slice")
        .to_owned();
    let hu = place.done(&["pixels", &file, "--frame", "1", "--as", "modality"]);
    let picture = overread_testkit::Picture::read(&out.join("001.png")).expect("a PNG");
    let channel = |value: f32, low: f32, high: f32| {
        let scaled = (value.clamp(low, high) - low) / (high - low) * 255.0;
        scaled.round_ties_even() as u8
    };
    let expected: Vec<u8> = hu
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .flat_map(|v| {
            [
                channel(v, -1024.0, 1024.0),
                channel(v, -135.0, 215.0),
                channel(v, 0.0, 80.0),
            ]
        })
        .collect();
    assert_eq!(picture.bytes, expected);
}
