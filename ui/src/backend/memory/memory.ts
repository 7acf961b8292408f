// A desk in the page's own memory: made studies, a made reader, everything forgotten at the end. For the gallery,
// tests, and a look at the page in a plain browser. It answers as the desk does, errors included.
import { type Backend, DeskError, type Job } from "../backend";
import type { CheckEvent } from "../generated/CheckEvent";
import type { CheckKind } from "../generated/CheckKind";
import type { CheckSpec } from "../generated/CheckSpec";
import type { DisplaySet } from "../generated/DisplaySet";
import type { EncodeSpec } from "../generated/EncodeSpec";
import type { FiguresRequest } from "../generated/FiguresRequest";
import type { Handle } from "../generated/Handle";
import type { Jobs, Operations } from "../generated/operations";
import type { ProbeAnswer } from "../generated/ProbeAnswer";
import type { ProbeRequest } from "../generated/ProbeRequest";
import type { QuestionSpec } from "../generated/QuestionSpec";
import type { ReadEvent } from "../generated/ReadEvent";
import type { RunSpec } from "../generated/RunSpec";
import type { ScanEvent } from "../generated/ScanEvent";
import type { Settings } from "../generated/Settings";
import type { Study } from "../generated/Study";
import type { TuneSpec } from "../generated/TuneSpec";
import { isLast } from "../tauri";
import { type MadeSet, makeCatalogue } from "./catalogue";
import { checkEvents, encodeEvents, makeCheck } from "./checks";
import { MadeEvaluations } from "./evaluation/desk";
import { Marks, measure } from "./marks";
import { MADE_UP, MadeModels } from "./models";
import { detailOf, layerSlice, layersOver } from "./objects";
import { base64 } from "./png";
import { makePlan, makeReading, progressOf, TEMPLATES } from "./reader";
import { CaseRecord, VOCABULARY } from "./record";
import { modalityValues, notFound, Resources, storedSamples } from "./resources";
import { makeState } from "./states";

export interface MemoryOptions {
  /** Starts with nothing open. */
  readonly empty?: boolean;
  /** Milliseconds between a job's events; 0 in tests. */
  readonly pace?: number;
  /** Ramps instead of anatomy: quickly made, for tests. */
  readonly plain?: boolean;
  /** False: no model but the bundled one can be used. */
  readonly ownModels?: boolean;
  /** Settings to start with. */
  readonly settings?: Partial<Settings>;
  /** Operations or resources (`frame/…`) that fail, by name or the start of their address. */
  readonly failing?: readonly string[];
}

const FOLDER: Handle = { id: "folder-made", label: "made studies" };
const NOTICE =
  "Research use only. Not for diagnosis. All pictures and answers here are made up in this page.";

const PRESETS: readonly (readonly [string, string, number, number])[] = [
  ["1", "soft tissue", 40, 400],
  ["2", "lung", -600, 1500],
  ["3", "bone", 480, 2500],
  ["4", "brain", 40, 80],
  ["5", "liver", 90, 150],
  ["6", "mediastinum", 50, 350],
  ["7", "angio", 300, 600],
  ["8", "stroke", 40, 40],
  ["9", "subdural", 75, 250],
  ["Shift+3", "temporal bone", 600, 2800],
];

type Answers = { [O in keyof Operations]: (args: Operations[O]["arguments"]) => Operations[O]["result"] };

