// The page's renderer: WebGL2 with the one presentation shader, translated at build time. A slice is uploaded once; a
// window drag changes the uniform block only.
import type { FrameInfo } from "../backend/generated/FrameInfo";
import type { VoiChoice } from "../backend/generated/VoiChoice";
import type { RawFrame } from "../model/frames";
import type { Lut } from "../model/luts";
import type { Affine } from "../model/viewport/geometry";
import { BLOCKS, FRAGMENT_SOURCE, TEXTURES, VERTEX_SOURCE } from "./generated/shaders";
import { OFFSETS, UNIFORM_BYTES } from "./generated/uniforms";

const LUT_ROW = 1024;
const KIND_CODES = { u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6, rgba8: 7 } as const;

/** Everything one draw depends on. */
export interface Draw {
  readonly frame: RawFrame;
  readonly info: FrameInfo;
  readonly voi: VoiChoice | null;
  /** Image from device px of the canvas. */
  readonly imageFromOutput: Affine;
  readonly interpolate: boolean;
  readonly inverted: boolean;
  readonly modalityLut: Lut | undefined;
  readonly voiLut: Lut | undefined;
}

/** The uniform block of a draw. */
export function uniformsOf(draw: Draw, width: number, height: number): ArrayBuffer {
  const buffer = new ArrayBuffer(UNIFORM_BYTES);
  const view = new DataView(buffer);
  const floats = (at: number, values: readonly number[]) => {
    for (const [i, value] of values.entries()) view.setFloat32(at + i * 4, value, true);
  };
  const integers = (at: number, values: readonly number[]) => {
    for (const [i, value] of values.entries()) view.setInt32(at + i * 4, value, true);
  };
  const { info, voi, imageFromOutput: m } = draw;
  const inverted = info.colour ? draw.inverted : draw.inverted !== info.inverted;
  floats(OFFSETS.view_x, [m.a, m.c, m.e, draw.interpolate ? 1 : 0]);
  floats(OFFSETS.view_y, [m.b, m.d, m.f, inverted ? 1 : 0]);
  integers(OFFSETS.image, [draw.frame.columns, draw.frame.rows, KIND_CODES[draw.frame.kind], 0]);
  floats(OFFSETS.modality, [info.slope, info.intercept, width, height]);
  floats(OFFSETS.voi, voiNumbers(voi));
  const luts = [draw.modalityLut, draw.voiLut].flatMap((lut) =>
    lut === undefined ? [0, 0] : [lut.info.first_mapped, lut.entries.length],
  );
  integers(OFFSETS.luts, luts);
  if (info.padding !== null) floats(OFFSETS.padding, [info.padding[0], info.padding[1], 1, 0]);
  return buffer;
}

function voiNumbers(voi: VoiChoice | null): number[] {
  if (voi === null) return [128, 256, 0, 1];
  if (voi.kind === "lut") return [0, 1, 3, 2 ** Math.min(16, Math.max(1, voi.lut.bits)) - 1];
  const code = { LINEAR: 0, LINEAR_EXACT: 1, SIGMOID: 2 }[voi.function];
  return [voi.center, voi.width, code, 1];
}

/** A canvas that cannot draw, in words. */
export class NoWebGl extends Error {}

export class Renderer {
  readonly #gl: WebGL2RenderingContext;
  readonly #program: WebGLProgram;
  readonly #buffer: WebGLBuffer;
  #pixels: { frame: RawFrame; texture: WebGLTexture } | null = null;
  readonly #tables = new Map<Lut | null, WebGLTexture>();
  /** Uploads of slices so far: a window drag must not add to it. */
  uploads = 0;

