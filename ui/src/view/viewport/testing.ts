// The pixels of a viewport, for tests and measurements: nothing of this is reachable unless the page was opened with
// `?testing`.
import type { Pixels } from "../../gpu/renderer";

export interface Lent {
  /** RGBA as shown, top row first; draws before. */
  read(): Pixels & { readonly uploads: number; readonly draws: number };
  /** Drawings so far. */
  draws(): number;
  /** Settles after the next drawing. */
  next(): Promise<void>;
}

/** Whether a picture stays readable after it was shown; `?testing=light` measures without that cost. */
export function keepsPixels(): boolean {
  return new URLSearchParams(location.search).get("testing") !== "light";
}

const lent = new Map<number, Lent>();

/** A viewport lends its pixels while it stands. */
export function lendPixels(viewport: number, lends: Lent): () => void {
  lent.set(viewport, lends);
  return () => {
    if (lent.get(viewport) === lends) lent.delete(viewport);
  };
}

/** `null` when the viewport draws nothing. */
export function readPixels(viewport = 0): ReturnType<Lent["read"]> | null {
  return lent.get(viewport)?.read() ?? null;
}

export function nextDraw(viewport = 0): Promise<void> {
  return lent.get(viewport)?.next() ?? Promise.resolve();
}

export function drawsOf(viewport = 0): number {
  return lent.get(viewport)?.draws() ?? 0;
}
