// Objects beside the images: the report that is read, the layers that are shown over series and their shapes, slice by
// slice. Shapes come when they come; no slice waits for them.
import { DeskError } from "../backend/backend";
import type { LayerPart } from "../backend/generated/LayerPart";
import type { LayerShape } from "../backend/generated/LayerShape";
import type { ObjectDetail } from "../backend/generated/ObjectDetail";
import type { ObjectLine } from "../backend/generated/ObjectLine";
import type { ReportTarget } from "../backend/generated/ReportTarget";
import { objects as text } from "../text/en";
import type { Session } from "./session.svelte";

export type Reading =
  | { readonly kind: "none" }
  | { readonly kind: "loading"; readonly object: string }
  | { readonly kind: "shown"; readonly detail: ObjectDetail }
  | { readonly kind: "failed"; readonly object: string; readonly error: DeskError };

/** A layer that is switched on. */
export interface ShownLayer {
  readonly object: string;
  readonly kind: string;
  readonly label: string;
  readonly note: string;
  readonly parts: readonly LayerPart[];
  /** Display sets that it can be laid over. */
  readonly fits: ReadonlySet<string>;
  /** Parts that are switched off. */
  readonly hidden: ReadonlySet<number>;
}

type Slice =
  | { readonly kind: "asked" }
  | { readonly kind: "there"; readonly shapes: readonly LayerShape[] }
  | { readonly kind: "failed"; readonly message: string };

/** Slices of shapes kept: enough for a series and its neighbours. */
const MOST_SLICES = 600;
/** Requests under way at once. */
const AT_ONCE = 2;

export class ObjectsModel {
  readonly #session: Session;
  reading = $state.raw<Reading>({ kind: "none" });
  shown = $state.raw<readonly ShownLayer[]>([]);
  /** False while what lies below is looked at; the switches stay as they are. */
  visible = $state(true);
  /** Objects whose layer is being read. */
  opening = $state.raw<ReadonlySet<string>>(new Set());
  /** Counts up when shapes arrived. */
  arrived = $state(0);
  /** Least recently used first. */
  readonly #slices = new Map<string, Slice>();
  /** Newest last: what the reader looks at now comes first. */
  #wanted: { key: string; object: string; displaySet: string; frame: number }[] = [];
  #running = 0;
  #round = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Another folder: everything goes. */
  clear(): void {
    this.#round += 1;
    this.reading = { kind: "none" };
    this.shown = [];
    this.opening = new Set();
    this.#slices.clear();
    this.#wanted = [];
  }

  /** Shapes are asked for anew: what was withheld may be seen now. */
  forgetShapes(): void {
    this.#slices.clear();
    this.arrived += 1;
  }

  // Reports

  async read(object: string): Promise<void> {
    const round = this.#round;
    this.reading = { kind: "loading", object };
    this.#session.modelInputShown = false;
    const isCurrent = () =>
      round === this.#round && this.reading.kind === "loading" && this.reading.object === object;
    try {
      const detail = await this.#session.backend.call("object", { object });
      if (isCurrent()) this.reading = { kind: "shown", detail };
    } catch (thrown) {
      if (isCurrent()) this.reading = { kind: "failed", object, error: DeskError.from(thrown) };
    }
  }

  closeReport(): void {
    this.reading = { kind: "none" };
  }

  /** Shows the image that a report names: where its series is seen already, else in the active viewport. */
  async show(target: ReportTarget): Promise<void> {
    const session = this.#session;
    if (target.display_set === "") {
      session.status(text.notOpen);
      return;
    }
    const there = session.shownViewports.find(({ displaySet }) => displaySet?.id === target.display_set);
    const viewport = there ?? session.activeViewport;
    if (there === undefined) await session.openDisplaySet(target.display_set, viewport);
    else session.activate(there);
    const set = viewport.displaySet;
    if (set?.id !== target.display_set) return;
    const at = set.frames.findIndex(
      (frame) =>
        frame.sop_instance_uid === target.sop_instance_uid && frame.frame_number === target.frame_number,
    );
    viewport.setFrame(at < 0 ? target.frame : at);
  }

  // Layers

  isShown(object: string): boolean {
    return this.shown.some((layer) => layer.object === object);
  }

