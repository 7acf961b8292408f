// A made folder and table become a case set; what a check of it finds.
import type { CaseSetDraft } from "../../generated/CaseSetDraft";
import type { CaseSetMapping } from "../../generated/CaseSetMapping";
import type { EvaluationCheck } from "../../generated/EvaluationCheck";

export function mappingOf({ tables, format, task }: CaseSetDraft): CaseSetMapping {
  const isFolders = tables.length === 0;
  return {
    format: format ?? (isFolders ? "class-folders" : "chexpert"),
    task: task ?? (isFolders ? "closed" : "yes_no"),
    labels: [
      { label: "Atelectasis", cases: 62 },
      { label: "Cardiomegaly", cases: 41 },
      { label: "Consolidation", cases: 18 },
      { label: "Oedema", cases: 33 },
      { label: "Effusion", cases: 58 },
    ],
    splits: [
      { label: "valid", cases: 134 },
      { label: "test", cases: 66 },
    ],
    rows: isFolders ? 0 : 214,
    matched: 200,
    patients: 164,
    rows_without_images: isFolders
      ? []
      : ["Row 17: patient00017/study2/view1_frontal.jpg is not in the folder.", "Row 90: the path is empty."],
    rows_without_images_count: isFolders ? 0 : 14,
    images_without_row: ["patient00201/study1/view2_lateral.jpg", "thumbs/001.jpg"],
    images_without_row_count: 9,
    examples: [
      ["patient00001/study1/view1_frontal.jpg", "CXR 2.25.1001, frame 1"],
      ["patient00002/study1/view1_frontal.jpg", "CXR 2.25.1002, frame 1"],
      ["patient00004/study1/view1_frontal.jpg", "CXR 2.25.1004, frame 1"],
    ],
    notes: [
      "31 labels are uncertain (−1): they count as negative by the policy chosen.",
      "5 rows name the same patient in two splits: both are kept, the check says more.",
    ],
  };
}

export function checkOf(cases: number): EvaluationCheck {
  return {
    findings: [
      {
        key: "patient_in_two_splits",
        grave: true,
        text: "Patients stand in two splits: what is fitted on one is tried on the same person. Split by patient.",
        count: 5,
        examples: [
          ["chest-014", "P0009 also in tune"],
          ["chest-051", "P0032 also in tune"],
        ],
      },
      {
        key: "answer_in_path",
        grave: false,
        text: "The path of the image names the label. No reader is given paths; keep them out of blind lists.",
        count: 48,
        examples: [["chest-003", "nodule/0003.dcm"]],
      },
    ],
    cases,
    images: cases * 3,
  };
}
