import type { LayerShape } from "./LayerShape";

export type LayerSlice = { shapes: Array<LayerShape>, };
