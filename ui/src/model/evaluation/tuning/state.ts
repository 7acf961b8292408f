// What a tuning run is doing: its events, folded into one state. Steps and judgements go into the curve.
import { DeskError } from "../../../backend/backend";
import type { TuneDone } from "../../../backend/generated/TuneDone";
import type { TuneEstimate } from "../../../backend/generated/TuneEstimate";
import type { TuneEvent } from "../../../backend/generated/TuneEvent";
import type { Curve } from "./curve";

interface Made {
  /** Steps made; 0: none yet. */
  readonly step: number;
  /** Steps in all; 0: not known yet. */
  readonly of: number;
}

export type TuneState =
  | { readonly kind: "idle" }
  | (Made & {
      readonly kind: "running";
      /** Checks and the estimate alone. */
      readonly dryRun: boolean;
      /** What is done besides steps, in the desk's words; empty: steps are made. */
      readonly what: string;
      readonly fraction: number;
      readonly secondsLeft: number | null;
      readonly stopping: boolean;
      readonly estimate: TuneEstimate | null;
      /** Steps of earlier starts. */
      readonly resumed: number;
    })
  | { readonly kind: "checked"; readonly estimate: TuneEstimate }
  | { readonly kind: "done"; readonly done: TuneDone; readonly of: number }
  | (Made & { readonly kind: "stopped"; readonly dryRun: boolean })
  | (Made & { readonly kind: "failed"; readonly dryRun: boolean; readonly error: DeskError });

export type Running = Extract<TuneState, { kind: "running" }>;

export const BEGUN: Running = {
  kind: "running",
  dryRun: false,
  what: "",
  fraction: 0,
  step: 0,
  of: 0,
  secondsLeft: null,
  stopping: false,
  estimate: null,
  resumed: 0,
};

/** The state after an event. An event after the last one changes nothing. */
export function afterTune(before: TuneState, event: TuneEvent): TuneState {
  if (before.kind !== "running") return before;
  switch (event.event) {
    case "preparing":
      return { ...before, what: event.what, fraction: event.fraction };
    case "estimated": {
      const { event: _, ...estimate } = event;
      return { ...before, what: "", estimate, of: estimate.steps };
    }
    case "resumed": {
      const step = event.steps[event.steps.length - 1]?.step ?? 0;
      return { ...before, what: "", step, resumed: step };
    }
    case "step":
      return {
        ...before,
        what: "",
        step: event.step.step,
        of: event.of,
        secondsLeft: event.seconds_left,
      };
    case "judged":
      return { ...before, what: "" };
    case "done": {
      const { event: _, ...done } = event;
      return { kind: "done", done, of: before.of };
    }
    case "checked":
      return before.estimate === null ? { kind: "idle" } : { kind: "checked", estimate: before.estimate };
    case "failed": {
      const { step, of, dryRun } = before;
      return event.code === "cancelled"
        ? { kind: "stopped", step, of, dryRun }
        : { kind: "failed", step, of, dryRun, error: new DeskError(event) };
    }
  }
}

/** Puts what an event brings into the curve. */
export function intoCurve(curve: Curve, event: TuneEvent): void {
  if (event.event === "step") curve.add(event.step);
  else if (event.event === "judged") {
    const { event: _, ...judged } = event;
    curve.judge(judged);
  } else if (event.event === "resumed") curve.resume(event.steps, event.judged);
}

/** What memory says of an estimate, bytes as plain numbers. */
export interface MemoryNeed {
  readonly need: number;
  readonly free: number | null;
  /** `null`: not known. */
  readonly fits: boolean | null;
}

/** JSON has one kind of number: what the types call a bigint comes as any other. */
export function memoryOf(estimate: Pick<TuneEstimate, "memory_bytes" | "memory_free">): MemoryNeed {
  const need = Number(estimate.memory_bytes);
  const free = estimate.memory_free === null ? null : Number(estimate.memory_free);
  return { need, free, fits: free === null ? null : need <= free };
}
