// Models, checks and pictures encoded ahead, against the made desk.
import { flushSync } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../backend/backend";
import type { Settings } from "../backend/generated/Settings";
import { type MemoryOptions, memoryBackend } from "../backend/memory/memory";
import { EncodeModel } from "./encode.svelte";
import { panelsOf } from "./panels.svelte";
import { Session } from "./session.svelte";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function desk(
  options: MemoryOptions = {},
  change: (backend: Backend) => Backend = (backend) => backend,
) {
  const session = new Session(change(memoryBackend({ pace: 0, plain: true, ...options })));
  for (const viewport of session.viewports) viewport.resize({ width: 512, height: 512 });
  await session.start();
  const panels = panelsOf(session);
  flushSync();
  await panels.reading.load();
  await vi.waitUntil(() => panels.cases.value !== null, { interval: 1 });
  open.push(() => {
    panels.reading.dispose();
    panels.cases.dispose();
    panels.encode.dispose();
  });
  return { session, ...panels };
}

async function answered(options: MemoryOptions = {}) {
  const found = await desk(options);
  found.reading.sliceMode = "range";
  found.reading.range = "1-24";
  await found.reading.ask();
  const { reading } = found.reading;
  if (reading === null && !found.cases.hidden) throw new Error("there is no answer");
  return { ...found, answer: reading };
}

describe("models", () => {
  it("take a user's own before the bundled one, and say which precision is held", async () => {
    const { models } = await desk();
    expect(models.chosen?.name).toBe("medgemma-1.5-4b-it");
    await models.set({ precision: "q4_k" });
    expect(models.chosen).toMatchObject({ precision: "q4_k", precision_chosen: true });
    await models.set({ precision: null });
    expect(models.chosen).toMatchObject({ precision: "bf16", precision_chosen: false });
  });

  it("guide a user who has none, until one is there", async () => {
    const { models } = await desk({ ownModels: false });
    await models.loadKnown();
    expect(models.isNew).toBe(true);
    expect(models.chosen?.demo).toBe(true);
    await models.add("model");
    expect(models.isNew).toBe(false);
    expect(models.chosen?.name).toBe("medgemma-1.5-4b-it");
    const known = models.known.kind === "ready" ? models.known.value : [];
    expect(known.find(({ id }) => id === "medgemma-1.5-4b-it")).toMatchObject({
      state: "here",
      guidance: [],
    });
  });

  it("come back after they were taken off the list", async () => {
    const { models } = await desk();
    const { chosen } = models;
    if (chosen === null) throw new Error("no model is chosen");
    await models.remove(chosen);
    expect(models.models.map(({ name }) => name)).not.toContain(chosen.name);
    expect(models.chosen).not.toBeNull();
    await models.bringBack();
    expect(models.chosen?.name).toBe(chosen.name);
    expect(models.removed).toBeNull();
  });

  it("keep what was there when a change fails, and say why", async () => {
    const { models } = await desk({ failing: ["set_model_options"] });
    await models.set({ precision: "q8_0" });
    expect(models.error?.message).toContain("set_model_options");
    expect(models.chosen?.precision).toBe("bf16");
    expect(models.busy).toBe(false);
  });

  it("use an adapter only of the chosen model and only one that fits", async () => {
    const { models, reading } = await desk();
    reading.chooseAdapter("adapter-liver");
    const { wish } = reading;
    expect(wish.kind === "complete" && wish.spec.options?.adapters).toMatchObject([{ id: "adapter-liver" }]);
    reading.chooseAdapter("adapter-odd");
    expect(reading.adapter).toBeNull();
    reading.chooseAdapter("adapter-liver");
    models.choose("model-demo");
    expect(reading.wish.kind === "complete" && reading.wish.spec.options).toBe(undefined);
  });

  it("bring their own question where nobody typed one, and offer it elsewhere", async () => {
    const { models, reading } = await desk();
    expect(reading.offer).toBeNull();
    models.choose("model-demo");
    flushSync();
    const own = models.chosen?.question;
    expect(own?.labels).toHaveLength(7);
    expect(reading).toMatchObject({ prompt: own?.prompt, form: "labels", labels: own?.labels, offer: null });
    reading.prompt = "Is there a nodule?";
    models.choose("model-4b");
    flushSync();
    models.choose("model-demo");
    flushSync();
    expect(reading.prompt).toBe("Is there a nodule?");
    expect(reading.offer).toEqual(own);
    reading.takeOffer();
    expect(reading).toMatchObject({ prompt: own?.prompt, templateId: "", offer: null });
  });

  it("answer only in the forms that they have", async () => {
    const { models, reading } = await desk();
    reading.chosenForm = "open";
    models.choose("model-siglip");
    expect(reading.form).toBe("labels");
    reading.prompt = "";
    expect(reading.wish.kind).toBe("complete");
    models.choose("model-4b");
    expect(reading.wish).toMatchObject({ missing: { kind: "question" } });
    expect(reading.form).toBe("open");
  });
});

describe("sampled answers", () => {
  it("need a temperature, and at most so many are drawn", async () => {
    const { reading } = await desk();
    reading.chosenForm = "open";
    reading.prompt = "What is seen?";
    reading.setOptions({ samples: 5 });
    expect(reading.wish).toMatchObject({ kind: "incomplete", missing: { kind: "greedySamples" } });
    reading.temperature = 0.7;
    expect(reading.wish.kind).toBe("complete");
    reading.setOptions({ samples: 65 });
    expect(reading.wish).toMatchObject({ missing: { kind: "samples", most: 64 } });
    reading.resetOptions();
    expect([reading.changed, reading.wish.kind]).toEqual([0, "complete"]);
  });
});

