// Own answers, readings, truth and reviews of the made desk.
import type { Agreement } from "../generated/Agreement";
import type { Case } from "../generated/Case";
import type { Check } from "../generated/Check";
import type { Choice } from "../generated/Choice";
import type { OwnAnswer } from "../generated/OwnAnswer";
import type { Reading } from "../generated/Reading";
import type { Review } from "../generated/Review";
import type { ReviewDraft } from "../generated/ReviewDraft";
import type { ReviewVocabulary } from "../generated/ReviewVocabulary";
import type { TruthInfo } from "../generated/TruthInfo";
import { notFound } from "./resources";

function choice(group: string, id: string, name: string, meaning: string): Choice {
  return { id, name, meaning, group };
}

export const VOCABULARY: ReviewVocabulary = {
  scores: [
    choice("", "1", "1", "Concur with the reading"),
    choice("", "2a", "2a", "Understandable discrepancy, unlikely to be clinically significant"),
    choice("", "2b", "2b", "Understandable discrepancy, likely to be clinically significant"),
    choice("", "3a", "3a", "Should be made most of the time, unlikely to be clinically significant"),
    choice("", "3b", "3b", "Should be made most of the time, likely to be clinically significant"),
  ],
  classes: [
    choice("reader", "perception", "Perception", "The finding was not seen."),
    choice("reader", "interpretation", "Interpretation", "The finding was seen and named wrongly."),
    choice("reader", "satisfaction", "Satisfaction of search", "The search ended with the first finding."),
    choice("model", "hallucination", "Invented finding", "The model names what is not there."),
    choice("model", "location", "Wrong place", "The finding is there, but elsewhere."),
    choice("model", "prompt", "Prompt or label set", "The question did not allow the right answer."),
  ],
};

function agreementOf(label: string, truth: TruthInfo | undefined): Agreement {
  if (truth === undefined) return "no_truth";
  if (label === "") return "not_comparable";
  return truth.labels.some((other) => other.toLowerCase() === label.toLowerCase()) ? "agree" : "disagree";
}

export class CaseRecord {
  readonly #own = new Map<string, OwnAnswer[]>();
  readonly #readings = new Map<string, Reading[]>();
  readonly #truth = new Map<string, TruthInfo>();
  readonly #reviews: Review[] = [];

  /** Blind mode holds and no own answer was given yet. */
  isHidden(displaySet: string, blind: boolean): boolean {
    return blind && (this.#own.get(displaySet) ?? []).length === 0;
  }

  case(displaySet: string, blind: boolean): Case {
    const hidden = this.isHidden(displaySet, blind);
    const own = this.#own.get(displaySet) ?? [];
    const readings = this.#readings.get(displaySet) ?? [];
    const truth = this.#truth.get(displaySet);
    const order = [
      ...own.map(({ at }) => ({ at, what: "own answer" })),
      ...readings.map(({ at }) => ({ at, what: "model" })),
      ...(truth === undefined ? [] : [{ at: truth.at, what: "truth" }]),
    ].sort((a, b) => a.at.localeCompare(b.at));
    const last = own.at(-1);
    return {
      display_set: displaySet,
      hidden,
      withheld: hidden ? readings.length : 0,
      own,
      readings: hidden
        ? []
        : readings.map((reading) => ({ ...reading, agreement: agreementOf(reading.label, truth) })),
      truth: hidden ? null : (truth ?? null),
      order: order.map(({ at, what }) => `${what} ${at.slice(11, 16)}`),
      own_agreement: last === undefined || hidden ? "" : agreementOf(last.label, truth),
    };
  }

  readings(displaySet: string): number {
    return this.#readings.get(displaySet)?.length ?? 0;
  }

  hasTruth(displaySet: string): boolean {
    return this.#truth.has(displaySet);
  }

  keepReading(reading: Reading): void {
    this.#readings.set(reading.display_set, [reading, ...(this.#readings.get(reading.display_set) ?? [])]);
  }

  /** The reading of an id. */
  reading(id: string): Reading {
    const found = [...this.#readings.values()].flat().find((reading) => reading.id === id);
    if (found === undefined) throw notFound("This answer");
    return found;
  }

  keepCheck(check: Check): void {
    for (const [set, readings] of this.#readings) {
      const kept = readings.map((reading) =>
        reading.id === check.reading ? { ...reading, checks: [...reading.checks, check] } : reading,
      );
      this.#readings.set(set, kept);
    }
  }

  answer(displaySet: string, answer: OwnAnswer): void {
    this.#own.set(displaySet, [...(this.#own.get(displaySet) ?? []), answer]);
  }

  setTruth(displaySet: string, truth: TruthInfo | null): void {
    if (truth === null) this.#truth.delete(displaySet);
    else this.#truth.set(displaySet, truth);
  }

  get reviews(): readonly Review[] {
    return this.#reviews;
  }

  file(draft: ReviewDraft, rest: Pick<Review, "filed_at" | "reader" | "marks" | "title" | "folder">): Review {
    const at = this.#reviews.findIndex(({ id }) => id === draft.id);
    const before = this.#reviews[at];
    const known = this.case(draft.display_set, false);
    const review: Review = {
      ...rest,
      id: before?.id ?? `review-${this.#reviews.length + 1}`,
      draft: { ...draft, id: before?.id ?? `review-${this.#reviews.length + 1}` },
      answers: [
        known.readings.find(({ id }) => id === draft.reading)?.label ?? "",
        known.truth?.labels.join(", ") ?? "",
        known.own.at(-1)?.label ?? "",
      ],
      version: (before?.version ?? 0) + 1,
      here: true,
    };
    if (before !== undefined) this.#reviews.splice(at, 1);
    this.#reviews.unshift(review);
    return review;
  }

  csv(): string {
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const rows = this.#reviews.map(({ id, filed_at, title, draft }) =>
      [id, filed_at, title, draft.score, draft.classes.join(";"), draft.comment].map(quoted).join(","),
    );
    return ["id,filed_at,title,score,classes,comment", ...rows].join("\r\n");
  }
}
