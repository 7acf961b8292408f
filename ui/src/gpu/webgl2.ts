// Draws by WebGL2 with the shader that the reference renderer judges.
import type { Lut } from "../model/luts";
import type { PresentProgram, PresentValues } from "./program";
import { NoDevice, type Picture, type Pixels, type Placement, type Renderer } from "./renderer";
import { Textures } from "./textures";

export interface RendererOptions {
  /** Keeps the picture readable after it was shown; for tests. */
  readonly keepPixels?: boolean;
}

interface Linked {
  readonly all: WebGLProgram;
  readonly window: WebGLProgram;
  readonly uniforms: WebGLBuffer;
  readonly vertices: WebGLVertexArrayObject;
}

/** Samplers take these texture units. */
const UNITS = { samples: 0, modalityLut: 1, voiLut: 2 } as const;
const NO_TABLE = new Float32Array(1);

function compile(gl: WebGL2RenderingContext, kind: number, source: string): WebGLShader {
  const shader = gl.createShader(kind);
  if (shader === null) throw new NoDevice("The graphics device was lost while it was set up.");
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (gl.getShaderParameter(shader, gl.COMPILE_STATUS) !== true) {
    throw new NoDevice(
      `The graphics driver refused the shader: ${gl.getShaderInfoLog(shader) ?? "no reason given"}`,
    );
  }
  return shader;
}

function link(gl: WebGL2RenderingContext, present: PresentProgram, fragment: string): WebGLProgram {
  const program = gl.createProgram();
  gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, present.vertex));
  gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, fragment));
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true) {
    throw new NoDevice(
      `The graphics driver refused the shader: ${gl.getProgramInfoLog(program) ?? "no reason given"}`,
    );
  }
  for (const block of present.blocks) {
    const index = gl.getUniformBlockIndex(program, block);
    if (index !== gl.INVALID_INDEX) gl.uniformBlockBinding(program, index, 0);
  }
  gl.useProgram(program);
  for (const [sampler, unit] of Object.entries(UNITS)) {
    const name = present.samplers[sampler as keyof typeof UNITS];
    if (name !== "") gl.uniform1i(gl.getUniformLocation(program, name), unit);
  }
  return program;
}

function prepare(gl: WebGL2RenderingContext, present: PresentProgram): Linked {
  const uniforms = gl.createBuffer();
  gl.bindBuffer(gl.UNIFORM_BUFFER, uniforms);
  gl.bufferData(gl.UNIFORM_BUFFER, present.bytes, gl.DYNAMIC_DRAW);
  gl.bindBufferBase(gl.UNIFORM_BUFFER, 0, uniforms);
  return {
    all: link(gl, present, present.fragment),
    window: link(gl, present, present.window),
    uniforms,
    vertices: gl.createVertexArray(),
  };
}

function nameOf(gl: WebGL2RenderingContext): string {
  const exact = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(exact === null ? gl.RENDERER : exact.UNMASKED_RENDERER_WEBGL);
  return typeof name === "string" ? name : "unknown";
}

export class WebGl2Renderer implements Renderer {
  readonly name: string;
  readonly textures: Textures;
  readonly #gl: WebGL2RenderingContext;
  readonly #present: PresentProgram;
  readonly #linked: Linked;

