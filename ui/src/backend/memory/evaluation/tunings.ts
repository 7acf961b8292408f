// Tuning runs of the desk in memory: refused, estimated, run, stopped, taken up. Losses fall and figures rise as made, by
// formulas: nothing is learned here.
import type { Comparison } from "../../generated/Comparison";
import type { Figure } from "../../generated/Figure";
import type { Handle } from "../../generated/Handle";
import type { ModelInfo } from "../../generated/ModelInfo";
import type { TuneDone } from "../../generated/TuneDone";
import type { TuneEstimate } from "../../generated/TuneEstimate";
import type { TuneEvent } from "../../generated/TuneEvent";
import type { TuneJudged } from "../../generated/TuneJudged";
import type { TuneRun } from "../../generated/TuneRun";
import type { TuneSettings } from "../../generated/TuneSettings";
import type { TuneSpec } from "../../generated/TuneSpec";
import type { TuneStep } from "../../generated/TuneStep";
import type { WireError } from "../../generated/WireError";
import { draws, type MadeCaseSet } from "./made";
import { mcnemar, number, score, share } from "./statistics";

const FREE = 12_400_000_000;

export interface TuningOptions {
  readonly set: (evaluation: Handle) => MadeCaseSet;
  readonly model: (handle: Handle) => ModelInfo;
}

/** Cases of a split and what the made base model knows. */
interface Size {
  readonly learned: number;
  readonly validation: number;
}

/** JSON has one kind of number, whatever the types call it. */
const count = (value: number) => value as unknown as TuneEstimate["learned"];

export function stepsOf({ steps, epochs, batch }: TuneSettings, cases: number): number {
  return steps > 0 ? steps : Math.max(1, Math.ceil((cases * epochs) / Math.max(1, batch)));
}

function rateAt({ rate, schedule, warm_up }: TuneSettings, step: number, of: number): number {
  const warm = warm_up * of;
  if (step <= warm) return (rate * step) / Math.max(1, warm);
  const gone = (step - warm) / Math.max(1, of - warm);
  if (schedule === "constant") return rate;
  return schedule === "linear" ? rate * (1 - gone) : (rate * (1 + Math.cos(Math.PI * gone))) / 2;
}

/** 0 at the start, 1 where all is learned that can be. */
const learnedAt = (step: number, of: number) => 1 - Math.exp((-4.5 * step) / of);

export function madeStep(settings: TuneSettings, step: number, of: number): TuneStep {
  const next = draws(settings.seed * 7919 + step);
  const known = learnedAt(step, of);
  return {
    step,
    loss: (1.62 * (1 - known) + 0.13) * (0.72 + 0.56 * next()),
    right: Math.min(0.99, 0.46 + 0.48 * known + 0.05 * (next() - 0.5)),
    norm: 0.4 + 1.9 * (1 - known) * next(),
    rate: rateAt(settings, step, of),
  };
}

function figuresAt(known: number, n: number): Figure[] {
  const right = Math.round(n * (0.43 + 0.44 * known));
  const invalid = Math.round(n * 0.083 * (1 - Math.min(1, 1.6 * known)));
  return [
    share("accuracy", "Accuracy", right, n),
    score("macro_f1", "Macro F1", 0.39 + 0.45 * known, n),
    share("invalid_rate", "Invalid answers", invalid, n),
  ];
}

/** A judgement; past two thirds of the steps the made model begins to learn by heart. */
export function madeJudged(
  settings: TuneSettings,
  step: number,
  of: number,
  n: number,
): Omit<TuneJudged, "best"> {
  const known = step === 0 ? 0 : learnedAt(step, of);
  const over = Math.max(0, step / of - 0.66) * 0.22;
  return {
    step,
    loss: 1.71 * (1 - known) + 0.21 + over,
    figures: settings.target === "findings" ? [] : figuresAt(known - over / 3, n),
  };
}

