// Steps and judgements of a run as they come. A run has thousands of steps: they lie in plain number arrays that nothing
// watches, and what is drawn of them is thinned.
import type { Figure } from "../../../backend/generated/Figure";
import type { TuneJudged } from "../../../backend/generated/TuneJudged";
import type { TuneRun } from "../../../backend/generated/TuneRun";
import type { TuneStep } from "../../../backend/generated/TuneStep";

export type Point = readonly [number, number];

/** Points that a line is drawn with at most. */
export const DRAWN = 600;
/** Judgements that are marked at most; the best is always among them. */
export const MARKED = 40;

export class Curve {
  #steps = new Float64Array(256);
  #losses = new Float64Array(256);
  #length = 0;
  #last: TuneStep | null = null;
  #judged: TuneJudged[] = [];

  get length(): number {
    return this.#length;
  }
  /** Numbers of the steps, rising. */
  get steps(): Float64Array {
    return this.#steps.subarray(0, this.#length);
  }
  /** Mean negative log-likelihood of an answer's token in each step's batch, nats. */
  get losses(): Float64Array {
    return this.#losses.subarray(0, this.#length);
  }
  get last(): TuneStep | null {
    return this.#last;
  }
  /** By step, that of the base model (step 0) first. */
  get judged(): readonly TuneJudged[] {
    return this.#judged;
  }
  get isEmpty(): boolean {
    return this.#length === 0 && this.#judged.length === 0;
  }

  clear(): void {
    this.#length = 0;
    this.#last = null;
    this.#judged = [];
  }

  /** A step. What stood from this step on goes: the run was taken up before it. */
  add(step: TuneStep): void {
    if (this.#length > 0 && (this.#steps[this.#length - 1] ?? 0) >= step.step) this.#cut(step.step);
    if (this.#length === this.#steps.length) {
      this.#steps = grown(this.#steps);
      this.#losses = grown(this.#losses);
    }
    this.#steps[this.#length] = step.step;
    this.#losses[this.#length] = step.loss ?? Number.NaN;
    this.#length += 1;
    this.#last = step;
  }

  #cut(from: number): void {
    while (this.#length > 0 && (this.#steps[this.#length - 1] ?? 0) >= from) this.#length -= 1;
    this.#judged = this.#judged.filter(({ step }) => step < from);
  }

  /** A judgement; the best so far is one alone. */
  judge(judged: TuneJudged): void {
    const others = this.#judged.filter(({ step }) => step !== judged.step);
    const kept = judged.best
      ? others.map((other) => (other.best ? { ...other, best: false } : other))
      : others;
    this.#judged = [...kept, judged].sort((a, b) => a.step - b.step);
  }

  /** What an earlier start did, in place of what stood; the judgement of the base stays where none comes. */
  resume(steps: readonly TuneStep[], judged: readonly TuneJudged[]): void {
    const base = this.#judged.filter(({ step }) => step === 0);
    this.clear();
    for (const step of steps) this.add(step);
    for (const one of [...base, ...judged]) this.judge(one);
  }
}

function grown(of: Float64Array): Float64Array<ArrayBuffer> {
  const more = new Float64Array(of.length * 2);
  more.set(of);
  return more;
}

export function curveOf({ steps, judged }: Pick<TuneRun, "steps" | "judged">): Curve {
  const curve = new Curve();
  curve.resume(steps, judged);
  return curve;
}

/** At most about `most` points of a line: the lowest and the highest of each stretch, in their order, and both ends. */
export function thinned(x: ArrayLike<number>, y: ArrayLike<number>, most = DRAWN): Point[] {
  const points: Point[] = [];
  const put = (i: number) => {
    const [a, b] = [x[i], y[i]];
    if (a !== undefined && b !== undefined && Number.isFinite(b)) points.push([a, b]);
  };
  const n = Math.min(x.length, y.length);
  if (n <= most) {
    for (let i = 0; i < n; i += 1) put(i);
    return points;
  }
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  put(0);
  for (let k = 0; k < stretches; k += 1) {
    const from = 1 + Math.floor((k * (n - 2)) / stretches);
    const to = 1 + Math.floor(((k + 1) * (n - 2)) / stretches);
    let [low, high] = [-1, -1];
    for (let i = from; i < to; i += 1) {
      const value = y[i] as number;
      if (!Number.isFinite(value)) continue;
      if (low < 0 || value < (y[low] as number)) low = i;
      if (high < 0 || value > (y[high] as number)) high = i;
    }
    if (low < 0) continue;
    put(Math.min(low, high));
    if (low !== high) put(Math.max(low, high));
  }
  put(n - 1);
  return points;
}

/** Steps of the running mean: a twelfth of those made, from 3 to 100. */
export function windowOf(steps: number): number {
  return Math.max(3, Math.min(100, Math.round(steps / 12)));
}

/** The mean of each value and those before it, `window` at most; what is no number is left out. */
export function runningMean(values: ArrayLike<number>, window: number): Float64Array {
  const means = new Float64Array(values.length);
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as number;
    const gone = i >= window ? (values[i - window] as number) : Number.NaN;
    if (Number.isFinite(value)) [sum, count] = [sum + value, count + 1];
    if (Number.isFinite(gone)) [sum, count] = [sum - gone, count - 1];
    means[i] = count === 0 ? Number.NaN : sum / count;
  }
  return means;
}

/** Which judgements are marked: evenly chosen, with the first, the last and the best. */
export function marked(judged: readonly TuneJudged[], most = MARKED): readonly TuneJudged[] {
  if (judged.length <= most) return judged;
  const every = (judged.length - 1) / (most - 1);
  const kept = new Set(Array.from({ length: most }, (_, i) => Math.round(i * every)));
  return judged.filter((one, i) => one.best || kept.has(i));
}

/** The first figure of a judgement, the task's own. */
export function leadingOf(judged: Pick<TuneJudged, "figures">): Figure | null {
  return judged.figures[0] ?? null;
}

/** The state that is the best so far; `null`: nothing but the base was judged. */
export function bestOf(judged: readonly TuneJudged[]): TuneJudged | null {
  return judged.find(({ best, step }) => best && step > 0) ?? null;
}

/** The judgement of the base model. */
export function baseOf(judged: readonly TuneJudged[]): TuneJudged | null {
  return judged.find(({ step }) => step === 0) ?? null;
}

/** Low and high end of an axis of losses: from 0, unless all lie far above it. */
export function lossRange(...series: readonly (readonly Point[])[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const points of series) {
    for (const [, value] of points) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!Number.isFinite(low)) return [0, 1];
  if (high <= 0) return [Math.min(low, 0), 1];
  return [low > 0.6 * high ? low * 0.95 : Math.min(0, low), high * 1.04];
}

/** A difference the other way round: tuned less base out of base less tuned. */
export function turned(figure: Figure): Figure {
  const minus = (value: number) => 0 - value;
  const maybe = (value: number | null) => (value === null ? null : minus(value));
  const { low, high } = figure;
  return {
    ...figure,
    value: maybe(figure.value),
    low: maybe(high),
    high: maybe(low),
    beside: figure.beside.map((other) => ({ ...other, low: minus(other.high), high: minus(other.low) })),
  };
}
