// Filing where model, truth and reader differ, and the list of what was filed.
import { DeskError } from "../backend/backend";
import type { Exported } from "../backend/generated/Exported";
import type { ExportFormat } from "../backend/generated/ExportFormat";
import type { Mark } from "../backend/generated/Mark";
import type { Review } from "../backend/generated/Review";
import type { ReviewVocabulary } from "../backend/generated/ReviewVocabulary";
import { failed, IDLE, LOADING, type Load, loadedOf, ready } from "./load";
import type { ReadingModel } from "./reading.svelte";
import type { Session } from "./session.svelte";

/** What is filled in for one series. */
export interface ReviewForm {
  /** Id of the filed review that this changes; empty for a new one. */
  readonly id: string;
  /** Reading of the filed review; a new one takes the reading that is looked at. */
  readonly reading: string;
  readonly score: string;
  readonly classes: readonly string[];
  readonly comment: string;
  readonly state: string;
}

export const EMPTY_FORM: ReviewForm = {
  id: "",
  reading: "",
  score: "",
  classes: [],
  comment: "",
  state: "open",
};

/** The scale of the scores; kept with each of them. */
export const SCALE = "radpeer-2016";

export type Filing =
  | { readonly kind: "idle" }
  | { readonly kind: "filing" }
  | { readonly kind: "filed"; readonly at: string; readonly version: number }
  | { readonly kind: "failed"; readonly error: DeskError };

export type StateFilter = "open" | "closed" | "all";

