export type ShapeForm = "area" | "closed" | "open" | "points";
