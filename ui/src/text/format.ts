// Numbers, times and counts as the page prints them. Figures that are kept come from the desk; this only words them.
import type { Unit } from "../backend/generated/Unit";

const NARROW = " ";

/** A probability in per cent. Never 0 or 100 for what is neither. */
export function percent(probability: number): string {
  if (!Number.isFinite(probability)) return "–";
  const bounded = Math.min(1, Math.max(0, probability));
  if (bounded > 0 && bounded < 0.01) return `<1${NARROW}%`;
  if (bounded < 1 && bounded > 0.99) return `>99${NARROW}%`;
  return `${Math.round(bounded * 100)}${NARROW}%`;
}

/** A change with its sign, two decimals; a true minus, so that figures align. */
export function signed(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Math.abs(value).toFixed(2);
  if (Number(rounded) === 0) return "0.00";
  return `${value < 0 ? "−" : "+"}${rounded}`;
}

/** A probability as a figure of a table: three decimals, never 0 or 1 for what is neither. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value > 0 && value < 0.0005) return "<0.001";
  if (value < 1 && value >= 0.9995) return ">0.999";
  return value.toFixed(3);
}

/** Bytes in decimal units, as disks and memory are sold. */
export function bytes(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  if (count >= 1e6) return `${Math.round(count / 1e6)} MB`;
  return `${Math.max(0, Math.round(count / 1e3))} kB`;
}

/** A span for people: rounded as coarsely as an estimate deserves. */
export function span(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const rest = Math.round((seconds % 60) / 5) * 5;
  if (rest === 60) return `${minutes + 1} min`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** An estimate in running words. */
export function roughly(seconds: number): string {
  return seconds < 1 ? span(seconds) : `about ${span(seconds)}`;
}

/** A measured time. */
export function measured(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : span(seconds);
}

export function whole(count: number): string {
  return Math.round(count).toLocaleString("en-GB");
}

/** `1 slice`, `3 slices`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** Parameters of a model: `4.3 billion`. */
export function parameters(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion parameters`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} million parameters`;
  return `${whole(count)} parameters`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** RFC 3339 to the clock of this machine, `10:42:07`; empty when it is no time. */
export function clock(at: string): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return "";
  return `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}

/** RFC 3339 to `2026-01-05 10:42`; empty when it is no time. */
export function moment(at: string): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return "";
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day} ${two(when.getHours())}:${two(when.getMinutes())}`;
}

/** Runs of slices, from 1, in the order given: `1–3, 7`. */
export function sliceRuns(slices: readonly number[]): string {
  const runs: string[] = [];
  for (let i = 0; i < slices.length; ) {
    const from = slices[i] as number;
    let last = i;
    while (slices[last + 1] === (slices[last] as number) + 1) last += 1;
    const to = slices[last] as number;
    if (last === i) runs.push(`${from}`);
    else runs.push(last === i + 1 ? `${from}, ${to}` : `${from}–${to}`);
    i = last + 1;
  }
  return runs.join(", ");
}

/** Words after one another, the last with `and`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

// Figures of an evaluation: a value with its interval, never 0 for what is not defined

const NOT_DEFINED = "not defined";
const TRUE_MINUS = "\u2212";

/** What of a figure is printed; a part of the wire's `Figure`. */
export interface Printed {
  readonly unit: Unit;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

function minus(text: string): string {
  return text.replace(/^-/u, TRUE_MINUS);
}

/** A number of at most three decimals with its digits fixed, a true minus, and no minus before zero. */
function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return minus(Number(text) === 0 ? text.replace("-", "") : text);
}

function withSign(value: number, digits: number): string {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** A share in per cent with one decimal, without its sign: `84.9`. What is neither 0 nor all is not printed so. */
export function shareDigits(value: number): string {
  const text = fixed(value * 100, 1);
  if (text === "0.0" && value > 0) return "<0.1";
  if (text === "100.0" && value < 1) return ">99.9";
  return text;
}

/** p as it is printed in papers: `< 0.001`, else three decimals. */
export function pValue(p: number | null): string {
  if (p === null || !Number.isFinite(p)) return NOT_DEFINED;
  if (p < 0.001) return `<${NARROW}0.001`;
  if (p > 0.999) return `>${NARROW}0.999`;
  return p.toFixed(3);
}

function digitsOf(value: number, unit: Unit, signs: boolean): string {
  switch (unit) {
    case "share":
      return shareDigits(value);
    case "score":
      return fixed(value, 3);
    case "number":
      return Math.abs(value) >= 100 ? minus(whole(value)) : fixed(value, Number.isInteger(value) ? 0 : 3);
    case "points":
      return signs ? withSign(value * 100, 1) : fixed(value * 100, 1);
    case "difference":
      return signs ? withSign(value, 3) : fixed(value, 3);
    case "probability":
      return pValue(value);
    case "seconds":
      return fixed(value, value < 10 ? 1 : 0);
  }
}

const AFTER: Readonly<Record<Unit, string>> = {
  share: `${NARROW}%`,
  score: "",
  number: "",
  points: " points",
  difference: "",
  probability: "",
  seconds: " s",
};

/** The estimate with its unit, or `not defined`. */
export function figureValue({ value, unit }: Pick<Printed, "value" | "unit">): string {
  if (value === null || !Number.isFinite(value)) return NOT_DEFINED;
  return `${digitsOf(value, unit, true)}${AFTER[unit]}`;
}

/** `79.1–89.6`; negative ends take `to`, so that no dash meets a minus; empty without an interval. */
export function figureInterval({ low, high, unit }: Pick<Printed, "low" | "high" | "unit">): string {
  if (low === null || high === null) return "";
  const signs = low < 0 || high < 0;
  const [from, to] = [digitsOf(low, unit, signs), digitsOf(high, unit, signs)];
  return signs ? `${from} to ${to}` : `${from}–${to}`;
}

/** `84.9 % (79.1–89.6)`. */
export function figureText(figure: Printed): string {
  const interval = figureInterval(figure);
  const value = figureValue(figure);
  return interval === "" || figure.value === null ? value : `${value} (${interval})`;
}

/** A confidence in per cent: `97 %`. */
export function confidence(value: number | null): string {
  return value === null ? "–" : percent(value);
}

/** A name within a sentence: `Macro F1` as `macro F1`, `AUC` and `Brier score` as they are where they begin a name. */
export function within(name: string): string {
  return /^(?:\p{Lu}{2}|Brier|Cohen|Fleiss|Gwet|Jaccard|Krippendorff|Matthews|Youden)/u.test(name)
    ? name
    : name.charAt(0).toLowerCase() + name.slice(1);
}
