
export type Layer = { object: string, kind: string, label: string, summary: string, named: boolean, };
