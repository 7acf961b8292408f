// Presentation states and overlays of the made desk: one of each kind of thing that a viewport draws.
import { DeskError } from "../backend";
import type { PresentedSet } from "../generated/PresentedSet";
import type { MadeSet } from "./catalogue";
import { encodePng } from "./png";

/** The made state: half of the picture, turned by a quarter, a closed curve and words that point into it. */
export function makeState(made: MadeSet, id: string): PresentedSet {
  const info = made.set.presentations.find((state) => state.id === id);
  if (info === undefined || info.unsupported !== "") {
    throw new DeskError({
      code: "view.presentation",
      message: `${info?.unsupported ?? "Not open"}.`,
      hint: "",
    });
  }
  return {
    id,
    label: info.label,
    warnings: [],
    frames: made.set.frames.map(({ index, rows, columns, aspect }) => ({
      index,
      slope: 1,
      intercept: 0,
      modality_lut: null,
      voi: { kind: "window", center: 1800, width: 2400, function: "LINEAR", explanation: "" },
      inputs: null,
      inverted: true,
      area: [0, rows / 4, columns / 2, (rows * 3) / 4],
      zoom: null,
      aspect,
      rotation: 90,
      flipped: true,
      curves: [
        {
          points: [
            [columns * 0.2, rows * 0.4],
            [columns * 0.4, rows * 0.4],
            [columns * 0.3, rows * 0.6],
            [columns * 0.2, rows * 0.4],
          ],
          filled: false,
          colour: "#ffdd57",
        },
      ],
      words: [
        {
          text: "right hilum",
          bounds: null,
          justification: "start",
          anchor: [columns * 0.3, rows * 0.5],
          anchor_shown: true,
          colour: "#ffdd57",
        },
      ],
      veiled: false,
    })),
  };
}

/** A frame of white px. */
export function madeVeil(made: MadeSet, index: number): Uint8Array {
  const { rows = 1, columns = 1 } = made.set.frames[index] ?? {};
  return encodePng(new Uint8Array(rows * columns * 3).fill(255), columns, rows);
}
