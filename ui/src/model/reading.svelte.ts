// Asking a model: what is chosen, what it will cost, what runs, what came out.
import { untrack } from "svelte";
import { DeskError, type Job } from "../backend/backend";
import type { AdapterInfo } from "../backend/generated/AdapterInfo";
import type { AnswerForm } from "../backend/generated/AnswerForm";
import type { ModelInfo } from "../backend/generated/ModelInfo";
import type { ModelQuestion } from "../backend/generated/ModelQuestion";
import type { Plan } from "../backend/generated/Plan";
import type { PreprocessChoice } from "../backend/generated/PreprocessChoice";
import type { PriorSpec } from "../backend/generated/PriorSpec";
import type { QuestionOptions } from "../backend/generated/QuestionOptions";
import type { QuestionSpec } from "../backend/generated/QuestionSpec";
import type { ReadEvent } from "../backend/generated/ReadEvent";
import type { Reading } from "../backend/generated/Reading";
import type { TemplateInfo } from "../backend/generated/TemplateInfo";
import { reading as text } from "../text/en";
import type { CaseModel } from "./case.svelte";
import { failed, IDLE, LOADING, type Load, loadedOf, ready } from "./load";
import type { ModelsModel } from "./models.svelte";
import { changedOptions, isSiglip, NO_OPTIONS, type OptionFacts, withTemplate } from "./options";
import { advance, NOT_STARTED, type Progress } from "./progress";
import { addLabels, type PlanState, type QuestionWish, wishQuestion } from "./question";
import type { Session } from "./session.svelte";
import { offeredModes, type SliceMode, type SliceWish, wishSlices } from "./slices";

/** What became of the last question. Whatever it is, the next one can be put together meanwhile. */
export type Run =
  | { readonly kind: "idle" }
  | {
      readonly kind: "running";
      readonly displaySet: string;
      readonly series: string;
      readonly progress: Progress;
      readonly cancelling: boolean;
    }
  | { readonly kind: "withheld"; readonly displaySet: string }
  | { readonly kind: "stopped"; readonly displaySet: string }
  | { readonly kind: "failed"; readonly displaySet: string; readonly error: DeskError };

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label, i) => label === b[i]);
}

/** Milliseconds without a change before the desk is asked what a question costs. */
const SETTLED = 250;

/** Tokens that an answer in words may have at first. */
const MOST_TOKENS = 400;

export class ReadingModel {
  readonly #session: Session;
  readonly #case: CaseModel;
  readonly #models: ModelsModel;
  readonly #settled: number;
  templates = $state.raw<Load<readonly TemplateInfo[]>>(IDLE);
  sliceMode = $state<SliceMode>("this");
  range = $state("");
  /** The recipe last chosen by hand; it holds where it fits. */
  chosenPreprocess = $state("");
  templateId = $state("");
  prompt = $state("");
  /** The form last chosen; a model that cannot give it has its own. */
  chosenForm = $state<AnswerForm>("labels");
  labels = $state.raw<readonly string[]>([]);
  maxNewTokens = $state(MOST_TOKENS);
  temperature = $state(0);
  seed = $state(0);
  options = $state.raw<QuestionOptions>(NO_OPTIONS);
  /** Why a calibration file was not taken. */
  optionError = $state.raw<DeskError | null>(null);
  planState = $state.raw<PlanState>({ kind: "idle" });
  run = $state.raw<Run>({ kind: "idle" });
  /** True while what the model says is drawn over the picture: its boxes, and the strip of slices. */
  drawn = $state(true);
  /** Id of the reading that is looked at; empty for the newest. */
  selected = $state("");
  /** How many views look at the plan; without one no plan is made. */
  watchers = $state(0);
  /** True while a button of the pointer is down: nothing is asked of the desk during a drag. */
  held = $state(false);
  /** The question as it was last put by itself: by the list of templates, or by a model. */
  #put = "";
  #job: Job | null = null;
  #planned = "";
  #round = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #stop: () => void;

