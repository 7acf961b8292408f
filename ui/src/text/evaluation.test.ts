import { describe, expect, it } from "vitest";
import { facetName, invalidKind } from "./evaluation";
import { figureInterval, figureText, figureValue, pValue, shareDigits } from "./format";

const figure = (
  unit: Parameters<typeof figureText>[0]["unit"],
  value: number | null,
  low: number | null = null,
  high: number | null = null,
) => ({
  unit,
  value,
  low,
  high,
});

describe("figures in words", () => {
  it("prints shares with one decimal and their interval", () => {
    expect(figureText(figure("share", 0.849, 0.791, 0.896))).toBe("84.9 % (79.1–89.6)");
    expect(figureText(figure("share", 0, 0, 0.012))).toBe("0.0 % (0.0–1.2)");
  });

  it("never prints none or all for what is neither", () => {
    expect(shareDigits(0.0002)).toBe("<0.1");
    expect(shareDigits(0.9998)).toBe(">99.9");
    expect(shareDigits(0)).toBe("0.0");
    expect(shareDigits(1)).toBe("100.0");
  });

  it("prints scores with three figures", () => {
    expect(figureText(figure("score", 0.83, 0.78, 0.876))).toBe("0.830 (0.780–0.876)");
  });

  it("prints what is not defined as that, without its interval, never as 0", () => {
    expect(figureText(figure("score", null, 0, 0))).toBe("not defined");
    expect(figureValue(figure("share", Number.NaN))).toBe("not defined");
    expect(pValue(null)).toBe("not defined");
  });

  it("gives differences their sign, a true minus, and no dash beside a minus", () => {
    expect(figureText(figure("points", 0.16, 0.098, 0.221))).toBe("+16.0 points (9.8–22.1)");
    expect(figureText(figure("points", -0.051, -0.123, 0.021))).toBe("−5.1 points (−12.3 to +2.1)");
    expect(figureText(figure("difference", -0.0001, null, null))).toBe("0.000");
    expect(figureInterval(figure("points", 0.1, null, null))).toBe("");
  });

  it("prints p as papers do", () => {
    expect(pValue(0.0004)).toBe("< 0.001");
    expect(pValue(0.031)).toBe("0.031");
    expect(pValue(1)).toBe("> 0.999");
    expect(pValue(0.999)).toBe("0.999");
  });

  it("names facets and kinds", () => {
    expect(facetName("label")).toBe("Truth");
    expect(facetName("group:sex")).toBe("Sex");
    expect(invalidKind("out-of-set")).toBe("out of set");
  });
});
