//! Models made for tests: the demonstration model, and the same as GGUF.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;

pub(crate) mod gguf;

/// The demonstration model in `folder`.
pub(crate) fn demo(folder: &Path) -> PathBuf {
    overread_phantom::checkpoint::write_random_model(folder, 5).expect("writes")
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("reads")).expect("JSON")
}

/// Names, shapes and values of a safetensors file in bfloat16 or float32.
pub(crate) fn tensors(path: &Path) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let bytes = std::fs::read(path).expect("reads");
    let file = SafeTensors::deserialize(&bytes).expect("sound");
    let mut list: Vec<_> = file
        .iter()
        .map(|(name, view)| {
            let values = match view.dtype() {
                safetensors::Dtype::BF16 => view
                    .data()
                    .chunks_exact(2)
                    .map(|b| f32::from_bits(u32::from(u16::from_le_bytes([b[0], b[1]])) << 16))
                    .collect(),
                safetensors::Dtype::F32 => view
                    .data()
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                    .collect(),
                other => panic!("{other:?}"),
            };
            (name.to_owned(), view.shape().to_vec(), values)
        })
        .collect();
    list.sort_by(|a, b| a.0.cmp(&b.0));
    list
}

/// A safetensors file of float32 tensors.
pub(crate) fn write_safetensors(path: &Path, tensors: &[(String, Vec<usize>, Vec<f32>)]) {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    write_with_header(path, &Value::Object(header).to_string(), &data);
}

/// A safetensors file with this header, sound or not.
pub(crate) fn write_with_header(path: &Path, header: &str, data: &[u8]) {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    std::fs::write(path, bytes).expect("writes");
}
