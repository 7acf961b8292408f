// The truth of a series: from a table, or written by the user with its source.
import type { DeskError } from "../backend/backend";
import type { TruthAttached } from "../backend/generated/TruthAttached";
import type { TruthInfo } from "../backend/generated/TruthInfo";
import type { CaseModel } from "./case.svelte";
import { failed, IDLE, LOADING, type Load, ready } from "./load";
import type { Session } from "./session.svelte";

/** What was last done to the truth of the series on the screen. */
export type Change =
  | { readonly kind: "none" }
  | { readonly kind: "saving" }
  | { readonly kind: "saved"; readonly at: string }
  | { readonly kind: "removed"; readonly was: TruthInfo }
  | { readonly kind: "failed"; readonly error: DeskError };

export class TruthModel {
  readonly #session: Session;
  readonly #case: CaseModel;
  attached = $state.raw<Load<TruthAttached>>(IDLE);
  /** Name of the table last attached. */
  file = $state("");
  label = $state("");
  source = $state("");
  change = $state.raw<Change>({ kind: "none" });
  readonly #stop: () => void;

  constructor(session: Session, cases: CaseModel) {
    this.#session = session;
    this.#case = cases;
    this.#stop = $effect.root(() => {
      const id = $derived(session.displaySet?.id ?? null);
      $effect(() => {
        void id;
        this.label = "";
        this.source = "";
        this.change = { kind: "none" };
      });
    });
  }

  dispose(): void {
    this.#stop();
  }

  /** Asks for a table and has the desk match it to what is open. */
  async attach(): Promise<void> {
    try {
      const file = await this.#session.backend.pick("truth");
      if (file === null) return;
      this.file = file.label;
      this.attached = LOADING;
      this.attached = ready(await this.#session.backend.call("attach_truth", { file }));
    } catch (thrown) {
      this.attached = failed(thrown);
      return;
    }
    await this.#case.reload();
    await this.#session.refreshStudies();
  }

  /** Keeps what is written. */
  async save(): Promise<void> {
    if (this.label.trim() === "" || this.source.trim() === "") return;
    const kept = await this.#set(this.label.trim(), this.source.trim());
    if (kept === undefined) return;
    this.label = "";
    this.source = "";
    this.change = { kind: "saved", at: kept?.at ?? "" };
  }

  /** Takes the truth away; `restore` brings it back. Several labels come back with their table only. */
  async remove(): Promise<void> {
    const was = this.#case.value?.truth ?? null;
    if (was === null) return;
    if ((await this.#set("", "")) !== undefined) this.change = { kind: "removed", was };
  }

  async restore(): Promise<void> {
    if (this.change.kind !== "removed") return;
    const [label, ...others] = this.change.was.labels;
    if (label === undefined || others.length > 0) return;
    const kept = await this.#set(label, this.change.was.source);
    if (kept !== undefined) this.change = { kind: "saved", at: kept?.at ?? "" };
  }

  /** The truth as kept now; `undefined` when it was not kept. */
  async #set(label: string, source: string): Promise<TruthInfo | null | undefined> {
    const displaySet = this.#session.displaySet?.id;
    if (displaySet === undefined) return undefined;
    this.change = { kind: "saving" };
    try {
      const known = await this.#session.backend.call("set_truth", { display_set: displaySet, label, source });
      this.#case.take(known);
      this.change = { kind: "none" };
      void this.#session.refreshStudies();
      return known.truth;
    } catch (thrown) {
      const state = failed(thrown);
      if (state.kind === "failed") this.change = state;
      return undefined;
    }
  }
}
