// Every sentence of the Evaluation page, in one place. Shares are shares of what was looked at; no sentence praises a
// reader.
import type { Arm } from "../backend/generated/Arm";
import type { Blank } from "../backend/generated/Blank";
import type { CaseOrder } from "../backend/generated/CaseOrder";
import type { CurveKind } from "../backend/generated/CurveKind";
import type { EvaluationExport } from "../backend/generated/EvaluationExport";
import type { Format } from "../backend/generated/Format";
import type { ReaderKind } from "../backend/generated/ReaderKind";
import type { Task } from "../backend/generated/Task";
import type { Tuning } from "../backend/generated/Tuning";
import type { Uncertain } from "../backend/generated/Uncertain";
import type { Verdict } from "../backend/generated/Verdict";
import type { Weight } from "../backend/generated/Weight";
import { counted, listed, roughly, span, whole } from "./format";

export const sections = {
  overview: "Overview",
  labels: "Per label",
  readers: "Per reader",
  calibration: "Calibration",
  comparison: "Comparison",
  cases: "Cases",
  tune: "Tune",
} as const;

export const TASKS: Readonly<Record<Task, string>> = {
  closed: "one of a list",
  yes_no: "yes or no for each label",
  choice: "multiple choice",
  open: "open diagnosis",
  vqa: "question and answer",
  boxes: "findings with boxes",
};

export const FORMATS: Readonly<Record<Format, string>> = {
  generic: "CSV or JSON",
  chexpert: "CheXpert",
  "mimic-cxr": "MIMIC-CXR",
  "chest-xray14": "NIH ChestX-ray14",
  "vindr-cxr": "VinDr-CXR",
  "rsna-pneumonia": "RSNA pneumonia",
  padchest: "PadChest",
  "ct-rate": "CT-RATE",
  medpix: "MedPix 2.0",
  "vqa-rad": "VQA-RAD",
  slake: "SLAKE",
  lidc: "LIDC XML",
  "dicom-sr": "DICOM SR",
  "class-folders": "A folder a class",
  phantom: "Made patients",
};

export const VERDICTS: Readonly<Record<Verdict, string>> = {
  right: "right",
  partial: "partly right",
  wrong: "wrong",
  invalid: "invalid",
  undecided: "undecided",
  missing: "no answer",
  no_truth: "no truth",
};

/** A sign for each verdict, so that none rests on its hue. */
export const VERDICT_SIGNS: Readonly<Record<Verdict, string>> = {
  right: "✓",
  partial: "◐",
  wrong: "✕",
  invalid: "∅",
  undecided: "?",
  missing: "–",
  no_truth: "·",
};

export const KINDS: Readonly<Record<ReaderKind, string>> = {
  local: "on this machine",
  recorded: "recorded answers",
  pipeline: "pipeline",
  person: "person",
};

export const TUNINGS: Readonly<Record<Tuning, string>> = {
  unknown: "tuning not stated",
  untuned: "not tuned",
  tuned: "tuned",
};

export const ARMS: Readonly<Record<Arm, string>> = {
  own: "with its own findings",
  none: "without findings",
  truth: "with the findings of the truth",
  other: "with another reader’s findings",
};

export const WEIGHTS: Readonly<Record<Weight, string>> = {
  warning: "Warning",
  caution: "Caution",
  note: "Note",
};

export const ORDERS: Readonly<Record<CaseOrder, string>> = {
  set: "As in the case set",
  confidently_wrong: "Confidently wrong first",
  confidence: "Most confident first",
  disagreement: "Readers disagree most",
  undecided: "Undecided first",
};

export const CURVES: Readonly<Record<CurveKind, string>> = {
  roc: "ROC",
  precision_recall: "Precision and recall",
  risk_coverage: "Risk and coverage",
  froc: "FROC",
};

export const UNCERTAIN: Readonly<Record<Uncertain, string>> = {
  ones: "positive",
  zeros: "negative",
  ignore: "left out",
};

