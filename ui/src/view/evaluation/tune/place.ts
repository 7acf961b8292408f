// Where runs of a case set lie: the desk puts them into one folder beside its file.
import type { EvaluationInfo } from "../../../backend/generated/EvaluationInfo";

/** `chest.adapters` for `chest.toml`. */
export function folderOf(info: Pick<EvaluationInfo, "evaluation"> | null): string {
  const label = info?.evaluation.label ?? "";
  return `${label.replace(/\.[^.]+$/u, "")}.adapters`;
}
