// Evaluations of the desk in memory.
import { DeskError } from "../../backend";
import type { Operations } from "../../generated/operations";

type Evaluations =
  | "evaluations"
  | "open_evaluation"
  | "forget_evaluation"
  | "draft_case_set"
  | "make_case_set"
  | "check_evaluation"
  | "evaluation_cases"
  | "evaluation_case"
  | "open_evaluation_case"
  | "decide"
  | "use_calibrator"
  | "export_evaluation"
  | "save_plot";

export type EvaluationAnswers = {
  [O in Evaluations]: (args: Operations[O]["arguments"]) => Operations[O]["result"];
};

function absent(): never {
  throw new DeskError({
    code: "evaluation.missing",
    message: "There is no such evaluation.",
    hint: "Open the case set again.",
  });
}

export function evaluationAnswers(): EvaluationAnswers {
  return {
    evaluations: () => [],
    open_evaluation: absent,
    forget_evaluation: () => [],
    draft_case_set: absent,
    make_case_set: absent,
    check_evaluation: absent,
    evaluation_cases: absent,
    evaluation_case: absent,
    open_evaluation_case: absent,
    decide: absent,
    use_calibrator: absent,
    export_evaluation: absent,
    save_plot: ({ name, kind }) => ({ place: `exports/${name}.${kind}`, rows: 1 }),
  };
}
