// The device probe: draws the desk's cases and compares them with the reference renderer's bytes.
import { type Backend, DeskError } from "../backend/backend";
import type { ProbeCase } from "../backend/generated/ProbeCase";
import { parseSamples } from "../model/frames";
import type { DeviceState } from "../model/session.svelte";
import type { PresentProgram } from "./program";
import { WebGl2Renderer } from "./webgl2";

export function bytesFromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Largest difference of two pictures in grey levels; 255 when their sizes differ. */
export function largestDifference(drawn: Uint8Array, expected: Uint8Array): number {
  if (drawn.length !== expected.length) return 255;
  let largest = 0;
  for (let i = 0; i < drawn.length; i += 1)
    largest = Math.max(largest, Math.abs((drawn[i] ?? 0) - (expected[i] ?? 0)));
  return largest;
}

function drawCase(
  canvas: HTMLCanvasElement,
  renderer: WebGl2Renderer,
  probe: ProbeCase,
  place: number,
): number {
  canvas.width = probe.columns;
  canvas.height = probe.rows;
  const frame = parseSamples(probe.kind, probe.rows, probe.columns, bytesFromBase64(probe.samples));
  const tables = [Float32Array.from(probe.modality_lut), Float32Array.from(probe.voi_lut)] as const;
  renderer.drawBlock({ key: `probe ${place}`, frame }, bytesFromBase64(probe.uniforms), tables);
  return largestDifference(renderer.readPixels().rgba, bytesFromBase64(probe.expected));
}

/** Compares this machine with the reference and tells the desk; never throws. */
export async function checkDevice(backend: Backend, present: PresentProgram | null): Promise<DeviceState> {
  const state = await compare(backend, present);
  const report = {
    renderer: state.kind === "compared" || state.kind === "uncompared" ? state.renderer : "none",
    max_difference: state.kind === "compared" ? state.difference : null,
    cases: state.kind === "compared" ? state.cases : 0,
  };
  await backend.call("report_device", report).catch(() => undefined);
  return state;
}

async function compare(backend: Backend, present: PresentProgram | null): Promise<DeviceState> {
  if (present === null) return { kind: "absent", reason: "The shader is missing from this build." };
  const canvas = document.createElement("canvas");
  let renderer: WebGl2Renderer | null = null;
  try {
    renderer = new WebGl2Renderer(canvas, present);
    const { name } = renderer;
    const cases = await backend.call("device_probe", {}).catch(() => []);
    if (cases.length === 0) return { kind: "uncompared", renderer: name };
    let difference = 0;
    for (const [place, probe] of cases.entries()) {
      difference = Math.max(difference, drawCase(canvas, renderer, probe, place));
    }
    return { kind: "compared", renderer: name, difference, cases: cases.length };
  } catch (thrown) {
    return { kind: "absent", reason: DeskError.from(thrown).message };
  } finally {
    renderer?.dispose();
  }
}
