// Made readers against each other, published rows, remarks.
import type { AgreementFigures } from "../../generated/AgreementFigures";
import type { Comparisons } from "../../generated/Comparisons";
import type { PublishedRow } from "../../generated/PublishedRow";
import type { Remark } from "../../generated/Remark";
import type { RevealFigures } from "../../generated/RevealFigures";
import type { MadeCase, MadeReader } from "./made";
import { mcnemar, number, score, share } from "./statistics";

const isRight = (made: MadeCase, reader: string) =>
  made.answers.find((answer) => answer.reader === reader)?.verdict === "right";

export function pairRemarks(a: MadeReader, b: MadeReader, n: number, discordant: number): Remark[] {
  const remarks: Remark[] = [];
  const add = (key: string, weight: Remark["weight"], text: string) =>
    remarks.push({ key, weight, text, readers: [a.id, b.id] });
  const [tuned, other] = a.tuning === "tuned" ? [a, b] : [b, a];
  if (tuned.tuning === "tuned" && other.tuning !== "tuned") {
    add(
      "tuned_against_untuned",
      "warning",
      `Not like for like: “${tuned.name}” was trained on 60 patients of this hospital, “${other.name}” was not tuned.`,
    );
  }
  if (a.kind !== b.kind && (a.kind === "recorded" || b.kind === "recorded")) {
    add(
      "other_input",
      "caution",
      "They were not given the same: one PNG of 512 px against the whole series.",
    );
  }
  if (discordant < 6) {
    add(
      "never_significant",
      "warning",
      `Only ${discordant} of ${n} cases are answered differently: whichever way they fall, p cannot go below 0.05.`,
    );
  }
  return remarks;
}

export function comparisons(readers: readonly MadeReader[], cases: readonly MadeCase[]): Comparisons | null {
  if (readers.length < 2 || cases.length === 0) return null;
  const pairs = readers.flatMap((a, i) =>
    readers.slice(i + 1).map((b) => {
      const counts = [0, 0, 0, 0];
      for (const made of cases) {
        const kind = (isRight(made, a.id) ? 0 : 2) + (isRight(made, b.id) ? 0 : 1);
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
      const [both = 0, aOnly = 0, bOnly = 0, neither = 0] = counts;
      const n = cases.length;
      const p = mcnemar(aOnly, bOnly);
      const difference = score("accuracy_difference", "Accuracy", (aOnly - bOnly) / n, n, "points");
      const half = (1.96 * Math.sqrt(aOnly + bOnly + 0.5)) / n;
      const value = difference.value ?? 0;
      return {
        a: a.id,
        b: b.id,
        n,
        both,
        a_only: aOnly,
        b_only: bOnly,
        neither,
        figures: [
          { ...difference, low: value - half, high: value + half, interval: "Newcombe, paired" },
          { ...score("macro_f1_difference", "Macro F1", value * 0.94, n, "difference") },
        ],
        tests: [
          {
            key: "mcnemar_exact",
            name: "McNemar, exact",
            statistic: null,
            df: null,
            p,
            p_adjusted: p,
            note: "",
          },
          {
            key: "mcnemar_midp",
            name: "McNemar, mid-p",
            statistic: null,
            df: null,
            p: p * 0.86,
            p_adjusted: null,
            note: "",
          },
        ],
        remarks: pairRemarks(a, b, n, aOnly + bOnly),
      };
    }),
  );
  // Holm over the exact tests.
  const order = pairs.map((pair, i) => [pair.tests[0]?.p ?? 1, i] as const).sort((x, y) => x[0] - y[0]);
  let last = 0;
  order.forEach(([p, i], rank) => {
    last = Math.max(last, Math.min(1, p * (order.length - rank)));
    const test = pairs[i]?.tests[0];
    if (test !== undefined) test.p_adjusted = last;
  });
  return {
    omnibus:
      readers.length < 3
        ? null
        : {
            key: "cochran_q",
            name: "Cochran’s Q",
            statistic: 61.3,
            df: readers.length - 1,
            p: 1e-9,
            p_adjusted: null,
            note: "",
          },
    n_common: cases.length,
    pairs,
  };
}

export function agreement(readers: readonly MadeReader[], n: number): AgreementFigures[] {
  if (readers.length < 2 || n === 0) return [];
  const all = [
    score("fleiss_kappa", "Fleiss kappa", 0.61, n),
    score("krippendorff_alpha", "Krippendorff alpha", 0.612, n),
    score("ac1", "Gwet AC1", 0.648, n),
  ];
  const two = [
    share("raw_agreement", "Same answer", Math.round(n * 0.74), n),
    score("cohen_kappa", "Cohen kappa", 0.676, n),
    number("prevalence_index", "Prevalence index", 0.12, n),
  ];
  return [
    { between: ["readers"], n, figures: all },
    { between: [readers[0]?.id ?? "", readers[1]?.id ?? ""], n, figures: two },
    { between: ["truth"], n, figures: [score("cohen_kappa", "Cohen kappa", 0.83, n)] },
  ];
}

export function reveal(reader: MadeReader | undefined, n: number): RevealFigures[] {
  if (reader === undefined || n === 0) return [];
  const m = Math.min(n, 90);
  return [
    {
      reader: reader.id,
      n: m,
      rescued: share("rescued", "Rescued", 6, 10),
      misled: share("misled", "Misled", 4, m - 10),
      unmoved: share("unmoved", "Unmoved", m - 12, m),
      before: share("before", "Before", m - 10, m),
      after: share("after", "After", m - 8, m),
      change: { ...score("change", "After less before", 2 / m, m, "points"), low: -0.045, high: 0.09 },
    },
  ];
}

export const PUBLISHED: readonly PublishedRow[] = [
  {
    id: "made-1",
    reader: "A model, as its card says",
    metric: "Macro F1, 5 labels",
    value: 0.889,
    unit: "score",
    n: 518,
    task: "Chest radiographs, five labels a picture",
    tuning: "untuned",
    conditions: [
      ["Split", "its own test split"],
      ["Prompt", "not published"],
      ["Self-reported", "yes"],
      ["Card", "2025-07-09"],
    ],
    source: "made up for this page",
    caution: "Other labels, other pictures and another prompt: it cannot be set against the figures here.",
  },
  {
    id: "made-2",
    reader: "GPT-4, in a paper",
    metric: "Accuracy, closed set of six",
    value: 0.697,
    unit: "share",
    n: null,
    task: "Six diseases, plain pictures",
    tuning: "untuned",
    conditions: [["Split", "not given"]],
    source: "made up for this page",
    caution: "The number of cases is not published, so there is no interval.",
  },
];
