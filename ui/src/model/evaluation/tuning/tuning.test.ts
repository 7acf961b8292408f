import { describe, expect, it } from "vitest";
import type { Backend } from "../../../backend/backend";
import type { Handle } from "../../../backend/generated/Handle";
import type { TuneEvent } from "../../../backend/generated/TuneEvent";
import { type MemoryOptions, memoryBackend } from "../../../backend/memory/memory";
import { isLast } from "../../../backend/tauri";
import { panelsOf } from "../../panels.svelte";
import { Session } from "../../session.svelte";
import { evaluationOf } from "../evaluation.svelte";
import { afterTune, BEGUN, memoryOf, type TuneState } from "./state";
import { TuningModel } from "./tuning.svelte";

const SET: Handle = { id: "evaluation-chest-to-tune", label: "chest-to-tune.toml" };
const LEAKING: Handle = { id: "evaluation-chest-phantoms", label: "chest-phantoms.toml" };

async function desk(options: MemoryOptions = {}, set = SET) {
  const session = new Session(memoryBackend({ pace: 0, plain: true, ...options }));
  const model = evaluationOf(session);
  await model.open(set);
  await until(() => model.tuning.splits !== null);
  await model.tuning.load();
  return { session, model, tuning: model.tuning };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (holds()) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  throw new Error("it never came to hold");
}

describe("tuning", () => {
  it("proposes model, name and the usual splits", async () => {
    const { tuning } = await desk();
    expect(tuning.problems).toEqual({});
    expect(tuning.draft).toMatchObject({ model: "model-4b", name: "chest-to-tune-lora" });
    expect(tuning.chosen).toEqual({ split: "train", validation: "validation" });
    expect(tuning.preset).toBe("ours");
    expect(tuning.tunable.map(({ kind }) => kind)).not.toContain("siglip");
  });

  it("checks and estimates without learning", async () => {
    const { tuning } = await desk();
    await tuning.check();
    expect(tuning.state.kind === "checked" && tuning.state.estimate).toMatchObject({ cases: 181, steps: 34 });
    expect(tuning.curve.isEmpty).toBe(true);
    expect(tuning.runs).toEqual({ kind: "ready", value: [] });
  });

  it("tells a refusal in place", async () => {
    const { tuning } = await desk({}, LEAKING);
    expect(tuning.problems).toEqual({ split: expect.any(String) });
    tuning.set({ split: "tune" });
    await tuning.check();
    expect(tuning.state).toMatchObject({
      kind: "failed",
      step: 0,
      dryRun: true,
      error: { code: "tuning.leak" },
    });
    expect(tuning.canGoOn).toBe(false);
  });

  it("asks for nothing while a field is wrong", async () => {
    const { tuning } = await desk();
    tuning.type("rank", "0");
    await tuning.start();
    expect(tuning.state.kind).toBe("idle");
  });

  it("runs to its end, with base against tuned, and finds the next name", async () => {
    const { tuning } = await desk();
    await tuning.start();
    const { state } = tuning;
    if (state.kind !== "done") throw new Error(state.kind);
    expect(tuning.curve.length).toBe(34);
    expect(tuning.curve.judged[0]?.step).toBe(0);
    expect(tuning.curve.judged.find(({ best }) => best)?.step).toBe(state.done.best);
    expect(state.done.comparison?.n).toBe(61);
    expect(tuning.runs.kind === "ready" && tuning.runs.value[0]?.done?.best).toBe(state.done.best);
    expect(tuning.draft.name).toBe("chest-to-tune-lora-2");
    expect(tuning.problems).toEqual({});
  });

  it("stops, keeps the state, and goes on to the same result", async () => {
    const { tuning } = await desk({ pace: 1 });
    const whole = await desk();
    await whole.tuning.start();
    const running = tuning.start();
    await until(() => tuning.curve.length >= 6);
    tuning.stop();
    expect(tuning.state).toMatchObject({ kind: "running", stopping: true });
    await running;
    expect(tuning.state.kind).toBe("stopped");
    const made = tuning.curve.length;
    expect(made).toBeLessThan(34);
    expect(tuning.stoppedRun?.name).toBe("chest-to-tune-lora");
    expect(tuning.canGoOn).toBe(true);
    await tuning.goOn();
    expect(tuning.state.kind).toBe("done");
    expect([...tuning.curve.losses]).toEqual([...whole.tuning.curve.losses]);
    expect(tuning.curve.judged).toEqual(whole.tuning.curve.judged);
  });

  it("takes a stopped run of the list up with its own settings", async () => {
    const { tuning, model } = await desk({ pace: 1 });
    tuning.type("rank", "8");
    const running = tuning.start();
    await until(() => tuning.curve.length >= 3);
    tuning.stop();
    await running;
    // Another set, and back: the page has forgotten the run, the desk has not.
    await model.open(LEAKING);
    await model.open(SET);
    await until(() => tuning.splits !== null);
    await tuning.load();
    expect(tuning.shown.kind).toBe("idle");
    tuning.usePreset("published");
    const run = tuning.runs.kind === "ready" ? tuning.runs.value[0] : undefined;
    if (run === undefined) throw new Error("no run");
    await tuning.takeUp(run);
    expect(tuning.state.kind).toBe("done");
    expect(tuning.draft.typed.rank).toBe("8");
    expect(tuning.curve.length).toBe(34);
  });

  it("goes on while another case set is looked at, and is told there", async () => {
    const { tuning, model } = await desk({ pace: 1 });
    const running = tuning.start();
    await until(() => tuning.curve.length > 0);
    await model.open(LEAKING);
    expect([tuning.running, tuning.isHere, tuning.shown.kind]).toEqual([true, false, "idle"]);
    await running;
    expect(tuning.state.kind).toBe("done");
  });

  it("shows a run no more often than the eye needs", async () => {
    const { tuning } = await desk();
    tuning.set({ bySteps: true, validation: "" });
    tuning.type("steps", "3000");
    const before = tuning.news;
    await tuning.start();
    expect(tuning.curve.length).toBe(3000);
    expect(tuning.news - before).toBeLessThan(300);
  });

  it("says when the desk ends a run without a word", async () => {
    const silent = { ...memoryBackend({ pace: 0, plain: true }) } as Backend;
    const tuning = new TuningModel({
      ...silent,
      start: () => ({ finished: Promise.resolve(), cancel: () => undefined }),
    });
    tuning.open(await silent.call("open_evaluation", { evaluation: SET }));
    tuning.splits = [{ name: "train", cases: 4 }];
    await tuning.load();
    await tuning.start();
    expect(tuning.state).toMatchObject({ kind: "failed", error: { code: "page.no_end" } });
  });

  it("says why runs could not be listed", async () => {
    const { tuning } = await desk({ failing: ["tunings"] });
    expect(tuning.runs).toMatchObject({ kind: "failed" });
  });

  it("gives the adapter to the reading panel", async () => {
    const { session, tuning } = await desk();
    await tuning.start();
    if (tuning.state.kind !== "done" || tuning.spec === null) throw new Error("not done");
    const { models, reading } = panelsOf(session);
    const added = await models.useAdapter(tuning.spec.model, tuning.state.done.adapter);
    expect(added?.name).toBe("chest-to-tune-lora");
    reading.chooseAdapter(added?.handle.id ?? "");
    expect([models.chosenId, reading.adapter?.name]).toEqual(["model-4b", "chest-to-tune-lora"]);
  });
});

