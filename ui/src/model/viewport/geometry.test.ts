import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  apply,
  fitZoom,
  flipHorizontally,
  flipVertically,
  imageMiddle,
  invert,
  type Letters,
  type Point,
  type Presentation,
  pan,
  rotate,
  screenFromImage,
  turnedLetters,
  zoomAt,
} from "./geometry";

const size = { width: 800, height: 600 };
const still: Presentation = { zoom: 2, center: [50, 40], rotation: 0, flipped: false, inverted: false };

const views = fc.record({
  zoom: fc.double({ min: 0.05, max: 30, noNaN: true }),
  center: fc.tuple(
    fc.double({ min: 0, max: 500, noNaN: true }),
    fc.double({ min: 0, max: 500, noNaN: true }),
  ),
  rotation: fc.constantFrom(0, 90, 180, 270),
  flipped: fc.boolean(),
  inverted: fc.constant(false),
});
const points = fc.tuple(
  fc.double({ min: -500, max: 1000, noNaN: true }),
  fc.double({ min: -500, max: 1000, noNaN: true }),
);
const aspects = fc.constantFrom(1, 0.5, 1.7);

function close(a: Point, b: Point, tolerance = 1e-6) {
  expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeLessThan(tolerance);
}

describe("screen from image", () => {
  it("puts the centre into the middle and steps by the zoom", () => {
    const m = screenFromImage(still, 1, size);
    close(apply(m, [50, 40]), [400, 300]);
    close(apply(m, [51, 40]), [402, 300]);
    close(apply(m, [50, 41]), [400, 302]);
  });

  it("turns clockwise: what lay at the top lies at the right", () => {
    const m = screenFromImage({ ...still, rotation: 90 }, 1, size);
    close(apply(m, [50, 30]), [420, 300]);
  });

  it("mirrors before it turns", () => {
    const m = screenFromImage({ ...still, rotation: 90, flipped: true }, 1, size);
    // A point to the right goes left by the mirror, and the turn brings left to the top.
    close(apply(m, [60, 40]), [400, 280]);
  });

  it("makes tall pixels tall", () => {
    close(apply(screenFromImage(still, 1.5, size), [50, 41]), [400, 303]);
  });

  it("has an inverse", () => {
    fc.assert(
      fc.property(views, points, aspects, (view, point, aspect) => {
        const m = screenFromImage(view, aspect, size);
        close(apply(invert(m), apply(m, point)), point, 1e-6);
      }),
    );
  });
});

describe("zoom and pan", () => {
  it("keeps the point under the cursor", () => {
    fc.assert(
      fc.property(
        views,
        points,
        aspects,
        fc.double({ min: 0.1, max: 20, noNaN: true }),
        (view, at, aspect, zoom) => {
          const before = apply(invert(screenFromImage(view, aspect, size)), at);
          const after = apply(
            invert(screenFromImage(zoomAt(view, aspect, size, at, zoom), aspect, size)),
            at,
          );
          close(before, after, 1e-6);
        },
      ),
    );
  });

  it("moves the picture with the hand, turned or not", () => {
    for (const rotation of [0, 90, 180, 270]) {
      const view = { ...still, rotation, flipped: rotation > 90 };
      const shape = { rows: 100, columns: 100, aspect: 1 };
      const before = apply(screenFromImage(view, 1, size), [50, 40]);
      const after = apply(screenFromImage(pan(view, shape, size, [12, -7]), 1, size), [50, 40]);
      close(after, [before[0] + 12, before[1] - 7]);
    }
  });

  it("never loses the picture", () => {
    const shape = { rows: 100, columns: 100, aspect: 1 };
    const { center } = pan(still, shape, size, [1e6, -1e6]);
    expect(center).toEqual([0, 100]);
  });

  it("fits the whole picture, tall pixels and quarter turns too", () => {
    expect(fitZoom({ rows: 300, columns: 400, aspect: 1 }, 0, size)).toBe(2);
    expect(fitZoom({ rows: 300, columns: 400, aspect: 2 }, 0, size)).toBe(1);
    expect(fitZoom({ rows: 300, columns: 400, aspect: 1 }, 90, size)).toBe(1.5);
    expect(imageMiddle({ rows: 300, columns: 400, aspect: 1 })).toEqual([200, 150]);
  });
});

describe("flips and letters", () => {
  const letters: Letters = ["R", "L", "A", "P"];

  it("mirrors what is on the screen whatever the turn", () => {
    for (const rotation of [0, 90, 180, 270]) {
      for (const flipped of [false, true]) {
        const view = { ...still, rotation, flipped };
        const [left, right, top, bottom] = turnedLetters(letters, view);
        expect(turnedLetters(letters, flipHorizontally(view))).toEqual([right, left, top, bottom]);
        expect(turnedLetters(letters, flipVertically(view))).toEqual([left, right, bottom, top]);
      }
    }
  });

  it("puts each letter where the transform puts its edge", () => {
    // The letters and the picture must never disagree: the same four edges through the same matrix.
    const edges: readonly (readonly [string, Point])[] = [
      ["R", [0, 40]],
      ["L", [100, 40]],
      ["A", [50, 0]],
      ["P", [50, 80]],
    ];
    for (const rotation of [0, 90, 180, 270]) {
      for (const flipped of [false, true]) {
        const view = { ...still, rotation, flipped };
        const m = screenFromImage(view, 1, size);
        const [left, right, top, bottom] = turnedLetters(letters, view);
        for (const [letter, edge] of edges) {
          const [x, y] = apply(m, edge);
          const side =
            Math.abs(x - 400) > Math.abs(y - 300) ? (x < 400 ? left : right) : y < 300 ? top : bottom;
          expect(side).toBe(letter);
        }
      }
    }
  });

  it("comes home after four turns and after two flips", () => {
    let view = still;
    for (let i = 0; i < 4; i += 1) view = rotate(view, 90);
    expect(view).toEqual(still);
    expect(flipVertically(flipVertically(still))).toEqual(still);
    expect(rotate(still, -90).rotation).toBe(270);
  });
});
