// Where an image point lies on the screen. One transform for the picture, the marks, the probe and the overlays.
// Image coordinates are (column, row), (0,0) the outer corner of the first pixel, centres at .5 (PS3.3 C.18.6.1.2).
// Screen coordinates are CSS px from the top left of the viewport.

/** A point: (column, row) on an image, (x, y) on a screen. */
export type Point = readonly [number, number];

/** Width and height, px. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Rows, columns and the shape of a pixel: what fitting needs to know of an image. */
export interface ImageShape {
  readonly rows: number;
  readonly columns: number;
  /** Pixel height over width. */
  readonly aspect: number;
}

/** How a picture lies on a viewport. */
export interface Presentation {
  /** Screen px per image column. */
  readonly zoom: number;
  /** Image point at the middle of the viewport. */
  readonly center: Point;
  /** Degrees clockwise: 0, 90, 180, 270. */
  readonly rotation: number;
  /** Mirrored left to right before rotation. */
  readonly flipped: boolean;
  /** The user's own inversion. */
  readonly inverted: boolean;
}

/** `x' = a x + c y + e`, `y' = b x + d y + f`, as SVG and canvas write it. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export const SMALLEST_ZOOM = 0.02;
export const LARGEST_ZOOM = 64;

/** The aspect to draw by: 1 unless it is a usable number. */
export function usableAspect(aspect: number): number {
  return Number.isFinite(aspect) && aspect > 0 ? aspect : 1;
}

/** 0, 90, 180 or 270, whatever came in. */
export function quarterTurn(degrees: number): number {
  const turns = Math.round(degrees / 90) % 4;
  return ((turns + 4) % 4) * 90;
}

export function clampZoom(zoom: number): number {
  if (!Number.isFinite(zoom)) return 1;
  return Math.min(LARGEST_ZOOM, Math.max(SMALLEST_ZOOM, zoom));
}

/** Screen from image. */
export function screenFromImage(view: Presentation, aspect: number, size: Size): Affine {
  const tall = usableAspect(aspect);
  const turn = quarterTurn(view.rotation);
  const cos = turn === 0 ? 1 : turn === 180 ? -1 : 0;
  const sin = turn === 90 ? 1 : turn === 270 ? -1 : 0;
  const mirror = view.flipped ? -1 : 1;
  const a = view.zoom * cos * mirror;
  const b = view.zoom * sin * mirror;
  const c = -view.zoom * sin * tall;
  const d = view.zoom * cos * tall;
  const [column, row] = view.center;
  return {
    a,
    b,
    c,
    d,
    e: size.width / 2 - a * column - c * row,
    f: size.height / 2 - b * column - d * row,
  };
}

/** The inverse; the transforms made here always have one. */
export function invert(m: Affine): Affine {
  const determinant = m.a * m.d - m.b * m.c;
  const a = m.d / determinant;
  const b = -m.b / determinant;
  const c = -m.c / determinant;
  const d = m.a / determinant;
  return { a, b, c, d, e: -(a * m.e + c * m.f), f: -(b * m.e + d * m.f) };
}

export function apply(m: Affine, [x, y]: Point): Point {
  return [m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f];
}

/** A screen vector as an image vector: no translation. */
export function applyVector(m: Affine, [x, y]: Point): Point {
  return [m.a * x + m.c * y, m.b * x + m.d * y];
}

/** Zoom at which the whole (turned) image fits. */
export function fitZoom(image: ImageShape, rotation: number, size: Size): number {
  const height = Math.max(1, image.rows) * usableAspect(image.aspect);
  const width = Math.max(1, image.columns);
  const lies = quarterTurn(rotation) % 180 !== 0;
  const [across, down] = lies ? [height, width] : [width, height];
  if (size.width <= 0 || size.height <= 0) return 1;
  return clampZoom(Math.min(size.width / across, size.height / down));
}

export function imageMiddle(image: ImageShape): Point {
  return [image.columns / 2, image.rows / 2];
}

/** Zooms so that the image point under `at` (screen px) stays under it. */
export function zoomAt(
  view: Presentation,
  aspect: number,
  size: Size,
  at: Point,
  zoom: number,
): Presentation {
  const fixed = apply(invert(screenFromImage(view, aspect, size)), at);
  const zoomed = { ...view, zoom: clampZoom(zoom) };
  const moved = apply(invert(screenFromImage(zoomed, aspect, size)), at);
  const center: Point = [view.center[0] + fixed[0] - moved[0], view.center[1] + fixed[1] - moved[1]];
  return { ...zoomed, center };
}

/** Moves the picture by screen px. The middle of the viewport never leaves the image. */
export function pan(view: Presentation, image: ImageShape, size: Size, by: Point): Presentation {
  const [x, y] = applyVector(invert(screenFromImage(view, image.aspect, size)), by);
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  return {
    ...view,
    center: [within(view.center[0] - x, image.columns), within(view.center[1] - y, image.rows)],
  };
}

/** Mirrors what is on the screen left to right, whatever the rotation. */
export function flipHorizontally(view: Presentation): Presentation {
  return { ...view, flipped: !view.flipped, rotation: quarterTurn(-view.rotation) };
}

/** Mirrors what is on the screen top to bottom, whatever the rotation. */
export function flipVertically(view: Presentation): Presentation {
  return { ...view, flipped: !view.flipped, rotation: quarterTurn(180 - view.rotation) };
}

export function rotate(view: Presentation, degrees: number): Presentation {
  return { ...view, rotation: quarterTurn(view.rotation + degrees) };
}

/** Letters at [left, right, top, bottom], as the turned and mirrored picture has them. */
export type Letters = readonly [string, string, string, string];

/** Carries the letters of the unturned picture to the screen. */
export function turnedLetters(letters: Letters, view: Pick<Presentation, "rotation" | "flipped">): Letters {
  let [left, right, top, bottom] = letters;
  if (view.flipped) [left, right] = [right, left];
  for (let turns = quarterTurn(view.rotation) / 90; turns > 0; turns -= 1) {
    [left, top, right, bottom] = [bottom, left, top, right];
  }
  return [left, right, top, bottom];
}

export function isInside(image: ImageShape, [column, row]: Point): boolean {
  return column >= 0 && row >= 0 && column < image.columns && row < image.rows;
}
