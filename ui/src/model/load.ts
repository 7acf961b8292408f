// Something asked of the desk: at any time in one state only.
import { DeskError } from "../backend/backend";

export type Load<T> =
  | { readonly kind: "idle" }
  | { readonly kind: "loading" }
  | { readonly kind: "ready"; readonly value: T }
  | { readonly kind: "failed"; readonly error: DeskError };

export const IDLE: Load<never> = { kind: "idle" };
export const LOADING: Load<never> = { kind: "loading" };

export function ready<T>(value: T): Load<T> {
  return { kind: "ready", value };
}

export function failed(thrown: unknown): Load<never> {
  return { kind: "failed", error: DeskError.from(thrown) };
}

/** The value, or `null` while there is none. */
export function loadedOf<T>(load: Load<T>): T | null {
  return load.kind === "ready" ? load.value : null;
}
