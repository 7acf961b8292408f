//! The strings of published prompts, byte for byte. Data, not prose: a changed byte is another template.

/// First part of `ct.liver-teaching`.
pub(crate) const LIVER_INSTRUCTION: &str = "You are an instructor teaching medical students. You are analyzing a contiguous block of CT slices from the center of the abdomen. Please review the slices provided below carefully.";

/// Last part of `ct.liver-teaching`.
pub(crate) const LIVER_QUERY: &str = "\n\nBased on the visual evidence in the slices provided above, is this image a good teaching example of liver pathology? Comment on hypodense lesions or other hepatic irregularities. Do not comment on findings outside the liver. Please provide your reasoning and conclude with a 'Final Answer: yes' or 'Final Answer: no'.";

/// `cxr.box` up to the name of the object.
pub(crate) const BOX_BEFORE: &str = r#"Instructions:
The following user query will require outputting bounding boxes. The format of bounding boxes coordinates is [y0, x0, y1, x1] where (y0, x0) must be top-left corner and (y1, x1) the bottom-right corner. This implies that x0 < x1 and y0 < y1. Always normalize the x and y coordinates the range [0, 1000], meaning that a bounding box starting at 15% of the image width would be associated with an x coordinate of 150. You MUST output a single parseable json list of objects enclosed into ```json...``` brackets, for instance ```json[{"box_2d": [800, 3, 840, 471], "label": "car"}, {"box_2d": [400, 22, 600, 73], "label": "dog"}]``` is a valid output. Now answer to the user query.

Remember "left" refers to the patient's left side where the heart is and sometimes underneath an L in the upper right corner of the image.

Query:
Where is the "#;

/// `cxr.box` after the name of the object.
pub(crate) const BOX_AFTER: &str = r#"? Don't give a final answer without reasoning. Output the final answer in the format "Final Answer: X" where X is a JSON list of objects. The object needs a "box_2d" and "label" key. Answer:"#;

/// `cxr.longitudinal`.
pub(crate) const LONGITUDINAL: &str = "Provide a comparison of these two images and include details from\nthe image which students should take note of when reading longitudinal CXR\n";

/// `wsi.describe`.
pub(crate) const WSI: &str = "You are an instructor teaching medical students. For education purposes, provide a brief descriptive text for the set of pathology patches extracted from a pathology slide. Consider the tissue type and procedure (below) when deciding what to include in the descriptive text.\ncolon, biopsy:";

/// `mcq.tissue`.
pub(crate) const TISSUE: &str = "What is the most likely tissue type shown in the histopathology image?\nA: adipose\nB: background\nC: debris\nD: lymphocytes\nE: mucus\nF: smooth muscle\nG: normal colon mucosa\nH: cancer-associated stroma\nI: colorectal adenocarcinoma epithelium";

/// Answers of `mcq.tissue`.
pub(crate) const TISSUE_LABELS: &[&str] = &[
    "A: adipose",
    "B: background",
    "C: debris",
    "D: lymphocytes",
    "E: mucus",
    "F: smooth muscle",
    "G: normal colon mucosa",
    "H: cancer-associated stroma",
    "I: colorectal adenocarcinoma epithelium",
];

/// `medqa.rl` before the question.
pub(crate) const MEDQA_BEFORE: &str = "Answer the given question. Think step by step.\n    You can directly provide the answer (A single letter), without further additions. E.g. \"Final Answer: (A)\".\n    Question: ";

/// `medqa.rl` after the options.
pub(crate) const MEDQA_AFTER: &str = "\n    ";
