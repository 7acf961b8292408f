//! The card of an adapter: what it was learned from, how, what it reached and under which terms it stands.

use overread_report::figure_words;

use crate::op::tune::folder::Record;
use crate::wire::tuning::Figure;

fn row(name: &str, value: &str) -> String {
    if value.trim().is_empty() {
        return String::new();
    }
    format!("| {name} | {} |\n", value.replace('|', "\\|").replace('\n', " "))
}

/// The text of `README.md`.
pub(crate) fn card(record: &Record) -> String {
    let (base, data, s) = (&record.base, &record.data, &record.settings);
    let counts = |[cases, patients, examples]: [u32; 3]| {
        format!("{cases} cases of {patients} patients, {examples} examples")
    };
    let mut out = format!(
        "---\nbase_model: {}\nlibrary_name: peft\ntags: [lora, overread]\n---\n\n\
         # LoRA adapter of {}\n\n\
         **Research use only; no medical device.** It was tuned on the cases named below and says nothing about any other \
         question, population or scanner until it was evaluated there.\n\n## Data\n\n| | |\n|---|---|\n",
        base.published_as, base.name
    );
    out += &row(
        "case set",
        &format!("{} (SHA-256 of the file {})", data.case_set, data.case_set_sha256),
    );
    out += &row("truth", &data.truth);
    out += &row(
        "learned from",
        &format!("split {}: {}", data.split, counts(data.learned)),
    );
    if !data.validation.is_empty() {
        out += &row(
            "chosen by",
            &format!("split {}: {}", data.validation, counts(data.judged)),
        );
    }
    out += &row("hash of what was learned", &data.learned_sha256);
    out += &row("labels", &data.labels.join(", "));
    out += &row("preprocessing", &data.preprocess);
    out += &row("slices", &data.slices);
    out += &format!(
        "\nThe first prompt, as it was learned:\n\n````\n{}\n````\n",
        data.question
    );
    out += "\n## Base model and settings\n\n| | |\n|---|---|\n";
    out += &row(
        "base model",
        &format!(
            "{}, {} parameters, weights SHA-256 {}",
            base.name, base.parameters, base.weights_sha256
        ),
    );
    out += &row(
        "base weights held in",
        &format!("{}, frozen; arithmetic in float32", base.precision),
    );
    out += &row(
        "pairs",
        &format!(
            "rank {}, alpha {}{}, dropout {}, beside {}: {} numbers",
            s.rank,
            s.alpha,
            if s.rank_stabilised {
                " (rank-stabilised)"
            } else {
                ""
            },
            s.dropout,
            s.targets.join(", "),
            record.learned
        ),
    );
    out += &row(
        "optimiser",
        &format!(
            "AdamW, learning rate {} ({:?} after a warm-up of {} % of the steps), weight decay {}, gradients clipped at {}",
            s.rate,
            s.schedule,
            s.warm_up * 100.0,
            s.weight_decay,
            s.clip
        )
        .to_lowercase()
        .replace("adamw", "AdamW"),
    );
    out += &row(
        "steps",
        &format!(
            "{} of {} planned, {} examples each, seed {}",
            record.history.steps.len(),
            record.steps,
            s.batch,
            s.seed
        ),
    );
    out += &row("made by", &record.program);
    if let Some(ending) = &record.ending {
        out += &row("state taken", &format!("after step {}", ending.best));
        out += &row("adapter SHA-256", &ending.adapter_sha256);
        if !ending.tuned.is_empty() {
            out += &format!(
                "\n## Figures on the split {}\n\nThe state was chosen by this split, so that its figures lean towards the \
                 tuned model; what it is worth is seen on cases that had no part in tuning (`overread eval run` on a test \
                 split). Intervals at 95 %.\n\n| | base model | tuned |\n|---|---|---|\n",
                data.validation
            );
            out += &figures(&ending.base, &ending.tuned);
            if let Some(pair) = &ending.comparison {
                out += &format!(
                    "\nOf {} cases both are right on {}, the base model alone on {}, the tuned alone on {}, neither on {}.\n",
                    pair.n, pair.both, pair.a_only, pair.b_only, pair.neither
                );
                for test in &pair.tests {
                    if let Some(p) = test.p {
                        out += &format!("{}: {}.\n", test.name, p_words(p));
                    }
                }
            }
        }
    }
    if !record.remarks.is_empty() {
        out += "\n## Remarks\n\n";
        out.extend(record.remarks.iter().map(|remark| format!("- {remark}\n")));
    }
    out += "\n## Licence\n\n";
    if base.licence.is_empty() {
        out += "The terms of the base model apply to this adapter too; they are not known to the program.\n";
    } else {
        out += &format!(
            "This adapter is derived from {}, which is given under {}. The same terms, with their use restrictions, apply to \
             it and must be passed on with it. The numbers were learned from the cases named above: whether they may be passed \
             on is decided by the terms of those cases.\n",
            base.published_as, base.licence
        );
    }
    out
}

/// A p value as it is printed.
pub fn p_words(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p = {p:.3}")
    }
}

/// A row a figure, base and tuned.
fn figures(base: &[Figure], tuned: &[Figure]) -> String {
    tuned
        .iter()
        .map(|figure| {
            let before = base.iter().find(|b| b.key == figure.key);
            row(
                &figure.name,
                &format!(
                    "{} | {}",
                    before.map_or_else(|| "none".to_owned(), figure_words),
                    figure_words(figure)
                ),
            )
            .replace("\\|", "|")
        })
        .collect()
}
