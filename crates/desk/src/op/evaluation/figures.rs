//! The job `figures`: by formula at once, then with resampling.

use std::path::Path;

use overread_evaluation::evaluated::figures::Figures;
use overread_evaluation::evaluated::{Request, Resamples, by_formula, resampled};
use overread_evaluation::metrics::bootstrap::BootstrapError;

use crate::code::failure;
use crate::desk::Desk;
use crate::op::evaluation::loaded;
use crate::op::report::shell_word;
use crate::wire::evaluation::{FiguresEvent, FiguresRequest};
use crate::{Cancel, Outcome};

/// The job `figures`.
pub fn figures(
    desk: &Desk,
    arguments: &FiguresRequest,
    events: &(dyn Fn(FiguresEvent) + Sync),
    cancel: &Cancel,
) {
    let at = match desk.path(&arguments.evaluation) {
        Ok(at) => at,
        Err(error) => return events(FiguresEvent::Failed(error)),
    };
    match all(desk, &at, arguments, events, cancel) {
        Ok(figures) => events(FiguresEvent::Done(Box::new(figures))),
        Err(error) => events(FiguresEvent::Failed(error)),
    }
}

/// Every figure that was asked for; those by formula are told at once.
///
/// # Errors
/// When the evaluation cannot be read; `cancelled`.
pub fn all(
    desk: &Desk,
    at: &Path,
    arguments: &FiguresRequest,
    events: &(dyn Fn(FiguresEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Figures> {
    let loaded = loaded::load(desk, at)?;
    let request = Request {
        filter: arguments.filter.clone(),
        uncertain: arguments.uncertain,
        blank: arguments.blank,
    };
    let mut figures = by_formula(&loaded.evaluation, &request);
    figures.command = command(at, arguments);
    events(FiguresEvent::Ready(Box::new(figures.clone())));
    if arguments.resamples == 0 {
        return Ok(figures);
    }
    let of = arguments.resamples;
    // A hundred times in all: the page draws a bar, not a log.
    let step = (of as usize / 100).max(1);
    let watch = |done: usize| {
        if done.is_multiple_of(step) {
            events(FiguresEvent::Resampling {
                done: done as u32,
                of,
            });
        }
        !cancel.is_cancelled()
    };
    let resamples = Resamples {
        count: of,
        seed: arguments.seed,
    };
    resampled(&loaded.evaluation, &request, resamples, figures, &watch).map_err(|error| match error {
        BootstrapError::Stopped => failure("cancelled", "Stopped.", ""),
        other => failure("eval.resampling", other.to_string(), "Take fewer resamples."),
    })
}

/// The command that gives the same figures.
pub(crate) fn command(at: &Path, arguments: &FiguresRequest) -> String {
    let name = at.file_name().unwrap_or_default().to_string_lossy();
    let mut out = format!(
        "overread eval report {} --resamples {} --seed {}",
        quoted(&name),
        arguments.resamples,
        arguments.seed
    );
    let filter = &arguments.filter;
    let lists = [
        ("--split", &filter.splits),
        ("--modality", &filter.modalities),
        ("--label", &filter.labels),
        ("--reader", &filter.readers),
        ("--invalid", &filter.invalid),
    ];
    for (option, values) in lists {
        for value in values {
            out.push_str(&format!(" {option} {}", quoted(value)));
        }
    }
    for group in &filter.groups {
        out.push_str(&format!(
            " --group {}",
            quoted(&format!("{}={}", group.key, group.value))
        ));
    }
    if let Some(policy) = arguments.uncertain {
        out.push_str(&format!(" --uncertain {}", word(policy)));
    }
    if let Some(policy) = arguments.blank {
        out.push_str(&format!(" --blank {}", word(policy)));
    }
    out
}

/// The word of the wire.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// In the quotes that a shell needs, where it needs any.
fn quoted(text: &str) -> String {
    shell_word(text, |c| c.is_alphanumeric() || "-_./=:".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_what_was_meant() {
        assert_eq!(quoted("test"), "test");
        assert_eq!(quoted("rib fracture"), "'rib fracture'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
