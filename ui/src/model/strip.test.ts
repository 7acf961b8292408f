import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barAt, extentOf, frameOf, stripBars } from "./strip";

const group = (slices: number[], change: number) => ({ slices, change });

describe("the strip of slices", () => {
  it("shows the largest change in full and keeps the sign", () => {
    const bars = stripBars({ groups: [group([4, 5, 6], 0.4), group([1, 2, 3], -0.8)] });
    expect(bars.map(({ first, last, share }) => [first, last, share])).toEqual([
      [0, 2, -1],
      [3, 5, 0.5],
    ]);
  });

  it("makes no bar of what is as good as nothing, of empty groups, or of no number", () => {
    const bars = stripBars({
      groups: [group([1], 0.02), group([2], -0.01), group([], 3), group([3], Number.NaN)],
    });
    expect(bars.map(({ share }) => share)).toEqual([0, 0]);
  });

  it("finds the bar of a slice, and the nearest one where a slice was not read", () => {
    const bars = stripBars({ groups: [group([1, 2], 1), group([11, 12], 1)] });
    expect(barAt(bars, 1)).toBe(0);
    expect(barAt(bars, 3)).toBe(0);
    expect(barAt(bars, 9)).toBe(1);
    expect(barAt([], 0)).toBe(-1);
  });

  it("goes to the middle slice of a group", () => {
    const [bar] = stripBars({ groups: [group([7, 9, 11], 1)] });
    expect(bar === undefined ? -1 : frameOf(bar)).toBe(8);
  });

  it("lies within the track whatever was read, in order and without overlap of neighbours", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 9 }), (count, size) => {
        const slices = Array.from({ length: count }, (_, i) => i + 1);
        const groups = Array.from({ length: Math.ceil(count / size) }, (_, i) =>
          group(slices.slice(i * size, (i + 1) * size), i % 2 === 0 ? 1 : -1),
        );
        const extents = stripBars({ groups }).map((bar) => extentOf(bar, count));
        let before = 0;
        for (const { top, bottom } of extents) {
          expect(top).toBeGreaterThanOrEqual(before - 1e-9);
          expect(bottom).toBeGreaterThan(top);
          expect(bottom).toBeLessThanOrEqual(1);
          before = bottom;
        }
      }),
    );
  });
});
