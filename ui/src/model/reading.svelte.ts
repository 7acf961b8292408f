// Asking: the question as it is put together, what it will cost, what happens, what came out.
import { DeskError, type Job } from "../backend/backend";
import type { AnswerForm } from "../backend/generated/AnswerForm";
import type { Case } from "../backend/generated/Case";
import type { ModelInfo } from "../backend/generated/ModelInfo";
import type { Plan } from "../backend/generated/Plan";
import type { QuestionSpec } from "../backend/generated/QuestionSpec";
import type { ReadEvent } from "../backend/generated/ReadEvent";
import type { TemplateInfo } from "../backend/generated/TemplateInfo";
import { Latest } from "./latest";
import type { Session } from "./session.svelte";
import { isWindow } from "./viewport/voi";

/** What the model reads. */
export type Choice = "this" | "marked" | "range" | "official" | "all";

/** The slice spec of a choice, counting from 1; empty when there is nothing to read. */
export function sliceSpec(choice: Choice, frame: number, marked: ReadonlySet<number>, range: string): string {
  switch (choice) {
    case "this":
      return String(frame + 1);
    case "marked":
      return [...marked]
        .sort((a, b) => a - b)
        .map((f) => f + 1)
        .join(",");
    case "range":
      return range.trim();
    case "official":
      return "official";
    case "all":
      return "all";
  }
}

/** Words for the state of a read. */
export function progressLine(event: ReadEvent): string {
  switch (event.event) {
    case "loading":
      return `Loading the model, ${Math.round(event.fraction * 100)} %`;
    case "preparing":
      return `Making picture ${event.slice} of ${event.of}`;
    case "vision": {
      const left = event.seconds_left === null ? "" : `, about ${Math.ceil(event.seconds_left)} s left`;
      return `Looking at picture ${event.slice} of ${event.of}${left}`;
    }
    case "prefill":
      return `Reading the question, ${event.done} of ${event.of} tokens`;
    case "scoring":
      return `Scoring label ${event.done} of ${event.of}`;
    case "token":
      return "Answering";
    default:
      return "";
  }
}

/** 0 to 1 where it is known. */
export function progressFraction(event: ReadEvent): number | null {
  switch (event.event) {
    case "loading":
      return event.fraction;
    case "preparing":
    case "vision":
      return (event.slice - 1) / Math.max(1, event.of);
    case "prefill":
    case "scoring":
      return event.done / Math.max(1, event.of);
    default:
      return null;
  }
}

export class ReadingModel {
  readonly #session: Session;
  models = $state.raw<readonly ModelInfo[]>([]);
  templates = $state.raw<readonly TemplateInfo[]>([]);
  modelId = $state("");
  templateId = $state("finding.closed-set/1");
  prompt = $state("");
  choice = $state<Choice>("this");
  range = $state("");
  preprocess = $state("");
  form = $state<AnswerForm>("labels");
  labels = $state("");
  plan = $state.raw<Plan | null>(null);
  planError = $state.raw<DeskError | null>(null);
  running = $state(false);
  progress = $state.raw<ReadEvent | null>(null);
  streamed = $state("");
  error = $state.raw<DeskError | null>(null);
  case = $state.raw<Case | null>(null);
  #job: Job | null = null;
  readonly #planner: Latest<QuestionSpec, Plan>;