describe("events of a run", () => {
  const step = { step: 3, loss: 1, right: 0.5, norm: 1, rate: 1e-4 };
  const fold = (...events: TuneEvent[]): TuneState => events.reduce(afterTune, BEGUN as TuneState);

  it("tell how far it is, over several starts", () => {
    const resumed = fold({ event: "resumed", steps: [step], judged: [] });
    expect(resumed).toMatchObject({ kind: "running", step: 3, resumed: 3 });
    const next = afterTune(resumed, { event: "step", step: { ...step, step: 4 }, of: 9, seconds_left: 12 });
    expect(next).toMatchObject({ step: 4, of: 9, secondsLeft: 12, resumed: 3, what: "" });
  });

  it("tell a stop from a failure and keep how far it came", () => {
    const made: TuneEvent = { event: "step", step, of: 9, seconds_left: null };
    const end = (code: string): TuneEvent => ({ event: "failed", code, message: "No.", hint: "" });
    expect(fold(made, end("cancelled"))).toMatchObject({ kind: "stopped", step: 3, of: 9 });
    expect(fold(made, end("tuning.diverged"))).toMatchObject({
      kind: "failed",
      step: 3,
      error: { message: "No." },
    });
    expect(fold(end("cancelled"), made).kind).toBe("stopped");
  });

  it("end a dry run for every door to the desk", () => {
    expect(isLast({ event: "checked" })).toBe(true);
    expect(fold({ event: "checked" }).kind).toBe("idle");
  });

  it("say plainly whether memory suffices, whatever kind of number came", () => {
    const need = (memory_bytes: unknown, memory_free: unknown) =>
      memoryOf({ memory_bytes, memory_free } as never).fits;
    expect([need(5, 6), need(7n, 6n), need(7, null)]).toEqual([true, false, null]);
  });
});