function comparisonOf(base: readonly Figure[], tuned: readonly Figure[], n: number): Comparison | null {
  const [a, b] = [base[0]?.value, tuned[0]?.value];
  if (a === undefined || a === null || b === undefined || b === null) return null;
  const [of_a, of_b] = [Math.round(a * n), Math.round(b * n)];
  const both = Math.round(of_a * 0.93);
  const [a_only, b_only] = [of_a - both, of_b - both];
  const half = (1.96 * Math.sqrt(a_only + b_only + 0.5)) / n;
  const difference = number("accuracy_difference", "Accuracy", a - b, n, "points");
  const p = mcnemar(a_only, b_only);
  const test = { statistic: null, df: null, p_adjusted: null, note: "" };
  return {
    a: "base",
    b: "tuned",
    n,
    both,
    a_only,
    b_only,
    neither: n - both - a_only - b_only,
    figures: [{ ...difference, low: a - b - half, high: a - b + half, interval: "Newcombe, paired" }],
    tests: [
      { ...test, key: "mcnemar_exact", name: "McNemar, exact", p },
      { ...test, key: "mcnemar_midp", name: "McNemar, mid-p", p: p * 0.86 },
    ],
    remarks: [],
  };
}

function refusalOf(set: MadeCaseSet, spec: TuneSpec, model: ModelInfo): WireError | null {
  const splits = new Map<string, number>();
  for (const { split } of set.cases) splits.set(split, (splits.get(split) ?? 0) + 1);
  const wanted = spec.split === "" ? "train" : spec.split;
  if (!splits.has(wanted)) {
    const has = [...splits].map(([name, cases]) => `${name} (${cases})`).join(", ");
    return {
      code: "tuning.split",
      message: `There is no split ${wanted}: the set has ${has}.`,
      hint: "Name one of them, or draw splits by patient.",
    };
  }
  if (!model.usable || model.kind === "siglip") {
    return { code: "tuning.model", message: `${model.name} cannot be tuned.`, hint: "Choose another model." };
  }
  const learned = new Set(set.cases.filter(({ split }) => split === wanted).map(({ patient }) => patient));
  const leaking = set.cases.filter(({ split, patient }) => split !== wanted && learned.has(patient));
  if (leaking.length === 0) return null;
  return {
    code: "tuning.leak",
    message: `${new Set(leaking.map(({ patient }) => patient)).size} patients stand in the split that is learned and in another.`,
    hint: "Split by patient. `overread eval check` lists all of it.",
  };
}

export class MadeTunings {
  readonly #options: TuningOptions;
  readonly #runs = new Map<string, TuneRun[]>();

  constructor(options: TuningOptions) {
    this.#options = options;
  }

  list(evaluation: Handle): TuneRun[] {
    return [...(this.#runs.get(evaluation.id) ?? [])];
  }

  #estimate(spec: TuneSpec, size: Size, model: ModelInfo): TuneEstimate {
    const { settings } = spec;
    const steps = stepsOf(settings, size.learned);
    const need = model.memory * 1.12 + settings.batch * (settings.part === 0 ? 1 : settings.part) * 6e6;
    const remarks = [
      `${Math.round(size.learned / 36)} cases of ${spec.split} have no truth that counts; they are left out.`,
    ];
    if (size.validation === 0)
      remarks.push("There is no validation split: nothing is judged, and the last state is taken.");
    return {
      cases: size.learned,
      validation: size.validation,
      steps,
      tokens: 283,
      learned: count(Math.round(model.parameters * 0.0005 * settings.rank)),
      precision: settings.precision ?? model.precision,
      memory_bytes: count(Math.round(need)),
      memory_free: count(FREE),
      seconds: steps * settings.batch * (0.004 + (model.parameters / 1e9) * 0.7),
      remarks,
    };
  }

  /** Each step is on record when its event is taken, so that a stopped run can be taken up. */
  *tune(spec: TuneSpec): Generator<TuneEvent> {
    const set = this.#options.set(spec.evaluation);
    const model = this.#options.model(spec.model);
    for (const fraction of [0.3, 1]) yield { event: "preparing", what: "looking for leaks", fraction };
    const refusal = refusalOf(set, spec, model);
    if (refusal !== null) {
      yield { event: "failed", ...refusal };
      return;
    }
    const size = {
      learned: set.cases.filter(({ split }) => split === (spec.split || "train")).length,
      validation: set.cases.filter(({ split }) => split === spec.validation).length,
    };
    const what = spec.dry_run ? "looking at some cases" : "pictures of the learned cases";
    for (const fraction of [0.25, 0.7, 1]) yield { event: "preparing", what, fraction };
    const estimate = this.#estimate(spec, size, model);
    yield { event: "estimated", ...estimate };
    if (spec.dry_run) yield { event: "checked" };
    else yield* this.#learn(spec, size, model, estimate);
  }

  #begin(spec: TuneSpec, model: ModelInfo, of: number): TuneRun | WireError {
    const runs = this.#runs.get(spec.evaluation.id) ?? [];
    const earlier = runs.find(({ name }) => name === spec.name);
    if (earlier === undefined) {
      const adapter = { id: `adapter-${spec.evaluation.id}-${spec.name}`, label: spec.name };
      const { name, settings, prompt } = spec;
      const run: TuneRun = {
        name,
        adapter,
        model: model.name,
        split: spec.split || "train",
        validation: spec.validation ?? "validation",
        prompt,
        settings,
        of,
        steps: [],
        judged: [],
        done: null,
      };
      this.#runs.set(spec.evaluation.id, [...runs, run]);
      return run;
    }
    if (JSON.stringify(earlier.settings) === JSON.stringify(spec.settings)) return earlier;
    return {
      code: "tuning.other_run",
      message: `${spec.name} holds a run with other settings.`,
      hint: "Name another folder, or set them back.",
    };
  }

