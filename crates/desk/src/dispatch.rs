//! The doors of the desk: an operation by name, a job by name, bytes by address.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::code::failure;
use crate::desk::Desk;
use crate::op;
use crate::wire::app::Nothing;
use crate::wire::probes::{CheckSpec, EncodeSpec};
use crate::wire::question::QuestionSpec;
use crate::wire::reading::ReadEvent;
use crate::wire::studies::{OpenFolder, ScanEvent};
use crate::{Cancel, Failure, Outcome};

/// Bytes with their type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// MIME type.
    pub content_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

fn parse<T: DeserializeOwned>(arguments: Value) -> Outcome<T> {
    serde_json::from_value(arguments).map_err(|error| {
        failure(
            "desk.bad_arguments",
            format!("The request is not understood: {error}."),
            "",
        )
    })
}

fn answer(value: impl Serialize) -> Outcome<Value> {
    serde_json::to_value(value).map_err(|error| failure("desk.bad_answer", format!("{error}."), ""))
}

impl Desk {
    /// One request, one answer.
    ///
    /// # Errors
    /// What the operation failed with, or an unknown name.
    pub fn call(&self, operation: &str, arguments: Value) -> Outcome<Value> {
        match operation {
            "app_state" => answer(op::app::state(self)?),
            "set_settings" => answer(op::app::set_settings(self, &parse(arguments)?)?),
            "device_probe" => answer(op::device::cases()),
            "report_device" => {
                op::device::report(&parse(arguments)?);
                answer(Nothing {})
            }
            "studies" => answer(op::studies::studies(self)),
            "display_set" => answer(op::view::display_set(self, &parse(arguments)?)?),
            "presentation" => answer(op::present::presentation(self, &parse(arguments)?)?),
            "object" => answer(op::objects::object(self, &parse(arguments)?)?),
            "layers" => answer(op::layers::layers(self, &parse(arguments)?)?),
            "layer_slice" => answer(op::layers::slice(self, &parse(arguments)?)?),
            "save_document" => answer(op::objects::save_document(self, &parse(arguments)?)?),
            "probe" => answer(op::view::probe(self, &parse(arguments)?)?),
            "models" => answer(op::models::models(self)?),
            "add_model" => answer(op::models::add_model(self, &parse(arguments)?)?),
            "remove_model" => answer(op::models::remove_model(self, &parse(arguments)?)?),
            "set_model_options" => answer(op::models::set_options(self, &parse(arguments)?)?),
            "add_adapter" => answer(op::models::add_adapter(self, &parse(arguments)?)?),
            "remove_adapter" => answer(op::models::remove_adapter(self, &parse(arguments)?)?),
            "known_models" => answer(op::known::known_models(self)?),
            "templates" => answer(op::plan::templates()),
            "plan_question" => answer(op::plan::plan(self, &parse(arguments)?)?),
            "case" => answer(op::case::show(self, &parse(arguments)?)?),
            "attach_truth" => answer(op::case::attach_truth(self, &parse(arguments)?)?),
            "set_truth" => answer(op::case::set_truth(self, &parse(arguments)?)?),
            "commit_answer" => answer(op::case::commit_answer(self, &parse(arguments)?)?),
            "marks" => answer(op::marks::marks(self, &parse(arguments)?)?),
            "save_mark" => answer(op::marks::save(self, &parse(arguments)?)?),
            "measure" => answer(op::marks::measure(self, &parse(arguments)?)?),
            "delete_mark" => {
                op::marks::delete(self, &parse(arguments)?)?;
                answer(Nothing {})
            }
            "undo_mark" => answer(op::marks::undo(self, &parse(arguments)?)?),
            "review_vocabulary" => answer(op::reviews::vocabulary()),
            "reviews" => answer(op::reviews::reviews(self)?),
            "file_review" => answer(op::reviews::file(self, &parse(arguments)?)?),
            "export_reviews" => answer(op::reviews::export(self, &parse(arguments)?)?),
            "export_report" => answer(op::reviews::export_report(self, &parse(arguments)?)?),
            "evaluations" => answer(op::evaluation::open::list(self)?),
            "open_evaluation" => answer(op::evaluation::open::open(self, &parse(arguments)?)?),
            "forget_evaluation" => answer(op::evaluation::open::forget(self, &parse(arguments)?)?),
            "draft_case_set" => answer(op::evaluation::draft::mapping(self, &parse(arguments)?)?),
            "make_case_set" => answer(op::evaluation::draft::make(self, &parse(arguments)?)?),
            "check_evaluation" => answer(op::evaluation::check::check(self, &parse(arguments)?)?),
            "evaluation_cases" => answer(op::evaluation::cases::cases(self, &parse(arguments)?)?),
            "evaluation_case" => answer(op::evaluation::cases::case(self, &parse(arguments)?)?),
            "open_evaluation_case" => answer(op::evaluation::images::images(self, &parse(arguments)?)?),
            "decide" => answer(op::evaluation::decide::decide(self, &parse(arguments)?)?),
            "use_calibrator" => answer(op::evaluation::calibrate::save(self, &parse(arguments)?)?),
            "export_evaluation" => answer(op::evaluation::export::export(self, &parse(arguments)?)?),
            "tunings" => answer(op::tune::list::tunings(self, &parse(arguments)?)?),
            "save_plot" => answer(op::evaluation::export::plot(self, &parse(arguments)?)?),
            other => Err(unknown(other)),
        }
    }

