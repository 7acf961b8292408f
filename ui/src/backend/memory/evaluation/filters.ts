// Which made cases a filter and a query choose, and in which order.
import type { CaseQuery } from "../../generated/CaseQuery";
import type { Facet } from "../../generated/Facet";
import type { Filter } from "../../generated/Filter";
import type { MadeAnswer, MadeCase, MadeCaseSet } from "./made";

const chosen = (list: readonly string[], value: string) => list.length === 0 || list.includes(value);

export function passes(made: MadeCase, filter: Filter): boolean {
  return (
    chosen(filter.splits, made.split) &&
    chosen(filter.modalities, made.modality) &&
    (filter.labels.length === 0 || made.truth.some((label) => filter.labels.includes(label))) &&
    filter.groups.every(({ key, value }) => made.groups[key] === value) &&
    (filter.invalid.length === 0 ||
      made.answers.some(
        ({ reader, verdict, said }) =>
          chosen(filter.readers, reader) &&
          verdict === "invalid" &&
          (filter.invalid.includes("any") || filter.invalid.includes(said)),
      ))
  );
}

function counts(values: readonly string[]): { value: string; name: string; cases: number }[] {
  const found = new Map<string, number>();
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
  return [...found].sort().map(([value, cases]) => ({ value, name: value, cases }));
}

export function facetsOf(set: MadeCaseSet): Facet[] {
  const groups = Object.keys(set.cases[0]?.groups ?? {});
  const invalid = set.cases.flatMap(({ answers }) => [
    ...new Set(answers.filter(({ verdict }) => verdict === "invalid").map(({ said }) => said)),
  ]);
  const any = set.cases.filter(({ answers }) => answers.some(({ verdict }) => verdict === "invalid")).length;
  return [
    { key: "split", choices: counts(set.cases.map(({ split }) => split)) },
    { key: "modality", choices: counts(set.cases.map(({ modality }) => modality)) },
    { key: "label", choices: counts(set.cases.flatMap(({ truth }) => truth)) },
    {
      key: "reader",
      choices: set.readers.map(({ id, name }) => ({ value: id, name, cases: set.cases.length })),
    },
    {
      key: "invalid",
      choices: any === 0 ? [] : [{ value: "any", name: "any", cases: any }, ...counts(invalid)],
    },
    ...groups.map((key) => ({
      key: `group:${key}`,
      choices: counts(set.cases.map((made) => made.groups[key] ?? "")),
    })),
  ].filter(({ choices }) => choices.length > 0);
}

function answerOf(made: MadeCase, reader: string): MadeAnswer | undefined {
  return reader === "" ? made.answers[0] : made.answers.find((answer) => answer.reader === reader);
}

function matches(made: MadeCase, query: CaseQuery): boolean {
  if (!passes(made, query.filter)) return false;
  const { cell, verdict, only_right, find } = query;
  if (cell !== null) {
    const answer = answerOf(made, cell.reader);
    if (answer === undefined) return false;
    if (cell.truth !== "" && !made.truth.includes(cell.truth)) return false;
    const said = answer.verdict === "invalid" ? "invalid" : answer.said;
    if (cell.said !== "" && said !== cell.said) return false;
  }
  if (verdict !== null) {
    const answers = query.reader === "" ? made.answers : [answerOf(made, query.reader)];
    if (!answers.some((answer) => answer?.verdict === verdict)) return false;
  }
  if (only_right.length === 2) {
    const right = only_right.map((reader) => answerOf(made, reader)?.verdict === "right");
    if (right[0] !== true || right[1] !== false) return false;
  }
  const words = find.trim().toLowerCase();
  if (words === "") return true;
  const text = [made.id, made.patient, ...made.truth, ...made.answers.map(({ said }) => said)].join(" ");
  return text.toLowerCase().includes(words);
}

export function chosenCases(set: MadeCaseSet, query: CaseQuery): MadeCase[] {
  const found = set.cases.filter((made) => matches(made, query));
  const sure = (made: MadeCase) => answerOf(made, query.reader)?.confidence ?? -1;
  const wrong = (made: MadeCase) => (answerOf(made, query.reader)?.verdict === "wrong" ? 1 : 0);
  const apart = (made: MadeCase) => new Set(made.answers.map(({ said }) => said)).size;
  const waits = (made: MadeCase) => made.answers.filter(({ verdict }) => verdict === "undecided").length;
  switch (query.order) {
    case "set":
      return found;
    case "confidence":
      return found.sort((a, b) => sure(b) - sure(a));
    case "confidently_wrong":
      return found.sort((a, b) => wrong(b) - wrong(a) || sure(b) - sure(a));
    case "disagreement":
      return found.sort((a, b) => apart(b) - apart(a));
    case "undecided":
      return found.sort((a, b) => waits(b) - waits(a));
  }
}
