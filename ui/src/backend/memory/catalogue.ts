// Made studies: what a folder of a small hospital could hold, with the things that go wrong in one.
import type { DisplaySet } from "../generated/DisplaySet";
import type { DisplaySetTile } from "../generated/DisplaySetTile";
import type { FrameInfo } from "../generated/FrameInfo";
import type { PreprocessChoice } from "../generated/PreprocessChoice";
import type { PresentationInfo } from "../generated/PresentationInfo";
import type { SkippedFile } from "../generated/SkippedFile";
import type { Study } from "../generated/Study";
import type { VoiChoice } from "../generated/VoiChoice";
import type { WindowInfo } from "../generated/WindowInfo";
import { OBJECTS } from "./objects";

/** How the pixels of a made display set come about. */
export type Scene = "belly" | "head" | "chest" | "fan" | "ramp";

export interface MadeSet {
  readonly tile: DisplaySetTile;
  readonly set: DisplaySet;
  readonly scene: Scene;
  readonly study: Study;
}

const FIT_CT: PreprocessChoice[] = [
  { id: "ct-windows/1", description: "Three CT windows as red, green and blue, as the model was trained" },
  { id: "ct-windows-jpeg/1", description: "The same through JPEG, as the published notebook sends it" },
  { id: "display/1", description: "The slice as it is shown, with its window" },
];
const FIT_PLAIN: PreprocessChoice[] = [
  { id: "display/1", description: "The picture as it is shown, with its window" },
];

function ctWindow(center: number, width: number, explanation: string): VoiChoice {
  return { kind: "window", center, width, function: "LINEAR", explanation };
}

const plainFrame: Omit<FrameInfo, "index" | "sop_instance_uid" | "rows" | "columns" | "kind"> = {
  frame_number: 1,
  instance_number: "1",
  slope: 1,
  intercept: 0,
  modality_lut: null,
  unit: "",
  windows: [],
  default_window: null,
  padding: null,
  inverted: false,
  colour: false,
  spacing: null,
  spacing_kind: "none",
  aspect: 1,
  position: null,
  orientation: null,
  letters: ["", "", "", ""],
  slice_position: null,
  thickness: null,
  lossy: "",
  overlays: [],
  shutter: false,
  coloured: false,
  suv: "",
  problem: "",
};

interface CtPlan {
  readonly uid: string;
  readonly count: number;
  readonly size: number;
  readonly spacing: number;
  readonly step: number;
  readonly first: number;
  readonly windows: VoiChoice[];
  /** Slice (from 0) whose pixels are broken. */
  readonly broken?: number;
  /** After this slice (from 1), so many are missing. */
  readonly gap?: readonly [number, number];
}

function ctFrames(plan: CtPlan): FrameInfo[] {
  return Array.from({ length: plan.count }, (_, index) => {
    const missing = plan.gap !== undefined && index >= plan.gap[0] ? plan.gap[1] : 0;
    const at = plan.first + (index + missing) * plan.step;
    const corner = -(plan.size * plan.spacing) / 2;
    return {
      ...plainFrame,
      index,
      sop_instance_uid: `${plan.uid}.${index + 1}`,
      instance_number: String(plan.count - index),
      rows: plan.size,
      columns: plan.size,
      kind: "u16",
      intercept: -1024,
      unit: "HU",
      windows: plan.windows,
      default_window: 0,
      spacing: [plan.spacing, plan.spacing],
      spacing_kind: "patient",
      position: [corner, corner, at],
      orientation: [1, 0, 0, 0, 1, 0],
      letters: ["R", "L", "A", "P"],
      slice_position: at,
      thickness: plan.step,
      problem: index === plan.broken ? "The pixel data end after 61 % of the slice." : "",
    };
  });
}

interface Listed {
  readonly id: string;
  readonly modality: string;
  readonly description: string;
  readonly number: string;
  readonly frames: FrameInfo[];
  readonly scene: Scene;
  readonly states?: PresentationInfo[];
  readonly volume?: boolean;
  readonly spacing?: number;
  readonly warnings?: string[];
  readonly alert?: string;
  readonly auto: WindowInfo | null;
  readonly preprocess: PreprocessChoice[];
  readonly rate?: number;
}

function place(study: Study, listed: Listed): MadeSet {
  const warnings = listed.warnings ?? [];
  const tile: DisplaySetTile = {
    id: listed.id,
    modality: listed.modality,
    description: listed.description,
    number: listed.number,
    frames: listed.frames.length,
    volume: listed.volume === true,
    warnings,
    alert: listed.alert ?? "",
    has_truth: false,
    readings: 0,
  };
  const set: DisplaySet = {
    id: listed.id,
    modality: listed.modality,
    description: listed.description,
    study_line: study.date === "" ? study.description : `${study.description} · ${study.date}`,
    patient_line: [study.patient_name, study.patient_id, study.patient_details].filter(Boolean).join(" · "),
    frames: listed.frames,
    initial_frame: Math.floor(listed.frames.length / 2),
    volume: listed.volume === true,
    slice_spacing: listed.spacing ?? null,
    tilt: 0,
    warnings,
    preprocess: listed.preprocess,
    auto_window: listed.auto,
    frame_rate: listed.rate ?? null,
    frame_times: [],
    presentations: listed.states ?? [],
  };
  study.display_sets.push(tile);
  return { tile, set, scene: listed.scene, study };
}

