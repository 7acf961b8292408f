import { describe, expect, it } from "vitest";
import { scaleLinear } from "./scale";

describe("a linear scale", () => {
  it("maps the ends of its domain to the ends of its range, and goes on beyond them", () => {
    const y = scaleLinear([0, 0.5], [100, 20]);
    expect([y(0), y(0.25), y(0.5), y(0.75)]).toEqual([100, 60, 20, -20]);
  });
  it("puts a domain without extent in the middle", () => {
    expect(scaleLinear([3, 3], [0, 10])(3)).toBe(5);
  });
  it("has round ticks within the domain", () => {
    expect(scaleLinear([0, 1], [0, 9]).ticks(4)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(scaleLinear([-0.31, 0.28], [0, 9]).ticks(3)).toEqual([-0.2, 0, 0.2]);
  });
});
