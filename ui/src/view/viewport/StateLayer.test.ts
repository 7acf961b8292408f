import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, it } from "vitest";
import { memoryBackend } from "../../backend/memory/memory";
import { Session } from "../../model/session.svelte";
import App from "../app/App.svelte";

afterEach(cleanup);

describe("graphics of a presentation state", () => {
  it("are filled by a style, which no rule of the sheet takes back", async () => {
    const session = new Session(memoryBackend({ pace: 0, plain: true }));
    const { container } = render(App, { session });
    await screen.findByText("CT abdomen, portal venous");
    const set = session.studies
      .flatMap(({ display_sets }) => display_sets)
      .find(({ modality }) => modality === "CR" || modality === "DX");
    await session.openDisplaySet(set?.id ?? "");
    const viewport = session.activeViewport;
    await viewport.present("state-hilum");
    const state = viewport.presented;
    if (state === null) throw new Error("no state");
    const points: [number, number][] = [
      [0, 0],
      [9, 0],
      [9, 9],
    ];
    const curves = [
      { points, filled: true, colour: "#ff0000" },
      { points, filled: false, colour: "#ff0000" },
    ];
    viewport.presented = { ...state, frames: state.frames.map((frame) => ({ ...frame, curves, words: [] })) };
    await waitFor(() => {
      const drawn = [...container.querySelectorAll<SVGPathElement>(".graphics path:not(.under)")];
      expect(drawn.map(({ style }) => style.fill)).toEqual(["#ff0000", "none"]);
    });
  });
});