function study(
  id: string,
  description: string,
  date: string,
  name: string,
  patient: string,
  details: string,
): Study {
  return {
    id,
    uid: `2.25.4242.${id.length}.${date.replaceAll("-", "")}`,
    description,
    date,
    patient_name: name,
    patient_id: patient,
    patient_details: details,
    display_sets: [],
    objects: [],
  };
}

function withRamp(made: MadeSet): MadeSet {
  return made.scene === "fan" ? made : { ...made, scene: "ramp" };
}

/** All made studies, new each time: nothing is shared between two backends. `plain` ones hold ramps, quickly made. */
export function makeCatalogue(plain = false): {
  studies: Study[];
  sets: Map<string, MadeSet>;
  skipped: SkippedFile[];
} {
  const abdomen = study(
    "s-abdomen",
    "CT abdomen, portal venous",
    "2024-03-12",
    "Okafor, Adaeze",
    "OR-0417",
    "F 62 y",
  );
  abdomen.objects.push(...OBJECTS);
  const headStudy = study(
    "s-head",
    "CT head, follow-up",
    "2024-04-02",
    "Lindqvist, Per",
    "OR-0533",
    "M 71 y",
  );
  const chestStudy = study("s-chest", "Chest", "2023-11-20", "Okafor, Adaeze", "OR-0417", "F 61 y");
  const duplex = study("s-duplex", "Duplex, carotid arteries", "", "", "", "");

  const made = [
    place(abdomen, {
      id: "ct-abdomen",
      modality: "CT",
      description: "Axial 5.0 mm, soft tissue kernel",
      number: "3",
      frames: ctFrames({
        uid: "2.25.1001",
        count: 40,
        size: 512,
        spacing: 0.7422,
        step: 5,
        first: -214,
        windows: [ctWindow(50, 400, "Abdomen"), ctWindow(90, 150, "Liver"), ctWindow(480, 2500, "Bone")],
      }),
      scene: "belly",
      volume: true,
      spacing: 5,
      auto: { center: 10, width: 520, function: "LINEAR", explanation: "Automatic" },
      preprocess: FIT_CT,
    }),
    place(headStudy, {
      id: "ct-head",
      modality: "CT",
      description: "Axial 5.0 mm",
      number: "2",
      frames: ctFrames({
        uid: "2.25.1002",
        count: 24,
        size: 384,
        spacing: 0.6055,
        step: 5,
        first: 12,
        windows: [ctWindow(40, 80, "Brain"), ctWindow(75, 250, "Subdural")],
        broken: 17,
        gap: [14, 2],
      }),
      scene: "head",
      volume: false,
      warnings: ["Two slices are missing after slice 14.", "Slice 18 cannot be decoded."],
      alert: "gap after 14",
      auto: { center: 40, width: 120, function: "LINEAR", explanation: "Automatic" },
      preprocess: FIT_CT,
    }),
    place(chestStudy, {
      id: "dx-chest",
      modality: "DX",
      description: "Chest p.a.",
      number: "1",
      frames: [
        {
          ...plainFrame,
          index: 0,
          sop_instance_uid: "2.25.1003.1",
          rows: 1024,
          columns: 1024,
          kind: "u16",
          inverted: false,
          windows: [
            {
              kind: "lut",
              lut: { id: "normal", first_mapped: 0, bits: 12, length: 4096 },
              explanation: "Normal",
            },
            { kind: "window", center: 1900, width: 3000, function: "SIGMOID", explanation: "Soft" },
            { kind: "window", center: 2300, width: 2200, function: "LINEAR", explanation: "Bone" },
          ],
          default_window: 0,
          spacing: [0.35, 0.35],
          spacing_kind: "detector",
          letters: ["R", "L", "H", "F"],
          overlays: ["field of view"],
        },
      ],
      scene: "chest",
      states: [
        { id: "state-hilum", label: "HILUM", description: "right hilum, turned", unsupported: "" },
        {
          id: "state-blend",
          label: "BLEND",
          description: "",
          unsupported: "Blending presentation states are not supported",
        },
      ],
      auto: { center: 2000, width: 3600, function: "LINEAR", explanation: "Automatic" },
      preprocess: FIT_PLAIN,
    }),
    place(duplex, {
      id: "us-duplex",
      modality: "US",
      description: "Carotid, colour",
      number: "",
      frames: Array.from({ length: 12 }, (_, index) => ({
        ...plainFrame,
        index,
        sop_instance_uid: "2.25.1004.1",
        frame_number: index + 1,
        rows: 480,
        columns: 640,
        kind: "rgba8" as const,
        colour: true,
        lossy: "lossy 12:1 JPEG",
      })),
      scene: "fan",
      auto: null,
      preprocess: FIT_PLAIN,
      rate: 15,
    }),
  ];
  return {
    studies: [abdomen, headStudy, chestStudy, duplex],
    sets: new Map(made.map((entry) => [entry.tile.id, plain ? withRamp(entry) : entry])),
    skipped: [
      { name: "HEAD/IM0018", status: "unreadable", reason: "The file ends in the middle of its pixel data." },
      {
        name: "ABD/COPY.dcm",
        status: "object",
        reason: "a further copy of an instance that is here already",
      },
      { name: "readme.txt", status: "not_dicom", reason: "Not a DICOM file." },
    ],
  };
}
