// The Evaluation page: which case set is open, its figures under a filter, the section on the screen. It lives as long as
// its session: going back to the desk stops nothing and loses no place.
import { DeskError, type Job } from "../../backend/backend";
import type { Blank } from "../../backend/generated/Blank";
import type { CaseImages } from "../../backend/generated/CaseImages";
import type { EvaluationCheck } from "../../backend/generated/EvaluationCheck";
import type { EvaluationExport } from "../../backend/generated/EvaluationExport";
import type { EvaluationInfo } from "../../backend/generated/EvaluationInfo";
import type { Figures } from "../../backend/generated/Figures";
import type { FiguresEvent } from "../../backend/generated/FiguresEvent";
import type { FiguresRequest } from "../../backend/generated/FiguresRequest";
import type { Filter } from "../../backend/generated/Filter";
import type { Handle } from "../../backend/generated/Handle";
import type { Uncertain } from "../../backend/generated/Uncertain";
import { evaluation as text } from "../../text/evaluation";
import { failed, IDLE, LOADING, type Load, ready } from "../load";
import type { Session } from "../session.svelte";
import { CasesModel, type Conditions } from "./cases.svelte";
import { NO_FILTER, toggled } from "./filter";
import { MakingModel } from "./making.svelte";
import { RunModel } from "./run.svelte";
import type { Split } from "./tuning/settings";
import { TuningModel } from "./tuning/tuning.svelte";

export type Section = "overview" | "labels" | "readers" | "calibration" | "comparison" | "cases" | "tune";
export const SECTIONS: readonly Section[] = [
  "overview",
  "labels",
  "readers",
  "calibration",
  "comparison",
  "cases",
  "tune",
];

export type Screen = "welcome" | "making" | "open";

/** How the truth is read; `null`: as the case set has it. */
export interface Policy {
  readonly uncertain: Uncertain | null;
  readonly blank: Blank | null;
}

const POLICY_OF_SET: Policy = { uncertain: null, blank: null };

export type FiguresState =
  | { readonly kind: "idle" }
  | { readonly kind: "loading" }
  | {
      readonly kind: "shown";
      readonly figures: Figures;
      /** Of a filter before; the new ones are on their way. */
      readonly stale: boolean;
      readonly resampling: { readonly done: number; readonly of: number } | null;
      /** Why the newest could not be had. */
      readonly error: DeskError | null;
    }
  | { readonly kind: "failed"; readonly error: DeskError };

/** Resamples for the figures on the screen, and the seed: those of the command line, so that both print the same. */
export const RESAMPLES = 10_000;
const SEED = 1;

/** The state after an event of the job. */
export function afterFigures(before: FiguresState, event: FiguresEvent): FiguresState {
  switch (event.event) {
    case "ready":
    case "done": {
      const { event: _, ...figures } = event;
      const resampling = event.event === "ready" ? { done: 0, of: RESAMPLES } : null;
      return { kind: "shown", figures, stale: false, resampling, error: null };
    }
    case "resampling":
      return before.kind === "shown" ? { ...before, resampling: { done: event.done, of: event.of } } : before;
    case "failed": {
      const error = new DeskError(event);
      return before.kind === "shown"
        ? { ...before, stale: false, resampling: null, error }
        : { kind: "failed", error };
    }
  }
}

/** The splits of a case set with all their cases, whatever the filter. */
export function splitsOf({ facets }: Pick<Figures, "facets">): Split[] {
  const choices = facets.find(({ key }) => key === "split")?.choices ?? [];
  return choices.map(({ value, cases }) => ({ name: value, cases }));
}

export class EvaluationModel {
  readonly #session: Session;
  readonly cases: CasesModel;
  readonly run: RunModel;
  readonly making: MakingModel;
  readonly tuning: TuningModel;
  screen = $state<Screen>("welcome");
  section = $state<Section>("overview");
  known = $state.raw<Load<readonly EvaluationInfo[]>>(IDLE);
  opened = $state.raw<EvaluationInfo | null>(null);
  /** What is being opened, or why it could not be. */
  opening = $state.raw<Load<Handle>>(IDLE);
  filter = $state.raw<Filter>(NO_FILTER);
  /** Another reading of uncertain and blank labels than the case set's. */
  policy = $state.raw<Policy>(POLICY_OF_SET);
  figures = $state.raw<FiguresState>({ kind: "idle" });
  /** Reader that the sections speak of; empty: the first. */
  reader = $state("");
  /** Pair looked at, as `pairKey`; empty: the first. */
  pair = $state("");
  check = $state.raw<Load<EvaluationCheck>>(IDLE);
  /** Place of the page in each section, px. */
  readonly scrollTops = new Map<Section, number>();
  #job: Job | null = null;
  #round = 0;

