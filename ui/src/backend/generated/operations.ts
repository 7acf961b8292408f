// Generated from crates/desk/src/wire/operations.rs; `cargo xtask codegen` writes it.
import type { AppState } from "./AppState";
import type { AttachTruth } from "./AttachTruth";
import type { CalibratorSaved } from "./CalibratorSaved";
import type { Case } from "./Case";
import type { CaseDetail } from "./CaseDetail";
import type { CaseImages } from "./CaseImages";
import type { CaseSetDraft } from "./CaseSetDraft";
import type { CaseSetMapping } from "./CaseSetMapping";
import type { CasesPage } from "./CasesPage";
import type { CasesRequest } from "./CasesRequest";
import type { CheckEvent } from "./CheckEvent";
import type { CheckSpec } from "./CheckSpec";
import type { CommitAnswer } from "./CommitAnswer";
import type { DecisionDraft } from "./DecisionDraft";
import type { DeviceReport } from "./DeviceReport";
import type { DisplaySet } from "./DisplaySet";
import type { DisplaySetRef } from "./DisplaySetRef";
import type { EncodeEvent } from "./EncodeEvent";
import type { EncodeSpec } from "./EncodeSpec";
import type { EvaluationCaseRef } from "./EvaluationCaseRef";
import type { EvaluationCheck } from "./EvaluationCheck";
import type { EvaluationInfo } from "./EvaluationInfo";
import type { EvaluationRef } from "./EvaluationRef";
import type { ExportEvaluation } from "./ExportEvaluation";
import type { ExportReviews } from "./ExportReviews";
import type { Exported } from "./Exported";
import type { FiguresEvent } from "./FiguresEvent";
import type { FiguresRequest } from "./FiguresRequest";
import type { Handle } from "./Handle";
import type { KnownModelInfo } from "./KnownModelInfo";
import type { Layer } from "./Layer";
import type { LayerSlice } from "./LayerSlice";
import type { LayerSliceRequest } from "./LayerSliceRequest";
import type { Mark } from "./Mark";
import type { MarkDraft } from "./MarkDraft";
import type { MarkRef } from "./MarkRef";
import type { ModelAdapter } from "./ModelAdapter";
import type { ModelInfo } from "./ModelInfo";
import type { ModelOptions } from "./ModelOptions";
import type { Nothing } from "./Nothing";
import type { ObjectDetail } from "./ObjectDetail";
import type { ObjectRef } from "./ObjectRef";
import type { OpenFolder } from "./OpenFolder";
import type { Plan } from "./Plan";
import type { PlotFile } from "./PlotFile";
import type { PresentationRequest } from "./PresentationRequest";
import type { PresentedSet } from "./PresentedSet";
import type { ProbeAnswer } from "./ProbeAnswer";
import type { ProbeCase } from "./ProbeCase";
import type { ProbeRequest } from "./ProbeRequest";
import type { QuestionSpec } from "./QuestionSpec";
import type { ReadEvent } from "./ReadEvent";
import type { Review } from "./Review";
import type { ReviewDraft } from "./ReviewDraft";
import type { ReviewVocabulary } from "./ReviewVocabulary";
import type { RunEvent } from "./RunEvent";
import type { RunSpec } from "./RunSpec";
import type { ScanEvent } from "./ScanEvent";
import type { SetTruth } from "./SetTruth";
import type { Settings } from "./Settings";
import type { Study } from "./Study";
import type { TemplateInfo } from "./TemplateInfo";
import type { TruthAttached } from "./TruthAttached";
import type { TuneEvent } from "./TuneEvent";
import type { TuneRun } from "./TuneRun";
import type { TuneSpec } from "./TuneSpec";
import type { UseCalibrator } from "./UseCalibrator";

