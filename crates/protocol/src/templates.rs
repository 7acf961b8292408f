//! Published prompts by id, byte for byte, and our own for closed sets. All published evaluations were greedy.

use sha2::{Digest, Sha256};

/// How images are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// None.
    None,
    /// One.
    One,
    /// Several, each followed by `SLICE k`.
    Slices,
    /// Several, one after the other, without captions.
    Plain,
    /// One, or several each followed by `SLICE k`.
    Several,
}

/// The answer a template is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One of the labels.
    Labels,
    /// Yes or no for each label.
    YesNo,
    /// Free text.
    Open,
    /// Free text that ends with boxes ([`crate::boxes`]).
    Boxes,
}

/// A question template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Id, part of every reading.
    pub id: &'static str,
    /// For the list.
    pub title: &'static str,
    /// System text; empty when none.
    pub system: &'static str,
    /// Text before the images.
    pub before: &'static str,
    /// Text after the images.
    pub after: &'static str,
    /// Images.
    pub images: Images,
    /// Answer.
    pub form: Form,
    /// Labels it proposes.
    pub labels: &'static [&'static str],
    /// What of the text is the user's to fill in; empty when nothing.
    pub slot: &'static str,
    /// Most tokens of an open answer, as published; 0 where no answer is written.
    pub max_new_tokens: u32,
    /// Where it was published.
    pub source: &'static str,
}

impl Template {
    /// A user's text in the template: in its slot, where it has one and the text is not the whole template already.
    pub(crate) fn filled(&self, text: &str, own: &str) -> String {
        let before = self.slot_of(text).map(|at| &text[..at]);
        match before {
            Some(before) if !own.starts_with(before.trim_start()) => text.replacen(self.slot, own, 1),
            _ => own.to_owned(),
        }
    }

    fn slot_of(&self, text: &str) -> Option<usize> {
        (!self.slot.is_empty()).then(|| text.find(self.slot)).flatten()
    }

    /// Hash of id and wording, for the record.
    pub fn hash(&self) -> String {
        let rule =
            [self.id, self.system, self.before, self.after].join("\u{1}") + &format!("{:?}", self.images);
        Sha256::digest(rule.as_bytes())
            .iter()
            .take(8)
            .fold(String::new(), |t, b| t + &format!("{b:02x}"))
    }
}

const MODEL_CARD: &str = "MedGemma 1.5 model card";
const NOTEBOOK: &str = "Google-Health/medgemma notebooks";

