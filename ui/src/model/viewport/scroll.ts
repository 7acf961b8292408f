// Wheel notches and trackpad deltas to slices.

/** A trackpad has to travel this far for one slice, CSS px. */
const SLICE_TRAVEL = 48;
/** Mouse wheels report a notch as at least this many px (or as lines). */
const NOTCH = 60;

/**
 * Collects wheel deltas and gives whole slices. A mouse notch is one slice whatever its amount (systems disagree about
 * it by a factor of ten); the many small deltas of a trackpad add up.
 */
export class ScrollAccumulator {
  #rest = 0;
  #last = 0;

  /** Slices to go for one wheel event at `time` ms; positive is down. */
  add(delta: number, mode: number, time: number): number {
    if (delta === 0) return 0;
    // A pause or a turn starts anew: leftovers of an old gesture must not make a slice of the next one.
    if (time - this.#last > 250 || Math.sign(delta) !== Math.sign(this.#rest)) this.#rest = 0;
    this.#last = time;
    if (mode !== 0 || Math.abs(delta) >= NOTCH) {
      this.#rest = 0;
      return Math.sign(delta);
    }
    this.#rest += delta;
    const slices = Math.trunc(this.#rest / SLICE_TRAVEL) || 0;
    this.#rest -= slices * SLICE_TRAVEL;
    return slices;
  }
}

/** A frame within the display set. */
export function clampFrame(frame: number, count: number): number {
  if (!Number.isFinite(frame)) return 0;
  return Math.max(0, Math.min(count - 1, Math.round(frame)));
}

/**
 * Frames to have ready around `frame`, nearest first, two thirds of them in the direction of travel.
 * `frame` itself comes first.
 */
export function prefetchOrder(frame: number, count: number, direction: number, reach: number): number[] {
  const order: number[] = [];
  const ahead = direction < 0 ? -1 : 1;
  const push = (index: number) => {
    if (index >= 0 && index < count) order.push(index);
  };
  push(frame);
  for (let step = 1; step <= reach; step += 1) {
    push(frame + ahead * step);
    if (step * 2 <= reach) push(frame - ahead * step);
  }
  return order;
}
