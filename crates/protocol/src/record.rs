//! What was used: the part of a reading that lets it be repeated.

use serde::{Deserialize, Serialize};

use crate::preprocess::Preprocess;
use crate::prompt::Prompt;
use crate::templates::Template;

/// The recipe that made the pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreprocessRecord {
    /// e.g. `ct-windows/1`.
    pub id: Preprocess,
    /// SHA-256 of the rule in full.
    pub hash: String,
}

/// The template of the question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    /// e.g. `finding.closed-set/1`.
    pub id: String,
    /// SHA-256 of its parts.
    pub hash: String,
}

/// Recipe, slices, template and prompt of a reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolRecord {
    /// The recipe.
    pub preprocess: PreprocessRecord,
    /// The specification as written, e.g. `official`.
    pub slice_spec: String,
    /// The slices it came to, from 1, in the order given to the model.
    pub slices: Vec<u32>,
    /// The template; `None` for the user's own question.
    pub template: Option<TemplateRecord>,
    /// The parts in order.
    pub prompt: Prompt,
    /// SHA-256 of the prompt.
    pub prompt_hash: String,
}

impl ProtocolRecord {
    /// The record of a question put together.
    pub fn new(
        preprocess: Preprocess,
        slice_spec: &str,
        slices: Vec<u32>,
        template: Option<&Template>,
        prompt: Prompt,
    ) -> Self {
        Self {
            preprocess: PreprocessRecord {
                id: preprocess,
                hash: preprocess.recipe_hash(),
            },
            slice_spec: slice_spec.trim().to_owned(),
            slices,
            template: template.map(|t| TemplateRecord {
                id: t.id.to_owned(),
                hash: t.hash(),
            }),
            prompt_hash: prompt.hash(),
            prompt,
        }
    }

    /// True when this program would still do the same: recipe, template and prompt have the hashes on record.
    pub fn repeatable(&self) -> bool {
        let template = self
            .template
            .as_ref()
            .is_none_or(|t| crate::template(&t.id).is_some_and(|now| now.hash() == t.hash));
        template
            && self.preprocess.id.recipe_hash() == self.preprocess.hash
            && self.prompt.hash() == self.prompt_hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_json_and_notices_changes() {
        let prompt = crate::prompt::own("Which finding is present?", 2).unwrap();
        let t = crate::template("finding.closed-set/1");
        let record = ProtocolRecord::new(Preprocess::CtWindows, " 3-4 ", vec![3, 4], t, prompt);
        let json = serde_json::to_string(&record).unwrap();
        let mut back: ProtocolRecord = serde_json::from_str(&json).unwrap();
        assert_eq!(back, record);
        assert!(back.repeatable());
        back.prompt.parts.pop();
        assert!(!back.repeatable());
    }
}
