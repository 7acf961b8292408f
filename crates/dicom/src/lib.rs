//! Files to frames: what lies in a folder, what each header says, which images scroll together, and the stored values
//! of a frame. Never writes a file, never applies a window.
//!
//! * [`scan`] walks folders in parallel and reads headers only, streaming what it finds.
//! * [`index`] groups headers into display sets in geometric order.
//! * [`decode`] turns one frame into stored values ([`overread_imaging::frame::Frame`]).
//! * [`tags`] lists a data set.
//!
//! dicom-rs parses data sets; a walk over the bytes comes first ([`walk`]), so that lengths that lie and nesting that
//! would exhaust the stack are refused before any parser recurses. From fragment to samples everything is done here.
#![forbid(unsafe_code)]
#![warn(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]

mod ahead;
pub mod attributes;
pub mod charset;
pub mod cine;
pub mod codec;
mod content;
pub mod dataset;
pub mod decode;
pub mod error;
pub mod file;
pub mod header;
pub mod index;
mod inflate;
mod moment;
pub mod native;
mod needed;
pub mod object;
pub mod overlay;
pub mod parse;
pub mod pixels;
pub mod presentation_state;
mod profile;
pub mod scan;
mod shutter;
mod spacing;
mod start;
mod suv;
pub mod syntax;
mod tables;
pub mod tags;
pub mod unknown;
pub mod walk;

pub use decode::{decode, decode_with};
pub use error::DicomError;
pub use header::ImageHeader;
pub use index::{DisplaySet, FrameRef, Index};
