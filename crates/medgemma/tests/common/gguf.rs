//! A small GGUF writer, for tests only.

use std::path::Path;

use super::{json, tensors};

/// A value of the header.
#[derive(Clone, Debug)]
pub(crate) enum Meta {
    U32(u32),
    F32(f32),
    Flag(bool),
    Text(String),
    Texts(Vec<String>),
    Floats(Vec<f32>),
    Ints(Vec<i32>),
    Flags(Vec<bool>),
}

/// A file before it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gguf {
    pub(crate) meta: Vec<(String, Meta)>,
    /// Name, shape with rows first, type number, bytes.
    pub(crate) tensors: Vec<(String, Vec<usize>, u32, Vec<u8>)>,
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn list<T>(out: &mut Vec<u8>, kind: u32, values: &[T], mut each: impl FnMut(&mut Vec<u8>, &T)) {
    out.extend(9_u32.to_le_bytes());
    out.extend(kind.to_le_bytes());
    out.extend((values.len() as u64).to_le_bytes());
    for value in values {
        each(out, value);
    }
}

impl Gguf {
    pub(crate) fn set(&mut self, key: &str, value: Meta) {
        self.meta.retain(|(k, _)| k != key);
        self.meta.push((key.to_owned(), value));
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.meta.retain(|(k, _)| k != key);
    }

    pub(crate) fn f32(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensors.push((name.to_owned(), shape.to_vec(), 0, bytes));
    }

    pub(crate) fn f16(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values
            .iter()
            .flat_map(|v| half::f16::from_f32(*v).to_le_bytes())
            .collect();
        self.tensors.push((name.to_owned(), shape.to_vec(), 1, bytes));
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.meta.len() as u64).to_le_bytes());
        for (key, value) in &self.meta {
            text(&mut out, key);
            match value {
                Meta::U32(v) => {
                    out.extend(4_u32.to_le_bytes());
                    out.extend(v.to_le_bytes());
                }
                Meta::F32(v) => {
                    out.extend(6_u32.to_le_bytes());
                    out.extend(v.to_le_bytes());
                }
                Meta::Flag(v) => {
                    out.extend(7_u32.to_le_bytes());
                    out.push(u8::from(*v));
                }
                Meta::Text(v) => {
                    out.extend(8_u32.to_le_bytes());
                    text(&mut out, v);
                }
                Meta::Texts(v) => list(&mut out, 8, v, |out, v| text(out, v)),
                Meta::Floats(v) => list(&mut out, 6, v, |out, v| out.extend(v.to_le_bytes())),
                Meta::Ints(v) => list(&mut out, 5, v, |out, v| out.extend(v.to_le_bytes())),
                Meta::Flags(v) => list(&mut out, 7, v, |out, v| out.push(u8::from(*v))),
            }
        }
        let mut offset = 0_usize;
        for (name, shape, kind, bytes) in &self.tensors {
            text(&mut out, name);
            out.extend((shape.len() as u32).to_le_bytes());
            for n in shape.iter().rev() {
                out.extend((*n as u64).to_le_bytes());
            }
            out.extend(kind.to_le_bytes());
            out.extend((offset as u64).to_le_bytes());
            offset = (offset + bytes.len()).next_multiple_of(32);
        }
        for (_, _, _, bytes) in &self.tensors {
            out.resize(out.len().next_multiple_of(32), 0);
            out.extend(bytes);
        }
        out
    }

    pub(crate) fn write(&self, path: &Path) {
        std::fs::write(path, self.bytes()).expect("writes");
    }
}

/// The text file and the mmproj file of a model folder, as llama.cpp's converter writes them: no vocabulary size, runs of
/// spaces as such, a constant score for added tokens, the projector in float16.
pub(crate) fn convert(folder: &Path) -> (Gguf, Gguf) {
    let config = json(&folder.join("config.json"));
    let (t, v) = (&config["text_config"], &config["vision_config"]);
    let count = |value: &serde_json::Value| Meta::U32(value.as_u64().expect("a count") as u32);
    let mut text = Gguf::default();
    text.set("general.architecture", Meta::Text("gemma3".to_owned()));
    for (key, from) in [
        ("context_length", "max_position_embeddings"),
        ("embedding_length", "hidden_size"),
        ("block_count", "num_hidden_layers"),
        ("feed_forward_length", "intermediate_size"),
        ("attention.head_count", "num_attention_heads"),
        ("attention.head_count_kv", "num_key_value_heads"),
        ("attention.key_length", "head_dim"),
        ("attention.value_length", "head_dim"),
        ("attention.sliding_window", "sliding_window"),
    ] {
        text.set(&format!("gemma3.{key}"), count(&t[from]));
    }
    text.set("gemma3.attention.layer_norm_rms_epsilon", Meta::F32(1e-6));
    text.set("gemma3.rope.freq_base", Meta::F32(1e6));
    text.set("gemma3.rope.freq_base_swa", Meta::F32(1e4));
    text.set("gemma3.rope.scaling.type", Meta::Text("linear".to_owned()));
    text.set("gemma3.rope.scaling.factor", Meta::F32(8.0));
    tokenizer(folder, &mut text);
    let mut vision = Gguf::default();
    vision.set("general.architecture", Meta::Text("clip".to_owned()));
    vision.set("clip.projector_type", Meta::Text("gemma3".to_owned()));
    for (key, from) in [
        ("image_size", "image_size"),
        ("patch_size", "patch_size"),
        ("embedding_length", "hidden_size"),
        ("feed_forward_length", "intermediate_size"),
        ("block_count", "num_hidden_layers"),
        ("attention.head_count", "num_attention_heads"),
    ] {
        vision.set(&format!("clip.vision.{key}"), count(&v[from]));
    }
    vision.set("clip.vision.projection_dim", count(&t["hidden_size"]));
    vision.set("clip.vision.attention.layer_norm_epsilon", Meta::F32(1e-6));
    vision.set("clip.vision.image_mean", Meta::Floats(vec![0.5; 3]));
    vision.set("clip.vision.image_std", Meta::Floats(vec![0.5; 3]));
    for (name, shape, mut values) in tensors(&folder.join("model.safetensors")) {
        if shape.len() == 1 && (name.contains("norm.weight") && !name.contains("vision")) {
            values.iter_mut().for_each(|w| *w += 1.0);
        }
        if let Some(rest) = name.strip_prefix("language_model.model.") {
            text.f32(&text_name(rest), &shape, &values);
        } else if name.ends_with("mm_input_projection_weight") {
            vision.f16("mm.input_projection.weight", &shape, &values);
        } else {
            vision.f32(&vision_name(&name), &shape, &values);
        }
    }
    let grid = v["image_size"].as_u64().expect("a count") / v["patch_size"].as_u64().expect("a count");
    let side = config["mm_tokens_per_image"].as_u64().expect("a count").isqrt();
    if grid / side != 4 {
        vision.set(
            "clip.vision.projector.scale_factor",
            Meta::U32((grid / side) as u32),
        );
    }
    (text, vision)
}

