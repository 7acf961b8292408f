// The browser's door: the loopback test server of `overread serve`. Same operations, same events, same bytes.
// POST api/call/NAME, POST api/start/NAME?id=… (one JSON event a line), POST api/cancel/ID, POST api/pick/KIND,
// GET res/PATH; every request carries the token from the page's address.
import { type Backend, DeskError, type Job } from "./backend";
import type { Handle } from "./generated/Handle";
import type { Jobs, Operations } from "./generated/operations";
import type { PickKind } from "./generated/PickKind";
import { failure } from "./tauri";

export function httpBackend(base: string, token: string): Backend {
  const address = (path: string) => `${base}${path}${path.includes("?") ? "&" : "?"}token=${token}`;
  const post = (path: string, body: unknown, signal?: AbortSignal) =>
    fetch(address(path), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  return {
    async call<O extends keyof Operations>(operation: O, args: Operations[O]["arguments"]) {
      const response = await post(`api/call/${operation}`, args);
      if (!response.ok) throw await failure(response);
      return (await response.json()) as Operations[O]["result"];
    },
    start<J extends keyof Jobs>(
      job: J,
      args: Jobs[J]["arguments"],
      onEvent: (event: Jobs[J]["event"]) => void,
    ): Job {
      const id = crypto.randomUUID();
      const run = async () => {
        const response = await post(`api/start/${job}?id=${id}`, args);
        if (!response.ok || response.body === null) throw await failure(response);
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          const lines = (rest + value).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) if (line !== "") onEvent(JSON.parse(line) as Jobs[J]["event"]);
        }
      };
      const finished = run().catch((thrown: unknown) => {
        const { code, message, hint } = DeskError.from(thrown);
        onEvent({ event: "failed", code, message, hint } as Jobs[J]["event"]);
      });
      return {
        finished,
        cancel: () => {
          void post(`api/cancel/${id}`, {});
        },
      };
    },
    async fetch(path, signal) {
      const response = await fetch(address(`res/${path}`), signal ? { signal } : {});
      if (!response.ok) throw await failure(response);
      return response.arrayBuffer();
    },
    url: (path) => address(`res/${path}`),
    async pick(kind: PickKind) {
      const response = await post(`api/pick/${kind}`, {});
      if (!response.ok) throw await failure(response);
      return (await response.json()) as Handle | null;
    },
    onDrop: () => () => undefined,
  };
}
