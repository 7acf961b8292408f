// Everything that can be done from the keyboard, a menu or the palette: one list, one name and key each.
import { states as text } from "../text/en";
import { evaluationEntry } from "./evaluation/commands";
import { panelCommands } from "./panels.svelte";
import type { Session } from "./session.svelte";
import type { Tool, ViewportModel } from "./viewport/viewport.svelte";
import { choiceName, nextFileChoice, presetWindow, sameChoice, windowChoice } from "./viewport/voi";

export type CommandGroup =
  | "Desk"
  | "Slices"
  | "Window"
  | "View"
  | "Marks"
  | "Layout"
  | "Panels"
  | "Evaluation";

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: CommandGroup;
  /** Names as `keyName` makes them; the first is printed. */
  readonly keys: readonly string[];
  readonly enabled: () => boolean;
  readonly run: () => void;
  /** For switches and choices. */
  readonly checked?: () => boolean;
}

/** What only the page can do. */
export interface PageActions {
  focusFind(): void;
  showKeys(): void;
  showPalette(): void;
  toggleStudies(): void;
  togglePanel(): void;
  showPanel(): void;
  devicePixelRatio(): number;
}

const always = () => true;

/** Slices that Page Up and Page Down go. */
export const PAGE = 10;

export function makeCommands(session: Session, page: PageActions): Command[] {
  const here = (): ViewportModel => session.activeViewport;
  const shows = () => session.displaySet !== null;
  const grey = () => here().frameInfo?.colour === false;
  const last = () => (session.displaySet?.frames.length ?? 1) - 1;

  const command = (
    group: CommandGroup,
    id: string,
    title: string,
    keys: readonly string[],
    enabled: () => boolean,
    run: () => void,
    checked?: () => boolean,
  ): Command => ({ id, title, group, keys, enabled, run, ...(checked === undefined ? {} : { checked }) });

  const tool = (id: Tool, title: string, key: string, group: CommandGroup): Command =>
    command(
      group,
      `tool.${id}`,
      title,
      [key],
      shows,
      () => here().arm(here().tool === id && group === "Marks" ? "window" : id),
      () => here().tool === id,
    );

  const step = (id: string, title: string, keys: string[], by: number): Command =>
    command("Slices", id, title, keys, shows, () => here().scroll(by));

  return [
    command("Desk", "desk.open", "Open a folder", ["Ctrl+O"], always, () => void session.pickFolder()),
    command(
      "Desk",
      "desk.openFile",
      "Open a zip, a DICOMDIR or a file",
      ["Ctrl+Shift+O"],
      always,
      () => void session.pickFolder("file"),
    ),
    command("Desk", "desk.find", "Find study or series", ["/", "Ctrl+F"], always, page.focusFind),
    evaluationEntry(session),
    command("Desk", "desk.palette", "All commands", ["Ctrl+K"], always, page.showPalette),
    command("Desk", "desk.keys", "Show the keys", ["?"], always, page.showKeys),
    command("Desk", "desk.studies", "Show or hide studies", ["Ctrl+B"], always, page.toggleStudies),
    command(
      "Desk",
      "desk.panel",
      "Show or hide model, truth and review",
      ["Ctrl+J"],
      always,
      page.togglePanel,
    ),
    command("Desk", "desk.next", "Next series", ["Ctrl+PageDown", "]"], always, () =>
      session.stepDisplaySet(1),
    ),
    command("Desk", "desk.previous", "Previous series", ["Ctrl+PageUp", "["], always, () =>
      session.stepDisplaySet(-1),
    ),
    command(
      "Desk",
      "desk.identity",
      "Hide names and identifiers",
      ["Ctrl+H"],
      always,
      () => void session.updateSettings({ hide_identity: !session.settings.hide_identity }),
      () => session.settings.hide_identity,
    ),

    step("slice.next", "Next slice", ["ArrowDown"], 1),
    step("slice.previous", "Previous slice", ["ArrowUp"], -1),
    step("slice.forward", `${PAGE} slices on`, ["PageDown"], PAGE),
    step("slice.back", `${PAGE} slices back`, ["PageUp"], -PAGE),
    command("Slices", "slice.first", "First slice", ["Home"], shows, () => here().setFrame(0)),
    command("Slices", "slice.last", "Last slice", ["End"], shows, () => here().setFrame(last())),
    command(
      "Slices",
      "slice.play",
      "Play or stop",
      ["C"],
      () => shows() && last() > 0,
      () => here().cine.toggle(),
      () => here().cine.playing,
    ),
    command(
      "Slices",
      "slice.mark",
      "Mark slice for the model",
      ["K"],
      shows,
      () => session.toggleMarkedSlice(),
      () => session.markedSlices.has(here().frame),
    ),

    tool("window", "Window tool", "W", "Window"),
    command("Window", "window.auto", "Automatic window", ["0"], grey, () => showAutomatic(here())),
    command("Window", "window.file", "The file's own window", ["`"], grey, () => showFileDefault(here())),
    command("Window", "window.next", "Next window of the file", ["~"], grey, () => showNextOfFile(here())),
    ...(session.app?.presets ?? []).map((preset) =>
      command(
        "Window",
        `window.preset.${preset.name}`,
        `${preset.name} ${preset.width} / ${preset.center}`,
        preset.key === "" ? [] : [preset.key],
        () => grey() && isCt(session),
        () => here().setVoi(windowChoice(presetWindow(preset))),
        () => sameChoice(here().voi, windowChoice(presetWindow(preset))),
      ),
    ),
    command(
      "Window",
      "view.invert",
      "Invert",
      ["I"],
      shows,
      () => here().invert(),
      () => here().presentation.inverted,
    ),

    tool("pan", "Pan tool", "T", "View"),
    tool("zoom", "Zoom tool", "Z", "View"),
    command("View", "view.fit", "Fit to the viewport", ["F"], shows, () => here().fit()),
    command("View", "view.one", "One to one", ["Shift+F"], shows, () =>
      here().oneToOne(page.devicePixelRatio()),
    ),
    command("View", "view.in", "Zoom in", ["+", "="], shows, () => here().zoomBy(1.25)),
    command("View", "view.out", "Zoom out", ["-"], shows, () => here().zoomBy(0.8)),
    command("View", "view.right", "Rotate clockwise", ["R"], shows, () => here().rotate(90)),
    command("View", "view.left", "Rotate anticlockwise", ["L"], shows, () => here().rotate(-90)),
    command("View", "view.mirror", "Flip left to right", ["H"], shows, () => here().flipHorizontally()),
    command("View", "view.turn", "Flip top to bottom", ["V"], shows, () => here().flipVertically()),
    command("View", "view.reset", "Reset the view", ["Ctrl+Shift+R"], shows, () => here().reset()),
    command(
      "View",
      "view.interpolate",
      "Smooth between pixels",
      ["N"],
      always,
      () => void session.updateSettings({ interpolate: !session.settings.interpolate }),
      () => session.settings.interpolate,
    ),
    command(
      "View",
      "view.objects",
      "Stored objects over the picture",
      ["Shift+O"],
      () => session.objects.shown.length > 0,
      () => {
        session.objects.visible = !session.objects.visible;
      },
      () => session.objects.visible,
    ),
    command("View", "view.overlays", "Corner texts: all, no patient, none", ["Space"], always, () => {
      session.overlays =
        session.overlays === "all" ? "no patient" : session.overlays === "no patient" ? "none" : "all";
    }),
    command(
      "View",
      "view.planes",
      "Overlays of the file",
      ["O"],
      () => (here().frameInfo?.overlays.length ?? 0) > 0,
      () => {
        here().planes = !here().planes;
      },
      () => here().planes,
    ),
    command(
      "View",
      "view.state",
      "Next presentation state",
      ["P"],
      () => stateEntries(here()).length > 1,
      () => stepState(here()),
    ),

    tool("length", "Length", "D", "Marks"),
    tool("ellipse", "Ellipse", "E", "Marks"),
    tool("rectangle", "Rectangle", "S", "Marks"),
    tool("arrow", "Arrow", "Q", "Marks"),
    tool("text", "Text", "B", "Marks"),
    command(
      "Marks",
      "marks.undo",
      "Undo the last change of marks",
      ["Ctrl+Z"],
      shows,
      () => void here().marking.undo(),
    ),
    command(
      "Marks",
      "marks.delete",
      "Delete the selected mark",
      ["Delete", "Backspace"],
      () => here().marking.selected !== null,
      () => void here().marking.deleteSelected(),
    ),
    command("Marks", "marks.next", "Select the next mark of the slice", ["M"], shows, () =>
      here().marking.selectNext(1),
    ),
    command("Marks", "marks.cancel", "Put the tool away", ["Escape"], always, () => putAway(here())),

    command(
      "Layout",
      "layout.one",
      "One viewport",
      ["Ctrl+1"],
      always,
      () => session.setLayout("1x1"),
      () => session.layout === "1x1",
    ),
    command(
      "Layout",
      "layout.four",
      "Four viewports",
      ["Ctrl+4"],
      always,
      () => session.setLayout("2x2"),
      () => session.layout === "2x2",
    ),
    command("Layout", "layout.toggle", "One or four viewports", ["G"], always, () =>
      session.setLayout(session.layout === "1x1" ? "2x2" : "1x1"),
    ),
    command("Layout", "layout.right", "Next viewport", ["ArrowRight"], always, () =>
      stepViewport(session, 1),
    ),
    command("Layout", "layout.left", "Previous viewport", ["ArrowLeft"], always, () =>
      stepViewport(session, -1),
    ),
    ...panelCommands(session, page.showPanel),
  ];
}

