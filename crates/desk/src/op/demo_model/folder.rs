//! What stands beside the weights: what the model says about itself, its calibration, its card.

use std::path::Path;

use overread_medgemma::calibration::{Calibration, FORMAT, FitOf, Scale};
use overread_phantom::LABELS;
use overread_phantom::checkpoint::PROMPT;
use overread_tuning::TuningError;
use overread_tuning::state::write_whole;
use serde_json::{Value, json};

/// Said beside every answer.
const NOTE: &str =
    "This model knows the phantoms of this program only. On a real study its answers mean nothing.";

/// A temperature with what it was fitted on.
pub(super) struct Fit {
    pub(super) t: f64,
    pub(super) interval: Option<[f64; 2]>,
    pub(super) log_loss: [f64; 2],
    pub(super) n: usize,
    pub(super) weights_sha256: String,
    pub(super) question_sha256: String,
}

/// Writes `overread.json`, `calibration.json`, `figures.json` and `README.md`.
///
/// # Errors
/// [`TuningError::File`].
pub(super) fn write(out: &Path, fit: Option<Fit>, report: &Value) -> Result<(), TuningError> {
    let put = |name: &str, text: String| write_whole(&out.join(name), text.as_bytes());
    let about = json!({"noise": false, "phantoms_only": true, "note": NOTE, "seed": report["seed"]});
    put("overread.json", format!("{about:#}\n"))?;
    put("figures.json", format!("{report:#}\n"))?;
    if let Some(fit) = fit {
        let calibration = Calibration {
            format: FORMAT.to_owned(),
            scale: Scale::Temperature { t: fit.t },
            n: fit.n as u64,
            interval: fit.interval,
            fitted_on: format!("{} phantoms of their own seed", fit.n),
            weights_sha256: fit.weights_sha256,
            adapter_sha256: None,
            question_sha256: fit.question_sha256,
            // The same seed gives the same bytes: no clock is asked.
            created: "1970-01-01T00:00:00Z".to_owned(),
            fit: FitOf {
                patients: Some(fit.n as u64),
                log_loss: Some(fit.log_loss),
                ..FitOf::default()
            },
        };
        let text =
            serde_json::to_string_pretty(&calibration).map_err(|e| TuningError::Settings(e.to_string()))?;
        put("calibration.json", text + "\n")?;
    }
    put("README.md", card(report))
}

/// A share with its interval, in percent.
fn share(judged: &Value) -> String {
    let percent = |i: usize| 100.0 * judged["accuracy"][i].as_f64().unwrap_or(0.0);
    format!(
        "{:.1} % ({:.1} to {:.1}), {} of {}",
        percent(0),
        percent(1),
        percent(2),
        judged["right"],
        judged["n"]
    )
}

fn confusion(judged: &Value) -> String {
    let head = format!(
        "| truth \\ answer | {} |\n|---|{}\n",
        LABELS.join(" | "),
        "---|".repeat(LABELS.len())
    );
    let row = |(label, counts): (&&str, &Value)| {
        let counts: Vec<String> = counts
            .as_array()
            .into_iter()
            .flatten()
            .map(Value::to_string)
            .collect();
        format!("| {label} | {} |\n", counts.join(" | "))
    };
    let rows = judged["confusion"].as_array().cloned().unwrap_or_default();
    head + &LABELS.iter().zip(&rows).map(row).collect::<String>()
}

fn card(report: &Value) -> String {
    let number = |value: &Value| {
        value
            .as_f64()
            .map_or_else(|| "none".to_owned(), |v| format!("{v:.3}"))
    };
    let percent = |value: &Value| format!("{:.1} %", 100.0 * value.as_f64().unwrap_or(0.0));
    let ece = &report["ece_10_bins"];
    format!(
        "# overread-phantom\n\n\
         **{NOTE}**\n\n\
         A model of the MedGemma family's architecture ({} parameters, bfloat16), trained from nothing by this program \
         on made CT slices to name what was planted in them. It shows how the desk works with a model that is often \
         right and sometimes wrong. It is no medical device, and nothing in it comes from MedGemma: neither weights nor \
         vocabulary.\n\n\
         - Asked: `{PROMPT}`, scored over {}; `Which side is it on?` (right, left); `Where is the finding?` (anterior, \
         central, posterior). Preprocessing `ct-windows/1`, single slices and volumes of 3 to 5 slices.\n\
         - Learned from {} easy and {} hard phantoms, each with the same patient without the finding. The command that \
         repeats it: `overread tune demo-model --seed {} --out DIR`.\n\n\
         ## Figures\n\n\
         Every figure is of phantoms made from seeds of their own, which nothing was learned from or fitted on; intervals \
         are Wilson's at 95 %. They say nothing about patients.\n\n\
         | | |\n|---|---|\n\
         | finding, easy phantoms | {} |\n\
         | finding, hard phantoms | {} |\n\
         | side, easy | {} |\n\
         | place, easy | {} |\n\
         | finding, volumes of 4 slices | {} |\n\
         | expected calibration error (10 equal bins), easy: as scored, calibrated | {}, {} |\n\
         | the same, hard | {}, {} |\n\
         | temperature | {} |\n\
         | logistic regression on 32 x 32 slices, easy and hard | {}, {} |\n\n\
         Easy phantoms:\n\n{}\n\
         Hard phantoms:\n\n{}\n\
         ## Licence\n\n\
         Apache-2.0 OR MIT, as the program.\n",
        report["parameters"],
        LABELS.join(", "),
        report["cases"][0],
        report["cases"][1],
        report["seed"],
        share(&report["held_out"]),
        share(&report["hard"]),
        share(&report["sides"]),
        share(&report["places"]),
        share(&report["volumes"]),
        number(&ece["held_out"][0]),
        number(&ece["held_out"][1]),
        number(&ece["hard"][0]),
        number(&ece["hard"][1]),
        number(&report["temperature"]["t"]),
        percent(&report["baseline"]["held_out"]),
        percent(&report["baseline"]["hard"]),
        confusion(&report["held_out"]),
        confusion(&report["hard"]),
    )
}
