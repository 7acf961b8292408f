// What a pressed pointer does, from press to release. Pure: CSS px and modifiers in, changes of the viewport out.
import type { WindowInfo } from "../../backend/generated/WindowInfo";
import { apply, invert, type Point, screenFromImage } from "./geometry";
import { isMarkKind } from "./marks.svelte";
import type { ViewportModel } from "./viewport.svelte";
import { draggedWindow, isWindow, windowChoice } from "./voi";

export interface PointerFacts {
  /** CSS px in the viewport. */
  readonly at: Point;
  readonly ctrl: boolean;
  readonly shift: boolean;
}

export interface Gesture {
  readonly kind: "window" | "pan" | "zoom" | "mark" | "handle";
  move(pointer: PointerFacts): void;
  /** `moved` is false for a click. */
  end(moved: boolean): void;
  cancel(): void;
}

/** Further than this a press is a drag, CSS px. */
export const CLICK_TRAVEL = 4;

const NOTHING = () => undefined;

/** The image point under a screen point, or `null` with nothing shown. */
export function imagePoint(viewport: ViewportModel, at: Point): Point | null {
  const { shape, presentation, size } = viewport;
  return shape === null ? null : apply(invert(screenFromImage(presentation, shape.aspect, size)), at);
}

/** The gesture that a press begins: the tool for the left button, pan for the middle, zoom for the right one. */
export function beginGesture(
  viewport: ViewportModel,
  button: number,
  pointer: PointerFacts,
  upBrightens: boolean,
): Gesture | null {
  if (viewport.displaySet === null) return null;
  if (button === 1) return panGesture(viewport, pointer);
  if (button === 2) return zoomGesture(viewport, pointer);
  if (button !== 0) return null;
  const { tool } = viewport;
  if (isMarkKind(tool)) return markGesture(viewport, pointer);
  if (tool === "pan") return panGesture(viewport, pointer);
  if (tool === "zoom") return zoomGesture(viewport, pointer);
  return windowGesture(viewport, pointer, upBrightens);
}

function panGesture(viewport: ViewportModel, start: PointerFacts): Gesture {
  const [before, wasFitted] = [viewport.presentation, viewport.fitted];
  let last = start.at;
  return {
    kind: "pan",
    move: ({ at }) => {
      viewport.panBy([at[0] - last[0], at[1] - last[1]]);
      last = at;
    },
    end: NOTHING,
    cancel: () => {
      viewport.presentation = before;
      viewport.fitted = wasFitted;
    },
  };
}

function zoomGesture(viewport: ViewportModel, start: PointerFacts): Gesture {
  const [before, wasFitted] = [viewport.presentation, viewport.fitted];
  let last = start.at[1];
  return {
    kind: "zoom",
    move: ({ at }) => {
      if (at[1] === last) return;
      viewport.zoomBy(Math.exp((last - at[1]) / 160), start.at);
      last = at[1];
    },
    end: NOTHING,
    cancel: () => {
      viewport.presentation = before;
      viewport.fitted = wasFitted;
    },
  };
}

/** Where a drag starts from: the shown window, or the automatic one when a table is shown. */
function startWindow(viewport: ViewportModel): WindowInfo | null {
  const { voi } = viewport;
  if (isWindow(voi)) return voi;
  return viewport.displaySet?.auto_window ?? null;
}

/** Ctrl is four times as fast, Ctrl and Shift sixteen times. */
function speed({ ctrl, shift }: PointerFacts): number {
  if (!ctrl) return 1;
  return shift ? 16 : 4;
}

function windowGesture(viewport: ViewportModel, start: PointerFacts, upBrightens: boolean): Gesture | null {
  const from = startWindow(viewport);
  if (from === null || viewport.frameInfo?.colour !== false) return null;
  const before = viewport.voi;
  let last = start.at;
  // Travel is added up with the speed of the moment, so that pressing Ctrl half way does not jump.
  let [dx, dy] = [0, 0];
  return {
    kind: "window",
    move: (pointer) => {
      const gain = speed(pointer);
      dx += (pointer.at[0] - last[0]) * gain;
      dy += (pointer.at[1] - last[1]) * gain;
      last = pointer.at;
      if (dx !== 0 || dy !== 0) viewport.setVoi(windowChoice(draggedWindow(from, dx, dy, upBrightens)));
    },
    end: NOTHING,
    cancel: () => viewport.setVoi(before),
  };
}

function markGesture(viewport: ViewportModel, start: PointerFacts): Gesture | null {
  const { tool, marking } = viewport;
  const point = imagePoint(viewport, start.at);
  if (point === null || !isMarkKind(tool)) return null;
  // A press beside the text being written keeps it.
  if (marking.drawing?.state === "writing") return null;
  if (tool === "text") {
    // Begun at the release: the press itself still moves the focus about.
    return { kind: "mark", move: NOTHING, end: () => marking.begin("text", point), cancel: NOTHING };
  }
  marking.begin(tool, point);
  return {
    kind: "mark",
    move: ({ at }) => {
      const to = imagePoint(viewport, at);
      if (to !== null) marking.drag(to);
    },
    end: () => {
      if (marking.drawing?.state === "drawing") void marking.finish();
    },
    cancel: () => void marking.cancel(),
  };
}

/** Moves point `index` of a kept mark; `show` draws it on the way. */
export function handleGesture(
  viewport: ViewportModel,
  id: string,
  index: number,
  show: (points: readonly Point[] | null) => void,
): Gesture | null {
  const mark = viewport.marks.find((other) => other.id === id);
  if (mark === undefined) return null;
  let points: readonly Point[] = mark.points;
  return {
    kind: "handle",
    move: ({ at }) => {
      const to = imagePoint(viewport, at);
      if (to === null) return;
      points = points.map((point, i) => (i === index ? to : point));
      show(points);
    },
    end: (moved) => {
      if (!moved) {
        show(null);
        return;
      }
      void viewport.marking.move(id, points).finally(() => show(null));
    },
    cancel: () => show(null),
  };
}
