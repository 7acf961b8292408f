import type { LayerShape } from "./LayerShape";
import type { ReportTarget } from "./ReportTarget";
import type { RowForm } from "./RowForm";

export type ReportRow = { form: RowForm, depth: number, relationship: string, name: string, value: string, target: ReportTarget | null, region: LayerShape | null, };