  constructor(canvas: HTMLCanvasElement | OffscreenCanvas, keepPixels: boolean) {
    const gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      preserveDrawingBuffer: keepPixels,
    }) as WebGL2RenderingContext | null;
    if (gl === null) throw new NoWebGl("This window has no WebGL2, so pictures cannot be drawn here.");
    this.#gl = gl;
    this.#program = link(gl);
    const buffer = gl.createBuffer();
    if (buffer === null) throw new NoWebGl("The graphics context was lost.");
    this.#buffer = buffer;
    gl.bindBuffer(gl.UNIFORM_BUFFER, buffer);
    gl.bufferData(gl.UNIFORM_BUFFER, UNIFORM_BYTES, gl.DYNAMIC_DRAW);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  /** Name of the device, as far as the browser tells. */
  get name(): string {
    return String(this.#gl.getParameter(this.#gl.RENDERER));
  }

  clear(): void {
    const gl = this.#gl;
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  draw(draw: Draw, width: number, height: number): void {
    this.drawRaw(draw.frame, uniformsOf(draw, width, height), draw.modalityLut, draw.voiLut, width, height);
  }

  /** Draws with a uniform block as it is: also how the device is compared with the reference. */
  drawRaw(
    frame: RawFrame,
    uniforms: ArrayBuffer,
    modality: Lut | undefined,
    voi: Lut | undefined,
    width: number,
    height: number,
  ): void {
    const gl = this.#gl;
    gl.viewport(0, 0, width, height);
    gl.useProgram(this.#program);
    gl.bindBuffer(gl.UNIFORM_BUFFER, this.#buffer);
    gl.bufferSubData(gl.UNIFORM_BUFFER, 0, uniforms);
    gl.bindBufferBase(gl.UNIFORM_BUFFER, 0, this.#buffer);
    this.#bind(0, this.#pixelTexture(frame));
    this.#bind(1, this.#table(modality ?? null));
    this.#bind(2, this.#table(voi ?? null));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** RGBA of the canvas, top row first. */
  read(width: number, height: number): Uint8Array {
    const gl = this.#gl;
    const bottomFirst = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bottomFirst);
    const out = new Uint8Array(bottomFirst.length);
    for (let y = 0; y < height; y += 1) {
      out.set(bottomFirst.subarray((height - 1 - y) * width * 4, (height - y) * width * 4), y * width * 4);
    }
    return out;
  }

  #bind(unit: number, texture: WebGLTexture): void {
    this.#gl.activeTexture(this.#gl.TEXTURE0 + unit);
    this.#gl.bindTexture(this.#gl.TEXTURE_2D, texture);
  }

  #make(width: number, height: number, format: number): WebGLTexture {
    const gl = this.#gl;
    const texture = gl.createTexture();
    if (texture === null) throw new NoWebGl("The graphics context was lost.");
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const [name, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
      [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
      [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ] as const) {
      gl.texParameteri(gl.TEXTURE_2D, name, value);
    }
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
    return texture;
  }

  #pixelTexture(frame: RawFrame): WebGLTexture {
    if (this.#pixels?.frame === frame) return this.#pixels.texture;
    const gl = this.#gl;
    if (this.#pixels !== null) gl.deleteTexture(this.#pixels.texture);
    const { kind, rows, columns, samples } = frame;
    const view = (bytes: number) =>
      bytes === 1
        ? samples
        : bytes === 2
          ? new Uint16Array(samples.buffer, samples.byteOffset, samples.byteLength >> 1)
          : new Uint32Array(samples.buffer, samples.byteOffset, samples.byteLength >> 2);
    gl.activeTexture(gl.TEXTURE0);
    const upload = (internal: number, format: number, type: number, data: ArrayBufferView) => {
      const texture = this.#make(columns, rows, internal);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, columns, rows, format, type, data);
      return texture;
    };
    const texture =
      kind === "rgba8"
        ? upload(gl.RGBA8UI, gl.RGBA_INTEGER, gl.UNSIGNED_BYTE, samples)
        : kind === "u8" || kind === "i8"
          ? upload(gl.R8UI, gl.RED_INTEGER, gl.UNSIGNED_BYTE, samples)
          : kind === "u16" || kind === "i16"
            ? upload(gl.R16UI, gl.RED_INTEGER, gl.UNSIGNED_SHORT, view(2))
            : upload(gl.R32UI, gl.RED_INTEGER, gl.UNSIGNED_INT, view(4));
    this.uploads += 1;
    this.#pixels = { frame, texture };
    return texture;
  }

  /** A table of entries, LUT_ROW a row; a single row of noughts for none. */
  #table(lut: Lut | null): WebGLTexture {
    const kept = this.#tables.get(lut);
    if (kept !== undefined) return kept;
    const gl = this.#gl;
    const entries = lut?.entries ?? new Float32Array(0);
    const rows = Math.max(1, Math.ceil(entries.length / LUT_ROW));
    const padded = new Float32Array(rows * LUT_ROW);
    padded.set(entries);
    gl.activeTexture(gl.TEXTURE1);
    const texture = this.#make(LUT_ROW, rows, gl.R32F);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, LUT_ROW, rows, gl.RED, gl.FLOAT, padded);
    this.#tables.set(lut, texture);
    return texture;
  }
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const compile = (type: number, source: string) => {
    const shader = gl.createShader(type);
    if (shader === null) throw new NoWebGl("The graphics context was lost.");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    return shader;
  };
  const program = gl.createProgram();
  gl.attachShader(program, compile(gl.VERTEX_SHADER, VERTEX_SOURCE));
  gl.attachShader(program, compile(gl.FRAGMENT_SHADER, FRAGMENT_SOURCE));
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true) {
    throw new NoWebGl(`The shader does not run here: ${gl.getProgramInfoLog(program) ?? ""}`);
  }
  gl.useProgram(program);
  for (const name of BLOCKS) {
    const index = gl.getUniformBlockIndex(program, name);
    if (index !== gl.INVALID_INDEX) gl.uniformBlockBinding(program, index, 0);
  }
  for (const [unit, name] of [TEXTURES.pixels, TEXTURES.modality_lut, TEXTURES.voi_lut].entries()) {
    gl.uniform1i(gl.getUniformLocation(program, name), unit);
  }
  return program;
}
