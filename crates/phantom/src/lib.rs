//! Made patients: anatomy, findings, noise, DICOM by its own writer, truth.
//!
//! A [`Case`] is a chest CT series of a patient who never lived, with one planted finding or none, and its [`Truth`].
//! Everything is a function of a seed: body, organs, trees of vessels and bronchi, ribs, the finding and the noise are
//! drawn from named streams of a counter-based generator, so that threads and their order change nothing, and so that
//! the same patient with and without a finding differs by the finding alone. Single-precision functions of the
//! platform's mathematical library are used: two platforms may differ by a rounding.
//!
//! * [`Case::generate`] makes one case in memory; [`Options`] has the kinds: [`Options::small`], [`Options::volume`],
//!   [`Options::full`], and `hard`.
//! * [`write_cases`] and [`write_study`] put sets and the bundled study on disk with `truth.csv` and `truth.json`.
//! * [`Radiograph`] is the same patient's projection.
//! * [`dicom`] is the writer, with [`dicom::Writer`] as a fixture builder for tests.
//! * [`checkpoint::write_random_model`] makes a tiny checkpoint of the MedGemma family with random weights, for tests.
//!
//! What it is not: a physical simulation of a scanner. Pictures are painted from signed distances, slice by slice, with
//! partial volume in and across the plane; noise has the texture of a reconstruction, not its causes.
#![forbid(unsafe_code)]

mod body;
mod bones;
mod case;
pub mod checkpoint;
pub mod dicom;
mod export;
mod finding;
mod lattice;
mod lesion;
mod noise;
mod plan;
mod radiograph;
mod random;
mod section;
mod slice;
mod tissue;
mod tree;
mod vessels;
mod write;

pub use case::{Case, Coverage, Options, Person, Series, Slice};
pub use export::{MANUFACTURER, MANUFACTURER_MODEL_NAME};
pub use finding::{Finding, LABELS, Side, Truth, UnknownFinding};
pub use radiograph::Radiograph;
pub use write::{
    PhantomError, Progress, Record, balanced_among, balanced_labels, case_seed, write_cases, write_cases_of,
    write_study, write_study_of,
};
