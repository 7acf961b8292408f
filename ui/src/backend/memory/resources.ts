// Bytes by address, as the desk's `wire::resource` gives them.
import { frameHeader } from "../../model/frames";
import { DeskError } from "../backend";
import type { FrameInfo } from "../generated/FrameInfo";
import type { QuestionSpec } from "../generated/QuestionSpec";
import { type MadeSet, makeCatalogue } from "./catalogue";
import { belly, chest, fan, head, ramp } from "./pixels";
import { encodePng } from "./png";
import { madeVeil } from "./states";

export function notFound(what: string): DeskError {
  return new DeskError({
    code: "desk.unknown",
    message: `${what} is not on the desk.`,
    hint: "Open its folder again.",
  });
}

function frameOf(made: MadeSet, index: number): FrameInfo {
  const frame = made.set.frames[index];
  if (frame === undefined) throw notFound(`Slice ${index + 1}`);
  if (frame.problem !== "") {
    throw new DeskError({
      code: "dicom.truncated_pixels",
      message: frame.problem,
      hint: "Copy the file again.",
    });
  }
  return frame;
}

/** Modality values of a grey frame. */
export function modalityValues(made: MadeSet, index: number): Float32Array {
  const { rows, columns } = frameOf(made, index);
  if (made.scene === "ramp") return ramp(columns, rows, index);
  const count = made.set.frames.length;
  if (made.scene === "belly") return belly(rows, index, count);
  if (made.scene === "head") return head(rows, index, count);
  return chest(rows);
}

/** Stored samples as bytes. */
export function storedSamples(made: MadeSet, index: number): Uint8Array {
  const frame = frameOf(made, index);
  if (made.scene === "fan") return fan(frame.columns, frame.rows, index);
  const values = modalityValues(made, index);
  const stored = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    stored[i] = Math.min(65535, Math.max(0, Math.round((values[i] ?? 0) - frame.intercept)));
  }
  return new Uint8Array(stored.buffer);
}

function frameBytes(made: MadeSet, index: number): Uint8Array {
  const { kind, rows, columns } = frameOf(made, index);
  const header = frameHeader(kind, rows, columns);
  const samples = storedSamples(made, index);
  const out = new Uint8Array(header.length + samples.length);
  out.set(header);
  out.set(samples, header.length);
  return out;
}

/** Channels of a picture from modality values: each a lower and an upper bound. */
type Channels = readonly [readonly [number, number], readonly [number, number], readonly [number, number]];

/** RGB of a frame, sampled down to at most `side` px. */
function picture(made: MadeSet, index: number, side: number, channels: Channels): Uint8Array {
  const frame = frameOf(made, index);
  const scale = Math.max(frame.rows, frame.columns) / side;
  const [width, height] = [Math.round(frame.columns / scale), Math.round(frame.rows / scale)];
  const rgb = new Uint8Array(width * height * 3);
  const colours = made.scene === "fan" ? storedSamples(made, index) : null;
  const values = colours === null ? modalityValues(made, index) : null;
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const from = Math.floor((row + 0.5) * scale) * frame.columns + Math.floor((column + 0.5) * scale);
      channels.forEach(([low, high], channel) => {
        const value = values?.[from] ?? 0;
        const grey = Math.min(255, Math.max(0, ((value - low) / (high - low)) * 255));
        rgb[(row * width + column) * 3 + channel] =
          colours === null ? grey : (colours[from * 4 + channel] ?? 0);
      });
    }
  }
  return encodePng(rgb, width, height);
}

function shownChannels(made: MadeSet): Channels {
  const first =
    made.set.frames[0]?.windows.find((choice) => choice.kind === "window") ?? made.set.auto_window;
  const [center, width] =
    first === null || first === undefined || !("center" in first) ? [128, 256] : [first.center, first.width];
  const bounds: readonly [number, number] = [center - width / 2, center + width / 2];
  return [bounds, bounds, bounds];
}

const CT_CHANNELS: Channels = [
  [-1024, 1024],
  [-135, 215],
  [0, 80],
];

/** Entries of the made radiograph's table: an S, 12 bit. */
function tableEntries(): Uint8Array {
  const entries = Float32Array.from({ length: 4096 }, (_, i) =>
    Math.round(4095 / (1 + Math.exp(-(i - 2000) / 520))),
  );
  return new Uint8Array(entries.buffer);
}

export interface Served {
  readonly bytes: Uint8Array;
  readonly type: string;
}

/** Everything that has an address. */
export class Resources {
  readonly #sets: Map<string, MadeSet>;
  readonly #plans = new Map<string, { spec: QuestionSpec; slices: number[] }>();
  readonly #exports = new Map<string, Served>();

  constructor(sets: Map<string, MadeSet> = makeCatalogue().sets) {
    this.#sets = sets;
  }

  keepPlan(id: string, spec: QuestionSpec, slices: number[]): void {
    this.#plans.set(id, { spec, slices });
  }

  keepExport(id: string, served: Served): void {
    this.#exports.set(id, served);
  }

  get(path: string): Served {
    const [place, first = "", second = "", third = ""] = path.split("/");
    if (place === "export") {
      const kept = this.#exports.get(first);
      if (kept === undefined) throw notFound("This export");
      return kept;
    }
    if (place === "input") return this.#input(first, Number(second), third);
    const made = this.#sets.get(first);
    if (made === undefined) throw notFound("This series");
    if (place === "frame")
      return { bytes: frameBytes(made, Number(second)), type: "application/octet-stream" };
    if (place === "veil") return { bytes: madeVeil(made, Number(second)), type: "image/png" };
    if (place === "lut") return { bytes: tableEntries(), type: "application/octet-stream" };
    if (place === "thumbnail") {
      const middle = made.set.initial_frame;
      return { bytes: picture(made, middle, 128, shownChannels(made)), type: "image/png" };
    }
    throw notFound("This address");
  }

  #input(plan: string, k: number, form: string): Served {
    const kept = this.#plans.get(plan);
    const slice = kept?.slices[k];
    const made = kept === undefined ? undefined : this.#sets.get(kept.spec.display_set);
    if (kept === undefined || slice === undefined || made === undefined) throw notFound("This picture");
    const windows = kept.spec.preprocess.startsWith("ct-windows") ? CT_CHANNELS : shownChannels(made);
    const side = form === "seen" ? 448 : Math.max(made.set.frames[0]?.rows ?? 512, 1);
    return { bytes: picture(made, slice - 1, side, windows), type: "image/png" };
  }
}
