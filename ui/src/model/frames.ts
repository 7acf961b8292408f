// Frames in memory: fetched nearest first, bounded by bytes, stale requests given up.
import { DeskError } from "../backend/backend";
import type { SampleKind } from "../backend/generated/SampleKind";

/** Samples of one frame as they lie in the file, little endian, row-major. */
export interface RawFrame {
  readonly kind: SampleKind;
  readonly rows: number;
  readonly columns: number;
  readonly samples: Uint8Array;
}

const KINDS: readonly SampleKind[] = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "rgba8"];
const BYTES: Readonly<Record<SampleKind, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  rgba8: 4,
};
const HEADER_BYTES = 32;

export function bytesOf(kind: SampleKind): number {
  return BYTES[kind];
}

function broken(what: string): DeskError {
  const message = `The desk sent a slice that ${what}.`;
  return new DeskError({ code: "page.frame", message, hint: "Open the series again." });
}

/** Reads the header of the desk's `wire::resource` and checks that the samples are all there. */
export function parseFrame(buffer: ArrayBuffer): RawFrame {
  if (buffer.byteLength < HEADER_BYTES) throw broken("is shorter than its header");
  const header = new DataView(buffer, 0, HEADER_BYTES);
  if (header.getUint32(0, false) !== 0x4f565246 || header.getUint16(4, true) !== 1) {
    throw broken("has an unknown form");
  }
  const kind = KINDS[header.getUint16(6, true)];
  if (kind === undefined) throw broken("has an unknown kind of samples");
  if (header.getUint32(16, true) !== BYTES[kind]) throw broken("disagrees with itself about its samples");
  const samples = new Uint8Array(buffer, HEADER_BYTES);
  return parseSamples(kind, header.getUint32(8, true), header.getUint32(12, true), samples);
}

/** Samples whose number fits their size. */
export function parseSamples(kind: SampleKind, rows: number, columns: number, samples: Uint8Array): RawFrame {
  if (rows * columns === 0 || samples.byteLength !== rows * columns * BYTES[kind]) {
    throw broken("does not have as many bytes as its size asks for");
  }
  return { kind, rows, columns, samples };
}

/** The 32 bytes before the samples, for tests and made data. */
export function frameHeader(kind: SampleKind, rows: number, columns: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint32(0, 0x4f565246, false);
  header.setUint16(4, 1, true);
  header.setUint16(6, KINDS.indexOf(kind), true);
  header.setUint32(8, rows, true);
  header.setUint32(12, columns, true);
  header.setUint32(16, BYTES[kind], true);
  return new Uint8Array(header.buffer);
}

export type FrameOutcome =
  | { readonly kind: "ready"; readonly frame: RawFrame }
  | { readonly kind: "failed"; readonly error: DeskError };

interface Wish {
  readonly displaySet: string;
  readonly order: readonly number[];
  readonly arrived: (frame: number, outcome: FrameOutcome) => void;
}

const DEFAULT_BUDGET = 384 * 1024 * 1024;
/** Requests under way at once: what the machine decodes side by side, and no more, for a slice that is waited for queues
 *  behind them. */
const AT_ONCE = Math.max(2, Math.min(6, globalThis.navigator?.hardwareConcurrency ?? 4));

/** One cache for all viewports; each says what it wants, most urgent first. */
export class FrameCache {
  readonly budget: number;
  readonly #fetch: (path: string, signal: AbortSignal) => Promise<ArrayBuffer>;
  /** Least recently used first. */
  readonly #kept = new Map<string, RawFrame>();
  readonly #failed = new Map<string, DeskError>();
  readonly #running = new Map<string, AbortController>();
  readonly #wishes = new Map<number, Wish>();
  readonly #atOnce: number;
  #bytes = 0;
  /** Called whenever what is kept changed. */
  onChange: () => void = () => undefined;

