// A made reader: plans, progress and answers that look like a model's, and say that they are not.
import type { Handle } from "../generated/Handle";
import type { ModelInfo } from "../generated/ModelInfo";
import type { Plan } from "../generated/Plan";
import type { QuestionSpec } from "../generated/QuestionSpec";
import type { ReadEvent } from "../generated/ReadEvent";
import type { Reading } from "../generated/Reading";
import type { TemplateInfo } from "../generated/TemplateInfo";
import type { MadeSet } from "./catalogue";

export const NOISE = "This reader is made up: its answers are noise and mean nothing about any picture.";

export const MODELS: readonly ModelInfo[] = [
  {
    handle: { id: "model-demo", label: "demo-reader" },
    name: "Demo reader (random weights)",
    usable: true,
    report: ["config.json: read", "model.safetensors: complete", "tokenizer.json: read"],
    warning: NOISE,
    terms: "No terms: made with Overread",
    parameters: 2_100_000,
    memory: 12_000_000,
    images: true,
    demo: true,
    kind: "gemma3",
    forms: ["labels", "yes_no", "open"],
    known: "demo",
    limits: ["Its weights are random: every answer is noise."],
    memory_by: [{ precision: "f32", bytes: 12_000_000, fits: true }],
    precision: "f32",
    precision_chosen: false,
    precision_reason: "Float32: the model is small, so it is held exactly.",
    device: "cpu",
    adapters: [],
    loaded: false,
    removable: false,
  },
  {
    handle: { id: "model-broken", label: "medgemma-partial" },
    name: "medgemma-partial",
    usable: false,
    report: ["config.json: read", "model-00002-of-00002.safetensors is missing", "tokenizer.json: read"],
    warning: "",
    terms: "Health AI Developer Foundations terms of use",
    parameters: 4_300_000_000,
    memory: 17_200_000_000,
    images: true,
    demo: false,
    kind: "gemma3",
    forms: [],
    known: "",
    limits: [],
    memory_by: [
      { precision: "f32", bytes: 17_200_000_000, fits: false },
      { precision: "bf16", bytes: 8_600_000_000, fits: true },
    ],
    precision: "bf16",
    precision_chosen: false,
    precision_reason: "Bfloat16, as the model is published: it fits.",
    device: "cpu",
    adapters: [],
    loaded: false,
    removable: true,
  },
];

/** A folder that holds no model. */
export function unusable(handle: Handle): ModelInfo {
  return {
    handle,
    name: handle.label,
    usable: false,
    report: ["config.json is missing", "No weights"],
    warning: "",
    terms: "",
    parameters: 0,
    memory: 0,
    images: false,
    demo: false,
    kind: "",
    forms: [],
    known: "",
    limits: [],
    memory_by: [],
    precision: "f32",
    precision_chosen: false,
    precision_reason: "",
    device: "cpu",
    adapters: [],
    loaded: false,
    removable: true,
  };
}

/** The model of a handle; one that cannot be used when there is none. */
export function modelOf(handle: Handle): ModelInfo {
  return MODELS.find((model) => model.handle.id === handle.id) ?? unusable(handle);
}

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
const CONTEXT = 8192;

export function makePlan(id: string, made: MadeSet, spec: QuestionSpec): Plan {
  const model = MODELS.find(({ handle }) => handle.id === spec.model.id);
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
    context: model?.usable === true ? CONTEXT : null,
    memory: (model?.memory ?? 0) + tokens * 9000,
    memory_available: 12_400_000_000,
    seconds: slices.length * 0.35 + 0.8,
    estimate: { load: 0.4, vision: slices.length * 0.35, prefill: 0.3, decode: 0.1, measured: false },
    precision: model?.precision ?? "f32",
    precision_reason: model?.precision_reason ?? "",
    rendered_prompt: `<bos><start_of_turn>user\n${marks}\n${prompt}<end_of_turn>\n<start_of_turn>model\n`,
    warnings,
    refusal,
    model_image_size: 448,
  };
}

/** Numbers that differ from question to question, the same each time. */
function scatter(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return (h >>> 0) / 4294967296;
}

const OPEN =
  "Made-up words: this text stands where a model's description would, and describes nothing that is there.";

export function makeReading(id: string, at: string, plan: Plan, spec: QuestionSpec): Reading {
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
      probability_by_mean: probability,
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
    confidence_kind: spec.form === "labels" ? `softmax over ${spec.labels.length} labels, uncalibrated` : "",
    text: open ? OPEN : "",
    thought: "",
    invalid: "",
    warning: NOISE,
    provenance: [
      ["Model", "Demo reader (random weights)"],
      ["Weights", "made in the page"],
      ["Preprocessing", spec.preprocess],
      ["Slices", spec.slices],
      ["Seed", String(spec.seed)],
    ],
    agreement: "no_truth",
    agreement_reason: "",
    slices: plan.slices.map(({ slice }) => slice),
    tokens: [plan.tokens, open ? OPEN.split(" ").length : 0],
    seconds: [0.4, plan.slices.length * 0.3, 0.3, 0.2],
    boxes: [],
    shown: [],
    samples: null,
    p_true: null,
    comparison: [],
    ended: "",
    asked: spec,
    checks: [],
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
    for (const word of OPEN.split(" ")) events.push({ event: "token", text: `${word} ` });
  } else {
    spec.labels.forEach((_, i) => {
      events.push({ event: "scoring", done: i + 1, of: spec.labels.length });
    });
  }
  return events;
}
