
export type ObjectRef = { object: string, };
