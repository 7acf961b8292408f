// Tuning a model on splits of the open case set: the form, the run with its curve, the runs before. It goes on while other
// pages and sections are shown.
import type { Backend, Job } from "../../../backend/backend";
import type { EvaluationInfo } from "../../../backend/generated/EvaluationInfo";
import type { Handle } from "../../../backend/generated/Handle";
import type { ModelInfo } from "../../../backend/generated/ModelInfo";
import type { TuneEvent } from "../../../backend/generated/TuneEvent";
import type { TuneRun } from "../../../backend/generated/TuneRun";
import type { TuneSpec } from "../../../backend/generated/TuneSpec";
import { failed, IDLE, LOADING, type Load, loadedOf, ready } from "../../load";
import { isSiglip } from "../../options";
import { Curve } from "./curve";
import {
  type ChosenSplits,
  chosenSplits,
  draftOf,
  EMPTY_DRAFT,
  freeName,
  PRESETS,
  type Preset,
  type Problems,
  presetOf,
  problemsOf,
  type Split,
  settingsOf,
  type TuneDraft,
  usualName,
} from "./settings";
import { afterTune, BEGUN, intoCurve, type TuneState } from "./state";

/** Milliseconds between two looks of the page at a run, at least: a small model makes hundreds of steps a second. */
const LOOK = 200;
/** A look may take this share of the time at most: on a slow or busy machine looks are rarer. */
const SHARE = 0.2;

/** A model that pairs can be put beside: it reads pictures and writes words. */
export function isTunable(model: ModelInfo): boolean {
  return model.usable && model.images && !isSiglip(model);
}

