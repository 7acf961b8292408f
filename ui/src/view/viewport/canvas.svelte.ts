// Draws a viewport on its canvas: only when something changed, at most once a display frame, and nothing else.
import type { VoiChoice } from "../../backend/generated/VoiChoice";
import { present } from "../../gpu/present";
import type { Picture, Pixels, Placement, Renderer } from "../../gpu/renderer";
import { WebGl2Renderer } from "../../gpu/webgl2";
import type { Session } from "../../model/session.svelte";
import { type Affine, invert, screenFromImage } from "../../model/viewport/geometry";
import type { ViewportModel } from "../../model/viewport/viewport.svelte";

/** A slice that takes longer than this leaves the screen black and says that it is coming, ms. */
const PATIENCE = 150;
/** A change that comes this long after the last drawing is drawn at once, ms; a burst waits for the display frame. */
const QUIET = 12;

/** A VOI as part of an address. */
function voiWords(voi: VoiChoice | null): string {
  if (voi === null) return "none";
  if (voi.kind === "window") return `${voi.center},${voi.width},${voi.function}`;
  if (voi.lut.id.includes("-state-")) return "lut,state";
  return `lut,${voi.lut.id.slice(voi.lut.id.lastIndexOf("-") + 1)}`;
}

export class ViewportCanvas {
  readonly #session: Session;
  readonly #viewport: ViewportModel;
  readonly #canvas: HTMLCanvasElement;
  readonly #keepPixels: boolean;
  #renderer: WebGl2Renderer | null = null;
  #frame = 0;
  #shown: Picture | null = null;
  #waitingSince = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawnAt = Number.NEGATIVE_INFINITY;
  /** What the canvas holds, in one line. */
  #signature = "";
  #watchers: (() => void)[] = [];
  draws = 0;
  /** Why nothing can be drawn, in words. */
  failure = $state<string | null>(null);