/** Presets are Hounsfield units: they mean nothing elsewhere. */
export function isCt(session: Session): boolean {
  return session.displaySet?.modality === "CT";
}

function stepViewport(session: Session, step: number): void {
  if (session.layout === "1x1") return;
  const count = session.viewports.length;
  const next = session.viewports[(session.activeViewport.id + step + count) % count];
  if (next !== undefined) session.activate(next);
}

/** Escape ends the gesture first, then the tool, then the selection; it never resets the view. */
function putAway(viewport: ViewportModel): void {
  if (viewport.marking.cancel()) return;
  if (viewport.tool !== "window") viewport.arm("window");
  else viewport.marking.selected = null;
}

function showAutomatic(viewport: ViewportModel): void {
  const automatic = viewport.displaySet?.auto_window ?? null;
  if (automatic !== null) viewport.setVoi(windowChoice(automatic));
}

function showFileDefault(viewport: ViewportModel): void {
  const info = viewport.frameInfo;
  const own = info?.windows[info.default_window ?? 0];
  if (own !== undefined) viewport.setVoi(own);
}

function showNextOfFile(viewport: ViewportModel): void {
  const info = viewport.frameInfo;
  const next = info === null ? null : nextFileChoice(info, viewport.voi);
  if (next !== null) viewport.setVoi(next);
}

