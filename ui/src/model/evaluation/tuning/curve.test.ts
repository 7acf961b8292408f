import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Figure } from "../../../backend/generated/Figure";
import type { TuneJudged } from "../../../backend/generated/TuneJudged";
import type { TuneStep } from "../../../backend/generated/TuneStep";
import {
  baseOf,
  bestOf,
  Curve,
  DRAWN,
  lossRange,
  MARKED,
  marked,
  runningMean,
  thinned,
  turned,
} from "./curve";

const step = (number: number, loss = 1 / number): TuneStep => ({
  step: number,
  loss,
  right: 0.5,
  norm: 1,
  rate: 1e-4,
});
const judged = (number: number, best = false): TuneJudged => ({ step: number, loss: 1, figures: [], best });

describe("a curve", () => {
  it("keeps thousands of steps in order", () => {
    const curve = new Curve();
    for (let i = 1; i <= 5000; i += 1) curve.add(step(i));
    expect(curve.length).toBe(5000);
    expect(curve.steps[4999]).toBe(5000);
    expect(curve.losses[9]).toBe(0.1);
    expect(curve.last?.step).toBe(5000);
  });

  it("goes on from where a run is taken up, whatever stood behind it", () => {
    const curve = new Curve();
    curve.judge(judged(0));
    for (let i = 1; i <= 30; i += 1) curve.add(step(i));
    curve.judge(judged(10, true));
    curve.judge(judged(30, true));
    curve.add(step(26, 7));
    expect([...curve.steps].slice(-2)).toEqual([25, 26]);
    expect(curve.losses[25]).toBe(7);
    expect(curve.judged.map((one) => one.step)).toEqual([0, 10]);
  });

  it("takes what an earlier start did in place of its own, and keeps the base model’s judgement", () => {
    const curve = new Curve();
    curve.judge(judged(0));
    curve.add(step(1));
    curve.resume([step(1), step(2), step(3)], [judged(2, true)]);
    expect([...curve.steps]).toEqual([1, 2, 3]);
    expect(curve.judged.map((one) => one.step)).toEqual([0, 2]);
  });

  it("has one best state, never the base model", () => {
    const curve = new Curve();
    curve.judge(judged(0, true));
    expect(bestOf(curve.judged)).toBeNull();
    for (const at of [5, 10, 15]) curve.judge(judged(at, at < 15));
    expect(bestOf(curve.judged)?.step).toBe(10);
    expect(curve.judged.filter(({ best }) => best)).toHaveLength(1);
    expect(baseOf(curve.judged)?.step).toBe(0);
  });
});

describe("what is drawn of it", () => {
  it("is thinned to few points that keep both ends, the lowest and the highest", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 6000 }),
        fc.integer({ min: 10, max: 500 }),
        (values, most) => {
          const points = thinned(
            values.map((_, i) => i),
            values,
            most,
          );
          const drawn = points.map(([, y]) => y);
          expect(points.length).toBeLessThanOrEqual(Math.max(most, 4));
          expect(points[0]).toEqual([0, values[0]]);
          expect(points[points.length - 1]).toEqual([values.length - 1, values[values.length - 1]]);
          expect(Math.max(...drawn)).toBe(Math.max(...values));
          expect(Math.min(...drawn)).toBe(Math.min(...values));
          expect(points.every(([x], i) => i === 0 || x > (points[i - 1]?.[0] ?? 0))).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("leaves out losses that are no numbers", () => {
    expect(thinned([1, 2, 3], [1, Number.NaN, 2])).toEqual([
      [1, 1],
      [3, 2],
    ]);
    const many = new Float64Array(3 * DRAWN).fill(Number.NaN);
    expect(thinned(many, many)).toEqual([]);
  });

  it("has a running mean of the values so far", () => {
    expect([...runningMean([4, 2, 6, 0], 2)]).toEqual([4, 3, 4, 3]);
    expect([...runningMean([1, Number.NaN, 3], 3)]).toEqual([1, 1, 2]);
  });

  it("marks few judgements, the first, the last and the best among them", () => {
    const all = Array.from({ length: 333 }, (_, i) => judged(i, i === 100));
    const some = marked(all).map((one) => one.step);
    expect(some.length).toBeLessThanOrEqual(MARKED + 1);
    expect(some).toContain(100);
    expect([some[0], some[some.length - 1]]).toEqual([0, 332]);
    expect(marked(all.slice(0, MARKED))).toHaveLength(MARKED);
  });

  it("begins its axis at 0 unless all losses lie far above", () => {
    expect(lossRange([[1, 2]], [[1, 0.5]])[0]).toBe(0);
    expect(lossRange([[1, 2]], [[1, 1.9]])[0]).toBeCloseTo(1.805);
    expect(lossRange([])).toEqual([0, 1]);
  });

  it("turns a difference the other way round with its interval", () => {
    const figure: Figure = {
      key: "accuracy",
      name: "Accuracy",
      unit: "points",
      value: -0.2,
      low: -0.3,
      high: 0.05,
      interval: "Newcombe",
      beside: [{ method: "bootstrap", low: -0.31, high: 0.06 }],
      n: 60,
      note: "",
    };
    expect(turned(figure)).toMatchObject({ value: 0.2, low: -0.05, high: 0.3 });
    expect(turned(figure).beside).toEqual([{ method: "bootstrap", low: -0.06, high: 0.31 }]);
    expect(turned({ ...figure, value: 0, low: null, high: null })).toMatchObject({ value: 0, low: null });
  });
});
