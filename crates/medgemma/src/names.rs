//! Tensor names of all the writers, to one internal form: `text.…`, `vision.…`, `projector.…`, `head.weight`.

/// The internal name of a tensor, or `None` for one that is known to be there and not needed.
///
/// Families: hub (`language_model.model.…`), prefixed (`model.language_model.…`), transformers 5 (no `vision_model`),
/// text only (`model.…`).
pub fn internal(name: &str) -> Option<String> {
    let plain = name.strip_prefix("model.").unwrap_or(name);
    if let Some(rest) = plain.strip_prefix("vision_tower.") {
        let rest = rest.strip_prefix("vision_model.").unwrap_or(rest);
        // The pooling head of a full SigLIP tower may be left over: MedGemma does not use it.
        return (!rest.starts_with("head.")).then(|| format!("vision.{rest}"));
    }
    if let Some(rest) = plain.strip_prefix("multi_modal_projector.") {
        return Some(format!("projector.{rest}"));
    }
    if matches!(
        name,
        "lm_head.weight" | "language_model.lm_head.weight" | "model.lm_head.weight"
    ) {
        return Some("head.weight".to_owned());
    }
    if let Some(rest) = plain.strip_prefix("language_model.") {
        return Some(format!("text.{}", rest.strip_prefix("model.").unwrap_or(rest)));
    }
    Some(format!("text.{plain}"))
}

#[cfg(test)]
mod tests {
    use super::internal;

    #[test]
    fn all_families_meet() {
        for name in [
            "language_model.model.layers.0.mlp.up_proj.weight",
            "model.language_model.layers.0.mlp.up_proj.weight",
            "model.layers.0.mlp.up_proj.weight",
        ] {
            assert_eq!(
                internal(name).as_deref(),
                Some("text.layers.0.mlp.up_proj.weight")
            );
        }
        for name in [
            "vision_tower.vision_model.post_layernorm.weight",
            "model.vision_tower.vision_model.post_layernorm.weight",
            "model.vision_tower.post_layernorm.weight",
            "vision_tower.post_layernorm.weight",
        ] {
            assert_eq!(internal(name).as_deref(), Some("vision.post_layernorm.weight"));
        }
        assert_eq!(internal("vision_tower.vision_model.head.probe"), None);
        assert_eq!(
            internal("language_model.lm_head.weight").as_deref(),
            Some("head.weight")
        );
    }
}
