//! In which precision and on which device a model is loaded: as the user says, else the best that fits with room.

use std::path::Path;

use overread_medgemma::Precision;
use overread_medgemma::check::{CheckReport, memory_available};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::op::models::Use;
use crate::wire::models::PrecisionName;

/// A model that takes less than this in float32 is held so: exact, and nobody waits for it.
const SMALL: u64 = 1 << 30;

/// Of ten bytes that are free, a model chosen by memory takes at most eight.
const ROOM: (u64, u64) = (8, 10);

/// What was chosen, and why.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) precision: PrecisionName,
    /// By the user.
    pub(crate) chosen: bool,
    /// A sentence.
    pub(crate) reason: String,
}

/// The engine's precision.
pub fn engines(precision: PrecisionName) -> Precision {
    match precision {
        PrecisionName::F32 => Precision::F32,
        PrecisionName::Bf16 => Precision::Bf16,
        PrecisionName::Q8_0 => Precision::Q8_0,
        PrecisionName::Q4K => Precision::Q4K,
    }
}

/// As it is written on the command line and in records.
pub(crate) fn name(precision: PrecisionName) -> &'static str {
    match precision {
        PrecisionName::F32 => "f32",
        PrecisionName::Bf16 => "bf16",
        PrecisionName::Q8_0 => "q8_0",
        PrecisionName::Q4K => "q4_k",
    }
}

/// For sentences.
fn words(precision: PrecisionName) -> &'static str {
    match precision {
        PrecisionName::F32 => "float32",
        PrecisionName::Bf16 => "bfloat16",
        PrecisionName::Q8_0 => "8 bits a weight",
        PrecisionName::Q4K => "4 bits a weight",
    }
}

/// Bytes by precision, exact first; empty for what cannot be loaded.
pub(crate) fn memories(report: &CheckReport) -> Vec<(PrecisionName, u64)> {
    [
        (PrecisionName::F32, report.memory_f32),
        (PrecisionName::Bf16, report.memory_bf16),
        (PrecisionName::Q8_0, report.memory_q8_0),
        (PrecisionName::Q4K, report.memory_q4_k),
    ]
    .into_iter()
    .filter(|(_, bytes)| *bytes > 0)
    .collect()
}

/// Bytes that a model may take: what is free, and what the loaded one would give back.
pub(crate) fn available(desk: &Desk) -> Option<u64> {
    Some(memory_available()?.saturating_add(desk.models.bytes()))
}

/// The precision that the next question uses: asked for with it, set for the model, else by memory.
pub(crate) fn choose(
    desk: &Desk,
    model: &Path,
    report: &CheckReport,
    asked: Option<PrecisionName>,
    wish: &Use,
) -> Choice {
    if let Some(precision) = asked {
        return Choice {
            precision,
            chosen: true,
            reason: format!("{}, as the question says.", sentence(words(precision))),
        };
    }
    if let Some(precision) = wish.precision {
        return Choice {
            precision,
            chosen: true,
            reason: format!("{}, as chosen for this model.", sentence(words(precision))),
        };
    }
    // What is in memory stays: free memory moves, and another precision would be another load.
    if let Some(precision) = desk.models.precision_of(model) {
        return Choice {
            precision,
            chosen: false,
            reason: format!("{}: it is loaded so.", sentence(words(precision))),
        };
    }
    by_memory(&memories(report), available(desk))
}

/// The best that fits with room. `None` for what the system does not say.
fn by_memory(memories: &[(PrecisionName, u64)], free: Option<u64>) -> Choice {
    let choice = |precision, reason: String| Choice {
        precision,
        chosen: false,
        reason,
    };
    let bytes = |wanted| {
        memories
            .iter()
            .find(|(p, _)| *p == wanted)
            .map(|(_, bytes)| *bytes)
    };
    if bytes(PrecisionName::F32).is_none_or(|bytes| bytes < SMALL) {
        let reason = "Float32: the model is small, so it is held exactly.".to_owned();
        return choice(PrecisionName::F32, reason);
    }
    let Some(free) = free else {
        let reason = "Bfloat16, as the model is published; this system does not say how much memory is free.";
        return choice(PrecisionName::Bf16, reason.to_owned());
    };
    let room = free / ROOM.1 * ROOM.0;
    let order = [PrecisionName::Bf16, PrecisionName::Q8_0, PrecisionName::Q4K];
    let fitting = order
        .into_iter()
        .find(|p| bytes(*p).is_some_and(|bytes| bytes <= room));
    match fitting {
        Some(PrecisionName::Bf16) => choice(
            PrecisionName::Bf16,
            format!(
                "Bfloat16, as the model is published: it fits into the {} that are free.",
                gib(free)
            ),
        ),
        Some(precision) => choice(
            precision,
            format!(
                "{}: the best that fits with room into the {} that are free.",
                sentence(words(precision)),
                gib(free)
            ),
        ),
        None => {
            let smallest = order
                .into_iter()
                .rev()
                .find(|p| bytes(*p).is_some())
                .unwrap_or(PrecisionName::Bf16);
            let reason = format!(
                "{}: the smallest there is; {} are free, which is tight.",
                sentence(words(smallest)),
                gib(free)
            );
            choice(smallest, reason)
        }
    }
}

