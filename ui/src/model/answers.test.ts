// Boxes, words with their probabilities, and the table of "Is it looking?".
import { describe, expect, it } from "vitest";
import { boxesOn, placeBoxes } from "./boxes";
import { lookingTable } from "./looking";
import { advance, fractionOf, NOT_STARTED, stepOf } from "./progress";
import { leastLikely, nextWord, spell, strengthOf } from "./tokens";

const box = (slice: number | null) => ({
  label: "a",
  slice,
  corners: [1, 2, 3, 4] as [number, number, number, number],
  note: "",
});

describe("boxes of an answer", () => {
  it("are on their slice alone", () => {
    const reading = { id: "r", slices: [3, 4, 5], boxes: [box(4), box(5)] };
    expect(boxesOn(reading, 4)).toHaveLength(1);
    expect(boxesOn(reading, 3)).toHaveLength(0);
  });

  it("without a slice are on the only one that was read, and on none of several", () => {
    expect(placeBoxes({ id: "r", slices: [7], boxes: [box(null)] })[0]?.slice).toBe(7);
    expect(placeBoxes({ id: "r", slices: [7, 8], boxes: [box(null)] })[0]?.slice).toBeNull();
  });
});

describe("words with their probabilities", () => {
  const tokens = [
    { text: "No", probability: 0.95 },
    { text: " nodule", probability: 0.3 },
    { text: "\n", probability: 0.1 },
    { text: ".", probability: 0.2 },
    { text: " Normal", probability: 0.05 },
  ];

  it("stand for the text only when they spell it", () => {
    expect(spell(tokens, "No nodule\n. Normal ")).toBe(true);
    expect(spell(tokens, "No nodule.")).toBe(false);
    expect(spell([], "")).toBe(false);
  });

  it("have the stronger a line the less likely they are, and none when likely", () => {
    const strengths = [0.99, 0.8, 0.5, 0.2, 0.01, Number.NaN].map(strengthOf);
    expect(strengths).toEqual([0, 1, 2, 3, 4, 0]);
  });

  it("name the least likely words, no signs and no likely ones", () => {
    expect(leastLikely(tokens, 3).map(({ at }) => at)).toEqual([4, 1]);
  });

  it("are walked word by word and end at the last", () => {
    expect(nextWord(tokens, -1, 1)).toBe(0);
    expect(nextWord(tokens, 1, 1)).toBe(3);
    expect(nextWord(tokens, 4, 1)).toBe(4);
    expect(nextWord(tokens, 0, -1)).toBe(0);
  });
});

describe("is it looking?", () => {
  const row = (label: string, probability: number) => ({
    label,
    probability,
    log_likelihood: 0,
    log_likelihood_per_token: 0,
    probability_by_sum: probability,
    probability_by_mean: probability,
    tokens: 1,
    without_content: null,
  });
  const blank = {
    picture: "blank",
    about: "",
    label: "B",
    probabilities: [row("A", 0.4), row("B", 0.6)],
    shift: 0.3,
  };

  it("puts the answer's own picture first, labels by its probability, and marks each picture's choice", () => {
    const reading = { form: "labels" as const, label: "A", probabilities: [row("B", 0.3), row("A", 0.7)] };
    const { columns, rows } = lookingTable(reading, { answers: [blank] });
    expect(columns.map(({ picture, shift }) => [picture, shift])).toEqual([
      ["answer", null],
      ["blank", 0.3],
    ]);
    expect(rows.map(({ label }) => label)).toEqual(["A", "B"]);
    expect(rows[0]?.cells.map((cell) => cell?.chosen)).toEqual([true, false]);
    expect(rows[1]?.cells.map((cell) => cell?.chosen)).toEqual([false, true]);
  });

  it("keeps a yes/no list as asked, and a label that was not scored empty", () => {
    const reading = { form: "yes_no" as const, label: "", probabilities: [row("B", 0.2), row("C", 0.9)] };
    const { rows } = lookingTable(reading, { answers: [blank] });
    expect(rows.map(({ label, cells }) => [label, cells[1]?.probability ?? null])).toEqual([
      ["B", 0.6],
      ["C", null],
    ]);
    expect(rows[1]?.cells[0]?.chosen).toBe(true);
  });
});

describe("the course of a question", () => {
  it("keeps the thought apart from the answer and counts its tokens", () => {
    const events = ["The ", "spot"].map((text) => ({ event: "thought" as const, text }));
    const thinking = events.reduce(advance, NOT_STARTED);
    expect(thinking).toMatchObject({ phase: "thinking", thought: "The spot", thoughtTokens: 2, text: "" });
    const writing = advance(thinking, { event: "token", text: "Nodule" });
    expect(writing).toMatchObject({
      phase: "writing",
      thought: "The spot",
      thoughtTokens: 2,
      text: "Nodule",
    });
    expect([stepOf("thinking"), stepOf("sampling")]).toEqual([4, 4]);
    expect(fractionOf(thinking)).toBeNull();
  });

  it("says what loading does, and forgets it afterwards", () => {
    const loading = advance(NOT_STARTED, { event: "loading", fraction: 0.5, what: "packing the weights" });
    expect(loading.what).toBe("packing the weights");
    const reading = advance(loading, { event: "prefill", done: 10, of: 20, seconds_left: 4 });
    expect(reading).toMatchObject({ what: "", secondsLeft: 4 });
    expect(fractionOf(reading)).toBe(0.5);
  });
});
