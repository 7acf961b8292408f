// What a running question is doing: its events, folded into one state.
import type { ReadEvent } from "../backend/generated/ReadEvent";

export type Phase =
  | "waiting"
  | "loading"
  | "preparing"
  | "vision"
  | "prefill"
  | "scoring"
  | "thinking"
  | "writing"
  | "sampling";

export interface Progress {
  readonly phase: Phase;
  readonly done: number;
  readonly of: number;
  readonly secondsLeft: number | null;
  /** The open answer so far. */
  readonly text: string;
  /** The thought before it, so far; never a part of the answer. */
  readonly thought: string;
  /** Pieces of the thought, a token each. */
  readonly thoughtTokens: number;
  /** What loading does, in the desk's words; empty when it did not say. */
  readonly what: string;
}

export const NOT_STARTED: Progress = {
  phase: "waiting",
  done: 0,
  of: 0,
  secondsLeft: null,
  text: "",
  thought: "",
  thoughtTokens: 0,
  what: "",
};

/** The state after an event. Events that end a question change nothing here. */
export function advance(before: Progress, event: ReadEvent): Progress {
  const at = (phase: Phase, done: number, of: number, secondsLeft: number | null = null): Progress => ({
    ...before,
    phase,
    done,
    of,
    secondsLeft,
    what: "",
  });
  switch (event.event) {
    case "loading":
      return { ...at("loading", event.fraction, 1), what: event.what };
    case "preparing":
      return at("preparing", event.slice, event.of);
    case "vision":
      return at("vision", event.slice, event.of, event.seconds_left);
    case "prefill":
      return at("prefill", event.done, event.of, event.seconds_left);
    case "scoring":
      return at("scoring", event.done, event.of);
    case "token":
      return { ...at("writing", 0, 0), text: before.text + event.text };
    case "thought":
      return {
        ...at("thinking", 0, 0),
        thought: before.thought + event.text,
        thoughtTokens: before.thoughtTokens + 1,
      };
    case "sample":
      return at("sampling", event.done, event.of);
    case "done":
    case "withheld":
    case "failed":
      return before;
  }
}

/** Share of the present step, 0 to 1; `null` where the end is not known. A slice being looked at is not done yet. */
export function fractionOf({ phase, done, of }: Progress): number | null {
  if (phase === "waiting" || phase === "writing" || phase === "thinking" || of <= 0) return null;
  const finished = phase === "preparing" || phase === "vision" ? done - 1 : done;
  return Math.min(1, Math.max(0, finished / of));
}

export type Step = "loading" | "preparing" | "vision" | "prefill" | "answer";
export const STEPS: readonly Step[] = ["loading", "preparing", "vision", "prefill", "answer"];

/** Where in the row of steps a phase stands; -1 before the first. */
export function stepOf(phase: Phase): number {
  switch (phase) {
    case "waiting":
      return -1;
    case "scoring":
    case "thinking":
    case "writing":
    case "sampling":
      return STEPS.indexOf("answer");
    default:
      return STEPS.indexOf(phase);
  }
}

export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== "").length;
}

/** What of a growing text is read out: whole sentences only. */
export function wholeSentences(text: string): string {
  const ends = [...text.matchAll(/[.!?:]\s|\n/g)];
  const last = ends[ends.length - 1];
  return last === undefined ? "" : text.slice(0, last.index + 1).trim();
}
