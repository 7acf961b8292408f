// One viewport: what it shows and how. No DOM here; the view draws what these fields say.
import { DeskError } from "../../backend/backend";
import type { DisplaySet } from "../../backend/generated/DisplaySet";
import type { FrameInfo } from "../../backend/generated/FrameInfo";
import type { Mark } from "../../backend/generated/Mark";
import type { MarkKind } from "../../backend/generated/MarkKind";
import type { PresentedFrame } from "../../backend/generated/PresentedFrame";
import type { PresentedSet } from "../../backend/generated/PresentedSet";
import type { ProbeAnswer } from "../../backend/generated/ProbeAnswer";
import type { ViewState } from "../../backend/generated/ViewState";
import type { VoiChoice } from "../../backend/generated/VoiChoice";
import { bytesOf, prefetchReach } from "../frames";
import { Latest } from "../latest";
import type { Session } from "../session.svelte";
import { Cine } from "./cine.svelte";
import {
  clampZoom,
  fitZoom,
  flipHorizontally,
  flipVertically,
  type ImageShape,
  imageMiddle,
  isInside,
  type Point,
  type Presentation,
  pan,
  quarterTurn,
  rotate,
  type Size,
  zoomAt,
} from "./geometry";
import { MarkDesk } from "./marks.svelte";
import { clampFrame, prefetchOrder } from "./scroll";
import { initialVoi, sameChoice } from "./voi";

/** What the left button does. Mark tools disarm after one mark. */
export type Tool = "window" | "pan" | "zoom" | MarkKind;

/** Of the display set; a slice on its way is `waiting`. */
export type LoadState =
  | { readonly kind: "empty" }
  | { readonly kind: "loading"; readonly displaySet: string }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly displaySet: string; readonly error: DeskError };

export interface Probed {
  readonly point: Point;
  readonly answer: ProbeAnswer;
}

const NO_PRESENTATION: Presentation = {
  zoom: 1,
  center: [0, 0],
  rotation: 0,
  flipped: false,
  inverted: false,
};

export class ViewportModel {
  readonly id: number;
  readonly #session: Session;
  displaySet = $state.raw<DisplaySet | null>(null);
  /** From 0. */
  frame = $state(0);
  voi = $state.raw<VoiChoice | null>(null);
  presentation = $state.raw<Presentation>(NO_PRESENTATION);
  /** CSS px, told by the view. */
  size = $state.raw<Size>({ width: 0, height: 0 });
  tool = $state<Tool>("window");
  loadState = $state.raw<LoadState>({ kind: "empty" });
  /** True while the picture follows the size of the viewport. */
  fitted = $state(true);
  /** Why the shown slice cannot be drawn. */
  frameError = $state.raw<DeskError | null>(null);
  /** True while the shown slice is on its way. */
  waiting = $state(false);
  probed = $state.raw<Probed | null>(null);
  /** The presentation state that is applied; `null` shows the images as stored. */
  presented = $state.raw<PresentedSet | null>(null);
  /** True while all overlay planes of the file are drawn. */
  planes = $state(false);
  /** Counts up when new pixels or tables arrived: the view draws again. */
  arrived = $state(0);
  readonly marking: MarkDesk;
  readonly cine: Cine = new Cine(this);
  #direction = 1;
  readonly #probe: Latest<Point, ProbeAnswer>;

