// All figures of a made evaluation under a filter.
import type { Figures } from "../../generated/Figures";
import type { FiguresRequest } from "../../generated/FiguresRequest";
import type { Remark } from "../../generated/Remark";
import { agreement, comparisons, PUBLISHED, pairRemarks, reveal } from "./compare";
import { facetsOf, passes } from "./filters";
import type { MadeCaseSet } from "./made";
import { readerFigures } from "./reader";
import { mcnemar } from "./statistics";

function remarksOf(set: MadeCaseSet, n: number, undecided: number): Remark[] {
  const remarks: Remark[] = [];
  const add = (key: string, weight: Remark["weight"], text: string) =>
    remarks.push({ key, weight, text, readers: [] });
  const [a, b] = set.readers;
  if (n > 0 && n < 30) {
    add(
      "few_cases",
      "warning",
      `${n} cases: 7 of 10 right is compatible with anything from 40 % to 89 %. Two readers must differ on at least 6 cases, all the same way, before p can fall below 0.05 (${mcnemar(6, 0).toFixed(3)}).`,
    );
  }
  if (a !== undefined && b !== undefined) {
    remarks.push(...pairRemarks(a, b, n, 100).filter(({ weight }) => weight === "warning"));
  }
  if (undecided > 0) {
    add(
      "undecided",
      "caution",
      `${undecided} open answers wait for a person; until then they are in no figure.`,
    );
  }
  if (set.cases.length > 200) {
    add("clusters", "note", "Several cases come from one patient: intervals by resampling draw patients.");
  }
  return remarks;
}

export function figuresOf(set: MadeCaseSet, request: FiguresRequest): Figures {
  const { filter } = request;
  const cases = set.cases.filter((made) => passes(made, filter));
  const shown = set.readers.filter(({ id }) => filter.readers.length === 0 || filter.readers.includes(id));
  const readers = shown.map((reader) => readerFigures(set, reader, cases));
  const undecided = readers.reduce((sum, reader) => sum + reader.undecided, 0);
  const person = shown.find(({ kind }) => kind === "person");
  return {
    name: set.name,
    task: set.task,
    question: set.question,
    labels: [...set.labels],
    cases: cases.length,
    cases_in_set: set.cases.length,
    patients: new Set(cases.map(({ patient }) => patient)).size,
    truth: [
      "Source: phantom generator, seed 7.",
      "Read by: two radiologists, 5 and 12 years; a third where they differ.",
      "Uncertain labels count as negative; labels not mentioned count as negative.",
    ],
    uncertain: "zeros",
    blank: "negative",
    filter,
    facets: facetsOf(set),
    resampling: { resamples: request.resamples, seed: request.seed, unit: "patients" },
    remarks: remarksOf(set, cases.length, undecided),
    readers,
    comparison: comparisons(shown, cases),
    agreement: agreement(shown, cases.length),
    reveal: reveal(person, cases.length),
    policies:
      set.task !== "yes_no"
        ? []
        : readers.flatMap((reader) =>
            (["ones", "zeros", "ignore"] as const).map((uncertain, i) => {
              const figure = reader.headline[0] as (typeof reader.headline)[number];
              const value = figure.value === null ? null : figure.value - 0.012 * i;
              return {
                uncertain,
                blank: "negative" as const,
                reader: reader.id,
                figure: { ...figure, value },
              };
            }),
          ),
    published: set.task === "open" ? [] : [...PUBLISHED],
    command: `overread eval score ${set.handle.label} --resamples ${request.resamples} --seed ${request.seed}`,
  };
}