fn tokenizer(folder: &Path, text: &mut Gguf) {
    let file = json(&folder.join("tokenizer.json"));
    let mut words: Vec<(String, u64)> = file["model"]["vocab"]
        .as_object()
        .expect("a vocabulary")
        .iter()
        .map(|(word, id)| (word.clone(), id.as_u64().expect("an id")))
        .collect();
    words.sort_by_key(|(_, id)| *id);
    let added = |word: &str| {
        let list = file["added_tokens"].as_array().expect("added tokens");
        list.iter()
            .find(|a| a["content"] == word)
            .map(|a| a["special"] == true)
    };
    let merges = file["model"]["merges"].as_array().expect("merges");
    let rank = |word: &str| {
        merges.iter().position(|m| {
            let part = |i: usize| m[i].as_str().unwrap_or_default();
            format!("{}{}", part(0), part(1)) == word
        })
    };
    let (mut texts, mut scores, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    for (word, _) in &words {
        let byte = word.starts_with("<0x");
        kinds.push(match added(word) {
            Some(true) => 3,
            Some(false) => 4,
            None if byte => 6,
            None => 1,
        });
        scores.push(match added(word) {
            Some(_) => -1000.0,
            None => rank(word).map_or(-1e6, |r| -(r as f32)),
        });
        texts.push(if word.chars().count() > 1 && word.chars().all(|c| c == '▁') {
            word.replace('▁', " ")
        } else {
            word.clone()
        });
    }
    text.set("tokenizer.ggml.model", Meta::Text("llama".to_owned()));
    text.set("tokenizer.ggml.tokens", Meta::Texts(texts));
    text.set("tokenizer.ggml.scores", Meta::Floats(scores));
    text.set("tokenizer.ggml.token_type", Meta::Ints(kinds));
    text.set("tokenizer.ggml.eos_token_id", Meta::U32(1));
    text.set("tokenizer.ggml.bos_token_id", Meta::U32(2));
    text.set(
        "tokenizer.chat_template",
        Meta::Text("{{ '<start_of_turn>' }}".to_owned()),
    );
}

fn text_name(rest: &str) -> String {
    match rest {
        "embed_tokens.weight" => return "token_embd.weight".to_owned(),
        "norm.weight" => return "output_norm.weight".to_owned(),
        _ => {}
    }
    rest.replace("layers.", "blk.")
        .replace("self_attn.q_proj", "attn_q")
        .replace("self_attn.k_proj", "attn_k")
        .replace("self_attn.v_proj", "attn_v")
        .replace("self_attn.o_proj", "attn_output")
        .replace("self_attn.q_norm", "attn_q_norm")
        .replace("self_attn.k_norm", "attn_k_norm")
        .replace("mlp.gate_proj", "ffn_gate")
        .replace("mlp.up_proj", "ffn_up")
        .replace("mlp.down_proj", "ffn_down")
        .replace("pre_feedforward_layernorm", "ffn_norm")
        .replace("post_feedforward_layernorm", "post_ffw_norm")
        .replace("post_attention_layernorm", "post_attention_norm")
        .replace("input_layernorm", "attn_norm")
}

fn vision_name(name: &str) -> String {
    if name.ends_with("mm_soft_emb_norm.weight") {
        return "mm.soft_emb_norm.weight".to_owned();
    }
    name.replace("vision_tower.vision_model.", "v.")
        .replace("encoder.layers.", "blk.")
        .replace("embeddings.patch_embedding", "patch_embd")
        .replace("embeddings.position_embedding", "position_embd")
        .replace("post_layernorm", "post_ln")
        .replace("layer_norm", "ln")
        .replace("self_attn.out_proj", "attn_out")
        .replace("self_attn.q_proj", "attn_q")
        .replace("self_attn.k_proj", "attn_k")
        .replace("self_attn.v_proj", "attn_v")
        .replace("mlp.fc1", "ffn_up")
        .replace("mlp.fc2", "ffn_down")
}
