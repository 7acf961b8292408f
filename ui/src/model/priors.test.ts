import { describe, expect, it } from "vitest";
import type { DisplaySetTile } from "../backend/generated/DisplaySetTile";
import type { Study } from "../backend/generated/Study";
import { priorChoices } from "./priors";

const tile = (id: string): DisplaySetTile => ({
  id,
  modality: "CT",
  description: `series ${id}`,
  number: "1",
  frames: 1,
  volume: false,
  warnings: [],
  alert: "",
  has_truth: false,
  readings: 0,
});

const study = (id: string, patient_id: string, date: string, sets: string[]): Study => ({
  id,
  uid: id,
  description: id,
  date,
  patient_name: "",
  patient_id,
  patient_details: "",
  display_sets: sets.map(tile),
  objects: [],
});

describe("earlier examinations", () => {
  it("are those of the same patient first, the newest first, and never the series itself", () => {
    const studies = [
      study("now", "P1", "2024-03-01", ["a", "b"]),
      study("other", "P2", "2025-01-01", ["c"]),
      study("old", "P1", "2020-01-01", ["d"]),
      study("newer", "P1", "2023-01-01", ["e"]),
    ];
    const choices = priorChoices(studies, "a");
    expect(choices.map(({ id, doubtful }) => [id, doubtful])).toEqual([
      ["b", false],
      ["e", false],
      ["d", false],
      ["c", true],
    ]);
  });

  it("are doubtful where no patient is named, but not within the study", () => {
    const studies = [study("now", "", "2024", ["a", "b"]), study("old", "", "2020", ["c"])];
    expect(priorChoices(studies, "a").map(({ id, doubtful }) => [id, doubtful])).toEqual([
      ["b", false],
      ["c", true],
    ]);
  });
});
