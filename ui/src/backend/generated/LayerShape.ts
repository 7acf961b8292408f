import type { ShapeForm } from "./ShapeForm";

export type LayerShape = { part: number, form: ShapeForm, lines: Array<Array<number>>, };
