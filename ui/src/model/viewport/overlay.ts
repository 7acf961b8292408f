// The words in the corners, and the bar. A table of fields; no mathematics of the picture here.
import type { DisplaySet } from "../../backend/generated/DisplaySet";
import type { FrameInfo } from "../../backend/generated/FrameInfo";
import type { Mark } from "../../backend/generated/Mark";
import type { VoiChoice } from "../../backend/generated/VoiChoice";
import { states as text } from "../../text/en";
import type { OverlayState } from "../session.svelte";
import type { Probed } from "./viewport.svelte";
import { number, voiLine } from "./voi";

/** One line; `quiet` ones go first when there is little room. */
export interface CornerLine {
  readonly text: string;
  readonly form: "plain" | "strong" | "quiet" | "badge" | "warning";
}

export interface Corners {
  readonly topLeft: readonly CornerLine[];
  readonly topRight: readonly CornerLine[];
  readonly bottomLeft: readonly CornerLine[];
  readonly bottomRight: readonly CornerLine[];
}

export interface CornerFacts {
  readonly set: DisplaySet;
  readonly frame: FrameInfo;
  readonly voi: VoiChoice | null;
  readonly zoom: number;
  readonly inverted: boolean;
  readonly overlays: OverlayState;
  readonly hideIdentity: boolean;
  readonly marked: boolean;
  readonly probed: Probed | null;
  /** All overlay planes of the file are drawn. */
  readonly planes: boolean;
  /** Label of the applied presentation state, and whether it speaks of this slice. */
  readonly state: { readonly label: string; readonly here: boolean } | null;
}

function line(text: string, form: CornerLine["form"] = "plain"): CornerLine[] {
  return text === "" ? [] : [{ text, form }];
}

/** What stands in each corner. The lossy badge and warnings stay whatever is hidden. */
export function corners(facts: CornerFacts): Corners {
  const { set, frame, voi } = facts;
  const must = [
    ...line(frame.lossy, "badge"),
    ...(facts.zoom > 4 ? line(`magnified ${number(Math.round(facts.zoom * 10) / 10)} ×`, "badge") : []),
    ...(frame.aspect !== 1 ? line("pixels not square", "badge") : []),
    ...presentationLines(facts),
  ];
  const inverted = facts.inverted ? line("inverted", "badge") : [];
  if (facts.overlays === "none") {
    return { topLeft: [], topRight: [], bottomLeft: [...must, ...inverted], bottomRight: [] };
  }
  const showsPatient = facts.overlays === "all" && !facts.hideIdentity;
  return {
    topLeft: [
      ...(showsPatient ? line(set.patient_line, "strong") : []),
      ...line(set.study_line),
      ...line(set.description, "quiet"),
    ],
    topRight: [
      ...line(
        `${frame.frame_number > 1 && frame.instance_number === "" ? "Frame" : "Im"} ${frame.index + 1} / ${set.frames.length}`,
      ),
      ...(frame.slice_position === null ? [] : line(`Pos ${millimetres(frame.slice_position)}`)),
      ...(frame.thickness === null ? [] : line(`${number(frame.thickness)} mm thick`, "quiet")),
      ...(facts.marked ? line("marked for the model", "badge") : []),
    ],
    bottomLeft: [
      ...must,
      ...inverted,
      ...line(frame.colour ? "Colour" : voiLine(voi)),
      ...line(`Zoom ${facts.zoom.toFixed(2)}`, "quiet"),
    ],
    bottomRight: probeLines(facts.probed),
  };
}

/** What changes or covers the picture by the file's own word, or would. */
function presentationLines({ frame, planes, state }: CornerFacts): CornerLine[] {
  const count = frame.overlays.length;
  const uptake = frame.suv.startsWith("no SUV") ? line(frame.suv, "quiet") : [];
  return [
    ...uptake,
    ...(state === null
      ? []
      : line(state.here ? text.corner(state.label) : text.elsewhere(state.label), "badge")),
    ...(state === null && frame.shutter ? line(text.shutter, "badge") : []),
    ...(count === 0 ? [] : planes ? line(text.planes(count), "badge") : line(text.planesOff(count), "quiet")),
  ];
}

function millimetres(value: number): string {
  return `${value.toFixed(1).replace("-", "−")} mm`;
}

/** What lies under the cursor: value first, then where. */
export function probeLines(probed: Probed | null): CornerLine[] {
  if (probed === null || probed.answer.stored.length === 0) return [];
  const { stored, modality, unit, suv, suv_kind, voxel, patient, padding } = probed.answer;
  const lines: CornerLine[] = [];
  if (padding) lines.push(...line("padding"));
  else if (modality !== null) lines.push(...line(`${number(modality)} ${unit}`.trim(), "strong"));
  else if (stored.length === 3) lines.push(...line(`RGB ${stored.join(" ")}`, "strong"));
  if (suv !== "") lines.push(...line(`${suv_kind} ${suv}`, "strong"));
  if (modality !== null || padding) lines.push(...line(`stored ${stored.map(number).join(" ")}`, "quiet"));
  if (voxel !== null) lines.push(...line(`x ${voxel[0]}  y ${voxel[1]}  z ${voxel[2]}`, "quiet"));
  if (patient !== null) {
    lines.push(...line(patient.map((value) => value.toFixed(1).replace("-", "−")).join("  "), "quiet"));
  }
  return lines;
}

export interface ScaleBar {
  /** CSS px. */
  readonly length: number;
  readonly label: string;
}

const STEPS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const CLASS_WORDS: Readonly<Record<string, string>> = {
  detector: " at detector",
  estimated: " estimated",
  calibrated: " calibrated",
  scanned: " on film",
};

/** A bar of a round length, at most `room` CSS px long; none where millimetres are not known. */
export function scaleBar(frame: FrameInfo, zoom: number, rotation: number, room: number): ScaleBar | null {
  if (frame.spacing === null || frame.spacing_kind === "none" || frame.spacing_kind === "unknown")
    return null;
  // The bar lies across the screen: along rows, or along columns when turned by a quarter. Square pixels on the
  // screen make both the same, unless the file's aspect and spacing disagree.
  const [down, across] = frame.spacing;
  const lies = rotation % 180 !== 0;
  const aspect = Number.isFinite(frame.aspect) && frame.aspect > 0 ? frame.aspect : 1;
  const pixelsPerMillimetre = lies ? (zoom * aspect) / down : zoom / across;
  if (!Number.isFinite(pixelsPerMillimetre) || pixelsPerMillimetre <= 0) return null;
  const step = [...STEPS].reverse().find((millimetre) => millimetre * pixelsPerMillimetre <= room);
  if (step === undefined) return null;
  const size = step >= 10 ? `${step / 10} cm` : `${step} mm`;
  return { length: step * pixelsPerMillimetre, label: `${size}${CLASS_WORDS[frame.spacing_kind] ?? ""}` };
}

/** What a screen reader says of a mark. */
export function markName(mark: Pick<Mark, "kind" | "text" | "measured">): string {
  return [mark.kind, mark.text, ...mark.measured].filter(Boolean).join(", ");
}

/** Lines that fit: quiet ones go first, then plain ones from the end; badges and warnings stay. */
export function fittingLines(lines: readonly CornerLine[], room: number): CornerLine[] {
  const kept = [...lines];
  for (const form of ["quiet", "plain", "strong"] as const) {
    for (let i = kept.length - 1; i >= 0 && kept.length > room; i -= 1) {
      if (kept[i]?.form === form) kept.splice(i, 1);
    }
  }
  return kept;
}