export class TuningModel {
  readonly #backend: Backend;
  draft = $state.raw<TuneDraft>(EMPTY_DRAFT);
  state = $state.raw<TuneState>({ kind: "idle" });
  /** Case set of the state. */
  of = $state.raw<Handle | null>(null);
  /** Case set on the screen. */
  opened = $state.raw<EvaluationInfo | null>(null);
  /** Its splits; `null` until they are counted. */
  splits = $state.raw<readonly Split[] | null>(null);
  models = $state.raw<Load<readonly ModelInfo[]>>(IDLE);
  runs = $state.raw<Load<readonly TuneRun[]>>(IDLE);
  /** Name of an earlier run that is looked at; empty: none. */
  looked = $state("");
  /** Rises when the curve has news. */
  news = $state(0);
  readonly curve = new Curve();
  /** What was asked last. */
  spec = $state.raw<TuneSpec | null>(null);
  #now: TuneState = { kind: "idle" };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = LOOK;
  #job: Job | null = null;
  #round = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get running(): boolean {
    return this.state.kind === "running";
  }

  /** True when what runs, or ran, is of the case set on the screen. */
  get isHere(): boolean {
    return this.of !== null && this.of.id === this.opened?.evaluation.id;
  }

  /** The state as the case set on the screen has it. */
  get shown(): TuneState {
    return this.isHere ? this.state : { kind: "idle" };
  }

  /** Name of the run that the state speaks of. */
  get name(): string {
    return this.spec?.name ?? "";
  }

  get tunable(): readonly ModelInfo[] {
    return (loadedOf(this.models) ?? []).filter(isTunable);
  }

  get chosen(): ChosenSplits {
    return chosenSplits(this.draft, this.splits ?? []);
  }

  get preset(): Preset | null {
    const settings = settingsOf(this.draft);
    return settings === null ? null : presetOf(settings);
  }

  get problems(): Problems {
    return problemsOf(this.draft, {
      splits: this.splits ?? [],
      models: this.tunable.map(({ handle }) => ({ id: handle.id, tunable: true })),
      runs: loadedOf(this.runs) ?? [],
    });
  }

  /** The stopped run that the name in the form stands for. */
  get stoppedRun(): TuneRun | null {
    const name = this.draft.name.trim();
    return (loadedOf(this.runs) ?? []).find((run) => run.name === name && run.done === null) ?? null;
  }

  // What is open

  /** Another case set is on the screen. What runs goes on. */
  open(info: EvaluationInfo | null): void {
    const same = info !== null && info.evaluation.id === this.opened?.evaluation.id;
    this.opened = info;
    if (same) return;
    this.splits = null;
    this.runs = IDLE;
    this.looked = "";
    this.draft = { ...this.draft, name: "", split: null, validation: null };
    if (!this.running) {
      this.#publish({ kind: "idle" });
      this.of = null;
      this.spec = null;
      this.curve.clear();
    }
  }

  /** Asks for what the view needs. */
  async load(): Promise<void> {
    await Promise.all([this.#loadModels(), this.loadRuns()]);
    if (this.draft.name === "" && this.opened !== null) this.#nextName(usualName(this.opened.name));
  }

  #nextName(wanted: string): void {
    this.set({ name: freeName(wanted, loadedOf(this.runs) ?? []) });
  }

  async #loadModels(): Promise<void> {
    if (this.models.kind !== "ready") this.models = LOADING;
    try {
      this.models = ready(await this.#backend.call("models", {}));
      const { tunable } = this;
      if (!tunable.some(({ handle }) => handle.id === this.draft.model))
        this.set({ model: (tunable.find(({ demo }) => !demo) ?? tunable[0])?.handle.id ?? "" });
    } catch (thrown) {
      this.models = failed(thrown);
    }
  }

  async loadRuns(): Promise<void> {
    const evaluation = this.opened?.evaluation;
    if (evaluation === undefined) return;
    if (this.runs.kind !== "ready") this.runs = LOADING;
    try {
      const runs = await this.#backend.call("tunings", { evaluation });
      if (this.opened?.evaluation.id === evaluation.id) this.runs = ready(runs);
    } catch (thrown) {
      if (this.opened?.evaluation.id === evaluation.id) this.runs = failed(thrown);
    }
  }

  // The form

  set(change: Partial<TuneDraft>): void {
    this.draft = { ...this.draft, ...change };
  }

  type(key: keyof TuneDraft["typed"], value: string): void {
    this.set({ typed: { ...this.draft.typed, [key]: value } });
  }

  /** Takes a recipe; what is learned, the seed and the precision stay as they are. */
  usePreset(preset: Preset): void {
    const { target, precision, typed } = this.draft;
    const next = draftOf({ ...PRESETS[preset], target, precision });
    this.set({ ...next, typed: { ...next.typed, seed: typed.seed } });
  }

  #wish(dryRun: boolean): TuneSpec | null {
    const evaluation = this.opened?.evaluation;
    const settings = settingsOf(this.draft);
    const model = this.tunable.find(({ handle }) => handle.id === this.draft.model)?.handle;
    if (evaluation === undefined || settings === null || model === undefined) return null;
    if (Object.keys(this.problems).length > 0) return null;
    const { name, prompt } = this.draft;
    return {
      evaluation,
      model,
      name: name.trim(),
      ...this.chosen,
      prompt: prompt.trim(),
      settings,
      dry_run: dryRun,
    };
  }

  // The run

  /** Looks for what forbids to begin, and estimates; learns nothing. */
  async check(): Promise<void> {
    const spec = this.#wish(true);
    if (spec === null || this.running) return;
    this.curve.clear();
    await this.#start(spec);
  }

  async start(): Promise<void> {
    const spec = this.#wish(false);
    if (spec === null || this.running) return;
    this.#show(this.stoppedRun);
    await this.#start(spec);
  }

  /** The curve of a run on record, or none. */
  #show(run: TuneRun | null): void {
    this.curve.clear();
    if (run !== null) this.curve.resume(run.steps, run.judged);
  }

  /** True when what was stopped, or broke off, can go on as it was asked for. */
  get canGoOn(): boolean {
    const { shown } = this;
    return (shown.kind === "stopped" || shown.kind === "failed") && !shown.dryRun && this.spec !== null;
  }

  async goOn(): Promise<void> {
    if (this.canGoOn && this.spec !== null) await this.#start(this.spec);
  }

  /** Takes a stopped run of the list up, as it was asked for. */
  async takeUp(run: TuneRun): Promise<void> {
    const evaluation = this.opened?.evaluation;
    if (evaluation === undefined || run.done !== null || this.running) return;
    const model = this.tunable.find(({ name }) => name === run.model)?.handle.id ?? "";
    const { name, split, validation, prompt } = run;
    this.set({ ...draftOf(run.settings), name, model, split, validation, prompt });
    const spec = this.#wish(false);
    if (spec === null) return;
    this.#show(run);
    await this.#start({ ...spec, settings: run.settings, dry_run: false });
  }

  async #start(spec: TuneSpec): Promise<void> {
    if (this.running) return;
    this.spec = spec;
    this.of = spec.evaluation;
    this.looked = "";
    this.#publish({ ...BEGUN, dryRun: spec.dry_run });
    this.#round += 1;
    const round = this.#round;
    const job = this.#backend.start("tune", spec, (event) => {
      if (round === this.#round) this.#take(event);
    });
    this.#job = job;
    await job.finished;
    this.#job = null;
    // A job whose last event never came is not left running on the screen.
    if (this.#now.kind === "running") {
      this.#take({
        event: "failed",
        code: "page.no_end",
        message: "The desk ended the run without a word.",
        hint: "",
      });
    }
    await this.loadRuns();
    // A finished run's name is taken; that of a stopped one takes it up.
    if (this.state.kind === "done" && this.isHere && this.draft.name.trim() === spec.name)
      this.#nextName(spec.name);
  }

  #take(event: TuneEvent): void {
    intoCurve(this.curve, event);
    this.#now = afterTune(this.#now, event);
    if (this.#now.kind === "running") this.#look();
    else this.#publish(this.#now);
  }

  /** Shows what there is, soon and not more often than the eye needs. */
  #look(): void {
    this.#timer ??= setTimeout(() => this.#publish(this.#now), this.#pause);
  }

  #publish(state: TuneState): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#now = state;
    const began = performance.now();
    this.state = state;
    this.news += 1;
    // The page is drawn before the next task begins.
    setTimeout(() => {
      this.#pause = Math.min(4000, Math.max(LOOK, (performance.now() - began) / SHARE));
    });
  }

  /** Stops after the step under way; the state is kept on disk. */
  stop(): void {
    if (this.#now.kind !== "running" || this.#now.stopping) return;
    this.#publish({ ...this.#now, stopping: true });
    this.#job?.cancel();
  }

  /** Puts the result, the estimate or the refusal away. */
  dismiss(): void {
    if (this.running) return;
    this.#publish({ kind: "idle" });
    this.curve.clear();
    this.spec = null;
  }
}
