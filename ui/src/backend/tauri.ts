// The window's door: Tauri commands for control, a channel for a job's events, the `overread` scheme for bytes.
import { Channel, convertFileSrc, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { type Backend, DeskError, isWireError, type Job } from "./backend";
import type { Handle } from "./generated/Handle";
import type { Jobs, Operations } from "./generated/operations";
import type { PickKind } from "./generated/PickKind";

export function tauriBackend(): Backend {
  const url = (path: string) => `${convertFileSrc("", "overread")}${path}`;
  return {
    async call<O extends keyof Operations>(operation: O, args: Operations[O]["arguments"]) {
      try {
        return await invoke<Operations[O]["result"]>("call", { operation, arguments: args });
      } catch (thrown) {
        throw DeskError.from(thrown);
      }
    },
    start<J extends keyof Jobs>(
      job: J,
      args: Jobs[J]["arguments"],
      onEvent: (event: Jobs[J]["event"]) => void,
    ): Job {
      const channel = new Channel<Jobs[J]["event"]>();
      let settle: () => void = () => undefined;
      const finished = new Promise<void>((resolve) => {
        settle = resolve;
      });
      channel.onmessage = (event) => {
        onEvent(event);
        if (isLast(event)) settle();
      };
      const id = crypto.randomUUID();
      invoke("start", { id, job, arguments: args, events: channel }).catch((thrown: unknown) => {
        const { code, message, hint } = DeskError.from(thrown);
        onEvent({ event: "failed", code, message, hint } as Jobs[J]["event"]);
        settle();
      });
      return {
        finished,
        cancel: () => {
          void invoke("cancel", { id });
        },
      };
    },
    async fetch(path, signal) {
      const response = await fetch(url(path), signal ? { signal } : {});
      if (!response.ok) throw await failure(response);
      return response.arrayBuffer();
    },
    url,
    pick: (kind: PickKind) => invoke<Handle | null>("pick", { kind }),
    onDrop(listener) {
      const stop = listen<Handle>("folder-dropped", (event) => listener(event.payload));
      return () => {
        void stop.then((unlisten) => unlisten());
      };
    },
  };
}

/** True for the event after which a job sends nothing more. */
export function isLast(event: { event: string }): boolean {
  return ["done", "failed", "withheld", "checked"].includes(event.event);
}

/** The desk's error in a response's body, or the status in words. */
export async function failure(response: Response): Promise<DeskError> {
  const body: unknown = await response.json().catch(() => null);
  if (isWireError(body)) return new DeskError(body);
  return new DeskError({ code: "page.response", message: `The desk answered ${response.status}.`, hint: "" });
}