  constructor(session: Session, cases: CaseModel, models: ModelsModel, settled = SETTLED) {
    this.#session = session;
    this.#case = cases;
    this.#models = models;
    this.#settled = settled;
    this.#stop = $effect.root(() => {
      $effect(() => {
        const { wish } = this;
        const isWatched = this.watchers > 0 && !this.held;
        untrack(() => this.#schedule(wish, isWatched));
      });
      const own = $derived(this.templates.kind === "ready" ? this.model?.question : null);
      $effect(() => {
        // A model brings its question along, unless the user has one of their own.
        if (own != null) untrack(() => this.isUntouched && this.takeOffer());
      });
      const id = $derived(session.displaySet?.id ?? null);
      $effect(() => {
        void id;
        this.selected = "";
      });
    });
  }

  dispose(): void {
    this.#stop();
    clearTimeout(this.#timer);
    this.#job?.cancel();
  }

  // Lists

  /** Asks for models and questions, once; again after a failure. */
  async load(): Promise<void> {
    await Promise.all([this.#models.load(), this.#loadTemplates()]);
  }

  async #loadTemplates(): Promise<void> {
    if (this.templates.kind === "loading" || this.templates.kind === "ready") return;
    this.templates = LOADING;
    try {
      const templates = await this.#session.backend.call("templates", {});
      this.templates = ready(templates);
      const first = templates[0];
      if (this.templateId === "" && this.prompt === "" && first !== undefined) {
        this.chooseTemplate(first.id);
        this.#put = this.#stands;
      }
    } catch (thrown) {
      this.templates = failed(thrown);
    }
  }

  // Choices

  get model(): ModelInfo | null {
    return this.#models.chosen;
  }

  get template(): TemplateInfo | null {
    return loadedOf(this.templates)?.find(({ id }) => id === this.templateId) ?? null;
  }

  /** True when the wording is not the template's any more. */
  get isEdited(): boolean {
    return this.template !== null && this.prompt !== this.template.text;
  }

  get sliceModes(): readonly SliceMode[] {
    const set = this.#session.displaySet;
    return set === null ? ["this"] : offeredModes(set.frames.length, set.volume);
  }

  /** The mode in force: the chosen one where it makes sense. */
  get slicing(): SliceMode {
    return this.sliceModes.includes(this.sliceMode) ? this.sliceMode : "this";
  }

  /** Answers that the model can give; all of them while no model is known. */
  get forms(): readonly AnswerForm[] {
    const { model } = this;
    return model === null || model.forms.length === 0 ? ["labels", "yes_no", "open"] : model.forms;
  }

  get form(): AnswerForm {
    return this.forms.includes(this.chosenForm) ? this.chosenForm : (this.forms[0] ?? "labels");
  }

  get facts(): OptionFacts {
    return { form: this.form, siglip: isSiglip(this.model), textOnly: this.template?.images === "none" };
  }

  /** How many options count and differ from what the desk does by itself. */
  get changed(): number {
    const { temperature, seed, maxNewTokens } = this;
    const written =
      this.form !== "open"
        ? 0
        : [temperature !== 0, seed !== 0, maxNewTokens !== MOST_TOKENS].filter(Boolean).length;
    return changedOptions(this.#asked, this.facts).length + written;
  }

  setOptions(change: Partial<QuestionOptions>): void {
    this.options = { ...this.options, ...change };
  }

  /** The adapter in use: of the chosen model and fitting it, else none. */
  get adapter(): AdapterInfo | null {
    const id = this.options.adapters[0]?.id;
    return this.model?.adapters.find(({ handle, usable }) => usable && handle.id === id) ?? null;
  }

  chooseAdapter(id: string): void {
    const found = this.model?.adapters.find(({ handle }) => handle.id === id);
    this.setOptions({ adapters: found === undefined ? [] : [found.handle] });
  }

  /** The earlier examination that goes before: another series of this desk, else none. */
  get prior(): PriorSpec | null {
    const chosen = this.options.priors[0];
    const here = this.#session.studies.some(({ display_sets }) =>
      display_sets.some(({ id }) => id === chosen?.display_set && id !== this.#session.displaySet?.id),
    );
    return chosen !== undefined && here ? chosen : null;
  }

  choosePrior(displaySet: string): void {
    this.setOptions({ priors: displaySet === "" ? [] : [{ display_set: displaySet, slices: "" }] });
  }

  /** The options as they are asked: without an adapter of another model, or a series that is not here. */
  get #asked(): QuestionOptions {
    const { adapter, options, prior } = this;
    const adapters = adapter === null ? [] : [adapter.handle];
    const priors = prior === null ? [] : [prior];
    return { ...options, priors, adapters, merge_adapters: adapter !== null && options.merge_adapters };
  }

  /** Everything as the desk does it by itself; what the template brings along stays. */
  resetOptions(): void {
    const { template } = this;
    this.options = template === null ? NO_OPTIONS : withTemplate(NO_OPTIONS, template);
    this.maxNewTokens = MOST_TOKENS;
    this.temperature = 0;
    this.seed = 0;
  }

  /** Asks for a calibration file. */
  async pickCalibration(): Promise<void> {
    this.optionError = null;
    try {
      const calibration = await this.#session.backend.pick("calibration");
      if (calibration !== null) this.setOptions({ calibration });
    } catch (thrown) {
      this.optionError = DeskError.from(thrown);
    }
  }

  get slices(): SliceWish {
    const set = this.#session.displaySet;
    return wishSlices(this.slicing, {
      frame: this.#session.activeViewport.frame,
      marked: this.#session.markedSlices,
      range: this.range,
      count: set?.frames.length ?? 0,
      volume: set?.volume ?? false,
    });
  }

  get preprocessChoices(): readonly PreprocessChoice[] {
    return this.#session.displaySet?.preprocess ?? [];
  }

  get preprocess(): PreprocessChoice | null {
    const choices = this.preprocessChoices;
    return choices.find(({ id }) => id === this.chosenPreprocess) ?? choices[0] ?? null;
  }

  get wish(): QuestionWish {
    return wishQuestion({
      set: this.#session.displaySet,
      slices: this.slices,
      preprocess: this.preprocess?.id ?? "",
      voi: this.#session.activeViewport.plainVoi,
      inverted: this.#session.activeViewport.presentation.inverted,
      model: this.model,
      template: this.template,
      prompt: this.prompt,
      form: this.form,
      labels: this.labels,
      maxNewTokens: this.maxNewTokens,
      temperature: this.temperature,
      seed: this.seed,
      options: this.#asked,
    });
  }

  /** Takes a template with its wording, form of answer and labels; own labels stay where it proposes none. */
  chooseTemplate(id: string): void {
    this.templateId = id;
    const { template } = this;
    if (template === null) return;
    this.prompt = template.text;
    this.chosenForm = template.answer;
    this.options = withTemplate(this.options, template);
    if (template.labels.length > 0) this.labels = template.labels;
  }

  /** Wording, form and labels as they stand. */
  get #stands(): string {
    return JSON.stringify([this.prompt, this.chosenForm, this.labels]);
  }

  /** True while the question is one that nobody typed or chose. */
  get isUntouched(): boolean {
    return this.#stands === this.#put;
  }

  /** The question that the chosen model was made to answer, where another one stands. */
  get offer(): ModelQuestion | null {
    const own = this.model?.question ?? null;
    if (own === null || this.templates.kind !== "ready") return null;
    const same = this.prompt === own.prompt && this.form === "labels" && isSame(this.labels, own.labels);
    return same ? null : own;
  }

  /** Takes the question of the chosen model: wording, one of its labels, and its template where there is one. */
  takeOffer(): void {
    const { offer } = this;
    if (offer === null) return;
    const template = loadedOf(this.templates)?.find(({ id }) => id === offer.template);
    if (template === undefined) this.templateId = "";
    else this.chooseTemplate(template.id);
    this.prompt = offer.prompt;
    this.chosenForm = "labels";
    this.labels = offer.labels;
    this.#put = this.#stands;
  }

  restorePrompt(): void {
    if (this.template !== null) this.prompt = this.template.text;
  }

  addLabels(text: string): void {
    this.labels = addLabels(this.labels, text);
  }

  removeLabel(label: string): void {
    this.labels = this.labels.filter((other) => other !== label);
  }

  // Plan

  /** The plan, also while a newer one is made. */
  get plan(): Plan | null {
    if (this.planState.kind === "ready") return this.planState.plan;
    return this.planState.kind === "planning" ? this.planState.last : null;
  }

  #schedule(wish: QuestionWish, isWatched: boolean): void {
    clearTimeout(this.#timer);
    if (wish.kind === "incomplete") {
      this.#round += 1;
      this.#planned = "";
      this.planState = { kind: "idle" };
      return;
    }
    const name = JSON.stringify(wish.spec);
    if (!isWatched || name === this.#planned) return;
    this.#timer = setTimeout(() => void this.#makePlan(wish.spec, name), this.#settled);
  }

  async #makePlan(spec: QuestionSpec, name: string): Promise<void> {
    this.#round += 1;
    const round = this.#round;
    this.#planned = name;
    this.planState = { kind: "planning", last: this.plan };
    try {
      const plan = await this.#session.backend.call("plan_question", spec);
      if (round === this.#round) this.planState = { kind: "ready", plan };
    } catch (thrown) {
      if (round === this.#round) this.planState = { kind: "failed", error: DeskError.from(thrown) };
    }
  }

  /** Says that a plan is looked at; the result says that it is no more. */
  watch(): () => void {
    untrack(() => {
      this.watchers += 1;
    });
    return () => {
      untrack(() => {
        this.watchers -= 1;
      });
    };
  }

  /** Makes the plan again, after a failure. */
  replan(): void {
    this.#planned = "";
    this.#schedule(this.wish, true);
  }

  // Asking

  /** Complete, not refused, nothing else running. */
  get canAsk(): boolean {
    if (this.run.kind === "running" || this.wish.kind !== "complete") return false;
    const isCurrent = this.#planned === JSON.stringify(this.wish.spec);
    return !(isCurrent && this.planState.kind === "ready" && this.planState.plan.refusal !== null);
  }

  /** Asks; settles when the answer is kept or the question ended otherwise. */
  async ask(): Promise<void> {
    const { wish } = this;
    if (!this.canAsk || wish.kind !== "complete") return;
    const displaySet = wish.spec.display_set;
    const series = this.#session.displaySet?.description ?? "";
    this.run = { kind: "running", displaySet, series, progress: NOT_STARTED, cancelling: false };
    const job = this.#session.backend.start("ask", wish.spec, (event) => this.#happened(displaySet, event));
    this.#job = job;
    await job.finished;
    if (this.#job === job) this.#job = null;
    // A job without a last event must not leave the panel busy for ever.
    if (this.run.kind === "running") this.run = { kind: "stopped", displaySet };
    await this.#case.reload();
    await this.#session.refreshStudies();
  }

  cancel(): void {
    if (this.run.kind !== "running") return;
    this.run = { ...this.run, cancelling: true };
    this.#job?.cancel();
  }

  #happened(displaySet: string, event: ReadEvent): void {
    if (this.run.kind !== "running") return;
    switch (event.event) {
      case "done":
        this.run = { kind: "idle" };
        this.selected = "";
        break;
      case "withheld":
        this.run = { kind: "withheld", displaySet };
        this.#session.status(text.withheld);
        break;
      case "failed":
        this.run =
          event.code === "cancelled"
            ? { kind: "stopped", displaySet }
            : { kind: "failed", displaySet, error: new DeskError(event) };
        break;
      default:
        this.run = { ...this.run, progress: advance(this.run.progress, event) };
    }
  }

  /** Puts the last failure or stop away. */
  dismiss(): void {
    if (this.run.kind !== "running") this.run = { kind: "idle" };
  }

  // Answers

  /** The reading that is looked at: the chosen one, else the newest. */
  get reading(): Reading | null {
    const readings = this.#case.value?.readings ?? [];
    return readings.find(({ id }) => id === this.selected) ?? readings[0] ?? null;
  }
}
