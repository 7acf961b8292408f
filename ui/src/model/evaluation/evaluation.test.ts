import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeskError } from "../../backend/backend";
import type { Handle } from "../../backend/generated/Handle";
import { type MemoryOptions, memoryBackend } from "../../backend/memory/memory";
import { Session } from "../session.svelte";
import { PAGE_ROWS } from "./cases.svelte";
import { afterFigures, evaluationOf, type FiguresState } from "./evaluation.svelte";
import { NO_FILTER, toggled } from "./filter";
import { afterRun, type RunState } from "./run.svelte";

const CHEST: Handle = { id: "evaluation-chest-phantoms", label: "chest-phantoms.toml" };
const PIPELINE: Handle = { id: "evaluation-ct-findings-pipeline", label: "ct-findings-pipeline.toml" };

function desk(options: MemoryOptions = {}) {
  const session = new Session(memoryBackend({ pace: 0, plain: true, ...options }));
  return { session, model: evaluationOf(session) };
}

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400; i += 1) {
    if (holds()) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  throw new Error("it never came to hold");
}

beforeEach(() => vi.useRealTimers());
afterEach(() => vi.restoreAllMocks());

describe("an evaluation", () => {
  it("opens, shows figures by formula, then by resampling", async () => {
    const { model } = desk();
    await model.open(CHEST);
    expect(model.screen).toBe("open");
    await until(() => model.value !== null && model.value.resampling.resamples > 0);
    expect(model.value?.cases).toBe(331);
    expect(model.value?.readers).toHaveLength(5);
  });

  it("keeps figures of the filter before until the new ones come, and says so", async () => {
    const { model } = desk();
    await model.open(CHEST);
    await until(() => model.value !== null);
    model.toggle("split", "tune");
    expect(model.figures.kind === "shown" && model.figures.stale).toBe(true);
    expect(model.value?.cases).toBe(331);
    await until(() => model.figures.kind === "shown" && !model.figures.stale);
    expect(model.value?.cases).toBe(82);
    model.clearFilter();
    expect(model.filter).toEqual(NO_FILTER);
  });

  it("says why a case set could not be opened and stays where it was", async () => {
    const { model } = desk();
    await model.open({ id: "evaluation-memory-stick", label: "memory-stick.toml" });
    expect(model.opening.kind === "failed" && model.opening.error.message).toContain("not there any more");
    expect(model.screen).toBe("welcome");
  });

  it("says why figures could not be had", async () => {
    const { model } = desk({ failing: ["figures"] });
    await model.open(CHEST);
    await until(() => model.figures.kind === "failed");
    expect(model.figures.kind === "failed" && model.figures.error.code).toBe("desk.made_failure");
  });

  it("takes a failure beside figures that stand", () => {
    const shown = {
      kind: "shown",
      figures: {} as never,
      stale: true,
      resampling: null,
      error: null,
    } as const;
    const after = afterFigures(shown, { event: "failed", code: "x", message: "No.", hint: "" });
    expect(after).toMatchObject({ kind: "shown", stale: false });
    expect(after.kind === "shown" && after.error).toBeInstanceOf(DeskError);
    const idle: FiguresState = { kind: "loading" };
    expect(afterFigures(idle, { event: "resampling", done: 1, of: 2 })).toBe(idle);
  });

  it("goes to the desk and back without losing its place", async () => {
    const { session, model } = desk();
    model.show();
    expect(session.page).toBe("evaluation");
    await model.open(CHEST);
    model.go("cases");
    await until(() => model.cases.total === 331);
    await model.cases.select(4);
    model.leave();
    expect(session.page).toBe("desk");
    model.show();
    await until(() => model.cases.detail.kind === "ready");
    expect([model.section, model.cases.selected]).toEqual(["cases", 4]);
  });
});

