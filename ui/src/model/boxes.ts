// Where a model says that something is: its boxes on the slice that they are for.
import type { AnswerBox } from "../backend/generated/AnswerBox";
import type { Reading } from "../backend/generated/Reading";

export interface PlacedBox {
  readonly key: string;
  readonly box: AnswerBox;
  /** From 1; `null` where the answer does not say which of several slices is meant: it is drawn on none. */
  readonly slice: number | null;
}

/** Boxes with their slice. Of a single slice everything is on that slice. */
export function placeBoxes({ id, boxes, slices }: Pick<Reading, "id" | "boxes" | "slices">): PlacedBox[] {
  const only = slices.length === 1 ? (slices[0] ?? null) : null;
  return boxes.map((box, i) => ({ key: `${id} ${i}`, box, slice: box.slice ?? only }));
}

/** Boxes that are drawn on a slice (from 1). */
export function boxesOn(reading: Pick<Reading, "id" | "boxes" | "slices">, slice: number): PlacedBox[] {
  return placeBoxes(reading).filter((placed) => placed.slice === slice);
}

/** Corners of a box in image coordinates, clockwise from the upper left. */
export function outlineOf({ corners: [left, top, right, bottom] }: Pick<AnswerBox, "corners">) {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ] as const;
}
