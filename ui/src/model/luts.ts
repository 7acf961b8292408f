// Lookup tables of files, fetched once by address.
import type { LutInfo } from "../backend/generated/LutInfo";

/** A table as the file has it: `entries[0]` is what `info.first_mapped` and below map to. */
export interface Lut {
  readonly info: LutInfo;
  readonly entries: Float32Array;
}

export class LutCache {
  readonly #fetch: (path: string) => Promise<ArrayBuffer>;
  readonly #kept = new Map<string, Lut | "loading" | "failed">();

  constructor(fetch: (path: string) => Promise<ArrayBuffer>) {
    this.#fetch = fetch;
  }

  /** The table when it is here; otherwise it is fetched and `arrived` called. */
  get(displaySet: string, info: LutInfo, arrived: () => void): Lut | undefined {
    const path = `lut/${displaySet}/${info.id}`;
    const kept = this.#kept.get(path);
    if (typeof kept === "object") return kept;
    if (kept === undefined) {
      this.#kept.set(path, "loading");
      this.#fetch(path)
        .then((buffer) => {
          const bytes = new DataView(buffer);
          const entries = Float32Array.from({ length: buffer.byteLength >> 2 }, (_, i) =>
            bytes.getFloat32(i * 4, true),
          );
          this.#kept.set(path, entries.length === 0 ? "failed" : { info, entries });
        })
        .catch(() => this.#kept.set(path, "failed"))
        .finally(arrived);
    }
    return undefined;
  }

  clear(): void {
    this.#kept.clear();
  }
}
