import { describe, expect, it } from "vitest";
import { aroundSpan, labelColumns, rangeOf, weighed } from "./figures";

const figure = (value: number | null, low: number | null = null, high: number | null = null) => ({
  value,
  low,
  high,
});

describe("what sections take out of figures", () => {
  it("puts warnings first and keeps the order within", () => {
    const remark = (key: string, weight: "note" | "caution" | "warning") => ({
      key,
      weight,
      text: key,
      readers: [],
    });
    const sorted = weighed([
      remark("a", "note"),
      remark("b", "warning"),
      remark("c", "caution"),
      remark("d", "warning"),
    ]);
    expect(sorted.map(({ key }) => key)).toEqual(["b", "d", "c", "a"]);
  });

  it("cuts text by bytes of UTF-8, not by letters", () => {
    const text = "“naïve” Final Answer: Cyst";
    const start = new TextEncoder().encode("“naïve” Final Answer: ").length;
    expect(aroundSpan({ text, span: [start, start + 4] })).toEqual(["“naïve” Final Answer: ", "Cyst", ""]);
  });

  it("shows the whole text when the span lies", () => {
    for (const span of [
      [3, 999],
      [4, 2],
    ] as [number, number][]) {
      expect(aroundSpan({ text: "short", span })).toEqual(["short", "", ""]);
    }
  });

  it("gives an axis that holds every interval within its bounds", () => {
    expect(rangeOf([figure(0.8, 0.71, 0.88), figure(null)], 0.1, [0, 1])).toEqual([0.7000000000000001, 0.9]);
    expect(rangeOf([figure(1, 0.96, 1)], 0.1, [0, 1])).toEqual([0.9, 1]);
    expect(rangeOf([figure(null)], 0.1, [0, 1])).toEqual([0, 1]);
    expect(rangeOf([figure(0.5)], 0.1, [0, 1])[0]).toBeLessThan(0.5);
  });

  it("has a column for every measure that any label has", () => {
    const one = (key: string) => ({
      ...figure(0.5),
      key,
      name: key.toUpperCase(),
      unit: "score" as const,
      interval: "",
      beside: [],
      n: 1,
      note: "",
    });
    const labels = [
      { label: "x", support: 1, figures: [one("recall")] },
      { label: "y", support: 1, figures: [one("recall"), one("auc")] },
    ];
    expect(labelColumns(labels).map(({ name }) => name)).toEqual(["RECALL", "AUC"]);
  });
});
