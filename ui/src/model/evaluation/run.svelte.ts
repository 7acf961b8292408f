// Reading every case with the local readers: its events folded into one state. It goes on while other pages are shown.
import { type Backend, DeskError, type Job } from "../../backend/backend";
import type { Handle } from "../../backend/generated/Handle";
import type { RunEvent } from "../../backend/generated/RunEvent";

export type RunState =
  | { readonly kind: "idle" }
  | {
      readonly kind: "preparing";
      readonly what: string;
      readonly fraction: number;
      readonly stopping: boolean;
    }
  | {
      readonly kind: "reading";
      readonly reader: string;
      readonly number: number;
      readonly done: number;
      readonly of: number;
      readonly errors: number;
      readonly invalid: number;
      readonly secondsLeft: number | null;
      readonly stopping: boolean;
    }
  | {
      readonly kind: "done";
      readonly read: number;
      readonly kept: number;
      readonly errors: number;
      readonly seconds: number;
    }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly error: DeskError };

/** The state after an event. */
export function afterRun(before: RunState, event: RunEvent): RunState {
  const stopping = isRunning(before) && before.stopping;
  switch (event.event) {
    case "preparing":
      return { kind: "preparing", what: event.what, fraction: event.fraction, stopping };
    case "progress": {
      const { reader, number, done, of, errors, invalid } = event;
      return {
        kind: "reading",
        reader,
        number,
        done,
        of,
        errors,
        invalid,
        secondsLeft: event.seconds_left,
        stopping,
      };
    }
    case "reader_failed":
      // The others go on; the model keeps who and why.
      return before;
    case "done":
      return {
        kind: "done",
        read: event.read,
        kept: event.kept,
        errors: event.errors,
        seconds: event.seconds,
      };
    case "failed":
      return event.code === "cancelled"
        ? { kind: "stopped" }
        : { kind: "failed", error: new DeskError(event) };
  }
}

export function isRunning(state: RunState): state is Extract<RunState, { kind: "preparing" | "reading" }> {
  return state.kind === "preparing" || state.kind === "reading";
}

/** A reader that could not read, while the others went on. */
export interface ReaderFailure {
  readonly reader: string;
  readonly error: DeskError;
}

export class RunModel {
  readonly #backend: Backend;
  readonly #ended: (evaluation: Handle) => void;
  state = $state.raw<RunState>({ kind: "idle" });
  /** What it reads. */
  evaluation = $state.raw<Handle | null>(null);
  /** Readers that this run left out, and why. */
  failures = $state.raw<readonly ReaderFailure[]>([]);
  readers = $state.raw<readonly string[]>([]);
  limit = $state(0);
  again = $state(false);
  #job: Job | null = null;

  constructor(backend: Backend, ended: (evaluation: Handle) => void) {
    this.#backend = backend;
    this.#ended = ended;
  }

  get running(): boolean {
    return isRunning(this.state);
  }

  async start(evaluation: Handle): Promise<void> {
    if (this.running) return;
    this.evaluation = evaluation;
    this.failures = [];
    this.state = { kind: "preparing", what: "", fraction: 0, stopping: false };
    const spec = { evaluation, readers: [...this.readers], limit: this.limit, again: this.again };
    const job = this.#backend.start("run_evaluation", spec, (event) => {
      if (event.event === "reader_failed") {
        this.failures = [...this.failures, { reader: event.reader, error: new DeskError(event.error) }];
      }
      this.state = afterRun(this.state, event);
    });
    this.#job = job;
    await job.finished;
    this.#job = null;
    this.#ended(evaluation);
  }

  cancel(): void {
    if (!isRunning(this.state)) return;
    this.state = { ...this.state, stopping: true };
    this.#job?.cancel();
  }

  dismiss(): void {
    if (this.running) return;
    this.state = { kind: "idle" };
    this.failures = [];
  }
}
