//! One form for words that mean the same: number, British and American spelling, and sides kept apart.

use std::borrow::Cow;
use std::ops::Range;

use overread_protocol::answer::words::each_word;
use serde::{Deserialize, Serialize};

/// A side of the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The patient's left.
    Left,
    /// The patient's right.
    Right,
    /// Both.
    Bilateral,
}

/// A term: its words without articles and sides, and the side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// Normalised words, in order.
    pub words: Vec<String>,
    /// The side it names; `None` when none or when left and right are named apart.
    pub side: Option<Side>,
}

/// What one word is.
pub(crate) enum Kind<'w> {
    /// An article or `sided`: left out.
    Filler,
    /// A side.
    Side(Side),
    /// A word, normalised.
    Word(Cow<'w, str>),
}

/// Sorts a folded word. `raw` is the word as it was written.
pub(crate) fn kind<'w>(folded: &'w str, raw: &str) -> Kind<'w> {
    match folded {
        "a" if raw == "a" || raw == "A" => Kind::Filler,
        "an" | "the" | "sided" => Kind::Filler,
        "left" | "lt" | "leftsided" => Kind::Side(Side::Left),
        "right" | "rt" | "rightsided" => Kind::Side(Side::Right),
        "bilateral" | "bilaterally" => Kind::Side(Side::Bilateral),
        "l" if raw == "L" => Kind::Side(Side::Left),
        "r" if raw == "R" => Kind::Side(Side::Right),
        _ => Kind::Word(normal(folded)),
    }
}

/// Calls `each` with what every word is and its bytes.
pub(crate) fn each(text: &str, mut each: impl FnMut(Kind<'_>, Range<usize>)) {
    each_word(text, |folded, span| {
        let raw = text.get(span.clone()).unwrap_or_default();
        each(kind(folded, raw), span);
    });
}

/// The term of a short text: a label, a synonym, a line.
pub fn term(text: &str) -> Term {
    let mut words = Vec::new();
    let mut sides: Vec<Side> = Vec::new();
    each(text, |kind, _| match kind {
        Kind::Filler => {}
        Kind::Side(side) => sides.push(side),
        Kind::Word(word) => words.push(word.into_owned()),
    });
    Term {
        words,
        side: joined(&sides),
    }
}

/// The side of several side words: one, or both when left and right stand together.
pub(crate) fn joined(sides: &[Side]) -> Option<Side> {
    let first = *sides.first()?;
    if sides.iter().all(|side| *side == first) {
        return Some(first);
    }
    Some(Side::Bilateral)
}

/// A folded word in the singular and in American spelling.
pub fn normal(word: &str) -> Cow<'_, str> {
    if word.len() < 4 || word.bytes().any(|b| b.is_ascii_digit()) {
        return Cow::Borrowed(word);
    }
    let one = singular(word);
    if word.is_ascii() && hints(&one) {
        american(one)
    } else {
        one
    }
}

/// Plurals of Latin and Greek that no ending tells.
const IRREGULAR: [(&str, &str); 19] = [
    ("bronchi", "bronchus"),
    ("emboli", "embolus"),
    ("thrombi", "thrombus"),
    ("calculi", "calculus"),
    ("foci", "focus"),
    ("sulci", "sulcus"),
    ("gyri", "gyrus"),
    ("hila", "hilum"),
    ("atria", "atrium"),
    ("septa", "septum"),
    ("diverticula", "diverticulum"),
    ("cortices", "cortex"),
    ("apices", "apex"),
    ("naevi", "nevus"),
    ("nevi", "nevus"),
    ("thrombophlebitides", "thrombophlebitis"),
    ("feet", "foot"),
    ("ostia", "ostium"),
    ("uteri", "uterus"),
];

fn singular(word: &str) -> Cow<'_, str> {
    if !word.ends_with(['s', 'i', 'a', 'e', 't']) {
        return Cow::Borrowed(word);
    }
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return Cow::Borrowed(one);
    }
    if let Some(stem) = word.strip_suffix("ae").filter(|stem| stem.len() > 2) {
        return Cow::Owned(format!("{stem}a"));
    }
    if !word.ends_with('s')
        || ["ss", "us", "is", "os", "creas", "tlas", "bias"]
            .iter()
            .any(|end| word.ends_with(end))
    {
        return Cow::Borrowed(word);
    }
    if let Some(stem) = word.strip_suffix("thoraces") {
        return Cow::Owned(format!("{stem}thorax"));
    }
    let greek = ["tases", "theses", "yses", "crises"]
        .iter()
        .any(|end| word.ends_with(end))
        || word.ends_with("oses") && word.len() > 6;
    if let Some(stem) = word.strip_suffix("es").filter(|_| greek) {
        return Cow::Owned(format!("{stem}is"));
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return Cow::Owned(format!("{stem}y"));
    }
    if let Some(stem) = word.strip_suffix("es").filter(|stem| {
        ["ss", "x", "ch", "sh", "zz"]
            .iter()
            .any(|end| stem.ends_with(end))
    }) {
        return Cow::Borrowed(stem);
    }
    Cow::Borrowed(word.strip_suffix('s').unwrap_or(word))
}

