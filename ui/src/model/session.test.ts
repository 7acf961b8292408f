import { describe, expect, it, vi } from "vitest";
import type { Backend } from "../backend/backend";
import { type MemoryOptions, memoryBackend } from "../backend/memory/memory";
import { Session } from "./session.svelte";
import { apply, type Point, screenFromImage } from "./viewport/geometry";
import { beginGesture, handleGesture, imagePoint } from "./viewport/gestures";

async function desk(
  options: MemoryOptions = {},
  change: (backend: Backend) => Backend = (backend) => backend,
) {
  const session = new Session(change(memoryBackend({ pace: 0, plain: true, ...options })));
  for (const viewport of session.viewports) viewport.resize({ width: 512, height: 512 });
  await session.start();
  return session;
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

function at(session: Session, point: Point): Point {
  const { presentation, shape, size } = session.activeViewport;
  return apply(screenFromImage(presentation, shape?.aspect ?? 1, size), point);
}

const pointer = (point: Point, ctrl = false) => ({ at: point, ctrl, shift: false });

/** Presses, moves, lets go. */
function drag(session: Session, button: number, from: Point, to: Point, ctrl = false) {
  const gesture = beginGesture(session.activeViewport, button, pointer(from), true);
  gesture?.move(pointer(to, ctrl));
  gesture?.end(true);
  return gesture;
}

describe("opening", () => {
  it("scans, lists studies and skipped files, and shows the first series at its middle", async () => {
    const session = await desk();
    expect(session.studies.map(({ id }) => id)).toEqual(["s-abdomen", "s-head", "s-chest", "s-duplex"]);
    expect(session.scan).toMatchObject({ running: false, found: 80, error: null, cancelled: false });
    expect(session.skipped).toHaveLength(3);
    expect(session.displaySet?.id).toBe("ct-abdomen");
    expect(session.activeViewport.frame).toBe(20);
    expect(session.activeViewport.voi).toMatchObject({ explanation: "Abdomen" });
  });

  it("shows no name of a folder or file once blind reading begins", async () => {
    const session = await desk();
    await session.openFolder({ id: "folder-elsewhere", label: "PNEUMONIA" });
    expect(session.skipped.map(({ name }) => name)).not.toContain("File 1");
    await session.updateSettings({ blind: true });
    expect(session.scan.folder?.label).toBe("Folder");
    expect(session.skipped.map(({ name }) => name)).toEqual(["File 1", "File 2", "File 3"]);
  });

  it("says why a folder could not be opened and stays usable", async () => {
    const session = await desk();
    await session.openFolder({ id: "folder-gone", label: "memory stick" });
    expect(session.scan.error?.message).toContain("not there any more");
    expect(session.studies).toEqual([]);
    await session.openFolder({ id: "folder-made", label: "made studies" });
    expect(session.studies).toHaveLength(4);
    expect(session.scan.error).toBeNull();
  });

  it("can be stopped; what was found stays", async () => {
    const session = new Session(memoryBackend({ pace: 1, plain: true, empty: true }));
    const opened = session.openFolder({ id: "folder-made", label: "made studies" });
    await vi.waitUntil(() => session.studies.length > 0, { interval: 1 });
    session.cancelScan();
    await opened;
    expect(session.scan).toMatchObject({ running: false, cancelled: true });
    expect(session.studies.length).toBeGreaterThan(0);
  });

  it("lets a later folder overtake an earlier one", async () => {
    const session = new Session(memoryBackend({ pace: 1, plain: true, empty: true }));
    const first = session.openFolder({ id: "folder-made", label: "made studies" });
    await session.openFolder({ id: "folder-gone", label: "memory stick" });
    await first;
    expect(session.scan.folder?.id).toBe("folder-gone");
    expect(session.studies).toEqual([]);
  });

  it("says it when a series or a slice cannot be shown, and shows the rest", async () => {
    const session = await desk({ failing: ["frame/ct-abdomen/21"] });
    const viewport = session.activeViewport;
    viewport.setFrame(21);
    await settled();
    expect(viewport.frameError?.message).toContain("frame/ct-abdomen/21");
    viewport.setFrame(22);
    await settled();
    expect(viewport.frameError).toBeNull();
    await session.openDisplaySet("ct-head");
    viewport.setFrame(17);
    expect(viewport.frameError?.message).toContain("61 %");
    await session.openDisplaySet("no such series");
    expect(viewport.loadState).toMatchObject({ kind: "failed" });
    expect(session.message).toContain("not on the desk");
  });

  it("shows the start's failure", async () => {
    const session = await desk({ failing: ["app_state"] });
    expect(session.startError?.message).toContain("app_state");
  });
});

describe("the picture under the hand", () => {
  it("sends no message and asks for no bytes while a window is dragged", async () => {
    const calls: string[] = [];
    const session = await desk({}, (backend) => ({
      ...backend,
      call: (operation, args) => {
        calls.push(operation);
        return backend.call(operation, args);
      },
      fetch: (path, signal) => {
        calls.push(path);
        return backend.fetch(path, signal);
      },
    }));
    await settled();
    await vi.waitUntil(() => session.frames.count("ct-abdomen") === 40, { timeout: 4000 });
    calls.length = 0;
    drag(session, 0, [100, 100], [160, 60]);
    expect(session.activeViewport.voi).toMatchObject({ kind: "window" });
    expect(session.activeViewport.voi).not.toMatchObject({ width: 400 });
    expect(calls).toEqual([]);
  });

  it("is faster with Ctrl, without a jump", async () => {
    const session = await desk();
    const before = session.activeViewport.voi;
    const gesture = beginGesture(session.activeViewport, 0, pointer([0, 0]), true);
    gesture?.move(pointer([0, 16]));
    const slow = session.activeViewport.voi;
    gesture?.move(pointer([0, 16], true));
    expect(session.activeViewport.voi).toEqual(slow);
    gesture?.move(pointer([0, 32], true));
    expect(session.activeViewport.voi).toMatchObject({ center: 50 + (16 + 64) * (400 / 256) });
    gesture?.cancel();
    expect(session.activeViewport.voi).toEqual(before);
  });

  it("leaves colour alone, pans by the middle and zooms by the right button", async () => {
    const session = await desk();
    const viewport = session.activeViewport;
    const under = imagePoint(viewport, [200, 200]);
    drag(session, 1, [200, 200], [230, 190]);
    expect(imagePoint(viewport, [230, 190])).toEqual(under);
    const { zoom } = viewport.presentation;
    drag(session, 2, [200, 200], [200, 120]);
    expect(viewport.presentation.zoom).toBeGreaterThan(zoom);
    await session.openDisplaySet("us-duplex");
    expect(drag(session, 0, [10, 10], [90, 90])).toBeNull();
    expect(viewport.voi).toBeNull();
  });

  it("follows the size while it is fitted, and not after a zoom", async () => {
    const session = await desk();
    const viewport = session.activeViewport;
    viewport.resize({ width: 256, height: 600 });
    expect(viewport.presentation.zoom).toBe(0.5);
    viewport.zoomBy(2);
    viewport.resize({ width: 512, height: 512 });
    expect(viewport.presentation.zoom).toBe(1);
    expect(viewport.fitted).toBe(false);
  });

  it("asks for one probe at a time and shows the newest", async () => {
    let asked = 0;
    let open = 0;
    let most = 0;
    const session = await desk({}, (backend) => ({
      ...backend,
      call: async (operation, args) => {
        if (operation !== "probe") return backend.call(operation, args);
        asked += 1;
        open += 1;
        most = Math.max(most, open);
        await settled();
        open -= 1;
        return backend.call(operation, args);
      },
    }));
    await vi.waitUntil(() => !session.activeViewport.waiting);
    for (let i = 0; i < 50; i += 1) session.activeViewport.probeAt([100 + i, 200]);
    await vi.waitUntil(() => session.activeViewport.probed?.point[0] === 149);
    expect(most).toBe(1);
    expect(asked).toBe(2);
    expect(session.activeViewport.probed?.answer.voxel).toEqual([149, 200, 20]);
    session.activeViewport.probeAt([-3, 5]);
    expect(session.activeViewport.probed).toBeNull();
  });
});

describe("marks", () => {
  it("are kept by the desk before they count as saved, and the tool goes", async () => {
    const session = await desk();
    const viewport = session.activeViewport;
    viewport.arm("ellipse");
    drag(session, 0, at(session, [150, 200]), at(session, [190, 240]));
    expect(viewport.marks).toEqual([]);
    expect(viewport.marking.pending[0]).toMatchObject({ state: "saving" });
    expect(viewport.tool).toBe("window");
    await settled();
    expect(viewport.marking.pending).toEqual([]);
    expect(viewport.marks[0]).toMatchObject({ kind: "ellipse", frame: 20 });
    expect(viewport.marks[0]?.points[1]?.[0]).toBeCloseTo(190, 6);
    expect(viewport.marks[0]?.measured[0]).toBe("29.7 × 29.7 mm");
    expect(viewport.marks[0]?.saved_at).not.toBe("");
  });

  it("say when they could not be kept, stay on the screen and can be tried again", async () => {
    const session = await desk({ failing: ["save_mark"] });
    const viewport = session.activeViewport;
    viewport.arm("length");
    drag(session, 0, at(session, [10, 10]), at(session, [90, 10]));
    await settled();
    expect(viewport.marking.pending[0]).toMatchObject({ state: "failed" });
    expect(viewport.marks).toEqual([]);
    expect(session.message).toContain("Mark not saved");
  });

  it("are not made by a click, and the tool stays for a better try", async () => {
    const session = await desk();
    session.activeViewport.arm("rectangle");
    drag(session, 0, [50, 50], [50, 50]);
    await settled();
    expect(session.activeViewport.marks).toEqual([]);
    expect(session.activeViewport.marking.pending).toEqual([]);
    expect(session.activeViewport.tool).toBe("rectangle");
  });

  it("can be moved by a point, deleted, and taken back step by step", async () => {
    const session = await desk();
    const viewport = session.activeViewport;
    viewport.arm("length");
    drag(session, 0, at(session, [10, 10]), at(session, [110, 10]));
    await settled();
    const id = viewport.marks[0]?.id ?? "";
    const handle = handleGesture(viewport, id, 1, () => undefined);
    handle?.move(pointer(at(session, [60, 10])));
    handle?.end(true);
    await settled();
    expect(viewport.marks[0]?.measured).toEqual(["37.1 mm"]);
    viewport.marking.selected = id;
    await viewport.marking.deleteSelected();
    expect(viewport.marks).toEqual([]);
    await viewport.marking.undo();
    expect(viewport.marks[0]?.measured).toEqual(["37.1 mm"]);
    await viewport.marking.undo();
    expect(viewport.marks[0]?.measured).toEqual(["74.2 mm"]);
    await viewport.marking.undo();
    expect(viewport.marks).toEqual([]);
    await viewport.marking.undo();
    expect(session.message).toBe("Nothing to undo.");
  });

  it("are written where the pointer was let go, and an empty text is none", async () => {
    const session = await desk();
    const viewport = session.activeViewport;
    viewport.arm("text");
    drag(session, 0, at(session, [20, 30]), at(session, [20, 30]));
    expect(viewport.marking.drawing?.state).toBe("writing");
    await viewport.marking.finish("   ");
    expect(viewport.marks).toEqual([]);
    drag(session, 0, at(session, [20, 30]), at(session, [20, 30]));
    await viewport.marking.finish(" cyst ");
    expect(viewport.marks[0]).toMatchObject({ kind: "text", text: "cyst" });
  });

  it("are the same in every viewport that shows the series", async () => {
    const session = await desk();
    const second = session.viewports[1];
    if (second === undefined) throw new Error("four viewports are made");
    await session.openDisplaySet("ct-abdomen", second);
    second.arm("arrow");
    drag(session, 0, [10, 10], [90, 90]);
    await settled();
    expect(session.viewports[0]?.marks).toHaveLength(1);
  });
});

describe("coming back", () => {
  it("lands on slice, window, turn, zoom and marks of a review, from another folder's emptiness", async () => {
    const session = await desk();
    const viewport = session.activeViewport;
    viewport.setFrame(7);
    viewport.arm("arrow");
    drag(session, 0, [10, 10], [90, 90]);
    await settled();
    drag(session, 0, [100, 100], [140, 80]);
    drag(session, 2, [100, 100], [100, 60]);
    viewport.rotate(90);
    const view = viewport.viewState();
    const review = await session.backend.call("file_review", {
      id: "",
      display_set: "ct-abdomen",
      reading: "",
      scale: "radpeer-2016",
      score: "2b",
      classes: [],
      comment: "",
      marks: viewport.marks.map(({ id }) => id),
      view,
      state: "open",
    });
    await session.openFolder({ id: "folder-gone", label: "memory stick" });
    expect(session.studies).toEqual([]);
    await session.reopen(review);
    expect(session.displaySet?.id).toBe("ct-abdomen");
    expect(session.activeViewport.viewState()).toEqual(view);
    expect(session.activeViewport.marks).toHaveLength(1);
    expect(session.activeViewport.marking.filed).toEqual([]);
    // A mark that is gone by now is shown as it was filed.
    session.activeViewport.marking.selected = session.activeViewport.marks[0]?.id ?? null;
    await session.activeViewport.marking.deleteSelected();
    await session.reopen(review);
    expect(session.activeViewport.marking.filed).toHaveLength(1);
  });

  it("finds the slice by its UID when the series has grown in front of it", async () => {
    const session = await desk();
    const viewport = session.activeViewport;
    viewport.setFrame(3);
    const view = viewport.viewState();
    viewport.setFrame(30);
    viewport.restore({ ...view, frame: 11 });
    expect(viewport.frame).toBe(3);
  });

  it("says what is missing when the folder of a review is not known", async () => {
    const session = await desk({ empty: true });
    const view = session.activeViewport.viewState();
    const draft = {
      id: "",
      display_set: "x",
      reading: "",
      scale: "",
      score: "",
      classes: [],
      comment: "",
      marks: [],
      view,
      state: "open",
    };
    await session.reopen({
      id: "1",
      filed_at: "",
      reader: "",
      draft,
      marks: [],
      title: "t",
      answers: ["", "", ""],
      version: 1,
      folder: null,
      here: false,
    });
    expect(session.message).toContain("folder is not known");
  });
});

describe("settings and slices for the model", () => {
  it("hides names everywhere at once", async () => {
    const session = await desk();
    expect(session.displaySet?.patient_line).toContain("Okafor");
    await session.updateSettings({ hide_identity: true });
    expect(session.displaySet?.patient_line).toBe("");
    expect(session.studies.map(({ patient_name }) => patient_name).join("")).toBe("");
    expect(session.activeViewport.frame).toBe(20);
  });

  it("keeps the old settings when the desk could not keep new ones", async () => {
    const session = await desk({ failing: ["set_settings"] });
    await session.updateSettings({ interpolate: false });
    expect(session.settings.interpolate).toBe(true);
    expect(session.message).toContain("Setting not kept");
  });

  it("remembers marked slices for each series", async () => {
    const session = await desk();
    session.toggleMarkedSlice();
    session.toggleMarkedSlice(4);
    session.toggleMarkedSlice(4);
    expect([...session.markedSlices]).toEqual([20]);
    await session.openDisplaySet("ct-head");
    expect([...session.markedSlices]).toEqual([]);
    expect([...session.markedSlicesOf("ct-abdomen")]).toEqual([20]);
  });
});
