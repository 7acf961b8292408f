// Everything that can be done by key, in one list: what runs it, and what the `?` sheet says.
import type { Session } from "./session.svelte";
import { nextFileChoice, presetWindow, windowChoice } from "./viewport/voi";

export interface Command {
  readonly name: string;
  /** As `KeyboardEvent.key`, with `Ctrl+` or `Shift+` in front. */
  readonly keys: readonly string[];
  readonly group: "Slices" | "Picture" | "Windows" | "Marks" | "Desk";
  run(session: Session): void;
}

/** The fixed commands; windows by number come from the desk's presets. */
export function commands(session: Session): Command[] {
  const view = () => session.activeViewport;
  const list: Command[] = [
    { name: "Next slice", keys: ["ArrowDown"], group: "Slices", run: () => view().scroll(1) },
    { name: "Previous slice", keys: ["ArrowUp"], group: "Slices", run: () => view().scroll(-1) },
    { name: "Ten slices on", keys: ["Shift+ArrowDown"], group: "Slices", run: () => view().scroll(10) },
    { name: "Ten slices back", keys: ["Shift+ArrowUp"], group: "Slices", run: () => view().scroll(-10) },
    { name: "First slice", keys: ["Home"], group: "Slices", run: () => view().setFrame(0) },
    {
      name: "Last slice",
      keys: ["End"],
      group: "Slices",
      run: () => view().setFrame(Number.MAX_SAFE_INTEGER),
    },
    { name: "Next series", keys: ["PageDown"], group: "Slices", run: () => session.stepDisplaySet(1) },
    { name: "Previous series", keys: ["PageUp"], group: "Slices", run: () => session.stepDisplaySet(-1) },
    {
      name: "Mark this slice for the model",
      keys: ["m"],
      group: "Slices",
      run: () => session.toggleMarkedSlice(),
    },
    { name: "Fit", keys: ["f"], group: "Picture", run: () => view().fit() },
    {
      name: "One to one",
      keys: ["Shift+F"],
      group: "Picture",
      run: () => view().oneToOne(globalThis.devicePixelRatio ?? 1),
    },
    { name: "Zoom in", keys: ["+", "="], group: "Picture", run: () => view().zoomBy(1.25) },
    { name: "Zoom out", keys: ["-"], group: "Picture", run: () => view().zoomBy(0.8) },
    { name: "Invert", keys: ["i"], group: "Picture", run: () => view().invert() },
    { name: "Rotate right", keys: ["r"], group: "Picture", run: () => view().rotate(90) },
    { name: "Rotate left", keys: ["l"], group: "Picture", run: () => view().rotate(-90) },
    { name: "Mirror left and right", keys: ["h"], group: "Picture", run: () => view().flipHorizontally() },
    { name: "Mirror top and bottom", keys: ["v"], group: "Picture", run: () => view().flipVertically() },
    { name: "Reset", keys: ["Ctrl+Shift+R"], group: "Picture", run: () => view().reset() },
    { name: "Overlays: all, no patient, none", keys: [" "], group: "Picture", run: cycleOverlays },
    {
      name: "One or four viewports",
      keys: ["g"],
      group: "Picture",
      run: () => session.setLayout(session.layout === "1x1" ? "2x2" : "1x1"),
    },
    {
      name: "Automatic window",
      keys: ["0"],
      group: "Windows",
      run: () => {
        const auto = view().displaySet?.auto_window;
        if (auto != null) view().setVoi(windowChoice({ ...auto, explanation: "auto" }));
      },
    },
    {
      name: "Next window of the file",
      keys: ["~", "`"],
      group: "Windows",
      run: () => {
        const info = view().frameInfo;
        const next = info === null ? null : nextFileChoice(info, view().voi);
        if (next !== null) view().setVoi(next);
      },
    },
    { name: "Window", keys: ["w"], group: "Marks", run: () => view().arm("window") },
    { name: "Pan", keys: ["p"], group: "Marks", run: () => view().arm("pan") },
    { name: "Zoom", keys: ["z"], group: "Marks", run: () => view().arm("zoom") },
    { name: "Length", keys: ["d"], group: "Marks", run: () => view().arm("length") },
    { name: "Ellipse", keys: ["e"], group: "Marks", run: () => view().arm("ellipse") },
    { name: "Rectangle", keys: ["b"], group: "Marks", run: () => view().arm("rectangle") },
    { name: "Arrow", keys: ["q"], group: "Marks", run: () => view().arm("arrow") },
    { name: "Text", keys: ["t"], group: "Marks", run: () => view().arm("text") },
    { name: "Undo", keys: ["Ctrl+z"], group: "Marks", run: () => void view().marking.undo() },
    {
      name: "Delete mark",
      keys: ["Delete"],
      group: "Marks",
      run: () => void view().marking.deleteSelected(),
    },
    { name: "Next mark", keys: ["n"], group: "Marks", run: () => view().marking.selectNext(1) },
    {
      name: "Drop what is being drawn, then the tool",
      keys: ["Escape"],
      group: "Marks",
      run: () => {
        if (!view().marking.cancel()) view().arm("window");
      },
    },
    { name: "Open a folder", keys: ["Ctrl+o"], group: "Desk", run: () => void session.pickFolder() },
  ];
  for (const preset of session.app?.presets ?? []) {
    list.push({
      name: `${preset.name} (${preset.width}/${preset.center})`,
      keys: [preset.key],
      group: "Windows",
      run: () => view().setVoi(windowChoice(presetWindow(preset))),
    });
  }
  return list;
}

function cycleOverlays(session: Session): void {
  session.overlays =
    session.overlays === "all" ? "no patient" : session.overlays === "no patient" ? "none" : "all";
}

/** A key press as commands write it. */
export function keyName(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "code">,
): string {
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const digit = event.shiftKey && /^Digit[0-9]$/.test(event.code) ? `Shift+${event.code.slice(5)}` : null;
  if (digit !== null && event.key !== "~") return ctrl + digit;
  const named = event.key.length > 1 || ctrl !== "";
  const upper = event.shiftKey && (named || /^[A-Z]$/.test(event.key));
  return `${ctrl}${upper ? "Shift+" : ""}${event.key}`;
}
