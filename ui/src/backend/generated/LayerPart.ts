
export type LayerPart = { part: number, name: string, meaning: string, colour: [number, number, number], };
