// Evaluations of the desk in memory: opened, made, run, decided on; forgotten with the page.
import { DeskError } from "../../backend";
import type { AnswerDetail } from "../../generated/AnswerDetail";
import type { CaseDetail } from "../../generated/CaseDetail";
import type { CaseRow } from "../../generated/CaseRow";
import type { DecisionDraft } from "../../generated/DecisionDraft";
import type { EvaluationInfo } from "../../generated/EvaluationInfo";
import type { FiguresEvent } from "../../generated/FiguresEvent";
import type { FiguresRequest } from "../../generated/FiguresRequest";
import type { Handle } from "../../generated/Handle";
import type { ModelInfo } from "../../generated/ModelInfo";
import type { Operations } from "../../generated/operations";
import type { RunEvent } from "../../generated/RunEvent";
import type { RunSpec } from "../../generated/RunSpec";
import type { Task } from "../../generated/Task";
import type { Verdict } from "../../generated/Verdict";
import { figuresOf } from "./figures";
import { chosenCases } from "./filters";
import {
  byPatient,
  closedSet,
  listSet,
  type MadeAnswer,
  type MadeCase,
  type MadeCaseSet,
  OPEN_READERS,
  openSet,
  READERS,
} from "./made";
import { checkOf, mappingOf } from "./making";
import { MadeTunings } from "./tunings";

type Evaluations =
  | "evaluations"
  | "open_evaluation"
  | "forget_evaluation"
  | "draft_case_set"
  | "make_case_set"
  | "check_evaluation"
  | "evaluation_cases"
  | "evaluation_case"
  | "open_evaluation_case"
  | "decide"
  | "use_calibrator"
  | "export_evaluation"
  | "tunings"
  | "save_plot";

export type EvaluationAnswers = {
  [O in Evaluations]: (args: Operations[O]["arguments"]) => Operations[O]["result"];
};

export interface EvaluationOptions {
  readonly blind: () => boolean;
  readonly now: () => string;
  /** A study of the desk, for the images of every case. */
  readonly folder: Handle;
  readonly displaySet: string;
  readonly model: (handle: Handle) => ModelInfo;
  readonly keepExport: (name: string, text: string) => void;
}

const handle = (id: string): Handle => ({ id: `evaluation-${id}`, label: `${id}.toml` });
/** A made set, and what the list says of it without making it. */
interface Known {
  readonly task: Task;
  readonly cases: number;
  readonly readers: readonly string[];
  readonly toRead: number;
  readonly make: () => MadeCaseSet;
}
const NAMES = READERS.map(({ name }) => name);
const OPEN_NAMES = OPEN_READERS.map(({ name }) => name);
const MADE: Readonly<Record<string, Known>> = {
  "chest-phantoms": {
    task: "closed",
    cases: 331,
    readers: NAMES,
    toRead: 0,
    make: () => closedSet(handle("chest-phantoms"), 331),
  },
  "rare-chest-ct": {
    task: "open",
    cases: 10,
    readers: OPEN_NAMES,
    toRead: 0,
    make: () => openSet(handle("rare-chest-ct"), 10),
  },
  "ct-findings-pipeline": {
    task: "open",
    cases: 60,
    readers: OPEN_NAMES,
    toRead: 14,
    make: () => openSet(handle("ct-findings-pipeline"), 60),
  },
  "chest-yes-no": {
    task: "yes_no",
    cases: 200,
    readers: NAMES.slice(0, 3),
    toRead: 0,
    make: () => listSet(handle("chest-yes-no"), 200),
  },
  "ten-thousand": {
    task: "closed",
    cases: 10_000,
    readers: NAMES,
    toRead: 0,
    make: () => closedSet(handle("ten-thousand"), 10_000),
  },
  "chest-to-tune": {
    task: "closed",
    cases: 300,
    readers: NAMES.slice(1, 3),
    toRead: 0,
    make: () => closedSet(handle("chest-to-tune"), 300, READERS.slice(1, 3), byPatient),
  },
};
const GONE = handle("memory-stick");

function missing(what: string): DeskError {
  return new DeskError({
    code: "evaluation.missing",
    message: `${what} is not there any more.`,
    hint: "Open the case set again.",
  });
}

function known(id: string): Known {
  const found = MADE[id.replace(/^evaluation-/u, "")];
  if (found === undefined) throw missing("The case set");
  return found;
}

export class MadeEvaluations {
  readonly #options: EvaluationOptions;
  readonly tunings: MadeTunings;
  readonly #sets = new Map<string, MadeCaseSet>();
  readonly #opened = new Map<string, string>();
  readonly #answered = new Map<string, number>();
  #names = [...Object.keys(MADE)];
  #gone = true;