class MemoryDesk {
  readonly #options: MemoryOptions;
  readonly catalogue: ReturnType<typeof makeCatalogue>;
  readonly marks = new Marks();
  readonly record = new CaseRecord();
  readonly resources: Resources;
  readonly models: MadeModels;
  readonly evaluations = new MadeEvaluations({
    blind: () => this.#settings.blind,
    now: () => this.now(),
    folder: FOLDER,
    displaySet: "ct-abdomen",
    model: (handle) => this.models.of(handle),
    keepExport: (name, text) =>
      this.resources.keepExport(name, { bytes: new TextEncoder().encode(text), type: "text/plain" }),
  });
  #settings: Settings;
  #minutes = 0;
  #plans = 0;
  #opened = false;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.models = new MadeModels(options.ownModels !== false);
    this.catalogue = makeCatalogue(options.plain === true);
    this.resources = new Resources(this.catalogue.sets);
    this.#settings = {
      blind: false,
      reader: "Reader",
      hide_identity: false,
      encode_ahead: false,
      drag_up_brightens: true,
      interpolate: true,
      model: null,
      ...options.settings,
    };
  }

  /** A made time: each call is a minute later, so that orders can be told and tests repeat. */
  now(): string {
    this.#minutes += 1;
    return new Date(Date.UTC(2026, 0, 5, 9, this.#minutes)).toISOString();
  }

  made(displaySet: string): MadeSet {
    const found = this.catalogue.sets.get(displaySet);
    if (found === undefined) throw notFound("This series");
    return found;
  }

  refuseIfFailing(name: string): void {
    if (this.#options.failing?.some((failing) => name.startsWith(failing)) !== true) return;
    throw new DeskError({
      code: "desk.made_failure",
      message: `“${name}” failed, as it was asked to.`,
      hint: "Take it off the list of failing operations.",
    });
  }

  studies(): Study[] {
    if (!this.#opened) return [];
    const hide = this.#settings.hide_identity;
    return this.catalogue.studies.map((study) => ({
      ...study,
      ...(hide ? { patient_name: "", patient_id: "", patient_details: "" } : {}),
      display_sets: study.display_sets.map((tile) => {
        const hidden = this.record.isHidden(tile.id, this.#settings.blind);
        return {
          ...tile,
          has_truth: !hidden && this.record.hasTruth(tile.id),
          readings: hidden ? 0 : this.record.readings(tile.id),
        };
      }),
    }));
  }

  displaySet(id: string): DisplaySet {
    const { set } = this.made(id);
    return this.#settings.hide_identity ? { ...set, patient_line: "" } : set;
  }

  probe({ display_set, frame: index, column, row }: ProbeRequest): ProbeAnswer {
    const made = this.made(display_set);
    const frame = made.set.frames[index];
    const [x, y] = [Math.floor(column), Math.floor(row)];
    const outside: ProbeAnswer = {
      stored: [],
      modality: null,
      unit: "",
      suv: "",
      suv_kind: "",
      voxel: null,
      patient: null,
      padding: false,
    };
    if (frame === undefined || x < 0 || y < 0 || x >= frame.columns || y >= frame.rows) return outside;
    const at = y * frame.columns + x;
    const patient: [number, number, number] | null =
      frame.position === null || frame.spacing === null
        ? null
        : [
            frame.position[0] + (column - 0.5) * frame.spacing[1],
            frame.position[1] + (row - 0.5) * frame.spacing[0],
            frame.position[2],
          ];
    const voxel: [number, number, number] = [x, y, index];
    if (frame.colour) {
      const samples = storedSamples(made, index);
      return { ...outside, stored: [...samples.subarray(at * 4, at * 4 + 3)], voxel, patient };
    }
    const modality = Math.round(modalityValues(made, index)[at] ?? 0);
    return { ...outside, stored: [modality - frame.intercept], modality, unit: frame.unit, voxel, patient };
  }

  #truthFrom(label: string, source: string) {
    return label === "" ? null : { labels: [label], source, at: this.now() };
  }

  readonly answers: Answers = {
    app_state: () => ({
      version: "0.1.0",
      notice: NOTICE,
      recent: [
        { handle: FOLDER, opened_at: "2026-01-04T15:20:00Z", present: true },
        {
          handle: { id: "folder-gone", label: "memory stick" },
          opened_at: "2026-01-02T08:05:00Z",
          present: false,
        },
      ],
      settings: this.#settings,
      demo_folder: FOLDER,
      problems: [],
      open_at_start: this.#options.empty === true ? null : FOLDER,
      presets: PRESETS.map(([key, name, center, width]) => ({ key, name, center, width })),
      cores: 2,
      memory_available: 12_400_000_000,
    }),
    set_settings: (settings) => {
      this.#settings = settings;
      return settings;
    },
    device_probe: () => [],
    report_device: () => ({}),
    studies: () => this.studies(),
    display_set: ({ display_set }) => this.displaySet(display_set),
    object: ({ object }) => detailOf(object, this.displaySet("ct-abdomen")),
    layers: ({ display_set }) => layersOver(display_set),
    layer_slice: ({ display_set, frame }) => layerSlice(this.made(display_set).set, frame),
    save_document: ({ object }) => ({ place: `exports/${object}.pdf`, rows: 1 }),
    presentation: ({ display_set, presentation }) => makeState(this.made(display_set), presentation),
    probe: (request) => this.probe(request),
    models: () => this.models.list,
    add_model: (handle) => this.models.add(handle),
    remove_model: (handle) => this.models.remove(handle),
    set_model_options: (options) => this.models.set(options),
    add_adapter: ({ model, adapter }) => this.models.addAdapter(model, adapter),
    remove_adapter: ({ model, adapter }) => this.models.removeAdapter(model, adapter),
    known_models: () => this.models.known(),
    templates: () => [...TEMPLATES],
    plan_question: (spec) => this.plan(spec),
    case: ({ display_set }) => this.record.case(display_set, this.#settings.blind),
    attach_truth: () => {
      this.record.setTruth("ct-abdomen", this.#truthFrom("Haemangioma", "truth.csv"));
      this.record.setTruth("dx-chest", this.#truthFrom("Nodule", "truth.csv"));
      return { rows: 3, matched: 2, unmatched: ["Row 3: no series has the UID 2.25.9999."] };
    },
    set_truth: ({ display_set, label, source }) => {
      this.record.setTruth(display_set, this.#truthFrom(label, source));
      return this.record.case(display_set, this.#settings.blind);
    },
    commit_answer: ({ display_set, label, confidence }) => {
      const before_reveal = this.record.isHidden(display_set, this.#settings.blind);
      this.record.answer(display_set, { label, confidence, at: this.now(), before_reveal });
      return this.record.case(display_set, this.#settings.blind);
    },
    marks: ({ display_set }) => this.marks.of(display_set),
    save_mark: (draft) => this.marks.save(this.made(draft.display_set), draft, this.now()),
    measure: (draft) => measure(this.made(draft.display_set), draft),
    delete_mark: ({ id }) => {
      this.marks.delete(id);
      return {};
    },
    undo_mark: ({ display_set }) => this.marks.undo(display_set),
    review_vocabulary: () => VOCABULARY,
    reviews: () => [...this.record.reviews],
    file_review: (draft) => {
      const { set, study } = this.made(draft.display_set);
      return this.record.file(draft, {
        filed_at: this.now(),
        reader: this.#settings.reader,
        marks: this.marks.of(draft.display_set).filter(({ id }) => draft.marks.includes(id)),
        title: [study.description, set.description, study.date].filter(Boolean).join(" · "),
        folder: FOLDER,
      });
    },
    export_reviews: ({ format, target }) => {
      const text = format === "csv" ? this.record.csv() : JSON.stringify(this.record.reviews, null, 2);
      this.resources.keepExport("reviews", { bytes: new TextEncoder().encode(text), type: "text/plain" });
      return { place: target?.label ?? `exports/reviews.${format}`, rows: this.record.reviews.length };
    },
    export_report: ({ display_set }) => {
      this.made(display_set);
      return { place: `exports/${display_set}.html`, rows: 1 };
    },
    ...this.evaluations.answers,
  };

  plan(spec: QuestionSpec) {
    this.#plans += 1;
    const id = `plan-${this.#plans}`;
    const plan = makePlan(id, this.made(spec.display_set), spec, this.models.of(spec.model));
    this.resources.keepPlan(
      id,
      spec,
      plan.slices.map(({ slice }) => slice),
    );
    return plan;
  }

  /** Events of a scan; studies come one by one. */
  scan(folder: Handle): ScanEvent[] {
    if (folder.id === "folder-gone") {
      const message = "The folder “memory stick” is not there any more.";
      return [{ event: "failed", code: "scan.missing", message, hint: "Connect it and try again." }];
    }
    this.#opened = true;
    const found = 80;
    const events: ScanEvent[] = [{ event: "progress", seen: 0, images: 0, skipped: 0, found: 26 }];
    this.studies().forEach((study, i) => {
      const seen = 20 * (i + 1);
      events.push({
        event: "progress",
        seen,
        images: Math.round(seen * 0.96),
        skipped: Math.round(seen * 0.04),
        found,
      });
      events.push({ event: "study", ...study });
    });
    events.push({ event: "skipped", files: this.catalogue.skipped });
    events.push({ event: "done", files: found, seconds: 0.4, cancelled: false });
    return events;
  }

  /** Events of a question; the answer is kept before it is sent. */
  ask(spec: QuestionSpec): ReadEvent[] {
    const plan = this.plan(spec);
    if (plan.refusal !== null) return [{ event: "failed", ...plan.refusal }];
    return progressOf(plan, spec);
  }

  /** The recipes of a check: that of the question first. */
  #recipes({ question }: CheckSpec): string[] {
    const all = this.made(question.display_set).set.preprocess.map(({ id }) => id);
    return [question.preprocess, ...all.filter((id) => id !== question.preprocess)];
  }

  check(kind: CheckKind, spec: CheckSpec): CheckEvent[] {
    return checkEvents(kind, this.record.reading(spec.reading), this.#recipes(spec));
  }

  finishCheck(kind: CheckKind, spec: CheckSpec): CheckEvent {
    const reading = this.record.reading(spec.reading);
    const rest = { id: `check-${this.#plans}-${reading.checks.length}`, at: this.now() };
    const check = makeCheck(kind, spec, reading, this.#recipes(spec), rest);
    this.record.keepCheck(check);
    if (this.record.isHidden(reading.display_set, this.#settings.blind)) return { event: "withheld" };
    return { event: "done", ...check };
  }

  finishAsk(spec: QuestionSpec): ReadEvent {
    const reading = makeReading(
      `reading-${this.#plans}`,
      this.now(),
      this.plan(spec),
      spec,
      this.models.of(spec.model),
    );
    this.record.keepReading(reading);
    if (this.record.isHidden(spec.display_set, this.#settings.blind)) return { event: "withheld" };
    const kept = this.record.case(spec.display_set, false).readings[0] ?? reading;
    return { event: "done", ...kept, warning: MADE_UP };
  }
}

/** Jobs that check a reading, by their names. */
function isCheck(job: string): job is CheckKind {
  return job === "looking" || job === "which_slices" || job === "recipes";
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Makes a desk; two desks share nothing. */
export function memoryBackend(options: MemoryOptions = {}): Backend {
  const desk = new MemoryDesk(options);
  const pace = options.pace ?? 60;

  function begin<J extends keyof Jobs>(job: J, args: Jobs[J]["arguments"]): Iterable<Jobs[J]["event"]> {
    desk.refuseIfFailing(job);
    const events = (() => {
      if (job === "open") return desk.scan((args as Jobs["open"]["arguments"]).folder);
      if (job === "figures") return desk.evaluations.figures(args as FiguresRequest);
      if (job === "run_evaluation") return desk.evaluations.run(args as RunSpec);
      if (job === "tune") return desk.evaluations.tunings.tune(args as TuneSpec);
      if (job === "encode")
        return encodeEvents(desk.made((args as EncodeSpec).display_set).set.frames.length);
      return isCheck(job) ? desk.check(job, args as CheckSpec) : desk.ask(args as QuestionSpec);
    })();
    return events as Iterable<Jobs[J]["event"]>;
  }

  /** The last event of a job that went through. */
  function finish(job: keyof Jobs, args: unknown): ReadEvent | CheckEvent {
    return isCheck(job) ? desk.finishCheck(job, args as CheckSpec) : desk.finishAsk(args as QuestionSpec);
  }

  function stopped(job: keyof Jobs): Jobs[keyof Jobs]["event"] {
    if (job === "open") return { event: "done", files: 20, seconds: 0.1, cancelled: true };
    const message =
      job === "run_evaluation"
        ? "The run was stopped; what was read stays."
        : job === "tune"
          ? "The run was stopped; its state is kept."
          : "The question was stopped.";
    return { event: "failed", code: "cancelled", message, hint: "" };
  }

  return {
    async call<O extends keyof Operations>(operation: O, args: Operations[O]["arguments"]) {
      await Promise.resolve();
      desk.refuseIfFailing(operation);
      // A copy, as if it had crossed a wire: nobody can change the desk's own.
      return structuredClone(desk.answers[operation](structuredClone(args)));
    },
    start<J extends keyof Jobs>(
      job: J,
      args: Jobs[J]["arguments"],
      onEvent: (event: Jobs[J]["event"]) => void,
    ): Job {
      let cancelled = false;
      const send = (event: Jobs[keyof Jobs]["event"]) => onEvent(structuredClone(event) as Jobs[J]["event"]);
      const run = async () => {
        await wait(0);
        let last = false;
        for (const event of begin(job, args)) {
          if (cancelled) break;
          send(event);
          last = isLast(event);
          if (pace > 0) await wait(pace);
        }
        if (!last) send(cancelled ? stopped(job) : finish(job, args));
      };
      const finished = run().catch((thrown: unknown) => {
        const { code, message, hint } = DeskError.from(thrown);
        send({ event: "failed", code, message, hint });
      });
      return {
        finished,
        cancel: () => {
          cancelled = true;
        },
      };
    },
    async fetch(path, signal) {
      await wait(pace > 0 ? 4 : 0);
      signal?.throwIfAborted();
      desk.refuseIfFailing(path);
      const { bytes } = desk.resources.get(path);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    },
    url(path) {
      try {
        const { bytes, type } = desk.resources.get(path);
        return `data:${type};base64,${base64(bytes)}`;
      } catch {
        return "data:image/png;base64,";
      }
    },
    async pick(kind) {
      await Promise.resolve();
      return kind === "folder"
        ? FOLDER
        : kind === "model" && !desk.models.list.some(({ handle }) => handle.id === "model-4b")
          ? { id: "model-4b", label: "medgemma-1.5-4b-it" }
          : { id: `picked-${kind}`, label: kind === "truth" ? "truth.csv" : `picked ${kind}` };
    },
    onDrop: () => () => undefined,
  };
}
