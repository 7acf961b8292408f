// What is open on this desk: studies, viewports, settings, the line at the bottom. One instance, made in main.ts and
// passed by Svelte context.
import { getContext, setContext } from "svelte";
import { type Backend, DeskError, type Job } from "../backend/backend";
import type { AppState } from "../backend/generated/AppState";
import type { DisplaySet } from "../backend/generated/DisplaySet";
import type { Handle } from "../backend/generated/Handle";
import type { Mark } from "../backend/generated/Mark";
import type { Review } from "../backend/generated/Review";
import type { ScanEvent } from "../backend/generated/ScanEvent";
import type { Settings } from "../backend/generated/Settings";
import type { SkippedFile } from "../backend/generated/SkippedFile";
import type { Study } from "../backend/generated/Study";
import { FrameCache } from "./frames";
import { LutCache } from "./luts";
import { ObjectsModel } from "./objects.svelte";
import { ViewportModel } from "./viewport/viewport.svelte";

export type Layout = "1x1" | "2x2";

/** What fills the window: the reading desk, or figures of case sets. */
export type PageName = "desk" | "evaluation";

export type PanelName = "model" | "truth" | "review" | "settings" | "models";

export interface ScanState {
  readonly running: boolean;
  readonly folder: Handle | null;
  readonly seen: number;
  readonly found: number;
  readonly images: number;
  readonly skipped: number;
  /** Seconds it took; `null` while it runs or before. */
  readonly seconds: number | null;
  readonly cancelled: boolean;
  readonly error: DeskError | null;
}

/** What the comparison of this machine's WebGL2 with the reference renderer found. */
export type DeviceState =
  | { readonly kind: "checking" }
  | { readonly kind: "absent"; readonly reason: string }
  | { readonly kind: "uncompared"; readonly renderer: string }
  | {
      readonly kind: "compared";
      readonly renderer: string;
      readonly difference: number;
      readonly cases: number;
    };

/** Which corner texts are drawn. */
export type OverlayState = "all" | "no patient" | "none";

const NO_SCAN: ScanState = {
  running: false,
  folder: null,
  seen: 0,
  found: 0,
  images: 0,
  skipped: 0,
  seconds: null,
  cancelled: false,
  error: null,
};

const FIRST_SETTINGS: Settings = {
  blind: false,
  reader: "",
  hide_identity: false,
  encode_ahead: false,
  drag_up_brightens: true,
  interpolate: true,
  model: null,
};

/** At most this many skipped files are listed; the count goes on. */
const SKIPPED_LISTED = 5000;

export class Session {
  readonly backend: Backend;
  readonly frames: FrameCache;
  readonly luts: LutCache;
  readonly viewports: readonly ViewportModel[];
  /** Reports, and what is laid over series. */
  readonly objects: ObjectsModel;
  app = $state.raw<AppState | null>(null);
  /** Why the desk did not answer at the start. */
  startError = $state.raw<DeskError | null>(null);
  settings = $state.raw<Settings>(FIRST_SETTINGS);
  studies = $state.raw<readonly Study[]>([]);
  scan = $state.raw<ScanState>(NO_SCAN);
  skipped = $state.raw<readonly SkippedFile[]>([]);
  layout = $state<Layout>("1x1");
  device = $state.raw<DeviceState>({ kind: "checking" });
  overlays = $state<OverlayState>("all");
  /** True while the picture that the model gets stands beside the viewports. */
  modelInputShown = $state(false);
  page = $state<PageName>("desk");
  /** Panel on the right. */
  panel = $state<PanelName>("model");
  /** The line at the bottom; also read out. */
  message = $state("");
  /** Bytes and slices in memory, for the status line. */
  memory = $state.raw({ bytes: 0 });
  #active = $state(0);
  #marked = $state.raw<ReadonlyMap<string, ReadonlySet<number>>>(new Map());
  #job: Job | null = null;
  #round = 0;

