// Made checks: numbers that look like those of a model, and say in their verdict that they are made up.
import type { Check } from "../generated/Check";
import type { CheckEvent } from "../generated/CheckEvent";
import type { CheckKind } from "../generated/CheckKind";
import type { CheckSpec } from "../generated/CheckSpec";
import type { EncodeEvent } from "../generated/EncodeEvent";
import type { LabelProbability } from "../generated/LabelProbability";
import type { Reading } from "../generated/Reading";
import { scatter } from "./scatter";

const PICTURES = ["blank", "noise", "mirrored", "other_patient"] as const;
const MEASURES = {
  labels: "total variation",
  yes_no: "largest difference",
  open: "likelihood of the answer's text",
} as const;
const SAID = "Made-up numbers: ";

/** The probabilities of a reading, moved by something. */
function moved(reading: Reading, by: string): LabelProbability[] {
  const raw = reading.probabilities.map(
    (row) => row.probability * Math.exp(2.2 * scatter(`${row.label}|${by}`) - 1.1),
  );
  const sum = raw.reduce((total, value) => total + value, 0) || 1;
  return reading.probabilities.map((row, i) => {
    const value = raw[i] ?? 0;
    return { ...row, probability: reading.form === "yes_no" ? Math.min(0.99, value) : value / sum };
  });
}

function best(rows: readonly LabelProbability[]): string {
  return [...rows].sort((a, b) => b.probability - a.probability)[0]?.label ?? "";
}

function shift(reading: Reading, rows: readonly LabelProbability[], by: string): number {
  if (rows.length === 0) return 0.6 * scatter(by);
  const differences = rows.map((row, i) =>
    Math.abs(row.probability - (reading.probabilities[i]?.probability ?? 0)),
  );
  if (reading.form === "yes_no") return Math.max(0, ...differences);
  return differences.reduce((sum, value) => sum + value, 0) / 2;
}

function steps(kind: CheckKind, reading: Reading, recipes: readonly string[]): string[] {
  if (kind === "looking")
    return ["a blank picture", "a noise picture", "the picture mirrored", "another patient's picture"];
  if (kind === "recipes") return recipes.map((recipe) => recipe);
  return groupsOf(reading.slices).map((group) => `without slices ${group[0]} to ${group.at(-1)}`);
}

/** At most a dozen groups of slices that follow one another. */
function groupsOf(slices: readonly number[]): number[][] {
  const size = Math.max(1, Math.ceil(slices.length / 12));
  return Array.from({ length: Math.ceil(slices.length / size) }, (_, i) => [
    ...slices.slice(i * size, (i + 1) * size),
  ]);
}

export function checkEvents(kind: CheckKind, reading: Reading, recipes: readonly string[]): CheckEvent[] {
  const asked = steps(kind, reading, recipes);
  return [
    { event: "loading", fraction: 0.6, what: "reading the weights" },
    ...asked.map(
      (what, i): CheckEvent => ({
        event: "asking",
        what,
        done: i + 1,
        of: asked.length,
        seconds_left: i === 0 ? null : asked.length - i,
      }),
    ),
  ];
}

export function makeCheck(
  kind: CheckKind,
  { seed }: CheckSpec,
  reading: Reading,
  recipes: readonly string[],
  rest: { id: string; at: string },
): Check {
  const check: Check = {
    ...rest,
    kind,
    reading: reading.id,
    looking: null,
    which_slices: null,
    recipes: null,
    seconds: 2.4,
    provenance: [
      ["Model", "Demo model (phantoms only)"],
      ["Seed of the noise", String(seed)],
    ],
  };
  if (kind === "looking") {
    const answers = PICTURES.map((picture) => {
      const probabilities = moved(reading, picture);
      return {
        picture,
        about: picture === "other_patient" ? "CT head, follow-up, series 3, slice 12" : "",
        label: reading.form === "yes_no" ? "" : best(probabilities),
        probabilities,
        shift: shift(reading, probabilities, picture),
      };
    });
    const suspicious = Math.max(...answers.slice(0, 2).map((answer) => answer.shift)) < 0.1;
    const verdict = suspicious
      ? `${SAID}a picture without content gives nearly the same answer. Do not read it as an answer about this picture.`
      : `${SAID}without the picture the probabilities move by ${answers[0]?.shift.toFixed(2)}; the answer depends on it.`;
    return {
      ...check,
      looking: { answers, measure: MEASURES[reading.form], verdict, suspicious, missing: [] },
    };
  }
  if (kind === "which_slices") {
    const groups = groupsOf(reading.slices).map((slices) => ({
      slices,
      change: 1.6 * scatter(`${slices.join()}|${seed}`) ** 3 * (scatter(slices.join("-")) < 0.7 ? -1 : 0.5),
    }));
    const label = reading.label || (reading.probabilities[0]?.label ?? "");
    const verdict = `${SAID}no single group of slices turns the answer.`;
    return { ...check, which_slices: { label, log_odds: 0.42, groups, verdict } };
  }
  const answers = recipes.map((recipe, i) => {
    const probabilities = i === 0 ? reading.probabilities : moved(reading, recipe);
    const label = i === 0 ? reading.label : best(probabilities);
    return { recipe, label, probabilities, flips: label !== reading.label };
  });
  const flips = answers.some((answer) => answer.flips);
  const verdict = flips
    ? `${SAID}the preparation decides: under another one the answer is another.`
    : `${SAID}every preparation gives the same answer.`;
  return { ...check, recipes: { answers, flips, verdict, missing: [] } };
}

export function encodeEvents(of: number): EncodeEvent[] {
  return [
    { event: "loading", fraction: 0.5 },
    ...Array.from(
      { length: of },
      (_, i): EncodeEvent => ({
        event: "encoded",
        done: i + 1,
        of,
        seconds_left: i === 0 ? null : (of - i) * 0.4,
      }),
    ),
    { event: "done", pictures: of },
  ];
}
