//! Reading protocols: which slices, which windows to RGB, which prompt, how an answer is parsed.
//!
//! Pure: no I/O, no clock. Everything that changes what a model is given or what its answer means is named, versioned
//! and hashed here, so that a reading can be repeated years later.
//!
//! Words: a *preprocessing id* ([`Preprocess`]) is a recipe from a frame to an [`RgbPicture`]; a changed rule gets a
//! new number, never the old one. A *template* ([`Template`]) is a published or own question with the order of its
//! parts; its strings are data and are kept byte for byte. A *record* ([`ProtocolRecord`]) says which of all these
//! were used.
//!
//! Entry points:
//! * [`SliceSpec::parse`] and [`SliceSpec::resolve`]: which slices of a display set;
//! * [`check`] says whether a recipe fits, [`to_rgb`] applies it; recipes that need the whole acquisition take a
//!   [`Survey`] of it;
//! * [`template`] and [`prompt::build`]: the parts of the question, in order;
//! * [`answer`]: from a model's text to a label, or to the kind of its failure; [`boxes`] for bounding boxes.
//!
//! Not here: the model's own resizing and tokenising (`medgemma`), decoding of files (`dicom`), what a label means
//! against the truth (`evaluation`).
#![forbid(unsafe_code)]

pub mod answer;
pub mod boxes;
mod hash;
mod picture;
mod preprocess;
pub mod prompt;
mod published;
mod recipe;
mod record;
mod slices;
mod survey;
pub mod templates;

pub use picture::{PictureError, RgbPicture};
pub use preprocess::{Preprocess, UnknownPreprocess};
pub use prompt::{Part, Prompt, PromptError};
pub use recipe::{Given, PreprocessError, check, to_rgb};
pub use record::{PreprocessRecord, ProtocolRecord, TemplateRecord};
pub use slices::{OFFICIAL_MOST, SliceError, SliceSpec, middle, official};
pub use survey::Survey;
pub use templates::{Template, template};
