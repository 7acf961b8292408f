// A case set made of a folder and tables: chosen, looked at, written. What was not looked at is not written.
import { type Backend, DeskError } from "../../backend/backend";
import type { CaseSetDraft } from "../../backend/generated/CaseSetDraft";
import type { CaseSetMapping } from "../../backend/generated/CaseSetMapping";
import type { EvaluationInfo } from "../../backend/generated/EvaluationInfo";
import type { Handle } from "../../backend/generated/Handle";
import type { ModelInfo } from "../../backend/generated/ModelInfo";
import { failed, IDLE, LOADING, type Load, ready } from "../load";

export type Draft = Omit<CaseSetDraft, "folder"> & { readonly folder: Handle | null };

const EMPTY: Draft = {
  folder: null,
  tables: [],
  format: null,
  task: null,
  name: "",
  uncertain: "ignore",
  blank: "negative",
  model: null,
  answers: [],
  split_by_patient: "",
  seed: 1,
  target: null,
};

export class MakingModel {
  readonly #backend: Backend;
  readonly #made: (info: EvaluationInfo) => void;
  draft = $state.raw<Draft>(EMPTY);
  mapping = $state.raw<Load<CaseSetMapping>>(IDLE);
  /** Something was changed after the last look. */
  stale = $state(false);
  writing = $state(false);
  error = $state.raw<DeskError | null>(null);
  /** Local models that may read it. */
  models = $state.raw<Load<readonly ModelInfo[]>>(IDLE);
  #round = 0;

  constructor(backend: Backend, made: (info: EvaluationInfo) => void) {
    this.#backend = backend;
    this.#made = made;
  }

  get canWrite(): boolean {
    return this.mapping.kind === "ready" && !this.stale && !this.writing && this.mapping.value.matched > 0;
  }

  reset(): void {
    this.#round += 1;
    this.draft = EMPTY;
    this.mapping = IDLE;
    this.stale = false;
    this.error = null;
  }

  set(patch: Partial<Draft>): void {
    this.draft = { ...this.draft, ...patch };
    // Name and place change nothing of what matches.
    if (Object.keys(patch).some((key) => key !== "name" && key !== "target"))
      this.stale = this.mapping.kind !== "idle";
    this.error = null;
  }

  async loadModels(): Promise<void> {
    if (this.models.kind !== "ready") this.models = LOADING;
    try {
      this.models = ready(await this.#backend.call("models", {}));
    } catch (thrown) {
      this.models = failed(thrown);
    }
  }

  async pickTarget(): Promise<void> {
    const target = await this.#pick("export");
    if (target !== null) this.set({ target });
  }

  async pickFolder(): Promise<void> {
    const folder = await this.#pick("folder");
    if (folder !== null) this.set({ folder });
  }

  async addTable(): Promise<void> {
    const table = await this.#pick("truth");
    if (table !== null)
      this.set({ tables: [...this.draft.tables.filter(({ id }) => id !== table.id), table] });
  }

  async addAnswers(): Promise<void> {
    const answers = await this.#pick("answers");
    if (answers !== null)
      this.set({ answers: [...this.draft.answers.filter(({ id }) => id !== answers.id), answers] });
  }

  async #pick(kind: "folder" | "truth" | "answers" | "export"): Promise<Handle | null> {
    try {
      return await this.#backend.pick(kind);
    } catch (thrown) {
      this.error = DeskError.from(thrown);
      return null;
    }
  }

  /** Matches rows and images; nothing is written. */
  async look(): Promise<void> {
    const { folder } = this.draft;
    if (folder === null) return;
    this.#round += 1;
    const round = this.#round;
    this.mapping = LOADING;
    this.stale = false;
    try {
      const mapping = await this.#backend.call("draft_case_set", { ...this.draft, folder });
      if (round === this.#round) this.mapping = ready(mapping);
    } catch (thrown) {
      if (round === this.#round) this.mapping = failed(thrown);
    }
  }

  async write(): Promise<void> {
    const { folder } = this.draft;
    if (folder === null || !this.canWrite) return;
    this.writing = true;
    this.error = null;
    try {
      this.#made(await this.#backend.call("make_case_set", { ...this.draft, folder }));
    } catch (thrown) {
      this.error = DeskError.from(thrown);
    } finally {
      this.writing = false;
    }
  }
}
