// States of the reading panel in words.
import type { Reading } from "../../backend/generated/Reading";
import { invalidKind } from "../../model/answer";
import type { Progress } from "../../model/progress";
import { countWords } from "../../model/progress";
import type { Missing } from "../../model/question";
import type { SliceProblem } from "../../model/slices";
import { reading as text } from "../../text/en";

export function sliceProblem(problem: SliceProblem): string {
  const words = text.sliceProblem;
  switch (problem.kind) {
    case "none_marked":
    case "empty":
    case "zero":
      return words[problem.kind];
    case "unreadable":
    case "backwards":
      return words[problem.kind](problem.part);
    case "beyond":
      return words.beyond(problem.slice, problem.count);
  }
}

export function missingWords(missing: Missing): string {
  if (missing.kind === "slices") return sliceProblem(missing.problem);
  if (missing.kind === "samples") return text.missing.samples(missing.most);
  if (missing.kind === "duplicate") return text.missing.duplicate(missing.label);
  return text.missing[missing.kind];
}

/** What a running question does now. `hidden`: no word of the answer may be told. */
export function progressWords(progress: Progress, hidden: boolean): string {
  const { phase, done, of, secondsLeft } = progress;
  switch (phase) {
    case "waiting":
      return text.progress.waiting;
    case "loading":
      return text.progress.loading(progress.what, done);
    case "preparing":
      return text.progress.preparing(done, of);
    case "vision":
      return text.progress.vision(done, of, secondsLeft);
    case "prefill":
      return text.progress.prefill(done, of, secondsLeft);
    case "scoring":
      return text.progress.scoring(done, of);
    case "thinking":
      return hidden ? text.progress.thinkingHidden : text.progress.thinking(progress.thoughtTokens);
    case "sampling":
      return text.progress.sampling(done, of);
    case "writing":
      return hidden ? text.progress.writingHidden : text.progress.writing(countWords(progress.text));
  }
}

/** Why an answer counts as none; empty when it is valid. */
export function invalidWords({ invalid }: Pick<Reading, "invalid">): string {
  if (invalid === "") return "";
  const kind = invalidKind(invalid);
  return text.invalid[kind] ?? text.invalidOther(kind);
}

/** The confidence and what kind of number it is; empty where agreement or P(True) say it by their names. */
export function confidenceWords(reading: Reading): string {
  const { confidence, confidence_kind: kind, form, samples, p_true } = reading;
  if (form === "open" && (samples !== null || p_true !== null)) return "";
  if (confidence !== null) return text.confidenceOf(confidence, kind === "" ? text.kindUnknown : kind);
  if (form === "yes_no" && kind !== "") return text.eachConfidence(kind);
  const reason = kind.replace(/^none:?\s*/, "");
  return reason === "" ? text.noConfidence : text.noConfidenceFor(reason);
}
