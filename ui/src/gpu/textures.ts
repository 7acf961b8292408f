// Samples and tables as textures: uploaded once, forgotten least recently used first.
import type { SampleKind } from "../backend/generated/SampleKind";
import type { RawFrame } from "../model/frames";

interface Format {
  readonly internal: number;
  readonly format: number;
  readonly type: number;
}

/** Raw bits always: the shader gives them their meaning by the sample kind. */
function formatOf(gl: WebGL2RenderingContext, kind: SampleKind): Format {
  switch (kind) {
    case "u8":
    case "i8":
      return { internal: gl.R8UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_BYTE };
    case "u16":
    case "i16":
      return { internal: gl.R16UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_SHORT };
    case "u32":
    case "i32":
    case "f32":
      return { internal: gl.R32UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_INT };
    case "rgba8":
      return { internal: gl.RGBA8UI, format: gl.RGBA_INTEGER, type: gl.UNSIGNED_BYTE };
  }
}

/** The samples as the array type that the upload wants; copies only when they lie unaligned. */
function view({ kind, samples }: RawFrame): ArrayBufferView {
  const width =
    kind === "u8" || kind === "i8" || kind === "rgba8" ? 1 : kind === "u16" || kind === "i16" ? 2 : 4;
  if (width === 1) return samples;
  const aligned = samples.byteOffset % width === 0 ? samples : samples.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  return width === 2
    ? new Uint16Array(buffer, byteOffset, byteLength / 2)
    : new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/** Entries a row of a table's texture. */
export const LUT_ROW = 1024;

export class Textures {
  readonly #gl: WebGL2RenderingContext;
  readonly #budget: number;
  readonly #kept = new Map<string, { texture: WebGLTexture; bytes: number }>();
  #bytes = 0;
  /** Uploads so far, for tests: dragging a window must not add any. */
  uploads = 0;

  constructor(gl: WebGL2RenderingContext, budget = 160 * 1024 * 1024) {
    this.#gl = gl;
    this.#budget = budget;
  }

  frame(key: string, frame: RawFrame): WebGLTexture {
    return this.#get(`frame ${key}`, frame.samples.byteLength, () => {
      const { internal, format, type } = formatOf(this.#gl, frame.kind);
      this.#fill(internal, frame.columns, frame.rows, format, type, view(frame));
    });
  }

  lut(key: string, entries: Float32Array): WebGLTexture {
    const rows = Math.max(1, Math.ceil(entries.length / LUT_ROW));
    return this.#get(`lut ${key}`, rows * LUT_ROW * 4, () => {
      const padded = new Float32Array(rows * LUT_ROW);
      padded.set(entries);
      this.#fill(this.#gl.R32F, LUT_ROW, rows, this.#gl.RED, this.#gl.FLOAT, padded);
    });
  }

  dispose(): void {
    for (const { texture } of this.#kept.values()) this.#gl.deleteTexture(texture);
    this.#kept.clear();
    this.#bytes = 0;
  }

  #get(key: string, bytes: number, fill: () => void): WebGLTexture {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept.texture;
    }
    const gl = this.#gl;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    // Integer and 32-bit float textures cannot be filtered; the shader reads single texels.
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    fill();
    this.uploads += 1;
    this.#kept.set(key, { texture, bytes });
    this.#bytes += bytes;
    this.#evict(key);
    return texture;
  }

  #fill(
    internal: number,
    width: number,
    height: number,
    format: number,
    type: number,
    data: ArrayBufferView,
  ): void {
    const gl = this.#gl;
    gl.texStorage2D(gl.TEXTURE_2D, 1, internal, width, height);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, format, type, data);
  }

  #evict(newest: string): void {
    // A draw binds at most three textures; the newest ones stay whatever the budget.
    for (const [key, kept] of this.#kept) {
      if (this.#bytes <= this.#budget || this.#kept.size <= 3 || key === newest) return;
      this.#gl.deleteTexture(kept.texture);
      this.#kept.delete(key);
      this.#bytes -= kept.bytes;
    }
  }
}
