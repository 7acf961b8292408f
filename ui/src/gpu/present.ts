// The present program of this build: the generated shader and how its uniform block is filled.
import { BLOCKS, FRAGMENT_SOURCE, TEXTURES, VERTEX_SOURCE, WINDOW_SOURCE } from "./generated/shaders";
import { OFFSETS, UNIFORM_BYTES } from "./generated/uniforms";
import type { PresentProgram, PresentValues, TableShape } from "./program";

/** Codes of `struct Present` in present.wgsl. */
const KINDS = { u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6, rgba8: 7 } as const;
const FUNCTIONS = { LINEAR: 0, LINEAR_EXACT: 1, SIGMOID: 2 } as const;
const BY_TABLE = 3;

/** Center, width, function, largest entry: the last two say how the first two are read. */
function voiNumbers(voi: PresentValues["voi"]): readonly number[] {
  switch (voi.kind) {
    case "none":
      return [128, 256, FUNCTIONS.LINEAR, 1];
    case "window":
      return [voi.center, voi.width, FUNCTIONS[voi.function], 1];
    case "lut":
      return [0, 1, BY_TABLE, 2 ** Math.min(16, Math.max(1, voi.bits)) - 1];
  }
}

function tableNumbers(table: TableShape | null): readonly [number, number] {
  return table === null ? [0, 0] : [table.firstMapped, table.length];
}

function write(values: PresentValues): ArrayBuffer {
  const block = new ArrayBuffer(UNIFORM_BYTES);
  const view = new DataView(block);
  const floats = (at: number, numbers: readonly number[]) => {
    for (const [i, value] of numbers.entries()) view.setFloat32(at + i * 4, value, true);
  };
  const integers = (at: number, numbers: readonly number[]) => {
    for (const [i, value] of numbers.entries()) view.setInt32(at + i * 4, value, true);
  };
  const m = values.imageFromCanvas;
  floats(OFFSETS.view_x, [m.a, m.c, m.e, values.interpolate ? 1 : 0]);
  floats(OFFSETS.view_y, [m.b, m.d, m.f, values.inverted ? 1 : 0]);
  integers(OFFSETS.image, [values.columns, values.rows, KINDS[values.kind], 0]);
  floats(OFFSETS.modality, [values.slope, values.intercept, values.width, values.height]);
  floats(OFFSETS.voi, voiNumbers(values.voi));
  const voiTable = values.voi.kind === "lut" ? values.voi : null;
  integers(OFFSETS.luts, [...tableNumbers(values.modalityLut), ...tableNumbers(voiTable)]);
  if (values.padding !== null) floats(OFFSETS.padding, [...values.padding, 1, 0]);
  return block;
}

/** The rule of `PresentUniforms::is_window` of crates/shaders. */
function isWindow(block: Uint8Array): boolean {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const kind = view.getInt32(OFFSETS.image + 8, true);
  const hasTable = view.getInt32(OFFSETS.luts + 4, true) > 0;
  const [width, how] = [view.getFloat32(OFFSETS.voi + 4, true), view.getFloat32(OFFSETS.voi + 8, true)];
  const isWhole = kind <= KINDS.i16 || kind === KINDS.i32;
  if (!isWhole || hasTable) return false;
  return (how === FUNCTIONS.LINEAR && width > 1) || (how === FUNCTIONS.LINEAR_EXACT && width > 0);
}

export const present: PresentProgram = {
  vertex: VERTEX_SOURCE,
  fragment: FRAGMENT_SOURCE,
  window: WINDOW_SOURCE,
  isWindow,
  blocks: BLOCKS,
  bytes: UNIFORM_BYTES,
  samplers: { samples: TEXTURES.pixels, modalityLut: TEXTURES.modality_lut, voiLut: TEXTURES.voi_lut },
  write,
};
