
export type ReportTarget = { sop_instance_uid: string, frame_number: number, display_set: string, frame: number, label: string, };
