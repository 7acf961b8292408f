import { describe, expect, it } from "vitest";
import { memoryBackend } from "../backend/memory/memory";
import { bytesFromBase64, checkDevice, largestDifference } from "./probe";

describe("the device probe", () => {
  it("finds the largest difference, and calls another size the largest of all", () => {
    expect(largestDifference(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 4, 2))).toBe(2);
    expect(largestDifference(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(255);
    expect([...bytesFromBase64("AQL/")]).toEqual([1, 2, 255]);
  });

  it("tells the desk that there is no device", async () => {
    const reports: unknown[] = [];
    const desk = memoryBackend({ pace: 0 });
    const state = await checkDevice(
      {
        ...desk,
        call: (operation, args) => {
          if (operation === "report_device") reports.push(args);
          return desk.call(operation, args);
        },
      },
      null,
    );
    expect(state.kind).toBe("absent");
    expect(reports).toEqual([{ renderer: "none", max_difference: null, cases: 0 }]);
  });
});
