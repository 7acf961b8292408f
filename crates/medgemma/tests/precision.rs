//! What rounding costs: bfloat16 and bytes against float32 on the reference cases. A printed skip where they are absent.

mod reference;

use overread_medgemma::score::close;
use overread_medgemma::trace::trace;
use overread_medgemma::{LoadOptions, Precision};
use serde_json::Value;

/// Largest difference of a logit in bfloat16, in units of their spread: the reference's own bfloat16 is off by up to 0.5
/// where the spread is 3.3.
const BF16: f64 = 0.15;
/// The same mean difference for bytes by blocks of 32, on rows of 48 to 144 values.
const BYTES: f64 = 0.15;

fn logits(trace: &Value) -> Vec<f64> {
    trace["logits"]["all"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|v| v.as_f64().unwrap_or(f64::NAN))
        .collect()
}

/// The likeliest label, and by how much it leads in log-likelihood.
fn top_label(trace: &Value) -> (Option<String>, f64) {
    let sum = |label: &Value| label["joint"]["sum"].as_f64().unwrap_or(f64::NEG_INFINITY);
    let mut labels: Vec<&Value> = trace["labels"].as_array().into_iter().flatten().collect();
    labels.sort_by(|a, b| sum(b).total_cmp(&sum(a)));
    let lead = match labels.as_slice() {
        [first, second, ..] => sum(first) - sum(second),
        _ => f64::INFINITY,
    };
    (
        labels
            .first()
            .and_then(|l| l["label"].as_str())
            .map(str::to_owned),
        lead,
    )
}

fn at(folder: &std::path::Path, case: &std::path::Path, precision: Precision) -> Value {
    let options = LoadOptions {
        precision,
        ..LoadOptions::default()
    };
    trace(folder, case, options, &reference::open).expect("traces")
}

#[test]
fn rounding_stays_within_what_is_stated_and_keeps_the_top_label() {
    let Some(checkpoints) = overread_testkit::shared("checkpoints") else {
        return;
    };
    for model in ["tiny-hub", "wide-prefixed", "tiny-v5", "text-hub"] {
        let folder = checkpoints.join(model);
        for case in reference::cases(&folder) {
            let case = case.join("case.json");
            let exact = at(&folder, &case, Precision::F32);
            let all = logits(&exact);
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            let spread = (all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt();
            for (precision, most) in [(Precision::Bf16, BF16), (Precision::Q8_0, BYTES)] {
                let rounded = at(&folder, &case, precision);
                let off: Vec<f64> = logits(&rounded)
                    .iter()
                    .zip(&all)
                    .map(|(a, b)| (a - b).abs() / spread)
                    .collect();
                let found = match precision {
                    Precision::Bf16 => off.iter().copied().fold(0.0, f64::max),
                    _ => off.iter().sum::<f64>() / off.len() as f64,
                };
                println!(
                    "{} {}: {found:.4} of the spread",
                    case.display(),
                    precision.name()
                );
                assert!(found <= most, "{} {}: {found}", case.display(), precision.name());
                // Labels that lie closer than rounding moves them may change places: the engine says so of such an answer.
                let (label, lead) = top_label(&exact);
                if top_label(&rounded).0 != label {
                    println!(
                        "{} {}: another label leads; in float32 by {lead:.4}",
                        case.display(),
                        precision.name()
                    );
                    assert!(
                        lead < close(precision),
                        "{} {}: {lead}",
                        case.display(),
                        precision.name()
                    );
                }
            }
        }
    }
}