/// All templates.
pub const ALL: &[Template] = &[
    Template {
        id: "finding.closed-set/1",
        title: "Which finding is present?",
        system: "",
        before: "",
        after: "Which finding is present?",
        images: Images::Several,
        form: Form::Labels,
        labels: &[
            "normal",
            "nodule",
            "pleural effusion",
            "pneumothorax",
            "consolidation",
            "cardiomegaly",
            "rib fracture",
        ],
        slot: "",
        max_new_tokens: 0,
        source: "Overread",
    },
    Template {
        id: "finding.yes-no/1",
        title: "Which of these findings are present?",
        system: "",
        before: "",
        after: "You are reading a chest CT.",
        images: Images::Several,
        form: Form::YesNo,
        labels: &[
            "a lung nodule",
            "pleural effusion",
            "pneumothorax",
            "consolidation",
            "cardiomegaly",
            "a rib fracture",
        ],
        slot: "",
        max_new_tokens: 0,
        source: "Overread",
    },
    Template {
        id: "card.describe-xray",
        title: "Describe this X-ray",
        system: "",
        before: "",
        after: "Describe this X-ray",
        images: Images::One,
        form: Form::Open,
        labels: &[],
        slot: "",
        max_new_tokens: 2000,
        source: MODEL_CARD,
    },
    Template {
        id: "quickstart.describe-xray",
        title: "Describe this X-ray, as an expert",
        system: "You are an expert radiologist.",
        before: "Describe this X-ray",
        after: "",
        images: Images::One,
        form: Form::Open,
        labels: &[],
        slot: "",
        max_new_tokens: 500,
        source: NOTEBOOK,
    },
    Template {
        id: "dicom.describe-xray",
        title: "Describe this X-ray., from DICOM",
        system: "You are an expert radiologist.",
        before: "Describe this X-ray.",
        after: "",
        images: Images::One,
        form: Form::Open,
        labels: &[],
        slot: "",
        max_new_tokens: 500,
        source: NOTEBOOK,
    },
    Template {
        id: "quickstart.text",
        title: "A question without images",
        system: "You are a helpful medical assistant.",
        before: "How do you differentiate bacterial from viral pneumonia?",
        after: "",
        images: Images::None,
        form: Form::Open,
        labels: &[],
        slot: "",
        max_new_tokens: 500,
        source: NOTEBOOK,
    },
    Template {
        id: "ct.liver-teaching",
        title: "CT: a good teaching example of liver pathology?",
        system: "",
        before: "You are an instructor teaching medical students. You are analyzing a contiguous block of CT slices from the center of the abdomen. Please review the slices provided below carefully.",
        after: "\n\nBased on the visual evidence in the slices provided above, is this image a good teaching example of liver pathology? Comment on hypodense lesions or other hepatic irregularities. Do not comment on findings outside the liver. Please provide your reasoning and conclude with a 'Final Answer: yes' or 'Final Answer: no'.",
        images: Images::Slices,
        form: Form::Open,
        labels: &["yes", "no"],
        slot: "",
        max_new_tokens: 2000,
        source: NOTEBOOK,
    },
    Template {
        id: "cxr.longitudinal",
        title: "Compare two chest radiographs",
        system: "",
        before: "",
        after: "Provide a comparison of these two images and include details from\nthe image which students should take note of when reading longitudinal CXR\n",
        images: Images::Plain,
        form: Form::Open,
        labels: &[],
        slot: "",
        max_new_tokens: 600,
        source: NOTEBOOK,
    },
    Template {
        id: "wsi.describe",
        title: "Describe pathology patches",
        system: "",
        before: "You are an instructor teaching medical students. For education purposes, provide a brief descriptive text for the set of pathology patches extracted from a pathology slide. Consider the tissue type and procedure (below) when deciding what to include in the descriptive text.\ncolon, biopsy:",
        after: "",
        images: Images::Plain,
        form: Form::Open,
        labels: &[],
        slot: "",
        max_new_tokens: 2000,
        source: NOTEBOOK,
    },
    Template {
        id: "mcq.tissue",
        title: "Most likely tissue type",
        system: "",
        before: "",
        after: "What is the most likely tissue type shown in the histopathology image?\nA: adipose\nB: background\nC: debris\nD: lymphocytes\nE: mucus\nF: smooth muscle\nG: normal colon mucosa\nH: cancer-associated stroma\nI: colorectal adenocarcinoma epithelium",
        images: Images::One,
        form: Form::Labels,
        labels: &[
            "A: adipose",
            "B: background",
            "C: debris",
            "D: lymphocytes",
            "E: mucus",
            "F: smooth muscle",
            "G: normal colon mucosa",
            "H: cancer-associated stroma",
            "I: colorectal adenocarcinoma epithelium",
        ],
        slot: "",
        max_new_tokens: 0,
        source: NOTEBOOK,
    },
    Template {
        id: "cxr.box",
        title: "Where is it? Boxes on a chest radiograph",
        system: "",
        before: "",
        after: CXR_BOX,
        images: Images::One,
        form: Form::Boxes,
        labels: &[],
        slot: "NAME",
        max_new_tokens: 1500,
        source: NOTEBOOK,
    },
    Template {
        id: "medqa.rl",
        title: "A question with four options, thinking first",
        system: "SYSTEM INSTRUCTION: think silently if needed.",
        before: "Answer the given question. Think step by step.\n    You can directly provide the answer (A single letter), without further additions. E.g. \"Final Answer: (A)\".\n    Question: QUESTION\n    (A) FIRST (B) SECOND (C) THIRD (D) FOURTH\n    ",
        after: "",
        images: Images::None,
        form: Form::Open,
        labels: &[],
        slot: "QUESTION\n    (A) FIRST (B) SECOND (C) THIRD (D) FOURTH",
        max_new_tokens: 2000,
        source: NOTEBOOK,
    },
    Template {
        id: "cxr.longitudinal-change/1",
        title: "Prior and current chest radiograph: better, the same, worse?",
        system: "",
        before: "",
        after: "The first image is the prior study, the second the current one. How has FINDING changed?",
        images: Images::Plain,
        form: Form::Labels,
        labels: &["improved", "stable", "worsened"],
        slot: "FINDING",
        max_new_tokens: 0,
        source: "Overread",
    },
    Template {
        id: "ct-rate.yes-no/1",
        title: "Chest CT: 18 conditions of CT-RATE",
        system: "",
        before: "",
        after: "You are reading a chest CT.",
        images: Images::Several,
        form: Form::YesNo,
        labels: CT_RATE,
        slot: "",
        max_new_tokens: 0,
        source: "Overread; conditions of CT-RATE (Hamamci et al. 2024)",
    },
];

