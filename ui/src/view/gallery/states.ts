// The states that the gallery shows, made up.

import { DeskError } from "../../backend/backend";
import type { Case } from "../../backend/generated/Case";
import type { Looking } from "../../backend/generated/Looking";
import type { Plan } from "../../backend/generated/Plan";
import type { Reading } from "../../backend/generated/Reading";
import type { RecipeCheck } from "../../backend/generated/RecipeCheck";
import type { WhichSlices } from "../../backend/generated/WhichSlices";
import type { Comparison } from "../../model/answer";
import type { PlanState } from "../../model/question";
import type { Run } from "../../model/reading.svelte";

export const ERROR = new DeskError({
  code: "model.no_weights",
  message: "The folder holds no weights: model.safetensors is missing.",
  hint: "Choose the folder that was downloaded from Hugging Face, with its .safetensors files.",
});

const LABELS: readonly (readonly [string, number])[] = [
  ["pulmonary nodule", 0.612],
  ["pleural effusion", 0.204],
  ["pneumothorax", 0.121],
  ["normal", 0.0629],
  ["rib fracture", 0.0001],
];

export const READING: Reading = {
  id: "reading-1",
  at: "2026-03-02T10:41:12.000Z",
  display_set: "ds-1",
  question: "Which finding is present?",
  form: "labels",
  label: "pulmonary nodule",
  probabilities: LABELS.map(([label, probability]) => ({
    label,
    probability,
    log_likelihood: Math.log(probability),
    log_likelihood_per_token: Math.log(probability) / 2,
    probability_by_sum: probability,
    probability_by_mean: probability,
    tokens: 2,
    without_content: null,
  })),
  confidence: 0.612,
  confidence_kind: "softmax over 5 labels, uncalibrated",
  text: "",
  thought: "",
  invalid: "",
  warning: "",
  note: "",
  provenance: [
    ["model", "medgemma-1.5-4b-it"],
    ["weights", "8f2c1d90ab34e67f8f2c1d90ab34e67f8f2c1d90ab34e67f8f2c1d90ab34e67f"],
    ["preprocessing", "ct-windows/1 (4c1d)"],
    ["precision", "f32"],
  ],
  boxes: [],
  shown: [],
  samples: null,
  p_true: null,
  comparison: ["sums of log-likelihoods"],
  ended: "",
  checks: [],
  agreement: "agree",
  agreement_reason: "",
  slices: [11, 12, 13],
  tokens: [801, 0],
  seconds: [3.2, 1.4, 0.6, 5.4],
};

const open: Reading = {
  ...READING,
  form: "open",
  label: "",
  probabilities: [],
  confidence: null,
  confidence_kind: "",
};

export const READINGS: readonly (readonly [string, Reading])[] = [
  ["One of a list", READING],
  [
    "Under a warning",
    {
      ...READING,
      warning: "This model knows made phantoms only. On this study its answer means nothing.",
    },
  ],
  [
    "With a quiet line",
    { ...READING, note: "This model knows made phantoms only; these images are of one." },
  ],
  [
    "Free text with a thought",
    {
      ...open,
      text: "There is an 8 mm nodule in the right upper lobe.\n\nFinal Answer: pulmonary nodule",
      thought: "The bright round spot lies beside a vessel but does not follow it.",
    },
  ],
  [
    "Words, samples, boxes",
    {
      ...open,
      confidence: 0.6,
      text: "There is a small nodule.",
      shown: [
        { text: "There", probability: 0.98 },
        { text: " is", probability: 0.95 },
        { text: " a", probability: 0.8 },
        { text: " small", probability: 0.34 },
        { text: " nodule", probability: 0.07 },
        { text: ".", probability: 0.9 },
      ],
      samples: {
        of: 5,
        share: 0.6,
        votes: [
          { answer: "there is a small nodule", votes: 3 },
          { answer: "no nodule", votes: 2 },
        ],
        rule: "the same words",
      },
      p_true: { probability: 0.41, wording: "p-true/1" },
      boxes: [
        { label: "nodule", slice: 12, corners: [210, 180, 232, 205], note: "" },
        { label: "nodule", slice: null, corners: [0, 0, 40, 40], note: "clamped to the picture" },
      ],
      ended: "the model ended it",
    },
  ],
  [
    "Yes or no each",
    {
      ...READING,
      form: "yes_no",
      label: "",
      confidence: null,
      confidence_kind: "yes against no for each label, uncalibrated",
    },
  ],
  ["Invalid", { ...open, text: "I am sorry, I cannot interpret medical images.", invalid: "refusal" }],
];

export const KNOWN: Case = {
  display_set: "ds-1",
  hidden: false,
  withheld: 0,
  own: [{ label: "pulmonary nodule", confidence: 0.8, at: "2026-03-02T10:40:00.000Z", before_reveal: true }],
  readings: [READING],
  truth: { labels: ["pulmonary nodule"], source: "Biopsy", at: "2026-03-01T08:00:00.000Z" },
  order: ["own answer 10:40:00", "model 10:41:12", "truth 10:41:12"],
  own_agreement: "agree",
};

const row: Comparison = {
  own: { kind: "value", text: "pulmonary nodule" },
  ownFirst: true,
  model: { kind: "value", text: "pulmonary nodule" },
  truth: { kind: "value", text: "pulmonary nodule" },
  modelAgreement: "agree",
  ownAgreement: "agree",
  reason: "",
};

