// Enough statistics for made figures to hang together. Not the desk's own: those are computed in Rust.
import type { Figure } from "../../generated/Figure";
import type { Unit } from "../../generated/Unit";

const Z = 1.959964;

/** Wilson's interval for `k` of `n`. */
export function wilson(k: number, n: number): [number, number] {
  const p = k / n;
  const z2 = Z * Z;
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** A share with Wilson's interval; without cases it is not defined. */
export function share(key: string, name: string, k: number, n: number, note = ""): Figure {
  const [low, high] = n === 0 ? [null, null] : wilson(k, n);
  return {
    key,
    name,
    unit: "share",
    value: n === 0 ? null : k / n,
    low,
    high,
    interval: n === 0 ? "" : "Wilson",
    beside: [],
    n,
    note: n === 0 && note === "" ? "There are no such cases." : note,
  };
}

export function score(
  key: string,
  name: string,
  value: number | null,
  n: number,
  unit: Unit = "score",
): Figure {
  const half = value === null || n === 0 ? 0 : Z * Math.sqrt(Math.max(0.002, value * (1 - value)) / n);
  const at = (v: number) => (unit === "score" || unit === "share" ? Math.min(1, Math.max(0, v)) : v);
  return {
    key,
    name,
    unit,
    value,
    low: value === null ? null : at(value - half),
    high: value === null ? null : at(value + half),
    interval: value === null ? "" : "bootstrap over patients, 2,000 resamples, seed 1",
    beside: [],
    n,
    note: value === null ? "Not defined without both kinds of cases." : "",
  };
}

export function number(
  key: string,
  name: string,
  value: number | null,
  n: number,
  unit: Unit = "score",
): Figure {
  return { key, name, unit, value, low: null, high: null, interval: "", beside: [], n, note: "" };
}

/** McNemar, exact: two-sided binomial of the discordant pairs. */
export function mcnemar(a: number, b: number): number {
  const n = a + b;
  if (n === 0) return 1;
  const low = Math.min(a, b);
  let term = 0.5 ** n;
  if (term === 0) return 0.000001;
  let sum = term;
  for (let k = 1; k <= low; k += 1) {
    term *= (n - k + 1) / k;
    sum += term;
  }
  return Math.min(1, 2 * sum);
}

/** Points of a ROC curve and its area, highest scores first. */
export function roc(scored: readonly (readonly [number, boolean])[]): {
  points: [number, number][];
  area: number | null;
} {
  const sorted = [...scored].sort((a, b) => b[0] - a[0]);
  const positives = sorted.filter(([, is]) => is).length;
  const negatives = sorted.length - positives;
  if (positives === 0 || negatives === 0) return { points: [], area: null };
  let [tp, fp, area] = [0, 0, 0];
  const points: [number, number][] = [[0, 0]];
  for (const [, is] of sorted) {
    if (is) tp += 1;
    else {
      fp += 1;
      area += tp;
    }
    points.push([fp / negatives, tp / positives]);
  }
  return { points: thinned(points), area: area / (positives * negatives) };
}

export function precisionRecall(scored: readonly (readonly [number, boolean])[]): {
  points: [number, number][];
  average: number | null;
} {
  const sorted = [...scored].sort((a, b) => b[0] - a[0]);
  const positives = sorted.filter(([, is]) => is).length;
  if (positives === 0) return { points: [], average: null };
  let [tp, average] = [0, 0];
  const points: [number, number][] = [];
  sorted.forEach(([, is], i) => {
    if (is) {
      tp += 1;
      average += tp / (i + 1) / positives;
    }
    points.push([tp / positives, tp / (i + 1)]);
  });
  return { points: thinned(points), average };
}

/** At most 200 points. */
export function thinned(points: readonly [number, number][]): [number, number][] {
  const every = Math.ceil(points.length / 200);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}
