// The models of this machine and those that Overread knows: which is used, how it is held, where it computes.
import { DeskError } from "../backend/backend";
import type { AdapterInfo } from "../backend/generated/AdapterInfo";
import type { Handle } from "../backend/generated/Handle";
import type { KnownModelInfo } from "../backend/generated/KnownModelInfo";
import type { ModelInfo } from "../backend/generated/ModelInfo";
import type { PrecisionName } from "../backend/generated/PrecisionName";
import { failed, IDLE, LOADING, type Load, loadedOf, ready } from "./load";
import { isSiglip } from "./options";
import type { Session } from "./session.svelte";

/** The one used last, else one that can be loaded, a user's own before the bundled one. */
export function firstModel(models: readonly ModelInfo[], last: Handle | null): ModelInfo | null {
  return (
    models.find(({ handle }) => handle.id === last?.id) ??
    models.find(({ usable, demo }) => usable && !demo) ??
    models.find(({ usable }) => usable) ??
    models[0] ??
    null
  );
}

/** A MedSigLIP that can be used where a list of labels is asked of another model. */
export function classifierFor(models: readonly ModelInfo[], model: ModelInfo | null): ModelInfo | null {
  if (model === null || isSiglip(model)) return null;
  return models.find((other) => other.usable && isSiglip(other)) ?? null;
}

export class ModelsModel {
  readonly #session: Session;
  list = $state.raw<Load<readonly ModelInfo[]>>(IDLE);
  known = $state.raw<Load<readonly KnownModelInfo[]>>(IDLE);
  chosenId = $state("");
  /** Why the last change did not come about. */
  error = $state.raw<DeskError | null>(null);
  /** True while the desk looks into a folder or takes a change. */
  busy = $state(false);
  #devices = $state.raw<ReadonlyMap<string, string>>(new Map());
  #turn: Promise<void> = Promise.resolve();
  /** The model that was taken off the list last, so that it can come back. */
  removed = $state.raw<ModelInfo | null>(null);

  constructor(session: Session) {
    this.#session = session;
  }

  get models(): readonly ModelInfo[] {
    return loadedOf(this.list) ?? [];
  }

  get chosen(): ModelInfo | null {
    return this.models.find(({ handle }) => handle.id === this.chosenId) ?? null;
  }

  /** True when no model of the user's own can be used. */
  get isNew(): boolean {
    return this.list.kind === "ready" && !this.models.some(({ usable, demo }) => usable && !demo);
  }

  get classifier(): ModelInfo | null {
    return classifierFor(this.models, this.chosen);
  }

  /** Asks for the list, once; again after a failure. */
  async load(): Promise<void> {
    if (this.list.kind === "loading" || this.list.kind === "ready") return;
    this.list = LOADING;
    try {
      this.#take(await this.#session.backend.call("models", {}));
    } catch (thrown) {
      this.list = failed(thrown);
    }
  }

  /** Asks for the list again: memory, what is loaded and the device change with use. */
  async refresh(): Promise<void> {
    if (this.list.kind !== "ready") return this.load();
    try {
      this.#take(await this.#session.backend.call("models", {}));
    } catch (thrown) {
      this.error = DeskError.from(thrown);
    }
  }

  async loadKnown(): Promise<void> {
    if (this.known.kind === "loading" || this.known.kind === "ready") return;
    this.known = LOADING;
    await this.#readKnown();
  }

  async #readKnown(): Promise<void> {
    try {
      this.known = ready(await this.#session.backend.call("known_models", {}));
    } catch (thrown) {
      this.known = failed(thrown);
    }
  }

  #take(models: readonly ModelInfo[]): void {
    this.list = ready(models);
    if (this.chosen === null) {
      this.chosenId = firstModel(models, this.#session.settings.model)?.handle.id ?? "";
    }
  }

