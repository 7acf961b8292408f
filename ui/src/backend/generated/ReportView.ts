import type { ReportRow } from "./ReportRow";

export type ReportView = { title: string, is_key_objects: boolean, completion: string, verification: string, preliminary: string, verifiers: Array<string>, authors: Array<string>, written: string, rows: Array<ReportRow>, is_cut: boolean, };
