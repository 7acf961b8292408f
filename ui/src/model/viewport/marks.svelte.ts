// Marks of a viewport: drawn, kept by the desk, selected, taken away. Numbers beside them come from the desk.
import { type Backend, DeskError } from "../../backend/backend";
import type { Mark } from "../../backend/generated/Mark";
import type { MarkDraft } from "../../backend/generated/MarkDraft";
import type { MarkKind } from "../../backend/generated/MarkKind";
import { Latest } from "../latest";
import type { Point } from "./geometry";

/** A mark that is being drawn, written, kept, or could not be kept. */
export interface PendingMark {
  readonly key: number;
  readonly draft: MarkDraft;
  readonly measured: readonly string[];
  readonly state: "drawing" | "writing" | "saving" | "failed";
  readonly error: DeskError | null;
}

/** The viewport as marks see it. */
export interface MarkHost {
  readonly displaySet: { readonly id: string } | null;
  readonly frame: number;
  tool: string;
}

const MARK_KINDS: readonly MarkKind[] = ["arrow", "rectangle", "ellipse", "length", "text"];

export function isMarkKind(tool: string): tool is MarkKind {
  return (MARK_KINDS as readonly string[]).includes(tool);
}

/** Points of a kind with two points lie at least this far apart, image px: a click is not a mark. */
const SMALLEST = 1;

export class MarkDesk {
  readonly #backend: Backend;
  readonly #host: MarkHost;
  readonly #status: (message: string) => void;
  readonly #changed: (displaySet: string, marks: readonly Mark[]) => void;
  readonly #measure: Latest<MarkDraft, string[]>;
  #nextKey = 1;
  /** As kept by the desk. */
  marks = $state.raw<readonly Mark[]>([]);
  /** As they were when a review was filed, where that differs from what is kept now. */
  filed = $state.raw<readonly Mark[]>([]);
  pending = $state.raw<readonly PendingMark[]>([]);
  /** Id of a kept mark. */
  selected = $state<string | null>(null);

