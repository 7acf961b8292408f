// The generated shader and its uniform block, in the words of this page.
import type { SampleKind } from "../backend/generated/SampleKind";
import type { VoiFunctionName } from "../backend/generated/VoiFunctionName";
import type { Affine } from "../model/viewport/geometry";

/** What the shader's uniform block says. */
export interface PresentValues {
  readonly kind: SampleKind;
  readonly rows: number;
  readonly columns: number;
  /** Canvas, px. */
  readonly width: number;
  readonly height: number;
  readonly imageFromCanvas: Affine;
  readonly interpolate: boolean;
  readonly slope: number;
  readonly intercept: number;
  readonly padding: readonly [number, number] | null;
  readonly modalityLut: TableShape | null;
  readonly voi:
    | { readonly kind: "none" }
    | {
        readonly kind: "window";
        readonly function: VoiFunctionName;
        readonly center: number;
        readonly width: number;
      }
    | ({ readonly kind: "lut" } & TableShape);
  readonly inverted: boolean;
}

export interface TableShape {
  readonly firstMapped: number;
  readonly length: number;
  readonly bits: number;
}

export interface PresentProgram {
  readonly vertex: string;
  readonly fragment: string;
  /** The branchless twin for what is drawn most. */
  readonly window: string;
  /** True when a block may be drawn by `window`. */
  isWindow(block: Uint8Array): boolean;
  /** Names of the uniform blocks; all are bound to the same bytes. */
  readonly blocks: readonly string[];
  readonly bytes: number;
  /** Sampler uniforms; a name is empty when the translation left the sampler out. */
  readonly samplers: { readonly samples: string; readonly modalityLut: string; readonly voiLut: string };
  /** Writes the block. */
  write(values: PresentValues): ArrayBuffer;
}
