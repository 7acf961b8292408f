
export type LayerSliceRequest = { object: string, display_set: string, frame: number, };
