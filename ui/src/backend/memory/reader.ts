// A made reader: plans, progress and answers that look like a model's, and say that they are not.
import type { ModelInfo } from "../generated/ModelInfo";
import type { Plan } from "../generated/Plan";
import type { QuestionSpec } from "../generated/QuestionSpec";
import type { ReadEvent } from "../generated/ReadEvent";
import type { Reading } from "../generated/Reading";
import type { TemplateInfo } from "../generated/TemplateInfo";
import type { MadeSet } from "./catalogue";
import { MADE_UP } from "./models";
import { scatter } from "./scatter";

export const TEMPLATES: readonly TemplateInfo[] = [
  {
    id: "ct.liver-lesion",
    title: "Which liver lesion is it?",
    text: "You are shown CT slices of the abdomen. Which of the listed diagnoses fits the liver best?",
    source: "Overread",
    images: "several",
    answer: "labels",
    labels: ["Haemangioma", "Metastasis", "Hepatocellular carcinoma", "Cyst", "No lesion"],
  },
  {
    id: "any.findings",
    title: "Findings, yes or no each",
    text: "For each finding say whether it is present.",
    source: "Overread",
    images: "one",
    answer: "yes_no",
    labels: ["Nodule", "Effusion", "Pneumothorax"],
  },
  {
    id: "any.describe",
    title: "Describe the picture",
    text: "Describe what the picture shows.",
    source: "Overread",
    images: "one",
    answer: "open",
    labels: [],
  },
];

/** Slices (from 1) that a spec names; empty when it names none. */
export function slicesOf(spec: string, count: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (spec === "all") return all;
  if (spec === "middle") return [Math.floor(count / 2) + 1];
  if (spec === "official") {
    const most = Math.min(85, count);
    return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / Math.max(1, most - 1)) + 1);
  }
  const found: number[] = [];
  for (const part of spec.split(",")) {
    const match = /^\s*(\d+)(?:-(\d+)(?:\/(\d+))?)?\s*$/.exec(part);
    if (match === null) return [];
    const [from, to, step] = [Number(match[1]), Number(match[2] ?? match[1]), Number(match[3] ?? 1)];
    for (let slice = from; slice <= to && slice <= count; slice += Math.max(1, step))
      if (slice >= 1) found.push(slice);
  }
  return found;
}

const IMAGE_TOKENS = 256;
const CONTEXT = 131_072;

export function makePlan(id: string, made: MadeSet, spec: QuestionSpec, model: ModelInfo): Plan {
  const slices = slicesOf(spec.slices, made.set.frames.length);
  const prompt =
    spec.prompt === "" ? (TEMPLATES.find(({ id }) => id === spec.template)?.text ?? "") : spec.prompt;
  const tokens = slices.length * (IMAGE_TOKENS + 6) + Math.ceil(prompt.length / 4) + 20;
  const warnings: string[] = [];
  if (made.set.modality !== "CT" && spec.preprocess.startsWith("ct-"))
    warnings.push("This recipe is for CT only.");
  if (spec.preprocess !== made.set.preprocess[0]?.id)
    warnings.push("Not the recipe that the model was trained with.");
  let refusal: Plan["refusal"] = null;
  if (model === undefined || !model.usable) {
    refusal = {
      code: "model.missing_weights",
      message: "The model cannot be loaded.",
      hint: "Choose another folder.",
    };
  } else if (slices.length === 0) {
    refusal = {
      code: "question.slices",
      message: `“${spec.slices}” names no slice.`,
      hint: "Write 12, 10-20 or 10-40/3.",
    };
  } else if (tokens > CONTEXT) {
    refusal = {
      code: "question.too_long",
      message: `${tokens} tokens do not fit into the model's ${CONTEXT}.`,
      hint: "Take fewer slices.",
    };
  } else if (prompt === "") {
    refusal = {
      code: "question.empty",
      message: "There is no question.",
      hint: "Choose a template or write one.",
    };
  }
  const marks = slices.map((slice) => `<start_of_image> SLICE ${slice}`).join("\n");
  return {
    id,
    slices: slices.map((slice) => {
      const frame = made.set.frames[slice - 1];
      return {
        slice,
        instance_number: frame?.instance_number ?? "",
        position: frame?.slice_position ?? null,
        width: frame?.columns ?? 0,
        height: frame?.rows ?? 0,
        prior: false,
      };
    }),
    tokens,
    context: model.usable === true ? CONTEXT : null,
    memory: model.memory + tokens * 9000,
    memory_available: 12_400_000_000,
    seconds: slices.length * 0.35 + 0.8,
    estimate: { load: 0.4, vision: slices.length * 0.35, prefill: 0.3, decode: 0.1, measured: false },
    precision: model.precision,
    precision_reason: model.precision_reason,
    rendered_prompt: `<bos><start_of_turn>user\n${marks}\n${prompt}<end_of_turn>\n<start_of_turn>model\n`,
    warnings,
    refusal,
    model_image_size: 448,
  };
}

