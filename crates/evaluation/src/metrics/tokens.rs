//! Free answers against accepted ones: token F1 and exact match, in two normalisations that are always named.
//!
//! Token F1 counts words, not meaning: a wordy right answer scores low. Published "tokenised F1" seldom says how it
//! normalised.

use std::collections::BTreeMap;

use serde::Serialize;

/// How a text becomes words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Normaliser {
    /// Small letters; ASCII punctuation dropped, a, an, the dropped, split at white space (Rajpurkar and others 2016).
    Squad,
    /// Small letters, split at everything that is neither letter nor digit.
    Plain,
}

/// The separators of files, groups, records and units are white space here too.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

impl Normaliser {
    /// The words of a text.
    pub fn words(self, text: &str) -> Vec<String> {
        let small = text.to_lowercase();
        match self {
            Self::Squad => small
                .chars()
                .filter(|c| !c.is_ascii_punctuation())
                .collect::<String>()
                .split(is_space)
                .filter(|word| !matches!(*word, "" | "a" | "an" | "the"))
                .map(str::to_owned)
                .collect(),
            Self::Plain => small
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// Words that both have, as often as both have them.
fn common(a: &[String], b: &[String]) -> usize {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in a {
        *counts.entry(word).or_default() += 1;
    }
    let mut found = 0;
    for word in b {
        if let Some(left) = counts.get_mut(word.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            found += 1;
        }
    }
    found
}

/// Harmonic mean of the shares of common words; 1 for two empty lists, 0 when one is empty. Symmetric.
pub fn token_f1(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return f64::from(u8::from(a.len() == b.len()));
    }
    2.0 * common(a, b) as f64 / (a.len() + b.len()) as f64
}

/// One answer against the accepted ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TextScore {
    /// Best token F1 over the accepted answers, SQuAD's normalisation.
    pub f1_squad: f64,
    /// Same words in the same order as one of them.
    pub exact_squad: bool,
    /// Best token F1, plain normalisation.
    pub f1_plain: f64,
    /// Same words in the same order, plain normalisation.
    pub exact_plain: bool,
    /// Share of the first accepted answer's words that the answer has, plain normalisation; `None` when it has none.
    pub recall_plain: Option<f64>,
}

/// Scores an answer; one that is absent is empty. `None` without an accepted answer.
pub fn text_score(answer: Option<&str>, accepted: &[&str]) -> Option<TextScore> {
    let first = accepted.first()?;
    let best = |normaliser: Normaliser| {
        let own = normaliser.words(answer.unwrap_or_default());
        let others = || accepted.iter().map(|text| normaliser.words(text));
        let f1 = others().map(|other| token_f1(&own, &other)).fold(0.0, f64::max);
        (f1, others().any(|other| other == own))
    };
    let ((f1_squad, exact_squad), (f1_plain, exact_plain)) =
        (best(Normaliser::Squad), best(Normaliser::Plain));
    let (own, wanted) = (
        Normaliser::Plain.words(answer.unwrap_or_default()),
        Normaliser::Plain.words(first),
    );
    Some(TextScore {
        f1_squad,
        exact_squad,
        f1_plain,
        exact_plain,
        recall_plain: (!wanted.is_empty()).then(|| common(&own, &wanted) as f64 / wanted.len() as f64),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_normalisations() {
        assert_eq!(
            Normaliser::Squad.words("The X-ray, of\u{1f}an arm."),
            ["xray", "of", "arm"]
        );
        assert_eq!(
            Normaliser::Plain.words("The X-ray, 2.5cm"),
            ["the", "x", "ray", "2", "5cm"]
        );
        let score = text_score(Some("the left lung"), &["Left lung"]).expect("accepted");
        assert_eq!(
            (score.f1_squad, score.exact_squad, score.exact_plain),
            (1.0, true, false)
        );
        assert!((score.f1_plain - 0.8).abs() < 1e-15);
        let none = text_score(None, &["no", ""]).expect("accepted");
        assert_eq!(
            (none.f1_plain, none.exact_plain, none.recall_plain),
            (1.0, true, Some(0.0))
        );
        assert_eq!(text_score(Some("no"), &[]), None);
        let often = text_score(Some("liver liver liver"), &["liver"]).expect("accepted");
        assert_eq!((often.f1_plain, often.recall_plain), (0.5, Some(1.0)));
    }

    proptest! {
        #[test]
        fn f1_is_symmetric_and_a_share(a in "[abAB ,.-]{0,12}", b in "[abAB ,.-]{0,12}") {
            for normaliser in [Normaliser::Squad, Normaliser::Plain] {
                let (x, y) = (normaliser.words(&a), normaliser.words(&b));
                let f1 = token_f1(&x, &y);
                prop_assert_eq!(f1, token_f1(&y, &x));
                prop_assert!((0.0..=1.0).contains(&f1));
                let (mut p, mut q) = (x.clone(), y.clone());
                p.sort();
                q.sort();
                prop_assert_eq!(f1 == 1.0, p == q);
            }
        }
    }
}