/// Parts of words, British then American.
const SPELLING: [(&str, &str); 30] = [
    ("oedema", "edema"),
    ("haem", "hem"),
    ("aemia", "emia"),
    ("tumour", "tumor"),
    ("oesoph", "esoph"),
    ("paed", "ped"),
    ("foet", "fet"),
    ("fibre", "fiber"),
    ("centre", "center"),
    ("calibre", "caliber"),
    ("aetiolog", "etiolog"),
    ("caec", "cec"),
    ("rrhoea", "rrhea"),
    ("pnoea", "pnea"),
    ("gynaec", "gynec"),
    ("goitre", "goiter"),
    ("litre", "liter"),
    ("sulph", "sulf"),
    ("colour", "color"),
    ("faec", "fec"),
    ("coeli", "celi"),
    ("isation", "ization"),
    ("labelled", "labeled"),
    ("leuco", "leuko"),
    ("oestr", "estr"),
    ("naev", "nev"),
    ("ischaem", "ischem"),
    ("anaesth", "anesth"),
    ("grey", "gray"),
    ("visualised", "visualized"),
];

/// A quick look whether a word may have a British spelling at all.
fn hints(word: &str) -> bool {
    word.as_bytes().windows(2).any(|pair| {
        matches!(
            pair,
            b"ae" | b"oe" | b"ou" | b"re" | b"lp" | b"is" | b"ll" | b"uc"
        )
    })
}

fn american(word: Cow<'_, str>) -> Cow<'_, str> {
    let mut word = word;
    for (british, american) in SPELLING {
        if word.contains(british) {
            word = Cow::Owned(word.replace(british, american));
        }
    }
    word
}

/// Abbreviations that mean several things in radiology, folded, with what they may mean. A match by one of them is said
/// to be so, and where no closed set of labels decides what it means, a person does.
pub const CLASHES: [(&str, &[&str]); 15] = [
    (
        "pe",
        &[
            "pulmonary embolism",
            "pleural effusion",
            "pericardial effusion",
            "physical examination",
        ],
    ),
    ("ms", &["multiple sclerosis", "mitral stenosis"]),
    ("ra", &["rheumatoid arthritis", "right atrium", "renal artery"]),
    (
        "chf",
        &["congestive heart failure", "congenital hepatic fibrosis"],
    ),
    ("pcp", &["pneumocystis pneumonia", "primary care physician"]),
    ("as", &["aortic stenosis", "ankylosing spondylitis"]),
    ("pna", &["pneumonia", "pulmonary artery"]),
    ("ca", &["carcinoma", "calcium", "coronary artery"]),
    ("mi", &["myocardial infarction", "mitral insufficiency"]),
    (
        "ai",
        &[
            "aortic insufficiency",
            "artificial intelligence",
            "adrenal insufficiency",
        ],
    ),
    ("ps", &["pulmonary stenosis", "pyloric stenosis"]),
    ("pv", &["portal vein", "pulmonary vein"]),
    ("la", &["left atrium", "lymphadenopathy"]),
    (
        "dcm",
        &["dilated cardiomyopathy", "degenerative cervical myelopathy"],
    ),
    ("cp", &["cerebral palsy", "chest pain", "chronic pancreatitis"]),
];

/// What an abbreviation may mean; `None` when it is not known to clash.
pub fn clash(folded: &str) -> Option<&'static [&'static str]> {
    CLASHES
        .iter()
        .find(|(short, _)| *short == folded)
        .map(|(_, means)| *means)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_number_and_sides_fold() {
        for (a, b) in [
            ("Pulmonary oedemas", "pulmonary edema"),
            ("bilateral pneumothoraces", "Bilateral pneumothorax"),
            ("osseous metastases", "osseous metastasis"),
            ("oesophageal tumours", "esophageal tumor"),
            ("masses", "mass"),
            ("vertebrae", "vertebra"),
            ("Biopsies", "biopsy"),
            ("the haematomas", "a hematoma"),
            ("left-sided effusion", "effusion, left"),
            ("diseases", "disease"),
            ("Alzheimers", "Alzheimer's"),
        ] {
            assert_eq!(term(a), term(b), "{a}");
        }
        assert_ne!(term("left effusion"), term("right effusion"));
        assert_eq!(term("left and right").side, Some(Side::Bilateral));
        for word in ["pus", "sepsis", "pancreas", "mass", "gas", "thrombus"] {
            assert_eq!(normal(word), word);
        }
    }

    #[test]
    fn clashing_abbreviations_are_known() {
        assert!(clash("pe").is_some_and(|means| means.len() > 2));
        assert!(clash("copd").is_none());
    }
}
