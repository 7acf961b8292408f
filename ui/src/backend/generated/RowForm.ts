export type RowForm = "heading" | "text" | "number" | "image";
