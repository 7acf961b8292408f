// Checks of a reading: is it looking, which slices, does the recipe decide. Each asks the model again, is kept with the
// reading by the desk, and is shown again whenever the reading is.
import { DeskError, type Job } from "../backend/backend";
import type { Check } from "../backend/generated/Check";
import type { CheckEvent } from "../backend/generated/CheckEvent";
import type { CheckKind } from "../backend/generated/CheckKind";
import type { Reading } from "../backend/generated/Reading";
import type { CaseModel } from "./case.svelte";
import type { ModelsModel } from "./models.svelte";
import { isSiglip } from "./options";
import type { ReadingModel } from "./reading.svelte";
import type { Session } from "./session.svelte";
import { type StripBar, stripBars } from "./strip";

export const CHECKS: readonly CheckKind[] = ["looking", "which_slices", "recipes"];

/** Why a check cannot be made of a reading. */
export type CheckObstacle =
  | "not_kept"
  | "siglip"
  | "open"
  | "invalid"
  | "no_picture"
  | "one_slice"
  | "one_recipe";

/** What is known of the case besides its reading. */
export interface CheckFacts {
  /** Preparations that fit the series. */
  readonly recipes: number;
  /** The answer is a MedSigLIP's, which has no prompt. */
  readonly siglip: boolean;
}

/** What became of the last check. */
export type CheckRun =
  | { readonly kind: "idle" }
  | {
      readonly kind: "running";
      readonly check: CheckKind;
      readonly reading: string;
      readonly progress: CheckProgress;
      readonly cancelling: boolean;
    }
  | { readonly kind: "stopped"; readonly check: CheckKind; readonly reading: string }
  | {
      readonly kind: "failed";
      readonly check: CheckKind;
      readonly reading: string;
      readonly error: DeskError;
    };

export interface CheckProgress {
  readonly phase: "waiting" | "loading" | "asking";
  readonly what: string;
  readonly done: number;
  readonly of: number;
  readonly secondsLeft: number | null;
}

const NOT_STARTED: CheckProgress = { phase: "waiting", what: "", done: 0, of: 0, secondsLeft: null };

/** The first thing that stands against a check; `null` when it can be made. */
export function obstacleOf(
  kind: CheckKind,
  reading: Pick<Reading, "asked" | "form" | "text" | "slices" | "probabilities">,
  { recipes, siglip }: CheckFacts,
): CheckObstacle | null {
  if (siglip) return "siglip";
  // Over other pictures the likelihood of the same words can be compared; without labels there is no more.
  if (reading.form === "open" && kind !== "looking") return "open";
  if (reading.form === "open" ? reading.text === "" : reading.probabilities.length === 0) return "invalid";
  if (reading.asked === undefined) return "not_kept";
  if (reading.slices.length === 0) return "no_picture";
  if (kind === "which_slices" && reading.slices.length < 2) return "one_slice";
  if (kind === "recipes" && recipes < 2) return "one_recipe";
  return null;
}

/** The newest check of a kind. */
export function newestCheck(checks: readonly Check[], kind: CheckKind): Check | null {
  return checks.findLast((check) => check.kind === kind) ?? null;
}

/** What a check does now, after an event; the last events of a job leave it as it was. */
export function checkAdvance(before: CheckProgress, event: CheckEvent): CheckProgress {
  switch (event.event) {
    case "loading":
      return { phase: "loading", what: event.what, done: event.fraction, of: 1, secondsLeft: null };
    case "asking":
      return {
        phase: "asking",
        what: event.what,
        done: event.done,
        of: event.of,
        secondsLeft: event.seconds_left,
      };
    default:
      return before;
  }
}

/** Share that is done, 0 to 1; `null` before anything is known. What is asked now is not done yet. */
export function checkFraction({ phase, done, of }: CheckProgress): number | null {
  if (phase === "waiting" || of <= 0) return null;
  return Math.min(1, Math.max(0, (phase === "asking" ? done - 1 : done) / of));
}

