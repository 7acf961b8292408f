//! Labels against a picture: texts by template, and the ways to turn logits into probabilities.

use std::sync::LazyLock;

use serde::Deserialize;

/// Texts in which a label is put.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Stable id; another wording is another id.
    pub id: String,
    /// With `{label}`.
    pub positive: String,
    /// The same without the finding.
    pub negative: String,
    /// What it is for.
    pub about: String,
}

impl Template {
    /// The text that says the label is there.
    pub fn positive(&self, label: &str) -> String {
        self.positive.replace("{label}", label)
    }

    /// The text that says it is not.
    pub fn negative(&self, label: &str) -> String {
        self.negative.replace("{label}", label)
    }
}

#[derive(Deserialize)]
struct Templates {
    template: Vec<Template>,
}

/// All templates, the plain one first.
pub fn templates() -> &'static [Template] {
    static ALL: LazyLock<Vec<Template>> = LazyLock::new(|| {
        toml::from_str::<Templates>(include_str!("templates.toml"))
            .map_or_else(|_| Vec::new(), |all| all.template)
    });
    &ALL
}

/// How logits become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pairing {
    /// One of the labels holds: softmax over their logits.
    #[default]
    Softmax,
    /// Each label by itself: the sigmoid that the model was trained with. Small numbers all along: the bias stands for
    /// a batch of thousands of texts.
    Sigmoid,
    /// Each label against its absence in words: softmax over the two.
    PositiveNegative,
}

impl Pairing {
    /// A word for records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::Sigmoid => "sigmoid",
            Self::PositiveNegative => "positive-negative",
        }
    }

    /// Texts to compare for a label: the positive one, for pairs the negative one too.
    pub fn texts(self, template: &Template, label: &str) -> Vec<String> {
        let mut texts = vec![template.positive(label)];
        if self == Self::PositiveNegative {
            texts.push(template.negative(label));
        }
        texts
    }

    /// Probabilities of labels by the logits of their texts.
    pub fn probabilities(self, logits: &[Vec<f64>]) -> Vec<f64> {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let of = |texts: &Vec<f64>, i: usize| texts.get(i).copied().unwrap_or(f64::NEG_INFINITY);
        match self {
            Self::Sigmoid => logits.iter().map(|texts| sigmoid(of(texts, 0))).collect(),
            Self::PositiveNegative => logits
                .iter()
                .map(|texts| sigmoid(of(texts, 0) - of(texts, 1)))
                .collect(),
            Self::Softmax => {
                let top = logits
                    .iter()
                    .map(|texts| of(texts, 0))
                    .fold(f64::NEG_INFINITY, f64::max);
                let each: Vec<f64> = logits.iter().map(|texts| (of(texts, 0) - top).exp()).collect();
                let sum: f64 = each.iter().sum();
                each.into_iter().map(|v| v / sum).collect()
            }
        }
    }
}

/// What a label got.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelFit {
    /// Label.
    pub label: String,
    /// Texts compared, the positive one first.
    pub texts: Vec<String>,
    /// Logit of each text: `exp(scale) cos + bias`.
    pub logits: Vec<f64>,
    /// By the pairing.
    pub probability: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_parse_and_hold_a_label_on_both_sides() {
        let all: Templates = toml::from_str(include_str!("templates.toml")).expect("parses");
        assert_eq!(all.template, templates());
        let mut ids: Vec<&str> = templates().iter().map(|t| t.id.as_str()).collect();
        assert_eq!(ids[0], "plain/1");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), templates().len());
        for template in templates() {
            assert!(template.positive.contains("{label}") && template.negative.contains("{label}"));
            assert_ne!(template.positive, template.negative);
        }
        for model in crate::known::all().iter().filter(|m| m.family == "medsiglip") {
            for id in &model.prompt.templates {
                assert!(templates().iter().any(|t| t.id == *id), "{id}");
            }
        }
    }

    #[test]
    fn the_three_ways_are_what_they_say() {
        let close = |got: Vec<f64>, expected: &[f64]| {
            assert_eq!(got.len(), expected.len());
            for (g, e) in got.iter().zip(expected) {
                assert!((g - e).abs() < 1e-12, "{g} {e}");
            }
        };
        let (two, three) = (2.0_f64.ln(), 3.0_f64.ln());
        close(
            Pairing::Softmax.probabilities(&[vec![two], vec![0.0], vec![0.0]]),
            &[0.5, 0.25, 0.25],
        );
        close(
            Pairing::Sigmoid.probabilities(&[vec![three], vec![0.0]]),
            &[0.75, 0.5],
        );
        close(
            Pairing::PositiveNegative.probabilities(&[vec![three - 5.0, -5.0], vec![1.0, 1.0]]),
            &[0.75, 0.5],
        );
        // Far from zero nothing overflows.
        close(
            Pairing::Softmax.probabilities(&[vec![-9000.0], vec![-9000.0]]),
            &[0.5, 0.5],
        );
    }
}