  constructor(session: Session) {
    this.#session = session;
    this.cases = new CasesModel({
      backend: session.backend,
      evaluation: () => this.opened?.evaluation ?? null,
      filter: () => this.filter,
      show: (images) => this.#show(images),
      decided: () => void this.compute(),
    });
    this.run = new RunModel(session.backend, (evaluation) => void this.#ran(evaluation));
    this.making = new MakingModel(session.backend, (info) => this.#take(info));
    this.tuning = new TuningModel(session.backend);
  }

  get shown(): boolean {
    return this.#session.page === "evaluation";
  }

  /** The figures on the screen, or `null`. */
  get value(): Figures | null {
    return this.figures.kind === "shown" ? this.figures.figures : null;
  }

  /** What is looked at, in a line: for plots that leave the page. */
  get title(): string {
    const figures = this.value;
    if (figures === null) return "";
    const { name, cases, cases_in_set, patients } = figures;
    return `${name} · ${text.ofSet(cases, cases_in_set, patients)}`;
  }

  // The page

  show(): void {
    const was = this.#session.page;
    if (was === "desk") this.#session.status("");
    this.#session.page = "evaluation";
    if (this.known.kind === "idle") void this.loadKnown();
    if (was === "desk" && this.opened !== null) {
      // Own answers may have been committed on the desk, and truth with it.
      void this.cases.reload();
      void this.cases.refresh();
    }
  }

  /** Back to the reading desk; everything there is as it was. */
  leave(): void {
    this.#session.page = "desk";
  }

  go(section: Section): void {
    if (this.opened === null) return;
    this.screen = "open";
    this.section = section;
    if (section === "cases" && this.cases.total === null) void this.cases.reload();
    if (section === "tune") void this.tuning.load();
  }

  async loadKnown(): Promise<void> {
    if (this.known.kind !== "ready") this.known = LOADING;
    try {
      this.known = ready(await this.#session.backend.call("evaluations", {}));
    } catch (thrown) {
      this.known = failed(thrown);
    }
  }

  async forget(evaluation: Handle): Promise<void> {
    try {
      this.known = ready(await this.#session.backend.call("forget_evaluation", { evaluation }));
    } catch (thrown) {
      this.#session.status(DeskError.from(thrown).message);
    }
  }

  make(): void {
    this.making.reset();
    this.screen = "making";
  }

  /** The list of case sets; what is open stays open. */
  welcome(): void {
    this.screen = "welcome";
    void this.loadKnown();
  }

  async pick(): Promise<void> {
    try {
      const handle = await this.#session.backend.pick("case_set");
      if (handle !== null) await this.open(handle);
    } catch (thrown) {
      this.opening = failed(thrown);
    }
  }

  async open(evaluation: Handle): Promise<void> {
    this.opening = ready(evaluation);
    try {
      const info = await this.#session.backend.call("open_evaluation", { evaluation });
      this.#take(info);
    } catch (thrown) {
      this.opening = failed(thrown);
    }
  }

  #take(info: EvaluationInfo): void {
    this.opened = info;
    this.opening = IDLE;
    this.screen = "open";
    this.section = "overview";
    this.filter = NO_FILTER;
    this.policy = POLICY_OF_SET;
    this.reader = "";
    this.pair = "";
    this.check = IDLE;
    this.figures = { kind: "idle" };
    this.scrollTops.clear();
    this.cases.clear();
    this.tuning.open(info);
    if (!this.run.running) {
      this.run.dismiss();
      this.run.readers = [];
    }
    // The list of case sets is asked for when it is shown again: figures come first.
    void this.compute();
  }

  // Figures

  #request(evaluation: Handle): FiguresRequest {
    const { filter, policy } = this;
    return { evaluation, filter, resamples: RESAMPLES, seed: SEED, ...policy };
  }

  /** Figures under the filter that holds; those before stay until then, marked as of before. */
  async compute(): Promise<void> {
    const evaluation = this.opened?.evaluation;
    if (evaluation === undefined) return;
    this.#job?.cancel();
    this.#round += 1;
    const round = this.#round;
    const { figures } = this;
    this.figures = figures.kind === "shown" ? { ...figures, stale: true, error: null } : { kind: "loading" };
    const job = this.#session.backend.start("figures", this.#request(evaluation), (event) => {
      if (round !== this.#round) return;
      this.figures = afterFigures(this.figures, event);
      if (event.event === "ready") this.tuning.splits = splitsOf(event);
    });
    this.#job = job;
    await job.finished;
    if (round === this.#round) this.#job = null;
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    void this.compute();
    if (this.section === "cases" || this.cases.total !== null) void this.cases.restart();
  }

  toggle(key: string, value: string): void {
    this.setFilter(toggled(this.filter, key, value));
  }

  setPolicy(policy: Partial<Policy>): void {
    this.policy = { ...this.policy, ...policy };
    void this.compute();
  }

  clearFilter(): void {
    this.policy = POLICY_OF_SET;
    this.setFilter(NO_FILTER);
  }

  /** To the table of cases, with what was clicked as its only condition. */
  showCases(conditions: Partial<Conditions>): void {
    this.go("cases");
    void this.cases.showOnly(conditions);
  }

  /** To the table of cases, with one of them open. */
  async showCase(number: number, conditions: Partial<Conditions>): Promise<void> {
    this.go("cases");
    await this.cases.showOnly(conditions);
    for (let i = 0; i < Math.min(this.cases.total ?? 0, 100); i += 1) {
      if (this.cases.row(i)?.number === number) await this.cases.select(i);
    }
  }

  // Runs, checks, files

  async #ran(evaluation: Handle): Promise<void> {
    if (this.opened?.evaluation.id !== evaluation.id) return;
    try {
      this.opened = await this.#session.backend.call("open_evaluation", { evaluation });
    } catch (thrown) {
      this.#session.status(DeskError.from(thrown).message);
    }
    void this.compute();
    if (this.cases.total !== null) void this.cases.reload();
  }

  async lookForLeaks(): Promise<void> {
    const evaluation = this.opened?.evaluation;
    if (evaluation === undefined) return;
    this.check = LOADING;
    try {
      const check = await this.#session.backend.call("check_evaluation", { evaluation });
      if (this.opened?.evaluation.id === evaluation.id) this.check = ready(check);
    } catch (thrown) {
      this.check = failed(thrown);
    }
  }

  /** Writes the report or tables to the folder of exports; says where. */
  async export(what: EvaluationExport): Promise<string> {
    const evaluation = this.opened?.evaluation;
    if (evaluation === undefined) return "";
    const { backend } = this.#session;
    const { place } = await backend.call("export_evaluation", {
      figures: this.#request(evaluation),
      what,
      target: null,
    });
    return place;
  }

  async useCalibrator(reader: string, kind: string, split: string) {
    const evaluation = this.opened?.evaluation;
    if (evaluation === undefined) return null;
    return this.#session.backend.call("use_calibrator", { evaluation, reader, kind, split });
  }

  async savePlot(name: string, kind: "svg" | "png", content: string): Promise<string> {
    const { place } = await this.#session.backend.call("save_plot", { name, kind, content });
    return place;
  }

  // The viewer

  /** Shows a case's images on the desk: opens its folder when it is not open, then the series and the slice. */
  async #show({ folder, display_set, index }: CaseImages): Promise<void> {
    const session = this.#session;
    const isHere = session.studies.some((study) => study.display_sets.some(({ id }) => id === display_set));
    if (!isHere) {
      await session.openFolder(folder);
      if (session.scan.error !== null) throw session.scan.error;
    }
    await session.openDisplaySet(display_set);
    const { loadState } = session.activeViewport;
    if (loadState.kind === "failed") throw loadState.error;
    session.activeViewport.setFrame(index);
    session.page = "desk";
  }

  /** From the viewer back to the case that it shows. */
  backToCase(): void {
    this.screen = "open";
    this.section = "cases";
    this.show();
  }
}

const kept = new WeakMap<Session, EvaluationModel>();

/** The evaluation of a session, made at the first call. */
export function evaluationOf(session: Session): EvaluationModel {
  const found = kept.get(session);
  if (found !== undefined) return found;
  const made = new EvaluationModel(session);
  kept.set(session, made);
  return made;
}
