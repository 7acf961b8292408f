// The pixels of a viewport, for tests: nothing of this is reachable unless the page was opened with `?testing`.
import type { Pixels } from "../../gpu/renderer";

type Reader = () => Pixels & { readonly uploads: number; readonly draws: number };

const readers = new Map<number, Reader>();

/** A viewport lends its reader while it stands. */
export function lendPixels(viewport: number, reader: Reader): () => void {
  readers.set(viewport, reader);
  return () => {
    if (readers.get(viewport) === reader) readers.delete(viewport);
  };
}

/** RGBA of a viewport as shown, top row first; `null` when it draws nothing. */
export function readPixels(viewport = 0): ReturnType<Reader> | null {
  return readers.get(viewport)?.() ?? null;
}
