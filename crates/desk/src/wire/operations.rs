//! The list of what a page can ask for: one table from which dispatch and the TypeScript types are made.

use ts_rs::{Config, TS};

use crate::wire::app::{AppState, DeviceReport, Handle, Nothing, ProbeCase, Settings};
use overread_evaluation::evaluated::cases::{CaseDetail, CasesPage};

use crate::wire::evaluation::{
    CalibratorSaved, CaseImages, CaseSetDraft, CaseSetMapping, CasesRequest, DecisionDraft,
    EvaluationCaseRef, EvaluationCheck, EvaluationInfo, EvaluationRef, ExportEvaluation, FiguresEvent,
    FiguresRequest, PlotFile, RunEvent, RunSpec, UseCalibrator,
};
use crate::wire::models::{KnownModelInfo, ModelAdapter, ModelInfo, ModelOptions};
use crate::wire::objects::{Layer, LayerSlice, LayerSliceRequest, ObjectDetail, ObjectRef};
use crate::wire::presentation::{PresentationRequest, PresentedSet};
use crate::wire::probes::{CheckEvent, CheckSpec, EncodeEvent, EncodeSpec};
use crate::wire::question::QuestionSpec;
use crate::wire::reading::{Plan, ReadEvent, TemplateInfo};
use crate::wire::review::{
    ExportReviews, Exported, Mark, MarkDraft, MarkRef, Review, ReviewDraft, ReviewVocabulary,
};
use crate::wire::studies::{OpenFolder, ScanEvent, Study};
use crate::wire::truth::{AttachTruth, Case, CommitAnswer, SetTruth, TruthAttached};
use crate::wire::tuning::{TuneEvent, TuneRun, TuneSpec};
use crate::wire::viewing::{DisplaySet, DisplaySetRef, ProbeAnswer, ProbeRequest};

