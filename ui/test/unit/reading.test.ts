import { expect, test } from "vitest";
import { commands, keyName } from "../../src/model/commands";
import { frameHeader, parseFrame } from "../../src/model/frames";
import { sliceSpec } from "../../src/model/reading.svelte";
import type { Session } from "../../src/model/session.svelte";
import { apply, invert, screenFromImage, turnedLetters } from "../../src/model/viewport/geometry";
import { ScrollAccumulator } from "../../src/model/viewport/scroll";
import { draggedWindow } from "../../src/model/viewport/voi";

test("slices are named from 1, marked ones in order", () => {
  expect(sliceSpec("this", 4, new Set(), "")).toBe("5");
  expect(sliceSpec("marked", 0, new Set([9, 2]), "")).toBe("3,10");
  expect(sliceSpec("marked", 0, new Set(), "")).toBe("");
  expect(sliceSpec("range", 0, new Set(), " 10-40/3 ")).toBe("10-40/3");
});

test("image and screen points are each other's inverse under every turn", () => {
  for (const rotation of [0, 90, 180, 270]) {
    for (const flipped of [false, true]) {
      const view = { zoom: 1.7, center: [30, 12] as const, rotation, flipped, inverted: false };
      const there = screenFromImage(view, 1.3, { width: 500, height: 300 });
      const [x, y] = apply(invert(there), apply(there, [3.25, 8.5]));
      expect(x).toBeCloseTo(3.25, 9);
      expect(y).toBeCloseTo(8.5, 9);
    }
  }
});

test("letters turn with the picture: the patient's right stays where it is seen", () => {
  expect(turnedLetters(["R", "L", "A", "P"], { rotation: 90, flipped: false })).toEqual(["P", "A", "R", "L"]);
  expect(turnedLetters(["R", "L", "A", "P"], { rotation: 0, flipped: true })).toEqual(["L", "R", "A", "P"]);
});

test("dragging right widens, up brightens by lowering the centre", () => {
  const start = { center: 40, width: 400, function: "LINEAR" as const, explanation: "" };
  const gain = { fast: false, upBrightens: true };
  expect(draggedWindow(start, 100, 0, gain).width).toBeGreaterThan(400);
  expect(draggedWindow(start, 0, -50, gain).center).toBeLessThan(40);
  expect(draggedWindow({ ...start, width: 1 }, -500, 0, gain).width).toBe(1);
});

test("a notch is one slice whatever its amount, a trackpad adds up", () => {
  const wheel = new ScrollAccumulator();
  expect(wheel.add(120, 0, 0)).toBe(1);
  expect(wheel.add(-93, 0, 10)).toBe(-1);
  const pad = new ScrollAccumulator();
  expect([10, 10, 10, 10, 10].map((d, i) => pad.add(d, 0, i * 10)).reduce((a, b) => a + b)).toBe(1);
});

test("a frame that is shorter than it says is refused", () => {
  const whole = new Uint8Array(32 + 8);
  whole.set(frameHeader("u16", 2, 2));
  expect(parseFrame(whole.buffer).columns).toBe(2);
  expect(() => parseFrame(whole.slice(0, 36).buffer)).toThrow(/bytes/);
  expect(() => parseFrame(new ArrayBuffer(4))).toThrow(/header/);
});

test("no key is given twice", () => {
  const session = {
    app: { presets: [{ name: "lung", key: "2", width: 1, center: 1 }] },
  } as unknown as Session;
  const keys = commands(session).flatMap((command) => command.keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test("keys are named as commands write them", () => {
  const press = (key: string, more: object = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    code: "",
    ...more,
  });
  expect(keyName(press("f"))).toBe("f");
  expect(keyName(press("F", { shiftKey: true }))).toBe("Shift+F");
  expect(keyName(press("z", { ctrlKey: true }))).toBe("Ctrl+z");
  expect(keyName(press("ArrowDown", { shiftKey: true }))).toBe("Shift+ArrowDown");
  expect(keyName(press("#", { shiftKey: true, code: "Digit3" }))).toBe("Shift+3");
});