describe("the table of cases", () => {
  it("asks for pages as they are needed, each once", async () => {
    const { session, model } = desk();
    await model.open(CHEST);
    const call = vi.spyOn(session.backend, "call");
    await model.cases.reload();
    model.cases.need(PAGE_ROWS - 5, PAGE_ROWS + 5);
    model.cases.need(PAGE_ROWS, PAGE_ROWS + 20);
    await until(() => model.cases.row(PAGE_ROWS) !== null);
    expect(model.cases.row(PAGE_ROWS)?.number).toBe(PAGE_ROWS + 1);
    expect(model.cases.row(3 * PAGE_ROWS)).toBeNull();
    const offsets = call.mock.calls
      .filter(([name]) => name === "evaluation_cases")
      .map(([, args]) => (args as { query: { offset: number } }).query.offset);
    expect(offsets).toEqual([0, PAGE_ROWS]);
  });

  it("shows exactly the cases of a cell of the confusion matrix", async () => {
    const { model } = desk();
    await model.open(CHEST);
    await until(() => model.value !== null);
    const reader = model.value?.readers[0];
    const table = reader?.confusion;
    const count = table?.cells[1]?.[0] ?? 0;
    expect(count).toBeGreaterThan(0);
    const cell = { reader: reader?.id ?? "", truth: table?.rows[1] ?? "", said: table?.columns[0] ?? "" };
    model.showCases({ cell });
    await until(() => model.cases.total !== null);
    expect(model.section).toBe("cases");
    expect(model.cases.total).toBe(count);
    await model.cases.set({ cell: null });
    expect(model.cases.total).toBe(331);
  });

  it("reaches a case far down, and steps no further than the ends", async () => {
    const { model } = desk();
    await model.open(CHEST);
    await model.cases.reload();
    await model.cases.select(330);
    expect(model.cases.row(330)?.number).toBe(331);
    await model.cases.step(1);
    expect(model.cases.selected).toBe(330);
    await model.cases.select(331);
    expect(model.cases.selected).toBe(330);
  });

  it("starts from the top when the filter changes", async () => {
    const { model } = desk();
    await model.open(CHEST);
    model.go("cases");
    await until(() => model.cases.total === 331);
    await model.cases.select(20);
    model.setFilter(toggled(NO_FILTER, "split", "tune"));
    await until(() => model.cases.total === 82);
    expect(model.cases.selected).toBeNull();
    expect(model.cases.row(0)?.split).toBe("tune");
  });

  it("keeps a decision, shows who and when, and counts anew", async () => {
    const { model } = desk();
    await model.open(PIPELINE);
    await until(() => model.value !== null && model.value.resampling.resamples > 0);
    const before = model.value?.readers[0]?.undecided ?? 0;
    await model.cases.set({ order: "undecided", verdict: "undecided", reader: "findings-27b" });
    await model.cases.select(0);
    const detail = model.cases.detail.kind === "ready" ? model.cases.detail.value : null;
    const answer = detail?.answers.find(
      (one) => one.answer.verdict === "undecided" && one.answer_hash !== "",
    );
    if (answer === undefined) throw new Error("no answer waits");
    expect(await model.cases.decide(answer, "right", "", "an older name")).toBe(true);
    expect(model.cases.deciding).toEqual({ kind: "saved", hash: answer.answer_hash });
    const after = model.cases.detail.kind === "ready" ? model.cases.detail.value.answers[0] : null;
    expect(after?.decisions[0]).toMatch(/^Reader, 2026-\d\d-\d\d \d\d:\d\d: right. an older name$/);
    await until(() => model.value?.readers[0]?.undecided === before - 1);
  });

  it("says why a decision was not kept", async () => {
    const { model } = desk({ failing: ["decide"] });
    await model.open(PIPELINE);
    await model.cases.set({ verdict: "undecided", reader: "findings-27b" });
    await model.cases.select(0);
    const detail = model.cases.detail.kind === "ready" ? model.cases.detail.value : null;
    const answer = detail?.answers[0];
    if (answer === undefined) throw new Error("no answer");
    expect(await model.cases.decide(answer, "right", "", "because")).toBe(false);
    expect(model.cases.deciding.kind).toBe("failed");
  });

  it("opens a case's images on the desk, goes on to the next, and comes back to it", async () => {
    const { session, model } = desk();
    await session.start();
    model.show();
    await model.open(CHEST);
    await model.cases.reload();
    expect(await model.cases.openImages(4)).toBe(true);
    expect(session.page).toBe("desk");
    expect(session.displaySet?.id).toBe("ct-abdomen");
    expect(session.activeViewport.frame).toBe(15);
    expect(model.cases.viewing).toEqual({ index: 4, number: 5, title: "Case 5" });
    // Case 6 has no images.
    expect(await model.cases.openBeside(1)).toBe(true);
    expect(model.cases.viewing?.number).toBe(7);
    model.backToCase();
    expect([session.page, model.section, model.cases.selected]).toEqual(["evaluation", "cases", 6]);
  });

  it("withholds in blind mode what the desk withholds", async () => {
    const { model } = desk({ settings: { blind: true } });
    await model.open(CHEST);
    await model.cases.reload();
    expect(model.cases.row(0)).toMatchObject({ number: 1, case: "", truth: "", answers: [], hidden: true });
  });
});

describe("a run", () => {
  it("reads, tells how far, and leaves nothing to read", async () => {
    const { model } = desk();
    await model.open(PIPELINE);
    expect(model.opened?.to_read).toBe(14);
    await model.run.start(PIPELINE);
    expect(model.run.state).toMatchObject({ kind: "done", read: 14, errors: 1 });
    await until(() => model.opened?.to_read === 0);
  });

  it("keeps what was read when it is stopped", async () => {
    const { model } = desk({ pace: 1 });
    await model.open(PIPELINE);
    const running = model.run.start(PIPELINE);
    await until(() => model.run.state.kind === "reading");
    model.run.cancel();
    expect(model.run.state).toMatchObject({ stopping: true });
    await running;
    expect(model.run.state.kind).toBe("stopped");
    await until(() => (model.opened?.to_read ?? 14) < 14);
  });

  it("tells a stop from a failure", () => {
    const before: RunState = { kind: "preparing", what: "", fraction: 0, stopping: false };
    expect(afterRun(before, { event: "failed", code: "cancelled", message: "", hint: "" }).kind).toBe(
      "stopped",
    );
    expect(afterRun(before, { event: "failed", code: "store.locked", message: "x", hint: "" }).kind).toBe(
      "failed",
    );
  });
});

describe("making a case set", () => {
  it("writes only what was looked at as it stands", async () => {
    const { model } = desk();
    model.make();
    const { making } = model;
    expect(making.canWrite).toBe(false);
    await making.pickFolder();
    await making.addTable();
    await making.look();
    expect(making.mapping.kind === "ready" && making.mapping.value.matched).toBe(200);
    expect(making.canWrite).toBe(true);
    making.set({ name: "another name" });
    expect(making.canWrite).toBe(true);
    making.set({ uncertain: "ones" });
    expect(making.canWrite).toBe(false);
    await making.look();
    await making.write();
    await until(() => model.opened?.name === "chest-yes-no");
    expect(model.screen).toBe("open");
  });

  it("says why it could not be written", async () => {
    const { model } = desk({ failing: ["make_case_set"] });
    model.make();
    await model.making.pickFolder();
    await model.making.look();
    await model.making.write();
    expect(model.making.error?.code).toBe("desk.made_failure");
    expect(model.screen).toBe("making");
  });
});