/// Calls `$with!` with every operation as `name: Arguments => Result, "what it does"`.
#[macro_export]
macro_rules! for_each_operation {
    ($with:ident) => {
        $with! {
            app_state: Nothing => AppState, "What a page needs at its start.";
            set_settings: Settings => Settings, "Keeps the settings and gives them back as kept.";
            device_probe: Nothing => Vec<ProbeCase>, "Pictures with which a page checks its graphics device.";
            report_device: DeviceReport => Nothing, "What the page's device probe found.";
            studies: Nothing => Vec<Study>, "What is on the desk now.";
            display_set: DisplaySetRef => DisplaySet, "Frames, windows and geometry of a display set.";
            presentation: PresentationRequest => PresentedSet, "A presentation state applied to a display set.";
            object: ObjectRef => ObjectDetail, "What an object holds: a report, the parts of a layer.";
            layers: DisplaySetRef => Vec<Layer>, "Objects that can be laid over a display set.";
            layer_slice: LayerSliceRequest => LayerSlice, "The shapes of a layer on a frame.";
            save_document: ObjectRef => Exported, "Writes a copy of the document in an object.";
            probe: ProbeRequest => ProbeAnswer, "What lies under the cursor.";
            models: Nothing => Vec<ModelInfo>, "Models the desk knows.";
            add_model: Handle => ModelInfo, "Looks into a model folder or file and remembers it.";
            remove_model: Handle => Vec<ModelInfo>, "Takes a model off the list; its files stay.";
            set_model_options: ModelOptions => ModelInfo, "Precision and device of a model.";
            add_adapter: ModelAdapter => ModelInfo, "Looks into an adapter folder and remembers it with the model.";
            remove_adapter: ModelAdapter => ModelInfo, "Takes an adapter off the model's list; its files stay.";
            known_models: Nothing => Vec<KnownModelInfo>, "Models that Overread knows, on this machine or not.";
            templates: Nothing => Vec<TemplateInfo>, "Question templates.";
            plan_question: QuestionSpec => Plan, "What a question will cost, and the pictures that the model will get.";
            case: DisplaySetRef => Case, "Own answers, readings and truth of a display set.";
            attach_truth: AttachTruth => TruthAttached, "Reads a truth table.";
            set_truth: SetTruth => Case, "Types the truth in.";
            commit_answer: CommitAnswer => Case, "Commits the user's own answer; in blind mode this reveals the rest.";
            marks: DisplaySetRef => Vec<Mark>, "Marks of a display set.";
            save_mark: MarkDraft => Mark, "Keeps a mark; it is on disk when this returns.";
            measure: MarkDraft => Vec<String>, "Measures a mark while it is drawn, keeps nothing.";
            delete_mark: MarkRef => Nothing, "Takes a mark away; the record keeps it.";
            undo_mark: DisplaySetRef => Vec<Mark>, "Takes the last change of a display set's marks back.";
            review_vocabulary: Nothing => ReviewVocabulary, "Scores and error classes.";
            reviews: Nothing => Vec<Review>, "Filed disagreements, newest first.";
            file_review: ReviewDraft => Review, "Files a disagreement; it is on disk when this returns.";
            export_reviews: ExportReviews => Exported, "Writes the review list.";
            export_report: DisplaySetRef => Exported, "Writes the case as one HTML file.";
            evaluations: Nothing => Vec<EvaluationInfo>, "Evaluations opened before, newest first.";
            open_evaluation: EvaluationRef => EvaluationInfo, "Reads a case set and what was answered.";
            forget_evaluation: EvaluationRef => Vec<EvaluationInfo>, "Takes an evaluation off the list; its files stay.";
            draft_case_set: CaseSetDraft => CaseSetMapping, "What a folder and a truth table would become: what matches, what does not.";
            make_case_set: CaseSetDraft => EvaluationInfo, "Writes the case set.";
            check_evaluation: EvaluationRef => EvaluationCheck, "Looks for leaks, duplicates, missing files, unknown labels.";
            evaluation_cases: CasesRequest => CasesPage, "Rows of the case table.";
            evaluation_case: EvaluationCaseRef => CaseDetail, "One case with every answer whole.";
            open_evaluation_case: EvaluationCaseRef => CaseImages, "Where a case's images are.";
            decide: DecisionDraft => CaseDetail, "A person decides on an open answer; it is on disk when this returns.";
            use_calibrator: UseCalibrator => CalibratorSaved, "Saves a fitted calibrator for the reading panel.";
            export_evaluation: ExportEvaluation => Exported, "Writes the report, tables or iMRMC input.";
            tunings: EvaluationRef => Vec<TuneRun>, "Tuning runs beside a case set, finished or to be taken up.";
            save_plot: PlotFile => Exported, "Saves a plot as SVG or PNG.";
        }
    };
}

/// Calls `$with!` with every job as `name: Arguments => Event, "what it does"`.
#[macro_export]
macro_rules! for_each_job {
    ($with:ident) => {
        $with! {
            open: OpenFolder => ScanEvent, "Scans a folder; studies stream in.";
            ask: QuestionSpec => ReadEvent, "Asks a model.";
            looking: CheckSpec => CheckEvent, "Asks again over pictures without content: is it looking?";
            which_slices: CheckSpec => CheckEvent, "Asks again without some of the slices: which ones decide?";
            recipes: CheckSpec => CheckEvent, "Asks again under every preprocessing: does the answer flip?";
            encode: EncodeSpec => EncodeEvent, "Encodes pictures ahead of any question.";
            run_evaluation: RunSpec => RunEvent, "Reads every case with every local reader.";
            figures: FiguresRequest => FiguresEvent, "Every figure of an evaluation.";
            tune: TuneSpec => TuneEvent, "Tunes a model on a case set's own split.";
        }
    };
}

