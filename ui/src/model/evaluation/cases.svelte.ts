// The table of cases: pages of rows as they are needed, one case whole, a decision on it, and the way to its images and
// back.
import type { Backend } from "../../backend/backend";
import { DeskError } from "../../backend/backend";
import type { AnswerDetail } from "../../backend/generated/AnswerDetail";
import type { CaseDetail } from "../../backend/generated/CaseDetail";
import type { CaseImages } from "../../backend/generated/CaseImages";
import type { CaseOrder } from "../../backend/generated/CaseOrder";
import type { CaseQuery } from "../../backend/generated/CaseQuery";
import type { CaseRow } from "../../backend/generated/CaseRow";
import type { Filter } from "../../backend/generated/Filter";
import type { Handle } from "../../backend/generated/Handle";
import { failed, IDLE, LOADING, type Load, loadedOf, ready } from "../load";

/** Rows asked for at once. */
export const PAGE_ROWS = 100;

/** What of a query the user sets in the table; the filter is the evaluation's. */
export type Conditions = Pick<CaseQuery, "cell" | "verdict" | "only_right" | "find" | "order" | "reader">;

export const NO_CONDITIONS: Conditions = {
  cell: null,
  verdict: null,
  only_right: [],
  find: "",
  order: "set",
  reader: "",
};

export type Deciding =
  | { readonly kind: "idle" }
  | { readonly kind: "saving"; readonly hash: string }
  | { readonly kind: "saved"; readonly hash: string }
  | { readonly kind: "failed"; readonly hash: string; readonly error: DeskError };

/** A case that is open in the viewer, with its place in the table. */
export interface Viewing {
  readonly index: number;
  readonly number: number;
  readonly title: string;
}

/** Shows images on the desk. */
export type ShowImages = (images: CaseImages) => Promise<void>;

export interface CasesSource {
  readonly backend: Backend;
  readonly evaluation: () => Handle | null;
  readonly filter: () => Filter;
  readonly show: ShowImages;
  /** Figures rest on decisions: they are stale now. */
  readonly decided: () => void;
}

export class CasesModel {
  readonly #source: CasesSource;
  conditions = $state.raw<Conditions>(NO_CONDITIONS);
  /** Rows in all; `null` before the first page. */
  total = $state<number | null>(null);
  error = $state.raw<DeskError | null>(null);
  #pages = $state.raw<ReadonlyMap<number, readonly CaseRow[]>>(new Map());
  #asked = new Set<number>();
  #round = 0;
  /** Place in the table of the chosen case, from 0. */
  selected = $state<number | null>(null);
  detail = $state.raw<Load<CaseDetail>>(IDLE);
  #detailRound = 0;
  /** px; kept so that coming back finds the same place. */
  scrollTop = 0;
  deciding = $state.raw<Deciding>({ kind: "idle" });
  /** Number of the case whose images are being opened. */
  opening = $state<number | null>(null);
  openError = $state.raw<DeskError | null>(null);
  viewing = $state.raw<Viewing | null>(null);

  constructor(source: CasesSource) {
    this.#source = source;
  }

  // Rows

