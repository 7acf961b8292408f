// Where the words of a presentation state stand on the screen.
import type { WordsInfo } from "../../backend/generated/WordsInfo";
import { type Affine, apply, type Point } from "./geometry";

/** First baseline below the upper edge of a box, CSS px. */
const ASCENT = 13;
/** Between an anchor and the words that have no box of their own, CSS px. */
const APART = 10;

export interface WordsPlace {
  /** First baseline, CSS px. */
  readonly at: Point;
  readonly align: "start" | "middle" | "end";
  /** Image points of the line that leads to the anchor. */
  readonly lead: readonly Point[] | null;
}

/** Words stand in their box; without one, beside their anchor. */
export function wordsPlace(words: WordsInfo, screenFromImage: Affine): WordsPlace {
  const { bounds, anchor } = words;
  if (bounds === null) {
    const [x, y] = apply(screenFromImage, anchor ?? [0, 0]);
    const lead = anchor !== null && words.anchor_shown ? [anchor] : null;
    return { at: [x + APART, y - APART], align: "start", lead };
  }
  const [a, b] = bounds.map((corner) => apply(screenFromImage, corner)) as [Point, Point];
  const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
  const top = Math.min(a[1], b[1]);
  const align =
    words.justification === "middle" || words.justification === "end" ? words.justification : "start";
  const x = align === "start" ? left : align === "end" ? right : (left + right) / 2;
  const middle: Point = [(bounds[0][0] + bounds[1][0]) / 2, (bounds[0][1] + bounds[1][1]) / 2];
  const lead = anchor !== null && words.anchor_shown ? [middle, anchor] : null;
  return { at: [x, top + ASCENT], align, lead };
}
