// Made case sets: readers of a stated skill answer made cases, the same each time.
import type { Arm } from "../../generated/Arm";
import type { Handle } from "../../generated/Handle";
import type { ReaderKind } from "../../generated/ReaderKind";
import type { Task } from "../../generated/Task";
import type { Tuning } from "../../generated/Tuning";
import type { Verdict } from "../../generated/Verdict";

export interface MadeReader {
  readonly id: string;
  readonly name: string;
  readonly kind: ReaderKind;
  readonly tuning: Tuning;
  /** Share right. */
  readonly skill: number;
  /** Share of invalid answers. */
  readonly invalid: number;
  /** How much surer than right; `null`: no confidence. */
  readonly over: number | null;
  readonly described: readonly (readonly [string, string])[];
  readonly seconds: number;
}

export interface MadeAnswer {
  readonly reader: string;
  said: string;
  verdict: Verdict;
  readonly confidence: number | null;
  readonly probabilities: readonly (readonly [string, number])[];
  readonly text: string;
  readonly findings: string;
  readonly span: [number, number] | null;
  rule: string;
  readonly decisions: string[];
  /** Answers of the other arms, right or not. */
  readonly arms: Readonly<Partial<Record<Arm, boolean>>>;
}

export interface MadeCase {
  readonly number: number;
  readonly id: string;
  readonly patient: string;
  readonly split: string;
  readonly modality: string;
  readonly groups: Readonly<Record<string, string>>;
  readonly truth: readonly string[];
  readonly answers: readonly MadeAnswer[];
  readonly hasImages: boolean;
}

export interface MadeCaseSet {
  readonly handle: Handle;
  readonly name: string;
  readonly task: Task;
  readonly question: string;
  readonly labels: readonly string[];
  readonly readers: readonly MadeReader[];
  readonly cases: readonly MadeCase[];
}

/** Numbers from 0 to 1 from a seed (mulberry32). */
export function draws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const LABELS = ["Nodule", "Effusion", "Pneumothorax", "Consolidation", "Rib fracture", "Normal"];
const INVALID = ["refusal", "unparseable", "truncated", "out-of-set"] as const;
const MODEL = (more: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] => [
  ["Model", "medgemma-1.5-4b-it"],
  ["Weights", "8f2c1d90ab34e67f"],
  ["Precision", "bf16"],
  ["Preprocessing", "ct-windows/1 (4c1d)"],
  ...more,
];

export const READERS: readonly MadeReader[] = [
  {
    id: "tuned",
    name: "MedGemma 1.5 4B, tuned here",
    kind: "local",
    tuning: "tuned",
    skill: 0.86,
    invalid: 0.006,
    over: 0.07,
    described: MODEL([["Adapter", "chest-lora, trained on 60 patients of this hospital"]]),
    seconds: 5.4,
  },
  {
    id: "base",
    name: "MedGemma 1.5 4B",
    kind: "local",
    tuning: "untuned",
    skill: 0.69,
    invalid: 0.021,
    over: 0.14,
    described: MODEL([["Prompt", "closed-set/2"]]),
    seconds: 5.2,
  },
  {
    id: "siglip",
    name: "MedSigLIP probe",
    kind: "local",
    tuning: "unknown",
    skill: 0.77,
    invalid: 0,
    over: -0.03,
    described: [
      ["Model", "medsiglip-448"],
      ["Preprocessing", "siglip-448/1 (77ab)"],
    ],
    seconds: 0.4,
  },
  {
    id: "gpt4",
    name: "GPT-4, recorded",
    kind: "recorded",
    tuning: "untuned",
    skill: 0.7,
    invalid: 0.03,
    over: null,
    described: [
      ["Answers", "gpt4-2025-08.jsonl"],
      ["Given", "one PNG a case, 512 px"],
      ["Prompt", "as recorded"],
    ],
    seconds: 11.8,
  },
  {
    id: "reader-a",
    name: "Reader A, blind",
    kind: "person",
    tuning: "unknown",
    skill: 0.89,
    invalid: 0,
    over: null,
    described: [
      ["Experience", "6 years"],
      ["Given", "the whole series, no clinical details"],
    ],
    seconds: 48,
  },
];

function spread(labels: readonly string[], said: string, confidence: number, next: () => number) {
  const rest = labels.filter((label) => label !== said).map((label) => [label, next() ** 3 + 0.01] as const);
  const sum = rest.reduce((total, [, weight]) => total + weight, 0);
  const shared = rest.map(([label, weight]) => [label, ((1 - confidence) * weight) / sum] as const);
  return [[said, confidence] as const, ...shared].sort((a, b) => b[1] - a[1]);
}

