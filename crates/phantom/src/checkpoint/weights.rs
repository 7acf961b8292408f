//! Random weights in the names and shapes of the published files, as one safetensors file in bfloat16.

use half::bf16;
use serde_json::{Map, Value, json};

use super::Shape;
use crate::random::Random;

/// How a tensor is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Draw {
    /// Normal with this standard deviation.
    Normal(f32),
    /// One plus a little noise (layer norms' scale).
    One,
    /// A little noise (biases; RMS norms, whose scale is one plus the weight).
    Zero,
}

/// Name, shape and law of every tensor.
fn tensors(s: &Shape) -> Vec<(String, Vec<usize>, Draw)> {
    let fan = |inputs: usize| Draw::Normal((inputs as f32).sqrt().recip());
    let mut list: Vec<(String, Vec<usize>, Draw)> = Vec::new();
    let mut put = |name: String, shape: &[usize], draw: Draw| list.push((name, shape.to_vec(), draw));
    let text = "language_model.model";
    put(
        format!("{text}.embed_tokens.weight"),
        &[s.rows, s.hidden],
        Draw::Normal(0.11),
    );
    put(format!("{text}.norm.weight"), &[s.hidden], Draw::Zero);
    let (q, kv) = (s.heads * s.head_dim, s.kv_heads * s.head_dim);
    for layer in 0..s.layers {
        let name = |rest: &str| format!("{text}.layers.{layer}.{rest}.weight");
        for norm in [
            "input_layernorm",
            "post_attention_layernorm",
            "pre_feedforward_layernorm",
            "post_feedforward_layernorm",
        ] {
            put(name(norm), &[s.hidden], Draw::Zero);
        }
        put(name("self_attn.q_proj"), &[q, s.hidden], fan(s.hidden));
        put(name("self_attn.k_proj"), &[kv, s.hidden], fan(s.hidden));
        put(name("self_attn.v_proj"), &[kv, s.hidden], fan(s.hidden));
        put(name("self_attn.o_proj"), &[s.hidden, q], fan(q));
        put(name("self_attn.q_norm"), &[s.head_dim], Draw::Zero);
        put(name("self_attn.k_norm"), &[s.head_dim], Draw::Zero);
        put(name("mlp.gate_proj"), &[s.intermediate, s.hidden], fan(s.hidden));
        put(name("mlp.up_proj"), &[s.intermediate, s.hidden], fan(s.hidden));
        put(
            name("mlp.down_proj"),
            &[s.hidden, s.intermediate],
            fan(s.intermediate),
        );
    }
    put(
        "multi_modal_projector.mm_soft_emb_norm.weight".into(),
        &[s.vision_hidden],
        Draw::Zero,
    );
    put(
        "multi_modal_projector.mm_input_projection_weight".into(),
        &[s.vision_hidden, s.hidden],
        fan(s.vision_hidden),
    );
    let tower = "vision_tower.vision_model";
    let v = s.vision_hidden;
    let positions = (s.image / s.patch).pow(2);
    let patch = [v, 3, s.patch, s.patch];
    put(
        format!("{tower}.embeddings.patch_embedding.weight"),
        &patch,
        fan(s.patch * s.patch),
    );
    put(
        format!("{tower}.embeddings.patch_embedding.bias"),
        &[v],
        Draw::Zero,
    );
    put(
        format!("{tower}.embeddings.position_embedding.weight"),
        &[positions, v],
        Draw::Normal(0.1),
    );
    for layer in 0..s.vision_layers {
        let mut pair = |rest: &str, shape: &[usize], draw: Draw| {
            put(
                format!("{tower}.encoder.layers.{layer}.{rest}.weight"),
                shape,
                draw,
            );
            put(
                format!("{tower}.encoder.layers.{layer}.{rest}.bias"),
                &shape[..1],
                Draw::Zero,
            );
        };
        pair("layer_norm1", &[v], Draw::One);
        pair("layer_norm2", &[v], Draw::One);
        for projection in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            pair(&format!("self_attn.{projection}"), &[v, v], fan(v));
        }
        pair("mlp.fc1", &[s.vision_intermediate, v], fan(v));
        pair("mlp.fc2", &[v, s.vision_intermediate], fan(s.vision_intermediate));
    }
    put(format!("{tower}.post_layernorm.weight"), &[v], Draw::One);
    put(format!("{tower}.post_layernorm.bias"), &[v], Draw::Zero);
    list.sort_by(|a, b| a.0.cmp(&b.0));
    list
}

/// The bytes of `model.safetensors`: length of the header (u64, little endian), JSON header padded with spaces to a
/// multiple of eight, then the tensors in the order of their names.
pub(super) fn safetensors(shape: &Shape, seed: u64) -> Vec<u8> {
    packed(tensors(shape), seed)
}

/// The same for any tensors, in the order of their names.
pub(super) fn packed(tensors: Vec<(String, Vec<usize>, Draw)>, seed: u64) -> Vec<u8> {
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({"format": "pt"}));
    let mut data: Vec<u8> = Vec::new();
    for (name, dimensions, draw) in tensors {
        let mut random = Random::new(seed, &name);
        let start = data.len();
        for _ in 0..dimensions.iter().product::<usize>() {
            let value = match draw {
                Draw::Normal(deviation) => deviation * random.normal(),
                Draw::One => 1.0 + 0.05 * random.normal(),
                Draw::Zero => 0.05 * random.normal(),
            };
            data.extend(bf16::from_f32(value).to_le_bytes());
        }
        let entry = json!({"dtype": "BF16", "shape": dimensions, "data_offsets": [start, data.len()]});
        header.insert(name, entry);
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.append(&mut text);
    out.append(&mut data);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::{Dtype, SafeTensors};

    #[test]
    fn another_reader_finds_every_tensor_in_its_shape() {
        let shape = Shape::random(1000);
        let bytes = safetensors(&shape, 5);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let expected = tensors(&shape);
        assert_eq!(file.len(), expected.len());
        for (name, dimensions, _) in &expected {
            let tensor = file.tensor(name).unwrap();
            assert_eq!(tensor.shape(), dimensions.as_slice(), "{name}");
            assert_eq!(tensor.dtype(), Dtype::BF16);
            let values = tensor
                .data()
                .as_chunks::<2>()
                .0
                .iter()
                .map(|b| bf16::from_le_bytes(*b).to_f32());
            assert!(
                values.clone().all(f32::is_finite) && values.clone().any(|v| v.abs() > 1e-4),
                "{name}"
            );
        }
    }

    #[test]
    fn the_numbers_fit_together() {
        let s = Shape::random(1000);
        let grid = s.image / s.patch;
        let side = s.image_tokens.isqrt();
        assert_eq!(side * side, s.image_tokens);
        assert_eq!(grid % side, 0);
        assert_eq!(s.image % s.patch, 0);
        assert_eq!(s.heads % s.kv_heads, 0);
        assert_eq!(s.vision_hidden % s.vision_heads, 0);
        assert!(s.rows > 1000 && s.head_dim.is_multiple_of(2));
    }
}
