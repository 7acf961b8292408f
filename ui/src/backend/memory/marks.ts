// Marks of the made desk, with every change kept so that it can be taken back.
import type { Mark } from "../generated/Mark";
import type { MarkDraft } from "../generated/MarkDraft";
import type { MadeSet } from "./catalogue";
import { modalityValues, notFound } from "./resources";

/** Values whose pixel centre lies inside a box or the ellipse that touches it. */
function valuesInside(values: Float32Array, columns: number, draft: MarkDraft): number[] {
  const [a, b] = draft.points;
  if (a === undefined || b === undefined) return [];
  const [x0, x1] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
  const [y0, y1] = [Math.min(a[1], b[1]), Math.max(a[1], b[1])];
  const found: number[] = [];
  for (let row = Math.max(0, Math.floor(y0)); row < y1; row += 1) {
    for (let column = Math.max(0, Math.floor(x0)); column < Math.min(columns, x1); column += 1) {
      const [x, y] = [column + 0.5, row + 0.5];
      if (x < x0 || x > x1 || y < y0 || y > y1) continue;
      const [dx, dy] = [(x - (x0 + x1) / 2) / ((x1 - x0) / 2), (y - (y0 + y1) / 2) / ((y1 - y0) / 2)];
      if (draft.kind === "ellipse" && dx * dx + dy * dy > 1) continue;
      const value = values[row * columns + column];
      if (value !== undefined) found.push(value);
    }
  }
  return found;
}

/** Lines beside a mark. */
export function measure(made: MadeSet, draft: MarkDraft): string[] {
  const frame = made.set.frames[draft.frame];
  const [a, b] = draft.points;
  if (frame === undefined || a === undefined || b === undefined || draft.kind === "arrow") return [];
  const [down, across] = frame.spacing ?? [1, 1];
  const unit = frame.spacing === null ? "px" : frame.spacing_kind === "detector" ? "mm (det.)" : "mm";
  const [width, height] = [Math.abs(b[0] - a[0]) * across, Math.abs(b[1] - a[1]) * down];
  if (draft.kind === "length") return [`${Math.hypot(width, height).toFixed(1)} ${unit}`];
  const lines = [`${width.toFixed(1)} × ${height.toFixed(1)} ${unit}`];
  if (!frame.colour && frame.problem === "") {
    const inside = valuesInside(modalityValues(made, draft.frame), frame.columns, draft);
    const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
    const spread = Math.sqrt(inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length);
    if (inside.length > 0)
      lines.push(`mean ${Math.round(mean)} ${frame.unit} ± ${Math.round(spread)}`.replace("  ", " "));
  }
  return lines;
}

export class Marks {
  readonly #marks = new Map<string, Mark[]>();
  readonly #history = new Map<string, Mark[][]>();
  #next = 1;

  of(displaySet: string): Mark[] {
    return this.#marks.get(displaySet) ?? [];
  }

  save(made: MadeSet, draft: MarkDraft, now: string): Mark {
    const marks = this.of(draft.display_set);
    if (draft.id !== "" && !marks.some(({ id }) => id === draft.id)) throw notFound("This mark");
    const id = draft.id === "" ? `mark-${this.#next}` : draft.id;
    this.#next += 1;
    const mark: Mark = { ...draft, id, measured: measure(made, draft), saved_at: now };
    this.#change(draft.display_set, [...marks.filter((other) => other.id !== id), mark]);
    return mark;
  }

  delete(id: string): void {
    for (const [displaySet, marks] of this.#marks) {
      if (!marks.some((mark) => mark.id === id)) continue;
      this.#change(
        displaySet,
        marks.filter((mark) => mark.id !== id),
      );
      return;
    }
    throw notFound("This mark");
  }

  undo(displaySet: string): Mark[] {
    const before = this.#history.get(displaySet)?.pop();
    if (before !== undefined) this.#marks.set(displaySet, before);
    return this.of(displaySet);
  }

  #change(displaySet: string, marks: Mark[]): void {
    const history = this.#history.get(displaySet) ?? [];
    history.push(this.of(displaySet));
    this.#history.set(displaySet, history);
    this.#marks.set(displaySet, marks);
  }
}
