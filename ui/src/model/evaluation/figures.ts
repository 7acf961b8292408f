// What the sections take out of the figures: which measure leads, who is who, what to draw.
import type { AnswerDetail } from "../../backend/generated/AnswerDetail";
import type { Comparison } from "../../backend/generated/Comparison";
import type { Figure } from "../../backend/generated/Figure";
import type { Figures } from "../../backend/generated/Figures";
import type { LabelFigures } from "../../backend/generated/LabelFigures";
import type { ReaderFigures } from "../../backend/generated/ReaderFigures";
import type { Remark } from "../../backend/generated/Remark";
import type { Weight } from "../../backend/generated/Weight";

const WEIGHTS: readonly Weight[] = ["warning", "caution", "note"];

/** The measure that leads: the task's own. */
export function leading(reader: ReaderFigures): Figure | null {
  return reader.headline[0] ?? null;
}

export function figureOf(figures: readonly Figure[], key: string): Figure | null {
  return figures.find((figure) => figure.key === key) ?? null;
}

/** The share of invalid answers. */
export function invalidRate(reader: ReaderFigures): Figure | null {
  return figureOf(reader.headline, "invalid_rate");
}

/** The task's measure over valid answers alone. */
export function validOnly(reader: ReaderFigures): Figure | null {
  return reader.headline.find(({ key }) => key.endsWith("_valid_only")) ?? null;
}

/** Warnings before cautions before notes; the order within stays. */
export function weighed(remarks: readonly Remark[]): Remark[] {
  return WEIGHTS.flatMap((weight) => remarks.filter((remark) => remark.weight === weight));
}

export function nameOf(figures: Figures, reader: string): string {
  return figures.readers.find(({ id }) => id === reader)?.name ?? reader;
}

/** The reader asked for, or the first that is there. */
export function readerOf(figures: Figures, id: string): ReaderFigures | null {
  const { readers } = figures;
  return readers.find((reader) => reader.id === id) ?? readers.find(({ n }) => n > 0) ?? readers[0] ?? null;
}

/** The place of a reader among all, which sets its colour; -1: none. */
export function seriesOf(figures: Figures, reader: ReaderFigures | null): number {
  return figures.readers.findIndex(({ id }) => id === reader?.id);
}

/** Columns of the table of labels: every figure that any label has, in the order met. */
export function labelColumns(labels: readonly LabelFigures[]): { key: string; name: string }[] {
  const columns = new Map<string, string>();
  for (const { figures } of labels)
    for (const { key, name } of figures) if (!columns.has(key)) columns.set(key, name);
  return [...columns].map(([key, name]) => ({ key, name }));
}

export const pairKey = ({ a, b }: Pick<Comparison, "a" | "b">): string => JSON.stringify([a, b]);

/** Text before, in and behind the words on which a verdict rests. Offsets are bytes of UTF-8. */
export function aroundSpan({ text, span }: Pick<AnswerDetail, "text" | "span">): [string, string, string] {
  if (span === null) return [text, "", ""];
  const bytes = new TextEncoder().encode(text);
  const [from, to] = span;
  if (from > to || to > bytes.length) return [text, "", ""];
  const decoder = new TextDecoder();
  return [
    decoder.decode(bytes.subarray(0, from)),
    decoder.decode(bytes.subarray(from, to)),
    decoder.decode(bytes.subarray(to)),
  ];
}

/** The range of an axis that holds every interval, rounded outwards to `step`. */
export function rangeOf(
  figures: readonly Pick<Figure, "value" | "low" | "high">[],
  step: number,
  bounds: readonly [number, number] = [-Infinity, Infinity],
): [number, number] {
  const ends = figures.flatMap(({ value, low, high }) => [value, low, high]).filter((end) => end !== null);
  const numbers = ends.filter((end): end is number => Number.isFinite(end));
  if (numbers.length === 0) return [Math.max(0, bounds[0]), Math.min(1, bounds[1])];
  const low = Math.max(bounds[0], Math.floor(Math.min(...numbers) / step) * step);
  const high = Math.min(bounds[1], Math.ceil(Math.max(...numbers) / step) * step);
  return low < high ? [low, high] : [Math.max(bounds[0], low - step), Math.min(bounds[1], high + step)];
}
