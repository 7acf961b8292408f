import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WindowInfo } from "../../backend/generated/WindowInfo";
import { makeCatalogue } from "../../backend/memory/catalogue";
import { draggedWindow, initialVoi, nextFileChoice, number, voiLine, windowChoice } from "./voi";

const abdomen: WindowInfo = { center: 40, width: 400, function: "LINEAR", explanation: "Abdomen" };

describe("dragging a window", () => {
  it("widens to the right and brightens upwards", () => {
    expect(draggedWindow(abdomen, 60, 0, true).width).toBeGreaterThan(400);
    expect(draggedWindow(abdomen, 0, -60, true).center).toBeLessThan(40);
    expect(draggedWindow(abdomen, 0, -60, false).center).toBeGreaterThan(40);
  });

  it("feels alike at every scale", () => {
    const wide = draggedWindow({ ...abdomen, width: 40000, center: 4000 }, 30, -30, true);
    const narrow = draggedWindow(abdomen, 30, -30, true);
    expect(wide.width / 40000).toBeCloseTo(narrow.width / 400, 2);
    expect((wide.center - 4000) / 40000).toBeCloseTo((narrow.center - 40) / 400, 2);
  });

  it("never makes a width that the function has no meaning for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5000, max: 5000 }),
        fc.constantFrom("LINEAR", "SIGMOID", "LINEAR_EXACT"),
        (dx, f) => {
          const { width } = draggedWindow({ ...abdomen, function: f }, dx, 0, true);
          expect(width).toBeGreaterThanOrEqual(f === "LINEAR" ? 1 : 1e-6);
          expect(Number.isFinite(width)).toBe(true);
        },
      ),
    );
  });

  it("drops the name, which it has no more, and keeps the function", () => {
    const dragged = draggedWindow({ ...abdomen, function: "SIGMOID" }, 5, 5, true);
    expect(dragged.explanation).toBe("");
    expect(dragged.function).toBe("SIGMOID");
  });

  it("shows whole numbers for wide windows and fractions for narrow ones", () => {
    expect(Number.isInteger(draggedWindow({ ...abdomen, width: 4000 }, 13, 17, true).width)).toBe(true);
    expect(draggedWindow({ ...abdomen, width: 5, center: 2.5 }, 13, 17, true).center).toBeCloseTo(2.83, 1);
  });
});

describe("choosing a window", () => {
  const { sets } = makeCatalogue();
  const ct = sets.get("ct-abdomen")?.set;
  const us = sets.get("us-duplex")?.set;

  it("begins with the file's default, and with none for colour", () => {
    if (ct?.frames[0] === undefined || us?.frames[0] === undefined) throw new Error("made sets are missing");
    expect(initialVoi(ct, ct.frames[0])).toBe(ct.frames[0].windows[0]);
    expect(initialVoi(ct, { ...ct.frames[0], default_window: null })).toEqual({
      kind: "window",
      ...ct.auto_window,
    });
    expect(initialVoi(us, us.frames[0])).toBeNull();
  });

  it("goes round the file's own windows", () => {
    const frame = ct?.frames[0];
    if (frame === undefined) throw new Error("made sets are missing");
    const names: string[] = [];
    let voi = frame.windows[0] ?? null;
    for (let i = 0; i < 4; i += 1) {
      voi = nextFileChoice(frame, voi);
      names.push(voi?.explanation ?? "");
    }
    expect(names).toEqual(["Liver", "Bone", "Abdomen", "Liver"]);
    expect(nextFileChoice(frame, windowChoice(abdomen))?.explanation).toBe("Abdomen");
  });

  it("says what is shown", () => {
    expect(voiLine(windowChoice(abdomen))).toBe("W 400  L 40  Abdomen");
    expect(voiLine(windowChoice({ ...abdomen, center: -600, explanation: "", function: "SIGMOID" }))).toBe(
      "W 400  L −600  sigmoid",
    );
    expect(
      voiLine({
        kind: "lut",
        lut: { id: "x", first_mapped: 0, bits: 8, length: 256 },
        explanation: "Normal",
      }),
    ).toBe("Table: Normal");
    expect(number(0.123456)).toBe("0.12346");
  });
});
