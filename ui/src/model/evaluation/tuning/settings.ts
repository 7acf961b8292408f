// What a tuning run is asked for: two recipes, a form of texts as they are typed, and what is wrong with it, field by field.
import type { PrecisionName } from "../../../backend/generated/PrecisionName";
import type { TuneRun } from "../../../backend/generated/TuneRun";
import type { TuneSettings } from "../../../backend/generated/TuneSettings";
import { tuning as text } from "../../../text/tuning";

/** The desk's own defaults (`TuneSettings::default`). */
export const OURS: TuneSettings = {
  rank: 16,
  alpha: 16,
  dropout: 0.05,
  targets: ["decoder"],
  rank_stabilised: false,
  epochs: 3,
  steps: 0,
  batch: 16,
  part: 0,
  rate: 2e-4,
  schedule: "cosine",
  warm_up: 0.03,
  weight_decay: 0,
  clip: 1,
  judge_every: 0,
  patience: 4,
  best: "loss",
  target: "answer",
  seed: 1,
  precision: null,
  recompute: true,
};

/** The published notebook's (`TuneSettings::published`). */
export const PUBLISHED: TuneSettings = {
  ...OURS,
  targets: ["all-linear"],
  epochs: 1,
  part: 4,
  schedule: "linear",
  clip: 0.3,
  patience: 0,
};

export type Preset = "ours" | "published";
export const PRESETS: Readonly<Record<Preset, TuneSettings>> = { ours: OURS, published: PUBLISHED };

/** What a recipe does not say: it stays when another is chosen. */
const OWN = ["target", "seed", "precision"] as const;

/** The recipe that the settings are, or `null` for settings of one's own. */
export function presetOf(settings: TuneSettings): Preset | null {
  const plain = (of: TuneSettings) =>
    JSON.stringify(Object.entries({ ...of, ...Object.fromEntries(OWN.map((key) => [key, null])) }).sort());
  const own = plain(settings);
  return (["ours", "published"] as const).find((preset) => plain(PRESETS[preset]) === own) ?? null;
}

export type NumberKey = {
  [K in keyof TuneSettings]: TuneSettings[K] extends number ? K : never;
}[keyof TuneSettings];

/** What a number may be, as it is typed. */
export interface Rule {
  readonly low: number;
  readonly high: number;
  /** The end itself is not allowed. */
  readonly aboveLow?: true;
  readonly belowHigh?: true;
  readonly whole?: true;
  /** Typed in per cent. */
  readonly percent?: true;
}

const FREE = Number.POSITIVE_INFINITY;
const MOST = 4_294_967_295;

/** As `TuneSettings::check` and the pairs' own check have it. */
export const RULES: Readonly<Record<NumberKey, Rule>> = {
  rank: { low: 1, high: 1024, whole: true },
  alpha: { low: 0, high: FREE, aboveLow: true },
  dropout: { low: 0, high: 100, belowHigh: true, percent: true },
  epochs: { low: 0, high: 1000, aboveLow: true },
  steps: { low: 1, high: 1_000_000, whole: true },
  batch: { low: 1, high: 4096, whole: true },
  part: { low: 0, high: 4096, whole: true },
  rate: { low: 0, high: FREE, aboveLow: true },
  warm_up: { low: 0, high: 100, belowHigh: true, percent: true },
  weight_decay: { low: 0, high: FREE },
  clip: { low: 0, high: FREE },
  judge_every: { low: 0, high: 1_000_000, whole: true },
  patience: { low: 0, high: 1000, whole: true },
  seed: { low: 0, high: MOST, whole: true },
};
export const NUMBERS = Object.keys(RULES) as NumberKey[];

/** A number as it is typed; `null`: it is none, or not an allowed one. */
export function numberOf(typed: string, rule: Rule): number | null {
  const plain = typed.trim().replace(",", ".");
  const value = Number(plain);
  if (plain === "" || !Number.isFinite(value)) return null;
  if (value < rule.low || (rule.aboveLow === true && value === rule.low)) return null;
  if (value > rule.high || (rule.belowHigh === true && value === rule.high)) return null;
  if (rule.whole === true && !Number.isInteger(value)) return null;
  return rule.percent === true ? Number((value / 100).toPrecision(12)) : value;
}

/** A number as it is shown for typing. */
export function typedOf(value: number, rule: Rule): string {
  const shown = rule.percent === true ? Number((value * 100).toPrecision(12)) : value;
  if (shown !== 0 && Math.abs(shown) < 0.001) return shown.toExponential();
  return String(shown);
}

/** The form: what is chosen, and numbers as they are typed. */
export interface TuneDraft {
  /** Id of the base model; empty: none. */
  readonly model: string;
  readonly name: string;
  /** `null`: `train` where the set has it. */
  readonly split: string | null;
  /** `null`: `validation` where the set has it; empty: none. */
  readonly validation: string | null;
  readonly prompt: string;
  readonly target: TuneSettings["target"];
  readonly typed: Readonly<Record<NumberKey, string>>;
  /** Steps are given; else times that each case is seen. */
  readonly bySteps: boolean;
  readonly targets: string;
  readonly schedule: TuneSettings["schedule"];
  readonly best: TuneSettings["best"];
  readonly precision: PrecisionName | null;
  readonly rankStabilised: boolean;
  readonly recompute: boolean;
}