  constructor(
    backend: Backend,
    host: MarkHost,
    status: (message: string) => void,
    to: { changed: (displaySet: string, marks: readonly Mark[]) => void },
  ) {
    this.#backend = backend;
    this.#host = host;
    this.#status = status;
    this.#changed = to.changed;
    this.#measure = new Latest(
      (draft) => backend.call("measure", draft),
      (_, measured) => this.#update((mark) => (mark.state === "drawing" ? { ...mark, measured } : mark)),
    );
  }

  /** The mark under the pen, or being written. */
  get drawing(): PendingMark | null {
    return this.pending.find((mark) => mark.state === "drawing" || mark.state === "writing") ?? null;
  }

  async load(displaySet: string): Promise<void> {
    this.clear();
    try {
      const marks = await this.#backend.call("marks", { display_set: displaySet });
      if (this.#host.displaySet?.id === displaySet) this.marks = marks;
    } catch (thrown) {
      this.#status(`Marks could not be read: ${DeskError.from(thrown).message}`);
    }
  }

  clear(): void {
    this.#measure.forget();
    this.marks = [];
    this.filed = [];
    // What could not be kept stays until it can be, whatever series is looked at meanwhile.
    this.pending = this.pending.filter(({ state }) => state === "failed");
    this.selected = null;
  }

  /** Shows marks of a filed review that are not kept any more as they were then. */
  showFiled(filed: readonly Mark[]): void {
    const kept = new Map(this.marks.map((mark) => [mark.id, mark]));
    this.filed = filed.filter((mark) => {
      const now = kept.get(mark.id);
      return now === undefined || JSON.stringify(now.points) !== JSON.stringify(mark.points);
    });
  }

  begin(kind: MarkKind, at: Point): void {
    const displaySet = this.#host.displaySet;
    if (displaySet === null) return;
    this.cancel();
    this.selected = null;
    const points: [number, number][] =
      kind === "text"
        ? [[at[0], at[1]]]
        : [
            [at[0], at[1]],
            [at[0], at[1]],
          ];
    const draft = { id: "", display_set: displaySet.id, frame: this.#host.frame, kind, points, text: "" };
    const state = kind === "text" ? "writing" : "drawing";
    this.pending = [...this.pending, { key: this.#nextKey, draft, measured: [], state, error: null }];
    this.#nextKey += 1;
  }

  /** Moves the free end. */
  drag(to: Point): void {
    const mark = this.drawing;
    const first = mark?.draft.points[0];
    if (mark === null || first === undefined || mark.state !== "drawing") return;
    const draft: MarkDraft = { ...mark.draft, points: [first, [to[0], to[1]]] };
    this.#update((other) => (other.key === mark.key ? { ...other, draft } : other));
    if (draft.kind !== "arrow" && isLongEnough(draft)) this.#measure.wish(draft);
  }

  /** Ends the drawing and has the desk keep it; the tool disarms. Too small a mark is dropped, the tool stays. */
  async finish(text = ""): Promise<void> {
    const mark = this.drawing;
    if (mark === null) return;
    this.#measure.forget();
    const written = text.trim();
    if ((mark.draft.kind === "text" && written === "") || !isLongEnough(mark.draft)) {
      this.cancel();
      return;
    }
    this.#host.tool = "window";
    await this.#keep({ ...mark, draft: { ...mark.draft, text: written } });
  }

  /** Drops what is being drawn. True when there was something. */
  cancel(): boolean {
    const mark = this.drawing;
    if (mark === null) return false;
    this.#measure.forget();
    this.#remove(mark.key);
    return true;
  }

  /** Tries again to keep marks that could not be kept. */
  async retry(): Promise<void> {
    for (const mark of this.pending.filter(({ state }) => state === "failed")) await this.#keep(mark);
  }

  async #keep(mark: PendingMark): Promise<void> {
    const saving: PendingMark = { ...mark, state: "saving", error: null };
    this.#update((other) => (other.key === mark.key ? saving : other));
    try {
      const kept = await this.#backend.call("save_mark", saving.draft);
      this.#remove(mark.key);
      if (this.#host.displaySet?.id === kept.display_set) {
        this.#replace([...this.marks.filter(({ id }) => id !== kept.id), kept]);
        this.selected = kept.id;
      }
      this.#status("Mark saved.");
    } catch (thrown) {
      const error = DeskError.from(thrown);
      this.#update((other) => (other.key === mark.key ? { ...saving, state: "failed", error } : other));
      this.#status(`Mark not saved: ${error.message}`);
    }
  }

  /** Moves one point of a kept mark and has the desk keep and measure it anew. */
  async move(id: string, points: readonly Point[]): Promise<void> {
    const mark = this.marks.find((other) => other.id === id);
    if (mark === undefined) return;
    const { display_set, frame, kind, text } = mark;
    const moved: [number, number][] = points.map(([column, row]) => [column, row]);
    try {
      const kept = await this.#backend.call("save_mark", {
        id,
        display_set,
        frame,
        kind,
        points: moved,
        text,
      });
      if (this.#host.displaySet?.id !== kept.display_set) return;
      this.#replace(this.marks.map((other) => (other.id === id ? kept : other)));
      this.#status("Mark saved.");
    } catch (thrown) {
      this.#status(`Mark not saved: ${DeskError.from(thrown).message}`);
    }
  }

  async deleteSelected(): Promise<void> {
    const id = this.selected;
    if (id === null) return;
    try {
      await this.#backend.call("delete_mark", { id });
      this.selected = null;
      this.#replace(this.marks.filter((mark) => mark.id !== id));
      this.#status("Mark deleted. Ctrl+Z brings it back.");
    } catch (thrown) {
      this.#status(`Mark not deleted: ${DeskError.from(thrown).message}`);
    }
  }

  /** Takes the last change of the display set's marks back. */
  async undo(): Promise<void> {
    const displaySet = this.#host.displaySet;
    if (this.cancel() || displaySet === null) return;
    const before = JSON.stringify(this.marks);
    try {
      const marks = await this.#backend.call("undo_mark", { display_set: displaySet.id });
      if (this.#host.displaySet?.id !== displaySet.id) return;
      this.#replace(marks);
      if (!marks.some(({ id }) => id === this.selected)) this.selected = null;
      this.#status(
        JSON.stringify(marks) === before ? "Nothing to undo." : "Last change of marks taken back.",
      );
    } catch (thrown) {
      this.#status(`Not undone: ${DeskError.from(thrown).message}`);
    }
  }

  /** Selects the next mark of the shown frame (`step` 1 or -1). */
  selectNext(step: number): void {
    const here = this.marks.filter(({ frame }) => frame === this.#host.frame);
    if (here.length === 0) return;
    const at = here.findIndex(({ id }) => id === this.selected);
    this.selected = here[(at + step + here.length) % here.length]?.id ?? null;
  }

  #replace(marks: readonly Mark[]): void {
    this.marks = marks;
    const displaySet = this.#host.displaySet;
    if (displaySet !== null) this.#changed(displaySet.id, marks);
  }

  #update(change: (mark: PendingMark) => PendingMark): void {
    this.pending = this.pending.map(change);
  }

  #remove(key: number): void {
    this.pending = this.pending.filter((mark) => mark.key !== key);
  }
}

function isLongEnough({ kind, points }: MarkDraft): boolean {
  if (kind === "text") return true;
  const [from, to] = points;
  if (from === undefined || to === undefined) return false;
  const [width, height] = [Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
  if (kind === "rectangle" || kind === "ellipse") return width >= SMALLEST && height >= SMALLEST;
  return Math.hypot(width, height) >= SMALLEST;
}