  constructor(backend: Backend) {
    this.backend = backend;
    this.frames = new FrameCache((path, signal) => backend.fetch(path, signal));
    this.luts = new LutCache((path) => backend.fetch(path));
    this.viewports = [0, 1, 2, 3].map((id) => new ViewportModel(id, this));
    this.objects = new ObjectsModel(this);
    this.frames.onChange = () => {
      this.memory = { bytes: this.frames.bytes };
    };
  }

  /** Asks the desk what there is; opens what it was started with. */
  async start(): Promise<void> {
    try {
      const app = await this.backend.call("app_state", {});
      this.app = app;
      this.settings = app.settings;
      this.startError = null;
      if (app.open_at_start !== null) await this.openFolder(app.open_at_start);
    } catch (thrown) {
      this.startError = DeskError.from(thrown);
    }
  }

  // Viewports

  get activeViewport(): ViewportModel {
    return this.viewports[this.#active] ?? (this.viewports[0] as ViewportModel);
  }

  /** Those on the screen. */
  get shownViewports(): readonly ViewportModel[] {
    return this.layout === "1x1" ? [this.activeViewport] : this.viewports;
  }

  get displaySet(): DisplaySet | null {
    return this.activeViewport.displaySet;
  }

  activate(viewport: ViewportModel): void {
    this.#active = viewport.id;
  }

  setLayout(layout: Layout): void {
    this.layout = layout;
  }

  /** Shows a display set in a viewport, by default the active one. */
  async openDisplaySet(id: string, viewport: ViewportModel = this.activeViewport): Promise<void> {
    this.activate(viewport);
    await viewport.open(id);
    if (viewport.loadState.kind === "failed") this.status(viewport.loadState.error.message);
  }

  /** The next or previous display set of the list in the active viewport. */
  stepDisplaySet(step: number): void {
    const ids = this.studies.flatMap((study) => study.display_sets.map((tile) => tile.id));
    if (ids.length === 0) return;
    const at = ids.indexOf(this.displaySet?.id ?? "");
    const next = ids[Math.max(0, Math.min(ids.length - 1, at < 0 ? 0 : at + step))];
    if (next !== undefined && next !== this.displaySet?.id) void this.openDisplaySet(next);
  }

  /** Marks of a display set changed in one viewport: the others that show it follow. */
  marksChanged(displaySet: string, marks: readonly Mark[]): void {
    for (const viewport of this.viewports) {
      if (viewport.displaySet?.id === displaySet) viewport.marking.marks = marks;
    }
  }

  // Slices marked for the model

  /** Frames (from 0) that the user marked in the active viewport's display set. */
  get markedSlices(): ReadonlySet<number> {
    return this.markedSlicesOf(this.displaySet?.id ?? "");
  }

  markedSlicesOf(displaySet: string): ReadonlySet<number> {
    return this.#marked.get(displaySet) ?? new Set();
  }

  toggleMarkedSlice(frame: number = this.activeViewport.frame): void {
    const set = this.displaySet;
    if (set === null) return;
    const marked = new Set(this.markedSlicesOf(set.id));
    if (!marked.delete(frame)) marked.add(frame);
    this.#marked = new Map(this.#marked).set(set.id, marked);
    this.status(
      `Slice ${frame + 1} ${marked.has(frame) ? "marked" : "no longer marked"}; ${marked.size} marked.`,
    );
  }

  /** Marked slices keep their image when a display set was arranged anew. */
  keepMarked(before: DisplaySet, after: DisplaySet): void {
    const marked = this.#marked.get(before.id);
    if (marked === undefined) return;
    const places = new Map(
      after.frames.map((info, i) => [`${info.sop_instance_uid} ${info.frame_number}`, i]),
    );
    const moved = new Set<number>();
    for (const frame of marked) {
      const info = before.frames[frame];
      const place = info && places.get(`${info.sop_instance_uid} ${info.frame_number}`);
      if (place !== undefined) moved.add(place);
    }
    this.#marked = new Map(this.#marked).set(after.id, moved);
  }

  clearMarkedSlices(): void {
    const set = this.displaySet;
    if (set !== null) this.#marked = new Map(this.#marked).set(set.id, new Set());
  }

  // Folders

  /** Asks for a folder (or a zip, DICOMDIR or file) by the native dialog and opens it. */
  async pickFolder(kind: "folder" | "file" = "folder"): Promise<void> {
    try {
      const handle = await this.backend.pick(kind);
      if (handle !== null) await this.openFolder(handle);
    } catch (thrown) {
      this.status(DeskError.from(thrown).message);
    }
  }

  /** Scans a folder; settles when the scan ended. What was open before goes. */
  async openFolder(folder: Handle): Promise<void> {
    this.#job?.cancel();
    this.#round += 1;
    const round = this.#round;
    for (const viewport of this.viewports) viewport.close();
    this.frames.clear();
    this.luts.clear();
    this.objects.clear();
    this.#marked = new Map();
    this.studies = [];
    this.skipped = [];
    this.modelInputShown = false;
    this.scan = { ...NO_SCAN, running: true, folder };
    const job = this.backend.start("open", { folder }, (event) => {
      if (round === this.#round) this.#scanned(event);
    });
    this.#job = job;
    await job.finished;
    if (round !== this.#round) return;
    this.#job = null;
    if (this.scan.running) this.scan = { ...this.scan, running: false };
    await this.#settle();
  }

  cancelScan(): void {
    this.#job?.cancel();
  }

  #scanned(event: ScanEvent): void {
    switch (event.event) {
      case "progress":
        this.scan = {
          ...this.scan,
          seen: event.seen,
          found: event.found,
          images: event.images,
          skipped: event.skipped,
        };
        break;
      case "study":
        this.#placeStudy(event);
        break;
      case "skipped":
        if (this.skipped.length < SKIPPED_LISTED) {
          this.skipped = [...this.skipped, ...event.files].slice(0, SKIPPED_LISTED);
        }
        break;
      case "done": {
        const { files, seconds, cancelled } = event;
        this.scan = { ...this.scan, running: false, seen: files, found: files, seconds, cancelled };
        this.status(
          cancelled
            ? `Scan stopped after ${files} files; what was found stays.`
            : `${files} files looked at.`,
        );
        break;
      }
      case "failed":
        this.scan = { ...this.scan, running: false, error: new DeskError(event) };
        this.status(event.message);
        break;
    }
  }

  #placeStudy(study: Study): void {
    const at = this.studies.findIndex(({ id }) => id === study.id);
    this.studies = at < 0 ? [...this.studies, study] : this.studies.map((old, i) => (i === at ? study : old));
  }

  /** After a scan: what is shown may have grown; an empty desk shows the first series. */
  async #settle(): Promise<void> {
    await this.#refreshViewports((shown) => {
      const study = this.studies.find(({ display_sets }) => display_sets.some(({ id }) => id === shown.id));
      const tile = study?.display_sets.find(({ id }) => id === shown.id);
      if (study === undefined || tile === undefined) return false;
      // Presentation states may have been found after the series was opened.
      const late =
        shown.presentations.length === 0 && study.objects.some(({ modality }) => modality === "PR");
      return late || tile.frames !== shown.frames.length;
    });
    const first = this.studies[0]?.display_sets[0];
    const empty = this.viewports.every((viewport) => viewport.loadState.kind === "empty");
    if (empty && first !== undefined) await this.openDisplaySet(first.id);
  }

  /** Asks again for the list: truth was attached, readings were made, names hidden. */
  async refreshStudies(): Promise<void> {
    try {
      this.studies = await this.backend.call("studies", {});
    } catch (thrown) {
      this.status(DeskError.from(thrown).message);
    }
  }

  async #refreshViewports(needed: (shown: DisplaySet) => boolean): Promise<void> {
    for (const viewport of this.viewports) {
      const shown = viewport.displaySet;
      if (shown === null || !needed(shown)) continue;
      try {
        const set = await this.backend.call("display_set", { display_set: shown.id });
        if (viewport.displaySet?.id !== set.id) continue;
        this.keepMarked(viewport.displaySet, set);
        viewport.refresh(set);
      } catch (thrown) {
        const error = DeskError.from(thrown);
        // What may not be asked for may not stay on the screen either.
        if (error.code === "object.withheld" && viewport.displaySet?.id === shown.id) viewport.close();
        this.status(error.message);
      }
    }
  }

  // Blind reading

  /** Nothing that others found stays on the screen: reports, layers, presentation states. */
  hideResults(): void {
    this.objects.clear();
    for (const viewport of this.viewports) if (viewport.presented !== null) void viewport.present(null);
  }

  /** The own answer to a series is in: its objects may be seen now. */
  async revealed(displaySet: string): Promise<void> {
    this.objects.forgetShapes();
    await this.refreshStudies();
    await this.#refreshViewports(({ id }) => id === displaySet);
  }

  // Settings

  /** Keeps changed settings; on failure the old ones stay and the line says why. */
  async updateSettings(patch: Partial<Settings>): Promise<void> {
    const before = this.settings;
    this.settings = { ...before, ...patch };
    try {
      this.settings = await this.backend.call("set_settings", this.settings);
    } catch (thrown) {
      this.settings = before;
      this.status(`Setting not kept: ${DeskError.from(thrown).message}`);
      return;
    }
    if (this.settings.blind && !before.blind) this.hideResults();
    if (before.hide_identity !== this.settings.hide_identity || before.blind !== this.settings.blind) {
      await this.#refreshNames();
      await this.refreshStudies();
      await this.#refreshViewports(() => true);
      const { reading } = this.objects;
      if (reading.kind === "shown") await this.objects.read(reading.detail.id);
    }
  }

  /** Takes the names of folders and files anew: a class's folder is the answer, and the desk says what may be shown. */
  async #refreshNames(): Promise<void> {
    if (this.settings.blind || this.settings.hide_identity) {
      this.skipped = this.skipped.map((file, at) => ({ ...file, name: `File ${at + 1}` }));
    }
    try {
      this.app = await this.backend.call("app_state", {});
    } catch (thrown) {
      this.status(DeskError.from(thrown).message);
    }
    const { folder } = this.scan;
    const again = this.app?.recent.find(({ handle }) => handle.id === folder?.id)?.handle;
    if (folder !== null) this.scan = { ...this.scan, folder: again ?? { ...folder, label: "Folder" } };
  }

  // Reviews

  /** Back to where a review was filed: folder, display set, slice by its UID, window, zoom, marks. */
  async reopen(review: Review): Promise<void> {
    const { display_set: id, view } = review.draft;
    const isHere = this.studies.some((study) => study.display_sets.some((tile) => tile.id === id));
    if (!isHere) {
      if (review.folder === null) {
        this.status(
          "The series of this review is not open, and its folder is not known. Open the folder first.",
        );
        return;
      }
      await this.openFolder(review.folder);
    }
    const viewport = this.activeViewport;
    await viewport.open(id, view);
    if (viewport.loadState.kind === "failed") {
      this.status(viewport.loadState.error.message);
      return;
    }
    viewport.marking.showFiled(review.marks);
    this.status(`Back at the review “${review.title}”.`);
  }

  // Status line

  status(message: string): void {
    this.message = message;
  }
}

const KEY = Symbol("session");

/** Puts the session into the context of the root component. */
export function provideSession(session: Session): void {
  setContext(KEY, session);
}

/** The session of this page; call it while a component is set up. */
export function getSession(): Session {
  return getContext<Session>(KEY);
}