describe("checks", () => {
  it("are kept with the answer and shown again", async () => {
    const { checks, cases, answer } = await answered();
    if (answer === null) throw new Error("there is no answer");
    await checks.start("looking", answer);
    await checks.start("which_slices", answer);
    await checks.start("recipes", answer);
    expect(checks.run.kind).toBe("idle");
    const kept = cases.value?.readings[0];
    expect(kept?.checks.map(({ kind }) => kind)).toEqual(["looking", "which_slices", "recipes"]);
    if (kept === undefined) throw new Error("the answer is gone");
    expect(checks.of(kept)).toHaveLength(3);
    expect(checks.newest(kept, "looking")?.looking?.answers.map(({ picture }) => picture)).toEqual([
      "blank",
      "noise",
      "mirrored",
      "other_patient",
    ]);
    expect(checks.stripOf(kept.display_set)?.bars.length).toBe(12);
    expect(checks.stripOf("us-duplex")).toBeNull();
  });

  it("can be stopped, and nothing is kept then", async () => {
    const { checks, cases, answer } = await answered({ pace: 1 });
    if (answer === null) throw new Error("there is no answer");
    const running = checks.start("which_slices", answer);
    await vi.waitUntil(() => checks.run.kind === "running" && checks.run.progress.phase === "asking", {
      interval: 1,
    });
    checks.cancel();
    expect(checks.run).toMatchObject({ cancelling: true });
    await running;
    expect(checks.run.kind).toBe("stopped");
    expect(cases.value?.readings[0]?.checks).toEqual([]);
  });

  it("say why they cannot be made", async () => {
    const { checks, answer } = await answered();
    if (answer === null) throw new Error("there is no answer");
    expect(checks.obstacle("looking", answer)).toBeNull();
    expect(checks.obstacle("which_slices", { ...answer, slices: [3] })).toBe("one_slice");
    expect(checks.obstacle("recipes", { ...answer, form: "open" })).toBe("open");
    expect(
      checks.obstacle("looking", { ...answer, form: "open", text: "Words.", probabilities: [] }),
    ).toBeNull();
    expect(checks.obstacle("looking", { ...answer, form: "open", text: "" })).toBe("invalid");
    expect(checks.obstacle("looking", { ...answer, slices: [] })).toBe("no_picture");
    if (answer.asked === undefined) throw new Error("the question was not kept");
    const bySiglip = { ...answer.asked, model: { id: "model-siglip", label: "" } };
    expect(checks.obstacle("looking", { ...answer, asked: bySiglip })).toBe("siglip");
    const { asked: _, ...older } = answer;
    expect(checks.obstacle("looking", older)).toBe("not_kept");
  });

  it("show what failed and let it be tried again", async () => {
    const { checks, answer } = await answered({ failing: ["recipes"] });
    if (answer === null) throw new Error("there is no answer");
    await checks.start("recipes", answer);
    expect(checks.run).toMatchObject({ kind: "failed", check: "recipes" });
    checks.dismiss();
    expect(checks.canStart).toBe(true);
  });

  it("stay away in blind mode until the own answer is given", async () => {
    const { session, checks, cases, reading, answer } = await answered();
    if (answer === null) throw new Error("there is no answer");
    await checks.start("which_slices", answer);
    expect(checks.stripOf(answer.display_set)).not.toBeNull();
    await session.updateSettings({ blind: true });
    await vi.waitUntil(() => cases.hidden, { interval: 1 });
    expect(checks.of(answer)).toEqual([]);
    expect(checks.stripOf(answer.display_set)).toBeNull();
    expect(checks.canStart).toBe(false);
    await cases.commit("Cyst", null);
    expect(reading.reading === null ? 0 : checks.of(reading.reading).length).toBe(1);
  });
});

describe("pictures encoded ahead", () => {
  async function encoding(settings: Partial<Settings>) {
    const started = vi.fn();
    const found = await desk({ pace: 1, settings }, (backend) => ({
      ...backend,
      start: (job, args, onEvent) => {
        if (job === "encode") started();
        return backend.start(job, args, onEvent);
      },
    }));
    const encode = new EncodeModel(found.session, found.models, 5);
    open.push(() => encode.dispose());
    flushSync();
    return { ...found, encode, started };
  }

  it("are not, unless the user allows it", async () => {
    const { encode, started } = await encoding({});
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(started).not.toHaveBeenCalled();
    expect(encode.state.kind).toBe("idle");
  });

  it("are once the setting is on, until stopped; they do not begin again for the same series", async () => {
    const { session, encode, started } = await encoding({ encode_ahead: true });
    await vi.waitUntil(() => encode.state.kind === "encoding", { interval: 1 });
    encode.stop();
    expect(encode.state.kind).toBe("idle");
    await session.updateSettings({ interpolate: false });
    flushSync();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(started).toHaveBeenCalledTimes(1);
  });

  it("stop when another series is opened, whose pictures come next, and go on when it is back", async () => {
    const { session, encode, started } = await encoding({ encode_ahead: true });
    await vi.waitUntil(() => encode.state.kind === "encoding", { interval: 1 });
    await session.openDisplaySet("us-duplex");
    flushSync();
    await vi.waitUntil(() => started.mock.calls.length === 2, { interval: 1 });
    expect(session.displaySet?.id).toBe("us-duplex");
    await session.openDisplaySet("ct-abdomen");
    flushSync();
    await vi.waitUntil(() => started.mock.calls.length === 3, { interval: 1 });
    await vi.waitUntil(() => encode.state.kind === "encoding", { interval: 1 });
  });
});