  /** The row at a place, or `null` while its page is on its way. */
  row(index: number): CaseRow | null {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS] ?? null;
  }

  /** Asks for the pages of rows `first` to `end` (not counted) that are not here. */
  need(first: number, end: number): void {
    const last = Math.floor(Math.max(first, end - 1) / PAGE_ROWS);
    for (let page = Math.floor(first / PAGE_ROWS); page <= last; page += 1) {
      if (!this.#asked.has(page)) void this.#load(page);
    }
  }

  /** Reads the table anew; the place stays. */
  async reload(): Promise<void> {
    this.#round += 1;
    this.#asked = new Set();
    this.error = null;
    const first = Math.floor((this.selected ?? 0) / PAGE_ROWS);
    const stale = this.#pages;
    await this.#load(first);
    // Pages of the query before go when the first of the new one is here, so that the table never blinks.
    if (this.#pages === stale) return;
    this.#pages = new Map([...this.#pages].filter(([page]) => this.#asked.has(page)));
  }

  /** Another filter or evaluation: from the top. */
  async restart(): Promise<void> {
    this.close();
    this.scrollTop = 0;
    await this.reload();
  }

  /** Everything of another evaluation goes. */
  clear(): void {
    this.#round += 1;
    this.#pages = new Map();
    this.#asked = new Set();
    this.total = null;
    this.error = null;
    this.conditions = NO_CONDITIONS;
    this.viewing = null;
    this.scrollTop = 0;
    this.close();
  }

  /** Conditions on top of the filter; the table starts from the top. */
  async set(patch: Partial<Conditions>): Promise<void> {
    this.conditions = { ...this.conditions, ...patch };
    await this.restart();
  }

  async #load(page: number): Promise<void> {
    const evaluation = this.#source.evaluation();
    if (evaluation === null) return;
    this.#asked.add(page);
    const round = this.#round;
    const query: CaseQuery = {
      ...this.conditions,
      filter: this.#source.filter(),
      offset: page * PAGE_ROWS,
      limit: PAGE_ROWS,
    };
    try {
      const found = await this.#source.backend.call("evaluation_cases", { evaluation, query });
      if (round !== this.#round) return;
      this.total = found.total;
      this.#pages = new Map(this.#pages).set(page, found.rows);
      if (this.selected !== null && this.selected >= found.total) this.close();
    } catch (thrown) {
      if (round !== this.#round) return;
      this.#asked.delete(page);
      this.error = DeskError.from(thrown);
    }
  }

  // One case

  /** Chooses the case at a place and reads it whole. */
  async select(index: number): Promise<void> {
    if (this.total === null || index < 0 || index >= this.total) return;
    if (this.row(index) === null) await this.#load(Math.floor(index / PAGE_ROWS));
    const row = this.row(index);
    if (row === null) return;
    this.selected = index;
    this.openError = null;
    this.deciding = { kind: "idle" };
    await this.#read(row.number);
  }

  step(by: number): Promise<void> {
    const from = this.selected ?? (by > 0 ? -1 : (this.total ?? 0));
    return this.select(Math.max(0, Math.min((this.total ?? 1) - 1, from + by)));
  }

  close(): void {
    this.#detailRound += 1;
    this.selected = null;
    this.detail = IDLE;
    this.deciding = { kind: "idle" };
    this.openError = null;
  }

  async #read(number: number): Promise<void> {
    const evaluation = this.#source.evaluation();
    if (evaluation === null) return;
    this.#detailRound += 1;
    const round = this.#detailRound;
    const before = loadedOf(this.detail);
    if (before === null || before.row.number !== number) this.detail = LOADING;
    try {
      const detail = await this.#source.backend.call("evaluation_case", { evaluation, number });
      if (round === this.#detailRound) this.detail = ready(detail);
    } catch (thrown) {
      if (round === this.#detailRound) this.detail = failed(thrown);
    }
  }

  /** Reads the chosen case again. */
  async refresh(): Promise<void> {
    const row = this.selected === null ? null : this.row(this.selected);
    if (row !== null) await this.#read(row.number);
  }

  /** Keeps a person's decision; an empty verdict takes it back. */
  async decide(answer: AnswerDetail, verdict: string, label: string, why: string): Promise<boolean> {
    const evaluation = this.#source.evaluation();
    const detail = loadedOf(this.detail);
    if (evaluation === null || detail === null) return false;
    const hash = answer.answer_hash;
    this.deciding = { kind: "saving", hash };
    try {
      const next = await this.#source.backend.call("decide", {
        evaluation,
        number: detail.row.number,
        reader: answer.answer.reader,
        answer_hash: hash,
        verdict,
        label,
        why,
      });
      if (loadedOf(this.detail)?.row.number === next.row.number) this.detail = ready(next);
      this.#replace(next.row);
      this.deciding = { kind: "saved", hash };
      this.#source.decided();
      return true;
    } catch (thrown) {
      this.deciding = { kind: "failed", hash, error: DeskError.from(thrown) };
      return false;
    }
  }

  #replace(row: CaseRow): void {
    const pages = new Map(this.#pages);
    for (const [page, rows] of pages) {
      if (!rows.some(({ number }) => number === row.number)) continue;
      pages.set(
        page,
        rows.map((old) => (old.number === row.number ? row : old)),
      );
    }
    this.#pages = pages;
  }

  // To the viewer and back

  /** Opens the images of the case at a place on the desk. */
  async openImages(index: number): Promise<boolean> {
    const evaluation = this.#source.evaluation();
    if (evaluation === null) return false;
    if (this.selected !== index || loadedOf(this.detail) === null) await this.select(index);
    const row = this.row(index);
    if (row === null) return false;
    this.opening = row.number;
    this.openError = null;
    try {
      const images = await this.#source.backend.call("open_evaluation_case", {
        evaluation,
        number: row.number,
      });
      await this.#source.show(images);
      this.viewing = { index, number: row.number, title: images.title };
      return true;
    } catch (thrown) {
      this.openError = DeskError.from(thrown);
      return false;
    } finally {
      this.opening = null;
    }
  }

  /** The next or previous case that has images, from the one in the viewer. */
  async openBeside(by: 1 | -1): Promise<boolean> {
    const from = this.viewing?.index;
    if (from === undefined || this.total === null) return false;
    for (let index = from + by; index >= 0 && index < this.total; index += by) {
      if (this.row(index) === null) await this.#load(Math.floor(index / PAGE_ROWS));
      const row = this.row(index);
      if (row === null) return false;
      if (row.has_images) return this.openImages(index);
    }
    return false;
  }

  // Shown from elsewhere: what was clicked is the only condition

  showOnly(patch: Partial<Conditions>): Promise<void> {
    this.conditions = { ...NO_CONDITIONS, ...patch };
    return this.restart();
  }

  sort(order: CaseOrder, reader: string = this.conditions.reader): Promise<void> {
    return this.set({ order, reader });
  }
}

/** True while nothing but the filter chooses the cases. */
export function isUnconditional({ cell, verdict, only_right, find }: Conditions): boolean {
  return cell === null && verdict === null && only_right.length === 0 && find === "";
}