  constructor(session: Session, viewport: ViewportModel, canvas: HTMLCanvasElement, keepPixels: boolean) {
    this.#session = session;
    this.#viewport = viewport;
    this.#canvas = canvas;
    this.#keepPixels = keepPixels;
    canvas.addEventListener("webglcontextlost", this.#lost);
    canvas.addEventListener("webglcontextrestored", this.#restored);
    this.#open();
  }

  get renderer(): Renderer | null {
    return this.#renderer;
  }

  /** Draws what changed: at once after a rest, else at the next display frame. */
  schedule(): void {
    if (this.#frame !== 0) return;
    if (performance.now() - this.#drawnAt > QUIET) {
      this.draw();
      return;
    }
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.draw();
    });
  }

  /** Draws now, unless the canvas shows it already. `again` draws all the same: before pixels are read. */
  draw(again = false): void {
    if (this.#renderer === null) return;
    this.#fitCanvas();
    const picture = this.#pictureToShow();
    const placement = this.#placement();
    const signature = this.#signatureOf(picture, placement);
    if (signature === this.#signature && !again) return;
    try {
      this.#renderer.draw(picture, placement);
      this.#signature = signature;
      this.#drawnAt = performance.now();
      this.draws += 1;
      this.failure = null;
      for (const watcher of this.#watchers.splice(0)) watcher();
    } catch (thrown) {
      this.failure = thrown instanceof Error ? thrown.message : String(thrown);
    }
  }

  /** Where the desk's own drawing of this picture lies, for a page without WebGL2; `null` when nothing is to be seen. */
  address(): string | null {
    const { displaySet: set, frameInfo: info, frame, voi, presentation } = this.#viewport;
    if (set === null || info === null || info.problem !== "") return null;
    this.#fitCanvas();
    const { imageFromCanvas: m, interpolate } = this.#placement();
    const map = [m.a, m.b, m.c, m.d, m.e, m.f].map((number) => Number(number.toPrecision(9))).join(",");
    const how = interpolate ? "linear" : "nearest";
    const size = `${this.#canvas.width}x${this.#canvas.height}`;
    const { presented, presentedFrame } = this.#viewport;
    const state = presented === null || presentedFrame === null ? "" : `/${presented.id}`;
    return `drawn/${set.id}/${frame}/${size}/${map}/${how}/${voiWords(info.colour ? null : voi)}/${presentation.inverted ? 1 : 0}${state}`;
  }

  /** Settles after the next drawing; for measurements. */
  nextDraw(): Promise<void> {
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  readPixels(): Pixels & { uploads: number; draws: number } {
    const { draws } = this;
    const uploads = this.#renderer?.textures.uploads ?? 0;
    const pixels = this.#renderer?.readPixels() ?? { width: 0, height: 0, rgba: new Uint8Array() };
    return { ...pixels, uploads, draws };
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#canvas.removeEventListener("webglcontextlost", this.#lost);
    this.#canvas.removeEventListener("webglcontextrestored", this.#restored);
    this.#renderer?.dispose();
    this.#renderer = null;
  }

  #open(): void {
    this.#signature = "";
    try {
      if (present === null) throw new Error("The shader is missing from this build of the page.");
      this.#renderer = new WebGl2Renderer(this.#canvas, present, { keepPixels: this.#keepPixels });
      this.failure = null;
    } catch (thrown) {
      this.#renderer = null;
      this.failure = thrown instanceof Error ? thrown.message : String(thrown);
    }
  }

  readonly #lost = (event: Event) => {
    event.preventDefault();
    this.#renderer = null;
    this.failure = "The graphics device was lost; waiting for it to come back.";
  };

  readonly #restored = () => {
    this.#open();
    this.schedule();
  };

  #fitCanvas(): void {
    const { width, height } = this.#viewport.size;
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.#canvas.width !== across) this.#canvas.width = across;
    if (this.#canvas.height !== down) this.#canvas.height = down;
  }

  /** Everything that a drawing depends on. */
  #signatureOf(picture: Picture | null, { imageFromCanvas: m, interpolate }: Placement): string {
    const { width, height } = this.#canvas;
    const tables = `${picture?.modalityLut?.info.id ?? ""} ${picture?.voiLut?.info.id ?? ""}`;
    const what =
      picture === null
        ? ""
        : `${picture.key} ${picture.slope} ${picture.intercept} ${picture.inverted} ${tables} ${JSON.stringify(picture.voi)}`;
    return `${width} ${height} ${m.a} ${m.b} ${m.c} ${m.d} ${m.e} ${m.f} ${interpolate} ${what}`;
  }

  #placement(): Placement {
    const { presentation, shape, size } = this.#viewport;
    const inverse = invert(screenFromImage(presentation, shape?.aspect ?? 1, size));
    const [x, y] = [size.width / this.#canvas.width, size.height / this.#canvas.height];
    const imageFromCanvas: Affine = {
      a: inverse.a * x,
      b: inverse.b * x,
      c: inverse.c * y,
      d: inverse.d * y,
      e: inverse.e,
      f: inverse.f,
    };
    return { imageFromCanvas, interpolate: this.#session.settings.interpolate };
  }

  /** The wanted picture; while it is on its way, for a moment, the last one. */
  #pictureToShow(): Picture | null {
    const picture = this.#picture();
    clearTimeout(this.#timer);
    if (picture !== null || !this.#viewport.waiting) {
      this.#waitingSince = 0;
      this.#shown = picture;
      return picture;
    }
    const now = performance.now();
    if (this.#waitingSince === 0) this.#waitingSince = now;
    const left = this.#waitingSince + PATIENCE - now;
    if (left <= 0) this.#shown = null;
    else this.#timer = setTimeout(() => this.schedule(), left + 1);
    return this.#shown;
  }

  #picture(): Picture | null {
    const { displaySet: set, frameInfo: info, frame: index, voi, presentation } = this.#viewport;
    if (set === null || info === null || info.problem !== "") return null;
    const frame = this.#session.frames.peek(set.id, index);
    if (frame === undefined) return null;
    const arrived = () => {
      this.#viewport.arrived += 1;
    };
    const { luts } = this.#session;
    const modalityLut = info.modality_lut === null ? null : luts.get(set.id, info.modality_lut, arrived);
    const voiLut = voi?.kind === "lut" ? luts.get(set.id, voi.lut, arrived) : null;
    // A picture without its table would be a wrong picture.
    if (modalityLut === undefined || voiLut === undefined) return null;
    return {
      // By what it is, not by its place: places change while a scan goes on.
      key: `${set.id}/${info.sop_instance_uid}.${info.frame_number}`,
      frame,
      slope: info.slope,
      intercept: info.intercept,
      modalityLut,
      padding: info.padding,
      voi: info.colour ? null : voi,
      voiLut,
      inverted: info.inverted !== presentation.inverted,
    };
  }
}
