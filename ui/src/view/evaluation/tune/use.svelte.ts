// Giving an adapter to the reading panel: added to its base model, and both chosen there.
import { DeskError } from "../../../backend/backend";
import type { AdapterInfo } from "../../../backend/generated/AdapterInfo";
import type { Handle } from "../../../backend/generated/Handle";
import type { ModelInfo } from "../../../backend/generated/ModelInfo";
import { tuning as text } from "../../../text/tuning";

export type UseState =
  | { readonly kind: "idle" }
  | { readonly kind: "busy" }
  | { readonly kind: "used" }
  | { readonly kind: "failed"; readonly error: DeskError };

interface Panels {
  readonly models: {
    readonly error: DeskError | null;
    useAdapter(model: Handle, adapter: Handle): Promise<AdapterInfo | null>;
  };
  readonly reading: { chooseAdapter(id: string): void };
}

export class Using {
  readonly #panels: Panels;
  #adapter = $state("");
  #state = $state.raw<UseState>({ kind: "idle" });

  constructor(panels: Panels) {
    this.#panels = panels;
  }

  get busy(): boolean {
    return this.#state.kind === "busy";
  }

  of(adapter: string): UseState {
    return this.#adapter === adapter ? this.#state : { kind: "idle" };
  }

  async use(base: ModelInfo, adapter: Handle): Promise<void> {
    if (this.busy) return;
    const { models, reading } = this.#panels;
    this.#adapter = adapter.id;
    this.#state = { kind: "busy" };
    const added = await models.useAdapter(base.handle, adapter);
    if (added?.usable === true) {
      reading.chooseAdapter(added.handle.id);
      this.#state = { kind: "used" };
      return;
    }
    const unfit = new DeskError({
      code: "model.adapter",
      message: text.usedUnfit,
      hint: added?.report[0] ?? "",
    });
    this.#state = { kind: "failed", error: models.error ?? unfit };
  }
}