  constructor(options: EvaluationOptions) {
    this.#options = options;
    this.tunings = new MadeTunings({ set: ({ id }) => this.#set(id), model: options.model });
  }

  #set(id: string): MadeCaseSet {
    const found = this.#sets.get(id);
    if (found !== undefined) return found;
    const made = known(id).make();
    this.#sets.set(id, made);
    return made;
  }

  #left(id: string): number {
    return Math.max(0, known(id).toRead - (this.#answered.get(id) ?? 0));
  }

  #info(evaluation: Handle): EvaluationInfo {
    const { task, cases, readers, toRead } = known(evaluation.id);
    const name = evaluation.id.replace(/^evaluation-/u, "");
    const left = this.#left(evaluation.id);
    return {
      evaluation: handle(name),
      name,
      task,
      cases,
      readers: [...readers],
      answers: cases * readers.length - Math.min(left, toRead),
      to_read: left,
      opened_at: this.#opened.get(evaluation.id) ?? "2026-01-03T09:00:00Z",
      present: true,
      problem: null,
    };
  }

  #list(): EvaluationInfo[] {
    const infos = this.#names.map((name) => this.#info(handle(name)));
    const gone: EvaluationInfo = {
      evaluation: GONE,
      name: "memory-stick",
      task: "closed",
      cases: 40,
      readers: ["MedGemma 1.5 4B"],
      answers: 40,
      to_read: 0,
      opened_at: "2026-01-01T09:00:00Z",
      present: false,
      problem: { code: "evaluation.missing", message: "memory-stick.toml is not there any more.", hint: "" },
    };
    infos.sort((a, b) => b.opened_at.localeCompare(a.opened_at));
    return this.#gone ? [...infos, gone] : infos;
  }