  *#learn(spec: TuneSpec, size: Size, model: ModelInfo, estimate: TuneEstimate): Generator<TuneEvent> {
    const of = estimate.steps;
    const run = this.#begin(spec, model, of);
    if ("code" in run) {
      yield { event: "failed", ...run };
      return;
    }
    const { settings } = spec;
    const n = size.validation;
    const what = "reading the validation split with the base model";
    if (n > 0) {
      for (const fraction of [0.4, 1]) yield { event: "preparing", what, fraction };
      if (run.judged.length === 0) run.judged = [{ ...madeJudged(settings, 0, of, n), best: false }];
      yield { event: "judged", ...(run.judged[0] as TuneJudged) };
    }
    const before = run.steps.length;
    if (before > 0)
      yield { event: "resumed", steps: run.steps, judged: run.judged.filter(({ step }) => step > 0) };
    const every = settings.judge_every > 0 ? settings.judge_every : Math.ceil(of / 10);
    const due = (step: number) =>
      n > 0 &&
      step > 0 &&
      (step % every === 0 || step === of) &&
      !run.judged.some((one) => one.step === step);
    let early = false;
    // A run that was stopped between a step and its judgement begins with the judgement.
    for (let step = before; step <= of && !early; step += 1) {
      if (step > before) {
        const made = madeStep(settings, step, of);
        run.steps.push(made);
        const seconds_left = step - before < 3 ? null : ((estimate.seconds ?? 0) * (of - step)) / of;
        yield { event: "step", step: made, of, seconds_left };
      }
      if (!due(step)) continue;
      const what = `reading the validation split after step ${step}: ${n} of ${n}`;
      yield { event: "preparing", what, fraction: 1 };
      const judged = judge(run, { ...madeJudged(settings, step, of, n), best: false }, settings.best);
      yield { event: "judged", ...judged };
      early = settings.patience > 0 && sinceBest(run) >= settings.patience;
    }
    run.done = doneOf(run, estimate, n, early);
    yield { event: "done", ...run.done };
  }
}

/** Puts a judgement on record; the best is one alone. */
function judge(run: TuneRun, judged: TuneJudged, by: TuneSettings["best"]): TuneJudged {
  const of = (one: TuneJudged) => (by === "figure" ? -(one.figures[0]?.value ?? 0) : (one.loss ?? 0));
  const leader = run.judged.find(({ best }) => best);
  const best = leader === undefined || of(judged) < of(leader);
  const kept = { ...judged, best };
  run.judged = [...run.judged.map((one) => (best ? { ...one, best: false } : one)), kept];
  return kept;
}

function sinceBest({ judged }: TuneRun): number {
  return judged.length - 1 - judged.findIndex(({ best }) => best);
}

function doneOf(run: TuneRun, estimate: TuneEstimate, n: number, early: boolean): TuneDone {
  const best = run.judged.find((judged) => judged.best);
  const base = run.judged.find(({ step }) => step === 0)?.figures ?? [];
  const tuned = best?.figures ?? [];
  return {
    adapter: run.adapter,
    steps: run.steps.length,
    best: best?.step ?? run.steps.length,
    early,
    seconds: (estimate.seconds ?? 0) * (run.steps.length / run.of),
    base,
    tuned,
    comparison: comparisonOf(base, tuned, n),
    remarks: [...estimate.remarks, "All pictures, losses and figures here are made up in this page."],
  };
}
