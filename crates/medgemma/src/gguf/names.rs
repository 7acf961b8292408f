//! Tensor names of GGUF to internal names.

use crate::weights::source::Entry;

/// The internal name of a tensor of the text file. Unknown names stay unknown under `text.`.
pub(super) fn text(name: &str) -> Option<String> {
    let own = match name {
        "token_embd.weight" => "text.embed_tokens.weight".to_owned(),
        "output_norm.weight" => "text.norm.weight".to_owned(),
        "output.weight" => "head.weight".to_owned(),
        // The factors of a RoPE that other families scale; linear scaling has none.
        "rope_freqs.weight" => return None,
        _ => match layer(name, "blk.") {
            Some((i, part)) => format!("text.layers.{i}.{}", text_part(part)),
            None => format!("text.{name}"),
        },
    };
    Some(own)
}

fn text_part(part: &str) -> String {
    let (stem, suffix) = part.rsplit_once('.').unwrap_or((part, ""));
    let own = match stem {
        "attn_q" => "self_attn.q_proj",
        "attn_k" => "self_attn.k_proj",
        "attn_v" => "self_attn.v_proj",
        "attn_output" => "self_attn.o_proj",
        "attn_q_norm" => "self_attn.q_norm",
        "attn_k_norm" => "self_attn.k_norm",
        "ffn_gate" => "mlp.gate_proj",
        "ffn_up" => "mlp.up_proj",
        "ffn_down" => "mlp.down_proj",
        "attn_norm" => "input_layernorm",
        "post_attention_norm" => "post_attention_layernorm",
        "ffn_norm" => "pre_feedforward_layernorm",
        "post_ffw_norm" => "post_feedforward_layernorm",
        other => other,
    };
    format!("{own}.{suffix}")
}

/// The internal name of a tensor of the mmproj file. Older converters swapped `ffn_up` and `ffn_down`: which is which
/// shows in the shape, `fc1` being `[intermediate, hidden]`.
pub(super) fn vision(entry: &Entry, swapped: bool) -> String {
    let name = entry.name.as_str();
    let own = match name {
        "v.patch_embd.weight" => "embeddings.patch_embedding.weight",
        "v.patch_embd.bias" => "embeddings.patch_embedding.bias",
        "v.position_embd.weight" => "embeddings.position_embedding.weight",
        "v.post_ln.weight" => "post_layernorm.weight",
        "v.post_ln.bias" => "post_layernorm.bias",
        "mm.input_projection.weight" => return crate::weights::PROJECTION.to_owned(),
        "mm.soft_emb_norm.weight" => return "projector.mm_soft_emb_norm.weight".to_owned(),
        _ => {
            return match layer(name, "v.blk.") {
                Some((i, part)) => format!("vision.encoder.layers.{i}.{}", vision_part(part, swapped)),
                None => format!("vision.{name}"),
            };
        }
    };
    format!("vision.{own}")
}

/// True when this file calls the first matrix of the MLP `ffn_down`.
pub(super) fn is_swapped(tensors: &[Entry], hidden: usize, intermediate: usize) -> bool {
    hidden != intermediate
        && tensors
            .iter()
            .any(|t| t.name == "v.blk.0.ffn_down.weight" && t.shape == [intermediate, hidden])
}

fn vision_part(part: &str, swapped: bool) -> String {
    let (stem, suffix) = part.rsplit_once('.').unwrap_or((part, ""));
    let own = match (stem, swapped) {
        ("ln1", _) => "layer_norm1",
        ("ln2", _) => "layer_norm2",
        ("attn_q", _) => "self_attn.q_proj",
        ("attn_k", _) => "self_attn.k_proj",
        ("attn_v", _) => "self_attn.v_proj",
        ("attn_out", _) => "self_attn.out_proj",
        ("ffn_up", false) | ("ffn_down", true) => "mlp.fc1",
        ("ffn_down", false) | ("ffn_up", true) => "mlp.fc2",
        (other, _) => other,
    };
    format!("{own}.{suffix}")
}

/// Layer number and the rest; a number with leading zeros is another name.
fn layer<'a>(name: &'a str, prefix: &str) -> Option<(usize, &'a str)> {
    let (number, part) = name.strip_prefix(prefix)?.split_once('.')?;
    let i: usize = number.parse().ok()?;
    (i.to_string() == number).then_some((i, part))
}
