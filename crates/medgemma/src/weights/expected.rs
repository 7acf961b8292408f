//! The tensors that a config asks for.

use crate::config::Config;

/// Names and shapes that a config asks for, internal names, in order.
pub fn expected(config: &Config) -> Vec<(String, Vec<usize>)> {
    let mut all = Vec::new();
    let t = &config.text;
    let (d, f, q, kv) = (
        t.hidden_size,
        t.intermediate_size,
        t.heads * t.head_dim,
        t.kv_heads * t.head_dim,
    );
    all.push(("text.embed_tokens.weight".to_owned(), vec![t.vocab_size, d]));
    for i in 0..t.layers.len() {
        let mut layer = |name: &str, shape: &[usize]| {
            all.push((format!("text.layers.{i}.{name}.weight"), shape.to_vec()))
        };
        layer("self_attn.q_proj", &[q, d]);
        layer("self_attn.k_proj", &[kv, d]);
        layer("self_attn.v_proj", &[kv, d]);
        layer("self_attn.o_proj", &[d, q]);
        layer("self_attn.q_norm", &[t.head_dim]);
        layer("self_attn.k_norm", &[t.head_dim]);
        layer("mlp.gate_proj", &[f, d]);
        layer("mlp.up_proj", &[f, d]);
        layer("mlp.down_proj", &[d, f]);
        for norm in ["input", "post_attention", "pre_feedforward", "post_feedforward"] {
            layer(&format!("{norm}_layernorm"), &[d]);
        }
    }
    all.push(("text.norm.weight".to_owned(), vec![d]));
    if !t.tied {
        all.push(("head.weight".to_owned(), vec![t.vocab_size, d]));
    }
    if let Some(v) = &config.vision {
        let (h, p) = (v.hidden_size, v.patch_size);
        let patches = (v.image_size / p).pow(2);
        let mut put = |name: String, shape: Vec<usize>| all.push((format!("vision.{name}"), shape));
        put("embeddings.patch_embedding.weight".to_owned(), vec![h, 3, p, p]);
        put("embeddings.patch_embedding.bias".to_owned(), vec![h]);
        put(
            "embeddings.position_embedding.weight".to_owned(),
            vec![patches, h],
        );
        for i in 0..v.layers {
            for (name, out, inn) in [
                ("self_attn.q_proj", h, h),
                ("self_attn.k_proj", h, h),
                ("self_attn.v_proj", h, h),
                ("self_attn.out_proj", h, h),
                ("mlp.fc1", v.intermediate_size, h),
                ("mlp.fc2", h, v.intermediate_size),
            ] {
                put(format!("encoder.layers.{i}.{name}.weight"), vec![out, inn]);
                put(format!("encoder.layers.{i}.{name}.bias"), vec![out]);
            }
            for name in ["layer_norm1", "layer_norm2"] {
                put(format!("encoder.layers.{i}.{name}.weight"), vec![h]);
                put(format!("encoder.layers.{i}.{name}.bias"), vec![h]);
            }
        }
        put("post_layernorm.weight".to_owned(), vec![h]);
        put("post_layernorm.bias".to_owned(), vec![h]);
        all.push(("projector.mm_soft_emb_norm.weight".to_owned(), vec![h]));
        all.push(("projector.mm_input_projection_weight".to_owned(), vec![h, d]));
    }
    all
}
