import { describe, expect, it } from "vitest";
import { FrameCache, type FrameOutcome, frameHeader, parseFrame, prefetchReach } from "./frames";

function bytes(rows: number, columns: number): ArrayBuffer {
  const out = new Uint8Array(32 + rows * columns * 2);
  out.set(frameHeader("u16", rows, columns));
  return out.buffer;
}

/** A desk that answers when it is told to. */
class SlowDesk {
  readonly asked: string[] = [];
  readonly aborted: string[] = [];
  readonly #open = new Map<string, (buffer: ArrayBuffer) => void>();

  readonly fetch = (path: string, signal: AbortSignal): Promise<ArrayBuffer> => {
    this.asked.push(path);
    return new Promise((resolve, reject) => {
      this.#open.set(path, resolve);
      signal.addEventListener("abort", () => {
        this.aborted.push(path);
        reject(signal.reason);
      });
    });
  };

  async answer(path: string, buffer: ArrayBuffer = bytes(4, 4)): Promise<void> {
    this.#open.get(path)?.(buffer);
    for (let i = 0; i < 4; i += 1) await Promise.resolve();
  }
}

const ignore = () => undefined;

describe("a frame's bytes", () => {
  it("are read by their header", () => {
    const frame = parseFrame(bytes(3, 5));
    expect([frame.kind, frame.rows, frame.columns, frame.samples.byteLength]).toEqual(["u16", 3, 5, 30]);
  });

  it("are refused when they do not add up", () => {
    expect(() => parseFrame(new ArrayBuffer(8))).toThrow("shorter than its header");
    expect(() => parseFrame(new ArrayBuffer(64))).toThrow("unknown form");
    expect(() => parseFrame(bytes(3, 5).slice(0, 60))).toThrow("as many bytes");
    const odd = bytes(3, 5);
    new DataView(odd).setUint16(6, 99, true);
    expect(() => parseFrame(odd)).toThrow("unknown kind");
    const other = bytes(3, 5);
    new DataView(other).setUint32(16, 4, true);
    expect(() => parseFrame(other)).toThrow("disagrees");
  });
});

describe("frames in memory", () => {
  it("asks for the shown one alone, then for four at once, nearest first, each once", async () => {
    const desk = new SlowDesk();
    const cache = new FrameCache(desk.fetch, undefined, 4);
    cache.want(0, "a", [5, 6, 4, 7, 3, 8], ignore);
    cache.want(0, "a", [5, 6, 4, 7, 3, 8], ignore);
    expect(desk.asked).toEqual(["frame/a/5"]);
    await desk.answer("frame/a/5");
    expect(desk.asked).toEqual(["frame/a/5", "frame/a/6", "frame/a/4", "frame/a/7", "frame/a/3"]);
    await desk.answer("frame/a/6");
    expect(desk.asked.at(-1)).toBe("frame/a/8");
    expect(cache.peek("a", 5)?.rows).toBe(4);
    cache.want(0, "a", [5, 6], ignore);
    expect(desk.asked.filter((path) => path === "frame/a/5")).toHaveLength(1);
  });

  it("gives up what nobody wants any more", async () => {
    const desk = new SlowDesk();
    const cache = new FrameCache(desk.fetch, undefined, 4);
    cache.want(0, "a", [1, 2, 3], ignore);
    await desk.answer("frame/a/1");
    cache.want(1, "b", [1], ignore);
    cache.want(0, "a", [30, 31], ignore);
    expect(desk.aborted).toEqual(["frame/a/2", "frame/a/3"]);
    cache.release(1);
    expect(desk.aborted.at(-1)).toBe("frame/b/1");
  });

  it("lets a waited-for frame go before prefetching", async () => {
    const desk = new SlowDesk();
    const cache = new FrameCache(desk.fetch, undefined, 4);
    const all = Array.from({ length: 40 }, (_, i) => i);
    cache.want(0, "a", all, ignore);
    await desk.answer("frame/a/0");
    cache.want(0, "a", [25, ...all.filter((i) => i !== 25)], ignore);
    expect(desk.asked).toContain("frame/a/25");
    expect(desk.aborted).toEqual(["frame/a/4"]);
  });

  it("forgets one display set and what is on its way, and asks again", async () => {
    const desk = new SlowDesk();
    const cache = new FrameCache(desk.fetch, undefined, 4);
    cache.want(0, "a", [1, 2], ignore);
    await desk.answer("frame/a/1");
    cache.want(1, "b", [1], ignore);
    cache.forget("a");
    expect(cache.peek("a", 1)).toBeUndefined();
    expect(desk.aborted).toEqual(["frame/a/2"]);
    cache.want(0, "a", [1], ignore);
    expect(desk.asked.filter((path) => path === "frame/a/1")).toHaveLength(2);
  });

  it("stays within its budget and keeps what is shown", async () => {
    const desk = new SlowDesk();
    const cache = new FrameCache(desk.fetch, 100);
    cache.want(0, "a", [0, 1, 2, 3, 4], ignore);
    for (const i of [0, 1, 2, 3, 4]) await desk.answer(`frame/a/${i}`);
    expect(cache.bytes).toBeLessThanOrEqual(100);
    expect(cache.peek("a", 0)).toBeDefined();
    expect(cache.count("a")).toBe(3);
  });

  it("tells failures once and tries again when asked to", async () => {
    const outcomes: FrameOutcome["kind"][] = [];
    let broken = true;
    const cache = new FrameCache(() =>
      broken ? Promise.reject(new Error("no")) : Promise.resolve(bytes(2, 2)),
    );
    const want = () => cache.want(0, "a", [0], (_, outcome) => outcomes.push(outcome.kind));
    want();
    await new Promise((resolve) => setTimeout(resolve));
    want();
    await new Promise((resolve) => setTimeout(resolve));
    expect(outcomes).toEqual(["failed"]);
    expect(cache.failure("a", 0)?.message).toBe("no");
    broken = false;
    cache.retry("a");
    want();
    await new Promise((resolve) => setTimeout(resolve));
    expect(outcomes).toEqual(["failed", "ready"]);
  });

  it("throws away an answer that came after it was given up", async () => {
    const desk = new SlowDesk();
    const cache = new FrameCache(desk.fetch);
    cache.want(0, "a", [1], ignore);
    cache.clear();
    await desk.answer("frame/a/1");
    expect(cache.bytes).toBe(0);
  });

  it("prefetches as much as its share holds", () => {
    expect(prefetchReach(40, 524288, 384 * 1024 * 1024, 4)).toBe(40);
    expect(prefetchReach(3000, 32 * 1024 * 1024, 384 * 1024 * 1024, 4)).toBe(1);
  });
});