function sureness(reader: MadeReader, right: boolean, next: () => number): number | null {
  if (reader.over === null) return null;
  const base = right ? 0.3 + 0.68 * next() ** 0.45 : 0.26 + 0.68 * next();
  return Math.min(0.995, Math.max(0.2, base + reader.over * 0.5));
}

function closedAnswer(
  reader: MadeReader,
  labels: readonly string[],
  truth: string,
  next: () => number,
): MadeAnswer {
  const base = { reader: reader.id, findings: "", decisions: [], arms: {} };
  if (next() < reader.invalid) {
    const kind = INVALID[Math.floor(next() * INVALID.length)] ?? "refusal";
    const text =
      kind === "refusal"
        ? "I am sorry, I cannot interpret medical images."
        : "The image shows the chest and the";
    return {
      ...base,
      said: kind,
      verdict: "invalid",
      confidence: null,
      probabilities: [],
      text,
      span: null,
      rule: kind,
    };
  }
  const isRight = next() < reader.skill;
  const others = labels.filter((label) => label !== truth);
  const said = isRight ? truth : (others[Math.floor(next() ** 2 * others.length)] ?? truth);
  const confidence = sureness(reader, isRight, next);
  const lead = "There is an abnormality in the upper lobe, “see below”.\n\n";
  const text = reader.kind === "person" ? "" : `${lead}Final Answer: ${said}`;
  const start = new TextEncoder().encode(`${lead}Final Answer: `).length;
  return {
    ...base,
    said,
    verdict: isRight ? "right" : "wrong",
    confidence,
    probabilities: confidence === null ? [] : spread(labels, said, confidence, next),
    text,
    span: text === "" ? null : [start, start + said.length],
    rule: "exact label",
  };
}

/** Three quarters to test, a quarter to fit on, case by case: patients lie in both. */
const byCase = (i: number) => (i % 4 === 3 ? "tune" : "test");

/** Splits to learn from, by patient: six tenths, two tenths, two tenths. */
export const byPatient = (_: number, patient: number) =>
  ["train", "train", "validation", "train", "test"][patient % 5] ?? "train";

/** A closed set of `count` cases. */
export function closedSet(
  handle: Handle,
  count: number,
  readers = READERS,
  splitOf: (i: number, patient: number) => string = byCase,
): MadeCaseSet {
  const next = draws(7 + count);
  const cases = Array.from({ length: count }, (_, i): MadeCase => {
    const truth = LABELS[Math.floor(next() ** 0.85 * LABELS.length)] ?? "Normal";
    const patient = 1 + Math.floor(i * 0.646);
    return {
      number: i + 1,
      id: `${truth === "Normal" ? "chest" : "chest"}-${String(i + 1).padStart(count > 999 ? 5 : 3, "0")}`,
      patient: `P${String(patient).padStart(4, "0")}`,
      split: splitOf(i, patient),
      modality: i % 7 === 0 ? "DX" : "CT",
      groups: {
        sex: next() < 0.46 ? "F" : "M",
        age: ["18–39", "40–64", "65+"][Math.floor(next() * 3)] ?? "65+",
      },
      truth: [truth],
      answers: readers.map((reader) => closedAnswer(reader, LABELS, truth, next)),
      hasImages: i % 23 !== 5,
    };
  });
  return {
    handle,
    name: handle.label.replace(/\.toml$/u, ""),
    task: "closed",
    question: "Which one of these findings does the study show?",
    labels: LABELS,
    readers,
    cases,
  };
}

const RARE: readonly (readonly [string, string, string])[] = [
  ["Lymphangioleiomyomatosis", "LAM", "Emphysema"],
  ["Pulmonary alveolar proteinosis", "PAP", "Pneumocystis pneumonia"],
  ["Pulmonary Langerhans cell histiocytosis", "Langerhans cell histiocytosis", "Emphysema"],
  ["Birt-Hogg-Dubé syndrome", "BHD", "Bullous emphysema"],
  ["Acute fibrinous organising pneumonia", "Organising pneumonia", "Pneumonia"],
  ["Pulmonary veno-occlusive disease", "PVOD", "Cardiac oedema"],
  ["Tracheobronchomegaly", "Mounier-Kuhn syndrome", "Bronchiectasis"],
  ["Hard metal lung disease", "Giant cell interstitial pneumonia", "Nonspecific interstitial pneumonia"],
  ["Diffuse pulmonary ossification", "Dendriform ossification", "Sarcoidosis"],
  ["Swyer-James syndrome", "Unilateral hyperlucent lung", "Pneumothorax"],
];