/// What to say when a precision does not fit: which one would.
pub(crate) fn refusal(
    memories: &[(PrecisionName, u64)],
    precision: PrecisionName,
    extra: u64,
    free: u64,
) -> Option<crate::Failure> {
    let needs = |(_, bytes): &&(PrecisionName, u64)| bytes.saturating_add(extra);
    let own = memories.iter().find(|(p, _)| *p == precision)?;
    if needs(&own) <= free {
        return None;
    }
    let smaller = memories
        .iter()
        .rfind(|m| needs(m) < needs(&own) && needs(m) <= free);
    let best = memories
        .iter()
        .find(|m| needs(m) < needs(&own) && needs(m) <= free)
        .or(smaller);
    let hint = best.map_or_else(
        || "Close other programs, choose fewer slices or a smaller model.".to_owned(),
        |fitting| {
            format!(
                "With {} it takes {} and fits: choose that precision, or close other programs.",
                words(fitting.0),
                gib(needs(&fitting))
            )
        },
    );
    Some(failure(
        "model.not_enough_memory",
        format!(
            "In {} this takes {} of memory, and {} are free.",
            words(precision),
            gib(needs(&own)),
            gib(free)
        ),
        hint,
    ))
}

/// The device: as asked, else as `OVERREAD_DEVICE` says, else the CPU.
///
/// # Errors
/// For a name that means no device.
pub fn device(asked: &str) -> Outcome<String> {
    let from_environment = std::env::var("OVERREAD_DEVICE").unwrap_or_default();
    let name = [asked, from_environment.as_str(), "cpu"]
        .into_iter()
        .map(str::trim)
        .find(|name| !name.is_empty())
        .unwrap_or("cpu")
        .to_lowercase();
    let numbered = |kind: &str| {
        name.strip_prefix(kind).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix(':').is_some_and(|n| n.parse::<u8>().is_ok())
        })
    };
    if name == "cpu" || numbered("cuda") || numbered("metal") {
        return Ok(name);
    }
    Err(failure(
        "model.device",
        format!("There is no device {name}."),
        "Say cpu, cuda, cuda:1 or metal.",
    ))
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    first + letters.as_str()
}

/// `3.2 GiB`.
pub(crate) fn gib(bytes: u64) -> String {
    let gib = bytes as f64 / f64::from(1 << 30);
    if gib < 1.0 {
        format!("{:.0} MiB", gib * 1024.0)
    } else {
        format!("{gib:.1} GiB")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;
    const FOUR_B: [(PrecisionName, u64); 4] = [
        (PrecisionName::F32, 18 * GIB),
        (PrecisionName::Bf16, 9 * GIB),
        (PrecisionName::Q8_0, 6 * GIB),
        (PrecisionName::Q4K, 4 * GIB),
    ];

    #[test]
    fn the_best_that_fits_with_room_is_taken() {
        let by = |free| by_memory(&FOUR_B, Some(free * GIB)).precision;
        assert_eq!(by(64), PrecisionName::Bf16);
        assert_eq!(by(12), PrecisionName::Bf16);
        assert_eq!(by(10), PrecisionName::Q8_0);
        assert_eq!(by(6), PrecisionName::Q4K);
        assert_eq!(by(2), PrecisionName::Q4K);
        assert!(by_memory(&FOUR_B, Some(2 * GIB)).reason.contains("tight"));
        let small = [(PrecisionName::F32, GIB / 8), (PrecisionName::Q4K, GIB / 40)];
        assert_eq!(by_memory(&small, Some(GIB)).precision, PrecisionName::F32);
    }

    #[test]
    fn a_refusal_names_the_precision_that_would_fit() {
        assert_eq!(refusal(&FOUR_B, PrecisionName::Bf16, 0, 9 * GIB), None);
        let refused = refusal(&FOUR_B, PrecisionName::Bf16, GIB, 8 * GIB).expect("refused");
        assert_eq!(refused.code, "model.not_enough_memory");
        assert!(
            refused.hint.contains("8 bits a weight") && refused.hint.contains("7.0 GiB"),
            "{refused:?}"
        );
        let hopeless = refusal(&FOUR_B, PrecisionName::Q4K, 0, GIB).expect("refused");
        assert!(hopeless.hint.contains("smaller model"));
    }

    #[test]
    fn only_devices_are_devices() {
        assert_eq!(device("CUDA:1").as_deref(), Ok("cuda:1"));
        assert_eq!(device("metal").as_deref(), Ok("metal"));
        for wrong in ["gpu", "cuda:", "cuda:x", "cpu:0"] {
            assert_eq!(device(wrong).map_err(|e| e.code), Err("model.device".to_owned()));
        }
    }
}