/** Requests with one answer. */
export interface Operations {
  /** What a page needs at its start. */
  app_state: { arguments: Nothing; result: AppState };
  /** Keeps the settings and gives them back as kept. */
  set_settings: { arguments: Settings; result: Settings };
  /** Pictures with which a page checks its graphics device. */
  device_probe: { arguments: Nothing; result: Array<ProbeCase> };
  /** What the page's device probe found. */
  report_device: { arguments: DeviceReport; result: Nothing };
  /** What is on the desk now. */
  studies: { arguments: Nothing; result: Array<Study> };
  /** Frames, windows and geometry of a display set. */
  display_set: { arguments: DisplaySetRef; result: DisplaySet };
  /** A presentation state applied to a display set. */
  presentation: { arguments: PresentationRequest; result: PresentedSet };
  /** What an object holds: a report, the parts of a layer. */
  object: { arguments: ObjectRef; result: ObjectDetail };
  /** Objects that can be laid over a display set. */
  layers: { arguments: DisplaySetRef; result: Array<Layer> };
  /** The shapes of a layer on a frame. */
  layer_slice: { arguments: LayerSliceRequest; result: LayerSlice };
  /** Writes a copy of the document in an object. */
  save_document: { arguments: ObjectRef; result: Exported };
  /** What lies under the cursor. */
  probe: { arguments: ProbeRequest; result: ProbeAnswer };
  /** Models the desk knows. */
  models: { arguments: Nothing; result: Array<ModelInfo> };
  /** Looks into a model folder or file and remembers it. */
  add_model: { arguments: Handle; result: ModelInfo };
  /** Takes a model off the list; its files stay. */
  remove_model: { arguments: Handle; result: Array<ModelInfo> };
  /** Precision and device of a model. */
  set_model_options: { arguments: ModelOptions; result: ModelInfo };
  /** Looks into an adapter folder and remembers it with the model. */
  add_adapter: { arguments: ModelAdapter; result: ModelInfo };
  /** Takes an adapter off the model's list; its files stay. */
  remove_adapter: { arguments: ModelAdapter; result: ModelInfo };
  /** Models that Overread knows, on this machine or not. */
  known_models: { arguments: Nothing; result: Array<KnownModelInfo> };
  /** Question templates. */
  templates: { arguments: Nothing; result: Array<TemplateInfo> };
  /** What a question will cost, and the pictures that the model will get. */
  plan_question: { arguments: QuestionSpec; result: Plan };
  /** Own answers, readings and truth of a display set. */
  case: { arguments: DisplaySetRef; result: Case };
  /** Reads a truth table. */
  attach_truth: { arguments: AttachTruth; result: TruthAttached };
  /** Types the truth in. */
  set_truth: { arguments: SetTruth; result: Case };
  /** Commits the user's own answer; in blind mode this reveals the rest. */
  commit_answer: { arguments: CommitAnswer; result: Case };
  /** Marks of a display set. */
  marks: { arguments: DisplaySetRef; result: Array<Mark> };
  /** Keeps a mark; it is on disk when this returns. */
  save_mark: { arguments: MarkDraft; result: Mark };
  /** Measures a mark while it is drawn, keeps nothing. */
  measure: { arguments: MarkDraft; result: Array<string> };
  /** Takes a mark away; the record keeps it. */
  delete_mark: { arguments: MarkRef; result: Nothing };
  /** Takes the last change of a display set's marks back. */
  undo_mark: { arguments: DisplaySetRef; result: Array<Mark> };
  /** Scores and error classes. */
  review_vocabulary: { arguments: Nothing; result: ReviewVocabulary };
  /** Filed disagreements, newest first. */
  reviews: { arguments: Nothing; result: Array<Review> };
  /** Files a disagreement; it is on disk when this returns. */
  file_review: { arguments: ReviewDraft; result: Review };
  /** Writes the review list. */
  export_reviews: { arguments: ExportReviews; result: Exported };
  /** Writes the case as one HTML file. */
  export_report: { arguments: DisplaySetRef; result: Exported };
  /** Evaluations opened before, newest first. */
  evaluations: { arguments: Nothing; result: Array<EvaluationInfo> };
  /** Reads a case set and what was answered. */
  open_evaluation: { arguments: EvaluationRef; result: EvaluationInfo };
  /** Takes an evaluation off the list; its files stay. */
  forget_evaluation: { arguments: EvaluationRef; result: Array<EvaluationInfo> };
  /** What a folder and a truth table would become: what matches, what does not. */
  draft_case_set: { arguments: CaseSetDraft; result: CaseSetMapping };
  /** Writes the case set. */
  make_case_set: { arguments: CaseSetDraft; result: EvaluationInfo };
  /** Looks for leaks, duplicates, missing files, unknown labels. */
  check_evaluation: { arguments: EvaluationRef; result: EvaluationCheck };
  /** Rows of the case table. */
  evaluation_cases: { arguments: CasesRequest; result: CasesPage };
  /** One case with every answer whole. */
  evaluation_case: { arguments: EvaluationCaseRef; result: CaseDetail };
  /** Where a case's images are. */
  open_evaluation_case: { arguments: EvaluationCaseRef; result: CaseImages };
  /** A person decides on an open answer; it is on disk when this returns. */
  decide: { arguments: DecisionDraft; result: CaseDetail };
  /** Saves a fitted calibrator for the reading panel. */
  use_calibrator: { arguments: UseCalibrator; result: CalibratorSaved };
  /** Writes the report, tables or iMRMC input. */
  export_evaluation: { arguments: ExportEvaluation; result: Exported };
  /** Tuning runs beside a case set, finished or to be taken up. */
  tunings: { arguments: EvaluationRef; result: Array<TuneRun> };
  /** Saves a plot as SVG or PNG. */
  save_plot: { arguments: PlotFile; result: Exported };
}

/** Requests that stream events until one of `done`, `failed`. */
export interface Jobs {
  /** Scans a folder; studies stream in. */
  open: { arguments: OpenFolder; event: ScanEvent };
  /** Asks a model. */
  ask: { arguments: QuestionSpec; event: ReadEvent };
  /** Asks again over pictures without content: is it looking? */
  looking: { arguments: CheckSpec; event: CheckEvent };
  /** Asks again without some of the slices: which ones decide? */
  which_slices: { arguments: CheckSpec; event: CheckEvent };
  /** Asks again under every preprocessing: does the answer flip? */
  recipes: { arguments: CheckSpec; event: CheckEvent };
  /** Encodes pictures ahead of any question. */
  encode: { arguments: EncodeSpec; event: EncodeEvent };
  /** Reads every case with every local reader. */
  run_evaluation: { arguments: RunSpec; event: RunEvent };
  /** Every figure of an evaluation. */
  figures: { arguments: FiguresRequest; event: FiguresEvent };
  /** Tunes a model on a case set's own split. */
  tune: { arguments: TuneSpec; event: TuneEvent };
}
