//! Low-rank adapters of a loaded model.

/// An adapter that changes the products of tower and decoder while it is given.
#[derive(Debug, Default)]
pub struct Adapter {}
