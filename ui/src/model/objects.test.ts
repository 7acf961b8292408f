import { describe, expect, it } from "vitest";
import { type Backend, DeskError } from "../backend/backend";
import { memoryBackend } from "../backend/memory/memory";
import { pathOf } from "./objects.svelte";
import { Session } from "./session.svelte";

async function open(change?: (backend: Backend) => Backend) {
  const made = memoryBackend({ pace: 0, plain: true });
  const session = new Session(change === undefined ? made : change(made));
  session.setLayout("1x1");
  await session.start();
  const line = (id: string) => {
    const found = session.studies.flatMap((study) => study.objects).find((object) => object.id === id);
    if (found === undefined) throw new Error(id);
    return found;
  };
  return { session, objects: session.objects, line };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("layers", () => {
  it("are shown over the series that they fit, and the series is opened for them", async () => {
    const { session, objects, line } = await open();
    await session.openDisplaySet("us-duplex");
    await objects.toggle(line("object-segments"));
    expect(session.displaySet?.id).toBe("ct-abdomen");
    expect(objects.over("ct-abdomen").map(({ label }) => label)).toEqual(["Organs"]);
    expect(objects.over("us-duplex")).toEqual([]);
    expect(objects.visible).toBe(true);
    objects.togglePart("object-segments", 2);
    expect([...(objects.shown[0]?.hidden ?? [])]).toEqual([2]);
    objects.setParts("object-segments", true);
    expect(objects.shown[0]?.hidden.size).toBe(0);
    await objects.toggle(line("object-segments"));
    expect(objects.shown).toEqual([]);
  });

  it("fetches each slice once, the one that is looked at first, and forgets them with the folder", async () => {
    const asked: number[] = [];
    const { session, objects, line } = await open((made) => ({
      ...made,
      call: (operation, args) => {
        if (operation === "layer_slice") asked.push((args as { frame: number }).frame);
        return made.call(operation, args);
      },
    }));
    await objects.toggle(line("object-segments"));
    objects.want("object-segments", "ct-abdomen", 12, 40);
    expect(objects.shapes("object-segments", "ct-abdomen", 12)).toBeNull();
    await settled();
    expect(asked[0]).toBe(12);
    expect([...asked].sort((a, b) => a - b)).toEqual([11, 12, 13]);
    expect(objects.shapes("object-segments", "ct-abdomen", 12)).toHaveLength(2);
    objects.want("object-segments", "ct-abdomen", 12, 40);
    await settled();
    expect(asked).toHaveLength(3);
    const folder = session.scan.folder;
    if (folder === null) throw new Error("no folder");
    await session.openFolder(folder);
    expect(objects.shown).toEqual([]);
    expect(objects.shapes("object-segments", "ct-abdomen", 12)).toBeNull();
  });

  it("says why shapes are missing", async () => {
    const { objects, line } = await open((made) => ({
      ...made,
      call: (operation, args) =>
        operation === "layer_slice" ? Promise.reject(new Error("broken frame")) : made.call(operation, args),
    }));
    await objects.toggle(line("object-segments"));
    objects.want("object-segments", "ct-abdomen", 0, 1);
    await settled();
    expect(objects.problem("object-segments", "ct-abdomen", 0)).toBe("broken frame");
  });
});

describe("a report", () => {
  it("leads to the slice that it names", async () => {
    const { session, objects } = await open();
    await session.openDisplaySet("us-duplex");
    await objects.read("object-report");
    if (objects.reading.kind !== "shown") throw new Error("no report");
    const target = objects.reading.detail.report?.rows.find((row) => row.target !== null)?.target;
    if (target === null || target === undefined) throw new Error("no image");
    await objects.show(target);
    expect(session.displaySet?.id).toBe("ct-abdomen");
    expect(session.activeViewport.frame).toBe(13);
    await objects.show({ ...target, display_set: "" });
    expect(session.message).toContain("not open");
  });

  it("that cannot be read says so, and a closed one stays closed", async () => {
    const failing = await open((made) => ({
      ...made,
      call: (operation, args) =>
        operation === "object" ? Promise.reject(new Error("cut")) : made.call(operation, args),
    }));
    await failing.objects.read("object-report");
    expect(failing.objects.reading.kind).toBe("failed");
    const { objects } = await open();
    const read = objects.read("object-report");
    objects.closeReport();
    await read;
    expect(objects.reading.kind).toBe("none");
  });
});

describe("blind reading", () => {
  it("closes reports, layers and their shapes", async () => {
    const { session, objects, line } = await open();
    await objects.toggle(line("object-segments"));
    objects.want("object-segments", "ct-abdomen", 12, 40);
    await settled();
    await objects.read("object-report");
    await session.updateSettings({ blind: true });
    expect(objects.reading.kind).toBe("none");
    expect(objects.shown).toEqual([]);
    expect(objects.shapes("object-segments", "ct-abdomen", 12)).toBeNull();
  });

  it("takes a presentation state off, and a series that is withheld off the screen", async () => {
    let blind = false;
    const { session } = await open((made) => ({
      ...made,
      call: (operation, args) => {
        if (operation === "display_set" && blind) {
          const error = { code: "object.withheld", message: "Withheld.", hint: "" };
          return Promise.reject(new DeskError(error));
        }
        return made.call(operation, args);
      },
    }));
    const viewport = session.activeViewport;
    blind = true;
    viewport.presented = { id: "state", label: "State", warnings: [], frames: [] };
    await session.updateSettings({ blind: true });
    expect(viewport.presented).toBeNull();
    expect(viewport.displaySet).toBeNull();
  });
});

describe("paths", () => {
  it("are closed or not, and skip half a point", () => {
    expect(pathOf([[0, 0, 2, 0, 2, 2]], true)).toBe("M0 0L2 0L2 2Z");
    expect(pathOf([[0, 0, 2, 0], [1]], false)).toBe("M0 0L2 0");
  });
});
