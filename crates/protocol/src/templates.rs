//! Published prompts by id, byte for byte, and our own for closed sets.

/// How images are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// None.
    None,
    /// One.
    One,
    /// Several, each followed by `SLICE k`.
    Slices,
    /// Several, one after the other.
    Plain,
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
    /// Where it was published.
    pub source: &'static str,
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
        images: Images::Plain,
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
        source: "Overread",
    },
    Template {
        id: "finding.yes-no/1",
        title: "Which of these findings are present?",
        system: "",
        before: "",
        after: "You are reading a chest CT.",
        images: Images::Plain,
        form: Form::YesNo,
        labels: &[
            "a lung nodule",
            "pleural effusion",
            "pneumothorax",
            "consolidation",
            "cardiomegaly",
            "a rib fracture",
        ],
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
        source: NOTEBOOK,
    },
];

/// The template with that id.
pub fn by_id(id: &str) -> Option<&'static Template> {
    ALL.iter().find(|t| t.id == id)
}
