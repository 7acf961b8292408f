//! Files to frames: what lies in a folder, what each header says, which images scroll together, and the stored values
//! of a frame. Never writes a file, never applies a window.
//!
//! * [`scan`] walks folders in parallel and reads headers only, streaming what it finds.
//! * [`index`] groups headers into display sets in geometric order.
//! * [`decode`] turns one frame into stored values ([`overread_imaging::frame::Frame`]).
//! * [`objects`] reads what is no picture, or a picture laid over others: reports, segmentations, structure sets.
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
pub mod archive;
pub mod attributes;
pub mod charset;
pub mod cine;
pub mod codec;
mod content;
mod csa;
pub mod dataset;
pub mod decode;
pub mod dimensions;
pub mod error;
pub mod file;
pub mod header;
pub mod index;
mod inflate;
pub mod media;
mod missing;
mod moment;
pub mod mosaic;
pub mod native;
mod needed;
pub mod objects;
pub mod overlay;
pub mod parse;
pub mod pixels;
pub mod presentation_state;
mod private;
mod profile;
pub mod scan;
mod shutter;
pub mod source;
mod spacing;
mod stacking;
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
