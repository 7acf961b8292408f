// A linear scale: values to px, and round values for its ticks.
// Not d3-scale's: its colour interpolation writes to inherited properties of `Object.prototype`, which the window
// freezes, and the page would not start there.
import { ticks } from "d3-array";

export interface Linear {
  /** px of a value; beyond the domain too. */
  (value: number): number;
  /** About `count` round values within the domain, rising. */
  readonly ticks: (count: number) => number[];
}

export function scaleLinear(domain: readonly [number, number], range: readonly [number, number]): Linear {
  const [low, high] = domain;
  const [from, to] = range;
  const at = (value: number) =>
    low === high ? (from + to) / 2 : from + ((value - low) / (high - low)) * (to - from);
  return Object.assign(at, { ticks: (count: number) => ticks(low, high, count) });
}
