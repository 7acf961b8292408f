//! A DICOM writer of our own (PS3.5 and PS3.10): small, and shared with no reader, so that no mistake is shared.
//!
//! [`DataSet`] is a sorted list of elements; [`File`] puts the preamble and the file meta information in front;
//! [`Writer`] is the fixture builder for images that tests of other crates use.

mod dataset;
mod uid;
mod writer;

pub(crate) use dataset::write_bytes;
pub use dataset::{DataSet, File, Tag, TransferSyntax, WriteError};
pub use uid::uid_from;
pub(crate) use writer::put_windows;
pub use writer::{Samples, Window, Writer};
