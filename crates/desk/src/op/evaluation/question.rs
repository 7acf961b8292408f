//! From a case's images and words to what a reader is given: slices, window, preprocessing and order, by the settings of the
//! reader. Reading and learning go this way alone, so that a model learns from the pictures that it will read.

use std::sync::Arc;

use overread_dicom::DisplaySet;
use overread_evaluation::case_set::ReadSettings;
use overread_protocol::slices;

use crate::code::{failure, sentences};
use crate::op::evaluation::asked::AskedCase;
use crate::op::evaluation::images::CaseImage;
use crate::op::make;
use crate::op::plan::{self, Resolved};
use crate::wire::app::Handle;
use crate::wire::models::PrecisionName;
use crate::wire::question::{QuestionOptions, QuestionSpec};
use crate::wire::reading::AnswerForm;
use crate::wire::viewing::WindowInfo;
use crate::{Outcome, convert};

/// How cases are put to a model.
#[derive(Clone, Debug)]
pub(crate) struct Putting<'a> {
    /// The model.
    pub(crate) model: Handle,
    /// The reader's settings.
    pub(crate) read: &'a ReadSettings,
    /// The options of the reading panel.
    pub(crate) options: &'a QuestionOptions,
}

impl Putting<'_> {
    /// A case's images and words as a question; the last image is the one that slices and boxes speak of.
    ///
    /// # Errors
    /// `eval.window`, `question.input` for slices or a preprocessing that do not fit.
    pub(crate) fn put(
        &self,
        mut images: Vec<CaseImage>,
        asked: &AskedCase,
        seed: u32,
    ) -> Outcome<(QuestionSpec, Resolved)> {
        let window = match self.read.window.as_str() {
            "" => None,
            text => Some(window(text)?),
        };
        let last = images.pop();
        let (display_set, own) = match &last {
            Some(image) => (Arc::clone(&image.set), self.slices(&image.slices)),
            None => (Arc::new(without_images()), String::new()),
        };
        let spec = QuestionSpec {
            display_set: display_set.id.clone(),
            slices: own,
            preprocess: self.read.preprocess.clone(),
            window,
            template: asked.template.clone(),
            prompt: asked.prompt.clone(),
            form: asked.form.unwrap_or(AnswerForm::Open),
            labels: asked.labels.clone(),
            max_new_tokens: self.read.max_new_tokens,
            temperature: self.read.temperature,
            seed,
            options: Some(QuestionOptions {
                boxes: asked.boxes,
                ..self.options.clone()
            }),
            ..empty(self.model.clone())
        };
        let mut resolved = plan::resolve_set(display_set, &spec)?;
        for image in images {
            let slices = slices::choose(&self.slices(&image.slices), image.set.frames.len())
                .map_err(|error| sentences("question.input", &error.to_string()))?;
            resolved.before.push((image.set, slices));
        }
        Ok((spec, resolved))
    }

    /// An image's own slice spec, else the settings', else the middle one.
    fn slices(&self, own: &str) -> String {
        [own, self.read.slices.as_str()]
            .into_iter()
            .find(|spec| !spec.is_empty())
            .unwrap_or("middle")
            .to_owned()
    }
}

/// A question of nothing yet.
pub(crate) fn empty(model: Handle) -> QuestionSpec {
    QuestionSpec {
        display_set: String::new(),
        slices: String::new(),
        preprocess: String::new(),
        window: None,
        lut: None,
        inverted: false,
        model,
        template: String::new(),
        prompt: String::new(),
        form: AnswerForm::Open,
        labels: Vec::new(),
        max_new_tokens: 0,
        temperature: 0.0,
        seed: 0,
        options: None,
    }
}

/// The precision of that name.
pub(crate) fn named(name: &str) -> Option<PrecisionName> {
    serde_json::from_value(name.into()).ok()
}

/// `C,W[,FUNCTION]` as the settings write it.
fn window(text: &str) -> Outcome<WindowInfo> {
    let window = make::parse_window(text).ok_or_else(|| {
        failure(
            "eval.window",
            format!("{text} is no window."),
            "Write centre,width or centre,width,SIGMOID.",
        )
    })?;
    Ok(WindowInfo {
        center: window.center,
        width: window.width,
        function: convert::function_name(window.function),
        explanation: String::new(),
    })
}

/// What stands for the images of a question of text alone.
fn without_images() -> DisplaySet {
    DisplaySet {
        id: String::new(),
        study_uid: String::new(),
        series_uid: String::new(),
        modality: String::new(),
        description: String::new(),
        frames: Vec::new(),
        arrangement: None,
        warnings: Vec::new(),
    }
}
