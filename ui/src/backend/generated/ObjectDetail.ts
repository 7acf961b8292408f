import type { LayerPart } from "./LayerPart";
import type { ObjectOpens } from "./ObjectOpens";
import type { ReportView } from "./ReportView";

export type ObjectDetail = { id: string, kind: string, label: string, summary: string, opens: ObjectOpens, report: ReportView | null, parts: Array<LayerPart>, fits: Array<string>, note: string, };