  #put(model: ModelInfo): void {
    const at = this.models.findIndex(({ handle }) => handle.id === model.handle.id);
    this.list = ready(
      at < 0 ? [...this.models, model] : this.models.map((old, i) => (i === at ? model : old)),
    );
  }

  choose(id: string): void {
    this.chosenId = id;
    const { chosen } = this;
    if (chosen !== null) void this.#session.updateSettings({ model: chosen.handle });
  }

  /** Runs changes one after the other and keeps why the last one failed. */
  async #change(change: () => Promise<void>): Promise<void> {
    const run = async () => {
      this.error = null;
      this.busy = true;
      try {
        await change();
      } catch (thrown) {
        this.error = DeskError.from(thrown);
      }
      this.busy = false;
    };
    this.#turn = this.#turn.then(run);
    await this.#turn;
  }

  /** Asks for a folder or a GGUF file and has the desk look into it. What is no model stays in the list with its report. */
  async add(kind: "model" | "model_file"): Promise<void> {
    await this.#change(async () => {
      const found = await this.#session.backend.pick(kind);
      if (found !== null) await this.#add(found);
    });
  }

  async #add(handle: Handle): Promise<void> {
    const model = await this.#session.backend.call("add_model", handle);
    this.#put(model);
    this.choose(model.handle.id);
    this.removed = null;
    if (this.known.kind === "ready") await this.#readKnown();
  }

  /** Takes a model off the list; its files stay, and it can be brought back. */
  async remove(model: ModelInfo): Promise<void> {
    await this.#change(async () => {
      const models = await this.#session.backend.call("remove_model", model.handle);
      this.removed = model;
      this.#take(models);
      if (this.known.kind === "ready") await this.#readKnown();
    });
  }

  async bringBack(): Promise<void> {
    const { removed } = this;
    if (removed !== null) await this.#change(() => this.#add(removed.handle));
  }

  /** Precision and device of the chosen model; `null`: by memory, empty: as set up. */
  async set(change: { precision?: PrecisionName | null; device?: string }): Promise<void> {
    const { chosen } = this;
    if (chosen === null) return;
    const precision =
      "precision" in change ? change.precision : chosen.precision_chosen ? chosen.precision : null;
    await this.#change(async () => {
      this.#put(
        await this.#session.backend.call("set_model_options", {
          model: chosen.handle,
          precision: precision ?? null,
          device: change.device ?? this.#devices.get(chosen.handle.id) ?? chosen.device,
        }),
      );
    });
  }

  /** What was chosen as the device here; empty: as set up. The desk says where it really computes. */
  get deviceChoice(): string {
    return this.#devices.get(this.chosenId) ?? "";
  }

  async chooseDevice(device: string): Promise<void> {
    const id = this.chosenId;
    await this.set({ device });
    if (this.error === null) this.#devices = new Map(this.#devices).set(id, device);
  }

  /** Asks for an adapter folder and keeps it with the chosen model; `null` when nothing came of it. */
  async addAdapter(): Promise<AdapterInfo | null> {
    const { chosen } = this;
    if (chosen === null) return null;
    let added: AdapterInfo | null = null;
    await this.#change(async () => {
      const adapter = await this.#session.backend.pick("adapter");
      if (adapter === null) return;
      const before = new Set(chosen.adapters.map(({ handle }) => handle.id));
      const model = await this.#session.backend.call("add_adapter", { model: chosen.handle, adapter });
      this.#put(model);
      added = model.adapters.find(({ handle }) => !before.has(handle.id)) ?? null;
    });
    return added;
  }

  /** Keeps an adapter with a model and uses that model; the adapter as the desk found it, or `null` when it was not taken. */
  async useAdapter(handle: Handle, adapter: Handle): Promise<AdapterInfo | null> {
    let found: AdapterInfo | null = null;
    await this.load();
    await this.#change(async () => {
      const model = await this.#session.backend.call("add_adapter", { model: handle, adapter });
      this.#put(model);
      this.choose(model.handle.id);
      found = model.adapters.find((other) => other.handle.id === adapter.id) ?? null;
    });
    return found;
  }

  async removeAdapter(adapter: AdapterInfo): Promise<void> {
    const { chosen } = this;
    if (chosen === null) return;
    await this.#change(async () => {
      this.#put(
        await this.#session.backend.call("remove_adapter", { model: chosen.handle, adapter: adapter.handle }),
      );
    });
  }
}
