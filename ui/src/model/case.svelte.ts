// The case of the series on the screen: own answers, readings, truth. Shared by the panels, so that they never tell
// different stories.
import type { Case } from "../backend/generated/Case";
import { failed, IDLE, LOADING, type Load, loadedOf, ready } from "./load";
import type { Session } from "./session.svelte";

export type Committing =
  | { readonly kind: "idle" }
  | { readonly kind: "committing" }
  | { readonly kind: "failed"; readonly error: { readonly message: string; readonly hint: string } };

export class CaseModel {
  readonly #session: Session;
  state = $state.raw<Load<Case>>(IDLE);
  committing = $state.raw<Committing>({ kind: "idle" });
  #round = 0;
  readonly #stop: () => void;

  constructor(session: Session) {
    this.#session = session;
    let shown: string | null = null;
    this.#stop = $effect.root(() => {
      const id = $derived(session.displaySet?.id ?? null);
      $effect(() => {
        // Settings as a whole: the second assignment comes when the desk has kept them, and only then it answers anew.
        void session.settings;
        if (id !== shown) {
          shown = id;
          this.state = id === null ? IDLE : LOADING;
          this.committing = { kind: "idle" };
        }
        if (id !== null) void this.#load(id);
      });
    });
  }

  dispose(): void {
    this.#stop();
  }

  get value(): Case | null {
    return loadedOf(this.state);
  }

  /** True unless the desk said that the rest may be seen: while it is not known, nothing is shown. */
  get hidden(): boolean {
    const known = this.value;
    return known === null ? this.#session.settings.blind : known.hidden;
  }

  async reload(): Promise<void> {
    const id = this.#session.displaySet?.id;
    if (id !== undefined) await this.#load(id);
  }

  /** Takes a case that the desk gave with another answer. */
  take(known: Case): void {
    this.#round += 1;
    if (this.#session.displaySet?.id === known.display_set) this.state = ready(known);
  }

  async #load(displaySet: string): Promise<void> {
    this.#round += 1;
    const round = this.#round;
    try {
      const known = await this.#session.backend.call("case", { display_set: displaySet });
      if (round !== this.#round) return;
      this.state = ready(known);
      if (known.hidden) this.#session.hideResults();
    } catch (thrown) {
      if (round === this.#round) this.state = failed(thrown);
    }
  }

  /** Commits the own answer; in blind mode this opens the rest. True when it is kept. */
  async commit(label: string, confidence: number | null): Promise<boolean> {
    const displaySet = this.#session.displaySet?.id;
    if (displaySet === undefined || label.trim() === "") return false;
    this.committing = { kind: "committing" };
    try {
      const known = await this.#session.backend.call("commit_answer", {
        display_set: displaySet,
        label: label.trim(),
        confidence,
      });
      this.take(known);
      this.committing = { kind: "idle" };
      void this.#session.revealed(displaySet);
      return true;
    } catch (thrown) {
      const state = failed(thrown);
      if (state.kind === "failed") this.committing = state;
      return false;
    }
  }
}
