// Generated from crates/shaders/wgsl/present.wgsl; `cargo xtask codegen` writes it.

/** Bytes of the uniform block. */
export const UNIFORM_BYTES = 112;

/** Byte offset of each vec4 of the block. */
export const OFFSETS = {
  view_x: 0,
  view_y: 16,
  image: 32,
  modality: 48,
  voi: 64,
  luts: 80,
  padding: 96,
} as const;