  constructor(session: Session) {
    this.#session = session;
    this.#planner = new Latest(
      (spec) => session.backend.call("plan_question", spec),
      (_, plan) => {
        this.plan = plan;
        this.planError = null;
      },
      (thrown) => {
        this.plan = null;
        this.planError = DeskError.from(thrown);
      },
    );
  }

  get model(): ModelInfo | null {
    return this.models.find(({ handle }) => handle.id === this.modelId) ?? this.models[0] ?? null;
  }

  get template(): TemplateInfo | null {
    return this.templates.find(({ id }) => id === this.templateId) ?? null;
  }

  get labelList(): string[] {
    return this.labels
      .split(/[\n,;]/)
      .map((label) => label.trim())
      .filter((label) => label !== "");
  }

  /** Models, templates and the case of what is shown. */
  async load(): Promise<void> {
    try {
      [this.models, this.templates] = await Promise.all([
        this.#session.backend.call("models", {}),
        this.#session.backend.call("templates", {}),
      ]);
      this.modelId = this.#session.settings.model?.id ?? this.models[0]?.handle.id ?? "";
      this.chooseTemplate(this.templateId);
    } catch (thrown) {
      this.error = DeskError.from(thrown);
    }
  }

  chooseTemplate(id: string): void {
    this.templateId = id;
    const template = this.template;
    if (template === null) return;
    this.prompt = "";
    this.form = template.answer;
    this.labels = template.labels.join("\n");
  }

  async addModel(): Promise<void> {
    try {
      const handle = await this.#session.backend.pick("model");
      if (handle === null) return;
      const info = await this.#session.backend.call("add_model", handle);
      this.models = [info, ...this.models.filter((model) => model.handle.id !== info.handle.id)];
      this.modelId = info.handle.id;
    } catch (thrown) {
      this.error = DeskError.from(thrown);
    }
  }

  /** The question as it stands; `null` while something is missing. */
  get spec(): QuestionSpec | null {
    const viewport = this.#session.activeViewport;
    const set = viewport.displaySet;
    const model = this.model;
    if (set === null || model === null) return null;
    const marked = this.#session.markedSlicesOf(set.id);
    const slices = sliceSpec(this.choice, viewport.frame, marked, this.range);
    if (slices === "") return null;
    const preprocess = set.preprocess.some(({ id }) => id === this.preprocess)
      ? this.preprocess
      : (set.preprocess[0]?.id ?? "display/1");
    const voi = viewport.voi;
    return {
      display_set: set.id,
      slices,
      preprocess,
      window: preprocess === "display/1" && isWindow(voi) ? { ...voi } : null,
      model: model.handle,
      template: this.templateId,
      prompt: this.prompt,
      form: this.form,
      labels: this.form === "open" ? [] : this.labelList,
      max_new_tokens: 512,
      temperature: 0,
      seed: 0,
    };
  }

  /** Asks for a new plan of the question. */
  replan(): void {
    const spec = this.spec;
    if (spec === null) {
      this.#planner.forget();
      this.plan = null;
      return;
    }
    this.#planner.wish(spec);
  }

  async loadCase(displaySet: string): Promise<void> {
    try {
      const found = await this.#session.backend.call("case", { display_set: displaySet });
      if (this.#session.displaySet?.id === displaySet) this.case = found;
    } catch (thrown) {
      this.case = null;
      this.error = DeskError.from(thrown);
    }
  }

  async ask(): Promise<void> {
    const spec = this.spec;
    if (spec === null || this.running) return;
    this.running = true;
    this.error = null;
    this.streamed = "";
    this.progress = null;
    const job = this.#session.backend.start("ask", spec, (event) => this.#happened(event));
    this.#job = job;
    await job.finished;
    this.#job = null;
    this.running = false;
    this.progress = null;
    await this.loadCase(spec.display_set);
  }

  cancel(): void {
    this.#job?.cancel();
  }

  #happened(event: ReadEvent): void {
    this.progress = event;
    if (event.event === "token") this.streamed += event.text;
    if (event.event === "failed") {
      if (event.code === "cancelled") this.#session.status("Stopped.");
      else this.error = new DeskError(event);
    }
    if (event.event === "withheld") {
      this.#session.status("The answer is kept, hidden until you commit your own.");
    }
  }

  async commit(label: string, confidence: number | null): Promise<void> {
    const set = this.#session.displaySet;
    if (set === null) return;
    try {
      this.case = await this.#session.backend.call("commit_answer", {
        display_set: set.id,
        label,
        confidence,
      });
      this.#session.status("Your answer is committed.");
    } catch (thrown) {
      this.error = DeskError.from(thrown);
    }
  }
}
