// Compares this machine's device with the reference renderer: the desk gives the cases, the answer goes back to it.
import type { ProbeCase } from "../backend/generated/ProbeCase";
import type { Lut } from "../model/luts";
import type { Session } from "../model/session.svelte";
import { NoWebGl, Renderer } from "./renderer";

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function table(entries: readonly number[]): Lut | undefined {
  if (entries.length === 0) return undefined;
  const info = { id: "probe", first_mapped: 0, bits: 16, length: entries.length };
  return { info, entries: Float32Array.from(entries) };
}

/** Largest difference in grey levels of one case. */
function difference(renderer: Renderer, one: ProbeCase): number {
  const frame = { kind: one.kind, rows: one.rows, columns: one.columns, samples: bytes(one.samples) };
  const uniforms = bytes(one.uniforms).buffer;
  renderer.drawRaw(frame, uniforms, table(one.modality_lut), table(one.voi_lut), one.columns, one.rows);
  const drawn = renderer.read(one.columns, one.rows);
  return bytes(one.expected).reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - (drawn[i] ?? 0))),
    0,
  );
}

/** Runs all cases on a canvas of its own and tells session and desk. */
export async function checkDevice(session: Session): Promise<void> {
  let renderer = "none";
  let worst: number | null = null;
  let cases = 0;
  try {
    const canvas = document.createElement("canvas");
    canvas.width = 64;
    canvas.height = 64;
    const device = new Renderer(canvas, true);
    renderer = device.name;
    for (const one of await session.backend.call("device_probe", {})) {
      worst = Math.max(worst ?? 0, difference(device, one));
      cases += 1;
    }
    session.device =
      worst === null
        ? { kind: "uncompared", renderer }
        : { kind: "compared", renderer, difference: worst, cases };
  } catch (thrown) {
    session.device =
      thrown instanceof NoWebGl
        ? { kind: "absent", reason: thrown.message }
        : { kind: "uncompared", renderer };
  }
  await session.backend
    .call("report_device", { renderer, max_difference: worst, cases })
    .catch(() => undefined);
}
