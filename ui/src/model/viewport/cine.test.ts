import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeCatalogue } from "../../backend/memory/catalogue";
import { Cine, frameDelay, type Reel } from "./cine.svelte";

function duplex() {
  const made = makeCatalogue(true).sets.get("us-duplex");
  if (made === undefined) throw new Error("the made desk has no cine");
  return made.set;
}

describe("the pace of a cine", () => {
  it("is each frame's own time, else the rate, else a moderate one", () => {
    const frames = duplex().frames.slice(0, 3);
    const uneven = { frames, frame_rate: 25, frame_times: [0, 40, 90] };
    expect([0, 1, 2].map((frame) => frameDelay(uneven, frame))).toEqual([40, 90, 40]);
    expect(frameDelay({ frames, frame_rate: 25, frame_times: [] }, 0)).toBe(40);
    expect(frameDelay({ frames, frame_rate: null, frame_times: [] }, 0)).toBe(100);
    expect(frameDelay({ frames, frame_rate: 4000, frame_times: [] }, 0)).toBeCloseTo(1000 / 60);
  });
});

describe("a cine", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("goes round, waits for frames on their way, and stops", () => {
    const set = { ...duplex(), frame_rate: 20, frame_times: [] };
    const reel = {
      displaySet: set,
      frame: set.frames.length - 1,
      waiting: false,
      setFrame(frame: number) {
        this.frame = frame;
      },
    };
    const cine = new Cine(reel as Reel);
    cine.start();
    vi.advanceTimersByTime(50);
    expect(reel.frame).toBe(0);
    reel.waiting = true;
    vi.advanceTimersByTime(200);
    expect(reel.frame).toBe(0);
    reel.waiting = false;
    vi.advanceTimersByTime(50);
    expect(reel.frame).toBe(1);
    cine.toggle();
    vi.advanceTimersByTime(500);
    expect(reel.frame).toBe(1);
    expect(cine.playing).toBe(false);
  });
});
