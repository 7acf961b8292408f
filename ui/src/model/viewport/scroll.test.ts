import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampFrame, prefetchOrder, ScrollAccumulator } from "./scroll";

describe("wheel", () => {
  it("makes one slice of a notch, whatever a system calls a notch", () => {
    const wheel = new ScrollAccumulator();
    expect([
      wheel.add(120, 0, 1000),
      wheel.add(93, 0, 1010),
      wheel.add(-100, 0, 1020),
      wheel.add(3, 1, 1030),
    ]).toEqual([1, 1, -1, 1]);
  });

  it("adds up the small deltas of a trackpad", () => {
    const wheel = new ScrollAccumulator();
    let slices = 0;
    for (let i = 0; i < 48; i += 1) slices += wheel.add(4, 0, 1000 + i * 8);
    expect(slices).toBe(4);
  });

  it("forgets the rest after a pause or a turn", () => {
    const wheel = new ScrollAccumulator();
    wheel.add(40, 0, 1000);
    expect(wheel.add(20, 0, 2000)).toBe(0);
    wheel.add(40, 0, 2010);
    expect(wheel.add(-20, 0, 2020)).toBe(0);
  });
});

describe("frames around the shown one", () => {
  it("come nearest first, more of them ahead", () => {
    expect(prefetchOrder(10, 40, 1, 4)).toEqual([10, 11, 9, 12, 8, 13, 14]);
    expect(prefetchOrder(10, 40, -1, 4)).toEqual([10, 9, 11, 8, 12, 7, 6]);
  });

  it("stay within the series, each once", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.nat(),
        fc.nat({ max: 300 }),
        fc.constantFrom(-1, 1),
        (count, at, reach, direction) => {
          const frame = at % count;
          const order = prefetchOrder(frame, count, direction, reach);
          expect(order[0]).toBe(frame);
          expect(new Set(order).size).toBe(order.length);
          expect(order.every((index) => index >= 0 && index < count)).toBe(true);
        },
      ),
    );
  });

  it("are clamped", () => {
    expect([clampFrame(-3, 10), clampFrame(99, 10), clampFrame(4.6, 10), clampFrame(Number.NaN, 10)]).toEqual(
      [0, 9, 5, 0],
    );
  });
});