/// The generated TypeScript of both tables (`operations.ts`).
pub fn typescript() -> String {
    let config = Config::default();
    let mut out = String::from(
        "// Generated from crates/desk/src/wire/operations.rs; `cargo xtask codegen` writes it.\n",
    );
    let mut imports = std::collections::BTreeSet::new();
    let mut body = String::from("/** Requests with one answer. */\nexport interface Operations {\n");
    let mut answer = "result";
    macro_rules! write_rows {
        ($($name:ident: $arguments:ty => $result:ty, $doc:literal;)*) => {$(
            for name in [<$arguments>::name(&config), <$result>::name(&config)] {
                imports.insert(name.trim_start_matches("Array<").trim_end_matches('>').to_owned());
            }
            body.push_str(&format!(
                "  /** {} */\n  {}: {{ arguments: {}; {answer}: {} }};\n",
                $doc, stringify!($name), <$arguments>::name(&config), <$result>::name(&config)
            ));
        )*};
    }
    for_each_operation!(write_rows);
    body.push_str(
        "}\n\n/** Requests that stream events until one of `done`, `failed`. */\nexport interface Jobs {\n",
    );
    answer = "event";
    for_each_job!(write_rows);
    body.push_str("}\n");
    for name in imports.iter().filter(|name| name.starts_with(char::is_uppercase)) {
        out.push_str(&format!("import type {{ {name} }} from \"./{name}\";\n"));
    }
    out.push('\n');
    out.push_str(&body);
    out
}

/// Writes the TypeScript of every type that the tables reach.
#[cfg(test)]
fn write_types(folder: &std::path::Path) {
    let config = Config::default().with_out_dir(folder);
    macro_rules! write_rows {
        ($($name:ident: $arguments:ty => $result:ty, $doc:literal;)*) => {$(
            <$arguments>::export_all(&config).expect("arguments can be written");
            // A list has no file of its own; its items are named below.
            if !<$result>::name(&config).starts_with("Array<") {
                <$result>::export_all(&config).expect("results can be written");
            }
        )*};
    }
    for_each_operation!(write_rows);
    for_each_job!(write_rows);
    // Not in a table, but in the page: what a dialog is asked for, and how bytes are read.
    ProbeCase::export_all(&config).expect("can be written");
    Study::export_all(&config).expect("can be written");
    ModelInfo::export_all(&config).expect("can be written");
    KnownModelInfo::export_all(&config).expect("can be written");
    TemplateInfo::export_all(&config).expect("can be written");
    Layer::export_all(&config).expect("can be written");
    Mark::export_all(&config).expect("can be written");
    Review::export_all(&config).expect("can be written");
    EvaluationInfo::export_all(&config).expect("can be written");
    TuneRun::export_all(&config).expect("can be written");
    crate::wire::app::PickKind::export_all(&config).expect("can be written");
    crate::wire::resource::SampleKind::export_all(&config).expect("can be written");
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    /// The committed TypeScript must be what this table and the types say.
    #[test]
    fn generated_typescript_is_fresh() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/backend/generated");
        let written = root.join("operations.ts");
        let fresh = super::typescript();
        if std::env::var_os("OVERREAD_CODEGEN").is_some() {
            fs::create_dir_all(&root).expect("folder can be made");
            fs::write(&written, fresh).expect("file can be written");
            // Types of other crates, which export nothing by themselves.
            super::write_types(&root);
            return;
        }
        let committed = fs::read_to_string(&written).unwrap_or_default();
        let stale = "run `cargo xtask codegen` and commit ui/src/backend/generated";
        assert_eq!(committed, fresh, "{stale}");
        let folder = tempfile::tempdir().expect("a folder");
        super::write_types(folder.path());
        let names = |folder: &std::path::Path| -> std::collections::BTreeSet<String> {
            fs::read_dir(folder)
                .expect("a folder")
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .filter(|name| name != "operations.ts")
                .collect()
        };
        assert_eq!(names(&root), names(folder.path()), "{stale}");
        for name in names(folder.path()) {
            let read = |folder: &std::path::Path| fs::read_to_string(folder.join(&name)).unwrap_or_default();
            assert_eq!(read(&root), read(folder.path()), "{name}: {stale}");
        }
    }
}
