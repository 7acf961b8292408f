//! The command line as a user types it: the real binary, its streams and exit codes.

mod asking;
mod bundled;
mod case_sets;
mod desk;
mod errors;
mod evaluate;
mod evaluate_run;
mod heads;
mod model;
mod overread;
mod phantom_model;
mod pictures;
mod presented;
mod scan;
