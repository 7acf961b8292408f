export type ObjectOpens = "report" | "layer" | "document" | "nothing";
