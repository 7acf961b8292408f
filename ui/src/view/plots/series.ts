// Series by colour and shape at once, the same for a reader in every plot; and how a plot's text is measured.
import {
  type SymbolType,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from "d3-shape";

const SHAPES: readonly SymbolType[] = [
  symbolDiamond,
  symbolCircle,
  symbolSquare,
  symbolTriangle,
  symbolCross,
  symbolStar,
  symbolWye,
];
/** Dashes of lines, so that no line rests on its hue. */
const DASHES: readonly string[] = ["", "6 3", "2 3", "8 3 2 3", "1 4", "10 4", "4 2"];

/** `plot-1` to `plot-7`: a class that sets the series' colour (plots.css). */
export function seriesClass(index: number): string {
  return `series-${(Math.max(0, index) % SHAPES.length) + 1}`;
}

/** Path of the mark of a series around (0, 0). `size` in px across. */
export function markPath(index: number, size = 8): string {
  const shape = SHAPES[Math.max(0, index) % SHAPES.length] ?? symbolCircle;
  const area = shape === symbolDiamond ? size * size * 0.75 : size * size * 0.7;
  return symbol(shape, area)() ?? "";
}

export function dashOf(index: number): string {
  return DASHES[Math.max(0, index) % DASHES.length] ?? "";
}

/** Rough width of a text of the page's face, px. */
export function textWidth(text: string, size = 11.5): number {
  return [...text].length * size * 0.56;
}

/** Cut to a width, with a sign that it was. */
export function fitted(text: string, width: number, size = 11.5): string {
  if (textWidth(text, size) <= width) return text;
  const most = Math.max(1, Math.floor(width / (size * 0.56)) - 1);
  return `${[...text].slice(0, most).join("").trimEnd()}…`;
}

/** Where the arrow keys lead from a cell of a grid; `null`: nowhere. */
export function stepInGrid(
  key: string,
  [row, column]: readonly [number, number],
  [rows, columns]: readonly [number, number],
): [number, number] | null {
  const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  switch (key) {
    case "ArrowUp":
      return [within(row - 1, rows), column];
    case "ArrowDown":
      return [within(row + 1, rows), column];
    case "ArrowLeft":
      return [row, within(column - 1, columns)];
    case "ArrowRight":
      return [row, within(column + 1, columns)];
    case "Home":
      return [row, 0];
    case "End":
      return [row, columns - 1];
    default:
      return null;
  }
}
