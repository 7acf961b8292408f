//! Why a check cannot be made of a question: said before anything is loaded or asked.

use overread_protocol::Recipe;

use crate::code::{failure, sentences};
use crate::desk::Desk;
use crate::op::load::{self, Wanted};
use crate::op::plan::{Resolved, resolve};
use crate::wire::probes::{CheckKind, CheckSpec};
use crate::{Failure, Outcome};

/// Fails where a check can say nothing of a question: told before anything is loaded or asked.
///
/// # Errors
/// For a MedSigLIP, slices too few to leave one out, a preprocessing that does not exist.
pub fn suits(desk: &Desk, kind: CheckKind, spec: &CheckSpec) -> Outcome<()> {
    let own = &spec.question;
    of(kind, spec, &resolve(desk, own)?, &load::wanted(desk, own)?)
}

/// Why a check of a resolved question cannot be made.
///
/// # Errors
/// As [`suits`].
pub(crate) fn of(kind: CheckKind, spec: &CheckSpec, resolved: &Resolved, wanted: &Wanted) -> Outcome<()> {
    if wanted.is_siglip() {
        return Err(medgemma_only());
    }
    match kind {
        CheckKind::Looking => {}
        CheckKind::WhichSlices if resolved.slices.len() > 1 => {}
        CheckKind::WhichSlices => {
            return Err(failure(
                "check.one_slice",
                "Which slices decide can be asked of several slices only.",
                "Ask about more slices, or leave this check out.",
            ));
        }
        CheckKind::Recipes => {
            for id in &spec.recipes {
                Recipe::by_id(id).map_err(|error| sentences("question.input", &error.to_string()))?;
            }
        }
    }
    Ok(())
}

pub(crate) fn medgemma_only() -> Failure {
    failure(
        "check.medgemma_only",
        "This check is for models that read a prompt; a MedSigLIP has none.",
        "Ask a MedGemma, or compare other texts.",
    )
}