export class ChecksModel {
  readonly #session: Session;
  readonly #reading: ReadingModel;
  readonly #case: CaseModel;
  readonly #models: ModelsModel;
  run = $state.raw<CheckRun>({ kind: "idle" });
  /** Checks that came since the case was read, by reading. */
  #fresh = $state.raw<ReadonlyMap<string, readonly Check[]>>(new Map());
  #job: Job | null = null;

  constructor(session: Session, reading: ReadingModel, cases: CaseModel, models: ModelsModel) {
    this.#session = session;
    this.#models = models;
    this.#reading = reading;
    this.#case = cases;
  }

  dispose(): void {
    this.#job?.cancel();
  }

  /** Checks of a reading, oldest first, those that were just made included; none before the own answer. */
  of(reading: Reading): readonly Check[] {
    if (this.#case.hidden) return [];
    const kept = new Set(reading.checks.map(({ id }) => id));
    const fresh = (this.#fresh.get(reading.id) ?? []).filter(({ id }) => !kept.has(id));
    return [...reading.checks, ...fresh];
  }

  newest(reading: Reading, kind: CheckKind): Check | null {
    return newestCheck(this.of(reading), kind);
  }

  obstacle(kind: CheckKind, reading: Reading): CheckObstacle | null {
    const model = this.#models.models.find(({ handle }) => handle.id === reading.asked?.model.id);
    return obstacleOf(kind, reading, {
      recipes: this.#reading.preprocessChoices.length,
      siglip: isSiglip(model ?? null),
    });
  }

  /** The strip beside the scroll bar of a display set: of the reading that is looked at. */
  stripOf(displaySet: string): { readonly label: string; readonly bars: readonly StripBar[] } | null {
    const { reading } = this.#reading;
    if (reading === null || reading.display_set !== displaySet || this.#case.hidden) return null;
    const found = this.newest(reading, "which_slices")?.which_slices;
    return found === null || found === undefined ? null : { label: found.label, bars: stripBars(found) };
  }

  get canStart(): boolean {
    return this.run.kind !== "running" && !this.#case.hidden;
  }

  /** Makes a check; settles when it is kept or ended otherwise. */
  async start(kind: CheckKind, reading: Reading): Promise<void> {
    const { asked } = reading;
    if (!this.canStart || asked === undefined || this.obstacle(kind, reading) !== null) return;
    this.run = {
      kind: "running",
      check: kind,
      reading: reading.id,
      progress: NOT_STARTED,
      cancelling: false,
    };
    const spec = {
      question: asked,
      reading: reading.id,
      seed: asked.seed,
      other: "",
      recipes: [],
      groups: 0,
    };
    const job = this.#session.backend.start(kind, spec, (event) => this.#happened(kind, reading.id, event));
    this.#job = job;
    await job.finished;
    if (this.#job === job) this.#job = null;
    // A job without a last event must not leave the card busy for ever.
    if (this.run.kind === "running") this.run = { kind: "stopped", check: kind, reading: reading.id };
    await this.#case.reload();
  }

  cancel(): void {
    if (this.run.kind !== "running") return;
    this.run = { ...this.run, cancelling: true };
    this.#job?.cancel();
  }

  #happened(check: CheckKind, reading: string, event: CheckEvent): void {
    if (this.run.kind !== "running") return;
    switch (event.event) {
      case "done":
        this.#fresh = new Map(this.#fresh).set(reading, [...(this.#fresh.get(reading) ?? []), event]);
        this.run = { kind: "idle" };
        break;
      case "withheld":
        // It is kept, and comes with the reading once the own answer is in.
        this.run = { kind: "idle" };
        break;
      case "failed":
        this.run =
          event.code === "cancelled"
            ? { kind: "stopped", check, reading }
            : { kind: "failed", check, reading, error: new DeskError(event) };
        break;
      default:
        this.run = { ...this.run, progress: checkAdvance(this.run.progress, event) };
    }
  }

  /** Puts the last failure or stop away. */
  dismiss(): void {
    if (this.run.kind !== "running") this.run = { kind: "idle" };
  }
}
