// Made objects: a report that names a slice of the made CT, a segmentation of two parts over it, a letter.
import type { DisplaySet } from "../generated/DisplaySet";
import type { Layer } from "../generated/Layer";
import type { LayerSlice } from "../generated/LayerSlice";
import type { ObjectDetail } from "../generated/ObjectDetail";
import type { ObjectLine } from "../generated/ObjectLine";
import type { ReportRow } from "../generated/ReportRow";
import { notFound } from "./resources";

const OVER = "ct-abdomen";

export const OBJECTS: readonly ObjectLine[] = [
  {
    id: "object-report",
    opens: "report",
    fits: false,
    label: "Measurements",
    modality: "SR",
    summary: "structured report: Measurement report, 7 content items, complete, unverified",
  },
  {
    id: "object-segments",
    opens: "layer",
    fits: true,
    label: "Organs",
    modality: "SEG",
    summary: "segmentation: 2 segments (Liver, Vessel), binary, 40 frames",
  },
  {
    id: "object-letter",
    opens: "document",
    fits: false,
    label: "",
    modality: "DOC",
    summary: "encapsulated document: PDF, Letter, 12.0 kB",
  },
  {
    id: "object-dose",
    opens: "nothing",
    fits: false,
    label: "",
    modality: "SR",
    summary: "Dose report, CTDIvol 8.1 mGy",
  },
];

function row(form: ReportRow["form"], depth: number, name: string, value: string): ReportRow {
  return { form, depth, relationship: "", name, value, target: null, region: null };
}

function rows(set: DisplaySet): ReportRow[] {
  const frame = set.frames[13];
  const image = frame?.sop_instance_uid ?? "";
  const target = {
    sop_instance_uid: image,
    frame_number: frame?.frame_number ?? 1,
    display_set: set.id,
    frame: 13,
    label: `${set.modality} ${set.description} · slice 14`,
  };
  return [
    row("heading", 0, "Findings", ""),
    row("text", 1, "肝臓 · Ήπαρ", "Focal lesion in segment VI.\nSecond line."),
    row("heading", 1, "Measurement group", ""),
    row("number", 2, "Long axis", "14.2 mm"),
    { ...row("image", 2, "Source", image), relationship: "inferred from", target },
    { ...row("image", 2, "Prior", "2.25.1.2"), target: { ...target, display_set: "", label: "" } },
    row("text", 0, "Conclusion", "Stable."),
  ];
}

/** A square around the middle, and a smaller one inside it on slices from 10 on. */
function square(set: DisplaySet, frame: number, share: number): number[] {
  const info = set.frames[frame];
  const [w, h] = [info?.columns ?? 0, info?.rows ?? 0];
  const [x0, x1] = [Math.round(w * (0.5 - share)), Math.round(w * (0.5 + share))];
  const [y0, y1] = [Math.round(h * (0.5 - share)), Math.round(h * (0.5 + share))];
  return [x0, y0, x1, y0, x1, y1, x0, y1];
}

export function detailOf(id: string, set: DisplaySet): ObjectDetail {
  const line = OBJECTS.find((object) => object.id === id);
  if (line === undefined) throw notFound("This object");
  const { label, summary, opens } = line;
  const detail: ObjectDetail = {
    id,
    kind: summary.split(":")[0] ?? "",
    label,
    summary,
    opens,
    report: null,
    parts: [],
    fits: [],
    note: "",
  };
  if (opens === "report") {
    detail.report = {
      title: "Measurement report",
      is_key_objects: false,
      patient: set.patient_line.split(" · ").slice(0, 2).join(" · "),
      study_date: "2024-03-12",
      of_patient: [OVER],
      of_study: [OVER],
      completion: "complete",
      verification: "unverified",
      preliminary: "",
      verifiers: [],
      authors: ["Okoye, Ngozi"],
      written: "2024-03-12 14:05",
      rows: rows(set),
      is_cut: false,
    };
  }
  if (opens === "layer") {
    detail.fits = [OVER];
    detail.parts = [
      { part: 1, name: "Liver", meaning: "Liver, manual", colour: [220, 130, 100] },
      { part: 2, name: "Vessel", meaning: "automatic", colour: [90, 160, 230] },
    ];
  }
  return detail;
}

export function layersOver(displaySet: string): Layer[] {
  if (displaySet !== OVER) return [];
  return OBJECTS.filter(({ opens }) => opens === "layer").map(({ id, label, summary }) => ({
    object: id,
    kind: "segmentation",
    label,
    summary,
    named: true,
  }));
}

export function layerSlice(set: DisplaySet, frame: number): LayerSlice {
  if (set.id !== OVER) return { shapes: [] };
  const shapes: LayerSlice["shapes"] = [{ part: 1, form: "area", lines: [square(set, frame, 0.2)] }];
  if (frame >= 10) shapes.push({ part: 2, form: "closed", lines: [square(set, frame, 0.05)] });
  return { shapes };
}
