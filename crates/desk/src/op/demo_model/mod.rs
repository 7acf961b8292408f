//! The demonstration model: trained here, from nothing, to name what the phantom generator planted.
//!
//! It has the architecture and the files of the MedGemma family and a thousandth of its size. Four stages: the tower
//! learns what a patch of a lesion looks like (from the same patient with and without the lesion, an auxiliary head
//! that is thrown away); the decoder learns to answer over the frozen tower; both learn together; at last the decoder
//! learns the questions about side and place and short volumes. Then a temperature is fitted on cases of their own, and
//! the model is judged on cases that nothing was fitted on. One seed decides every byte.

mod answers;
mod baseline;
mod folder;
mod judge;
mod patches;
mod slices;
mod stages;

use std::path::Path;

use overread_protocol::prompt::Wording;
use serde_json::Value;

pub use stages::Plan;

use crate::op::given;
use crate::{Failure, Outcome};

/// Trains the model of a plan, unless the folder has it already (`trained`), judges it and writes its folder: the same
/// plan gives the same bytes. `say` hears a line now and then. Gives the figures, as `figures.json` has them.
///
/// # Errors
/// A folder that cannot be written; settings of which nothing can be learned.
pub fn train(out: &Path, plan: &Plan, trained: bool, say: &mut dyn FnMut(&str)) -> Outcome<Value> {
    let messages =
        |question: &str, images: usize| given::messages(&Wording::of(None, question), &vec![0; images]);
    if !trained {
        stages::learn(out, plan, &messages, say)?;
    }
    stages::describe(out, plan, &messages, say).map_err(Failure::from)
}
