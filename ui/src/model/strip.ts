// Which slices speak for an answer, as a strip beside the scroll bar: one bar for each group of slices that was left out.
import type { WhichSlices } from "../backend/generated/WhichSlices";

export interface StripBar {
  readonly slices: readonly number[];
  /** Frames from 0, first and last. */
  readonly first: number;
  readonly last: number;
  /** Change of the label's log-odds without them; below 0: they spoke for it. */
  readonly change: number;
  /** -1 to 1 of the largest change. */
  readonly share: number;
}

/** Log-odds; a smaller change is not told from none: it moves a probability by about one in a hundred at most. */
export const NO_CHANGE = 0.05;

/** Bars in the order of the slices; groups without a slice are left out. */
export function stripBars({ groups }: Pick<WhichSlices, "groups">): StripBar[] {
  const largest = Math.max(
    NO_CHANGE,
    ...groups.map(({ change }) => Math.abs(change)).filter(Number.isFinite),
  );
  return groups
    .flatMap(({ slices, change }) => {
      if (slices.length === 0 || !Number.isFinite(change)) return [];
      const sorted = [...slices].sort((a, b) => a - b);
      const first = (sorted[0] ?? 1) - 1;
      const last = (sorted.at(-1) ?? 1) - 1;
      const share = Math.abs(change) < NO_CHANGE ? 0 : change / largest;
      return [{ slices: sorted, first, last, change, share }];
    })
    .sort((a, b) => a.first - b.first);
}

/** The bar that a frame (from 0) belongs to, or the nearest one; -1 without any. */
export function barAt(bars: readonly StripBar[], frame: number): number {
  let [best, distance] = [-1, Number.POSITIVE_INFINITY];
  bars.forEach(({ first, last }, i) => {
    const away = frame < first ? first - frame : frame > last ? frame - last : 0;
    if (away < distance) [best, distance] = [i, away];
  });
  return best;
}

/** The frame to go to for a bar: the middle one of its slices. */
export function frameOf({ slices, first }: Pick<StripBar, "slices" | "first">): number {
  return (slices[Math.floor((slices.length - 1) / 2)] ?? first + 1) - 1;
}

/** Upper and lower end of a bar as shares of the track, 0 to 1, so that a frame's bar is centred at the frame. */
export function extentOf(
  bar: Pick<StripBar, "first" | "last">,
  count: number,
): { top: number; bottom: number } {
  if (count <= 1) return { top: 0, bottom: 1 };
  const half = 0.5 / (count - 1);
  return {
    top: Math.max(0, bar.first / (count - 1) - half),
    bottom: Math.min(1, bar.last / (count - 1) + half),
  };
}
