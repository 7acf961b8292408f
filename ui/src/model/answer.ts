// How an answer is laid out: bars, the row You | Model | Truth, and the verdict. Nothing is judged here; agreement is the
// desk's.
import type { Agreement } from "../backend/generated/Agreement";
import type { Case } from "../backend/generated/Case";
import type { LabelProbability } from "../backend/generated/LabelProbability";
import type { Reading } from "../backend/generated/Reading";
import { sameLabel } from "./question";

export interface BarRow {
  readonly label: string;
  readonly probability: number;
  /** The model's choice. */
  readonly chosen: boolean;
  readonly truth: boolean;
  readonly own: boolean;
}

export interface Bars {
  readonly rows: readonly BarRow[];
  /** Labels folded away, and the sum of their probabilities. */
  readonly rest: { readonly count: number; readonly probability: number } | null;
}

/** Most bars before the rest is folded into one line. */
export const MOST_BARS = 8;

/**
 * Bars of an answer. Of a closed set by falling probability, ties as asked; yes/no lists as asked. Truth and the own
 * answer are never folded away.
 */
export function barsOf(reading: Reading, known: Pick<Case, "truth" | "own">, unfolded = false): Bars {
  const truths = known.truth?.labels ?? [];
  const own = known.own.at(-1)?.label ?? "";
  const row = ({ label, probability }: LabelProbability): BarRow => ({
    label,
    probability,
    chosen: reading.label !== "" && sameLabel(label, reading.label),
    truth: truths.some((truth) => sameLabel(truth, label)),
    own: own !== "" && sameLabel(own, label),
  });
  const all = reading.probabilities.map(row);
  if (reading.form === "yes_no") return { rows: all, rest: null };
  const sorted = [...all].sort((a, b) => b.probability - a.probability);
  if (unfolded || sorted.length <= MOST_BARS) return { rows: sorted, rest: null };
  const rows = sorted.filter((bar, i) => i < MOST_BARS - 1 || bar.chosen || bar.truth || bar.own);
  const folded = sorted.filter((bar) => !rows.includes(bar));
  if (folded.length < 2) return { rows: sorted, rest: null };
  const probability = folded.reduce((sum, bar) => sum + bar.probability, 0);
  return { rows, rest: { count: folded.length, probability } };
}

/** A cell of the row You | Model | Truth. */
export type Cell =
  | { readonly kind: "value"; readonly text: string }
  | { readonly kind: "none" }
  | { readonly kind: "hidden" }
  | { readonly kind: "invalid" }
  | { readonly kind: "text" }
  | { readonly kind: "each" };

export interface Comparison {
  readonly own: Cell;
  /** True when the own answer was given before model and truth were seen. */
  readonly ownFirst: boolean;
  readonly model: Cell;
  readonly truth: Cell;
  readonly modelAgreement: Agreement | null;
  readonly ownAgreement: Agreement | null;
  readonly reason: string;
}

function isAgreement(word: string): word is Agreement {
  return word === "agree" || word === "disagree" || word === "no_truth" || word === "not_comparable";
}

function modelCell(reading: Reading | null): Cell {
  if (reading === null) return { kind: "none" };
  if (reading.invalid !== "") return { kind: "invalid" };
  if (reading.label !== "") return { kind: "value", text: reading.label };
  return { kind: reading.form === "yes_no" ? "each" : "text" };
}

/** The row for a case and the reading that is looked at. */
export function compare(known: Case, reading: Reading | null): Comparison {
  const last = known.own.at(-1);
  const own: Cell = last === undefined ? { kind: "none" } : { kind: "value", text: last.label };
  const ownFirst = known.own[0]?.before_reveal === true;
  if (known.hidden) {
    return {
      own,
      ownFirst,
      model: { kind: "hidden" },
      truth: { kind: "hidden" },
      modelAgreement: null,
      ownAgreement: null,
      reason: "",
    };
  }
  return {
    own,
    ownFirst,
    model: modelCell(reading),
    truth: known.truth === null ? { kind: "none" } : { kind: "value", text: known.truth.labels.join(", ") },
    modelAgreement: reading?.agreement ?? null,
    ownAgreement: isAgreement(known.own_agreement) ? known.own_agreement : null,
    reason: reading?.agreement_reason ?? "",
  };
}

export type Tone = "agree" | "differ" | "open";

/** Shape and colour of the verdict: one party that differs is enough. */
export function toneOf({ modelAgreement, ownAgreement }: Comparison): Tone {
  const parties = [modelAgreement, ownAgreement];
  if (parties.includes("disagree")) return "differ";
  if (modelAgreement === "not_comparable" || modelAgreement === "no_truth") return "open";
  return parties.includes("agree") ? "agree" : "open";
}

/** The kind of an invalid answer in the spelling of the texts. */
export function invalidKind(invalid: string): string {
  return invalid.replaceAll("_", "-");
}

/** A line of the provenance by its name; empty when there is none. */
export function provenanceOf(reading: Reading, name: string): string {
  return reading.provenance.find(([key]) => key.toLowerCase() === name)?.[1] ?? "";
}
