//! CPU kernels: products with packed weights, attention, norms and activations.
//!
//! Every fast path has a scalar twin that says what it computes ([`Level::Plain`]), and the tests hold the two together
//! over odd shapes at every level that the machine has. The level is found at run time; a file packed on one machine is
//! read on any other, since the packed layouts do not depend on it.
//!
//! * [`Kernels`] is the handle: a level, and nothing else.
//! * [`Matrix`] holds weights `[n, k]` packed in strips of [`STRIP`] rows; [`Input`] holds activations `[m, k]` and their
//!   rounded twins, made once for all the matrices that share them.
//! * [`attention`] never holds a whole score matrix.
//! * [`dense`] multiplies plain matrices in float32 and float64, for learning.
//! * [`Stop`] ends a kernel early: what it has written is then worthless, and the caller says so.
//!
//! This crate holds the project's unsafe code: vector instructions behind run-time detection, and one memory map.

pub mod attention;
pub mod bytes;
pub mod dense;
pub mod input;
mod lanes;
pub mod level;
pub mod matrix;
mod panel;
pub mod rounding;
pub mod rows;
pub mod stop;
mod vectors;

pub use bytes::Bytes;
pub use input::Input;
pub use level::{Kernels, Level};
pub use matrix::{Epilogue, Format, Matrix, Plain, STRIP};
pub use stop::Stop;

/// Threads that share the work of a product.
pub fn threads() -> usize {
    rayon::current_num_threads()
}
