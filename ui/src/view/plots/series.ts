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
import type { Unit } from "../../backend/generated/Unit";

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

/** A class that sets the series' colour (plots.css); below 0: no series, neutral. */
export function seriesClass(index: number): string {
  if (index < 0) return "series-6";
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

/** The word at a tick: shorter than a figure, for the axis says the unit. */
export function tickWord(value: number, unit: Unit): string {
  const round = (digits: number) => {
    const text = value.toFixed(digits);
    return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
  };
  switch (unit) {
    case "share":
      return `${Math.round(value * 100)} %`;
    case "points": {
      const points = Math.round(value * 100);
      return points > 0 ? `+${points}` : String(points).replace("-", "\u2212");
    }
    case "difference":
      return value > 0 ? `+${round(2)}` : round(2);
    case "seconds":
    case "number":
      return Number.isInteger(value) ? round(0) : round(2);
    case "score":
    case "probability":
      return round(2);
  }
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