  /** Throws {@link NoDevice} when the canvas has no WebGL2 or the driver refuses the shader. */
  constructor(canvas: HTMLCanvasElement, present: PresentProgram, options: RendererOptions = {}) {
    const gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      stencil: false,
      preserveDrawingBuffer: options.keepPixels === true,
    });
    if (gl === null) throw new NoDevice("This machine offers no WebGL2.");
    this.#gl = gl;
    this.#present = present;
    this.#linked = prepare(gl, present);
    this.textures = new Textures(gl);
    this.name = nameOf(gl);
    // 8-bit values are to reach the screen as they are.
    gl.disable(gl.DITHER);
    gl.disable(gl.BLEND);
  }

  draw(picture: Picture | null, placement: Placement): void {
    const gl = this.#gl;
    const { drawingBufferWidth: width, drawingBufferHeight: height } = gl;
    gl.viewport(0, 0, width, height);
    if (picture === null) {
      gl.clearColor(0, 0, 0, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      return;
    }
    const { frame } = picture;
    const largest = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    if (frame.columns > largest || frame.rows > largest) {
      const size = `${frame.columns} × ${frame.rows}`;
      throw new NoDevice(
        `This picture has ${size} px; the graphics device takes ${largest} at most on a side.`,
      );
    }
    this.#bind({
      samples: this.textures.frame(picture.key, frame),
      modalityLut: this.#table(picture.key, picture.modalityLut),
      voiLut: this.#table(picture.key, picture.voiLut),
    });
    this.#run(new Uint8Array(this.#present.write(valuesOf(picture, placement, width, height))));
  }

  /** Draws samples with a ready uniform block, as the device probe has it. */
  drawBlock(
    picture: Pick<Picture, "key" | "frame">,
    block: Uint8Array,
    tables: readonly [Float32Array, Float32Array],
  ): void {
    const gl = this.#gl;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    const table = (place: number, entries: Float32Array) =>
      this.textures.lut(`${picture.key} ${place}`, entries.length === 0 ? NO_TABLE : entries);
    this.#bind({
      samples: this.textures.frame(picture.key, picture.frame),
      modalityLut: table(0, tables[0]),
      voiLut: table(1, tables[1]),
    });
    this.#run(block);
  }

  readPixels(): Pixels {
    const gl = this.#gl;
    const { drawingBufferWidth: width, drawingBufferHeight: height } = gl;
    const bottomUp = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bottomUp);
    const rgba = new Uint8Array(bottomUp.length);
    for (let row = 0; row < height; row += 1) {
      const from = (height - 1 - row) * width * 4;
      rgba.set(bottomUp.subarray(from, from + width * 4), row * width * 4);
    }
    return { width, height, rgba };
  }

  dispose(): void {
    this.textures.dispose();
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #table(key: string, lut: Lut | null): WebGLTexture {
    if (lut === null) return this.textures.lut("none", NO_TABLE);
    const displaySet = key.slice(0, key.lastIndexOf("/"));
    return this.textures.lut(`${displaySet} ${lut.info.id}`, lut.entries);
  }

  /** Takes ready textures: making one binds it to whatever unit is active, so all are made before any is bound. */
  #bind(textures: Readonly<Record<keyof typeof UNITS, WebGLTexture>>): void {
    for (const [sampler, unit] of Object.entries(UNITS)) {
      this.#gl.activeTexture(this.#gl.TEXTURE0 + unit);
      this.#gl.bindTexture(this.#gl.TEXTURE_2D, textures[sampler as keyof typeof UNITS]);
    }
  }

  #run(block: Uint8Array): void {
    const gl = this.#gl;
    gl.useProgram(this.#present.isWindow(block) ? this.#linked.window : this.#linked.all);
    gl.bindVertexArray(this.#linked.vertices);
    gl.bindBuffer(gl.UNIFORM_BUFFER, this.#linked.uniforms);
    gl.bufferSubData(gl.UNIFORM_BUFFER, 0, block);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

function valuesOf(picture: Picture, placement: Placement, width: number, height: number): PresentValues {
  const { frame, voi, voiLut, modalityLut } = picture;
  return {
    kind: frame.kind,
    rows: frame.rows,
    columns: frame.columns,
    width,
    height,
    imageFromCanvas: placement.imageFromCanvas,
    interpolate: placement.interpolate,
    slope: picture.slope,
    intercept: picture.intercept,
    padding: picture.padding,
    modalityLut: modalityLut === null ? null : shapeOf(modalityLut),
    voi:
      voi === null
        ? { kind: "none" }
        : voi.kind === "window"
          ? { kind: "window", function: voi.function, center: voi.center, width: voi.width }
          : { kind: "lut", ...(voiLut === null ? { firstMapped: 0, length: 1, bits: 8 } : shapeOf(voiLut)) },
    inverted: picture.inverted,
  };
}

function shapeOf({ info, entries }: Lut) {
  return { firstMapped: info.first_mapped, length: entries.length, bits: info.bits };
}