/// The conditions that CT-RATE labels, as words of a question.
pub const CT_RATE: &[&str] = &[
    "medical material",
    "arterial wall calcification",
    "cardiomegaly",
    "pericardial effusion",
    "coronary artery wall calcification",
    "hiatal hernia",
    "lymphadenopathy",
    "emphysema",
    "atelectasis",
    "lung nodule",
    "lung opacity",
    "pulmonary fibrotic sequela",
    "pleural effusion",
    "mosaic attenuation pattern",
    "peribronchial thickening",
    "consolidation",
    "bronchiectasis",
    "interlobular septal thickening",
];

/// The five findings of MS-CXR-T, whose change is labelled.
pub const MS_CXR_T: &[&str] = &[
    "consolidation",
    "edema",
    "pleural effusion",
    "pneumonia",
    "pneumothorax",
];

/// The notebook's question for boxes; `NAME` is what is looked for.
const CXR_BOX: &str = "Instructions:\nThe following user query will require outputting bounding boxes. The format of bounding boxes coordinates is [y0, x0, y1, x1] where (y0, x0) must be top-left corner and (y1, x1) the bottom-right corner. This implies that x0 < x1 and y0 < y1. Always normalize the x and y coordinates the range [0, 1000], meaning that a bounding box starting at 15% of the image width would be associated with an x coordinate of 150. You MUST output a single parseable json list of objects enclosed into ```json...``` brackets, for instance ```json[{\"box_2d\": [800, 3, 840, 471], \"label\": \"car\"}, {\"box_2d\": [400, 22, 600, 73], \"label\": \"dog\"}]``` is a valid output. Now answer to the user query.\n\nRemember \"left\" refers to the patient's left side where the heart is and sometimes underneath an L in the upper right corner of the image.\n\nQuery:\nWhere is the NAME? Don't give a final answer without reasoning. Output the final answer in the format \"Final Answer: X\" where X is a JSON list of objects. The object needs a \"box_2d\" and \"label\" key. Answer:";

/// The template with that id.
pub fn by_id(id: &str) -> Option<&'static Template> {
    ALL.iter().find(|t| t.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_slots_stand_in_their_text() {
        for (i, t) in ALL.iter().enumerate() {
            assert_eq!(by_id(t.id), Some(t));
            assert!(ALL[i + 1..].iter().all(|other| other.id != t.id));
            let text = format!("{}{}", t.before, t.after);
            assert_eq!(
                text.matches(t.slot).count(),
                if t.slot.is_empty() {
                    text.chars().count() + 1
                } else {
                    1
                }
            );
            let writes = matches!(t.form, Form::Open | Form::Boxes);
            assert_eq!(t.max_new_tokens > 0, writes, "{}", t.id);
        }
        assert_eq!(CT_RATE.len(), 18);
    }

    #[test]
    fn a_slot_is_filled_and_a_whole_text_replaces_all() {
        let t = by_id("cxr.box").expect("a template");
        let filled = t.filled(t.after, "right clavicle");
        assert!(filled.contains("Where is the right clavicle? Don't"));
        assert!(!filled.contains("NAME"));
        let edited = t.after.replace("NAME", "heart").replace("reasoning", "thought");
        assert_eq!(t.filled(t.after, &edited), edited);
    }

    /// First 16 digits of the SHA-256 of system, text before and text after as published, U+0001 between; taken from
    /// the publications' texts, not from here.
    #[test]
    fn wordings_are_the_published_ones() {
        let published = [
            ("card.describe-xray", "92267c7fd32a33e5"),
            ("quickstart.describe-xray", "a2b8480784a55947"),
            ("dicom.describe-xray", "5d51ceaf3a2f7924"),
            ("ct.liver-teaching", "a49396b07b7e5848"),
            ("cxr.longitudinal", "c6fa8a0c8b263668"),
            ("wsi.describe", "d6e81cba1136f640"),
            ("mcq.tissue", "cc8d7972681d6109"),
            ("medqa.rl", "ff769ee63f51d554"),
            ("cxr.box", "ecd679330e0b1989"),
        ];
        for (id, expected) in published {
            let t = by_id(id).expect("a template");
            let text = [t.system, t.before, t.after].join("\u{1}");
            let found = Sha256::digest(text.as_bytes())
                .iter()
                .take(8)
                .fold(String::new(), |t, b| t + &format!("{b:02x}"));
            assert_eq!(found, expected, "{id}");
        }
    }
}
