import { describe, expect, it } from "vitest";
import { fileName } from "./save";
import { dashOf, fitted, markPath, seriesClass, stepInGrid, textWidth, tickWord } from "./series";

describe("plots", () => {
  it("tells series apart by shape and dash, not by colour alone", () => {
    const indexes = [0, 1, 2, 3, 4, 5, 6];
    expect(new Set(indexes.map((i) => markPath(i))).size).toBe(7);
    expect(new Set(indexes.map(dashOf)).size).toBe(7);
    expect(new Set(indexes.map(seriesClass)).size).toBe(7);
  });

  it("walks a grid by the arrows and stays in it", () => {
    expect(stepInGrid("ArrowRight", [0, 0], [2, 3])).toEqual([0, 1]);
    expect(stepInGrid("ArrowUp", [0, 1], [2, 3])).toEqual([0, 1]);
    expect(stepInGrid("ArrowDown", [1, 1], [2, 3])).toEqual([1, 1]);
    expect(stepInGrid("End", [1, 0], [2, 3])).toEqual([1, 2]);
    expect(stepInGrid("a", [1, 0], [2, 3])).toBeNull();
  });

  it("writes ticks without a minus before zero", () => {
    expect(tickWord(0.6000000000000001, "share")).toBe("60 %");
    expect(tickWord(-0.2, "points")).toBe("−20");
    expect(tickWord(-0.0000001, "points")).toBe("0");
    expect(tickWord(0.25, "score")).toBe("0.25");
  });

  it("cuts long names to the width and says so", () => {
    expect(fitted("short", 200)).toBe("short");
    const cut = fitted("Pulmonary Langerhans cell histiocytosis", 90);
    expect(cut.endsWith("…")).toBe(true);
    expect(textWidth(cut)).toBeLessThanOrEqual(90);
  });

  it("makes file names of plots' names", () => {
    expect(fileName("Readers, accuracy with 95 % interval")).toBe("readers-accuracy-with-95-interval");
    expect(fileName("§")).toBe("plot");
  });
});
