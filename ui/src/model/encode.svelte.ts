// Pictures encoded ahead of any question, when the user allows it: once a series has been open for a moment. The desk
// lets every question go first; closing the series, the setting or Stop ends it.
import { untrack } from "svelte";
import type { Job } from "../backend/backend";
import type { EncodeEvent } from "../backend/generated/EncodeEvent";
import type { EncodeSpec } from "../backend/generated/EncodeSpec";
import type { ModelsModel } from "./models.svelte";
import type { Session } from "./session.svelte";

export type Encoding =
  | { readonly kind: "idle" }
  | { readonly kind: "loading" }
  | {
      readonly kind: "encoding";
      readonly done: number;
      readonly of: number;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: "waiting"; readonly done: number; readonly of: number };

/** Milliseconds that a series is open before its pictures are encoded: passing by is no opening. */
const OPENED = 1500;

/** The state after an event. */
export function encodeAdvance(before: Encoding, event: EncodeEvent): Encoding {
  switch (event.event) {
    case "loading":
      return { kind: "loading" };
    case "encoded":
      return { kind: "encoding", done: event.done, of: event.of, secondsLeft: event.seconds_left };
    case "waiting":
      return before.kind === "encoding" || before.kind === "waiting"
        ? { kind: "waiting", done: before.done, of: before.of }
        : { kind: "waiting", done: 0, of: 0 };
    case "done":
    case "failed":
      return { kind: "idle" };
  }
}

export class EncodeModel {
  readonly #session: Session;
  readonly #models: ModelsModel;
  state = $state.raw<Encoding>({ kind: "idle" });
  #job: Job | null = null;
  #now = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Series and model that were encoded or stopped by the user: not begun again by themselves. */
  readonly #seen = new Set<string>();
  readonly #stop: () => void;

  constructor(session: Session, models: ModelsModel, opened = OPENED) {
    this.#session = session;
    this.#models = models;
    this.#stop = $effect.root(() => {
      const set = $derived(session.displaySet?.id ?? null);
      const model = $derived(models.chosen?.handle.id ?? null);
      const isOn = $derived(session.settings.encode_ahead);
      $effect(() => {
        const [wished, by, on] = [set, model, isOn];
        untrack(() => this.#schedule(on ? wished : null, by, opened));
      });
    });
  }

  dispose(): void {
    this.#stop();
    this.#end();
  }

  #schedule(displaySet: string | null, model: string | null, opened: number): void {
    this.#end();
    if (displaySet === null) return;
    if (model === null) {
      void this.#models.load();
      return;
    }
    if (this.#seen.has(`${displaySet} ${model}`)) return;
    this.#timer = setTimeout(() => void this.#begin(displaySet), opened);
  }

  async #begin(displaySet: string): Promise<void> {
    const model = this.#models.chosen;
    if (model === null || !model.usable || !model.images) return;
    const name = `${displaySet} ${model.handle.id}`;
    this.#now = name;
    this.state = { kind: "loading" };
    const spec: EncodeSpec = { display_set: displaySet, model: model.handle, preprocess: "", slices: "" };
    const job = this.#session.backend.start("encode", spec, (event) => {
      if (this.#job === job) this.state = encodeAdvance(this.state, event);
    });
    this.#job = job;
    await job.finished;
    if (this.#job !== job) return;
    this.#seen.add(name);
    this.#job = null;
    this.state = { kind: "idle" };
  }

  /** The user's stop: it does not begin again by itself for this series. */
  stop(): void {
    if (this.#job !== null) this.#seen.add(this.#now);
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#job?.cancel();
    this.#job = null;
    this.state = { kind: "idle" };
  }
}
