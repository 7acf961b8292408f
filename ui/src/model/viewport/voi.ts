// Windows: which ones there are, dragging them, and the words for them. Formulas live in the shader alone.
import type { DisplaySet } from "../../backend/generated/DisplaySet";
import type { FrameInfo } from "../../backend/generated/FrameInfo";
import type { Preset } from "../../backend/generated/Preset";
import type { VoiChoice } from "../../backend/generated/VoiChoice";
import type { WindowInfo } from "../../backend/generated/WindowInfo";

export function isWindow(voi: VoiChoice | null): voi is { kind: "window" } & WindowInfo {
  return voi?.kind === "window";
}

export function windowChoice(window: WindowInfo): VoiChoice {
  return { kind: "window", ...window };
}

/** What a frame is shown by when nobody chose: the file's default, else the automatic window. */
export function initialVoi(set: DisplaySet, frame: FrameInfo): VoiChoice | null {
  if (frame.colour) return null;
  const own = frame.default_window === null ? undefined : frame.windows[frame.default_window];
  if (own !== undefined) return own;
  return set.auto_window === null ? null : windowChoice(set.auto_window);
}

/** Beyond this no sample lies, and single precision still tells neighbours apart well enough to draw. */
const LARGEST = 1e9;

/** Smallest width that the function still has a meaning for (PS3.3 C.11.2.1.2: LINEAR at least 1). */
export function smallestWidth(window: WindowInfo): number {
  return window.function === "LINEAR" ? 1 : 1e-6;
}

/**
 * A window after a drag of (dx, dy) CSS px from where `start` was taken: right is wider, up is brighter unless the
 * preference turns it round. The gain is relative to the width at the start, so that 80 HU and 30000 counts feel alike.
 */
export function draggedWindow(start: WindowInfo, dx: number, dy: number, upBrightens: boolean): WindowInfo {
  const from = Math.max(start.width, smallestWidth(start));
  const step = from / 256;
  // The width grows geometrically: dragging back and forth ends where it began, and it never reaches nought.
  const grown = Math.min(LARGEST, from * Math.exp(dx / 256));
  const width = Math.max(smallestWidth(start), tidy(grown, grown / 256));
  const moved = start.center + dy * step * (upBrightens ? 1 : -1);
  const center = Math.min(LARGEST, Math.max(-LARGEST, tidy(moved, step)));
  return { ...start, width, center, explanation: "" };
}

/** Rounds to a step a reader can read: a power of ten at or below the drag's own step. */
function tidy(value: number, step: number): number {
  if (!(step > 0)) return value;
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step))));
  return Number(value.toFixed(digits));
}

/** A preset as a window. */
export function presetWindow(preset: Preset): WindowInfo {
  return { center: preset.center, width: preset.width, function: "LINEAR", explanation: preset.name };
}

/** The explanation of a choice, or how it is numbered among the file's. */
export function choiceName(choice: VoiChoice, index: number): string {
  if (choice.explanation !== "") return choice.explanation;
  return choice.kind === "lut" ? `File table ${index + 1}` : `File window ${index + 1}`;
}

/** The next of the file's own choices after `voi`. */
export function nextFileChoice(frame: FrameInfo, voi: VoiChoice | null): VoiChoice | null {
  if (frame.windows.length === 0) return null;
  const at = frame.windows.findIndex((choice) => sameChoice(choice, voi));
  return frame.windows[(at + 1) % frame.windows.length] ?? null;
}

export function sameChoice(a: VoiChoice | null, b: VoiChoice | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind === "lut" || b.kind === "lut")
    return a.kind === "lut" && b.kind === "lut" && a.lut.id === b.lut.id;
  return a.center === b.center && a.width === b.width && a.function === b.function;
}

/** `W 400  L 40  Soft tissue`, the corner's line. */
export function voiLine(voi: VoiChoice | null): string {
  if (voi === null) return "";
  if (voi.kind === "lut") return voi.explanation === "" ? "Table of the file" : `Table: ${voi.explanation}`;
  const parts = [`W ${number(voi.width)}`, `L ${number(voi.center)}`];
  if (voi.function !== "LINEAR") parts.push(voi.function === "SIGMOID" ? "sigmoid" : "linear exact");
  if (voi.explanation !== "") parts.push(voi.explanation);
  return parts.join("  ");
}

/** At most four significant places after the point, a true minus. */
export function number(value: number): string {
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
  return text.replace("-", "−");
}
