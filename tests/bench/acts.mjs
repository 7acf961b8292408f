// What a reader does, timed inside the page: from the act until one pixel of the canvas on the page can be read, so that
// the drawing is really there. Each runs in the page and knows nothing from outside.

/** Prepares `window.bench`; runs once in a fresh page. */
export function prepare() {
  const { session, nextDraw } = window.overread;
  const canvas = () => document.querySelector('[data-testid="viewport-0"] canvas');
  /** Returns only once everything drawn before is there. */
  const touch = () => {
    const element = canvas();
    const gl = element.getContext("webgl2");
    gl.readPixels(element.width >> 1, element.height >> 1, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  };
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  let seed = 12345;
  /** Rest between two acts, so that they fall anywhere within a display frame. */
  const rest = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return new Promise((resolve) => setTimeout(resolve, 15 + (seed / 2147483648) * 17));
  };
  const shown = () => {
    const { displaySet, frame, waiting } = session.activeViewport;
    return displaySet !== null && !waiting && session.frames.peek(displaySet.id, frame) !== undefined;
  };
  /** Milliseconds from `act` until its picture can be read. */
  const timed = async (act) => {
    await rest();
    const start = performance.now();
    let drawn = nextDraw();
    act();
    await drawn;
    // A drawing of the old picture while the new one is on its way does not count.
    while (!shown()) {
      drawn = nextDraw();
      await drawn;
    }
    touch();
    return performance.now() - start;
  };
  const spread = (times) => {
    const sorted = [...times].sort((a, b) => a - b);
    const at = (share) => +sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)].toFixed(2);
    return { n: sorted.length, p50: at(0.5), p95: at(0.95) };
  };
  const viewport = () => session.activeViewport;
  const tiles = () => session.studies.flatMap((study) => study.display_sets);
  const largest = () => tiles().reduce((a, b) => (b.frames > a.frames ? b : a));
  const forget = () => {
    for (const one of session.viewports) one.close();
    session.frames.clear();
    session.luts.clear();
  };
  /** Gives the picture exactly that many px: the rest of the desk steps aside. */
  const fill = async ({ width, height }) => {
    const place = document.querySelector('[data-testid="viewport-0"]');
    Object.assign(place.style, { position: "fixed", left: "0", top: "0", width: `${width}px`, height: `${height}px`, zIndex: "9" });
    await new Promise((resolve) => setTimeout(resolve, 200));
  };
  window.bench = {
    async open({ runs }) {
      const id = largest().id;
      await fill({ width: 512, height: 512 });
      const times = [];
      for (let run = 0; run <= runs; run += 1) {
        forget();
        await new Promise((resolve) => setTimeout(resolve, 100));
        times.push(await timed(() => void session.openDisplaySet(id)));
      }
      return { first: +times[0].toFixed(1), ...spread(times.slice(1)) };
    },
    async scroll({ steps }) {
      const id = largest().id;
      forget();
      await fill({ width: 512, height: 512 });
      await session.openDisplaySet(id);
      const count = viewport().displaySet.frames.length;
      // Not in memory: no neighbour was fetched ahead.
      const cold = [];
      for (let step = 0; step < steps; step += 1) {
        session.frames.clear();
        cold.push(await timed(() => viewport().setFrame((step * 7) % count)));
      }
      for (let frame = 0; frame < count; frame += 1) {
        viewport().setFrame(frame);
        const end = performance.now() + 5000;
        while (!shown() && performance.now() < end) await nextFrame();
      }
      const cached = [];
      for (let step = 0; step < steps; step += 1) cached.push(await timed(() => viewport().setFrame(step % count)));
      return { uncached: spread(cold), cached: spread(cached) };
    },
    async window({ size, changes }) {
      await session.openDisplaySet(largest().id);
      await fill(size);
      viewport().fit();
      const times = [];
      const before = window.overread.readPixels().uploads;
      for (let change = 0; change < changes; change += 1) {
        const voi = { kind: "window", center: 40 + (change % 50), width: 400 - (change % 70), function: "LINEAR", explanation: "" };
        times.push(await timed(() => viewport().setVoi(voi)));
      }
      const { width, height, uploads } = window.overread.readPixels();
      if (uploads !== before) throw new Error("a window change uploaded pixels");
      return { canvas: [width, height], ...spread(times) };
    },
    async idle() {
      const times = [];
      for (let run = 0; run < 50; run += 1) {
        await rest();
        const start = performance.now();
        touch();
        times.push(performance.now() - start);
      }
      return spread(times);
    },
  };
}
