// Typing to find a study or a series.
import type { Study } from "../backend/generated/Study";

/** Studies and series that hold every word of `query`; a study that holds them itself keeps all its series. */
export function filterStudies(studies: readonly Study[], query: string): readonly Study[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return studies;
  const holds = (text: string) => words.every((word) => text.includes(word));
  const found: Study[] = [];
  for (const study of studies) {
    const { description, date, patient_name, patient_id, uid } = study;
    const own = fold([description, date, patient_name, patient_id, uid].join(" "));
    if (holds(own)) {
      found.push(study);
      continue;
    }
    const display_sets = study.display_sets.filter((tile) =>
      holds(`${own} ${fold([tile.modality, tile.description, tile.number, tile.alert].join(" "))}`),
    );
    if (display_sets.length > 0) found.push({ ...study, display_sets });
  }
  return found;
}

/** Without case and accents. */
function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .toLowerCase();
}
