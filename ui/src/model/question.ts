// From what the user chose to the question the desk is asked; or what is still missing, one thing at a time.
import type { AnswerForm } from "../backend/generated/AnswerForm";
import type { DisplaySet } from "../backend/generated/DisplaySet";
import type { ModelInfo } from "../backend/generated/ModelInfo";
import type { Plan } from "../backend/generated/Plan";
import type { QuestionOptions } from "../backend/generated/QuestionOptions";
import type { QuestionSpec } from "../backend/generated/QuestionSpec";
import type { TemplateInfo } from "../backend/generated/TemplateInfo";
import type { VoiChoice } from "../backend/generated/VoiChoice";
import type { WindowInfo } from "../backend/generated/WindowInfo";
import { isSiglip, MOST_SAMPLES, sentOptions } from "./options";
import type { SliceProblem, SliceWish } from "./slices";

/** Everything a question is made of. */
export interface QuestionParts {
  readonly set: DisplaySet | null;
  readonly slices: SliceWish;
  readonly preprocess: string;
  readonly voi: VoiChoice | null;
  /** The user's own inversion. */
  readonly inverted: boolean;
  readonly model: ModelInfo | null;
  readonly template: TemplateInfo | null;
  /** The wording as it stands in the box. */
  readonly prompt: string;
  readonly form: AnswerForm;
  readonly labels: readonly string[];
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly options: QuestionOptions;
}

export type Missing =
  | { readonly kind: "series" }
  | { readonly kind: "slices"; readonly problem: SliceProblem }
  | { readonly kind: "model" }
  | { readonly kind: "unusable" }
  | { readonly kind: "images" }
  | { readonly kind: "question" }
  | { readonly kind: "labels" }
  | { readonly kind: "yesNo" }
  | { readonly kind: "greedySamples" }
  | { readonly kind: "samples"; readonly most: number }
  | { readonly kind: "duplicate"; readonly label: string };

export type QuestionWish =
  | { readonly kind: "complete"; readonly spec: QuestionSpec }
  | { readonly kind: "incomplete"; readonly missing: Missing };

/** Labels from what was typed: split at commas and lines, trimmed, empty ones gone. */
export function splitLabels(text: string): string[] {
  return text
    .split(/[,;\n]/)
    .map((label) => label.trim().replaceAll(/\s+/g, " "))
    .filter((label) => label !== "");
}

/** How labels are compared on the page: case does not count. What is kept is compared by the desk. */
export function sameLabel(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}

/** Labels with new ones behind them; what is already there is not added. */
export function addLabels(labels: readonly string[], text: string): string[] {
  const out = [...labels];
  for (const label of splitLabels(text)) {
    if (!out.some((other) => sameLabel(other, label))) out.push(label);
  }
  return out;
}

function firstDuplicate(labels: readonly string[]): string | undefined {
  return labels.find((label, i) => labels.slice(0, i).some((other) => sameLabel(other, label)));
}

/** The window to show `display/1` by: what is on the screen, when it is a window at all. */
function windowOf(parts: QuestionParts): WindowInfo | null {
  if (!parts.preprocess.startsWith("display/") || parts.voi?.kind !== "window") return null;
  const { center, width, function: curve, explanation } = parts.voi;
  return { center, width, function: curve, explanation };
}

/** Samples must be able to differ. */
function missingSamples({ options, temperature }: QuestionParts): Missing | null {
  if (options.samples <= 1) return null;
  if (options.samples > MOST_SAMPLES) return { kind: "samples", most: MOST_SAMPLES };
  return temperature > 0 ? null : { kind: "greedySamples" };
}

function missingOf(parts: QuestionParts): Missing | null {
  if (parts.set === null) return { kind: "series" };
  const textOnly = parts.template?.images === "none";
  if (!textOnly && parts.slices.kind === "problem") return { kind: "slices", problem: parts.slices.problem };
  if (parts.model === null) return { kind: "model" };
  if (!parts.model.usable) return { kind: "unusable" };
  if (!textOnly && !parts.model.images) return { kind: "images" };
  // A MedSigLIP reads labels, not a question.
  if (parts.prompt.trim() === "" && !isSiglip(parts.model)) return { kind: "question" };
  if (parts.form === "open") return missingSamples(parts);
  if (parts.form === "labels" && parts.labels.length < 2) return { kind: "labels" };
  if (parts.form === "yes_no" && parts.labels.length < 1) return { kind: "yesNo" };
  const label = firstDuplicate(parts.labels);
  return label === undefined ? null : { kind: "duplicate", label };
}

/** The question, or the first thing that it lacks. */
export function wishQuestion(parts: QuestionParts): QuestionWish {
  const missing = missingOf(parts);
  if (missing !== null || parts.set === null || parts.model === null) {
    return { kind: "incomplete", missing: missing ?? { kind: "series" } };
  }
  const isAsPublished = parts.template !== null && parts.prompt === parts.template.text;
  const textOnly = parts.template?.images === "none";
  const options = sentOptions(parts.options, { form: parts.form, siglip: isSiglip(parts.model), textOnly });
  return {
    kind: "complete",
    spec: {
      display_set: parts.set.id,
      slices: textOnly || parts.slices.kind === "problem" ? "" : parts.slices.spec,
      preprocess: parts.preprocess,
      window: windowOf(parts),
      lut: parts.preprocess.startsWith("display/") && parts.voi?.kind === "lut" ? parts.voi.lut.id : null,
      inverted: parts.preprocess.startsWith("display/") && parts.inverted,
      model: parts.model.handle,
      template: parts.template?.id ?? "",
      prompt: isAsPublished ? "" : parts.prompt.trim(),
      form: parts.form,
      labels: parts.form === "open" ? [] : [...parts.labels],
      max_new_tokens: parts.maxNewTokens,
      temperature: parts.temperature,
      seed: parts.seed,
      ...(options === undefined ? {} : { options }),
    },
  };
}

/** What a plan means for the button. */
export type PlanState =
  | { readonly kind: "idle" }
  | { readonly kind: "planning"; readonly last: Plan | null }
  | { readonly kind: "ready"; readonly plan: Plan }
  | { readonly kind: "failed"; readonly error: { readonly message: string; readonly hint: string } };

/** Shares of what there is, and whether they are too much. */
export interface PlanLoad {
  readonly tokens: number | null;
  readonly memory: number | null;
  readonly tooLong: boolean;
  readonly tooBig: boolean;
}

export function planLoad(plan: Plan): PlanLoad {
  const tokens = plan.context === null || plan.context <= 0 ? null : plan.tokens / plan.context;
  const memory = plan.memory_available <= 0 ? null : plan.memory / plan.memory_available;
  return {
    tokens: tokens === null ? null : Math.min(1, tokens),
    memory: memory === null ? null : Math.min(1, memory),
    tooLong: tokens !== null && tokens > 1,
    tooBig: plan.memory > plan.memory_available,
  };
}
