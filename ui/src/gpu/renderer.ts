// What a viewport asks of a device that draws. The formula is the shader's alone (crates/shaders); this side hands
// over bits, tables and numbers.
import type { VoiChoice } from "../backend/generated/VoiChoice";
import type { RawFrame } from "../model/frames";
import type { Lut } from "../model/luts";
import type { Affine } from "../model/viewport/geometry";

/** One frame with everything that makes display values of it. */
export interface Picture {
  /** Names the samples: the same key is never uploaded twice. */
  readonly key: string;
  readonly frame: RawFrame;
  /** Rescale; slope 1 and intercept 0 beside a table. */
  readonly slope: number;
  readonly intercept: number;
  readonly modalityLut: Lut | null;
  /** Stored values, ends included. */
  readonly padding: readonly [number, number] | null;
  /** `null` for colour. */
  readonly voi: VoiChoice | null;
  /** The table of `voi` when it is one. */
  readonly voiLut: Lut | null;
  /** The file's inversion and the user's, together. */
  readonly inverted: boolean;
}

/** How it lies on the canvas. */
export interface Placement {
  /** Image (column, row) of a canvas px, y down. */
  readonly imageFromCanvas: Affine;
  readonly interpolate: boolean;
}

/** Pixels of a canvas: RGBA, top row first. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

export interface Renderer {
  /** Device in words, as the browser gives it. */
  readonly name: string;
  /** Draws at the canvas's size; `null` clears to black. */
  draw(picture: Picture | null, placement: Placement): void;
  readPixels(): Pixels;
  dispose(): void;
}

/** Why nothing can be drawn, in words for the viewport. */
export class NoDevice extends Error {
  override readonly name = "NoDevice";
}
