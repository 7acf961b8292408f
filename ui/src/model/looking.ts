// The table of "Is it looking?": labels down, pictures across, the answer's own picture first.
import type { Looking } from "../backend/generated/Looking";
import type { Reading } from "../backend/generated/Reading";
import { sameLabel } from "./question";

export interface LookingColumn {
  /** `answer`, `blank`, `noise`, `mirrored` or `other_patient`. */
  readonly picture: string;
  readonly about: string;
  /** How far the probabilities moved; `null` for the answer itself. */
  readonly shift: number | null;
}

export interface LookingRow {
  readonly label: string;
  /** In the order of the columns; `null` where the label was not scored. `chosen`: that picture's answer. */
  readonly cells: readonly ({ readonly probability: number; readonly chosen: boolean } | null)[];
}

/** Labels of a closed set by falling probability, those of a yes/no list as asked. */
export function lookingTable(
  reading: Pick<Reading, "form" | "label" | "probabilities">,
  { answers }: Pick<Looking, "answers">,
): { columns: LookingColumn[]; rows: LookingRow[] } {
  // Of an answer in words there is only how far its likelihood moved.
  const columns: LookingColumn[] = [
    ...(reading.probabilities.length === 0 ? [] : [{ picture: "answer", about: "", shift: null }]),
    ...answers.map(({ picture, about, shift }) => ({ picture, about, shift })),
  ];
  const own =
    reading.form === "yes_no"
      ? reading.probabilities
      : [...reading.probabilities].sort((a, b) => b.probability - a.probability);
  const rows = own.map(({ label, probability }) => {
    const cells = answers.map((answer) => {
      const found = answer.probabilities.find((other) => sameLabel(other.label, label));
      return found === undefined
        ? null
        : {
            probability: found.probability,
            chosen: isChosen(reading.form, answer.label, label, found.probability),
          };
    });
    return {
      label,
      cells: [{ probability, chosen: isChosen(reading.form, reading.label, label, probability) }, ...cells],
    };
  });
  return { columns, rows };
}

/** In a yes/no list each label that is said yes to is chosen. */
function isChosen(form: Reading["form"], chosen: string, label: string, probability: number): boolean {
  return form === "yes_no" ? probability >= 0.5 : chosen !== "" && sameLabel(chosen, label);
}