/** Reviews in a state that hold every word of the query, in title, answers, comment, score or error classes. */
export function filterReviews(
  reviews: readonly Review[],
  query: string,
  state: StateFilter,
): readonly Review[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return reviews.filter((review) => {
    const { draft } = review;
    if (state !== "all" && (draft.state === "closed" ? "closed" : "open") !== state) return false;
    if (words.length === 0) return true;
    const text = [
      review.title,
      review.reader,
      ...review.answers,
      draft.comment,
      draft.score,
      ...draft.classes,
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The form that a filed review was filed with. */
export function formOf({ id, draft }: Review): ReviewForm {
  return {
    id,
    reading: draft.reading,
    score: draft.score,
    classes: draft.classes,
    comment: draft.comment,
    state: draft.state === "closed" ? "closed" : "open",
  };
}

function sameForm(a: ReviewForm, b: ReviewForm): boolean {
  return (
    JSON.stringify({ ...a, classes: [...a.classes].sort() }) ===
    JSON.stringify({ ...b, classes: [...b.classes].sort() })
  );
}

export class ReviewModel {
  readonly #session: Session;
  readonly #reading: ReadingModel;
  vocabulary = $state.raw<Load<ReviewVocabulary>>(IDLE);
  reviews = $state.raw<Load<readonly Review[]>>(IDLE);
  filing = $state.raw<Filing>({ kind: "idle" });
  exported = $state.raw<Load<Exported>>(IDLE);
  reported = $state.raw<Load<Exported>>(IDLE);
  format = $state<ExportFormat>("csv");
  query = $state("");
  shows = $state<StateFilter>("open");
  /** Forms by display set: leaving a series loses nothing. */
  #forms = $state.raw<ReadonlyMap<string, ReviewForm>>(new Map());
  readonly #stop: () => void;

  constructor(session: Session, reading: ReadingModel) {
    this.#session = session;
    this.#reading = reading;
    this.#stop = $effect.root(() => {
      const id = $derived(session.displaySet?.id ?? null);
      $effect(() => {
        void id;
        this.filing = { kind: "idle" };
        this.reported = IDLE;
      });
    });
  }

  dispose(): void {
    this.#stop();
  }

  /** Asks for scores, error classes and the list; what is there stays while it is asked again. */
  async load(): Promise<void> {
    await Promise.all([this.#loadVocabulary(), this.loadReviews()]);
  }

  async #loadVocabulary(): Promise<void> {
    if (this.vocabulary.kind === "loading" || this.vocabulary.kind === "ready") return;
    this.vocabulary = LOADING;
    try {
      this.vocabulary = ready(await this.#session.backend.call("review_vocabulary", {}));
    } catch (thrown) {
      this.vocabulary = failed(thrown);
    }
  }

  async loadReviews(): Promise<void> {
    if (this.reviews.kind !== "ready") this.reviews = LOADING;
    try {
      this.reviews = ready(await this.#session.backend.call("reviews", {}));
    } catch (thrown) {
      this.reviews = failed(thrown);
    }
  }

  // Form

  get #displaySet(): string {
    return this.#session.displaySet?.id ?? "";
  }

  get form(): ReviewForm {
    return this.#forms.get(this.#displaySet) ?? EMPTY_FORM;
  }

  update(change: Partial<ReviewForm>): void {
    const displaySet = this.#displaySet;
    if (displaySet === "") return;
    this.#forms = new Map(this.#forms).set(displaySet, { ...this.form, ...change });
    if (this.filing.kind === "failed") this.filing = { kind: "idle" };
  }

  toggleClass(id: string): void {
    const { classes } = this.form;
    this.update({
      classes: classes.includes(id) ? classes.filter((other) => other !== id) : [...classes, id],
    });
  }

  /** Forgets what is filled in; the filed review stays. */
  startAnother(): void {
    this.#forms = new Map(this.#forms).set(this.#displaySet, EMPTY_FORM);
    this.filing = { kind: "idle" };
  }

  /** The filed review that the form changes. */
  get filed(): Review | null {
    const { id } = this.form;
    return id === "" ? null : (loadedOf(this.reviews)?.find((review) => review.id === id) ?? null);
  }

  /** True when filing would keep something new. */
  get isChanged(): boolean {
    const { filed } = this;
    return filed === null ? true : !sameForm(formOf(filed), this.form);
  }

  /** Marks that go with it: all of the series. */
  get marks(): readonly Mark[] {
    return this.#session.activeViewport.marks;
  }

  get canFile(): boolean {
    return this.#displaySet !== "" && this.filing.kind !== "filing";
  }

  /** Has the desk keep it. It counts as filed only when the desk says so. */
  async file(): Promise<void> {
    const displaySet = this.#displaySet;
    if (!this.canFile) return;
    const { form } = this;
    this.filing = { kind: "filing" };
    try {
      const review = await this.#session.backend.call("file_review", {
        id: form.id,
        display_set: displaySet,
        reading: form.id === "" ? (this.#reading.reading?.id ?? "") : form.reading,
        scale: SCALE,
        score: form.score,
        classes: [...form.classes],
        comment: form.comment.trim(),
        marks: this.marks.map(({ id }) => id),
        view: this.#session.activeViewport.viewState(),
        state: form.state,
      });
      this.#forms = new Map(this.#forms).set(displaySet, formOf(review));
      const others = (loadedOf(this.reviews) ?? []).filter(({ id }) => id !== review.id);
      this.reviews = ready([review, ...others]);
      if (this.#displaySet === displaySet) {
        this.filing = { kind: "filed", at: review.filed_at, version: review.version };
      }
      this.#session.status("Review filed.");
    } catch (thrown) {
      if (this.#displaySet === displaySet) this.filing = { kind: "failed", error: DeskError.from(thrown) };
      else this.#session.status(`The review was not filed: ${DeskError.from(thrown).message}`);
    }
  }

  // List

  get shown(): readonly Review[] {
    return filterReviews(loadedOf(this.reviews) ?? [], this.query, this.shows);
  }

  /** Back to where it was filed, with its form open for changes. */
  async reopen(review: Review): Promise<void> {
    await this.#session.reopen(review);
    if (this.#displaySet !== review.draft.display_set) return;
    this.#forms = new Map(this.#forms).set(review.draft.display_set, formOf(review));
    this.#reading.selected = review.draft.reading;
    await this.loadReviews();
  }

  // Export

  /** Writes the list to a chosen place, or to the exports folder of the home. */
  async export(asks: boolean): Promise<void> {
    try {
      const target = asks ? await this.#session.backend.pick("export") : null;
      if (asks && target === null) return;
      this.exported = LOADING;
      this.exported = ready(
        await this.#session.backend.call("export_reviews", { format: this.format, target }),
      );
    } catch (thrown) {
      this.exported = failed(thrown);
    }
  }

  /** Writes the case on the screen as one page. */
  async report(): Promise<void> {
    const displaySet = this.#displaySet;
    if (displaySet === "") return;
    this.reported = LOADING;
    try {
      this.reported = ready(await this.#session.backend.call("export_report", { display_set: displaySet }));
    } catch (thrown) {
      this.reported = failed(thrown);
    }
  }
}
