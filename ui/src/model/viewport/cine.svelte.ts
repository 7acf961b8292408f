// Plays the frames of a display set one after another, at the pace that the file gives.
import type { DisplaySet } from "../../backend/generated/DisplaySet";

/** Frames a second where the file says nothing. */
const DEFAULT_RATE = 10;
/** No screen shows more. */
const FASTEST = 60;
/** A pause in a file longer than this is cut, ms. */
const LONGEST = 5000;

/** ms that a frame (from 0) stays before the next comes. */
export function frameDelay(
  set: Pick<DisplaySet, "frame_rate" | "frame_times" | "frames">,
  frame: number,
): number {
  // The time of a frame is that since the one before it; the first of a new round waits like the second.
  const next = (frame + 1) % Math.max(1, set.frames.length);
  const own = set.frame_times[next === 0 ? 1 : next];
  const rate = set.frame_rate !== null && set.frame_rate > 0 ? set.frame_rate : DEFAULT_RATE;
  const delay = own !== undefined && own > 0 ? own : 1000 / rate;
  return Math.min(LONGEST, Math.max(1000 / FASTEST, delay));
}

/** What a cine moves. */
export interface Reel {
  readonly displaySet: DisplaySet | null;
  readonly frame: number;
  /** True while the shown frame is on its way: the cine waits for it. */
  readonly waiting: boolean;
  setFrame(frame: number): void;
}

export class Cine {
  readonly #reel: Reel;
  #timer: ReturnType<typeof setTimeout> | undefined;
  playing = $state(false);

  constructor(reel: Reel) {
    this.#reel = reel;
  }

  toggle(): void {
    if (this.playing) this.stop();
    else this.start();
  }

  start(): void {
    if (this.playing || (this.#reel.displaySet?.frames.length ?? 0) < 2) return;
    this.playing = true;
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.playing = false;
  }

  #wait(): void {
    const { displaySet, frame } = this.#reel;
    if (displaySet === null) {
      this.stop();
      return;
    }
    this.#timer = setTimeout(() => this.#step(displaySet), frameDelay(displaySet, frame));
  }

  #step(set: DisplaySet): void {
    if (!this.playing) return;
    // Another series in the viewport ends the cine.
    if (this.#reel.displaySet?.id !== set.id) {
      this.stop();
      return;
    }
    if (!this.#reel.waiting) this.#reel.setFrame((this.#reel.frame + 1) % set.frames.length);
    this.#wait();
  }
}