const OPEN =
  "Made-up words: this text stands where a model's description would, and describes nothing that is there.";
const THOUGHT =
  "Made-up thought: first the pictures would be described one after the other, then compared with the question.";

/** Words with the space before each. */
function pieces(text: string): string[] {
  return text.split(" ").map((word, i) => (i === 0 ? word : ` ${word}`));
}

/** Corners in px from shares of the first picture. */
function box(plan: Plan, ...shares: [number, number, number, number]): [number, number, number, number] {
  const { width = 0, height = 0 } = plan.slices[0] ?? {};
  return [shares[0] * width, shares[1] * height, shares[2] * width, shares[3] * height];
}

/** What only an answer in words has. */
function written(plan: Plan, spec: QuestionSpec): Partial<Reading> {
  const options = spec.options;
  const shown = pieces(OPEN).map((text, i) => ({
    text,
    probability: i % 3 === 0 ? 0.97 : 0.08 + 0.9 * scatter(`${text}${i}`),
  }));
  const samples = options?.samples ?? 0;
  return {
    text: OPEN,
    shown,
    thought: options?.think_budget === null || options === undefined ? "" : THOUGHT,
    ended: "the model ended its answer",
    samples:
      samples < 2
        ? null
        : {
            of: samples,
            share: Math.ceil(samples * 0.6) / samples,
            votes: [
              { answer: "made-up answer A", votes: Math.ceil(samples * 0.6) },
              { answer: "made-up answer B", votes: samples - Math.ceil(samples * 0.6) },
            ],
            rule: "the text is the same without case and punctuation",
          },
    p_true: options?.p_true === true ? { probability: 0.58, wording: "true-false/1" } : null,
    boxes:
      options?.boxes === true
        ? [
            {
              label: "made-up structure",
              slice: plan.slices[0]?.slice ?? 1,
              corners: box(plan, 0.24, 0.3, 0.42, 0.52),
              note: "",
            },
            {
              label: "another",
              slice: null,
              corners: box(plan, 0.62, 0.46, 0.75, 0.6),
              note: "clamped to the picture",
            },
          ]
        : [],
  };
}

/** The kind of number that a score is. */
function kindOf(spec: QuestionSpec, siglip: boolean): string {
  const count = spec.labels.length;
  if (spec.form === "yes_no") {
    if (!siglip) return "probability of yes, each by itself, uncalibrated";
    return spec.options?.pairing === "positive_negative"
      ? "MedSigLIP, softmax over a pair each, uncalibrated"
      : "MedSigLIP, sigmoid each, uncalibrated";
  }
  const calibrated = spec.options?.calibration == null ? "uncalibrated" : "calibrated on 40 of your cases";
  return siglip
    ? `MedSigLIP, softmax over ${count} labels, ${calibrated}`
    : `among the ${count} listed options, ${calibrated}`;
}