export const COMPARISONS: readonly (readonly [string, Comparison])[] = [
  ["Agree", row],
  ["Model differs", { ...row, model: { kind: "value", text: "consolidation" }, modelAgreement: "disagree" }],
  ["No truth", { ...row, truth: { kind: "none" }, modelAgreement: "no_truth", ownAgreement: "no_truth" }],
  [
    "Not comparable",
    {
      ...row,
      model: { kind: "text" },
      modelAgreement: "not_comparable",
      ownAgreement: null,
      reason: "The answer is free text.",
    },
  ],
  [
    "Hidden",
    {
      ...row,
      own: { kind: "none" },
      ownFirst: false,
      model: { kind: "hidden" },
      truth: { kind: "hidden" },
      modelAgreement: null,
      ownAgreement: null,
    },
  ],
];

const PLAN: Plan = {
  id: "plan-1",
  slices: [],
  tokens: 21_960,
  context: 131_072,
  memory: 9_400_000_000,
  memory_available: 12_400_000_000,
  seconds: 260,
  estimate: { load: 4, vision: 0, prefill: 250, decode: 6, measured: true },
  precision: "bf16",
  precision_reason: "Bfloat16, as the model is published: it fits into the 12.4 GiB that are free.",
  rendered_prompt: "<start_of_turn>user\nWhich finding is present?<end_of_turn>\n<start_of_turn>model\n",
  warnings: ["Read with single images only: a volume was not part of its tests."],
  refusal: null,
  model_image_size: 896,
};

export const PLANS: readonly (readonly [string, PlanState])[] = [
  ["Idle", { kind: "idle" }],
  ["Planning", { kind: "planning", last: null }],
  ["Ready", { kind: "ready", plan: PLAN }],
  [
    "Refused",
    {
      kind: "ready",
      plan: {
        ...PLAN,
        memory: 31_000_000_000,
        refusal: {
          code: "model.memory",
          message: "This needs 31 GB of memory; 12.4 GB are free.",
          hint: "Choose fewer slices or a smaller model.",
        },
      },
    },
  ],
  ["Failed", { kind: "failed", error: ERROR }],
];

const running = {
  kind: "running",
  displaySet: "ds-1",
  series: "Chest CT, axial",
  cancelling: false,
} as const;
const at = { done: 0, of: 0, secondsLeft: null, text: "", thought: "", thoughtTokens: 0, what: "" };

export const RUNS: readonly (readonly [string, Run, boolean])[] = [
  [
    "Loading",
    {
      ...running,
      progress: { ...at, phase: "loading", done: 0.4, of: 1, what: "packing the weights for the next time" },
    },
    false,
  ],
  ["Vision", { ...running, progress: { ...at, phase: "vision", done: 12, of: 85, secondsLeft: 140 } }, false],
  ["Prefill", { ...running, progress: { ...at, phase: "prefill", done: 4096, of: 21_960 } }, false],
  [
    "Thinking",
    {
      ...running,
      progress: { ...at, phase: "thinking", thought: "The bright spot lies beside", thoughtTokens: 7 },
    },
    false,
  ],
  ["Sampling", { ...running, progress: { ...at, phase: "sampling", done: 3, of: 10 } }, false],
  ["Writing", { ...running, progress: { ...at, phase: "writing", text: "There is an 8 mm nodule" } }, false],
  ["Writing, blind", { ...running, progress: { ...at, phase: "writing", text: "hidden" } }, true],
  [
    "Cancelling",
    { ...running, cancelling: true, progress: { ...at, phase: "vision", done: 3, of: 85 } },
    false,
  ],
  ["Withheld", { kind: "withheld", displaySet: "ds-1" }, true],
  ["Stopped", { kind: "stopped", displaySet: "ds-1" }, false],
  ["Failed", { kind: "failed", displaySet: "ds-1", error: ERROR }, false],
];

const moved = (by: number) =>
  READING.probabilities.map((row, i) => ({
    ...row,
    probability: i === 0 ? 0.612 - by : row.probability + by / 4,
  }));

export const LOOKING: Looking = {
  answers: [
    { picture: "blank", about: "", label: "normal", probabilities: moved(0.58), shift: 0.58 },
    { picture: "noise", about: "", label: "normal", probabilities: moved(0.5), shift: 0.5 },
    { picture: "mirrored", about: "", label: "pulmonary nodule", probabilities: moved(0.02), shift: 0.02 },
  ],
  measure: "total variation",
  verdict: "The answer depends on the picture.",
  suspicious: false,
  missing: ["No other patient's images of this modality are open."],
};

export const NOT_LOOKING: Looking = {
  ...LOOKING,
  answers: LOOKING.answers.map((answer) => ({ ...answer, probabilities: moved(0.01), shift: 0.01 })),
  verdict: "The answer is nearly the same without the picture.",
  suspicious: true,
  missing: [],
};

export const WEIGHTS: WhichSlices = {
  label: "pulmonary nodule",
  log_odds: 0.46,
  groups: [
    { slices: [11], change: -0.9 },
    { slices: [12], change: -0.2 },
    { slices: [13], change: 0.3 },
    { slices: [14, 15], change: 0.01 },
  ],
  verdict: "The answer rests most on slice 11.",
};

export const RECIPES: RecipeCheck = {
  answers: [
    { recipe: "ct-windows/1", label: "pulmonary nodule", probabilities: READING.probabilities, flips: false },
    { recipe: "ct-windows-jpeg/1", label: "pulmonary nodule", probabilities: moved(0.05), flips: false },
    { recipe: "display/1", label: "pleural effusion", probabilities: moved(0.4), flips: true },
  ],
  flips: true,
  verdict: "The answer is another under 1 of 3: display/1.",
  missing: ["mr-minmax/1: it is for MR only."],
};
