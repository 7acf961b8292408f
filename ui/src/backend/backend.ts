// The one door to the desk. The window's implementation is tauri.ts, the browser's (loopback test server) http.ts;
// nothing else in the page knows which of them it talks to.
import type { Handle } from "./generated/Handle";
import type { Jobs, Operations } from "./generated/operations";
import type { PickKind } from "./generated/PickKind";
import type { WireError } from "./generated/WireError";

/** A running job. */
export interface Job {
  /** Settles when the last event was delivered. */
  readonly finished: Promise<void>;
  /** Asks the desk to stop; a last event (`failed` with code `cancelled`, or `done`) still comes. */
  cancel(): void;
}

export interface Backend {
  /** One request, one answer; rejects with {@link DeskError}. */
  call<O extends keyof Operations>(
    operation: O,
    args: Operations[O]["arguments"],
  ): Promise<Operations[O]["result"]>;
  /** One request, a stream of events. */
  start<J extends keyof Jobs>(
    job: J,
    args: Jobs[J]["arguments"],
    onEvent: (event: Jobs[J]["event"]) => void,
  ): Job;
  /** Bytes by address, e.g. `frame/ID/0` (see the desk's `wire::resource`). */
  fetch(path: string, signal?: AbortSignal): Promise<ArrayBuffer>;
  /** An address for `<img src>`. */
  url(path: string): string;
  /** A native dialog; `null` when the user closed it. */
  pick(kind: PickKind): Promise<Handle | null>;
  /** Folders dropped on the window; returns how to stop listening. */
  onDrop(listener: (folder: Handle) => void): () => void;
}

/** A failure in words, as the desk gave it. */
export class DeskError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(error: WireError) {
    super(error.message);
    this.name = "DeskError";
    this.code = error.code;
    this.hint = error.hint;
  }

  /** Whatever was thrown, as a DeskError. */
  static from(thrown: unknown): DeskError {
    if (thrown instanceof DeskError) return thrown;
    if (isWireError(thrown)) return new DeskError(thrown);
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new DeskError({ code: "page.unexpected", message, hint: "" });
  }
}

export function isWireError(value: unknown): value is WireError {
  return typeof value === "object" && value !== null && "code" in value && "message" in value;
}