export function makeReading(
  id: string,
  at: string,
  plan: Plan,
  spec: QuestionSpec,
  model: ModelInfo,
): Reading {
  const template = TEMPLATES.find((entry) => entry.id === spec.template);
  const logits = spec.labels.map(
    (label) => 2.4 * scatter(`${label}|${spec.slices}|${spec.preprocess}|${spec.seed}`),
  );
  const sum = logits.reduce((total, value) => total + Math.exp(value), 0);
  const probabilities = spec.labels.map((label, i) => {
    const logit = logits[i] ?? 0;
    const probability = spec.form === "yes_no" ? 1 / (1 + Math.exp(-logit + 1.2)) : Math.exp(logit) / sum;
    return {
      label,
      probability,
      log_likelihood: logit - 6,
      log_likelihood_per_token: (logit - 6) / 3,
      probability_by_sum: probability,
      probability_by_mean: (probability + 1 / spec.labels.length) / 2,
      tokens: 3,
      without_content: null,
    };
  });
  const best = [...probabilities].sort((a, b) => b.probability - a.probability)[0];
  const open = spec.form === "open";
  return {
    id,
    at,
    display_set: spec.display_set,
    question: spec.prompt === "" ? (template?.text ?? "") : spec.prompt,
    form: spec.form,
    label: spec.form === "labels" ? (best?.label ?? "") : "",
    probabilities: open ? [] : probabilities,
    confidence: spec.form === "labels" ? (best?.probability ?? null) : null,
    confidence_kind: open
      ? "none: an open answer carries no probability"
      : kindOf(spec, model.kind === "siglip"),
    text: "",
    thought: "",
    invalid: "",
    warning: MADE_UP,
    note: "",
    provenance: [
      ["Model", model.name],
      ["Weights", "made in the page"],
      ["Preprocessing", spec.preprocess],
      ["Slices", spec.slices],
      ["Seed", String(spec.seed)],
    ],
    agreement: "no_truth",
    agreement_reason: "",
    slices: plan.slices.map(({ slice }) => slice),
    tokens: [
      plan.tokens,
      open ? OPEN.split(" ").length + (spec.options?.think_budget == null ? 0 : pieces(THOUGHT).length) : 0,
    ],
    seconds: [0.4, plan.slices.length * 0.3, 0.3, 0.2],
    boxes: [],
    shown: [],
    samples: null,
    p_true: null,
    comparison: open ? [] : [`Likelihoods compared: ${spec.options?.normalise ?? "sum"}`, "No correction"],
    ended: "",
    asked: spec,
    checks: [],
    ...(open ? written(plan, spec) : {}),
  };
}

/** The events of a reading before it is done. */
export function progressOf(plan: Plan, spec: QuestionSpec): ReadEvent[] {
  const of = plan.slices.length;
  const events: ReadEvent[] = [0.2, 0.7, 1].map((fraction) => ({
    event: "loading",
    fraction,
    what: "reading the weights",
  }));
  for (let slice = 1; slice <= of; slice += 1) events.push({ event: "preparing", slice, of });
  for (let slice = 1; slice <= of; slice += 1) {
    events.push({ event: "vision", slice, of, seconds_left: slice === 1 ? null : (of - slice) * 0.3 });
  }
  events.push(
    { event: "prefill", done: 0, of: plan.tokens, seconds_left: null },
    { event: "prefill", done: plan.tokens, of: plan.tokens, seconds_left: 0 },
  );
  if (spec.form === "open") {
    if ((spec.options?.think_budget ?? null) !== null) {
      for (const text of pieces(THOUGHT)) events.push({ event: "thought", text });
    }
    const samples = spec.options?.samples ?? 0;
    for (const word of OPEN.split(" ")) events.push({ event: "token", text: `${word} ` });
    for (let done = 1; samples > 1 && done <= samples; done += 1)
      events.push({ event: "sample", done, of: samples });
  } else {
    spec.labels.forEach((_, i) => {
      events.push({ event: "scoring", done: i + 1, of: spec.labels.length });
    });
  }
  return events;
}