  constructor(id: number, session: Session) {
    this.id = id;
    this.#session = session;
    this.marking = new MarkDesk(session.backend, this, (message) => session.status(message), {
      changed: (displaySet, marks) => session.marksChanged(displaySet, marks),
    });
    this.#probe = new Latest(
      (point) =>
        session.backend.call("probe", {
          display_set: this.displaySet?.id ?? "",
          frame: this.frame,
          column: point[0],
          row: point[1],
        }),
      (point, answer) => {
        this.probed = { point, answer };
      },
      () => {
        this.probed = null;
      },
    );
  }

  /** Marks of the display set, all frames, as kept. */
  get marks(): readonly Mark[] {
    return this.marking.marks;
  }

  /** What the applied state says of the shown slice. */
  get presentedFrame(): PresentedFrame | null {
    return this.presented?.frames.find(({ index }) => index === this.frame) ?? null;
  }

  /** The shown slice, by the applied state's transforms where it has any. */
  get frameInfo(): FrameInfo | null {
    const info = this.displaySet?.frames[this.frame] ?? null;
    const state = this.presentedFrame;
    if (info === null || state === null) return info;
    const { slope, intercept, modality_lut, inverted, aspect } = state;
    const shown = { ...info, slope, intercept, modality_lut, inverted, aspect };
    // A table that joins a presentation LUT may take other values than a window does.
    if (state.inputs === null || this.voi?.kind !== "lut" || !sameChoice(state.voi, this.voi)) return shown;
    return { ...shown, slope: state.inputs[0], intercept: state.inputs[1], modality_lut: null };
  }

  /** The window without an applied state: what a model is given and a review keeps. */
  get plainVoi(): VoiChoice | null {
    const info = this.displaySet?.frames[this.frame];
    if (this.presentedFrame === null || this.displaySet === null || info === undefined) return this.voi;
    return initialVoi(this.displaySet, info);
  }

  /** Where the shutter and the overlays of the shown slice lie; `null` when there are none to draw. */
  get veilAddress(): string | null {
    const set = this.displaySet;
    const info = this.frameInfo;
    if (set === null || info === null || info.problem !== "") return null;
    const state = this.presentedFrame;
    const planes = this.planes && info.overlays.length > 0;
    if (!planes && !(info.coloured || (state === null ? info.shutter : state.veiled))) return null;
    const id = state === null ? "none" : (this.presented?.id ?? "none");
    return `veil/${set.id}/${this.frame}/${planes ? 1 : 0}/${id}`;
  }

  get shape(): ImageShape | null {
    const info = this.frameInfo;
    return info === null ? null : { rows: info.rows, columns: info.columns, aspect: info.aspect };
  }

  /** Device-independent zoom at which the whole picture is seen. */
  get fittingZoom(): number {
    if (this.shape === null) return 1;
    const state = this.presentedFrame;
    if (state === null) return fitZoom(this.shape, this.presentation.rotation, this.size);
    if (state.zoom !== null) return clampZoom(state.zoom);
    const [left, top, right, bottom] = state.area;
    const area = { rows: bottom - top, columns: right - left, aspect: state.aspect };
    return fitZoom(area, this.presentation.rotation, this.size);
  }

  /** Loads a display set; a later call overtakes an earlier one. */
  async open(displaySet: string, view?: ViewState): Promise<void> {
    this.loadState = { kind: "loading", displaySet };
    this.#forgetPointer();
    try {
      const set = await this.#session.backend.call("display_set", { display_set: displaySet });
      if (!this.#isOpening(displaySet)) return;
      this.#show(set);
      if (view !== undefined) this.restore(view);
      await this.marking.load(displaySet);
    } catch (thrown) {
      if (!this.#isOpening(displaySet)) return;
      this.displaySet = null;
      this.loadState = { kind: "failed", displaySet, error: DeskError.from(thrown) };
    }
  }

  #isOpening(displaySet: string): boolean {
    return this.loadState.kind === "loading" && this.loadState.displaySet === displaySet;
  }

  #show(set: DisplaySet): void {
    this.presented = null;
    this.displaySet = set;
    this.frame = clampFrame(set.initial_frame, set.frames.length);
    const info = this.frameInfo;
    this.voi = info === null ? null : initialVoi(set, info);
    this.presentation = NO_PRESENTATION;
    this.loadState = { kind: "ready" };
    this.fit();
    this.#wantFrames();
  }

  /** Takes a newer description of the same display set: the series grew, or names were hidden. */
  refresh(set: DisplaySet): void {
    const shown = this.frameInfo;
    // Places may mean other slices now.
    this.#session.frames.forget(set.id);
    this.displaySet = set;
    // A state speaks of slices by their places.
    if (this.presented !== null) void this.present(this.presented.id);
    const same = shown === null ? -1 : findFrame(set, shown.sop_instance_uid, shown.frame_number);
    this.frame = clampFrame(same < 0 ? this.frame : same, set.frames.length);
    this.#wantFrames();
  }

  close(): void {
    this.#forgetPointer();
    this.#session.frames.release(this.id);
    this.cine.stop();
    this.displaySet = null;
    this.presented = null;
    this.loadState = { kind: "empty" };
    this.frameError = null;
    this.waiting = false;
    this.marking.clear();
  }

  // Slices

  setFrame(frame: number): void {
    const count = this.displaySet?.frames.length ?? 0;
    if (count === 0) return;
    const next = clampFrame(frame, count);
    if (next === this.frame) return;
    this.#direction = next > this.frame ? 1 : -1;
    const before = this.presentedFrame;
    this.frame = next;
    this.#follow(before);
    this.marking.cancel();
    this.#forgetProbe();
    if (this.fitted) this.fit();
    this.#wantFrames();
  }

  scroll(slices: number): void {
    this.setFrame(this.frame + slices);
  }

  /** Asks again for slices that failed. */
  retry(): void {
    if (this.loadState.kind === "failed") {
      void this.open(this.loadState.displaySet);
      return;
    }
    if (this.displaySet === null) return;
    this.#session.frames.retry(this.displaySet.id);
    this.#wantFrames();
  }

  #wantFrames(): void {
    const set = this.displaySet;
    const info = this.frameInfo;
    if (set === null || info === null) return;
    const bytes = info.rows * info.columns * bytesOf(info.kind);
    const { frames } = this.#session;
    const reach = prefetchReach(set.frames.length, bytes, frames.budget, this.#session.viewports.length);
    const order = prefetchOrder(this.frame, set.frames.length, this.#direction, reach).filter(
      (index) => set.frames[index]?.problem === "",
    );
    frames.want(this.id, set.id, order, (frame) => {
      if (frame === this.frame) this.#frameArrived();
    });
    this.#frameArrived();
  }

  #frameArrived(): void {
    const set = this.displaySet;
    const info = this.frameInfo;
    if (set === null || info === null) return;
    if (info.problem !== "") {
      this.frameError = new DeskError({ code: "dicom.frame", message: info.problem, hint: "" });
      this.waiting = false;
    } else {
      this.frameError = this.#session.frames.failure(set.id, this.frame) ?? null;
      this.waiting = this.frameError === null && this.#session.frames.peek(set.id, this.frame) === undefined;
    }
    this.arrived += 1;
  }

  // Presentation

  setVoi(voi: VoiChoice | null): void {
    if (this.frameInfo?.colour !== false) return;
    this.voi = voi;
  }

  resize(size: Size): void {
    if (size.width === this.size.width && size.height === this.size.height) return;
    this.size = size;
    if (this.fitted) this.fit();
  }

  fit(): void {
    if (this.shape === null) return;
    this.fitted = true;
    const [left, top, right, bottom] = this.presentedFrame?.area ?? [0, 0, 0, 0];
    const center: Point =
      this.presentedFrame === null ? imageMiddle(this.shape) : [(left + right) / 2, (top + bottom) / 2];
    this.presentation = { ...this.presentation, zoom: this.fittingZoom, center };
  }

  /** One image px on one px of the screen's own. */
  oneToOne(devicePixelRatio: number): void {
    this.fitted = false;
    this.presentation = { ...this.presentation, zoom: clampZoom(1 / devicePixelRatio) };
  }

  zoomBy(factor: number, at?: Point): void {
    if (this.shape === null) return;
    this.fitted = false;
    const point = at ?? [this.size.width / 2, this.size.height / 2];
    this.presentation = zoomAt(
      this.presentation,
      this.shape.aspect,
      this.size,
      point,
      this.presentation.zoom * factor,
    );
  }

  panBy(by: Point): void {
    if (this.shape === null) return;
    this.fitted = false;
    this.presentation = pan(this.presentation, this.shape, this.size, by);
  }

  rotate(degrees: number): void {
    this.presentation = rotate(this.presentation, degrees);
    if (this.fitted) this.fit();
  }

  flipHorizontally(): void {
    this.presentation = flipHorizontally(this.presentation);
  }

  flipVertically(): void {
    this.presentation = flipVertically(this.presentation);
  }

  invert(): void {
    this.presentation = { ...this.presentation, inverted: !this.presentation.inverted };
  }

  /** Window, zoom, turn and inversion as they were at first; slice and marks stay. */
  reset(): void {
    const set = this.displaySet;
    const info = this.frameInfo;
    if (set === null || info === null) return;
    this.presentation = NO_PRESENTATION;
    this.voi = initialVoi(set, info);
    this.#follow(null);
    this.fit();
  }

  /** Applies a presentation state of the folder, or shows the images as stored again. */
  async present(id: string | null): Promise<void> {
    const set = this.displaySet;
    if (set === null) return;
    if (id === null) {
      this.presented = null;
      this.reset();
      return;
    }
    try {
      const state = await this.#session.backend.call("presentation", {
        display_set: set.id,
        presentation: id,
      });
      if (this.displaySet?.id !== set.id) return;
      this.#forgetPointer();
      this.presented = state;
      const first = state.frames[0];
      // A state for other slices than the shown one is seen where it begins.
      if (this.presentedFrame === null && first !== undefined) this.setFrame(first.index);
      this.reset();
      if (state.warnings.length > 0) this.#session.status(`${state.label}: ${state.warnings.join("; ")}.`);
    } catch (thrown) {
      this.#session.status(DeskError.from(thrown).message);
    }
  }

  /** Window and turn of the state where a slice has one; as stored again where it has none any more. */
  #follow(before: PresentedFrame | null): void {
    const state = this.presentedFrame;
    const set = this.displaySet;
    const info = this.frameInfo;
    if (set === null || info === null || (state === null && before === null)) return;
    this.voi = state === null ? initialVoi(set, info) : state.voi;
    const { rotation, flipped } = state ?? { rotation: 0, flipped: false };
    // A state turns first and mirrors then; the viewport mirrors first.
    this.presentation = {
      ...this.presentation,
      rotation: quarterTurn(flipped ? -rotation : rotation),
      flipped,
    };
  }

  // Pointer

  /** The point under the cursor, or none. One question under way at a time. */
  probeAt(point: Point | null): void {
    if (point === null || this.shape === null || !isInside(this.shape, point) || this.waiting) {
      this.#forgetProbe();
      return;
    }
    this.#probe.wish(point);
  }

  #forgetProbe(): void {
    this.#probe.forget();
    this.probed = null;
  }

  #forgetPointer(): void {
    this.#forgetProbe();
    this.marking.cancel();
  }

  arm(tool: Tool): void {
    this.marking.cancel();
    this.tool = tool;
  }

  // To come back to

  viewState(): ViewState {
    const info = this.frameInfo;
    const { zoom, center, rotation, flipped, inverted } = this.presentation;
    return {
      frame: this.frame,
      sop_instance_uid: info?.sop_instance_uid ?? "",
      frame_number: info?.frame_number ?? 1,
      voi: this.plainVoi,
      zoom,
      center: [center[0], center[1]],
      rotation,
      flipped,
      inverted,
    };
  }

  /** Shows what `view` says. The slice is found by its UID: its place may have changed since. */
  restore(view: ViewState): void {
    const set = this.displaySet;
    if (set === null) return;
    const same = findFrame(set, view.sop_instance_uid, view.frame_number);
    this.frame = clampFrame(same < 0 ? view.frame : same, set.frames.length);
    const info = this.frameInfo;
    this.voi = info === null || info.colour ? null : (view.voi ?? initialVoi(set, info));
    if (same < 0 && view.sop_instance_uid !== "") {
      this.#session.status(
        "The slice of this view is not in the series any more; the nearest place is shown.",
      );
    }
    // Filed without a screen: no zoom was ever chosen.
    if (!(view.zoom > 0)) {
      this.presentation = { ...NO_PRESENTATION, inverted: view.inverted };
      this.fit();
      this.#wantFrames();
      return;
    }
    this.presentation = {
      zoom: clampZoom(view.zoom),
      center: [view.center[0], view.center[1]],
      rotation: quarterTurn(view.rotation),
      flipped: view.flipped,
      inverted: view.inverted,
    };
    this.fitted = false;
    this.#wantFrames();
  }
}

function findFrame(set: DisplaySet, uid: string, frameNumber: number): number {
  return set.frames.findIndex(
    (frame) => frame.sop_instance_uid === uid && frame.frame_number === frameNumber,
  );
}
