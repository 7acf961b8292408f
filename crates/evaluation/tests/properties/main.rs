//! What must hold of the metrics whatever the cases are.

mod agreements;
mod intervals;
mod pairs;
mod resamples;
mod weights;