  constructor(
    fetch: (path: string, signal: AbortSignal) => Promise<ArrayBuffer>,
    budget: number = DEFAULT_BUDGET,
    atOnce: number = AT_ONCE,
  ) {
    this.#atOnce = atOnce;
    this.#fetch = fetch;
    this.budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many frames of a display set are in memory. */
  count(displaySet: string): number {
    let found = 0;
    for (const key of this.#kept.keys()) if (key.startsWith(`${displaySet}/`)) found += 1;
    return found;
  }

  /** A frame that is in memory; marks it as used. */
  peek(displaySet: string, frame: number): RawFrame | undefined {
    const key = `${displaySet}/${frame}`;
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  failure(displaySet: string, frame: number): DeskError | undefined {
    return this.#failed.get(`${displaySet}/${frame}`);
  }

  /** Forgets failures, so that the next wish tries again. */
  retry(displaySet: string): void {
    for (const key of [...this.#failed.keys()])
      if (key.startsWith(`${displaySet}/`)) this.#failed.delete(key);
  }

  /** Replaces what `owner` wants. Requests that nobody wants any more are given up. */
  want(
    owner: number,
    displaySet: string,
    order: readonly number[],
    arrived: (frame: number, outcome: FrameOutcome) => void,
  ): void {
    this.#wishes.set(owner, { displaySet, order, arrived });
    this.#drop();
    this.#makeRoomForUrgent();
    this.#pump();
  }

  /** `owner` wants nothing. */
  release(owner: number): void {
    this.#wishes.delete(owner);
    this.#drop();
    this.#pump();
  }

  /** Forgets one display set, and gives up what is on its way: its slices lie elsewhere now. */
  forget(displaySet: string): void {
    const ours = (key: string) => key.startsWith(`${displaySet}/`);
    for (const [key, controller] of [...this.#running]) {
      if (!ours(key)) continue;
      controller.abort();
      this.#running.delete(key);
    }
    for (const [key, frame] of [...this.#kept]) {
      if (!ours(key)) continue;
      this.#kept.delete(key);
      this.#bytes -= frame.samples.byteLength;
    }
    this.retry(displaySet);
    this.onChange();
  }

  /** Forgets everything and gives up every request. */
  clear(): void {
    for (const controller of this.#running.values()) controller.abort();
    this.#running.clear();
    this.#wishes.clear();
    this.#kept.clear();
    this.#failed.clear();
    this.#bytes = 0;
    this.onChange();
  }

  #drop(): void {
    const wanted = new Set<string>();
    for (const wish of this.#wishes.values()) {
      for (const frame of wish.order) wanted.add(`${wish.displaySet}/${frame}`);
    }
    for (const [key, controller] of this.#running) {
      if (wanted.has(key)) continue;
      controller.abort();
      this.#running.delete(key);
    }
  }

  /** When all places are taken by prefetching, the last begun one makes room for a frame that is waited for. */
  #makeRoomForUrgent(): void {
    for (const wish of this.#wishes.values()) {
      const first = wish.order[0];
      if (first === undefined) continue;
      const key = `${wish.displaySet}/${first}`;
      if (this.#kept.has(key) || this.#running.has(key) || this.#failed.has(key)) continue;
      if (this.#running.size < this.#atOnce) return;
      const urgent = this.#urgent();
      const victim = [...this.#running.keys()].reverse().find((running) => !urgent.has(running));
      if (victim === undefined) return;
      this.#running.get(victim)?.abort();
      this.#running.delete(victim);
    }
  }

  #urgent(): Set<string> {
    const keys = new Set<string>();
    for (const wish of this.#wishes.values()) {
      if (wish.order[0] !== undefined) keys.add(`${wish.displaySet}/${wish.order[0]}`);
    }
    return keys;
  }

  #isUrgentRunning(): boolean {
    for (const key of this.#urgent()) if (this.#running.has(key)) return true;
    return false;
  }

  #next(): { displaySet: string; frame: number } | undefined {
    const longest = Math.max(0, ...[...this.#wishes.values()].map((wish) => wish.order.length));
    for (let place = 0; place < longest; place += 1) {
      for (const { displaySet, order } of this.#wishes.values()) {
        const frame = order[place];
        if (frame === undefined) continue;
        const key = `${displaySet}/${frame}`;
        if (!this.#kept.has(key) && !this.#running.has(key) && !this.#failed.has(key))
          return { displaySet, frame };
      }
    }
    return undefined;
  }

  #pump(): void {
    while (this.#running.size < this.#atOnce) {
      const next = this.#next();
      if (next === undefined) return;
      // While a slice is waited for nothing is fetched ahead.
      if (!this.#urgent().has(`${next.displaySet}/${next.frame}`) && this.#isUrgentRunning()) return;
      void this.#load(next.displaySet, next.frame);
    }
  }

  async #load(displaySet: string, frame: number): Promise<void> {
    const key = `${displaySet}/${frame}`;
    const controller = new AbortController();
    this.#running.set(key, controller);
    let outcome: FrameOutcome;
    try {
      outcome = { kind: "ready", frame: parseFrame(await this.#fetch(`frame/${key}`, controller.signal)) };
    } catch (thrown) {
      outcome = { kind: "failed", error: DeskError.from(thrown) };
    }
    // Given up meanwhile: whatever came belongs to nobody.
    if (this.#running.get(key) !== controller) return;
    this.#running.delete(key);
    if (outcome.kind === "ready") this.#keep(key, outcome.frame);
    else this.#failed.set(key, outcome.error);
    for (const wish of [...this.#wishes.values()]) {
      if (wish.displaySet === displaySet && wish.order.includes(frame)) wish.arrived(frame, outcome);
    }
    this.onChange();
    this.#pump();
  }

  #keep(key: string, frame: RawFrame): void {
    this.#kept.set(key, frame);
    this.#bytes += frame.samples.byteLength;
    const urgent = this.#urgent();
    for (const [old, kept] of this.#kept) {
      if (this.#bytes <= this.budget) return;
      if (old === key || urgent.has(old)) continue;
      this.#kept.delete(old);
      this.#bytes -= kept.samples.byteLength;
    }
  }
}

/** How many frames around the shown one may be kept ready without pushing each other out. */
export function prefetchReach(
  count: number,
  bytesPerFrame: number,
  budget: number,
  viewports: number,
): number {
  const share = budget / 2 / Math.max(1, viewports);
  return Math.max(1, Math.min(count, Math.floor(share / Math.max(1, bytesPerFrame) / 1.5)));
}