    /// One request, a stream of events; returns when the last was sent.
    ///
    /// # Errors
    /// An unknown job, or arguments that are not understood; later failures are events.
    pub fn start(
        &self,
        job: &str,
        arguments: Value,
        events: &(dyn Fn(Value) + Sync),
        cancel: &Cancel,
    ) -> Outcome<()> {
        fn send(events: &(dyn Fn(Value) + Sync), event: impl Serialize) {
            match serde_json::to_value(event) {
                Ok(value) => events(value),
                Err(error) => tracing::error!("an event could not be sent: {error}"),
            }
        }
        match job {
            "open" => {
                let arguments: OpenFolder = parse(arguments)?;
                op::open::open(self, &arguments, &|event: ScanEvent| send(events, event), cancel);
                Ok(())
            }
            "ask" => {
                let arguments: QuestionSpec = parse(arguments)?;
                op::ask::ask(self, &arguments, &|event: ReadEvent| send(events, event), cancel);
                Ok(())
            }
            "looking" | "which_slices" | "recipes" => {
                let kind = parse(Value::from(job))?;
                let arguments: CheckSpec = parse(arguments)?;
                op::checks::check(self, kind, &arguments, &|event| send(events, event), cancel);
                Ok(())
            }
            "run_evaluation" => {
                op::evaluation::run::run(self, &parse(arguments)?, &|event| send(events, event), cancel);
                Ok(())
            }
            "figures" => {
                op::evaluation::figures::figures(
                    self,
                    &parse(arguments)?,
                    &|event| send(events, event),
                    cancel,
                );
                Ok(())
            }
            "tune" => {
                op::tune::tune(self, &parse(arguments)?, &|event| send(events, event), cancel);
                Ok(())
            }
            "encode" => {
                let arguments: EncodeSpec = parse(arguments)?;
                op::encode::encode(self, &arguments, &|event| send(events, event), cancel);
                Ok(())
            }
            other => Err(unknown(other)),
        }
    }

    /// Bytes by address (see [`crate::wire::resource`]).
    ///
    /// # Errors
    /// What making them failed with, or an unknown address.
    pub fn resource(&self, path: &str) -> Outcome<Resource> {
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["frame", set, index] => op::view::frame_bytes(self, set, index),
            ["thumbnail", set] => op::view::thumbnail(self, set),
            ["veil", set, index, all, state] => op::present::veil_png(self, set, index, all, state),
            ["drawn", set, index, size, map, how, voi, inverted, state @ ..] if state.len() < 2 => {
                op::drawn::drawn(
                    self,
                    &op::drawn::Wish {
                        set,
                        index,
                        size,
                        map,
                        how,
                        voi,
                        inverted,
                        state: state.first().copied(),
                    },
                )
            }
            ["lut", set, id] => op::view::lut(self, set, id),
            ["document", object] => op::objects::document_bytes(self, object),
            ["input", plan, k, which] => op::plan::picture(self, plan, k, which),
            _ => Err(failure(
                "desk.unknown_address",
                format!("There is nothing at {path}."),
                "",
            )),
        }
    }
}

fn unknown(name: &str) -> Failure {
    failure(
        "desk.unknown_operation",
        format!("The desk has no operation {name}."),
        "",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeskOptions;
    use serde_json::json;

    /// Every name of the tables is known to the dispatch.
    #[test]
    fn the_tables_and_the_dispatch_agree() {
        let home = tempfile::tempdir().expect("a folder");
        let desk = Desk::open(DeskOptions {
            home: home.path().to_path_buf(),
            ..DeskOptions::default()
        });
        macro_rules! try_each {
            ($($name:ident: $arguments:ty => $result:ty, $doc:literal;)*) => {$(
                if let Err(error) = desk.call(stringify!($name), json!({})) {
                    assert_ne!(error.code, "desk.unknown_operation", "{}", stringify!($name));
                }
            )*};
        }
        crate::for_each_operation!(try_each);
        assert_eq!(
            desk.call("nonsense", json!({})).expect_err("unknown").code,
            "desk.unknown_operation"
        );
    }
}