/** Numbers and choices of settings as a form shows them. */
export function draftOf(
  settings: TuneSettings,
): Omit<TuneDraft, "model" | "name" | "split" | "validation" | "prompt"> {
  const typed = Object.fromEntries(NUMBERS.map((key) => [key, typedOf(settings[key], RULES[key])])) as Record<
    NumberKey,
    string
  >;
  const bySteps = settings.steps > 0;
  return {
    target: settings.target,
    typed: { ...typed, steps: bySteps ? typed.steps : "" },
    bySteps,
    targets: settings.targets.join(", "),
    schedule: settings.schedule,
    best: settings.best,
    precision: settings.precision,
    rankStabilised: settings.rank_stabilised,
    recompute: settings.recompute,
  };
}

export const EMPTY_DRAFT: TuneDraft = {
  model: "",
  name: "",
  split: null,
  validation: null,
  prompt: "",
  ...draftOf(OURS),
};

export function targetsOf(typed: string): string[] {
  return [...new Set(typed.split(/[\s,;]+/u).filter((target) => target !== ""))];
}

/** Which number is not asked for: of epochs and steps one counts. */
function isUnused(draft: TuneDraft, key: NumberKey): boolean {
  return key === (draft.bySteps ? "epochs" : "steps");
}

/** The settings of a form; `null` while a field is wrong. */
export function settingsOf(draft: TuneDraft): TuneSettings | null {
  const numbers: Partial<Record<NumberKey, number>> = {};
  for (const key of NUMBERS) {
    const found = numberOf(draft.typed[key], RULES[key]);
    if (found === null && !isUnused(draft, key)) return null;
    numbers[key] = found ?? OURS[key];
  }
  const targets = targetsOf(draft.targets);
  if (targets.length === 0) return null;
  return {
    ...OURS,
    ...numbers,
    steps: draft.bySteps ? (numbers.steps ?? 0) : 0,
    targets,
    rank_stabilised: draft.rankStabilised,
    schedule: draft.schedule,
    best: draft.best,
    target: draft.target,
    precision: draft.precision,
    recompute: draft.recompute,
  };
}

/** A split of the case set with its cases. */
export interface Split {
  /** Empty: cases without a split. */
  readonly name: string;
  readonly cases: number;
}

/** What the form is held against. */
export interface Known {
  readonly splits: readonly Split[];
  readonly models: readonly { readonly id: string; readonly tunable: boolean }[];
  readonly runs: readonly Pick<TuneRun, "name" | "done">[];
}

export interface ChosenSplits {
  /** Empty: none is chosen. */
  readonly split: string;
  /** Empty: nothing is judged. */
  readonly validation: string;
}

/** The splits in force: those chosen, else the usual ones where the set has them. */
export function chosenSplits(
  draft: Pick<TuneDraft, "split" | "validation">,
  splits: readonly Split[],
): ChosenSplits {
  const usual = (name: string) => (splits.some((split) => split.name === name) ? name : "");
  return {
    split: draft.split ?? usual("train"),
    validation: draft.validation ?? usual("validation"),
  };
}

export type Field = NumberKey | "model" | "name" | "split" | "validation" | "targets";
export type Problems = Readonly<Partial<Record<Field, string>>>;

function nameProblem(name: string, runs: Known["runs"]): string | null {
  if (name === "") return text.problems.noName;
  const tooLong = new TextEncoder().encode(name).length > 100;
  if (name.startsWith(".") || tooLong || !/^[\p{Alphabetic}\p{N}\-_. ]+$/u.test(name))
    return text.problems.name;
  const finished = runs.some((run) => run.name === name && run.done !== null);
  return finished ? text.problems.finished(name) : null;
}

/** What is wrong, a sentence at each field; empty: the run can be asked for. */
export function problemsOf(draft: TuneDraft, known: Known): Problems {
  const found: Partial<Record<Field, string>> = {};
  const model = known.models.find(({ id }) => id === draft.model);
  if (model?.tunable !== true) found.model = text.problems.noModel;
  const name = nameProblem(draft.name.trim(), known.runs);
  if (name !== null) found.name = name;
  const { split, validation } = chosenSplits(draft, known.splits);
  if (split === "") found.split = text.problems.noSplit;
  else if (split === validation) found.validation = text.problems.sameSplit;
  for (const key of NUMBERS) {
    if (isUnused(draft, key) || numberOf(draft.typed[key], RULES[key]) !== null) continue;
    found[key] = text.problems.number(RULES[key]);
  }
  if (targetsOf(draft.targets).length === 0) found.targets = text.problems.noTargets;
  return found;
}

/** Steps that so many cases come to; 0 while it cannot be said. */
export function stepsFor(settings: Pick<TuneSettings, "steps" | "epochs" | "batch">, cases: number): number {
  if (settings.steps > 0) return settings.steps;
  return cases === 0 ? 0 : Math.max(1, Math.ceil((cases * settings.epochs) / Math.max(1, settings.batch)));
}

/** A name for runs of a case set. */
export function usualName(set: string): string {
  const plain = set.replace(/[^\p{Alphabetic}\p{N}\-_. ]+/gu, "-").replace(/^[.\s-]+/u, "");
  return `${[...plain].slice(0, 24).join("") || "set"}-lora`;
}

/** A name that no run has yet: `chest-lora`, `chest-lora-2` … */
export function freeName(wanted: string, runs: readonly Pick<TuneRun, "name">[]): string {
  const taken = (name: string) => runs.some((run) => run.name === name);
  if (!taken(wanted)) return wanted;
  const stem = wanted.replace(/-\d+$/u, "");
  for (let i = 2; ; i += 1) if (!taken(`${stem}-${i}`)) return `${stem}-${i}`;
}
