// How an answer is to be found: what can be set, what of it counts for a question, and what a template brings along.
import type { AnswerForm } from "../backend/generated/AnswerForm";
import type { ModelInfo } from "../backend/generated/ModelInfo";
import type { QuestionOptions } from "../backend/generated/QuestionOptions";
import type { TemplateInfo } from "../backend/generated/TemplateInfo";

/** Everything as the desk does it by itself. */
export const NO_OPTIONS: QuestionOptions = {
  precision: null,
  device: "",
  adapters: [],
  merge_adapters: false,
  normalise: "sum",
  pmi: null,
  calibrate: null,
  permutations: 0,
  none_option: "",
  spellings: false,
  calibration: null,
  pairing: "by_form",
  top_k: 0,
  top_p: 0,
  samples: 0,
  p_true: false,
  think_budget: null,
  stops: [],
  boxes: false,
  pan_and_scan: false,
  pad_to_square: false,
  priors: [],
};

/** Most answers that are sampled for agreement. */
export const MOST_SAMPLES = 64;

type Option = keyof QuestionOptions;

const PICTURES: readonly Option[] = ["pan_and_scan", "pad_to_square", "priors"];
const ADAPTERS: readonly Option[] = ["adapters", "merge_adapters"];
const SCORING: readonly Option[] = ["normalise", "pmi", "calibrate", "spellings", "calibration"];
const LIST: readonly Option[] = ["permutations", "none_option"];
const WRITING: readonly Option[] = ["top_k", "top_p", "samples", "p_true", "think_budget", "stops", "boxes"];

/** What a question is, as far as options go. */
export interface OptionFacts {
  readonly form: AnswerForm;
  /** Encoder of pictures and labels that writes nothing. */
  readonly siglip: boolean;
  readonly textOnly: boolean;
}

/** True for a MedSigLIP: it scores labels beside a picture and has no prompt. */
export function isSiglip(model: Pick<ModelInfo, "kind"> | null): boolean {
  return model?.kind === "siglip";
}

/** The options that change anything for such a question, in the order of the form. */
export function optionsFor({ form, siglip, textOnly }: OptionFacts): readonly Option[] {
  if (siglip) return form === "yes_no" ? ["pairing", "calibration"] : ["calibration"];
  return [
    ...(textOnly ? [] : PICTURES),
    ...ADAPTERS,
    ...(form === "open" ? WRITING : SCORING),
    ...(form === "labels" ? LIST : []),
  ];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The relevant options that are not as the desk does it by itself. */
export function changedOptions(options: QuestionOptions, facts: OptionFacts): readonly Option[] {
  return optionsFor(facts).filter((name) => !same(options[name], NO_OPTIONS[name]));
}

/** What is sent: only what counts for the question; nothing when all is as the desk does it by itself. */
export function sentOptions(options: QuestionOptions, facts: OptionFacts): QuestionOptions | undefined {
  const changed = changedOptions(options, facts);
  if (changed.length === 0) return undefined;
  return { ...NO_OPTIONS, ...Object.fromEntries(changed.map((name) => [name, options[name]])) };
}

/** What a template needs to be asked as it was published. */
export function presetOf(template: Pick<TemplateInfo, "answer" | "text">): Partial<QuestionOptions> {
  return { boxes: template.answer === "open" && template.text.includes("box_2d") };
}

/** Options that go with a template, over those that the user set: a preset changes what it names, no more. */
export function withTemplate(
  options: QuestionOptions,
  template: Pick<TemplateInfo, "answer" | "text">,
): QuestionOptions {
  return { ...options, ...presetOf(template) };
}

/** How likelihoods without content are used, as one choice. */
export type ContentChoice = "off" | "pmi_grey" | "pmi_none" | "calibrate_grey" | "calibrate_none";

export function contentChoice({ pmi, calibrate }: Pick<QuestionOptions, "pmi" | "calibrate">): ContentChoice {
  if (pmi !== null) return pmi === "grey" ? "pmi_grey" : "pmi_none";
  if (calibrate !== null) return calibrate === "grey" ? "calibrate_grey" : "calibrate_none";
  return "off";
}

export function contentOptions(choice: ContentChoice): Pick<QuestionOptions, "pmi" | "calibrate"> {
  switch (choice) {
    case "off":
      return { pmi: null, calibrate: null };
    case "pmi_grey":
      return { pmi: "grey", calibrate: null };
    case "pmi_none":
      return { pmi: "none", calibrate: null };
    case "calibrate_grey":
      return { pmi: null, calibrate: "grey" };
    case "calibrate_none":
      return { pmi: null, calibrate: "none" };
  }
}

/** How a score comes about, to be said beside every number. */
export type ScoreKind = "softmax" | "yes" | "siglip_softmax" | "siglip_sigmoid" | "siglip_pairs" | "none";

export function scoreKind(facts: OptionFacts, pairing: QuestionOptions["pairing"]): ScoreKind {
  if (facts.form === "open") return "none";
  if (!facts.siglip) return facts.form === "labels" ? "softmax" : "yes";
  if (facts.form === "labels") return "siglip_softmax";
  return pairing === "positive_negative" ? "siglip_pairs" : "siglip_sigmoid";
}