  #row(set: MadeCaseSet, made: MadeCase): CaseRow {
    const hidden = this.#options.blind();
    const answers = made.answers.map(({ reader, said, verdict, confidence }) => ({
      reader,
      said: said.startsWith("probably ") ? "" : said,
      verdict,
      confidence,
    }));
    return {
      number: made.number,
      case: hidden ? "" : made.id,
      patient: hidden ? "" : made.patient,
      split: made.split,
      modality: made.modality,
      hidden,
      truth: hidden ? "" : made.truth.length === 0 ? "none" : made.truth.join(", "),
      answers: hidden ? [] : answers.filter(({ reader }) => set.readers.some(({ id }) => id === reader)),
      has_images: made.hasImages,
    };
  }

  #answer(set: MadeCaseSet, made: MadeCase, answer: MadeAnswer): AnswerDetail {
    const reader = set.readers.find(({ id }) => id === answer.reader);
    return {
      answer: {
        reader: answer.reader,
        said: answer.said,
        verdict: answer.verdict,
        confidence: answer.confidence,
      },
      part: "",
      text: answer.text,
      findings: answer.findings,
      span: answer.span,
      rule: answer.rule,
      probabilities: answer.probabilities.map(([label, p]) => [label, p]),
      differential: set.task === "open" ? [answer.said, made.truth[0] ?? "", "Sarcoidosis"] : [],
      suggestions: set.task === "open" ? [made.truth[0] ?? "", "Emphysema", "Sarcoidosis"] : [],
      recorded: [
        ["Seconds", String(reader?.seconds ?? "")],
        ["Settings", "4c1d90ab34e67f8f2c1d"],
        ...(reader?.described ?? []).map(([name, value]): [string, string] => [name, value]),
      ],
      decisions: [...answer.decisions],
      answer_hash: `hash-${made.number}-${answer.reader}`,
    };
  }

  #detail(id: string, number: number): CaseDetail {
    const set = this.#set(id);
    const made = set.cases[number - 1];
    if (made === undefined) throw missing(`Case ${number}`);
    const row = this.#row(set, made);
    const own = made.answers.map((answer) => this.#answer(set, made, answer));
    const arms = own.flatMap((answer) =>
      answer.findings === ""
        ? []
        : [
            {
              ...answer,
              part: "without findings",
              findings: "",
              text: "Final Answer: Emphysema",
              span: null,
              answer_hash: "",
            },
          ],
    );
    return {
      row,
      question: set.question,
      truth: row.hidden
        ? []
        : [
            ["Labels", row.truth],
            ["Source", "phantom generator, seed 7"],
            ["Votes", "2 of 2"],
          ],
      answers: row.hidden ? [] : [...own, ...arms],
    };
  }

  #decide({ evaluation, number, reader, verdict, label, why }: DecisionDraft): CaseDetail {
    const set = this.#set(evaluation.id);
    const answer = set.cases[number - 1]?.answers.find((one) => one.reader === reader);
    if (answer === undefined) throw missing(`Case ${number}`);
    const at = this.#options.now().slice(0, 16).replace("T", " ");
    const meant = label === "" ? "" : `, meant ${label}`;
    const what = verdict === "" ? "taken back" : `${verdict}${meant}`;
    answer.decisions.push(`Reader, ${at}: ${what}. ${why}`);
    answer.verdict = verdict === "" ? "undecided" : (verdict as Verdict);
    answer.rule = verdict === "" ? "no rule fits" : `decided by Reader on ${at.slice(0, 10)}`;
    return this.#detail(evaluation.id, number);
  }

  figures(request: FiguresRequest): FiguresEvent[] {
    const set = this.#set(request.evaluation.id);
    const of = request.resamples;
    const steps = of === 0 ? [] : [0.2, 0.5, 0.8].map((share) => Math.round(of * share));
    const figures = figuresOf(set, request);
    const { resampling } = figures;
    return [
      { event: "ready", ...figures, resampling: { ...resampling, resamples: 0 } },
      ...steps.map((done): FiguresEvent => ({ event: "resampling", done, of })),
      { event: "done", ...figures },
    ];
  }

  /** Each answer is on record when its event is taken, so that a stopped run keeps what it read. */
  *run({ evaluation, limit }: RunSpec): Generator<RunEvent> {
    const set = this.#set(evaluation.id);
    const left = this.#left(evaluation.id);
    const count = limit === 0 ? left : Math.min(left, limit);
    const of = set.cases.length * set.readers.length;
    const before = of - left;
    yield { event: "preparing", what: "Loading medgemma-1.5-4b-it", fraction: 0.3 };
    yield { event: "preparing", what: "Loading medgemma-1.5-4b-it", fraction: 0.9 };
    for (let i = 1; i <= count; i += 1) {
      this.#answered.set(evaluation.id, (this.#answered.get(evaluation.id) ?? 0) + 1);
      yield {
        event: "progress",
        reader: set.readers[0]?.id ?? "",
        number: i,
        done: before + i,
        of,
        errors: i > 6 ? 1 : 0,
        invalid: i > 3 ? 2 : 0,
        seconds_left: i < 3 ? null : (count - i) * 38,
      };
    }
    yield { event: "done", read: count, kept: before, errors: count > 6 ? 1 : 0, seconds: count * 38 };
  }

  readonly answers: EvaluationAnswers = {
    evaluations: () => this.#list(),
    open_evaluation: ({ evaluation }) => {
      if (evaluation.id === GONE.id) throw missing("memory-stick.toml");
      const id = evaluation.id.startsWith("picked-") ? "evaluation-chest-phantoms" : evaluation.id;
      this.#opened.set(id, this.#options.now());
      return this.#info({ ...evaluation, id });
    },
    forget_evaluation: ({ evaluation }) => {
      if (evaluation.id === GONE.id) this.#gone = false;
      this.#names = this.#names.filter((name) => handle(name).id !== evaluation.id);
      return this.#list();
    },
    draft_case_set: (draft) => mappingOf(draft),
    make_case_set: () => this.#info(handle("chest-yes-no")),
    check_evaluation: ({ evaluation }) => checkOf(this.#set(evaluation.id).cases.length),
    evaluation_cases: ({ evaluation, query }) => {
      const set = this.#set(evaluation.id);
      const found = chosenCases(set, query);
      const rows = found.slice(query.offset, query.offset + query.limit);
      return { total: found.length, offset: query.offset, rows: rows.map((made) => this.#row(set, made)) };
    },
    evaluation_case: ({ evaluation, number }) => this.#detail(evaluation.id, number),
    open_evaluation_case: ({ evaluation, number }) => {
      const made = this.#set(evaluation.id).cases[number - 1];
      if (made?.hasImages !== true) throw missing(`The image of case ${number}`);
      const { folder, displaySet } = this.#options;
      return { folder, display_set: displaySet, index: (number * 3) % 40, title: `Case ${number}` };
    },
    decide: (draft) => this.#decide(draft),
    use_calibrator: ({ reader, kind }) => ({
      calibration: { id: `calibration-${reader}`, label: `${reader}-${kind}.json` },
      place: `exports/${reader}-${kind}.json`,
      text: "Fitted on 82 cases of the split “tune”; holds for this question and these labels only.",
    }),
    export_evaluation: ({ what }) => ({
      place: `exports/evaluation${{ report: ".html", csv: "/", json: ".json", imrmc: ".imrmc" }[what]}`,
      rows: 331,
    }),
    tunings: ({ evaluation }) => this.tunings.list(evaluation),
    save_plot: ({ name, kind, content }) => {
      this.#options.keepExport(name, content);
      return { place: `exports/${name}.${kind}`, rows: 1 };
    },
  };
}
