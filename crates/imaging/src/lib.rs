//! What a pixel and a millimetre are.
//!
//! Pure: no I/O, no clock, no unsafe, no DICOM parsing. `overread-dicom` fills these types from files,
//! `overread-render` and the page draw them, `overread-protocol` turns them into what a model is given.
//!
//! Words (PS3.3 C.7.6.3, C.11.1, C.11.2):
//! *stored values* are the sample values of the file; *modality values* follow the Modality LUT or rescale and
//! carry a [`modality::Unit`]; *display values* (0-255) follow the VOI function and the presentation. Positions are
//! patient coordinates in mm, LPS (+x left, +y posterior, +z head). Rows come before columns wherever a pair is
//! written, except in `(column, row)` points, which say so.
//!
//! Entry points: [`frame::Frame`] one decoded image with everything needed to show it; [`stack::arrange`] images in
//! geometric order; [`volume::Volume`] a regular (maybe sheared) grid and [`reslice`]; [`render`] the reference
//! renderer that judges every other one; [`measure`] lengths and regions.
#![forbid(unsafe_code)]

pub mod attributes;
pub mod auto_window;
pub mod colour;
pub mod frame;
pub mod geometry;
pub mod graphics;
pub mod lut;
pub mod measure;
pub mod modality;
pub mod orientation;
pub mod outline;
pub mod overlay;
pub mod presentation;
pub mod presets;
pub mod profile;
pub mod render;
pub mod reslice;
pub mod samples;
pub mod shutter;
pub mod stack;
pub mod suv;
pub mod view;
pub mod voi;
pub mod volume;