export interface WindowEntry {
  readonly title: string;
  readonly key: string;
  readonly checked: boolean;
  readonly run: () => void;
}

/** Windows for a menu: the file's own by their explanation, the automatic one, then the presets of CT. */
export function windowEntries(
  session: Session,
  viewport: ViewportModel,
): { own: WindowEntry[]; presets: WindowEntry[] } {
  const info = viewport.frameInfo;
  if (info === null || info.colour) return { own: [], presets: [] };
  const own: WindowEntry[] = info.windows.map((choice, i) => ({
    title: choiceName(choice, i),
    key: "",
    checked: sameChoice(choice, viewport.voi),
    run: () => viewport.setVoi(choice),
  }));
  const automatic = viewport.displaySet?.auto_window ?? null;
  if (automatic !== null) {
    const choice = windowChoice(automatic);
    own.push({
      title: "Automatic",
      key: "0",
      checked: sameChoice(choice, viewport.voi),
      run: () => viewport.setVoi(choice),
    });
  }
  const presets =
    viewport.displaySet?.modality === "CT"
      ? (session.app?.presets ?? []).map((preset) => {
          const choice = windowChoice(presetWindow(preset));
          return {
            title: `${preset.name}  ${preset.width} / ${preset.center}`,
            key: preset.key,
            checked: sameChoice(choice, viewport.voi),
            run: () => viewport.setVoi(choice),
          };
        })
      : [];
  return { own, presets };
}

export interface StateEntry {
  readonly id: string | null;
  readonly title: string;
  readonly checked: boolean;
  /** Why it cannot be applied, or what it says of itself. */
  readonly note: string;
  readonly enabled: boolean;
}

/** Ways to present a series: as stored, then the presentation states that speak of it; empty without any. */
export function stateEntries(viewport: ViewportModel): StateEntry[] {
  const states = viewport.displaySet?.presentations ?? [];
  if (states.length === 0) return [];
  const chosen = viewport.presented?.id ?? null;
  return [
    { id: null, title: text.asStored, checked: chosen === null, note: "", enabled: true },
    ...states.map(({ id, label, description, unsupported }) => ({
      id,
      title: label,
      checked: chosen === id,
      note: unsupported === "" ? description : unsupported,
      enabled: unsupported === "",
    })),
  ];
}

function stepState(viewport: ViewportModel): void {
  const entries = stateEntries(viewport).filter(({ enabled }) => enabled);
  const at = entries.findIndex(({ checked }) => checked);
  const next = entries[(at + 1) % entries.length];
  if (next !== undefined) void viewport.present(next.id);
}

/** Commands whose group and title hold every word of `query`; those whose title begins with it come first. */
export function findCommands(commands: readonly Command[], query: string): readonly Command[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return commands;
  const words = wanted.split(/\s+/);
  const found = commands.filter(({ title, group }) => {
    const text = `${group} ${title}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const begins = ({ title }: Command) => title.toLowerCase().startsWith(wanted);
  return [...found.filter(begins), ...found.filter((command) => !begins(command))];
}

/** Key name to command; a key has one meaning (a test holds it). */
export function byKey(commands: readonly Command[]): Map<string, Command> {
  const map = new Map<string, Command>();
  for (const entry of commands) for (const key of entry.keys) if (!map.has(key)) map.set(key, entry);
  return map;
}