function openAnswer(
  reader: MadeReader,
  [truth, synonym, other]: readonly [string, string, string],
  next: () => number,
): MadeAnswer {
  const chance = next();
  const kind = chance < reader.skill ? (next() < 0.6 ? "exact" : "synonym") : next() < 0.4 ? "open" : "wrong";
  const said =
    kind === "exact"
      ? truth
      : kind === "synonym"
        ? synonym
        : kind === "open"
          ? `probably ${synonym} or similar`
          : other;
  const findings =
    reader.kind === "pipeline"
      ? "Many thin-walled cysts of 3 to 12 mm in both lungs, evenly through all zones. No nodules. No effusion."
      : "";
  const lead = "The pattern, the zones and the clinical details were weighed.\n\n";
  const text = `${lead}Final Answer: ${said}`;
  const start = lead.length + "Final Answer: ".length;
  const verdict: Verdict = kind === "open" ? "undecided" : kind === "wrong" ? "wrong" : "right";
  return {
    reader: reader.id,
    said,
    verdict,
    confidence: null,
    probabilities: [],
    text,
    findings,
    span: [start, start + new TextEncoder().encode(said).length],
    rule: { exact: "exact label", synonym: "synonym", open: "no rule fits", wrong: "another label" }[kind],
    decisions: [],
    arms: reader.kind === "pipeline" ? { none: next() < 0.25, truth: next() < 0.8 } : {},
  };
}

const REASONER: MadeReader = {
  id: "findings-27b",
  name: "MedGemma 4B findings, 27B reasons",
  kind: "pipeline",
  tuning: "untuned",
  skill: 0.55,
  invalid: 0,
  over: null,
  described: [
    ["First stage", "medgemma-1.5-4b-it, findings/1"],
    ["Second stage", "medgemma-27b-text-it"],
  ],
  seconds: 62,
};
const PLAIN_GPT: MadeReader = { ...(READERS[3] as MadeReader), skill: 0.2 };
export const OPEN_READERS: readonly MadeReader[] = [REASONER, PLAIN_GPT];

/** Open diagnoses: few cases for `count` 10, two arms and answers that wait for a person. */
export function openSet(handle: Handle, count: number): MadeCaseSet {
  const next = draws(31 + count);
  const readers = OPEN_READERS;
  const cases = Array.from({ length: count }, (_, i): MadeCase => {
    const disease = RARE[i % RARE.length] as (typeof RARE)[number];
    return {
      number: i + 1,
      id: `rare-${String(i + 1).padStart(2, "0")}`,
      patient: `R${i + 1}`,
      split: "test",
      modality: "CT",
      groups: { sex: next() < 0.5 ? "F" : "M" },
      truth: [disease[0]],
      answers: readers.map((reader) => openAnswer(reader, disease, next)),
      hasImages: true,
    };
  });
  return {
    handle,
    name: handle.label.replace(/\.toml$/u, ""),
    task: "open",
    question: "What is the most likely diagnosis?",
    labels: [],
    readers,
    cases,
  };
}

/** A yes or no for each label. */
export function listSet(handle: Handle, count: number): MadeCaseSet {
  const next = draws(99);
  const labels = ["Atelectasis", "Cardiomegaly", "Consolidation", "Oedema", "Effusion"];
  const readers = READERS.slice(0, 3);
  const cases = Array.from({ length: count }, (_, i): MadeCase => {
    const truth = labels.filter((_, k) => next() < 0.12 + 0.06 * k);
    return {
      number: i + 1,
      id: `cxr-${String(i + 1).padStart(4, "0")}`,
      patient: `C${1 + Math.floor(i * 0.8)}`,
      split: i % 3 === 0 ? "tune" : "test",
      modality: "DX",
      groups: { view: next() < 0.7 ? "PA" : "AP" },
      truth,
      answers: readers.map((reader): MadeAnswer => {
        const probabilities = labels.map((label) => {
          const pull = (truth.includes(label) ? 1 : -1) * (reader.skill - 0.35) * 3;
          const noise = (next() + next() + next() - 1.5) * 2.2;
          return [label, 1 / (1 + Math.exp(-(pull + noise - 0.4)))] as const;
        });
        const present = probabilities.filter(([, p]) => p >= 0.5).map(([label]) => label);
        const same = present.length === truth.length && present.every((label) => truth.includes(label));
        const some = present.some((label) => truth.includes(label));
        return {
          reader: reader.id,
          said: present.length === 0 ? "none" : present.join(", "),
          verdict: same ? "right" : some ? "partial" : "wrong",
          confidence: null,
          probabilities: [...probabilities].sort((a, b) => b[1] - a[1]),
          text: "",
          findings: "",
          span: null,
          rule: "p of yes, at least 0.5",
          decisions: [],
          arms: {},
        };
      }),
      hasImages: true,
    };
  });
  return {
    handle,
    name: handle.label.replace(/\.toml$/u, ""),
    task: "yes_no",
    question: "Is it present?",
    labels,
    readers,
    cases,
  };
}
