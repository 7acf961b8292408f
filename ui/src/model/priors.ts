// Earlier examinations that can go before a question: series of the desk, those of the same patient first.
import type { Study } from "../backend/generated/Study";

export interface PriorChoice {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** The patient is not named, or another one: said, not forbidden. */
  readonly doubtful: boolean;
}

/** Every other series, of the same patient first and there the newest first; texts in the order of the studies else. */
export function priorChoices(studies: readonly Study[], displaySet: string): PriorChoice[] {
  const own = studies.find(({ display_sets }) => display_sets.some(({ id }) => id === displaySet));
  const all = studies.flatMap((study) =>
    study.display_sets
      .filter(({ id }) => id !== displaySet)
      .map((tile) => ({
        id: tile.id,
        name: [study.description, tile.description].filter((part) => part !== "").join(" · "),
        about: [study.date, tile.modality].filter((part) => part !== "").join(" · "),
        doubtful:
          study.id !== own?.id &&
          (own === undefined || own.patient_id === "" || own.patient_id !== study.patient_id),
        date: study.date,
      })),
  );
  return all
    .sort((a, b) => Number(a.doubtful) - Number(b.doubtful) || b.date.localeCompare(a.date))
    .map(({ id, name, about, doubtful }) => ({ id, name, about, doubtful }));
}
