// Which slices a question is about, as the desk's slice specification. The desk resolves it; this builds it and finds
// early what cannot be meant.

export const SLICE_MODES = ["this", "marked", "range", "official", "all"] as const;
export type SliceMode = (typeof SLICE_MODES)[number];

/** What is known when slices are chosen. Frames count from 0, slices from 1. */
export interface SliceFacts {
  readonly frame: number;
  readonly marked: ReadonlySet<number>;
  readonly range: string;
  readonly count: number;
  readonly volume: boolean;
}

export type SliceProblem =
  | { readonly kind: "none_marked" }
  | { readonly kind: "empty" }
  | { readonly kind: "unreadable"; readonly part: string }
  | { readonly kind: "zero" }
  | { readonly kind: "backwards"; readonly part: string }
  | { readonly kind: "beyond"; readonly slice: number; readonly count: number };

export type SliceWish =
  | { readonly kind: "spec"; readonly spec: string; readonly slices: readonly number[] | null }
  | { readonly kind: "problem"; readonly problem: SliceProblem };

/** Modes that make sense: one picture is one picture, and the published sampling is for volumes. */
export function offeredModes(count: number, volume: boolean): readonly SliceMode[] {
  if (count <= 1) return ["this"];
  return volume ? SLICE_MODES : SLICE_MODES.filter((mode) => mode !== "official");
}

/** The specification for a mode. `slices` is `null` where only the desk knows them (sampling). */
export function wishSlices(mode: SliceMode, facts: SliceFacts): SliceWish {
  switch (mode) {
    case "this":
      return { kind: "spec", spec: String(facts.frame + 1), slices: [facts.frame + 1] };
    case "marked": {
      const slices = [...facts.marked].map((frame) => frame + 1).sort((a, b) => a - b);
      if (slices.length === 0) return { kind: "problem", problem: { kind: "none_marked" } };
      return { kind: "spec", spec: slices.join(","), slices };
    }
    case "range":
      return parseSlices(facts.range, facts.count);
    case "official":
      return { kind: "spec", spec: "official", slices: null };
    case "all":
      return { kind: "spec", spec: "all", slices: Array.from({ length: facts.count }, (_, i) => i + 1) };
  }
}

const PART = /^(\d{1,9})(?:\s*[-–]\s*(\d{1,9})(?:\s*\/\s*(\d{1,9}))?)?$/;

/** Reads `12`, `10-20`, `10-40/3` and lists of them. A slice named twice comes once, at its first place. */
export function parseSlices(text: string, count: number): SliceWish {
  const problem = (found: SliceProblem): SliceWish => ({ kind: "problem", problem: found });
  if (text.trim() === "") return problem({ kind: "empty" });
  const slices = new Set<number>();
  const terms: string[] = [];
  for (const raw of text.split(",")) {
    const part = raw.trim();
    const match = PART.exec(part);
    if (match === null) return problem({ kind: "unreadable", part });
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    const step = Number(match[3] ?? 1);
    if (from === 0 || to === 0 || step === 0) return problem({ kind: "zero" });
    if (to < from) return problem({ kind: "backwards", part });
    if (to > count) return problem({ kind: "beyond", slice: to, count });
    for (let slice = from; slice <= to; slice += step) slices.add(slice);
    terms.push(
      match[2] === undefined ? `${from}` : `${from}-${to}${match[3] === undefined ? "" : `/${step}`}`,
    );
  }
  return { kind: "spec", spec: terms.join(","), slices: [...slices] };
}