  /** Switches a layer on or off; a series that it fits is opened when none of them is on the screen. */
  async toggle(line: ObjectLine): Promise<void> {
    const { id } = line;
    if (this.isShown(id)) {
      this.shown = this.shown.filter((layer) => layer.object !== id);
      return;
    }
    if (this.opening.has(id)) return;
    const session = this.#session;
    const round = this.#round;
    this.opening = new Set([...this.opening, id]);
    try {
      const detail = await session.backend.call("object", { object: id });
      if (round !== this.#round) return;
      const first = detail.fits[0];
      if (first === undefined) {
        session.status(text.fitsNothing);
        return;
      }
      const fits = new Set(detail.fits);
      const label = detail.label === "" ? line.summary : detail.label;
      const { kind, note, parts } = detail;
      this.visible = true;
      this.shown = [...this.shown, { object: id, kind, label, note, parts, fits, hidden: new Set() }];
      const isSeen = session.shownViewports.some(({ displaySet }) => fits.has(displaySet?.id ?? ""));
      if (!isSeen) await session.openDisplaySet(first);
    } catch (thrown) {
      session.status(DeskError.from(thrown).message);
    } finally {
      if (round === this.#round) {
        this.opening = new Set([...this.opening].filter((other) => other !== id));
      }
    }
  }

  /** Layers that lie over a display set. */
  over(displaySet: string): readonly ShownLayer[] {
    return this.shown.filter(({ fits }) => fits.has(displaySet));
  }

  togglePart(object: string, part: number): void {
    this.#change(object, (layer) => {
      const hidden = new Set(layer.hidden);
      if (!hidden.delete(part)) hidden.add(part);
      return { ...layer, hidden };
    });
  }

  /** All parts of a layer on, or all off. */
  setParts(object: string, on: boolean): void {
    this.#change(object, (layer) => ({
      ...layer,
      hidden: new Set(on ? [] : layer.parts.map(({ part }) => part)),
    }));
  }

  #change(object: string, change: (layer: ShownLayer) => ShownLayer): void {
    this.shown = this.shown.map((layer) => (layer.object === object ? change(layer) : layer));
  }

  /** Shapes on a slice, once they are there. Reading `arrived` makes a view follow. */
  shapes(object: string, displaySet: string, frame: number): readonly LayerShape[] | null {
    void this.arrived;
    const slice = this.#slices.get(keyOf(object, displaySet, frame));
    return slice?.kind === "there" ? slice.shapes : null;
  }

  /** Why the shapes of a slice cannot be had, or nothing. */
  problem(object: string, displaySet: string, frame: number): string {
    void this.arrived;
    const slice = this.#slices.get(keyOf(object, displaySet, frame));
    return slice?.kind === "failed" ? slice.message : "";
  }

  /** Asks for the shapes of a slice and, after them, of its neighbours. */
  want(object: string, displaySet: string, frame: number, count: number): void {
    for (const near of [frame - 1, frame + 1, frame]) {
      if (near < 0 || near >= count) continue;
      const key = keyOf(object, displaySet, near);
      const slice = this.#slices.get(key);
      if (slice !== undefined) {
        if (near !== frame) continue;
        this.#slices.delete(key);
        this.#slices.set(key, slice);
        continue;
      }
      this.#wanted = this.#wanted.filter((wish) => wish.key !== key);
      this.#wanted.push({ key, object, displaySet, frame: near });
    }
    // What was passed by is asked again when it is looked at again.
    this.#wanted = this.#wanted.slice(-24);
    this.#pump();
  }

  #pump(): void {
    while (this.#running < AT_ONCE) {
      const wish = this.#wanted.pop();
      if (wish === undefined) return;
      this.#running += 1;
      void this.#fetch(wish, this.#round);
    }
  }

  async #fetch(
    { key, object, displaySet, frame }: { key: string; object: string; displaySet: string; frame: number },
    round: number,
  ): Promise<void> {
    this.#slices.set(key, { kind: "asked" });
    let slice: Slice;
    try {
      const answer = await this.#session.backend.call("layer_slice", {
        object,
        display_set: displaySet,
        frame,
      });
      slice = { kind: "there", shapes: answer.shapes };
    } catch (thrown) {
      slice = { kind: "failed", message: DeskError.from(thrown).message };
    }
    this.#running -= 1;
    if (round === this.#round) {
      this.#slices.delete(key);
      this.#slices.set(key, slice);
      for (const oldest of this.#slices.keys()) {
        if (this.#slices.size <= MOST_SLICES) break;
        this.#slices.delete(oldest);
      }
      this.arrived += 1;
    }
    this.#pump();
  }

  // Documents

  async saveDocument(object: string): Promise<void> {
    try {
      const { place } = await this.#session.backend.call("save_document", { object });
      this.#session.status(text.saved(place));
    } catch (thrown) {
      this.#session.status(DeskError.from(thrown).message);
    }
  }
}

function keyOf(object: string, displaySet: string, frame: number): string {
  return `${object} ${displaySet} ${frame}`;
}

/** SVG path of lines in image coordinates: column, row, column, row … */
export function pathOf(lines: readonly (readonly number[])[], closed: boolean): string {
  let path = "";
  for (const line of lines) {
    for (let i = 0; i + 1 < line.length; i += 2) path += `${i === 0 ? "M" : "L"}${line[i]} ${line[i + 1]}`;
    if (closed && line.length >= 4) path += "Z";
  }
  return path;
}
