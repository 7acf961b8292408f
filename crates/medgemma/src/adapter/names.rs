//! Tensor names of adapter files: the layer's path and what the tensor is of it.

/// What a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// `[r, k]`.
    A,
    /// `[n, r]`.
    B,
    /// DoRA's lengths, `[n]`.
    Magnitude,
    /// A whole tensor.
    Whole,
}

/// Path of the layer in the model that was trained (for `Whole`: of the tensor), and the role. `None` for names that no
/// supported adapter writes.
///
/// Writers differ in the prefix (`base_model.model.`, twice by some wrappers, none by others) and in the adapter's own
/// name (`.default`), which PEFT strips when it saves and dumps of a state dict keep.
pub(super) fn split(name: &str) -> Option<(String, Role)> {
    let mut path = name;
    while let Some(rest) = path.strip_prefix("base_model.model.") {
        path = rest;
    }
    let path = path.strip_prefix("_orig_mod.").unwrap_or(path);
    if path.contains(".original_module.") || path.contains("lora_embedding_") {
        return None;
    }
    for (mark, role) in [
        (".lora_A.", Role::A),
        (".lora_B.", Role::B),
        (".lora_magnitude_vector", Role::Magnitude),
    ] {
        if let Some((layer, rest)) = path.split_once(mark) {
            let rest = rest.trim_start_matches('.');
            let known = match role {
                Role::Magnitude => matches!(rest, "" | "weight" | "default" | "default.weight"),
                _ => matches!(rest, "weight" | "default.weight"),
            };
            return known.then(|| (layer.to_owned(), role));
        }
    }
    if path.contains("lora_") || path.contains("trainable_tokens_") {
        return None;
    }
    let whole = path
        .replace(".modules_to_save.default.", ".")
        .replace(".modules_to_save.", ".")
        // Where the head is a target, its own weights are written beside the low-rank pair.
        .replace(".base_layer.", ".");
    Some((whole, Role::Whole))
}

#[cfg(test)]
mod tests {
    use super::{Role, split};

    #[test]
    fn every_way_of_writing_a_name_gives_path_and_role() {
        let layer = "model.language_model.layers.0.self_attn.q_proj";
        for (name, role) in [
            (format!("base_model.model.{layer}.lora_A.weight"), Role::A),
            (format!("base_model.model.{layer}.lora_B.default.weight"), Role::B),
            (format!("{layer}.lora_B.weight"), Role::B),
            (
                format!("base_model.model.{layer}.lora_magnitude_vector"),
                Role::Magnitude,
            ),
            (
                format!("base_model.model.{layer}.lora_magnitude_vector.default.weight"),
                Role::Magnitude,
            ),
        ] {
            assert_eq!(split(&name), Some((layer.to_owned(), role)), "{name}");
        }
        for name in [
            "base_model.model.lm_head.weight",
            "base_model.model.lm_head.modules_to_save.weight",
            "base_model.model.lm_head.modules_to_save.default.weight",
            "base_model.model.lm_head.base_layer.weight",
        ] {
            assert_eq!(split(name), Some(("lm_head.weight".to_owned(), Role::Whole)));
        }
    }

    #[test]
    fn other_parts_of_adapters_are_not_taken_for_tensors_of_the_model() {
        for name in [
            "base_model.model.model.embed_tokens.lora_embedding_A",
            "base_model.model.lm_head.original_module.weight",
            "base_model.model.model.layers.0.mlp.up_proj.lora_B.bias",
            "base_model.model.model.layers.0.mlp.up_proj.lora_A.other.weight",
            "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta",
        ] {
            assert_eq!(split(name), None, "{name}");
        }
    }
}
