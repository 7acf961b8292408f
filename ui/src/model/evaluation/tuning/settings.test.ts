import { describe, expect, it } from "vitest";
import {
  chosenSplits,
  draftOf,
  EMPTY_DRAFT,
  freeName,
  type Known,
  type NumberKey,
  OURS,
  PUBLISHED,
  presetOf,
  problemsOf,
  settingsOf,
  stepsFor,
  type TuneDraft,
  usualName,
} from "./settings";

const KNOWN: Known = {
  splits: [
    { name: "train", cases: 33 },
    { name: "validation", cases: 12 },
    { name: "test", cases: 12 },
  ],
  models: [{ id: "m", tunable: true }],
  runs: [{ name: "old", done: null }],
};
const GOOD: TuneDraft = { ...EMPTY_DRAFT, model: "m", name: "chest-lora" };
const typed = (key: NumberKey, value: string): TuneDraft => ({
  ...GOOD,
  typed: { ...GOOD.typed, [key]: value },
});

describe("the settings of a run", () => {
  it("come back from the form as they went in", () => {
    for (const settings of [
      OURS,
      PUBLISHED,
      { ...OURS, steps: 40, precision: "q4_k" as const, rate: 3.5e-5 },
    ]) {
      expect(settingsOf({ ...GOOD, ...draftOf(settings) })).toEqual(settings);
    }
    expect(draftOf(OURS).typed).toMatchObject({ rate: "2e-4", warm_up: "3", dropout: "5", steps: "" });
  });

  it("are a recipe whatever is learned, seeded or held", () => {
    expect(presetOf({ ...OURS, seed: 9, target: "findings", precision: "bf16" })).toBe("ours");
    expect(presetOf(PUBLISHED)).toBe("published");
    expect(presetOf({ ...OURS, rank: 8 })).toBeNull();
  });

  it("come to as many steps as the desk makes", () => {
    expect(stepsFor({ steps: 0, epochs: 2, batch: 16 }, 33)).toBe(5);
    expect(stepsFor({ steps: 7, epochs: 2, batch: 16 }, 33)).toBe(7);
    expect(stepsFor({ steps: 0, epochs: 2, batch: 16 }, 0)).toBe(0);
  });
});

describe("what is wrong is told at its field", () => {
  it("with the usual splits and a good name nothing is", () => {
    expect(problemsOf(GOOD, KNOWN)).toEqual({});
    expect(chosenSplits(GOOD, KNOWN.splits)).toEqual({ split: "train", validation: "validation" });
    expect(chosenSplits(GOOD, [{ name: "tune", cases: 3 }])).toEqual({ split: "", validation: "" });
  });

  it.each<[NumberKey, string]>([
    ["rank", "0"],
    ["rank", "1025"],
    ["rank", "8.5"],
    ["alpha", "0"],
    ["dropout", "100"],
    ["dropout", "-1"],
    ["epochs", "0"],
    ["epochs", "1001"],
    ["batch", "0"],
    ["batch", "4097"],
    ["rate", "0"],
    ["rate", "fast"],
    ["rate", ""],
    ["rate", "Infinity"],
    ["warm_up", "100"],
    ["weight_decay", "-0.1"],
    ["clip", "-1"],
    ["patience", "1.5"],
    ["seed", "4294967296"],
  ])("%s of “%s” is refused", (key, value) => {
    const draft = typed(key, value);
    expect(Object.keys(problemsOf(draft, KNOWN))).toEqual([key]);
    expect(settingsOf(draft)).toBeNull();
  });

  it.each<[NumberKey, string, number]>([
    ["rank", "1024", 1024],
    ["dropout", "0", 0],
    ["warm_up", "3,5", 0.035],
    ["clip", "0", 0],
    ["rate", "1e-4", 1e-4],
  ])("%s of “%s” is taken", (key, value, wanted) => {
    const draft = typed(key, value);
    expect(problemsOf(draft, KNOWN)).toEqual({});
    expect(settingsOf(draft)?.[key]).toBe(wanted);
  });

  it("asks only for the length that counts", () => {
    expect(problemsOf({ ...typed("epochs", "many"), bySteps: true }, KNOWN)).toHaveProperty("steps");
    const both = { ...GOOD, bySteps: true, typed: { ...GOOD.typed, epochs: "many", steps: "50" } };
    expect(problemsOf(both, KNOWN)).toEqual({});
    expect(settingsOf(both)).toMatchObject({ steps: 50, epochs: OURS.epochs });
    expect(settingsOf({ ...both, bySteps: false })).toBeNull();
  });

  it("names, splits, model and maps", () => {
    for (const name of ["", "  ", ".hidden", "a/b", "..", "x".repeat(101)])
      expect(Object.keys(problemsOf({ ...GOOD, name }, KNOWN))).toEqual(["name"]);
    const done = { ...KNOWN, runs: [{ name: "chest-lora", done: {} as never }] };
    expect(problemsOf(GOOD, done).name).toContain("finished");
    expect(problemsOf({ ...GOOD, name: "old" }, KNOWN)).toEqual({});
    expect(problemsOf({ ...GOOD, validation: "train" }, KNOWN)).toHaveProperty("validation");
    expect(problemsOf(GOOD, { ...KNOWN, splits: [] })).toHaveProperty("split");
    expect(problemsOf({ ...GOOD, model: "gone" }, KNOWN)).toHaveProperty("model");
    expect(problemsOf({ ...GOOD, targets: " , " }, KNOWN)).toHaveProperty("targets");
  });
});

it("a new run has a name of its own", () => {
  expect(usualName("Rib fractures / 2026")).toBe("Rib fractures - 2026-lora");
  expect(freeName("a-lora", [])).toBe("a-lora");
  expect(freeName("a-lora", [{ name: "a-lora" }, { name: "a-lora-2" }])).toBe("a-lora-3");
  expect(freeName("a-lora-2", [{ name: "a-lora" }, { name: "a-lora-2" }])).toBe("a-lora-3");
});
