// Which rows of a long list are made.

/** Rows made beyond each edge, so that fast scrolling shows rows, not gaps. */
const BEYOND = 6;

export interface RowWindow {
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
}

/** Rows for a scroll position. All lengths in px. */
export function windowOf(top: number, height: number, rowHeight: number, count: number): RowWindow {
  const first = clampIndex(Math.floor(top / rowHeight) - BEYOND, count);
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + BEYOND);
  return { first, end: Math.max(first, end) };
}

export function clampIndex(index: number, count: number): number {
  return Math.max(0, Math.min(count - 1, index));
}