export const BLANK: Readonly<Record<Blank, string>> = { negative: "negative", missing: "left out" };

export const EXPORTS: Readonly<Record<EvaluationExport, string>> = {
  report: "Report, one HTML file",
  csv: "Tables, CSV",
  json: "Everything, JSON",
  imrmc: "iMRMC input",
};

const FACETS: Readonly<Record<string, string>> = {
  split: "Split",
  modality: "Modality",
  label: "Truth",
  reader: "Reader",
  invalid: "Invalid answers",
};

/** A facet's key in words; subgroups go by their own name. */
export function facetName(key: string): string {
  const own = FACETS[key];
  if (own !== undefined) return own;
  const name = key.replace(/^group:/u, "");
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

export const invalidKind = (kind: string): string => kind.replace(/[-_]/gu, " ");

export const evaluation = {
  title: "Evaluation",
  page: "Evaluation of case sets",
  back: "Back to the desk",
  none: "none given",
  ofSet: (cases: number, inSet: number, patients: number) =>
    cases === inSet
      ? `${counted(cases, "case")} · ${counted(patients, "patient")}`
      : `${whole(cases)} of ${counted(inSet, "case")} · ${counted(patients, "patient")}`,
  sections: "Parts of the evaluation",
  loading: "Computing figures",
  loadingMore: "Intervals by formula come first; those by resampling follow.",
  resampling: (done: number, of: number) => `Resampling ${whole(done)} of ${whole(of)}`,
  resampled: (count: number, unit: string, seed: number) =>
    count === 0
      ? "Intervals by formula, none by resampling"
      : `Intervals: ${whole(count)} resamples over ${unit}, seed ${seed}`,
  figuresFailed: "The figures could not be computed",
  stale: "Figures of the filter before, until the new ones are here",
  noCases: "No case passes the filter",
  noCasesMore: "Take a filter off to see figures again.",
  noReaders: "No answers yet",
  noReadersMore: "Start a run above, or name recorded answers in the case set. The cases stand under Cases.",
  truth: "Truth",
  command: "Command that gives these figures again",
  reader: "Reader",
  repeat: "How to repeat these figures",
} as const;

export const welcome = {
  title: "Whole case sets, many readers",
  more: "A case set names cases, the question, the truth and the readers. Figures come with their intervals and lead down to each case.",
  open: "Open a case set",
  make: "Make one from a folder",
  recent: "Opened before",
  opening: (name: string) => `Opening “${name}”`,
  failed: "The case set could not be opened",
  listFailed: "The list could not be read",
  gone: "not there any more",
  forget: (name: string) => `Take “${name}” off the list; its files stay`,
  line: (cases: number, readers: number) => `${counted(cases, "case")} · ${counted(readers, "reader")}`,
  toRead: (count: number) => `${counted(count, "answer")} still to be read`,
  noRecent: "Nothing was opened yet.",
  example: "Made case sets (three readers, truth known by construction) come with",
} as const;

export const filters = {
  title: "Filters",
  clearAll: "Clear all",
  clear: (name: string) => `Take off the filter ${name}`,
  active: "Filters that hold",
  all: "No filter: all cases of the set.",
  show: "Filters",
} as const;

export const policy = {
  title: "How the truth is read",
  uncertain: "Uncertain labels count as",
  blank: "Labels not mentioned count as",
  ofSet: "as the case set has it",
  note: "Of figures. The table of cases keeps the case set’s own reading.",
} as const;

export const overview = {
  readers: (measure: string) => `Readers, ${measure} with 95 % interval`,
  confusion: (reader: string) => `Confusion, ${reader}`,
  confusionMore: "Truth in rows, answers in columns. A cell opens its cases; arrows move, Enter opens.",
  invalid: "Invalid answers, three ways",
  invalidColumns: ["Reader", "Rate", "Counted wrong", "Left out"],
  invalidMore:
    "An answer that refuses, cannot be read, breaks off, loops or is outside the set. The first figure counts it wrong; the last leaves it out.",
  reliability: (reader: string) => `Calibration, ${reader}`,
  wrong: "Confidently wrong",
  wrongColumns: ["Case", "Answer", "Truth", "Conf."],
  wrongNone: "No wrong answer with a confidence.",
  wrongAll: "All of them",
  noConfidence: "This reader gives no confidence.",
  remarks: "What must be known first",
  missing: (count: number) => `${counted(count, "case")} without an answer`,
  undecided: (count: number) => `${whole(count)} undecided`,
  waiting: (count: number) => `${counted(count, "open answer")} no rule could judge`,
  waitingMore: "Until a person decides they are in no figure.",
  decide: "Decide",
  few: (n: number) => `n = ${n}`,
} as const;

export const perLabel = {
  table: "Each label",
  label: "Label",
  cases: "Cases",
  curves: (kind: string) => `${kind} by label`,
  none: "There are no labels",
  noneMore: "An open question is judged answer by answer; see Per reader and Cases.",
  whose: "Whose curves",
  one: "This reader",
  all: "All readers",
  noCurves: "Curves need a probability for each label; this reader gives none.",
} as const;

export const perReader = {
  measures: "Measures",
  columns: ["Measure", "Value", "95 % interval", "n", "How"],
  described: "What it is",
  invalid: "Invalid answers",
  noInvalid: "No invalid answers.",
  subgroups: "Subgroups",
  subgroupNote:
    "p against the rest, Holm over all groups shown. Groups too small to say anything are not shown.",
  subgroupPick: "A line filters by its group.",
  arms: "Stages of the pipeline",
  armColumns: ["The text model is given", "Measure", "Gain over no findings"],
  effort: "Effort",
  policies: "Other policies for labels of the truth",
  policyColumns: ["Uncertain counts as", "Not mentioned counts as", "Measure"],
  of: (n: number, missing: number) =>
    missing === 0 ? `${counted(n, "answer")}` : `${counted(n, "answer")}, ${whole(missing)} missing`,
} as const;

export const calibration = {
  none: "This reader gives no confidence",
  noneMore: "Calibration needs a number from 0 to 1 with each answer. Choose another reader.",
  kind: (kind: string, n: number) => `Confidence: ${kind}; ${counted(n, "answer")}`,
  reliability: "Reliability",
  figures: "Figures",
  fitted: "Fitted on a split of its own",
  fittedColumns: ["Calibrator", "ECE", "Log loss"],
  use: "Use it",
  used: (place: string) => `Saved: ${place}`,
  useFailed: "The calibration was not saved",
  abstain: "When to abstain",
  abstainColumns: ["Risk wanted", "Answer above", "Share answered", "Risk found"],
  noLine: "no line keeps it",
  conformal: "Conformal sets",
  conformalColumns: ["Method", "Coverage wanted", "Coverage found", "Mean size", "Fitted on"],
  conformalLabel: "Coverage by label",
  over: "Bars: Wilson 95 %. Below the line: surer than right.",
} as const;

export const comparison = {
  none: "There is nothing to compare",
  noneMore: "A comparison needs two readers with answers to the same cases.",
  omnibus: "All readers at once",
  common: (n: number) => `${counted(n, "case")} that all readers answered`,
  pairs: "Pairs",
  differences: "Differences with 95 % interval",
  differenceAxis: "first less second",
  pick: "Pair",
  tests: "Tests",
  testColumns: ["Test", "Statistic", "p", "p, Holm"],
  figures: "Differences",
  twoByTwo: "Right and wrong, case by case",
  onlyRight: (a: string) => `Only ${a} right`,
  agreement: "Agreement",
  agreementColumns: ["Between", "Measure", "Value", "n"],
  allReaders: "all readers",
  truthReaders: "readers of the truth",
  reveal: "What the reveal did",
  revealColumns: ["Person", "n", "Rescued", "Misled", "Unmoved", "Before", "After", "Change"],
  revealMore: "Rescued: wrong before, right after the model’s answer was seen. Misled: the other way round.",
  published: "Published figures, not of these cases",
  publishedMore: "They stand beside your run and are never mixed into it.",
  publishedColumns: ["Reader", "Measure", "Value", "n", "Conditions", "Source"],
  notGiven: "not given",
  pair: (a: string, b: string) => `${a} against ${b}`,
} as const;

export const cases = {
  table: "Cases",
  find: "Find in ids, truth and answers",
  order: "Sorted",
  reader: "of reader",
  columns: { number: "No.", case: "Case", truth: "Truth", split: "Split" },
  total: (count: number) => counted(count, "case"),
  none: "No case fits",
  noneMore: "Take a condition off.",
  failed: "The cases could not be read",
  hidden: "Withheld until your own answer is in",
  hiddenMore: "Blind mode holds: open the case, commit your answer, and truth and readings appear.",
  choose: "Choose a case",
  open: "Open in viewer",
  noImages: "This case has no images here.",
  opening: "Opening",
  openFailed: "The images could not be opened",
  question: "Question",
  cell: (reader: string, truth: string, said: string) =>
    `${reader}: truth ${truth === "" ? "any" : truth}, answer ${said === "" ? "any" : said}`,
  onlyRight: (a: string, b: string) => `${a} right, ${b} not`,
  verdict: (verdict: string, reader: string) => (reader === "" ? verdict : `${reader} ${verdict}`),
  number: (number: number) => `Case ${number}`,
  close: "Close the case",
  raw: "What it wrote",
  rests: "The verdict rests on the marked words",
  findings: "Findings of the first stage",
  recorded: "On record",
  differential: "Differential",
  rule: (rule: string) => `Rule: ${rule}`,
  confident: (word: string) => `confidence ${word}`,
  loadingRow: "…",
} as const;

export const decision = {
  title: "No rule could judge this answer",
  again: "Decide again",
  verdict: "Your verdict",
  label: "Label that was meant",
  why: "Why",
  whyExample: "For example: the name in use before 2013",
  whyMissing: "Write a few words why: the decision is kept with them.",
  save: "Keep the decision",
  saving: "Keeping",
  takeBack: "Take back",
  saved: "Kept",
  failed: "The decision was not kept",
} as const;

export const backBar = {
  title: (index: number, total: number) => `Evaluation · case ${whole(index)} of ${whole(total)}`,
  next: "Next case",
  previous: "Previous case",
  back: "Back to the evaluation",
  leave: "Stay here and put this bar away",
} as const;

export const run = {
  title: "Run",
  more: (left: number) =>
    left === 0
      ? "Every local reader has read every case."
      : `${counted(left, "answer")} still to be read on this machine.`,
  start: "Read the cases",
  startSome: (count: number) => `Read ${counted(count, "answer")}`,
  startFirst: (count: number) => `Read the first ${counted(count, "case")}`,
  readerFailed: (reader: string) => `${reader} could not read`,
  limit: "Only the first cases",
  limitNote: "0: all of them.",
  again: "Ask again where the answer was an error",
  cancel: "Stop",
  stopping: "Stopping after this answer",
  preparing: (what: string) => what,
  progress: (done: number, of: number, left: number | null) =>
    `${whole(done)} of ${counted(of, "answer")}${left === null ? "" : `, ${roughly(left)} left`}`,
  case: (reader: string, number: number) => `${reader}, case ${number}`,
  troubles: (errors: number, invalid: number) =>
    listed([
      ...(errors > 0 ? [counted(errors, "error")] : []),
      ...(invalid > 0 ? [`${whole(invalid)} invalid`] : []),
    ]),
  done: (read: number, kept: number, seconds: number) =>
    `${counted(read, "answer")} read in ${span(seconds)}; ${whole(kept)} stood already.`,
  stopped: "The run was stopped. What was read stays; start again to go on.",
  failed: "The run broke off",
} as const;

export const making = {
  title: "Make a case set",
  folder: "Folder of images",
  chooseFolder: "Choose folder",
  tables: "Truth tables",
  noTables: "Without a table, each folder’s name is the truth of what lies in it.",
  addTable: "Add table",
  answers: "Recorded answers",
  addAnswers: "Add answers",
  noAnswers: "Of readers that ran elsewhere: JSONL or CSV.",
  model: "Model that reads",
  noModel: "None yet",
  modelNote: "More readers, and settings of their own, are written in the case-set file.",
  split: "Draw splits by patient",
  splitExample: "train=60,validation=20,test=20",
  splitNote: "In percent; no patient is in two of them. Empty: the splits of the tables.",
  seed: "Seed of the draw",
  seedNote: "The same seed draws the same splits.",
  target: "Write it to",
  targetNote: "The folder of evaluations that Overread keeps.",
  chooseTarget: "Choose another folder",
  format: "Format",
  recognised: "Recognised by itself",
  task: "Question",
  taskOfFormat: "As the format has it",
  name: "Name",
  nameExample: "As the folder",
  uncertain: "Uncertain labels count as",
  blank: "Labels not mentioned count as",
  look: "See what matches",
  looking: "Matching rows and images",
  lookFailed: "The folder and the tables could not be matched",
  write: (count: number) => `Write the case set, ${counted(count, "case")}`,
  writing: "Writing",
  writeFailed: "The case set was not written",
  cancel: "Cancel",
  stale: "Something was changed: look again before writing.",
  matched: (matched: number, rows: number, patients: number) =>
    rows === 0
      ? `${counted(matched, "case")} of ${counted(patients, "patient")}`
      : `${whole(matched)} of ${counted(rows, "row")} have images; ${counted(patients, "patient")}`,
  format2: (format: string, task: string) => `${format}, ${task}`,
  rowsWithout: (count: number) => `${counted(count, "row")} without images`,
  imagesWithout: (count: number) => `${counted(count, "image")} that no row names`,
  andMore: (count: number) => `and ${whole(count)} more`,
  examples: "What matched, for example",
  exampleColumns: ["Row", "Image"],
  labels: "Labels",
  splits: "Splits",
  notes: "To be known",
  first: "Choose a folder first",
  firstMore: "DICOM or plain pictures, in any depth. Nothing in it is changed.",
  readyTitle: "Look what matches",
  readyMore: "Nothing is written before you have seen it.",
} as const;

export const check = {
  title: "Check of the case set",
  run: "Check for leaks",
  running: "Looking for leaks, duplicates, missing files",
  failed: "The check broke off",
  clean: (cases: number, images: number) =>
    `Nothing was found in ${counted(cases, "case")} and ${counted(images, "image")}.`,
  found: (cases: number, images: number) =>
    `${counted(cases, "case")} and ${counted(images, "image")} looked at.`,
  grave: "Makes figures wrong",
  mild: "To be known",
} as const;

export const saving = {
  export: "Export",
  failed: "Nothing was written",
  written: (place: string) => `Written: ${place}`,
  plotSvg: "Save as SVG",
  plotPng: "Save as PNG",
  plotMenu: (name: string) => `Save the plot “${name}”`,
  table: "Table",
  plot: "Plot",
  tableOf: (name: string) => `${name}, as a table`,
} as const;

export const axes = {
  fpr: "1 − specificity",
  tpr: "sensitivity",
  recall: "recall (sensitivity)",
  precision: "precision (PPV)",
  coverage: "share answered",
  risk: "share wrong among them",
  fppi: "false positives an image",
  confidence: "confidence",
  right: "share right",
  truth: "truth",
  answer: "answer",
  count: "answers",
} as const;
