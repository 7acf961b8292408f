import { describe, expect, it } from "vitest";
import type { WordsInfo } from "../../backend/generated/WordsInfo";
import { memoryBackend } from "../../backend/memory/memory";
import { stateEntries } from "../commands";
import { Session } from "../session.svelte";
import { apply, screenFromImage } from "./geometry";
import { wordsPlace } from "./states";

async function chest() {
  const session = new Session(memoryBackend({ pace: 0, plain: true }));
  for (const viewport of session.viewports) viewport.resize({ width: 600, height: 600 });
  await session.start();
  await session.openDisplaySet("dx-chest");
  return session.activeViewport;
}

describe("a presentation state", () => {
  it("is offered beside the pictures as stored, and says why it cannot be applied", async () => {
    const entries = stateEntries(await chest());
    expect(entries.map(({ title, checked, enabled }) => [title, checked, enabled])).toEqual([
      ["As stored", true, true],
      ["HILUM", false, true],
      ["BLEND", false, false],
    ]);
  });

  it("gives its own table the values that it takes, and a window those of the modality", async () => {
    const viewport = await chest();
    await viewport.present("state-hilum");
    const { presented } = viewport;
    if (presented === null) throw new Error("no state");
    const lut = { id: "0-state-state-hilum-voi", first_mapped: 0, bits: 8, length: 4096 };
    const voi = { kind: "lut" as const, lut, explanation: "" };
    const frames = presented.frames.map((frame) => ({
      ...frame,
      slope: 0.001,
      voi,
      inputs: [1, 0] as [number, number],
    }));
    viewport.presented = { ...presented, frames };
    expect(viewport.frameInfo?.slope).toBe(0.001);
    viewport.setVoi(voi);
    expect(viewport.frameInfo?.slope).toBe(1);
  });

  it("brings its window, polarity, area and turn, and takes them away again", async () => {
    const viewport = await chest();
    const before = { voi: viewport.voi, presentation: viewport.presentation };
    await viewport.present("state-hilum");
    expect(viewport.voi).toMatchObject({ kind: "window", center: 1800, width: 2400 });
    expect(viewport.frameInfo?.inverted).toBe(true);
    // What a model is given stays the file's own.
    expect(viewport.plainVoi).toEqual(before.voi);
    // 512 columns by 512 rows of 1024 are seen, turned clockwise and mirrored then.
    expect(viewport.presentation.zoom).toBeCloseTo(600 / 512, 6);
    expect(viewport.presentation.center).toEqual([256, 512]);
    const map = screenFromImage(viewport.presentation, 1, viewport.size);
    // Clockwise brings the area's lower left corner to the upper left; the mirror takes it to the upper right.
    const corner = apply(map, [0, 768]);
    expect(corner[0]).toBeCloseTo(600, 6);
    expect(corner[1]).toBeCloseTo(0, 6);
    await viewport.present(null);
    expect(viewport.voi).toEqual(before.voi);
    expect(viewport.presentation).toEqual(before.presentation);
    expect(viewport.presentedFrame).toBeNull();
  });

  it("is gone when another series is opened", async () => {
    const viewport = await chest();
    await viewport.present("state-hilum");
    await viewport.open("ct-abdomen");
    expect(viewport.presented).toBeNull();
    expect(stateEntries(viewport)).toEqual([]);
  });
});

describe("overlays of the file", () => {
  it("are drawn when they are switched on, and only where there are some", async () => {
    const viewport = await chest();
    expect(viewport.veilAddress).toBeNull();
    viewport.planes = true;
    expect(viewport.veilAddress).toBe("veil/dx-chest/0/1/none");
    await viewport.open("ct-abdomen");
    expect(viewport.veilAddress).toBeNull();
  });
});

describe("words of a state", () => {
  const twice = { a: 2, b: 0, c: 0, d: 2, e: 10, f: 20 };
  const words: WordsInfo = {
    text: "here",
    bounds: [
      [10, 5],
      [0, 0],
    ],
    justification: "end",
    anchor: [40, 40],
    anchor_shown: true,
    colour: "#ffffff",
  };

  it("stand in their box, whichever corner comes first, with a line to the anchor", () => {
    const place = wordsPlace(words, twice);
    expect(place.at).toEqual([30, 33]);
    expect(place.align).toBe("end");
    expect(place.lead).toEqual([
      [5, 2.5],
      [40, 40],
    ]);
  });

  it("stand beside their anchor without a box", () => {
    const place = wordsPlace({ ...words, bounds: null, anchor_shown: false }, twice);
    expect(place.at[0]).toBeGreaterThan(90);
    expect(place.lead).toBeNull();
  });
});
